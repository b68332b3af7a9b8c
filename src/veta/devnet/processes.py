"""Processes that outlive the command that started them, and are never mistaken for others.

A process is named by its number, the moment it started and the boot of the machine: a number that
was given out again names nobody. What a killed command started without writing it down is found by
the folder in its arguments. Linux's ``/proc`` is read; nothing else is asked.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from veta.errors import ConfigError

_PROC: Final = Path("/proc")
_POLL_S: Final = 0.05
_START_TIME: Final = 19
"""Field 22 of ``/proc/PID/stat`` (proc(5)), counted behind the command's name."""


@dataclass(frozen=True, slots=True)
class ProcessName:
    """Names one process of one boot."""

    pid: int
    started: int
    """Clock ticks after the boot."""
    boot: str

    def is_alive(self) -> bool:
        """Whether exactly this process runs; one that nobody has buried yet does not."""
        return name_of(self.pid) == self

    def memory_octets(self) -> int | None:
        """Its resident memory."""
        with suppress(OSError, ValueError):
            pages = int((_PROC / str(self.pid) / "statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
        return None

    def end(self, patience_s: float = 10.0) -> None:
        """Ask it to end, wait, and kill it if it does not."""
        for wanted in (signal.SIGTERM, signal.SIGKILL):
            if not self.is_alive():
                return
            with suppress(ProcessLookupError):
                os.kill(self.pid, wanted)
            deadline = time.monotonic() + patience_s
            while self.is_alive() and time.monotonic() < deadline:
                _bury(self.pid)
                time.sleep(_POLL_S)


def name_of(pid: int) -> ProcessName | None:
    """The process of a number; ``None`` if there is none, or only what is left of it."""
    try:
        content = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        fields = content.rpartition(")")[2].split()
        if fields[0] in "ZX":
            return None
        return ProcessName(pid, int(fields[_START_TIME]), _boot())
    except (OSError, IndexError, ValueError):
        return None


def start(command: Sequence[str], log: Path, *, folder: Path) -> ProcessName:
    """Start a process in a session of its own; what it prints goes to the end of a file.

    Raises:
        ConfigError: ``devnet.not_started``.
    """
    try:
        with log.open("ab") as sink:
            child = subprocess.Popen(  # noqa: S603 - the engine that the person named, no shell
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
            )
    except OSError as error:
        raise ConfigError(
            "devnet.not_started", f"{command[0]} cannot be started: {error.strerror or error}"
        ) from error
    # One that ended at once is named as what it is: nobody that is alive.
    named = name_of(child.pid) or ProcessName(child.pid, 0, _boot())
    # It is meant to outlive this object, whose own complaint about that helps nobody.
    child.returncode = 0
    return named


def with_argument(argument: str) -> Iterator[ProcessName]:
    """Our processes with exactly this argument, whoever started them."""
    wanted = argument.encode()
    for entry in _PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        with suppress(OSError):
            if entry.stat().st_uid != os.getuid():
                continue
            if wanted in (entry / "cmdline").read_bytes().split(b"\0"):
                named = name_of(int(entry.name))
                if named is not None and named.pid != os.getpid():
                    yield named


def free_ports(count: int) -> list[int]:
    """Ports of loopback that were free just now, all different."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in held]
    finally:
        for each in held:
            each.close()


def is_free(port: int) -> bool:
    """Whether somebody could listen at this port of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _boot() -> str:
    return (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text().strip()


def _bury(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
