"""Spreadsheets of suppliers: every fault by row and column, in the language of who reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.statements import LOT
from veta.errors import InputError
from veta.interop.lot_csv import MOST_ROWS, read_rows

HEAD = "lot_number,produced_from,produced_to,mass_g,metal_g,co2e_g"
GOOD = "L-1,2026-06-01,2026-06-02,2000,600,1081"


def faults(*rows: str, head: str = HEAD, language: str = "en") -> list[tuple[int, str, str]]:
    read = read_rows("\n".join([head, *rows]).encode(), LOT, language=language)
    assert read.lots == () or not read.faults
    return [(fault.row, fault.column, fault.code) for fault in read.faults]


@pytest.mark.row("S11")
@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("L-1,2026-06-01,2026-06-02,2.000,600,1", (3, "mass_g", "csv.not_whole")),
        ('L-1,2026-06-01,2026-06-02,"2,5",600,1', (3, "mass_g", "csv.not_whole")),
        ("L-1,2026-06-01,2026-06-02,2000,0600,1", (3, "metal_g", "csv.not_whole")),
        ("L-1,2026-06-01,2026-06-02,2000,-1,1", (3, "metal_g", "csv.not_whole")),
        ("L-1,2026-06-01,2026-06-02,1e9,600,1", (3, "mass_g", "csv.not_whole")),
        ("L-1,2026-06-01,2026-06-02,99999999999999999,600,1", (3, "mass_g", "csv.not_whole")),
        ("L-1,2026-06-01,2026-06-02,2000,2001,1", (3, "metal_g", "csv.metal_above_mass")),
        ("L-1,2026-06-01,2026-06-02,0,0,1", (3, "mass_g", "csv.zero")),
        ("L-1,01/06/2026,2026-06-02,2000,600,1", (3, "produced_from", "csv.not_a_day")),
        ("L-1,2026-02-30,2026-06-02,2000,600,1", (3, "produced_from", "csv.not_a_day")),
        ("L-1,2026-06-03,2026-06-02,2000,600,1", (3, "produced_to", "csv.order")),
        (",2026-06-01,2026-06-02,2000,600,1", (3, "lot_number", "csv.missing")),
        ("L 1,2026-06-01,2026-06-02,2000,600,1", (3, "lot_number", "csv.lot_number")),
        ("Lóte,2026-06-01,2026-06-02,2000,600,1", (3, "lot_number", "csv.lot_number")),
        ("L-0,2026-06-01,2026-06-02,2000,600,1", (3, "lot_number", "csv.twice")),
        ("L-1,2026-06-01,2026-06-02,,600,1", (3, "mass_g", "csv.missing")),
        ("L-1,2026-06-01,2026-06-02,2000,600", (3, "", "csv.width")),
    ],
)
def test_fault__names_row_column_and_code(row: str, expected: tuple[int, str, str]) -> None:
    assert faults(GOOD.replace("L-1", "L-0"), row) == [expected]


@pytest.mark.row("S11")
def test_sheet__with_faults_in_several_rows__tells_all_of_them_and_makes_no_lot() -> None:
    found = faults(GOOD, ",x,2026-06-02,1,2,", "L-3,2026-06-01,2026-06-02,2000,600,1")
    assert [(row, code) for row, _, code in found] == [
        (3, "csv.missing"), (3, "csv.not_a_day"), (3, "csv.metal_above_mass"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (HEAD + ",colour", [(1, "colour", "csv.unknown_column")]),
        (HEAD.replace("mass_g", "mass"), [
            (1, "mass", "csv.unknown_column"), (1, "mass_g", "csv.column_missing"),
        ]),
        (HEAD + ",lot_number", [(1, "lot_number", "csv.twice")]),
    ],
)  # fmt: skip
def test_heading__unknown_missing_or_double__is_told_and_no_row_is_read(
    head: str, expected: list[tuple[int, str, str]]
) -> None:
    assert faults(GOOD, head=head) == expected


@pytest.mark.row("S11")
def test_sheet__of_a_spanish_spreadsheet__is_read_and_answered_in_spanish() -> None:
    head = "numero_lote;producido_desde;producido_hasta;masa_g;metal_contenido_g;co2e_total_g"
    octets = f"\ufeff{head}\r\nL-1;2026-06-01;2026-06-02;2000;600;1081\r\n\r\n".encode()
    read = read_rows(octets, LOT, language="es")
    assert read.faults == ()
    ((row, lot),) = read.lots
    assert (row, lot.lot_number, lot.mass_g, lot.metal[0].mass_g) == (2, "L-1", 2000, 600)
    assert lot.footprint is not None
    assert (lot.footprint.co2e_g, lot.footprint.co2e_g_per_kg) == (1081, 541)
    assert lot.produced_to_s - lot.produced_from_s == 2 * 86_400
    bad = read_rows(octets.replace(b";2000;", b";2.000;"), LOT, language="es")
    (fault,) = bad.faults
    assert (fault.row, fault.column) == (2, "masa_g")
    assert "número entero sin puntos ni comas" in fault.words


def test_row__without_co2e__states_no_footprint_and_never_zero() -> None:
    read = read_rows(f"{HEAD}\n{GOOD.replace('1081', '')}".encode(), LOT)
    assert read.lots[0][1].footprint is None
    without = HEAD.replace(",co2e_g", "")
    read = read_rows(f"{without}\n{GOOD.replace(',1081', '')}".encode(), LOT)
    assert read.lots[0][1].footprint is None


def test_sheet__empty_too_long_or_no_text__is_told() -> None:
    assert faults() == [(0, "", "csv.no_rows")]
    assert read_rows(b"\xff\xfe", LOT).faults[0].code == "csv.unreadable"
    rows = [GOOD.replace("L-1", f"L-{number}") for number in range(MOST_ROWS + 1)]
    assert faults(*rows) == [(0, "", "csv.too_many")]


def test_template__of_two_origins__is_refused() -> None:
    for template in (replace(LOT, origins=LOT.origins * 2), replace(LOT, metal=())):
        with pytest.raises(InputError) as refused:
            read_rows(HEAD.encode(), template)
        assert refused.value.code == "csv.template"
    with pytest.raises(InputError):
        read_rows(HEAD.encode(), LOT, language="de")
