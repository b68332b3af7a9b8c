"""EPCIS 2.0: what we write against GS1's schema; what we read against the samples of others."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from tests.support.reference_data import REFERENCE, reference_json
from veta.errors import InputError
from veta.interop.epcis import write_epcis
from veta.interop.epcis_reading import BUSINESS_STEPS, DISPOSITIONS, read_epcis
from veta.model.identifiers import UnixSeconds
from veta.model.trail import TrailKind, TrailLot, TrailSource, TrailStep

pytestmark = pytest.mark.reference

SAMPLES = REFERENCE / "standards" / "epcis"
GOOD = sorted(SAMPLES.glob("openepcis/Capture/Documents/*.json"))
BAD = sorted(SAMPLES.glob("openepcis/Capture/Invalid/*.json"))
NAMED_TWICE = "AssociationEvent-h.jsonld"
"""GS1's sample has two members of one name in an event: no JSON that two readers read alike."""
OFFICIAL = sorted(SAMPLES.glob("gs1/samples/**/*.jsonld"))


@functools.cache
def schema() -> Draft7Validator:
    official = reference_json("standards/epcis/gs1/EPCIS-JSON-Schema.json")
    return Draft7Validator(official, format_checker=FormatChecker())


uris = st.from_regex(r"urn:[a-z]{2,8}:[A-Za-z0-9.-]{1,12}", fullmatch=True)
lots = st.builds(TrailLot, uris, st.text("abc ", max_size=6), st.none() | st.integers(0, 10**12))
several = st.lists(lots, min_size=1, max_size=3, unique_by=lambda lot: lot.identifier)
places = st.none() | uris
steps = st.builds(
    TrailStep,
    kind=st.sampled_from(TrailKind),
    identifier=uris,
    happened_at_s=st.integers(0, 4 * 10**9).map(UnixSeconds),
    source=st.just(TrailSource.FILE),
    words=st.text("abc ", min_size=1, max_size=8),
    lots=several.map(tuple),
    by=places,
    to=places,
    from_place=places,
    to_place=places,
)
productions = st.builds(
    replace, steps, kind=st.just(TrailKind.PRODUCTION), inputs=several.map(tuple)
)


@pytest.mark.row("S37")
@settings(max_examples=30)
@given(st.lists(steps | productions, max_size=4))
def test_written__the_official_schema_accepts__and_nothing_is_lost_on_the_way_back(
    trail: list[TrailStep],
) -> None:
    octets = write_epcis(trail, created_s=UnixSeconds(1_790_000_000), identifier="urn:uuid:1")
    assert list(schema().iter_errors(json.loads(octets))) == []
    assert [nameless(step) for step in read_epcis(octets)] == [nameless(step) for step in trail]


def nameless(step: TrailStep) -> TrailStep:
    """Two lots of one URI have one name in a document."""
    return replace(
        step,
        lots=tuple(replace(lot, name="") for lot in step.lots),
        inputs=tuple(replace(lot, name="") for lot in step.inputs),
    )


@pytest.mark.row("S37")
def test_written__without_a_mandatory_member__the_official_schema_and_we_refuse() -> None:
    lot = TrailLot("urn:lot:1", "ore", 1_500)
    step = TrailStep(
        TrailKind.SALE, "urn:e:1", UnixSeconds(5), TrailSource.CHAIN, "sold", (lot,), by="did:web:a"
    )
    octets = write_epcis([step], created_s=UnixSeconds(9), identifier="urn:uuid:1")
    for name in ("eventTime", "eventTimeZoneOffset", "action", "quantityList"):
        document: dict[str, Any] = json.loads(octets)
        del document["epcisBody"]["eventList"][0][name]
        assert list(schema().iter_errors(document)), name
        assert refused(json.dumps(document).encode()), name


def test_member__of_no_standard_and_no_namespace__is_refused() -> None:
    octets = (SAMPLES / "openepcis/Capture/Documents/TransformationEvent.json").read_bytes()
    document: dict[str, Any] = json.loads(octets)
    (event,) = document["epcisBody"]["eventList"]
    for name, code in (("weight", "epcis.malformed"), ("example:weight", "")):
        changed = document | {"epcisBody": {"eventList": [event | {name: 5}]}}
        written = json.dumps(changed).encode()
        assert (refused(written) if code else "") == code
        assert bool(list(schema().iter_errors(changed))) is bool(code)
    read_epcis(written)


def test_samples__are_there() -> None:
    assert (len(GOOD), len(BAD), len(OFFICIAL) > 20) == (24, 11, True)


@pytest.mark.row("S37")
@pytest.mark.parametrize("sample", [*GOOD, *OFFICIAL], ids=lambda path: path.name)
def test_good_sample_of_others__is_read(sample: Path) -> None:
    octets = sample.read_bytes()
    if sample.name == NAMED_TWICE:
        assert refused(octets) == "canonical.duplicate_key"
    else:
        read_epcis(octets)


@pytest.mark.row("S37")
@pytest.mark.parametrize("sample", BAD, ids=lambda path: path.name)
def test_bad_sample_of_others__is_refused(sample: Path) -> None:
    assert refused(sample.read_bytes()) == "epcis.malformed"


def refused(octets: bytes) -> str:
    with pytest.raises(InputError) as refusal:
        read_epcis(octets)
    return refusal.value.code


def test_transformation_of_others__says_what_went_in_and_came_out() -> None:
    (step,) = read_epcis(
        (SAMPLES / "openepcis/Capture/Documents/TransformationEvent.json").read_bytes()
    )
    assert step.kind is TrailKind.PRODUCTION
    assert TrailLot("urn:epc:class:lgtin:4012345.011111.4444", "", 10_000) in step.inputs
    assert len(step.lots) == 4


def test_words__are_the_official_schema_s() -> None:
    definitions = reference_json("standards/epcis/gs1/EPCIS-JSON-Schema.json")["definitions"]
    for name, words in (("bizStep", BUSINESS_STEPS), ("disposition", DISPOSITIONS)):
        assert set(definitions[name]["anyOf"][1]["enum"]) == words
