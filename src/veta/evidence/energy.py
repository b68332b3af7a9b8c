"""Electricity: location- and market-based side by side, and renewable only where it was retired.

Scope 2 quality criteria of the GHG Protocol Scope 2 Guidance (2015), chapter 7: an instrument is
retired by or for the one who claims it, once, and is of a time near the use. Whatever no retired
certificate covers carries the grid's factor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from veta.errors import InputError
from veta.evidence.exact import exact
from veta.evidence.grades import AssuranceGrade, lowest
from veta.evidence.windows import Window


@dataclass(frozen=True, slots=True)
class EnergyCertificate:
    """A certificate of renewable electricity.

    Attributes:
        registry: that issued it.
        serial: in that registry, one certificate a serial.
        energy_wh: that it stands for.
        vintage: when that was made.
        retired_for: site that it was retired for; ``None`` while it can still be sold.
        factor_g_per_kwh: life-cycle emissions of that electricity, g CO2e per kWh.
        grade: of the proof of retirement.
    """

    registry: str
    serial: str
    energy_wh: int
    vintage: Window
    retired_for: str | None
    factor_g_per_kwh: Fraction
    grade: AssuranceGrade

    def __post_init__(self) -> None:
        exact(self.energy_wh, f"the energy of certificate {self.serial}")
        factor = exact(self.factor_g_per_kwh, f"the factor of certificate {self.serial}")
        object.__setattr__(self, "factor_g_per_kwh", factor)
        for name, text in (("registry", self.registry), ("serial", self.serial)):
            if not text.isascii() or not text.strip() or text != text.strip():
                raise InputError("evidence.serial", f"a certificate has no {name} in ASCII")


@dataclass(frozen=True, slots=True)
class SiteElectricity:
    """Electricity that a site used in a period.

    Attributes:
        site: identifier.
        period: when.
        used_wh: all of it.
        grid_g_per_kwh: factor of the grid where the site is: location-based, and for what no
            certificate covers.
        claimed: certificates that the site counts.
        grade: of the reading.
    """

    site: str
    period: Window
    used_wh: int
    grid_g_per_kwh: Fraction
    claimed: tuple[EnergyCertificate, ...]
    grade: AssuranceGrade

    def __post_init__(self) -> None:
        exact(self.used_wh, f"electricity of {self.site}")
        factor = exact(self.grid_g_per_kwh, f"the grid factor of {self.site}")
        object.__setattr__(self, "grid_g_per_kwh", factor)


@dataclass(frozen=True, slots=True)
class ElectricityFinding:
    """What a site's electricity comes to.

    Attributes:
        site: identifier.
        used_wh: as given.
        renewable_wh: covered by certificates that count, at most ``used_wh``.
        location_g: g CO2e, location-based.
        market_g: g CO2e, market-based.
        not_counted: code and serial of each certificate that does not count.
        grade: the lowest of reading and counted certificates.
    """

    site: str
    used_wh: int
    renewable_wh: int
    location_g: Fraction
    market_g: Fraction
    not_counted: tuple[tuple[str, str], ...]
    grade: AssuranceGrade

    @property
    def renewable_share(self) -> Fraction:
        """0 to 1, exact; 0 where nothing was used."""
        return Fraction(self.renewable_wh, self.used_wh) if self.used_wh else Fraction(0)

    def words(self) -> str:
        """``78 % renewable by retired certificates``, or that it counts as the grid."""
        if self.renewable_wh == 0:
            return "no retired certificate counts: location-based factor"
        percent = self.renewable_share * 100
        shown = percent.numerator * 10 // percent.denominator
        return f"{shown // 10}.{shown % 10} % renewable by retired certificates"


def assess_electricity(
    sites: Sequence[SiteElectricity], *, used_before: Iterable[tuple[str, str]] = ()
) -> Mapping[str, ElectricityFinding]:
    """Electricity of all sites together, so that a serial counts once over all of them.

    Args:
        sites: each site and period once.
        used_before: registry and serial of what was counted in earlier statements.

    Returns:
        By site. A certificate does not count where it is not retired
        (``evidence.not_retired``), retired for another site (``evidence.retired_for_other``), or of
        another time (``evidence.vintage``: neither in the period nor around it). Where there are
        more certificates than electricity, those of the highest factor count first.

    Raises:
        InputError: ``evidence.serial_used_twice``, with the serial and both sites: no verdict on
            either of them is possible; ``evidence.site_twice``.
    """
    users: dict[tuple[str, str], str] = dict.fromkeys(used_before, "an earlier statement")
    found: dict[str, ElectricityFinding] = {}
    for site in sites:
        if site.site in found:
            raise InputError("evidence.site_twice", f"{site.site} is given twice")
        for each in site.claimed:
            first = users.get((each.registry, each.serial))
            if first is not None:
                raise InputError(
                    "evidence.serial_used_twice",
                    f"certificate {each.serial} of {each.registry} is used by {first} "
                    f"and again by {site.site}",
                )
            users[each.registry, each.serial] = site.site
        found[site.site] = _site(site)
    return found


def _site(site: SiteElectricity) -> ElectricityFinding:
    counted: list[EnergyCertificate] = []
    refused: list[tuple[str, str]] = []
    for each in site.claimed:
        code = _fault(site, each)
        if code is None:
            counted.append(each)
        else:
            refused.append((code, each.serial))
    left, market_g = site.used_wh, Fraction(0)
    for each in sorted(counted, key=lambda one: one.factor_g_per_kwh, reverse=True):
        covered = min(left, each.energy_wh)
        market_g += each.factor_g_per_kwh * covered / 1000
        left -= covered
    market_g += site.grid_g_per_kwh * left / 1000
    return ElectricityFinding(
        site.site,
        site.used_wh,
        site.used_wh - left,
        site.grid_g_per_kwh * site.used_wh / 1000,
        market_g,
        tuple(refused),
        lowest((site.grade, *(each.grade for each in counted))),
    )


def _fault(site: SiteElectricity, each: EnergyCertificate) -> str | None:
    if each.retired_for is None:
        return "evidence.not_retired"
    if each.retired_for != site.site:
        return "evidence.retired_for_other"
    near = each.vintage.covers(site.period) or site.period.covers(each.vintage)
    return None if near else "evidence.vintage"


@dataclass(frozen=True, slots=True)
class Footprint:
    """Emissions, and offsets beside them. No field of it is a difference of the two.

    Attributes:
        emitted_g: g CO2e, before anything is bought to make up for it.
        offsets_g: g CO2e of retired offset units, a statement of its own. ISO 14067:2018, 6.3.4.1:
            offsetting is no part of a product's footprint.
        grade: of the emissions; offsets have none here.
    """

    emitted_g: Fraction
    offsets_g: Fraction
    grade: AssuranceGrade

    def __post_init__(self) -> None:
        for name in ("emitted_g", "offsets_g"):
            object.__setattr__(self, name, exact(getattr(self, name), name))


def require_no_offset(stated_g: Fraction, footprint: Footprint) -> None:
    """Refuse a stated footprint from which offsets were taken.

    Raises:
        InputError: ``evidence.offset_in_footprint`` if exactly the offsets are missing, or it is
            called zero beside offsets; ``evidence.footprint_differs`` for any other difference.
    """
    stated = exact(stated_g, "a stated footprint")
    if stated == footprint.emitted_g:
        return
    left = max(footprint.emitted_g - footprint.offsets_g, Fraction(0))
    if footprint.offsets_g > 0 and stated == left:
        raise InputError(
            "evidence.offset_in_footprint",
            "offsets were taken from the footprint: they stand apart",
        )
    raise InputError("evidence.footprint_differs", "the stated footprint is not what was emitted")
