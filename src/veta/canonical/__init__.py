"""JSON as it is signed: a strict reader, the RFC 8785 (JCS) writer, and tests of canonical form.

Statements are read with ``read``, written with ``write``; verification never writes again what it
read. ``canonicalise_foreign`` and ``restore`` serve other people's documents and copies.
"""

from veta.canonical.forms import canonicalise_foreign, is_canonical, require_canonical, restore
from veta.canonical.limits import (
    AUTHORED,
    COPY,
    FOREIGN,
    MAX_FRACTION_DIGITS,
    MAX_SAFE_INTEGER,
    STATEMENT,
    Limits,
)
from veta.canonical.reader import JsonValue, read, read_object
from veta.canonical.writer import write

__all__ = [
    "AUTHORED",
    "COPY",
    "FOREIGN",
    "MAX_FRACTION_DIGITS",
    "MAX_SAFE_INTEGER",
    "STATEMENT",
    "JsonValue",
    "Limits",
    "canonicalise_foreign",
    "is_canonical",
    "read",
    "read_object",
    "require_canonical",
    "restore",
    "write",
]
