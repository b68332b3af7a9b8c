"""``veta verify --bulk``: streams of newline-delimited JSON, judged line by line."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

from veta import canonical
from veta.cli.console import (
    EXIT_OF_VERDICT,
    NOT_VERIFIED,
    OK,
    UNDETERMINED,
    USAGE,
    exit_code_of,
    progress,
    say,
)
from veta.errors import ConfigError, InputError, ProvenanceError
from veta.services.bulk import MOST_LINE_OCTETS, BulkAnswer, judge_lines
from veta.verify.report import Report

_WORST_FIRST: Final = (NOT_VERIFIED, UNDETERMINED, USAGE, OK)


def verify_stream(source: str, judge: Callable[[bytes], Report], *, from_line: int) -> int:
    """Judge a file or stdin (``-``) of lines; an answer a line on stdout.

    Returns:
        The worst exit code of all lines, as ``veta verify`` of several.

    Raises:
        LedgerError, StoreError: nothing can be asked any more; stderr names the line to resume at.
    """
    counts: Counter[str] = Counter()
    codes = {OK}
    last = from_line - 1
    with ExitStack() as stack, progress("Judging") as show:
        stream = _opened(stack, source)
        try:
            for answer in judge_lines(_lines(stream), judge, first=from_line):
                print(
                    json.dumps(answer.to_json(), ensure_ascii=False), flush=answer.line % 100 == 0
                )
                codes.add(_code(answer))
                counts[answer.verdict.value if answer.verdict else "not judged"] += 1
                last = answer.line
                show(counts.total())
        except ProvenanceError:
            sys.stdout.flush()
            say(f"stopped after line {last}: resume with --from-line {last + 1}")
            raise
    if not counts:
        raise InputError("bulk.empty", f"there is no line {from_line} to judge")
    words = ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items()))
    say(f"{counts.total():,} lines judged, the last is line {last}: {words}")
    return next(code for code in _WORST_FIRST if code in codes)


def named_in(line: bytes) -> str | None:
    """The lot number, leaf or id in a line that is a JSON text; ``None`` for any other line.

    Raises:
        InputError: ``canonical.*``.
    """
    if not line.startswith(b'"'):
        return None
    value = canonical.read(line)
    return value if isinstance(value, str) else None


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines, each read as far as it may be long and one octet more."""
    while line := stream.readline(MOST_LINE_OCTETS + 2):
        whole = line
        while not line.endswith(b"\n") and len(whole) > MOST_LINE_OCTETS:
            line = stream.readline(MOST_LINE_OCTETS)  # the rest of what is too long is let go
            if not line:
                break
        yield whole


def _opened(stack: ExitStack, source: str) -> BinaryIO:
    if source == "-":
        return sys.stdin.buffer
    try:
        return stack.enter_context(Path(source).open("rb"))
    except OSError as error:
        raise InputError(
            "cli.unreadable", f"cannot read {source}: {error.strerror or error}"
        ) from error


def _code(answer: BulkAnswer) -> int:
    if isinstance(answer.found, ProvenanceError):
        return exit_code_of(answer.found)
    return EXIT_OF_VERDICT[answer.found.verdict]


def require_one(subjects: list[str], *, lists: bool) -> str:
    """The one stream of a command line, which looks nobody up.

    Raises:
        ConfigError: ``cli.bulk_one``, ``cli.bulk_lists``.
    """
    if lists:
        raise ConfigError("cli.bulk_lists", "--bulk looks nobody up in --lists")
    if len(subjects) != 1:
        raise ConfigError("cli.bulk_one", "--bulk judges one stream: a file, or - for stdin")
    return subjects[0]
