"""Lots for a person: what is left, who holds them, what is said beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from veta.cli.console import table
from veta.model.identifiers import UnixSeconds
from veta.statement.instants import write_instant


def lot_lines(document: Mapping[str, Any]) -> list[str]:
    """A lot for a person."""
    rows = [("column", "quantity", "left")]
    rows += [
        (name, f"{quantity:,}", f"{document['left'][name]:,}")
        for name, quantity in document["quantities"].items()
    ]
    offered = document["offeredTo"] and document["state"] == "offered"
    words = f"{document['state']}, held by member {document['holder']}"
    if offered:
        until = write_instant(UnixSeconds(document["offerUntil"]))
        words += f", offered to member {document['offeredTo']} until {until}"
    place = named(document["site"], document["siteName"]) if document["site"] else "outside"
    made = f"of {place}, {named(document['productClass'], document['productClassName'])}"
    lines = [f"{document['lot']}  {words}", f"  {made}", *table(rows, indent="  ")]
    return [*lines, *_origin_lines(document), *notice_lines(document)]


def _origin_lines(document: Mapping[str, Any]) -> list[str]:
    """Shares of origin classes, of metals that have any, and what a reader must know beside."""
    lines = []
    for metal, shares in document["originClassPpm"].items():
        words = ", ".join(
            f"{ppm // 10_000}.{ppm % 10_000:04d} % {_CLASS_WORDS[name]}"
            for name, ppm in shares.items()
            if ppm
        )
        if shares["recycled"] or shares["outside"]:
            lines.append(f"  {metal}: {words}")
    if document["flags"]:
        lines.append(f"  marked: {', '.join(document['flags'])}")
    return lines


_CLASS_WORDS: Final = {
    "recycled": "recycled",
    "outside": "declared from outside",
    "registeredSites": "of registered sites",
}


def named(number: int, name: str | None) -> str:
    """A number and what it stands for, if that is known."""
    return str(number) if not name else f"{name} ({number})"


def notice_lines(document: Mapping[str, Any]) -> list[str]:
    """What is said beside a lot, for a person."""
    lines = []
    for each in document.get("restatements", ()):
        by = each["confirmedBy"]
        how = f"confirmed by member {by}" if by else "not confirmed"
        lines.append(f"  restated: {each['column']} {each['delta']:+,} of its batch, {how}")
    for each in document.get("disputes", ()):
        how = "open" if each["open"] else "over"
        upheld = f", upheld by member {each['upheldBy']}" if each["upheldBy"] else ""
        lines.append(f"  disputed by member {each['party']}: {how}{upheld}")
    return lines
