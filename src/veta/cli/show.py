"""``veta show``: look at what the home keeps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from veta.cli.anchor import anchored_batch, batch_json
from veta.cli.console import OK, emit, moment, say, table
from veta.cli.files import statement_of
from veta.cli.homes import find_leaf, open_home
from veta.cli.issue import read_octets
from veta.cli.options import HERE, AsJson, Beside, Home
from veta.errors import ConfigError, InputError, NotFoundError
from veta.ports.lot_store import LotCall
from veta.ports.store import (
    Batch,
    Intent,
    IntentState,
    OutboxEntry,
    StatusChange,
    StoredStatement,
)
from veta.services.beside import with_beside, with_opened
from veta.services.run_gathering import CLOSABLE, MissingRun, Withheld
from veta.statement.credential import read_credential
from veta.statement.passport import lot_identifier
from veta.verify.transport import write_bundle

if TYPE_CHECKING:
    from veta.services.node import Node

OTHERS: Final = "others"
"""Word for the runs of all other members."""

app = typer.Typer(
    help="Look at statements, lots, batches and the outbox of a home.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("statement")
def statement(
    subject: Annotated[str, typer.Argument(help="Leaf, credential id or lot number.")],
    bundle: Annotated[
        Path | None,
        typer.Option(help="Write token, proof and the chain's facts to this file, to pass on."),
    ] = None,
    with_lineage: Annotated[
        bool,
        typer.Option(
            "--with-lineage",
            help="With --bundle, of a lot's passport: also the lot, and every run behind it, from "
            "this home and from the chain.",
        ),
    ] = False,
    withhold: Annotated[
        list[str] | None,
        typer.Option(
            help="With --with-lineage: keep out runs of other members (others), or close a kind "
            "of part of the member's own runs: take, loss, emission, certificate, ... May be "
            "repeated.",
        ),
    ] = None,
    beside: Beside = None,
    open_: Annotated[
        list[Path] | None,
        typer.Option(
            "--open",
            help="With --with: a file of opened indicators (`veta indicators open`), of a set that "
            "is beside it. May be repeated.",
        ),
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Show a statement: who, what, since when, and where it is anchored.

    With --with-lineage the documents of the certificates that the lot's credit rests on are put
    beside it, as far as the home keeps them; others are named with --with.

    What is withheld is not proven to whoever gets the bundle, and is no secret from members: all
    of them can read it from the chain.

    Example: veta show statement BSE-CAT-26-1001 --bundle lot.bundle.json --with-lineage --with
    assay.bundle.json
    """
    withheld = _withheld(withhold or [])
    if (beside or open_) and bundle is None:
        raise InputError("cli.options", "--with and --open are for --bundle")
    if (withhold and not with_lineage) or (with_lineage and bundle is None):
        raise InputError("cli.options", "--with-lineage is for --bundle, --withhold for both")
    missing: tuple[MissingRun, ...] = ()
    with open_home(home, writes=False) as node:
        leaf = find_leaf(node, subject, newest=True)
        stored = node.statement(leaf)
        if bundle is not None:
            found = node.lot_bundle(leaf) if with_lineage else node.bundle(leaf)
            if with_lineage:
                whole = node.with_lineage(found, withheld)
                found, missing = whole.bundle, whole.missing
            found = with_beside(found, [statement_of(node, each) for each in beside or []])
            for shown in open_ or []:
                found = with_opened(found, read_octets(shown))
            _write(bundle, write_bundle(found, node.facts(found)))
    document = _statement_json(stored)
    lines = [
        f"{stored.record.leaf.hex()}  {stored.state.value}",
        *table([(name, str(value)) for name, value in document.items() if name != "token"]),
    ]
    emit(document, lines, as_json=as_json)
    for each in missing:
        say(
            f"Not in it: the run of batch {each.root.hex()[:16]} of member {each.issuer} "
            f"[{each.code}]"
        )
    if bundle is not None:
        lineage = " --with-lineage" if with_lineage else ""
        say(
            f"Written to {bundle}: `veta verify {bundle} --offline --believe-file --max-age 30d "
            f"--trust {home / 'trust.json'}{lineage}` (your own file: others ask the chain)"
        )
    return OK


