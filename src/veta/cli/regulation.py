"""``veta profile values``, ``view`` and ``veta brand``: what acts and exchanges ask of a lot."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from veta.claims import shipped
from veta.claims.access_tiers import tier_named, view
from veta.claims.brands import flags_of, load_brands
from veta.cli.claims import At, octets_of
from veta.cli.console import NOT_VERIFIED, OK, emit, say, table
from veta.cli.homes import find_leaf, open_home
from veta.cli.lots import find_lot
from veta.cli.options import HERE, AsJson, Home
from veta.cli.rendering import plain
from veta.errors import InputError, NotFoundError
from veta.services.claims_files import day_s, read_values
from veta.services.lot_values import values_document, values_of_lot
from veta.statement.credential import read_credential
from veta.statement.metal_lot import metal_lot_of


def profile_values(
    lot: Annotated[str, typer.Argument(help="Lot number, or its passport's leaf or id.")],
    home: Home = HERE,
) -> int:
    """Write the values file of a lot as far as its passport and trail tell it, to be completed.

    Example: veta profile values LIC-26-0007 > values.json && veta profile check eu-battery-49
    values.json
    """
    with open_home(home, writes=False) as node:
        leaf = find_leaf(node, lot, newest=True)
        credential = read_credential(node.statement(leaf).record.payload)
        try:
            trail = node.lots.trail.trail(find_lot(node, lot))
        except NotFoundError as error:
            say(f"Without its trail: {error.message} [{error.code}]")
            trail = None
    name = str(credential.subject.get("id"))
    document = values_document(name, values_of_lot(credential, trail), shipped.indicators())
    emit(document, [], as_json=True)
    return OK


def profile_view(
    values: Annotated[str, typer.Argument(help="Values file (veta-indicator-values/1); - stdin.")],
    tier: Annotated[
        str, typer.Option(help="Who looks: public, legitimate_interest or authority.")
    ] = "public",
    record: Annotated[str, typer.Option(help="Whose tiers.")] = "eu-battery-passport",
    as_json: AsJson = False,
) -> int:
    """Show what one circle of readers may see of a record, and what is held back from it.

    Example: veta profile view values.json --tier legitimate_interest
    """
    tables = {each.name: each for each in shipped.access_tables()}
    if record not in tables:
        raise InputError("claims.unknown_profile", f"no record {record[:60]!r} has tiers")
    found = read_values(octets_of(values))
    seen = view(tables[record], found.values, tier_named(tier))
    document = {
        "record": record,
        "source": tables[record].source,
        "tier": seen.tier.value,
        "subject": {"kind": found.subject.kind.value, "id": found.subject.identifier},
        "values": {name: each.value for name, each in seen.seen.items()},
        "withheld": list(seen.withheld),
    }
    rows = [(name, plain(str(each.value))) for name, each in seen.seen.items()]
    lines = [f"{record} for {seen.tier.value.replace('_', ' ')}", *table(rows, indent="  ")]
    held = ", ".join(seen.withheld) or "nothing"
    lines += [f"  held back: {held}", f"  {plain(tables[record].source)}"]
    emit(document, lines, as_json=as_json)
    return OK


def brand(
    lot: Annotated[str, typer.Argument(help="Lot number, or its passport's leaf or id.")],
    register: Annotated[Path, typer.Option(help="Register of brands (veta-brand-register/1).")],
    at: At = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Hold a lot's brand against a register: listed, on its track, ISO 14001 and 45001 valid.

    Exit code 1 where the lot is flagged.

    Example: veta brand BSE-CAT-26-1001 --register lme-brands.json
    """
    at_s = int(time.time()) if at is None else day_s(at)
    brands = load_brands(octets_of(register))
    with open_home(home, writes=False) as node:
        leaf = find_leaf(node, lot, newest=True)
        credential = read_credential(node.statement(leaf).record.payload)
    stated: dict[str, Any] = dict(metal_lot_of(credential) or {})
    if "producedToS" not in stated:
        raise InputError("brand.no_lot", "the statement is no passport of a lot of metal")
    name = stated.get("brand")
    produced_s = int(stated["producedToS"]) - 1
    flags = flags_of(brands, name, produced_s=produced_s, at_s=at_s)
    document = {
        "lot": credential.subject.get("id"),
        "brand": name,
        "producedTo": stated["producedToS"],
        "at": at_s,
        "flags": [{"code": each.code, "message": each.words} for each in flags],
    }
    head = f"{plain(str(name))}: {'flagged' if flags else 'nothing against it in the register'}"
    lines = [head, *(f"  {plain(each.words)} [{each.code}]" for each in flags)]
    emit(document, lines, as_json=as_json)
    return NOT_VERIFIED if flags else OK
