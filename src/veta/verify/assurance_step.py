"""Step 10: who vouches for the credit that a lot carries, up to the scheme's owner.

    which       the certificates that each origin behind the lot rests on, as its cause has them
    certificate of this site, scheme, level and substance, in force for all of production
    above it    its issuer's accreditation, and the accreditation body's recognition by the scheme
    since       suspended, withdrawn or void afterwards: what was sold stays, and is marked
    documents   what they say criterion by criterion, as far as they are shown

The contract asked all of it when the origin was recorded; here it is asked again of what is
disclosed and on record. Independence of control groups is the contract's alone: a verifier is told
that nobody vouches for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from veta.custody.columns import column_of, of_kind, sums_of
from veta.model.assurance import (
    AssuranceFacts,
    AssuranceRecord,
    RecognitionEntry,
    RecordEntry,
)
from veta.model.assurance_events import RecordAction, Requirement
from veta.model.bundle import LotFacts
from veta.model.columns import ColumnKey, ColumnKind
from veta.model.determined import Undetermined
from veta.model.disclosure import LotPart
from veta.model.identifiers import UnixSeconds
from veta.model.lots import LotBatchKind
from veta.verify.assurance_codes import found
from veta.verify.assurance_documents import check_documents
from veta.verify.findings import not_determined
from veta.verify.lineage_step import Lineage
from veta.verify.papers import Papers
from veta.verify.runs import JudgedRun
from veta.verify.verdict import Check, FactValue, Step

MAX_CERTIFICATES: Final = 64
"""Most certificates of one lineage that are looked at."""


@dataclass(frozen=True, slots=True)
class Reliance:
    """That credit of a column at an origin rests on certificates."""

    run: JudgedRun
    column: ColumnKey
    certificates: tuple[int, ...]
    """One for each requirement of the programme, in order."""

    @property
    def ran_at_s(self) -> UnixSeconds:
        """When the origin was recorded, block time."""
        return self.run.ran_at_s or self.run.header.anchored_at_s


def check_assurance(
    part: LotPart,
    lineage: Lineage,
    about: LotFacts | Undetermined,
    *,
    grounded: bool,
    papers: Papers,
) -> list[Check]:
    """Run step 10.

    Args:
        part: the lot.
        lineage: what step 9 found.
        about: what the chain says of the lot, and of assurance.
        grounded: whether step 8 has proven the lot.
        papers: documents that are shown beside it.
    """
    if not grounded:
        sentence = "the lot is not proven, so nobody is shown to vouch for it"
        return [found("assurance.lot_not_proven", sentence)]
    held = sums_of(part.columns, part.quantities)
    claimed = [key for key in of_kind(held, ColumnKind.CREDIT) if held[key]]
    if not claimed:
        sentence = "the lot carries no credit of a programme: no assurance is claimed by it"
        return [found("assurance.nothing_claimed", sentence)]
    if not lineage.complete:
        sentence = "the lot carries credit, and where it came from is not disclosed whole"
        return [found("assurance.lineage_open", sentence)]
    checks: list[Check] = []
    reliances = list(_reliances(lineage.walk.runs, checks))
    checks += _drawn(lineage.walk.runs)
    if isinstance(about, Undetermined) or isinstance(about.assurance, Undetermined):
        why = about if isinstance(about, Undetermined) else about.assurance
        assert isinstance(why, Undetermined)
        return [*checks, not_determined(Step.ASSURANCE, why)]
    if len(named(reliances)) > MAX_CERTIFICATES:
        sentence = f"the lineage rests on more than {MAX_CERTIFICATES} certificates"
        return [*checks, found("assurance.too_many", sentence)]
    facts = about.assurance.value
    for reliance in reliances:
        checks += _judge(reliance, facts, papers.at_s)
    checks = _each_once(checks)
    holding = {each.facts["certificate"] for each in checks if each.code == "assurance.chain"}
    records = [each for each in facts.records if each.record in holding]
    return [*checks, *check_documents(records, facts, papers)]


def named(reliances: Iterable[Reliance]) -> tuple[int, ...]:
    """The certificates that some reliances name, ascending, each once."""
    return tuple(sorted({number for each in reliances for number in each.certificates}))


def _reliances(runs: Iterable[JudgedRun], checks: list[Check]) -> Iterator[Reliance]:
    for run in runs:
        if run.header.kind is not LotBatchKind.ORIGIN:
            continue
        for column in _credited(run):
            certificates = tuple(number for key, number in run.cause.certificates if key == column)
            if certificates:
                yield Reliance(run, column, certificates)
            else:
                sentence = "an origin has credit that rests on no certificate"
                checks.append(found("assurance.no_certificate", sentence, site=run.header.site))


def _credited(run: JudgedRun) -> list[ColumnKey]:
    """Credit columns of which an origin's batches have some."""
    found_: set[ColumnKey] = set()
    for batch in run.run.batches:
        if batch.totals is not None:
            sums = sums_of(batch.totals.columns, batch.totals.sums)
            found_ |= {key for key in of_kind(sums, ColumnKind.CREDIT) if sums[key]}
    return sorted(found_)


