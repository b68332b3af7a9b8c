"""Lots out of a spreadsheet: rows of CSV over a lot file of the supplier's own that says the rest.

For suppliers without systems. Whole grams and calendar days only: ``1.250`` is one thing in one
country and another in the next, so that no separator is taken. Every row is read before anything
is made of any, and each fault names row, column and what to write instead, in English or Spanish.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from veta.errors import InputError
from veta.model.identifiers import UnixSeconds
from veta.model.lot import LotCertificate

MOST_ROWS: Final = 5_000
LANGUAGES: Final = ("en", "es")
_COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "lot_number": ("lot_number", "numero_lote"),
    "produced_from": ("produced_from", "producido_desde"),
    "produced_to": ("produced_to", "producido_hasta"),
    "mass_g": ("mass_g", "masa_g"),
    "metal_g": ("metal_g", "metal_contenido_g"),
    "co2e_g": ("co2e_g", "co2e_total_g"),
}
"""Columns by their names in English and in Spanish; ``co2e_g`` may be left out."""
_OPTIONAL: Final = frozenset({"co2e_g"})
_LOT_NUMBER: Final = re.compile(r"[!-~]{1,64}", re.ASCII)
_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOST: Final = 2**53 - 1
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "csv.missing": ("is empty", "está vacío"),
    "csv.not_whole": (
        "must be a whole number without separators, in grams: 1250000",
        "debe ser un número entero sin puntos ni comas, en gramos: 1250000",
    ),
    "csv.not_a_day": ("must be a day such as 2026-06-01", "debe ser una fecha como 2026-06-01"),
    "csv.order": (
        "ends before it begins",
        "termina antes de empezar",
    ),
    "csv.lot_number": (
        "must be 1 to 64 letters, digits or signs without spaces or accents",
        "debe tener de 1 a 64 letras, dígitos o signos, sin espacios ni tildes",
    ),
    "csv.twice": ("stands in an earlier row", "ya aparece en una fila anterior"),
    "csv.metal_above_mass": (
        "there is more metal than mass",
        "hay más metal que masa",
    ),
    "csv.zero": ("must be above 0", "debe ser mayor que 0"),
    "csv.width": (
        "has more or fewer cells than the heading",
        "tiene más o menos celdas que el encabezado",
    ),
    "csv.unknown_column": (
        "is no column that is known; leave it out",
        "no es una columna conocida; elimínela",
    ),
    "csv.column_missing": ("is missing in the heading", "falta en el encabezado"),
    "csv.no_rows": ("there is no row below the heading", "no hay filas bajo el encabezado"),
    "csv.too_many": (f"more than {MOST_ROWS} rows", f"más de {MOST_ROWS} filas"),
    "csv.unreadable": (
        "is no text in UTF-8: save it as CSV UTF-8",
        "no es texto UTF-8: guárdelo como CSV UTF-8",
    ),
}


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a cell, a row or the file."""

    row: int
    """As the spreadsheet counts them: the heading is 1. 0: the file."""
    column: str
    """As the heading writes it; empty of a whole row."""
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Lots by their row, and every fault; where there is one, nothing is to be made of any."""

    lots: tuple[tuple[int, LotCertificate], ...]
    faults: tuple[RowFault, ...]


def read_rows(octets: bytes, template: LotCertificate, *, language: str = "en") -> ReadRows:
    """The lots of a sheet.

    Args:
        octets: CSV in UTF-8; commas, semicolons or tabs between cells, as spreadsheets write.
        template: says what all rows share: issuer, site, product, origin, what the footprint means.
            Its one metal's and origin's mass, days, number and figures are replaced by the row's.
        language: of the faults.

    Raises:
        InputError: ``csv.template``: it has several metals or origins; ``csv.language``.
    """
    if language not in LANGUAGES:
        raise InputError("csv.language", f"faults are told in {' or '.join(LANGUAGES)}")
    if len(template.metal) != 1 or len(template.origins) != 1:
        raise InputError("csv.template", "a template has to have one metal of one origin")
    return _Sheet(template, LANGUAGES.index(language)).read(octets)


class _Sheet:
    """One reading: collects faults and goes on."""

    def __init__(self, template: LotCertificate, language: int) -> None:
        self._template = template
        self._language = language
        self._faults: list[RowFault] = []
        self._numbers: set[str] = set()
        self._headings: dict[str, str] = {}

    def read(self, octets: bytes) -> ReadRows:
        lots = []
        try:
            text = octets.decode("utf-8-sig")
        except UnicodeDecodeError:
            self._fault(0, "", "csv.unreadable")
            text = ""
        rows = _rows(text)
        heading = next(rows, None)
        if text and (heading is None or not self._heading(heading[1])):
            heading = None
        if heading is not None:
            lots = self._lots(heading[1], rows)
        return ReadRows(() if self._faults else tuple(lots), tuple(self._faults))

    def _lots(
        self, heading: list[str], rows: Iterator[tuple[int, list[str]]]
    ) -> list[tuple[int, LotCertificate]]:
        lots = []
        names = [_column_of(cell) for cell in heading]
        count = 0
        for number, cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MOST_ROWS:
                self._fault(0, "", "csv.too_many")
                break
            if len(cells) != len(names):
                self._fault(number, "", "csv.width")
                continue
            row = {name: cell.strip() for name, cell in zip(names, cells, strict=True) if name}
            lot = self._lot(number, row)
            if lot is not None:
                lots.append((number, lot))
        if not count:
            self._fault(0, "", "csv.no_rows")
        return lots

    def _heading(self, cells: list[str]) -> bool:
        before = len(self._faults)
        for cell in cells:
            name = _column_of(cell)
            if name is None:
                self._fault(1, cell.strip()[:40], "csv.unknown_column")
            elif name in self._headings:
                self._fault(1, cell.strip(), "csv.twice")
            else:
                self._headings[name] = cell.strip()
        for name, words in _COLUMNS.items():
            if name not in self._headings and name not in _OPTIONAL:
                self._fault(1, words[self._language], "csv.column_missing")
        return len(self._faults) == before

    def _lot(self, row: int, cells: Mapping[str, str]) -> LotCertificate | None:
        before = len(self._faults)
        number = self._number(row, cells["lot_number"])
        first, last = (
            self._day(row, name, cells[name]) for name in ("produced_from", "produced_to")
        )
        mass_g, metal_g = (self._whole(row, name, cells[name]) for name in ("mass_g", "metal_g"))
        co2e_g = self._whole(row, "co2e_g", cells["co2e_g"]) if cells.get("co2e_g") else None
        if first is not None and last is not None and last < first:
            self._fault(row, self._headings["produced_to"], "csv.order")
        if mass_g == 0:
            self._fault(row, self._headings["mass_g"], "csv.zero")
        if mass_g is not None and metal_g is not None and metal_g > mass_g:
            self._fault(row, self._headings["metal_g"], "csv.metal_above_mass")
        if len(self._faults) > before:
            return None
        if first is None or last is None or mass_g is None or metal_g is None:
            return None
        return _filled(self._template, number, (first, last), (mass_g, metal_g, co2e_g))

    def _number(self, row: int, text: str) -> str:
        heading = self._headings["lot_number"]
        if not text:
            self._fault(row, heading, "csv.missing")
        elif _LOT_NUMBER.fullmatch(text) is None:
            self._fault(row, heading, "csv.lot_number")
        elif text in self._numbers:
            self._fault(row, heading, "csv.twice")
        self._numbers.add(text)
        return text

    def _whole(self, row: int, name: str, text: str) -> int | None:
        if not text:
            self._fault(row, self._headings[name], "csv.missing")
        elif _WHOLE.fullmatch(text) is None or int(text) > _MOST:
            self._fault(row, self._headings[name], "csv.not_whole")
        else:
            return int(text)
        return None

    def _day(self, row: int, name: str, text: str) -> date | None:
        if not text:
            self._fault(row, self._headings[name], "csv.missing")
            return None
        try:
            return date.fromisoformat(text if _DAY.fullmatch(text) else "")
        except ValueError:
            self._fault(row, self._headings[name], "csv.not_a_day")
            return None

    def _fault(self, row: int, column: str, code: str) -> None:
        self._faults.append(RowFault(row, column, code, _WORDS[code][self._language]))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with their numbers; the first line says which sign stands between cells."""
    first = text.splitlines()[0] if text else ""
    delimiter = max((";", "\t", ","), key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    return enumerate(reader, start=1)


def _column_of(cell: str) -> str | None:
    word = cell.strip().casefold()
    return next((name for name, words in _COLUMNS.items() if word in words), None)


def _filled(
    template: LotCertificate,
    number: str,
    days: tuple[date, date],
    figures: tuple[int, int, int | None],
) -> LotCertificate:
    """The template with a row's figures; what only the template's own lot had is left out."""
    mass_g, metal_g, co2e_g = figures
    footprint = template.footprint
    if footprint is not None:
        if co2e_g is None:
            footprint = None
        else:
            per_kg = -(-co2e_g * 1_000 // mass_g)
            footprint = replace(footprint, co2e_g=co2e_g, co2e_g_per_kg=per_kg)
    return replace(
        template,
        lot_number=number,
        produced_from_s=_midnight(days[0]),
        produced_to_s=_midnight(days[1] + timedelta(days=1)),
        mass_g=mass_g,
        metal=(replace(template.metal[0], mass_g=metal_g),),
        origins=(replace(template.origins[0], mass_g=metal_g),),
        footprint=footprint,
        water=None,
        bundles=(),
        assay=(),
        parents=(),
        marks=(),
    )


def _midnight(day: date) -> UnixSeconds:
    return UnixSeconds(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))
