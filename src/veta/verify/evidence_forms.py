"""Which evidence documents a verdict reads, and where a statement carries one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from veta.statement.credential import Credential
from veta.verify.evidence_files import ASSAY, read_assay
from veta.verify.lot_evidence import (
    FIGURE,
    INVENTORY,
    STATE,
    read_figure,
    read_inventory,
    read_state,
)

EVIDENCE: Final = "evidence"
"""Member of a statement's subject that carries a document."""
ACCREDITATION: Final = "accreditationRecord"
"""Member of a statement's subject that names the accreditation its signer works under."""
_MOST_RECORDS: Final = 1 << 32
READERS: Final[Mapping[str, Callable[[Any], object]]] = {
    ASSAY: read_assay,
    FIGURE: read_figure,
    INVENTORY: read_inventory,
    STATE: read_state,
}
"""Forms that a verdict reads. Others are for ``veta evidence`` and are not looked at."""


def document_of(credential: Credential) -> Mapping[str, Any] | None:
    """The evidence document that a statement carries, of whatever form."""
    found = credential.subject.get(EVIDENCE)
    return found if isinstance(found, Mapping) else None


def accreditation_named(credential: Credential) -> int | None:
    """Number of the accreditation's record under which a statement's signer says it works."""
    found = credential.subject.get(ACCREDITATION)
    return found if type(found) is int and 0 < found < _MOST_RECORDS else None
