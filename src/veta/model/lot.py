"""What a producer states about a lot of metal: integers in base units, plus the names of things.

Every quantity is a whole number in the unit that its name ends with. Windows are [from, to).
"""

from __future__ import annotations

from dataclasses import dataclass

from veta.model.identifiers import Leaf, UnixSeconds


@dataclass(frozen=True, slots=True)
class Country:
    """A country and how the document calls it."""

    code: str
    """ISO 3166-1 alpha-2."""
    name: str


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who signs or is named."""

    identifier: str
    """DID."""
    name: str
    country: Country | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """Where something is made."""

    identifier: str
    """URI."""
    name: str
    country: Country
    registered_id: str | None = None


@dataclass(frozen=True, slots=True)
class Classification:
    """A code of a public classification, e.g. of the Harmonized System."""

    code: str
    name: str
    scheme_id: str
    """URI."""
    scheme_name: str


@dataclass(frozen=True, slots=True)
class MetalContent:
    """Contained metal of one substance."""

    substance: str
    """Chemical symbol."""
    mass_g: int


@dataclass(frozen=True, slots=True)
class MetalOrigin:
    """The part of a substance that was mined in one country."""

    substance: str
    country: Country
    mass_g: int


@dataclass(frozen=True, slots=True)
class LotFootprint:
    """Carbon footprint of a lot; a number never travels without what it means."""

    co2e_g: int
    """The whole lot's, without biogenic uptake."""
    co2e_g_per_kg: int
    """Per kilogram of product."""
    boundary: str
    """E.g. ``cradle-to-gate``."""
    declared_unit: str
    """As PACT names it, ``kilogram``."""
    period_from_s: UnixSeconds
    period_to_s: UnixSeconds
    """Reference period of the activity figures."""
    gwp_set: str
    """IPCC assessment report of the characterisation factors, e.g. ``AR6``."""
    standards: tuple[str, ...]
    """Names as PACT spells them, e.g. ``ISO14067``."""
    allocation: str
    """How burdens were shared among co-products, in words."""
    primary_share_ppm: int
    """Emissions that rest on primary figures, of all emissions."""


@dataclass(frozen=True, slots=True)
class WaterUse:
    """Water, by one metric; figures of different metrics are not comparable."""

    withdrawal_l: int
    metric: str
    """URI of the metric's definition."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A strapped bundle of a lot, as the weigh-bridge saw it."""

    number: str
    mass_g: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A number that stands on the goods or their papers, unique under the issuer."""

    kind: str
    """``heat``, ``seal``, ``container`` or ``assay`` (number of the assay certificate)."""
    number: str


@dataclass(frozen=True, slots=True)
class AssayValue:
    """One line of an assay."""

    analyte: str
    value: str
    """Decimal string."""
    unit: str


@dataclass(frozen=True, slots=True)
class ParentLot:
    """A lot that went in."""

    issuer: str
    """DID."""
    lot_number: str
    leaf: Leaf | None = None
    """The statement about it that the issuer relied on."""


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """A document elsewhere, bound by its digest."""

    url: str
    name: str
    digest_multibase: str
    """Multibase multihash of its octets, e.g. sha2-256 in base64url: ``uEiA...``."""
    media_type: str


@dataclass(frozen=True, slots=True)
class LotCertificate:
    """Everything a lot passport is built from."""

    lot_number: str
    """Octets 0x21 to 0x7E, 1 to 64 of them; compared octet for octet."""
    name: str
    product_class: str
    """Slug, e.g. ``copper-cathode``."""
    category: Classification
    issuer: Party
    site: Site
    produced_from_s: UnixSeconds
    produced_to_s: UnixSeconds
    mass_g: int
    mass_basis: str
    """``net`` or ``dry``: what ``mass_g`` and the footprint's kilogram mean."""
    metal: tuple[MetalContent, ...]
    origins: tuple[MetalOrigin, ...]
    """Sum to ``metal``, substance by substance."""
    footprint: LotFootprint | None = None
    water: WaterUse | None = None
    hs_code: str | None = None
    brand: str | None = None
    grade: str | None = None
    bundles: tuple[Bundle, ...] = ()
    assay: tuple[AssayValue, ...] = ()
    parents: tuple[ParentLot, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Issuance:
    """What the issuer decides when a statement is made; it is the same for every type."""

    credential_id: str
    """URI, fresh for every statement."""
    valid_from_s: UnixSeconds
    blind: bytes
    """16 fresh random octets, used nowhere else: they make the document unguessable."""
    valid_until_s: UnixSeconds | None = None
