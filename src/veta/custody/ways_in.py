"""What bounds a run beside the laws: its window, its site, how metal may come in (DESIGN 4.5)."""

from __future__ import annotations

from collections.abc import Iterator

from veta.custody.columns import Sums, added, column_of, of_kind, sums_of
from veta.custody.draft import ChainTerms, DraftOutput, RunDraft
from veta.custody.periods import period_of_production
from veta.custody.refusals import Problem, problem
from veta.custody.rounding import PPM
from veta.custody.shape import count_problem, run_columns
from veta.model.columns import ColumnKey, ColumnKind, OriginClass, SubstanceId, class_key
from veta.model.lots import CustodyModel, HeaderFlag, LotBatchKind, PeriodUse

_UNUSED = PeriodUse(0, 0, 0)


def output_sums(output: DraftOutput) -> dict[ColumnKey, int]:
    """What the lots of an output sum to."""
    columns = zip(*output.lots, strict=True)
    return sums_of(output.columns, [sum(quantities) for quantities in columns])


def own_flags(draft: RunDraft) -> HeaderFlag:
    """Flags that a run sets by what it is; UNALLOCATED is for the laws to say."""
    flags = HeaderFlag(0)
    if draft.kind is LotBatchKind.EXTERNAL:
        flags |= HeaderFlag.RECYCLED if draft.recycled else HeaderFlag.EXTERNAL
    if draft.kind is LotBatchKind.GAIN:
        flags |= HeaderFlag.GAIN
    if draft.first_measured:
        flags |= HeaderFlag.FIRST_MEASURED
    return flags


def window_problems(draft: RunDraft, terms: ChainTerms) -> Iterator[Problem]:
    """Production window, lateness, the site's operator, the allocation rule's window."""
    facts: dict[str, object]
    start, end, now = draft.produced_from_s, draft.produced_to_s, terms.now_s
    if start >= end or end > now:
        facts = {"from": start, "until": end, "now": now}
        yield problem("ProductionWindow", arguments=facts)
    latest = end + terms.rules.lateness_s
    if now > latest:
        facts = {"producedTo": end, "latest": latest, "now": now}
        yield problem("TooLate", arguments=facts)
    siteless = draft.kind is LotBatchKind.EXTERNAL and draft.site == 0
    if not terms.operates and not siteless:
        facts = {"site": draft.site, "member": terms.member}
        yield problem("NotSiteOperator", arguments=facts)
    rule = draft.rule
    if rule is not None and (rule.site != draft.site or not rule.from_s <= now < rule.until_s):
        facts = {"rule": rule.rule, "site": rule.site, "from": rule.from_s, "until": rule.until_s}
        yield problem("RuleNotInForce", arguments=facts)


def way_in_problems(draft: RunDraft, terms: ChainTerms) -> Iterator[Problem]:
    """What this kind of run has no part of, and what bounds metal that comes in."""
    external = draft.kind is LotBatchKind.EXTERNAL
    if not external and any(draft.source):
        yield problem("SourceMissing", arguments={"source": draft.source})
    if not external and draft.recycled:
        yield problem("NotInThisRun", arguments={"what": b"recycled"})
    if draft.kind is LotBatchKind.TRANSFORM:
        if draft.covers:
            yield problem("NotInThisRun", arguments={"what": b"covers"})
        return
    for what, parts in (
        ("takes", draft.takes),
        ("firstMeasured", draft.first_measured),
        ("credit", (*draft.reductions, *draft.draws)),
        ("losses", draft.losses),
    ):
        if parts:
            yield problem("NotInThisRun", arguments={"what": what.encode()})
    yield from _bounds(draft, terms)
    if draft.kind is LotBatchKind.ORIGIN:
        yield from _covers(draft)
    else:
        yield from _uncertified(draft)
    if external:
        yield from _from_outside(draft, terms)
    yield from _no_other_class(draft)


def _covers(draft: RunDraft) -> Iterator[Problem]:
    """Credit enters only under certificates; whether those hold is Assurance's to say."""
    wanted = tuple(of_kind(run_columns(draft), ColumnKind.CREDIT))
    given = tuple(cover.column for cover in draft.covers if cover.certificates)
    for key in sorted(set(wanted) ^ set(given)):
        yield problem("CoverMissing", arguments={"column": key})


