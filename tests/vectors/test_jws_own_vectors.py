"""docs/spec/vectors/statements.json: by this implementation, and by others where there are any."""

from __future__ import annotations

import json
import shutil
import subprocess
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from Crypto.Hash import keccak
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey

from tests.conftest import PROJECT
from veta import canonical
from veta.errors import InputError, VerificationError
from veta.model.consortium import KeyAlgorithm
from veta.statement import base64url
from veta.statement.algorithms import check_signature
from veta.statement.instants import read_end, read_instant
from veta.statement.jws import check_seal, read_statement, unseal
from veta.statement.passport import lot_identifier
from veta.statement.rules import find_faults

VECTORS = json.loads((PROJECT / "docs/spec/vectors/statements.json").read_text(encoding="utf-8"))
KEYS = {key["alg"]: key for key in VECTORS["keys"]}
ALGORITHMS = {"ES256K": KeyAlgorithm.ES256K, "EdDSA": KeyAlgorithm.EDDSA}


def public_key(name: str) -> bytes:
    return bytes.fromhex(KEYS[name]["public_key"])


def read_and_check(token: bytes) -> None:
    check_seal(read_statement(token).sealed, KeyAlgorithm.ES256K, public_key("ES256K"))


def secp256k1_jwk() -> ECKey:
    key = public_key("ES256K")
    return ECKey.import_key(
        {
            "kty": "EC",
            "crv": "secp256k1",
            "x": base64url.encode(key[:32]).decode(),
            "y": base64url.encode(key[32:]).decode(),
        }
    )


def test_keys__key_id__by_another_keccak() -> None:
    for key in VECTORS["keys"]:
        digest = keccak.new(digest_bits=256, data=bytes.fromhex(key["public_key"]))
        assert digest.hexdigest() == key["key_id"]


def test_statements__ours__read_checked_and_good() -> None:
    assert len(VECTORS["statements"]) == 8
    for vector in VECTORS["statements"]:
        statement = read_statement(vector["token"].encode())
        check_seal(statement.sealed, ALGORITHMS[vector["alg"]], public_key(vector["alg"]))
        assert find_faults(statement.credential) == ()
        assert statement.payload.hex() == vector["payload"]
        assert statement.leaf.hex() == vector["leaf"]
        assert canonical.is_canonical(statement.payload)


@pytest.mark.row("T21")
def test_statements__other_implementations__same_payload_leaf_and_canonical_form() -> None:
    for vector in VECTORS["statements"]:
        payload = bytes.fromhex(vector["payload"])
        assert sha256(b"\x00" + payload).hexdigest() == vector["leaf"]
        assert rfc8785.dumps(json.loads(payload)) == payload
        if vector["alg"] == "ES256K":
            read = joserfc_jws.deserialize_compact(
                vector["token"], secp256k1_jwk(), algorithms=["ES256K"]
            )
            assert read.payload == payload
        else:
            signing_input, _, signature = vector["token"].encode().rpartition(b".")
            Ed25519PublicKey.from_public_bytes(public_key("EdDSA")).verify(
                base64url.decode(signature), signing_input
            )


@pytest.mark.row("T13", "T21")
def test_vectors__run_by_javascript__same_leaves_payloads_and_refusals() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js: the second implementation cannot run")
    script = PROJECT / "tests/vectors/jws_second_implementation.mjs"
    vectors = PROJECT / "docs/spec/vectors/statements.json"
    run = subprocess.run([node, script, vectors], capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    assert found["refused"] == [vector["code"] for vector in VECTORS["refused"]]
    assert found["statements"] == [
        {"payload": vector["payload"], "leaf": vector["leaf"]} for vector in VECTORS["statements"]
    ]


def test_footprints__digest__by_another_canonicaliser() -> None:
    for vector in VECTORS["footprints"]:
        octets = bytes.fromhex(vector["canonical"])
        assert rfc8785.dumps(json.loads(octets)) == octets
        multihash = base64url.decode(vector["digest_multibase"][1:].encode())
        assert multihash == b"\x12\x20" + sha256(octets).digest()
        passports = [v for v in VECTORS["statements"] if v["lot_number"] == vector["lot_number"]]
        for passport in passports:
            assert vector["digest_multibase"].encode() in bytes.fromhex(passport["payload"])


@pytest.mark.row("T13")
@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["code"])
def test_refused__each_token__by_its_code(vector: dict[str, Any]) -> None:
    with pytest.raises((InputError, VerificationError)) as refused:
        read_and_check(vector["token"].encode())
    assert refused.value.code == vector["code"]


def test_refused__taken_by_a_lenient_reader__so_the_refusal_is_ours() -> None:
    """The high-s token is good ECDSA: another implementation takes it."""
    vector = next(v for v in VECTORS["refused"] if v["code"] == "signature.high_s")
    read = joserfc_jws.deserialize_compact(vector["token"], secp256k1_jwk(), algorithms=["ES256K"])
    assert read.payload == unseal(vector["token"].encode()).payload


def test_base64url__each_odd_spelling__refused() -> None:
    for text in VECTORS["base64url_refused"]:
        with pytest.raises(InputError):
            base64url.decode(text.encode())


def test_times_and_identifiers__each__as_written_down() -> None:
    for vector in VECTORS["instants"]:
        assert read_instant(vector["text"]) == vector["unix_s"]
    for vector in VECTORS["ends"]:
        offset = vector["document_offset_s"]
        assert read_end(vector["text"], document_offset_s=offset) == vector["unix_s"]
    for vector in VECTORS["lot_identifiers"]:
        assert lot_identifier(vector["issuer"], vector["lot_number"]) == vector["id"]


def test_check_signature__keys_of_the_vectors__not_interchangeable() -> None:
    token = unseal(VECTORS["statements"][0]["token"].encode())
    with pytest.raises((InputError, VerificationError)):
        check_signature(
            KeyAlgorithm.EDDSA, public_key("EdDSA"), token.signing_input, token.signature
        )
