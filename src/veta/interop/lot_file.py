"""A lot in Veta's own form, as a file: ``veta-lot/1``, whole base units, days as calendar dates.

What a producer's own systems write, and ``veta issue`` makes a passport of. Windows are given as
first day and the day after the last (UTC), as everywhere: [from, before).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar

from veta import canonical
from veta.errors import InputError
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lot import (
    AssayValue,
    Bundle,
    Classification,
    Country,
    LotCertificate,
    LotFootprint,
    Mark,
    MetalContent,
    MetalOrigin,
    ParentLot,
    Party,
    Site,
    WaterUse,
)

FORMAT: Final = "veta-lot/1"

T = TypeVar("T")


def read_lot(octets: bytes) -> LotCertificate:
    """A lot file as a value.

    Not checked: whether the figures make sense; ``statement.rules`` on the passport does.

    Raises:
        InputError: ``canonical.*`` for octets that are no strict JSON, ``lot.malformed`` with the
            member that is missing, unknown or of another kind.
    """
    document = canonical.read_object(octets)
    if document.get("format") != FORMAT:
        raise InputError("lot.malformed", f"format must be {FORMAT}")
    members = _Members(document, "")
    members.take("format", _text)
    lot = LotCertificate(
        lot_number=members.take("lotNumber", _text),
        name=members.take("name", _text),
        product_class=members.take("productClass", _text),
        category=members.take("category", _classification),
        issuer=members.take("issuer", _party),
        site=members.take("site", _site),
        produced_from_s=members.take("producedFrom", _day),
        produced_to_s=members.take("producedBefore", _day),
        mass_g=members.take("massG", _whole),
        mass_basis=members.take("massBasis", _text),
        metal=members.take("metal", _each(_metal)),
        origins=members.take("origins", _each(_origin)),
        footprint=members.may("footprint", _footprint),
        water=members.may("water", _water),
        hs_code=members.may("hsCode", _text),
        brand=members.may("brand", _text),
        grade=members.may("grade", _text),
        bundles=members.may("bundles", _each(_bundle)) or (),
        assay=members.may("assay", _each(_assay)) or (),
        parents=members.may("parents", _each(_parent)) or (),
        marks=members.may("marks", _each(_mark)) or (),
    )
    members.end()
    return lot


def write_lot(lot: LotCertificate) -> bytes:
    """The file's octets, in RFC 8785 form; ``read_lot`` gives the same lot again."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "lotNumber": lot.lot_number,
        "name": lot.name,
        "productClass": lot.product_class,
        "category": {
            "code": lot.category.code,
            "name": lot.category.name,
            "schemeId": lot.category.scheme_id,
            "schemeName": lot.category.scheme_name,
        },
        "issuer": _without_none(
            id=lot.issuer.identifier,
            name=lot.issuer.name,
            country=None if lot.issuer.country is None else _country_json(lot.issuer.country),
        ),
        "site": _without_none(
            id=lot.site.identifier,
            name=lot.site.name,
            country=_country_json(lot.site.country),
            registeredId=lot.site.registered_id,
        ),
        "producedFrom": _day_text(lot.produced_from_s),
        "producedBefore": _day_text(lot.produced_to_s),
        "massG": lot.mass_g,
        "massBasis": lot.mass_basis,
        "metal": [{"substance": each.substance, "massG": each.mass_g} for each in lot.metal],
        "origins": [
            {
                "substance": each.substance,
                "country": _country_json(each.country),
                "massG": each.mass_g,
            }
            for each in lot.origins
        ],
    }
    return canonical.write(document | _optional_json(lot))


def _optional_json(lot: LotCertificate) -> dict[str, Any]:
    return _without_none(
        footprint=None if lot.footprint is None else _footprint_json(lot.footprint),
        water=None
        if lot.water is None
        else {"withdrawalL": lot.water.withdrawal_l, "metric": lot.water.metric},
        hsCode=lot.hs_code,
        brand=lot.brand,
        grade=lot.grade,
        bundles=[{"number": each.number, "massG": each.mass_g} for each in lot.bundles] or None,
        assay=[
            {"analyte": each.analyte, "value": each.value, "unit": each.unit} for each in lot.assay
        ]
        or None,
        marks=[{"kind": each.kind, "number": each.number} for each in lot.marks] or None,
        parents=[
            _without_none(
                issuer=each.issuer,
                lotNumber=each.lot_number,
                leaf=None if each.leaf is None else each.leaf.hex(),
            )
            for each in lot.parents
        ]
        or None,
    )


def _footprint_json(footprint: LotFootprint) -> dict[str, Any]:
    return {
        "co2eG": footprint.co2e_g,
        "co2eGPerKg": footprint.co2e_g_per_kg,
        "boundary": footprint.boundary,
        "declaredUnit": footprint.declared_unit,
        "periodFrom": _day_text(footprint.period_from_s),
        "periodBefore": _day_text(footprint.period_to_s),
        "gwpSet": footprint.gwp_set,
        "standards": list(footprint.standards),
        "allocation": footprint.allocation,
        "primarySharePpm": footprint.primary_share_ppm,
    }


