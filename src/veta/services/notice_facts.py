"""What a verifier asks the chain about what was said beside a lot, at the block of its facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, Protocol

from veta.custody.encoding import lot_id, source_batch
from veta.errors import ConfigError
from veta.model.anchoring import BlockRef
from veta.model.assurance import AssuranceFacts
from veta.model.determined import Determined, Known
from veta.model.disclosure import LotPart
from veta.model.identifiers import Digest, MemberId
from veta.model.lot_tree import LotRoot
from veta.model.lots import BatchHeader, LotRecord
from veta.model.notices import LotDispute, LotNoticeFacts, Restatement
from veta.verify.batches import name_of

MOST_PARTIES: Final = 16
"""Members who are asked about as parties of disputes: whoever makes bundles makes the node ask."""


class NoticeReads(Protocol):
    """The part of the lots' port that tells what was said beside lots."""

    def restatements(
        self, issuer: MemberId, root: LotRoot, block: BlockRef
    ) -> tuple[Restatement, ...]:
        """A batch's whole restatement list."""

    def dispute(self, subject: Digest, party: MemberId, block: BlockRef) -> LotDispute | None:
        """A party's last dispute of a lot or batch."""


def gather_notices(
    reads: NoticeReads,
    part: LotPart,
    headers: Sequence[BatchHeader],
    block: BlockRef,
    parties: Iterable[MemberId],
) -> LotNoticeFacts:
    """Restatements of batches, and disputes of a lot by those who may have one.

    Args:
        reads: the lots' side of the chain.
        part: the lot.
        headers: of the batches, the lot's own among them.
        block: at which all is asked.
        parties: who may have disputed; see ``parties_of``.

    Raises:
        LedgerError: the chain cannot be asked.
    """
    header = part.batch.header
    subjects = (
        Digest(lot_id(header.issuer, part.lot_key)),
        Digest(source_batch(header.issuer, header.root)),
    )
    asked = sorted(set(parties))[:MOST_PARTIES]
    try:
        restated = chain.from_iterable(
            reads.restatements(*name_of(each), block) for each in headers
        )
        disputes = (reads.dispute(subject, party, block) for subject in subjects for party in asked)
        return LotNoticeFacts(tuple(restated), tuple(filter(None, disputes)))
    except ConfigError as error:
        if error.code != "config.no_contract":
            raise
        return LotNoticeFacts()  # the chain has no notices, so nobody can have said anything


def parties_of(
    part: LotPart, record: Determined[LotRecord], assurance: Determined[AssuranceFacts]
) -> set[MemberId]:
    """Who has standing to dispute a lot and is named by it: issuer, holders, its site's assurers.

    Authorities and communities dispute the statement (step 7), or are found by whoever follows.
    """
    parties = {part.batch.header.issuer}
    if isinstance(record, Known):
        parties |= {record.value.holder, record.value.previous_holder, record.value.offered_to}
    if isinstance(assurance, Known):
        parties |= {each.issuer for each in assurance.value.records}
    return parties - {MemberId(0)}
