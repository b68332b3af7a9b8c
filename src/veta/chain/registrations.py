"""What a consortium writes into ``Registry`` and ``Assurance`` by vote, as calls of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from veta.chain.contract_abi import artifact
from veta.model.columns import ProgrammeId, SubstanceId
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lots import LotRules, ProductClassTerms, SiteId

NOW = UnixSeconds(0)
OPEN_END = UnixSeconds(2**64 - 1)
GRAM, MILLIGRAM = 1, 2
"""Base units of a substance."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A call of a contract on record, for a proposal CALL_CONTRACT."""

    contract: str
    data: bytes
    purpose: str
    """For people."""


def site(number: SiteId, *, identifier: str, name: str, country: str) -> Registration:
    """Register a site under an id that is free."""
    grant = (identifier, name, country.encode("ascii"))
    return _registry("registerSite", number, grant)


def operator(
    number: SiteId, member: MemberId, *, from_s: UnixSeconds = NOW, until_s: UnixSeconds = OPEN_END
) -> Registration:
    """Let a member operate a site in [from, until); a ``from`` in the past counts as now."""
    return _registry("setOperator", number, member, from_s, until_s)


def capacity(
    number: SiteId, substance_: SubstanceId, amount: int, *, effective_s: UnixSeconds = NOW
) -> Registration:
    """What a site can make of a substance in a quarter, base units; the past counts as now."""
    return _registry("setCapacity", number, substance_, effective_s, amount)


def external_ceiling(
    member: MemberId, substance_: SubstanceId, amount: int, *, effective_s: UnixSeconds = NOW
) -> Registration:
    """What a member may declare from outside in a quarter; the past counts as now."""
    return _registry("setExternalCeiling", member, substance_, effective_s, amount)


def product_class(terms: ProductClassTerms, *, name: str) -> Registration:
    """Register a product class under an id that is free."""
    content = (
        True,
        terms.residue,
        terms.metal_tolerance_ppm,
        terms.custody_tolerance_ppm,
        terms.co2e_default_per_million,
    )
    return _registry("registerProductClass", terms.product_class, content, name)


def substance(number: SubstanceId, *, symbol: str, unit: int = GRAM) -> Registration:
    """Register a metal; of a chemical element the id is the atomic number."""
    return _registry("registerSubstance", number, unit, symbol.encode("ascii").ljust(16, b"\0"))


def unit_kind(number: int, *, name: str) -> Registration:
    """Register a kind of counted things."""
    return _registry("registerUnitKind", number, name)


def lot_rules(rules: LotRules) -> Registration:
    """Set what the lot book goes by; ``effective_s`` is the block's."""
    content = (
        rules.lateness_s,
        rules.gain_ppm,
        rules.authority_freeze_s,
        rules.credit_periods,
        0,
    )
    return _registry("setLotRules", content)


def scheme(
    number: int,
    owner: MemberId,
    *,
    levels: int,
    name: str,
    credit_life_months: int = 12,
    mass_balance_months: int = 3,
) -> Registration:
    """Register a scheme of a member that is a scheme owner."""
    content = (owner, levels, credit_life_months, mass_balance_months)
    return _assurance("registerScheme", number, content, name)


def programme(number: ProgrammeId, requirements: Iterable[tuple[int, int]]) -> Registration:
    """Register a programme: schemes, ascending, and the least level of each that counts."""
    return _assurance("registerProgramme", number, list(requirements))


def reduction(source: ProgrammeId, target: ProgrammeId) -> Registration:
    """Let credit under ``source`` go on under ``target``."""
    return _assurance("registerReduction", source, target)


def recognition(
    number: int,
    body: MemberId,
    *,
    from_s: UnixSeconds = NOW,
    until_s: UnixSeconds = OPEN_END,
) -> Registration:
    """Recognise an accreditation body for a scheme by vote; ``from_s`` 0: from that block on,
    ``until_s`` 0: not any more.
    """
    return _assurance("recognise", number, body, from_s, until_s)


def _registry(function: str, *arguments: object) -> Registration:
    return Registration("Registry", artifact("Registry").calldata(function, *arguments), function)


def _assurance(function: str, *arguments: object) -> Registration:
    data = artifact("Assurance").calldata(function, *arguments)
    return Registration("Assurance", data, function)
