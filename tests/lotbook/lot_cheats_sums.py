"""Runs that do not add up, or have parts that are not theirs."""

from __future__ import annotations

from random import Random

from tests.lotbook import lot_world as world
from tests.lotbook.lot_cheats import (
    ANY_RUN,
    WAYS_IN,
    change_of_kind,
    cheat,
    shift,
    sum_of,
    with_sum,
)
from tests.lotbook.lot_custody import Custody
from tests.lotbook.lot_values import (
    EXTERNAL,
    MAX_QUANTITY,
    ZERO,
    Column,
    Cover,
    Draw,
    Emission,
    FirstMeasured,
    Loss,
    Model,
    Reduction,
    Run,
    credits_of,
    key,
    metal_of,
    of_kind,
    qualifier_of,
)

# ---- quantities


def another_metal(run: Run) -> int | None:
    known = set(of_kind(run.columns, Column.METAL))
    rest = [key(Column.METAL, 0, m) for m in world.METALS if key(Column.METAL, 0, m) not in known]
    return rest[0] if rest else None


@cheat("transform")
def more_metal(moves: Custody, run: Run, rng: Random) -> Run | None:
    return change_of_kind(run, rng, Column.METAL, lambda q: q + 1)


@cheat("transform")
def metal_from_nowhere(moves: Custody, run: Run, rng: Random) -> Run | None:
    metal = another_metal(run)
    return with_sum(run, 0, metal, 1_000) if metal else None


@cheat(*ANY_RUN)
def less_carbon(moves: Custody, run: Run, rng: Random) -> Run | None:
    return change_of_kind(run, rng, Column.CO2E, lambda q: q - 1)


