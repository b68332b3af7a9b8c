"""Evidence about one lot, as files: figures that somebody stands by, inventories, assurance states.

Closed forms as those of ``evidence_files``: each names its ``format`` and its ``subject``, the DID
of the party whose lot or site it is. No form has a grade: signatures give it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from veta.canonical import JsonValue
from veta.errors import InputError
from veta.model.lots import EmissionPart
from veta.statement.passport import lot_identifier
from veta.verify.evidence_files import Members, opened

FIGURE: Final = "veta-lot-figure/1"
INVENTORY: Final = "veta-inventory/1"
STATE: Final = "veta-assurance-state/1"
MOST_LINES: Final = 512

_PARTS: Final[Mapping[str, EmissionPart]] = {
    "process": EmissionPart.PROCESS,
    "transport": EmissionPart.TRANSPORT,
    "bought-in": EmissionPart.BOUGHT_IN,
}


@dataclass(frozen=True, slots=True)
class LotFigure:
    """That a figure of a lot is what it is, in the word of whoever signs it."""

    lot: str
    """``<issuer's DID>:lot:<number>``."""
    figure: str
    """Name of the figure (``verify.figures``): ``massG``, ``metal.Cu``, ``co2eGPerKg``."""
    amount: int
    """Base units."""


@dataclass(frozen=True, slots=True)
class InventoryLine:
    """One input of a run: so much of it, at so much CO2e a unit."""

    name: str
    part: EmissionPart
    amount: Fraction
    unit: str
    factor: Fraction
    """Gram CO2e a unit."""
    source: str
    """Of the factor."""
    version: str

    @property
    def co2e_g(self) -> Fraction:
        """What the line adds, exactly."""
        return self.amount * self.factor


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that a run emitted, line by line."""

    lot: str
    lines: tuple[InventoryLine, ...]

    def co2e_g(self) -> dict[EmissionPart, int]:
        """Sum of each part, rounded up to the gram."""
        sums: dict[EmissionPart, Fraction] = {}
        for line in self.lines:
            sums[line.part] = sums.get(line.part, Fraction(0)) + line.co2e_g
        return {part: -(-total.numerator // total.denominator) for part, total in sums.items()}


class AssuranceState(enum.StrEnum):
    """How far a site has come with a scheme; none of them is a certificate."""

    SELF_ASSESSED = "self-assessed"
    AUDIT_ANNOUNCED = "audit-announced"
    IN_AUDIT = "in-audit"
    PUBLISHED = "published"
    """The report of the audit is public; a level is another thing, and on the chain's record."""


@dataclass(frozen=True, slots=True)
class StatedState:
    """Where a site says that it stands with a scheme, or a body says of it."""

    site: str
    """Identifier of the site."""
    scheme: str
    """Name or slug, as written."""
    state: AssuranceState


def read_figure(document: JsonValue) -> LotFigure:
    """A figure of a lot.

    Raises:
        InputError: ``evidence.*``, with the place.
    """
    subject = _subject(document)
    members = opened(document, FIGURE)
    lot = members.text("lot")
    figure, amount = members.text("figure"), members.whole("amount")
    members.end()
    return LotFigure(lot_identifier(subject, lot), figure, amount)


def read_inventory(document: JsonValue) -> Inventory:
    """An inventory of the run that made a lot.

    Raises:
        InputError: ``evidence.*``, with the place.
    """
    subject = _subject(document)
    members = opened(document, INVENTORY)
    lot = members.text("lot")
    lines = members.each("lines", _line)
    members.end()
    if not 0 < len(lines) <= MOST_LINES:
        raise InputError("evidence.member", f"/lines: 1 to {MOST_LINES} lines are read")
    return Inventory(lot_identifier(subject, lot), lines)


def read_state(document: JsonValue) -> StatedState:
    """A state of assurance.

    Raises:
        InputError: ``evidence.*``, with the place.
    """
    members = opened(document, STATE)
    site, scheme = members.text("site"), members.text("scheme")
    state = members.chosen("state", {each.value: each for each in AssuranceState})
    members.end()
    return StatedState(site, scheme, state)


def _line(value: JsonValue, place: str) -> InventoryLine:
    members = Members(value, place)
    line = InventoryLine(
        name=members.text("name"),
        part=members.chosen("part", _PARTS),
        amount=members.amount("amount"),
        unit=members.text("unit"),
        factor=members.amount("factor"),
        source=members.text("source"),
        version=members.text("version"),
    )
    members.end()
    return line


def _subject(document: JsonValue) -> str:
    return Members(document, "").text("subject")
