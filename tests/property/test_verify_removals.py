"""Whatever is taken out of a bundle, the verdict is never better than NOT_PROVEN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.certified_lot import TRUST, Case
from tests.support.disclosed_lots import UNOPENED, Disclosure, rod_chain
from tests.unit.test_verify_lots import SCENARIOS, case_of
from veta.model.bundle import StatementBundle
from veta.model.disclosure import CauseEntry, DisclosedRun
from veta.sum_trees import cause_leaf
from veta.verify.lot_codes import OUTCOMES
from veta.verify.policy import Policy
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

ALL_STEPS = frozenset(Step) - {Step.ASSURANCE, Step.CLAIMS}
Removal = Callable[[StatementBundle], StatementBundle]


def verdict_of(case: Case, bundle: StatementBundle) -> Verdict:
    return Verifier(TRUST, Policy(required=ALL_STEPS)).verify(bundle, case.facts).verdict


@cache
def unopened() -> Disclosure:
    """Shown by its path alone: of an opened lot the slots show the same again."""
    return replace(rod_chain(), record=UNOPENED)


def in_run(order: int, change: Callable[[DisclosedRun], DisclosedRun]) -> Removal:
    def removal(bundle: StatementBundle) -> StatementBundle:
        if order >= len(bundle.runs):
            return bundle
        runs = list(bundle.runs)
        runs[order] = change(runs[order])
        return replace(bundle, runs=tuple(runs))

    return removal


def closed_entry(run: DisclosedRun, at: int) -> DisclosedRun:
    entries = list(run.cause)
    if at < len(entries) and entries[at].opened:
        entries[at] = CauseEntry(cause_leaf(entries[at].octets), opened=False)
    return replace(run, cause=tuple(entries))


def closed_batch(run: DisclosedRun, at: int) -> DisclosedRun:
    batches = list(run.batches)
    if at < len(batches):
        batches[at] = replace(batches[at], totals=None)
    return replace(run, batches=tuple(batches))


def without_batch(run: DisclosedRun, at: int) -> DisclosedRun:
    kept = [batch for number, batch in enumerate(run.batches) if number != at]
    return replace(run, batches=tuple(kept) or run.batches)


def without_taken(run: DisclosedRun, at: int) -> DisclosedRun:
    return replace(run, taken=tuple(x for n, x in enumerate(run.taken) if n != at))


def without_path(run: DisclosedRun, at: int) -> DisclosedRun:
    taken = [replace(x, path=None) if n == at else x for n, x in enumerate(run.taken)]
    return replace(run, taken=tuple(taken))


def without_lot(bundle: StatementBundle) -> StatementBundle:
    return replace(bundle, lot=None)


def without_lot_path(bundle: StatementBundle) -> StatementBundle:
    lot = bundle.lot
    return bundle if lot is None else replace(bundle, lot=replace(lot, path=None))


def without_lot_totals(bundle: StatementBundle) -> StatementBundle:
    lot = bundle.lot
    if lot is None:
        return bundle
    return replace(bundle, lot=replace(lot, batch=replace(lot.batch, totals=None)))


def without_run(order: int) -> Removal:
    def removal(bundle: StatementBundle) -> StatementBundle:
        kept = [run for number, run in enumerate(bundle.runs) if number != order]
        return replace(bundle, runs=tuple(kept))

    return removal


def removals() -> list[Removal]:
    """Each part of the rod's bundle by itself; ``runs`` last to first, so that places hold."""
    found: list[Removal] = [without_lot_path, without_lot_totals, without_lot]
    bundle = unopened().case().bundle
    for order, run in reversed(list(enumerate(bundle.runs))):
        for change, count in (
            (closed_entry, len(run.cause)),
            (closed_batch, len(run.batches)),
            (without_path, len(run.taken)),
            (without_taken, len(run.taken)),
        ):
            for at in reversed(range(count)):
                found.append(in_run(order, lambda run, at=at, change=change: change(run, at)))  # type: ignore[misc]
        if len(run.batches) > 1:
            found += [in_run(order, lambda run: without_batch(run, 1))]
        found.append(in_run(order, lambda run: replace(run, cause=())))
        found.append(without_run(order))
    found.append(lambda bundle: replace(bundle, inclusion=None))
    found.append(lambda bundle: replace(bundle, root=None))
    return found


REMOVALS = removals()


def test_verify__nothing_removed__good() -> None:
    case = unopened().case()
    assert verdict_of(case, case.bundle) is Verdict.VALID_WITH_NOTICE


@pytest.mark.parametrize("number", range(len(REMOVALS)))
def test_verify__one_part_removed__not_proven(number: int) -> None:
    case = unopened().case()
    assert verdict_of(case, REMOVALS[number](case.bundle)) is Verdict.NOT_PROVEN


@given(st.sets(st.sampled_from(range(len(REMOVALS))), min_size=1))
@settings(max_examples=100, deadline=None)
def test_verify__any_parts_removed__not_proven(numbers: set[int]) -> None:
    case = unopened().case()
    bundle = case.bundle
    for number in sorted(numbers):
        bundle = REMOVALS[number](bundle)
    assert verdict_of(case, bundle) is Verdict.NOT_PROVEN


FAILED = sorted(
    code for code in SCENARIOS if OUTCOMES[code] is Outcome.FAILED and code != "lineage.repeated"
)
"""What somebody would like to take out of a bundle that fails. (A run that is told in two ways is
left as an honest bundle when the other way is taken out.)"""
SECOND_WAY = {without_lot_path, without_lot_totals}
"""Of a lot that was opened, path and totals show again what its slots show without them."""


@pytest.mark.parametrize("code", FAILED)
def test_verify__taken_out_of_a_bundle_that_fails__never_good(code: str) -> None:
    case = case_of(SCENARIOS[code])
    for removal in REMOVALS:
        if removal not in SECOND_WAY:
            assert not verdict_of(case, removal(case.bundle)).good
