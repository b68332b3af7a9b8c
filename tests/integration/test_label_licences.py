"""Licences as anchored statements: forged, strange, dead and revived ones; then the mark."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.api_world import Client
from tests.support.claimed_mine import Mine
from tests.support.cli_home import Ran, good, run
from tests.support.lot_scenes import CONCENTRATE, MINE, RMM, copper_scene, did
from tests.support.smelted_world import Desk
from veta.api.app import create_app
from veta.bootstrap.papers import FolderPapers
from veta.claims.languages import Language
from veta.cli import claim as claim_command
from veta.cli import licences as licence_commands
from veta.config import ApiSettings
from veta.errors import LedgerUnavailableError
from veta.model.anchoring import StatusReason
from veta.model.identifiers import Leaf
from veta.model.lot import Issuance, Party
from veta.services.beside import with_beside
from veta.services.claims import EVERY_STEP
from veta.services.claims_licences import LicenceTerms, licence_credential
from veta.services.lot_reading import OpeningDesk
from veta.services.mark import mark_of
from veta.services.node import Node
from veta.verify.transport import write_bundle
from veta.verify.verdict import Outcome
from veta.verify.verifier import Verifier

NAME = "Responsible Metals Mark"
SENTENCE = "Controlled blending: contains 75% certified copper, RMM-50."
_NUMBERS = iter(range(1, 10_000))


@dataclass
class Licensed:
    """The mine's world, and the scheme's owner who licenses its mark."""

    mine: Mine

    def issued(self, by: str = "owner", **changes: Any) -> Leaf:
        """A licence, anchored; its leaf."""
        number = next(_NUMBERS)
        usual: dict[str, Any] = {
            "name": str(number),
            "scheme": (RMM, NAME),
            "licensee": (did("miner"), "Miner"),
            "site": int(MINE),
            "models": ("controlled-blending", "mass-balance"),
            "days": ("2026-01-01", "2026-12-31"),
        }
        company = self.mine.scene.company(by)
        issuance = Issuance(
            credential_id=f"urn:veta:licence:{number}",
            valid_from_s=self.mine.scene.now_s,
            blind=number.to_bytes(16, "big"),
        )
        terms = LicenceTerms(**(usual | changes))
        credential = licence_credential(terms, Party(did(by), by.title()), issuance)
        leaf = company.node.desk.issuer.issue(credential).leaf
        company.node.desk.anchorer.anchor()
        company.settle()
        return leaf

    def file(self, leaf: Leaf, folder: Path, by: str = "owner") -> Path:
        path = folder / f"{leaf.hex()[:16]}.json"
        path.write_bytes(write_bundle(self.mine.scene.company(by).node.bundle(leaf)))
        return path

    def revoke(self, leaf: Leaf) -> None:
        company = self.mine.scene.company("owner")
        company.node.desk.status.revoke(leaf, reason=StatusReason.WITHDRAWN)
        company.settle()

    @property
    def named(self) -> tuple[object, ...]:
        return (*self.mine.schemes(), *self.mine.numbers())


@pytest.fixture(scope="module")
def licensed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Licensed]:
    folder = tmp_path_factory.mktemp("licensed")
    with copper_scene(folder) as scene:
        miner, smelter = Desk(scene.company("miner")), Desk(scene.company("smelter"))
        yield Licensed(Mine(scene, folder, miner, smelter))


Command = Callable[..., Ran]


@pytest.fixture
def veta(licensed: Licensed, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command at a company of the scene."""

    def command(*arguments: object, word: str = "miner") -> Ran:
        node: Any = licensed.mine.scene.company(word).node
        node.config = SimpleNamespace(member=did(word))

        @contextmanager
        def opened(*_: object, **__: object) -> Iterator[Node]:
            node.follow()
            yield node

        monkeypatch.setattr(claim_command, "open_home", opened)
        monkeypatch.setattr(licence_commands, "open_home", opened)
        monkeypatch.setattr(licence_commands, "open_asked", opened)
        return run(*map(str, arguments))

    return command


def claimed(
    veta: Command, licensed: Licensed, *licences: object, more: tuple[object, ...] = ()
) -> Any:
    given = [part for each in licences for part in ("--licences", each)]
    ran = veta("claim", "CON-CB", *licensed.named, *given, "--json")
    return {**ran.json, "exit": ran.code}