def _drawn(runs: Iterable[JudgedRun]) -> Iterator[Check]:
    drawn = sum(draw.quantity for run in runs for draw in run.cause.draws)
    if drawn:
        sentence = "credit was drawn from a site's account: the chain bounds it, and the"
        sentence += " certificates behind it are in no lineage"
        yield found("assurance.drawn", sentence, drawn=drawn)


def _judge(reliance: Reliance, facts: AssuranceFacts, at_s: UnixSeconds) -> Iterator[Check]:
    column = column_of(reliance.column)
    terms = next((each for each in facts.programmes if each.programme == column.qualifier), None)
    if terms is None:
        sentence = f"programme {column.qualifier} is not registered"
        yield found("assurance.programme_unknown", sentence, programme=column.qualifier)
        return
    if len(terms.requirements) != len(reliance.certificates):
        sentence = f"programme {column.qualifier} asks for {len(terms.requirements)} certificates"
        sentence += f", and {len(reliance.certificates)} are named"
        yield found("assurance.certificate_count", sentence, programme=column.qualifier)
        return
    for requirement, number in zip(terms.requirements, reliance.certificates, strict=True):
        yield from _certificate(reliance, requirement, number, facts, at_s)


def _certificate(
    reliance: Reliance,
    requirement: Requirement,
    number: int,
    facts: AssuranceFacts,
    at_s: UnixSeconds,
) -> Iterator[Check]:
    record = _record(facts, number)
    if record is None:
        sentence = f"the chain has no certificate {number} on record"
        yield found("assurance.not_on_record", sentence, certificate=number)
        return
    about: dict[str, FactValue] = {
        "certificate": number,
        "site": record.subject,
        "scheme": record.scheme,
    }
    faults = list(_faults(reliance, requirement, record))
    if faults:
        yield from (found(code, f"certificate {number} {words}", **about) for code, words in faults)
        return
    accreditation = _record(facts, record.parent)
    above = _above(record, accreditation, facts)
    if above is not None:
        code, words = above
        yield found(code, f"certificate {number}: {words}", **about)
        return
    assert accreditation is not None
    yield from _expired(record, about, at_s)
    yield from _since(reliance, record, accreditation, about)
    yield _chain(record, accreditation, facts)


