"""EPCIS 2.0 documents as they come from other systems: held to the standard, then read as steps.

Written from GS1 EPCIS 2.0 (JSON binding, section 10) and CBV 2.0, so that no schema file is needed
at run time; tests hold it against the official schema and the samples of others. Members that the
standard does not name must be in a namespace of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn

from veta import canonical
from veta.errors import InputError
from veta.interop.epcis import KILOGRAM, PARTY, SCHEMA_VERSION
from veta.model.identifiers import UnixSeconds
from veta.model.trail import TrailKind, TrailLot, TrailSource, TrailStep

MOST_EVENTS: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,1024}", re.ASCII)
_NAMESPACED: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,64}:[!-~]{1,1024}", re.ASCII)
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)
_OFFSET: Final = re.compile(r"[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)", re.ASCII)
_CBV: Final = ("urn:epcglobal:cbv", "http://ns.gs1.org/cbv/", "https://ns.gs1.org/cbv/")
BUSINESS_STEPS: Final = frozenset(
    [
        "accepting",
        "arriving",
        "assembling",
        "collecting",
        "commissioning",
        "consigning",
        "creating_class_instance",
        "cycle_counting",
        "decommissioning",
        "departing",
        "destroying",
        "disassembling",
        "dispensing",
        "encoding",
        "entering_exiting",
        "holding",
        "inspecting",
        "installing",
        "killing",
        "loading",
        "other",
        "packing",
        "picking",
        "receiving",
        "removing",
        "repackaging",
        "repairing",
        "replacing",
        "reserving",
        "retail_selling",
        "sampling",
        "sensor_reporting",
        "shipping",
        "staging_outbound",
        "stock_taking",
        "stocking",
        "storing",
        "transporting",
        "unloading",
        "unpacking",
        "void_shipping",
    ]
)
"""CBV 2.0 section 7.1."""
DISPOSITIONS: Final = frozenset(
    [
        "active",
        "available",
        "completeness_inferred",
        "completeness_verified",
        "conformant",
        "container_closed",
        "container_open",
        "damaged",
        "destroyed",
        "dispensed",
        "disposed",
        "encoded",
        "expired",
        "in_progress",
        "in_transit",
        "inactive",
        "mismatch_class",
        "mismatch_instance",
        "mismatch_quantity",
        "needs_replacement",
        "no_pedigree_match",
        "non_conformant",
        "non_sellable_other",
        "partially_dispensed",
        "recalled",
        "reserved",
        "retail_sold",
        "returned",
        "sellable_accessible",
        "sellable_not_accessible",
        "stolen",
        "unavailable",
        "unknown",
    ]
)
"""CBV 2.0 section 7.2."""
_COMMON: Final = frozenset(
    [
        "@context",
        "type",
        "eventTime",
        "recordTime",
        "eventTimeZoneOffset",
        "eventID",
        "certificationInfo",
        "errorDeclaration",
        "bizStep",
        "disposition",
        "persistentDisposition",
        "readPoint",
        "bizLocation",
        "bizTransactionList",
        "sourceList",
        "destinationList",
        "sensorElementList",
    ]
)
_MEMBERS: Final[Mapping[str, frozenset[str]]] = {
    "ObjectEvent": _COMMON | {"action", "epcList", "quantityList", "ilmd"},
    "TransformationEvent": _COMMON
    | {"inputEPCList", "inputQuantityList", "outputEPCList", "outputQuantityList"}
    | {"transformationID", "ilmd"},
    "AggregationEvent": _COMMON | {"action", "parentID", "childEPCs", "childQuantityList"},
    "AssociationEvent": _COMMON | {"action", "parentID", "childEPCs", "childQuantityList"},
    "TransactionEvent": _COMMON | {"action", "parentID", "epcList", "quantityList"},
}
_QUANTITY: Final = frozenset({"epcClass", "quantity", "uom"})
_KINDS: Final[Mapping[str, TrailKind]] = {
    "commissioning": TrailKind.PRODUCTION,
    "creating_class_instance": TrailKind.PRODUCTION,
    "shipping": TrailKind.SHIPMENT,
    "departing": TrailKind.SHIPMENT,
    "loading": TrailKind.SHIPMENT,
    "accepting": TrailKind.SALE,
    "retail_selling": TrailKind.SALE,
    "decommissioning": TrailKind.END,
    "destroying": TrailKind.END,
}
"""Business steps by the kind of step they are; every other one is logistics."""


def read_epcis(octets: bytes) -> tuple[TrailStep, ...]:
    """The steps of an EPCISDocument, by the word of the file.

    Events without a business step are logistics. Aggregations, associations and transactions are
    held to the standard and tell of no lot's place: they become no step.

    Raises:
        InputError: ``canonical.*``; ``epcis.malformed`` with the event and what is wrong with it:
            no EPCIS 2.0 document, a mandatory member missing, a member or word that the standard
            does not have, no URI, no RFC 3339 time with its zone offset.
    """
    document = canonical.read_object(octets, canonical.FOREIGN)
    if document.get("type") != "EPCISDocument" or document.get("schemaVersion") != SCHEMA_VERSION:
        _refuse("the file", "is no EPCISDocument of schema version 2.0")
    for name in ("@context", "creationDate"):
        if name not in document:
            _refuse("the document", f"lacks {name}")
    _instant(document["creationDate"], "creationDate")
    body = document.get("epcisBody")
    events = body.get("eventList") if isinstance(body, dict) else None
    if not isinstance(events, list) or len(events) > MOST_EVENTS:
        _refuse("epcisBody", f"has no eventList of at most {MOST_EVENTS} events")
    found = (_step(event, f"event {at}") for at, event in enumerate(events))
    return tuple(step for step in found if step is not None)


def _step(event: object, where: str) -> TrailStep | None:
    """One event as a step; ``None`` of a kind that tells of no lot's place."""
    if not isinstance(event, dict) or event.get("type") not in _MEMBERS:
        _refuse(where, "is of no type of the standard")
    kind = str(event["type"])
    _require_members(event, kind, where)
    happened_at_s = _instant(event.get("eventTime"), f"{where}: eventTime")
    if not isinstance(event.get("eventTimeZoneOffset"), str) or not _OFFSET.fullmatch(
        event["eventTimeZoneOffset"]
    ):
        _refuse(where, "has no eventTimeZoneOffset such as +02:00")
    if kind not in {"ObjectEvent", "TransformationEvent"}:
        return None
    names = event.get("veta:names")
    inputs, lots = _lots_of(event, kind, names if isinstance(names, dict) else {}, where)
    business = _word(event.get("bizStep"))
    return TrailStep(
        kind=TrailKind.PRODUCTION if inputs else _KINDS.get(business, TrailKind.LOGISTICS),
        identifier=_uri(event.get("eventID", f"urn:veta:epcis:{where.replace(' ', ':')}"), where),
        happened_at_s=happened_at_s,
        source=TrailSource.FILE,
        words=str(event.get("veta:step", business)),
        lots=lots,
        inputs=inputs,
        by=_party(event.get("sourceList"), "source", where),
        to=_party(event.get("destinationList"), "destination", where),
        from_place=_place(event.get("readPoint"), where),
        to_place=_place(event.get("bizLocation"), where),
    )


