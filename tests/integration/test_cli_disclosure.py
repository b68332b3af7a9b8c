"""Showing a part: what is hidden is named, and what may not be hidden makes it incomplete."""

from __future__ import annotations

import json
import secrets
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_home import DID, Home, Ran, anchored_home, good, run
from tests.support.statements import SIGNER
from veta import canonical
from veta.bootstrap import Opening, open_home
from veta.bootstrap.signing import LazyStatementSigner
from veta.disclosure.catalogue import INDICATORS, ValueKind
from veta.disclosure.mandatory import DEFAULT_POLICY
from veta.disclosure.sd_jwt import issue_sd_jwt, present, read_sd_jwt
from veta.errors import LedgerUnavailableError
from veta.model.identifiers import UnixSeconds
from veta.model.trust import TrustConfig
from veta.services.selective import judge_selective
from veta.statement import base64url
from veta.statement.credential import UNTP_CONTEXT, VETA_CONTEXT, W3C_CONTEXT
from veta.verify.policy import Policy
from veta.verify.verdict import Verdict

SUBJECT = f"{DID}:lot:BSE-CAT-26-1001"
SAMPLE = {ValueKind.COUNT: 3, ValueKind.SHARE: 4, ValueKind.QUANTITY: "5.5", ValueKind.YES_NO: True}
NAMES = [item.name for item in INDICATORS]
MANDATORY = sorted(DEFAULT_POLICY.mandatory(["Cu"]))
NOBODY = "http://127.0.0.1:1"


def refused(ran: Ran, exit_code: int, error_code: str) -> None:
    """The exit code, and the code at the end of stderr."""
    assert (ran.code, ran.err.rstrip().endswith(f"[{error_code}]")) == (exit_code, True), ran


def write_values(folder: Path, subject: str = SUBJECT, **changed: Any) -> Path:
    values = {item.name: SAMPLE[item.kind] for item in INDICATORS} | changed
    document = {"format": "veta-indicators-values/1", "subject": subject, "values": values}
    path = folder / "values.json"
    path.write_text(json.dumps(document))
    return path


