"""Custody, endings and replacements that break a rule."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.lotbook import lot_world as world
from tests.lotbook.lot_cheats import (
    LISTS,
    cheat_call,
    edit,
)
from tests.lotbook.lot_custody import GOODS, Custody
from tests.lotbook.lot_moves import Call
from tests.lotbook.lot_values import (
    ZERO,
    Kind,
    State,
)

# ---- custody


@cheat_call(*LISTS)
def no_lots(moves: Custody, call: Call, rng: Random) -> Call | None:
    none = edit(call, 0, [])
    return edit(none, 1, []) if call.name == "accept" else none


@cheat_call("offer", "accept", "decline", "retire")
def lots_twice(moves: Custody, call: Call, rng: Random) -> Call | None:
    twice = edit(call, 0, [*call.arguments[0], call.arguments[0][0]])
    if call.name != "accept":
        return twice
    return edit(twice, 1, [*call.arguments[1], call.arguments[1][0]])


@cheat_call("offer", "retire", "decline", "exit")
def any_lot(moves: Custody, call: Call, rng: Random) -> Call | None:
    """A lot in whatever state, by its holder."""
    lot = rng.choice(sorted(moves.book.lots))
    sender = world.ACCOUNTS.get(moves.book.lots[lot].holder, call.sender)
    other = edit(call, 0, lot if call.name == "exit" else [lot])
    return Call(call.name, sender, other.arguments)


@cheat_call("offer", "retire", "decline", "exit", "accept", "reenter", "freeze", "freeze_jointly")
def no_lot(moves: Custody, call: Call, rng: Random) -> Call | None:
    lot = rng.randbytes(32)
    single = call.name in {"exit", "reenter", "freeze", "freeze_jointly"}
    other = edit(call, 0, lot if single else [lot])
    return edit(other, 1, [0]) if call.name == "accept" else other


@cheat_call("offer", "open_and_offer")
def offered_to_nobody(moves: Custody, call: Call, rng: Random) -> Call | None:
    own = moves.facts.operators[call.sender]
    return edit(call, 1, rng.choice([0, 77, own]))


@cheat_call("offer", "open_and_offer", "freeze", "freeze_jointly")
def time_out_of_bounds(moves: Custody, call: Call, rng: Random) -> Call | None:
    at = 2 if call.name in {"offer", "open_and_offer"} else 1
    if call.name == "freeze":
        call = Call(call.name, world.ACCOUNTS[world.AUTHORITY], call.arguments)
    latest = moves.facts.now + world.RULES.authority_freeze_s + 1
    late = latest if call.name == "freeze" else 2**63
    return edit(call, at, rng.choice([moves.facts.now, moves.facts.now - 100, late]))


@cheat_call("accept", "accept_measured")
def seen_otherwise(moves: Custody, call: Call, rng: Random) -> Call | None:
    if call.name == "accept":
        return edit(call, 1, [taken + 1 for taken in call.arguments[1]])
    return edit(call, 1, call.arguments[1] + 1)


@cheat_call("accept", "accept_measured")
def accepted_unasked(moves: Custody, call: Call, rng: Random) -> Call | None:
    lot = rng.choice(sorted(moves.opened))
    sender = world.ACCOUNTS[rng.choice(GOODS)]
    taken = moves.book.lots[lot].taken
    if call.name == "accept":
        return Call(call.name, sender, ([lot], [taken], call.arguments[2]))
    return Call(call.name, sender, (moves.opened[lot], taken, *call.arguments[2:]))


@cheat_call("accept", "accept_measured", "decline", "freeze_jointly")
def answered_too_late(moves: Custody, call: Call, rng: Random) -> Call | None:
    now = moves.facts.now
    over = [
        lot
        for lot, its in moves.book.lots.items()
        if its.state == State.OFFERED and its.offer_until <= now
    ]
    if not over:
        return None
    lot = rng.choice(over)
    its = moves.book.lots[lot]
    sender = world.ACCOUNTS[its.offered_to]
    arguments: dict[str, tuple[Any, ...]] = {
        "accept": ([lot], [its.taken], bytes(32)),
        "accept_measured": (moves.opened[lot], its.taken, *call.arguments[2:]),
        "decline": ([lot],),
        "freeze_jointly": (lot, now + 60),
    }
    return Call(call.name, sender, arguments[call.name])


@cheat_call("freeze")
def frozen_in_any_state(moves: Custody, call: Call, rng: Random) -> Call | None:
    return edit(call, 0, rng.choice(sorted(moves.book.lots)))


@cheat_call("accept_measured")
def measured_out_of_bounds(moves: Custody, call: Call, rng: Random) -> Call | None:
    return edit(call, 2, rng.choice([0, 2**53]))


@cheat_call("accept_measured")
def measured_far_more(moves: Custody, call: Call, rng: Random) -> Call | None:
    opened, taken = call.arguments[:2]
    whole = opened.quantities[opened.columns.index(opened.header.reference)]
    return edit(call, 2, min(2**53 - 1, 2 * (whole - taken) + 5))


@cheat_call("accept_measured")
def measured_another(moves: Custody, call: Call, rng: Random) -> Call | None:
    opened = call.arguments[0]
    return edit(call, 0, opened._replace(quantities=tuple(q + 1 for q in opened.quantities)))


@cheat_call("accept_signed")
def signed_by_another(moves: Custody, call: Call, rng: Random) -> Call | None:
    others = [member for member in world.SECRETS if member != call.arguments[0].from_]
    return moves.signed(call.sender, call.arguments[0], rng.choice(others))


@cheat_call("accept_signed")
def signed_something_else(moves: Custody, call: Call, rng: Random) -> Call | None:
    offer, signature, _ = call.arguments
    other = offer._replace(consignment=rng.randbytes(32))
    return Call(call.name, call.sender, (other, signature, world.STRANGER))


@cheat_call("accept_signed")
def signed_badly(moves: Custody, call: Call, rng: Random) -> Call | None:
    broken = call.arguments[1][: rng.choice([0, 64])]
    return Call(call.name, call.sender, (call.arguments[0], broken, world.STRANGER))


@cheat_call("accept_signed")
def signed_over(moves: Custody, call: Call, rng: Random) -> Call | None:
    offer = call.arguments[0]._replace(until=moves.facts.now)
    return moves.signed(call.sender, offer, offer.from_)


@cheat_call("accept_signed")
def nonce_again(moves: Custody, call: Call, rng: Random) -> Call | None:
    offer = call.arguments[0]
    used = [nonce for member, nonce in moves.book.nonces if member == offer.from_]
    if not used:
        return None
    return moves.signed(call.sender, offer._replace(nonce=rng.choice(used)), offer.from_)


@cheat_call("accept_signed")
def signed_for_another(moves: Custody, call: Call, rng: Random) -> Call | None:
    others = [m for m in GOODS if m not in {call.arguments[0].to, call.arguments[0].from_}]
    return Call(call.name, world.ACCOUNTS[rng.choice(others)], call.arguments)


@cheat_call("accept_signed")
def signed_for_other_lots(moves: Custody, call: Call, rng: Random) -> Call | None:
    offer = call.arguments[0]
    lot = rng.choice(sorted(moves.book.lots))
    other = offer._replace(lots=(lot,), taken=(moves.book.lots[lot].taken + rng.randint(0, 1),))
    return moves.signed(call.sender, other, offer.from_)


# ---- endings


@cheat_call("retire")
def retired_for_nothing(moves: Custody, call: Call, rng: Random) -> Call | None:
    return edit(call, 1, 0)


@cheat_call("reenter")
def another_salt(moves: Custody, call: Call, rng: Random) -> Call | None:
    return edit(call, 1, rng.randbytes(32))


@cheat_call("reenter")
def not_out(moves: Custody, call: Call, rng: Random) -> Call | None:
    return edit(call, 0, rng.choice(sorted(moves.book.lots)))


@cheat_call("withdraw")
def withdrawn_by_halves(moves: Custody, call: Call, rng: Random) -> Call | None:
    return edit(call, 2, tuple(quantity // 2 for quantity in call.arguments[2]))


@cheat_call("withdraw", "replace")
def opened_before(moves: Custody, call: Call, rng: Random) -> Call | None:
    kinds = {Kind.TRANSFORM} if call.name == "replace" else {Kind.ORIGIN, Kind.EXTERNAL, Kind.GAIN}
    known = [
        papers
        for papers in moves.papers
        if papers.header
        and papers.header.kind in kinds
        and moves.book.batches[papers.header.issuer, papers.header.root].opened
    ]
    if not known:
        return None
    papers = rng.choice(known)
    assert papers.header is not None
    sender = world.ACCOUNTS[papers.header.issuer]
    if call.name == "replace":
        return Call(call.name, sender, (papers.header, *call.arguments[1:]), call.papers)
    return Call(call.name, sender, (papers.header, papers.columns, papers.sums, papers.salt))


@cheat_call("withdraw", "replace")
def of_the_other_kind(moves: Custody, call: Call, rng: Random) -> Call | None:
    kinds = (Kind.TRANSFORM,) if call.name == "withdraw" else (Kind.ORIGIN, Kind.EXTERNAL)
    known = moves.closed(*kinds)
    if not known:
        return None
    papers = rng.choice(known)
    assert papers.header is not None
    sender = world.ACCOUNTS[papers.header.issuer]
    if call.name == "replace":
        return Call(call.name, sender, (papers.header, *call.arguments[1:]), call.papers)
    return Call(call.name, sender, (papers.header, papers.columns, papers.sums, papers.salt))


@cheat_call("replace")
def replaced_by_nothing(moves: Custody, call: Call, rng: Random) -> Call | None:
    return edit(call, 1, ZERO)


@cheat_call("replace")
def replaced_by_itself(moves: Custody, call: Call, rng: Random) -> Call | None:
    return edit(call, 1, call.arguments[0].root)


@cheat_call("replace")
def replaced_by_no_lots(moves: Custody, call: Call, rng: Random) -> Call | None:
    return edit(call, 2, 0)


@cheat_call("freeze", "offer", "retire", "exit")
def taken_over(moves: Custody, call: Call, rng: Random) -> Call | None:
    """What the successor has is closed here; nobody but the successor takes over."""
    gone = [lot for lot, its in moves.book.lots.items() if its.state == State.HANDED_OVER]
    if not gone or call.name == "freeze":
        lot = rng.choice(sorted(moves.book.lots))
        return Call("hand_over_lot", call.sender, (lot,))
    lot = rng.choice(gone)
    sender = world.ACCOUNTS.get(moves.book.lots[lot].holder, call.sender)
    other = edit(call, 0, lot if call.name == "exit" else [lot])
    return Call(call.name, sender, other.arguments)
