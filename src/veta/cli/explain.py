"""``veta explain``: the five-minute view of a lot, from the mine to the buyer."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from veta.cli.console import EXIT_OF_VERDICT, emit, moment, table
from veta.cli.files import MOST_OCTETS
from veta.cli.homes import find_leaf, open_home
from veta.cli.lots import find_lot
from veta.cli.options import HERE, AsJson, Home
from veta.cli.rendering import WIDTH, amount_words, column_words, plain
from veta.errors import NotFoundError
from veta.model.bundle import StatementBundle
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.transport import read_bundle
from veta.verify.verdict import Step, Verdict
from veta.verify.verifier import Verifier

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode

_TO_OTHERS = "to_other_products_g"
_PPM_DIGITS = 10_000
"""ppm in a hundredth of a per cent."""


def explain(
    lot: Annotated[
        str,
        typer.Argument(help="A bundle file; or a lot's number or id, or a statement's id or leaf."),
    ],
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Tell where a lot came from, what it carries, who vouches for it and what is not proven.

    Gathers the runs behind the lot, verifies all of it at the newest final block, and ends with the
    exit code of that verdict. A lot whose passport the home does not keep is told from the chain
    alone: NOT_PROVEN at best.

    Example: veta explain LIN-CAB-26-0311 --home veta-demo
    """
    required = Policy().required | LOT_STEPS | {Step.ASSURANCE}
    with open_home(home, writes=False) as node:
        bundle = _bundle(node, lot)
        if bundle.lot is None:
            raise NotFoundError(
                "lot.not_disclosed",
                f"{lot} shows no lot of the lot book: a bundle does where it was written with"
                " `veta show statement LOT --bundle FILE --with-lineage`",
            )
        bundle = node.with_lineage(bundle).bundle
        document = node.explain(bundle, Verifier(node.trust, Policy(required=required)))
    emit(document, _lines(lot, document), as_json=as_json)
    return EXIT_OF_VERDICT[Verdict(document["verdict"])]


def _bundle(node: OpenNode, lot: str) -> StatementBundle:
    """The passport if there is one, else the lot alone."""
    path = Path(lot)
    if path.is_file():
        return read_bundle(path.read_bytes()[: MOST_OCTETS + 1], now_s=node.clock.now_s())[0]
    try:
        return node.lot_bundle(find_leaf(node, lot, newest=True))
    except NotFoundError:
        return node.lot_part(find_lot(node, lot))


def _lines(asked: str, document: dict[str, Any]) -> list[str]:
    about, as_of, lot = document["about"], document["asOf"], document["lot"]
    name = about["lot_number"] if about else f"{asked}, from the chain alone: no passport at hand"
    lines = [f"{document['verdict']}  {plain(str(name))}"]
    if as_of is not None:
        lines.append(f"  as of block {as_of['number']}, {moment(as_of['time_s'])}")
    if lot is not None:
        lines += _lot(lot)
    for origin in document["origins"]:
        lines += ["", f"  Where the {origin['metal']} came from"]
        rows = [(_percent(each["sharePpm"]), _site(each)) for each in origin["shares"]]
        lines += table(rows, indent="    ")
    if document["steps"]:
        lines += [
            "",
            "  Step by step, in grams or base units: taken + entered = made + lost + ended",
            "  (credit counts after reductions to a lower programme; what ended of it went into",
            "  the site's account, went with what was lost, or was let go)",
        ]
    for number, step in enumerate(document["steps"], start=1):
        lines += _step(number, step)
    lines += _footprint(document["footprint"], lot)
    if document["assurance"]:
        vouched = [_vouched(each) for each in document["assurance"]]
        lines += ["", "  Who vouches for it", *_wrapped(vouched)]
    lines += _told("What is said of its sites", document["sites"], "sentence")
    lines += _told("Printed figures, and whose word they are", document["figures"], "words")
    lines += _told("What was assessed", document["criteria"], "sentence")
    for title, name in (
        ("What failed", "failures"),
        ("To be known", "notices"),
        ("What is not proven", "notProven"),
    ):
        if document[name]:
            lines += ["", f"  {title}", *_wrapped(document[name])]
    return lines


