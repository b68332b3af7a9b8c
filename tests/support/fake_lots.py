"""The fake chain pins no lot contracts: as a chain of an older version does."""

from __future__ import annotations

from typing import NoReturn

from veta.errors import ConfigError


def no_lots() -> NoReturn:
    """What ``Ledger.lots`` says there."""
    raise ConfigError("config.no_contract", "the trust configuration pins no LotBook")
