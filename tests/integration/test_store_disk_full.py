"""A disk that is really full: nothing half-written, a clear error, and on it goes with room."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.node_parts import make_parts, record
from tests.unit.test_store_open import IDENTITY
from veta.errors import StoreError
from veta.ports.store import StatementState
from veta.store.sql_store import SqlStore, open_store

MIB = 2**20


@contextmanager
def _small_disk(folder: Path, octets: int) -> Iterator[Path]:
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={octets}", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("mounting a tmpfs is not permitted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(store: SqlStore) -> int:
    """Write until the store says that it cannot; returns how many statements were acknowledged."""
    kept = 0
    while True:
        big = [replace(record(kept + n), subject="x" * 10_000) for n in range(10)]
        try:
            with store.write() as work:
                work.add_statements(big)
        except StoreError as error:
            assert error.code == "store.disk_full"
            return kept
        kept += 10
        assert kept < 100_000


def _count(store: SqlStore) -> int:
    with store.read() as work:
        return sum(work.count_statements().values())


def test_write__disk_full__error_nothing_half_written_and_goes_on_with_room(
    tmp_path: Path,
) -> None:
    with _small_disk(tmp_path / "disk", 2 * MIB) as disk:
        store = open_store(disk / "node.db", IDENTITY, create=True)
        ballast = disk / "ballast"
        ballast.write_bytes(b"\0" * 300_000)
        kept = _fill(store)
        assert kept > 10
        assert _count(store) == kept
        store.close()
        again = open_store(disk / "node.db", IDENTITY)  # sound, and readable without any room
        assert _count(again) == kept
        ballast.unlink()
        with again.write() as work:
            work.add_statements([record(kept)])
        assert _count(again) == kept + 1
        again.close()


def test_write__file_size_limit__error_and_nothing_half_written(tmp_path: Path) -> None:
    """The same by the kernel's limit on a file's size, which needs no mounting."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            store = open_store(tmp_path / "node.db", IDENTITY, create=True)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, 2 * MIB))
            kept = _fill(store)
            assert _count(store) == kept
            os.write(writing, str(kept).encode())
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status == 0
    kept = int(os.read(reading, 100))
    os.close(reading)
    os.close(writing)
    assert kept > 10
    store = open_store(tmp_path / "node.db", IDENTITY)
    assert _count(store) == kept
    store.close()


def test_outbox__disk_full_in_the_middle__nothing_sent_that_is_not_kept(tmp_path: Path) -> None:
    with _small_disk(tmp_path / "disk", 2 * MIB) as disk:
        parts = make_parts(disk)
        parts.add(3)
        ballast = disk / "ballast"
        with pytest.raises(OSError, match="No space"):
            ballast.write_bytes(b"\0" * 2 * MIB)
        with pytest.raises(StoreError) as refusal:
            parts.add(1000, start=10)
        assert refusal.value.code == "store.disk_full"
        before = parts.ledger.calls.count("send")
        try:
            parts.anchorer.anchor()
            parts.steps(2)
        except StoreError as error:
            assert error.code == "store.disk_full"
        with parts.store.read() as work:
            kept = len(work.entries())
        assert parts.ledger.calls.count("send") - before <= kept
        ballast.unlink()
        parts.anchorer.anchor()
        parts.steps(3)
        with parts.store.read() as work:
            assert work.count_statements()[StatementState.ANCHORED] == 3
        parts.store.close()
