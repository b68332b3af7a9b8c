"""Values of lots stand field by field where the contract's interface has them."""

from __future__ import annotations

import dataclasses
import enum
import re

import pytest

from tests.conftest import PROJECT
from veta.errors import InputError
from veta.model import columns, lots
from veta.model.columns import Column, ColumnKind, MassBasis, OriginClass, SubstanceId

INTERFACES = PROJECT / "contracts" / "interfaces"
BOOK = "".join(
    path.read_text()
    for path in (INTERFACES / f"{name}.sol" for name in ("ICustody", "ILotBook", "ILotLaws"))
    if path.exists()
)
REGISTRY = (INTERFACES / "IRegistry.sol").read_text()
ASSURANCE = (INTERFACES / "IAssurance.sol").read_text()
STRUCTS = [
    (BOOK, "Header", lots.BatchHeader),
    (BOOK, "Output", lots.Output),
    (BOOK, "Source", lots.Source),
    (BOOK, "Take", lots.Take),
    (BOOK, "Loss", lots.Loss),
    (BOOK, "Emission", lots.Emission),
    (BOOK, "FirstMeasured", lots.FirstMeasured),
    (BOOK, "Reduction", lots.Reduction),
    (BOOK, "Draw", lots.Draw),
    (BOOK, "Cover", lots.Cover),
    (BOOK, "Run", lots.Run),
    (BOOK, "Opening", lots.Opening),
    (BOOK, "Opened", lots.OpenedLot),
    (BOOK, "Lot", lots.LotRecord),
    (BOOK, "PeriodUse", lots.PeriodUse),
    (BOOK, "SignedOffer", lots.SignedOffer),
    (BOOK, "TakeRecord", lots.TakeRecord),
    (REGISTRY, "LotRules", lots.LotRules),
    (ASSURANCE, "Share", lots.AllocationShare),
]
ENUMS = [
    (BOOK, "BatchKind", lots.LotBatchKind),
    (BOOK, "Model", lots.CustodyModel),
    (BOOK, "LotState", lots.LotState),
    (BOOK, "LossReason", lots.LossReason),
    (BOOK, "EmissionPart", lots.EmissionPart),
    (BOOK, "CausePart", lots.CausePart),
    (REGISTRY, "ColumnKind", ColumnKind),
]
RENAMED = {"from": "from_member", "to": "to_member", "until": "until_s"}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def body(text: str, kind: str, name: str) -> str:
    found = re.search(rf"\b{kind} {name} \{{(.*?)\n    \}}", text, re.DOTALL)
    assert found, name
    return re.sub(r"//[^\n]*", "", found[1])


@pytest.mark.parametrize(("text", "name", "value"), STRUCTS, ids=lambda part: str(part)[:20])
def test_values__beside_the_structs__have_the_same_fields_in_the_same_order(
    text: str, name: str, value: type
) -> None:
    theirs = [snake(part.split()[-1]) for part in body(text, "struct", name).split(";")[:-1]]
    ours = [field.name for field in dataclasses.fields(value)]
    assert len(ours) == len(theirs)
    for own, their in zip(ours, theirs, strict=True):
        plain = re.sub(r"_(s|g|member|column)$", "", own)
        their_plain = re.sub(r"(_seconds|_column)$", "", their)
        assert plain in {their_plain, their}, (own, their)


@pytest.mark.parametrize(("text", "name", "value"), ENUMS, ids=lambda part: str(part)[:20])
def test_numbers__beside_the_enums__are_the_same(
    text: str, name: str, value: type[enum.IntEnum]
) -> None:
    theirs = [part.strip() for part in body(text, "enum", name).split(",")]
    ours = {member.value: member.name for member in value}
    for number, their in enumerate(theirs):
        assert ours.get(number, "NONE") == their
    assert {name for number, name in ours.items() if number >= len(theirs)} <= {"BOOK_AND_CLAIM"}


def test_column__taken_apart_and_put_together__is_itself() -> None:
    copper = 29
    for column, key in [
        (Column(ColumnKind.MASS, MassBasis.NET, SubstanceId(0)), columns.mass_key(MassBasis.NET)),
        (Column(ColumnKind.METAL, 0, SubstanceId(copper)), columns.metal_key(copper)),
        (
            Column(ColumnKind.CLASS, OriginClass.RECYCLED, SubstanceId(copper)),
            columns.class_key(OriginClass.RECYCLED, copper),
        ),
        (Column(ColumnKind.CO2E, 6, SubstanceId(0)), columns.co2e_key(6)),
        (Column(ColumnKind.CREDIT, 7, SubstanceId(copper)), columns.credit_key(7, copper)),
        (Column(ColumnKind.UNIT, 3, SubstanceId(0)), columns.unit_key(3)),
    ]:
        assert (
            column.key == key == column.kind * 2**28 + column.qualifier * 2**12 + (column.substance)
        )
        assert Column.of(key) == column


def test_column__in_words__says_what_is_counted() -> None:
    words = [
        Column.of(key).words()
        for key in (
            columns.mass_key(MassBasis.DRY),
            columns.metal_key(29),
            columns.metal_key(4000),
            columns.class_key(OriginClass.EXTERNAL, 3),
            columns.co2e_key(6),
            columns.credit_key(7, 29),
            columns.unit_key(2),
        )
    ]
    assert words == [
        "dry mass",
        "contained Cu",
        "contained substance 4000",
        "external Li",
        "CO2e (GWP set 6)",
        "credit of programme 7, Cu",
        "units of kind 2",
    ]


@pytest.mark.parametrize(
    "key",
    [
        0,
        -1,
        2**32,
        7 << 28 | 1 << 12,  # no such kind
        1 << 28,  # mass of no basis
        1 << 28 | 3 << 12,  # mass of a basis that does not exist
        1 << 28 | 1 << 12 | 29,  # mass of a substance
        2 << 28,  # metal of no substance
        2 << 28 | 1 << 12 | 29,  # metal with a qualifier
        3 << 28 | 29,  # class of no class
        4 << 28,  # CO2e of no GWP set
        5 << 28 | 29,  # credit of no programme
        6 << 28,  # unit of no kind
        True,
    ],
)
def test_column__of_a_key_with_wrong_parts__is_refused(key: int) -> None:
    with pytest.raises(InputError) as refusal:
        Column.of(key)
    assert refusal.value.code == "columns.unknown"


def test_column__with_parts_too_wide__is_refused() -> None:
    with pytest.raises(InputError):
        Column(ColumnKind.CREDIT, 2**16, SubstanceId(29))
    with pytest.raises(InputError):
        Column(ColumnKind.METAL, 0, SubstanceId(2**12))
