"""Steps 8 to 12 of a lot's passport, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from veta.model.bundle import LedgerFacts, StatementBundle
from veta.statement.jws import SignedStatement
from veta.verify.assurance_step import check_assurance
from veta.verify.claims_step import check_claims, check_words
from veta.verify.evidence_step import (
    check_assays,
    check_inventories,
    check_period,
    check_states,
)
from veta.verify.facts import time_of
from veta.verify.findings import not_proven
from veta.verify.footprint_step import check_footprint
from veta.verify.indicators_step import check_indicators
from veta.verify.lineage_step import Lineage, check_lineage
from veta.verify.lot_step import check_lot, facts_about, lot_fault
from veta.verify.notice_step import check_notices
from veta.verify.papers import Papers
from veta.verify.site_step import check_sites
from veta.verify.stated import StatedLot
from veta.verify.verdict import Check, Step

_LATER_STEPS: Final = {
    Step.LOT: ("lot.not_on_chain", "who holds the lot now, and how much of it is left"),
    Step.LINEAGE: ("lineage.not_on_chain", "from which lots it was made, and that sums close"),
    Step.ASSURANCE: ("assurance.lot_not_disclosed", "who vouches for the lot's site and credit"),
    Step.FOOTPRINT: ("footprint.not_recomputed", "the footprint recomputed from an inventory"),
}


def check_lot_steps(
    statement: SignedStatement,
    stated: StatedLot | None,
    bundle: StatementBundle,
    facts: LedgerFacts,
    papers: Papers,
    *,
    sites: bool,
) -> list[Check]:
    """Steps 8 to 12 of a statement.

    Args:
        statement: the bundle's own.
        stated: what it states of a lot; ``None``: nothing, or it breaks a rule of step 4.
        bundle: with the lot and its runs, as far as they are disclosed.
        facts: about the statement and its lot.
        papers: what stands beside it and counts.
        sites: whether the network keeps what is said of sites.
    """
    checks, lineage = _lot(statement, stated, bundle, facts, papers, sites=sites)
    policy, evidence, group = papers.policy, papers.evidence, papers.subject_group
    checks += check_states(stated, evidence, group)  # 10
    checks += check_indicators(statement, bundle, papers.shown, policy.indicators)  # 11
    checks += check_assays(stated, evidence, group, policy.assay)
    checks += check_inventories(stated, evidence, lineage, asked=policy.inventory)  # 12
    return checks + list(check_period(stated, policy.footprint_max_age_s))


def _lot(
    statement: SignedStatement,
    stated: StatedLot | None,
    bundle: StatementBundle,
    facts: LedgerFacts,
    papers: Papers,
    *,
    sites: bool,
) -> tuple[list[Check], Lineage | None]:
    part = bundle.lot
    words = check_words(statement.credential)
    if part is None:
        later = _later_steps((Step.LOT, Step.LINEAGE, Step.ASSURANCE, Step.FOOTPRINT))
        return [*later, *words, *check_claims(None, None, ())], None
    checks, grounded = check_lot(statement, stated, part, facts)
    if lot_fault(part) is not None:
        rest = unreached((Step.LINEAGE, Step.ASSURANCE, Step.FOOTPRINT))
        return checks + words + rest, None
    about = facts_about(part, facts)
    lineage = check_lineage(bundle, stated, about, grounded=grounded)
    assurance = check_assurance(part, lineage, about, grounded=grounded, papers=papers)
    claims = check_claims(part, lineage, assurance)
    footprint = check_footprint(stated, part, lineage, grounded=grounded)
    said = check_notices(part, stated, lineage.walk, about, time_of(facts))
    if sites:
        said += check_sites(part, lineage, about, time_of(facts), grounded=grounded)
    found = [*checks, *lineage.checks, *said, *assurance, *words, *claims, *footprint]
    return found, lineage


def _later_steps(steps_: Iterable[Step]) -> list[Check]:
    return [
        not_proven(step, code, f"no lot is disclosed: {what}")
        for step, (code, what) in _LATER_STEPS.items()
        if step in steps_
    ]


def unreached(steps: Iterable[Step]) -> list[Check]:
    """Steps that came too late in a broken document."""
    return [not_proven(step, "verify.not_reached", f"not reached: {step.title}") for step in steps]
