"""``veta lot``: bring lots in, move them, transform them, look at them."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from veta import canonical
from veta.cli.console import NOT_VERIFIED, OK, UNDETERMINED, emit, progress, say, table
from veta.cli.homes import as_leaf, open_home
from veta.cli.issue import read_octets
from veta.cli.lot_words import lot_lines
from veta.cli.options import HERE, AsJson, Home, PasswordFile, read_duration_s
from veta.errors import InputError, NotFoundError
from veta.interop.lot_file import read_lot
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot import Issuance
from veta.model.lots import LotBatchKind, LotId
from veta.ports.store import Intent, IntentState
from veta.services.certify import certify_lot
from veta.services.lot_bundles import lots_named
from veta.services.lot_documents import assessment_json, lot_json, lot_name, lots_json, notices_json
from veta.services.open_lot import Measurement, Offer
from veta.services.run_file import credential_only, read_hex, read_run
from veta.statement.credential import read_credential
from veta.statement.instants import read_instant

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode
    from veta.services.runs import DraftedRun, PlannedRun

app = typer.Typer(
    help="Lots on the chain: ways in, custody, transforms.\n\nExample: veta lot show 0x4f1c...e2",
    no_args_is_help=True,
    rich_markup_mode=None,
)
RunFile = Annotated[Path, typer.Argument(help="A veta-run/1 file; - reads stdin.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Judge and show the balances; sign nothing.")
]
LotName = Annotated[str, typer.Argument(help="Lot id (0x...), or the lot's number.")]
LotNames = Annotated[list[str], typer.Argument(help="Lot ids (0x...), or numbers.")]
Until = Annotated[str, typer.Option(help="How long the offer stands, e.g. 12h or 5d.")]
Timeout = Annotated[
    float, typer.Option(help="Longest wait for final blocks, seconds; nothing is lost after.")
]


@app.command("originate")
def originate(
    run: RunFile,
    dry_run: DryRun = False,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Bring lots in: what a site produced, what comes from outside, what a stock-take found.

    Signs the passport of each lot, and issues the batches in one transaction.

    Example: veta lot originate run.json --dry-run
    """
    return _run(run, home, password_file, dry_run=dry_run, timeout=timeout, as_json=as_json)