def _require_members(event: Mapping[str, Any], kind: str, where: str) -> None:
    for name in event:
        if name not in _MEMBERS[kind] and _NAMESPACED.fullmatch(name) is None:
            _refuse(where, f"{kind} has no member {name[:40]!r}")
    if kind != "TransformationEvent" and event.get("action") not in {"ADD", "OBSERVE", "DELETE"}:
        _refuse(where, "needs an action: ADD, OBSERVE or DELETE")
    for name, words in (("bizStep", BUSINESS_STEPS), ("disposition", DISPOSITIONS)):
        _require_word(event.get(name), words, f"{where}: {name}")
    ilmd = event.get("ilmd", {})
    if not isinstance(ilmd, dict) or any(_NAMESPACED.fullmatch(name) is None for name in ilmd):
        _refuse(where, "ilmd has members of a namespace only")
    for name, types in (("sourceList", "source"), ("destinationList", "destination")):
        for entry in _list(event.get(name, []), f"{where}: {name}"):
            _require_party(entry, types, f"{where}: {name}")
    certified = event.get("certificationInfo", [])
    for entry in certified if isinstance(certified, list) else [certified]:
        _uri(entry, f"{where}: certificationInfo")


def _require_word(value: object, words: frozenset[str], where: str) -> None:
    """A word of the vocabulary, bare; or a URI that is none of the vocabulary's own."""
    if value is None:
        return
    if not isinstance(value, str) or (value not in words and _URI.fullmatch(value) is None):
        _refuse(where, f"{str(value)[:40]!r} is no word of the CBV")
    if value.startswith(_CBV) and _word(value) not in words:
        _refuse(where, f"{value[:60]!r} is no word of the CBV")