class Sets:
    """A set in a folder, of which parts are shown."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.set = folder / "set.json"
        ran = good(run("indicators", "make", write_values(folder), "--out", self.set, "--json"))
        self.root = str(ran.json["head"]["root"])

    def show(self, names: list[str], to: str = "shown.json") -> Path:
        out = self.folder / to
        good(run("indicators", "open", self.set, "--only", ",".join(names), "--out", out))
        return out

    def check(self, shown: Path, *options: str, material: str = "Cu") -> Ran:
        head = options or ("--head", self.root, "--subject", SUBJECT)
        return run("indicators", "check", shown, "--material", material, *head, "--json")


@pytest.fixture
def sets(tmp_path: Path) -> Sets:
    return Sets(tmp_path)


# --- abuse -------------------------------------------------------------------------------------


@pytest.mark.row("S16", "A43", "T49")
@pytest.mark.parametrize("hidden", MANDATORY)
def test_check__75_shown_and_a_mandatory_one_hidden__incomplete_naming_it(
    sets: Sets, hidden: str
) -> None:
    ran = sets.check(sets.show([name for name in NAMES if name != hidden]))
    assert (ran.code, ran.json["result"]) == (1, "INCOMPLETE")
    assert ran.json["code"] == "disclosure.mandatory_hidden"
    assert ran.json["hidden"] == ran.json["mandatoryHidden"] == [hidden]
    assert ran.json["hiddenCount"] == 1


@pytest.mark.row("A43")
def test_check__mandatory_one_without_a_value__incomplete(tmp_path: Path) -> None:
    values, out = write_values(tmp_path, fatalities=None), tmp_path / "set.json"
    root = good(run("indicators", "make", values, "--out", out, "--json")).json["head"]["root"]
    shown = tmp_path / "shown.json"
    good(run("indicators", "open", out, "--only", ",".join(NAMES), "--out", shown))
    options = ("--material", "Cu", "--head", root, "--subject", SUBJECT)
    ran = run("indicators", "check", shown, *options, "--json")
    assert (ran.code, ran.json["code"]) == (1, "disclosure.mandatory_not_stated")
    assert ran.json["mandatoryNotStated"] == ["fatalities"]


@pytest.mark.row("A43")
def test_check__what_copper_may_hide_and_lithium_may_not__incomplete_for_both_metals(
    sets: Sets,
) -> None:
    shown = sets.show(MANDATORY)
    assert sets.check(shown).code == 0
    ran = sets.check(shown, material="Cu,Li")
    assert (ran.code, ran.json["result"]) == (1, "INCOMPLETE")
    assert "grievances_resolved_90d" in ran.json["mandatoryHidden"]
    refused(sets.check(shown, material="Xx"), 2, "disclosure.material_unknown")


@pytest.mark.row("S16", "A43")
@pytest.mark.parametrize(
    ("change", "exit_code", "code"),
    [
        ({"value": 0}, 1, "trees.root_mismatch"),
        ({"salt": "00" * 16}, 1, "trees.root_mismatch"),
        ({"index": 59}, 1, "disclosure.other_index"),
        ({"indicator": "high_potential_incidents"}, 1, "disclosure.other_index"),
        ({"dimension": "human-rights"}, 1, "disclosure.other_dimension"),
        ({"indicator": "accidents"}, 2, "disclosure.indicator_unknown"),
        ({"value": "0"}, 2, "disclosure.value"),
        ({"path": []}, 2, "trees.path_length"),
    ],
)
def test_check__leaf_that_was_changed__refused(
    sets: Sets, change: dict[str, object], exit_code: int, code: str
) -> None:
    shown = sets.show(MANDATORY)
    document = json.loads(shown.read_bytes())
    leaf = next(each for each in document["leaves"] if each["indicator"] == "fatalities")
    leaf.update(change)
    shown.write_text(json.dumps(document))
    refused(sets.check(shown), exit_code, code)


def test_check__file_of_75_or_another_lot__refused(sets: Sets) -> None:
    shown = sets.show(MANDATORY)
    refused(
        sets.check(shown, "--head", sets.root, "--subject", SUBJECT[:-1]), 1, "trees.root_mismatch"
    )
    refused(sets.check(shown, "--head", sets.root), 2, "cli.head")
    refused(sets.check(shown, "--head", "ab", "--subject", SUBJECT), 2, "disclosure.malformed")
    document = json.loads(shown.read_bytes()) | {"size": 75}
    shown.write_text(json.dumps(document))
    refused(sets.check(shown), 2, "disclosure.indicator_count")


@pytest.mark.row("S16")
def test_make__75_of_76_or_one_twice_or_an_unknown_one__refused_and_nothing_written(
    tmp_path: Path,
) -> None:
    path, out = write_values(tmp_path), tmp_path / "set.json"
    text = path.read_text()
    cases = {
        "disclosure.indicator_count": text.replace('"fatalities": 3, ', ""),
        "canonical.duplicate_key": text.replace('"fatalities": 3', '"fatalities":3,"fatalities":3'),
        "disclosure.indicator_unknown": text.replace('"fatalities"', '"accidents"'),
    }
    for code, changed in cases.items():
        path.write_text(changed)
        refused(run("indicators", "make", path, "--out", out), 2, code)
        assert not out.exists()


def test_make_and_open__over_a_file__refused_and_the_file_kept(sets: Sets) -> None:
    before = sets.set.read_bytes()
    ran = run("indicators", "make", sets.folder / "values.json", "--out", sets.set)
    refused(ran, 2, "cli.file")
    ran = run("indicators", "open", sets.set, "--only", "ltifr", "--out", sets.set)
    refused(ran, 2, "cli.file")
    assert sets.set.read_bytes() == before
    ran = run("indicators", "open", sets.set, "--only", "ltifr", "--out", "-")
    refused(ran, 2, "cli.file")


@pytest.mark.row("A44")
def test_open__what_is_handed_over__has_neither_value_nor_salt_of_the_rest(sets: Sets) -> None:
    shown = sets.show(["fatalities"]).read_text()
    secret = json.loads(sets.set.read_bytes())
    assert stat.S_IMODE(sets.set.stat().st_mode) == 0o600
    assert len({leaf["salt"] for leaf in secret["leaves"]}) == 76
    assert [leaf["indicator"] for leaf in json.loads(shown)["leaves"]] == ["fatalities"]
    assert "ltifr" not in shown
    again = run("indicators", "make", sets.folder / "values.json", "--out", sets.folder / "2.json")
    assert sets.root not in again.out  # the same values, other salts: nothing to guess from
    for ran in (again, sets.check(sets.show(["ltifr"], "other.json"))):
        assert not any(leaf["salt"] in ran.out + ran.err for leaf in secret["leaves"])


# --- the head under a statement ------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return anchored_home(tmp_path)


def issued_head(home: Home, subject: str = SUBJECT) -> tuple[str, Path]:
    """The leaf of the statement with the head, and the indicators that copper must show."""
    head, secret, shown = (home.folder / name for name in ("head.json", "set.json", "shown.json"))
    values = write_values(home.folder, subject)
    good(home.run("indicators", "make", values, "--out", secret, "--statement", head))
    leaf = good(home.run("issue", head, "--json")).json["issued"][0]["leaf"]
    only = ("--only", ",".join(MANDATORY))
    good(run("indicators", "open", secret, *only, "--out", shown))
    return str(leaf), shown


def check_under(home: Home, leaf: str, shown: Path, *options: str | Path) -> Ran:
    material = ("--material", "Cu", "--statement", leaf)
    return home.run("indicators", "check", shown, *material, *options, "--json")


def test_check__statement_not_anchored_or_revoked__its_head_counts_for_nothing(home: Home) -> None:
    leaf, shown = issued_head(home)
    ran = check_under(home, leaf, shown)
    assert (ran.code, ran.json["result"]) == (1, "NOT_PROVEN")
    assert "opened" not in ran.json
    good(home.run("anchor"))
    good(home.run("revoke", leaf, "--reason", "issued-in-error"))
    ran = check_under(home, leaf, shown)
    assert (ran.code, ran.json["result"], ran.json["code"]) == (1, "INVALID", "status.revoked")
    assert "opened" not in ran.json


def test_make__statement_about_the_lot_of_another__refused_and_nothing_written(home: Home) -> None:
    values = write_values(home.folder, "did:web:mina-aurora.example:lot:AUR-CON-26-0417")
    secret, head = home.folder / "set.json", home.folder / "head.json"
    ran = home.run("indicators", "make", values, "--out", secret, "--statement", head)
    refused(ran, 1, "disclosure.subject_of_stranger")
    assert not (secret.exists() or head.exists())


def test_make__statement_file_that_exists__refused_and_nothing_written(home: Home) -> None:
    secret, head = home.folder / "set.json", home.folder / "head.json"
    head.write_text("kept")
    values = write_values(home.folder)
    ran = home.run("indicators", "make", values, "--out", secret, "--statement", head)
    refused(ran, 2, "cli.file")
    assert (secret.exists(), head.read_text()) == (False, "kept")


def test_check__head_that_was_superseded__says_so(home: Home) -> None:
    leaf, shown = issued_head(home)
    for name in ("head.json", "set.json"):
        (home.folder / name).unlink()
    shown.rename(home.folder / "old.json")
    newer, _ = issued_head(home)
    good(home.run("anchor"))
    good(home.run("supersede", leaf, newer))
    ran = check_under(home, leaf, home.folder / "old.json")
    assert ran.json["statement"]["verdict"] == "VALID_WITH_NOTICE"
    (notice,) = ran.json["statement"]["notices"]
    assert notice.endswith("[status.superseded]")
    options = ("--material", "Cu", "--statement", leaf)
    said = home.run("indicators", "check", home.folder / "old.json", *options).out
    assert "status.superseded" in said
    assert f"Refineria <{DID}>, member 1" in said
    refused(check_under(home, newer, home.folder / "old.json"), 1, "trees.root_mismatch")


def test_check__statement_without_a_head__refused(home: Home) -> None:
    _, shown = issued_head(home)
    ran = check_under(home, "BSE-CAT-26-1001", shown)
    refused(ran, 2, "disclosure.head_missing")
    assert home.verdict("BSE-CAT-26-1001") == "VALID"  # the number still names the passport


@pytest.mark.row("S16")
def test_indicators__made_issued_anchored_and_opened__proven_by_a_stranger_with_the_bundle(
    home: Home,
) -> None:
    leaf, shown = issued_head(home)
    good(home.run("anchor"))
    ran = good(check_under(home, leaf, shown))
    assert ran.json["result"] == "COMPLETE"
    assert ran.json["statement"]["verdict"] == "VALID"
    assert ran.json["statement"]["leaf"] == leaf
    assert len(ran.json["opened"]) == len(MANDATORY)
    assert ran.json["hiddenCount"] == 76 - len(MANDATORY)
    (fatalities,) = [each for each in ran.json["opened"] if each["indicator"] == "fatalities"]
    assert (fatalities["value"], fatalities["goals"]) == (3, [3, 8])
    bundle = home.folder / "head.bundle.json"
    good(home.run("show", "statement", leaf, "--bundle", bundle))
    assert good(check_under(home, str(bundle), shown)).json["result"] == "COMPLETE"
    down = check_under(home, str(bundle), shown, "--trust", home.trust, "--rpc", NOBODY)
    assert (down.code, down.json["result"]) == (3, "INDETERMINATE")
    assert "opened" not in down.json


@pytest.mark.row("S16")
def test_indicators__five_opened__proven_and_the_other_71_named(sets: Sets) -> None:
    five = ["fatalities", "ltifr", "freshwater_withdrawal_m3", "pay_gap_ratio", "taxes_paid_usd"]
    ran = sets.check(sets.show(five))
    assert ran.code == 1  # five are fewer than copper must show
    assert {each["indicator"] for each in ran.json["opened"]} == set(five)
    assert set(ran.json["hidden"]) == set(NAMES) - set(five)
    assert ran.json["hiddenCount"] == 71
    said = run(
        *("indicators", "check", sets.folder / "shown.json", "--material", "Cu"),
        *("--head", sets.root, "--subject", SUBJECT),
    )
    assert "71 of 76 indicators are hidden" in said.out
    assert "by hand" in said.err


def test_list__catalogue__tells_dimension_kind_and_goals() -> None:
    every = good(run("indicators", "list", "--json")).json["indicators"]
    assert [each["indicator"] for each in every] == NAMES
    water = good(run("indicators", "list", "--goal", "6", "--dimension", "water-footprint"))
    assert len(water.out.splitlines()) == 11
    refused(run("indicators", "list", "--goal", "18"), 2, "disclosure.goal_unknown")


# --- documents of which a part is shown ---------------------------------------------------------

PRICE, BUYER = "/credentialSubject/price", "/credentialSubject/buyer"
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def contract(home: Home, **changed: Any) -> Path:
    """A statement of Veta's own kind with things in it that not everybody is shown."""
    document = {
        "type": ["SalesContract", "VerifiableCredential"],
        "@context": [W3C_CONTEXT, UNTP_CONTEXT, VETA_CONTEXT],
        "id": "urn:uuid:7d1c2f6e-54a7-4c55-9d1c-0d8cf1a9b001",
        "issuer": {"type": ["CredentialIssuer"], "id": DID, "name": "Refineria"},
        "validFrom": YESTERDAY,
        "name": "Sales contract",
        "blind": "AAAAAAAAAAAAAAAAAAAAAA",
        "credentialSubject": {
            "id": f"{DID}:contract:1",
            "price": "9417.35",
            "buyer": "Kabelwerk Nord",
            "incoterm": "FOB",
        },
    }
    path = home.folder / "contract.json"
    path.write_text(json.dumps(document | changed))
    return path