class _Members:
    """The members of one object, each to be taken once; what is left over is an error."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, Mapping):
            raise InputError("lot.malformed", f"{place or 'the file'} must be an object")
        self._left = dict(value)
        self._place = place

    def take(self, name: str, read: Callable[[object, str], T]) -> T:
        place = f"{self._place}/{name}"
        if name not in self._left:
            raise InputError("lot.malformed", f"{place} is missing")
        return read(self._left.pop(name), place)

    def may(self, name: str, read: Callable[[object, str], T]) -> T | None:
        return self.take(name, read) if name in self._left else None

    def end(self) -> None:
        for name in self._left:
            raise InputError("lot.malformed", f"{self._place}/{name} is unknown")


def _text(value: object, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise InputError("lot.malformed", f"{place} must be a text")
    return value


def _whole(value: object, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError("lot.malformed", f"{place} must be a whole number, 0 or more")
    return value


def _day(value: object, place: str) -> UnixSeconds:
    text = _text(value, place)
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InputError("lot.malformed", f"{place} must be a date such as 2026-06-01") from error
    if day.isoformat() != text:
        raise InputError("lot.malformed", f"{place} must be a date such as 2026-06-01")
    return UnixSeconds(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))


def _each(read: Callable[[object, str], T]) -> Callable[[object, str], tuple[T, ...]]:
    def read_all(value: object, place: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise InputError("lot.malformed", f"{place} must be a list")
        return tuple(read(each, f"{place}/{index}") for index, each in enumerate(value))

    return read_all


def _country(value: object, place: str) -> Country:
    members = _Members(value, place)
    country = Country(members.take("code", _text), members.take("name", _text))
    members.end()
    return country


def _classification(value: object, place: str) -> Classification:
    members = _Members(value, place)
    found = Classification(
        *(members.take(name, _text) for name in ("code", "name", "schemeId", "schemeName"))
    )
    members.end()
    return found


def _party(value: object, place: str) -> Party:
    members = _Members(value, place)
    party = Party(
        members.take("id", _text), members.take("name", _text), members.may("country", _country)
    )
    members.end()
    return party


def _site(value: object, place: str) -> Site:
    members = _Members(value, place)
    site = Site(
        members.take("id", _text),
        members.take("name", _text),
        members.take("country", _country),
        members.may("registeredId", _text),
    )
    members.end()
    return site


def _metal(value: object, place: str) -> MetalContent:
    members = _Members(value, place)
    metal = MetalContent(members.take("substance", _text), members.take("massG", _whole))
    members.end()
    return metal


def _origin(value: object, place: str) -> MetalOrigin:
    members = _Members(value, place)
    origin = MetalOrigin(
        members.take("substance", _text),
        members.take("country", _country),
        members.take("massG", _whole),
    )
    members.end()
    return origin


def _footprint(value: object, place: str) -> LotFootprint:
    members = _Members(value, place)
    footprint = LotFootprint(
        co2e_g=members.take("co2eG", _whole),
        co2e_g_per_kg=members.take("co2eGPerKg", _whole),
        boundary=members.take("boundary", _text),
        declared_unit=members.take("declaredUnit", _text),
        period_from_s=members.take("periodFrom", _day),
        period_to_s=members.take("periodBefore", _day),
        gwp_set=members.take("gwpSet", _text),
        standards=members.take("standards", _each(_text)),
        allocation=members.take("allocation", _text),
        primary_share_ppm=members.take("primarySharePpm", _whole),
    )
    members.end()
    return footprint


def _water(value: object, place: str) -> WaterUse:
    members = _Members(value, place)
    water = WaterUse(members.take("withdrawalL", _whole), members.take("metric", _text))
    members.end()
    return water


def _bundle(value: object, place: str) -> Bundle:
    members = _Members(value, place)
    bundle = Bundle(members.take("number", _text), members.take("massG", _whole))
    members.end()
    return bundle


def _mark(value: object, place: str) -> Mark:
    members = _Members(value, place)
    mark = Mark(members.take("kind", _text), members.take("number", _text))
    members.end()
    return mark


def _assay(value: object, place: str) -> AssayValue:
    members = _Members(value, place)
    line = AssayValue(*(members.take(name, _text) for name in ("analyte", "value", "unit")))
    members.end()
    return line


def _parent(value: object, place: str) -> ParentLot:
    members = _Members(value, place)
    parent = ParentLot(
        members.take("issuer", _text), members.take("lotNumber", _text), members.may("leaf", _leaf)
    )
    members.end()
    return parent


def _leaf(value: object, place: str) -> Leaf:
    text = _text(value, place)
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        octets = b""
    if len(octets) != 32 or octets.hex() != text:
        raise InputError("lot.malformed", f"{place} must be 64 hexadecimal digits")
    return Leaf(octets)


def _country_json(country: Country) -> dict[str, str]:
    return {"code": country.code, "name": country.name}


def _day_text(seconds: UnixSeconds) -> str:
    day = datetime.fromtimestamp(seconds, UTC)
    if seconds % 86_400:
        raise InputError("lot.malformed", "a lot file holds whole days only")
    return day.date().isoformat()


def _without_none(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
