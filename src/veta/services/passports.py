"""A lot's passport against the lot: what is signed says what the contract adds up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from veta.custody.columns import column_of
from veta.errors import VerificationError
from veta.model.columns import ELEMENT_SYMBOLS, ColumnKey, ColumnKind, MassBasis
from veta.statement.passport import METAL_LOT

_BASES: Final = {MassBasis.DRY: "dry", MassBasis.NET: "net"}
_MG: Final = 1000


def require_agreement(
    credential: Mapping[str, Any],
    batch_number: str,
    columns: Sequence[ColumnKey],
    quantities: Sequence[int],
) -> None:
    """Refuse a passport that says another number, mass, metal or CO2e than its lot.

    What a passport does not state is not compared; whether it keeps the rules of its own type is
    the issuer's to check.

    Raises:
        VerificationError: ``lot.passport_disagrees``.
    """
    for fault in _faults(credential, batch_number, dict(zip(columns, quantities, strict=True))):
        raise VerificationError("lot.passport_disagrees", f"lot {batch_number}: {fault}")


def _faults(
    credential: Mapping[str, Any], batch_number: str, held: Mapping[ColumnKey, int]
) -> Iterator[str]:
    subject = credential.get("credentialSubject")
    if not isinstance(subject, dict):
        return
    if subject.get("batchNumber", batch_number) != batch_number:
        yield f"the passport is of {subject['batchNumber']}"
    stated = subject.get("characteristics")
    if isinstance(stated, dict) and METAL_LOT in stated.get("type", ()):
        yield from _metal_lot_faults(stated, held)


def _metal_lot_faults(stated: Mapping[str, Any], held: Mapping[ColumnKey, int]) -> Iterator[str]:
    metal = {each["substance"]: each["massG"] for each in stated.get("metal", ())}
    footprint = stated.get("footprint")
    for key, quantity in held.items():
        column = column_of(key)
        match column.kind:
            case ColumnKind.MASS if _BASES[MassBasis(column.qualifier)] == stated.get("massBasis"):
                said = stated.get("massG")
            case ColumnKind.METAL:
                said = metal.get(ELEMENT_SYMBOLS.get(column.substance, ""), 0)
                said = quantity if said == quantity // _MG else said
            case ColumnKind.CO2E if isinstance(footprint, dict):
                said = footprint.get("co2eG")
            case _:
                continue
        if said != quantity:
            yield f"the passport says {said} of {column.words()}, the lot {quantity}"
