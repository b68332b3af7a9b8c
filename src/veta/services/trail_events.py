"""Steps of trails out of signed traceability events (UNTP 0.7.0 DigitalTraceabilityEvent)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from veta.errors import InputError
from veta.model.trail import TrailKind, TrailLot, TrailSource, TrailStep
from veta.statement.credential import Credential
from veta.statement.instants import read_instant

_KILOGRAM: Final = "KGM"
_G_PER_KG: Final = 1_000
_LEAVING: Final = frozenset({"shipping", "departing", "loading"})
"""Business steps of the GS1 CBV in which goods leave; all others are of who carries them."""


def steps_of_events(credentials: Iterable[Credential]) -> Iterator[TrailStep]:
    """The moves that traceability events tell. A MakeEvent adds nothing to the chain's own runs;
    an event that says no time is passed over.
    """
    for credential in credentials:
        for subject in credential.subjects:
            step = _move(credential, subject)
            if step is not None:
                yield step


def _move(credential: Credential, subject: Mapping[str, Any]) -> TrailStep | None:
    if "MoveEvent" not in subject.get("type", ()):
        return None
    try:
        happened_at_s = read_instant(str(subject.get("eventDate")))
    except InputError:
        return None
    step = str(_member(subject, "activityType").get("code", ""))
    return TrailStep(
        kind=TrailKind.SHIPMENT if step in _LEAVING else TrailKind.LOGISTICS,
        identifier=str(subject.get("id")),
        happened_at_s=happened_at_s,
        source=TrailSource.STATEMENT,
        words=step,
        lots=tuple(_lot(each) for each in subject.get("movedProduct", ())),
        by=credential.issuer.identifier,
        from_place=_member(subject, "fromFacility").get("id"),
        to_place=_member(subject, "toFacility").get("id"),
    )


def _lot(entry: Mapping[str, Any]) -> TrailLot:
    product = _member(entry, "product")
    quantity = _member(entry, "quantity")
    value, mass_g = quantity.get("value"), None
    if quantity.get("unit") == _KILOGRAM and isinstance(value, int | Decimal):
        grams = value * _G_PER_KG
        mass_g = int(grams) if grams == int(grams) else None
    return TrailLot(str(product.get("id")), str(product.get("name", "")), mass_g)


def _member(members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = members.get(name)
    return found if isinstance(found, dict) else {}
