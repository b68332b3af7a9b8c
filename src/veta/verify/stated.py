"""What a lot passport states, read once from a credential that keeps the rules of its type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from veta.model.anchoring import BatchKind
from veta.model.identifiers import Leaf
from veta.statement.credential import Credential
from veta.statement.metal_lot import metal_lot_of


@dataclass(frozen=True, slots=True)
class StatedFootprint:
    """The footprint as printed."""

    co2e_g: int
    co2e_g_per_kg: int
    boundary: str
    declared_unit: str
    gwp_set: str
    allocation: str
    period_to_s: int
    """End of the reference period, Unix seconds."""
    primary_share_ppm: int


@dataclass(frozen=True, slots=True)
class StatedParent:
    """A lot that the passport says went in."""

    lot_number: str
    leaf: Leaf | None


@dataclass(frozen=True, slots=True)
class StatedLot:
    """A passport's figures in base units."""

    batch_number: str
    product_class: str
    mass_g: int
    mass_basis: str
    metal_g: Mapping[str, int]
    """By chemical symbol."""
    footprint: StatedFootprint | None
    parents: tuple[StatedParent, ...]
    identifier: str = ""
    """``<issuer's DID>:lot:<number>``."""
    site: str = ""
    """Identifier of the facility that made it; empty if none is named."""
    produced_to_s: int = 0
    withdrawal_l: int | None = None
    """Water withdrawn for it; ``None`` if that is not stated."""

    @classmethod
    def of(cls, credential: Credential) -> Self | None:
        """The lot of a passport; ``None`` if it states none.

        Args:
            credential: one that ``veta.statement.rules`` has no fault with.
        """
        member = metal_lot_of(credential) if credential.kind is BatchKind.PASSPORT else None
        if member is None:
            return None
        footprint = member.get("footprint")
        return cls(
            batch_number=credential.subject["batchNumber"],
            product_class=member["productClass"],
            mass_g=member["massG"],
            mass_basis=member["massBasis"],
            metal_g={entry["substance"]: entry["massG"] for entry in member["metal"]},
            footprint=None if footprint is None else _footprint(footprint),
            parents=tuple(_parent(parent) for parent in member.get("parents", [])),
            identifier=str(credential.subject["id"]),
            site=_site(credential.subject.get("producedAtFacility")),
            produced_to_s=member["producedToS"],
            withdrawal_l=member["water"]["withdrawalL"] if "water" in member else None,
        )


def _footprint(member: Mapping[str, Any]) -> StatedFootprint:
    return StatedFootprint(
        co2e_g=member["co2eG"],
        co2e_g_per_kg=member["co2eGPerKg"],
        boundary=member["boundary"],
        declared_unit=member["declaredUnit"],
        gwp_set=member["gwpSet"],
        allocation=member["allocation"],
        period_to_s=member["periodToS"],
        primary_share_ppm=member["primarySharePpm"],
    )


def _parent(member: Mapping[str, Any]) -> StatedParent:
    leaf = member.get("leaf")
    return StatedParent(member["lotNumber"], None if leaf is None else Leaf(bytes.fromhex(leaf)))


def _site(facility: object) -> str:
    found = facility.get("id") if isinstance(facility, Mapping) else None
    return found if isinstance(found, str) else ""