@app.command("transform")
def transform(
    run: RunFile,
    dry_run: DryRun = False,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Make lots of lots that the member holds: split, blend, smelt, assemble.

    Example: veta lot transform smelting.json
    """
    return _run(run, home, password_file, dry_run=dry_run, timeout=timeout, as_json=as_json)


@app.command("open")
def open_(
    lot: LotName,
    to: Annotated[int, typer.Option(help="Offer it to this member in the same call.")] = 0,
    until: Until = "5d",
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Open one of the member's own lots, so that it can move; offer it at once if told so.

    Example: veta lot open CON-1 --to 5 --until 3d
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        offer = _offer(node, to, until) if to else None
        found = find_lot(node, lot)
        intent = node.desk.lots.custodian.open(found, offer)
        return settled(node, intent, [found], timeout, as_json=as_json)


@app.command("offer")
def offer(
    lots: LotNames,
    to: Annotated[int, typer.Option(help="Member that is to have them.")],
    until: Until = "5d",
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Offer opened lots that the member holds; they are locked until the offer ends.

    Example: veta lot offer 0x4f1c...e2 --to 5
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        found = [find_lot(node, each) for each in lots]
        intent = node.desk.lots.custodian.offer(found, _offer(node, to, until))
        return settled(node, intent, found, timeout, as_json=as_json)


@app.command("accept")
def accept(
    lots: LotNames,
    measured: Annotated[
        int, typer.Option(help="What was measured of the reference, base units; one lot only.")
    ] = 0,
    method: Annotated[int, typer.Option(help="How it was measured.")] = 1,
    statement: Annotated[str, typer.Option(help="Leaf of the statement that tells.")] = "",
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Accept what is offered to the member, as shipped or as measured.

    Example: veta lot accept 0x4f1c...e2 --measured 998500 --statement 9a07...31
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        custodian, found = node.desk.lots.custodian, [find_lot(node, each) for each in lots]
        if measured:
            if len(found) != 1:
                raise InputError("cli.one_lot", "what was measured is of one lot")
            leaf = Leaf(read_hex(statement, "--statement"))
            intent = custodian.accept_measured(found[0], Measurement(measured, method, leaf))
        else:
            intent = custodian.accept(found)
        return settled(node, intent, found, timeout, as_json=as_json)


@app.command("decline")
def decline(
    lots: LotNames,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Decline what is offered to the member.

    Example: veta lot decline 0x4f1c...e2
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        found = [find_lot(node, each) for each in lots]
        intent = node.desk.lots.custodian.decline(found)
        return settled(node, intent, found, timeout, as_json=as_json)


@app.command("freeze")
def freeze(
    lot: LotName,
    until: Annotated[str, typer.Option(help="RFC 3339 instant at which it ends.")],
    jointly: Annotated[
        bool,
        typer.Option(
            "--jointly",
            help="As holder or receiver of an offer that runs: frozen once both ask for this time.",
        ),
    ] = False,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Freeze a lot as an authority, once; or jointly with the other side of its offer.

    Nobody offers, accepts, uses or retires it until then; an offer of it may be declined.

    Example: veta lot freeze 0x4f1c...e2 --until 2026-12-01T00:00:00Z
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        found = find_lot(node, lot)
        intent = node.desk.lots.custodian.freeze(found, read_instant(until), jointly=jointly)
        return settled(node, intent, [found], timeout, as_json=as_json)


@app.command("retire")
def retire(
    lots: LotNames,
    reason: Annotated[int, typer.Option(help="Why, a number of the consortium's; not 0.")] = 1,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """End the remainder of lots that the member holds; credit in them is extinguished.

    Example: veta lot retire 0x4f1c...e2 --reason 1
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        found = [find_lot(node, each) for each in lots]
        intent = node.desk.lots.custodian.retire(found, reason)
        return settled(node, intent, found, timeout, as_json=as_json)


@app.command("show")
def show(lot: LotName, home: Home = HERE, as_json: AsJson = False) -> int:
    """Show an opened lot: who holds it, its state, and what is left in it.

    Example: veta lot show 0x4f1c...e2
    """
    with open_home(home, writes=False) as node:
        known, registry = node.lots.known(find_lot(node, lot)), node.registry
        document = lot_json(known, registry.names())
        document |= notices_json(registry.notices(known), registry.now_s())
    emit(document, lot_lines(document), as_json=as_json)
    return OK


def find_lot(node: OpenNode, text: str) -> LotId:
    """The lot that a person means: its id, or its number: among the member's own lots, else among
    all that were opened and followed.

    Raises:
        NotFoundError: ``lot.not_found``.
        InputError: ``lot.ambiguous``.
    """
    octets = as_leaf(text.removeprefix("0x"))
    if octets is not None:
        return LotId(octets)
    from veta.statement.passport import lot_identifier

    subject = lot_identifier(node.config.member, text)
    with node.store.read() as work:
        kept = work.statements(subject=subject)
        leaves = {each.record.leaf for each in kept}
        found = {
            lot
            for each in kept
            for lot, first in lots_named(work, read_credential(each.record.payload))
            if first in leaves
        }
        # Only a batch that was not followed yet has to be looked through.
        found = found or {
            batch.lots[at // 64]
            for _, batch in (work.all_own_lot_batches() if leaves else ())
            for leaf in leaves
            if (at := batch.leaves.find(leaf)) % 64 == 32
        }
    found = found or set(node.lots.named(text))
    if not found:
        raise NotFoundError("lot.not_found", f"no lot {text!r} is known here")
    if len(found) > 1:
        names = ", ".join(lot_name(each) for each in found)
        raise InputError("lot.ambiguous", f"several lots have that number: {names}")
    return found.pop()


def _run(
    path: Path,
    home: Path,
    password_file: Path | None,
    *,
    dry_run: bool,
    timeout: float,
    as_json: bool,
) -> int:
    request = read_run(read_octets(path), lambda number, member: paper_of(path, number, member))
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        desk = node.desk.lots
        way_in = request.kind is not LotBatchKind.TRANSFORM
        if dry_run or not desk.originator.asked_before(request):
            drafted = desk.originator.draft(request) if way_in else desk.transformer.draft(request)
            if not as_json:
                _say_balances(drafted)
            if dry_run:
                return _drafted(drafted, as_json=as_json)
        planned = (
            desk.originator.originate(request) if way_in else desk.transformer.transform(request)
        )
        return _planned(node, planned, timeout, as_json=as_json)


def paper_of(run: Path, number: str, member: object) -> Mapping[str, Any] | Leaf:
    """A passport in a run: a credential, a lot document, a statement's leaf, or a file of these."""
    if isinstance(member, str) and as_leaf(member.removeprefix("0x")) is None:
        member = canonical.read_object(read_octets(run.parent / member))
    if not isinstance(member, dict) or "format" not in member:
        return credential_only(number, member)
    issuance = Issuance(
        credential_id=f"urn:uuid:{uuid.uuid4()}",
        valid_from_s=UnixSeconds(int(time.time())),
        blind=secrets.token_bytes(16),
    )
    lot = read_lot(canonical.write(member))
    return certify_lot(lot, issuance, footprint_id=str(uuid.uuid4())).passport


def _offer(node: OpenNode, to: int, until: str) -> Offer:
    now_s = max(node.clock.now_s(), node.ledger.head().time_s)
    return Offer(MemberId(to), UnixSeconds(now_s + read_duration_s(until)), Digest(bytes(32)))


def _say_balances(drafted: DraftedRun) -> None:
    """The three balances, before anything is signed."""
    document = assessment_json(drafted.assessment)
    balances = document["balances"]
    if balances is not None:
        rows = [("balance", "in", "first measured", "out", "lost", "difference")]
        rows += [
            (
                each["column"],
                f"{each['taken']:,}",
                f"{each['firstMeasured']:,}",
                f"{sum(each['made']):,}",
                f"{each['lost']:,}",
                f"{each['difference']:,}",
            )
            for each in balances["metal"]
        ]
        co2e = balances["co2e"]
        given = f"{co2e['takenG'] + sum(co2e['emissionsG'].values()):,}"
        rows.append(
            ("co2e", given, "-", f"{sum(co2e['madeG']):,}", "-", f"{co2e['differenceG']:,}")
        )
        rows += [
            (
                each["column"],
                f"{each['taken'] + each['drawn']:,}",
                "-",
                f"{sum(each['made']):,}",
                f"{each['extinguished']:,}",
                f"{each['left']:,} to the account",
            )
            for each in balances["credit"]
        ]
        for line in table(rows):
            say(line)
    for problem in document["problems"]:
        say(f"refused: {problem['message']} [{problem['code']}]")


def _drafted(drafted: DraftedRun, *, as_json: bool) -> int:
    problems = drafted.assessment.problems
    words = f"{len(problems)} problems" if problems else "the draft is sound"
    emit(assessment_json(drafted.assessment), [f"{words}; nothing was signed"], as_json=as_json)
    return NOT_VERIFIED if problems else OK


def _planned(node: OpenNode, planned: PlannedRun, timeout: float, *, as_json: bool) -> int:
    intent = settle(node, planned.intent, timeout)
    document = {
        **intent_json(intent),
        "created": planned.created,
        "lots": lots_json(planned.lots),
    }
    if planned.assessment is not None:
        document |= assessment_json(planned.assessment)
    lines = [
        f"{lot_name(lot)}  output {output}, lot {at}"
        for output, lots in enumerate(planned.lots)
        for at, lot in enumerate(lots)
    ]
    emit(document, [f"{intent.state.value}: {intent_words(intent)}", *lines], as_json=as_json)
    return exit_code(intent)


def settled(
    node: OpenNode, intent: Intent, lots: list[LotId], timeout: float, *, as_json: bool
) -> int:
    """Bring an intent about lots to an end, and say what became of it; the exit code."""
    now = settle(node, intent, timeout)
    document = {**intent_json(now), "lots": [lot_name(lot) for lot in lots]}
    lines = [f"{now.state.value}: {intent_words(now)}", *(lot_name(lot) for lot in lots)]
    emit(document, lines, as_json=as_json)
    return exit_code(now)


def settle(node: OpenNode, intent: Intent, timeout: float) -> Intent:
    """Run the outbox until nothing is on its way, or for ``timeout`` seconds; the intent then."""
    with progress("Sending", 1) as shown:
        report = node.settle(timeout_s=timeout)
        shown(1)
    node.follow()
    for alarm in report.alarms:
        say(f"veta: {alarm.message} [{alarm.code}]")
    with node.store.read() as work:
        now = work.intent(intent.number)
    assert now is not None  # it was stored a moment ago
    return now


def intent_json(intent: Intent) -> dict[str, Any]:
    """An intent as a document."""
    return {
        "intent": intent.number,
        "state": intent.state.value,
        "code": intent.code or None,
        "message": intent.message or None,
    }


def intent_words(intent: Intent) -> str:
    """What became of an intent, for a person."""
    if intent.state is IntentState.OPEN:
        return "on its way; run the command again, nothing is done twice"
    return intent.message or "final on the chain"


def exit_code(intent: Intent) -> int:
    """Done, refused for good, or not known yet."""
    if intent.state is IntentState.DONE:
        return OK
    return NOT_VERIFIED if intent.state is IntentState.HELD else UNDETERMINED
