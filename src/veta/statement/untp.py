"""The members of UN/CEFACT UNTP 0.7.0 credentials, as shapes.

Written from the published description of the five credential types; which members are required, of
which type, and which objects admit no others. Members that the standard leaves open stay open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from veta.model.anchoring import BatchKind
from veta.statement.corrections import CORRECTS
from veta.statement.shapes import (
    BOOLEAN,
    DATE,
    END,
    INSTANT,
    NUMBER,
    TEXT,
    URI,
    ByType,
    ListOf,
    Scalar,
    Shape,
    Struct,
    between,
    one_of,
    whole,
)

_TEXTS: Final = ListOf(TEXT)
_FRACTION: Final = between(0, 1)
_MOST_INDEX: Final = 2**53 - 1
_COUNTRY_CODE: Final = TEXT
_OBJECT: Final = Struct({})


def _named(tag: str, **optional: Shape) -> Struct:
    """An identified thing of the standard: ``id`` and ``name``, open to more."""
    return Struct({"id": URI, "name": TEXT}, optional, tags=frozenset({tag}))


_SCHEME: Final = _named("IdentifierScheme")
_PARTY_REFERENCE: Final = _named("Party", registeredId=TEXT, description=TEXT)
_FACILITY_REFERENCE: Final = _named("Facility", registeredId=TEXT)
_COUNTRY: Final = Struct({"countryCode": _COUNTRY_CODE}, {"countryName": TEXT}, closed=True)
_CLASSIFICATION: Final = Struct(
    {"code": TEXT, "name": TEXT, "schemeId": URI, "schemeName": TEXT},
    {"definition": TEXT},
    closed=True,
)
_LINK: Final = Struct(
    {"linkURL": URI, "linkName": TEXT},
    {"digestMultibase": TEXT, "mediaType": TEXT, "linkType": TEXT},
    closed=True,
)
_IMAGE: Final = Struct(
    {"name": TEXT, "imageData": TEXT, "mediaType": TEXT}, {"description": TEXT}, closed=True
)
_MEASURE: Final = Struct(
    {"value": NUMBER, "unit": TEXT},
    {"upperTolerance": NUMBER, "lowerTolerance": NUMBER},
    closed=True,
)
_ADDRESS: Final = Struct(
    {
        "streetAddress": TEXT,
        "postalCode": TEXT,
        "addressLocality": TEXT,
        "addressRegion": TEXT,
        "addressCountry": _COUNTRY,
    },
    closed=True,
)
_PARTY: Final = _named(
    "Party",
    description=TEXT,
    registeredId=TEXT,
    idScheme=_SCHEME,
    registrationCountry=_COUNTRY,
    partyAddress=_ADDRESS,
    organisationWebsite=URI,
    industryCategory=ListOf(_CLASSIFICATION),
    partyAlsoKnownAs=ListOf(_PARTY_REFERENCE),
)
_PARTY_ROLE: Final = Struct(
    {
        "role": one_of(
            *("owner", "producer", "manufacturer", "processor", "remanufacturer", "recycler"),
            *("operator", "serviceProvider", "inspector", "certifier", "logisticsProvider"),
            *("carrier", "consignor", "consignee", "importer", "exporter", "distributor"),
            *("retailer", "brandOwner", "regulator"),
        ),
        "party": _PARTY,
    },
    closed=True,
)
_DIMENSION: Final = Struct(
    {}, dict.fromkeys(("weight", "length", "width", "height", "volume"), _MEASURE)
)
_MATERIAL: Final = Struct(
    {
        "name": TEXT,
        "originCountry": _COUNTRY,
        "materialType": _CLASSIFICATION,
        "massFraction": _FRACTION,
    },
    {
        "mass": _MEASURE,
        "recycledMassFraction": _FRACTION,
        "hazardous": BOOLEAN,
        "symbol": _IMAGE,
        "materialSafetyInformation": _LINK,
    },
)
_PERIOD: Final = Struct(
    {"startDate": DATE, "endDate": DATE}, {"periodInformation": TEXT}, closed=True
)
_SCORE: Final = Struct(
    {"code": TEXT}, {"rank": whole(-_MOST_INDEX, _MOST_INDEX), "definition": TEXT}, closed=True
)
_PERFORMANCE: Final = Struct(
    {},
    {"metric": _named("PerformanceMetric"), "measure": _MEASURE, "score": _SCORE},
    closed=True,
    together=(("measure", "metric"),),
)
_TOPIC: Final = Struct(
    {"id": URI, "name": TEXT},
    {"definition": TEXT},
    closed=True,
    tags=frozenset({"ConformityTopic"}),
)
_CLAIM: Final = Struct(
    {
        "id": URI,
        "name": TEXT,
        "referenceCriteria": ListOf(_named("Criterion")),
        "claimDate": DATE,
        "claimedPerformance": ListOf(_PERFORMANCE),
        "conformityTopic": ListOf(_TOPIC),
    },
    {
        "description": TEXT,
        "referenceRegulation": ListOf(_named("Regulation")),
        "referenceStandard": ListOf(_named("Standard")),
        "applicablePeriod": _PERIOD,
        "evidence": ListOf(_LINK),
    },
    tags=frozenset({"Claim"}),
)
_PACKAGE: Final = Struct(
    {"description": TEXT, "dimensions": _DIMENSION, "materialUsed": ListOf(_MATERIAL)},
    {"packageLabel": ListOf(_IMAGE), "performanceClaim": ListOf(_CLAIM)},
)
_PRODUCT: Final = Struct(
    {
        "id": URI,
        "name": TEXT,
        "idScheme": _SCHEME,
        "idGranularity": one_of("model", "batch", "item"),
        "productCategory": ListOf(_CLASSIFICATION),
        "producedAtFacility": _FACILITY_REFERENCE,
        "countryOfProduction": _COUNTRY,
    },
    {
        "description": TEXT,
        "modelNumber": TEXT,
        "batchNumber": TEXT,
        "itemNumber": TEXT,
        "productImage": _LINK,
        "characteristics": _OBJECT,
        "relatedDocument": ListOf(_LINK),
        "relatedParty": ListOf(_PARTY_ROLE),
        "productionDate": DATE,
        "expiryDate": DATE,
        "dimensions": _DIMENSION,
        "materialProvenance": ListOf(_MATERIAL),
        "packaging": _PACKAGE,
        "productLabel": ListOf(_IMAGE),
        "performanceClaim": ListOf(_CLAIM),
    },
    tags=frozenset({"Product"}),
)
_COORDINATE: Final = Struct(
    {"latitude": between(-90, 90), "longitude": between(-180, 180)}, closed=True
)
_LOCATION: Final = Struct(
    {},
    {"plusCode": URI, "geoLocation": _COORDINATE, "geoBoundary": ListOf(_COORDINATE)},
)
_FACILITY: Final = Struct(
    {
        "id": URI,
        "name": TEXT,
        "countryOfOperation": _COUNTRY,
        "processCategory": ListOf(_CLASSIFICATION),
        "locationInformation": _LOCATION,
        "address": _ADDRESS,
    },
    {
        "description": TEXT,
        "registeredId": TEXT,
        "idScheme": _SCHEME,
        "relatedParty": ListOf(_PARTY_ROLE),
        "relatedDocument": ListOf(_LINK),
        "facilityAlsoKnownAs": ListOf(_FACILITY_REFERENCE),
        "materialUsage": Struct(
            {"materialConsumed": ListOf(_MATERIAL)}, {"applicablePeriod": _PERIOD}, closed=True
        ),
        "performanceClaim": ListOf(_CLAIM),
    },
    tags=frozenset({"Facility"}),
)
_PRODUCT_REFERENCE: Final = _named("Product", modelNumber=TEXT, batchNumber=TEXT, itemNumber=TEXT)
_ASSESSMENT: Final = Struct(
    {
        "id": URI,
        "name": TEXT,
        "assessmentCriteria": ListOf(_named("Criterion")),
        "assessmentDate": DATE,
        "assessedPerformance": ListOf(_PERFORMANCE),
        "conformityTopic": ListOf(_TOPIC),
    },
    {
        "description": TEXT,
        "assessedProduct": ListOf(
            Struct({"product": _PRODUCT_REFERENCE}, {"idVerifiedByCAB": BOOLEAN})
        ),
        "assessedFacility": ListOf(
            Struct({"facility": _FACILITY_REFERENCE}, {"idVerifiedByCAB": BOOLEAN})
        ),
        "assessedOrganisation": _named("Party"),
        "referenceStandard": ListOf(_named("Standard")),
        "referenceRegulation": ListOf(_named("Regulation")),
        "specifiedCondition": _TEXTS,
        "evidence": ListOf(_LINK),
        "conformance": BOOLEAN,
    },
    tags=frozenset({"ConformityAssessment"}),
)
_ENDORSEMENT: Final = Struct(
    {"name": TEXT, "issuingAuthority": _PARTY_REFERENCE},
    {"trustmark": _IMAGE, "endorsementEvidence": _LINK},
)
_ATTESTATION: Final = Struct(
    {
        "id": URI,
        "name": TEXT,
        "assessorLevel": one_of(
            *("self", "commercial", "buyer", "membership", "unspecified", "3rdParty", "hybrid")
        ),
        "assessmentLevel": one_of(
            *("authority-benchmark", "authority-mandate", "authority-globalmra"),
            *("authority-peer", "authority-extended-mra"),
            *("scheme-self", "scheme-cab", "no-endorsement"),
        ),
        "attestationType": one_of(
            *("certification", "declaration", "inspection", "testing"),
            *("verification", "validation", "calibration"),
        ),
        "issuedToParty": _PARTY_REFERENCE,
        "referenceScheme": _named("ConformityScheme"),
    },
    {
        "description": TEXT,
        "authorisation": ListOf(_ENDORSEMENT),
        "referenceProfile": _named("ConformityProfile"),
        "profileScore": _SCORE,
        "conformityCertificate": _LINK,
        "auditableEvidence": _LINK,
        "trustmark": _IMAGE,
        "conformityAssessment": ListOf(_ASSESSMENT),
    },
    tags=frozenset({"ConformityAttestation"}),
)
_SENSOR_READING: Final = Struct(
    {"metric": _named("PerformanceMetric"), "measure": ListOf(_MEASURE)},
    {"rawData": ListOf(_LINK), "sensor": _named("Product"), "geoLocation": _COORDINATE},
    closed=True,
)
_EVENT_PRODUCT: Final = Struct(
    {
        "product": Struct(
            {"id": URI, "name": TEXT, "idGranularity": one_of("model", "batch", "item")},
            dict.fromkeys(("modelNumber", "batchNumber", "itemNumber"), TEXT),
            tags=frozenset({"Product"}),
        )
    },
    {
        "quantity": _MEASURE,
        "disposition": one_of(
            *("new", "inTransit", "active", "repaired", "recalled", "expired", "consumed"),
            *("recycled", "disposed"),
        ),
    },
    closed=True,
)


def _event(tag: str, required: dict[str, Shape], **optional: Shape) -> Struct:
    common: dict[str, Shape] = {
        "id": URI,
        "name": TEXT,
        "eventDate": INSTANT,
        "activityType": _CLASSIFICATION,
    }
    more: dict[str, Shape] = {
        "description": TEXT,
        "sensorData": ListOf(_SENSOR_READING),
        "relatedDocument": ListOf(_LINK),
        "relatedParty": ListOf(_PARTY_ROLE),
    }
    return Struct(common | required, more | optional, tags=frozenset({tag, "LifecycleEvent"}))


_EVENT_PRODUCTS: Final = ListOf(_EVENT_PRODUCT)
_EVENTS: Final = ListOf(
    ByType(
        {
            "MakeEvent": _event(
                "MakeEvent",
                {
                    "inputProduct": _EVENT_PRODUCTS,
                    "outputProduct": _EVENT_PRODUCTS,
                    "madeAtFacility": _named("Facility"),
                },
            ),
            "MoveEvent": _event(
                "MoveEvent",
                {
                    "movedProduct": _EVENT_PRODUCTS,
                    "fromFacility": _named("Facility"),
                    "toFacility": _named("Facility"),
                },
                consignmentId=URI,
            ),
            "ModifyEvent": _event(
                "ModifyEvent",
                {"modifiedProduct": _EVENT_PRODUCTS, "modifiedAtFacility": _named("Facility")},
            ),
        }
    )
)
_IDENTITY: Final = Struct(
    {
        "id": URI,
        "registeredName": TEXT,
        "registeredId": TEXT,
        "registeredDate": DATE,
        "idScheme": Struct(
            {"id": URI, "name": TEXT}, closed=True, tags=frozenset({"IdentifierScheme"})
        ),
        "registerType": one_of(
            *("product", "facility", "business", "trademark", "land", "accreditation")
        ),
    },
    {
        "publicInformation": URI,
        "registrar": _named("Party"),
        "registrationScope": ListOf(URI),
    },
    tags=frozenset({"RegisteredIdentity"}),
)
_STATUS: Final = Struct(
    {
        "type": one_of("BitstringStatusListEntry"),
        "statusPurpose": one_of("refresh", "revocation", "suspension", "message"),
        "statusListIndex": whole(0, _MOST_INDEX),
        "statusListCredential": URI,
    },
    {"id": URI},
    closed=True,
)
_RENDER_METHOD: Final = Struct(
    {},
    {
        **dict.fromkeys(("name", "mediaQuery", "template", "mediaType", "digestMultibase"), TEXT),
        "url": URI,
    },
    closed=True,
    tags=frozenset({"RenderTemplate2024"}),
)
_SOFTWARE: Final = Struct(
    {
        "id": URI,
        "name": TEXT,
        "version": TEXT,
        "vendor": Struct({"id": URI, "name": TEXT}, closed=True),
    },
    closed=True,
)
_BLIND: Final = Scalar("a text", lambda value: isinstance(value, str))


def _credential(subject: Shape) -> Struct:
    return Struct(
        {
            "type": _TEXTS,
            "@context": ListOf(URI),
            "id": URI,
            "issuer": _named("CredentialIssuer", issuerAlsoKnownAs=ListOf(_PARTY_REFERENCE)),
            "validFrom": INSTANT,
            "name": TEXT,
            "credentialSubject": subject,
        },
        {
            "validUntil": END,
            "credentialStatus": _STATUS,
            "renderMethod": ListOf(_RENDER_METHOD),
            "issuingSoftware": _SOFTWARE,
            "blind": _BLIND,
            "corrects": CORRECTS,
        },
    )


CREDENTIAL_SHAPES: Final[Mapping[BatchKind, Shape]] = {
    BatchKind.PASSPORT: _credential(_PRODUCT),
    BatchKind.FACILITY: _credential(_FACILITY),
    BatchKind.CERTIFICATE: _credential(_ATTESTATION),
    BatchKind.EVENT: _credential(_EVENTS),
    BatchKind.IDENTITY: _credential(_IDENTITY),
    BatchKind.OTHER: _credential(_OBJECT),
}
"""What a credential of each kind must look like."""
