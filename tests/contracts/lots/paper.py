"""What is handed to the lot book: batches as trees, runs field by field, proofs.

Nothing here judges: every field can be set to what the contract must refuse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import Any, Final, NamedTuple

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from veta.sum_trees import SumTree

IP, SG, CB, MB = 1, 2, 3, 4
TAILINGS, SLAG, DUST, EFFLUENT, SPILL, WEIGHING, ASSEMBLED, OTHER_LOSS = range(1, 9)
PROCESS, TRANSPORT, BOUGHT_IN = 1, 2, 3
MAXIMUM: Final = 2**53 - 1
PPM: Final = 1_000_000

MASS, METAL, CLASS, CARBON, CREDIT, UNIT = range(1, 7)


def column(kind: int, qualifier: int = 0, substance: int = 0) -> int:
    """Key of a column."""
    return kind << 28 | qualifier << 12 | substance


def kind_of(key: int) -> int:
    """Kind of a column."""
    return key >> 28


def metal_of(key: int) -> int:
    """The metal that a class or credit column is about."""
    return column(METAL, 0, key & 0xFFF)


class Header(NamedTuple):
    """A batch's header, in the interface's order."""

    version: int
    kind: int
    issuer: int
    sequence: int
    by: str
    root: bytes
    size: int
    totals: bytes
    reference: int
    site: int
    origin_site: int
    product_class: int
    produced_from: int
    produced_to: int
    model: int
    flags: int
    allocation_rule: int
    anchored_at: int
    cause: bytes


HEADER_TYPE: Final = (
    "(uint8,uint8,uint32,uint64,address,bytes32,uint64,bytes32,uint32,uint32,uint32,uint32,uint64,"
    "uint64,uint8,uint16,uint32,uint64,bytes32)"
)


def header_digest(header: Header) -> bytes:
    """keccak256(abi.encode(Header))."""
    return keccak(encode([HEADER_TYPE], [header]))


_numbers = [count()]


def fresh() -> bytes:
    """32 octets that nothing else here has, none of them zero."""
    return bytes(octet or 1 for octet in keccak(next(_numbers[0]).to_bytes(8)))


def fresh_from(number: int) -> None:
    """Go on from a number: gas depends on how many octets of a digest are zero."""
    _numbers[0] = count(number)


Named = tuple[bytes, bytes, tuple[int, ...]]
"""Lot key, statement leaf, quantities."""


@dataclass(frozen=True)
class Plan:
    """A batch that a run would make."""

    product_class: int
    model: int
    columns: tuple[int, ...]
    lots: tuple[Named, ...]
    reference: int
    attributed: bool = False
    salt: bytes = field(default_factory=lambda: fresh()[:16])
    changes: Mapping[str, Any] = field(default_factory=dict)
    """What the run says of the batch other than what is so."""

    @cached_property
    def tree(self) -> SumTree:
        """The batch's tree."""
        return SumTree(self.lots, len(self.columns))

    @cached_property
    def sums(self) -> dict[int, int]:
        """What the lots add up to."""
        rows = [quantities for _, _, quantities in self.lots]
        return dict(zip(self.columns, map(sum, zip(*rows, strict=True)), strict=True))

    def saying(self, **changes: Any) -> Plan:
        """The same batch, with other words about it in the run."""
        return replace(self, changes={**self.changes, **changes})

    def output(self) -> tuple[Any, ...]:
        """As the run has it."""
        fields: dict[str, Any] = {
            "root": None,
            "size": len(self.lots),
            "columns": self.columns,
            "sums": tuple(self.sums.values()),
            "salt": self.salt,
            "reference": self.reference,
            "product_class": self.product_class,
            "model": self.model,
            "attributed": self.attributed,
        }
        assert self.changes.keys() <= fields.keys(), self.changes
        fields |= self.changes
        if fields["root"] is None:
            fields["root"] = self.tree.root
        return tuple(fields.values())


def batch(
    product_class: int,
    model: int,
    *lots: Mapping[int, int],
    reference: int | None = None,
    attributed: bool = False,
    names: Sequence[tuple[bytes, bytes]] = (),
) -> Plan:
    """A batch by its lots; the reference is units, else mass, else metal. ``{}`` is padding."""
    columns = tuple(sorted({key for lot in lots for key in lot}))
    kinds = [next((k for k in columns if kind_of(k) == kind), 0) for kind in (UNIT, MASS, METAL)]
    usual = next((key for key in kinds if key), 0)
    named = names or [(fresh(), fresh()) for _ in lots]
    rows = tuple(
        (key, leaf, tuple(lot.get(each, 0) for each in columns))
        for (key, leaf), lot in zip(named, lots, strict=True)
    )
    return Plan(product_class, model, columns, rows, reference or usual, attributed)


