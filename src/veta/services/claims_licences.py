"""Licences to show marks, as anchored statements of the schemes' owners.

A licence is a ``LabelLicence`` that the chain bears out and whose issuer owns the scheme on record.
It lives as long as nobody revoked or superseded it and its days last: all of that is asked anew at
every look (docs/spec/claims.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from veta.claims.grammar import Licence
from veta.claims.labels import LabelState
from veta.errors import InputError, LedgerUnavailableError, ProvenanceError, VerificationError
from veta.model.anchoring import BatchKind, BlockRef
from veta.model.bundle import StatementBundle
from veta.model.determined import Known
from veta.model.identifiers import Leaf, MemberId
from veta.model.lot import Issuance, Party
from veta.ports.clock import Clock
from veta.ports.ledger import LedgerReader
from veta.ports.store import Store
from veta.services.anchor import BundleDesk
from veta.services.node import Node
from veta.services.rounds import NotCounted, author_of, parts_of
from veta.services.verify import FactGatherer, lots_of
from veta.statement.credential import Credential, read_credential
from veta.statement.envelope import build_credential
from veta.statement.jws import unseal
from veta.statement.own_types import LABEL_LICENCE, own_type_of
from veta.verify.licences import AnchoredLicence, read_licence
from veta.verify.verifier import Verifier

BY_CHAIN: Final = "chain"
BY_FILE: Final = "file"
MOST_KEPT: Final = 2_000
"""Statements of the home that are looked at, the newest first."""


@dataclass(frozen=True, slots=True)
class LicencesFound:
    """Licences at hand, and what was handed in and is none."""

    licences: tuple[AnchoredLicence, ...] = ()
    not_counted: tuple[NotCounted, ...] = ()


@dataclass(frozen=True, slots=True)
class LicencePlace:
    """Where and when a mark would be shown: who made the lot, at which site, at which moment."""

    maker: MemberId
    site: int
    at_s: int


@dataclass(frozen=True, slots=True)
class LicenceNow:
    """A licence at one look.

    Attributes:
        identifier: as the terms of a claim name it.
        by: ``chain`` or ``file``.
        slug: the catalogue's name of its scheme; empty if it has none here.
        licence: for the grammar; ``None`` if no mark may be shown under it here.
        state: of a licence of the chain; ``code`` and ``reason`` say why there is none.
        here: it is for this site.
    """

    identifier: str
    by: str
    slug: str
    licence: Licence | None
    state: LabelState = LabelState.LIVE
    code: str = ""
    reason: str = ""
    here: bool = True

    def tells(self, asked: Sequence[str]) -> bool:
        """Whether it is why a mark that was asked for (none: any) may not be shown here."""
        return bool(self.code) and self.here and (not asked or self.slug in asked)


class SchemeNames(Protocol):
    """Names of the chain's schemes in the catalogue."""

    def slug(self, scheme: int) -> str:
        """As ``CertificateReader.slug``."""


def licences_now(
    anchored: Iterable[AnchoredLicence],
    plain: Iterable[Licence],
    names: SchemeNames,
    registered: Mapping[int, str],
    place: LicencePlace,
) -> Iterator[LicenceNow]:
    """Every licence at hand, and whether a mark may be shown under it.

    A plain licence of a scheme for a site is none where a licence of the chain for both was
    withdrawn or replaced: a file brings nothing back to life.

    Args:
        anchored: of the chain.
        plain: of files.
        names: of schemes.
        registered: names of schemes on the chain, by number.
        place: where and when.
    """
    of_chain = [_at(each, names, registered, place) for each in anchored]
    yield from of_chain
    gone = {each.slug for each in of_chain if each.here and each.state is LabelState.WITHDRAWN}
    for each in plain:
        if each.scheme in gone and each.site == str(place.site):
            code, reason = "claims.licence_withdrawn", "the chain's licence was withdrawn"
            state = LabelState.WITHDRAWN
            yield LicenceNow(each.identifier, BY_FILE, each.scheme, None, state, code, reason)
        else:
            yield LicenceNow(each.identifier, BY_FILE, each.scheme, each)


def _at(
    found: AnchoredLicence,
    names: SchemeNames,
    registered: Mapping[int, str],
    place: LicencePlace,
) -> LicenceNow:
    here = found.site == place.site

    def none(slug: str, state: LabelState, code: str, reason: str) -> LicenceNow:
        return LicenceNow(found.identifier, BY_CHAIN, slug, None, state, code, reason, here)

    try:
        slug = names.slug(found.scheme)
    except InputError as error:
        return none("", LabelState.UNKNOWN_LICENCE, error.code, error.message)
    if registered.get(found.scheme) != found.scheme_name:
        words = f"licence {found.identifier} is of {found.scheme_name}, which is another scheme"
        return none(slug, LabelState.UNKNOWN_LICENCE, "claims.licence_scheme", words)
    if found.holder != place.maker:
        words = f"licence {found.identifier} is {found.licensee}'s, who did not make the lot"
        return none(slug, LabelState.UNKNOWN_LICENCE, "claims.other_licensee", words)
    dead = found.dead(place.at_s)
    if dead is not None:
        return none(slug, *dead)
    return LicenceNow(found.identifier, BY_CHAIN, slug, found.under(slug), here=here)


@dataclass(frozen=True, slots=True)
class LicenceTerms:
    """What a scheme's owner licenses.

    Attributes:
        name: behind the owner's DID, of the licence's own identifier.
        scheme: number and registered name.
        licensee: DID and name.
        site: registered number.
        models: slugs.
        days: first and last, ISO 8601; ``offsets`` where they were written, as ``-03:00``.
    """

    name: str
    scheme: tuple[int, str]
    licensee: tuple[str, str]
    site: int
    models: tuple[str, ...]
    days: tuple[str, str]
    offsets: tuple[str, str] = ("+00:00", "+00:00")


