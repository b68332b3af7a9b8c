"""What goes to whom: stdout is data, stderr is talk, progress and errors.

Exit codes: 0 verified or done, 1 not verified or refused, 2 usage or configuration, 3 could not be
determined (the chain or a store could not be asked, or an outcome is not known yet).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from veta.errors import (
    LedgerError,
    ProvenanceError,
    StoreError,
    TransactionRevertedError,
    VerificationError,
)
from veta.verify.verdict import Verdict

OK: Final = 0
NOT_VERIFIED: Final = 1
USAGE: Final = 2
UNDETERMINED: Final = 3

EXIT_OF_VERDICT: Final[Mapping[Verdict, int]] = {
    Verdict.VALID: OK,
    Verdict.VALID_WITH_NOTICE: OK,
    Verdict.NOT_PROVEN: NOT_VERIFIED,
    Verdict.INVALID: NOT_VERIFIED,
    Verdict.INDETERMINATE: UNDETERMINED,
}


def exit_code_of(error: ProvenanceError) -> int:
    """The exit code of an error that ended a command."""
    if isinstance(error, VerificationError | TransactionRevertedError):
        return NOT_VERIFIED
    if isinstance(error, LedgerError | StoreError):
        return UNDETERMINED
    return USAGE


def emit(document: Mapping[str, Any], lines: list[str], *, as_json: bool) -> None:
    """Print the result: one JSON document, or lines for a person."""
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False, default=str))
    else:
        print("\n".join(lines))


def say(text: str) -> None:
    """Talk: never data, so that nothing fails because nobody can hear it."""
    with suppress(OSError):
        print(text, file=sys.stderr)


def drop_output() -> None:
    """Let go of what stdout did not take, so that the interpreter does not complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report_error(error: ProvenanceError, *, as_json: bool) -> int:
    """One line on stderr (and the same as JSON on stdout where a program reads); the exit code."""
    code = exit_code_of(error)
    one_line = " ".join(str(error.message).split())
    say(f"veta: {one_line} [{error.code}]")
    if as_json:
        body = {"error": {"code": error.code, "message": one_line}, "exit": code}
        try:
            print(json.dumps(body, indent=2, ensure_ascii=False), flush=True)
        except OSError:
            drop_output()  # stderr has the line, the exit code says the rest
    return code


class Progress(Protocol):
    """How far long work has come."""

    def __call__(self, done: int, total: int | None = None, /) -> None:
        """Show it."""


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Progress]:
    """A bar on stderr where a person watches; nothing at all where nobody does."""
    if not sys.stderr.isatty():
        yield lambda _done, _total=None: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=total)

        def show(done: int, of: int | None = None, /) -> None:
            bars.update(task, completed=done, total=of if of is not None else total)

        yield show


def moment(seconds: int) -> str:
    """A time for a person, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def table(rows: Sequence[tuple[str, ...]], *, indent: str = "") -> list[str]:
    """Rows in aligned columns."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        (
            indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
