"""Why a batch is there, as one digest: the root over what its run said (DESIGN 4.1)."""

from __future__ import annotations

from typing import Any

from eth_utils.crypto import keccak

from tests.lotbook.lot_values import Kind, Run, abi, encoded_array, lot_id, period_of, words
from veta.sum_trees import cause_root

ORIGIN, SOURCE, TAKE, FIRST_MEASURED, REDUCTION, DRAW = 1, 2, 3, 4, 5, 6
LOSS, EMISSION, CERTIFICATE, OUTPUT = 7, 8, 9, 10

FIELDS = {
    ORIGIN: "uint32,uint64,uint64,uint32",
    SOURCE: "bytes32",
    TAKE: "bytes32,uint32,bytes32,uint64,bytes32,uint64,uint64",
    FIRST_MEASURED: "uint32,uint64",
    REDUCTION: "uint32,uint32,uint64",
    DRAW: "uint8,uint32,uint64",
    LOSS: "uint32,uint64,uint8",
    EMISSION: "uint8,uint64",
    CERTIFICATE: "uint32,uint64",
    OUTPUT: "bytes32,bytes32",
}


def cause_of(kind: Kind, run: Run, totals: list[bytes]) -> bytes:
    """The digest that all headers of a run carry."""
    parts = cause_parts(kind, run, totals)
    leaves = []
    for index, (part, *fields) in enumerate(parts):
        salt = keccak(words(run.salt_seed, index))
        leaves.append(abi(f"uint8,{FIELDS[part]},bytes32", part, *fields, salt))
    return cause_root(leaves)


def cause_parts(kind: Kind, run: Run, totals: list[bytes]) -> list[tuple[Any, ...]]:
    """Leaves in the order of ``CausePart``."""
    parts: list[tuple[Any, ...]] = []
    if kind == Kind.ORIGIN:
        span = run.produced_from, run.produced_to
        parts.append((ORIGIN, run.site, *span, period_of(run.produced_to - 1)))
    if kind == Kind.EXTERNAL:
        parts.append((SOURCE, run.source))
    for take in run.takes:
        header = run.sources[take.source].header
        lot = lot_id(header.issuer, take.lot_key)
        where = header.issuer, header.root, take.position
        quantities = keccak(words(32) + encoded_array(take.quantities))
        parts.append((TAKE, lot, *where, quantities, take.taken, take.amount))
    parts += [(FIRST_MEASURED, *first) for first in run.first]
    parts += [(REDUCTION, *reduction) for reduction in run.reductions]
    parts += [(DRAW, *draw) for draw in run.draws]
    parts += [(LOSS, *loss) for loss in run.losses]
    parts += [(EMISSION, *emission) for emission in run.emissions]
    parts += [
        (CERTIFICATE, cover.column, certificate)
        for cover in run.covers
        for certificate in cover.certificates
    ]
    parts += [
        (OUTPUT, output.root, digest) for output, digest in zip(run.outputs, totals, strict=True)
    ]
    return parts
