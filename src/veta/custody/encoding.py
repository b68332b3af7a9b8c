"""The octets that the lot book hashes: header, totals, lot id, commitment, parts of a cause.

Solidity's ``abi.encode`` of few fixed shapes, written out: every value is one word of 32 octets,
big-endian, and a list stands behind the words as its length and its words. docs/spec/lots.md names
the shapes; tests compare with an independent encoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sha3 import keccak_256

from veta.custody.periods import period_of_production
from veta.errors import InputError
from veta.model.identifiers import Digest, MemberId
from veta.model.lot_tree import LotRoot
from veta.model.lots import (
    BatchHeader,
    CausePart,
    LotBatchKind,
    LotId,
    OpenedLot,
    Output,
    Run,
    TakeRecord,
)
from veta.sum_trees import cause_root

_WORD: Final = 32
_SALT: Final = 16
_ADDRESS: Final = 20
OPENED: Final = 1
"""Word of a batch: bit 0, something of it was opened."""
WITHDRAWN: Final = 2
"""Word of a batch that was withdrawn."""


def lot_id(issuer: MemberId, lot_key: bytes) -> LotId:
    """keccak256(abi.encode(uint32 issuer, bytes32 lot key))."""
    return LotId(_keccak(_encoded(issuer, _digest(lot_key))))


def totals_digest(columns: Sequence[int], sums: Sequence[int], salt: bytes) -> Digest:
    """keccak256(abi.encode(uint32[] columns, uint64[] sums, bytes16 salt)).

    Raises:
        InputError: ``custody.encoding`` for a salt that is not 16 octets.
    """
    if len(salt) != _SALT:
        raise InputError("custody.encoding", f"a salt of totals is {_SALT} octets")
    return Digest(_keccak(_encoded(columns, sums, salt.ljust(_WORD, b"\x00"))))


def header_octets(header: BatchHeader) -> bytes:
    """abi.encode(Header): 19 words, in the order of the interface."""
    return _encoded(
        header.version,
        header.kind,
        header.issuer,
        header.sequence,
        _address(header.by),
        _digest(header.root),
        header.size,
        _digest(header.totals),
        header.reference_column,
        header.site,
        header.origin_site,
        header.product_class,
        header.produced_from_s,
        header.produced_to_s,
        header.model,
        header.flags,
        header.allocation_rule,
        header.anchored_at_s,
        _digest(header.cause),
    )


def header_digest(header: BatchHeader) -> Digest:
    """keccak256(abi.encode(Header))."""
    return Digest(_keccak(header_octets(header)))


def batch_word(header: BatchHeader, *, opened: bool) -> bytes:
    """What the chain holds under (issuer, root): the header's digest, bit 0 says opened."""
    word = int.from_bytes(header_digest(header)) & ~OPENED | (OPENED if opened else 0)
    return word.to_bytes(_WORD)


def lot_commitment(opened: OpenedLot) -> Digest:
    """keccak256(abi.encode(header digest, index, lot key, statement leaf, columns, quantities))."""
    return Digest(
        _keccak(
            _encoded(
                header_digest(opened.header),
                opened.index,
                _digest(opened.lot_key),
                _digest(opened.statement_leaf),
                opened.columns,
                opened.quantities,
            )
        )
    )


def exit_digest(chain_id: int, book: bytes, lot: LotId, account: bytes, salt: bytes) -> Digest:
    """keccak256(abi.encode(chain id, this contract, lot, address, salt)): who a lot left for."""
    parts = (_address(book), _digest(lot), _address(account), _digest(salt))
    return Digest(_keccak(_encoded(chain_id, *parts)))


def source_batch(issuer: MemberId, root: LotRoot) -> Digest:
    """keccak256(abi.encode(issuer, root)): the batch that a foreign source came in with."""
    return Digest(_keccak(_encoded(issuer, _digest(root))))


def part_salt(salt_seed: bytes, index: int) -> bytes:
    """Salt of a part of a cause: keccak256(abi.encode(saltSeed, i)). Whoever has it can open it."""
    return _keccak(_encoded(_digest(salt_seed), index))


