"""Runs as JSON, the same for files and for the HTTP interface: ``veta-run/1``; and what takes the
place of a run's output: ``veta-replacement/1``.

Columns are written as what they count: ``mass.net``, ``mass.dry``, ``metal.Cu``, ``co2e.1``,
``class.recycled.Cu``, ``credit.75.Cu``, ``unit.1``; a substance without a symbol by its number.
Unknown members are refused.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NoReturn, TypeVar

from veta import canonical
from veta.errors import InputError
from veta.model.columns import (
    ELEMENT_SYMBOLS,
    Column,
    ColumnKey,
    ColumnKind,
    MassBasis,
    OriginClass,
    SubstanceId,
)
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lots import (
    Cover,
    CustodyModel,
    Draw,
    Emission,
    EmissionPart,
    FirstMeasured,
    Loss,
    LossReason,
    LotBatchKind,
    LotId,
    ProductClassId,
    Reduction,
    SiteId,
)
from veta.services.run_requests import (
    NO_SOURCE,
    LotEntry,
    OutputRequest,
    ReplacementRequest,
    RunRequest,
    TakeRequest,
)
from veta.statement.instants import read_instant

RUN_FORMAT: Final = "veta-run/1"
REPLACEMENT_FORMAT: Final = "veta-replacement/1"
RUN_LIMITS: Final = replace(canonical.AUTHORED, max_octets=64 * 1024 * 1024, max_nodes=4_000_000)
"""As strict as for a statement, for passports stand in it; larger, for there may be thousands."""
_NUMBERS: Final = {symbol: number for number, symbol in ELEMENT_SYMBOLS.items()}
_MOST: Final = 2**53 - 1

Papers = Callable[[str, object], "Mapping[str, Any] | Leaf"]
"""What a lot's ``passport`` means: batch number and the member to a credential, or a leaf."""
E = TypeVar("E", bound=enum.Enum)
V = TypeVar("V")


def credential_only(number: str, member: object) -> Mapping[str, Any] | Leaf:
    """A passport that stands in the run itself: a credential, or the leaf of a kept statement.

    Raises:
        InputError: ``run.malformed``.
    """
    if isinstance(member, dict):
        return member
    if not isinstance(member, str):
        _refuse(f"passport of {number}", "is a credential or a statement's leaf")
    return Leaf(read_hex(member, f"passport of {number}"))


def read_run(octets: bytes, papers: Papers = credential_only) -> RunRequest:
    """A run out of its JSON.

    Args:
        octets: as they came.
        papers: reads each lot's ``passport``.

    Raises:
        InputError: ``canonical.*``, ``run.malformed`` (naming the member), ``columns.unknown``;
            as ``papers``.
    """
    run = _Members(canonical.read_object(octets, RUN_LIMITS), "the run")
    if run.take("format") != RUN_FORMAT:
        _refuse("format", f"is {RUN_FORMAT}")
    request = RunRequest(
        kind=run.name("kind", LotBatchKind),
        site=SiteId(run.whole("site", 0)),
        produced_from_s=run.instant("producedFrom"),
        produced_to_s=run.instant("producedTo"),
        outputs=run.each("outputs", lambda part: _output(part, papers)),
        takes=run.each("takes", _take, ()),
        first_measured=run.each("firstMeasured", _measured, ()),
        reductions=run.each("reductions", _reduction, ()),
        draws=run.each("draws", _draw, ()),
        losses=run.each("losses", _loss, ()),
        emissions=run.each("emissions", _emission, ()),
        covers=run.each("covers", _cover, ()),
        allocation_rule=run.whole("allocationRule", 0),
        source=run.digest("source") if "source" in run.left else NO_SOURCE,
        recycled=run.truth("recycled"),
    )
    run.end()
    return request


def read_replacement(octets: bytes, papers: Papers = credential_only) -> ReplacementRequest:
    """The lots that take an output's place, out of their JSON.

    Args:
        octets: as they came.
        papers: reads each lot's ``passport``.

    Raises:
        InputError: as ``read_run``.
    """
    whole = _Members(canonical.read_object(octets, RUN_LIMITS), "the replacement")
    if whole.take("format") != REPLACEMENT_FORMAT:
        _refuse("format", f"is {REPLACEMENT_FORMAT}")
    columns, lots = _entries(whole, papers)
    return whole.closed(ReplacementRequest(columns, lots, whole.whole("padding", 0)))