def _told(title: str, entries: list[dict[str, Any]], member: str) -> list[str]:
    told = [str(each[member]) for each in entries]
    return ["", f"  {title}", *_wrapped(told)] if told else []


def _lot(lot: dict[str, Any]) -> list[str]:
    held = ", ".join(amount_words(name, each) for name, each in lot["quantities"].items())
    lines = [f"  {lot['productClassName'] or lot['productClass']}, made at {_site(lot)}"]
    lines += textwrap.wrap(held, WIDTH, initial_indent="  ", subsequent_indent="  ")
    words = [f"chain of custody: {lot['model']}"]
    if lot["co2eGPerKg"] is not None:
        words.append(f"{lot['co2eGPerKg']:,} g CO2e a kilogram by its columns")
    words += [
        f"{column_words(name)}, for {_percent(ppm)} of the metal"
        for name, ppm in lot["creditPpm"].items()
    ]
    wrapped = textwrap.wrap("; ".join(words), WIDTH, initial_indent="  ", subsequent_indent="  ")
    return [*lines, *wrapped]


def _step(number: int, step: dict[str, Any]) -> list[str]:
    made = ", ".join(plain(str(e["name"] or e["productClass"])) for e in step["productClasses"])
    count = step["lotsTaken"]
    what = step["kind"] if step["wayIn"] else f"of {count} lot{'s' * (count != 1)}"
    head = f"  {number:>2}  {_site(step)}: {made} ({what}), until {moment(step['producedTo'])[:10]}"
    if not step["whole"]:
        return [head, "      not disclosed whole"]
    rows: list[tuple[str, ...]] = [("", "taken", "entered", "made", "lost", "ended")]
    rows += [
        (column_words(each["column"]), *(f"{each[name]:,}" for name in rows[0][1:]))
        for each in step["balances"]
    ]
    return [head, *table(rows, indent="      ")]


def _footprint(footprint: dict[str, Any] | None, lot: dict[str, Any] | None) -> list[str]:
    """What the figure is made of, down to grams over kilograms."""
    if lot is None or lot["co2eGPerKg"] is None:
        return []
    whole = f"{lot['co2eG']:,} g on {lot['massG']:,} g of lot: {lot['co2eGPerKg']:,} g a kilogram"
    if footprint is None:
        return ["", f"  Footprint: {whole}, by its columns; no passport states one here"]
    lines = ["", f"  Footprint: {footprint['printedGPerKg']} g CO2e a kilogram printed"]
    rows = [
        (_part_words(name), f"{'-' if name == _TO_OTHERS else '+'} {g:,} g")
        for name, g in footprint["buildUpG"].items()
    ]
    if footprint["leftForItsClassG"] is not None:
        rows.append(("left for all lots of its class", f"= {footprint['leftForItsClassG']:,} g"))
    rows.append(("of which this lot", whole))
    return [*lines, *table(rows, indent="    "), *_wrapped(footprint["findings"])]


def _part_words(name: str) -> str:
    return name.removesuffix("_g").replace("_", " ")


def _vouched(each: dict[str, Any]) -> str:
    """Who stands behind a certificate, in a sentence."""
    level = f"level {each['level']} of scheme {each['scheme']}"
    chain = [
        f"certified by {_party(each['certifiedBy'])}",
        f"accredited by {_party(each['accreditedBy'])}",
        f"recognised by the scheme of {_party(each.get('schemeOwner'))}",
    ]
    until = moment(int(each["until"]))[:10]
    return f"{_site(each)}: {level}, on record until {until}, {', '.join(chain)}"


def _party(party: dict[str, Any] | None) -> str:
    if party is None:
        return "its owner"
    return party["name"] or f"member {party['member']}"


def _wrapped(sentences: list[str]) -> list[str]:
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(
            plain(sentence), WIDTH, initial_indent="  - ", subsequent_indent="    "
        )
    ]


def _site(where: dict[str, Any]) -> str:
    if not where["site"]:
        return "outside the network"
    name = where["siteName"]
    return plain(name) if name else f"site {where['site']}"


def _percent(ppm: int) -> str:
    whole, rest = divmod(ppm, _PPM_DIGITS)
    return f"{whole}.{rest:04} %"
