"""``veta evidence``: refused, told apart or not told at all before it is ever said to be met."""

from __future__ import annotations

import functools
import json
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_home import PASSWORD, Ran, good, run
from veta.evidence.catalogue import STANDARD
from veta.evidence.windows import year

LAB = "did:web:laboratorio-andino.example"
REFINER = "did:web:refineria-bahia-serena.example"
LOT = "BSE-CAT-26-1001"
PURE = {
    **dict.fromkeys(("Ag", "S"), "4"),
    **dict.fromkeys(("As", "Sb", "Pb", "Fe", "Ni", "Sn", "Zn", "Co", "Si"), "0.5"),
    **dict.fromkeys(("Cd", "Cr", "Mn", "P", "Bi", "Se", "Te"), "0.2"),
}
DEFINITIONS = {each.metric: each for each in STANDARD}


def coa(results: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    found = PURE if results is None else results
    return {
        "format": "veta-assay/1",
        "subject": REFINER,
        "number": "LA-2026-0088",
        "laboratory": LAB,
        "lot": LOT,
        "basis": "net",
        "substance": "copper cathode",
        "method": "GDMS",
        "sampling": "laboratory, five cathodes drilled",
        "dates": {"sampledSeconds": 1_767_225_600, "reportedSeconds": 1_767_312_000},
        "results": [
            {"analyte": name, "value": value, "unit": "ppm"} for name, value in found.items()
        ],
        **changes,
    }


def value(metric: str = "water.withdrawal", amount: str = "6300", **changes: Any) -> dict[str, Any]:
    definition = DEFINITIONS[metric]
    return {
        "metric": metric,
        "definition": definition.digest.hex(),
        "unit": definition.unit,
        "amount": amount,
        "boundary": {"name": "salar and plant", "text": "wells, ponds and the plant"},
        "period": period(2025),
        **changes,
    }


def period(number: int, last: int | None = None) -> dict[str, int]:
    return {"fromSeconds": year(number).from_s, "toSeconds": year(last or number).to_s}


def metric_file(given: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"format": "veta-metric-value/1", "subject": REFINER, "value": given, **changes}


Write = Callable[[str, Any], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(name: str, document: Any) -> Path:
        path = tmp_path / f"{name}.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return put


def evidence(*arguments: str | Path) -> Ran:
    return run("evidence", *arguments, "--json")


def refused(ran: Ran, code: str, place: str = "") -> None:
    """Malformed: 2, a stable code, the place, and no answer."""
    assert ran.code == 2, ran
    assert ran.err.rstrip().endswith(f"[{code}]"), ran.err
    assert place in ran.err, ran.err
    assert ran.json["error"]["code"] == code


def answered(ran: Ran, answer: str, code: str) -> Any:
    exits = {"met": 0, "not met": 1, "cannot tell": 3}
    assert (ran.json["answer"], ran.json["code"]) == (answer, f"evidence.{code}"), ran.out
    assert ran.code == exits[answer]
    return ran.json


# --- assay -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "code", "place"),
    [
        ("{", "canonical.syntax", ""),
        ('{"format": "veta-assay/1", "format": "veta-assay/1"}', "canonical.duplicate_key", ""),
        ({"format": "veta-lot/1", "subject": REFINER}, "evidence.format", "/format"),
        (coa(grade="accredited"), "evidence.grade_stated", "/grade"),
        (coa(note="x"), "evidence.member", "/note"),
        (coa(subject=7), "evidence.member", "/subject"),
        (coa(lot=" "), "evidence.member", "/lot"),
        (coa(basis="contained"), "evidence.member", "/basis"),
        (coa(dates={"sampledSeconds": 9, "reportedSeconds": 9}), "evidence.window_empty", "/dates"),
        (coa({}), "evidence.too_many_results", "/results"),
        (coa({"Cu": "-1"}), "evidence.negative", "/results/0"),
        (coa({"Xx": "1"}), "evidence.unknown_analyte", "/results/0"),
        (coa({"Cu": "1000001"}), "evidence.ratio_range", "/results/0"),
        (
            coa(results=None) | {"results": [{"analyte": "Ag", "value": "1", "unit": "ppm"}] * 2},
            "evidence.analyte_twice",
            "/results",
        ),
    ],
)
def test_assay__malformed__is_refused_with_the_place(
    write: Write, document: Any, code: str, place: str
) -> None:
    refused(evidence("assay", write("coa", document), "--for", "copper-cathode"), code, place)


def test_assay__no_file_and_no_such_grade__are_refused(write: Write, tmp_path: Path) -> None:
    ran = evidence("assay", tmp_path / "none.json", "--for", "copper-cathode")
    refused(ran, "cli.unreadable")
    ran = evidence("assay", write("coa", coa()), "--for", "gold")
    refused(ran, "evidence.unknown_product")


@pytest.mark.row("S28")
def test_assay__group_limit__is_broken_though_each_single_limit_holds(write: Write) -> None:
    results = PURE | {"Bi": "1", "Se": "1.5", "Te": "1.5"}
    ran = evidence("assay", write("coa", coa(results)), "--for", "copper-cathode")
    limits = {
        each["limit"]: each["answer"]
        for each in answered(ran, "not met", "limit_exceeded")["limits"]
    }
    assert (limits["Bi <= 2 ppm"], limits["Se <= 2 ppm"], limits["Te <= 2 ppm"]) == ("met",) * 3
    assert limits["Bi+Se+Te <= 3 ppm"] == "not met"


@pytest.mark.row("S28")
def test_assay__bound_and_missing_element__cannot_tell(write: Write) -> None:
    wide = evidence("assay", write("wide", coa(PURE | {"Te": "<3"})), "--for", "copper-cathode")
    answered(wide, "cannot tell", "bound_too_wide")
    missing = {name: amount for name, amount in PURE.items() if name != "Te"}
    ran = evidence("assay", write("coa", coa(missing)), "--for", "copper-cathode")
    limits = {
        each["limit"]: each for each in answered(ran, "cannot tell", "not_assessed")["limits"]
    }
    assert limits["Bi+Se+Te <= 3 ppm"]["notAssessed"] == ["Te"]
    within = evidence("assay", write("in", coa(PURE | {"Te": "<0.5"})), "--for", "copper-cathode")
    answered(within, "met", "limit_met")


@pytest.mark.row("S02")
def test_assay__nobody_signed__is_self_declared_and_says_so(write: Write) -> None:
    path = write("coa", coa())
    document = answered(evidence("assay", path, "--for", "copper-cathode"), "met", "limit_met")
    assert document["grade"] == "self-declared"
    assert document["restsOn"][0]["signedBy"] is None
    shown = run("evidence", "assay", path, "--for", "copper-cathode").out
    assert "grade: self-declared" in shown
    assert not any(word in shown for word in ("verified", "accredited", "second-party"))


def test_assay__of_another_lot__is_refused(write: Write) -> None:
    path = write("coa", coa())
    options = ("--for", "copper-cathode", "--lot")
    ran = evidence("assay", path, *options, f"{REFINER}:lot:BSE-CAT-26-1002")
    assert (ran.code, ran.json["error"]["code"]) == (1, "evidence.other_lot")
    good(evidence("assay", path, *options, f"{REFINER}:lot:{LOT}"))


def test_assay__lithium_carbonate__has_its_own_limits(write: Write) -> None:
    results = [
        {"analyte": "Li2CO3", "value": "99.2", "unit": "%"},
        *(
            {"analyte": name, "value": amount, "unit": "ppm"}
            for name, amount in {"Na": "300", "Ca": "90", "Mg": "40", "magnetic": "0.1"}.items()
        ),
    ]
    path = write("coa", coa() | {"results": results})
    answered(evidence("assay", path, "--for", "lithium-carbonate"), "not met", "limit_exceeded")
    results[0]["value"] = "99.5"
    path = write("coa", coa() | {"results": results})
    answered(evidence("assay", path, "--for", "lithium-carbonate"), "met", "limit_met")


# --- signed ----------------------------------------------------------------------------------


def statement(document: Any, issuer: str = LAB) -> dict[str, Any]:
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://vocabulary.uncefact.org/untp/0.7.0/context/",
            "https://veta.example/context/v1",
        ],
        "type": ["EvidenceRecord", "VerifiableCredential"],
        "id": f"urn:uuid:{secrets.token_hex(16)}",
        "issuer": {"type": ["CredentialIssuer"], "id": issuer, "name": issuer},
        "validFrom": "2026-01-02T00:00:00Z",
        "name": "Evidence",
        "credentialSubject": {"id": "urn:veta:evidence", "evidence": document},
        "blind": secrets.token_urlsafe(16),
    }


