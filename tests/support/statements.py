"""Keys, lots and credentials for tests of statements."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from veta import canonical
from veta.keys.signers import Ed25519Signer, Es256kSigner, Es256Signer
from veta.model.identifiers import Digest, UnixSeconds
from veta.model.lot import (
    AssayValue,
    Bundle,
    Classification,
    Country,
    DocumentLink,
    Issuance,
    LotCertificate,
    LotFootprint,
    MetalContent,
    MetalOrigin,
    ParentLot,
    Party,
    Site,
    WaterUse,
)
from veta.statement import base64url
from veta.statement.passport import WATER_METRIC, build_passport
from veta.statement.records import (
    Certificate,
    EventLot,
    FacilityRecord,
    MakeEvent,
    MoveEvent,
    PostalAddress,
    RegisteredIdentity,
    build_certificate,
    build_facility,
    build_identity,
    build_make_event,
    build_move_event,
)

CHILE = Country("CL", "Chile")
MINE = Party("did:web:mina-aurora.example", "Mina Aurora", CHILE)
BODY = Party("did:web:certifica-andina.example", "Certifica Andina", CHILE)
ACCREDITOR = Party("did:web:acreditador.example", "Acreditador Nacional", CHILE)
SITE = Site("did:web:mina-aurora.example:site:1", "Mina Aurora, mine", CHILE, "site-1")
HARMONIZED = "https://www.wcoomd.org/en/topics/nomenclature.aspx"
ORE = Classification("2603.00", "Copper ores and concentrates", HARMONIZED, "HS 2022")
MAKING = Classification(
    "commissioning", "Commissioning", "https://ref.gs1.org/cbv/BizStep", "GS1 CBV Business Step"
)
VALID_FROM = UnixSeconds(1_776_500_000)
SIGNER = Es256kSigner(sha256(b"a mine's key, for tests").digest())
STRANGER = Es256kSigner(sha256(b"a stranger's key, for tests").digest())
P256 = Es256Signer(sha256(b"a P-256 key, for tests").digest())
EDWARDS = Ed25519Signer(sha256(b"an Ed25519 key, for tests").digest())
DOCUMENT = DocumentLink(
    "https://mina-aurora.example/pact/1",
    "PACT product footprint",
    "uEiAl7mwYglh1nz1Yqyekw45jNh_gxUD1CVZL5IX-rn6bVQ",
    "application/json",
)
LOT = LotCertificate(
    lot_number="AUR-CON-26-0417",
    name="Copper concentrate",
    product_class="copper-concentrate",
    category=ORE,
    issuer=MINE,
    site=SITE,
    produced_from_s=UnixSeconds(1_776_384_000),
    produced_to_s=UnixSeconds(1_776_470_400),
    mass_g=2_300_000_000,
    mass_basis="dry",
    metal=(MetalContent("Cu", 690_000_000),),
    origins=(MetalOrigin("Cu", CHILE, 690_000_000),),
    footprint=LotFootprint(
        co2e_g=1_242_000_000,
        co2e_g_per_kg=540,
        boundary="cradle-to-gate",
        declared_unit="kilogram",
        period_from_s=UnixSeconds(1_775_001_600),
        period_to_s=UnixSeconds(1_782_864_000),
        gwp_set="AR6",
        standards=("ISO14067",),
        allocation="economic; 96 % to copper concentrate, 4 % to molybdenite",
        primary_share_ppm=900_000,
    ),
    water=WaterUse(41_400_000, WATER_METRIC),
    hs_code="2603.00",
    brand="AURORA",
    grade="30 % Cu",
    bundles=(Bundle("AUR-1", 1_300_000_000), Bundle("AUR-2", 1_000_000_000)),
    assay=(AssayValue("As", "1500", "ppm"), AssayValue("Au", "2.5", "mg/kg")),
    parents=(ParentLot("did:web:mina-aurora.example", "AUR-ORE-1", Digest(b"\x07" * 32)),),  # type: ignore[arg-type]
)


def issuance(label: str = "1") -> Issuance:
    octets = sha256(label.encode()).digest()
    identifier = f"urn:uuid:{octets[:4].hex()}-0000-4000-8000-{octets[4:10].hex()}"
    return Issuance(identifier, VALID_FROM, octets[16:], UnixSeconds(VALID_FROM + 365 * 86_400))


def passport() -> dict[str, Any]:
    return build_passport(LOT, issuance(), DOCUMENT)


def all_issued() -> dict[str, dict[str, Any]]:
    """One credential of each type that Veta builds, by a name."""
    lot = EventLot(MINE.identifier, "AUR-CON-26-0417", "Copper concentrate", 2_300_000_000)
    part = EventLot(MINE.identifier, "AUR-CON-26-0417-A", "Copper concentrate", 1_840_000_001)
    harbour = Site("did:web:mina-aurora.example:site:2", "Harbour", CHILE)
    facility = FacilityRecord(
        MINE,
        SITE,
        PostalAddress("Camino 1", "1240000", "Antofagasta", "Antofagasta"),
        (ORE,),
        latitude_microdegrees=-23_650_000,
        longitude_microdegrees=-70_400_001,
    )
    certificate = Certificate(
        identifier="urn:veta:attestation:RMM-SITE-0007",
        name="Responsible Metals Mark, site",
        issuer=BODY,
        holder=MINE,
        scheme=("https://rmm.example", "Responsible Metals Mark"),
        profile=("https://rmm.example/site/v1", "RMM site standard v1"),
        level="RMM-75",
        site=SITE,
        assessed_at_s=UnixSeconds(1_694_736_000),
        topic=("https://rmm.example/topic/all", "All topics"),
        accreditation=("ACC-001", ACCREDITOR),
        evidence=DOCUMENT,
    )
    made = MakeEvent("urn:veta:event:1", "Split", MINE, VALID_FROM, MAKING, SITE, (lot,), (part,))
    moved = MoveEvent("urn:veta:event:2", "Ship", MINE, VALID_FROM, MAKING, (part,), SITE, harbour)
    identity = RegisteredIdentity(
        ACCREDITOR,
        MINE,
        "CL-76.000.000-0",
        UnixSeconds(1_000_000_000),
        ("https://register.example", "Register of companies"),
        "business",
    )
    bare = Certificate(
        identifier="urn:veta:attestation:2",
        name="Chain of custody",
        issuer=BODY,
        holder=MINE,
        scheme=("https://rmm.example", "Responsible Metals Mark"),
        profile=("https://rmm.example/coc/v1", "RMM chain of custody v1"),
        level=None,
        site=None,
        assessed_at_s=UnixSeconds(1_694_736_000),
        topic=("https://rmm.example/topic/all", "All topics"),
    )
    return {
        "passport": passport(),
        "facility": build_facility(facility, issuance("2")),
        "certificate": build_certificate(certificate, issuance("3")),
        "certificate_bare": build_certificate(bare, issuance("4")),
        "make_event": build_make_event(made, issuance("5")),
        "move_event": build_move_event(moved, issuance("6")),
        "identity": build_identity(identity, issuance("7")),
    }


def seal(header: object, payload: bytes, signer: Es256kSigner = SIGNER) -> bytes:
    """A token with any header at all, correctly signed over it."""
    octets = header if isinstance(header, bytes) else json.dumps(header).encode()
    signing_input = base64url.encode(octets) + b"." + base64url.encode(payload)
    return signing_input + b"." + base64url.encode(signer.sign(signing_input))


def header_of(**changes: object) -> dict[str, object]:
    """The header of a good token of the mine; ``None`` takes a parameter away."""
    header: dict[str, object] = {
        "alg": "ES256K",
        "cty": "vc",
        "kid": f"{MINE.identifier}#{SIGNER.key_id.hex()}",
        "typ": "vc+jwt",
    }
    header |= changes
    return {name: value for name, value in header.items() if value is not None}


def payload_of(credential: dict[str, Any]) -> bytes:
    return canonical.write(credential)
