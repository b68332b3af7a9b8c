"""What is hidden cannot be guessed: every value tried, with the salt and without it."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest

from tests.unit.test_disclosure_indicators import SUBJECT, all_but, indicator_set, salts, values
from veta import canonical
from veta.disclosure.catalogue import CATALOGUE_ID, INDICATORS, indicator
from veta.disclosure.conceal import conceal
from veta.disclosure.indicators import LEAF_TAG, leaf_of
from veta.statement import base64url

SECRET = 4_827_193
"""Seven digits. Guessers are told the first one: they try all of the 1,000,000 that are left."""
FIRST = 4_000_000
CANDIDATES = range(FIRST, FIRST + 1_000_000)
HIDDEN = indicator("grievances_received")
SALT = list(salts())[HIDDEN.index]


def digests(before: bytes, after: bytes) -> dict[bytes, int]:
    """SHA-256 of every candidate between two fixed parts."""
    begun = sha256(before)
    found = {}
    for candidate in CANDIDATES:
        hashed = begun.copy()
        hashed.update(b"%d" % candidate + after)
        found[hashed.digest()] = candidate
    return found


def around(salt: bytes | None) -> tuple[bytes, bytes]:
    """What stands before and after the value in a leaf that has this salt, or none at all."""
    text = [] if salt is None else [base64url.encode(salt).decode()]
    contents = canonical.write(
        [*text, CATALOGUE_ID, SUBJECT, HIDDEN.dimension, HIDDEN.name, 1_111_111]
    )
    before, _, after = contents.partition(b"1111111")
    return LEAF_TAG + before, after


@pytest.mark.row("T17", "A44")
@pytest.mark.parametrize("guessed", ["the salt", "no salt", "zeros", "a salt that was shown"])
def test_leaf__every_value_tried__is_found_with_the_salt_and_never_without(guessed: str) -> None:
    secret: dict[str, Any] = {HIDDEN.name: SECRET}
    one = indicator_set(**secret)
    shown = one.open(all_but(HIDDEN.name))
    visible = {node for leaf in shown for node in leaf.proof.path} | {one.head.root}
    assert leaf_of(SUBJECT, HIDDEN, SECRET, SALT) in visible  # its neighbour's path has it
    salt = {
        "the salt": SALT,
        "no salt": None,
        "zeros": bytes(16),
        "a salt that was shown": shown[0].salt,
    }[guessed]
    tried = digests(*around(salt))
    assert len(tried) == 1_000_000
    found = {tried[digest] for digest in visible & tried.keys()}
    assert found == ({SECRET} if guessed == "the salt" else set())


@pytest.mark.row("T17", "A44")
@pytest.mark.parametrize("is_salt_known", [True, False])
def test_sd_jwt__every_value_tried__is_found_with_the_salt_only(is_salt_known: bool) -> None:
    concealed = conceal({"price": SECRET, "lot": "AUR"}, ["/price"], [SALT])
    payload = canonical.write(concealed.claims)
    assert str(SECRET).encode() not in payload
    (digest,) = (item.digest for item in concealed.disclosures)
    assert concealed.claims["_sd"] == [digest]
    salt = base64url.encode(SALT if is_salt_known else bytes(16)).decode()
    # base64url is made in threes: what fills whole ones before the number is the same for all.
    head = f'["{salt}","price",'.encode()
    fixed = len(head) - len(head) % 3
    begun = sha256(base64url.encode(head[:fixed]))
    found = []
    for candidate in CANDIDATES[800_000:900_000]:
        hashed = begun.copy()
        hashed.update(base64url.encode(head[fixed:] + b"%d]" % candidate))
        if hashed.digest() == base64url.decode(digest.encode()):
            found.append(candidate)
    assert found == ([SECRET] if is_salt_known else [])


@pytest.mark.row("T17")
def test_shown__of_a_set__holds_neither_a_hidden_value_nor_a_hidden_salt() -> None:
    """Everything that leaves the member, searched for what stays."""
    secret: dict[str, Any] = {HIDDEN.name: SECRET, "taxes_paid_usd": "918273645.5"}
    one = indicator_set(**secret)
    shown = one.open(all_but(*secret))
    text = json.dumps(
        [
            [leaf.name, leaf.value, leaf.salt.hex(), [node.hex() for node in leaf.proof.path]]
            for leaf in shown
        ]
    )
    every_salt = list(salts())
    for name, value in secret.items():
        assert str(value) not in text
        assert every_salt[indicator(name).index].hex() not in text
    assert all(every_salt[indicator(leaf.name).index].hex() in text for leaf in shown)


def test_leaf__one_value_in_two_lots_or_places__never_has_one_digest() -> None:
    """Equal values look different: nothing can be told from what repeats."""
    item = indicator("fatalities")
    seen = {
        leaf_of(subject, item, 0, salt)
        for subject in (SUBJECT, SUBJECT + "-B")
        for salt in (bytes(16), b"\x01" * 16)
    }
    assert len(seen) == 4
    counts = [item for item in INDICATORS if item.kind == indicator("fatalities").kind]
    assert len({leaf_of(SUBJECT, item, 0, bytes(16)) for item in counts}) == len(counts)
    assert values()["fatalities"] is not None
