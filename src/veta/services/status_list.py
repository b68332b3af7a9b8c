"""Publish statuses as a W3C Bitstring Status List, made from the chain as followed.

The chain decides a status; the list is its copy. A statement's index is drawn at random when it is
issued and is in its signed document: neighbours in a batch are no neighbours in the list, so what a
reader looks up tells nobody which lot it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from veta.errors import ConflictError, InputError, NotFoundError
from veta.model.anchoring import BlockRef
from veta.model.bundle import StatusListClaim
from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.ports.store import Store, StoreWork
from veta.services.issue import StatementIssuer
from veta.statement.credential import Credential, read_credential
from veta.statement.jws import read_statement
from veta.statement.status_list import (
    LIST_BITS,
    REVOCATION,
    StatusListEntry,
    bit_at,
    build_status_list,
    entry_of,
    read_status_list,
)
from veta.verify.timing import judge_status
from veta.verify.verdict import Outcome

MOST_USED: Final = LIST_BITS // 2
"""Places of a list that are given away: a random place is free in two tries at most on average."""
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Listed:
    """A statement of ours with a place in a list."""

    leaf: Leaf
    index: int
    revoked: bool
    """By the chain, at the block."""


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A list that was made."""

    token: bytes
    block: BlockRef
    listed: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A statement of which list and chain say different things."""

    leaf: Leaf
    index: int
    on_chain: bool
    in_list: bool


class StatusListDesk:
    """Gives places in status lists, makes lists, and holds published ones against the chain.

    Args:
        store: the node's, as followed.
        member: whose statements they are.
        issuer: signs.
    """

    def __init__(self, store: Store, member: MemberId, issuer: StatementIssuer) -> None:
        self._store = store
        self._member = member
        self._issuer = issuer

    def places(self, list_url: str, count: int) -> list[StatusListEntry]:
        """Places of a list that nobody has, drawn at random.

        Raises:
            ConflictError: ``status_list.full``: begin another list.
            InputError: ``status_list.url``: no https address of at most 1,000 characters.
        """
        require_url(list_url)
        with self._store.read() as work:
            used = {place.index for place, _ in self._own(work, list_url)}
        if len(used) + count > MOST_USED:
            raise ConflictError(
                "status_list.full", f"{list_url} has {len(used)} places taken; begin another list"
            )
        drawn: list[StatusListEntry] = []
        while len(drawn) < count:
            index = secrets.randbelow(LIST_BITS)
            if index not in used:
                used.add(index)
                drawn.append(StatusListEntry(list_url, REVOCATION, index))
        return drawn

    def make(self, list_url: str, *, valid_s: int = DAY_S) -> PublishedList:
        """A list as of the block that was followed last, signed, to be published at its address.

        Raises:
            NotFoundError: ``status_list.unknown``: no statement of ours names it;
                ``status_list.not_followed``: the chain was never followed.
        """
        block, listed, issuer = self._listed(list_url)
        document = build_status_list(
            list_url,
            issuer=issuer,
            indices=[each.index for each in listed if each.revoked],
            valid_from_s=block.time_s,
            valid_until_s=UnixSeconds(block.time_s + valid_s),
        )
        return PublishedList(self._issuer.prepare(document).token, block, listed)

    def differences(self, list_token: bytes) -> tuple[BlockRef, tuple[Difference, ...]]:
        """Where a published list and the chain differ, statement by statement.

        Raises:
            InputError: ``status_list.*``, ``statement.*``: it is no such list.
            NotFoundError: as ``make``.
        """
        credential = read_statement(list_token).credential
        octets = read_status_list(credential)
        block, listed, _ = self._listed(credential.credential_id)
        found = ((each, StatusListClaim(bit_at(octets, each.index))) for each in listed)
        return block, tuple(
            Difference(each.leaf, each.index, each.revoked, claim.revoked)
            for each, claim in found
            if each.revoked != claim.revoked
        )

    def _listed(self, list_url: str) -> tuple[BlockRef, tuple[Listed, ...], dict[str, Any]]:
        require_url(list_url)
        with self._store.read() as work:
            block = work.cursor()
            if block is None:
                raise NotFoundError("status_list.not_followed", "the chain was never followed")
            own = list(self._own(work, list_url))
            if not own:
                raise NotFoundError(
                    "status_list.unknown", f"no statement of ours has its status in {list_url}"
                )
            listed = tuple(
                Listed(leaf, place.index, self._revoked(work, leaf, block))
                for place, (leaf, _) in own
            )
        issuer = own[0][1][1].document["issuer"]
        return block, listed, dict(issuer)

    def _revoked(self, work: StoreWork, leaf: Leaf, block: BlockRef) -> bool:
        entries = work.status(self._member, leaf)
        findings = judge_status(entries, relied_on_at_s=block.time_s, listed_revoked=None)
        return any(each.outcome is Outcome.FAILED for each in findings)

    def _own(
        self, work: StoreWork, list_url: str
    ) -> Iterator[tuple[StatusListEntry, tuple[Leaf, Credential]]]:
        """Statements of ours that name a list; those that cannot name it are not even read."""
        needle = list_url.encode()
        for stored in work.all_statements():
            record = stored.record
            if record.issuer != self._member or needle not in record.payload:
                continue
            credential = read_credential(record.payload)
            place = entry_of(credential)
            if place is not None and place.list_url == list_url:
                yield place, (record.leaf, credential)


def require_url(list_url: str) -> None:
    """Refuse what is no address of a list.

    Raises:
        InputError: ``status_list.url``.
    """
    plain = list_url.isascii() and list_url.isprintable() and not set(list_url) & set(' "\\<>^`{|}')
    if not list_url.startswith("https://") or len(list_url) > 1_000 or not plain:
        raise InputError("status_list.url", "a status list has an https address")
