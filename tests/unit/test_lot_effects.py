"""What state says of calls about records and notices: done, not done, or something else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from veta.model.anchoring import BlockRef
from veta.model.assurance import AssuranceRecord, RecordEntry
from veta.model.assurance_events import RecordAction, RecordSource
from veta.model.identifiers import (
    AccountAddress,
    BlockNumber,
    Digest,
    Leaf,
    MemberId,
    UnixSeconds,
)
from veta.ports.ledger import Call
from veta.ports.lot_store import LotCall, LotVerb
from veta.services.lot_effects import lot_effect
from veta.services.outbox_rules import Effect

ME, BODY = MemberId(4), MemberId(5)
LEAF = Digest(b"\x0c" * 32)
BLOCK = BlockRef(BlockNumber(9), Digest(b"\x09" * 32), Digest(b"\x08" * 32), UnixSeconds(1_000))
CALL = Call(AccountAddress(b"\x01" * 20), b"", 1, "test")
RECORD = AssuranceRecord(
    record=7, subject=BODY, issuer=ME, parent=0, scheme=1, level=2, from_s=UnixSeconds(1),
    until_s=UnixSeconds(9_000), substances=(), leaf=Leaf(LEAF), entries=(),
)  # fmt: skip


@dataclass
class Records:
    """A chain with one record, or none."""

    record: AssuranceRecord | None = None

    def record_of(self, issuer: MemberId, leaf: Leaf, block: BlockRef) -> int:
        return 7 if self.record and (issuer, bytes(leaf)) == (ME, bytes(LEAF)) else 0

    def assurance_record(self, record: int, block: BlockRef) -> AssuranceRecord | None:
        return self.record


def effect(verb: LotVerb, chain: Records, *, included: bool = False, **content: Any) -> Effect:
    call = LotCall(verb, ME, Digest(b"\x05" * 32), CALL, **content)
    return lot_effect(chain, call, BLOCK, included=included)  # type: ignore[arg-type]


def test_accredited__by_its_document__is_the_body_s_or_another_s() -> None:
    ask: dict[str, Any] = {"to": BODY, "digest": LEAF}
    assert effect(LotVerb.ACCREDIT, Records(), **ask) is Effect.ABSENT
    assert effect(LotVerb.ACCREDIT, Records(RECORD), **ask) is Effect.PRESENT
    other = replace(RECORD, subject=MemberId(6))
    assert effect(LotVerb.ACCREDIT, Records(other), **ask) is Effect.FOREIGN
    certificate = replace(RECORD, parent=3)
    assert effect(LotVerb.ACCREDIT, Records(certificate), **ask) is Effect.FOREIGN


def test_certified__under_another_accreditation__is_foreign() -> None:
    certificate = replace(RECORD, subject=3, parent=2)
    ask: dict[str, Any] = {"digest": LEAF}
    assert effect(LotVerb.CERTIFY, Records(certificate), record=2, **ask) is Effect.PRESENT
    assert effect(LotVerb.CERTIFY, Records(certificate), record=1, **ask) is Effect.FOREIGN


def entry(action: RecordAction, by: MemberId = ME, effective_s: int = 50) -> RecordEntry:
    return RecordEntry(action, RecordSource.ISSUER, by, UnixSeconds(effective_s), UnixSeconds(60))


@pytest.mark.parametrize(
    ("verb", "entries", "until_s", "expected"),
    [
        (LotVerb.WITHDRAW_RECORD, [], 0, Effect.ABSENT),
        (LotVerb.WITHDRAW_RECORD, [entry(RecordAction.SUSPEND)], 0, Effect.ABSENT),
        (LotVerb.WITHDRAW_RECORD, [entry(RecordAction.WITHDRAW, BODY)], 0, Effect.ABSENT),
        (LotVerb.WITHDRAW_RECORD, [entry(RecordAction.WITHDRAW)], 0, Effect.PRESENT),
        (LotVerb.VOID, [entry(RecordAction.WITHDRAW)], 0, Effect.ABSENT),
        (LotVerb.VOID, [entry(RecordAction.VOID)], 0, Effect.PRESENT),
        (LotVerb.VOID, [entry(RecordAction.VOID)], 50, Effect.PRESENT),
        (LotVerb.VOID, [entry(RecordAction.VOID)], 49, Effect.ABSENT),
    ],
)
def test_ended__by_an_entry_of_the_member_s_own__is_done(
    verb: LotVerb, entries: list[RecordEntry], until_s: int, expected: Effect
) -> None:
    chain = Records(replace(RECORD, entries=tuple(entries)))
    assert effect(verb, chain, record=7, until_s=UnixSeconds(until_s)) is expected
    assert effect(verb, Records(), record=7) is Effect.ABSENT


@pytest.mark.parametrize(
    "verb",
    [verb for verb in LotVerb if verb.told_by_receipt],
)
def test_said__what_can_be_taken_back__is_told_by_its_receipt_alone(verb: LotVerb) -> None:
    suspended = Records(replace(RECORD, entries=(entry(RecordAction.SUSPEND),)))
    assert effect(verb, suspended, record=7) is Effect.ABSENT
    assert effect(verb, Records(), included=True) is Effect.PRESENT
    assert verb.happens_once
