"""``veta evidence``: refused, told apart or not told at all before it is ever said to be met."""

from __future__ import annotations

import functools
import json
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support.cli_home import PASSWORD, Ran, good, run
from tests.support.reference_data import reference_json
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
    under = evidence(
        "assay", source["signedBy"]["statement"], "--for", "copper-cathode", "--scheme", "1",
        "--home", home,
    )  # fmt: skip
    assert answered(under, "met", "limit_met")["grade"] == grade


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


def test_compare__words_with_line_ends_and_terminal_codes__forge_no_line(write: Write) -> None:
    forged = {"name": "plant\n\x1b[2KMET: comparable", "text": "plant\ngrade: accredited"}
    right, wrong = metric_file(value()), metric_file(value(boundary=forged))
    ran = run("evidence", "compare", write("right", right), write("wrong", wrong))
    assert ran.code == 1
    assert "\x1b" not in ran.out
    assert not any(each.startswith("MET") for each in ran.out.splitlines())
    named = write("named", metric_file(value(), **{"x\x1b[2K": 1}))
    assert "\x1b" not in run("evidence", "compare", named, named).err
    refused(
        evidence("assay", write("coa", coa(number="1\n2")), "--for", "copper-cathode"),
        "evidence.member",
        "/number",
    )


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


# --- trend and target ------------------------------------------------------------------------


def trend_file(*values: Any, **changes: Any) -> dict[str, Any]:
    return {"format": "veta-trend/1", "subject": REFINER, "values": list(values), **changes}


def yearly(number: int, amount: str, **changes: Any) -> dict[str, Any]:
    return value("ghg.scope1", amount, period=period(number), **changes)


OTHER_BOUNDARY = {"name": "without the port", "text": "mine and plant, the port left out"}


@pytest.mark.parametrize(
    ("document", "code", "place"),
    [
        (trend_file(), "evidence.too_few", "/values"),
        (trend_file(yearly(2024, "1")), "evidence.too_few", "/values"),
        (trend_file(yearly(2024, "1"), yearly(2024, "2")), "evidence.period_twice", "/values"),
        (trend_file(yearly(2024, "1"), yearly(2025, "-2")), "evidence.negative", "/values/1"),
        (trend_file(yearly(2024, "1"), "x"), "evidence.member", "/values/1"),
        (trend_file() | {"values": {}}, "evidence.member", "/values"),
    ],
)
def test_trend__malformed__names_the_place(
    write: Write, document: Any, code: str, place: str
) -> None:
    refused(evidence("trend", write("trend", document)), code, place)


@pytest.mark.row("S14", "A58")
def test_trend__boundary_changed_between_years__is_not_comparable_with_the_years(
    write: Write,
) -> None:
    years = (yearly(2023, "100"), yearly(2024, "90"), yearly(2025, "30", boundary=OTHER_BOUNDARY))
    ran = evidence("trend", write("trend", trend_file(*years)))
    document = answered(ran, "cannot tell", "not_comparable")
    assert document["reason"].startswith("trend not comparable: 2024 to 2025, boundary: ")
    assert "change" not in document
    same = trend_file(*years[:2], yearly(2025, "30"))
    document = answered(evidence("trend", write("same", same)), "met", "comparable")
    assert (document["change"], document["grade"]) == ("-0.7", "self-declared")


def commitment(target: int | str = -15, amount: str = "1000", **changes: Any) -> dict[str, Any]:
    goal = {"changePercent": target} if isinstance(target, int) else {"target": target}
    return {
        "text": "15 percent less water by 2025",
        "baseline": value(amount=amount, period=period(2020)),
        "goal": "at most",
        "due": period(2025),
        **goal,
        **changes,
    }


def target_file(
    latest: dict[str, Any] | None = None, *amounts: str, **changes: Any
) -> dict[str, Any]:
    return {
        "format": "veta-target/1",
        "subject": REFINER,
        "commitment": commitment() if latest is None else latest,
        "values": [value(amount=each) for each in amounts],
        **changes,
    }


@pytest.mark.parametrize(
    ("document", "code", "place"),
    [
        (target_file(commitment(grade="verified")), "evidence.grade_stated", "/commitment/grade"),
        (target_file(commitment(who="me")), "evidence.member", "/commitment/who"),
        (target_file(commitment(target="850", changePercent=-15)), "evidence.member", "/target"),
        (target_file(commitment(-101)), "evidence.member", "/commitment/changePercent"),
        (target_file(commitment(goal="net zero")), "evidence.member", "/commitment/goal"),
        (
            target_file(commitment(due=period(2020))),
            "evidence.due_before_baseline",
            "/commitment",
        ),
        (target_file(commitment(due=period(2024, 2025))), "evidence.wrong_period", "/commitment"),
        (target_file(commitment(version=2)), "evidence.version", "/commitment"),
        (target_file(commitment(previous="0")), "evidence.member", "/commitment/previous"),
    ],
)
def test_target__malformed__names_the_place(
    write: Write, document: Any, code: str, place: str
) -> None:
    refused(evidence("target", write("target", document)), code, place)


