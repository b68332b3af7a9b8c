"""What callers hand to the lot book, field for field as ``ILotBook`` lists it, and its digests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final, NamedTuple

from eth_abi.abi import encode
from eth_utils.crypto import keccak

MAX_QUANTITY: Final = 2**53 - 1
MILLION: Final = 1_000_000
ZERO: Final = bytes(32)
NO_SALT: Final = bytes(16)


class Column(IntEnum):
    """Kind of a column, the top four bits of its key."""

    MASS = 1
    METAL = 2
    CLASS = 3
    CO2E = 4
    CREDIT = 5
    UNIT = 6


RECYCLED, EXTERNAL = 1, 2


class Kind(IntEnum):
    ORIGIN = 1
    EXTERNAL = 2
    GAIN = 3
    TRANSFORM = 4


class Model(IntEnum):
    IDENTITY_PRESERVED = 1
    SEGREGATED = 2
    CONTROLLED_BLENDING = 3
    MASS_BALANCE = 4


class State(IntEnum):
    UNOPENED = 0
    HELD = 1
    OFFERED = 2
    CONSUMED = 3
    RETIRED = 4
    EXITED = 5
    HANDED_OVER = 6


class Flag(IntEnum):
    EXTERNAL = 1
    RECYCLED = 2
    FIRST_MEASURED = 4
    GAIN = 8
    UNALLOCATED = 16
    ATTRIBUTED = 32


INHERITED: Final = 31
"""Flags that outputs have when an input has them."""


class Header(NamedTuple):
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
    rule: int
    anchored_at: int
    cause: bytes


class Output(NamedTuple):
    root: bytes
    size: int
    columns: tuple[int, ...]
    sums: tuple[int, ...]
    salt: bytes
    reference: int
    product_class: int
    model: int
    attributed: bool


class Source(NamedTuple):
    header: Header
    columns: tuple[int, ...]


class Take(NamedTuple):
    source: int
    position: int
    lot_key: bytes
    statement_leaf: bytes
    quantities: tuple[int, ...]
    taken: int
    amount: int
    waived: int


class Loss(NamedTuple):
    column: int
    quantity: int
    reason: int


class Emission(NamedTuple):
    part: int
    co2e: int


class FirstMeasured(NamedTuple):
    column: int
    quantity: int


class Reduction(NamedTuple):
    from_: int
    to: int
    quantity: int


class Draw(NamedTuple):
    output: int
    column: int
    quantity: int


class Cover(NamedTuple):
    column: int
    certificates: tuple[int, ...]


class Run(NamedTuple):
    site: int
    produced_from: int
    produced_to: int
    rule: int
    columns: tuple[int, ...]
    sources: tuple[Source, ...]
    takes: tuple[Take, ...]
    first: tuple[FirstMeasured, ...]
    reductions: tuple[Reduction, ...]
    draws: tuple[Draw, ...]
    losses: tuple[Loss, ...]
    emissions: tuple[Emission, ...]
    covers: tuple[Cover, ...]
    outputs: tuple[Output, ...]
    source: bytes
    recycled: bool
    salt_seed: bytes


class Opening(NamedTuple):
    header: Header
    columns: tuple[int, ...]
    salt: bytes
    lot_key: bytes
    statement_leaf: bytes
    quantities: tuple[int, ...]
    position: int
    path: bytes


class Opened(NamedTuple):
    header: Header
    columns: tuple[int, ...]
    position: int
    lot_key: bytes
    statement_leaf: bytes
    quantities: tuple[int, ...]


class SignedOffer(NamedTuple):
    from_: int
    to: int
    until: int
    nonce: int
    consignment: bytes
    lots: tuple[bytes, ...]
    taken: tuple[int, ...]


Sums = dict[int, int]
"""Quantity by column; an absent column is zero."""


def key(kind: Column, qualifier: int = 0, substance: int = 0) -> int:
    return kind << 28 | qualifier << 12 | substance


def kind_of(column: int) -> int:
    return column >> 28


def qualifier_of(column: int) -> int:
    return column >> 12 & 0xFFFF


def substance_of(column: int) -> int:
    return column & 0xFFF


def metal_of(column: int) -> int:
    """The metal column of a class or credit column."""
    return key(Column.METAL, 0, substance_of(column))


def of_kind(columns: Iterable[int], kind: Column) -> list[int]:
    return [column for column in columns if kind_of(column) == kind]


def credits_of(columns: Iterable[int], metal: int) -> list[int]:
    """Credit columns of a metal column's substance."""
    return [c for c in of_kind(columns, Column.CREDIT) if metal_of(c) == metal]


def total(parts: Iterable[Mapping[int, int]]) -> Sums:
    """Column by column."""
    sums: Sums = {}
    for part in parts:
        for column, quantity in part.items():
            sums[column] = sums.get(column, 0) + quantity
    return sums


def period_of(moment: int) -> int:
    """Number of the UTC calendar quarter: year * 4 + 0 to 3."""
    date = datetime.fromtimestamp(moment, UTC)
    return date.year * 4 + (date.month - 1) // 3


def words(*values: int | bytes | str) -> bytes:
    """ABI encoding of values of one word each; octets stand at its left, addresses are text."""
    parts = []
    for value in values:
        if isinstance(value, bytes):
            parts.append(value.ljust(32, b"\0"))
        else:
            number = int(value, 16) if isinstance(value, str) else value
            parts.append(number.to_bytes(32))
    return b"".join(parts)


def encoded_array(values: Sequence[int]) -> bytes:
    return words(len(values), *values)


def header_digest(header: Header) -> bytes:
    return keccak(words(*header))


def totals_digest(columns: Sequence[int], sums: Sequence[int], salt: bytes) -> bytes:
    """keccak256(abi.encode(columns, sums, salt))."""
    head = words(96, 128 + 32 * len(columns), salt)
    return keccak(head + encoded_array(columns) + encoded_array(sums))


def lot_id(issuer: int, lot_key: bytes) -> bytes:
    return keccak(words(issuer, lot_key))


def batch_id(issuer: int, root: bytes) -> bytes:
    return keccak(words(issuer, root))


def commitment(opened: Opened) -> bytes:
    """What an opened lot is held to."""
    columns, quantities = opened.columns, opened.quantities
    head = words(
        header_digest(opened.header),
        opened.position,
        opened.lot_key,
        opened.statement_leaf,
        192,
        224 + 32 * len(columns),
    )
    return keccak(head + encoded_array(columns) + encoded_array(quantities))


def exit_digest(chain_id: int, book: str, lot: bytes, address: str, salt: bytes) -> bytes:
    return keccak(words(chain_id, book, lot, address, salt))


def offer_digest(chain_id: int, book: str, consortium: str, offer: SignedOffer) -> bytes:
    """EIP-712 digest of a signed offer."""
    fields = "string name,string version,uint256 chainId,address verifyingContract,bytes32 salt"
    domain = keccak(
        words(
            keccak(text=f"EIP712Domain({fields})"),
            keccak(text="Veta Custody"),
            keccak(text="1"),
            chain_id,
            book,
            keccak(words(consortium)),
        )
    )
    kind = (
        "SignedOffer(uint32 from,uint32 to,uint64 until,uint256 nonce,"
        "bytes32 consignment,bytes32[] lots,uint64[] taken)"
    )
    content = keccak(
        words(
            keccak(text=kind),
            *offer[:5],
            keccak(b"".join(offer.lots)),
            keccak(words(*offer.taken)),
        )
    )
    return keccak(b"\x19\x01" + domain + content)


def abi(types: str, *values: Any) -> bytes:
    """ABI encoding, types separated by commas."""
    return encode(types.split(","), values)
