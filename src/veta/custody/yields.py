"""What metallurgy allows a process to yield: a check that reports and never blocks.

A yield outside its bounds is a question to the process, not a breach of conservation: metal that
is declared lost is lost. The bounds are of contained metal out of product by metal in, in ppm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from veta.custody.rounding import PPM
from veta.errors import InputError

BOUNDS_PPM: Final[Mapping[str, tuple[int, int]]] = {
    "concentrator": (700_000, 970_000),
    "smelter": (940_000, 995_000),
    "refinery_excl_returned_scrap": (980_000, 1_000_000),
    "rod": (985_000, 1_000_000),
    "cable": (930_000, 1_000_000),
    "lithium_pond": (300_000, 650_000),
    "lithium_plant": (800_000, 950_000),
}
"""Least and most by process."""


@dataclass(frozen=True, slots=True)
class YieldReport:
    """A yield beside its bounds. ``code`` is ``None`` where it lies within them."""

    process: str
    yield_ppm: int
    """Rounded down."""
    minimum_ppm: int
    maximum_ppm: int
    code: str | None
    message: str


def report_yield(process: str, *, taken: int, product: int, returned: int = 0) -> YieldReport:
    """Compare a yield with what the process can do.

    Args:
        process: key of ``BOUNDS_PPM``.
        taken: contained metal that went in, base units.
        product: contained metal in products.
        returned: contained metal in scrap that goes back to an earlier process: not counted in.

    Raises:
        InputError: ``custody.unknown_process``; ``custody.take_range`` if nothing went in.
    """
    if process not in BOUNDS_PPM:
        raise InputError("custody.unknown_process", "there are no bounds for this process")
    worked = taken - returned
    if worked <= 0 or product < 0:
        raise InputError("custody.take_range", "nothing went into the process")
    least, most = BOUNDS_PPM[process]
    inside = least * worked <= product * PPM <= most * worked
    shown = product * PPM // worked
    words = f"{process} yields {shown} ppm; {least} to {most} are usual"
    code = None if inside else "custody.yield_out_of_bounds"
    return YieldReport(process, shown, least, most, code, words)
