"""Step 10, beside the assurance chain: what is said of the sites that a lot came from.

    which       the lot's own site, and that of every disclosed run behind it
    concerns    open ones: a concern and no verdict
    incidents   in whose window some of the lot, or of what it was made from, was produced
    records     facilities and agreements: in force, below the standard, or due and not renewed

Nothing said of a site makes a lot INVALID: the worst that it comes to is a notice. What could not
be asked, was left out of the facts, or belongs to sites that are not disclosed, is no silence.
A network whose trust configuration pins no contract for it keeps no such records, and no check is
made (docs/spec/sites.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from veta.model.bundle import LotFacts
from veta.model.determined import Undetermined
from veta.model.disclosure import LotPart
from veta.model.identifiers import UnixSeconds
from veta.model.lots import SiteId
from veta.model.site_events import FacilityStatus, SiteRecordKind
from veta.model.site_notices import SiteConcern, SiteNotices, SiteRecord
from veta.statement.instants import write_instant
from veta.verify.findings import not_determined
from veta.verify.lineage_step import Lineage, at_most
from veta.verify.verdict import Check, FactValue, Outcome, Step

CONTRACT: Final = "SiteNotices"
"""By whose name in the trust configuration it is known that anything can be said of a site."""
MAX_SITES: Final = 64
"""Most sites of one lineage that are looked at."""
OUTCOMES: Final[Mapping[str, Outcome]] = {
    "site.quiet": Outcome.PASSED,
    "site.record_in_force": Outcome.PASSED,
    "site.concern_open": Outcome.NOTICE,
    "site.incident": Outcome.NOTICE,
    "site.facility_below": Outcome.NOTICE,
    "site.record_expired": Outcome.NOTICE,
    "site.lineage_open": Outcome.NOT_PROVEN,
    "site.not_asked": Outcome.NOT_PROVEN,
    "site.too_many": Outcome.NOT_PROVEN,
}
"""What each finding comes to, by its code: never worse than a notice or not proven."""
BEYOND_CALENDAR_S: Final = 253_402_300_800
"""No calendar that a report is written in goes on from there: as good as open."""
_BELOW: Final = frozenset({FacilityStatus.CONFORMS_IN_PART, FacilityStatus.DOES_NOT_CONFORM})


@dataclass(frozen=True, slots=True)
class Production:
    """That something of a lot was produced at a site."""

    site: SiteId
    from_s: UnixSeconds
    to_s: UnixSeconds
    own: bool
    """The lot itself, and not what it was made from."""


def found(code: str, sentence: str, **facts: FactValue) -> Check:
    """A finding about a site; the outcome is the table's."""
    return Check(Step.ASSURANCE, OUTCOMES[code], code, sentence, facts)


def check_sites(
    part: LotPart,
    lineage: Lineage,
    about: LotFacts | Undetermined,
    at_s: UnixSeconds | None,
    *,
    grounded: bool,
) -> list[Check]:
    """What is said of the sites of a lot, on a network that keeps it.

    Args:
        part: the lot.
        lineage: what step 9 found.
        about: what the chain says of the lot, and of sites.
        at_s: time of the block of those facts; ``None``: there is no block, and nothing was asked.
        grounded: whether step 8 has proven the lot; else step 10 has said that nothing is shown.
    """
    if not grounded:
        return []
    if isinstance(about, Undetermined):
        return [not_determined(Step.ASSURANCE, about)]
    if about.sites is None:
        return [found("site.not_asked", "nobody asked what is said of the lot's sites")]
    if isinstance(about.sites, Undetermined):
        return [not_determined(Step.ASSURANCE, about.sites)]
    assert at_s is not None  # without a block there are no facts about a lot
    told = {each.site: each for each in about.sites.value}
    checks: list[Check] = []
    if not lineage.complete:
        sentence = (
            "what is said of sites behind the lot is open: its lineage is not disclosed whole"
        )
        checks.append(found("site.lineage_open", sentence))
    by_site: dict[SiteId, list[Production]] = {}
    for each in productions(part, lineage):
        by_site.setdefault(each.site, []).append(each)
    for site, produced in sorted(by_site.items()):
        checks += site_checks(site, told.get(site), produced, at_s)
    return list(at_most(checks))


def productions(part: LotPart, lineage: Lineage) -> list[Production]:
    """Where and when a lot, and what is disclosed behind it, was produced; each once."""
    header = part.batch.header
    own = (header.site, header.produced_from_s, header.produced_to_s)
    headers = [run.header for run in lineage.walk.runs]
    windows = [own, *((h.site, h.produced_from_s, h.produced_to_s) for h in headers)]
    return [Production(*each, own=each == own) for each in dict.fromkeys(windows) if each[0]]


