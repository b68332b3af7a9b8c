"""Signatures: other implementations agree, bad devices are caught, and nothing shows a secret."""

from __future__ import annotations

import copy
import hashlib
import pickle
from collections.abc import Callable
from typing import Any

import coincurve
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from veta.errors import KeyAccessError
from veta.keys.device import DeviceAccountSigner, DeviceStatementSigner, SigningDevice
from veta.keys.signers import (
    SECP256K1_ORDER,
    AccountSigner,
    Ed25519Signer,
    Es256kSigner,
    Es256Signer,
    statement_signer_of,
)
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import AccountAddress
from veta.ports.keys import StatementSigner, TransactionSigner

SECRET = bytes.fromhex("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d")
HALF = SECP256K1_ORDER // 2


class PlainDevice:
    """A device that behaves; subclasses misbehave in one way each."""

    def __init__(self) -> None:
        self._key = coincurve.PrivateKey(SECRET)
        self.public_key = self._key.public_key.format(compressed=False)[1:]

    def sign_digest(self, digest: bytes) -> bytes:
        return bytes(self._key.sign_recoverable(digest, hasher=None))


class DerDevice(PlainDevice):
    def sign_digest(self, digest: bytes) -> bytes:
        return bytes(self._key.sign(digest, hasher=None))


class HighSDevice(PlainDevice):
    def sign_digest(self, digest: bytes) -> bytes:
        answer = super().sign_digest(digest)
        high = SECP256K1_ORDER - int.from_bytes(answer[32:64], "big")
        assert high > HALF
        return answer[:32] + high.to_bytes(32, "big")


class HighSDerDevice(PlainDevice):
    def sign_digest(self, digest: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(digest, hasher=None))
        return encode_dss_signature(r, SECP256K1_ORDER - s)


class WrongParityDevice(PlainDevice):
    def sign_digest(self, digest: bytes) -> bytes:
        answer = super().sign_digest(digest)
        return answer[:64] + bytes([1 - answer[64]])


class OtherKeyDevice(PlainDevice):
    def sign_digest(self, digest: bytes) -> bytes:
        return bytes(coincurve.PrivateKey(bytes(31) + b"\x05").sign_recoverable(digest, None))


class OtherDigestDevice(PlainDevice):
    def sign_digest(self, digest: bytes) -> bytes:
        return super().sign_digest(hashlib.sha256(digest).digest())


class ZeroDevice(PlainDevice):
    def sign_digest(self, digest: bytes) -> bytes:
        return bytes(64)


class GarbageDevice(PlainDevice):
    def sign_digest(self, digest: bytes) -> bytes:
        return b"\x30\x02no signature at all"


GOOD_DEVICES = [PlainDevice, DerDevice, HighSDevice, HighSDerDevice, WrongParityDevice]
BAD_DEVICES = [OtherKeyDevice, OtherDigestDevice, ZeroDevice, GarbageDevice]
TRANSACTION: dict[str, Any] = {
    "chain_id": 1337,
    "nonce": 7,
    "to": AccountAddress(b"\x11" * 20),
    "data": b"\x01\x02",
    "gas_limit": 90_000,
    "max_fee": 2_000_000_000,
    "max_priority_fee": 1,
    "value": 3,
}


def oracle_transaction(fields: dict[str, Any]) -> bytes:
    """The same transaction, signed by eth-account."""
    from eth_account import Account

    signed = Account.sign_transaction(
        {
            "type": 2,
            "chainId": fields["chain_id"],
            "nonce": fields["nonce"],
            "to": fields["to"],
            "data": fields["data"],
            "gas": fields["gas_limit"],
            "maxFeePerGas": fields["max_fee"],
            "maxPriorityFeePerGas": fields["max_priority_fee"],
            "value": fields["value"],
        },
        SECRET,
    )
    return bytes(signed.raw_transaction)


