"""The copper chain by its hand calculation, verified; and whoever prints another figure."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from tests.support.certified_lot import SIGNER, TRUST, Case, issuance
from tests.support.custody_world import CO2E, CU_50, MEMBER
from tests.support.disclosed_copper import PRODUCTS, copper_chain
from tests.support.disclosed_lots import (
    ROD_HELD,
    ROD_RUN,
    Disclosure,
    certificate,
    number,
    opened_lot,
    parent,
    relotted,
    rod_chain,
    token_leaf,
    token_of,
)
from veta.custody.encoding import lot_commitment
from veta.custody.footprint import StatedFigure, difference
from veta.errors import InputError
from veta.model.anchoring import StatusAction, StatusEntry, StatusReason
from veta.model.columns import ColumnKey
from veta.model.determined import Known
from veta.model.identifiers import UnixSeconds
from veta.model.lot import LotCertificate
from veta.model.lots import HeaderFlag
from veta.statement.jws import sign_statement
from veta.statement.passport import build_passport
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.verdict import Check, Outcome, Step, Verdict
from veta.verify.verifier import Verifier

ALL_STEPS = frozenset(Step) - {Step.ASSURANCE, Step.CLAIMS}
CATHODE_RUN = 5
CERTIFIED = 29


def judge(case: Case) -> Report:
    return Verifier(TRUST, Policy(required=ALL_STEPS)).verify(case.bundle, case.facts)


def failed(report: Report) -> dict[str, Check]:
    return {check.code: check for check in report.checks if check.outcome is Outcome.FAILED}


def one(report: Report, code: str) -> Check:
    (check,) = [check for check in report.checks if check.code == code]
    return check


def content() -> LotCertificate:
    parents = [parent(number(0)), parent(number(1))]
    return certificate(number(ROD_RUN), "copper-rod", ROD_HELD, parents)


@cache
def rod() -> Disclosure:
    return rod_chain()


@cache
def cathode() -> Disclosure:
    return copper_chain("cathode")


def document(label: str = "1", **changes: Any) -> dict[str, Any]:
    """The rod's passport as JSON values, members of its footprint changed or (None) removed."""
    built = build_passport(content(), issuance(label))
    footprint = built["credentialSubject"]["characteristics"]["footprint"]
    for name, value in changes.items():
        if value is None:
            del footprint[name]
        else:
            footprint[name] = value
    return built


