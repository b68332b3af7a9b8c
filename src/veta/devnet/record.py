"""What a network's folder remembers: written whole or not at all, after each step that counts."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from veta.devnet.engine import Endpoint
from veta.devnet.processes import ProcessName
from veta.errors import ConfigError, ConflictError, NotFoundError

FORMAT: Final = "veta-devnet/1"
MARKER: Final = ".veta-devnet"
"""In a folder of ours; nothing is ever removed from another."""
_RECORD: Final = "devnet.json"

Phase = Literal["made", "founded"]


@dataclass(frozen=True, slots=True)
class ValidatorRecord:
    """One validator."""

    name: str
    sealer: str
    """Its account, 0x and 40 digits."""
    public_key: str
    """Of its connections, hexadecimal."""
    endpoint: Endpoint
    process: ProcessName | None = None


@dataclass(frozen=True, slots=True)
class NetworkRecord:
    """A network that was made.

    Attributes:
        description: SHA-256 of the description file it was made from.
        phase: ``made``: keys and first blocks are there; ``founded``: contracts and nodes too.
    """

    description: str
    engine: str
    chain_id: int
    phase: Phase
    validators: tuple[ValidatorRecord, ...]

    def with_validator(self, changed: ValidatorRecord) -> NetworkRecord:
        """The same with one validator's entry changed."""
        kept = [changed if each.name == changed.name else each for each in self.validators]
        return replace(self, validators=tuple(kept))


@dataclass(frozen=True, slots=True)
class NetworkFolder:
    """Where a network keeps everything it has."""

    path: Path
    trust: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", self.path.absolute())
        object.__setattr__(self, "trust", self.path / "trust.json")

    def validator(self, name: str) -> Path:
        """Folder of a validator's data."""
        return self.path / "validators" / name

    def log(self, name: str) -> Path:
        """What a validator prints."""
        return self.path / "validators" / f"{name}.log"

    def home(self, member: str) -> Path:
        """A member's home."""
        return self.path / "members" / member

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """One command at a time; makes the folder.

        Raises:
            ConflictError: ``devnet.busy``.
            ConfigError: ``devnet.not_ours``, ``devnet.unwritable``.
        """
        self._begin()
        handle = os.open(self.path / MARKER, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConflictError(
                "devnet.busy", f"another command is at work in {self.path}"
            ) from error
        else:
            yield
        finally:
            os.close(handle)

    def exists(self) -> bool:
        """Whether it is a folder of ours."""
        return (self.path / MARKER).is_file()

    def require(self) -> NetworkRecord:
        """The network that is there.

        Raises:
            NotFoundError: ``devnet.none``.
        """
        found = self.read()
        if found is None:
            raise NotFoundError("devnet.none", f"there is no network in {self.path}")
        return found

    def read(self) -> NetworkRecord | None:
        """The network that is there, or nothing.

        Raises:
            ConfigError: ``devnet.damaged``.
        """
        try:
            document = json.loads((self.path / _RECORD).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._damaged() from error
        try:
            return _record_from(document)
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged() from error

    def write(self, record: NetworkRecord) -> None:
        """Remember."""
        octets = json.dumps({"format": FORMAT, **asdict(record)}, indent=2).encode() + b"\n"
        draft = self.path / f".{_RECORD}.new"
        with draft.open("wb") as stream:
            stream.write(octets)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(self.path / _RECORD)

    def clear(self) -> None:
        """Remove everything that was made in it; the folder stays, ours."""
        for each in self.path.iterdir():
            if each.name == MARKER:
                continue
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink()

    def _begin(self) -> None:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.exists():
                if any(self.path.iterdir()):
                    raise ConfigError(
                        "devnet.not_ours", f"{self.path} holds something that is no network"
                    )
                (self.path / MARKER).touch(mode=0o600)
        except OSError as error:
            raise ConfigError(
                "devnet.unwritable", f"cannot make {self.path}: {error.strerror or error}"
            ) from error

    def _damaged(self) -> ConfigError:
        return ConfigError(
            "devnet.damaged", f"{self.path / _RECORD} cannot be read: reset the network"
        )


def _record_from(document: dict[str, Any]) -> NetworkRecord:
    if document.pop("format") != FORMAT:
        raise ValueError("another format")
    validators = tuple(_validator_from(each) for each in document.pop("validators"))
    return NetworkRecord(validators=validators, **document)


def _validator_from(document: dict[str, Any]) -> ValidatorRecord:
    process = document.pop("process")
    endpoint = Endpoint(**document.pop("endpoint"))
    named = None if process is None else ProcessName(**process)
    return ValidatorRecord(endpoint=endpoint, process=named, **document)
