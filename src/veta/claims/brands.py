"""Brands as an exchange lists them: listed or not, responsible-sourcing track, certificates.

The register is a file of whoever keeps it (LME list of brands, responsible sourcing tracks A to D,
ISO 14001 and 45001). A lot is flagged by what the register says of its brand when the lot was
produced, and by what ended since. Nothing here is a verdict: a flag stands beside it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from veta.claims import fields
from veta.claims.windows import Window
from veta.errors import InputError

SCHEMA: Final = "veta-brand-register/1"
REQUIRED_STANDARDS: Final = ("ISO 14001", "ISO 45001")
"""Certificates that a listed brand's site holds (LME Responsible Sourcing policy)."""
TRACKS: Final = frozenset({"A", "B", "C", "D"})


class TrackStatus(enum.StrEnum):
    """Where a brand is on its track."""

    PUBLISHED = "published"
    UNDER_REVIEW = "under_review"
    OVERDUE = "overdue"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class BrandCertificate:
    """A management-system certificate of the brand's site."""

    standard: str
    window: Window


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand of the register."""

    name: str
    listed: Window
    """Until the register's far end where it is not delisted."""
    track: str
    """A, B, C or D."""
    status: TrackStatus
    certificates: tuple[BrandCertificate, ...]


@dataclass(frozen=True, slots=True)
class BrandFlag:
    """Something a reader of a lot must know of its brand."""

    code: str
    words: str


def load_brands(octets: bytes) -> dict[str, Brand]:
    """Brands by name, of a register file.

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``, ``claims.day``, ``claims.window_order``,
            ``brand.track``, ``brand.twice``.
    """
    data = fields.document(octets, SCHEMA)
    fields.only(data, "schema", "brands")
    found: dict[str, Brand] = {}
    for record in fields.records(data, "brands"):
        brand = _brand(record)
        if brand.name in found:
            raise InputError("brand.twice", f"brand {brand.name[:60]!r} stands there twice")
        found[brand.name] = brand
    return found


def flags_of(
    register: dict[str, Brand], name: str | None, *, produced_s: int, at_s: int
) -> tuple[BrandFlag, ...]:
    """What the register says against a lot of a brand; none: nothing.

    Codes: ``brand.not_stated``, ``brand.unknown``, ``brand.not_listed``, ``brand.delisted_since``,
    ``brand.track_none``, ``brand.track_overdue``, ``brand.certificate_missing``,
    ``brand.certificate_lapsed``, ``brand.certificate_lapsed_since``.

    Args:
        register: as loaded.
        name: the lot's brand, as its passport states it.
        produced_s: last second of the lot's production.
        at_s: when it is looked at.
    """
    if name is None:
        return (BrandFlag("brand.not_stated", "the passport states no brand"),)
    brand = register.get(name)
    if brand is None:
        return (BrandFlag("brand.unknown", f"the register has no brand {name[:60]!r}"),)
    return tuple(_flags(brand, produced_s, at_s))


def _flags(brand: Brand, produced_s: int, at_s: int) -> Iterator[BrandFlag]:
    if not brand.listed.holds_at(produced_s):
        yield BrandFlag("brand.not_listed", "not listed when the lot was produced")
    elif not brand.listed.holds_at(at_s):
        yield BrandFlag("brand.delisted_since", "listed when the lot was produced, and not since")
    if brand.status is TrackStatus.NONE:
        yield BrandFlag("brand.track_none", "is on no responsible-sourcing track")
    if brand.status is TrackStatus.OVERDUE:
        words = f"its report of track {brand.track} is overdue"
        yield BrandFlag("brand.track_overdue", words)
    for standard in REQUIRED_STANDARDS:
        windows = [each.window for each in brand.certificates if each.standard == standard]
        if not windows:
            yield BrandFlag("brand.certificate_missing", f"the register has no {standard}")
        elif not any(window.holds_at(produced_s) for window in windows):
            words = f"{standard} was not valid when the lot was produced"
            yield BrandFlag("brand.certificate_lapsed", words)
        elif not any(window.holds_at(at_s) for window in windows):
            words = f"{standard} was valid when the lot was produced, and has ended since"
            yield BrandFlag("brand.certificate_lapsed_since", words)


_FAR_DAY: Final = "9999-12-30"


def _brand(record: fields.Record) -> Brand:
    fields.only(record, "name", "listed_from", "delisted", "track", "track_status", "certificates")
    first, last = fields.text(record, "listed_from"), fields.text(record, "delisted", "")
    track = fields.text(record, "track", "")
    status = fields.text(record, "track_status", TrackStatus.NONE.value)
    if (track or status != TrackStatus.NONE) and track not in TRACKS:
        raise InputError("brand.track", "a track is A, B, C or D")
    if status not in set(TrackStatus):
        raise InputError("brand.track", f"no track status {status[:40]!r}")
    listed = Window.of_days(first, _FAR_DAY)
    if last:
        listed = Window(listed.from_s, Window.of_days(last, last).from_s)
    return Brand(
        fields.text(record, "name"),
        listed,
        track,
        TrackStatus(status),
        tuple(_certificate(each) for each in fields.records(record, "certificates")),
    )


def _certificate(record: fields.Record) -> BrandCertificate:
    fields.only(record, "standard", "first", "last")
    window = Window.of_days(fields.text(record, "first"), fields.text(record, "last"))
    return BrandCertificate(fields.text(record, "standard"), window)
