"""``veta export`` and ``veta check``: documents in the field's formats, out and in."""

from __future__ import annotations

import enum
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from veta import canonical
from veta.cli.console import NOT_VERIFIED, OK, USAGE, emit, say
from veta.cli.homes import find_leaf, open_home
from veta.cli.issue import FOOTPRINTS, read_octets
from veta.cli.lots import find_lot
from veta.cli.options import HERE, AsJson, Home
from veta.cli.rendering import plain
from veta.errors import ConfigError, NotFoundError
from veta.interop.digests import digest_multibase
from veta.interop.epcis import write_epcis
from veta.model.anchoring import BatchKind
from veta.model.identifiers import UnixSeconds
from veta.services.exchange import CheckedDocument, check_documents, presentation
from veta.services.trail import MOST_EVENTS, is_about
from veta.statement.credential import read_credential

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode


class Form(enum.StrEnum):
    """Formats of the field."""

    UNTP = "untp"
    PACT = "pact"
    EPCIS = "epcis"


def export(
    lot: Annotated[str, typer.Argument(help="Lot number, statement's leaf or id, or lot id.")],
    as_: Annotated[Form, typer.Option("--as", help="Format.")] = Form.UNTP,
    out: Annotated[Path | None, typer.Option(help="File to write; default: stdout.")] = None,
    home: Home = HERE,
) -> int:
    """Write what is known of a lot in a format that other systems read.

    untp: a presentation of the signed passport, and of the traceability events and certificates
    about it that the home keeps (W3C VC 2.0). pact: the PACT v3 product footprint that the passport
    binds by digest. epcis: the lot's trail as an EPCIS 2.0 document.

    Example: veta export BSE-CAT-26-1001 --as epcis --out lot.epcis.json
    """
    with open_home(home, writes=False) as node:
        match as_:
            case Form.UNTP:
                octets = _untp(node, lot)
            case Form.PACT:
                octets = _pact(node, lot)
            case _:
                octets = _epcis(node, lot)
    if out is None:
        print(octets.decode())
        return OK
    try:
        out.write_bytes(octets)
    except OSError as error:
        raise ConfigError(
            "config.unwritable", f"cannot write {out}: {error.strerror or error}"
        ) from error
    say(f"Written to {out}; `veta check {out}` holds it to its standard's rules")
    return OK


def check(
    files: Annotated[list[Path], typer.Argument(help="Documents; - reads stdin.")],
    as_json: AsJson = False,
) -> int:
    """Hold documents of any system to the rules of their format: UNTP, PACT, EPCIS.

    The form alone: who signed, and what the chain says, is `veta verify`. Exit code 1 where a rule
    is broken, 2 where a file is of no such form.

    Example: veta check partner.epcis.json passport.jwt
    """
    found = [(file, each) for file in files for each in check_documents(read_octets(file))]
    document = {"documents": [_checked_json(file, each) for file, each in found]}
    lines = [line for file, each in found for line in _checked_lines(file, each)]
    emit(document, lines, as_json=as_json)
    if any(not each.good and each.form != "unknown" for _, each in found):
        return NOT_VERIFIED
    return OK if all(each.good for _, each in found) else USAGE


def _untp(node: OpenNode, lot: str) -> bytes:
    passport = node.statement(find_leaf(node, lot, newest=True)).record
    credential = read_credential(passport.payload)
    tokens = [passport.token]
    with node.store.read() as work:
        for kind in (BatchKind.EVENT, BatchKind.CERTIFICATE):
            kept = work.statements(kind=kind, limit=MOST_EVENTS)
            about = (each.record for each in kept)
            tokens += [
                each.token for each in about if is_about(read_credential(each.payload), credential)
            ]
    return canonical.write(presentation(tokens), canonical.FOREIGN)


def _pact(node: OpenNode, lot: str) -> bytes:
    leaf = find_leaf(node, lot, newest=True)
    subject = read_credential(node.statement(leaf).record.payload).subject
    links = [
        link
        for claim in subject.get("performanceClaim", ())
        for link in claim.get("evidence", ())
        if isinstance(link, dict)
    ]
    digests = {link.get("digestMultibase") for link in links}
    for path in sorted((node.config.home / FOOTPRINTS).glob("*.json")):
        octets = path.read_bytes()
        if digest_multibase(octets) in digests:
            return octets
    raise NotFoundError(
        "export.no_footprint",
        f"no file in {node.config.home / FOOTPRINTS} is the footprint that the passport binds",
    )


def _epcis(node: OpenNode, lot: str) -> bytes:
    trail = node.lots.trail.trail(find_lot(node, lot))
    for gap in trail.gaps:
        say(f"Not in it: {plain(gap.words)} [{gap.code}]")
    identifier = f"urn:uuid:{uuid.uuid4()}"
    return write_epcis(trail.steps, created_s=UnixSeconds(int(time.time())), identifier=identifier)


def _checked_json(file: Path, checked: CheckedDocument) -> dict[str, Any]:
    return {
        "file": str(file),
        "format": checked.form,
        "type": checked.kind,
        "id": checked.identifier,
        "good": checked.good,
        "problems": [{"code": code, "message": words} for code, words in checked.problems],
    }


def _checked_lines(file: Path, checked: CheckedDocument) -> list[str]:
    word = "keeps the rules" if checked.good else "breaks a rule"
    head = f"{word:<16} {checked.form:<6} {plain(checked.kind)} {plain(checked.identifier)}  {file}"
    return [head, *(f"  {plain(words)} [{code}]" for code, words in checked.problems)]