def issued(home: Home) -> tuple[str, Path]:
    """Leaf and holder's file of a contract whose price and buyer are hidden."""
    out = home.folder / "contract.sd-jwt"
    hide = ("--hide", PRICE, "--hide", BUYER)
    ran = home.run("disclose", "issue", contract(home), *hide, "--out", out, "--json")
    return str(good(ran).json["leaf"]), out


def shown(home: Home, held: Path, *only: str) -> Path:
    """A presentation with some of the places open."""
    options = [word for pointer in only for word in ("--only", pointer)]
    path = home.folder / f"shown-{len(only)}.sd-jwt"
    path.write_text(good(run("disclose", "present", held, *options)).out)
    return path


def judged(home: Home, path: Path, *options: str | Path) -> Ran:
    return home.run("disclose", "verify", path, *options, "--json")


def outcome(ran: Ran) -> tuple[int, str, set[str]]:
    """Exit code, verdict, and the codes of what failed, or else of what is open."""
    by = {
        wanted: {each["code"] for each in ran.json["checks"] if each["outcome"] == wanted}
        for wanted in ("failed", "not_determined", "not_proven")
    }
    return ran.code, ran.json["verdict"], next((codes for codes in by.values() if codes), set())


@pytest.mark.parametrize(
    ("command", "options", "code"),
    [
        ("pause", (), "key.paused"),
        ("retire", (), "key.retired"),
        ("compromise", ("--since", YESTERDAY), "key.compromised"),
    ],
)
def test_verify__key_no_longer_in_force__invalid_with_the_verifiers_code(
    home: Home, command: str, options: tuple[str, ...], code: str
) -> None:
    _, held = issued(home)
    good(home.run("anchor"))
    path = shown(home, held, PRICE)
    keys = good(home.run("member", "show", "--json")).json["keys"]
    key = [each["key_id"] for each in keys if each["purpose"] == "sign"][-1]
    good(home.run("member", command, key, *options))
    ran = judged(home, path)
    assert outcome(ran) == (1, "INVALID", {code})
    assert ran.json["claims"] is None
    again = (
        "disclose",
        "issue",
        contract(home),
        "--hide",
        PRICE,
        "--out",
        home.folder / "2.sd-jwt",
    )
    refused(home.run(*again), 1, code)
    assert not (home.folder / "2.sd-jwt").exists()