@cheat(*ANY_RUN)
def more_emissions(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(emissions=(*run.emissions, Emission(3, 1)))


@cheat(*ANY_RUN)
def emissions_of_nothing(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(emissions=(*run.emissions, Emission(9, 0)))


@cheat("originate", "transform")
def carbon_parked(moves: Custody, run: Run, rng: Random) -> Run | None:
    return shift(run, rng, Column.CO2E, MAX_QUANTITY)


@cheat("originate", "transform")
def carbon_nudged(moves: Custody, run: Run, rng: Random) -> Run | None:
    return shift(run, rng, Column.CO2E, rng.choice([1, 1, 2]))


@cheat("originate", "transform")
def metal_parked(moves: Custody, run: Run, rng: Random) -> Run | None:
    return shift(run, rng, Column.METAL, rng.choice([1, 2, MAX_QUANTITY]))


@cheat("originate", "transform")
def credit_moved(moves: Custody, run: Run, rng: Random) -> Run | None:
    return shift(run, rng, Column.CREDIT, rng.choice([1, MAX_QUANTITY]))


@cheat("originate", "transform")
def more_credit(moves: Custody, run: Run, rng: Random) -> Run | None:
    return change_of_kind(run, rng, Column.CREDIT, lambda q: q + 1)


@cheat("originate", "transform")
def less_credit(moves: Custody, run: Run, rng: Random) -> Run | None:
    return change_of_kind(run, rng, Column.CREDIT, lambda q: q - 1)


@cheat("originate", "transform")
def credit_for_all(moves: Custody, run: Run, rng: Random) -> Run | None:
    i = rng.randrange(len(run.outputs))
    credit = of_kind(run.outputs[i].columns, Column.CREDIT)
    if not credit:
        return None
    column = rng.choice(credit)
    metal = sum_of(run.outputs[i], metal_of(column))
    others = sum(sum_of(run.outputs[i], c) for c in credits_of(credit, metal_of(column)))
    rest = metal - others + sum_of(run.outputs[i], column)
    return with_sum(run, i, column, rest + (rng.randrange(8) == 0))


@cheat("declare_external", "gain", "originate")
def credit_without_cover(moves: Custody, run: Run, rng: Random) -> Run | None:
    metal = of_kind(run.outputs[0].columns, Column.METAL)[0]
    return with_sum(run, 0, key(Column.CREDIT, 2, metal & 0xFFF), 1)


@cheat(*ANY_RUN)
def more_recycled(moves: Custody, run: Run, rng: Random) -> Run | None:
    i = rng.randrange(len(run.outputs))
    metal = rng.choice(of_kind(run.outputs[i].columns, Column.METAL) or [0])
    column = key(Column.CLASS, 1, metal & 0xFFF)
    whole = sum_of(run.outputs[i], metal)
    more = [whole + 1, sum_of(run.outputs[i], column) + 1]
    return with_sum(run, i, column, rng.choice(more)) if metal else None


@cheat("transform", "declare_external")
def less_external(moves: Custody, run: Run, rng: Random) -> Run | None:
    """What came from outside gets one unit less of it."""
    places = [
        (i, column)
        for i, output in enumerate(run.outputs)
        for column in of_kind(output.columns, Column.CLASS)
        if qualifier_of(column) == EXTERNAL and sum_of(output, column)
    ]
    if not places:
        return None
    i, column = rng.choice(places)
    return with_sum(run, i, column, sum_of(run.outputs[i], column) - 1)


@cheat("transform")
def pieces_from_nowhere(moves: Custody, run: Run, rng: Random) -> Run | None:
    return change_of_kind(run, rng, Column.UNIT, lambda q: q + 1)


@cheat("originate", "transform")
def pieces_by_mass(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_sum(run, 0, key(Column.UNIT, 2), 5)


@cheat("originate", "transform")
def pieces_of_two_kinds(moves: Custody, run: Run, rng: Random) -> Run | None:
    i = rng.randrange(len(run.outputs))
    units = of_kind(run.outputs[i].columns, Column.UNIT)
    other = [key(Column.UNIT, kind) for kind in world.UNIT_KINDS]
    return with_sum(run, i, next(u for u in other if u not in units), 5) if units else None


@cheat("originate")
def over_capacity(moves: Custody, run: Run, rng: Random) -> Run | None:
    metals = of_kind(run.outputs[0].columns, Column.METAL)
    return with_sum(run, 0, rng.choice(metals), world.CAPACITY + 1) if metals else None


@cheat("declare_external")
def over_ceiling(moves: Custody, run: Run, rng: Random) -> Run | None:
    metal = rng.choice(of_kind(run.outputs[0].columns, Column.METAL))
    more = with_sum(run, 0, metal, world.CAPACITY + 1)
    column = key(Column.CLASS, 1 if run.recycled else 2, metal & 0xFFF)
    return more and with_sum(more, 0, column, world.CAPACITY + 1)


@cheat("gain")
def over_gain(moves: Custody, run: Run, rng: Random) -> Run | None:
    return change_of_kind(run, rng, Column.METAL, lambda q: q * 10**6 + 10**6)


@cheat("declare_external", "gain")
def below_default(moves: Custody, run: Run, rng: Random) -> Run | None:
    run = run._replace(emissions=())
    return with_sum(run, 0, world.CO2E, 0)


# ---- parts


@cheat(*WAYS_IN)
def loss_of_a_way_in(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(losses=(Loss(run.columns[0], 1, 1),))


@cheat("originate", "gain", "transform")
def source_of_nothing(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(source=rng.randbytes(32))


@cheat("originate", "gain", "transform")
def recycled_at_home(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(recycled=True)


@cheat("declare_external")
def no_source(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(source=ZERO)


@cheat("declare_external")
def source_again(moves: Custody, run: Run, rng: Random) -> Run | None:
    known = sorted(moves.book.sources)
    return run._replace(source=rng.choice(known)) if known else None


@cheat("originate")
def cover_left_out(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(covers=run.covers[1:]) if run.covers else None


@cheat("originate")
def cover_too_many(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(covers=(*run.covers, Cover(run.columns[0], (1,))))


@cheat("originate")
def another_certificate(moves: Custody, run: Run, rng: Random) -> Run | None:
    if not run.covers:
        return None
    other = (rng.choice(sorted(moves.facts.certificates)),)
    some = rng.choice([(), other, (*run.covers[0].certificates, *other)])
    return run._replace(covers=(Cover(run.covers[0].column, some), *run.covers[1:]))


@cheat("originate")
def before_the_certificate(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(produced_from=world.OPENED - 1) if run.covers else None


@cheat("transform")
def loss_of_no_kind(moves: Custody, run: Run, rng: Random) -> Run | None:
    kinds = (Column.MASS, Column.CLASS, Column.CO2E, Column.CREDIT)
    columns = [column for kind in kinds for column in of_kind(run.columns, kind)]
    return run._replace(losses=(*run.losses, Loss(rng.choice(columns), 1, 1)))


@cheat("transform")
def more_loss(moves: Custody, run: Run, rng: Random) -> Run | None:
    units = of_kind(run.columns, Column.UNIT)
    columns = units if units and rng.randrange(2) else of_kind(run.columns, Column.METAL)
    return run._replace(losses=(*run.losses, Loss(rng.choice(columns), 1, 1))) if columns else None


@cheat("transform")
def loss_without_reason(moves: Custody, run: Run, rng: Random) -> Run | None:
    losses = tuple(loss._replace(reason=rng.choice([0, 9])) for loss in run.losses)
    return run._replace(losses=losses) if losses else None


@cheat("transform")
def part_of_nothing(moves: Custody, run: Run, rng: Random) -> Run | None:
    """A loss, an emission, a measurement, a reduction of zero."""
    metal = of_kind(run.columns, Column.METAL)
    credit = of_kind(run.columns, Column.CREDIT)
    choices = [
        run._replace(emissions=(*run.emissions, Emission(1, 0))),
        run._replace(losses=(*run.losses, Loss(metal[0], 0, 1))) if metal else run,
        run._replace(first=(*run.first, FirstMeasured(metal[-1], 0))) if metal else run,
        run._replace(reductions=(*run.reductions, Reduction(credit[0], credit[-1], 0)))
        if credit
        else run,
    ]
    return rng.choice(choices)


@cheat("transform")
def measured_before(moves: Custody, run: Run, rng: Random) -> Run | None:
    i = rng.randrange(len(run.outputs))
    metals = of_kind(run.outputs[i].columns, Column.METAL)
    if not metals:
        return None
    metal = rng.choice(metals)
    more = with_sum(run, i, metal, sum_of(run.outputs[i], metal) + 1)
    return more and more._replace(first=(*run.first, FirstMeasured(metal, 1)))


@cheat("transform")
def measured_carbon(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(first=(FirstMeasured(world.CO2E, 1),))


@cheat("transform")
def reduced_upwards(moves: Custody, run: Run, rng: Random) -> Run | None:
    credit = of_kind(run.columns, Column.CREDIT)
    if not credit:
        return None
    one, other = rng.choice(credit), rng.choice(credit)
    return run._replace(reductions=(*run.reductions, Reduction(one, other, 1)))


@cheat("transform")
def reduced_too_much(moves: Custody, run: Run, rng: Random) -> Run | None:
    if not run.reductions:
        return None
    more = run.reductions[0]._replace(quantity=run.reductions[0].quantity + 2**40)
    return run._replace(reductions=(more, *run.reductions[1:]))


@cheat("transform")
def drawn_from_nowhere(moves: Custody, run: Run, rng: Random) -> Run | None:
    blended = [i for i, output in enumerate(run.outputs) if output.model == Model.MASS_BALANCE]
    credit = of_kind(run.columns, Column.CREDIT)
    if not blended or not credit:
        return None
    draw = Draw(rng.choice(blended), rng.choice(credit), rng.choice([1, 2**44]))
    return run._replace(draws=(*run.draws, draw))


@cheat("transform")
def account_overdrawn(moves: Custody, run: Run, rng: Random) -> Run | None:
    """More credit is needed than the account has."""
    blended = [i for i, output in enumerate(run.outputs) if output.model == Model.MASS_BALANCE]
    for i in rng.sample(blended, len(blended)):
        output = run.outputs[i]
        for column in of_kind(output.columns, Column.CREDIT):
            metal, credit = metal_of(column), of_kind(output.columns, Column.CREDIT)
            used = sum(sum_of(output, c) for c in credits_of(credit, metal))
            room = sum_of(output, metal) - used
            more = with_sum(run, i, column, sum_of(output, column) + room) if room else None
            if more:
                return more._replace(draws=(*run.draws, Draw(i, column, room)))
    return None


@cheat("transform")
def drawn_for_another_model(moves: Custody, run: Run, rng: Random) -> Run | None:
    draw = Draw(rng.randrange(len(run.outputs)), rng.choice(run.columns), rng.randint(0, 1))
    return run._replace(draws=(*run.draws, draw))


@cheat("transform")
def drawn_and_not_used(moves: Custody, run: Run, rng: Random) -> Run | None:
    if not run.draws:
        return None
    draw = run.draws[0]
    have = sum_of(run.outputs[draw.output], draw.column)
    return with_sum(run, draw.output, draw.column, have - draw.quantity)
