"""How much JSON is read, and in which form numbers and text may come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

MAX_SAFE_INTEGER: Final = 2**53 - 1
"""Largest integer that every JSON implementation holds exactly (RFC 7493 section 2.2)."""

MAX_FRACTION_DIGITS: Final = 15
"""A decimal of at most 15 digits survives the way through an IEEE 754 double unchanged, so any
RFC 8785 implementation writes it back as it was."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one read; all are checked before a value is handed out."""

    max_octets: int = 256 * 1024
    max_depth: int = 32
    """Objects and arrays inside one another; a bare number has depth 0."""
    max_nodes: int = 20_000
    """Values and member names together."""
    max_integer: int = MAX_SAFE_INTEGER
    max_digits: int = MAX_FRACTION_DIGITS
    """Digits of a number with a fraction, as written, leading zeros not counted."""
    exponents: bool = False
    """Whether ``1e3`` is read."""
    canonical_numbers: bool = False
    """Whether a number must already be written as RFC 8785 would: ``3031.0`` is then refused."""
    require_nfc: bool = True
    """Whether text and member names must be in Unicode normalisation form C."""


STATEMENT: Final = Limits()
"""Statements as they arrive, from members or from strangers."""

AUTHORED: Final = replace(STATEMENT, canonical_numbers=True)
"""Documents handed in to be signed by this node: the strictest reading."""

COPY: Final = replace(STATEMENT, require_nfc=False, max_digits=17)
"""A document that went through somebody's software, which may have written 2^53-1 with ``.0``; what
is restored has the bounds of a statement again. See ``restore``."""

FOREIGN: Final = Limits(
    max_octets=16 * 1024 * 1024,
    max_depth=64,
    max_nodes=1_000_000,
    max_integer=2**256 - 1,
    max_digits=80,
    exponents=True,
    require_nfc=False,
)
"""JSON that is nobody's statement: answers of a chain endpoint, schemas, partners' interfaces."""
