"""Wire formats of the lots' routes. A run is read from its octets by ``services.run_file``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from veta.api.schemas import Hex32, Strict

LotHex = Annotated[
    str, Field(pattern=r"^0x[0-9a-f]{64}$", description="lot id: 32 octets in hexadecimal")
]
MemberNumber = Annotated[int, Field(ge=1, lt=2**32, description="member id")]
Instant = Annotated[str, Field(description="RFC 3339 instant")]
Lots = Annotated[list[LotHex], Field(min_length=1, max_length=256)]


class OpenLotRequest(Strict):
    """Whom the lot is offered to in the same call, if anybody."""

    to: MemberNumber | None = None
    until: Instant | None = Field(None, description="how long the offer stands; with `to` only")


class OfferRequest(Strict):
    """Lots offered as one consignment."""

    lots: Lots
    to: MemberNumber
    until: Instant
    consignment: Hex32 | None = Field(None, description="digest of the papers")


class AcceptRequest(Strict):
    """Lots accepted as shipped, or one lot as measured."""

    lots: Lots
    measured: Annotated[int, Field(ge=1, lt=2**53)] | None = Field(
        None, description="what was measured of the one lot's reference, base units"
    )
    method: Annotated[int, Field(ge=1, lt=256)] = 1
    statement: Hex32 | None = Field(None, description="leaf of the statement that tells")


class FreezeRequest(Strict):
    """Until when a lot is frozen, and whether both sides of its offer ask for it."""

    until: Instant
    jointly: bool = False


class LotsRequest(Strict):
    """Lots."""

    lots: Lots


class RetireRequest(Strict):
    """Lots whose remainder ends, and why."""

    lots: Lots
    reason: Annotated[int, Field(ge=1, lt=256)] = 1


class ExitRequest(Strict):
    """Whom a lot leaves for: the chain keeps a digest of it."""

    account: Annotated[
        str, Field(pattern=r"^0x[0-9a-fA-F]{40}$", description="the receiver's account")
    ]
    salt: Hex32 = Field(description="32 random octets, which the receiver has to know as well")


class ReenterRequest(Strict):
    """What the lot's exit was salted with."""

    salt: Hex32


class CorrectedBody(BaseModel):
    """A batch that was withdrawn, or that takes another's place."""

    intent: dict[str, Any]
    created: bool
    lots: list[LotHex] = Field(description="of the batch, padding included")


class LotBody(BaseModel):
    """An opened lot as the node followed it."""

    lot: LotHex
    issuer: int
    site: int
    siteName: str | None  # noqa: N815 - as the document has it
    productClass: int  # noqa: N815
    productClassName: str | None  # noqa: N815
    model: str
    flags: list[str]
    statement: Hex32
    state: str
    holder: int
    offeredTo: int | None  # noqa: N815
    offerUntil: int | None  # noqa: N815
    frozenUntil: int | None  # noqa: N815
    reference: str
    taken: int
    quantities: dict[str, int]
    left: dict[str, int]
    originClassPpm: dict[str, dict[str, int]]  # noqa: N815
    restatements: list[dict[str, Any]] | None = None
    disputes: list[dict[str, Any]] | None = None


class AssessmentBody(BaseModel):
    """A draft, judged: nothing was signed."""

    problems: list[dict[str, Any]]
    balances: dict[str, Any] | None


class PlannedRunBody(BaseModel):
    """A run on its way, or made before."""

    intent: dict[str, Any]
    created: bool
    lots: list[list[LotHex]] = Field(description="by output, padding included")
    problems: list[dict[str, Any]] | None = None
    balances: dict[str, Any] | None = None


class LineageBody(BaseModel):
    """Where a lot's metal came from, or where it is; shares in ppm sum to one million."""

    lot: LotHex
    origins: list[dict[str, Any]] | None = None
    bySite: dict[str, int] | None = None  # noqa: N815
    through: list[dict[str, Any]] | None = None
    co2e: dict[str, int] | None = Field(None, description="stated, and the least it can be, g")
    places: list[dict[str, Any]] | None = None
    runs: int
    edges: int


class HoldingsBody(BaseModel):
    """Lots that a member holds."""

    member: int
    lots: list[LotBody]
    totals: dict[str, int]


class SiteBody(BaseModel):
    """What a site did by period, and its credit."""

    site: int
    siteName: str | None  # noqa: N815
    periods: list[dict[str, Any]]
    credit: list[dict[str, Any]]
