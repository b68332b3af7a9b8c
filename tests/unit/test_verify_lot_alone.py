"""A lot whose passport is not at hand: what the chain shows of it, and never a good verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.certified_lot import TRUST
from tests.support.disclosed_copper import copper_chain
from tests.support.disclosed_lots import Disclosure, opened_lot, rod_chain
from veta.custody.encoding import lot_commitment
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import Digest
from veta.model.lots import LotState
from veta.verify.accounts import run_accounts
from veta.verify.report import Report
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier


def alone(told: Disclosure) -> Report:
    case = told.case()
    bundle = replace(case.bundle, token=b"", root=None, inclusion=None)
    return Verifier(TRUST).verify_lot_alone(bundle, case.facts)


def outcomes(report: Report, step: Step) -> set[Outcome]:
    return {each.outcome for each in report.checks if each.step is step}


def codes(report: Report) -> set[str]:
    return {each.code for each in report.checks}


def opened(told: Disclosure) -> Disclosure:
    """The same lot, opened on the chain as it is, and shown by its slots alone."""
    commitment = Digest(lot_commitment(opened_lot(told.part)))
    held = told.with_record(state=LotState.HELD, commitment=commitment)
    return held.with_part(path=None)


def test_lot_alone__all_that_is_shown_holds__is_still_not_proven() -> None:
    report = alone(opened(rod_chain()))
    assert report.verdict is Verdict.NOT_PROVEN
    assert report.statement is None and report.verified is None
    assert "statement.not_shown" in codes(report)
    assert outcomes(report, Step.LINEAGE) <= {Outcome.PASSED, Outcome.NOTICE}
    assert "lineage.laws_kept" in codes(report)
    for step in (Step.SIGNATURE, Step.ISSUER, Step.ANCHOR, Step.STATUS, Step.FOOTPRINT):
        assert outcomes(report, step) == {Outcome.NOT_PROVEN}


def test_lot_alone__other_quantities_than_were_opened__fails() -> None:
    told = opened(rod_chain())
    more = tuple(each + 1 for each in told.part.quantities)
    report = alone(told.with_part(quantities=more))
    assert not report.verdict.good
    assert "lot.as_opened" not in codes(report)


def test_lot_alone__malformed__is_invalid_and_nothing_more_is_looked_at() -> None:
    told = opened(rod_chain())
    report = alone(told.with_part(quantities=told.part.quantities[1:]))
    assert report.verdict is Verdict.INVALID
    assert outcomes(report, Step.LINEAGE) == {Outcome.NOT_PROVEN}


def test_lot_alone__chain_that_did_not_answer__is_not_determined() -> None:
    why = Undetermined("ledger.timeout", "no answer")
    told = opened(rod_chain())
    words = tuple(replace(each, word=why) for each in told.facts().words)
    report = alone(told.with_facts(words=words, record=why))
    assert Outcome.NOT_DETERMINED in outcomes(report, Step.LOT)
    assert not report.verdict.good


@pytest.mark.row("S01")
@pytest.mark.parametrize("product", ["cathode", "rod", "cable"])
def test_accounts__copper_chain__every_column_of_every_run_closes(product: str) -> None:
    case = copper_chain(product).case()
    assert case.facts.lot is not None
    accounts = run_accounts(case.bundle, case.facts.lot)
    assert len(accounts) >= 6
    for account in accounts:
        assert account.whole
        for each in account.balances:
            assert each.taken + each.entered == each.made + each.lost + each.ended
            assert min(each.taken, each.entered, each.made, each.lost, each.ended) >= 0
        emitted = sum(account.emissions_g.values())
        (co2e,) = [each for each in account.balances if each.column >> 28 == 4]
        assert co2e.entered == emitted


def test_accounts__run_of_which_a_part_is_closed__says_that_it_is_not_whole() -> None:
    told = rod_chain()
    run = told.disclosed[0]
    batches = tuple(replace(each, totals=None) for each in run.batches)
    case = told.with_run(0, batches=batches).case()
    accounts = run_accounts(case.bundle, case.facts.lot or Undetermined("facts.none", "none"))
    assert not accounts[0].whole
    assert accounts[0].balances == ()
    assert any(account.whole for account in accounts), "what does not rest on it still has its own"


def test_accounts__bundle_without_a_lot__none() -> None:
    case = rod_chain().case().with_bundle(lot=None)
    assert run_accounts(case.bundle, Undetermined("facts.none", "none")) == ()
    assert isinstance(case.facts.as_of, Known)