def site_checks(
    site: SiteId,
    notices: SiteNotices | None,
    produced: Iterable[Production],
    at_s: UnixSeconds,
) -> Iterator[Check]:
    """Everything about one site.

    Args:
        site: which.
        notices: what the chain says of it; ``None``: it is not among the facts.
        produced: what of the lot was produced there.
        at_s: for this moment.
    """
    if notices is None:
        sentence = f"what is said of site {site} is not among the facts"
        yield found("site.not_asked", sentence, site=site)
        return
    if notices.left_out:
        sentence = f"more is said of site {site} than was read: {notices.left_out} more"
        yield found("site.too_many", sentence, site=site, left_out=notices.left_out)
    for concern in notices.concerns:
        if concern.is_open:
            yield _concern(site, concern, at_s)
    windows = tuple(produced)
    for record in notices.records:
        if record.kind is not SiteRecordKind.INCIDENT:
            yield _record(site, record, at_s)
        elif hit := [each for each in windows if record.concerns(each.from_s, each.to_s)]:
            yield _incident(site, record, own=any(each.own for each in hit))
    if not notices.concerns and not notices.records and not notices.left_out:
        sentence = f"no concern is open about site {site}, and no record of it stands"
        yield found("site.quiet", sentence, site=site)


def _concern(site: SiteId, concern: SiteConcern, at_s: UnixSeconds) -> Check:
    by = f"member {concern.party} ({word(concern.source.name)})"
    sentence = f"concern open since {day(concern.raised_s)} about site {site}, raised by {by}:"
    sentence += f" a concern, not a verdict; {_closing(concern, at_s)}"
    return found(
        "site.concern_open",
        sentence,
        site=site,
        concern=concern.number,
        party=concern.party,
        source=word(concern.source.name),
        raised_s=concern.raised_s,
        respond_by_s=concern.respond_by_s,
        overdue=concern.overdue(at_s),
        document=concern.leaf.hex(),
    )


def _closing(concern: SiteConcern, at_s: UnixSeconds) -> str:
    """How far it is closed, and whether the site is late."""
    if concern.closed_by_site_s is not None:
        words = f"the site closed its side on {day(concern.closed_by_site_s)}, the party has not"
    elif concern.closed_by_party_s is not None:
        words = f"the party closed its side on {day(concern.closed_by_party_s)}, the site has not"
    else:
        words = "neither side has closed it"
    by = day(concern.respond_by_s)
    if concern.overdue(at_s):
        return f"{words}; the site was to answer by {by} and is overdue"
    return words if concern.closed_by_site_s is not None else f"{words}; it is to answer by {by}"


def _incident(site: SiteId, record: SiteRecord, *, own: bool) -> Check:
    whose = "the lot was" if own else "what the lot was made from was"
    sentence = f"incident at site {site} ({word(record.what.name)}), {window(record)}, reported by"
    sentence += f" member {record.by} ({word(record.source.name)}): {whose} produced there then"
    return found("site.incident", sentence, **_facts(site, record), own=own)


def _record(site: SiteId, record: SiteRecord, at_s: UnixSeconds) -> Check:
    """A facility's status or an agreement."""
    by = f"recorded by member {record.by} ({word(record.source.name)})"
    name = f"{word(record.kind.name)} at site {site}: {word(record.what.name)}, {by}"
    if record.until_s <= at_s:
        due = "the next inspection" if record.kind is SiteRecordKind.FACILITY else "what it owes"
        sentence = f"{name}; {due} was due by {day(record.until_s)}, and nothing newer is recorded"
        return found("site.record_expired", sentence, **_facts(site, record))
    code = "site.facility_below" if record.what in _BELOW else "site.record_in_force"
    return found(code, f"{name}, {window(record)}", **_facts(site, record))


def _facts(site: SiteId, record: SiteRecord) -> dict[str, FactValue]:
    return {
        "site": site,
        "record": record.number,
        "kind": word(record.kind.name),
        "category": word(record.what.name),
        "by": record.by,
        "source": word(record.source.name),
        "from_s": record.from_s,
        "until_s": None if record.until_s >= BEYOND_CALENDAR_S else record.until_s,
        "document": record.leaf.hex(),
    }


def window(record: SiteRecord) -> str:
    """A record's window in words."""
    if record.until_s >= BEYOND_CALENDAR_S:
        return f"from {day(record.from_s)} on"
    return f"from {day(record.from_s)} to {day(record.until_s)}"


def day(seconds: UnixSeconds) -> str:
    """A moment's day in UTC, ``2026-03-05``; what is beyond the calendar is its last."""
    return write_instant(UnixSeconds(min(seconds, BEYOND_CALENDAR_S - 1)))[:10]


def word(name: str) -> str:
    """A name of an enumeration as a reader says it."""
    return name.lower().replace("_", " ")
