"""A site's dossier as a JSON document, the same on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from veta.errors import NotFoundError
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lots import SiteId
from veta.model.registry_events import SiteRegistered
from veta.model.site_events import (
    ConcernClosed,
    ConcernRaised,
    SiteRecorded,
    SiteRecordKind,
)
from veta.ports.store import Store
from veta.services.registry import RegistryShelf
from veta.services.registry_documents import records_json, sites_json
from veta.services.run_file import word_of
from veta.services.site_standing import (
    ConcernNow,
    SiteRecordNow,
    concerns_now,
    notices_now,
    records_now,
)
from veta.verify.site_step import BEYOND_CALENDAR_S, Production, site_checks
from veta.verify.verdict import Check

_LISTS: Final = {
    SiteRecordKind.INCIDENT: "incidents",
    SiteRecordKind.FACILITY: "facilities",
    SiteRecordKind.AGREEMENT: "agreements",
}


@dataclass(frozen=True, slots=True)
class _Said:
    """Everything that was ever said of a site, and when it is looked at."""

    concerns: tuple[ConcernNow, ...]
    records: tuple[SiteRecordNow, ...]
    names: Mapping[MemberId, str]
    at_s: int


def site_json(store: Store, site: SiteId) -> dict[str, Any]:
    """Who operates a site, its certificates, and everything that is said of it.

    Nothing is left out: what was closed, replaced or taken back is there, and says so.

    Args:
        store: as followed; its newest block's time is now.
        site: which.

    Raises:
        NotFoundError: ``site.unknown``.
    """
    shelf = RegistryShelf(store)
    told = next((each for each in sites_json(shelf)["sites"] if each["site"] == site), None)
    if told is None:
        raise NotFoundError("site.unknown", f"site {site} is not registered")
    said = _said(store, site, shelf.now_s())
    certificates = [e for e in records_json(shelf)["certificates"] if e["site"] == site]
    return {
        "at": said.at_s,
        **told,
        "operators": [
            each | {"name": said.names.get(each["member"])} for each in told["operators"]
        ],
        "certificates": certificates,
        "concerns": [_concern(each, said) for each in said.concerns],
        **{
            name: [_record(e, said) for e in said.records if e.record.kind is kind]
            for kind, name in _LISTS.items()
        },
    }


def sentences_about(
    store: Store, site: SiteId, from_s: UnixSeconds, to_s: UnixSeconds
) -> tuple[str, ...]:
    """What a reader of a lot is told of its site, as followed; none where nothing is said.

    Args:
        store: as ``site_json``.
        site: where the lot was produced.
        from_s: from when on.
        to_s: until when, exclusive.
    """
    shelf = RegistryShelf(store)
    said, names = _said(store, site, shelf.now_s()), shelf.names()
    notices = notices_now(site, said.concerns, said.records)
    at_s = UnixSeconds(said.at_s)
    checks = site_checks(site, notices, (Production(site, from_s, to_s, own=True),), at_s)
    return tuple(worded(e, names.sites.get(site)) for e in checks if e.code != "site.quiet")


def worded(check: Check, name: str | None) -> str:
    """A finding about a site with the site's name in it, if it is known."""
    number = f"site {check.facts['site']}"
    return check.sentence.replace(number, f"{name} ({number})", 1) if name else check.sentence


def find_site(store: Store, text: str) -> SiteId:
    """The site that a person means: its number, its identifier, or its name.

    Raises:
        NotFoundError: ``site.unknown``: there is none, or more than one of this name.
    """
    if text.isascii() and text.isdecimal() and len(text) <= len(str(2**32)):
        return SiteId(int(text))
    with store.read() as work:
        sites = work.said(SiteRegistered)
    found = [each.site for each in sites if text in {each.identifier, each.name}]
    if len(found) != 1:
        raise NotFoundError("site.unknown", f"{len(found) or 'no'} site is registered as {text!r}")
    return found[0]


def _said(store: Store, site: SiteId, at_s: int) -> _Said:
    with store.read() as work:
        return _Said(
            concerns=concerns_now(work.story(ConcernRaised, ConcernClosed, site=site)),
            records=records_now(work.said(SiteRecorded, site=site)),
            names={each.member: each.name for each in work.members()},
            at_s=at_s,
        )


def _concern(now: ConcernNow, said: _Said) -> dict[str, Any]:
    concern = now.concern
    return {
        "number": concern.number,
        "open": concern.is_open,
        "party": concern.party,
        "partyName": said.names.get(concern.party),
        "source": word_of(concern.source),
        "raised": concern.raised_s,
        "ageS": max(0, said.at_s - concern.raised_s) if concern.is_open else None,
        "respondBy": concern.respond_by_s,
        "overdue": concern.overdue(said.at_s),
        "document": concern.leaf.hex(),
        "closings": [
            {
                "side": word_of(each.side),
                "by": each.by,
                "byName": said.names.get(each.by),
                "closed": each.closed_s,
                "document": each.leaf.hex(),
            }
            for each in now.closings
        ],
    }


def _record(now: SiteRecordNow, said: _Said) -> dict[str, Any]:
    record = now.record
    due = record.kind is not SiteRecordKind.INCIDENT and record.until_s <= said.at_s
    return {
        "number": record.number,
        "stands": now.stands,
        "category": word_of(record.what),
        "by": record.by,
        "byName": said.names.get(record.by),
        "source": word_of(record.source),
        "recorded": record.recorded_s,
        "from": record.from_s,
        "until": None if record.until_s >= BEYOND_CALENDAR_S else record.until_s,
        "expired": due and now.stands,
        "document": record.leaf.hex(),
        "replaces": record.replaces or None,
        "replacedBy": now.replaced_by,
        "takesBack": now.takes_back,
    }
