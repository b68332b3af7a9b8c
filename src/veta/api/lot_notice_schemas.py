"""Wire formats of what is said beside lots."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from veta.api.lot_schemas import MemberNumber
from veta.api.schemas import Hex32, Strict

_Most = 2**53 - 1
ReasonName = Literal["measurement", "factor", "calculation", "assurance-withdrawn", "other"]
OfBatch = Annotated[bool, Field(description="the whole batch that the lot is in")]


class RestateRequest(Strict):
    """A total of a batch that turned out to be off."""

    column: Annotated[str, Field(description="CO2e, credit or origin class, e.g. `co2e.1`")]
    delta: Annotated[int, Field(ge=-_Most, le=_Most, description="base units, of the batch")]
    reason: ReasonName
    statement: Annotated[Hex32, Field(description="leaf of the statement that tells")]


class ConfirmRequest(Strict):
    """Which restatement."""

    index: Annotated[int, Field(ge=0, lt=64, description="of the batch's, from 0")]


class DisputeLotRequest(Strict):
    """Why."""

    grounds: Annotated[Hex32, Field(description="digest of what says why")]
    batch: OfBatch = False


class UpholdRequest(Strict):
    """Whose dispute."""

    party: MemberNumber
    batch: OfBatch = False


class CloseRequest(Strict):
    """The member's own dispute."""

    batch: OfBatch = False