@pytest.mark.row("S04", "S21")
def test_target__fifteen_percent_less_water__is_told_by_the_due_year_alone(write: Write) -> None:
    def ask(document: Any, *options: str) -> Ran:
        return evidence("target", write("target", document), *options)

    answered(ask(target_file(None, "850.1")), "not met", "target_not_met")
    answered(ask(target_file()), "cannot tell", "no_evidence")
    answered(ask(target_file(None, "1"), "--at", "2025-06-01T00:00:00Z"), "cannot tell", "not_due")
    low = ask(target_file(None, "850"), "--least-grade", "verified")
    answered(low, "cannot tell", "grade_too_low")
    other = target_file() | {"values": [value(amount="1", boundary=OTHER_BOUNDARY)]}
    answered(ask(other), "cannot tell", "not_comparable")
    document = answered(ask(target_file(None, "850")), "met", "target_met")
    assert (document["target"], document["change"]) == ("850", "-0.15")
    refused(ask(target_file(), "--least-grade", "certified"), "evidence.unknown_grade")


@pytest.mark.row("S12", "A58")
def test_target__baseline_edited__is_said_and_met_no_more(write: Write) -> None:
    first = commitment("850")
    digest = evidence("target", write("first", target_file(first))).json["digest"]
    named = {"version": 2, "previous": digest, "reason": "restated meters"}
    moved = commitment("1700", "2000", **named)
    path = write("moved", target_file(moved, "1600", earlier=[first]))
    document = answered(evidence("target", path), "cannot tell", "baseline_moved")
    assert document["baselineMoved"] is True
    assert document["firstPromise"]["answer"] == "not met"
    assert document["amendments"][0]["changed"] == ["baseline amount", "target"]
    assert "BASELINE EDITED" in run("evidence", "target", path).out
    kept = write("kept", target_file(moved, "800", earlier=[first]))
    assert answered(evidence("target", kept), "met", "target_met")["baselineMoved"] is True
    edited = write("edited", target_file(moved, "1600", earlier=[commitment("850", "2000")]))
    ran = evidence("target", edited)
    assert (ran.code, ran.json["error"]["code"]) == (1, "evidence.broken_chain")
    alone = evidence("target", write("alone", target_file(moved, "1600")))
    assert (alone.code, alone.json["error"]["code"]) == (1, "evidence.broken_chain")


@pytest.mark.row("S12")
def test_target__dust_sixty_percent_less__not_met_and_met(write: Write) -> None:
    def dust(amount: str) -> Ran:
        promise = commitment(-60) | {"baseline": value("air.pm10", "100", period=period(2020))}
        document = target_file(promise) | {"values": [value("air.pm10", amount)]}
        return evidence("target", write("dust", document))

    answered(dust("40.1"), "not met", "target_not_met")
    answered(dust("40"), "met", "target_met")


# --- series ----------------------------------------------------------------------------------

HOUR = 3_600
START = year(2025).from_s


def series_file(amounts: list[str | None], **changes: Any) -> dict[str, Any]:
    whole = value("brine.abstraction")
    return {
        "format": "veta-series/1",
        "subject": REFINER,
        "instrument": "urn:meter:well-17",
        **{name: whole[name] for name in ("metric", "definition", "boundary")},
        "period": {"fromSeconds": START, "toSeconds": START + HOUR * len(amounts)},
        "stepSeconds": HOUR,
        "readings": [
            [START + HOUR * at, amount] for at, amount in enumerate(amounts) if amount is not None
        ],
        **changes,
    }


DAY_OF_HOURS: list[str | None] = [f"{10 + at}.5" for at in range(24)]


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"readings": [[START, 1.5]]}, "evidence.number_form", "/readings/0"),
        ({"readings": [[START]]}, "evidence.member", "/readings/0"),
        ({"readings": [[True, "1"]]}, "evidence.member", "/readings/0"),
        ({"readings": [[START, "1"], [START, "2"]]}, "evidence.reading_twice", "/readings"),
        ({"readings": [[START + HOUR, "1"], [START, "2"]]}, "evidence.reading_order", "/readings"),
        ({"readings": [[START + 1, "1"]]}, "evidence.reading_off_grid", "/readings"),
        ({"readings": [[START - HOUR, "1"]]}, "evidence.reading_outside", "/readings"),
        ({"stepSeconds": 0}, "evidence.step", ""),
        ({"reason": "drift"}, "evidence.revision_reason", ""),
        ({"period": period(2090)}, "evidence.wrong_period", "/period"),
    ],
)
def test_series__malformed__names_the_place(
    write: Write, changes: Any, code: str, place: str
) -> None:
    path = write("series", series_file(DAY_OF_HOURS, **changes))
    refused(evidence("series", path), code, place)


