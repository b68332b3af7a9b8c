"""The sentence that a lot's label may carry, from what a verification found; or why not.

    shown       the verdict is good with all twelve steps, and the lot is still there to be labelled
    supported   step 11 names the programme; model, share and origins come from the lineage
    assured     each origin's certificates as the chain has them; one that was ended since is none
    schemes     the chain's numbers in the catalogue's names (``claims_schemes``)
    licensed    by anchored statements of the schemes' owners (``claims_licences``), or by a file
    judged      by ``veta.claims.grammar``; the words are its own

Credit that a site drew from its account has its certificates in no lineage: it is refused.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from veta.claims.grammar import (
    ClaimFacts,
    ClaimRequest,
    ClaimTerms,
    Licence,
    judge,
    sentence,
)
from veta.claims.labels import LabelState
from veta.claims.lexicon import WordList
from veta.claims.wording import CONTENT_WORDS
from veta.claims.words import require_name
from veta.custody.columns import of_kind, sums_of
from veta.custody.encoding import lot_id
from veta.errors import InputError, LedgerError, ProvenanceError, StoreError, VerificationError
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.columns import ColumnKey, ColumnKind, ProgrammeId, SubstanceId, credit_key
from veta.model.determined import Known, Undetermined
from veta.model.disclosure import LotPart
from veta.model.lots import CustodyModel, LotBatchKind, SiteId
from veta.services.claims_files import NetworkSchemes
from veta.services.claims_licences import (
    LicenceNow,
    LicencePlace,
    licences_now,
)
from veta.services.claims_schemes import CertificateReader, LeftOut, NamedScheme, SourceNow
from veta.services.lot_reading import KnownLot
from veta.services.node import Node
from veta.services.registry import Names, RegistryShelf
from veta.services.standing import DisputeNow
from veta.services.verify import FactGatherer
from veta.verify.licences import AnchoredLicence
from veta.verify.lineage_graph import Walk, walk
from veta.verify.lot_state import opened_of
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.runs import JudgedRun
from veta.verify.verdict import Check, Outcome, Step, Verdict
from veta.verify.verifier import Verifier

EVERY_STEP: Final = Policy(required=frozenset(Step))
"""What a label asks of a verification."""
_WAITS: Final = "no new label is issued on it until that is over"
_GONE: Final = {
    "lot.consumed": "what was certified in it goes on in other lots, and is not claimed twice",
    "lot.frozen": _WAITS,
}
_OPEN_CERTIFICATES: Final = {
    "claims.certificate_not_in_force",
    "claims.no_common_mark",
    "claims.sources",
}
_OPEN_LICENCES: Final = {
    "claims.not_licensed",
    "claims.other_site",
    "claims.model_not_licensed",
    "claims.licence_not_in_force",
}


class ClaimOutcome(enum.StrEnum):
    """What the answer is."""

    SENTENCE = "sentence"
    REFUSED = "refused"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class ClaimAsk:
    """What is asked for, and the files that it is judged by."""

    request: ClaimRequest
    licences: tuple[Licence, ...]
    network: NetworkSchemes
    words: WordList
    programme: int | None = None
    """Which of the programmes that the lot has credit of; None: the only one."""
    issued_s: int = 0
    """When the label would be issued, Unix seconds."""
    anchored: tuple[AnchoredLicence, ...] = ()
    """Licences that the chain bears out; one that is dead is dead for a file as well."""


@dataclass(slots=True)
class ClaimBasis:
    """What was gathered on the way to an answer, as far as it came."""

    programme: int | None = None
    substance: str = ""
    models: tuple[CustodyModel, ...] = ()
    share_ppm: int | None = None
    sources: tuple[SourceNow, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    schemes: tuple[NamedScheme, ...] = ()
    licences: tuple[LicenceNow, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """A sentence, or a code and the reason in words."""

    outcome: ClaimOutcome
    report: Report
    basis: ClaimBasis
    terms: ClaimTerms | None = None
    sentence: str | None = None
    code: str | None = None
    reason: str | None = None

    @property
    def label(self) -> LabelState:
        """What a label with this answer is at this look."""
        if self.outcome is ClaimOutcome.SENTENCE:
            return LabelState.LIVE
        if self.outcome is ClaimOutcome.CANNOT_TELL:
            return LabelState.NOT_DETERMINED
        states = (each.state for each in self.basis.licences if each.code == self.code)
        return next(states, LabelState.UNKNOWN_LICENCE)


@dataclass(frozen=True, slots=True)
class Followed:
    """What the node followed of the registry, and of what is said beside the lot."""

    names: Names
    schemes: Mapping[int, str]
    """Registered name by number."""
    disputed: bool = False
    """Whether somebody disputes the lot or its batch now."""

    @classmethod
    def of(cls, shelf: RegistryShelf, bundle: StatementBundle, facts: LedgerFacts) -> Followed:
        """As a shelf has it now."""
        schemes = {each.scheme: each.name for each in shelf.schemes()}
        part, about = bundle.lot, facts.lot
        disputes: tuple[DisputeNow, ...] = ()
        if part is not None and about is not None and isinstance(about.record, Known):
            known = KnownLot(about.lot, opened_of(part), about.record.value)
            disputes = shelf.notices(known).disputes
        now_s = shelf.now_s()
        return cls(shelf.names(), schemes, any(each.is_open(now_s) for each in disputes))


def verified_claim(node: Node, bundle: StatementBundle, ask: ClaimAsk) -> ClaimAnswer:
    """Verify a bundle's lot at the newest final block, all steps required, and answer.

    Args:
        node: with a store: names come from what it followed.
        bundle: with a lot and the runs behind it. Without a token nothing can be claimed.
        ask: what is asked for.

    Raises:
        InputError: as ``claim``.
        ForbiddenError: ``node.no_store``.
    """
    verifier, gatherer = Verifier(node.trust, EVERY_STEP), FactGatherer(node.ledger, node.clock)
    if bundle.token:
        facts = gatherer.gather(bundle)
        report = verifier.verify(bundle, facts)
    else:
        facts = gatherer.gather_lot_alone(bundle)
        report = verifier.verify_lot_alone(bundle, facts)
    return claim(bundle, facts, report, Followed.of(node.registry, bundle, facts), ask)


def claim(
    bundle: StatementBundle, facts: LedgerFacts, report: Report, followed: Followed, ask: ClaimAsk
) -> ClaimAnswer:
    """The answer about a bundle's lot.

    Args:
        bundle: the passport, its lot and the runs behind it.
        facts: as gathered for it.
        report: what the verifier found with ``EVERY_STEP``.
        followed: names of sites, metals and schemes.
        ask: marks, language, licences, schemes, programme.

    Raises:
        InputError: ``claims.unknown_scheme`` of a mark that is asked for and in no catalogue,
            ``claims.request`` where a programme has to be chosen, or has no credit in the lot.
    """
    for slug in ask.request.schemes:
        ask.network.catalogue.scheme(slug)
    basis = ClaimBasis()
    try:
        _require_shown(report, followed)
        supported = _supported(report)
        if not supported:
            raise VerificationError("claims.none_supported", "the lot carries no credit")
    except ProvenanceError as error:
        return _refused(error, report, basis)
    chosen = _chosen(supported, ask.programme)
    try:
        facts_ = _claim_facts(bundle, facts, chosen, basis, followed, ask)
        terms = _judged(facts_, basis, ask)
        said = sentence(terms, ask.request.language)
    except ProvenanceError as error:
        return _refused(error, report, basis)
    return ClaimAnswer(ClaimOutcome.SENTENCE, report, basis, terms, said)


def _refused(error: ProvenanceError, report: Report, basis: ClaimBasis) -> ClaimAnswer:
    unknown = isinstance(error, LedgerError | StoreError)
    outcome = ClaimOutcome.CANNOT_TELL if unknown else ClaimOutcome.REFUSED
    return ClaimAnswer(outcome, report, basis, code=error.code, reason=error.message)


def _require_shown(report: Report, followed: Followed) -> None:
    """A good verdict about a lot that is there, or the finding that stands in the way."""
    if report.verdict.good:
        if followed.disputed:
            raise VerificationError("lot.disputed", f"the lot is disputed: {_WAITS}")
        for check in report.checks:
            if check.code in _GONE:
                raise VerificationError(check.code, f"{check.sentence}: {_GONE[check.code]}")
        return
    own = [each for each in report.checks if each.step is Step.CLAIMS]
    if report.verdict is Verdict.NOT_PROVEN:
        decisive = next((each for each in own if each.outcome is Outcome.NOT_PROVEN), None)
        decisive = decisive or report.decisive()
    else:
        decisive = report.decisive()
    code = decisive.code if decisive else f"verify.{report.verdict.value.lower()}"
    words = f"{report.verdict.value}: {decisive.sentence if decisive else 'nothing was checked'}"
    if report.verdict is Verdict.INDETERMINATE:
        raise LedgerError(code, words)
    raise VerificationError(code, words)


def _supported(report: Report) -> list[Check]:
    return [each for each in report.checks if each.code == "claims.supported"]


def _chosen(supported: list[Check], programme: int | None) -> Check:
    fitting = [each for each in supported if programme in (None, each.facts["programme"])]
    if len(fitting) == 1:
        return fitting[0]
    there = ", ".join(str(each.facts["programme"]) for each in supported)
    raise InputError(
        "claims.request", f"the lot has credit of programmes {there}: name one of them"
    )


def _claim_facts(
    bundle: StatementBundle,
    facts: LedgerFacts,
    chosen: Check,
    basis: ClaimBasis,
    followed: Followed,
    ask: ClaimAsk,
) -> ClaimFacts:
    part = bundle.lot
    assert part is not None  # a good verdict with every step has one
    programme, substance = chosen.facts["programme"], chosen.facts["substance"]
    share_ppm = chosen.facts["share_ppm"]
    assert isinstance(programme, int)
    assert isinstance(substance, int)
    assert isinstance(share_ppm, int)
    walked = walk(part, bundle.runs)
    basis.programme, basis.share_ppm = programme, share_ppm
    basis.models = _models(part, walked)
    basis.substance = followed.names.substances.get(SubstanceId(substance), "")
    column = credit_key(ProgrammeId(programme), SubstanceId(substance))
    origins = _origins(walked.runs, column)
    header = part.batch.header
    _require_named([header.site, *(run.header.site for run, _ in origins)], followed)
    reader = _reader(facts, followed, ask.network)
    basis.sources = reader.sources(origins, followed.names.sites)
    here = LicencePlace(header.issuer, header.site, ask.issued_s)
    basis.licences = tuple(licences_now(ask.anchored, ask.licences, reader, followed.schemes, here))
    basis.left_out, basis.schemes = reader.left_out, reader.schemes
    return ClaimFacts(
        lot=lot_id(header.issuer, part.lot_key).hex(),
        models=basis.models,
        share_ppm=share_ppm,
        sources=tuple(each.source for each in basis.sources),
        site=str(header.site),
        site_name=followed.names.sites[header.site],
        licences=tuple(e.licence for e in basis.licences if e.licence is not None),
        substance=basis.substance,
        issued_s=ask.issued_s,
    )


def _models(part: LotPart, walked: Walk) -> tuple[CustodyModel, ...]:
    """The lot's own, and that of every batch that a run on the way took from."""
    taken = {(each.issuer, each.root) for run in walked.runs for each in run.cause.takes}
    behind = [batch.header.model for name, batch in walked.batches.items() if name in taken]
    return tuple(sorted({part.batch.header.model, *behind}))


