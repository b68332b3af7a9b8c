"""Keystore v3 (Web3 Secret Storage): one 32-octet secret under a password.

The container is the Ethereum wiki's "Web3 Secret Storage Definition" version 3: scrypt or PBKDF2,
AES-128-CTR, and a keccak-256 MAC over the second half of the derived key and the ciphertext. A
member ``veta`` beside ``crypto`` says what the key is for, so that a public key can be read
without the password; other software ignores it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sha3
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from veta.errors import KeyAccessError
from veta.model.consortium import KeyAlgorithm, KeyPurpose

SECRET_OCTETS: Final = 32
MIN_SCRYPT_LOG2_N: Final = 17
DEFAULT_SCRYPT_LOG2_N: Final = 18
_MAX_SCRYPT_OCTETS: Final = 1 << 30
_MAX_SCRYPT_P: Final = 16
_MIN_SCRYPT_RP: Final = 8
MIN_PBKDF2_ROUNDS: Final = 600_000
_MAX_PBKDF2_ROUNDS: Final = 10_000_000
_MAX_BRACKETS: Final = 32
_DERIVED_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class KeyLabel:
    """What a key file says about its key without being opened."""

    purpose: KeyPurpose
    algorithm: KeyAlgorithm
    public_key: bytes
    """Octets as ``KeyAlgorithm`` describes them; for an ACCOUNT its 20-octet address."""


def seal(
    secret: bytes | bytearray,
    password: bytes,
    label: KeyLabel,
    *,
    scrypt_log2_n: int = DEFAULT_SCRYPT_LOG2_N,
) -> bytes:
    """The JSON octets of a new key file.

    Raises:
        KeyAccessError: ``key.weak_kdf`` below n = 2^17.
    """
    if len(secret) != SECRET_OCTETS:
        raise KeyAccessError("key.damaged", "a private key has 32 octets")
    parameters = {
        "dklen": _DERIVED_OCTETS,
        "n": 1 << scrypt_log2_n,
        "r": 8,
        "p": 1,
        "salt": secrets.token_hex(32),
    }
    derived = _derive("scrypt", parameters, password)
    iv = secrets.token_bytes(16)
    ciphertext = _aes_ctr(derived[:16], iv, secret)
    document: dict[str, Any] = {
        "version": 3,
        "id": str(uuid.uuid4()),
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": iv.hex()},
            "ciphertext": ciphertext.hex(),
            "kdf": "scrypt",
            "kdfparams": parameters,
            "mac": sha3.keccak_256(derived[16:32] + ciphertext).hexdigest(),
        },
        "veta": {
            "purpose": label.purpose.name.lower(),
            "algorithm": label.algorithm.name,
            "publicKey": label.public_key.hex(),
        },
    }
    if label.algorithm is KeyAlgorithm.ACCOUNT:
        document["address"] = label.public_key.hex()
    return json.dumps(document, indent=1).encode("ascii")


def read_label(octets: bytes) -> KeyLabel:
    """What the file says its key is; believed only once the secret has been compared with it.

    Raises:
        KeyAccessError: ``key.damaged``.
    """
    try:
        said = _parse(octets)["veta"]
        label = KeyLabel(
            KeyPurpose[str(said["purpose"]).upper()],
            KeyAlgorithm[str(said["algorithm"])],
            bytes.fromhex(said["publicKey"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged("it does not say what its key is for") from error
    if len(label.public_key) != _PUBLIC_OCTETS[label.algorithm]:
        raise _damaged("its public key has the wrong length")
    return label


def unseal(octets: bytes, password: bytes) -> bytearray:
    """The secret of a key file, in a buffer that the caller wipes.

    Raises:
        KeyAccessError: ``key.damaged``, ``key.weak_kdf``, ``key.unsupported``, or
            ``key.wrong_password`` when the MAC differs (a damaged ciphertext looks the same).
    """
    document = _parse(octets)
    try:
        if document["version"] != 3:
            raise KeyAccessError("key.unsupported", "only keystore version 3 is supported")
        crypto = document["crypto"]
        if crypto["cipher"] != "aes-128-ctr":
            raise KeyAccessError("key.unsupported", "only the cipher aes-128-ctr is supported")
        iv = bytes.fromhex(crypto["cipherparams"]["iv"])
        ciphertext = bytes.fromhex(crypto["ciphertext"])
        mac = bytes.fromhex(crypto["mac"])
        kdf, parameters = crypto["kdf"], crypto["kdfparams"]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged("a field is missing or malformed") from error
    if len(ciphertext) != SECRET_OCTETS or len(iv) != 16 or len(mac) != 32:
        raise _damaged("a field has the wrong length")
    derived = _derive(kdf, parameters, password)
    expected = sha3.keccak_256(derived[16:32] + ciphertext).digest()
    if not hmac.compare_digest(expected, mac):
        raise KeyAccessError("key.wrong_password", "the password does not open the key file")
    return bytearray(_aes_ctr(derived[:16], iv, ciphertext))


_PUBLIC_OCTETS: Final[Mapping[KeyAlgorithm, int]] = {
    KeyAlgorithm.ACCOUNT: 20,
    KeyAlgorithm.ES256K: 64,
    KeyAlgorithm.ES256: 64,
    KeyAlgorithm.EDDSA: 32,
}


def _parse(octets: bytes) -> dict[str, Any]:
    # A key file has four levels; counting brackets keeps a nested bomb away from the parser.
    if octets.count(b"{") + octets.count(b"[") > _MAX_BRACKETS:
        raise _damaged("it is nested too deeply")
    try:
        document = json.loads(octets, object_pairs_hook=_unique_members)
    except (ValueError, UnicodeDecodeError) as error:
        raise _damaged("it is not JSON") from error
    if not isinstance(document, dict):
        raise _damaged("it is not a JSON object")
    # Early clients wrote "Crypto": member names of the top level are compared in lower case.
    return {name.lower(): value for name, value in document.items()}


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _damaged("a member appears twice")
    return members


def _derive(kdf: object, parameters: object, password: bytes) -> bytes:
    if not isinstance(parameters, Mapping):
        raise _damaged("it has no key derivation parameters")
    try:
        salt = bytes.fromhex(parameters["salt"])
        dklen = parameters["dklen"]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged("its key derivation parameters are malformed") from error
    if dklen != _DERIVED_OCTETS or not 16 <= len(salt) <= 64:
        raise KeyAccessError("key.weak_kdf", "a derived key of 32 and a salt of 16 octets or more")
    if kdf == "scrypt":
        return _scrypt(parameters, password, salt)
    if kdf == "pbkdf2":
        return _pbkdf2(parameters, password, salt)
    raise KeyAccessError("key.unsupported", "the key derivation function is not supported")


def _scrypt(parameters: Mapping[str, Any], password: bytes, salt: bytes) -> bytes:
    n, r, p = (_positive(parameters, name) for name in ("n", "r", "p"))
    if n < 1 << MIN_SCRYPT_LOG2_N or n & (n - 1) or r * p < _MIN_SCRYPT_RP:
        raise KeyAccessError(
            "key.weak_kdf", f"scrypt with n={n}, r={r}, p={p} is below n=2^17, r*p=8"
        )
    if r < 2:
        # RFC 7914 section 2: N < 2^(128 r / 8); with r = 1 no N is both allowed and large enough.
        raise KeyAccessError("key.unsupported", "scrypt with r=1 is outside RFC 7914")
    memory = 128 * r * (n + p)
    if memory > _MAX_SCRYPT_OCTETS or p > _MAX_SCRYPT_P:
        raise KeyAccessError("key.damaged", f"scrypt with n={n}, r={r}, p={p} asks for too much")
    return hashlib.scrypt(
        password, salt=salt, n=n, r=r, p=p, maxmem=memory + (1 << 20), dklen=_DERIVED_OCTETS
    )


def _pbkdf2(parameters: Mapping[str, Any], password: bytes, salt: bytes) -> bytes:
    rounds = _positive(parameters, "c")
    if parameters.get("prf") != "hmac-sha256":
        raise KeyAccessError("key.unsupported", "only the PBKDF2 function hmac-sha256 is supported")
    if rounds < MIN_PBKDF2_ROUNDS:
        raise KeyAccessError(
            "key.weak_kdf", f"PBKDF2 with {rounds} rounds is below {MIN_PBKDF2_ROUNDS}"
        )
    if rounds > _MAX_PBKDF2_ROUNDS:
        raise KeyAccessError("key.damaged", f"PBKDF2 with {rounds} rounds asks for too much")
    return hashlib.pbkdf2_hmac("sha256", password, salt, rounds, _DERIVED_OCTETS)


def _positive(parameters: Mapping[str, Any], name: str) -> int:
    value = parameters.get(name)
    if type(value) is not int or not 0 < value < 1 << 32:
        raise _damaged(f"the key derivation parameter {name} is malformed")
    return value


def _aes_ctr(key: bytes, iv: bytes, octets: bytes | bytearray) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    return encryptor.update(bytes(octets)) + encryptor.finalize()


def _damaged(reason: str) -> KeyAccessError:
    return KeyAccessError("key.damaged", f"the key file cannot be used: {reason}")