@dataclass(frozen=True)
class Lot:
    """A lot of a batch on chain, and the proof of it."""

    header: Header
    columns: tuple[int, ...]
    salt: bytes
    key: bytes
    leaf: bytes
    quantities: tuple[int, ...]
    index: int
    path: bytes

    @property
    def id(self) -> bytes:
        """keccak256(abi.encode(issuer, lot key))."""
        return keccak(encode(["uint32", "bytes32"], [self.header.issuer, self.key]))

    @property
    def held(self) -> dict[int, int]:
        """Quantities by column."""
        return dict(zip(self.columns, self.quantities, strict=True))

    @property
    def total(self) -> int:
        """Of the reference."""
        return self.held[self.header.reference]

    @property
    def commitment(self) -> bytes:
        """What the lot's second slot holds."""
        types = ["bytes32", "uint64", "bytes32", "bytes32", "uint32[]", "uint64[]"]
        values = [self.index, self.key, self.leaf, self.columns, self.quantities]
        return keccak(encode(types, [header_digest(self.header), *values]))

    def opening(self, **changes: Any) -> tuple[Any, ...]:
        """Arguments of ``open``."""
        lot = replace(self, **changes)
        return (
            *(lot.header, lot.columns, lot.salt, lot.key, lot.leaf),
            *(lot.quantities, lot.index, lot.path),
        )

    def opened(self, **changes: Any) -> tuple[Any, ...]:
        """What was opened, handed in again."""
        lot = replace(self, **changes)
        return lot.header, lot.columns, lot.index, lot.key, lot.leaf, lot.quantities


@dataclass(frozen=True)
class Batch:
    """A batch on chain."""

    plan: Plan
    header: Header

    def lot(self, index: int = 0) -> Lot:
        """One of its lots."""
        key, leaf, quantities = self.plan.lots[index]
        path = b"".join(self.plan.tree.inclusion(index).path)
        return Lot(
            *(self.header, self.plan.columns, self.plan.salt, key, leaf),
            *(quantities, index, path),
        )

    def __iter__(self) -> Iterator[Lot]:
        tree = self.plan.tree
        for index, (key, leaf, quantities) in enumerate(self.plan.lots):
            path = b"".join(tree.inclusion(index).path)
            yield Lot(
                *(self.header, self.plan.columns, self.plan.salt, key, leaf),
                *(quantities, index, path),
            )


@dataclass(frozen=True)
class Part:
    """So much of a lot of which so much is gone."""

    lot: Lot
    amount: int
    taken: int = 0
    waived: tuple[int, ...] = ()

    @property
    def moved(self) -> dict[int, int]:
        """What a take moves of each column, by DESIGN 4.4, waived credit left out."""
        whole = self.lot.total
        return {
            key: 0
            if key in self.waived
            else share(quantity, self.taken + self.amount, whole, up=kind_of(key) == CARBON)
            - share(quantity, self.taken, whole, up=kind_of(key) == CARBON)
            for key, quantity in self.lot.held.items()
        }


def share(quantity: int, part: int, whole: int, *, up: bool) -> int:
    """quantity x part / whole, rounded."""
    return -(-quantity * part // whole) if up else quantity * part // whole


def part_of(lot: Lot, amount: int | None = None, taken: int = 0, *waived: int) -> Part:
    """So much of a lot, or all that is left."""
    return Part(lot, lot.total - taken if amount is None else amount, taken, waived)


Run = dict[str, Any]
"""Fields of a run in the interface's order."""


def run(site: int, window: tuple[int, int], outputs: Sequence[Plan], **fields: Any) -> Run:
    """A run with the fields given; the rest is empty."""
    parts: Sequence[Part] = fields.pop("takes", ())
    sources = list(dict.fromkeys((part.lot.header, part.lot.columns) for part in parts))
    columns = {key for plan in outputs for key in plan.columns}
    columns |= {key for _, keys in sources for key in keys}
    whole: Run = {
        "site": site,
        "produced_from": window[0],
        "produced_to": window[1],
        "allocation_rule": 0,
        "columns": tuple(sorted(columns)),
        "sources": sources,
        "takes": [_take(part, sources) for part in parts],
        "first_measured": (),
        "reductions": (),
        "draws": (),
        "losses": (),
        "emissions": (),
        "covers": (),
        "outputs": [plan.output() for plan in outputs],
        "source": bytes(32),
        "recycled": False,
        "salt_seed": fresh(),
    }
    assert fields.keys() <= whole.keys(), fields
    return whole | fields


def _take(part: Part, sources: list[tuple[Header, tuple[int, ...]]]) -> tuple[Any, ...]:
    lot = part.lot
    waived = sum(1 << at for at, key in enumerate(lot.columns) if key in part.waived)
    source = sources.index((lot.header, lot.columns))
    return (
        *(source, lot.index, lot.key, lot.leaf, lot.quantities),
        *(part.taken, part.amount, waived),
    )