def column_name(key: ColumnKey) -> str:
    """How a column is written.

    Raises:
        InputError: ``columns.unknown``.
    """
    column = Column.of(key)
    parts = [column.kind.name.lower()]
    match column.kind:
        case ColumnKind.MASS:
            parts.append(MassBasis(column.qualifier).name.lower())
        case ColumnKind.CLASS:
            parts.append(OriginClass(column.qualifier).name.lower())
        case ColumnKind.METAL:
            pass
        case _:
            parts.append(str(column.qualifier))
    if column.substance:
        parts.append(ELEMENT_SYMBOLS.get(column.substance, str(column.substance)))
    return ".".join(parts)


def read_column(text: str) -> ColumnKey:
    """Back.

    Raises:
        InputError: ``columns.unknown``.
    """
    kind_name, *parts = text.split(".")
    try:
        kind = ColumnKind[kind_name.upper()]
        substance = 0
        if kind in {ColumnKind.METAL, ColumnKind.CLASS, ColumnKind.CREDIT}:
            symbol = parts.pop()
            substance = _NUMBERS[symbol] if symbol in _NUMBERS else int(symbol)
        names = {ColumnKind.MASS: MassBasis, ColumnKind.CLASS: OriginClass}
        qualifier = 0
        if kind in names:
            qualifier = names[kind][parts.pop().upper()]
        elif kind is not ColumnKind.METAL:
            qualifier = int(parts.pop())
        key = Column(kind, qualifier, SubstanceId(substance)).key
    except (KeyError, ValueError, IndexError) as error:
        raise InputError("columns.unknown", f"no column is written {text[:60]!r}") from error
    if column_name(key) != text:
        raise InputError("columns.unknown", f"that column is written {column_name(key)}")
    return key


def read_hex(text: object, what: str) -> bytes:
    """32 octets from 64 hexadecimal digits, with or without 0x.

    Raises:
        InputError: ``run.malformed``.
    """
    digits = text.removeprefix("0x") if isinstance(text, str) else ""
    if len(digits) != 64 or not set(digits) <= set("0123456789abcdefABCDEF"):
        _refuse(what, "is 64 hexadecimal digits")
    return bytes.fromhex(digits)


def _output(part: _Members, papers: Papers) -> OutputRequest:
    columns, lots = _entries(part, papers)
    made = OutputRequest(
        product_class=ProductClassId(part.whole("productClass")),
        columns=columns,
        reference_column=part.column("reference"),
        model=part.name("model", CustodyModel),
        lots=lots,
        attributed=part.truth("attributed"),
        padding=part.whole("padding", 0),
    )
    part.end()
    return made


def _entries(part: _Members, papers: Papers) -> tuple[tuple[ColumnKey, ...], tuple[LotEntry, ...]]:
    """The lots of an output, and the columns that any of them names."""
    lots = part.each("lots", lambda each: _lot(each, papers))
    columns = tuple(sorted({key for _, held, _ in lots for key in held}))
    entries = (
        LotEntry(number, tuple(held.get(key, 0) for key in columns), passport)
        for number, held, passport in lots
    )
    return columns, tuple(entries)


def _lot(
    part: _Members, papers: Papers
) -> tuple[str, dict[ColumnKey, int], Mapping[str, Any] | Leaf]:
    number = part.text("number")
    held = part.quantities("quantities")
    passport = papers(number, part.take("passport"))
    part.end()
    return number, held, passport


def _take(part: _Members) -> TakeRequest:
    take = TakeRequest(
        lot=LotId(part.digest("lot")),
        amount=part.whole("amount") if "amount" in part.left else None,
        taken=part.whole("taken") if "taken" in part.left else None,
        waived=frozenset(part.columns("waive")),
    )
    part.end()
    return take


