"""Showing a part: what is hidden is named, and what may not be hidden makes it incomplete."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_home import DID, Home, Ran, anchored_home, good, run
from veta.disclosure.catalogue import INDICATORS, ValueKind
from veta.disclosure.mandatory import DEFAULT_POLICY

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
