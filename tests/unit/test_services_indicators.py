"""Indicator sets as files, and their head under a statement."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from veta import canonical
from veta.disclosure.catalogue import INDICATORS, ValueKind
from veta.disclosure.heads import HEAD_MEMBER, head_of
from veta.disclosure.indicators import IndicatorSet, check_leaves
from veta.errors import InputError, ProvenanceError, VerificationError
from veta.model.identifiers import Digest, UnixSeconds
from veta.model.lot import Issuance, Party
from veta.services.indicators import (
    SET_FORMAT,
    VALUES_FORMAT,
    head_of_root,
    head_statement,
    make_set,
    read_set,
    write_set,
)
from veta.statement.credential import view_credential
from veta.statement.rules import check_rules

DID = "did:web:mina-aurora.example"
SUBJECT = f"{DID}:lot:AUR-CON-26-0417"
ISSUANCE = Issuance("urn:uuid:00000000-0000-4000-8000-000000000000", UnixSeconds(0), bytes(16))
SAMPLE = {ValueKind.COUNT: 3, ValueKind.SHARE: 4, ValueKind.QUANTITY: "5.5", ValueKind.YES_NO: True}


class Source:
    """Octets that differ from call to call, the same in each run."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, length: int) -> bytes:
        self._calls += 1
        return sha256(self._calls.to_bytes(4)).digest()[:length]


def values() -> dict[str, Any]:
    return {item.name: SAMPLE[item.kind] for item in INDICATORS}


def file_of(entries: object, **changed: object) -> bytes:
    document = {"format": VALUES_FORMAT, "subject": SUBJECT, "values": entries}
    return json.dumps(document | changed).encode()


def made() -> IndicatorSet:
    return make_set(file_of(values()), Source())


def refused(octets: bytes, read: Any) -> str:
    with pytest.raises(ProvenanceError) as caught:
        read(octets)
    return caught.value.code


@pytest.mark.row("S16")
def test_make__75_of_76_or_one_twice_or_an_unknown_one__refused() -> None:
    def make(octets: bytes) -> IndicatorSet:
        return make_set(octets, Source())

    short = {name: value for name, value in values().items() if name != "fatalities"}
    twice = file_of(values()).replace(b'"fatalities": 3', b'"fatalities": 3, "fatalities": 0')
    assert refused(file_of(short), make) == "disclosure.indicator_count"
    assert refused(twice, make) == "canonical.duplicate_key"
    assert refused(file_of(short | {"accidents": 3}), make) == "disclosure.indicator_unknown"
    assert refused(file_of(values() | {"fatalities": 1.5}), make) == "disclosure.value"
    assert refused(file_of(values() | {"fatalities": [1]}), make) == "disclosure.value"


@pytest.mark.parametrize(
    "octets",
    [
        file_of([]),
        file_of({}, format="veta-indicators-values/2"),
        file_of({}, subject=7),
        file_of({}, more=1),
        b"[]",
    ],
)
def test_make__another_file__is_malformed(octets: bytes) -> None:
    assert refused(octets, lambda each: make_set(each, Source())) == "disclosure.malformed"


def test_make__randomness_that_repeats__refused() -> None:
    octets = file_of(values())
    assert refused(octets, lambda each: make_set(each, bytes)) == "disclosure.salt_repeated"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["leaves"].pop(), "disclosure.indicator_count"),
        (lambda d: d["leaves"].append(d["leaves"][0]), "disclosure.indicator_repeated"),
        (lambda d: d["leaves"][0].update(salt="AA"), "disclosure.salt_length"),
        (lambda d: d["leaves"][0].update(salt=d["leaves"][1]["salt"]), "disclosure.salt_repeated"),
        (lambda d: d["leaves"][0].update(value=False), "disclosure.value"),
        (lambda d: d["leaves"][0].update(more=1), "disclosure.malformed"),
        (lambda d: d.update(leaves={}), "disclosure.malformed"),
        (lambda d: d.update(format=VALUES_FORMAT), "disclosure.malformed"),
    ],
)
def test_set_file__that_was_changed__is_refused(change: Any, code: str) -> None:
    document = json.loads(write_set(made()))
    change(document)
    assert refused(json.dumps(document).encode(), read_set) == code


def test_set_file__in_any_order__is_the_same_set() -> None:
    document = json.loads(write_set(made()))
    assert document["format"] == SET_FORMAT
    document["leaves"].reverse()
    found = read_set(json.dumps(document).encode())
    assert found.head == made().head
    assert check_leaves(found.head, found.open(["fatalities"])) == {"fatalities": 3}


def statement(**subject: Any) -> dict[str, Any]:
    document = head_statement(made().head, Party(DID, "Mina Aurora"), ISSUANCE)
    document["credentialSubject"] |= subject
    return document


def test_head_statement__of_a_stranger__is_refused() -> None:
    stranger = Party("did:web:mina-aurora.exam", "A name that the other begins with")
    with pytest.raises(VerificationError) as caught:
        head_statement(made().head, stranger, ISSUANCE)
    assert caught.value.code == "disclosure.subject_of_stranger"
    document = statement()
    document["issuer"]["id"] = stranger.identifier
    with pytest.raises(VerificationError) as caught:
        head_of(view_credential(document))
    assert caught.value.code == "disclosure.subject_of_stranger"


def test_head_of__head_of_another_lot_or_none__is_refused() -> None:
    with pytest.raises(VerificationError) as caught:
        head_of(view_credential(statement(id=f"{DID}:lot:another")))
    assert caught.value.code == "disclosure.other_subject"
    with pytest.raises(VerificationError) as caught:
        head_of(view_credential(statement(id=[SUBJECT])))
    assert caught.value.code == "disclosure.other_subject"
    two = statement()
    two["credentialSubject"] = [two["credentialSubject"]] * 2
    with pytest.raises(VerificationError) as caught:
        head_of(view_credential(two))
    assert caught.value.code == "disclosure.other_subject"
    none = statement()
    del none["credentialSubject"][HEAD_MEMBER]
    assert refused(none, lambda each: head_of(view_credential(each))) == "disclosure.head_missing"  # type: ignore[arg-type]


def test_head_of__what_head_statement_made__is_the_head_and_keeps_the_rules() -> None:
    credential = view_credential(canonical.read_object(canonical.write(statement())))
    check_rules(credential)
    assert head_of(credential) == made().head
    in_the_lots_own = view_credential(statement(id=SUBJECT))
    assert head_of(in_the_lots_own) == made().head


def test_head_of_root__by_hand__binds_root_and_subject() -> None:
    head = made().head
    assert head_of_root(head.root.hex(), SUBJECT) == head
    for root in ("", head.root.hex()[:-1], head.root.hex().upper() + "0", "g" * 64):
        assert refused(root, lambda each: head_of_root(each, SUBJECT)) == "disclosure.malformed"  # type: ignore[arg-type]
    other = replace(head, root=Digest(bytes(32)))
    with pytest.raises(InputError):
        head_of_root(other.root.hex(), "a lot")
