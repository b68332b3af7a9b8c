"""The rules of a ``MetalLot``: its own shape, and that the passport around it says the same.

Every rule compares whole numbers or decimals that were written from whole numbers; nothing is
computed from the standard's own number members.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from veta.errors import InputError
from veta.model.identifiers import UnixSeconds
from veta.statement.credential import VETA_CONTEXT, Credential
from veta.statement.decimals import shifted
from veta.statement.instants import write_instant
from veta.statement.passport import (
    CUBIC_METRE,
    FOOTPRINT_METRIC,
    KILOGRAM,
    METAL_LOT,
    METAL_LOT_SCHEMA,
    fraction_ppm,
    lot_identifier,
)
from veta.statement.shapes import (
    TEXT,
    URI,
    Findings,
    ListOf,
    Struct,
    matching,
    one_of,
    whole,
)

MOST: Final = 2**53 - 1
"""Largest quantity: the largest integer that every JSON implementation holds exactly."""

LOT_NUMBER: Final = matching("1 to 64 visible ASCII characters", r"[!-~]{1,64}")

_QUANTITY: Final = whole(0, MOST)
_SECONDS: Final = whole(0, 253_402_300_799)
_PPM: Final = whole(0, 1_000_000)
_SLUG: Final = matching("a slug", r"[a-z0-9][a-z0-9-]{0,63}")
_DECIMAL: Final = matching("a decimal string", r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?")
_FOOTPRINT: Final = Struct(
    {
        "co2eG": _QUANTITY,
        "co2eGPerKg": _QUANTITY,
        "boundary": matching("a boundary", r"[a-z][a-z-]{0,63}"),
        "declaredUnit": one_of("kilogram"),
        "periodFromS": _SECONDS,
        "periodToS": _SECONDS,
        "gwpSet": matching("an assessment report", r"AR[4-9]"),
        "standards": ListOf(TEXT),
        "allocation": TEXT,
        "primarySharePpm": _PPM,
    },
    closed=True,
)
_METAL_LOT: Final = Struct(
    {
        "schema": one_of(METAL_LOT_SCHEMA),
        "productClass": _SLUG,
        "massG": whole(1, MOST),
        "massBasis": one_of("net", "dry"),
        "metal": ListOf(
            Struct(
                {
                    "substance": matching("a chemical symbol", r"[A-Z][a-z]?"),
                    "massG": _QUANTITY,
                },
                closed=True,
            )
        ),
        "producedFromS": _SECONDS,
        "producedToS": _SECONDS,
    },
    {
        "hsCode": matching("a code of the Harmonized System", r"\d{4}(?:\.\d{2}){0,3}"),
        "brand": TEXT,
        "grade": TEXT,
        "footprint": _FOOTPRINT,
        "water": Struct({"withdrawalL": _QUANTITY, "metric": URI}, closed=True),
        "bundles": ListOf(Struct({"number": LOT_NUMBER, "massG": whole(1, MOST)}, closed=True)),
        "marks": ListOf(
            Struct(
                {"kind": one_of("heat", "seal", "container", "assay"), "number": LOT_NUMBER},
                closed=True,
            )
        ),
        "assay": ListOf(Struct({"analyte": TEXT, "value": _DECIMAL, "unit": TEXT}, closed=True)),
        "parents": ListOf(
            Struct(
                {"issuer": URI, "lotNumber": LOT_NUMBER},
                {"leaf": matching("64 hexadecimal digits", r"[0-9a-f]{64}")},
                closed=True,
            )
        ),
    },
    closed=True,
    tags=frozenset({METAL_LOT}),
)

_AT: Final = "/credentialSubject/characteristics"


def metal_lot_of(credential: Credential) -> Mapping[str, Any] | None:
    """The ``MetalLot`` of a passport, unjudged; ``None`` if it has none."""
    member = credential.subject.get("characteristics")
    if not isinstance(member, dict):
        return None
    names = member.get("type")
    return member if isinstance(names, list) and METAL_LOT in names else None


def judge_metal_lot(credential: Credential, lot: Mapping[str, Any], found: Findings) -> None:
    """Add what is wrong with the lot, and where the passport around it says something else.

    The comparisons only run once everything has its shape.
    """
    if VETA_CONTEXT not in credential.contexts[2:3]:
        found.add("statement.context", "/@context/2", f"a {METAL_LOT} needs {VETA_CONTEXT}")
    if credential.blind is None:
        found.add("statement.missing_member", "/blind", f"a {METAL_LOT} needs a blind")
    if credential.subject.get("idGranularity") != "batch":
        sentence = f"a {METAL_LOT} is of batch granularity"
        found.add("statement.granularity", "/credentialSubject/idGranularity", sentence)
    if not _METAL_LOT.fits(lot):
        _METAL_LOT.judge(lot, _AT, found)
    if found.entries:
        return
    for code, pointer, sentence in _disagreements(credential, credential.subject, lot):
        found.add(code, pointer, sentence)


_Fault = tuple[str, str, str]


def _disagreements(
    credential: Credential, product: Mapping[str, Any], lot: Mapping[str, Any]
) -> Iterator[_Fault]:
    expected = lot_identifier(credential.issuer.identifier, product["batchNumber"])
    if product["id"] != expected:
        yield "statement.lot_identifier", "/credentialSubject/id", f"must be {expected}"
    if lot["producedFromS"] >= lot["producedToS"]:
        yield "statement.window", f"{_AT}/producedToS", "production ends before it begins"
    elif product.get("productionDate") != _last_day(lot["producedToS"]):
        pointer = "/credentialSubject/productionDate"
        yield "statement.disagrees", pointer, "is not the last day of production"
    weight = product.get("dimensions", {}).get("weight")
    if not _equals(weight, lot["massG"], 3, KILOGRAM):
        yield "statement.disagrees", "/credentialSubject/dimensions/weight", "is not massG"
    yield from _metal_faults(product, lot)
    yield from _bundle_faults(lot)
    if "footprint" in lot:
        yield from _footprint_faults(product, lot)
    if "water" in lot:
        water = lot["water"]
        if not _claims(product, water["metric"], water["withdrawalL"], CUBIC_METRE):
            yield "statement.disagrees", f"{_AT}/water", "the claim does not say the same"


def _metal_faults(product: Mapping[str, Any], lot: Mapping[str, Any]) -> Iterator[_Fault]:
    contents = {entry["substance"]: entry["massG"] for entry in lot["metal"]}
    if len(contents) != len(lot["metal"]):
        yield "statement.repeated", f"{_AT}/metal", "a substance is listed twice"
    if sum(contents.values()) > lot["massG"]:
        yield "statement.metal_exceeds_mass", f"{_AT}/metal", "more metal than mass"
    left = dict(contents)
    for index, material in enumerate(product.get("materialProvenance", [])):
        pointer = f"/credentialSubject/materialProvenance/{index}"
        grams = _grams(material.get("mass"))
        if grams is None or material["name"] not in contents:
            yield "statement.disagrees", pointer, "is no part of the metal"
            continue
        left[material["name"]] -= grams
        if material["massFraction"] != shifted(fraction_ppm(grams, lot["massG"]), 6):
            yield "statement.disagrees", f"{pointer}/massFraction", "is not mass by mass"
    if any(left.values()):
        yield "statement.disagrees", f"{_AT}/metal", "the origins do not sum to the metal"


def _bundle_faults(lot: Mapping[str, Any]) -> Iterator[_Fault]:
    marks = [(mark["kind"], mark["number"]) for mark in lot.get("marks", [])]
    if len(set(marks)) != len(marks):
        yield "statement.repeated", f"{_AT}/marks", "a mark is listed twice"
    bundles = lot.get("bundles", [])
    if len({bundle["number"] for bundle in bundles}) != len(bundles):
        yield "statement.repeated", f"{_AT}/bundles", "a bundle number is listed twice"
    if bundles and sum(bundle["massG"] for bundle in bundles) != lot["massG"]:
        yield "statement.bundles", f"{_AT}/bundles", "the bundles do not weigh what the lot weighs"


def _footprint_faults(product: Mapping[str, Any], lot: Mapping[str, Any]) -> Iterator[_Fault]:
    footprint = lot["footprint"]
    pointer = f"{_AT}/footprint"
    per_kg = footprint["co2eGPerKg"]
    if abs(footprint["co2eG"] * 1000 - per_kg * lot["massG"]) >= lot["massG"]:
        yield "statement.footprint", pointer, "co2eGPerKg is not co2eG by kilogram, rounded"
    if not (footprint["co2eG"] and per_kg) and not footprint["primarySharePpm"]:
        sentence = "is nothing, and nothing of it was measured: a default is never nothing"
        yield "statement.footprint_zero", pointer, sentence
    if footprint["periodFromS"] >= footprint["periodToS"]:
        yield "statement.window", f"{pointer}/periodToS", "the period ends before it begins"
    if not footprint["standards"]:
        yield "statement.missing_member", f"{pointer}/standards", "at least one is needed"
    if not _claims(product, FOOTPRINT_METRIC, per_kg, KILOGRAM):
        yield "statement.disagrees", pointer, "the claim does not say the same"


def _claims(product: Mapping[str, Any], metric: str, value: int, unit: str) -> bool:
    """Whether the passport has one figure of the metric, and it is ``value`` in thousandths."""
    figures = [
        performance.get("measure")
        for claim in product.get("performanceClaim", [])
        for performance in claim["claimedPerformance"]
        if performance.get("metric", {}).get("id") == metric
    ]
    return len(figures) == 1 and _equals(figures[0], value, 3, unit)


def _equals(measure: Mapping[str, Any] | None, value: int, places: int, unit: str) -> bool:
    if measure is None or measure["unit"] != unit:
        return False
    try:
        expected: int | Decimal = shifted(value, places)
    except InputError:
        return False
    return bool(measure["value"] == expected)


def _grams(measure: Mapping[str, Any] | None) -> int | None:
    """Whole grams of a measure in kilograms; ``None`` if it is no whole number of them."""
    if measure is None or measure["unit"] != KILOGRAM or measure["value"] < 0:
        return None
    sign, digits, exponent = Decimal(measure["value"]).as_tuple()
    assert isinstance(exponent, int)
    assert sign == 0
    places = 3 + exponent
    number = int("".join(map(str, digits)))
    return number * 10**places if places >= 0 else None


def _last_day(end_s: int) -> str:
    return write_instant(UnixSeconds(end_s - 1))[:10]
