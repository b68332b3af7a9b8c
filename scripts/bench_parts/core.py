"""Figures of the pure core, each beside its floor measured in the same run; plain dicts.

Times are the least of several rounds, in which the thing and its floor take turns: what else the
machine does then disturbs both alike. A ratio is thing over floor.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import coincurve
import orjson

from veta import canonical, trees
from veta.model.bundle import InclusionProof

_MEMORY_PROGRAM = """
import json, random, re, sys, tracemalloc
from pathlib import Path
from veta.trees import MerkleTree
count = int(sys.argv[1])
source = random.Random(1)
leaves = [source.randbytes(32) for _ in range(count)]
def peak():  # of this program alone; what getrusage says survives an exec
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1]) * 1024
before = peak()
tree = MerkleTree(leaves)
after = peak()
del tree
tracemalloc.start()
tree = MerkleTree(leaves)
kept, most = tracemalloc.get_traced_memory()
print(json.dumps({"rss_rise": after - before, "rss_peak": after, "kept": kept, "most": most}))
"""


def all_figures() -> dict[str, dict[str, float | int]]:
    """Every figure of this module under its name."""
    return {
        "tree_of_a_million": tree_build(1_000_000),
        "tree_of_a_million_memory": tree_memory(1_000_000),
        "inclusion_at_2_20": inclusion(2**20),
        "canonical_write": canonical_write(),
        "canonical_read": canonical_read(),
    }


def tree_build(leaf_count: int, rounds: int = 3) -> dict[str, float | int]:
    """Build a tree of all levels; floor: its node digests alone, SHA-256 over 65 octets each."""
    source = random.Random(1)
    leaves = [source.randbytes(32) for _ in range(leaf_count)]
    node = b"\x01" + source.randbytes(64)

    def bare() -> None:
        digest = hashlib.sha256
        for _ in range(leaf_count - 1):
            digest(node).digest()

    took, floor = least(lambda: trees.MerkleTree(leaves), bare, rounds=rounds, times=1)
    return {
        "leaves": leaf_count,
        "build_s": round(took, 4),
        "bare_sha256_s": round(floor, 4),
        "ratio": round(took / floor, 3),
    }


def tree_memory(leaf_count: int) -> dict[str, float | int]:
    """Memory of a tree and of building it, beyond the list of leaves it is built from."""
    run = subprocess.run(
        [sys.executable, "-c", _MEMORY_PROGRAM, str(leaf_count)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(run.stdout)
    mebi = 2**20
    return {
        "leaves": leaf_count,
        "tree_mib": round(found["kept"] / mebi, 1),
        "building_peak_mib": round(found["most"] / mebi, 1),
        "building_rss_rise_mib": round(found["rss_rise"] / mebi, 1),
        "process_peak_mib": round(found["rss_peak"] / mebi, 1),
    }


def inclusion(size: int, rounds: int = 15) -> dict[str, float | int]:
    """Recompute the root from a path; floor: as many SHA-256 over 65 octets."""
    source = random.Random(2)
    height = (size - 1).bit_length()
    path = tuple(source.randbytes(32) for _ in range(height))
    proof = InclusionProof(source.randrange(size), size, path)
    leaf, node = source.randbytes(32), b"\x01" + source.randbytes(64)

    def bare() -> None:
        digest = hashlib.sha256
        for _ in range(height):
            digest(node).digest()

    took, floor = least(lambda: trees.root_from_path(leaf, proof), bare, rounds=rounds, times=2000)
    return {
        "size": size,
        "verify_us": round(took * 1e6, 2),
        "bare_sha256_us": round(floor * 1e6, 2),
        "ratio": round(took / floor, 3),
    }


def canonical_write(rounds: int = 15) -> dict[str, float | int]:
    """Write a lot passport; beside it a raw secp256k1 signature, and orjson on the same text."""
    document = credential()
    octets = canonical.write(document)
    plain = orjson.loads(octets)
    key, digest = coincurve.PrivateKey(b"\x07" * 32), hashlib.sha256(octets).digest()
    took, sign = least(
        lambda: canonical.write(document),
        lambda: key.sign(digest, hasher=None),
        rounds=rounds,
        times=1000,
    )
    _, bare = least(
        lambda: None,
        lambda: orjson.dumps(plain, option=orjson.OPT_SORT_KEYS),
        rounds=rounds,
        times=1000,
    )
    return {
        "octets": len(octets),
        "fields": _field_count(document),
        "write_us": round(took * 1e6, 2),
        "raw_sign_us": round(sign * 1e6, 2),
        "orjson_dumps_us": round(bare * 1e6, 2),
        "ratio_to_raw_sign": round(took / sign, 3),
        "ratio_to_orjson": round(took / bare, 3),
    }


def canonical_read(rounds: int = 15) -> dict[str, float | int]:
    """Read the passport strictly; floor: the standard parser, which checks nothing."""
    octets = canonical.write(credential())
    took, floor = least(
        lambda: canonical.read(octets), lambda: json.loads(octets), rounds=rounds, times=500
    )
    return {
        "octets": len(octets),
        "read_us": round(took * 1e6, 2),
        "json_loads_us": round(floor * 1e6, 2),
        "ratio": round(took / floor, 3),
    }


def credential() -> dict[str, Any]:
    """A lot passport of usual size: about 2 kB, some 70 fields, a name beyond ASCII."""
    claims = [
        {
            "type": ["Claim", "Declaration"],
            "id": f"urn:uuid:0f9c6f0e-5a64-4f0d-9d5e-00000000000{index}",
            "name": name,
            "conformityTopic": topic,
            "declaredValue": {"value": value, "unit": unit},
            "referenceStandard": {"name": "IRMA 2.0", "issuingParty": "did:web:irma.example"},
        }
        for index, (name, topic, value, unit) in enumerate(
            (
                ("Greenhouse gas intensity", "environment.emissions", 3031, "KGM"),
                ("Water use", "environment.water", Decimal("41.7"), "MTQ"),
                ("Renewable electricity", "environment.energy", Decimal("0.873"), "P1"),
            )
        )
    ]
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://vocabulary.uncefact.org/untp/0.7.0/context/",
        ],
        "type": ["DigitalProductPassport", "VerifiableCredential"],
        "id": "urn:uuid:7d0c4f3e-3f0b-4b56-8f4c-2d0c6d1e9a10",
        "issuer": {
            "type": ["CredentialIssuer"],
            "id": "did:web:mina-aurora.example",
            "name": "Mina Aurora, Región de Ñuble",
        },
        "validFrom": "2026-03-02T00:00:00Z",
        "validUntil": "2031-03-02T00:00:00Z",
        "blind": "5d41402abc4b2a76b9719d911017c592",
        "credentialSubject": {
            "type": ["Product"],
            "id": "did:web:mina-aurora.example:lot:AUR-CON-26-0311",
            "name": "Copper concentrate",
            "batchNumber": "AUR-CON-26-0311",
            "granularityLevel": "batch",
            "productionDate": "2026-02-27",
            "countryOfProduction": {"countryCode": "CL", "countryName": "Chile"},
            "producedAtFacility": {"id": "did:web:mina-aurora.example:site:1", "name": "Aurora"},
            "dimensions": {"weight": {"value": Decimal("2013.5"), "unit": "TNE"}},
            "materialProvenance": [
                {
                    "name": "Copper",
                    "originCountry": {"countryCode": "CL"},
                    "massFraction": Decimal("0.2815"),
                    "mass": {"value": Decimal("566.8"), "unit": "TNE"},
                    "recycledMassFraction": 0,
                    "hazardous": False,
                }
            ],
            "emissionsScorecard": {
                "carbonFootprint": 3031,
                "declaredUnit": "KGM",
                "operationalScope": "CradleToGate",
                "primarySourcedRatio": Decimal("0.82"),
            },
            "conformityClaim": claims,
        },
    }


def _field_count(value: object) -> int:
    if isinstance(value, dict):
        return sum(map(_field_count, value.values()))
    return sum(map(_field_count, value)) if isinstance(value, list) else 1


def least(
    thing: Callable[[], object], floor: Callable[[], object], *, rounds: int, times: int
) -> tuple[float, float]:
    """Least seconds a call of both, measured in turns."""
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for which, call in enumerate((thing, floor)):
            started = time.perf_counter()
            for _ in range(times):
                call()
            best[which] = min(best[which], (time.perf_counter() - started) / times)
    return best[0], best[1]


if __name__ == "__main__":
    json.dump(all_figures(), sys.stdout, indent=1)
    print()
