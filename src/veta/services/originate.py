"""The ways in: what a site produced, what comes from outside, what a stock-take found."""

from __future__ import annotations

from veta.errors import InputError
from veta.model.lots import LotBatchKind
from veta.services.run_requests import RunRequest
from veta.services.runs import DraftedRun, PlannedRun, RunDesk

WAYS_IN = frozenset({LotBatchKind.ORIGIN, LotBatchKind.EXTERNAL, LotBatchKind.GAIN})


class Originator:
    """Brings lots into the book in the member's name.

    Args:
        runs: where runs are judged and planned.
    """

    def __init__(self, runs: RunDesk) -> None:
        self._runs = runs

    def asked_before(self, request: RunRequest) -> bool:
        """Whether the same run is under way or done."""
        return self._runs.asked_before(request)

    def draft(self, request: RunRequest) -> DraftedRun:
        """Judge a way in: all problems and the balances; nothing is signed. See ``RunDesk.draft``.

        Raises:
            InputError: ``lot.not_a_way_in``.
        """
        _require_way_in(request)
        return self._runs.draft(request)

    def originate(self, request: RunRequest) -> PlannedRun:
        """Sign the passports of all lots of the run, and plan it. See ``RunDesk.plan``.

        Raises:
            InputError: ``lot.not_a_way_in``.
        """
        _require_way_in(request)
        return self._runs.plan(request)


def _require_way_in(request: RunRequest) -> None:
    if request.kind not in WAYS_IN:
        raise InputError("lot.not_a_way_in", f"a {request.kind.name.lower()} brings nothing in")
