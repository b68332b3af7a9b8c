"""Wire formats of answers about monitoring rounds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from veta.api.schemas import Hex32


class BlockSeen(BaseModel):
    """The block by which everything was judged."""

    number: int
    time: str


class RoundFault(BaseModel):
    """What stands between rounds about the same readings."""

    code: str
    reason: str
    answer: Literal["not met", "cannot tell"]


class RoundFound(BaseModel):
    """Whether every reading is there and was seen by all who should have seen it."""

    question: Literal["round"]
    round: Annotated[str, Field(description="identifier of the round asked for")]
    leaf: Hex32
    answer: Literal["met", "not met", "cannot tell"]
    code: str
    reason: str
    asOf: BlockSeen  # noqa: N815 - a member of the wire
    rounds: Annotated[
        list[dict[str, Any]],
        Field(description="each with its co-signatures, who is missing, what is single-signed"),
    ]
    faults: list[RoundFault]
    ofNoRoundHere: list[dict[str, Any]]  # noqa: N815 - a member of the wire
    notCounted: list[dict[str, str]]  # noqa: N815 - a member of the wire
    readingsAtHand: bool  # noqa: N815 - a member of the wire
    series: list[dict[str, Any]]
