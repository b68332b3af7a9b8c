"""PACT v3: what we write against the official component schema, and the official examples."""

from __future__ import annotations

import functools
import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from tests.support.reference_data import reference_file, reference_json
from tests.support.statements import LOT
from veta import canonical
from veta.interop.pact import FootprintIssue, build_product_footprint, footprint_link
from veta.model.identifiers import UnixSeconds
from veta.scenario.campaign import load_copper

pytestmark = pytest.mark.reference

ISSUE = FootprintIssue(
    "f4b1225a-bd44-4c8e-861d-079e4e1dfd69",
    UnixSeconds(1_790_000_000),
    exempted_ppm=12_345,
    preceding_ids=("079e425a-464f-4a8d-841d-4a944a1dfd70",),
)


@functools.cache
def official() -> Draft202012Validator:
    """ProductFootprint of the OpenAPI 3.1 file, whose schemas are JSON Schema 2020-12."""
    text = reference_file("standards/pact/spec-v3/openapi.yaml").read_text(encoding="utf-8")
    specification = yaml.safe_load(text)
    schema = {"$ref": "#/components/schemas/ProductFootprint"} | specification
    return Draft202012Validator(schema, format_checker=FormatChecker())


def errors_of(document: dict[str, Any]) -> list[str]:
    written = json.loads(canonical.write(document))
    return [error.message for error in official().iter_errors(written)]


def test_official_example__the_schema__accepts_the_good_and_refuses_the_bad() -> None:
    """The judge is awake: it accepts its own examples and refuses a footprint without its unit."""
    for name in ("example-2.json", "example-4.json"):
        example = reference_json(f"standards/pact/spec-v3/examples/{name}")
        assert list(official().iter_errors(example)) == []
        del example["pcf"]["declaredUnitOfMeasurement"]
        assert list(official().iter_errors(example))


def test_build_product_footprint__every_lot_of_the_scenario__official_schema_accepts() -> None:
    for lot in load_copper().lots:
        assert errors_of(build_product_footprint(lot, ISSUE)) == [], lot.lot_number


def test_build_product_footprint__odd_but_legal_lot__official_schema_accepts() -> None:
    assert LOT.footprint is not None
    for lot in (
        replace(LOT, hs_code=None),
        replace(LOT, lot_number="A/1#%?"),
        replace(LOT, footprint=replace(LOT.footprint, co2e_g_per_kg=0)),
        replace(LOT, footprint=replace(LOT.footprint, co2e_g_per_kg=2**53 - 1)),
        replace(LOT, footprint=replace(LOT.footprint, primary_share_ppm=0)),
    ):
        assert errors_of(build_product_footprint(lot, ISSUE)) == []


def test_footprint_link__digest__of_the_canonical_octets_by_another_implementation() -> None:
    document = build_product_footprint(LOT, ISSUE)
    link = footprint_link(document, "https://mina-aurora.example/pact/1")
    multihash = urlsafe_b64decode(link.digest_multibase[1:] + "==")
    assert link.digest_multibase.startswith("uEi")
    assert multihash == b"\x12\x20" + sha256(rfc8785.dumps(document)).digest()