@pytest.mark.row("S20", "A54")
def test_series__gap_flat_line_and_replay__are_shown_and_nothing_is_summed_over_a_gap(
    write: Write,
) -> None:
    gapped = DAY_OF_HOURS[:6] + [None] * 6 + DAY_OF_HOURS[12:]
    document = answered(
        evidence("series", write("gap", series_file(gapped))), "not met", "series_gap"
    )
    assert document["gaps"][0].startswith("gap of 6 readings from 2025-01-01T06:00:00Z")
    assert document["sum"] is None
    flat = evidence("series", write("flat", series_file(["7"] * 24)))
    answered(flat, "not met", "series_flat")
    twice = evidence("series", write("replay", series_file(DAY_OF_HOURS * 2)))
    assert answered(twice, "not met", "series_replay")["replays"][0].startswith("24 readings")
    whole = answered(
        evidence("series", write("whole", series_file(DAY_OF_HOURS))), "met", "series_whole"
    )
    assert whole["sum"] == "528"


@pytest.mark.row("S20")
def test_series__one_value_edited__is_another_series_and_a_revision_says_what(
    write: Write,
) -> None:
    first = write("first", series_file(DAY_OF_HOURS))
    digest = good(evidence("series", first)).json["digest"]
    good(evidence("series", first, "--digest", digest))
    amounts = [*DAY_OF_HOURS[:-1], "1.5"]
    ran = evidence("series", write("edited", series_file(amounts)), "--digest", digest)
    assert (ran.code, ran.json["error"]["code"]) == (1, "evidence.series_edited")
    secret = evidence("series", write("edited", series_file(amounts)), "--earlier", first)
    assert (secret.code, secret.json["error"]["code"]) == (1, "evidence.broken_chain")
    named = {"previous": digest, "reason": "meter 17 was read wrong"}
    path = write("revised", series_file(amounts, **named))
    document = good(evidence("series", path, "--earlier", first)).json
    assert document["changes"] == [{"at": "2025-01-01T23:00:00Z", "before": "33.5", "after": "1.5"}]


# --- water and energy ------------------------------------------------------------------------


def part(source: str, amount: str, quality: str = "low") -> dict[str, str]:
    return {"source": source, "quality": quality, "amount": amount}


def account(total: str, *parts: dict[str, str], flow: str = "withdrawal") -> dict[str, Any]:
    return {"flow": flow, "total": total, "parts": list(parts)}


def water_file(*accounts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "format": "veta-water/1",
        "subject": REFINER,
        "boundary": value()["boundary"],
        "period": period(2025),
        "unit": "m3",
        "accounts": list(accounts),
        **changes,
    }


@pytest.mark.parametrize(
    ("document", "code", "place"),
    [
        (water_file(), "evidence.member", "/accounts"),
        (water_file(account("1")), "evidence.no_grade", "/accounts/0"),
        (water_file(account("1", part("rain", "1"))), "evidence.member", "/accounts/0/parts/0"),
        (
            water_file(account("2", part("sea", "1"), part("sea", "1"))),
            "evidence.source_twice",
            "/accounts/0",
        ),
        (
            water_file(account("1", part("sea", "1"), flow="consumption")),
            "evidence.flow",
            "/accounts/0",
        ),
        (
            water_file(account("1", part("sea", "1")), account("1", part("sea", "1"))),
            "evidence.account_twice",
            "/accounts",
        ),
        (water_file(account("1", part("sea", "1")), unit="t"), "evidence.member", "/unit"),
        (water_file(account("1", part("sea", "1")), grade="x"), "evidence.grade_stated", "/grade"),
        (
            water_file(brine={"abstracted": "1", "reinjected": "2"}),
            "evidence.negative",
            "/brine",
        ),
        (
            water_file(
                account("1", part("sea", "1")), account("2", part("sea", "2"), flow="discharge")
            ),
            "evidence.negative",
            "",
        ),
    ],
)
def test_water__malformed__names_the_place(
    write: Write, document: Any, code: str, place: str
) -> None:
    refused(evidence("water", write("water", document)), code, place)


