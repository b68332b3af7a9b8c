"""Accounts of water and of electricity: what sums up, and what counts once."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from veta.canonical import JsonValue
from veta.errors import InputError
from veta.evidence.answers import Answer, altogether
from veta.evidence.energy import (
    ElectricityFinding,
    EnergyCertificate,
    SiteElectricity,
    assess_electricity,
)
from veta.evidence.exact import amount_text
from veta.evidence.grades import GradeFinding, Role
from veta.evidence.metrics import Boundary
from veta.evidence.units import UNITS, Dimension, Unit
from veta.evidence.water import (
    BrineAccount,
    Flow,
    Quality,
    Source,
    WaterAccount,
    WaterPart,
    consumption,
)
from veta.evidence.windows import Window
from veta.services.evidence import Found, graded_by
from veta.services.evidence_signers import Paper
from veta.verify.evidence_files import ENERGY, WATER, Graded, Members, opened, within

_VOLUMES: Final = {
    symbol: unit for symbol, unit in UNITS.items() if unit.dimension is Dimension.VOLUME
}


class WaterBook:
    """What a water file holds: accounts by flow, and brine apart from them.

    Args:
        document: as read.
        graded: whose word it is.

    Raises:
        InputError: codes ``evidence.*`` of ``water``, with the place.
        VerificationError: ``evidence.brine_in_water``, ``evidence.water_sum``.
    """

    def __init__(self, document: JsonValue, graded: Graded) -> None:
        members = opened(document, WATER)
        self._graded = graded
        self.boundary: Boundary = members.boundary()
        self.period: Window = members.window("period")
        if self.period.to_s > graded.as_of_s:
            raise InputError("evidence.wrong_period", "/period: is not over")
        self.unit: Unit = members.chosen("unit", _VOLUMES)
        self.accounts: dict[Flow, WaterAccount] = {}
        for flow, account in members.each("accounts", self._account):
            if flow in self.accounts:
                message = f"/accounts: {flow.value} is given twice"
                raise InputError("evidence.account_twice", message)
            self.accounts[flow] = account
        self.brine = self._brine(members.take("brine")) if members.has("brine") else None
        members.end()
        if not self.accounts and self.brine is None:
            raise InputError("evidence.member", "/accounts: is empty")

    def _account(self, value: JsonValue, place: str) -> tuple[Flow, WaterAccount]:
        members = Members(value, place)
        flow = members.chosen("flow", {each.value: each for each in Flow})
        total_l = members.amount("total") * self._litres
        parts = members.each("parts", self._part)
        members.end()
        with within(place):
            return flow, WaterAccount(flow, self.boundary, self.period, total_l, parts)

    def _part(self, value: JsonValue, place: str) -> WaterPart:
        members = Members(value, place)
        source = members.chosen("source", {each.value: each for each in Source})
        quality = members.chosen("quality", {each.value: each for each in Quality})
        amount_l = members.amount("amount") * self._litres
        members.end()
        return WaterPart(source, quality, amount_l, self._graded.grade)

    def _brine(self, value: JsonValue) -> BrineAccount:
        members = Members(value, "/brine")
        pumped, back = (
            members.amount(name) * self._litres for name in ("abstracted", "reinjected")
        )
        members.end()
        with within("/brine"):
            return BrineAccount(self.boundary, self.period, pumped, back, self._graded.grade)

    @property
    def _litres(self) -> Fraction:
        return self.unit.size

    def text(self, amount_l: Fraction) -> str:
        """An amount in the file's unit."""
        return f"{amount_text(amount_l / self._litres)} {self.unit.symbol}"


def water(paper: Paper, *, without_high_quality: bool = False) -> Found:
    """Sources that sum to their totals, brine apart.

    Args:
        paper: the account.
        without_high_quality: ask whether no water of high quality was drawn, too; water of unstated
            quality cannot tell.

    Raises:
        InputError, VerificationError: as ``WaterBook``; as ``consumption``.
    """
    grade = paper.grade(Role.VERIFIER)
    with within(paper.place):
        book = WaterBook(paper.document, graded_by(paper, grade))
        details, lines = _water_json(book)
    answer, code = Answer.MET, "evidence.water_sums"
    reason = f"the sources of {' and '.join(each.value for each in book.accounts)} sum to the total"
    if not book.accounts:
        answer, code, reason = Answer.CANNOT_TELL, "evidence.no_evidence", "only brine is given"
    elif without_high_quality:
        answer, code, reason = _without_high_quality(book)
    return Found("water", answer, code, reason, ((paper, grade),), details, tuple(lines))


def _without_high_quality(book: WaterBook) -> tuple[Answer, str, str]:
    account = book.accounts.get(Flow.WITHDRAWAL)
    if account is None:
        return Answer.CANNOT_TELL, "evidence.no_evidence", "no withdrawal is given"
    for quality, answer in ((Quality.HIGH, Answer.NOT_MET), (Quality.UNSTATED, Answer.CANNOT_TELL)):
        amount_l = account.of_quality(quality)
        if amount_l:
            reason = f"{book.text(amount_l)} of {quality.value} quality was drawn"
            return answer, f"evidence.quality_{quality.value}", reason
    return Answer.MET, "evidence.no_high_quality", "no water of high quality was drawn"


