"""The demo's lots as they enter the book: quantities column by column, and the passport of each.

Lots that the scenario file has are taken from there. What leaves beside them (acid, residues,
molybdenite), what comes from outside, and the vehicles are made here after one of them.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from veta.custody.encoding import lot_id
from veta.model.columns import ColumnKey
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lot import (
    Country,
    Issuance,
    LotCertificate,
    LotFootprint,
    MetalContent,
    MetalOrigin,
    ParentLot,
    Site,
)
from veta.model.lots import CustodyModel, LotId, ProductClassTerms, SiteId
from veta.scenario.demo_acts import Play
from veta.scenario.demo_lots_terms import (
    CO2E,
    CU,
    DRY,
    LI,
    NET,
    OUTSIDE,
    PACK_UNITS,
    SITES,
    VEHICLE_UNITS,
)
from veta.services.certify import certify_lot
from veta.services.lots import key_of_lot
from veta.services.run_requests import LotEntry, OutputRequest

Held = Mapping[ColumnKey, int]
_BASES: Final = {"dry": DRY, "net": NET}
_METALS: Final = {"Cu": CU, "Li": LI}
_REFERENCES: Final = (VEHICLE_UNITS, PACK_UNITS, NET, DRY, CU)
PPM: Final = 1_000_000
OUTSIDE_PPM: Final = 216_000
"""Of the copper that the smelter mixes, what comes from outside."""


@dataclass(frozen=True, slots=True)
class NewLot:
    """A lot that a run will make: its number, what is in it, its passport."""

    number: str
    held: Held
    passport: Mapping[str, Any] | Leaf


def held_in(lot: LotCertificate, more: Held | None = None) -> dict[ColumnKey, int]:
    """Mass, metal and CO2e that a certificate states, and what else is counted in the lot."""
    assert lot.footprint is not None  # every lot of the scenario states one
    held = {_BASES[lot.mass_basis]: lot.mass_g, CO2E: lot.footprint.co2e_g}
    held |= {_METALS[metal.substance]: metal.mass_g for metal in lot.metal}
    return held | dict(more or {})


def outside_up(copper_g: int) -> int:
    """What of the smelter's copper came from outside, rounded up as its law wants."""
    return -(-copper_g * OUTSIDE_PPM // PPM)


def certified(play: Play, lot: LotCertificate, more: Held | None = None) -> NewLot:
    """A lot whose passport is signed with the run, or is signed already."""
    leaf = play.leaves.get(lot.lot_number)
    passport = play.stage.certify(lot).passport if leaf is None else leaf
    return NewLot(lot.lot_number, held_in(lot, more), passport)


def beside(play: Play, like: LotCertificate, number: str, name: str, held: Held) -> NewLot:
    """Something that leaves beside a lot of the scenario, by the same issuer at the same time.

    Without a mass nobody stated one: then the passport names the lot and gives no figures.
    """
    basis = next((word for word, key in _BASES.items() if key in held), None)
    lot = made_after(
        like,
        number=number,
        name=name,
        mass_g=held[CU] if basis is None else held[_BASES[basis]],
        basis=basis or "net",
        copper_g=held.get(CU, 0),
        co2e_g=held[CO2E],
    )
    if basis is not None:
        passport = play.stage.certify(lot).passport
    else:
        passport = play.stage.certify(replace(lot, footprint=None)).passport
        for member in ("characteristics", "dimensions", "materialProvenance"):
            passport["credentialSubject"].pop(member)
    return NewLot(number, held, passport)


def made_after(
    like: LotCertificate,
    *,
    number: str,
    name: str,
    mass_g: int,
    basis: str,
    copper_g: int,
    co2e_g: int,
) -> LotCertificate:
    """Another lot of the same issuer, place and time."""
    assert like.footprint is not None  # every lot of the scenario states one
    footprint = replace(like.footprint, co2e_g=co2e_g, co2e_g_per_kg=round(co2e_g * 1_000 / mass_g))
    chile, elsewhere = like.origins[0], like.origins[1:]
    outside = outside_up(copper_g) if elsewhere else 0
    origins = [replace(chile, mass_g=copper_g - outside)]
    origins += [replace(origin, mass_g=outside) for origin in elsewhere]
    return replace(
        like,
        lot_number=number,
        name=name,
        product_class=name.lower().replace(" ", "-"),
        mass_g=mass_g,
        mass_basis=basis,
        metal=(MetalContent("Cu", copper_g),) if copper_g else (),
        origins=tuple(origins) if copper_g else (),
        footprint=footprint,
        water=None,
        brand=None,
        grade=None,
        bundles=(),
        assay=(),
    )


def from_outside(play: Play, like: LotCertificate, issuer: str, number: str) -> NewLot:
    """Concentrate of mixed origin with a footprint by default: nothing about it is assured."""
    party = play.stage.scenario.party(issuer).party
    nowhere = Country("ZZ", "Not stated (mixed origin)")
    assert like.footprint is not None  # every lot of the scenario states one
    footprint: LotFootprint = replace(
        like.footprint,
        co2e_g=864_000_000,
        co2e_g_per_kg=960,
        allocation="default of the product class, nothing measured",
        primary_share_ppm=0,
    )
    lot = replace(
        like,
        lot_number=number,
        name="Copper concentrate of mixed origin",
        issuer=party,
        site=Site(f"{party.identifier}:origin:mixed", "Mixed origin", nowhere),
        produced_from_s=UnixSeconds(play.stage.clock.now_s() - 18 * 86_400),
        produced_to_s=UnixSeconds(play.stage.clock.now_s() - 15 * 86_400),
        mass_g=900_000_000,
        metal=(MetalContent("Cu", 216_000_000),),
        origins=(MetalOrigin("Cu", nowhere, 216_000_000),),
        footprint=footprint,
        water=None,
        assay=(),
        parents=(),
    )
    return certified(play, lot, {OUTSIDE: 216_000_000})


def vehicles(
    play: Play,
    like: LotCertificate,
    issuer: str,
    held: Sequence[Held],
    window: tuple[UnixSeconds, UnixSeconds],
) -> list[NewLot]:
    """One lot for each vehicle: the cable in it, under a passport of its own."""
    party = play.stage.scenario.party(issuer).party
    site = Site(f"{party.identifier}:site:site-marea", party.name, like.site.country)
    now_s = play.stage.clock.now_s()
    lots = []
    for number, each in enumerate(held, start=1):
        lot = replace(
            made_after(
                like,
                number=f"MAR-CAR-26-{number:04d}",
                name="Cable set of a vehicle",
                mass_g=each[NET],
                basis="net",
                copper_g=each[CU],
                co2e_g=each[CO2E],
            ),
            issuer=party,
            site=site,
            produced_from_s=window[0],
            produced_to_s=window[1],
            parents=(ParentLot(like.issuer.identifier, like.lot_number, None),),
        )
        issuance = Issuance(f"urn:uuid:{uuid.uuid4()}", now_s, secrets.token_bytes(16))
        papers = certify_lot(lot, issuance, footprint_id=str(uuid.uuid4()))
        lots.append(NewLot(lot.lot_number, each, papers.passport))
    return lots


def batch(
    terms: ProductClassTerms,
    model: CustodyModel,
    lots: Sequence[NewLot],
) -> OutputRequest:
    """A batch of these lots; it counts in units, mass or metal, whichever there is first."""
    columns = tuple(sorted({key for lot in lots for key in lot.held}))
    return OutputRequest(
        product_class=terms.product_class,
        columns=columns,
        reference_column=next(key for key in _REFERENCES if key in columns),
        model=model,
        lots=tuple(
            LotEntry(lot.number, tuple(lot.held.get(key, 0) for key in columns), lot.passport)
            for lot in lots
        ),
    )


def lot_of(play: Play, slug: str, site: SiteId, terms: ProductClassTerms, number: str) -> LotId:
    """The id of a party's lot."""
    member = play.nodes[slug].desk.member
    return lot_id(member, key_of_lot(member, site, terms.product_class, number))


def registered_site(lot: LotCertificate) -> SiteId:
    """The registered site of a lot of the scenario."""
    assert lot.site.registered_id is not None  # every site of the scenario is registered
    return SITES[lot.site.registered_id]