def test_verify__revoked_statement__invalid_with_and_without_its_bundle(home: Home) -> None:
    leaf, held = issued(home)
    good(home.run("anchor"))
    path = shown(home, held, PRICE)
    good(home.run("revoke", leaf, "--reason", "issued-in-error"))
    for options in ((), ("--bundle", leaf)):
        ran = judged(home, path, *options)
        assert outcome(ran) == (1, "INVALID", {"status.revoked"})
        assert ran.json["claims"] is None


def test_verify__issuer_that_nobody_knows__invalid(home: Home, tmp_path: Path) -> None:
    _, held = issued(home)
    stranger = begin_stranger(tmp_path / "stranger")
    ran = judged(stranger, shown(home, held))
    assert outcome(ran) == (1, "INVALID", {"issuer.not_a_member"})


def begin_stranger(folder: Path) -> Home:
    """A consortium of its own, of another member."""
    folder.mkdir()
    home = Home(folder)
    home.password.touch(mode=0o600)
    home.password.write_text("otra-clave-larga-4711\n")
    identity = ("--member", "did:web:other.example", "--name", "Other", "--country", "CL")
    options = ("--role", "miner", "--password-file", home.password)
    good(run("init", home.home, *identity, *options))
    return home


@pytest.mark.row("T49")
def test_verify__place_that_the_reader_asks_for_is_hidden__not_proven(home: Home) -> None:
    leaf, held = issued(home)
    good(home.run("anchor"))
    path = shown(home, held, BUYER)
    assert judged(home, path, "--require", BUYER).code == 0
    for options in ((), ("--bundle", leaf)):
        ran = judged(home, path, "--require", PRICE, *options)
        code, verdict, codes = outcome(ran)
        assert (code, verdict) == (1, "NOT_PROVEN")
        assert "disclosure.claim_missing" in codes
        assert ran.json["claims"] is None
    refused(judged(home, path, "--require", "price"), 2, "disclosure.pointer_malformed")


