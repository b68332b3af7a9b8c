"""The trail of a lot: production, shipment, logistics and sale, from the mine to the customer.

What the chain says (runs, custody) and what documents say (who carried what from where to where)
stand side by side, each with its source: the chain knows no trucks, and a waybill moves no custody.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from veta.model.identifiers import UnixSeconds


class TrailKind(enum.StrEnum):
    """What a step of a trail is."""

    PRODUCTION = "production"
    """Lots became other lots, or came in."""
    SHIPMENT = "shipment"
    """Goods left a site for another."""
    LOGISTICS = "logistics"
    """Somebody who carries or stores them says where they are."""
    SALE = "sale"
    """Custody went from one member to another: offered by one, accepted by the other."""
    END = "end"
    """Nothing goes on: retired, or gone to somebody outside."""


class TrailSource(enum.StrEnum):
    """By whose word a step is known."""

    CHAIN = "chain"
    STATEMENT = "statement"
    """A signed traceability event that is kept."""
    FILE = "file"
    """A file of somebody's systems, unsigned."""


@dataclass(frozen=True, slots=True)
class TrailLot:
    """A lot as a trail names it."""

    identifier: str
    """URI: ``<issuer DID>:lot:<number>`` where the number is known, else ``urn:veta:lot:<id>``."""
    name: str
    """Product class, for people."""
    mass_g: int | None
    """As the lot was made; ``None`` where its columns count no mass."""


@dataclass(frozen=True, slots=True)
class TrailStep:
    """One step. Parties and places are URIs; what does not apply is ``None``."""

    kind: TrailKind
    identifier: str
    """URI, the same whoever tells the step."""
    happened_at_s: UnixSeconds
    source: TrailSource
    words: str
    """What it was, in a few plain words."""
    lots: tuple[TrailLot, ...]
    """What was made, moved, sold or ended."""
    inputs: tuple[TrailLot, ...] = ()
    """What went into a production."""
    by: str | None = None
    to: str | None = None
    from_place: str | None = None
    """Of a production, where it was made."""
    to_place: str | None = None


@dataclass(frozen=True, slots=True)
class TrailGap:
    """A hand-over that nobody tells of."""

    code: str
    lot: str
    """URI of the lot."""
    words: str
    from_place: str | None = None
    to_place: str | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """All steps in time, and what is missing between them."""

    lot: str
    steps: tuple[TrailStep, ...]
    gaps: tuple[TrailGap, ...]
