"""Erased: nothing of it is left in the files, nobody finds it by trying, neighbours stay proven."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli_home import LOTS, anchored_home
from tests.support.node_parts import MINE, ManualClock, Parts, make_parts
from tests.support.statements import MINE as MINE_PARTY
from tests.support.statements import SIGNER, issuance
from tests.unit.test_statement_blind import (
    CANDIDATES,
    SECRET_G,
    document_with,
    guess,
    template_of,
)
from veta import canonical
from veta.errors import ConflictError, NotFoundError
from veta.model.bundle import StatementBundle
from veta.model.identifiers import Digest, Leaf, UnixSeconds
from veta.ports.store import Erasure, ErasureReason, StatementState
from veta.services.anchor import BundleDesk
from veta.services.erase import EraseDesk
from veta.services.issue import IdempotentRequest, StatementIssuer
from veta.statement import base64url
from veta.trees import verify_inclusion

AT = UnixSeconds(1_790_000_000)
NAMES = ("one", "two", "three", "four")


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = make_parts(tmp_path)
    yield made
    made.store.close()


def issuer_of(parts: Parts) -> StatementIssuer:
    return StatementIssuer(
        store=parts.store,
        signer=SIGNER,
        clock=ManualClock(),
        member=MINE,
        identifier=MINE_PARTY.identifier,
    )


def blind_of(name: str) -> bytes:
    return issuance(name).blind


def issue(parts: Parts, name: str, figure_g: int = SECRET_G) -> Leaf:
    document = canonical.read_object(document_with(figure_g, blind_of(name)))
    document["id"] = f"urn:veta:secret:{name}"
    request = IdempotentRequest(f"key {name}", Digest(bytes(31) + name.encode()[:1]))
    return issuer_of(parts).issue(document, request=request).leaf


def anchored(parts: Parts) -> list[Leaf]:
    """Four statements in one batch on the chain; the second holds a secret."""
    leaves = [issue(parts, name, SECRET_G + 1 if name != "two" else SECRET_G) for name in NAMES]
    parts.anchorer.anchor()
    parts.steps(3)
    with parts.store.read() as work:
        assert work.count_statements()[StatementState.ANCHORED] == len(NAMES)
    return leaves


def desk(parts: Parts) -> EraseDesk:
    return EraseDesk(parts.store, MINE)


def files_of(folder: Path) -> bytes:
    """Everything that the database's files hold, its log too."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("node.db*")))


def secrets_of(name: str) -> list[bytes]:
    blind = base64url.encode(blind_of(name))
    return [blind, f"urn:veta:secret:{name}".encode(), blind_of(name)]


@pytest.mark.row("T70")
def test_erase__anchored__nothing_is_left_that_could_be_found(parts: Parts, tmp_path: Path) -> None:
    leaves = anchored(parts)
    assert all(each in files_of(tmp_path) for each in secrets_of("two")[:2])
    assert b"1234567" in files_of(tmp_path)
    done = desk(parts).erase(leaves[1], at_s=AT, reason=ErasureReason.PERSON)
    assert done.purged
    left = files_of(tmp_path)
    assert not [each for each in secrets_of("two") if each in left]
    assert b"1234567" not in left  # the others hold 1234568
    assert all(each in left for each in secrets_of("three")[:2])
    assert bytes(leaves[1]) in left


@pytest.mark.row("T70", "A44")
def test_erase__then_every_value_tried_against_the_anchored_leaf__none_fits(parts: Parts) -> None:
    """What is on the chain is the leaf: with the blind a figure of seven digits is found at once,
    and the blind was the only thing that is gone."""
    leaf = anchored(parts)[1]
    assert guess(template_with_id(blind_of("two")), leaf, CANDIDATES) == SECRET_G
    desk(parts).erase(leaf, at_s=AT, reason=ErasureReason.PERSON)
    for wrong in (bytes(16), *(blind_of(name) for name in NAMES if name != "two")):
        assert guess(template_with_id(wrong), leaf, CANDIDATES) is None


def template_with_id(blind: bytes) -> tuple[bytes, ...]:
    head, middle, tail = template_of(blind)
    document = canonical.read_object(document_with(SECRET_G, blind))
    old = canonical.write({"id": document["id"]})[1:-1]
    new = canonical.write({"id": "urn:veta:secret:two"})[1:-1]
    assert sum(part.count(old) for part in (head, middle, tail)) == 1
    return tuple(part.replace(old, new) for part in (head, middle, tail))