def _origins(
    runs: Iterable[JudgedRun], column: ColumnKey
) -> list[tuple[JudgedRun, tuple[int, ...]]]:
    """Origins whose credit can be the lot's, and the certificates that each rests on.

    Raises:
        VerificationError: ``assurance.drawn``.
    """
    every = list(runs)
    columns = _reaching(every, column)
    for run in every:
        if any(draw.column in columns for draw in run.cause.draws):
            raise VerificationError(
                "assurance.drawn",
                "part of the credit was drawn from a site's account: which certificates stand"
                " behind that part is in no lineage, so no mark is shown to cover it",
            )
    found = []
    for run in every:
        own = columns & _credited(run)
        if run.header.kind is LotBatchKind.ORIGIN and own:
            numbers = (number for key, number in run.cause.certificates if key in own)
            found.append((run, tuple(sorted(set(numbers)))))
    return found


def _reaching(runs: list[JudgedRun], column: ColumnKey) -> set[ColumnKey]:
    """The column, and those whose credit went on in it under a lower programme."""
    columns, before = {column}, 0
    while len(columns) > before:
        before = len(columns)
        columns |= {
            each.from_column
            for run in runs
            for each in run.cause.reductions
            if each.to_column in columns
        }
    return columns


def _credited(run: JudgedRun) -> set[ColumnKey]:
    found: set[ColumnKey] = set()
    for batch in run.run.batches:
        if batch.totals is not None:
            sums = sums_of(batch.totals.columns, batch.totals.sums)
            found |= {key for key in of_kind(sums, ColumnKind.CREDIT) if sums[key]}
    return found


