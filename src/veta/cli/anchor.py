"""``veta anchor``: put everything that was issued under roots on the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from veta.cli.console import NOT_VERIFIED, OK, UNDETERMINED, emit, progress, say
from veta.cli.homes import open_home
from veta.cli.options import HERE, AsJson, Home, PasswordFile
from veta.errors import InputError
from veta.model.anchoring import BatchKind
from veta.model.identifiers import TransactionId
from veta.ports.store import Batch, Intent, IntentState

if TYPE_CHECKING:
    from veta.services.node import Node
    from veta.services.planning import Alarm


@dataclass(frozen=True, slots=True)
class Anchored:
    """A batch and the transaction that did it."""

    intent: Intent
    batch: Batch
    transaction_id: TransactionId | None
    gas_used: int | None


def anchor(
    kind: Annotated[
        str, typer.Option(help="Only statements of one kind, e.g. passport; default: all.")
    ] = "",
    timeout: Annotated[
        float, typer.Option(help="Longest wait for final blocks, seconds; nothing is lost after.")
    ] = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Batch what was issued, anchor each batch in one transaction, and wait until it is final.

    Also finishes whatever an earlier run left on its way. Ends with 3 if something is still on its
    way: run it again, nothing is anchored twice.

    Example: veta anchor --kind passport
    """
    wanted = _kind(kind)
    with open_home(home, writes=True, password_file=password_file) as node:
        before = _open_batches(node)
        planned = node.desk.anchorer.anchor(wanted)
        intents = [*before, *planned.planned]
        with progress("Anchoring", len(intents)) as show:
            report = node.settle(timeout_s=timeout)
            show(len(intents))
        batches = [anchored_batch(node, intent.number) for intent in intents]
        alarms = [*planned.alarms, *report.alarms]
    _report(batches, alarms, settled=report.settled, as_json=as_json)
    if not report.settled:
        return UNDETERMINED
    bad = any(each.intent.state is not IntentState.DONE for each in batches)
    return NOT_VERIFIED if bad or alarms else OK


def _kind(name: str) -> BatchKind | None:
    if not name:
        return None
    try:
        return BatchKind[name.upper()]
    except KeyError as error:
        known = ", ".join(each.name.lower() for each in BatchKind)
        raise InputError("cli.kind", f"there is no kind {name!r}; there are {known}") from error


def _open_batches(node: Node) -> list[Intent]:
    with node.store.read() as work:
        return [i for i in work.intents(IntentState.OPEN) if isinstance(i.subject, Batch)]


def anchored_batch(node: Node, number: int) -> Anchored:
    """The batch of an intent, with the transaction that anchored it."""
    with node.store.read() as work:
        intent = work.intent(number)
        assert intent is not None  # it was there a moment ago, and nothing deletes intents
        assert isinstance(intent.subject, Batch)
        batch = work.batch(intent.subject.number)
        entries = work.entries_of(number)
    assert batch is not None
    included = next((entry.included for entry in entries if entry.included is not None), None)
    if included is None:
        return Anchored(intent, batch, None, None)
    receipt = node.ledger.receipt(included[0])
    return Anchored(intent, batch, included[0], None if receipt is None else receipt.gas_used)


def batch_json(each: Anchored) -> dict[str, Any]:
    """A batch for a program."""
    return {
        "number": each.batch.number,
        "kind": each.batch.kind.name.lower(),
        "size": each.batch.size,
        "root": each.batch.root.hex(),
        "sequence": each.batch.sequence,
        "state": each.intent.state.value,
        "code": each.intent.code or None,
        "transaction": None if each.transaction_id is None else f"0x{each.transaction_id.hex()}",
        "gas_used": each.gas_used,
    }


def _report(
    batches: Sequence[Anchored], alarms: Sequence[Alarm], *, settled: bool, as_json: bool
) -> None:
    document = {
        "settled": settled,
        "batches": [batch_json(each) for each in batches],
        "alarms": [{"code": alarm.code, "message": alarm.message} for alarm in alarms],
    }
    lines = []
    for each in batches:
        gas = "" if each.gas_used is None else f", {each.gas_used:,} gas"
        number = "" if each.batch.sequence is None else f" as number {each.batch.sequence}"
        lines.append(
            f"{each.intent.state.value}  batch {each.batch.number}: {each.batch.size} "
            f"{each.batch.kind.name.lower()} statements{number}{gas}"
        )
        lines.append(f"      root {each.batch.root.hex()}")
    if not batches:
        lines.append("Nothing waits to be anchored.")
    emit(document, lines, as_json=as_json)
    for alarm in alarms:
        say(f"veta: {alarm.message} [{alarm.code}]")
    if not settled:
        say("Not final yet: run `veta anchor` again later; nothing is anchored twice.")
