"""Step 12: the printed footprint computed again, from the lot's columns and the runs disclosed.

    inherited   CO2e that came with what the lot's run took, by the takes themselves
    added       declared emissions: process, transport, bought-in
    allocated   less what the run's other products carry
    the lot     its part of the rest by the reference, and a kilogram of it, rounded up

The printed figure must be that integer. The next one below is what other roundings give: it says
less than the lot carries, which is a notice. A figure of another boundary, unit or GWP set is not
the column's and is never compared. Declared emissions stay declared: that they are true is not
shown, nor that an allocation method is the right one; it is part of the signed document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from veta.custody.columns import Sums, column_of, of_kind, sums_of
from veta.custody.encoding import lot_id
from veta.custody.floor import co2e_floor
from veta.custody.footprint import co2e_g_per_kg
from veta.custody.laws import RunSums
from veta.custody.lineage import Limits
from veta.custody.rounding import proportion
from veta.errors import ProvenanceError
from veta.model.columns import ColumnKind
from veta.model.disclosure import LotPart
from veta.model.lots import EmissionPart, HeaderFlag
from veta.verify.lineage_graph import MAX_NODES
from veta.verify.lineage_step import Lineage
from veta.verify.lot_codes import found
from veta.verify.lot_columns import co2e_of, mass_column
from veta.verify.runs import JudgedRun
from veta.verify.stated import StatedFootprint, StatedLot
from veta.verify.verdict import Check, FactValue

BOUNDARY: Final = "cradle-to-gate"
"""What the CO2e column counts (PACT pcfExcludingBiogenicUptake)."""
DECLARED_UNIT: Final = "kilogram"
GWP_SETS: Final = {1: "AR6"}
"""Assessment report, 100 years, by the set's number in the registry."""
_LIMITS: Final = Limits(runs=MAX_NODES, edges=MAX_NODES)
_GRAMS: Final = 1000


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A lot's burden from its run, before anybody printed it."""

    inherited_g: int
    emissions_g: Mapping[EmissionPart, int]
    to_others_g: int
    """Carried by the run's other products."""
    batch_g: tuple[int, int]
    """Least and most that the lot's batch carries in proportion to its product class."""
    lot_g: tuple[int, int]
    """Least and most that the lot carries in proportion."""

    def facts(self) -> dict[str, FactValue]:
        """For the report."""
        parts = {f"{part.name.lower()}_g": g for part, g in sorted(self.emissions_g.items())}
        return {"inherited_g": self.inherited_g, **parts, "to_other_products_g": self.to_others_g}


def check_footprint(
    stated: StatedLot | None, part: LotPart, lineage: Lineage, *, grounded: bool
) -> list[Check]:
    """Run step 12.

    Args:
        stated: what the passport states.
        part: its lot, well-formed.
        lineage: what step 9 found.
        grounded: whether step 8 has proven the lot.
    """
    checks = []
    if not grounded:
        sentence = "the lot is not proven, so its columns show no footprint"
        checks.append(found("footprint.lot_not_proven", sentence))
    if stated is None or stated.footprint is None:
        return [*checks, found("footprint.not_stated", "no footprint is stated to recompute")]
    held = sums_of(part.columns, part.quantities)
    unlike = list(_unlike(stated.footprint, held))
    if unlike:
        return [*checks, *unlike]
    mass_g, co2e_g = held.get(mass_column(stated), 0), co2e_of(held)
    if not mass_g or co2e_g is None:
        sentence = "the lot has no column of the mass that the footprint is a kilogram of"
        return [*checks, found("footprint.no_mass", sentence)]
    checks += _marks(part)
    return [*checks, *_figures(stated.footprint, part, lineage, mass_g=mass_g, co2e_g=co2e_g)]


def _unlike(footprint: StatedFootprint, held: Sums) -> Iterator[Check]:
    """What makes the printed figure another thing than the column: then nothing is compared."""
    if footprint.boundary != BOUNDARY:
        sentence = f"a {footprint.boundary} figure cannot stand for a {BOUNDARY} one"
        yield found("footprint.other_boundary", sentence, boundary=footprint.boundary)
    if footprint.declared_unit != DECLARED_UNIT:
        sentence = f"a figure a {footprint.declared_unit} cannot stand for one a {DECLARED_UNIT}"
        yield found("footprint.other_unit", sentence, declared_unit=footprint.declared_unit)
    for key in of_kind(held, ColumnKind.CO2E):
        number = column_of(key).qualifier
        counted = GWP_SETS.get(number)
        if footprint.gwp_set != counted:
            sentence = f"stated under {footprint.gwp_set}, counted under {counted or number}"
            facts: dict[str, FactValue] = {"stated": footprint.gwp_set, "gwp_set": number}
            code = "footprint.other_gwp_set" if counted else "footprint.unknown_gwp_set"
            yield found(code, sentence, **facts)


