"""What the chain says that a run is judged by, all read at one block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from veta.custody.columns import column_of, kind_of
from veta.custody.draft import ChainTerms, DraftOutput, DraftTake
from veta.custody.periods import period_of, period_of_production
from veta.custody.refusals import Problem, problem
from veta.errors import InputError
from veta.model.anchoring import BlockRef
from veta.model.columns import ColumnKey, ColumnKind, ProgrammeId, SubstanceId
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lots import (
    AllocationRule,
    LotBatchKind,
    LotRules,
    ProductClassId,
    ProductClassTerms,
    SiteId,
)
from veta.model.periods import Period
from veta.ports.lots import LotLedgerReader
from veta.services.run_requests import RunRequest


class TermsReader:
    """Reads terms for one member at one block.

    Args:
        lots: the chain.
        member: who would make the run.
        block: where to read.
        now_s: block time to judge for.
    """

    def __init__(
        self, lots: LotLedgerReader, member: MemberId, block: BlockRef, now_s: UnixSeconds
    ) -> None:
        self._lots = lots
        self._member = member
        self._block = block
        self._now_s = now_s

    def product_class(self, product_class: ProductClassId) -> ProductClassTerms:
        """A registered class.

        Raises:
            InputError: ``custody.unknown_product_class``.
        """
        found = self._lots.product_class(product_class, self._block)
        if found is None:
            raise _refused(
                problem("UnknownProductClass", arguments={"productClass": product_class})
            )
        return found

    def rule(self, number: int, site: SiteId) -> AllocationRule | None:
        """An allocation rule in force for a site; ``None`` for number 0.

        Raises:
            InputError: ``custody.rule_not_in_force``.
        """
        if not number:
            return None
        found = self._lots.allocation_rule(number, self._block)
        if found is None or found.site != site:
            facts = {"rule": number, "site": site, "from": 0, "until": 0}
            raise _refused(problem("RuleNotInForce", arguments=facts))
        return found

    def terms(
        self, request: RunRequest, outputs: Iterable[DraftOutput], takes: Iterable[DraftTake]
    ) -> ChainTerms:
        """Everything that a draft of the request is judged by."""
        lots, block, member = self._lots, self._block, self._member
        period = _period(request.produced_to_s)
        metals = {
            SubstanceId(column_of(key).substance)
            for output in outputs
            for key in output.columns
            if _is(key, ColumnKind.METAL)
        }
        external = request.kind is LotBatchKind.EXTERNAL
        origin, site = request.kind is LotBatchKind.ORIGIN, request.site
        at_site = request.kind in {LotBatchKind.ORIGIN, LotBatchKind.GAIN} and period is not None
        rules = lots.lot_rules(block)
        no_site = external and not site
        return ChainTerms(
            member=member,
            now_s=self._now_s,
            rules=rules,
            operates=no_site or lots.operates(site, member, block),
            capacity={s: lots.capacity(site, s, block) for s in metals if origin},
            use={
                s: lots.period_use(site, s, period, block)
                for s in metals
                if at_site and period is not None
            },
            ceiling={s: lots.external_ceiling(member, s, block) for s in metals if external},
            ceiling_use={
                s: lots.ceiling_use(member, s, period, block)
                for s in metals
                if external and period is not None
            },
            accounts=self._accounts(request, rules),
            suspended=self._suspended(takes),
            reducible=self._reducible(request),
            used_sources=self._used_sources(request),
        )

    def _accounts(
        self, request: RunRequest, rules: LotRules
    ) -> Mapping[tuple[ProgrammeId, SubstanceId], Mapping[Period, int]]:
        wanted = {draw.column for draw in request.draws if _is(draw.column, ColumnKind.CREDIT)}
        current = period_of(self._now_s)
        periods = [Period(current - age) for age in range(rules.credit_periods + 1)]
        accounts = {}
        for key in wanted:
            account = (ProgrammeId(column_of(key).qualifier), column_of(key).substance)
            accounts[account] = {
                period: self._lots.credit(request.site, *account, period, self._block)
                for period in periods
            }
        return accounts

    def _suspended(self, takes: Iterable[DraftTake]) -> frozenset[tuple[SiteId, ProgrammeId]]:
        asked = {
            (take.lot.header.site, ProgrammeId(column_of(key).qualifier))
            for take in takes
            if take.lot.header.kind is LotBatchKind.ORIGIN
            for key in take.lot.columns
            if _is(key, ColumnKind.CREDIT)
        }
        return frozenset(pair for pair in asked if self._lots.suspended(*pair, self._block))

    def _reducible(self, request: RunRequest) -> frozenset[tuple[ProgrammeId, ProgrammeId]]:
        asked = {
            (ProgrammeId(column_of(r.from_column).qualifier), ProgrammeId(_qualifier(r.to_column)))
            for r in request.reductions
            if _is(r.from_column, ColumnKind.CREDIT) and _is(r.to_column, ColumnKind.CREDIT)
        }
        return frozenset(pair for pair in asked if self._lots.reducible(*pair, self._block))

    def _used_sources(self, request: RunRequest) -> Mapping[bytes, bytes]:
        if not any(request.source):
            return {}
        batch = self._lots.source_batch(request.source, self._block)
        return {} if batch is None else {request.source: batch}


def _qualifier(key: ColumnKey) -> int:
    return column_of(key).qualifier


def _is(key: ColumnKey, kind: ColumnKind) -> bool:
    """Whether a key is one and of this kind; what is none is found by judging."""
    try:
        return kind_of(key) is kind
    except InputError:
        return False


def _period(produced_to_s: int) -> Period | None:
    try:
        return period_of_production(produced_to_s)
    except InputError:
        return None


def _refused(found: Problem) -> InputError:
    return InputError(found.code, found.message)
