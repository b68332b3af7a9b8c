"""What a verifier asks the chain about the sites behind a lot, at the block of its facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from veta.errors import ConfigError, LedgerError
from veta.model.anchoring import BlockRef
from veta.model.determined import Determined, Known, Undetermined
from veta.model.lots import SiteId
from veta.model.site_notices import SiteNotices
from veta.verify.site_step import MAX_SITES

_NOT_KEPT: Final = "config.no_contract"


class SiteReads(Protocol):
    """The part of the lots' port that tells of sites."""

    def site_notices(self, site: SiteId, block: BlockRef) -> SiteNotices:
        """Open concerns and standing records."""


class SiteFacts:
    """Asks about each site once, at one block.

    Args:
        reads: the chain.
        block: at which all is asked.
    """

    def __init__(self, reads: SiteReads, block: BlockRef) -> None:
        self._reads = reads
        self._block = block
        self._known: dict[SiteId, SiteNotices] = {}

    def of(self, sites: Iterable[SiteId]) -> Determined[tuple[SiteNotices, ...]] | None:
        """What is said of sites; at most ``MAX_SITES``, the lowest first, since whoever makes
        bundles makes the node ask. ``None`` on a chain that keeps no such records.
        """
        wanted = sorted({site for site in sites if site})[:MAX_SITES]
        try:
            return Known(tuple(map(self._ask, wanted)))
        except ConfigError as error:
            return None if error.code == _NOT_KEPT else Undetermined(error.code, error.message)
        except LedgerError as error:
            return Undetermined(error.code, error.message)

    def _ask(self, site: SiteId) -> SiteNotices:
        if site not in self._known:
            self._known[site] = self._reads.site_notices(site, self._block)
        return self._known[site]
