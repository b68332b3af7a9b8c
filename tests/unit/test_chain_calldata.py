"""Calldata of the lot contracts read back: hostile octets first, then against the encoder."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.disclosed_copper import copper_chain
from tests.support.disclosed_lots import Told
from veta.chain.calldata import MAX_CALLDATA_OCTETS, read_calldata
from veta.chain.contract_abi import artifact
from veta.chain.lot_values import abi_value, opening_of, run_of
from veta.model.columns import ColumnKey
from veta.model.identifiers import Leaf
from veta.model.lot_tree import LotKey
from veta.model.lots import Opening

BOOK, CUSTODY = artifact("LotBook"), artifact("Custody")
WORD = 32
RUN_HEAD = 17
"""Words of a run's head; the lists' offsets are among them."""
SOURCES, LOSSES = 5, 10


@pytest.fixture(scope="module")
def told() -> tuple[Told, ...]:
    """Runs of the copper chain, as they were called."""
    return copper_chain("cable").told


def word(value: int) -> bytes:
    return value.to_bytes(WORD)


def calldata(told: Told) -> bytes:
    return BOOK.calldata("transform", abi_value(told.run))


def at_word(data: bytes, number: int, value: bytes) -> bytes:
    """Word ``number`` behind the selector changed."""
    start = 4 + WORD * number
    return data[:start] + value + data[start + WORD :]


def test_read_calldata__runs_of_the_copper_chain__are_what_was_encoded(
    told: tuple[Told, ...],
) -> None:
    for each in told:
        name, (run,) = read_calldata(BOOK, calldata(each))
        assert name == "transform"
        assert run_of(run) == each.run


def test_read_calldata__opening__is_what_was_encoded(told: tuple[Told, ...]) -> None:
    opening = Opening(
        header=told[0].headers[0],
        columns=(ColumnKey(1), ColumnKey(7)),
        salt=b"\x01" * 16,
        lot_key=LotKey(b"\x02" * 32),
        statement_leaf=Leaf(b"\x03" * 32),
        quantities=(2**53 - 1, 0),
        index=3,
        path=b"\x05" * 81,
    )
    name, (words,) = read_calldata(CUSTODY, CUSTODY.calldata("open", abi_value(opening)))
    assert (name, opening_of(words)) == ("open", opening)
    offered = CUSTODY.calldata("openAndOffer", abi_value(opening), 7, 8, b"\x09" * 32)
    name, (words, *terms) = read_calldata(CUSTODY, offered)
    assert opening_of(words) == opening
    assert terms == [7, 8, b"\x09" * 32]


def hostile(data: bytes) -> dict[str, bytes]:
    """Calldata that no encoder makes, by what is wrong with it."""
    losses = int.from_bytes(data[4 + WORD * (1 + LOSSES) :][:WORD]) // WORD + 1
    return {
        "nothing": b"",
        "selector alone": data[:4],
        "another selector": b"\x00\x00\x00\x00" + data[4:],
        "half a word more": data + b"\x00" * 16,
        "cut short": data[: 4 + WORD * (RUN_HEAD + 1)],
        "too long": data + bytes(MAX_CALLDATA_OCTETS),
        "offset beyond the end": at_word(data, 0, word(2**200)),
        "list that is longer than all": at_word(data, losses, word(2**64)),
        "number wider than its type": at_word(data, 1, word(2**32)),
        "neither true nor false": at_word(data, 1 + 15, word(2)),
        "list that points to itself": at_word(data, 1 + SOURCES, word(WORD * SOURCES)),
    }


def test_read_calldata__what_no_encoder_makes__is_refused(told: tuple[Told, ...]) -> None:
    for wrong, data in hostile(calldata(told[-1])).items():
        try:
            read_calldata(BOOK, data)
        except ValueError:
            continue
        pytest.fail(wrong)


def test_read_calldata__lists_that_share_their_entries__are_not_multiplied() -> None:
    """4,000 pointers to one list of 4,000 numbers would be 16 million values of 256,000 octets."""
    many = 4_000
    header = bytes(WORD * 19)
    head: list[bytes] = [word(0)] * RUN_HEAD
    empty = RUN_HEAD
    for number in (4, 6, 7, 8, 9, 10, 11, 12, 13):
        head[number] = word(WORD * empty)
    head[SOURCES] = word(WORD * (empty + 1))
    shared = header + word(WORD * 20) + word(many) + bytes(WORD * many)
    pointers = word(WORD * many) * many
    data = b"".join([*head, word(0), word(many), pointers, shared])
    whole = BOOK.functions["transform"].selector + word(WORD) + data
    with pytest.raises(ValueError, match=r"than what is left|more is read"):
        read_calldata(BOOK, whole)


def test_run_of__numbers_without_a_name__are_refused(told: tuple[Told, ...]) -> None:
    _, (words,) = read_calldata(BOOK, calldata(told[-1]))
    changed: list[Any] = list(words)
    changed[LOSSES] = ((changed[LOSSES][0][0], 1, 99),)
    with pytest.raises(ValueError, match="99"):
        run_of(changed)
