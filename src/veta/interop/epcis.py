"""EPCIS 2.0 documents (GS1 EPCIS 2.0, JSON-LD binding) of a trail.

A production is a TransformationEvent, or an ObjectEvent that adds lots where nothing went in;
moves, sales and ends are ObjectEvents that observe or delete. Lots are classes with a quantity: a
lot is metal by mass, not a serial. What the standard has no word for stands under ``veta:``, and a
reader that does not know it loses nothing that the standard asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from veta import canonical
from veta.errors import InputError
from veta.model.identifiers import UnixSeconds
from veta.model.trail import TrailKind, TrailLot, TrailStep

CONTEXT: Final = "https://ref.gs1.org/standards/epcis/epcis-context.jsonld"
NAMESPACE: Final = "https://veta.example/epcis/v1/"
SCHEMA_VERSION: Final = "2.0"

KILOGRAM: Final = "KGM"
PARTY: Final = "possessing_party"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEPS: Final[Mapping[TrailKind, tuple[str, str, str]]] = {
    # kind: bizStep, disposition (CBV 2.0 sections 7.1 and 7.2), action
    TrailKind.PRODUCTION: ("commissioning", "active", "ADD"),
    TrailKind.SHIPMENT: ("shipping", "in_transit", "OBSERVE"),
    TrailKind.LOGISTICS: ("transporting", "in_transit", "OBSERVE"),
    TrailKind.SALE: ("accepting", "in_progress", "OBSERVE"),
    TrailKind.END: ("decommissioning", "inactive", "DELETE"),
}


def write_epcis(steps: Iterable[TrailStep], *, created_s: UnixSeconds, identifier: str) -> bytes:
    """An EPCISDocument of steps, RFC 8785 form.

    Args:
        steps: in the order of time.
        created_s: the document's own date.
        identifier: URI of the document.

    Raises:
        InputError: ``epcis.range``: a time beyond the calendar.
    """
    document: dict[str, Any] = {
        "@context": [CONTEXT, {"veta": NAMESPACE}],
        "id": identifier,
        "type": "EPCISDocument",
        "schemaVersion": SCHEMA_VERSION,
        "creationDate": _instant(created_s),
        "epcisBody": {"eventList": [_event(step) for step in steps]},
    }
    return canonical.write(document)


def _event(step: TrailStep) -> dict[str, Any]:
    business, disposition, action = _STEPS[step.kind]
    event: dict[str, Any] = {
        "eventID": step.identifier,
        "eventTime": _instant(step.happened_at_s),
        "eventTimeZoneOffset": "+00:00",
        "bizStep": business,
        "disposition": disposition,
        "veta:source": step.source.value,
        "veta:step": step.words,
    }
    if step.inputs:
        event |= {
            "type": "TransformationEvent",
            "transformationID": step.identifier,
            "inputQuantityList": [_quantity(lot) for lot in step.inputs],
            "outputQuantityList": [_quantity(lot) for lot in step.lots],
        }
    else:
        event |= {
            "type": "ObjectEvent",
            "action": action,
            "quantityList": [_quantity(lot) for lot in step.lots],
        }
    named = [*step.inputs, *step.lots]
    event["veta:names"] = {lot.identifier: lot.name for lot in named if lot.name}
    if step.from_place is not None:
        event["readPoint"] = {"id": step.from_place}
    if step.to_place is not None:
        event["bizLocation"] = {"id": step.to_place}
    if step.by is not None:
        event["sourceList"] = [{"type": PARTY, "source": step.by}]
    if step.to is not None:
        event["destinationList"] = [{"type": PARTY, "destination": step.to}]
    return event


def _quantity(lot: TrailLot) -> dict[str, Any]:
    if lot.mass_g is None:
        return {"epcClass": lot.identifier}
    return {
        "epcClass": lot.identifier,
        "quantity": _kilograms(lot.mass_g),
        "uom": KILOGRAM,
    }


def _kilograms(grams: int) -> int | Decimal:
    whole, rest = divmod(grams, 1_000)
    return whole if not rest else Decimal(f"{whole}.{rest:03d}".rstrip("0"))


def _instant(seconds: UnixSeconds) -> str:
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError as error:
        raise InputError("epcis.range", "a time is after the year 9999") from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
