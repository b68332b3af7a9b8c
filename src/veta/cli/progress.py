"""``veta progress``: how far a country's metal is traced, certified and verified."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from veta.cli.console import OK, emit, say, table
from veta.cli.files import read_statement_file
from veta.cli.homes import open_home
from veta.cli.issue import read_octets
from veta.cli.lineage import metal_number
from veta.cli.options import HERE, AsJson, Home
from veta.cli.rendering import plain
from veta.model.columns import SubstanceId
from veta.services.progress import Shown, progress_json
from veta.services.verify import FactGatherer
from veta.verify.verdict import Verdict

_GOOD = frozenset({Verdict.VALID, Verdict.VALID_WITH_NOTICE})


def progress(
    bundles: Annotated[
        list[Path] | None,
        typer.Argument(help="Bundles of lots (written with --with-lineage): opened commitments."),
    ] = None,
    substance: Annotated[str, typer.Option(help="Metal, by symbol or number.")] = "Cu",
    year: Annotated[int, typer.Option(help="Of production; 0: all.")] = 0,
    least_issuers: Annotated[
        int, typer.Option(help="Keep back figures that fewer companies than this make up.", min=1)
    ] = 1,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Show shares of tonnage by country, year and product class: traced, certified, verified.

    Counted from the batches on chain that the home followed, and from lots that were opened or are
    shown by bundles; no name of a company comes out. By credit: what certificates cover in
    proportion, also where fewer lots carry it whole.

    Example: veta progress --substance Cu --year 2026 --least-issuers 3
    """
    metal = SubstanceId(metal_number(substance))
    with open_home(home, writes=False) as node:
        shown: list[Shown] = []
        gatherer = FactGatherer(node.ledger, node.clock)
        for file in bundles or ():
            bundle = read_statement_file(read_octets(file))[0]
            report = node.verifier.verify(bundle, gatherer.gather(bundle))
            proven = any(check.code == "lot.proven" for check in report.checks)
            if proven:
                shown.append((bundle, report.verdict in _GOOD))
        left_out = len(bundles or ()) - len(shown)
        if left_out:
            say(
                f"veta: {left_out} of {len(bundles or ())} bundles show no lot that is proven, and "
                "are not counted: `veta show statement LOT --bundle FILE --with-lineage` makes one "
                "that does [progress.not_counted]"
            )
        found = node.lots.progress.progress(metal, shown)
        wanted = [each for each in found if year in {0, each.year}]
        names = node.registry.names()
    document = progress_json(wanted, metal, names, least_issuers=least_issuers)
    emit(document, _lines(document), as_json=as_json)
    return OK


def _lines(document: dict[str, Any]) -> list[str]:
    titles = ("traced", "certified", "by credit", "verified", "lots certified whole")
    rows: list[tuple[str, ...]] = [("country", "year", "product", "metal", *titles)]
    for each in document["cells"]:
        name = plain(str(each["productClassName"] or each["productClass"]))
        head = (each["country"] or "outside", str(each["year"]), name)
        if each["withheld"]:
            rows.append((*head, "kept back", "", "", "", "", ""))
            continue
        shares = ("tracedPpm", "certifiedPpm", "certifiedByCreditPpm", "verifiedPpm")
        claimable = f"{each['lotsClaimable']} of {each['lotsShown']} shown, {each['lots']} in all"
        if each["claimablePpm"] is not None:
            claimable += f" ({_percent(each['claimablePpm'])})"
        figures = (f"{each['metal']:,}", *(_percent(each[share]) for share in shares))
        rows.append((*head, *figures, claimable))
    return table(rows)


def _percent(ppm: int | None) -> str:
    """One place, rounded to the nearest, as such figures are published."""
    if ppm is None:
        return "-"
    tenths = (ppm + 500) // 1_000
    return f"{tenths // 10}.{tenths % 10} %"
