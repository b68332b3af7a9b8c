"""Lineages that somebody made up: towers, fans and random graphs of runs, each with its headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.support.custody_world import CATHODE, CO2E, CU, MB, MEMBER, NET, NOW, SITE, fresh
from tests.support.disclosed_lots import (
    BY,
    Disclosure,
    Told,
    certificate,
    opened_lot,
    rod_chain,
    token_leaf,
    token_of,
)
from veta.custody.encoding import cause_digest, lot_commitment, output_totals
from veta.model.columns import ColumnKey
from veta.model.disclosure import LotPart
from veta.model.identifiers import Digest, Leaf, UnixSeconds
from veta.model.lot_tree import LotKey
from veta.model.lots import (
    HEADER_VERSION,
    BatchHeader,
    HeaderFlag,
    LotBatchKind,
    Output,
    Run,
    SiteId,
    Source,
    Take,
)
from veta.sum_trees import SumTree, lot_key

HELD = {NET: 1_000_000, CU: 999_900, CO2E: 3_000_000}
COLUMNS: tuple[ColumnKey, ...] = tuple(ColumnKey(key) for key in sorted(HELD))
QUANTITIES = tuple(HELD[key] for key in COLUMNS)


class Tower:
    """Runs of one lot each; every run says which of the others it took a part of."""

    def __init__(self, size: int, inputs: Sequence[Sequence[int]], first: Leaf) -> None:
        keys = [
            lot_key(
                MEMBER,
                site=SITE,
                product_class=CATHODE.product_class,
                batch_number=f"T{order}",
            )
            for order in range(size)
        ]
        leaves = [first if order == size - 1 else Leaf(fresh()) for order in range(size)]
        trees = [
            SumTree([(key, leaf, QUANTITIES)], len(COLUMNS))
            for key, leaf in zip(keys, leaves, strict=True)
        ]
        self.told = [_told(order, keys, leaves, trees, inputs[order]) for order in range(size)]
        self.part = LotPart(
            batch=self.told[-1].disclosed().batches[0],
            columns=COLUMNS,
            index=0,
            lot_key=LotKey(keys[-1]),
            statement_leaf=first,
            quantities=QUANTITIES,
            path=(),
        )


def _told(
    order: int,
    keys: Sequence[bytes],
    leaves: Sequence[Leaf],
    trees: Sequence[SumTree],
    inputs: Sequence[int],
) -> Told:
    made = Output(
        root=trees[order].root,
        size=1,
        columns=COLUMNS,
        sums=QUANTITIES,
        salt=fresh()[:16],
        reference_column=ColumnKey(NET),
        product_class=CATHODE.product_class,
        model=MB,
        attributed=False,
    )
    takes = tuple(
        Take(at, 0, LotKey(keys[source]), leaves[source], QUANTITIES, 0, 1, 0)
        for at, source in enumerate(inputs)
    )
    sources = tuple(Source(_header(source, trees[source], None), COLUMNS) for source in inputs)
    kind = LotBatchKind.TRANSFORM if inputs else LotBatchKind.ORIGIN
    run = replace(_EMPTY, sources=sources, takes=takes, outputs=(made,), salt_seed=fresh())
    header = _header(order, trees[order], made)
    header = replace(header, kind=kind, cause=cause_digest(run, kind))
    return Told(run, kind, (header,), ((),) * len(inputs))


def _header(order: int, tree: SumTree, made: Output | None) -> BatchHeader:
    return BatchHeader(
        version=HEADER_VERSION,
        kind=LotBatchKind.TRANSFORM,
        issuer=MEMBER,
        sequence=order + 1,
        by=BY,
        root=tree.root,
        size=1,
        totals=Digest(bytes(32)) if made is None else output_totals(made),
        reference_column=ColumnKey(NET),
        site=SITE,
        origin_site=SITE,
        product_class=CATHODE.product_class,
        produced_from_s=UnixSeconds(NOW - 100),
        produced_to_s=NOW,
        model=MB,
        flags=HeaderFlag(0),
        allocation_rule=0,
        anchored_at_s=UnixSeconds(NOW + order),
        cause=Digest(bytes(32)),
    )


_EMPTY = Run(
    site=SiteId(SITE),
    produced_from_s=UnixSeconds(NOW - 100),
    produced_to_s=NOW,
    allocation_rule=0,
    columns=COLUMNS,
    sources=(),
    takes=(),
    first_measured=(),
    reductions=(),
    draws=(),
    losses=(),
    emissions=(),
    covers=(),
    outputs=(),
    source=bytes(32),
    recycled=False,
    salt_seed=bytes(32),
)


def made_up(size: int, inputs: Sequence[Sequence[int]]) -> Disclosure:
    """A disclosure of such runs on a chain that says it has all of them."""
    content: Any = certificate(f"T{size - 1}", "copper-cathode", HELD)
    token = token_of(content)
    built = Tower(size, inputs, token_leaf(token))
    commitment = Digest(lot_commitment(opened_lot(built.part)))
    base = rod_chain()
    return Disclosure(
        token=token,
        told=tuple(built.told),
        part=built.part,
        record=replace(base.record, commitment=commitment),
        classes=(CATHODE,),
        rules=(),
    )


def tower(depth: int) -> Disclosure:
    """Each run took from the one before."""
    return made_up(depth, [[] if order == 0 else [order - 1] for order in range(depth)])
