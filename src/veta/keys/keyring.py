"""The keys of one member: one file a key, opened one by one and only when used."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from veta.errors import KeyAccessError
from veta.keys.files import (
    make_private_directory,
    read_private,
    require_private_directory,
    write_private,
)
from veta.keys.keystore import DEFAULT_SCRYPT_LOG2_N, KeyLabel, read_label, seal, unseal
from veta.keys.passwords import MIN_NEW_PASSWORD_OCTETS, PasswordSource
from veta.keys.signers import (
    AccountSigner,
    Unshowable,
    account_key_id,
    key_id_of,
    statement_signer_of,
)
from veta.model.consortium import KeyAlgorithm, KeyPurpose
from veta.model.identifiers import AccountAddress, KeyId
from veta.ports.keys import StatementSigner, TransactionSigner

T = TypeVar("T")

_FILE_NAME: Final = re.compile(r"(operate|sign|witness|administer)-([0-9]{4})\.json")
_ACCOUNT_PURPOSES: Final = frozenset({KeyPurpose.OPERATE, KeyPurpose.ADMINISTER})


@dataclass(frozen=True, slots=True)
class KeySpec:
    """A key to be made."""

    purpose: KeyPurpose
    algorithm: KeyAlgorithm


DEFAULT_PURPOSES: Final = (
    KeySpec(KeyPurpose.OPERATE, KeyAlgorithm.ACCOUNT),
    KeySpec(KeyPurpose.ADMINISTER, KeyAlgorithm.ACCOUNT),
    KeySpec(KeyPurpose.SIGN, KeyAlgorithm.ES256K),
)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """The public side of a key file; nothing of it needs the password."""

    purpose: KeyPurpose
    algorithm: KeyAlgorithm
    number: int
    """Position among the keys of its purpose, from 1; the highest is the one in use."""
    key_id: KeyId
    public_key: bytes
    """Octets as ``KeyAlgorithm`` describes them; empty for an ACCOUNT."""
    address: AccountAddress | None
    """Of an ACCOUNT."""
    path: Path


class KeyRing(Unshowable):
    """A directory of key files, mode 0700, and the password source that opens them.

    Opened keys stay in memory until ``close``; the password does not.
    """

    __slots__ = ("_accounts", "_claim", "_directory", "_password", "_signers")

    def __init__(self, directory: Path, password: PasswordSource) -> None:
        require_private_directory(directory)
        self._directory = directory
        self._password = password
        self._signers: dict[KeyId, StatementSigner] = {}
        self._accounts: dict[KeyId, TransactionSigner] = {}
        self._claim: int | None = None

    @classmethod
    def create(
        cls,
        directory: Path,
        password: PasswordSource,
        keys: tuple[KeySpec, ...] = DEFAULT_PURPOSES,
        *,
        scrypt_log2_n: int = DEFAULT_SCRYPT_LOG2_N,
    ) -> KeyRing:
        """Make a key ring with new random keys.

        Raises:
            KeyAccessError: ``key.exists``, ``key.weak_password``, ``key.weak_kdf`` and what
                writing files may raise.
        """
        make_private_directory(directory)
        ring = cls(directory, password)
        if ring.records():
            raise KeyAccessError("key.exists", f"{directory} already holds keys")
        for spec in keys:
            ring.add(spec, scrypt_log2_n=scrypt_log2_n)
        return ring

    def add(self, spec: KeySpec, *, scrypt_log2_n: int = DEFAULT_SCRYPT_LOG2_N) -> KeyRecord:
        """Make one more key; it becomes the one in use for its purpose."""
        self._require_sound(spec)
        number = max((r.number for r in self.records() if r.purpose is spec.purpose), default=0) + 1
        path = self._directory / f"{spec.purpose.name.lower()}-{number:04d}.json"
        label, octets = _without_frames(lambda: self._sealed(spec, scrypt_log2_n))
        write_private(path, octets)
        return _record(label, number, path)

    def records(self) -> tuple[KeyRecord, ...]:
        """The public side of every key file, by purpose and number; needs no password.

        Raises:
            KeyAccessError: ``key.damaged``, ``key.open_to_others``.
        """
        require_private_directory(self._directory)
        found = []
        for path in sorted(self._directory.iterdir()):
            name = _FILE_NAME.fullmatch(path.name)
            if name is None:
                continue
            label = read_label(read_private(path))
            if label.purpose.name.lower() != name.group(1):
                raise KeyAccessError("key.damaged", f"{path} holds a key of another purpose")
            found.append(_record(label, int(name.group(2)), path))
        return tuple(found)

    def record(self, purpose: KeyPurpose, key_id: KeyId | None = None) -> KeyRecord:
        """The key in use for a purpose, or the one named.

        Raises:
            KeyAccessError: ``key.missing``.
        """
        matching = [
            record
            for record in self.records()
            if record.purpose is purpose and key_id in {None, record.key_id}
        ]
        if not matching:
            raise KeyAccessError(
                "key.missing", f"{self._directory} holds no such {purpose.name.lower()} key"
            )
        return max(matching, key=lambda record: record.number)

    def statement_signer(self, key_id: KeyId | None = None) -> StatementSigner:
        """The member's statement key; opens its file the first time.

        Raises:
            KeyAccessError: ``key.missing``, ``key.wrong_password``, ``key.damaged``,
                ``key.weak_kdf``, ``key.wrong_address``, ``key.open_to_others``.
        """
        return self._statement_key(self.record(KeyPurpose.SIGN, key_id))

    def witness_signer(self, key_id: KeyId | None = None) -> StatementSigner:
        """The Ed25519 key that cosigns checkpoints; raises as ``statement_signer``."""
        return self._statement_key(self.record(KeyPurpose.WITNESS, key_id))

    def operator(self, key_id: KeyId | None = None) -> TransactionSigner:
        """The account that sends the member's transactions; raises as ``statement_signer``."""
        return self._account(self.record(KeyPurpose.OPERATE, key_id))

    def administrator(self, key_id: KeyId | None = None) -> TransactionSigner:
        """The account that votes and changes keys; raises as ``statement_signer``."""
        return self._account(self.record(KeyPurpose.ADMINISTER, key_id))

    def claim(self) -> None:
        """Take these keys for this process alone, until ``close`` or the process ends.

        Raises:
            KeyAccessError: ``key.in_use`` while another process holds them, ``key.unwritable``
                where the claim cannot be written down.
        """
        if self._claim is not None:
            return
        claim = self._directory / ".claim"
        try:
            handle = os.open(claim, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise KeyAccessError(
                "key.unwritable", f"{claim} cannot be written: {error.strerror}"
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(handle, 20).decode("ascii", "replace").strip()
            os.close(handle)
            raise KeyAccessError(
                "key.in_use", f"the keys in {self._directory} are in use by process {holder}"
            ) from error
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode("ascii"))
        self._claim = handle

    def close(self) -> None:
        """Forget the opened keys and give up the claim."""
        self._signers.clear()
        self._accounts.clear()
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def _statement_key(self, record: KeyRecord) -> StatementSigner:
        signer = self._signers.get(record.key_id)
        if signer is None:
            secret = self._open(record)
            try:
                signer = statement_signer_of(record.algorithm, secret)
            finally:
                _wipe(secret)
            if signer.public_key != record.public_key:
                raise _another_key(record)
            self._signers[record.key_id] = signer
        return signer

    def _account(self, record: KeyRecord) -> TransactionSigner:
        account = self._accounts.get(record.key_id)
        if account is None:
            secret = self._open(record)
            try:
                account = AccountSigner(secret)
            finally:
                _wipe(secret)
            if account.address != record.address:
                raise _another_key(record)
            self._accounts[record.key_id] = account
        return account

    def _open(self, record: KeyRecord) -> bytearray:
        octets = read_private(record.path)
        named = f"{record.path.name} in {self._directory}"
        return _without_frames(lambda: unseal(octets, self._password(named)))

    def _sealed(self, spec: KeySpec, scrypt_log2_n: int) -> tuple[KeyLabel, bytes]:
        password = self._password(f"the new {spec.purpose.name.lower()} key")
        if len(password) < MIN_NEW_PASSWORD_OCTETS:
            raise KeyAccessError(
                "key.weak_password",
                f"a password for new keys has at least {MIN_NEW_PASSWORD_OCTETS} octets",
            )
        secret = _fresh_secret(spec.algorithm)
        try:
            label = KeyLabel(spec.purpose, spec.algorithm, _public_side(spec.algorithm, secret))
            return label, seal(secret, password, label, scrypt_log2_n=scrypt_log2_n)
        finally:
            _wipe(secret)

    def _public_words(self) -> str:
        return f"directory={self._directory}"

    @staticmethod
    def _require_sound(spec: KeySpec) -> None:
        account = spec.algorithm is KeyAlgorithm.ACCOUNT
        if account != (spec.purpose in _ACCOUNT_PURPOSES):
            raise KeyAccessError(
                "key.unsupported",
                f"a key of purpose {spec.purpose.name} cannot be {spec.algorithm.name}",
            )


def _without_frames(action: Callable[[], T]) -> T:
    """Run ``action``; its error comes without the frames below, whose locals hold secrets."""
    try:
        return action()
    except KeyAccessError as error:
        failure = KeyAccessError(error.code, error.message)
    raise failure  # outside the handler: otherwise the first error stays reachable as context


def _record(label: KeyLabel, number: int, path: Path) -> KeyRecord:
    if label.algorithm is KeyAlgorithm.ACCOUNT:
        address = AccountAddress(label.public_key)
        key_id = account_key_id(address)
        return KeyRecord(label.purpose, label.algorithm, number, key_id, b"", address, path)
    key_id = key_id_of(label.public_key)
    return KeyRecord(label.purpose, label.algorithm, number, key_id, label.public_key, None, path)


def _public_side(algorithm: KeyAlgorithm, secret: bytearray) -> bytes:
    if algorithm is KeyAlgorithm.ACCOUNT:
        return AccountSigner(secret).address
    return statement_signer_of(algorithm, secret).public_key


def _fresh_secret(algorithm: KeyAlgorithm) -> bytearray:
    while True:
        secret = bytearray(secrets.token_bytes(32))
        try:
            _public_side(algorithm, secret)
        except KeyAccessError:  # one in 2^32 draws is above a curve's order
            continue
        return secret


def _wipe(secret: bytearray) -> None:
    # Best effort: libraries keep the copy they sign with until the ring is closed.
    secret[:] = bytes(len(secret))


def _another_key(record: KeyRecord) -> KeyAccessError:
    return KeyAccessError(
        "key.wrong_address", f"{record.path} holds another key than the one it names"
    )
