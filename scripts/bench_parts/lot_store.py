"""Figures of lots in the store, each beside its floor in the same run; plain dicts.

Lineage: a random history of 30 layers of 33,333 lots, each of 2 to 16 of the layer before,
followed into a store of its own as far as the lot that is asked: it has about 5,500 ancestors.
Floor: scipy's breadth-first search over all of the edges in memory. It answers which lots went
into one, and so is held against that question (``lots_behind``); how much of the metal passed
through each, in exact shares, is another one, whose time stands beside it. Times are of the
processor: a search is shorter than the turn that another process gets. Opening: one lot of a
batch of a million of the member's own; floor: the hashes of its path.
"""

from __future__ import annotations

import hashlib
import random
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from veta.custody.encoding import lot_id
from veta.model.anchoring import BlockRef
from veta.model.columns import MassBasis, co2e_key, mass_key, metal_key
from veta.model.identifiers import (
    AccountAddress,
    BlockNumber,
    Digest,
    Leaf,
    MemberId,
    TransactionId,
    UnixSeconds,
)
from veta.model.lot_events import LotBatch, LotEventBody, LotOpened, LotRun
from veta.model.lot_tree import LotKey, LotRoot
from veta.model.lots import (
    BatchHeader,
    CustodyModel,
    HeaderFlag,
    LotBatchKind,
    LotId,
    ProductClassId,
    SiteId,
    TakeRecord,
)
from veta.ports.ledger import Call
from veta.ports.lot_store import LotCall, LotVerb, OwnLotBatch
from veta.ports.store import FollowedBlock, FollowedBody, Store, StoreIdentity
from veta.services.lineage import LineageDesk
from veta.services.lot_reading import OpeningDesk
from veta.store.sql_store import SqlStore, open_store
from veta.sum_trees import SumTree, page_nodes

LAYERS, WIDTH = 15, 2_000
MANY_LAYERS, MANY_WIDTH = 30, 33_333
"""A million lots, as in the figures of lineage in memory."""
ANCESTORS = 5_500
ROUNDS = 9
MILLION = 1_000_000
ME = MemberId(1)
NET, CU, CO2E = mass_key(MassBasis.NET), metal_key(29), co2e_key(1)
COLUMNS = tuple(sorted((NET, CU, CO2E)))
HELD = tuple({NET: 1_000_000, CU: 500_000, CO2E: 3_000_000}[key] for key in COLUMNS)
TAKEN = 1_000


def all_figures() -> dict[str, dict[str, float | int]]:
    """Every figure of this module under its name."""
    return {"lineage_from_the_store": lineage(), "opening_one_of_a_million": opening(MILLION)}


# --- lineage -------------------------------------------------------------------------------------


def lineage() -> dict[str, float | int]:
    """Where a lot's metal came from, asked of the store; floor: a search in memory."""
    edges = history(MANY_LAYERS, MANY_WIDTH)
    lot = asked(edges)
    told_of = edges[: lot - lot % 100 + 100]
    wanted = len(ancestors(edges, lot))
    with stored(ME) as store:
        started = time.perf_counter()
        follow(store, told_of)
        followed = time.perf_counter() - started
        desk = LineageDesk(store)
        found = desk.ancestry(name(lot), 29)
        assert len(found.lots) == wanted
        assert desk.lots_behind(name(lot)) == found.lots.keys()
        search = searching(edges, lot)
        took, floor = turns(lambda: desk.lots_behind(name(lot)), search)
        shares, floor_beside_shares = turns(lambda: desk.ancestry(name(lot), 29), search)
    return {
        "lots": len(edges),
        "lots_in_the_store": len(told_of),
        "ancestors": wanted,
        "takes": found.edges,
        "stored_s": round(followed, 1),
        "ms": round(took * 1e3, 2),
        "floor_ms": round(floor * 1e3, 3),
        "ratio": round(took / floor, 1),
        "limit": 25,
        "exact_shares_ms": round(shares * 1e3, 1),
        "exact_shares_ratio": round(shares / floor_beside_shares, 1),
    }