def _uncertified(draft: RunDraft) -> Iterator[Problem]:
    """What comes in without history: one batch, no credit, blended, at least the default CO2e."""
    if draft.covers:
        yield problem("NotInThisRun", arguments={"what": b"covers"})
    yield from count_problem("outputs", len(draft.outputs), 1, 1)
    for output in draft.outputs:
        if output.model is not CustodyModel.CONTROLLED_BLENDING:
            facts = {"what": b"model", "value": int(output.model)}
            yield problem("UnknownValue", arguments=facts)
        for key in of_kind(output.columns, ColumnKind.CREDIT):
            yield problem("CoverMissing", arguments={"column": key})
        sums = output_sums(output)
        carried = sum(sums[key] for key in of_kind(sums, ColumnKind.CO2E))
        default = output.terms.co2e_default_per_million * sums[output.reference_column]
        least = -(-default // PPM)
        if carried < least:
            product_class = output.terms.product_class
            facts = {"productClass": product_class, "given": carried, "minimum": least}
            yield problem("BelowDefault", arguments=facts)


def _from_outside(draft: RunDraft, terms: ChainTerms) -> Iterator[Problem]:
    """Its class says so of all of its metal, for ever; its source comes in once."""
    if not any(draft.source):
        yield problem("SourceMissing", arguments={"source": draft.source})
    if draft.source in terms.used_sources:
        facts = {"source": draft.source, "batch": terms.used_sources[draft.source]}
        yield problem("SourceUsed", arguments=facts)
    origin = _declared_class(draft)
    for output in draft.outputs:
        sums = output_sums(output)
        for metal in of_kind(output.columns, ColumnKind.METAL):
            held, wanted = sums[metal], class_key(origin, column_of(metal).substance)
            if wanted not in sums and held:
                yield problem("UnknownColumn", arguments={"key": wanted})
            elif held and sums[wanted] != held:
                bounds = {"given": sums[wanted], "minimum": held, "maximum": held}
                yield problem("QuantityOutOfBounds", arguments={"column": wanted, **bounds})


def _declared_class(draft: RunDraft) -> OriginClass:
    """Of what is declared to come from outside."""
    return OriginClass.RECYCLED if draft.recycled else OriginClass.EXTERNAL


def _no_other_class(draft: RunDraft) -> Iterator[Problem]:
    """Scrap gets no mine's origin and ore no recycled class (A41): a class has to be declared."""
    external = draft.kind is LotBatchKind.EXTERNAL
    for output in draft.outputs:
        sums = output_sums(output)
        for key in of_kind(output.columns, ColumnKind.CLASS):
            declared = external and column_of(key).qualifier == _declared_class(draft)
            if sums[key] and not declared:
                facts = {"column": key, "given": sums[key]}
                yield problem("ClassAtWayIn", arguments=facts)


def _bounds(draft: RunDraft, terms: ChainTerms) -> Iterator[Problem]:
    """Capacity of a site, ceiling of a member, and what a stock-take may find."""
    made: Sums = added(output_sums(output) for output in draft.outputs)
    period = int(period_of_production(draft.produced_to_s))
    for key in of_kind(made, ColumnKind.METAL):
        substance = SubstanceId(column_of(key).substance)
        used = terms.use.get(substance, _UNUSED)
        place: dict[str, object] = {"site": draft.site, "substance": substance, "period": period}
        match draft.kind:
            case LotBatchKind.ORIGIN:
                wanted, most = used.originated + made[key], terms.capacity.get(substance, 0)
                name, limit = "OverCapacity", "capacity"
            case LotBatchKind.EXTERNAL:
                wanted = terms.ceiling_use.get(substance, 0) + made[key]
                most, name, limit = terms.ceiling.get(substance, 0), "OverCeiling", "ceiling"
                place["member"] = terms.member
                del place["site"]
            case _:
                wanted = used.gained + made[key]
                most, name, limit = used.taken * terms.rules.gain_ppm // PPM, "OverGain", "bound"
        if wanted > most:
            yield problem(name, arguments={**place, "wanted": wanted, limit: most})
