r"""Structured logs: one JSON object a line, whatever the strings in it hold.

Control characters, line ends of every alphabet and terminal escapes leave as ``\uXXXX``. Requests
are logged by method, path, status and time; never their headers, queries or bodies.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final, TextIO

LOGGER_NAME: Final = "veta"
_LONGEST: Final = 2_000
_SECRETS: Final = re.compile(
    r"(?i)(authorization\W{1,4}(?:\w+\s+)?|bearer\s+"
    r"|(?:password|passphrase|secret|token|private.?key)\s*[=:]\s*)\S+"
)
_RESERVED: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


# Without this, a process that set up no logging would print faults with their messages.
logging.getLogger(LOGGER_NAME).addHandler(logging.NullHandler())


def escaped(text: str) -> str:
    """A JSON string literal of visible ASCII, at most 2,000 characters of the text, redacted."""
    bare = _SECRETS.sub(r"\1[redacted]", text[:_LONGEST])
    return json.dumps(bare, ensure_ascii=True).replace("\x7f", "\\u007f")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON.

    Of an exception only its type and the places in the code are kept: its message and the values
    in its frames may hold what must not be logged.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line, without its end."""
        moment = datetime.fromtimestamp(record.created, UTC)
        members: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        extra = {name: value for name, value in vars(record).items() if name not in _RESERVED}
        members |= extra
        if record.exc_info and record.exc_info[0] is not None:
            members["exception"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])[-8:]
            members["where"] = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in frames[::-1])
        return "{" + ",".join(f"{escaped(n)}:{_value(v)}" for n, v in members.items()) + "}"


def _value(value: object) -> str:
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    return escaped(str(value))


def log_to(stream: TextIO | None = None, level: int = logging.INFO) -> logging.Handler:
    """Send the project's log lines to a stream (standard error), and uvicorn's complaints too.

    Called by whoever runs a process; libraries and tests only emit.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    for name in (LOGGER_NAME, "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level if name == LOGGER_NAME else logging.WARNING)
    return handler


def log_unless_set_up() -> None:
    """``log_to`` standard error, if nobody sends the lines anywhere yet."""
    handlers = logging.getLogger(LOGGER_NAME).handlers
    if all(isinstance(each, logging.NullHandler) for each in handlers):
        log_to()