def history(layers: int = LAYERS, width: int = WIDTH) -> list[list[int]]:
    """Which lots each was made of."""
    source = random.Random(1)
    edges: list[list[int]] = []
    for lot in range(layers * width):
        below = (lot // width - 1) * width
        count = 0 if below < 0 else min(16, 2 + int(source.expovariate(0.52)))
        edges.append(sorted({below + source.randrange(width) for _ in range(count)}))
    return edges


def ancestors(edges: list[list[int]], lot: int) -> set[int]:
    """All of a lot's."""
    seen: set[int] = set()
    waiting = [lot]
    while waiting:
        for each in edges[waiting.pop()]:
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return seen


def asked(edges: list[list[int]]) -> int:
    """A lot with about as many ancestors as are wanted."""
    candidates = [layer * MANY_WIDTH + offset for layer in range(6, 10) for offset in range(6)]
    return min(candidates, key=lambda lot: abs(len(ancestors(edges, lot)) - ANCESTORS))


def searching(edges: list[list[int]], lot: int) -> Callable[[], object]:
    """Scipy's search, ready to be called."""
    import numpy as np
    from scipy import sparse
    from scipy.sparse.csgraph import breadth_first_order

    starts = np.cumsum([0, *map(len, edges)], dtype=np.int32)
    columns = np.array([each for row in edges for each in row], dtype=np.int32)
    shape = (len(edges), len(edges))
    matrix = sparse.csr_matrix((np.ones(len(columns)), columns, starts), shape=shape)
    return lambda: breadth_first_order(matrix, lot, return_predecessors=False)


def name(lot: int) -> LotId:
    """Id of a lot of the history."""
    return lot_id(ME, key_of(lot))


def key_of(lot: int) -> LotKey:
    """Key of a lot of the history."""
    return LotKey(hashlib.sha256(b"%d" % lot).digest())


def follow(store: Store, edges: list[list[int]]) -> None:
    """The history, a hundred lots a block, as a follower would append it."""
    taken: dict[int, int] = {}
    parent = Digest(bytes(32))
    for number in range(len(edges) // 100):
        digest = Digest(hashlib.sha256(b"block %d" % number).digest())
        ref = BlockRef(BlockNumber(number), digest, parent, UnixSeconds(1_800_000_000 + number))
        parent = digest
        said = [
            body
            for lot in range(100 * number, 100 * number + 100)
            for body in told(lot, edges[lot], taken)
        ]
        bodies = tuple(
            FollowedBody(ref.number, at, TransactionId(digest), body)
            for at, body in enumerate(said)
        )
        with store.write() as work:
            work.append_blocks([FollowedBlock(ref, bodies, {})])


def told(lot: int, sources: list[int], taken: dict[int, int]) -> Iterator[LotEventBody]:
    """A batch of one lot, its run, its opening."""
    cause = Digest(hashlib.sha256(b"cause %d" % lot).digest())
    root = LotRoot(hashlib.sha256(b"root %d" % lot).digest())
    kind = LotBatchKind.TRANSFORM if sources else LotBatchKind.ORIGIN
    header = BatchHeader(
        version=1, kind=kind, issuer=ME, sequence=lot + 1, by=AccountAddress(b"\x01" * 20),
        root=root, size=1, totals=cause, reference_column=NET, site=SiteId(1 + lot % 7),
        origin_site=SiteId(0), product_class=ProductClassId(1), produced_from_s=UnixSeconds(1),
        produced_to_s=UnixSeconds(2), model=CustodyModel.MASS_BALANCE, flags=HeaderFlag(0),
        allocation_rule=0, anchored_at_s=UnixSeconds(3), cause=cause,
    )  # fmt: skip
    yield LotBatch(header, COLUMNS, HELD, bytes(16))
    records = []
    for each in sources:
        gone = taken.get(each, 0)
        records.append(TakeRecord(name(each), gone, TAKEN))
        taken[each] = gone + TAKEN
    yield LotRun(ME, cause, kind, Digest(bytes(32)), tuple(records), (), (), (), (), ())
    yield LotOpened(name(lot), ME, root, 0, key_of(lot), Leaf(cause), COLUMNS, HELD)


# --- opening -------------------------------------------------------------------------------------


def opening(count: int) -> dict[str, float | int]:
    """What opens one lot of a big batch; floor: the hashes of its path alone."""
    source = random.Random(2)
    entries = [source.randbytes(64) for _ in range(count)]
    rows = [tuple(source.randrange(2**30) for _ in COLUMNS) for _ in range(count)]
    lots = ((each[:32], each[32:], row) for each, row in zip(entries, rows, strict=True))
    tree = SumTree(lots, len(COLUMNS))
    batch = OwnLotBatch(
        issuer=ME, root=tree.root, output=0, product_class=ProductClassId(1), columns=COLUMNS,
        salt=bytes(16), leaves=b"".join(entries),
        quantities=b"".join(struct.pack(f">{len(COLUMNS)}Q", *row) for row in rows),
        lots=tuple(lot_id(ME, each[:32]) for each in entries), nodes=page_nodes(tree),
    )  # fmt: skip
    call = LotCall(
        LotVerb.RUN, ME, Digest(b"\x01" * 32), Call(AccountAddress(bytes(20)), b"", 1, "run"), 1,
        tree.root,
    )  # fmt: skip
    with stored(ME) as store:
        started = time.perf_counter()
        ref = BlockRef(BlockNumber(0), Digest(b"\x02" * 32), Digest(bytes(32)), UnixSeconds(1))
        *_, header = (body for body in told(0, [], {}) if isinstance(body, LotBatch))
        issued = LotBatch(_under(header.header, tree), COLUMNS, tree.totals, bytes(16))
        with store.write() as work:
            work.add_lot_call(call, [batch])
            body = FollowedBody(ref.number, 0, TransactionId(b"\x03" * 32), issued)
            work.append_blocks([FollowedBlock(ref, (body,), {})])
        kept = time.perf_counter() - started
        chosen = iter(source.choices(batch.lots, k=100))
        pair = bytes(1 + 2 * (32 + 8 * len(COLUMNS)))

        def bare() -> None:
            for _ in range((count - 1).bit_length()):
                hashlib.sha256(pair).digest()

        took, floor = turns(lambda: OpeningDesk(store).opening(next(chosen)), bare)
    return {
        "lots": count,
        "stored_s": round(kept, 1),
        "ms": round(took * 1e3, 2),
        "floor_ms": round(floor * 1e3, 4),
    }


def _under(header: BatchHeader, tree: SumTree) -> BatchHeader:
    from dataclasses import replace

    return replace(header, root=tree.root, size=tree.size)


# --- both ----------------------------------------------------------------------------------------


@contextmanager
def stored(member: MemberId | None) -> Iterator[SqlStore]:
    """A new store on disk."""
    identity = StoreIdentity(
        chain_id=1, genesis_digest=Digest(bytes(32)), contracts={}, member=member
    )
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "bench.db", identity, create=True)
        yield store
        store.close()


def turns(thing: Callable[[], object], floor: Callable[[], object]) -> tuple[float, float]:
    """Least time of each on the processor, in seconds, measured by turns."""
    least = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        for at, work in enumerate((thing, floor)):
            started = time.process_time()
            work()
            least[at] = min(least[at], time.process_time() - started)
    return least[0], least[1]