def _water_json(book: WaterBook) -> tuple[dict[str, Any], list[str]]:
    details: dict[str, Any] = {
        "boundary": {"name": book.boundary.name, "digest": book.boundary.digest.hex()},
        "period": {"fromSeconds": book.period.from_s, "toSeconds": book.period.to_s},
        "accounts": {
            flow.value: {
                "total": book.text(account.total_l),
                "parts": [
                    {
                        "source": part.source.value,
                        "quality": part.quality.value,
                        "amount": book.text(part.amount_l),
                    }
                    for part in account.parts
                ],
            }
            for flow, account in book.accounts.items()
        },
    }
    lines = [
        f"{flow.value}: {book.text(account.total_l)} = "
        + " + ".join(f"{part.source.value} {book.text(part.amount_l)}" for part in account.parts)
        for flow, account in book.accounts.items()
    ]
    if {Flow.WITHDRAWAL, Flow.DISCHARGE} <= book.accounts.keys():
        used = consumption(book.accounts[Flow.WITHDRAWAL], book.accounts[Flow.DISCHARGE])
        details["consumption"] = book.text(used.amount_l)
        lines.append(f"consumption: {details['consumption']} (withdrawal less discharge)")
    if book.brine is not None:
        pumped, back = book.text(book.brine.abstracted_l), book.text(book.brine.reinjected_l)
        details["brine"] = {"abstracted": pumped, "reinjected": back}
        lines.append(f"brine, in no sum with water: {pumped} pumped, {back} reinjected")
    return details, lines


def energy(papers: Sequence[Paper]) -> Found:
    """Electricity of all files together: a retired certificate counts once over all of them.

    It is met if every certificate counts and every claimed share is reached.

    Raises:
        InputError: codes ``evidence.*`` of ``energy``, with the place.
        VerificationError: ``evidence.serial_used_twice``, with both sites.
    """
    rest = tuple((paper, paper.grade(Role.VERIFIER)) for paper in papers)
    read = [_site_in(paper, grade) for paper, grade in rest]
    with within(", ".join(paper.place for paper in papers)):
        found = assess_electricity([site for site, _ in read])
    claims = {site.site: claimed for site, claimed in read}
    judged = [_judged(each, claims[each.site]) for each in found.values()]
    answer = altogether(each for each, _ in judged)
    code = next(code for each, code in judged if each is answer)
    reason = "; ".join(f"{each.site}: {each.words()}" for each in found.values())
    details = {"sites": [_site_json(each, claims[each.site]) for each in found.values()]}
    lines = tuple(line for each in found.values() for line in _site_lines(each))
    return Found("energy", answer, code, reason, rest, details, lines)


def _judged(found: ElectricityFinding, claimed: Fraction | None) -> tuple[Answer, str]:
    if claimed is not None and found.renewable_share * 100 < claimed:
        return Answer.NOT_MET, "evidence.share_not_met"
    if found.not_counted:
        return Answer.NOT_MET, found.not_counted[0][0]
    return Answer.MET, "evidence.certificates_count"


def _site_json(found: ElectricityFinding, claimed: Fraction | None) -> dict[str, Any]:
    return {
        "site": found.site,
        "usedWh": found.used_wh,
        "renewableWh": found.renewable_wh,
        "renewableShare": amount_text(found.renewable_share),
        "claimedPercent": None if claimed is None else amount_text(claimed),
        "locationBasedG": amount_text(found.location_g),
        "marketBasedG": amount_text(found.market_g),
        "notCounted": [{"serial": serial, "code": code} for code, serial in found.not_counted],
    }


def _site_lines(found: ElectricityFinding) -> list[str]:
    location, market = amount_text(found.location_g), amount_text(found.market_g)
    return [
        f"{found.site}: {found.used_wh} Wh used, {found.renewable_wh} Wh by retired certificates",
        f"  location-based {location} g CO2e, market-based {market} g CO2e",
        *(f"  certificate {serial} does not count [{code}]" for code, serial in found.not_counted),
    ]


def _site_in(paper: Paper, grade: GradeFinding) -> tuple[SiteElectricity, Fraction | None]:
    with within(paper.place):
        return read_site(paper.document, graded_by(paper, grade))


def read_site(document: JsonValue, graded: Graded) -> tuple[SiteElectricity, Fraction | None]:
    """A site's electricity, and the renewable share in percent that is claimed, if one is.

    Raises:
        InputError: codes ``evidence.*`` of ``energy``, with the place.
    """
    members = opened(document, ENERGY)
    site, period, used_wh = members.text("site"), members.window("period"), members.whole("usedWh")
    grid = members.amount("gridGramsPerKwh")

    def certificate(value: JsonValue, place: str) -> EnergyCertificate:
        return _certificate(Members(value, place), graded)

    certificates = members.each("certificates", certificate)
    claimed = members.amount("claimedPercent") if members.has("claimedPercent") else None
    members.end()
    if period.to_s > graded.as_of_s:
        raise InputError("evidence.wrong_period", "/period: is not over")
    if claimed is not None and claimed > 100:
        raise InputError("evidence.ratio_range", "/claimedPercent: is more than the whole")
    return SiteElectricity(site, period, used_wh, grid, certificates, graded.grade), claimed


def _certificate(members: Members, graded: Graded) -> EnergyCertificate:
    registry, serial = members.text("registry"), members.text("serial")
    energy_wh, vintage = members.whole("energyWh"), members.window("vintage")
    retired = members.text("retiredFor") if members.has("retiredFor") else None
    factor = members.amount("gramsPerKwh")
    members.end()
    with within(members.place):
        return EnergyCertificate(
            registry, serial, energy_wh, vintage, retired, factor, graded.grade
        )
