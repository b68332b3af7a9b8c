"""Figures of verification beside a bare libsecp256k1 check, measured in turns in one run."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

import coincurve
from coincurve._libsecp256k1 import ffi, lib
from scripts.bench_parts.core import least

from tests.support.certified_lot import (
    TRUST,
    honest_case,
    passport_token,
)
from tests.support.disclosed_copper import copper_chain
from veta.model.consortium import KeyAlgorithm
from veta.statement.algorithms import check_signature
from veta.statement.jws import leaf_of, unseal
from veta.trees import MerkleTree
from veta.verify.claim import ClaimChecker
from veta.verify.policy import LOT_STEPS, Authentication, Policy
from veta.verify.verifier import Verifier


def all_figures() -> dict[str, dict[str, float | int]]:
    """Every figure of this module under its name."""
    return {
        "claim_at_2_20": claim(2**20),
        "full_report": full_report(),
        "twelve_steps": twelve_steps(),
    }


def claim(size: int, rounds: int = 15) -> dict[str, float | int]:
    """One claim from its token: signature, inclusion at ``size``, anchor and key facts."""
    token = passport_token(1001)
    source = random.Random(3)
    leaves = [leaf_of(unseal(token).payload), *(source.randbytes(32) for _ in range(size - 1))]
    tree = MerkleTree(leaves)
    proof = tree.inclusion(0)
    facts = honest_case(index=0, tokens=[token]).with_anchor(root=tree.root, size=size).facts
    signed = ClaimChecker(TRUST, facts)
    anchored = ClaimChecker(TRUST, facts, Authentication.ANCHOR)
    bare = raw_verify()
    by_signature, floor = least(lambda: signed.check(token, proof), bare, rounds=rounds, times=300)
    by_anchor, floor_2 = least(lambda: anchored.check(token, proof), bare, rounds=rounds, times=300)
    return {
        "token_octets": len(token),
        "payload_octets": len(unseal(token).payload),
        "raw_verify_us": round(floor * 1e6, 2),
        "by_signature_us": round(by_signature * 1e6, 2),
        "by_signature_ratio": round(by_signature / floor, 3),
        "by_signature_limit": 1.6,
        "by_anchor_us": round(by_anchor * 1e6, 2),
        "by_anchor_ratio": round(by_anchor / floor_2, 3),
        "by_anchor_limit": 0.5,
    }


def full_report(rounds: int = 7) -> dict[str, float | int]:
    """All steps with schema rules and a report, from token to verdict."""
    case = honest_case()
    verifier = Verifier(TRUST)
    took, floor = least(
        lambda: verifier.verify(case.bundle, case.facts), raw_verify(), rounds=rounds, times=100
    )
    return {"report_us": round(took * 1e6, 1), "ratio": round(took / floor, 2)}


def twelve_steps(rounds: int = 7) -> dict[str, float | int]:
    """The reference chain's cathode with every run behind it, facts at hand, and what that costs.

    The same bundle without its runs, and without its lot, tells what the steps cost apart.
    """
    case = copper_chain("cathode").case()
    verifier = Verifier(TRUST, Policy(required=Policy().required | LOT_STEPS))
    alone = replace(case.bundle, lot=None, runs=())
    unfounded = replace(case.bundle, runs=())
    bare = raw_verify()
    took = {}
    for name, bundle in (("all", case.bundle), ("no_runs", unfounded), ("no_lot", alone)):
        judge = partial(verifier.verify, bundle, case.facts)
        took[name] = least(judge, bare, rounds=rounds, times=20)
    ratios = {name: seconds / floor for name, (seconds, floor) in took.items()}
    return {
        "runs": len(case.bundle.runs),
        "report_us": round(took["all"][0] * 1e6, 1),
        "ratio": round(ratios["all"], 2),
        "steps_1_to_7_ratio": round(ratios["no_lot"], 2),
        "step_8_ratio": round(ratios["no_runs"] - ratios["no_lot"], 2),
        "steps_9_to_12_ratio": round(ratios["all"] - ratios["no_runs"], 2),
    }


def raw_verify() -> Callable[[], Any]:
    """A bare ``secp256k1_ecdsa_verify`` of a parsed signature by a parsed key."""
    key = coincurve.PrivateKey(sha256(b"bench").digest())
    digest = sha256(b"message").digest()
    compact = key.sign_recoverable(digest, hasher=None)[:64]
    context = key.context.ctx
    signature = ffi.new("secp256k1_ecdsa_signature *")
    assert lib.secp256k1_ecdsa_signature_parse_compact(context, signature, compact)
    public = key.public_key.public_key
    octets = key.public_key.format(compressed=False)[1:]
    check_signature(KeyAlgorithm.ES256K, octets, b"message", compact)  # the same key and signature

    def bare() -> None:
        assert lib.secp256k1_ecdsa_verify(context, signature, digest, public)

    return bare
