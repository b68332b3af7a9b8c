"""Takes and openings that break a rule, and calls by the wrong member."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.lotbook import lot_world as world
from tests.lotbook.lot_cheats import (
    CALLS,
    LISTS,
    OPENINGS,
    cheat,
    cheat_call,
    edit,
)
from tests.lotbook.lot_custody import GOODS, Custody
from tests.lotbook.lot_moves import Call
from tests.lotbook.lot_values import (
    Header,
    Opening,
    Run,
    Source,
    State,
    Take,
    lot_id,
)

SMALL: Final = (16).to_bytes(32)
"""Words below are no digests: withdrawn, handed over."""


# ---- who


@cheat_call(*CALLS)
def stranger(moves: Custody, call: Call, rng: Random) -> Call | None:
    return Call(call.name, world.STRANGER, call.arguments, call.papers)


@cheat_call("open", "open_and_offer", "transform", *LISTS, "exit", "reenter", "withdraw", "replace")
def somebody_else(moves: Custody, call: Call, rng: Random) -> Call | None:
    others = [world.ACCOUNTS[m] for m in GOODS if world.ACCOUNTS[m] != call.sender]
    return Call(call.name, rng.choice(others), call.arguments, call.papers)


@cheat_call("offer", "retire", "exit", "transform")
def locked_or_frozen(moves: Custody, call: Call, rng: Random) -> Call | None:
    """The holder acts on what is offered or frozen."""
    now = moves.facts.now
    lots = [
        lot
        for lot, its in moves.book.lots.items()
        if its.state_at(now) == State.OFFERED
        or (its.state_at(now) == State.HELD and its.frozen_until > now)
    ]
    if not lots:
        return None
    frozen = [lot for lot in lots if moves.book.lots[lot].frozen_until > now]
    lot = rng.choice(rng.choice([lots, frozen or lots, frozen or lots]))
    sender = world.ACCOUNTS.get(moves.book.lots[lot].holder, call.sender)
    if call.name == "transform":
        run = add_take(moves, call.arguments[0], lot)
        return Call(call.name, call.sender, (run,), call.papers)
    return Call(call.name, sender, edit(call, 0, lot if call.name == "exit" else [lot]).arguments)


@cheat_call("freeze")
def no_authority(moves: Custody, call: Call, rng: Random) -> Call | None:
    return Call(call.name, world.ACCOUNTS[rng.choice(GOODS)], call.arguments)


@cheat_call("freeze")
def frozen_again(moves: Custody, call: Call, rng: Random) -> Call | None:
    known = sorted(lot for lot, _ in moves.book.freezes)
    if not known:
        return None
    again = edit(call, 0, rng.choice(known))
    return Call(call.name, world.ACCOUNTS[world.AUTHORITY], again.arguments)


@cheat_call("freeze_jointly")
def third_party(moves: Custody, call: Call, rng: Random) -> Call | None:
    return Call(call.name, world.ACCOUNTS[world.BODY], call.arguments)


# ---- takes


def with_take(run: Run, rng: Random, change: Callable[[Take], dict[str, Any]]) -> Run:
    takes = list(run.takes)
    i = rng.randrange(len(takes))
    takes[i] = takes[i]._replace(**change(takes[i]))
    return run._replace(takes=tuple(takes))


@cheat("transform")
def nothing_taken(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_take(run, rng, lambda take: {"amount": 0})


@cheat("transform")
def no_takes(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(takes=())


@cheat("transform")
def many_takes(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(takes=tuple(run.takes[i % len(run.takes)] for i in range(17)))


@cheat("transform")
def more_than_left(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_take(run, rng, lambda take: {"amount": take.amount + 2**52})


@cheat("transform")
def taken_misnamed(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_take(run, rng, lambda take: {"taken": take.taken + 1})


@cheat("transform")
def other_quantities(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_take(run, rng, lambda t: {"quantities": tuple(q + 1 for q in t.quantities)})


@cheat("transform")
def another_leaf(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_take(run, rng, lambda take: {"statement_leaf": rng.randbytes(32)})


@cheat("transform")
def unknown_lot(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_take(run, rng, lambda take: {"lot_key": rng.randbytes(32)})


@cheat("transform")
def source_out_of_range(moves: Custody, run: Run, rng: Random) -> Run | None:
    return with_take(run, rng, lambda take: {"source": len(run.sources)})


@cheat("transform")
def unwaived(moves: Custody, run: Run, rng: Random) -> Run | None:
    """Credit of a suspended site goes on as if nothing were."""
    if not any(take.waived for take in run.takes):
        return None
    return run._replace(takes=tuple(take._replace(waived=0) for take in run.takes))


@cheat("transform")
def taken_twice(moves: Custody, run: Run, rng: Random) -> Run | None:
    return run._replace(takes=(*run.takes, run.takes[0]))


@cheat("transform")
def lot_of_another(moves: Custody, run: Run, rng: Random) -> Run | None:
    """One more take, of a lot that is not the taker's, or locked, frozen or gone."""
    return add_take(moves, run, rng.choice(sorted(moves.opened)))


def add_take(moves: Custody, run: Run, lot: bytes) -> Run:
    opened, its = moves.opened[lot], moves.book.lots[lot]
    source = Source(opened.header, opened.columns)
    sources = (*run.sources, source)
    take = Take(len(run.sources), *opened[2:], its.taken, 1, 0)
    columns = tuple(sorted({*run.columns, *opened.columns}))
    return run._replace(sources=sources, takes=(take, *run.takes), columns=columns)


