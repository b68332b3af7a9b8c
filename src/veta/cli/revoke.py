"""``veta revoke`` and ``veta supersede``: change what counts, on the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from veta.cli.console import NOT_VERIFIED, OK, UNDETERMINED, emit, say
from veta.cli.homes import find_leaf, open_home
from veta.cli.options import HERE, AsJson, Home, PasswordFile
from veta.errors import InputError
from veta.model.anchoring import StatusReason
from veta.model.identifiers import Leaf, UnixSeconds
from veta.ports.store import BLOCK_TIME, Intent, IntentState
from veta.statement.instants import read_instant

if TYPE_CHECKING:
    from veta.services.node import Node

_REASONS = {
    reason.name.lower().replace("_", "-"): reason
    for reason in StatusReason
    if reason is not StatusReason.NONE
}


def revoke(
    subject: Annotated[str, typer.Argument(help="Leaf, credential id or lot number.")],
    reason: Annotated[str, typer.Option(help=", ".join(_REASONS))],
    since: Annotated[
        str, typer.Option(help="Instant; only some reasons may lie in the past. Default: now.")
    ] = "",
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Revoke one of the member's own statements, and wait until that is final.

    Example: veta revoke BSE-CAT-26-1003 --reason issued-in-error
    """
    if reason not in _REASONS:
        raise InputError("cli.reason", f"--reason is one of {', '.join(_REASONS)}")
    since_s: UnixSeconds = read_instant(since) if since else BLOCK_TIME
    with open_home(home, writes=True, password_file=password_file) as node:
        leaf = find_leaf(node, subject)
        intent = node.desk.status.revoke(leaf, reason=_REASONS[reason], effective_s=since_s)
        return _settled(node, intent, leaf, f"revoked ({reason})", as_json=as_json)


def supersede(
    old: Annotated[str, typer.Argument(help="Leaf or credential id of the statement replaced.")],
    new: Annotated[str, typer.Argument(help="Leaf or credential id of the one that counts now.")],
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Replace the words of one of the member's statements by another one's; both stay readable.

    A passport says itself which one it corrects, and why: `veta issue LOT --corrects OLD --reason
    wording`. The lot's figures stay those of its batch: they are restated (`veta lot restate`), for
    the better only with an assurer's confirmation.

    Example: veta supersede 4f1c...e2 9a07...31
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        leaf, by_leaf = find_leaf(node, old), find_leaf(node, new)
        intent = node.desk.status.correct(leaf, by_leaf=by_leaf)
        return _settled(node, intent, leaf, f"superseded by {by_leaf.hex()}", as_json=as_json)


def _settled(node: Node, intent: Intent, leaf: Leaf, words: str, *, as_json: bool) -> int:
    report = node.settle()
    with node.store.read() as work:
        now = work.intent(intent.number)
    assert now is not None  # it was stored a moment ago
    document = {
        "leaf": leaf.hex(),
        "intent": now.number,
        "state": now.state.value,
        "code": now.code or None,
        "message": now.message or None,
    }
    done = now.state is IntentState.DONE
    lines = [f"{leaf.hex()}  {words}" if done else f"{leaf.hex()}  {now.state.value}"]
    emit(document, lines, as_json=as_json)
    for alarm in report.alarms:
        say(f"veta: {alarm.message} [{alarm.code}]")
    if done:
        return OK
    return NOT_VERIFIED if now.state is IntentState.HELD else UNDETERMINED
