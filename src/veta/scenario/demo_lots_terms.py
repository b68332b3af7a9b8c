"""What the demo's lot book goes by: sites, classes, columns, bounds; and who writes it there.

The consortium votes on what everybody shares, the scheme's own chain of trust does the rest:
scheme owner, accreditation body, certification body, site; operator and certification body agree
on how a site divides its burden between products.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from veta.bootstrap import Administration, AssuranceGrant, KeyRing
from veta.bootstrap import registrations as reg
from veta.bootstrap.signing import LazyAccount
from veta.model.columns import (
    ColumnKey,
    MassBasis,
    OriginClass,
    ProgrammeId,
    SubstanceId,
    class_key,
    co2e_key,
    credit_key,
    mass_key,
    metal_key,
    unit_key,
)
from veta.model.consortium import KeyPurpose
from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.model.lots import (
    AllocationRule,
    AllocationShare,
    LotRules,
    ProductClassId,
    ProductClassTerms,
    SiteId,
)
from veta.scenario.demo_acts import (
    ACCREDITOR,
    BODY,
    CABLE_MAKER,
    CAR_MAKER,
    CATHODE_MAKER,
    MINE,
    OTHER_MINE,
    REFINERY,
    ROD_MILL,
    SALAR_OPERATOR,
    SCHEME_OWNER,
    SMELTER,
    TRADER,
    Play,
)
from veta.scenario.demo_lots_votes import Sending, send_in_one_block, vote_on_all
from veta.scenario.demo_stage import Stage
from veta.statement.instants import read_instant

REGISTERED_S: Final = read_instant("2026-01-12T09:00:00Z")
STARTS_S: Final = read_instant("2026-01-15T00:00:00Z")

COPPER, LITHIUM = SubstanceId(29), SubstanceId(3)
DRY, NET = mass_key(MassBasis.DRY), mass_key(MassBasis.NET)
CU, LI, CO2E = metal_key(COPPER), metal_key(LITHIUM), co2e_key(1)
OUTSIDE: Final = class_key(OriginClass.EXTERNAL, COPPER)
RMM, RMM_50, RMM_75 = 1, ProgrammeId(50), ProgrammeId(75)
CREDIT_50, CREDIT_75 = credit_key(RMM_50, COPPER), credit_key(RMM_75, COPPER)
LITHIUM_75: Final = credit_key(RMM_75, LITHIUM)
VEHICLE_UNITS, PACK_UNITS = unit_key(1), unit_key(2)
COLUMN_WORDS: Final[dict[ColumnKey, str]] = {
    CREDIT_50: "RMM-50 credit",
    CREDIT_75: "RMM-75 credit",
}

SITES: Final = {
    "site-aurora": SiteId(1),
    "site-cordillera": SiteId(2),
    "site-bahia-serena": SiteId(3),
    "site-nordwind": SiteId(4),
    "site-lindental": SiteId(5),
    "site-marea": SiteId(6),
    "site-salar-esperanza": SiteId(7),
    "site-elbtal": SiteId(8),
}
AURORA, CORDILLERA, BAHIA_SERENA, NORDWIND, LINDENTAL, MAREA, SALAR, ELBTAL = SITES.values()
OUTSIDE_SITE: Final = SiteId(0)
SITE_NAMES: Final = {
    AURORA: "Mina Aurora",
    CORDILLERA: "Mina Cordillera Azul",
    OUTSIDE_SITE: "outside, declared by Puerto Gris",
}
OPERATORS: Final = (
    (AURORA, MINE),
    (CORDILLERA, OTHER_MINE),
    (BAHIA_SERENA, SMELTER),
    (BAHIA_SERENA, REFINERY),
    (NORDWIND, ROD_MILL),
    (LINDENTAL, CABLE_MAKER),
    (MAREA, CAR_MAKER),
    (SALAR, SALAR_OPERATOR),
    (ELBTAL, CATHODE_MAKER),
)
CAPACITIES_G: Final = (
    (AURORA, COPPER, 900_000_000),
    (CORDILLERA, COPPER, 300_000_000),
    (SALAR, LITHIUM, 75_000_000),
)
"""Contained metal in a quarter."""
CEILING_G: Final = 250_000_000
LEVELS: Final = {
    AURORA: 75,
    CORDILLERA: 50,
    BAHIA_SERENA: 50,
    NORDWIND: 50,
    LINDENTAL: 50,
    SALAR: 75,
}
"""What Certifica Andina gives each site."""

_DAY_S: Final = 86_400
RULES: Final = LotRules(
    lateness_s=45 * _DAY_S,
    gain_ppm=5_000,
    authority_freeze_s=30 * _DAY_S,
    credit_periods=4,
    effective_s=UnixSeconds(0),
)


def _class(
    number: int, *, residue: bool = False, tolerance_ppm: int = 1_000, default_g_per_kg: int = 0
) -> ProductClassTerms:
    default = default_g_per_kg * 1_000
    return ProductClassTerms(ProductClassId(number), residue, tolerance_ppm, 5_000, default)


CONCENTRATE: Final = _class(1, default_g_per_kg=960)
MOLYBDENITE: Final = _class(2)
ANODE, ACID, CATHODE = _class(3), _class(4), _class(5)
SCRAP, SLIMES, BLEED = (_class(number, residue=True) for number in (6, 7, 8))
ROD, CABLE, VEHICLE = _class(9), _class(10), _class(11)
BRINE, POTASH, CARBONATE = _class(12), _class(13), _class(14)
CATHODE_MATERIAL, PACK = _class(15), _class(16)
CLASSES: Final = {
    "copper concentrate": CONCENTRATE,
    "molybdenite concentrate": MOLYBDENITE,
    "copper anode": ANODE,
    "sulphuric acid": ACID,
    "copper cathode": CATHODE,
    "copper scrap": SCRAP,
    "anode slimes": SLIMES,
    "electrolyte bleed": BLEED,
    "copper rod": ROD,
    "copper cable": CABLE,
    "vehicle": VEHICLE,
    "lithium brine": BRINE,
    "potash": POTASH,
    "lithium carbonate": CARBONATE,
    "cathode material": CATHODE_MATERIAL,
    "battery pack": PACK,
}

Bounds = tuple[ProductClassTerms, int, int]
RULE_OF: Final[dict[str, tuple[SiteId, str, tuple[Bounds, ...]]]] = {
    "mine": (AURORA, MINE, ((CONCENTRATE, 960_000, 960_000), (MOLYBDENITE, 40_000, 40_000))),
    "smelt": (BAHIA_SERENA, SMELTER, ((ANODE, 980_000, 980_000), (ACID, 20_000, 20_000))),
    "refine": (
        BAHIA_SERENA,
        SMELTER,
        (
            (CATHODE, 925_000, 935_000),
            (SCRAP, 20_000, 25_000),
            (SLIMES, 40_000, 55_000),
            (BLEED, 0, 2_000),
        ),
    ),
    "draw": (NORDWIND, ROD_MILL, ((SCRAP, 0, 0), (ROD, 1_000_000, 1_000_000))),
    "ponds": (SALAR, SALAR_OPERATOR, ((BRINE, 400_000, 400_000), (POTASH, 600_000, 600_000))),
    "wire": (LINDENTAL, CABLE_MAKER, ((SCRAP, 0, 0), (CABLE, 1_000_000, 1_000_000))),
}
"""By process: site, who proposes it, and each class's part of the CO2e of all outputs, ppm."""
RULE_NUMBERS: Final = {process: number for number, process in enumerate(RULE_OF, start=1)}
CERTIFICATES: Final = {site: number for number, site in enumerate(LEVELS, start=2)}
"""Record numbers; the first record is the accreditation."""