@pytest.mark.row("T49")
def test_issue__what_its_type_requires_or_what_decides_hidden__refused_and_nothing_kept(
    home: Home,
) -> None:
    lot = home.folder / "passport.json"
    number = "BSE-CAT-26-1004"
    lot.write_text(good(home.run("issue", "--dry-run", home.lot(number))).out)
    out, others = home.folder / "held.sd-jwt", home.folder / "others.json"
    contract(home, issuer={"id": "did:web:other.example", "name": "Other"}).rename(others)
    hidden_twice = home.folder / "hidden-twice.json"
    contract(home, _sd_alg="sha-256").rename(hidden_twice)
    for credential, pointer, exit_code, code in (
        (lot, "/credentialSubject/producedAtFacility", 1, "statement.missing_member"),
        (lot, "/credentialSubject/characteristics/massG", 1, "statement.missing_member"),
        (contract(home), "/validFrom", 2, "disclosure.critical_claim"),
        (contract(home), "/nothing", 2, "disclosure.pointer_unknown"),
        (others, PRICE, 2, "issue.other_issuer"),
        (hidden_twice, PRICE, 2, "disclosure.already"),
    ):
        ran = home.run("disclose", "issue", credential, "--hide", pointer, "--out", out)
        refused(ran, exit_code, code)
        assert not out.exists()
    assert home.run("show", "lot", number).code == 2


