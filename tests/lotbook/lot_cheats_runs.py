"""Runs that break a rule as a whole, or in what they say of their outputs."""

from __future__ import annotations

from random import Random

from tests.lotbook import lot_world as world
from tests.lotbook.lot_cheats import (
    ANY_RUN,
    any_output,
    cheat,
    with_output,
    with_sum,
)
from tests.lotbook.lot_custody import Custody
from tests.lotbook.lot_values import (
    MAX_QUANTITY,
    ZERO,
    Column,
    Cover,
    Model,
    Run,
    key,
    of_kind,
)

# ---- the call as a whole


@cheat(*ANY_RUN)
def another_site(moves: Custody, run: Run, rng: Random) -> Run | None:
    mine = moves.facts.sites.get(run.site)
    others = [s for s, member in moves.facts.sites.items() if mine not in {None, member}]
    return run._replace(site=rng.choice(others)) if others else None


@cheat(*ANY_RUN)
def no_site(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(site=99)


@cheat(*ANY_RUN)
def no_outputs(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(outputs=())


@cheat("originate", "transform")
def many_outputs(moves: Custody, run: Run, rng: Random) -> Run | None:
    more = [run.outputs[0]._replace(root=rng.randbytes(32)) for _ in range(17)]
    return run._replace(outputs=tuple(more))


@cheat(*ANY_RUN)
def window_reversed(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(produced_from=run.produced_to, produced_to=run.produced_from)


@cheat(*ANY_RUN)
def window_ahead(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(produced_to=moves.facts.now + 1)


@cheat(*ANY_RUN)
def too_late(moves: Custody, run: Run, rng: Random) -> Run | None:
    until = moves.facts.now - world.RULES.lateness_s - 1
    return run._replace(produced_from=until - 60, produced_to=until)


@cheat(*ANY_RUN)
def run_columns_twice(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(columns=(run.columns[0], *run.columns))


@cheat(*ANY_RUN)
def column_left_out(moves: Custody, run: Run, rng: Random) -> Run | None:
    gone = rng.choice(run.outputs[-1].columns)
    return run._replace(columns=tuple(c for c in run.columns if c != gone))


@cheat(*ANY_RUN)
def column_of_nothing(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_sum(run, 0, key(Column.METAL, 0, 99), 0)


@cheat("originate", "transform")
def programme_of_nothing(moves: Custody, run: Run, rng: Random) -> Run | None:
    metals = of_kind(run.outputs[0].columns, Column.METAL)
    if not metals:
        return None
    column = key(Column.CREDIT, 77, rng.choice(metals) & 0xFFF)
    covers = (*run.covers, Cover(column, (moves.rng.choice(sorted(moves.facts.certificates)),)))
    run = run._replace(covers=tuple(sorted(covers))) if not run.takes else run
    return with_sum(run, 0, column, 0)


@cheat(*ANY_RUN)
def rule_of_another(moves: Custody, run: Run, rng: Random) -> Run | None:
    others = [n for n, rule in moves.facts.allocation.items() if rule.site != run.site]
    return run._replace(rule=rng.choice(others))


@cheat(*ANY_RUN)
def rule_of_nobody(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(rule=55)


@cheat("originate", "transform")
def rule_of_the_site(moves: Custody, run: Run, rng: Random) -> Run | None:
    """Carbon as it is, but now under the rule."""
    own = [n for n, rule in moves.facts.allocation.items() if rule.site == run.site]
    several = len({output.product_class for output in run.outputs}) > 1
    return run._replace(rule=own[0]) if own and several and not run.rule else None


@cheat("originate", "transform")
def class_outside_the_rule(moves: Custody, run: Run, rng: Random) -> Run | None:
    if not run.rule:
        return None
    last = run.outputs[-1].product_class
    outputs = [
        output._replace(product_class=world.IN_PROCESS if run.site != 3 else world.CATHODE)
        if output.product_class == last
        else output
        for output in run.outputs
    ]
    return run._replace(outputs=tuple(outputs))


# ---- outputs


@cheat(*ANY_RUN)
def class_of_nothing(moves: Custody, run: Run, rng: Random) -> Run | None:
    return any_output(run, rng, product_class=99)


@cheat(*ANY_RUN)
def model_of_nothing(moves: Custody, run: Run, rng: Random) -> Run | None:
    return any_output(run, rng, model=rng.choice([0, 5]))


@cheat("originate", "transform")
def stronger_model(moves: Custody, run: Run, rng: Random) -> Run | None:
    i = rng.randrange(len(run.outputs))
    model = run.outputs[i].model
    return with_output(run, i, model=rng.randint(1, model - 1)) if model > 1 else None


@cheat("declare_external", "gain")
def certified_from_outside(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_output(run, 0, model=Model.SEGREGATED)


@cheat(*ANY_RUN)
def columns_reversed(moves: Custody, run: Run, rng: Random) -> Run | None:
    output = run.outputs[-1]
    return with_output(run, -1, columns=output.columns[::-1], sums=output.sums[::-1])


@cheat(*ANY_RUN)
def sums_cut_off(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_output(run, -1, sums=run.outputs[-1].sums[:-1])


@cheat(*ANY_RUN)
def no_carbon_column(moves: Custody, run: Run, rng: Random) -> Run | None:
    output = run.outputs[0]
    pairs = zip(output.columns, output.sums, strict=True)
    kept = {c: q for c, q in pairs if c != world.CO2E}
    return with_output(run, 0, columns=tuple(kept), sums=tuple(kept.values()))


@cheat(*ANY_RUN)
def above_the_maximum(moves: Custody, run: Run, rng: Random) -> Run | None:
    i = rng.randrange(len(run.outputs))
    return with_sum(run, i, rng.choice(run.outputs[i].columns), MAX_QUANTITY + 1)


@cheat(*ANY_RUN)
def size_of_nothing(moves: Custody, run: Run, rng: Random) -> Run | None:
    return any_output(run, rng, size=0)


@cheat(*ANY_RUN)
def root_of_nothing(moves: Custody, run: Run, rng: Random) -> Run | None:
    return any_output(run, rng, root=ZERO)


@cheat(*ANY_RUN)
def root_again(moves: Custody, run: Run, rng: Random) -> Run | None:
    issuer = moves.facts.sites.get(run.site)
    known = [root for member, root in moves.book.batches if member == issuer]
    return any_output(run, rng, root=rng.choice(known)) if known else None


@cheat("originate", "transform")
def root_twice(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_output(run, -1, root=run.outputs[0].root) if len(run.outputs) > 1 else None


@cheat(*ANY_RUN)
def reference_of_nothing(moves: Custody, run: Run, rng: Random) -> Run | None:
    return any_output(run, rng, reference=world.CO2E)


@cheat("originate", "transform")
def another_reference(moves: Custody, run: Run, rng: Random) -> Run | None:
    i = rng.randrange(len(run.outputs))
    output = run.outputs[i]
    kinds = (Column.MASS, Column.METAL)
    others = [c for k in kinds for c in of_kind(output.columns, k) if c != output.reference]
    return with_output(run, i, reference=rng.choice(others)) if others else None


@cheat("originate", "transform")
def one_without_mass(moves: Custody, run: Run, rng: Random) -> Run | None:
    """Of two batches of a class one is measured by its metal."""
    last = run.outputs[-1]
    pairs = zip(last.columns, last.sums, strict=True)
    kept = {c: q for c, q in pairs if c not in of_kind([c], Column.MASS)}
    metals = of_kind(kept, Column.METAL)
    if len(run.outputs) < 2 or len(kept) == len(last.columns) or not metals:
        return None
    columns, sums = tuple(kept), tuple(kept.values())
    return with_output(run, -1, columns=columns, sums=sums, reference=rng.choice(metals))


@cheat(*ANY_RUN)
def nothing_of_the_reference(moves: Custody, run: Run, rng: Random) -> Run | None:
    i = rng.randrange(len(run.outputs))
    return with_sum(run, i, run.outputs[i].reference, 0)
