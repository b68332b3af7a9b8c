"""The verifier never raises, whatever stands in the values of a lot, a run or a fact."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.certified_lot import TRUST
from tests.support.disclosed_lots import rod_chain
from veta.model.determined import Known
from veta.verify.policy import Policy
from veta.verify.verdict import Step
from veta.verify.verifier import Verifier

CASE = rod_chain().case()
VERIFIER = Verifier(TRUST, Policy(required=frozenset(Step)))
NUMBERS = (-1, 0, 1, 2**31, 2**32, 2**53 - 1, 2**53, 2**64, 2**256, 2**300)
OCTETS = (b"", b"\0", bytes(20), bytes(31), bytes(32), b"\xff" * 32, bytes(33), bytes(400))
Place = tuple[str | int, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Every value inside a value."""
    if place:
        yield place
    if is_dataclass(value):
        for each in fields(value):
            yield from places(getattr(value, each.name), (*place, each.name))
    elif isinstance(value, tuple):
        for at, inner in enumerate(value):
            yield from places(inner, (*place, at))


def put(value: Any, place: Place, other: Any) -> Any:
    """A copy in which another value stands at the place."""
    if not place:
        return other
    step, rest = place[0], place[1:]
    if isinstance(step, str):
        return replace(value, **{step: put(getattr(value, step), rest, other)})
    return (*value[:step], put(value[step], rest, other), *value[step + 1 :])


def at(value: Any, place: Place) -> Any:
    for step in place:
        value = getattr(value, step) if isinstance(step, str) else value[step]
    return value


def others(value: Any, draw: st.DataObject) -> Any:
    """Another value of the same type, of any size."""
    if isinstance(value, enum.Enum):
        return draw.draw(st.sampled_from(list(type(value))))
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return draw.draw(st.sampled_from(NUMBERS))
    if isinstance(value, bytes):
        return draw.draw(st.sampled_from(OCTETS))
    if isinstance(value, tuple):
        return draw.draw(st.sampled_from([(), value * 2, value[:-1], value[::-1], value * 20]))
    return value


BUNDLE = list(places((CASE.bundle.lot, CASE.bundle.runs)))
FACTS = list(places(CASE.facts.lot))


@given(st.data())
@settings(max_examples=800, deadline=None)
def test_verify__any_values_of_the_bundle_changed__a_report(data: st.DataObject) -> None:
    told = (CASE.bundle.lot, CASE.bundle.runs)
    for place in data.draw(st.lists(st.sampled_from(BUNDLE), min_size=1, max_size=2)):
        try:
            before = at(told, place)
        except (IndexError, AttributeError):
            continue
        told = put(told, place, others(before, data))
    VERIFIER.verify(replace(CASE.bundle, lot=told[0], runs=told[1]), CASE.facts)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_verify__any_value_of_the_facts_changed__a_report(data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(FACTS))
    lot = put(CASE.facts.lot, place, others(at(CASE.facts.lot, place), data))
    VERIFIER.verify(CASE.bundle, replace(CASE.facts, lot=lot))


def test_places__reach_headers_causes_and_words() -> None:
    names = {step for place in (*BUNDLE, *FACTS) for step in place}
    assert {"header", "totals", "cause", "taken", "octets", "path", "word", "record"} <= names
    assert isinstance(CASE.facts.lot and CASE.facts.lot.record, Known)
