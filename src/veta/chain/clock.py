"""The machine's clocks."""

from __future__ import annotations

import time

from veta.model.identifiers import UnixSeconds


class SystemClock:
    """Implements ``ports.clock.Clock`` with the operating system's clocks."""

    def now_s(self) -> UnixSeconds:
        """Seconds since 1970, UTC."""
        return UnixSeconds(int(time.time()))

    def monotonic_s(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
