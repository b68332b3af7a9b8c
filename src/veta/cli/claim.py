"""``veta claim``: the one sentence that a lot's label may carry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from veta import canonical
from veta.claims import shipped
from veta.claims.grammar import Licence, read_request
from veta.cli.claims import LanguageCode, SchemeFiles, network_of, octets_of, wrapped
from veta.cli.console import NOT_VERIFIED, OK, UNDETERMINED, emit, moment
from veta.cli.files import file_octets, statement_of
from veta.cli.homes import find_leaf, open_home
from veta.cli.lots import find_lot
from veta.cli.options import HERE, AsJson, Home
from veta.cli.rendering import plain
from veta.errors import InputError, NotFoundError
from veta.model.bundle import StatementBundle
from veta.services.claims import ClaimAsk, ClaimOutcome, verified_claim
from veta.services.claims_answer import answer_json
from veta.services.claims_files import read_licences, read_schemes
from veta.services.claims_licences import licences_at_hand
from veta.services.papers import papers_kept
from veta.verify.transport import read_bundle

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode

Lot: TypeAlias = Annotated[
    str,
    typer.Argument(help="A bundle file; or a lot's number or id, or a statement's id or leaf."),
]
LicencesFiles: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--licences",
        help="A licence to show a mark: its bundle file, or its leaf or id; or a plain file "
        "(veta-licences/1), which nobody can see withdrawn. May be given several times.",
    ),
]
Marks: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--mark", help="Scheme to show, by its slug; default: all that are licensed."),
]
Programme: TypeAlias = Annotated[
    int | None, typer.Option("--programme", help="Which credit, where the lot has several.")
]
Text: TypeAlias = Annotated[
    str | None, typer.Option("--text", help="Refused: a label's words are built, not brought.")
]


def claim(
    lot: Lot,
    *,
    licences: LicencesFiles = None,
    schemes: SchemeFiles = None,
    mark: Marks = None,
    programme: Programme = None,
    text: Text = None,
    language: LanguageCode = "en",
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Print the one sentence that a lot's label may carry, or why there is none.

    Verifies the lot with its lineage, all twelve steps required, at the newest final block. What of
    the answer is the word of a file is told with it. Exit code 0 a sentence, 1 refused, 2 usage, 3
    could not be told.

    Example: veta claim AUR-CON-26-0417 --licences licence.bundle.json --schemes schemes.json
    """
    request: dict[str, object] = {"lot": lot, "schemes": mark or [], "language": language}
    asked = read_request(request if text is None else request | {"text": text})
    by_file, named = _sorted_licences(licences or [])
    with open_home(home, writes=False) as node:
        bundle = _bundle(node, lot)
        part = bundle.lot
        if part is None:
            raise NotFoundError("lot.not_found", f"{lot!r} is about no lot of the lot book")
        bundle = node.with_lineage(bundle).bundle
        now_s = node.clock.now_s()
        kept = papers_kept(node.papers, now_s=now_s)
        network = network_of(schemes) if schemes else read_schemes(*kept.schemes)
        papers = [(each, statement_of(node, each)) for each in named]
        found = licences_at_hand(
            node, int(part.batch.header.site), [*papers, *_own(lot, bundle)], kept.statements
        )
        words = shipped.words()
        ask = ClaimAsk(asked, by_file, network, words, programme, now_s, found.licences)
        answer = verified_claim(node, bundle, ask)
    document = answer_json(answer, asked.language)
    document["notCounted"] = [each.to_json() for each in found.not_counted]
    emit(document, _claim_lines(document), as_json=as_json)
    return _EXITS[answer.outcome]


def _sorted_licences(given: list[str]) -> tuple[tuple[Licence, ...], list[str]]:
    """Plain licences out of their files, and whatever names a statement."""
    found: list[Licence] = []
    statements = []
    for each in given:
        octets = file_octets(each)
        if octets is not None and _is_plain(octets):
            found += read_licences(octets)
        else:
            statements.append(each)
    if len({each.identifier for each in found}) != len(found):
        raise InputError("claims.data_field", "a licence stands in two of the files")
    return tuple(found), statements


def _own(lot: str, bundle: StatementBundle) -> list[tuple[str, StatementBundle]]:
    """The lot's bundle, for the licences beside its passport; none of a lot alone."""
    return [(lot, bundle)] if bundle.token else []


def _is_plain(octets: bytes) -> bool:
    return octets.lstrip().startswith(b"{") and "schema" in canonical.read_object(octets)


_EXITS: Final = {
    ClaimOutcome.SENTENCE: OK,
    ClaimOutcome.REFUSED: NOT_VERIFIED,
    ClaimOutcome.CANNOT_TELL: UNDETERMINED,
}


def _bundle(node: OpenNode, lot: str) -> StatementBundle:
    """The passport if there is one, else the lot alone: that is refused, with the reason."""
    if Path(lot).is_file():
        return read_bundle(octets_of(lot), now_s=node.clock.now_s())[0]
    try:
        return node.lot_bundle(find_leaf(node, lot, newest=True))
    except NotFoundError:
        return node.lot_part(find_lot(node, lot))


def _claim_lines(document: dict[str, Any]) -> list[str]:
    about, as_of, basis = document["about"], document["asOf"], document["basis"]
    lines = [document["sentence"] or f"no label: {plain(document['reason'])} [{document['code']}]"]
    name = about["lot_number"] if about else "a lot whose passport is not at hand"
    lines.append(f"  {plain(str(name))}: {document['verdict']}")
    if as_of is not None:
        lines.append(f"  as of block {as_of['number']}, {moment(as_of['time_s'])}")
    for source in basis["sources"]:
        held = ", ".join(
            f"{each['scheme']} {each['level']} (certificate {each['certificate']}, from"
            f" {moment(each['from'])} until {moment(each['until'])})"
            for each in source["certificates"]
        )
        lines.append(f"  from {plain(source['siteName'])}: {plain(held) or 'nothing that counts'}")
    lines += [f"  left out: {plain(e['reason'])} [{e['code']}]" for e in basis["leftOut"]]
    for each in basis["licences"]:
        state = each["reason"] or f"counts, by the {each['by']}"
        lines.append(f"  licence {plain(each['licence'])}: {plain(state)}")
    lines += [
        f"  counts for nothing: {plain(e['reason'])} [{e['code']}]" for e in document["notCounted"]
    ]
    for title, member in (("What it rests on", "restsOn"), ("To be known", "notices")):
        if document[member]:
            lines.append(f"  {title}")
            lines += [line for each in document[member] for line in wrapped(each)]
    return lines