@settings(max_examples=60, deadline=None)
@given(
    fields=st.fixed_dictionaries(
        {
            "chain_id": st.integers(1, 2**53),
            "nonce": st.integers(0, 2**64 - 2),
            "to": st.none() | st.binary(min_size=20, max_size=20).map(AccountAddress),
            "data": st.binary(max_size=200),
            "gas_limit": st.integers(21_000, 2**63),
            "max_fee": st.integers(0, 2**100),
            "max_priority_fee": st.integers(0, 2**100),
            "value": st.integers(0, 2**128),
        }
    )
)
def test_account__any_transaction__same_octets_as_another_implementation(
    fields: dict[str, Any],
) -> None:
    assert AccountSigner(SECRET).sign_transaction(**fields) == oracle_transaction(fields)


@pytest.mark.row("T67")
@pytest.mark.parametrize("device", GOOD_DEVICES)
def test_device__der_high_s_or_wrong_parity__is_normalised(
    device: Callable[[], SigningDevice],
) -> None:
    message = b"a statement"
    signature = DeviceStatementSigner(device()).sign(message)
    assert signature == Es256kSigner(SECRET).sign(message)
    assert int.from_bytes(signature[32:], "big") <= HALF
    raw = DeviceAccountSigner(device()).sign_transaction(**TRANSACTION)
    assert raw == oracle_transaction(TRANSACTION)


@pytest.mark.row("T67")
@pytest.mark.parametrize("device", BAD_DEVICES)
def test_device__wrong_key_or_garbage__never_leaves(
    device: Callable[[], SigningDevice],
) -> None:
    with pytest.raises(KeyAccessError) as refused:
        DeviceStatementSigner(device()).sign(b"a statement")
    assert refused.value.code == "key.bad_signature"
    with pytest.raises(KeyAccessError) as refused:
        DeviceAccountSigner(device()).sign_transaction(**TRANSACTION)
    assert refused.value.code == "key.bad_signature"


@settings(max_examples=100, deadline=None)
@given(message=st.binary(max_size=300))
def test_es256k__any_message__verifies_elsewhere_and_is_low_s(message: bytes) -> None:
    signer = Es256kSigner(SECRET)
    signature = signer.sign(message)
    assert len(signature) == 64
    r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
    assert s <= HALF
    public = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256K1(), b"\x04" + signer.public_key
    )
    public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    assert Es256kSigner(SECRET, check_each=False).sign(message) == signature


def test_es256__messages__verify_elsewhere_with_the_lower_s() -> None:
    signer = Es256Signer(SECRET)
    public = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), b"\x04" + signer.public_key
    )
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for number in range(20):
        message = b"m%d" % number
        signature = signer.sign(message)
        r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
        assert s <= order // 2
        assert len(signature) == 64
        public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        assert signer.sign(message) == signature


def test_ed25519__rfc_8032_test_2__same_key_and_signature() -> None:
    # RFC 8032 section 7.1, TEST 2.
    signer = Ed25519Signer(
        bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    )
    assert signer.public_key.hex() == (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    )
    assert signer.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@pytest.mark.parametrize("secret", [bytes(32), SECP256K1_ORDER.to_bytes(32, "big"), b"\x01" * 31])
def test_signers__impossible_secret__is_damaged(secret: bytes) -> None:
    for make in (Es256kSigner, AccountSigner):
        with pytest.raises(KeyAccessError) as refused:
            make(secret)
        assert refused.value.code == "key.damaged"


def test_statement_signer_of__account__is_unsupported() -> None:
    with pytest.raises(KeyAccessError) as refused:
        statement_signer_of(KeyAlgorithm.ACCOUNT, SECRET)
    assert refused.value.code == "key.unsupported"


@pytest.mark.row("T65", "T66")
@pytest.mark.parametrize("make", [Es256kSigner, Es256Signer, Ed25519Signer, AccountSigner])
def test_signers__shown_copied_or_pickled__give_no_secret(
    make: Callable[[bytes], StatementSigner | TransactionSigner],
) -> None:
    signer = make(SECRET)
    shown = f"{signer!r} {signer} {[signer]!r}"
    assert SECRET.hex() not in shown.lower()
    assert str(int.from_bytes(SECRET, "big")) not in shown
    assert repr(SECRET) not in shown
    assert not hasattr(signer, "__dict__")
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            take(signer)
