"""``veta anchor``: put everything that was issued under roots on the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from veta.cli.console import NOT_VERIFIED, OK, UNDETERMINED, emit, progress, say
from veta.cli.homes import open_home
from veta.cli.options import HERE, AsJson, Home, PasswordFile
from veta.errors import InputError, VerificationError
from veta.model.anchoring import BatchKind
from veta.model.identifiers import Leaf, TransactionId
from veta.ports.store import Batch, Intent, IntentState
from veta.services.preflight import foresee, key_of, read_standing, waiting
from veta.statement.credential import read_credential

if TYPE_CHECKING:
    from veta.services.node import Node
    from veta.services.planning import Alarm
    from veta.verify.verdict import Check

MOST_TOLD: Final = 20
"""Statements named one by one before the rest is only counted."""


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
    force: Annotated[
        bool, typer.Option("--force", help="Anchor even what a verifier would call INVALID.")
    ] = False,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Batch what was issued, anchor each batch in one transaction, and wait until it is final.

    Also finishes whatever an earlier run left on its way. Ends with 3 if something is still on its
    way: run it again, nothing is anchored twice. Batches nothing and ends with 1 if a verifier
    would call one of the statements INVALID: an anchor cannot be taken back.

    Example: veta anchor --kind passport
    """
    wanted = _kind(kind)
    with open_home(home, writes=True, password_file=password_file) as node:
        before = _open_batches(node)
        if not force:
            _preflight(node, wanted, finish=bool(before), timeout_s=timeout)
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


def _preflight(node: Node, kind: BatchKind | None, *, finish: bool, timeout_s: float) -> None:
    """Refuse to batch what a verifier would call INVALID; what is on its way is finished first.

    Raises:
        VerificationError: with the verifier's own code for the first of them.
    """
    doomed = _doomed(node, kind)
    if not doomed:
        return
    if finish:
        node.settle(timeout_s=timeout_s)
    for leaf, check in doomed[:MOST_TOLD]:
        say(f"{leaf.hex()}  {check.sentence} [{check.code}]")
    if len(doomed) > MOST_TOLD:
        say(f"... and {len(doomed) - MOST_TOLD} more")
    raise VerificationError(
        doomed[0][1].code,
        f"a verifier would call {len(doomed)} waiting statements INVALID, so nothing was batched:"
        " wait if their date is still to come, else issue them anew; --force then anchors all,"
        " and these count for nothing",
    )


def _doomed(node: Node, kind: BatchKind | None) -> list[tuple[Leaf, Check]]:
    """Statements in no batch that would not be good if they were anchored now, and why."""
    found: list[tuple[Leaf, Check]] = []
    member, policy = node.desk.member, node.verifier.policy
    with node.store.read() as work:
        if not work.unbatched_kinds(member):
            return found
        standing = read_standing(node.ledger, member, node.clock.now_s())
        for record in waiting(work, member, kind):
            credential = read_credential(record.payload)
            checks = foresee(credential, key_of(record), standing, policy)
            found += [(record.leaf, check) for check in checks[:1]]
    return found


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