@pytest.mark.row("T70")
def test_erase__in_the_middle_of_a_batch__its_neighbours_are_proven_as_before(parts: Parts) -> None:
    leaves = anchored(parts)
    before = {leaf: BundleDesk(parts.store).bundle(leaf) for leaf in leaves}
    desk(parts).erase(leaves[1], at_s=AT, reason=ErasureReason.RETENTION)
    for leaf in (leaves[0], *leaves[2:]):
        bundle: StatementBundle = BundleDesk(parts.store).bundle(leaf)
        assert bundle == before[leaf]
        assert bundle.inclusion is not None and bundle.root is not None
        verify_inclusion(leaf, bundle.inclusion, bundle.root)
    with pytest.raises(NotFoundError) as gone:
        BundleDesk(parts.store).bundle(leaves[1])
    assert gone.value.code == "statement.erased"
    # A copy that was handed out before verifies as before: nobody can be made to forget it.
    copy = before[leaves[1]]
    assert copy.inclusion is not None and copy.root is not None
    verify_inclusion(leaves[1], copy.inclusion, copy.root)


@pytest.mark.row("T70")
def test_erase__leaves_a_tombstone_that_the_journal_goes_over(parts: Parts) -> None:
    leaves = anchored(parts)
    first = desk(parts).erase(leaves[1], at_s=AT, reason=ErasureReason.PERSON)
    again = desk(parts).erase(leaves[1], at_s=UnixSeconds(AT + 9), reason=ErasureReason.RETENTION)
    assert again.erasure == first.erasure  # the second time changes nothing
    assert (first.erasure.erased_s, first.erasure.reason) == (AT, ErasureReason.PERSON)
    assert first.erasure.position == 1
    with parts.store.read() as work:
        kinds = [type(each) is Erasure for each in work.journal()]
        assert kinds == [False, True, False, False]
        assert [each.leaf for each in work.journal()] == leaves
        before = Digest(bytes(32))
        for each in work.journal():
            if not isinstance(each, Erasure):
                assert each.record.journal(before) == each.journal
            before = each.journal


def test_erase__never_anchored__is_not_anchored_afterwards(parts: Parts) -> None:
    leaf = issue(parts, "one")
    desk(parts).erase(leaf, at_s=AT, reason=ErasureReason.CONFIDENTIAL)
    parts.anchorer.anchor()
    parts.steps(2)
    with parts.store.read() as work:
        assert work.batches() == ()


def test_erase__on_its_way__is_refused_until_it_is_settled(parts: Parts) -> None:
    leaf = issue(parts, "one")
    parts.anchorer.anchor()
    with pytest.raises(ConflictError) as refused:
        desk(parts).erase(leaf, at_s=AT, reason=ErasureReason.PERSON)
    assert refused.value.code == "erase.in_flight"


def test_erase__then_the_same_is_sent_again__it_does_not_come_back(parts: Parts) -> None:
    leaf = issue(parts, "one")
    desk(parts).erase(leaf, at_s=AT, reason=ErasureReason.PERSON)
    with pytest.raises(ConflictError) as refused:
        issue(parts, "one")
    assert refused.value.code == "statement.erased"
    with pytest.raises(NotFoundError):
        desk(parts).erase(Leaf(bytes(32)), at_s=AT, reason=ErasureReason.PERSON)


def test_erase__beside_a_reader__says_that_its_log_is_still_read(
    parts: Parts, tmp_path: Path
) -> None:
    leaf = anchored(parts)[1]
    with sqlite3.connect(tmp_path / "node.db", timeout=0.1) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM statements").fetchone()
        done = desk(parts).erase(leaf, at_s=AT, reason=ErasureReason.PERSON)
        assert not done.purged
        reader.rollback()
    reader.close()
    assert desk(parts).erase(leaf, at_s=AT, reason=ErasureReason.PERSON).purged
    assert not [each for each in secrets_of("two") if each in files_of(tmp_path)]


def test_veta_erase__asks_to_be_meant__and_removes_the_footprint_too(tmp_path: Path) -> None:
    home = anchored_home(tmp_path)
    footprints = home.home / "footprints"
    files = set(footprints.iterdir())
    unsure = home.run("erase", LOTS[1], "--reason", "person")
    assert (unsure.code, unsure.err.strip().endswith("[cli.not_confirmed]")) == (2, True)
    other = home.run("erase", LOTS[1], "--reason", "whim", "--yes")
    assert (other.code, other.err.strip().endswith("[cli.reason]")) == (2, True)
    ran = home.run("erase", LOTS[1], "--reason", "person", "--yes", "--json")
    assert (ran.code, ran.json["purged"]) == (0, True), ran
    assert {str(path) for path in files - set(footprints.iterdir())} == set(ran.json["files"])
    assert len(ran.json["files"]) == 1
    assert home.run("verify", LOTS[1]).code == 2  # nothing of that number is kept
    gone = home.run("verify", ran.json["leaf"])
    assert gone.err.strip().endswith("[statement.erased]")
    assert home.verdict(LOTS[0]).startswith("VALID")
    assert home.run("audit").code == 0