def test_verify__changed_or_borrowed_disclosure__refused(home: Home) -> None:
    _, held = issued(home)
    good(home.run("anchor"))
    token = shown(home, held, PRICE).read_text().strip()
    part, disclosure, _ = token.split("~")
    changed = base64url.encode(
        base64url.decode(disclosure.encode()).replace(b"9417.35", b"1417.35")
    ).decode()
    header, payload, signature = part.split(".")
    other = signature[:-6] + ("AAAAAA" if signature[-6:] != "AAAAAA" else "BBBBBB")
    path = home.folder / "bad.sd-jwt"
    path.write_text(f"{part}~{changed}~")
    refused(judged(home, path), 2, "disclosure.not_referenced")
    path.write_text(f"{part}~{disclosure}~{disclosure}~")
    refused(judged(home, path), 2, "disclosure.repeated")
    path.write_text(part)
    refused(judged(home, path), 2, "disclosure.not_sd_jwt")
    path.write_text(f"{header}.{payload}.{other}~{disclosure}~")
    code, verdict, codes = outcome(judged(home, path))
    assert (code, verdict) == (1, "INVALID")
    assert all(each.startswith("signature.") for each in codes)


@pytest.mark.row("A44")
def test_present__what_is_not_chosen__is_nowhere_in_the_presentation(home: Home) -> None:
    _, held = issued(home)
    assert stat.S_IMODE(held.stat().st_mode) == 0o600
    kept, hidden = shown(home, held, PRICE).read_text(), shown(home, held).read_text()
    disclosures = held.read_text().strip().split("~")[1:-1]
    assert len(disclosures) == 2
    assert sum(each in kept for each in disclosures) == 1
    assert not any(each in hidden for each in disclosures)
    ran = run("disclose", "present", held, "--only", "/credentialSubject/incoterm")
    refused(ran, 2, "disclosure.not_hidden")


def test_verify__endpoint_out_of_reach__3(home: Home) -> None:
    leaf, held = issued(home)
    good(home.run("anchor"))
    bundle = home.folder / "contract.bundle.json"
    good(home.run("show", "statement", leaf, "--bundle", bundle))
    path, nobody = shown(home, held), ("--trust", home.trust, "--rpc", NOBODY)
    ran = run("disclose", "verify", path, *nobody)
    assert ran.code == 3
    ran = run("disclose", "verify", path, "--bundle", bundle, *nobody, "--json")
    assert (ran.code, ran.json["verdict"], ran.json["claims"]) == (3, "INDETERMINATE", None)


def test_verify__bundle_of_another_statement__refused(home: Home) -> None:
    _, held = issued(home)
    ran = judged(home, shown(home, held), "--bundle", home.bundle("BSE-CAT-26-1001"))
    refused(ran, 1, "disclosure.other_leaf")


def test_disclose__issued_anchored_and_presented__shows_what_was_chosen(home: Home) -> None:
    leaf, held = issued(home)
    assert home.verdict(leaf) == "NOT_PROVEN"  # issued, and not anchored yet
    good(home.run("anchor"))
    assert home.verdict(leaf) == "VALID"
    path = shown(home, held, PRICE)
    ran = judged(home, path)
    assert (ran.code, ran.json["verdict"]) == (0, "VALID_WITH_NOTICE")
    assert ran.json["leaf"] == leaf
    assert ran.json["issuerRegisteredAs"] == "Refineria"
    assert (ran.json["opened"], ran.json["hiddenCount"]) == ([PRICE], 1)
    subject = ran.json["claims"]["credentialSubject"]
    assert (subject["price"], "buyer" in subject) == ("9417.35", False)
    under = judged(home, path, "--bundle", leaf)
    assert (under.code, under.json["verdict"]) == (0, "VALID")
    assert under.json["claims"] == ran.json["claims"]
    said = good(home.run("disclose", "verify", path)).out
    assert "1 hidden; shown:" in said
    assert "Kabelwerk" not in said
    out = home.folder / "for-the-bank.sd-jwt"
    good(run("disclose", "present", held, "--only", BUYER, "--out", out, "--json"))
    assert good(judged(home, out)).json["opened"] == [BUYER]