def _faults(
    reliance: Reliance, requirement: Requirement, record: AssuranceRecord
) -> Iterator[tuple[str, str]]:
    """What keeps a certificate from covering an origin's credit, codes and words."""
    header, substance = reliance.run.header, column_of(reliance.column).substance
    if not record.parent:
        yield "assurance.no_certificate_of_a_site", "is an accreditation, and of no site"
    if record.subject != header.site:
        yield "assurance.other_site", f"is of site {record.subject}, not of {header.site}"
    if record.scheme != requirement.scheme:
        words = f"is under scheme {record.scheme}, and the programme asks for {requirement.scheme}"
        yield "assurance.other_scheme", words
    if record.level < requirement.level:
        words = f"reaches level {record.level}, and the programme asks for {requirement.level}"
        yield "assurance.level_too_low", words
    if not record.covers(substance):
        yield "assurance.out_of_scope", f"does not cover substance {substance}"
    if record.issuer == header.issuer:
        yield "assurance.self_assured", "was given by the member that it is about"
    if header.produced_from_s < record.from_s or _ended_before(reliance, record):
        yield "assurance.outside_window", "was not in force for all of production"
    if _suspended_then(reliance, record):
        yield "assurance.suspended_then", "was suspended during production"


def _ended_before(reliance: Reliance, record: AssuranceRecord) -> bool:
    """Whether it had ended by what was on record when the origin was recorded."""
    if record.until_s >= reliance.run.header.produced_to_s:
        return False
    ended_since = any(
        entry.action in _ENDS
        and entry.recorded_s >= reliance.ran_at_s
        and entry.effective_s == record.until_s
        for entry in record.entries
    )
    return not ended_since


_ENDS: Final = (RecordAction.WITHDRAW, RecordAction.VOID)


def _suspended_then(reliance: Reliance, record: AssuranceRecord) -> bool:
    """Whether a suspension that was on record at the time overlaps production."""
    header = reliance.run.header
    since: dict[int, UnixSeconds] = {}
    spans: list[tuple[UnixSeconds, UnixSeconds | None]] = []
    for entry in record.entries:
        if entry.recorded_s > reliance.ran_at_s:
            continue
        if entry.action is RecordAction.SUSPEND:
            since.setdefault(entry.source, entry.effective_s)
        elif entry.action is RecordAction.LIFT and entry.source in since:
            spans.append((since.pop(entry.source), entry.effective_s))
    spans += [(start, None) for start in since.values()]
    return any(
        start < header.produced_to_s and (end is None or end > header.produced_from_s)
        for start, end in spans
    )


def _above(
    record: AssuranceRecord, accreditation: AssuranceRecord | None, facts: AssuranceFacts
) -> tuple[str, str] | None:
    """What is wrong above a certificate, code and words."""
    if accreditation is None or accreditation.parent:
        return "assurance.accreditation_missing", "its accreditation is not on record"
    if (
        accreditation.subject != record.issuer
        or accreditation.scheme != record.scheme
        or accreditation.level < record.level
        or not _within(record, accreditation)
    ):
        words = f"accreditation {accreditation.record} is not for this issuer, scheme, level and"
        return "assurance.accreditation_of_another", f"{words} substance"
    if record.from_s < accreditation.from_s:
        return "assurance.accreditation_lapsed", "it begins before its issuer was accredited"
    if not _recognised(accreditation, facts.recognitions):
        words = f"accreditation body {accreditation.issuer} was not recognised by the scheme"
        return "assurance.accreditor_not_recognised", words
    return None


def _within(record: AssuranceRecord, accreditation: AssuranceRecord) -> bool:
    if not accreditation.substances:
        return True
    return bool(record.substances) and all(map(accreditation.covers, record.substances))


def _recognised(accreditation: AssuranceRecord, entries: Iterable[RecognitionEntry]) -> bool:
    """Whether the scheme recognised the body at a time that the accreditation can be from.

    An accreditation begins when it is recorded, or later if its document says so: so an entry that
    was on record by then and whose window is not over by then is what it was given under.
    """
    return any(
        entry.scheme == accreditation.scheme
        and entry.body == accreditation.issuer
        and entry.recorded_s <= accreditation.from_s
        and entry.from_s <= accreditation.from_s
        and entry.from_s < entry.until_s
        for entry in entries
    )