def _require_party(entry: object, name: str, where: str) -> None:
    if not isinstance(entry, dict) or set(entry) != {"type", name}:
        _refuse(where, f"has entries of type and {name}")
    _require_word(entry["type"], frozenset({"owning_party", "possessing_party", "location"}), where)
    _uri(entry[name], where)


def _lots_of(
    event: Mapping[str, Any], kind: str, names: Mapping[str, Any], where: str
) -> tuple[tuple[TrailLot, ...], tuple[TrailLot, ...]]:
    """What went in, and what the event is about."""
    if kind == "TransformationEvent":
        inputs = _lots(event, ("inputQuantityList", "inputEPCList"), names, where)
        lots = _lots(event, ("outputQuantityList", "outputEPCList"), names, where)
        if not (inputs or lots or "transformationID" in event):
            _refuse(where, "says neither what went in nor what came out")
        return inputs, lots
    named = {"quantityList", "epcList", "sensorElementList"} & set(event)
    if not named:
        _refuse(where, "needs an epcList, quantityList or sensorElementList")
    return (), _lots(event, ("quantityList", "epcList"), names, where)


def _lots(
    event: Mapping[str, Any], members: tuple[str, str], names: Mapping[str, Any], where: str
) -> tuple[TrailLot, ...]:
    quantities, serials = members
    found = []
    for entry in _list(event.get(quantities, []), f"{where}: {quantities}"):
        if not isinstance(entry, dict) or not set(entry) <= _QUANTITY:
            _refuse(f"{where}: {quantities}", "has entries of epcClass, quantity and uom")
        uri = _uri(entry.get("epcClass"), f"{where}: epcClass")
        found.append(TrailLot(uri, str(names.get(uri, "")), _grams(entry, where)))
    where = f"{where}: {serials}"
    plain = [_uri(serial, where) for serial in _list(event.get(serials, []), where)]
    return (*found, *(TrailLot(uri, "", None) for uri in plain))


def _grams(entry: Mapping[str, Any], where: str) -> int | None:
    """Whole grams; of another unit, or finer than a gram, none: never rounded in silence."""
    value = entry.get("quantity")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        _refuse(where, "a quantity is no number")
    grams = value * 1_000
    exact = grams >= 0 and grams == int(grams)
    return int(grams) if exact and entry.get("uom") == KILOGRAM else None


def _party(value: object, name: str, where: str) -> str | None:
    for entry in _list(value or [], where):
        if _word(entry.get("type")) in {PARTY, "owning_party"}:
            return _uri(entry.get(name), f"{where}: {name}")
    return None


def _place(value: object, where: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        _refuse(where, "a place is an object with an id")
    return _uri(value.get("id"), f"{where}: a place")


def _word(value: object) -> str:
    """A word of the CBV, bare or the end of one of its URIs."""
    text = value if isinstance(value, str) else ""
    return re.split(r"[:/-]", text)[-1] if ":" in text else text


def _uri(value: object, where: str) -> str:
    if not isinstance(value, str) or _URI.fullmatch(value) is None:
        _refuse(where, "is no URI")
    return value


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        _refuse(where, "is no list")
    return value


def _instant(value: object, where: str) -> UnixSeconds:
    text = value if isinstance(value, str) else ""
    try:
        moment = datetime.fromisoformat(text) if _INSTANT.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None or moment < _EPOCH:
        _refuse(where, "is no RFC 3339 time with its zone")
    return UnixSeconds((moment - _EPOCH) // timedelta(seconds=1))


def _refuse(where: str, words: str) -> NoReturn:
    raise InputError("epcis.malformed", f"{where}: {words}")