def by_own_tools(home: Home, document: dict[str, Any], *hidden: str, key: Any = None) -> Path:
    """What a member signs that does not ask Veta what may be hidden."""
    with open_home(home.home, opening=Opening(writes=True)) as node:
        signer = LazyStatementSigner(node.keys) if key is None else key
        token = issue_sd_jwt(
            document, signer, hidden=hidden, salts=(secrets.token_bytes(16) for _ in range(9))
        )
    path = home.folder / "by-own-tools.sd-jwt"
    path.write_bytes(present(read_sd_jwt(token), []))
    return path


@pytest.mark.row("T49")
def test_verify__member_hid_what_its_type_requires__not_proven(home: Home) -> None:
    document = json.loads(contract(home).read_bytes())
    for pointer in ("/name", "/credentialSubject", "/id"):
        ran = judged(home, by_own_tools(home, document, pointer))
        code, verdict, codes = outcome(ran)
        assert (code, verdict) == (1, "NOT_PROVEN")
        assert "disclosure.required_hidden" in codes
        assert ran.json["claims"] is None


def test_verify__document_that_breaks_a_rule_openly__invalid(home: Home) -> None:
    document = json.loads(contract(home).read_bytes())
    del document["name"]
    ran = judged(home, by_own_tools(home, document))  # with nothing hidden: it is not there
    assert outcome(ran) == (1, "INVALID", {"statement.missing_member"})
    document = json.loads(contract(home, id=7).read_bytes())
    ran = judged(home, by_own_tools(home, document))
    assert outcome(ran) == (1, "INVALID", {"statement.id"})
    document = json.loads(contract(home).read_bytes()) | {"validUntil": YESTERDAY[:10]}
    document["validFrom"] = "2026-01-01T00:00:00Z"
    ran = judged(home, by_own_tools(home, document, PRICE))
    assert outcome(ran) == (1, "INVALID", {"validity.expired_before_anchor"})
    document["validUntil"], document["exp"] = "2099-01-01", 1
    ran = judged(home, by_own_tools(home, document, PRICE))
    assert outcome(ran) == (1, "INVALID", {"disclosure.expired"})


def test_verify__key_that_was_never_bound__invalid(home: Home) -> None:
    document = json.loads(contract(home).read_bytes())
    ran = judged(home, by_own_tools(home, document, PRICE, key=SIGNER))
    assert outcome(ran) == (1, "INVALID", {"signature.unknown_key"})


def test_verify__passport_whose_lot_is_hidden__says_that_its_class_was_not_seen(home: Home) -> None:
    text = good(home.run("issue", "--dry-run", home.lot("BSE-CAT-26-1004"))).out.encode()
    document = canonical.read_object(text.strip())
    ran = judged(home, by_own_tools(home, document, "/credentialSubject/characteristics"))
    assert (ran.code, ran.json["verdict"]) == (0, "VALID_WITH_NOTICE")
    assert "issuer.class_not_stated" in {each["code"] for each in ran.json["checks"]}


class Deaf:
    """A ledger that does not answer one question."""

    def __init__(self, ledger: Any, silent: str) -> None:
        self._ledger, self._silent = ledger, silent

    def __getattr__(self, name: str) -> Any:
        if name == self._silent:
            return self._no_answer
        return getattr(self._ledger, name)

    @staticmethod
    def _no_answer(*_: object) -> None:
        raise LedgerUnavailableError("ledger.unavailable", "no answer")


def test_judge__question_that_is_not_answered__indeterminate_and_nothing_shown(home: Home) -> None:
    _, held = issued(home)
    good(home.run("anchor"))
    sd_jwt = read_sd_jwt(held.read_bytes())
    questions = ("identity", "final_head", "member_id", "member", "membership", "keys", "status")
    with open_home(home.home) as node:

        def judge(silent: str = "", trust: TrustConfig = node.trust, **policy: int) -> Any:
            ledger = Deaf(node.ledger, silent)
            asked = Policy(**policy)  # type: ignore[arg-type]
            return judge_selective(sd_jwt, ledger, node.clock, trust, policy=asked)

        assert judge().verdict is Verdict.VALID_WITH_NOTICE
        others = [replace(node.trust, not_after_s=UnixSeconds(1)), replace(node.trust, chain_id=1)]
        reports = [judge(question) for question in questions]
        reports += [*(judge(trust=trust) for trust in others), judge(max_age_s=-(10**9))]
    for report in reports:
        assert report.verdict is Verdict.INDETERMINATE
        assert report.disclosed is None
        assert report.to_json()["claims"] is None
