"""The audit's part about lots: own batches against their roots, calls against what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from veta.custody.encoding import lot_id
from veta.errors import StoreError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import MemberId
from veta.ports.lot_store import LotCall, LotVerb, OwnLotBatch
from veta.ports.store import Intent, IntentState, OutboxEntry, StoreWork
from veta.services.lot_reading import kept_lots, tree_of
from veta.services.outbox_rules import Effect
from veta.services.planning import TransactionPlanner

_WORD: Final = 32
_NAMING: Final = frozenset(
    {LotVerb.WITHDRAW, LotVerb.REPLACE, LotVerb.EXIT, LotVerb.ACCREDIT, LotVerb.CERTIFY}
)
"""Verbs whose root and digest stand in their calldata."""


class Differences(Protocol):
    """Where differences are noted."""

    def add(self, code: str, subject: str, message: str) -> None:
        """Note one."""


def audit_lot_call(
    call: LotCall,
    intent: Intent,
    entry: OutboxEntry,
    planner: TransactionPlanner,
    final: BlockRef,
) -> Iterator[str]:
    """What is wrong with a lot call and one of its nonces.

    Whether it was done is read from the contracts' state, or from the entry: ``audit.outcome``
    compares that with its receipt.
    """
    if call.call != entry.call or (entry.sequence is not None) != (call.draws > 0):
        yield "not the call that its intent means"
    told: list[bytes] = [] if call.verb in {LotVerb.OPEN, LotVerb.ACCEPT} else list(call.lots)
    numbers = (call.to, call.until_s, call.rule, call.record)
    told += [number.to_bytes(_WORD) for number in numbers if number]
    if call.verb in _NAMING:
        told += [octets for octets in (call.root, call.digest) if octets is not None]
    draws_other = (call.verb in {LotVerb.RUN, LotVerb.REPLACE}) != (call.draws > 0)
    if call.member != planner.member or draws_other or not _all_in(told, call.call.data):
        yield "the call says something else than its intent"
    done = intent.state is IntentState.DONE
    if done and planner.effect(intent, final, included=True)[0] is not Effect.PRESENT:
        yield "said to be done, and is not"


def audit_own_batches(work: StoreWork, differences: Differences) -> int:
    """Every own batch makes its root, under the lots' own names, and its run's call carries it."""
    count = 0
    outputs: dict[int, list[int]] = {}
    for number, batch in work.all_own_lot_batches():
        count += 1
        subject = f"lot batch {batch.root.hex()[:16]}"
        outputs.setdefault(number, []).append(batch.output)
        try:
            intent = work.intent(number)
            fault = _batch_fault(batch, intent) or _told_otherwise(work, batch)
        except StoreError as error:
            differences.add(error.code, subject, error.message)
            continue
        if fault:
            differences.add("audit.lot_batch", subject, fault)
    for number, found in outputs.items():
        intent = work.intent(number)
        draws = intent.subject.draws if intent and isinstance(intent.subject, LotCall) else 0
        if sorted(found) != list(range(draws)):
            differences.add("audit.lot_batch", f"intent {number}", "it makes other batches")
    return count


def _told_otherwise(work: StoreWork, batch: OwnLotBatch) -> str:
    """What the chain, as followed, says otherwise of a batch."""
    found = told_of = work.lot_batch(batch.issuer, batch.root)
    while told_of is not None and not told_of.columns:  # it has the totals of what it replaced
        told_of = work.replaced_batch(batch.issuer, told_of.header.root)
    if found is None or told_of is None:
        return ""  # not there yet
    told = (found.header.product_class, told_of.columns, told_of.salt)
    same = told == (batch.product_class, batch.columns, batch.salt)
    return "" if same else "the chain says something else of it"


def _batch_fault(batch: OwnLotBatch, intent: Intent | None) -> str:
    tree_of(batch)
    kept = kept_lots(batch.leaves, batch.quantities, len(batch.columns))
    if tuple(lot_id(batch.issuer, key) for key, _, _ in kept) != batch.lots:
        return "its lots have other names"
    if intent is None or not isinstance(intent.subject, LotCall):
        return "nothing says what makes it"
    data = intent.subject.call.data
    told: list[bytes] = [batch.root]
    if intent.subject.verb is LotVerb.RUN:  # a replacement says none of its totals
        told += [batch.salt, *(key.to_bytes(4) for key in batch.columns)]
    if not _all_in(told, data):
        return "the call that makes it says something else"
    return ""


def _all_in(parts: Iterable[bytes], data: bytes) -> bool:
    return all(data.find(part) >= 0 for part in parts)


def audit_followed_batches(
    work: StoreWork, member: MemberId, differences: Differences
) -> list[int]:
    """Sequence numbers of the member's followed batches; those of nobody here are named."""
    ours = {batch.root for _, batch in work.all_own_lot_batches()}
    numbers = []
    for batch in work.lot_batches(member):
        header = batch.header
        numbers.append(header.sequence)
        if header.root not in ours:
            differences.add(
                "audit.unknown_batch",
                f"sequence {header.sequence}",
                "lots issued in the member's name, and not by this store",
            )
    return numbers
