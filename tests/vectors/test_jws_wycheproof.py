"""Project Wycheproof: JSON Web Signatures and keys, as far as the profile of statements reaches."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.reference_data import reference_json
from veta.errors import InputError, VerificationError
from veta.model.consortium import KeyAlgorithm
from veta.statement import base64url
from veta.statement.algorithms import check_signature
from veta.statement.jws import read_statement

pytestmark = pytest.mark.reference

FOLDER = "standards/wycheproof/testvectors_v1"
CURVES = {"P-256": KeyAlgorithm.ES256, "secp256k1": KeyAlgorithm.ES256K}
NAMES = {KeyAlgorithm.ES256: "ES256", KeyAlgorithm.ES256K: "ES256K"}


# The corpus marks 367 and 370 invalid although they are, octet for octet, its own valid case 357;
# and 372 and 373 valid although they hold a "?", which RFC 7515 section 2 has no place for.
CONTRADICTED = {367: True, 370: True, 372: False, 373: False}


def cases(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for group in reference_json(f"{FOLDER}/{name}")["testGroups"]:
        for case in group["tests"]:
            yield group, case


def token_of(case: dict[str, Any]) -> bytes:
    jws = case["jws"]
    return (jws if isinstance(jws, str) else json.dumps(jws)).encode()


def elliptic_key(group: dict[str, Any]) -> tuple[KeyAlgorithm, bytes] | None:
    jwk = group.get("public") or group["private"]
    if jwk.get("kty") != "EC" or jwk.get("crv") not in CURVES:
        return None
    if jwk.get("use", "sig") != "sig" or "encrypt" in jwk.get("key_ops", []):
        return None  # registered keys have a purpose on chain; a JWK's own words are not read
    algorithm = CURVES[jwk["crv"]]
    x, y = (base64url.decode(jwk[name].encode()) for name in ("x", "y"))
    return algorithm, x + y


def is_accepted(token: bytes, algorithm: KeyAlgorithm, public_key: bytes) -> bool:
    """The parts of the profile that any compact JWS shares, under one known key."""
    segments = token.split(b".")
    if len(segments) != 3:
        return False
    try:
        header, _, signature = (base64url.decode(segment) for segment in segments)
        if json.loads(header).get("alg") != NAMES[algorithm]:
            return False
        check_signature(algorithm, public_key, b".".join(segments[:2]), signature)
    except (InputError, VerificationError, ValueError, AttributeError):
        return False  # the last two: json.loads on a header that is none
    return True


@pytest.mark.parametrize("name", ["json_web_signature_test.json", "json_web_key_test.json"])
def test_read_statement__tokens_of_other_profiles__refused_in_order(name: str) -> None:
    """None of them is a vc+jwt statement; each is refused with a code, none with anything else."""
    count = 0
    for _, case in cases(name):
        with pytest.raises((InputError, VerificationError)) as refused:
            read_statement(token_of(case))
        assert refused.value.code.startswith(("statement.", "base64url.", "canonical.")), case
        count += 1
    assert count in {401, 26}


def test_signature_and_encoding__elliptic_vectors__accepted_iff_valid() -> None:
    judged = valid = 0
    for group, case in cases("json_web_signature_test.json"):
        key = elliptic_key(group)
        if key is None:
            continue
        accepted = is_accepted(token_of(case), *key)
        assert accepted == (case["result"] == "valid"), (group["comment"], case)
        judged += 1
        valid += accepted
    assert judged == 39
    assert valid >= 2


def test_base64url__spellings_under_a_mac__accepted_iff_valid() -> None:
    """The corpus varies spellings under HS256; only the decoding of segments is ours here."""
    judged = valid = 0
    for group, case in cases("json_web_signature_test.json"):
        jwk = group["private"]
        if jwk.get("alg") != "HS256":
            continue
        secret = base64url.decode(jwk["k"].encode())
        accepted = is_mac_accepted(token_of(case), secret)
        expected = CONTRADICTED.get(case["tcId"], case["result"] == "valid")
        assert accepted == expected, (group["comment"], case)
        judged += 1
        valid += accepted
    assert judged == 40
    assert valid >= 3


def is_mac_accepted(token: bytes, secret: bytes) -> bool:
    segments = token.split(b".")
    if len(segments) != 3:
        return False
    try:
        header, _, tag = (base64url.decode(segment) for segment in segments)
        if json.loads(header).get("alg") != "HS256":
            return False
    except (InputError, ValueError, AttributeError):
        return False
    return hmac.compare_digest(hmac.digest(secret, b".".join(segments[:2]), "sha256"), tag)
