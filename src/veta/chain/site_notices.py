"""Gateway to the ``SiteNotices`` contract: what is said of a site."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from veta.chain.caller import ContractCaller
from veta.errors import LedgerUnavailableError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.model.lots import SiteId
from veta.model.site_events import CATEGORIES, NoticeSource, SiteRecordKind
from veta.model.site_notices import SiteConcern, SiteNotices, SiteRecord, SiteRecordGrant
from veta.ports.ledger import Call

MOST: Final = 64
"""Open concerns, and standing records, that are read of one site."""
_FOLDED: Final = "folded from the events that were followed"
_GAS: Final = 400_000


class SiteNoticeGateway:
    """Calls of ``SiteNotices``."""

    FUNCTIONS: ClassVar[dict[str, str]] = {
        "closeConcern": "encode_close_concern",
        "notices": "notices",
        "raiseConcern": "encode_raise_concern",
        "record": "encode_record_site",
        "version": "version",
    }
    """ABI function: method of this gateway that calls it."""

    UNUSED: ClassVar[dict[str, str]] = {
        "concern": _FOLDED,
        "counts": _FOLDED,
        "eventHead": "the ledger asks it of all contracts alike",
        "lastConcern": _FOLDED,
        "parts": "trust is pinned, never looked up",
        "setSuccessor": "for the consortium alone",
        "siteRecord": _FOLDED,
        "successor": "trust is pinned, never looked up",
    }
    """ABI function: why nobody here calls it."""

    def __init__(self, caller: ContractCaller) -> None:
        self._caller = caller

    def version(self, block: BlockRef) -> str:
        """Protocol version of the contract."""
        (version,) = self._caller.read("version", block=block)
        return str(version)

    def notices(self, site: SiteId, block: BlockRef) -> SiteNotices:
        """Open concerns and standing records, at most ``MOST`` of each.

        Raises:
            LedgerUnavailableError: ``ledger.garbage``: a value that the contract cannot have.
        """
        count, concerns, standing, records = self._caller.read("notices", site, MOST, block=block)
        try:
            found = SiteNotices(
                site=site,
                concerns=tuple(sorted(map(_concern, concerns), key=_number)),
                records=tuple(sorted(map(_record, records), key=_number)),
                left_out=count - len(concerns) + standing - len(records),
            )
        except ValueError as error:
            raise LedgerUnavailableError("ledger.garbage", f"of site {site}: {error}") from error
        return found

    def encode_raise_concern(self, site: SiteId, leaf: Leaf) -> Call:
        """Raise a concern about a site."""
        return self._call("raiseConcern", site, leaf, purpose="raise concern")

    def encode_close_concern(self, site: SiteId, number: int, leaf: Leaf) -> Call:
        """Close one side of a concern."""
        return self._call("closeConcern", site, number, leaf, purpose="close concern")

    def encode_record_site(self, site: SiteId, grant: SiteRecordGrant) -> Call:
        """Record an incident, a facility's status or an agreement."""
        return self._call("record", site, grant.abi(), purpose="record site")

    def _call(self, function: str, *arguments: object, purpose: str) -> Call:
        return self._caller.encode(function, *arguments, gas_limit=_GAS, purpose=purpose)


def _number(each: SiteConcern | SiteRecord) -> int:
    return each.number


def _concern(value: tuple[Any, ...]) -> SiteConcern:
    number, party, raised, respond_by, source, leaf, by_party, by_site = value
    return SiteConcern(
        number=number,
        party=MemberId(party),
        source=NoticeSource(source),
        raised_s=UnixSeconds(raised),
        respond_by_s=UnixSeconds(respond_by),
        leaf=Leaf(leaf),
        closed_by_party_s=UnixSeconds(by_party) if by_party else None,
        closed_by_site_s=UnixSeconds(by_site) if by_site else None,
    )


def _record(value: tuple[Any, ...]) -> SiteRecord:
    number, by, recorded, replaces, _, kind, category, source, from_s, until_s, leaf = value
    of = SiteRecordKind(kind)
    return SiteRecord(
        number=number,
        by=MemberId(by),
        source=NoticeSource(source),
        kind=of,
        category=CATEGORIES[of](category).value,
        recorded_s=UnixSeconds(recorded),
        from_s=UnixSeconds(from_s),
        until_s=UnixSeconds(until_s),
        replaces=replaces,
        leaf=Leaf(leaf),
    )