@pytest.mark.row("S04", "S21", "A55")
def test_water__brine_added_or_sum_wrong__is_refused_and_brine_stands_apart(write: Write) -> None:
    brine = account("7300", part("continental", "6300"), part("brine", "1000"))
    ran = evidence("water", write("brine", water_file(brine)))
    assert (ran.code, ran.json["error"]["code"]) == (1, "evidence.brine_in_water")
    short = evidence("water", write("short", water_file(account("6300", part("sea", "6299")))))
    assert (short.code, short.json["error"]["code"]) == (1, "evidence.water_sum")
    assert "short.json: /accounts/0" in short.err
    book = water_file(
        account("6300", part("continental", "4725"), part("desalinated sea", "1575")),
        account("300", part("sea", "300"), flow="discharge"),
        brine={"abstracted": "50000", "reinjected": "20000"},
    )
    document = answered(evidence("water", write("book", book)), "met", "water_sums")
    assert document["consumption"] == "6000 m3"
    assert document["brine"] == {"abstracted": "50000 m3", "reinjected": "20000 m3"}


@pytest.mark.row("S36")
def test_water__no_potable_water__by_quality_class_and_not_by_name(write: Write) -> None:
    def ask(*parts: dict[str, str]) -> Ran:
        path = write("water", water_file(account("10", *parts)))
        return evidence("water", path, "--without-high-quality")

    answered(ask(part("surface", "9"), part("ground", "1", "high")), "not met", "quality_high")
    unstated = ask(part("surface", "9"), part("ground", "1", "unstated"))
    answered(unstated, "cannot tell", "quality_unstated")
    answered(ask(part("surface", "10")), "met", "no_high_quality")


def certificate(serial: str = "CL-1", **changes: Any) -> dict[str, Any]:
    whole = {
        "registry": "I-REC",
        "serial": serial,
        "energyWh": 1_000_000,
        "vintage": period(2025),
        "retiredFor": "urn:site:los-bronces",
        "gramsPerKwh": "12",
        **changes,
    }
    return {name: each for name, each in whole.items() if each is not None}


def energy_file(
    *certificates: dict[str, Any], site: str = "urn:site:los-bronces", **changes: Any
) -> dict[str, Any]:
    return {
        "format": "veta-energy/1",
        "subject": REFINER,
        "site": site,
        "period": period(2025),
        "usedWh": 1_000_000,
        "gridGramsPerKwh": "300",
        "certificates": list(certificates),
        **changes,
    }


@pytest.mark.parametrize(
    ("document", "code", "place"),
    [
        (energy_file(usedWh=-1), "evidence.member", "/usedWh"),
        (energy_file(claimedPercent="101"), "evidence.ratio_range", "/claimedPercent"),
        (energy_file(certificate(energyWh="1")), "evidence.member", "/certificates/0/energyWh"),
        (energy_file(certificate(serial=" 1")), "evidence.serial", "/certificates/0"),
        (energy_file(certificate(note=1)), "evidence.member", "/certificates/0/note"),
        (energy_file(grade="verified"), "evidence.grade_stated", "/grade"),
    ],
)
def test_energy__malformed__names_the_place(
    write: Write, document: Any, code: str, place: str
) -> None:
    refused(evidence("energy", write("energy", document)), code, place)


@pytest.mark.row("S13", "A31")
def test_energy__claimed_without_retirement__counts_as_the_grid(write: Write) -> None:
    path = write("sold", energy_file(certificate(retiredFor=None), claimedPercent="100"))
    document = answered(evidence("energy", path), "not met", "share_not_met")
    (site,) = document["sites"]
    assert site["notCounted"] == [{"serial": "CL-1", "code": "evidence.not_retired"}]
    assert site["marketBasedG"] == site["locationBasedG"] == "300000"
    assert "location-based factor" in document["reason"]
    other = write("other", energy_file(certificate(retiredFor="urn:site:elsewhere")))
    answered(evidence("energy", other), "not met", "retired_for_other")
    old = write("old", energy_file(certificate(vintage=period(2023))))
    answered(evidence("energy", old), "not met", "vintage")
    good_one = write("good", energy_file(certificate(), claimedPercent="100"))
    document = answered(evidence("energy", good_one), "met", "certificates_count")
    assert document["sites"][0]["marketBasedG"] == "12000"


