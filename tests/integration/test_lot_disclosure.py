"""Lineage handed out by a node: its own runs from its store, those of others from calldata."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.lot_scenes import CATHODE, CO2E, CU, DAY, IDS, NET, did, emitted
from tests.support.smelted_world import (
    CAT,
    CON,
    World,
    accepted,
    originated,
    output,
    passport,
    smelted,
    smelted_world,
)
from veta.errors import LedgerUnavailableError, NotFoundError
from veta.model.bundle import StatementBundle
from veta.model.disclosure import CauseEntry, DisclosedRun
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lot import ParentLot
from veta.model.lots import CausePart, Loss, LossReason, LotId
from veta.services.lot_bundles import LotBundleDesk
from veta.services.node import Node
from veta.services.open_lot import Measurement, Offer
from veta.services.run_gathering import NOTHING, Withheld
from veta.services.run_requests import TakeRequest
from veta.verify.policy import LOT_STEPS
from veta.verify.transport import read_bundle, write_bundle
from veta.verify.verdict import Outcome, Step, Verdict


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with smelted_world(tmp_path_factory.mktemp("disclosed")) as made:
        yield made


def smelter(world: World) -> Node:
    return world.smelter.company.node


def leaf_of(world: World, lot: LotId) -> Leaf:
    part = world.smelter.bundle(lot).lot
    assert part is not None
    return part.statement_leaf


def gathered(world: World, withheld: Withheld = NOTHING) -> StatementBundle:
    """What the smelter hands out about its cathode."""
    node = smelter(world)
    return node.with_lineage(node.lot_bundle(leaf_of(world, world.cathode)), withheld).bundle


class Lying:
    """An endpoint whose word about transactions is changed."""

    def __init__(self, lots: Any, **answers: Callable[[Any], Any]) -> None:
        self._lots = lots
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        ask = getattr(self._lots, name)
        if name not in self._answers:
            return ask
        return lambda *words: self._answers[name](ask(*words))


def asked_of(world: World, **answers: Callable[[Any], Any]) -> tuple[StatementBundle, list[str]]:
    """Bundle and codes of what is missing, gathered from an endpoint that lies."""
    node = smelter(world)
    lots: Any = Lying(node.ledger.lots, **answers)
    desk = LotBundleDesk(node.store)
    found = desk.with_lineage(desk.of_statement(leaf_of(world, world.cathode)), lots)
    return found.bundle, [each.code for each in found.missing]


def changed_digit(run: DisclosedRun, part: CausePart) -> DisclosedRun:
    """One digit of one part of a run's cause, as somebody would like it to have been."""
    entries = list(run.cause)
    at = next(i for i, each in enumerate(entries) if int.from_bytes(each.octets[:32]) == part)
    octets = bytearray(entries[at].octets)
    octets[95] ^= 1  # the last octet of the part's second field
    entries[at] = CauseEntry(bytes(octets), opened=True)
    return dataclasses.replace(run, cause=tuple(entries))


# --- what does not hold --------------------------------------------------------------------------


@pytest.mark.parametrize("part", [CausePart.EMISSION, CausePart.LOSS])
def test_verify__one_digit_of_a_disclosed_run_changed__fails_at_step_9(
    world: World, part: CausePart
) -> None:
    bundle = gathered(world)
    own, *others = bundle.runs
    forged = dataclasses.replace(bundle, runs=(changed_digit(own, part), *others))
    report = world.verify(forged)
    assert report.verdict is Verdict.INVALID
    assert {check.step for check in report.checks if check.outcome is Outcome.FAILED} == {
        Step.LINEAGE
    }
    assert "lineage.other_cause" in world.codes(forged, Outcome.FAILED)


def test_verify__digit_of_a_parent_s_run_changed__fails_at_step_9(world: World) -> None:
    bundle = gathered(world)
    own, origin = bundle.runs
    forged = dataclasses.replace(bundle, runs=(own, changed_digit(origin, CausePart.EMISSION)))
    assert world.verify(forged).verdict is Verdict.INVALID
    assert world.codes(forged, Outcome.FAILED) == {"lineage.other_cause"}


def test_verify__totals_of_a_disclosed_run_changed__fails_at_step_9(world: World) -> None:
    bundle = gathered(world)
    own, origin = bundle.runs
    (batch,) = origin.batches
    assert batch.totals is not None
    lighter = tuple(each - 1 for each in batch.totals.sums)
    totals = dataclasses.replace(batch.totals, sums=lighter)
    changed = dataclasses.replace(origin, batches=(dataclasses.replace(batch, totals=totals),))
    forged = dataclasses.replace(bundle, runs=(own, changed))
    assert world.verify(forged).verdict is Verdict.INVALID
    assert "lineage.other_totals" in world.codes(forged, Outcome.FAILED)