@pytest.mark.row("S17", "A20")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"by": "body"}, "claims.not_licensed"),
        ({"scheme": (RMM, "Another Network's Mark")}, "claims.licence_scheme"),
        ({"scheme": (77, NAME)}, "claims.not_licensed"),
        ({"licensee": (did("smelter"), "Smelter")}, "claims.other_licensee"),
        ({"licensee": (did("nobody"), "Nobody")}, "claims.other_licensee"),
        ({"site": int(MINE) + 1}, "claims.other_site"),
        ({"models": ("segregated",)}, "claims.model_not_licensed"),
        ({"days": ("2026-01-01", "2026-01-02")}, "claims.licence_not_in_force"),
        ({"days": ("2030-01-01", "2030-01-02")}, "claims.licence_not_in_force"),
    ],
)
def test_claim__under_a_licence_that_does_not_cover_it__is_refused_with_the_reason(
    licensed: Licensed, veta: Command, tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    leaf = licensed.issued(**changes)
    file = licensed.file(leaf, tmp_path, changes.get("by", "owner"))
    answer = claimed(veta, licensed, file)
    assert (answer["exit"], answer["sentence"], answer["code"]) == (1, None, code)
    if "by" in changes:
        assert [each["code"] for each in answer["notCounted"]] == ["claims.licence_of_stranger"]
    if changes.get("scheme", (RMM,))[0] == 77:
        assert [each["code"] for each in answer["notCounted"]] == ["claims.unknown_scheme"]


def test_claim__under_a_forged_or_unanchored_licence__is_refused(
    licensed: Licensed, veta: Command, tmp_path: Path
) -> None:
    file = licensed.file(licensed.issued(), tmp_path)
    document = json.loads(file.read_bytes())
    head, payload, seal = document["token"].split(".")
    file.write_text(json.dumps(document | {"token": f"{head}.{payload}.{seal[:-4]}AAAA"}))
    bare = tmp_path / "bare.jwt"
    bare.write_text(document["token"])
    for each in (file, bare):
        answer = claimed(veta, licensed, each)
        assert (answer["exit"], answer["code"]) == (1, "claims.not_licensed")
        assert len(answer["notCounted"]) == 1


@pytest.mark.row("S17", "A20")
def test_claim__under_a_licence_of_the_chain__is_dead_at_the_next_look_after_it_was_revoked(
    licensed: Licensed, veta: Command, tmp_path: Path
) -> None:
    leaf = licensed.issued()
    file = licensed.file(leaf, tmp_path)
    answer = claimed(veta, licensed, file)
    assert answer["exit"] == 0
    assert answer["sentence"].startswith(SENTENCE)
    assert answer["grade"]["licences"] == "chain"
    assert not any("file" in each and "licence" in each for each in answer["restsOn"])
    assert good(veta("licence", "show", file)).out.startswith("LIVE")
    licensed.revoke(leaf)
    answer = claimed(veta, licensed, file)
    assert (answer["exit"], answer["sentence"], answer["code"]) == (
        1,
        None,
        "claims.licence_withdrawn",
    )
    shown = veta("licence", "show", file, "--json")
    assert (shown.code, shown.json["code"]) == (1, "claims.licence_withdrawn")
    # A plain file brings nothing back to life.
    plain = licensed.mine.licence()[1]
    answer = claimed(veta, licensed, file, plain)
    assert (answer["exit"], answer["code"]) == (1, "claims.licence_withdrawn")
    assert claimed(veta, licensed, plain)["grade"]["licences"] == "file"
    # Another licence of the owner's does.
    again = licensed.file(licensed.issued(), tmp_path)
    assert claimed(veta, licensed, file, again)["exit"] == 0


@pytest.mark.row("S17")
def test_claim__under_a_licence_that_was_superseded__is_dead(
    licensed: Licensed, veta: Command, tmp_path: Path
) -> None:
    old, new = licensed.issued(), licensed.issued(models=("segregated",))
    owner = licensed.mine.scene.company("owner")
    owner.node.desk.status.supersede(old, by_leaf=new)
    owner.settle()
    answer = claimed(veta, licensed, licensed.file(old, tmp_path), licensed.file(new, tmp_path))
    assert (answer["exit"], answer["code"]) == (1, "claims.licence_superseded")


def test_claim__when_nobody_can_ask_about_the_licence__cannot_be_told(
    licensed: Licensed, veta: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = licensed.file(licensed.issued(), tmp_path)

    def away(*_: object) -> None:
        raise LedgerUnavailableError("ledger.unavailable", "no answer")

    monkeypatch.setattr(licensed.mine.scene.company("miner").node.ledger, "status", away)
    ran = veta("claim", "CON-CB", *licensed.named, "--licences", file, "--json")
    assert ran.code == 3


def test_verify__with_licences_beside_the_lot__tells_those_that_live_and_changes_nothing_else(
    licensed: Licensed,
) -> None:
    mine = licensed.mine
    node = mine.scene.company("miner").node
    bare = node.with_lineage(mine.bundle("CON-CB")).bundle
    live, dead = licensed.issued(), licensed.issued()
    others = {
        "body": licensed.issued(by="body"),
        "owner": licensed.issued(licensee=(did("smelter"), "Smelter")),
    }
    licensed.revoke(dead)
    papers = [mine.scene.company("owner").node.bundle(each) for each in (live, dead)]
    papers += [mine.scene.company(by).node.bundle(leaf) for by, leaf in others.items()]
    verifier = Verifier(node.trust, EVERY_STEP)
    before, after = node.verify(bare, verifier), node.verify(with_beside(bare, papers), verifier)
    told = [each for each in after.checks if each.code == "claims.licensed"]
    (licence,) = told
    assert licence.outcome is Outcome.PASSED
    assert licence.facts["models"] == ("controlled-blending", "mass-balance")
    assert after.verdict is before.verdict
    assert [each for each in after.checks if each not in told] == list(before.checks)


# --- the label's page ------------------------------------------------------------------------


@dataclass
class Page:
    """The label page of a lot of the mine, at a node with a folder of papers."""

    licensed: Licensed
    folder: Path
    leaf: Leaf
    client: Client

    def look(self) -> str:
        answer = self.client.get(f"/label/{self.leaf.hex()}", headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert "Valid" in answer.text
        return answer.text


@pytest.fixture
def page(licensed: Licensed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    import asyncio

    folder = tmp_path / "papers"
    folder.mkdir()
    for name, at in (("schemes.json", licensed.named[1]), ("numbers.json", licensed.named[3])):
        (folder / name).write_bytes(Path(str(at)).read_bytes())
    company = licensed.mine.desk.company
    monkeypatch.setattr(company.node, "papers", FolderPapers(folder))
    lot = company.lot("CON-CB", CONCENTRATE)
    leaf = OpeningDesk(company.store).opening(lot).statement_leaf
    app = create_app(company.node, ApiSettings())
    company.node.follow()
    with asyncio.Runner() as runner:
        yield Page(licensed, folder, Leaf(leaf), Client(app, runner))


@pytest.mark.row("S17")
def test_label__whose_licence_is_revoked__has_no_mark_at_the_next_look(page: Page) -> None:
    assert 'id="mark"' not in page.look()  # nobody licensed anything
    leaf = page.licensed.issued()
    page.licensed.file(leaf, page.folder)
    assert SENTENCE in page.look()
    page.licensed.revoke(leaf)
    shown = page.look()
    assert SENTENCE not in shown
    assert "75%" not in shown
    assert "The licence was withdrawn: this label is void." in shown
    assert "claims.licence_withdrawn" in shown


@pytest.mark.row("S17")
def test_label__whose_licence_cannot_be_asked__says_neither_yes_nor_no(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.licensed.file(page.licensed.issued(), page.folder)
    node = page.licensed.mine.desk.company.node

    def away(*_: object) -> None:
        raise LedgerUnavailableError("ledger.unavailable", "no answer")

    monkeypatch.setattr(node.ledger, "status", away)
    found = mark_of(node, page.leaf, Language.ENGLISH)
    assert found is not None
    assert (found.sentence, found.state.value) == (None, "not_determined")
    assert found.notice == "The licence could not be checked: this is neither yes nor no."


def test_label__with_papers_that_cannot_be_read__shows_the_others(page: Page) -> None:
    (page.folder / "broken.json").write_text("{")
    (page.folder / "broken.jwt").write_text("x.y.z")
    page.licensed.file(page.licensed.issued(), page.folder)
    assert SENTENCE in page.look()


# --- veta licence make -----------------------------------------------------------------------


def test_make__by_whoever_does_not_own_the_scheme__is_refused(
    licensed: Licensed, veta: Command, tmp_path: Path
) -> None:
    out = tmp_path / "licence.json"
    about = (
        *("licence", "make", "--name", "7", "--scheme", RMM, "--licensee", did("miner")),
        *("--site", int(MINE), "--model", "mass-balance", "--out", out),
        *("--first", "2026-01-01", "--last", "2090-12-31"),
    )
    ran = veta(*about, "--json", word="body")
    assert (ran.code, ran.json["error"]["code"]) == (1, "claims.licence_of_stranger")
    assert not out.exists()
    good(veta(*about, word="owner"))
    document = json.loads(out.read_bytes())
    assert document["credentialSubject"]["scheme"] == {"number": RMM, "name": NAME}
    assert document["credentialSubject"]["licensee"]["id"] == did("miner")