def cause_parts(run: Run, kind: LotBatchKind) -> list[bytes]:
    """Every part of a run's cause, encoded and salted, in order (``CausePart``).

    Raises:
        InputError: ``custody.encoding``.
    """
    parts = list(_parts(run, kind))
    return [
        _encoded(part, *fields, part_salt(run.salt_seed, at))
        for at, (part, fields) in enumerate(parts)
    ]


def cause_digest(run: Run, kind: LotBatchKind) -> Digest:
    """Root over the parts of a run's cause: the same for all batches of the run.

    Raises:
        InputError: ``custody.encoding``.
    """
    return cause_root(cause_parts(run, kind))


def take_records(run: Run) -> tuple[TakeRecord, ...]:
    """What the run's event says of its takes."""
    return tuple(
        TakeRecord(
            lot_id(run.sources[take.source].header.issuer, take.lot_key), take.taken, take.amount
        )
        for take in run.takes
    )


_Value = int | bytes | Sequence[int]


_Part = tuple[CausePart, tuple[_Value, ...]]


def _parts(run: Run, kind: LotBatchKind) -> Iterator[_Part]:
    yield from _ways_in(run, kind)
    yield from _takes(run)
    yield from _declarations(run)
    for output in run.outputs:
        yield CausePart.OUTPUT, (_digest(output.root), output_totals(output))


def _ways_in(run: Run, kind: LotBatchKind) -> Iterator[_Part]:
    if kind is LotBatchKind.ORIGIN:
        period = period_of_production(run.produced_to_s)
        yield CausePart.ORIGIN, (run.site, run.produced_from_s, run.produced_to_s, period)
    if any(run.source):
        yield CausePart.SOURCE, (_digest(run.source),)


def _takes(run: Run) -> Iterator[_Part]:
    """Quantities go in as a digest, so that every part has words of a fixed number."""
    for take in run.takes:
        header = run.sources[take.source].header
        lot, root = lot_id(header.issuer, take.lot_key), _digest(header.root)
        position = (take.index, _keccak(_encoded(take.quantities)), take.taken, take.amount)
        yield CausePart.TAKE, (lot, header.issuer, root, *position)


def _declarations(run: Run) -> Iterator[_Part]:
    for measured in run.first_measured:
        yield CausePart.FIRST_MEASURED, (measured.column, measured.quantity)
    for reduced in run.reductions:
        columns = (reduced.from_column, reduced.to_column)
        yield CausePart.REDUCTION, (*columns, reduced.quantity)
    for draw in run.draws:
        yield CausePart.DRAW, (draw.output, draw.column, draw.quantity)
    for loss in run.losses:
        yield CausePart.LOSS, (loss.column, loss.quantity, loss.reason)
    for emission in run.emissions:
        yield CausePart.EMISSION, (emission.part, emission.co2e_g)
    for cover in run.covers:
        for certificate in cover.certificates:
            yield CausePart.CERTIFICATE, (cover.column, certificate)


def output_totals(output: Output) -> Digest:
    """Digest of what an output's lots sum to."""
    return totals_digest(output.columns, output.sums, output.salt)


def _encoded(*values: _Value) -> bytes:
    head, tail = [], b""
    for value in values:
        if isinstance(value, int):
            head.append(_word(value))
        elif isinstance(value, bytes):
            head.append(value)
        else:
            head.append(_word(_WORD * len(values) + len(tail)))
            tail += b"".join(map(_word, (len(value), *value)))
    return b"".join(head) + tail


def _word(value: int) -> bytes:
    try:
        return value.to_bytes(_WORD)
    except OverflowError as error:
        raise InputError("custody.encoding", "an integer does not fit into a word") from error


def _address(octets: bytes) -> bytes:
    if len(octets) != _ADDRESS:
        raise InputError("custody.encoding", f"an address is {_ADDRESS} octets")
    return octets.rjust(_WORD, b"\x00")


def _digest(octets: bytes) -> bytes:
    if len(octets) != _WORD:
        raise InputError("custody.encoding", f"a digest is {_WORD} octets")
    return octets


def _keccak(octets: bytes) -> bytes:
    digest: bytes = keccak_256(octets).digest()
    return digest
