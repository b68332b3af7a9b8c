"""Steps 8 and 9: what was said beside a lot, and beside those that it was made from.

Sums are never rewritten and no statement is changed: a restatement, a dispute or a succession
stands beside, and every finding here is a notice with both figures. It goes away once what it asks
for was done: the batch's own issuer restated as much, or a later passport of the lot relies on the
later statement about what went in.
"""

from __future__ import annotations

from collections.abc import Iterator

from veta.custody.columns import column_of
from veta.custody.footprint import co2e_g_per_kg
from veta.model.anchoring import StatusAction, StatusEntry
from veta.model.bundle import LotFacts
from veta.model.columns import ColumnKind
from veta.model.determined import Known, Undetermined
from veta.model.disclosure import LotPart
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.notices import LotNoticeFacts, Restatement
from veta.verify.findings import not_determined
from veta.verify.lineage_graph import Walk
from veta.verify.lineage_step import is_lot
from veta.verify.lot_codes import found
from veta.verify.restated import RestatedColumn, restated
from veta.verify.runs import KnownTake
from veta.verify.stated import StatedLot
from veta.verify.successions import newest_of
from veta.verify.verdict import Check, FactValue, Step


def check_notices(
    part: LotPart,
    stated: StatedLot | None,
    walked: Walk,
    about: LotFacts | Undetermined,
    now_s: UnixSeconds | None,
) -> list[Check]:
    """What was restated, disputed, superseded and revoked since.

    Args:
        part: the lot, well-formed.
        stated: what its passport states.
        walked: the runs behind it, with their takes.
        about: what the chain says of lot and batches; where it says nothing, nor is anything here,
            for steps 8 and 9 have said so.
        now_s: time of the block; ``None`` without one.
    """
    if isinstance(about, Undetermined) or now_s is None:
        return []
    checks = list(_parents(walked, stated, about))
    if isinstance(about.notices, Undetermined):
        return [*checks, not_determined(Step.LINEAGE, about.notices)]
    checks += _restated(part, walked, about.notices.value)
    checks += _disputed(about.notices.value, now_s)
    return checks


def _disputed(notices: LotNoticeFacts, now_s: UnixSeconds) -> Iterator[Check]:
    for each in notices.disputes:
        if each.is_open(now_s):
            yield found(
                "lot.disputed",
                f"member {each.party} disputes the lot or its batch",
                party=each.party,
                opened_at_s=each.opened_at_s,
                lapses_s=each.lapses_s,
                upheld=each.upheld,
            )


def _restated(part: LotPart, walked: Walk, notices: LotNoticeFacts) -> Iterator[Check]:
    """Both figures of every column: as issued, and with what was restated."""
    result = restated(part, Walk() if walked.checks else walked, notices.restatements)
    for each in result.columns:
        words = column_of(each.column).words()
        if each.own != each.issued:
            sentence = f"its issuer restated the batch: {words} {each.issued}, now {each.own}"
            figures = _figures(part, each, each.own)
            yield found("lot.restated", sentence, **figures)
        if each.now != each.own:
            sentence = (
                f"a batch that it was made from was restated, and its own was not since: {words}"
                f" {each.issued} as issued, {each.now} to be recomputed"
            )
            yield found("lineage.restated", sentence, **_figures(part, each, each.now))
    for restatement in result.unshared:
        sentence = "its issuer restated the batch, whose totals stay closed: the lot's share of it"
        sentence += " cannot be told"
        yield found("lot.restated_in_total", sentence, **_place(restatement))
    for restatement in result.not_counted:
        sentence = "a batch was restated for the better, which no assurer confirmed: not counted"
        yield found("lineage.restatement_not_counted", sentence, **_place(restatement))


def _figures(part: LotPart, column: RestatedColumn, now: int) -> dict[str, FactValue]:
    told = column_of(column.column)
    facts: dict[str, FactValue] = {
        "column": column.column,
        "issued": column.issued,
        "restated": now,
    }
    mass_g = _mass_g(part) if told.kind is ColumnKind.CO2E else 0
    if mass_g:
        facts["issued_g_per_kg"] = co2e_g_per_kg(column.issued, mass_g)
        facts["restated_g_per_kg"] = co2e_g_per_kg(now, mass_g)
    return facts


def _mass_g(part: LotPart) -> int:
    """The lot's mass; 0 of one that states none, or several."""
    masses = [
        quantity
        for key, quantity in zip(part.columns, part.quantities, strict=True)
        if column_of(key).kind is ColumnKind.MASS
    ]
    return masses[0] if len(masses) == 1 else 0


def _place(restatement: Restatement) -> dict[str, FactValue]:
    return {
        "batch_issuer": restatement.issuer,
        "root": restatement.root.hex(),
        "column": restatement.column,
        "delta": restatement.delta,
        "recorded_s": restatement.recorded_at_s,
        "statement": restatement.statement_leaf.hex(),
    }


def _parents(walked: Walk, stated: StatedLot | None, about: LotFacts) -> Iterator[Check]:
    """Whether what is relied upon about the lots that went in still stands."""
    if walked.checks or walked.own is None or not walked.own.takes:
        return
    if isinstance(about.successions, Undetermined):
        yield not_determined(Step.LINEAGE, about.successions)
        return
    assert isinstance(about.successions, Known)
    entries = about.successions.value
    for take in {each.part.lot: each for each in walked.own.takes}.values():
        yield from _parent(take, _relied_on(take, stated), entries)


def _relied_on(take: KnownTake, stated: StatedLot | None) -> Leaf:
    """The statement about a lot that the passport goes by: its first, unless it names one."""
    for parent in stated.parents if stated is not None else ():
        if parent.leaf is not None and is_lot(take, parent):
            return parent.leaf
    return take.lot.statement_leaf


def _parent(take: KnownTake, relied: Leaf, entries: tuple[StatusEntry, ...]) -> Iterator[Check]:
    issuer = take.batch.header.issuer
    facts: dict[str, FactValue] = {"lot": take.part.lot.hex(), "relied_on": relied.hex()}
    line = newest_of(entries, issuer, take.lot.statement_leaf)
    if relied in line and line[-1] != relied:
        sentence = "a statement about a lot that went in was superseded since, and this one still"
        sentence += " relies on the earlier"
        yield found("lineage.parent_superseded", sentence, newest=line[-1].hex(), **facts)
    revoked = [
        each
        for each in entries
        if each.action is StatusAction.REVOKE and (each.issuer, each.leaf) == (issuer, relied)
    ]
    if revoked:
        sentence = "a statement about a lot that went in was revoked"
        facts |= {"reason": revoked[0].reason.name.lower(), "said_at_s": revoked[0].recorded_at_s}
        yield found("lineage.parent_revoked", sentence, **facts)
