"""The rod of two cathodes, with something said beside the batches behind it."""

from __future__ import annotations

from typing import Any, Final

from tests.support.custody_world import CO2E, MEMBER, NOW
from tests.support.disclosed_lots import Disclosure, rod_chain
from veta.custody.encoding import lot_id
from veta.model.anchoring import StatusAction, StatusEntry, StatusReason
from veta.model.columns import ColumnKey
from veta.model.determined import Known
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.notices import LotDispute, LotNoticeFacts, Restatement

ASSURER: Final = MemberId(77)
TELLS: Final = Leaf(b"\x31" * 32)


def restate(
    told: Disclosure,
    order: int,
    delta: int,
    *,
    column: ColumnKey = CO2E,
    at_s: int = NOW + 1_000,
    assurer: MemberId | None = None,
) -> Restatement:
    """Of the first batch of a run."""
    header = told.told[order].headers[0]
    return Restatement(
        issuer=header.issuer,
        root=header.root,
        column=column,
        delta=delta,
        reason=1,
        assurer=assurer,
        recorded_at_s=UnixSeconds(at_s),
        statement_leaf=TELLS,
    )


def beside(
    told: Disclosure,
    *restatements: Restatement,
    disputes: tuple[LotDispute, ...] = (),
) -> Disclosure:
    return told.with_facts(notices=Known(LotNoticeFacts(restatements, disputes)))


def restated_rod(order: int, delta: int, **changes: Any) -> Disclosure:
    told = rod_chain()
    return beside(told, restate(told, order, delta, **changes))


def closed_rod(delta: int) -> Disclosure:
    """The rod, whose own batch was restated, with its totals closed and no run shown."""
    told = restated_rod(2, delta)
    batch = told.part.batch
    shut = told.with_part(batch=type(batch)(batch.header, None), path=None)
    return Disclosure(**{**_fields(shut), "runs": ()})


def _fields(told: Disclosure) -> dict[str, Any]:
    return {name: getattr(told, name) for name in told.__dataclass_fields__}


def disputed(told: Disclosure, **changes: Any) -> Disclosure:
    lot = Digest(lot_id(MEMBER, told.part.lot_key))
    usual: dict[str, Any] = {
        "subject": lot,
        "party": MemberId(9),
        "opened_at_s": UnixSeconds(NOW),
        "lapses_s": UnixSeconds(2**40),
        "closed": False,
        "upheld": False,
    }
    return beside(told, disputes=(LotDispute(**{**usual, **changes}),))


def parent_said(action: StatusAction, then: Leaf | None = None, *, order: int = 0) -> Disclosure:
    """Something was said of the statement of a cathode that went in."""
    told = rod_chain()
    (first,) = [
        taken.statement_leaf
        for taken in told.disclosed[2].taken
        if taken.lot_key == told.told[2].run.takes[order].lot_key
    ]
    entry = StatusEntry(
        issuer=MEMBER,
        leaf=first,
        index=0,
        action=action,
        reason=StatusReason.WITHDRAWN if action is StatusAction.REVOKE else StatusReason.NONE,
        by_member=MEMBER,
        effective_s=UnixSeconds(NOW),
        recorded_at_s=UnixSeconds(NOW),
        related_leaf=then,
    )
    return told.with_facts(successions=Known((entry,)))
