"""Wire formats of what is said of sites."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from veta.api.schemas import Hex32, Strict

Instant = Annotated[str, Field(description="RFC 3339 instant")]
DocumentDigest = Annotated[
    Hex32, Field(description="SHA-256 of the document that says more, or a statement's leaf")
]
KindName = Literal["incident", "facility", "agreement"]


class SiteBody(BaseModel):
    """A site's dossier; nothing that was ever said of it is left out."""

    at: int = Field(description="time of the newest followed block, Unix seconds")
    site: int
    name: str
    identifier: str
    country: str
    handedOver: bool  # noqa: N815 - as the document has it
    operators: list[dict[str, Any]]
    capacity: list[dict[str, Any]]
    certificates: list[dict[str, Any]]
    concerns: list[dict[str, Any]] = Field(description="a concern, not a verdict")
    incidents: list[dict[str, Any]]
    facilities: list[dict[str, Any]]
    agreements: list[dict[str, Any]]


class ConcernRequest(Strict):
    """What is wrong."""

    document: DocumentDigest


class CloseConcernRequest(Strict):
    """What was agreed."""

    document: DocumentDigest


class SiteRecordRequest(Strict):
    """What is recorded."""

    kind: KindName
    category: Annotated[
        str,
        Field(
            max_length=32,
            description="incident: tailings, fatality, spill, community, other; facility: conforms,"
            " conforms-in-part, does-not-conform, closed; agreement: consultation, benefit, other",
        ),
    ]
    document: DocumentDigest
    from_: Annotated[Instant, Field(alias="from", description="not later than now")]
    until: Instant | None = Field(None, description="first second after; else open")
    replaces: Annotated[int, Field(ge=0, lt=2**32)] = Field(
        0, description="number of the record whose place it takes"
    )
