"""Figures of the sum trees of lots, each beside its floor in the same run; 5 columns throughout.

A ratio is thing over floor. Of a whole batch there are two: the nodes alone beside a plain tree,
which is handed its leaf digests ready, and all from lots to root beside a plain tree that has to
make its leaf digests too.
"""

from __future__ import annotations

import gc
import hashlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable

from scripts.bench_parts.core import least

from veta.model.lot_tree import LotInclusion, LotLeaf
from veta.sum_trees import SumTree, head_from_path, sum_node, verify_lot_inclusion
from veta.sum_trees.tree import tree_levels
from veta.trees import MerkleTree, leaf_digest

COLUMNS = 5
_MEMORY_PROGRAM = """
import json, random, re, sys, tracemalloc
from pathlib import Path
from veta.sum_trees import SumTree
count, columns = int(sys.argv[1]), int(sys.argv[2])
def lots():  # made on the way: nothing is kept but the tree
    source = random.Random(1)
    for _ in range(count):
        row = tuple(source.randrange(2**30) for _ in range(columns))
        yield source.randbytes(32), source.randbytes(32), row
def peak():  # of this program alone; what getrusage says survives an exec
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1]) * 1024
before = peak()
tree = SumTree(lots(), columns)
after = peak()
del tree
tracemalloc.start()
tree = SumTree(lots(), columns)
kept, most = tracemalloc.get_traced_memory()
print(json.dumps({"rss_rise": after - before, "kept": kept, "most": most}))
"""


def all_figures() -> dict[str, dict[str, float | int]]:
    """Every figure of this module under its name."""
    return {
        "sum_tree_of_a_million": sum_tree_build(1_000_000),
        "sum_tree_of_a_million_memory": sum_tree_memory(1_000_000),
        "lot_inclusion_at_a_million": lot_inclusion(1_000_000),
    }


def sum_tree_build(lot_count: int, rounds: int = 3) -> dict[str, float | int]:
    """Build a sum tree; floors: plain trees of the same size, their leaf digests given or made.

    Seconds are of processor time: one build takes long enough to be interrupted by others.
    """
    source = random.Random(1)
    entries = [source.randbytes(64) for _ in range(lot_count)]
    keys, statements = [entry[:32] for entry in entries], [entry[32:] for entry in entries]
    rows = [tuple(source.randrange(2**30) for _ in range(COLUMNS)) for _ in range(lot_count)]
    gc.freeze()

    def nodes_alone() -> float:
        levels = tree_levels(zip(keys, statements, rows, strict=True), COLUMNS)
        kept = [next(levels)]
        started = time.process_time()
        kept.extend(levels)
        return time.process_time() - started

    calls: dict[str, Callable[[], object]] = {
        "build_s": lambda: SumTree(zip(keys, statements, rows, strict=True), COLUMNS),
        "plain_tree_s": lambda: MerkleTree(statements),
        "plain_tree_with_leaf_digests_s": lambda: MerkleTree([leaf_digest(e) for e in entries]),
    }
    best = dict.fromkeys([*calls, "nodes_alone_s"], float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.process_time()
            call()
            best[name] = min(best[name], time.process_time() - started)
        best["nodes_alone_s"] = min(best["nodes_alone_s"], nodes_alone())
    gc.unfreeze()
    made = best["plain_tree_with_leaf_digests_s"]
    return {
        "lots": lot_count,
        "columns": COLUMNS,
        **{name: round(value, 3) for name, value in best.items()},
        "nodes_ratio_to_plain_tree": round(best["nodes_alone_s"] / best["plain_tree_s"], 3),
        "ratio_to_plain_tree_with_leaf_digests": round(best["build_s"] / made, 3),
        "ratio_to_plain_tree": round(best["build_s"] / best["plain_tree_s"], 3),
    }


def sum_tree_memory(lot_count: int) -> dict[str, float | int]:
    """Memory of a sum tree and of building it from lots that are made on the way."""
    run = subprocess.run(
        [sys.executable, "-c", _MEMORY_PROGRAM, str(lot_count), str(COLUMNS)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(run.stdout)
    mebi = 2**20
    return {
        "lots": lot_count,
        "columns": COLUMNS,
        "tree_octets_a_lot": round(found["kept"] / lot_count, 1),
        "tree_mib": round(found["kept"] / mebi, 1),
        "building_peak_mib": round(found["most"] / mebi, 1),
        "building_rss_rise_mib": round(found["rss_rise"] / mebi, 1),
    }


def lot_inclusion(size: int, rounds: int = 15) -> dict[str, float | int]:
    """Verify one lot of a batch; floor: the hashes alone, each over as many octets."""
    source = random.Random(2)

    def row() -> tuple[int, ...]:
        return tuple(source.randrange(2**30) for _ in range(COLUMNS))

    # A third of the way in, a path has a sibling on every level, on either side.
    height, index = (size - 1).bit_length(), size // 3
    path = tuple(sum_node(source.randbytes(32), row()) for _ in range(height))
    lot, proof = (
        LotLeaf(source.randbytes(32), source.randbytes(32), row()),
        LotInclusion(index, path),
    )
    head = head_from_path(lot, proof, size)
    entry, pair = bytes(65 + 8 * COLUMNS), bytes(1 + 2 * (32 + 8 * COLUMNS))

    def bare() -> None:
        digest = hashlib.sha256
        digest(entry).digest()
        for _ in range(height):
            digest(pair).digest()

    took, floor = least(
        lambda: verify_lot_inclusion(lot, proof, head), bare, rounds=rounds, times=1000
    )
    return {
        "size": size,
        "columns": COLUMNS,
        "proof_octets": sum(map(len, path)),
        "verify_us": round(took * 1e6, 2),
        "bare_sha256_us": round(floor * 1e6, 2),
        "ratio": round(took / floor, 3),
    }


if __name__ == "__main__":
    json.dump(all_figures(), sys.stdout, indent=1)
    print()
