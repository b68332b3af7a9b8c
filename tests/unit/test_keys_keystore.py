"""Keystore v3 files: the standard's own vectors, another implementation, and files gone bad."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from veta.errors import KeyAccessError
from veta.keys.files import make_private_directory, read_private, write_private
from veta.keys.keystore import KeyLabel, read_label, seal, unseal
from veta.keys.signers import AccountSigner
from veta.model.consortium import KeyAlgorithm, KeyPurpose

# Test vectors of the "Web3 Secret Storage Definition", version 3.
WIKI_SECRET = bytes.fromhex("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d")
WIKI_PASSWORD = b"testpassword"
WIKI_SCRYPT: dict[str, Any] = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "83dbcc02d8ccb40e466191a123791e0e"},
        "ciphertext": "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
        "kdf": "scrypt",
        "kdfparams": {
            "dklen": 32,
            "n": 262144,
            "r": 1,
            "p": 8,
            "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
        },
        "mac": "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
    },
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}
# The same secret and password, sealed once by eth-account 0.14.0 (scrypt, n = 2^17).
FOREIGN: dict[str, Any] = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "f032119da33dda92849aeff6c262d82e"},
        "ciphertext": "a015b882f143a2df5948d5fdd5a2d2b00f18c5a87c0a7d0eba77eabb87769116",
        "kdf": "scrypt",
        "kdfparams": {
            "dklen": 32,
            "n": 131072,
            "r": 8,
            "p": 1,
            "salt": "02f6a0adc31d03cbcb76a6e53d669e11",
        },
        "mac": "6481cf78fcd1f0c6b1eb067c1d7cbae1360521f75e756004745d5bcaaadb927d",
    },
    "id": "1c8a4a00-a953-4993-8719-044cc8053a28",
    "version": 3,
}
WIKI_PBKDF2: dict[str, Any] = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf": "pbkdf2",
        "kdfparams": {
            "c": 262144,
            "dklen": 32,
            "prf": "hmac-sha256",
            "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
        },
        "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
    },
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}
PASSWORD = b"correct horse battery"


def octets_of(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def changed(**crypto: Any) -> bytes:
    document = json.loads(json.dumps(FOREIGN))
    document["crypto"].update(crypto)
    return octets_of(document)


def with_parameters(**parameters: Any) -> bytes:
    return changed(kdfparams={**FOREIGN["crypto"]["kdfparams"], **parameters})


def test_unseal__file_of_another_implementation__gives_its_secret() -> None:
    assert bytes(unseal(octets_of(FOREIGN), WIKI_PASSWORD)) == WIKI_SECRET


def test_unseal__scrypt_vector_of_the_definition__is_refused_as_outside_rfc_7914() -> None:
    # RFC 7914 section 2 wants N < 2^(128 r / 8), which n = 2^18 with r = 1 is not.
    with pytest.raises(KeyAccessError) as refused:
        unseal(octets_of(WIKI_SCRYPT), WIKI_PASSWORD)
    assert refused.value.code == "key.unsupported"


def test_unseal__early_capitalised_member__is_read() -> None:
    document = {"Crypto": FOREIGN["crypto"], "version": 3}
    assert bytes(unseal(octets_of(document), WIKI_PASSWORD)) == WIKI_SECRET


@pytest.mark.row("T66")
@pytest.mark.parametrize(
    "weak",
    [
        octets_of(WIKI_PBKDF2),
        with_parameters(n=65536),
        with_parameters(n=131072 + 2),
        with_parameters(r=1, p=1),
        with_parameters(dklen=16),
        with_parameters(salt="00"),
    ],
    ids=["pbkdf2_262144", "scrypt_n_65536", "n_no_power", "r_p_1", "dklen_16", "short_salt"],
)
def test_unseal__weak_derivation__is_refused_before_the_password_is_used(weak: bytes) -> None:
    with pytest.raises(KeyAccessError) as refused:
        unseal(weak, b"")
    assert refused.value.code == "key.weak_kdf"


@pytest.mark.row("T66")
def test_seal__weaker_than_2_to_17__is_refused() -> None:
    label = KeyLabel(KeyPurpose.OPERATE, KeyAlgorithm.ACCOUNT, bytes(20))
    with pytest.raises(KeyAccessError) as refused:
        seal(WIKI_SECRET, PASSWORD, label, scrypt_log2_n=16)
    assert refused.value.code == "key.weak_kdf"


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "key.damaged"),
        (b"{", "key.damaged"),
        (b"[]", "key.damaged"),
        (b"\xff\xfe", "key.damaged"),
        (b"[" * 16_000, "key.damaged"),
        (b'{"version": 3, "version": 3}', "key.damaged"),
        (b'{"version": 3}', "key.damaged"),
        (octets_of({**FOREIGN, "version": 4}), "key.unsupported"),
        (changed(cipher="aes-256-gcm"), "key.unsupported"),
        (changed(kdf="argon2"), "key.unsupported"),
        (changed(mac="zz"), "key.damaged"),
        (changed(mac="00"), "key.damaged"),
        (changed(ciphertext="00" * 31), "key.damaged"),
        (changed(cipherparams={}), "key.damaged"),
        (changed(kdfparams=[]), "key.damaged"),
        (with_parameters(n=1 << 31, r=8), "key.damaged"),
        (with_parameters(n="262144"), "key.damaged"),
        (with_parameters(n=True), "key.damaged"),
        (with_parameters(p=1 << 20), "key.damaged"),
    ],
)
def test_unseal__damaged_file__says_so(octets: bytes, code: str) -> None:
    with pytest.raises(KeyAccessError) as refused:
        unseal(octets, WIKI_PASSWORD)
    assert refused.value.code == code


def test_unseal__one_flipped_bit_or_wrong_password__never_gives_a_secret() -> None:
    flipped = "53" if FOREIGN["crypto"]["ciphertext"][:2] != "53" else "54"
    flipped += FOREIGN["crypto"]["ciphertext"][2:]
    for octets, password in (
        (octets_of(FOREIGN), b"Testpassword"),
        (changed(ciphertext=flipped), WIKI_PASSWORD),
    ):
        with pytest.raises(KeyAccessError) as refused:
            unseal(octets, password)
        assert refused.value.code == "key.wrong_password"


def test_seal__opened_by_another_implementation__same_secret_and_address() -> None:
    from eth_account import Account

    address = AccountSigner(WIKI_SECRET).address
    label = KeyLabel(KeyPurpose.OPERATE, KeyAlgorithm.ACCOUNT, address)
    octets = seal(WIKI_SECRET, PASSWORD, label, scrypt_log2_n=17)
    assert bytes(Account.decrypt(json.loads(octets), PASSWORD.decode())) == WIKI_SECRET
    assert bytes.fromhex(Account.from_key(WIKI_SECRET).address[2:]) == address
    assert read_label(octets) == label
    assert WIKI_SECRET.hex().encode() not in octets
    assert PASSWORD not in octets


def test_unseal__pbkdf2_of_another_implementation__gives_its_secret() -> None:
    from eth_account import Account

    document = Account.encrypt(WIKI_SECRET, PASSWORD.decode(), kdf="pbkdf2", iterations=600_000)
    assert bytes(unseal(octets_of(dict(document)), PASSWORD)) == WIKI_SECRET


@pytest.mark.row("T66")
def test_write_private__loose_umask__file_is_0600_and_directory_0700(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private_directory(tmp_path / "keys")
        write_private(tmp_path / "keys" / "a", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keys" / "a").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["a"]


def test_write_private__existing_file__is_kept(tmp_path: Path) -> None:
    make_private_directory(tmp_path / "keys")
    write_private(tmp_path / "keys" / "a", b"first")
    with pytest.raises(KeyAccessError) as refused:
        write_private(tmp_path / "keys" / "a", b"second")
    assert refused.value.code == "key.exists"
    assert read_private(tmp_path / "keys" / "a") == b"first"


def test_write_private__unwritable_place__is_said() -> None:
    with pytest.raises(KeyAccessError) as refused:
        write_private(Path("/proc/veta-key"), b"x")
    assert refused.value.code == "key.unwritable"


@pytest.mark.row("T66")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o777])
def test_read_private__others_may_read__is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a"
    write_private(path, b"x")
    path.chmod(mode)
    with pytest.raises(KeyAccessError) as refused:
        read_private(path)
    assert refused.value.code == "key.open_to_others"


def test_read_private__link_pipe_directory_or_huge__is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "real", b"x" * 20_000)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "directory").mkdir(0o700)
    codes = {}
    for name in ("link", "pipe", "directory", "real", "none"):
        with pytest.raises(KeyAccessError) as refused:
            read_private(tmp_path / name)
        codes[name] = refused.value.code
    assert codes == {
        "link": "key.unreadable",
        "pipe": "key.unreadable",
        "directory": "key.unreadable",
        "real": "key.damaged",
        "none": "key.missing",
    }
