"""What the demo prints: calm, aligned, with times; colours only where somebody watches."""

from __future__ import annotations

import shutil
import textwrap
import time
from datetime import UTC, datetime
from typing import Final, TextIO

from veta.verify.report import Report
from veta.verify.verdict import Outcome, Verdict

WIDTH: Final = 92
_INDENT: Final = "     "
_BOLD, _GREEN, _YELLOW, _RED, _DIM, _PLAIN = (
    "\033[1m",
    "\033[32m",
    "\033[33m",
    "\033[31m",
    "\033[2m",
    "\033[0m",
)
_COLOUR_OF: Final = {
    Verdict.VALID: _GREEN,
    Verdict.VALID_WITH_NOTICE: _YELLOW,
    Verdict.INVALID: _RED,
    Verdict.NOT_PROVEN: _YELLOW,
    Verdict.INDETERMINATE: _YELLOW,
}


class Teller:
    """Tells the story on a stream, and remembers whether every expectation was met.

    Attributes:
        surprises: what came out otherwise than expected.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lively = stream.isatty()
        self._width = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
        self._began = time.monotonic()
        self._chapters = 0
        self.surprises: list[str] = []

    @property
    def elapsed_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def title(self, text: str, below: str) -> None:
        """The headline."""
        self._print(self._styled(_BOLD, text))
        self._print(self._styled(_DIM, below))

    def chapter(self, title: str, day_s: int | None = None) -> None:
        """A new part of the story, on a day of its own."""
        self._chapters += 1
        day = "" if day_s is None else datetime.fromtimestamp(day_s, UTC).strftime("%-d %B %Y")
        clock = f"{day:>17}  {self.elapsed_s:5.1f} s"
        head = f"{self._chapters:>2}   {title}"
        gap = " " * max(2, self._width - len(head) - len(clock))
        self._print("")
        self._print(self._styled(_BOLD, head) + gap + self._styled(_DIM, clock))

    def say(self, text: str) -> None:
        """A sentence or two, wrapped."""
        for line in textwrap.wrap(
            text, self._width, initial_indent=_INDENT, subsequent_indent=_INDENT
        ):
            self._print(line)

    def line(self, text: str) -> None:
        """One line, as it is."""
        self._print(_INDENT + text)

    def working(self, text: str) -> None:
        """A line that the next one replaces where somebody watches; otherwise nothing."""
        if self._lively:
            self._stream.write(f"\r\033[K{_INDENT}{_DIM}{text}{_PLAIN}")
            self._stream.flush()

    def verdict(self, what: str, report: Report, *, expected: Verdict, code: str = "") -> None:
        """A verdict with its reason, held against what the story expects.

        Args:
            what: what was judged.
            report: what came out.
            expected: the verdict that must come out.
            code: code of a check that must have decided it; empty: any.
        """
        word = self._styled(_COLOUR_OF[report.verdict], f"{report.verdict.value:<17}")
        self._print(f"{_INDENT}{word}  {what}")
        decisive = [
            check
            for check in report.checks
            if check.outcome in {Outcome.FAILED, Outcome.NOTICE}
            or (report.verdict is Verdict.INDETERMINATE and check is report.decisive())
        ]
        for check in decisive:
            reason = f"step {int(check.step)}, {check.step.title}: {check.sentence} [{check.code}]"
            indent = _INDENT + " " * 19
            for line in textwrap.wrap(
                reason, self._width, initial_indent=indent, subsequent_indent=indent
            ):
                self._print(line)
        self.expect(report.verdict is expected, f"{what} is {report.verdict}, not {expected}")
        if code:
            codes = [check.code for check in decisive]
            self.expect(code in codes, f"{what} was decided by {codes}, not by {code}")

    def refusal(self, what: str, reason: str) -> None:
        """Something that was tried, and why it is refused."""
        word = self._styled(_RED, f"{'REFUSED':<17}")
        self._print(f"{_INDENT}{word}  {what}")
        indent = _INDENT + " " * 19
        for line in textwrap.wrap(
            reason, self._width, initial_indent=indent, subsequent_indent=indent
        ):
            self._print(line)

    def expect(self, met: bool, surprise: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Note a surprise unless the expectation is met."""
        if not met:
            self.surprises.append(surprise)
            self._print(f"{_INDENT}{self._styled(_RED, 'NOT AS EXPECTED')}: {surprise}")

    def command(self, text: str) -> None:
        """Something to type."""
        self._print(f"{_INDENT}  {self._styled(_BOLD, text)}")

    def _styled(self, style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if self._lively else text

    def _print(self, text: str) -> None:
        if self._lively:
            self._stream.write("\r\033[K")
        self._stream.write(text + "\n")
        self._stream.flush()
