"""Model, contract and what is rebuilt from events: the same in everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

from tests.lotbook.lot_chain import Chain
from tests.lotbook.lot_model import Book
from tests.lotbook.lot_rebuild import Event, Rebuilt
from tests.lotbook.lot_state import Lot
from tests.lotbook.lot_values import State, batch_id

LOT_EVENTS = "Lot", "Offer", "Freeze"


def settled(lot: Iterable[Any], now: int) -> tuple[Any, ...]:
    """A lot as it counts now: an offer that is over is none, a freeze that is over is none."""
    values = Lot(*lot)
    state = values.state_at(now)
    offer = (values.offered_to, values.offer_until) if state == State.OFFERED else (0, 0)
    frozen = values.frozen_until if values.frozen_until > now else 0
    custody = values.holder, values.previous_holder, values.taken
    return int(state), offer, custody, frozen, values.commitment


def compare_lot(chain: Chain, book: Book, rebuilt: Rebuilt, lot: bytes) -> None:
    now = chain.now
    expected = settled(astuple(book.lots[lot]), now)
    found = settled(chain.read("Custody", "lotOf", lot), now)
    assert found == expected, f"lot in storage {found}, in the model {expected}"
    told = settled(astuple(rebuilt.lots[lot]), now)
    assert told == expected, f"lot from events {told}, in the model {expected}"


def compare_batch(chain: Chain, book: Book, rebuilt: Rebuilt, where: tuple[int, bytes]) -> None:
    batch, told = book.batches[where], rebuilt.batches[where]
    if told.header != batch.header:
        pairs = zip(batch.header._fields, told.header, batch.header, strict=True)
        raise AssertionError(f"header: {[(n, a, b) for n, a, b in pairs if a != b]}")
    found = chain.read("LotBook", "batchWord", *where)
    assert found == batch.word, f"word in storage {found.hex()}, in the model {batch.word.hex()}"
    assert told.word == batch.word, "word from events"


def compare_records(book: Book, rebuilt: Rebuilt) -> None:
    """What is counted by period, from events."""
    told = {place: use for place, use in rebuilt.uses.items() if any(astuple(use))}
    uses = {place: use for place, use in book.uses.items() if any(astuple(use))}
    assert told == uses, f"period uses {told}, in the model {uses}"
    for name in ("accounts", "ceilings", "variances", "exits"):
        found = {place: v for place, v in getattr(rebuilt, name).items() if v}
        expected = {place: v for place, v in getattr(book, name).items() if v}
        assert found == expected, f"{name} {found}, in the model {expected}"
    assert rebuilt.nonces == book.nonces, "nonces"
    credit = {column: v for column, v in book.extinguished.items() if v}
    ended = {c: v for c, v in rebuilt.extinguished.items() if v and c >> 28 == 5}
    assert ended == credit, f"extinguished credit {ended}, in the model {credit}"


def compare_call(chain: Chain, book: Book, rebuilt: Rebuilt, events: list[Event]) -> None:
    """What a call touched."""
    lots, batches = set(), set()
    for name, keys, values in events:
        if name.startswith(LOT_EVENTS):
            lots.add(keys[0])
        elif name.startswith("Batch"):
            batches.add((keys[0], keys[1]))
        elif name == "RunRecorded":
            lots |= {take[0] for take in values[2]}
    for lot in lots:
        compare_lot(chain, book, rebuilt, lot)
    for where in batches:
        compare_batch(chain, book, rebuilt, where)
    compare_records(book, rebuilt)


def compare_all(chain: Chain, book: Book, rebuilt: Rebuilt) -> None:
    """Everything there is, from storage and from events."""
    assert book.lots.keys() == rebuilt.lots.keys()
    for lot in book.lots:
        compare_lot(chain, book, rebuilt, lot)
        exit_digest = book.exits.get(lot, bytes(32))
        assert chain.read("Custody", "exitOf", lot) == exit_digest
    assert book.batches.keys() == rebuilt.batches.keys()
    for where in book.batches:
        compare_batch(chain, book, rebuilt, where)
    compare_records(book, rebuilt)
    compare_counted(chain, book)
    for name in ("LotBook", "Custody"):
        found = chain.read(name, "eventHead")
        assert found == chain.heads[chain.addresses[name]], f"{name}: an event is not in the head"


def compare_counted(chain: Chain, book: Book) -> None:
    """What is counted by period, from storage."""
    for place, use in book.uses.items():
        assert chain.read("LotBook", "periodUse", *place) == astuple(use), f"use {place}"
    for place, used in book.ceilings.items():
        assert chain.read("LotBook", "ceilingUse", *place) == used, f"ceiling {place}"
    for account, balance in book.accounts.items():
        alive = account[3] >= book.oldest_period()
        found = chain.read("LotBook", "creditOf", *account)
        assert found == (balance if alive else 0), f"credit {account}"
    for place, variance in book.variances.items():
        assert chain.read("Custody", "varianceOf", *place) == variance, f"variance {place}"
    for member, nonce in book.nonces:
        assert chain.read("Custody", "nonceUsed", member, nonce)
    for source, (issuer, root) in book.sources.items():
        assert chain.read("LotBook", "sourceBatch", source) == batch_id(issuer, root)
    for member, sequence in book.sequences.items():
        assert chain.read("StatementLog", "nextSequence", member)[0] == sequence + 1
