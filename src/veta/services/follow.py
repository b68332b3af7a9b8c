"""The follower: the chain's records, kept beside the node and taken back by reorganisations.

Each block is checked to stand on the one before it, and what it emitted is folded into each
contract's event head (keccak256(head || keccak256(topics || data))), which must equal the head that
the contract itself keeps: an endpoint that leaves out a single log is found out.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from sha3 import keccak_256

from veta.errors import LedgerMismatchError
from veta.model.anchoring import AnchorRecord, BlockRef
from veta.model.identifiers import BlockNumber, Digest
from veta.ports.ledger import EventHead, LedgerEvent, LedgerReader
from veta.ports.store import FollowedBlock, FollowedBody, Store

BLOCKS_AT_ONCE: Final = 64
"""Blocks a database transaction."""
DEEPEST_REORGANISATION: Final = 64
EMPTY_HEAD: Final = EventHead(0, Digest(bytes(32)))


@dataclass(frozen=True, slots=True)
class FollowReport:
    """What a step did."""

    followed: int
    undone: int
    cursor: BlockRef
    head: BlockRef

    @property
    def at_head(self) -> bool:
        """Nothing is left to follow."""
        return self.cursor == self.head


def fold_block(
    ref: BlockRef, events: Sequence[LedgerEvent], heads: Mapping[str, EventHead]
) -> FollowedBlock:
    """What is kept of a block, given the heads before it (DESIGN section 2). Pure.

    Raises:
        LedgerMismatchError: ``follow.events_disorder``: the events are not this block's, in order.
    """
    bodies = []
    number, last = ref.number, -1
    running: dict[str, tuple[int, bytes]] = {}
    for event in events:
        log_index, contract = event.log_index, event.contract
        if event.block != number or log_index <= last:
            raise LedgerMismatchError(
                "follow.events_disorder", f"block {number} came with events of another order"
            )
        last = log_index
        if contract not in running:
            before = heads.get(contract, EMPTY_HEAD)
            running[contract] = (before.count, before.head)
        count, head = running[contract]
        inner = keccak_256(b"".join((*event.topics, event.data))).digest()
        running[contract] = (count + 1, keccak_256(head + inner).digest())
        body = event.body
        if body is not None:
            if isinstance(body, AnchorRecord):
                body = replace(body, block=number)
            bodies.append(FollowedBody(number, log_index, event.transaction_id, body))
    changed = {each: EventHead(count, Digest(head)) for each, (count, head) in running.items()}
    return FollowedBlock(ref, tuple(bodies), changed)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Python's collector of cycles rests for the time of a chunk.

    A chunk makes some hundred thousand objects, no cycle among them, and forgets them all at its
    end: looking at them again and again took a fifth of the follower's time.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Follower:
    """Keeps the store in step with the chain's head.

    Args:
        store: where it is kept; the cursor is its newest block.
        ledger: the chain.
        contracts: names of the pinned contracts, whose event heads are compared.
        deepest: a reorganisation deeper than this stops the follower.
        blocks_at_once: blocks a database transaction.
    """

    def __init__(
        self,
        *,
        store: Store,
        ledger: LedgerReader,
        contracts: Sequence[str],
        deepest: int = DEEPEST_REORGANISATION,
        blocks_at_once: int = BLOCKS_AT_ONCE,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._contracts = tuple(contracts)
        self._deepest = deepest
        self._blocks_at_once = blocks_at_once

    def follow(self, progress: Callable[[int, int], None] | None = None) -> FollowReport:
        """Follow up to the head.

        Args:
            progress: called with (newest followed block, head) after each database transaction.

        Raises:
            LedgerUnavailableError: the endpoint failed; what was followed so far is kept.
            LedgerMismatchError: ``follow.deep_reorganisation``, ``follow.other_genesis``,
                ``follow.head_mismatch`` (logs were left out or made up),
                ``follow.events_disorder``. Nothing of the offending chunk is kept.
        """
        followed = undone = 0
        while True:
            report = self.step()
            followed += report.followed
            undone += report.undone
            if progress is not None:
                progress(report.cursor.number, report.head.number)
            if report.at_head or not report.followed:
                return replace(report, followed=followed, undone=undone)

    def step(self) -> FollowReport:
        """Undo what is no longer on the chain, then follow one chunk; one database transaction.

        Raises:
            LedgerUnavailableError, LedgerMismatchError: as ``follow``.
        """
        with _without_collection():
            return self._step()

    def _step(self) -> FollowReport:
        head = self._ledger.head()
        with self._store.read() as work:
            cursor = work.cursor()
        ancestor = None if cursor is None else self._ancestor(cursor)
        with self._store.read() as work:
            heads = {} if ancestor is None else dict(work.event_heads(ancestor.number))
        chunk = self._fetch(ancestor, heads, head)
        with self._store.write() as work:
            undone = 0
            if ancestor is not None and cursor != ancestor:
                undone = work.undo_above(ancestor.number)
            work.append_blocks(chunk)
        newest = chunk[-1].ref if chunk else ancestor
        assert newest is not None  # the genesis block is in the first chunk
        return FollowReport(len(chunk), undone, newest, head)

    def _ancestor(self, cursor: BlockRef) -> BlockRef:
        """The newest followed block that is still on the endpoint's chain."""
        candidate = cursor
        for _ in range(self._deepest + 1):
            if self._ledger.block(candidate.number) == candidate:
                return candidate
            if candidate.number == 0:
                raise LedgerMismatchError(
                    "follow.other_genesis", "the endpoint's chain has another first block"
                )
            with self._store.read() as work:
                below = work.followed_block(BlockNumber(candidate.number - 1))
            assert below is not None  # blocks are followed without gaps from 0
            candidate = below
        raise LedgerMismatchError(
            "follow.deep_reorganisation",
            f"more than {self._deepest} blocks below {cursor.number} were replaced; "
            "a person must look at this",
        )

    def _fetch(
        self, ancestor: BlockRef | None, heads: dict[str, EventHead], head: BlockRef
    ) -> list[FollowedBlock]:
        first = 0 if ancestor is None else ancestor.number + 1
        last = min(head.number, first + self._blocks_at_once - 1)
        chunk: list[FollowedBlock] = []
        below = ancestor
        for number in range(first, last + 1):
            ref = self._ledger.block(BlockNumber(number))
            if ref is None or (below is not None and ref.parent_digest != below.digest):
                break  # reorganised while reading: the next step starts from what is there now
            folded = fold_block(ref, self._ledger.events(ref), heads)
            heads.update(folded.heads)
            if folded.heads or number == last:
                self._compare(ref, heads)
            chunk.append(folded)
            below = ref
        return chunk

    def _compare(self, ref: BlockRef, heads: Mapping[str, EventHead]) -> None:
        for contract in self._contracts:
            told = self._ledger.event_head(contract, ref)
            if told != heads.get(contract, EMPTY_HEAD):
                raise LedgerMismatchError(
                    "follow.head_mismatch",
                    f"{contract} counts {told.count} events at block {ref.number}, "
                    f"the endpoint's logs make {heads.get(contract, EMPTY_HEAD).count}",
                )