def _expired(
    record: AssuranceRecord, about: dict[str, FactValue], at_s: UnixSeconds
) -> Iterator[Check]:
    """That a certificate was in force for all of production and has run out since."""
    ended = any(entry.action in _ENDS for entry in record.entries)
    if record.until_s <= at_s and not ended:
        sentence = f"certificate {record.record} was in force when the lot was made, and has ended"
        sentence += " since: the credit stays"
        yield found("assurance.expired_since", sentence, **about, until_s=record.until_s)


def _since(
    reliance: Reliance,
    record: AssuranceRecord,
    accreditation: AssuranceRecord,
    about: dict[str, FactValue],
) -> Iterator[Check]:
    """What was said of the certificate, and of its accreditation, after the origin."""
    later = [entry for entry in record.entries if entry.recorded_s >= reliance.ran_at_s]
    for place, entry in enumerate(later):
        facts = about | {"since_s": entry.effective_s, "recorded_s": entry.recorded_s}
        name = f"certificate {record.record}"
        if entry.action is RecordAction.VOID:
            sentence = f"{name} was declared void for cause; what was sold in between is contested"
            yield found("assurance.void_since", sentence, **facts)
        elif entry.action is RecordAction.WITHDRAW:
            sentence = f"{name} was withdrawn afterwards; the credit sold before stays, marked"
            yield found("assurance.withdrawn_since", sentence, **facts)
        elif entry.action is RecordAction.SUSPEND and not _lifted(entry, later[place + 1 :]):
            sentence = f"{name} was suspended afterwards; the credit sold before stays, marked"
            yield found("assurance.suspended_since", sentence, **facts)
    if _stopped(accreditation):
        number = accreditation.record
        sentence = f"accreditation {number}, which it was given under, ended or was suspended since"
        yield found("assurance.accreditation_ended_since", sentence, **about, accreditation=number)


def _lifted(suspension: RecordEntry, later: Iterable[RecordEntry]) -> bool:
    """Whether its source lifted a suspension again, by an entry after it."""
    lifts = (entry for entry in later if entry.action is RecordAction.LIFT)
    return any(entry.source is suspension.source for entry in lifts)


def _stopped(record: AssuranceRecord) -> bool:
    """Whether a record has been withdrawn or void, or is suspended from some source."""
    suspended = set[int]()
    for entry in record.entries:
        if entry.action in _ENDS:
            return True
        if entry.action is RecordAction.SUSPEND:
            suspended.add(entry.source)
        elif entry.action is RecordAction.LIFT:
            suspended.discard(entry.source)
    return bool(suspended)


def _chain(record: AssuranceRecord, accreditation: AssuranceRecord, facts: AssuranceFacts) -> Check:
    owner = next((each.owner for each in facts.schemes if each.scheme == record.scheme), None)
    by = f"member {owner}" if owner is not None else "its owner"
    sentence = (
        f"site {record.subject}: level {record.level} under scheme {record.scheme}, certified by"
        f" member {record.issuer}, who was accredited by member {accreditation.issuer}, whom the"
        f" scheme of {by} recognises"
    )
    return found(
        "assurance.chain",
        sentence,
        certificate=record.record,
        site=record.subject,
        scheme=record.scheme,
        level=record.level,
        body=record.issuer,
        accreditation=accreditation.record,
        accreditation_body=accreditation.issuer,
        scheme_owner=owner,
        from_s=record.from_s,
        until_s=str(record.until_s),
        leaf=record.leaf.hex(),
    )


def _record(facts: AssuranceFacts, number: int) -> AssuranceRecord | None:
    return next((each for each in facts.records if each.record == number), None)


def _each_once(checks: Iterable[Check]) -> list[Check]:
    """One finding a certificate, however many origins rest on it."""
    kept: list[Check] = []
    for check in checks:
        if check not in kept:
            kept.append(check)
    return kept