def _measured(part: _Members) -> FirstMeasured:
    return part.closed(FirstMeasured(part.column("column"), part.whole("quantity")))


def _reduction(part: _Members) -> Reduction:
    columns = (part.column("from"), part.column("to"))
    return part.closed(Reduction(*columns, part.whole("quantity")))


def _draw(part: _Members) -> Draw:
    output = part.whole("output")
    return part.closed(Draw(output, part.column("column"), part.whole("quantity")))


def _loss(part: _Members) -> Loss:
    content = (part.column("column"), part.whole("quantity"))
    return part.closed(Loss(*content, part.name("reason", LossReason)))


def _emission(part: _Members) -> Emission:
    return part.closed(Emission(part.name("part", EmissionPart), part.whole("co2eG")))


def _cover(part: _Members) -> Cover:
    column, numbers = part.column("column"), part.take("certificates")
    if not isinstance(numbers, list) or not all(_is_whole(each) for each in numbers):
        _refuse(f"{part.place}.certificates", "is a list of numbers")
    return part.closed(Cover(column, tuple(numbers)))


class _Members:
    """The members of an object, each taken once."""

    def __init__(self, members: Mapping[str, Any], place: str) -> None:
        self.left = dict(members)
        self.place = place

    def take(self, name: str) -> Any:
        if name not in self.left:
            _refuse(f"{self.place}.{name}", "is missing")
        return self.left.pop(name)

    def end(self) -> None:
        for name in self.left:
            _refuse(f"{self.place}.{name}", "is not known")

    def closed(self, value: V) -> V:
        self.end()
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        value = self.left.pop(name, default) if default is not None else self.take(name)
        if not _is_whole(value):
            _refuse(f"{self.place}.{name}", "is a whole number from 0 to 2^53-1")
        return int(value)

    def truth(self, name: str) -> bool:
        value = self.left.pop(name, False)
        if not isinstance(value, bool):
            _refuse(f"{self.place}.{name}", "is true or false")
        return value

    def text(self, name: str) -> str:
        value = self.take(name)
        if not isinstance(value, str):
            _refuse(f"{self.place}.{name}", "is text")
        return str(value)

    def instant(self, name: str) -> UnixSeconds:
        return read_instant(self.text(name))

    def digest(self, name: str) -> bytes:
        return read_hex(self.take(name), f"{self.place}.{name}")

    def name(self, name: str, values: type[E]) -> E:
        written = self.text(name)
        found = values.__members__.get(written.upper().replace("-", "_"))
        if found is None or found.value == 0:
            known = ", ".join(word_of(each) for each in values if each.value)
            _refuse(f"{self.place}.{name}", f"is one of {known}")
        return found

    def column(self, name: str) -> ColumnKey:
        return read_column(self.text(name))

    def columns(self, name: str) -> list[ColumnKey]:
        names = self.left.pop(name, [])
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            _refuse(f"{self.place}.{name}", "is a list of columns")
        return [read_column(each) for each in names]

    def quantities(self, name: str) -> dict[ColumnKey, int]:
        written = self.take(name)
        if not isinstance(written, dict) or not all(map(_is_whole, written.values())):
            _refuse(f"{self.place}.{name}", "is a quantity, 0 to 2^53-1, for each column")
        return {read_column(column): quantity for column, quantity in written.items()}

    def each(
        self, name: str, read: Callable[[_Members], V], default: tuple[V, ...] | None = None
    ) -> tuple[V, ...]:
        if default is not None and name not in self.left:
            return default
        written = self.take(name)
        if not isinstance(written, list) or not all(isinstance(part, dict) for part in written):
            _refuse(f"{self.place}.{name}", "is a list of objects")
        places = (f"{name}[{at}]" for at in range(len(written)))
        return tuple(read(_Members(part, at)) for part, at in zip(written, places, strict=True))


def word_of(value: enum.Enum) -> str:
    """How a name is written: ``controlled-blending``."""
    return value.name.lower().replace("_", "-")


def _is_whole(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST


def _refuse(place: str, what: str) -> NoReturn:
    raise InputError("run.malformed", f"{place} {what}")
