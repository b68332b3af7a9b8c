"""Project Wycheproof: ES256K, ES256 and Ed25519 signatures that implementations got wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.support.reference_data import reference_json
from veta.errors import InputError, VerificationError
from veta.model.consortium import KeyAlgorithm
from veta.statement.algorithms import check_public_key, check_signature, is_low_s

pytestmark = pytest.mark.reference

FOLDER = "standards/wycheproof/testvectors_v1"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def outcome_of(
    algorithm: KeyAlgorithm, public_key: bytes, message: bytes, signature: bytes
) -> str | None:
    try:
        check_signature(algorithm, public_key, message, signature)
    except (VerificationError, InputError) as error:
        return error.code
    return None


def vectors_of(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for group in reference_json(f"{FOLDER}/{name}")["testGroups"]:
        for case in group["tests"]:
            yield group, case


def point_of(group: dict[str, Any]) -> bytes:
    return bytes.fromhex(group["publicKey"]["uncompressed"])[1:]


@pytest.mark.row("T13")
def test_es256k__every_vector__accepted_iff_valid_and_low_s() -> None:
    seen = {"accepted": 0, "high_s": 0, "refused": 0}
    for group, case in vectors_of("ecdsa_secp256k1_sha256_p1363_test.json"):
        signature = bytes.fromhex(case["sig"])
        code = outcome_of(
            KeyAlgorithm.ES256K, point_of(group), bytes.fromhex(case["msg"]), signature
        )
        if case["result"] != "valid":
            assert code is not None, case
            seen["refused"] += 1
        elif int.from_bytes(signature[32:], "big") <= ORDER // 2:
            assert code is None, case
            seen["accepted"] += 1
        else:
            assert code == "signature.high_s", case
            seen["high_s"] += 1
    assert sum(seen.values()) == 252
    assert min(seen.values()) > 30


@pytest.mark.row("T13", "A07")
def test_es256k__bitcoin_vectors__high_s_is_the_only_thing_wrong_with_malleable_ones() -> None:
    """The same corpus in DER says of a high-s signature that it is invalid, as we do."""
    accepted = malleable = 0
    for group, case in vectors_of("ecdsa_secp256k1_sha256_bitcoin_test.json"):
        is_malleable = "SignatureMalleabilityBitcoin" in case["flags"]
        if case["result"] != "valid" and not is_malleable:
            continue
        r, s = decode_dss_signature(bytes.fromhex(case["sig"]))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        code = outcome_of(
            KeyAlgorithm.ES256K, point_of(group), bytes.fromhex(case["msg"]), signature
        )
        assert code == ("signature.high_s" if is_malleable else None), case
        assert is_low_s(signature) is not is_malleable
        accepted += not is_malleable
        malleable += is_malleable
    assert accepted > 100
    assert malleable >= 1


def test_es256__every_vector__accepted_iff_valid_whatever_its_s() -> None:
    count = 0
    for group, case in vectors_of("ecdsa_secp256r1_sha256_p1363_test.json"):
        code = outcome_of(
            KeyAlgorithm.ES256,
            point_of(group),
            bytes.fromhex(case["msg"]),
            bytes.fromhex(case["sig"]),
        )
        assert (code is None) == (case["result"] == "valid"), (case, code)
        count += 1
    assert count == 262


def test_eddsa__every_vector__accepted_iff_valid() -> None:
    count = 0
    for group, case in vectors_of("ed25519_test.json"):
        code = outcome_of(
            KeyAlgorithm.EDDSA,
            bytes.fromhex(group["publicKey"]["pk"]),
            bytes.fromhex(case["msg"]),
            bytes.fromhex(case["sig"]),
        )
        assert (code is None) == (case["result"] == "valid"), (case, code)
        count += 1
    assert count == 151


def test_check_signature__key_of_another_algorithm__never_accepted() -> None:
    """A P-256 point is (with overwhelming probability) no secp256k1 point, and the other way."""
    for group, _ in list(vectors_of("ecdsa_secp256r1_sha256_p1363_test.json"))[::20]:
        with pytest.raises(InputError, match="secp256k1"):
            check_public_key(KeyAlgorithm.ES256K, point_of(group))
