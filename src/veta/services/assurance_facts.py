"""What a verifier asks the chain about who assures what behind a lot, at the block of its facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from veta.custody.columns import column_of
from veta.errors import InputError
from veta.model.anchoring import BlockRef
from veta.model.assurance import (
    AccreditationFacts,
    AssuranceFacts,
    AssuranceRecord,
    ProgrammeTerms,
    RecognitionEntry,
    SchemeTerms,
    SiteName,
)
from veta.model.bundle import StatementBundle
from veta.model.columns import ColumnKey, ProgrammeId
from veta.model.consortium import Member
from veta.model.identifiers import Digest, MemberId
from veta.model.lots import SiteId
from veta.verify.assurance_step import MAX_CERTIFICATES
from veta.verify.authors import group_words
from veta.verify.cause import read_cause
from veta.verify.lineage_graph import MAX_NODES, nodes_of

_T = TypeVar("_T")


class AssuranceReads(Protocol):
    """The part of the lots' port that tells of assurance; every read names its block."""

    def assurance_record(self, record: int, block: BlockRef) -> AssuranceRecord | None:
        """An accreditation or a certificate."""

    def scheme(self, scheme: int, block: BlockRef) -> SchemeTerms | None:
        """A scheme."""

    def programme(self, programme: ProgrammeId, block: BlockRef) -> ProgrammeTerms | None:
        """A programme."""

    def recognitions(
        self, scheme: int, body: MemberId, block: BlockRef
    ) -> tuple[RecognitionEntry, ...]:
        """When a scheme recognises an accreditation body."""

    def site_identifier_digest(self, site: SiteId, block: BlockRef) -> Digest | None:
        """keccak256 of a registered site's identifier."""


class MemberReads(Protocol):
    """Where members are read."""

    def member(self, member: MemberId, block: BlockRef) -> Member | None:
        """A member, ``None`` if there is none."""


def gather_accreditation(
    reads: AssuranceReads, members: MemberReads, number: int, block: BlockRef
) -> AccreditationFacts | None:
    """An accreditation with what stands above it; ``None`` if the chain has none of this number.

    Raises:
        LedgerError: the chain cannot be asked.
    """
    record = reads.assurance_record(number, block)
    if record is None or record.parent:
        return None
    body = members.member(record.issuer, block)
    if body is None:
        return None
    entries = reads.recognitions(record.scheme, record.issuer, block)
    return AccreditationFacts(record, entries, group_words(body))


def gather_assurance(
    reads: AssuranceReads, bundle: StatementBundle, block: BlockRef
) -> AssuranceFacts:
    """The certificates that disclosed origins rest on, and what stands above them.

    At most ``MAX_CERTIFICATES``, the lowest first: whoever makes bundles makes the node ask.

    Raises:
        LedgerError: the chain cannot be asked.
    """
    named = sorted(set(certificates_named(bundle)))
    numbers = sorted({number for _, number in named})[:MAX_CERTIFICATES]
    programmes = sorted({column_of(key).qualifier for key, _ in named})
    certificates = _known(reads.assurance_record(each, block) for each in numbers)
    parents = sorted({each.parent for each in certificates} - {0, *numbers})
    records = certificates + _known(reads.assurance_record(each, block) for each in parents)
    schemes = sorted({each.scheme for each in records})
    bodies = sorted({(each.scheme, each.issuer) for each in records if not each.parent})
    return AssuranceFacts(
        records=tuple(records),
        schemes=tuple(_known(reads.scheme(each, block) for each in schemes)),
        programmes=tuple(
            _known(
                reads.programme(ProgrammeId(each), block) for each in programmes[:MAX_CERTIFICATES]
            )
        ),
        recognitions=tuple(
            entry for scheme, body in bodies for entry in reads.recognitions(scheme, body, block)
        ),
        sites=tuple(_sites(reads, bundle, certificates, block)),
    )


def _sites(
    reads: AssuranceReads,
    bundle: StatementBundle,
    certificates: Iterable[AssuranceRecord],
    block: BlockRef,
) -> Iterator[SiteName]:
    """Names of the certified sites, of the origins' and of the lot's own; the lowest first."""
    headers = [batch.header for run in bundle.runs for batch in run.batches]
    if bundle.lot is not None:
        headers.append(bundle.lot.batch.header)
    wanted = {each.site for each in headers} | {SiteId(each.subject) for each in certificates}
    for site in sorted(wanted - {SiteId(0)})[:MAX_CERTIFICATES]:
        digest = reads.site_identifier_digest(site, block)
        if digest is not None:
            yield SiteName(site, digest)


def certificates_named(bundle: StatementBundle) -> Iterator[tuple[ColumnKey, int]]:
    """Credit column and certificate, of every open part that names one."""
    if nodes_of(bundle.runs) > MAX_NODES:
        return
    for run in bundle.runs:
        try:
            yield from read_cause(run.cause).certificates
        except InputError:
            continue


def _known(answers: Iterable[_T | None]) -> list[_T]:
    return [answer for answer in answers if answer is not None]
