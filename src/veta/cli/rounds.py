"""``veta round``: what was read at a site, and who saw it."""

from __future__ import annotations

import re
import secrets
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from veta import canonical
from veta.cli.console import NOT_VERIFIED, OK, UNDETERMINED, emit, say
from veta.cli.files import statement_of
from veta.cli.homes import open_asked, open_home
from veta.cli.indicators import write_secret
from veta.cli.issue import Prepared, preflight, read_octets
from veta.cli.options import HERE, AsJson, Home, PasswordFile, Rpc, Trust
from veta.cli.rendering import plain
from veta.errors import InputError, VerificationError
from veta.evidence.answers import Answer
from veta.evidence.windows import instant
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lot import Issuance
from veta.model.ranges import Ranges
from veta.monitoring.readings import RoundReadings
from veta.services.round_answer import Lengths, RoundAnswer, answer_of
from veta.services.round_desk import round_at_hand
from veta.services.round_files import (
    RoundTerms,
    co_signature_credential,
    read_proof,
    read_readings,
    require_readings,
    round_credential,
    write_proof,
)
from veta.services.round_signing import party_of, require_co_signers, self_of, witnessed
from veta.services.rounds import RoundReader, RoundsFound
from veta.statement.credential import view_credential
from veta.statement.instants import read_instant
from veta.statement.rules import check_rules

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode

EXIT_OF_ANSWER: Final = {
    Answer.MET: OK,
    Answer.NOT_MET: NOT_VERIFIED,
    Answer.CANNOT_TELL: UNDETERMINED,
}
_SPAN: Final = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)

app = typer.Typer(
    help="Monitoring rounds: readings of a site under one root, co-signed by who saw them.\n\n"
    "Example: veta round show june.bundle.json --readings june.json",
    no_args_is_help=True,
    rich_markup_mode=None,
)
RoundArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="ROUND", help="Bundle or token file; or a leaf or id that the home keeps."
    ),
]
ReadingsFiles: TypeAlias = Annotated[
    list[Path],
    typer.Option(
        "--readings",
        help="The round's readings (veta-readings/1, or veta-series/1 for each instrument, in the "
        "round's order); may be given several times.",
    ),
]
PapersArgument: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PAPERS]...", help="Co-signatures and other rounds: files, leaves or ids."
    ),
]


