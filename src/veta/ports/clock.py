"""Time, injected."""

from __future__ import annotations

from typing import Protocol

from veta.model.identifiers import UnixSeconds


class Clock(Protocol):
    """Wall clock for ages and defaults, monotonic clock for time-outs."""

    def now_s(self) -> UnixSeconds:
        """Seconds since 1970, UTC."""

    def monotonic_s(self) -> float:
        """Seconds that never go back; only differences mean something."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
