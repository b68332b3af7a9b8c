"""Why a statement takes another one's place: the member ``corrects`` of Veta's context.

    "corrects": {"leaf": "<64 hex>", "reason": "factor"}

The chain links the two by ``supersede`` and says no reason; the reason stands in the newer
document, under its issuer's signature. The figures of a lot stay those of its columns: words are
corrected so, figures by a restatement of the batch, which counts for the better only once an
assurer confirmed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from veta.errors import InputError
from veta.model.identifiers import Leaf
from veta.statement.credential import Credential
from veta.statement.shapes import Struct, matching, one_of

REASONS: Final = (
    "wording",
    "measurement",
    "factor",
    "calculation",
    "assurance-withdrawn",
    "parent-corrected",
    "other",
)
CORRECTS: Final = Struct(
    {
        "leaf": matching("64 lower-case hexadecimal digits", r"[0-9a-f]{64}"),
        "reason": one_of(*REASONS),
    },
    closed=True,
)


@dataclass(frozen=True, slots=True)
class Correction:
    """Which statement a newer one corrects, and why."""

    leaf: Leaf
    reason: str

    def member(self) -> dict[str, Any]:
        """As it stands in a document."""
        return {"leaf": self.leaf.hex(), "reason": self.reason}


def correction_of(credential: Credential) -> Correction | None:
    """What a credential says that it corrects; ``None`` if nothing, or not as it must."""
    member = credential.document.get("corrects")
    if not CORRECTS.fits(member):
        return None
    assert isinstance(member, dict)
    return Correction(Leaf(bytes.fromhex(member["leaf"])), member["reason"])


def read_correction_reason(text: str) -> str:
    """A reason as a person typed it.

    Raises:
        InputError: ``supersede.reason``.
    """
    if text not in REASONS:
        raise InputError("supersede.reason", f"a correction is for one of {', '.join(REASONS)}")
    return text
