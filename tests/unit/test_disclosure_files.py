"""Indicator sets on the way: what a statement says of one, and the file of opened leaves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.test_disclosure_indicators import FIVE, SET, all_but, values
from veta import canonical
from veta.disclosure.indicator_file import head_member, read_head, read_leaves, write_leaves
from veta.disclosure.indicators import check_leaves
from veta.errors import InputError


def test_head__written_and_read__is_the_same() -> None:
    assert read_head(head_member(SET.head)) == SET.head


@pytest.mark.row("S16")
@pytest.mark.parametrize("names", [(), FIVE, all_but()])
def test_leaves__written_read_and_checked__show_the_values(names: tuple[str, ...]) -> None:
    octets = write_leaves(SET.open(names))
    assert canonical.is_canonical(octets)
    read = read_leaves(octets)
    assert read == SET.open(names)
    assert check_leaves(SET.head, read) == {name: values()[name] for name in names}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"schema": "veta-indicator-set/2"}, "disclosure.malformed"),
        ({"size": 75}, "disclosure.indicator_count"),
        ({"size": "76"}, "disclosure.malformed"),
        ({"size": True}, "disclosure.malformed"),
        ({"catalogue": "other"}, "disclosure.catalogue_unknown"),
        ({"subject": "a lot"}, "disclosure.subject"),
        ({"subject": None}, "disclosure.malformed"),
        ({"root": "00"}, "disclosure.malformed"),
        ({"root": SET.head.root.hex().upper()}, "disclosure.malformed"),
        ({"more": 1}, "disclosure.malformed"),
    ],
)
def test_head__malformed__is_refused(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as refused:
        read_head({**head_member(SET.head), **changed})
    assert refused.value.code == code


def file(leaf: dict[str, Any] | None = None, **changed: Any) -> bytes:
    members: Any = canonical.read(write_leaves(SET.open(["fatalities"])))
    members["leaves"][0].update(leaf or {})
    members.update(changed)
    return canonical.write(members)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"[]", "disclosure.malformed"),
        (b"{}", "disclosure.malformed"),
        (b"", "canonical.syntax"),
        (file(format="veta-indicators-open/2"), "disclosure.malformed"),
        (file(size=75), "disclosure.indicator_count"),
        (file(size="76"), "disclosure.indicator_count"),
        (file(root=SET.head.root.hex()), "disclosure.malformed"),
        (file(leaves={}), "disclosure.malformed"),
        (file(leaves=[None]), "disclosure.malformed"),
        (file(leaves=[{}] * 77), "disclosure.indicator_count"),
        (file({"value": []}), "disclosure.malformed"),
        (file({"value": {"a": 1}}), "disclosure.malformed"),
        (file({"salt": "00" * 15}), "disclosure.malformed"),
        (file({"salt": 7}), "disclosure.malformed"),
        (file({"index": "65"}), "disclosure.malformed"),
        (file({"index": True}), "disclosure.malformed"),
        (file({"indicator": 7}), "disclosure.malformed"),
        (file({"dimension": None}), "disclosure.malformed"),
        (file({"path": ["00" * 32] * 8}), "disclosure.malformed"),
        (file({"path": ["zz" * 32]}), "disclosure.malformed"),
        (file({"path": "00"}), "disclosure.malformed"),
        (file({"unit": "1"}), "disclosure.malformed"),
    ],
)
def test_leaves__malformed_file__is_refused(octets: bytes, code: str) -> None:
    with pytest.raises(InputError) as refused:
        read_leaves(octets)
    assert refused.value.code == code
