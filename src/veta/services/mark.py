"""The mark on a lot's label page: its sentence under a licence that lives at this look, or none."""

from __future__ import annotations

from dataclasses import dataclass

from veta.claims import shipped
from veta.claims.grammar import read_request
from veta.claims.labels import LabelState, notice
from veta.claims.languages import Language
from veta.errors import InputError, LedgerError, NotFoundError, ProvenanceError, StoreError
from veta.model.bundle import StatementBundle
from veta.model.identifiers import Leaf
from veta.services.claims import ClaimAsk, verified_claim
from veta.services.claims_files import read_schemes
from veta.services.claims_licences import licences_at_hand
from veta.services.node import Node
from veta.services.papers import papers_kept
from veta.verify.licences import AnchoredLicence


@dataclass(frozen=True, slots=True)
class MarkShown:
    """What a label page says of a mark.

    Attributes:
        state: of the licence.
        sentence: only of a licence that lives.
        notice: in the reader's language, where there is no sentence.
        code: why there is none; empty where there is one.
        reason: the same as a sentence.
    """

    state: LabelState
    sentence: str | None
    notice: str
    code: str
    reason: str


def mark_of(node: Node, leaf: Leaf, language: Language) -> MarkShown | None:
    """The mark of a passport's lot; ``None`` where no licence for it is at hand.

    Nothing is remembered: licences, their status and the lot are asked of the chain at every call.
    """
    if not node.keeps:
        return None
    try:
        bundle = node.lot_bundle(leaf)
    except InputError:
        return None  # no passport, or of no lot of the lot book
    try:
        return _mark(node, bundle, language)
    except (LedgerError, StoreError) as error:
        return _none(LabelState.NOT_DETERMINED, error, language)
    except ProvenanceError as error:
        return _none(LabelState.UNKNOWN_LICENCE, error, language)


def _mark(node: Node, bundle: StatementBundle, language: Language) -> MarkShown | None:
    now_s = node.clock.now_s()
    papers = papers_kept(node.papers, now_s=now_s)
    assert bundle.lot is not None
    site = int(bundle.lot.batch.header.site)
    licences = licences_at_hand(node, site, papers=papers.statements).licences
    if not any(_concerns(each, bundle) for each in licences):
        return None
    try:
        shown = node.with_lineage(bundle).bundle
    except NotFoundError as error:
        return _none(LabelState.UNKNOWN_LICENCE, error, language)
    request = read_request({"lot": bundle_name(bundle), "language": language.value})
    network = read_schemes(*papers.schemes)
    ask = ClaimAsk(request, (), network, shipped.words(), None, now_s, licences)
    answer = verified_claim(node, shown, ask)
    if answer.sentence is not None:
        return MarkShown(LabelState.LIVE, answer.sentence, "", "", "")
    words = notice(answer.label, language)
    return MarkShown(answer.label, None, words, answer.code or "", answer.reason or "")


def bundle_name(bundle: StatementBundle) -> str:
    """A name for a request; the words of a claim do not use it."""
    assert bundle.lot is not None
    return bundle.lot.lot_key.hex()


def _concerns(licence: AnchoredLicence, bundle: StatementBundle) -> bool:
    assert bundle.lot is not None
    header = bundle.lot.batch.header
    return licence.site == header.site and licence.holder == header.issuer


def _none(state: LabelState, error: ProvenanceError, language: Language) -> MarkShown:
    return MarkShown(state, None, notice(state, language), error.code, error.message)