# ---- openings


def another_header(header: Header, rng: Random) -> Header:
    changes: list[dict[str, Any]] = [
        {"flags": header.flags ^ 1},
        {"model": header.model % 4 + 1},
        {"size": header.size + 1},
        {"sequence": header.sequence + 1},
        {"reference": header.reference + 1},
    ]
    return header._replace(**rng.choice(changes))


@cheat_call(*OPENINGS, "withdraw", "replace")
def header_changed(moves: Custody, call: Call, rng: Random) -> Call | None:
    first = call.arguments[0]
    if isinstance(first, Opening):
        return edit(call, 0, first._replace(header=another_header(first.header, rng)))
    return edit(call, 0, another_header(first, rng))


@cheat_call(*OPENINGS)
def issuer_changed(moves: Custody, call: Call, rng: Random) -> Call | None:
    first = call.arguments[0]
    return edit(call, 0, first._replace(header=first.header._replace(issuer=world.TRADER)))


@cheat_call(*OPENINGS)
def another_index(moves: Custody, call: Call, rng: Random) -> Call | None:
    first = call.arguments[0]
    return edit(call, 0, first._replace(position=first.position ^ 1))


@cheat_call(*OPENINGS)
def index_out_of_range(moves: Custody, call: Call, rng: Random) -> Call | None:
    first = call.arguments[0]
    return edit(call, 0, first._replace(position=first.header.size))


@cheat_call(*OPENINGS)
def path_cut(moves: Custody, call: Call, rng: Random) -> Call | None:
    first = call.arguments[0]
    return edit(call, 0, first._replace(path=first.path + bytes(rng.choice([1, 8, 40]))))


@cheat_call(*OPENINGS)
def path_changed(moves: Custody, call: Call, rng: Random) -> Call | None:
    first = call.arguments[0]
    if not first.path:
        return None
    at = rng.randrange(len(first.path))
    path = first.path[:at] + bytes([first.path[at] ^ 1]) + first.path[at + 1 :]
    return edit(call, 0, first._replace(path=path))


@cheat_call(*OPENINGS)
def quantity_changed(moves: Custody, call: Call, rng: Random) -> Call | None:
    first = call.arguments[0]
    quantities = list(first.quantities)
    quantities[rng.randrange(len(quantities))] += rng.choice([1, 2**53])
    return edit(call, 0, first._replace(quantities=tuple(quantities)))


@cheat_call(*OPENINGS)
def quantity_left_out(moves: Custody, call: Call, rng: Random) -> Call | None:
    first = call.arguments[0]
    return edit(call, 0, first._replace(quantities=first.quantities[:-1]))


@cheat_call(*OPENINGS)
def salt_changed(moves: Custody, call: Call, rng: Random) -> Call | None:
    return edit(call, 0, call.arguments[0]._replace(salt=rng.randbytes(16)))


@cheat_call(*OPENINGS)
def opened_again(moves: Custody, call: Call, rng: Random) -> Call | None:
    opened = {(o.header, o.position) for o in moves.opened.values()}
    known = [
        (papers, index)
        for papers in moves.papers
        for index in range(len(papers.rows))
        if papers.header and (papers.header, index) in opened
    ]
    if not known:
        return None
    papers, index = rng.choice(known)
    assert papers.header is not None
    again = edit(call, 0, papers.opening(index))
    return Call(call.name, world.ACCOUNTS[papers.header.issuer], again.arguments)


@cheat_call("open")
def padding_opened(moves: Custody, call: Call, rng: Random) -> Call | None:
    known = [
        (papers, index)
        for papers in moves.papers
        for index, row in enumerate(papers.rows)
        if papers.header and len(row[2]) == len(papers.columns) and not any(row[2])
    ]
    if not known:
        return None
    papers, index = rng.choice(known)
    assert papers.header is not None
    return Call("open", world.ACCOUNTS[papers.header.issuer], (papers.opening(index),))


@cheat_call("open")
def withdrawn_opened(moves: Custody, call: Call, rng: Random) -> Call | None:
    gone = [
        papers
        for papers in moves.papers
        if papers.header
        and moves.book.batches[papers.header.issuer, papers.header.root].word < SMALL
    ]
    if not gone:
        return None
    papers = rng.choice(gone)
    assert papers.header is not None
    return Call("open", world.ACCOUNTS[papers.header.issuer], (papers.opening(0),))


@cheat_call("open")
def taken_over_opened(moves: Custody, call: Call, rng: Random) -> Call | None:
    """A lot that the successor took over before anybody opened it."""
    for papers in moves.papers:
        for index in papers.unopened:
            assert papers.header is not None
            lot = lot_id(papers.header.issuer, papers.rows[index][0])
            if lot in moves.book.lots:
                sender = world.ACCOUNTS[papers.header.issuer]
                return Call("open", sender, (papers.opening(index),))
    return None


@cheat_call("hand_over")
def taken_over_again(moves: Custody, call: Call, rng: Random) -> Call | None:
    lots = [lot for lot, its in moves.book.lots.items() if its.state == State.HANDED_OVER]
    batches = [where for where, batch in moves.book.batches.items() if batch.handed_over]
    if batches and rng.randrange(2):
        return Call("hand_over_batch", call.sender, rng.choice(batches))
    return Call("hand_over_lot", call.sender, (rng.choice(lots),)) if lots else None