@app.command("make")
def make(  # noqa: PLR0917 - one parameter an option
    files: Annotated[
        list[Path], typer.Argument(help="Readings: veta-readings/1 or veta-series/1 files.")
    ],
    name: Annotated[str, typer.Option(help="Name of the round, behind the member's DID.")],
    site: Annotated[str, typer.Option(help="Identifier (URI) of the site or salar.")],
    site_name: Annotated[str, typer.Option(help="Its name.")],
    by: Annotated[str, typer.Option(help="Instant until which co-signatures are expected.")],
    out: Annotated[Path, typer.Option(help="The statement, for `veta issue`; a new file.")],
    co_signer: Annotated[
        list[str] | None,
        typer.Option(
            help="DID of a member that is asked to co-sign: all readings, or DID=0-99,120; may be "
            "given several times."
        ),
    ] = None,
    replaces: Annotated[str, typer.Option(help="Leaf of the round that it replaces.")] = "",
    reason: Annotated[str, typer.Option(help="Why it replaces it.")] = "",
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Put readings under one root and write the statement of the round.

    Who is asked to co-sign has to be a member, and not under the operator's own control. Keep the
    readings' files: without them no reading can be shown. Then `veta issue` and `veta
    anchor`; a round that replaces another is made the one that counts by `veta supersede`.

    Example: veta round make june.json --name 2026-06 --site did:web:x.example:site:1 --site-name
    Salar --by 2026-07-31T00:00:00Z --co-signer did:web:comunidad.example --out round.json
    """
    now_s = int(time.time())
    readings = _readings(files, now_s)
    terms = RoundTerms(
        name=name,
        site=(site, site_name),
        co_signers=tuple(_co_signer(each) for each in co_signer or ()),
        deadline_s=read_instant(by),
        previous=_leaf(replaces) if replaces else None,
        reason=reason,
    )
    with open_home(home, writes=False) as node:
        operator = self_of(node.ledger, node.config.member, now_s=now_s)
        require_co_signers(node.ledger, operator, (party for party, _ in terms.co_signers))
    issuer = party_of(operator)
    credential = round_credential(readings, terms, issuer, _issuance(now_s))
    check_rules(view_credential(credential))
    write_secret(out, canonical.write(credential))
    document = {
        "round": credential["credentialSubject"]["id"],
        "root": readings.root.hex(),
        "readings": readings.count,
        "instruments": len(readings.instruments),
        "metric": readings.definition.metric,
        "coSigners": [party for party, _ in terms.co_signers],
        "file": str(out),
    }
    count = f"{readings.count} readings of {len(readings.instruments)} instruments"
    emit(document, [f"{document['root']}  {document['round']}  {count}"], as_json=as_json)
    say(f"{out}: sign it with `veta issue {out}`, then `veta anchor`")
    return OK


@app.command("sign")
def sign(
    round_: RoundArgument,
    readings: ReadingsFiles,
    seen: Annotated[
        list[Path] | None,
        typer.Option(help="Your own readings: only those that are the same are co-signed."),
    ] = None,
    only: Annotated[str, typer.Option(help="Indices that you saw: 0-99,120.")] = "",
    instrument: Annotated[
        list[str] | None, typer.Option(help="An instrument that you saw read; repeatable.")
    ] = None,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Co-sign a round as the home's member: the body speaks, under its own key.

    The round is verified first, and the readings have to be the ones under its root: nobody signs a
    root blind. What would count for nothing is refused. `veta anchor` makes it count.

    Example: veta round sign june.bundle.json --readings june.json --seen ours.json
    """
    now_s = int(time.time())
    given = _readings(readings, now_s)
    own = None if not seen else _readings(seen, now_s)
    with open_home(home, writes=True, password_file=password_file) as node:
        reader = RoundReader(node.verifier, node.ledger, node.clock)
        stated = reader.round_of(round_, statement_of(node, round_))
        co_signer = self_of(node.ledger, node.config.member, now_s=node.clock.now_s())
        chosen = _chosen(only, instrument or [], given)
        found = witnessed(stated, given, co_signer, only=chosen, seen=own)
        credential = co_signature_credential(
            stated, found.readings, party_of(co_signer), _issuance(now_s)
        )
        preflight([Prepared(Path(round_), credential, None, "")], node)
        issued = node.desk.issuer.issue(credential)
    document = {
        "leaf": issued.leaf.hex(),
        "round": stated.leaf.hex(),
        "witnessed": {"count": len(found.readings), "ranges": found.readings.written()},
        "unlike": {"count": len(found.unlike), "ranges": found.unlike.written()},
        "late": found.late,
    }
    lines = [f"{issued.leaf.hex()}  co-signs readings {found.readings.words()}"]
    lines += [
        f"  NOT co-signed: {name} at {instant(one.at_s)} reads otherwise in your own file"
        for name, one in (given.reading(index) for index in found.unlike)
    ]
    lines += ["  late: the round's deadline is past"] if found.late else []
    emit(document, [plain(each) for each in lines], as_json=as_json)
    say("signed and kept; `veta anchor` puts it on the chain, under your own id")
    return OK


@app.command("show")
def show(  # noqa: PLR0917 - one parameter an option
    round_: RoundArgument,
    papers: PapersArgument = None,
    readings: Annotated[
        list[Path] | None,
        typer.Option("--readings", help="The round's readings: gaps, flat lines, replays."),
    ] = None,
    flat: Annotated[int, typer.Option(min=2, help="Equal readings that are a flat line.")] = 12,
    replay: Annotated[int, typer.Option(min=2, help="Readings repeated that are a replay.")] = 12,
    trust: Trust = None,
    rpc: Rpc = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Show who co-signed which readings of a round, who did not, and what else was stated.

    Looks at ROUND, at what is beside it in its bundle, at PAPERS, and at what the home keeps; each
    is verified by the chain first. Ends with 0 if every reading is co-signed by all who are
    expected and none is missing, flat or replayed; 1 if not, or if a round was replaced alone; 3
    while somebody is awaited, or if it cannot be told.

    Example: veta round show june.bundle.json cosignature.bundle.json --readings june.json
    """
    given = None if not readings else _readings(readings, int(time.time()))
    with open_asked(home, trust=trust, rpc=rpc) as node:
        found = _found(node, round_, papers or [])
    answer = answer_of(found, given, Lengths(flat, replay))
    emit(answer.to_json(), [plain(each) for each in answer.to_lines()], as_json=as_json)
    return EXIT_OF_ANSWER[answer.answer[0]]


@app.command("reading")
def reading(
    round_: RoundArgument,
    readings: ReadingsFiles,
    index: Annotated[int, typer.Option(min=0, help="Number of the reading, from 0.")],
    out: Annotated[Path, typer.Option(help="The reading with its proof; a new file.")],
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Write one reading with the proof that it is in the round, and nothing of the others.

    Example: veta round reading june.bundle.json --readings june.json --index 17 --out well.json
    """
    given = _readings(readings, int(time.time()))
    with open_home(home, writes=False) as node:
        reader = RoundReader(node.verifier, node.ledger, node.clock)
        stated = reader.round_of(round_, statement_of(node, round_))
    require_readings(stated, given)
    write_secret(out, write_proof(stated, given, index))
    name, one = given.reading(index)
    document = {
        "round": stated.leaf.hex(),
        "index": index,
        "instrument": name,
        "at": instant(one.at_s),
        "file": str(out),
    }
    emit(document, [plain(f"{name} at {instant(one.at_s)}: in {out}")], as_json=as_json)
    return OK


@app.command("check")
def check(
    proof: Annotated[Path, typer.Argument(help="As `reading` wrote it; - reads stdin.")],
    round_: RoundArgument,
    papers: PapersArgument = None,
    trust: Trust = None,
    rpc: Rpc = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Check that one reading is in a round as it was stated, and say who co-signed it.

    Ends with 0 if it is, 1 if a value, a time or anything else of it was edited.

    Example: veta round check well.json june.bundle.json cosignature.bundle.json
    """
    leaf, found_proof, members = read_proof(read_octets(proof))
    with open_asked(home, trust=trust, rpc=rpc) as node:
        found = _found(node, round_, papers or [])
    if leaf != found.asked.leaf:
        message = f"the reading is of round {leaf.hex()}, not of {found.asked.leaf.hex()}"
        raise VerificationError("monitoring.reading_not_included", message)
    found_proof.require(found.asked.root, found.asked.count)
    document = _checked(RoundAnswer(found), found_proof.inclusion.index, members)
    by = ", ".join(document["coSignedBy"]) or "nobody: it stands under the operator's word alone"
    words = f"{members[0]} at {document['at']}: {members[3]} {found.asked.unit}"
    lines = [f"{words}, reading {document['index']} of the round", f"  co-signed by {by}"]
    lines += [f"  {each['reason']} [{each['code']}]" for each in document["faults"]]
    emit(document, [plain(each) for each in lines], as_json=as_json)
    return OK


def _checked(answer: RoundAnswer, index: int, members: list[Any]) -> dict[str, Any]:
    whole, found = answer.to_json(), answer.found
    finding = next(e for e in found.judged.rounds if e.round.leaf == found.asked.leaf)
    return {
        "round": whole["leaf"],
        "index": index,
        "instrument": members[0],
        "at": instant(members[2]) if type(members[2]) is int else str(members[2]),
        "amount": members[3],
        "unit": found.asked.unit,
        "coSignedBy": list(finding.co_signers_of(index)),
        "place": finding.place.value,
        "faults": whole["faults"],
        "asOf": whole["asOf"],
    }


def _found(node: OpenNode, round_: str, papers: list[str]) -> RoundsFound:
    more = [(each, statement_of(node, each)) for each in papers]
    return round_at_hand(node, (round_, statement_of(node, round_)), more)


def _readings(files: list[Path], now_s: int) -> RoundReadings:
    return read_readings(((str(each), read_octets(each)) for each in files), now_s=now_s)


def _chosen(only: str, instruments: list[str], readings: RoundReadings) -> Ranges | None:
    if not only and not instruments:
        return None
    named = readings.of_instruments(instruments) if instruments else Ranges()
    return named | (_ranges(only) if only else Ranges())


def _co_signer(text: str) -> tuple[str, Ranges | None]:
    party, equals, which = text.partition("=")
    return party, _ranges(which) if equals else None


def _ranges(text: str) -> Ranges:
    spans = []
    for part in text.split(","):
        found = _SPAN.fullmatch(part.strip())
        if found is None:
            raise InputError("monitoring.ranges", f"{part[:40]!r} is no range such as 0-99")
        spans.append((int(found[1]), int(found[2] or found[1])))
    return Ranges(tuple(sorted(spans)))


def _leaf(text: str) -> Leaf:
    if re.fullmatch(r"[0-9a-f]{64}", text, re.ASCII) is None:
        raise InputError("monitoring.previous", "--replaces takes a leaf, 64 hexadecimal digits")
    return Leaf(bytes.fromhex(text))


def _issuance(now_s: int) -> Issuance:
    return Issuance(
        credential_id=f"urn:uuid:{uuid.uuid4()}",
        valid_from_s=UnixSeconds(now_s),
        blind=secrets.token_bytes(16),
    )
