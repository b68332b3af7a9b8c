"""One node a store: a lock that dies with its process, and a note of who holds it.

The lock is the kernel's (``fcntl``), so a killed node leaves none behind; the note (process id,
boot id) is for the message only and is never believed.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from veta.errors import StoreError


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


class Lease:
    """Exclusive use of a file name within one machine, until closed or until the process ends.

    Args:
        path: lock file; made if missing, never removed (removing it would let two hold it).

    Raises:
        StoreError: ``store.in_use`` if another process holds it, ``store.unavailable`` if the file
            cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError("store.unavailable", f"cannot open the lock {path}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 200).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise StoreError(
                "store.in_use", f"another node uses this store ({holder}); stop it first"
            ) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, f"process {os.getpid()} boot {_boot_id()}\n".encode())

    def close(self) -> None:
        """Give it back; harmless when called twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