@pytest.mark.parametrize(
    ("withheld", "code"),
    [
        (Withheld(others=True), "lineage.run_not_disclosed"),
        (Withheld(frozenset({CausePart.EMISSION})), "lineage.cause_closed"),
        (Withheld(frozenset({CausePart.LOSS})), "lineage.cause_closed"),
        (Withheld(frozenset({CausePart.TAKE})), "lineage.cause_closed"),
    ],
)
def test_verify__something_withheld__not_proven_and_nothing_else(
    world: World, withheld: Withheld, code: str
) -> None:
    bundle = gathered(world, withheld)
    assert world.verify(bundle).verdict is Verdict.NOT_PROVEN
    assert code in world.codes(bundle, Outcome.NOT_PROVEN)
    assert not world.codes(bundle, Outcome.FAILED)


def test_verify__any_run_left_out__never_better_than_not_proven(world: World) -> None:
    bundle = gathered(world)
    for kept in ((), bundle.runs[:1], bundle.runs[1:]):
        assert world.verify(dataclasses.replace(bundle, runs=kept)).verdict is Verdict.NOT_PROVEN


def test_with_lineage__endpoint_forges_a_run__is_not_used(world: World) -> None:
    def lighter(sent: Any) -> Any:
        (emission,) = sent.run.emissions
        less = dataclasses.replace(emission, co2e_g=emission.co2e_g - 1)
        return dataclasses.replace(sent, run=dataclasses.replace(sent.run, emissions=(less,)))

    bundle, missing = asked_of(world, sent_run=lighter)
    assert missing == ["runs.other_cause"]
    assert world.verify(bundle).verdict is Verdict.NOT_PROVEN


def test_with_lineage__endpoint_forges_a_run_that_cannot_be__is_not_used(world: World) -> None:
    def outputs(count: int) -> Callable[[Any], Any]:
        return lambda sent: dataclasses.replace(
            sent, run=dataclasses.replace(sent.run, outputs=sent.run.outputs * count)
        )

    def broken(sent: Any) -> Any:
        return dataclasses.replace(sent, run=dataclasses.replace(sent.run, salt_seed=b""))

    for answer in (outputs(0), outputs(2), broken):
        bundle, missing = asked_of(world, sent_run=answer)
        assert missing == ["runs.other_cause"]
        assert len(bundle.runs) == 1


def test_with_lineage__endpoint_knows_no_transactions__own_runs_alone(world: World) -> None:
    bundle, missing = asked_of(world, sent_run=lambda _: None, sent_opening=lambda _: None)
    assert missing == ["runs.not_direct"]
    assert len(bundle.runs) == 1
    assert world.verify(bundle).verdict is Verdict.NOT_PROVEN


def test_with_lineage__endpoint_forges_a_path__the_statement_is_not_shown(world: World) -> None:
    def other(opening: Any) -> Any:
        return dataclasses.replace(opening, path=opening.path + b"\x01" * 56)

    bundle, missing = asked_of(world, sent_opening=other)
    assert missing == []
    assert world.codes(bundle, Outcome.NOT_PROVEN) == {
        "lineage.statement_not_shown",
        "footprint.inherited_not_disclosed",
    }


def test_with_lineage__chain_cannot_be_asked__nobody_can_tell(world: World) -> None:
    def away(_: Any) -> Any:
        raise LedgerUnavailableError("ledger.refused", "the endpoint is away")

    with pytest.raises(LedgerUnavailableError):
        asked_of(world, sent_run=away)


def test_lot_bundle__statement_that_is_about_no_lot__is_refused(world: World) -> None:
    company = world.smelter.company
    leaf = company.node.desk.issuer.issue(company.passport("NOWHERE-1")).leaf
    with pytest.raises(NotFoundError) as refusal:
        company.node.lot_bundle(leaf)
    assert refusal.value.code == "lot.not_found"


# --- what holds ----------------------------------------------------------------------------------


def test_with_lineage__cathode__is_what_was_disclosed_by_hand(world: World) -> None:
    bundle = gathered(world)
    assert set(bundle.runs) == {world.smelting, world.origin}
    assert bundle.runs[0] == world.smelting


def test_verify__gathered_lineage__steps_8_9_and_12_by_a_stranger_from_a_file(
    world: World,
) -> None:
    octets = write_bundle(gathered(world), None)
    bundle, facts = read_bundle(octets, now_s=UnixSeconds(0))
    assert facts is None
    report = world.verify(bundle)
    assert report.verdict is Verdict.VALID_WITH_NOTICE
    codes = world.codes(bundle, Outcome.PASSED)
    assert {"lot.proven", "lineage.laws_kept", "footprint.recomputes"} <= codes
    proven = {check.step for check in report.checks if check.outcome is Outcome.NOT_PROVEN}
    assert not proven & LOT_STEPS