def init(folder: Path, did: str, role: str, *options: str | Path) -> Path:
    identity = ("--member", did, "--name", did[8:], "--country", "CL", "--role", role)
    good(run("init", folder, *identity, *options, "--password-file", folder.parent / "password"))
    return folder


@functools.cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="veta-evidence-"))
    (folder / "password").touch(mode=0o600)
    (folder / "password").write_text(PASSWORD + "\n")
    home = init(folder / "home", LAB, "laboratory")
    remote = ("--trust", home / "trust.json", "--rpc", "http://127.0.0.1:1")
    refiner = init(folder / "refiner", REFINER, "refiner", *remote)
    good(run("member", "add", refiner / "admission.json", "--home", home))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    target = tmp_path / "laboratory"
    shutil.copytree(_template(), target)
    config = target / "home" / "node.toml"
    config.write_text(config.read_text().replace(str(_template()), str(target)))
    return target / "home"


@pytest.fixture
def signed(home: Path, write: Write) -> Callable[[Any], str]:
    def sign(document: Any, *, anchor: bool = True) -> str:
        path = write("statement", statement(document))
        issued = good(run("issue", path, "--home", home, "--json")).json["issued"]
        if anchor:
            good(run("anchor", "--home", home))
        return str(issued[0]["leaf"])

    return sign