def licence_credential(terms: LicenceTerms, issuer: Party, issuance: Issuance) -> dict[str, Any]:
    """The statement of a licence, ready to be issued; ``check_rules`` judges it.

    Raises:
        InputError: ``statement.blind``, ``instant.range``.
    """
    number, name = terms.scheme
    party, party_name = terms.licensee
    subject = {
        "type": [LABEL_LICENCE],
        "id": f"{issuer.identifier}:licence:{terms.name}",
        "scheme": {"number": number, "name": name},
        "licensee": {"type": ["Party"], "id": party, "name": party_name},
        "site": terms.site,
        "models": list(terms.models),
        "firstDay": terms.days[0],
        "lastDay": terms.days[1],
        "firstOffset": terms.offsets[0],
        "lastOffset": terms.offsets[1],
    }
    words = f"Licence to show {name}"
    return build_credential(
        LABEL_LICENCE, issuance=issuance, issuer=issuer, name=words, subject=subject
    )


class LicenceReader:
    """Verifies licences, all at one block.

    Args:
        verifier: with the pinned trust.
        ledger: the chain.
        clock: the reader's own.
    """

    def __init__(self, verifier: Verifier, ledger: LedgerReader, clock: Clock) -> None:
        self._verifier = verifier
        self._ledger = ledger
        self._gatherer = FactGatherer(ledger, clock)

    def found(self, papers: Iterable[tuple[str, StatementBundle]]) -> LicencesFound:
        """The licences among statements, and those that count for nothing; other types are none.

        Args:
            papers: place and statement; what stands beside one is looked at, too.

        Raises:
            LedgerUnavailableError: one could not be judged: nobody knows whether it lives.
        """
        licences: dict[Leaf, AnchoredLicence] = {}
        refused: list[NotCounted] = []
        for place, bundle in (part for paper in papers for part in parts_of(*paper)):
            try:
                found = self._licence(place, bundle)
            except LedgerUnavailableError:
                raise
            except ProvenanceError as error:
                refused.append(NotCounted(place, "", error.code, error.message))
                continue
            if found is not None:
                licences[found.leaf] = found
        return LicencesFound(tuple(licences.values()), tuple(dict.fromkeys(refused)))

    def _licence(self, place: str, bundle: StatementBundle) -> AnchoredLicence | None:
        alone = StatementBundle(bundle.token, bundle.inclusion, bundle.root)
        if not _says_licence(alone):
            return None
        facts = self._gatherer.gather(alone)
        report = self._verifier.verify(alone, facts)
        author = author_of(place, report, facts)
        assert report.statement is not None
        assert isinstance(facts.as_of, Known)
        assert report.issuer is not None
        credential, block = report.statement.credential, facts.as_of.value
        self._require_owner(place, credential, report.issuer, block)
        holder = self._ledger.member_id(credential.subject["licensee"]["id"], block)
        return read_licence(credential, report.statement.leaf, author, holder)

    def _require_owner(
        self, place: str, credential: Credential, issuer: MemberId, block: BlockRef
    ) -> None:
        """The scheme is the issuer's own, as the chain has it.

        Raises:
            VerificationError: ``claims.licence_of_stranger``, ``claims.unknown_scheme``.
        """
        number = credential.subject["scheme"]["number"]
        reads = lots_of(self._ledger)
        terms = None if reads is None else reads.scheme(number, block)
        if terms is None:
            message = f"{place}: the chain has no scheme {number}"
            raise VerificationError("claims.unknown_scheme", message)
        if terms.owner != issuer:
            message = f"{place}: {credential.issuer.identifier} does not own scheme {number}"
            raise VerificationError("claims.licence_of_stranger", message)


def _says_licence(bundle: StatementBundle) -> bool:
    """Whether a token says that it is a licence; what cannot be read is told by the verifier."""
    try:
        return own_type_of(read_credential(unseal(bundle.token).payload)) == LABEL_LICENCE
    except ProvenanceError:
        return True


def kept_licences(store: Store) -> Iterator[tuple[str, StatementBundle]]:
    """Licences that a home keeps and has anchored: a scheme owner's own."""
    desk = BundleDesk(store)
    with store.read() as work:
        found = work.statements(kind=BatchKind.OTHER, limit=MOST_KEPT)
    for each in found:
        name = own_type_of(read_credential(each.record.payload))
        if name == LABEL_LICENCE and each.batch is not None:
            yield each.record.leaf.hex(), desk.bundle(each.record.leaf)


def licences_at_hand(
    node: Node,
    site: int,
    named: Iterable[tuple[str, StatementBundle]] = (),
    papers: Iterable[tuple[str, StatementBundle]] = (),
) -> LicencesFound:
    """The licences in statements that were named, and those for a site among what a node keeps.

    Args:
        node: whose store is looked at, if it has one.
        site: registered number.
        named: statements that somebody asked for.
        papers: statements that the node has beside its own.

    Raises:
        LedgerUnavailableError: one could not be judged.
    """
    at_hand = [*papers, *(kept_licences(node.store) if node.keeps else ())]
    wanted = [*named, *(each for each in at_hand if _may_be_for(each[1], site))]
    return LicenceReader(node.verifier, node.ledger, node.clock).found(wanted)


def _may_be_for(bundle: StatementBundle, site: int) -> bool:
    """Whether a statement says that it is a licence for a site, or cannot be read."""
    try:
        credential = read_credential(unseal(bundle.token).payload)
    except ProvenanceError:
        return True
    if own_type_of(credential) != LABEL_LICENCE:
        return False
    return bool(credential.subject.get("site") == site)