def register_and_assure(play: Play) -> None:
    """The consortium votes on what the lot book goes by; the scheme's chain of trust assures."""
    stage, tell = play.stage, play.tell
    tell.chapter("What the lot book goes by", REGISTERED_S)
    registrations = _registrations(play)
    tell.working(f"voting on {len(registrations)} registrations")
    vote_on_all(play, registrations)
    sites, classes = len(SITES), len(CLASSES)
    tell.say(
        f"{len(registrations)} votes: copper, lithium, {classes} product classes, {sites} sites "
        "with their operators, capacities, a ceiling for metal from outside, lateness; the "
        "(fictional) scheme RMM with the levels 50 and 75."
    )
    tell.working("recognising, accrediting, certifying")
    stage.pass_to(REGISTERED_S)
    _assure(play)
    tell.say(
        f"RMM recognises Acreditador Nacional, which accredits Certifica Andina, which certifies "
        f"{len(LEVELS)} sites and confirms how {len(RULE_OF)} processes divide their CO2e."
    )
    stage.pass_to(STARTS_S)


def _registrations(play: Play) -> list[reg.Registration]:
    ids = {party.slug: _member(play, party.slug) for party in play.stage.scenario.parties}
    made = [
        reg.substance(COPPER, symbol="Cu"),
        reg.substance(LITHIUM, symbol="Li"),
        reg.unit_kind(1, name="vehicle"),
        reg.unit_kind(2, name="battery pack"),
        reg.lot_rules(RULES),
        reg.scheme(RMM, ids[SCHEME_OWNER], levels=100, name="Responsible Metals Mark"),
        reg.programme(RMM_50, [(RMM, 50)]),
        reg.programme(RMM_75, [(RMM, 75)]),
        reg.reduction(RMM_75, RMM_50),
        reg.external_ceiling(ids[TRADER], COPPER, CEILING_G, effective_s=STARTS_S),
    ]
    for slug, site in SITES.items():
        operator = next(slug for each, slug in OPERATORS if each == site)
        party = play.stage.scenario.party(operator).party
        assert party.country is not None  # every party of the scenario has one
        identifier = f"{party.identifier}:site:{slug}"
        name = SITE_NAMES.get(site, party.name)
        made.append(reg.site(site, identifier=identifier, name=name, country=party.country.code))
    made += [reg.operator(site, ids[slug]) for site, slug in OPERATORS]
    made += [
        reg.capacity(site, metal, amount, effective_s=STARTS_S)
        for site, metal, amount in CAPACITIES_G
    ]
    made += [reg.product_class(terms, name=name) for name, terms in CLASSES.items()]
    return made