@pytest.mark.row("S02", "A54")
def test_assay__signed_by_another_than_the_laboratory_it_names__is_refused(
    home: Path, signed: Callable[[Any], str]
) -> None:
    leaf = signed(coa(laboratory="did:web:another-lab.example"))
    ran = evidence("assay", leaf, "--for", "copper-cathode", "--home", home)
    assert (ran.code, ran.json["error"]["code"]) == (1, "evidence.not_laboratory_signed")


@pytest.mark.row("S02")
@pytest.mark.parametrize(
    ("subject", "grade", "code"),
    [
        (LAB, "self-declared", "own_signature"),
        ("did:web:nobody-known.example", "self-declared", "subject_unknown"),
        (REFINER, "verified", "out_of_scope"),
    ],
)
def test_assay__signed__has_the_grade_of_its_signer_and_no_higher_one(
    home: Path, signed: Callable[[Any], str], subject: str, grade: str, code: str
) -> None:
    ran = evidence("assay", signed(coa(subject=subject)), "--for", "copper-cathode", "--home", home)
    document = answered(ran, "met", "limit_met")
    (source,) = document["restsOn"]
    assert (document["grade"], source["code"]) == (grade, f"evidence.{code}")
    assert source["signedBy"]["member"] == LAB
    assert source["signedBy"]["roles"] == ["laboratory"]


def test_assay__statement_is_not_good__gives_no_better_grade_than_it_bears(
    home: Path, signed: Any, write: Write, tmp_path: Path
) -> None:
    options = ("--for", "copper-cathode", "--home", home)
    waiting = answered(evidence("assay", signed(coa(), anchor=False), *options), "met", "limit_met")
    assert waiting["grade"] == "self-declared"
    assert waiting["restsOn"][0]["signedBy"] is None
    leaf = signed(coa(number="LA-2026-0089"))
    bundle = tmp_path / "coa.bundle.json"
    good(run("show", "statement", leaf, "--bundle", bundle, "--home", home))
    assert answered(evidence("assay", bundle, *options), "met", "limit_met")["grade"] == "verified"
    good(run("revoke", leaf, "--reason", "withdrawn", "--home", home))
    assert evidence("assay", bundle, *options).code == 1
    document = json.loads(bundle.read_bytes())
    head, payload, signature = document["token"].split(".")
    document["token"] = f"{head}.{payload}.{signature[::-1]}"
    assert evidence("assay", write("forged", document), *options).code == 1
    other = write(
        "bare", statement({"format": "veta-assay/1"}) | {"credentialSubject": {"id": "urn:x"}}
    )
    bare = good(run("issue", other, "--home", home, "--json")).json["issued"][0]["leaf"]
    good(run("anchor", "--home", home))
    refused(evidence("assay", bare, *options), "evidence.no_document")


