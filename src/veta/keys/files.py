"""Files that hold secrets: created whole, readable by their owner only, never overwritten."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from veta.errors import KeyAccessError

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
MAX_FILE_OCTETS: Final = 16_384


def require_private_directory(directory: Path) -> None:
    """Refuse a directory that is missing or that others may enter.

    Raises:
        KeyAccessError: ``key.missing`` or ``key.open_to_others``.
    """
    try:
        found = directory.lstat()
    except OSError as error:
        raise KeyAccessError("key.missing", f"there is no key directory {directory}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise KeyAccessError("key.missing", f"{directory} is not a directory")
    _require_owner_only(found, directory)


def make_private_directory(directory: Path) -> None:
    """Create a directory of mode 0700, or accept one that already is private."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeyAccessError(
            "key.unwritable", f"the key directory {directory} cannot be made"
        ) from error
    require_private_directory(directory)


def write_private(path: Path, content: bytes) -> None:
    """Create a file of mode 0600 with all of ``content``, durably; an existing one is kept.

    Raises:
        KeyAccessError: ``key.exists`` if there is such a file, ``key.unwritable`` if the disk
            refuses; nothing half-written stays under ``path`` either way.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # A link, not a rename: a rename would silently replace a key that is already there.
            os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_directory(path.parent)
    except FileExistsError as error:
        raise KeyAccessError("key.exists", f"{path} exists; keys are not overwritten") from error
    except OSError as error:
        raise KeyAccessError("key.unwritable", f"{path} cannot be written") from error


def read_private(path: Path, limit: int = MAX_FILE_OCTETS) -> bytes:
    """The octets of a file that only its owner can read.

    Raises:
        KeyAccessError: ``key.missing``, ``key.unreadable``, ``key.open_to_others`` or
            ``key.damaged`` (larger than ``limit``).
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise KeyAccessError("key.missing", f"there is no file {path}") from error
    except OSError as error:
        raise KeyAccessError("key.unreadable", f"{path} cannot be opened") from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise KeyAccessError("key.unreadable", f"{path} is not a regular file")
        _require_owner_only(found, path)
        content = os.read(handle, limit + 1)
    finally:
        os.close(handle)
    if len(content) > limit:
        raise KeyAccessError("key.damaged", f"{path} is larger than {limit} octets")
    return content


def _require_owner_only(found: os.stat_result, path: Path) -> None:
    if found.st_mode & _OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        raise KeyAccessError(
            "key.open_to_others",
            f"{path} has mode {mode:04o}; group and others must have no access to it",
        )
    if found.st_uid != os.geteuid():
        raise KeyAccessError("key.open_to_others", f"{path} belongs to another user")


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
