"""What the chain said of sites, in a bundle's file and out of it. Read strictly."""

from __future__ import annotations

from typing import Any, Final

from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.model.lots import SiteId
from veta.model.site_events import CATEGORIES, NoticeSource, SiteRecordKind
from veta.model.site_notices import SiteConcern, SiteNotices, SiteRecord
from veta.verify.site_step import MAX_SITES
from veta.verify.strict_json import decimal, listed, members, octets, optional, text, whole

_MAX_EACH: Final = 256
"""Concerns, or records, of one site."""


def sites_json(sites: tuple[SiteNotices, ...]) -> list[dict[str, Any]]:
    """Open concerns and standing records of each site."""
    return [
        {
            "site": each.site,
            "concerns": [_concern_json(concern) for concern in each.concerns],
            "records": [_record_json(record) for record in each.records],
            "leftOut": each.left_out,
        }
        for each in sites
    ]


def read_sites(value: Any) -> tuple[SiteNotices, ...]:
    """What a file says that the chain said of sites."""
    return listed(value, MAX_SITES, _read_site)


def _concern_json(concern: SiteConcern) -> dict[str, Any]:
    return {
        "number": concern.number,
        "party": concern.party,
        "source": concern.source.name,
        "raised": concern.raised_s,
        "respondBy": concern.respond_by_s,
        "leaf": concern.leaf.hex(),
        "closedByParty": concern.closed_by_party_s,
        "closedBySite": concern.closed_by_site_s,
    }


def _record_json(record: SiteRecord) -> dict[str, Any]:
    return {
        "number": record.number,
        "by": record.by,
        "source": record.source.name,
        "kind": record.kind.name,
        "category": record.what.name,
        "recorded": record.recorded_s,
        "from": record.from_s,
        "until": str(record.until_s),
        "replaces": record.replaces,
        "leaf": record.leaf.hex(),
    }


def _read_site(value: Any) -> SiteNotices:
    document = members(value, "site", "concerns", "records", "leftOut")
    return SiteNotices(
        site=SiteId(whole(document["site"])),
        concerns=listed(document["concerns"], _MAX_EACH, _read_concern),
        records=listed(document["records"], _MAX_EACH, _read_record),
        left_out=whole(document["leftOut"]),
    )


_CONCERN: Final = (
    *("number", "party", "source", "raised", "respondBy", "leaf"),
    *("closedByParty", "closedBySite"),
)
_RECORD: Final = (
    *("number", "by", "source", "kind", "category", "recorded", "from", "until"),
    *("replaces", "leaf"),
)


def _read_concern(value: Any) -> SiteConcern:
    document = members(value, *_CONCERN)
    return SiteConcern(
        number=whole(document["number"]),
        party=MemberId(whole(document["party"])),
        source=NoticeSource[text(document["source"])],
        raised_s=_time(document["raised"]),
        respond_by_s=_time(document["respondBy"]),
        leaf=Leaf(octets(document["leaf"], 32)),
        closed_by_party_s=optional(document["closedByParty"], _time),
        closed_by_site_s=optional(document["closedBySite"], _time),
    )


def _read_record(value: Any) -> SiteRecord:
    document = members(value, *_RECORD)
    kind = SiteRecordKind[text(document["kind"])]
    return SiteRecord(
        number=whole(document["number"]),
        by=MemberId(whole(document["by"])),
        source=NoticeSource[text(document["source"])],
        kind=kind,
        category=CATEGORIES[kind][text(document["category"])].value,
        recorded_s=_time(document["recorded"]),
        from_s=_time(document["from"]),
        until_s=UnixSeconds(decimal(document["until"])),
        replaces=whole(document["replaces"]),
        leaf=Leaf(octets(document["leaf"], 32)),
    )


def _time(value: object) -> UnixSeconds:
    return UnixSeconds(whole(value))
