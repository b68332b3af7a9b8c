"""Short ways to write down what a step found."""

from __future__ import annotations

from veta.model.determined import Undetermined
from veta.verify.verdict import Check, FactValue, Outcome, Step


def passed(step: Step, code: str, sentence: str, **facts: FactValue) -> Check:
    """A check that was made and came out well."""
    return Check(step, Outcome.PASSED, code, sentence, facts)


def failed(step: Step, code: str, sentence: str, **facts: FactValue) -> Check:
    """A check that was made and came out badly."""
    return Check(step, Outcome.FAILED, code, sentence, facts)


def not_proven(step: Step, code: str, sentence: str, **facts: FactValue) -> Check:
    """Something that was not handed over, or does not show what it should."""
    return Check(step, Outcome.NOT_PROVEN, code, sentence, facts)


def not_determined(step: Step, why: Undetermined) -> Check:
    """Something that could not be asked."""
    return Check(step, Outcome.NOT_DETERMINED, why.code, why.reason, {})