@app.command("lot")
def lot(
    number: Annotated[str, typer.Argument(help="Lot number, or the lot's whole id.")],
    issuer: Annotated[str, typer.Option(help="DID of the lot's issuer; default: the member.")] = "",
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Show every statement about a lot that is kept here, newest first.

    Example: veta show lot BSE-CAT-26-1001
    """
    with open_home(home, writes=False) as node:
        subject = number
        if not number.startswith("did:"):
            subject = lot_identifier(issuer or node.config.member, number)
        found = node.find(subject)
    if not found:
        raise NotFoundError("lot.not_found", f"no statement about {subject} is kept here")
    rows = [
        (each.record.leaf.hex(), each.state.value, moment(each.record.created_s)) for each in found
    ]
    document = {"lot": subject, "statements": [_statement_json(each) for each in found]}
    emit(document, [subject, *table(rows, indent="  ")], as_json=as_json)
    return OK


@app.command("batch")
def batch(
    number: Annotated[int | None, typer.Argument(help="Default: all of them.")] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Show batches: kind, size, root, sequence number, transaction and gas.

    Example: veta show batch 1 --json
    """
    with open_home(home, writes=False) as node:
        documents = [batch_json(each) for each in _batches(node, number)]
    rows = [("batch", "kind", "size", "number", "state", "gas", "root")]
    for each in documents:
        gas, sequence = each["gas_used"], each["sequence"]
        rows.append(
            (
                str(each["number"]),
                each["kind"],
                str(each["size"]),
                "-" if sequence is None else str(sequence),
                each["state"],
                "-" if gas is None else f"{gas:,}",
                each["root"],
            )
        )
    emit({"batches": documents}, table(rows), as_json=as_json)
    return OK


@app.command("outbox")
def outbox(home: Home = HERE, as_json: AsJson = False) -> int:
    """Show what is to be done on the chain, and every transaction signed for it.

    Example: veta show outbox
    """
    with open_home(home, writes=False) as node, node.store.read() as work:
        intents = [intent for state in IntentState for intent in work.intents(state)]
        entries = work.entries()
    documents = [
        _intent_json(intent, [each for each in entries if each.intent == intent.number])
        for intent in sorted(intents, key=lambda each: each.number)
    ]
    rows = [("intent", "what", "state", "nonces", "why")]
    for each in documents:
        nonces = ", ".join(f"{one['nonce']} {one['state']}" for one in each["transactions"])
        why = str(each["message"] or "-")
        rows.append((str(each["number"]), each["what"], each["state"], nonces, why))
    emit({"intents": documents}, table(rows), as_json=as_json)
    return OK


def _batches(node: Node, number: int | None) -> list[Any]:
    with node.store.read() as work:
        batches = [each for each in work.batches() if number in {None, each.number}]
        intents = [work.batch_intent(each.number) for each in batches]
    if number is not None and not batches:
        raise NotFoundError("batch.not_found", f"there is no batch {number} here")
    return [anchored_batch(node, intent.number) for intent in intents if intent is not None]


def _statement_json(stored: StoredStatement) -> dict[str, Any]:
    record = stored.record
    credential = read_credential(record.payload)
    return {
        "leaf": record.leaf.hex(),
        "state": stored.state.value,
        "kind": record.kind.name.lower(),
        "id": record.credential_id,
        "subject": record.subject,
        "issuer": credential.issuer.identifier,
        "valid_from": _instant(credential.valid_from_s),
        "valid_until": _instant(credential.valid_until_s),
        "kept_since": _instant(record.created_s),
        "batch": stored.batch,
        "position": stored.position,
        "token": record.token.decode("ascii"),
    }


def _instant(seconds: int) -> str | None:
    if seconds >= 1 << 40:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _intent_json(intent: Intent, entries: list[OutboxEntry]) -> dict[str, Any]:
    subject = intent.subject
    return {
        "number": intent.number,
        "what": _what(subject),
        "state": intent.state.value,
        "code": intent.code or None,
        "message": intent.message or None,
        "transactions": [_entry_json(each) for each in entries],
    }


def _what(subject: Batch | StatusChange | LotCall) -> str:
    if isinstance(subject, LotCall):
        return subject.call.purpose
    return "anchor" if isinstance(subject, Batch) else subject.action.name.lower()


def _entry_json(entry: OutboxEntry) -> dict[str, Any]:
    return {
        "nonce": entry.nonce,
        "account": f"0x{entry.account.hex()}",
        "state": entry.state.value,
        "sequence": entry.sequence,
        "attempts": [f"0x{attempt.transaction_id.hex()}" for attempt in entry.attempts],
    }


def _withheld(words: list[str]) -> Withheld:
    """What is named on the command line.

    Raises:
        InputError: ``cli.withhold``.
    """
    parts = {part.name.lower().replace("_", "-"): part for part in CLOSABLE}
    unknown = [word for word in words if word not in {*parts, OTHERS}]
    if unknown:
        known = ", ".join([OTHERS, *parts])
        raise InputError("cli.withhold", f"{unknown[0]!r} cannot be withheld; {known} can")
    return Withheld(frozenset(parts[word] for word in words if word != OTHERS), OTHERS in words)


def _write(path: Path, octets: bytes) -> None:
    try:
        path.write_bytes(octets)
    except OSError as error:
        raise ConfigError(
            "config.unwritable", f"cannot write {path}: {error.strerror or error}"
        ) from error