def _require_named(sites: Iterable[SiteId], followed: Followed) -> None:
    for site in sites:
        if site not in followed.names.sites:
            raise StoreError(
                "claims.not_followed",
                f"site {site} has no name here: `veta audit` brings the home up to date",
            )


def _reader(facts: LedgerFacts, followed: Followed, network: NetworkSchemes) -> CertificateReader:
    about = None if facts.lot is None else facts.lot.assurance
    if about is None or isinstance(about, Undetermined):
        raise LedgerError("assurance.not_asked", "the chain was not asked about certificates")
    return CertificateReader(about.value, followed.schemes, network)


def _judged(facts: ClaimFacts, basis: ClaimBasis, ask: ClaimAsk) -> ClaimTerms:
    """The grammar's judgement; where a certificate was left out, that is the reason told."""
    catalogue, schemes = ask.network.catalogue, ask.request.schemes
    try:
        terms = judge(facts, catalogue, ask.words, schemes=schemes)
    except ProvenanceError as error:
        if error.code in _OPEN_CERTIFICATES and basis.left_out:
            first = basis.left_out[0]
            raise VerificationError(first.code, first.reason) from error
        dead = next((each for each in basis.licences if each.tells(schemes)), None)
        if error.code in _OPEN_LICENCES and dead is not None:
            raise VerificationError(dead.code, dead.reason) from error
        raise
    for mark in terms.marks:
        _require_mark(mark.words, ask.words)
    return terms


def _require_mark(text: str, words: WordList) -> None:
    """Names of schemes and levels can come from a file: they are names, and no text of a client's.

    Raises:
        InputError: ``claims.name_form``, ``claims.word_*``, ``claims.mixed_script``,
            ``claims.content_word``.
    """
    require_name(text, words, scheme=True)
    if {each.strip(".,:;()").casefold() for each in text.split()} & CONTENT_WORDS:
        raise InputError("claims.content_word", "a mark does not say what goods contain")