def _assure(play: Play) -> None:
    """From the scheme's owner down to the sites, and the rules that sites and body agree on."""
    stage = play.stage
    ledger = play.nodes[REFINERY].chain
    assurance = ledger.lots.assurance
    clerks = {
        slug: _clerk(stage, stage.rings[slug], play)
        for slug in (SCHEME_OWNER, ACCREDITOR, BODY, *(slug for _, slug, _ in RULE_OF.values()))
    }
    accreditation = _grant(_member(play, BODY), RMM, 100, "accreditation", (LITHIUM, COPPER))
    sendings: list[Sending] = [
        (clerks[SCHEME_OWNER], assurance.encode_recognise(RMM, _member(play, ACCREDITOR))),
        (clerks[ACCREDITOR], assurance.encode_accredit(accreditation)),
    ]
    for site, level in LEVELS.items():
        metals = (LITHIUM,) if site == SALAR else (COPPER,)
        grant = _grant(site, 1, level, f"certificate of site {site}", metals)
        sendings.append((clerks[BODY], assurance.encode_certify(grant)))
    for process, (site, slug, bounds) in RULE_OF.items():
        rule = _rule(RULE_NUMBERS[process], site, bounds)
        window = {"from_s": rule.from_s, "until_s": rule.until_s}
        proposed = assurance.encode_register_rule(site, rule.shares, **window)
        sendings.append((clerks[slug], proposed))
        sendings.append((clerks[BODY], assurance.encode_confirm_rule(rule)))
    send_in_one_block(play, sendings)
    head = ledger.final_head()
    made = (assurance.record_count(head), assurance.rule_count(head))
    wanted = (1 + len(CERTIFICATES), len(RULE_OF))
    play.tell.expect(made == wanted, f"{made} records and rules were made, not {wanted}")


def _clerk(stage: Stage, ring: KeyRing, play: Play) -> Administration:
    """A party's operate account, sending one call at a time."""
    account = LazyAccount(ring, KeyPurpose.OPERATE)
    return Administration(play.nodes[REFINERY].chain, account, stage.pinned.chain_id, stage.clock)


def _grant(
    subject: int, under: int, level: int, document: str, metals: tuple[SubstanceId, ...]
) -> AssuranceGrant:
    until_s = UnixSeconds(STARTS_S + 3 * 365 * _DAY_S)
    leaf = Leaf(sha256(document.encode()).digest())
    return AssuranceGrant(subject, under, level, UnixSeconds(0), until_s, metals, leaf)


def _rule(number: int, site: SiteId, bounds: Sequence[Bounds]) -> AllocationRule:
    shares = [AllocationShare(terms.product_class, least, most) for terms, least, most in bounds]
    ordered = tuple(sorted(shares, key=lambda share: share.product_class))
    until_s = UnixSeconds(STARTS_S + 3 * 365 * _DAY_S)
    return AllocationRule(number, site, UnixSeconds(0), until_s, ordered)


def _member(play: Play, slug: str) -> MemberId:
    ledger = play.nodes[REFINERY].chain
    identifier = play.stage.scenario.party(slug).party.identifier
    member = ledger.member_id(identifier, ledger.final_head())
    assert member is not None  # all fifteen are members by now
    return member
