"""``veta erase``: destroy a statement for good, and keep a tombstone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from veta import canonical
from veta.cli.console import OK, UNDETERMINED, emit, moment, say
from veta.cli.homes import find_leaf, open_home
from veta.cli.issue import FOOTPRINTS
from veta.cli.options import HERE, AsJson, Home, PasswordFile
from veta.errors import InputError
from veta.model.identifiers import UnixSeconds
from veta.ports.store import ErasureReason

_REASONS = {reason.value: reason for reason in ErasureReason}


def erase(
    subject: Annotated[str, typer.Argument(help="Leaf, credential id or lot number.")],
    reason: Annotated[str, typer.Option(help=", ".join(_REASONS))],
    yes: Annotated[
        bool, typer.Option("--yes", help="It cannot be undone: without this nothing is done.")
    ] = False,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Destroy a statement's document, its blind and its salts, here and for good.

    Its leaf stays on the chain and in its batch: proofs of other statements go on verifying, and
    nobody can find out what it said by trying. Copies that were handed out, backups, and files
    beside the home are not reached: see docs/operations/node.md. Revoke it first if nobody shall
    rely on copies.

    Ends with 3 where another process still reads the database's log: ask again after it ended.

    Example: veta erase urn:uuid:0b9c... --reason person --yes
    """
    if reason not in _REASONS:
        raise InputError("cli.reason", f"--reason is one of {', '.join(_REASONS)}")
    if not yes:
        raise InputError("cli.not_confirmed", "erasing cannot be undone: say --yes if it is meant")
    with open_home(home, writes=True, password_file=password_file) as node:
        leaf = find_leaf(node, subject)
        with node.store.read() as work:
            stored = work.statement(leaf)
        names = set() if stored is None else _names_in(stored.record.payload)
        now_s = UnixSeconds(node.clock.now_s())
        done = node.eraser.erase(leaf, at_s=now_s, reason=_REASONS[reason])
        files = _remove(node.config.home / FOOTPRINTS, names)
    document: dict[str, Any] = {
        "leaf": leaf.hex(),
        "erasedAt": done.erasure.erased_s,
        "reason": done.erasure.reason.value,
        "purged": done.purged,
        "files": files,
    }
    line = f"{leaf.hex()}  erased {moment(done.erasure.erased_s)} ({done.erasure.reason.value})"
    emit(document, [line, *(f"  removed {each}" for each in files)], as_json=as_json)
    if done.purged:
        return OK
    say("veta: another process reads the store; erase again once it ended [erase.not_purged]")
    return UNDETERMINED


def _names_in(payload: bytes) -> set[str]:
    """Last parts of every address in a document: what its own files are called."""
    found = set()
    waiting: list[Any] = [canonical.read_object(payload)]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and each.startswith("https://"):
            found.add(each.rpartition("/")[2])
    return found


def _remove(folder: Path, names: set[str]) -> list[str]:
    """Overwrite and remove the files of these names in a folder."""
    removed = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name in names and path.is_file():
            path.write_bytes(bytes(path.stat().st_size))
            path.unlink()
            removed.append(str(path))
    return removed