# --- compare ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "code", "place"),
    [
        (metric_file(value(), extra=1), "evidence.member", "/extra"),
        (metric_file(value(grade="verified")), "evidence.grade_stated", "/value"),
        (metric_file(value(amount="6.3e3")), "evidence.number_form", "/value"),
        (metric_file(value(unit="l")), "evidence.unit_mismatch", "/value"),
        (metric_file(value(definition="0" * 64)), "evidence.unknown_definition", "/value"),
        (metric_file(value(period=period(2090))), "evidence.wrong_period", "/value"),
        (metric_file(value(), definitions=[{"kind": "x"}]), "evidence.member", "/definitions/0"),
    ],
)
def test_compare__malformed__names_file_and_place(
    write: Write, document: Any, code: str, place: str
) -> None:
    right, wrong = write("right", metric_file(value())), write("wrong", document)
    refused(evidence("compare", right, wrong), code, f"wrong.json: {place}")


def record(factor: str = "0.8", kind: str = "water.consumption", **changes: Any) -> dict[str, Any]:
    def side(metric: str) -> dict[str, Any]:
        whole = value(metric)
        return {name: whole[name] for name in ("metric", "definition", "boundary")}

    return {
        "format": "veta-metric-conversion/1",
        "subject": REFINER,
        "from": side(kind),
        "to": side("water.withdrawal"),
        "factor": factor,
        "reason": "metered discharge of both sites in 2025",
        "for": period(2025),
        **changes,
    }


@pytest.mark.row("S07", "S04", "A29", "A58")
def test_compare__withdrawal_and_consumption__only_after_a_conversion_record(write: Write) -> None:
    north = write("north", metric_file(value()))
    south = write("south", metric_file(value("water.consumption", "5000")))
    document = answered(evidence("compare", north, south), "not met", "not_comparable")
    aspects = [each["aspect"] for each in document["differences"]]
    assert {"kind", "metric"} <= set(aspects)
    assert document["reason"].startswith("not comparable: ")
    late = write("late", record() | {"for": period(2024)})
    answered(evidence("compare", north, south, "--conversion", late), "not met", "not_comparable")
    bridge = write("bridge", record(factor="1.25"))
    document = answered(
        evidence("compare", north, south, "--conversion", bridge), "met", "comparable"
    )
    assert document["converted"]["amount"] == "6250"
    assert [each["document"] for each in document["restsOn"]][-1] == str(bridge)


@pytest.mark.row("S21", "S04", "A55")
def test_compare__brine_and_water__no_record_bridges(write: Write) -> None:
    water = write("water", metric_file(value()))
    brine = write("brine", metric_file(value("brine.abstraction", "5000")))
    answered(evidence("compare", water, brine), "not met", "not_comparable")
    bridge = write("bridge", record(kind="brine.abstraction"))
    ran = evidence("compare", water, brine, "--conversion", bridge)
    assert (ran.code, ran.json["error"]["code"]) == (1, "evidence.brine_conversion")


@pytest.mark.row("S24")
def test_compare__share_of_energy_and_share_of_electricity__are_two_metrics(write: Write) -> None:
    solar = write("solar", metric_file(value("energy.solar-share", "78")))
    power = write("power", metric_file(value("electricity.renewable-share", "78")))
    document = answered(evidence("compare", solar, power), "not met", "not_comparable")
    assert {"numerator", "denominator"} <= {each["aspect"] for each in document["differences"]}


@pytest.mark.row("S07")
def test_compare__own_definition__is_found_by_its_digest_alone(write: Write) -> None:
    own = {"metric": "tyres", "kind": "count", "unit": "1", "text": "Tyres.", "source": "site"}
    bare = {**value(), "metric": "tyres", "unit": "1"}
    from veta.evidence.metrics import Definition, MetricKind

    digest = Definition("tyres", MetricKind.COUNT, "1", "Tyres.", "site").digest.hex()
    path = write("tyres", metric_file(bare | {"definition": digest}, definitions=[own]))
    good(evidence("compare", path, path))
    other = write(
        "other", metric_file(bare | {"definition": digest}, definitions=[own | {"text": "."}])
    )
    refused(evidence("compare", other, path), "evidence.unknown_definition")


@pytest.mark.row("S02")
def test_compare__one_signed_and_one_not__is_worth_the_lower(
    home: Path, signed: Callable[[Any], str], write: Write
) -> None:
    leaf = signed(metric_file(value()))
    alone = good(evidence("compare", leaf, leaf, "--home", home)).json
    assert (alone["grade"], alone["restsOn"][0]["code"]) == ("second-party", "evidence.other_role")
    path = write("plain", metric_file(value()))
    assert good(evidence("compare", leaf, path, "--home", home)).json["grade"] == "self-declared"
