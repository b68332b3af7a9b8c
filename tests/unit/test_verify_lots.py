"""Every finding of steps 8, 9 and 12: reached, and coming to what the one table says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.certified_lot import NOW, SIGNER, TRUST, Case, issuance
from tests.support.custody_world import (
    CO2E,
    CU,
    CU_75,
    IP,
    MEMBER,
    NET,
    fresh,
    lost,
)
from tests.support.disclosed_lots import (
    ROD_HELD,
    ROD_RUN,
    UNOPENED,
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
from tests.support.lot_towers import tower
from tests.support.restated_lots import closed_rod, disputed, parent_said, restated_rod
from veta.custody.encoding import batch_word, lot_commitment
from veta.model.anchoring import StatusAction, StatusEntry, StatusReason
from veta.model.columns import ColumnKey, co2e_key
from veta.model.determined import Known, Undetermined
from veta.model.disclosure import CauseEntry, LotPart
from veta.model.identifiers import AccountAddress, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot import LotCertificate, MetalContent, MetalOrigin
from veta.model.lots import (
    AllocationRule,
    CausePart,
    Draw,
    Emission,
    EmissionPart,
    HeaderFlag,
    LossReason,
    LotId,
    LotState,
    SiteId,
    Source,
    Take,
)
from veta.services.disclosure import closed
from veta.statement.jws import sign_statement
from veta.statement.passport import build_passport
from veta.verify.footprint_step import check_footprint
from veta.verify.lineage_step import check_lineage
from veta.verify.lot_codes import OUTCOMES
from veta.verify.lot_step import facts_about
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.report import Report
from veta.verify.stated import StatedLot
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

ALL_STEPS: Final = Policy().required | LOT_STEPS
"""Every step that can be made in this version."""
DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "spec" / "verification.md"


def judge(case: Case, required: frozenset[Step] = ALL_STEPS) -> Report:
    return Verifier(TRUST, Policy(required=required)).verify(case.bundle, case.facts)


def codes(report: Report) -> set[str]:
    return {check.code for check in report.checks}


@cache
def base() -> Disclosure:
    return rod_chain()


@cache
def content() -> LotCertificate:
    parents = [parent(number(0)), parent(number(1))]
    return certificate(number(ROD_RUN), "copper-rod", ROD_HELD, parents)


def other_passport(**changes: Any) -> bytes:
    return token_of(replace(content(), **changes), "other")


def other_footprint(**changes: Any) -> bytes:
    footprint = content().footprint
    assert footprint is not None
    return other_passport(footprint=replace(footprint, **changes))


def word(order: int, value: int, disclosure: Disclosure | None = None) -> Disclosure:
    """Another word under a batch of a run."""
    told = disclosure or base()
    root = told.told[order].headers[0].root
    words = tuple(
        replace(each, word=Known(value.to_bytes(32))) if each.root == root else each
        for each in told.facts().words
    )
    return told.with_facts(words=words)


def rod_output(at: int = 0, **changes: Any) -> Disclosure:
    """The rod's run with another output."""
    outputs = list(base().told[ROD_RUN].run.outputs)
    outputs[at] = replace(outputs[at], **changes)
    return base().retold(ROD_RUN, outputs=tuple(outputs))


def sums(**changes: int) -> tuple[int, ...]:
    """The rod's sums, some of them others."""
    names = {"net": NET, "cu": CU, "co2e": CO2E}
    held = ROD_HELD | {names[name]: value for name, value in changes.items()}
    return tuple(held[key] for key in sorted(held))