@pytest.mark.row("S13", "A31")
def test_energy__serial_used_by_two_sites__is_refused_with_both(write: Write) -> None:
    mine = write("mine", energy_file(certificate()))
    smelter = write(
        "smelter",
        energy_file(certificate(retiredFor="urn:site:chagres"), site="urn:site:chagres"),
    )
    ran = evidence("energy", mine, smelter)
    assert (ran.code, ran.json["error"]["code"]) == (1, "evidence.serial_used_twice")
    assert "urn:site:los-bronces" in ran.err
    assert "urn:site:chagres" in ran.err
    refused(evidence("energy", mine, mine), "evidence.site_twice")
    apart = write(
        "apart",
        energy_file(certificate("CL-2", retiredFor="urn:site:chagres"), site="urn:site:chagres"),
    )
    assert len(answered(evidence("energy", mine, apart), "met", "certificates_count")["sites"]) == 2


# --- the reference data ----------------------------------------------------------------------


@pytest.mark.reference
@pytest.mark.row("A34", "S28")
def test_assay__samples_of_the_reference__pass_and_fail(write: Write) -> None:
    papers = reference_json("reference/copper-chain.json")["cathode_certificate_of_analysis"]

    def ask(sample: dict[str, Any]) -> Ran:
        results = [
            {"analyte": name, "value": str(amount), "unit": "mg/t"}
            for name, amount in sample.items()
        ]
        path = write("coa", coa() | {"results": results})
        return evidence("assay", path, "--for", "copper-cathode")

    assert papers["sample_fail"]
    for sample in papers["sample_fail"]:
        answered(ask(sample["assay"]), "not met", "limit_exceeded")
    answered(ask(papers["sample_pass"]), "met", "limit_met")


@pytest.mark.reference
@pytest.mark.row("S04", "S07")
def test_water_of_the_reference__sums_is_no_consumption_and_has_its_target(write: Write) -> None:
    lot = reference_json("reference/copper-chain.json")["lots"]["concentrate"][0]["water"]
    total, sea, land = (
        lot[name]
        for name in ("withdrawal_l", "of_which_desalinated_seawater_l", "of_which_continental_l")
    )
    parts = (part("desalinated sea", str(sea)), part("continental", str(land)))
    wrong = water_file(account(str(total + 1), *parts), unit="l")
    assert evidence("water", write("wrong", wrong)).code == 1
    right = water_file(account(str(total), *parts), unit="l")
    document = answered(evidence("water", write("right", right)), "met", "water_sums")
    assert document["accounts"]["withdrawal"]["total"] == "41400000 l"
    drawn = write("drawn", metric_file(value(amount=str(total // 1000))))
    used = write("used", metric_file(value("water.consumption", str(total // 1000))))
    answered(evidence("compare", drawn, used), "not met", "not_comparable")
    promise = commitment(amount=str(total // 1000))
    over = write("over", target_file(promise, "35190.001"))
    answered(evidence("target", over), "not met", "target_not_met")
    answered(evidence("target", write("kept", target_file(promise, "35190"))), "met", "target_met")


COMMANDS = ("assay", "compare", "trend", "target", "series", "water", "energy", "metrics")


@pytest.mark.parametrize("command", COMMANDS)
def test_help__of_each__has_an_example(command: str) -> None:
    assert f"Example: veta evidence {command}" in run("evidence", command, "--help").out


def test_metrics__listed__are_what_files_name() -> None:
    (found,) = [
        each
        for each in good(evidence("metrics")).json["metrics"]
        if each["metric"] == "energy.solar-share"
    ]
    assert found["digest"] == DEFINITIONS["energy.solar-share"].digest.hex()
    assert found["digest"] in good(run("evidence", "metrics")).out


def test_documentation__its_example_of_each_form__is_read(home: Path, write: Write) -> None:
    text = (PROJECT / "docs/operations/evidence.md").read_text("utf-8")
    blocks = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    by_form = {each.get("format", "statement"): each for each in blocks}
    paths = {form: write(form.replace("/", "-"), each) for form, each in by_form.items()}
    assay = ("assay", paths["veta-assay/1"], "--for", "copper-cathode")
    answered(evidence(*assay), "cannot tell", "not_assessed")
    given, bridge = paths["veta-metric-value/1"], paths["veta-metric-conversion/1"]
    good(evidence("compare", given, given))
    less = write("less", metric_file(value("water.consumption", "5040")))
    good(evidence("compare", given, less, "--conversion", bridge))
    good(evidence("trend", paths["veta-trend/1"]))
    good(evidence("target", paths["veta-target/1"]))
    answered(evidence("series", paths["veta-series/1"]), "not met", "series_gap")
    good(evidence("water", paths["veta-water/1"]))
    good(evidence("energy", paths["veta-energy/1"]))
    good(run("issue", paths["statement"], "--dry-run", "--home", home))
