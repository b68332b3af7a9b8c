"""UNTP 0.7.0: the official schemas and samples against our own rules, both ways."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from tests.support.reference_data import REFERENCE, reference_file, reference_json
from tests.support.statements import SIGNER, all_issued, issuance
from veta import canonical
from veta.errors import InputError
from veta.interop.pact import FootprintIssue, build_product_footprint, footprint_link
from veta.model.anchoring import BatchKind
from veta.scenario.campaign import load_copper
from veta.statement.credential import read_credential, view_credential
from veta.statement.jws import read_statement, sign_statement
from veta.statement.passport import build_passport
from veta.statement.rules import find_faults
from veta.statement.shapes import Findings
from veta.statement.untp import CREDENTIAL_SHAPES

pytestmark = pytest.mark.reference

FOLDER = "standards/untp/0.7.0"
SCHEMAS = {
    "DigitalProductPassport": "dpp/DigitalProductPassport.json",
    "DigitalFacilityRecord": "dfr/DigitalFacilityRecord.json",
    "DigitalConformityCredential": "dcc/ConformityCredential.json",
    "DigitalTraceabilityEvent": "dte/DigitalTraceabilityEvent.json",
    "DigitalIdentityAnchor": "dia/DigitalIdentityAnchor.json",
}
SAMPLES = (
    "dcc/ConformityCredential_instance.json",
    "dfr/DigitalFacilityRecord_battery_instance.json",
    "dfr/DigitalFacilityRecord_instance.json",
    "dfr/DigitalFacilityRecord_smelter_instance.json",
    "dia/DigitalIdentityAnchor_battery_instance.json",
    "dia/DigitalIdentityAnchor_smelter_instance.json",
    "dpp/DigitalProductPassport_battery_instance.json",
    "dpp/DigitalProductPassport_cathode_instance.json",
    "dpp/DigitalProductPassport_instance.json",
    "dte/DigitalTraceabilityEvent_cathode_move_instance.json",
    "dte/DigitalTraceabilityEvent_instance.json",
    "dte/DigitalTraceabilityEvent_smelter_make_instance.json",
)
KINDS = {
    "dcc": BatchKind.CERTIFICATE,
    "dfr": BatchKind.FACILITY,
    "dia": BatchKind.IDENTITY,
    "dpp": BatchKind.PASSPORT,
    "dte": BatchKind.EVENT,
}


@functools.cache
def official(type_name: str) -> Draft202012Validator:
    schema = reference_json(f"{FOLDER}/schema/{SCHEMAS[type_name]}")
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def official_verdict(document: Any) -> bool:
    names = [name for name in document["type"] if name in SCHEMAS]
    return official(names[0]).is_valid(document)


def our_verdict(document: Any) -> bool:
    try:
        credential = read_credential(canonical.write(exact(document)))
    except InputError:
        return False
    found = Findings()
    shape = CREDENTIAL_SHAPES[credential.kind]
    shape.judge(credential.document, "", found)
    assert shape.fits(credential.document) is (not found.entries)
    return find_faults(credential) == ()


def exact(document: Any) -> Any:
    """The document with its decimals as we hold them."""
    return canonical.read(json.dumps(document).encode(), canonical.FOREIGN)


def as_json(document: Any) -> Any:
    """The document as a schema validator wants it, with binary floats."""
    return json.loads(canonical.write(document))


def sample(name: str) -> Any:
    return reference_json(f"{FOLDER}/samples/{name}")


@pytest.mark.parametrize("name", SAMPLES)
def test_official_sample__both_judges__accept(name: str) -> None:
    octets = reference_file(f"{FOLDER}/samples/{name}").read_bytes()
    credential = read_credential(octets)
    assert credential.kind is KINDS[name[:3]]
    assert find_faults(credential) == ()
    assert credential.blind is None
    assert official_verdict(json.loads(octets))


@pytest.mark.parametrize("name", SAMPLES)
def test_official_sample__signed_and_read__payload_is_its_canonical_form(name: str) -> None:
    document = exact(sample(name))
    document["issuer"]["id"] = "did:web:issuer.example"
    statement = read_statement(sign_statement(document, SIGNER))
    assert statement.payload == canonical.write(document)
    assert json.loads(statement.payload) == json.loads(json.dumps(sample(name))) | {
        "issuer": sample(name)["issuer"] | {"id": "did:web:issuer.example"}
    }


@pytest.mark.parametrize("name", sorted(all_issued()))
def test_issued__official_schema__valid(name: str) -> None:
    document = as_json(all_issued()[name])
    errors = sorted(official(document["type"][0]).iter_errors(document), key=str)
    assert errors == []


def test_scenario__every_lot_passport__official_schema_and_our_rules_accept() -> None:
    count = 0
    for index, lot in enumerate(load_copper().lots):
        stated = issuance(str(index))
        issue = FootprintIssue(stated.credential_id.removeprefix("urn:uuid:"), stated.valid_from_s)
        document = build_product_footprint(lot, issue)
        link = footprint_link(document, f"https://lots.example/{lot.lot_number}")
        passport = build_passport(lot, stated, link)
        assert find_faults(view_credential(passport)) == (), lot.lot_number
        assert official_verdict(as_json(passport)), lot.lot_number
        count += 1
    assert count == 45


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every member and entry, by the steps that lead there."""
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, child in steps:
        yield (*path, step)
        if isinstance(child, dict | list):
            yield from places(child, (*path, step))


def changed(document: Any, path: tuple[Any, ...], value: Any = ...) -> Any:
    """A copy without the member, or with another value there."""
    result = copy.deepcopy(document)
    place = result
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return result


def documents() -> dict[str, Any]:
    issued = {name: as_json(document) for name, document in all_issued().items()}
    return issued | {name: sample(name) for name in SAMPLES}


@pytest.mark.parametrize("name", [*sorted(all_issued()), *SAMPLES])
def test_any_member_removed__refused_officially__refused_by_us(name: str) -> None:
    document = documents()[name]
    refused = 0
    for path in places(document):
        if path == ("type",):
            continue  # the official schemas do not ask for it; we do
        mutant = changed(document, path)
        if path[0] == "type" and not set(mutant["type"]) & SCHEMAS.keys():
            continue
        if not official_verdict(mutant):
            assert not our_verdict(mutant), path
            refused += 1
    assert refused >= 10


ODD_VALUES = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "2026-02-30", [], {}, ["x"], {"x": 1}, 2**53, "http://[", "é"]
)


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference data is not beside the project")
@settings(max_examples=400)
@given(st.data())
def test_any_member_retyped__refused_officially__refused_by_us(data: st.DataObject) -> None:
    catalogue = documents()
    document = catalogue[data.draw(st.sampled_from(sorted(catalogue)))]
    paths = [path for path in places(document) if path[0] != "type"]
    path = data.draw(st.sampled_from(paths))
    mutant = changed(document, path, data.draw(ODD_VALUES))
    if not official_verdict(mutant):
        assert not our_verdict(mutant), path