def uneven_lots() -> Disclosure:
    """A batch of two rods, one of which carries less CO2e a kilogram than the other."""
    chain = base()
    part, half = chain.part, [each // 2 for each in chain.part.quantities]
    at = part.columns.index(ColumnKey(CO2E))
    first = tuple(each - (1_000 if column == at else 0) for column, each in enumerate(half))
    second = tuple(whole - each for whole, each in zip(part.quantities, first, strict=True))
    return relotted(chain, ROD_RUN, [first, second])


def rebased() -> Disclosure:
    """A receiver measured a tenth less."""
    part = base().part
    now = tuple(
        each if key == CO2E else each * 9 // 10
        for key, each in zip(part.columns, part.quantities, strict=True)
    )
    commitment = lot_commitment(replace(opened_lot(part), quantities=now))
    told = base().with_part(rebased=now)
    return told.with_record(commitment=commitment, previous_holder=MemberId(3))


def superseded() -> Case:
    token = token_of(content(), "later")
    entry = supersede(base().part.statement_leaf, token_leaf(token))
    return base().with_facts(successions=Known((entry,))).case(token)


def supersede(first: Leaf, then: Leaf, issuer: MemberId = MEMBER) -> StatusEntry:
    return StatusEntry(
        issuer=issuer,
        leaf=first,
        index=0,
        action=StatusAction.SUPERSEDE,
        reason=StatusReason.NONE,
        by_member=MEMBER,
        effective_s=UnixSeconds(NOW),
        recorded_at_s=UnixSeconds(NOW),
        related_leaf=then,
    )


def parent_superseded(issuer: MemberId = MEMBER, steps: int = 1) -> Disclosure:
    """The passport relies on a statement about a lot that superseded the one it was issued with."""
    leaves = [Leaf(fresh()) for _ in range(steps)]
    made = rod_chain(replace(content(), parents=(parent(number(0), leaves[-1]), parent(number(1)))))
    first = made.disclosed[ROD_RUN].taken[0].statement_leaf
    links = zip([first, *leaves], leaves, strict=False)
    return made.with_facts(successions=Known(tuple(supersede(*link, issuer) for link in links)))


def no_metal_lot() -> Case:
    document = build_passport(content(), issuance("foreign"))
    document["credentialSubject"]["characteristics"] = {"type": ["SomebodyElses"]}
    return base().case(sign_statement(document, SIGNER))


def signed_by_another() -> Case:
    case = base().case()
    issuer: Any = case.facts.issuer
    return case.with_facts(issuer=Known(replace(issuer.value, member=MemberId(8))))


def cyclic() -> Disclosure:
    """The first origin says that it took from the rod."""
    chain = base()
    part = chain.part
    take = Take(
        source=0,
        index=part.index,
        lot_key=part.lot_key,
        statement_leaf=part.statement_leaf,
        quantities=part.quantities,
        taken=0,
        amount=1,
        waived=0,
    )
    source = Source(part.batch.header, part.columns)
    assert part.path is not None
    told = chain.told[0].retold(paths=(part.path,), sources=(source,), takes=(take,))
    return replace(chain, told=(told, *chain.told[1:]))


def taken_twice() -> Disclosure:
    chain = base()
    run, paths = chain.told[ROD_RUN].run, chain.told[ROD_RUN].paths
    again = replace(run.takes[0], amount=1)
    told = chain.told[ROD_RUN].retold(paths=(*paths, paths[0]), takes=(*run.takes, again))
    whole = replace(chain, told=(*chain.told[:ROD_RUN], told))
    return whole.on(told.disclosed().batches[0])


def take(**changes: Any) -> Disclosure:
    first, *rest = base().told[ROD_RUN].run.takes
    return base().retold(ROD_RUN, takes=(replace(first, **changes), *rest))


def taken(**changes: Any) -> Disclosure:
    """The first lot that went in, handed over otherwise."""
    first, *rest = base().disclosed[ROD_RUN].taken
    return base().with_run(ROD_RUN, taken=(replace(first, **changes), *rest))


def batch(order: int, at: int = 0, **changes: Any) -> Disclosure:
    """A batch of a run handed over otherwise."""
    batches = list(base().disclosed[order].batches)
    batches[at] = replace(batches[at], **changes)
    return base().with_run(order, batches=tuple(batches))


def header(order: int, at: int = 0, **changes: Any) -> Disclosure:
    before = base().disclosed[order].batches[at].header
    return batch(order, at, header=replace(before, **changes))


def other_totals(order: int) -> Disclosure:
    totals = base().disclosed[order].batches[0].totals
    assert totals is not None
    return batch(order, totals=replace(totals, sums=(totals.sums[0] + 1, *totals.sums[1:])))


def part_changed(order: int, kind: CausePart, at: int) -> Disclosure:
    """An octet of an opened part of a cause is another."""
    cause = []
    for entry in base().disclosed[order].cause:
        octets = bytearray(entry.octets)
        if int.from_bytes(octets[:32]) == kind:
            octets[at] ^= 1
        cause.append(replace(entry, octets=bytes(octets)))
    return base().with_run(order, cause=tuple(cause))


def close(order: int, *kinds: CausePart) -> Disclosure:
    run = closed(base().disclosed[order], frozenset(kinds))
    return base().with_run(order, cause=run.cause)


def rule(site: int) -> Disclosure:
    whole = base().retold(ROD_RUN, {"allocation_rule": 55}, allocation_rule=55)
    there = AllocationRule(55, SiteId(site), UnixSeconds(0), UnixSeconds(2**62), ())
    return replace(whole, rules=(there,))


def of_one_class() -> Disclosure:
    same = rod_output(1, product_class=base().told[ROD_RUN].run.outputs[0].product_class)
    return replace(same, classes=())


def closed_totals() -> LotPart:
    return replace(base().part, batch=replace(base().part.batch, totals=None))


def credited() -> Disclosure:
    """A rod of blended copper that claims credit for all of it."""
    held = ROD_HELD | {CU_75: ROD_HELD[CU]}
    columns = tuple(sorted(held))
    return rod_output(columns=columns, sums=tuple(held[key] for key in columns))


def light_emissions() -> tuple[Emission, ...]:
    return (Emission(EmissionPart.PROCESS, 1_000),)


def other_gwp_set() -> Disclosure:
    """A network that counts under a set that has no name here."""
    columns = tuple(co2e_key(99) if key == CO2E else key for key in base().part.columns)
    return base().with_part(columns=columns)


def replaced() -> Disclosure:
    """The rod's batch took the place of one with the same totals, a day later."""
    again = rod_output(root=fresh())
    told, run = again.told[ROD_RUN], base().part
    header = replace(
        told.headers[0],
        root=run.batch.header.root,
        sequence=900,
        by=AccountAddress(b"\x09" * 20),
        anchored_at_s=UnixSeconds(NOW - 1),
    )
    batches = (replace(told.disclosed().batches[0], header=header), told.disclosed().batches[1])
    words = (*again.facts().words, replace(again.facts().words[0], issuer=header.issuer))
    words = tuple(
        replace(each, root=header.root, word=Known(batch_word(header, opened=True)))
        if at == len(words) - 1
        else each
        for at, each in enumerate(words)
    )
    handed = again.with_run(ROD_RUN, batches=batches)
    return replace(handed, part=run).on(batches[0]).with_facts(words=words)


Scenario = Callable[[], Case | Disclosure]
SCENARIOS: Final[Mapping[str, Scenario]] = {
    "lot.on_chain": base,
    "lot.batch_absent": lambda: word(ROD_RUN, 0),
    "lot.batch_withdrawn": lambda: word(ROD_RUN, 2),
    "lot.batch_handed_over": lambda: word(ROD_RUN, 4),
    "lot.other_header": lambda: word(ROD_RUN, 2**255),
    "lot.malformed": lambda: base().with_part(quantities=base().part.quantities[1:]),
    "lot.no_lot_passport": no_metal_lot,
    "lot.other_issuer": signed_by_another,
    "lot.other_key": lambda: base().case(other_passport(lot_number="R9")),
    "lot.proven": base,
    "lot.as_opened": lambda: base().with_part(path=None),
    "lot.other_totals": lambda: base().with_part(
        batch=other_totals(ROD_RUN).disclosed[ROD_RUN].batches[0]
    ),
    "lot.totals_closed": lambda: replace(base(), part=closed_totals(), record=UNOPENED),
    "lot.path_missing": lambda: replace(base(), record=UNOPENED).with_part(path=None),
    "lot.out_of_proportion": uneven_lots,
    "lot.first_statement": base,
    "lot.later_statement": superseded,
    "lot.other_statement": lambda: base().case(token_of(content(), "later")),
    "lot.other_statement_on_chain": lambda: base().with_record(commitment=Digest(fresh())),
    "lot.opened_otherwise": lambda: base().with_record(
        commitment=Digest(fresh()), previous_holder=MemberId(3)
    ),
    "lot.columns_equal": base,
    "lot.column_differs": lambda: base().case(
        other_footprint(co2e_g=9_750_000, co2e_g_per_kg=2_500)
    ),
    "lot.column_not_stated": lambda: base().case(other_passport(footprint=None)),
    "lot.not_counted": lambda: base().case(
        other_passport(
            metal=(*content().metal, MetalContent("Ag", 5)),
            origins=(*content().origins, MetalOrigin("Ag", content().origins[0].country, 5)),
        )
    ),
    "lot.metal_exceeds_mass": lambda: base().with_part(quantities=sums(net=3_000_000)),
    "lot.grade_unusual": lambda: base().case(other_passport(product_class="copper-anode")),
    "lot.unopened": lambda: replace(base(), record=UNOPENED),
    "lot.held": base,
    "lot.offered": lambda: base().with_record(
        state=LotState.OFFERED, offered_to=MemberId(3), offer_until_s=UnixSeconds(NOW + 1)
    ),
    "lot.frozen": lambda: base().with_record(frozen_until_s=UnixSeconds(NOW + 1)),
    "lot.partly_taken": lambda: base().with_record(taken=1),
    "lot.rebased": rebased,
    "lot.consumed": lambda: base().with_record(state=LotState.CONSUMED, taken=ROD_HELD[NET]),
    "lot.retired": lambda: base().with_record(state=LotState.RETIRED),
    "lot.exited": lambda: base().with_record(state=LotState.EXITED),
    "lot.handed_over": lambda: base().with_record(state=LotState.HANDED_OVER),
    "lineage.not_disclosed": lambda: replace(base(), runs=()),
    "lineage.lot_not_proven": lambda: word(ROD_RUN, 0),
    "lineage.too_large": lambda: base().with_run(
        0, cause=(CauseEntry(bytes(32), opened=False),) * 10_000
    ),
    "lineage.too_deep": lambda: tower(65),
    "lineage.cycle": cyclic,
    "lineage.repeated": lambda: replace(
        base(), runs=(*base().disclosed, close(0, CausePart.EMISSION).disclosed[0])
    ),
    "lineage.malformed": lambda: part_changed(ROD_RUN, CausePart.LOSS, 33),
    "lineage.batch_absent": lambda: word(0, 0),
    "lineage.batch_withdrawn": lambda: word(0, 2),
    "lineage.batch_handed_over": lambda: word(0, 4),
    "lineage.other_header": lambda: word(0, 2**255),
    "lineage.headers_differ": lambda: header(ROD_RUN, 1, site=9),
    "lineage.other_cause": lambda: part_changed(0, CausePart.EMISSION, 95),
    "lineage.other_totals": lambda: other_totals(0),
    "lineage.other_output": lambda: header(ROD_RUN, 1, totals=fresh()),
    "lineage.other_quantities": lambda: taken(
        quantities=tuple(each + 1 for each in base().disclosed[ROD_RUN].taken[0].quantities)
    ),
    "lineage.other_statement": lambda: rod_chain(
        replace(content(), parents=(parent(number(0), Leaf(fresh())), parent(number(1))))
    ),
    "lineage.later_statement": parent_superseded,
    "lineage.parent_superseded": lambda: parent_said(StatusAction.SUPERSEDE, Leaf(fresh())),
    "lineage.parent_revoked": lambda: parent_said(StatusAction.REVOKE),
    "lineage.restated": lambda: restated_rod(0, 900_000),
    "lineage.restatement_not_counted": lambda: restated_rod(0, -900_000),
    "lot.restated": lambda: restated_rod(ROD_RUN, 900_000),
    "lot.restated_in_total": lambda: closed_rod(900_000),
    "lot.disputed": lambda: disputed(base()),
    "lineage.parent_later": lambda: base().retold(0, {"anchored_at_s": NOW}),
    "lineage.take_above_lot": lambda: take(amount=3_000_001),
    "lineage.taken_twice": taken_twice,
    "lineage.parent_not_taken": lambda: rod_chain(
        replace(content(), parents=(parent("NEVER-TAKEN"),))
    ),
    "lineage.parents_incomplete": lambda: rod_chain(
        replace(content(), parents=(parent(number(0)),))
    ),
    "lineage.run_not_disclosed": lambda: base().without_run(0),
    "lineage.cause_closed": lambda: close(0, CausePart.EMISSION),
    "lineage.totals_closed": lambda: batch(0, totals=None),
    "lineage.output_not_disclosed": lambda: base().with_run(
        ROD_RUN, batches=base().disclosed[ROD_RUN].batches[:1]
    ),
    "lineage.take_not_disclosed": lambda: base().with_run(
        ROD_RUN, taken=base().disclosed[ROD_RUN].taken[:1]
    ),
    "lineage.statement_not_shown": lambda: taken(path=None),
    "lineage.class_unknown": of_one_class,
    "lineage.rule_unknown": lambda: replace(rule(3), rules=()),
    "lineage.rule_not_in_force": lambda: rule(99),
    "lineage.metal_appears": lambda: base().retold(ROD_RUN, losses=()),
    "lineage.carbon_vanishes": lambda: base().retold(ROD_RUN, emissions=light_emissions()),
    "lineage.credit_appears": credited,
    "lineage.rule_broken": lambda: rod_output(model=IP),
    "lineage.flags_differ": lambda: base().retold(ROD_RUN, {"flags": HeaderFlag(0)}),
    "lineage.origin_differs": lambda: base().retold(ROD_RUN, {"origin_site": SiteId(3)}),
    "lineage.laws_kept": base,
    "lineage.complete": base,
    "lineage.origins": base,
    "lineage.model": base,
    "lineage.flagged": base,
    "lineage.mass_inflated": lambda: rod_output(sums=sums(net=5_000_000)),
    "lineage.yield_unusual": lambda: base().retold(
        ROD_RUN, losses=lost(LossReason.DUST, 1_000_000)
    ),
    "footprint.not_stated": lambda: base().case(other_passport(footprint=None)),
    "footprint.lot_not_proven": lambda: word(ROD_RUN, 0),
    "footprint.no_mass": lambda: base().case(other_passport(mass_basis="dry")),
    "footprint.other_boundary": lambda: base().case(other_footprint(boundary="gate-to-gate")),
    "footprint.other_gwp_set": lambda: base().case(other_footprint(gwp_set="AR5")),
    "footprint.unknown_gwp_set": other_gwp_set,
    "footprint.recomputes": base,
    "footprint.does_not_recompute": lambda: base().case(
        other_footprint(co2e_g=9_750_000, co2e_g_per_kg=2_500)
    ),
    "footprint.stale": lambda: base().case(
        other_footprint(period_from_s=UnixSeconds(1), period_to_s=UnixSeconds(2))
    ),
    "footprint.rounded_down": lambda: base().case(other_footprint(co2e_g_per_kg=3_435)),
    "footprint.run_not_disclosed": lambda: replace(base(), runs=()),
    "footprint.inherited_not_disclosed": lambda: close(0, CausePart.EMISSION),
    "footprint.attributed": lambda: base().retold(
        ROD_RUN, {"flags": base().told[ROD_RUN].headers[0].flags | HeaderFlag.ATTRIBUTED}
    ),
    "footprint.unallocated": base,
}
BY_CALL: Final = {"footprint.other_unit"}
"""Refused at step 4 already; the step's own check is called by itself below."""


def case_of(scenario: Scenario) -> Case:
    made = scenario()
    return made.case() if isinstance(made, Disclosure) else made


def test_scenarios__reach_every_code_of_the_table() -> None:
    assert set(SCENARIOS) | BY_CALL == set(OUTCOMES)


@pytest.mark.parametrize("code", SCENARIOS)
def test_verify__each_scenario__finds_its_code_and_comes_to_its_outcome(code: str) -> None:
    report = judge(case_of(SCENARIOS[code]))
    found = [check for check in report.checks if check.code == code]
    assert found, sorted(codes(report))
    assert {check.outcome for check in found} == {OUTCOMES[code]}
    if OUTCOMES[code] is Outcome.FAILED:
        assert report.verdict is Verdict.INVALID
    if OUTCOMES[code] is Outcome.NOT_PROVEN:
        assert not report.verdict.good


def test_specification__has_the_same_outcome_for_every_code() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \| ([a-z ]+) \|", DOCUMENT.read_text(), flags=re.MULTILINE)
    documented = {
        code: outcome.replace(" ", "_")
        for cell, outcome in rows
        for code in re.findall(r"`((?:lot|lineage|footprint)\.[a-z_]+)`", cell)
    }
    assert documented == {code: outcome.value for code, outcome in OUTCOMES.items()}


class TestHonest:
    def test_verify__rod_of_two_cathodes__good_with_all_steps_required(self) -> None:
        report = judge(base().case())
        assert report.verdict is Verdict.VALID_WITH_NOTICE
        notices = {check.code for check in report.checks if check.outcome is Outcome.NOTICE}
        assert notices == {"lineage.flagged", "footprint.unallocated"}

    def test_verify__without_a_lot__as_before(self) -> None:
        case = base().case().with_bundle(lot=None, runs=())
        report = judge(case)
        later = {"lot.not_on_chain", "lineage.not_on_chain", "footprint.not_recomputed"}
        assert later <= codes(report)
        assert report.verdict is Verdict.NOT_PROVEN
        assert judge(case, Policy().required).verdict is Verdict.VALID

    def test_verify__unopened_lot_with_a_path__proven_all_the_same(self) -> None:
        report = judge(replace(base(), record=UNOPENED).case())
        assert report.verdict is Verdict.VALID_WITH_NOTICE
        assert {"lot.proven", "lot.unopened"} <= codes(report)

    def test_verify__opened_lot_without_totals_and_path__proven_by_its_slots(self) -> None:
        """A public bundle: header and two slots, no sum path (DESIGN 4.9)."""
        report = judge(replace(base(), part=replace(closed_totals(), path=None)).case())
        assert "lot.as_opened" in codes(report)
        assert not [
            check
            for check in report.checks
            if check.step is Step.LOT and check.outcome is not Outcome.PASSED
        ]

    def test_verify__a_run_handed_over_twice_alike__counts_once(self) -> None:
        twice = replace(base(), runs=(*base().disclosed, *base().disclosed))
        assert judge(twice.case()).verdict is Verdict.VALID_WITH_NOTICE

    def test_verify__batch_that_took_anothers_place__is_the_runs_all_the_same(self) -> None:
        report = judge(replaced().case())
        assert report.verdict is Verdict.VALID_WITH_NOTICE, sorted(codes(report))

    def test_verify__attributed_lot_shown_by_its_slots__its_batch_is_recomputed(self) -> None:
        flags = base().told[ROD_RUN].headers[0].flags | HeaderFlag.ATTRIBUTED
        told = base().retold(ROD_RUN, {"flags": flags})
        bare = replace(told.part, path=None, batch=replace(told.part.batch, totals=None))
        report = judge(replace(told, part=bare).case())
        assert report.verdict is Verdict.VALID_WITH_NOTICE
        assert {"footprint.attributed", "footprint.recomputes"} <= codes(report)

    def test_verify__credit_let_go_and_other_credit_drawn__is_no_breach(self) -> None:
        """A cause does not say what a take let go: the share of the taken may be too high."""
        held = ROD_HELD | {CU_75: 10}
        columns = tuple(sorted(held))
        made, scrap = base().told[ROD_RUN].run.outputs
        made = replace(made, columns=columns, sums=tuple(held[key] for key in columns))
        drawn = (Draw(0, ColumnKey(CU_75), 10),)
        report = judge(base().retold(ROD_RUN, outputs=(made, scrap), draws=drawn).case())
        assert not [
            check
            for check in report.checks
            if check.step is Step.LINEAGE and check.outcome is Outcome.FAILED
        ]

    def test_verify__part_of_the_lot_taken__says_what_is_left_of_each_column(self) -> None:
        report = judge(base().with_record(taken=1_300_000).case())
        (held,) = [check for check in report.checks if check.code == "lot.held"]
        assert held.facts["left"] == (
            "2600000 net mass",
            "2599740 contained Cu",
            "649936 external Cu",
            "8933333 CO2e (GWP set 1)",
        )


class TestCannotTell:
    @pytest.mark.parametrize("fact", ["record", "successions", "classes", "rules"])
    def test_verify__a_fact_about_the_lot_unanswered__never_better(self, fact: str) -> None:
        why = Undetermined("ledger.timeout", "no answer")
        told = {"successions": superseded, "classes": of_one_class, "rules": lambda: rule(3)}
        case = case_of(told.get(fact, base))  # type: ignore[arg-type]
        assert case.facts.lot is not None
        changed: dict[str, Any] = {fact: why}
        report = judge(case.with_facts(lot=replace(case.facts.lot, **changed)))
        assert "ledger.timeout" in codes(report)
        assert not report.verdict.good

    def test_verify__nobody_asked_about_lots__indeterminate(self) -> None:
        report = judge(base().case().with_facts(lot=None))
        assert report.verdict is Verdict.INDETERMINATE
        assert "facts.lots_not_asked" in codes(report)

    def test_verify__facts_about_another_lot__say_nothing(self) -> None:
        case = base().case()
        assert case.facts.lot is not None
        other = replace(case.facts.lot, lot=LotId(fresh()))
        report = judge(case.with_facts(lot=other))
        assert report.verdict is Verdict.INDETERMINATE

    def test_verify__word_of_one_batch_unanswered__indeterminate(self) -> None:
        why = Undetermined("ledger.timeout", "no answer")
        for order in range(3):
            root = base().told[order].headers[0].root
            words = tuple(
                replace(each, word=why) if each.root == root else each
                for each in base().facts().words
            )
            report = judge(base().with_facts(words=words).case())
            assert report.verdict is Verdict.INDETERMINATE


def test_check_footprint__another_declared_unit__is_refused() -> None:
    case = base().case()
    statement = judge(case).statement
    assert statement is not None and case.bundle.lot is not None
    stated = StatedLot.of(statement.credential)
    assert stated is not None and stated.footprint is not None
    other = replace(stated, footprint=replace(stated.footprint, declared_unit="square meter"))
    about = facts_about(case.bundle.lot, case.facts)
    lineage = check_lineage(case.bundle, stated, about, grounded=True)
    (check,) = [
        each
        for each in check_footprint(other, case.bundle.lot, lineage, grounded=True)
        if each.step is Step.FOOTPRINT
    ]
    assert (check.code, check.outcome) == ("footprint.other_unit", Outcome.FAILED)


def test_verify__parent_s_statement_superseded_by_another_member__is_another_statement() -> None:
    for made in (parent_superseded(MemberId(3)), parent_superseded(steps=65)):
        codes = {check.code for check in judge(made.case()).checks}
        assert "lineage.other_statement" in codes
        assert "lineage.later_statement" not in codes
    far = {check.code for check in judge(parent_superseded(steps=64).case()).checks}
    assert "lineage.later_statement" in far
