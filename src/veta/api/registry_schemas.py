"""Wire formats of the registry's routes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from veta.api.schemas import Strict

Ppm = Annotated[int, Field(ge=0, le=1_000_000, description="ppm of all outputs' CO2e")]
Id = Annotated[int, Field(ge=1, lt=2**32)]


class SitesBody(BaseModel):
    """Sites, their operators and capacities now."""

    sites: list[dict[str, Any]]


class ProductClassesBody(BaseModel):
    """Product classes."""

    productClasses: list[dict[str, Any]]  # noqa: N815 - as the document has it


class SubstancesBody(BaseModel):
    """Metals, and kinds of counted things."""

    substances: list[dict[str, Any]]
    unitKinds: list[dict[str, Any]]  # noqa: N815


class SchemesBody(BaseModel):
    """Schemes, programmes and reductions between them."""

    schemes: list[dict[str, Any]]
    programmes: list[dict[str, Any]]
    reductions: list[dict[str, Any]]


class RecordsBody(BaseModel):
    """Accreditations of members, and certificates of sites."""

    at: int = Field(description="time of the newest followed block, Unix seconds")
    accreditations: list[dict[str, Any]]
    certificates: list[dict[str, Any]]


class RulesBody(BaseModel):
    """Allocation rules."""

    at: int = Field(description="time of the newest followed block, Unix seconds")
    rules: list[dict[str, Any]]


class ShareBody(Strict):
    """Bounds of a product class."""

    productClass: Id  # noqa: N815
    minimumPpm: Ppm  # noqa: N815
    maximumPpm: Ppm  # noqa: N815


class RuleRequestBody(Strict):
    """An allocation rule that is proposed."""

    site: Id
    shares: Annotated[list[ShareBody], Field(min_length=1, max_length=16)]
    until: Annotated[str, Field(description="RFC 3339 instant at which it is over")]
    from_: str | None = Field(
        None, alias="from", description="RFC 3339 instant at the earliest; else once confirmed"
    )
