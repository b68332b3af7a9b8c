"""Keeps the interpreter's recursion limit where it was.

py-evm and py_ecc (which eth-account imports) raise the limit on import, to 100000; a nested JSON
body of 80 kB then overruns the C stack and kills the process. Every import of such a package
stands inside this context, in ``chain.web3_packages`` and ``chain.evm_packages``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def recursion_limit_kept() -> Iterator[None]:
    """Whatever is imported inside, the limit afterwards is the one before."""
    before = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
