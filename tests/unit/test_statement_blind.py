"""Why every statement has a blind: without it a guessable document is found from its leaf."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

import pytest

from tests.support.statements import LOT, issuance
from veta import canonical
from veta.model.identifiers import Leaf
from veta.statement.credential import view_credential
from veta.statement.jws import leaf_of
from veta.statement.passport import build_passport

SECRET_G = 1_234_567
"""A mass of seven digits: nine million candidates, of which the search here takes a part."""
CANDIDATES = range(SECRET_G - 100_000, SECRET_G + 100_000)


def document_with(mass_g: int, blind: bytes) -> bytes:
    lot = replace(
        LOT,
        mass_g=mass_g,
        metal=(),
        origins=(),
        bundles=(),
        footprint=None,
        water=None,
    )
    return canonical.write(build_passport(lot, replace(issuance(), blind=blind)))


def guess(template: tuple[bytes, ...], leaf: Leaf, candidates: range) -> int | None:
    """What an attacker does who knows everything but one figure: write each, hash, compare.

    The figure stands in kilograms and in grams, in that order.
    """
    head, middle, tail = template
    started = sha256(b"\x00" + head)
    for grams in candidates:
        whole, rest = divmod(grams, 1000)
        kilograms = f"{whole}.{rest:03d}".rstrip("0").rstrip(".") if rest else str(whole)
        trial = started.copy()
        trial.update(b"%d%b%b%b" % (grams, middle, kilograms.encode(), tail))
        if trial.digest() == leaf:
            return grams
    return None


def template_of(blind: bytes) -> tuple[bytes, ...]:
    head, rest = document_with(SECRET_G, blind).split(b"1234567", 1)
    middle, tail = rest.split(b"1234.567", 1)
    return head, middle, tail


@pytest.mark.row("T17")
def test_leaf__blind_known__seven_digit_figure_is_found() -> None:
    """With the blind (or with none) it is a matter of seconds: nine million hashes at most."""
    blind = bytes(16)
    leaf = leaf_of(document_with(SECRET_G, blind))
    assert guess(template_of(blind), leaf, CANDIDATES) == SECRET_G


@pytest.mark.row("T17", "A06")
def test_leaf__blind_unknown__the_same_search_finds_nothing() -> None:
    """Same figure, same leaf function, an attacker who guesses the figure but not 128 bits."""
    leaf = leaf_of(document_with(SECRET_G, issuance("secret").blind))
    for wrong in (bytes(16), issuance("other").blind):
        assert guess(template_of(wrong), leaf, CANDIDATES) is None


def blinds() -> Iterator[bytes]:
    for label in itertools.count():
        yield issuance(str(label)).blind


@pytest.mark.row("T17")
def test_passport__same_lot_under_two_blinds__nothing_else_differs_and_leaves_do() -> None:
    first, second = (document_with(SECRET_G, blind) for blind in itertools.islice(blinds(), 2))
    one, two = (view_credential(canonical.read_object(octets)) for octets in (first, second))
    assert leaf_of(first) != leaf_of(second)
    assert one.blind != two.blind
    assert {**one.document, "blind": None} == {**two.document, "blind": None}
    # The blind stands in its own member and nowhere else: no id or link is made of it.
    assert one.blind is not None
    written = first.replace(b'"blind":"' + one.document["blind"].encode() + b'"', b"")
    assert one.document["blind"].encode() not in written
    assert one.blind.hex().encode() not in written