def test_with_lineage__runs_that_a_bundle_has__stay_as_they_are(world: World) -> None:
    """Whoever is handed a forged run must see it fail, not have it mended."""
    bundle = gathered(world)
    forged = changed_digit(bundle.runs[0], CausePart.LOSS)
    again = smelter(world).with_lineage(dataclasses.replace(bundle, runs=(forged,))).bundle
    assert again.runs == (forged, bundle.runs[1])


def test_with_lineage__other_member_s_node__finds_the_same(world: World) -> None:
    """The miner has neither run of the smelter's in its store: both come from the chain."""
    world.miner.company.follow()
    bundle = dataclasses.replace(gathered(world), runs=())
    found = world.miner.company.node.with_lineage(bundle)
    assert found.missing == ()
    assert set(found.bundle.runs) == {world.smelting, world.origin}


def test_verify__lot_measured_before_it_was_taken__is_shown_as_it_was_issued(
    world: World,
) -> None:
    """The run took what was left after measuring; the path is of what was issued."""
    scene, miner, company = world.scene, world.miner, world.smelter.company
    lot = originated(scene, miner, "CON-9")
    miner.company.lots.custodian.open(
        lot, Offer(IDS["smelter"], UnixSeconds(scene.now_s + 5 * DAY))
    )
    miner.company.settle()
    company.follow()
    told = Measurement(measured=900_000, method=1, statement_leaf=Leaf(b"\x07" * 32))
    company.lots.custodian.accept_measured(lot, told)
    company.settle()
    held = {NET: 250_000, CU: 249_975, CO2E: CAT[CO2E]}
    parent = ParentLot(did("miner"), "CON-9", None)
    request = company.run(
        output(scene, company, CATHODE, "CAT-9", held, parent),
        takes=(TakeRequest(lot),),
        losses=(Loss(CU, 252_000 - held[CU], LossReason.SLAG),),
        emissions=emitted(process=500_000),
        now_s=scene.now_s,
    )
    company.lots.transformer.transform(request)
    company.node.desk.anchorer.anchor()
    company.settle()
    leaf = leaf_of(world, company.lot("CAT-9", CATHODE))
    found = company.node.with_lineage(company.node.lot_bundle(leaf))
    assert found.missing == ()
    (taken,) = found.bundle.runs[0].taken
    assert taken.issued is not None
    assert taken.issued != taken.quantities
    assert taken.path is not None
    assert world.verify(found.bundle).verdict is Verdict.VALID_WITH_NOTICE
    assert not world.codes(found.bundle, Outcome.NOT_PROVEN)


def test_verify__parent_s_statement_was_superseded__the_link_is_read_from_the_chain(
    world: World,
) -> None:
    scene, miner, smelter_ = world.scene, world.miner, world.smelter
    lot = originated(scene, miner, "CON-8")
    part = miner.bundle(lot).lot
    assert part is not None
    node = miner.company.node
    later = node.desk.issuer.issue(passport(scene, "miner", "CON-8", CON, label="later")).leaf
    node.desk.anchorer.anchor()
    miner.company.settle()
    accepted(scene, miner, smelter_, lot)
    parent = ParentLot(did("miner"), "CON-8", later)
    cathode = smelted(scene, smelter_, lot, "CAT-8", parent)
    company = smelter_.company
    bundle = company.node.with_lineage(company.node.lot_bundle(leaf_of(world, cathode))).bundle
    assert "lineage.other_statement" in world.codes(bundle, Outcome.NOT_PROVEN)
    node.desk.status.supersede(part.statement_leaf, by_leaf=later)
    miner.company.settle()
    assert world.verify(bundle).verdict is Verdict.VALID_WITH_NOTICE
    assert "lineage.later_statement" in world.codes(bundle, Outcome.NOTICE)


def test_lot_bundle__later_passport_of_a_lot__is_about_the_same_lot(world: World) -> None:
    scene, miner = world.scene, world.miner
    lot = originated(scene, miner, "CON-7")
    first = miner.bundle(lot).lot
    assert first is not None
    node = miner.company.node
    later = node.desk.issuer.issue(passport(scene, "miner", "CON-7", CON, label="later")).leaf
    node.desk.anchorer.anchor()
    miner.company.settle()
    node.desk.status.supersede(first.statement_leaf, by_leaf=later)
    miner.company.settle()
    bundle = node.with_lineage(node.lot_bundle(later)).bundle
    assert bundle.lot == first
    assert world.verify(bundle).verdict is Verdict.VALID_WITH_NOTICE
    assert "lot.later_statement" in world.codes(bundle, Outcome.NOTICE)
