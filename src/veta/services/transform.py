"""Transform: lots that the member holds become lots of new batches."""

from __future__ import annotations

from veta.errors import InputError
from veta.model.lots import LotBatchKind
from veta.services.run_requests import RunRequest
from veta.services.runs import DraftedRun, PlannedRun, RunDesk


class Transformer:
    """Makes lots of lots in the member's name: splits, blends, smelts, assembles.

    Args:
        runs: where runs are judged and planned.
    """

    def __init__(self, runs: RunDesk) -> None:
        self._runs = runs

    def asked_before(self, request: RunRequest) -> bool:
        """Whether the same run is under way or done."""
        return self._runs.asked_before(request)

    def draft(self, request: RunRequest) -> DraftedRun:
        """Judge a transform: all problems and the three balances; nothing is signed.

        Raises:
            InputError: ``lot.not_a_transform``; as ``RunDesk.draft``.
        """
        _require_transform(request)
        return self._runs.draft(request)

    def transform(self, request: RunRequest) -> PlannedRun:
        """Sign the passports of all lots of the run, and plan it. See ``RunDesk.plan``.

        Raises:
            InputError: ``lot.not_a_transform``.
        """
        _require_transform(request)
        return self._runs.plan(request)


def _require_transform(request: RunRequest) -> None:
    if request.kind is not LotBatchKind.TRANSFORM:
        raise InputError("lot.not_a_transform", f"a {request.kind.name.lower()} takes no lots")
