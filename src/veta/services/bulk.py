"""Bulk verification: a line in, a line out, in constant memory, resumable by line number.

A stream of newline-delimited JSON (one bundle, token or name a line) becomes a stream of verdicts.
Each line has its answer, whatever its neighbours are: one that cannot be read has an error of its
own. The reader of the answers knows how far it came by the last line number that it kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from veta.errors import InputError, LedgerError, ProvenanceError, StoreError
from veta.verify.report import Report
from veta.verify.verdict import Verdict

MOST_LINE_OCTETS: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """What became of one line."""

    line: int
    """From 1."""
    found: Report | ProvenanceError

    @property
    def verdict(self) -> Verdict | None:
        """``None``: the line could not be judged."""
        return self.found.verdict if isinstance(self.found, Report) else None

    def to_json(self) -> dict[str, Any]:
        """One line of the answer: verdict, what it is about, and the check that decided."""
        if isinstance(self.found, ProvenanceError):
            words = " ".join(self.found.message.split())
            return {"line": self.line, "error": {"code": self.found.code, "message": words}}
        whole, decisive = self.found.to_json(), self.found.decisive()
        return {
            "line": self.line,
            "verdict": self.found.verdict.value,
            "leaf": whole["leaf"],
            "issuer": whole["issuer"],
            "about": whole["about"],
            "block": None if self.found.as_of is None else self.found.as_of.number,
            "decisive": None if decisive is None else decisive.code,
        }


def judge_lines(
    lines: Iterable[bytes], judge: Callable[[bytes], Report], *, first: int = 1
) -> Iterator[BulkAnswer]:
    """Answers in the order of the lines; nothing is kept of a line once it is answered.

    Args:
        lines: as they come; empty ones are passed over and count.
        judge: judges one line's octets; its errors about the line are the line's answer.
        first: line to begin with, from 1: those before it were answered already.

    Raises:
        InputError: ``bulk.first_line``.
        LedgerError, StoreError: of ``judge``: nothing can be asked any more, so that the stream
            ends here and is resumed at this line.
    """
    if first < 1:
        raise InputError("bulk.first_line", "lines are counted from 1")
    for number, line in enumerate(lines, start=1):
        octets = line.strip()
        if number < first or not octets:
            continue
        try:
            if len(octets) > MOST_LINE_OCTETS:
                raise InputError("bulk.line_too_large", f"more than {MOST_LINE_OCTETS} octets")
            found: Report | ProvenanceError = judge(octets)
        except (LedgerError, StoreError):
            raise
        except ProvenanceError as error:
            found = error
        yield BulkAnswer(number, found)
