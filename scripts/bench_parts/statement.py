"""Figures of statements, each beside libsecp256k1 alone in the same run; plain dicts.

Times are the least of several rounds, in which the thing and its floor take turns. A ratio is thing
over floor. The document is a cathode passport of the demo scenario.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import coincurve
from coincurve import _libsecp256k1
from coincurve.context import GLOBAL_CONTEXT
from scripts.bench_parts.core import credential

from veta import canonical
from veta.keys.signers import Es256kSigner
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import UnixSeconds
from veta.model.lot import Issuance
from veta.scenario.campaign import load_copper
from veta.statement.algorithms import check_signature
from veta.statement.jws import check_seal, read_statement, sign_statement, unseal
from veta.statement.passport import build_passport
from veta.statement.rules import find_faults

_SECRET = sha256(b"a key to measure with").digest()
_ISSUED = UnixSeconds(1_783_000_000)
_ffi, _lib = _libsecp256k1.ffi, _libsecp256k1.lib


def all_figures() -> dict[str, dict[str, float | int]]:
    """Every figure of this module under its name."""
    return {
        "sign_statement_of_a_cathode_lot": signing(_document()),
        "sign_statement_of_2_kB": signing(credential() | {"issuer": {"id": "did:web:a.example"}}),
        "read_and_check_statement": reading(),
    }


def signing(document: dict[str, Any], rounds: int = 15) -> dict[str, float | int]:
    """Canonical payload, envelope and signature; floor: signing a digest."""
    signer = Es256kSigner(_SECRET, check_each=False)
    checked = Es256kSigner(_SECRET, check_each=True)
    key, digest = coincurve.PrivateKey(_SECRET), sha256(b"").digest()
    took, floor = _least(
        lambda: sign_statement(document, signer),
        lambda: key.sign(digest, hasher=None),
        rounds=rounds,
    )
    with_check, _ = _least(lambda: sign_statement(document, checked), lambda: None, rounds=rounds)
    writing, _ = _least(lambda: canonical.write(document), lambda: None, rounds=rounds)
    building, _ = _least(_document_builder(), lambda: None, rounds=rounds)
    return {
        "token_octets": len(sign_statement(document, signer)),
        "sign_us": _us(took),
        "sign_with_own_check_us": _us(with_check),
        "of_which_canonical_us": _us(writing),
        "raw_sign_us": _us(floor),
        "build_passport_us": _us(building),
        "ratio": round(took / floor, 3),
        "limit": 2,
        "ratio_with_own_check": round(with_check / floor, 3),
    }


def reading(rounds: int = 15) -> dict[str, float | int]:
    """Read and check a token; floor: verifying one digest with a key and signature held parsed."""
    signer = Es256kSigner(_SECRET)
    token = sign_statement(_document(), signer)
    sealed = unseal(token)
    algorithm, public_key = KeyAlgorithm.ES256K, signer.public_key
    raw = _raw_verify(public_key, sealed.signing_input, sealed.signature)
    statement = read_statement(token)

    def envelope() -> None:
        check_seal(unseal(token), algorithm, public_key)

    def whole() -> None:
        read = read_statement(token)
        check_seal(read.sealed, algorithm, public_key)
        find_faults(read.credential)

    took, floor = _least(envelope, raw, rounds=rounds)
    in_full, _ = _least(whole, lambda: None, rounds=rounds)
    signature, _ = _least(
        lambda: check_signature(algorithm, public_key, sealed.signing_input, sealed.signature),
        lambda: None,
        rounds=rounds,
    )
    payload, _ = _least(lambda: read_statement(token), lambda: None, rounds=rounds)
    rules, _ = _least(lambda: find_faults(statement.credential), lambda: None, rounds=rounds)
    return {
        "unseal_leaf_and_check_us": _us(took),
        "check_signature_us": _us(signature),
        "read_statement_us": _us(payload),
        "rules_us": _us(rules),
        "read_check_and_rules_us": _us(in_full),
        "raw_verify_us": _us(floor),
        "ratio": round(took / floor, 3),
        "ratio_with_payload_and_rules": round(in_full / floor, 3),
    }


def _document() -> dict[str, Any]:
    return _document_builder()()


def _document_builder() -> Callable[[], dict[str, Any]]:
    lot = load_copper().lot("BSE-CAT-26-1001")
    issuance = Issuance("urn:uuid:00000000-0000-4000-8000-000000000000", _ISSUED, bytes(16))
    return lambda: build_passport(lot, issuance)


def _raw_verify(public_key: bytes, message: bytes, signature: bytes) -> Callable[[], None]:
    context = GLOBAL_CONTEXT.ctx
    key, parsed = _ffi.new("secp256k1_pubkey *"), _ffi.new("secp256k1_ecdsa_signature *")
    octets, digest = b"\x04" + public_key, sha256(message).digest()
    assert _lib.secp256k1_ec_pubkey_parse(context, key, octets, len(octets))
    assert _lib.secp256k1_ecdsa_signature_parse_compact(context, parsed, signature)

    def verify() -> None:
        assert _lib.secp256k1_ecdsa_verify(context, parsed, digest, key)

    return verify


def _us(seconds: float) -> float:
    return round(seconds * 1e6, 2)


def _least(
    thing: Callable[[], object], floor: Callable[[], object], *, rounds: int, times: int = 500
) -> tuple[float, float]:
    """Least seconds a call of both, taking turns."""
    least = [float("inf"), float("inf")]
    for _ in range(rounds):
        for position, call in enumerate((thing, floor)):
            began = time.perf_counter()
            for _ in range(times):
                call()
            least[position] = min(least[position], (time.perf_counter() - began) / times)
    return least[0], least[1]