@pytest.mark.reference
class TestCopper:
    @pytest.mark.parametrize(
        ("product", "figure"), [("cathode", 3031), ("rod", 3200), ("cable", 3280)]
    )
    def test_verify__each_product__recomputes_to_the_hand_calculation(
        self, product: str, figure: int
    ) -> None:
        report = judge(copper_chain(product).case())
        assert report.verdict is Verdict.VALID_WITH_NOTICE
        facts = one(report, "footprint.recomputes").facts
        assert (facts["printed_g_per_kg"], facts["recomputed_g_per_kg"]) == (figure, figure)

    def test_verify__cable__has_the_three_mines_shares(self) -> None:
        report = judge(copper_chain("cable").case())
        assert one(report, "lineage.origins").facts["shares"] == (
            "552000 ppm site 3",
            "232000 ppm site 4",
            "216000 ppm from outside",
        )
        assert one(report, "lineage.complete").facts["depth"] == 6
        assert one(report, "lineage.model").facts["weakest"] == "mass_balance"

    def test_verify__insulation_around_the_copper__is_reported_as_more_mass(self) -> None:
        facts = one(judge(copper_chain("cable").case()), "lineage.mass_inflated").facts
        assert (facts["taken_g"], facts["made_g"]) == (100_000_000, 156_000_000)
        codes = {check.code for check in judge(copper_chain("rod").case()).checks}
        assert "lineage.mass_inflated" not in codes

    @pytest.mark.row("A26")
    @pytest.mark.parametrize("printed", [2500, 2031, 3030, 3032])
    def test_verify__another_figure_printed__fails_with_both(self, printed: int) -> None:
        """Anchored like that: signature and inclusion are good, columns and runs are not."""
        usual = cathode_footprint(cathode())
        changed = replace(usual, co2e_g=printed * 25_000, co2e_g_per_kg=printed)
        report = judge(copper_chain("cathode", footprint=changed).case())
        assert report.verdict is Verdict.INVALID
        assert report.failed_at is Step.LOT
        assert set(failed(report)) == {"lot.column_differs", "footprint.does_not_recompute"}
        facts = failed(report)["footprint.does_not_recompute"].facts
        assert (facts["printed_g_per_kg"], facts["recomputed_g_per_kg"]) == (printed, 3031)

    @pytest.mark.row("A26")
    def test_verify__columns_say_2500_too__inherited_and_process_give_3031(self) -> None:
        """The issuer wrote the same wrong figure everywhere; only adding up again tells."""
        usual = cathode_footprint(cathode())
        light = replace(usual, co2e_g=62_500_000, co2e_g_per_kg=2500)
        told = copper_chain("cathode", footprint=light)
        lots = lots_of(told, [62_500_000] * 38)
        report = judge(relotted(told, CATHODE_RUN, lots).case())
        assert report.failed_at is Step.LINEAGE
        assert set(failed(report)) == {"lineage.carbon_vanishes", "footprint.does_not_recompute"}
        facts = failed(report)["footprint.does_not_recompute"].facts
        assert (facts["printed_g_per_kg"], facts["recomputed_g_per_kg"]) == (2500, 3031)

    @pytest.mark.row("A27")
    def test_verify__29_lots_carry_less_and_9_the_rest__out_of_proportion(self) -> None:
        lots = lots_of(cathode(), cherry_picked(cathode()))
        report = judge(relotted(cathode(), CATHODE_RUN, lots).case())
        assert {"lot.out_of_proportion", "lot.column_differs"} <= set(failed(report))

    @pytest.mark.row("A27")
    def test_verify__the_same_declared_as_attributed__is_marked_and_the_batch_conserved(
        self,
    ) -> None:
        burdens = cherry_picked(cathode())
        co2e_g = burdens[0]
        usual = cathode_footprint(cathode())
        light = replace(usual, co2e_g=co2e_g, co2e_g_per_kg=-(-co2e_g // 25_000))
        told = copper_chain("cathode", footprint=light)
        flags = told.part.batch.header.flags | HeaderFlag.ATTRIBUTED
        run = told.told[CATHODE_RUN].run
        attributed = tuple(replace(each, attributed=True) for each in run.outputs)
        again = told.retold(CATHODE_RUN, {"flags": flags}, outputs=attributed)
        picked = relotted(again, CATHODE_RUN, lots_of(again, burdens), {"flags": flags})
        report = judge(picked.case())
        assert not failed(report)
        assert one(report, "footprint.attributed").outcome is Outcome.NOTICE
        lighter = lots_of(again, [co2e_g] * 38)
        report = judge(relotted(again, CATHODE_RUN, lighter, {"flags": flags}).case())
        assert {"footprint.does_not_recompute", "lineage.carbon_vanishes"} <= set(failed(report))

    @pytest.mark.row("A27")
    def test_difference__attributed_and_average__are_not_comparable(self) -> None:
        average = StatedFigure(3031, "pcf", "gCO2e/kilogram", "cradle-to-gate", "AR6")
        with pytest.raises(InputError) as refusal:
            difference(replace(average, attributed=True), average)
        assert refusal.value.code == "custody.not_comparable"

    def test_products__are_those_with_a_passport(self) -> None:
        assert set(PRODUCTS) == {"cathode", "rod", "cable"}


def co2e_at(told: Disclosure) -> int:
    return told.part.columns.index(ColumnKey(CO2E))


def lots_of(told: Disclosure, burdens: list[int]) -> list[tuple[int, ...]]:
    """The 38 lots, 29 of them certified, with these burdens."""
    keys = told.part.columns
    lots = []
    for at, co2e_g in enumerate(burdens):
        held = dict(zip(keys, told.part.quantities, strict=True)) | {ColumnKey(CO2E): co2e_g}
        if at >= CERTIFIED:
            held[ColumnKey(CU_50)] = 0
        lots.append(tuple(held[key] for key in keys))
    return lots


def cherry_picked(told: Disclosure) -> list[int]:
    """29 lots with 9 t CO2e less each, the nine others with what is missing."""
    usual, less = told.part.quantities[co2e_at(told)], 9_000_000
    return [usual - less] * CERTIFIED + [usual + less * CERTIFIED // 9] * 9


def cathode_footprint(told: Disclosure) -> Any:
    held = dict(zip(told.part.columns, told.part.quantities, strict=True))
    return certificate("x", "copper-cathode", held).footprint


class TestAllocation:
    """A28: another way to share is another document, and only one of two is the lot's."""

    @pytest.mark.row("A28")
    def test_verify__another_allocation_for_another_customer__is_not_the_lots_statement(
        self,
    ) -> None:
        other = document(allocation="by revenue, for this customer")
        report = judge(rod().case(sign_statement(other, SIGNER)))
        assert set(failed(report)) == {"lot.other_statement"}

    @pytest.mark.row("A28")
    def test_verify__superseded_by_one_with_another_share__columns_do_not_move(self) -> None:
        footprint = content().footprint
        assert footprint is not None
        shared = replace(footprint, co2e_g=11_700_000, co2e_g_per_kg=3_000, allocation="by revenue")
        token = token_of(replace(content(), footprint=shared), "later")
        entry = StatusEntry(
            issuer=MEMBER,
            leaf=rod().part.statement_leaf,
            index=0,
            action=StatusAction.SUPERSEDE,
            reason=StatusReason.NONE,
            by_member=MEMBER,
            effective_s=UnixSeconds(1),
            recorded_at_s=UnixSeconds(1),
            related_leaf=token_leaf(token),
        )
        report = judge(rod().with_facts(successions=Known((entry,))).case(token))
        assert one(report, "lot.later_statement").outcome is Outcome.NOTICE
        assert set(failed(report)) == {"lot.column_differs", "footprint.does_not_recompute"}

    @pytest.mark.row("A28")
    def test_verify__no_allocation_stated__breaks_the_rules(self) -> None:
        report = judge(rod().case(sign_statement(document(allocation=None), SIGNER)))
        assert report.failed_at is Step.RULES


class TestBoundary:
    @pytest.mark.row("A29")
    @pytest.mark.parametrize("boundary", ["gate-to-gate", "scope-one-and-two", "cradle-to-grave"])
    def test_verify__another_boundary__is_refused_and_nothing_compared(self, boundary: str) -> None:
        report = judge(rod().case(sign_statement(document(boundary=boundary), SIGNER)))
        assert failed(report)["footprint.other_boundary"].facts["boundary"] == boundary
        assert "footprint.recomputes" not in {check.code for check in report.checks}

    @pytest.mark.row("A29")
    @pytest.mark.parametrize("name", ["boundary", "declaredUnit", "gwpSet"])
    def test_verify__not_stated__breaks_the_rules(self, name: str) -> None:
        unstated: dict[str, Any] = {name: None}
        report = judge(rod().case(sign_statement(document(**unstated), SIGNER)))
        assert report.failed_at is Step.RULES

    @pytest.mark.row("A29")
    def test_difference__across_boundaries__is_refused(self) -> None:
        one_ = StatedFigure(3031, "pcf", "gCO2e/kilogram", "cradle-to-gate", "AR6")
        with pytest.raises(InputError) as refusal:
            difference(one_, replace(one_, boundary="gate-to-gate"))
        assert refusal.value.code == "custody.not_comparable"


class TestSameLotTwice:
    @pytest.mark.row("A03")
    def test_verify__second_certificate_in_a_second_batch__another_is_on_chain(self) -> None:
        """Its batch is on chain and its path good: the first opening of a lot id won."""
        first = rod()
        token = token_of(content(), "second")
        second = first.with_part(statement_leaf=token_leaf(token))
        second = replace(relotted(second, ROD_RUN, [first.part.quantities]), token=token)
        report = judge(replace(second, record=first.record).case())
        assert set(failed(report)) == {"lot.other_statement_on_chain"}
        assert one(report, "lot.proven").outcome is Outcome.PASSED

    @pytest.mark.row("A03")
    def test_verify__first_certificate_of_a_lot_that_was_opened__is_the_lots(self) -> None:
        report = judge(rod().case())
        assert rod().record.commitment == lot_commitment(opened_lot(rod().part))
        assert one(report, "lot.as_opened").outcome is Outcome.PASSED
