"""What an honest chain has on record of the certificates that origins rest on."""

from __future__ import annotations

from collections.abc import Iterable

from tests.support.custody_world import fresh
from veta.custody.columns import column_of
from veta.model.assurance import (
    AssuranceFacts,
    AssuranceRecord,
    ProgrammeTerms,
    RecognitionEntry,
    SchemeTerms,
)
from veta.model.assurance_events import Requirement
from veta.model.columns import ProgrammeId
from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.model.lots import Run

OWNER, ACCREDITOR, BODY = MemberId(9001), MemberId(9002), MemberId(9003)
SCHEME, LEVELS, ACCREDITATION = 1, 3, 10_000
OPEN = UnixSeconds(2**64 - 1)


def honest_assurance(runs: Iterable[Run]) -> AssuranceFacts:
    """One scheme, of which every programme asks for its second level; one accredited body, which
    certified every site that credit comes from.
    """
    covers = [(run.site, cover) for run in runs for cover in run.covers]
    accreditation = AssuranceRecord(
        record=ACCREDITATION,
        subject=BODY,
        issuer=ACCREDITOR,
        parent=0,
        scheme=SCHEME,
        level=LEVELS,
        from_s=UnixSeconds(200),
        until_s=OPEN,
        substances=(),
        leaf=Leaf(fresh()),
        entries=(),
    )
    certificates = {
        number: AssuranceRecord(
            record=number,
            subject=site,
            issuer=BODY,
            parent=ACCREDITATION,
            scheme=SCHEME,
            level=2,
            from_s=UnixSeconds(300),
            until_s=OPEN,
            substances=(),
            leaf=Leaf(fresh()),
            entries=(),
        )
        for site, cover in covers
        for number in cover.certificates
    }
    programmes = sorted({column_of(cover.column).qualifier for _, cover in covers})
    return AssuranceFacts(
        records=(*certificates.values(), accreditation) if certificates else (),
        schemes=(SchemeTerms(SCHEME, OWNER, LEVELS),) if certificates else (),
        programmes=tuple(
            ProgrammeTerms(ProgrammeId(each), (Requirement(SCHEME, 2),)) for each in programmes
        ),
        recognitions=(
            RecognitionEntry(SCHEME, ACCREDITOR, OWNER, UnixSeconds(100), OPEN, UnixSeconds(100)),
        )
        if certificates
        else (),
    )
