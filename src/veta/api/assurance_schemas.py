"""Wire formats of the assurance routes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from veta.api.lot_schemas import Instant, MemberNumber
from veta.api.schemas import Hex32, IntentBody, Strict

SchemeNumber = Annotated[int, Field(ge=1, lt=2**16, description="scheme")]
Level = Annotated[int, Field(ge=1, lt=256, description="of the scheme's levels")]
Substances = Annotated[
    list[Annotated[int, Field(ge=1, lt=2**12)]],
    Field(max_length=16, description="metals, ascending; none: every one"),
]
Number = Annotated[int, Field(ge=1, lt=2**32)]
_Document = Annotated[
    Hex32, Field(description="leaf of the document, which the member issued and anchored")
]


class RecognitionRequest(Strict):
    """An accreditation body that a scheme's owner recognises."""

    scheme: SchemeNumber
    body: MemberNumber
    from_: Instant | None = Field(None, alias="from", description="now, if not said")
    until: Instant | None = Field(None, description="open, if not said")
    end: bool = Field(False, description="recognise it no more, from now on; without `until`")


class AccreditationRequest(Strict):
    """A body that is accredited for a scheme, up to a level."""

    statement: _Document
    body: MemberNumber
    scheme: SchemeNumber
    level: Level
    substances: Substances = Field(default_factory=list)
    from_: Instant | None = Field(None, alias="from", description="the document's, if not said")
    until: Instant | None = Field(None, description="the document's, if not said")


class CertificateRequest(Strict):
    """A site that is certified under an accreditation of the member's."""

    statement: _Document
    site: Number
    accreditation: Number
    level: Level
    substances: Substances = Field(default_factory=list)
    from_: Instant | None = Field(None, alias="from", description="the document's, if not said")
    until: Instant | None = Field(None, description="the document's, if not said")


class GroundsRequest(Strict):
    """Why."""

    grounds: Annotated[Hex32, Field(description="digest of what says why")]


class VoidRequest(GroundsRequest):
    """Why, and since when."""

    since: Instant | None = Field(None, description="also before it was given; now, if not said")


class AffectedBody(BaseModel):
    """What rests on a certificate."""

    record: int
    standing: str
    at: int = Field(description="time of the newest followed block, Unix seconds")
    certificates: list[int] = Field(description="of an accreditation: those given under it")
    origins: list[dict[str, Any]]
    lots: list[dict[str, Any]]
    unopened: list[dict[str, Any]] = Field(description="credit in lots that nobody opened")
    holders: list[dict[str, Any]]
    accounts: list[dict[str, Any]] = Field(description="unused credit by site and period")
    cannotTell: list[dict[str, Any]]  # noqa: N815 - as the document has it
    perhaps: list[dict[str, Any]] = Field(description="lots behind what nobody can tell")
    complete: bool
    cut: list[str]


class EndedRecordBody(IntentBody):
    """The intent, and what rests on the record."""

    affected: AffectedBody