def _marks(part: LotPart) -> Iterator[Check]:
    flags = part.batch.header.flags
    if HeaderFlag.ATTRIBUTED in flags:
        sentence = (
            "CO2e was given to single lots of this batch: it cannot be compared with averages"
        )
        yield found("footprint.attributed", sentence)
    if HeaderFlag.UNALLOCATED in flags:
        sentence = "how CO2e was shared among products follows no registered rule"
        yield found("footprint.unallocated", sentence)


def _figures(
    footprint: StatedFootprint, part: LotPart, lineage: Lineage, *, mass_g: int, co2e_g: int
) -> Iterator[Check]:
    own = lineage.walk.own
    sums = None if own is None else lineage.sums.get(id(own))
    facts: dict[str, FactValue] = {"printed_g_per_kg": footprint.co2e_g_per_kg}
    if own is None or sums is None:
        yield from _against(footprint, co2e_g, mass_g, facts)
        yield _floor(part, lineage)
        return
    again = recompute(own, sums, part)
    facts |= again.facts()
    attributed = HeaderFlag.ATTRIBUTED in part.batch.header.flags
    least, most = again.batch_g if attributed else again.lot_g
    given = _batch_g(own, part) if attributed else co2e_g
    if given is None or not least <= given <= most:
        what = "batch" if attributed else "lot"
        yield found(
            "footprint.does_not_recompute",
            f"what went in and what was emitted give the {what} {most} g CO2e, its column has"
            f" {given}; printed are {footprint.co2e_g_per_kg} g a kilogram",
            recomputed_g_per_kg=co2e_g_per_kg(max(0, again.lot_g[1]), mass_g),
            **facts,
        )
        return
    yield from _against(footprint, co2e_g, mass_g, facts, shown=True)
    if not lineage.complete:
        yield _floor(part, lineage, "footprint.inherited_not_disclosed")


def recompute(own: JudgedRun, run: RunSums, part: LotPart) -> Recomputed:
    """The burden that a lot's run leaves for it.

    Args:
        own: the run.
        run: its sums.
        part: the lot, of one of its batches.
    """
    header = part.batch.header
    emissions: dict[EmissionPart, int] = {}
    for emission in own.cause.emissions:
        emissions[emission.part] = emissions.get(emission.part, 0) + emission.co2e_g
    inherited = sum(run.taken[key] for key in of_kind(run.taken, ColumnKind.CO2E))
    to_others, reference, batch_reference = 0, 0, 0
    for batch, output in zip(own.run.batches, run.outputs, strict=True):
        if output.terms.product_class != header.product_class:
            to_others += sum(output.sums[key] for key in of_kind(output.sums, ColumnKind.CO2E))
            continue
        reference += output.reference
        if batch.header.root == header.root:
            batch_reference = output.reference
    rest = inherited + sum(emissions.values()) - to_others
    lot_reference = part.quantities[part.columns.index(header.reference_column)]
    return Recomputed(
        inherited_g=inherited,
        emissions_g=emissions,
        to_others_g=to_others,
        batch_g=proportion(rest, batch_reference, reference),
        lot_g=proportion(rest, lot_reference, reference),
    )


def _against(
    footprint: StatedFootprint,
    co2e_g: int,
    mass_g: int,
    facts: dict[str, FactValue],
    *,
    shown: bool = False,
) -> Iterator[Check]:
    """The printed figure beside that of the column."""
    printed, again = footprint.co2e_g_per_kg, co2e_g_per_kg(co2e_g, mass_g)
    figures = {**facts, "recomputed_g_per_kg": again}
    if printed == again:
        if shown:
            sentence = f"{again} g CO2e a kilogram: inherited, added and allocated, to the gram"
            yield found("footprint.recomputes", sentence, **figures)
    elif printed == co2e_g * _GRAMS // mass_g:
        sentence = f"printed are {printed} g CO2e a kilogram; rounded up it is {again}"
        yield found("footprint.rounded_down", sentence, **figures)
    else:
        sentence = f"printed are {printed} g CO2e a kilogram; recomputed it is {again}"
        yield found("footprint.does_not_recompute", sentence, **figures)


def _floor(part: LotPart, lineage: Lineage, code: str = "footprint.run_not_disclosed") -> Check:
    """What is least from the chain alone; what is not disclosed counts as nothing."""
    sentence = {
        "footprint.run_not_disclosed": "the run that made the lot is not disclosed",
        "footprint.inherited_not_disclosed": "what it inherited is not disclosed to the origins",
    }[code]
    if lineage.graph is None:
        return found(code, sentence)
    lot = lot_id(part.batch.header.issuer, part.lot_key)
    try:
        floor = co2e_floor(lineage.graph, lot, _LIMITS)
    except ProvenanceError:
        return found(code, sentence)
    return found(
        code,
        f"{sentence}; from what is, it carries at least {floor.floor_g} g CO2e",
        floor_g=floor.floor_g,
        run_floor_g=floor.run_floor_g,
    )


def _batch_g(own: JudgedRun, part: LotPart) -> int | None:
    """What the lot's whole batch carries, from the totals that its run discloses."""
    totals = own.batch(part.batch.header.root).totals
    return None if totals is None else co2e_of(sums_of(totals.columns, totals.sums))
