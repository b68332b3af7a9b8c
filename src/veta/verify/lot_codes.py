"""Every finding of steps 8, 9 and 12 and what it comes to: the one table (docs/spec/verification).

A consumed, retired or exited lot is a true lot with a past: a notice. What contradicts the chain or
a law is failed. What is closed, or has gone where this chain does not tell, is not proven.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from veta.verify.verdict import Check, FactValue, Outcome, Step

_LOT: Final[Mapping[str, Outcome]] = {
    "lot.on_chain": Outcome.PASSED,
    "lot.batch_absent": Outcome.NOT_PROVEN,
    "lot.batch_withdrawn": Outcome.FAILED,
    "lot.batch_handed_over": Outcome.NOT_PROVEN,
    "lot.other_header": Outcome.FAILED,
    "lot.malformed": Outcome.FAILED,
    "lot.no_lot_passport": Outcome.NOT_PROVEN,
    "lot.other_issuer": Outcome.FAILED,
    "lot.other_key": Outcome.FAILED,
    "lot.proven": Outcome.PASSED,
    "lot.as_opened": Outcome.PASSED,
    "lot.other_totals": Outcome.FAILED,
    "lot.totals_closed": Outcome.NOT_PROVEN,
    "lot.path_missing": Outcome.NOT_PROVEN,
    "lot.out_of_proportion": Outcome.FAILED,
    "lot.first_statement": Outcome.PASSED,
    "lot.later_statement": Outcome.NOTICE,
    "lot.other_statement": Outcome.FAILED,
    "lot.other_statement_on_chain": Outcome.FAILED,
    "lot.opened_otherwise": Outcome.NOT_PROVEN,
    "lot.columns_equal": Outcome.PASSED,
    "lot.column_differs": Outcome.FAILED,
    "lot.column_not_stated": Outcome.NOT_PROVEN,
    "lot.not_counted": Outcome.NOTICE,
    "lot.metal_exceeds_mass": Outcome.FAILED,
    "lot.grade_unusual": Outcome.NOTICE,
    "lot.unopened": Outcome.NOTICE,
    "lot.held": Outcome.PASSED,
    "lot.offered": Outcome.PASSED,
    "lot.frozen": Outcome.NOTICE,
    "lot.partly_taken": Outcome.NOTICE,
    "lot.rebased": Outcome.NOTICE,
    "lot.consumed": Outcome.NOTICE,
    "lot.retired": Outcome.NOTICE,
    "lot.exited": Outcome.NOTICE,
    "lot.handed_over": Outcome.NOT_PROVEN,
    "lot.disputed": Outcome.NOTICE,
    "lot.restated": Outcome.NOTICE,
    "lot.restated_in_total": Outcome.NOTICE,
}
_LINEAGE: Final[Mapping[str, Outcome]] = {
    "lineage.not_disclosed": Outcome.NOT_PROVEN,
    "lineage.lot_not_proven": Outcome.NOT_PROVEN,
    "lineage.too_large": Outcome.NOT_PROVEN,
    "lineage.too_deep": Outcome.NOT_PROVEN,
    "lineage.cycle": Outcome.FAILED,
    "lineage.repeated": Outcome.FAILED,
    "lineage.malformed": Outcome.FAILED,
    "lineage.batch_absent": Outcome.NOT_PROVEN,
    "lineage.batch_withdrawn": Outcome.FAILED,
    "lineage.batch_handed_over": Outcome.NOT_PROVEN,
    "lineage.other_header": Outcome.FAILED,
    "lineage.headers_differ": Outcome.FAILED,
    "lineage.other_cause": Outcome.FAILED,
    "lineage.other_totals": Outcome.FAILED,
    "lineage.other_output": Outcome.FAILED,
    "lineage.other_quantities": Outcome.FAILED,
    "lineage.other_statement": Outcome.NOT_PROVEN,
    "lineage.later_statement": Outcome.NOTICE,
    "lineage.parent_later": Outcome.FAILED,
    "lineage.take_above_lot": Outcome.FAILED,
    "lineage.taken_twice": Outcome.FAILED,
    "lineage.parent_not_taken": Outcome.FAILED,
    "lineage.parents_incomplete": Outcome.NOTICE,
    "lineage.run_not_disclosed": Outcome.NOT_PROVEN,
    "lineage.cause_closed": Outcome.NOT_PROVEN,
    "lineage.totals_closed": Outcome.NOT_PROVEN,
    "lineage.output_not_disclosed": Outcome.NOT_PROVEN,
    "lineage.take_not_disclosed": Outcome.NOT_PROVEN,
    "lineage.statement_not_shown": Outcome.NOT_PROVEN,
    "lineage.class_unknown": Outcome.NOT_PROVEN,
    "lineage.rule_unknown": Outcome.NOT_PROVEN,
    "lineage.rule_not_in_force": Outcome.FAILED,
    "lineage.metal_appears": Outcome.FAILED,
    "lineage.carbon_vanishes": Outcome.FAILED,
    "lineage.credit_appears": Outcome.FAILED,
    "lineage.rule_broken": Outcome.FAILED,
    "lineage.flags_differ": Outcome.FAILED,
    "lineage.origin_differs": Outcome.FAILED,
    "lineage.laws_kept": Outcome.PASSED,
    "lineage.complete": Outcome.PASSED,
    "lineage.origins": Outcome.PASSED,
    "lineage.model": Outcome.PASSED,
    "lineage.flagged": Outcome.NOTICE,
    "lineage.mass_inflated": Outcome.NOTICE,
    "lineage.yield_unusual": Outcome.NOTICE,
    "lineage.restated": Outcome.NOTICE,
    "lineage.restatement_not_counted": Outcome.NOTICE,
    "lineage.parent_superseded": Outcome.NOTICE,
    "lineage.parent_revoked": Outcome.NOTICE,
}
_FOOTPRINT: Final[Mapping[str, Outcome]] = {
    "footprint.not_stated": Outcome.NOT_PROVEN,
    "footprint.lot_not_proven": Outcome.NOT_PROVEN,
    "footprint.no_mass": Outcome.NOT_PROVEN,
    "footprint.other_boundary": Outcome.FAILED,
    "footprint.other_unit": Outcome.FAILED,
    "footprint.other_gwp_set": Outcome.FAILED,
    "footprint.unknown_gwp_set": Outcome.NOT_PROVEN,
    "footprint.recomputes": Outcome.PASSED,
    "footprint.does_not_recompute": Outcome.FAILED,
    "footprint.rounded_down": Outcome.NOTICE,
    "footprint.stale": Outcome.NOTICE,
    "footprint.run_not_disclosed": Outcome.NOT_PROVEN,
    "footprint.inherited_not_disclosed": Outcome.NOT_PROVEN,
    "footprint.attributed": Outcome.NOTICE,
    "footprint.unallocated": Outcome.NOTICE,
}
OUTCOMES: Final[Mapping[str, Outcome]] = {**_LOT, **_LINEAGE, **_FOOTPRINT}
"""What each finding comes to, by its code."""

_STEPS: Final = {"lot": Step.LOT, "lineage": Step.LINEAGE, "footprint": Step.FOOTPRINT}


def found(code: str, sentence: str, **facts: FactValue) -> Check:
    """A finding of steps 8, 9 or 12; step and outcome are the table's."""
    step, _, _ = code.partition(".")
    return Check(_STEPS[step], OUTCOMES[code], code, sentence, facts)
