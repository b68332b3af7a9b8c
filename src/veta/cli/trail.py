"""``veta trail``: production, shipment, logistics and sale of a lot, and the gaps between them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from veta.cli.console import NOT_VERIFIED, OK, emit, moment, table
from veta.cli.homes import open_home
from veta.cli.issue import read_octets
from veta.cli.lots import LotName, find_lot
from veta.cli.options import HERE, AsJson, Home
from veta.cli.rendering import plain
from veta.interop.epcis_reading import read_epcis
from veta.services.trail import trail_json


def trail(
    lot: LotName,
    epcis: Annotated[
        list[Path] | None,
        typer.Option(help="EPCIS 2.0 document of an ERP or warehouse system; may be repeated."),
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Tell every step of a lot from the mine to where it is, and which hand-over nobody tells.

    Runs and custody are the chain's; moves are of signed traceability events that the home keeps,
    and of files. Exit code 1 where there is a gap.

    Example: veta trail BSE-CAT-26-1001 --epcis shipments.epcis.json
    """
    told = [step for file in epcis or () for step in read_epcis(read_octets(file))]
    with open_home(home, writes=False) as node:
        document = trail_json(node.lots.trail.trail(find_lot(node, lot), told))
    emit(document, _lines(document), as_json=as_json)
    return NOT_VERIFIED if document["gaps"] else OK


def _lines(document: dict[str, Any]) -> list[str]:
    rows = [("when", "what", "lots", "who and where", "by whose word")]
    rows += [
        (
            moment(step["happenedAt"])[:16],
            f"{step['kind']}: {plain(step['what'])}",
            _lots(step),
            _where(step),
            step["source"],
        )
        for step in document["steps"]
    ]
    lines = [plain(document["lot"]), *table(rows, indent="  ")]
    lines += [
        f"  GAP  {_short(gap['lot'])}: {plain(gap['message'])} [{gap['code']}]"
        for gap in document["gaps"]
    ]
    return lines


def _lots(step: dict[str, Any]) -> str:
    made = ", ".join(_short(lot["id"]) for lot in step["lots"][:3])
    more = f" and {len(step['lots']) - 3} more" if len(step["lots"]) > 3 else ""
    went = f" of {len(step['inputs'])} lots" if step["inputs"] else ""
    return f"{made}{more}{went}"


def _where(step: dict[str, Any]) -> str:
    ways = " to ".join(_short(each) for each in (step["from"], step["toPlace"]) if each)
    people = " to ".join(_short(each) for each in (step["by"], step["to"]) if each)
    return "; ".join(each for each in (people, ways) if each) or "outside"


def _short(uri: str) -> str:
    """The end of an identifier: enough for a person beside its neighbours."""
    text = plain(uri.removeprefix("did:web:").removeprefix("urn:veta:"))
    return text if len(text) <= 40 else f"{text[:24]}...{text[-12:]}"
