"""A chain with registry and assurance contract filled in: sites, schemes, two bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from web3.types import TxReceipt

from tests.contracts.world import DAY, OPEN, Chain, build_chain, digest
from veta.model.consortium import Role

MEMBERS: Final = {
    "mine": (Role.MINER, True),
    "smelter": (Role.SMELTER | Role.REFINER, True),
    "maker": (Role.MANUFACTURER, True),
    "body": (Role.CERTIFICATION_BODY, True),
    "accreditor": (Role.ACCREDITATION_BODY, False),
    "owner": (Role.SCHEME_OWNER, False),
    "verifier": (Role.FOOTPRINT_VERIFIER, False),
    "twin": (Role.CERTIFICATION_BODY | Role.MINER, False),
    "sister": (Role.ACCREDITATION_BODY, False),
    "trader": (Role.TRADER, False),
}
"""In the order of their ids; the first four vote."""

GROUPS: Final = {"smelter": 7, "twin": 7, "owner": 8, "sister": 8}
AURORA, BAHIA, EMPTY = 1, 2, 3
COPPER, GOLD, MOLYBDENUM = 29, 79, 42
CATHODE, SLIMES, BLEED = 1, 2, 3
RMM, OTHER = 1, 2
RMM_2, RMM_1, JOINT = 1, 2, 3
BODY_ACCREDITATION, VERIFIER_ACCREDITATION = 1, 2
YEAR: Final = 365 * DAY


def symbol(text: str) -> bytes:
    """A substance's symbol as the registry keeps it."""
    return text.encode("ascii").ljust(16, b"\0")


def product_class(
    *, residue: bool = False, metal: int = 1_000, custody: int = 5_000, default: int = 4_000_000
) -> tuple[Any, ...]:
    """A class as it is handed in."""
    return False, residue, metal, custody, default


@dataclass(frozen=True)
class Assured:
    """The chain and short ways to use the two contracts."""

    chain: Chain

    @property
    def registry(self) -> Any:
        """Functions of the registry."""
        return self.chain.registry.functions

    @property
    def assurance(self) -> Any:
        """Functions of the assurance contract."""
        return self.chain.assurance.functions

    def id(self, name: str) -> int:
        """A member's id."""
        return self.chain.parties[name].member

    def register(self, call: Any) -> TxReceipt:
        """Have the consortium write to the registry."""
        return self.chain.calls("Registry", call)

    def decide(self, call: Any) -> TxReceipt:
        """Have the consortium write to the assurance contract."""
        return self.chain.calls("Assurance", call)

    def send(self, call: Any, by: str) -> TxReceipt:
        """Send as a member."""
        return self.chain.send(call, self.chain.parties[by].operate)

    def attempt(self, call: Any, by: str) -> Any:
        """Try as a member, without sending."""
        return self.chain.attempt(call, self.chain.parties[by].operate)

    def accreditation(self, **change: Any) -> Any:
        """The call that accredits ``body`` for copper and gold up to level 2, or otherwise."""
        terms = {
            "body": self.id("body"),
            "scheme": RMM,
            "level": 2,
            "from": 0,
            "until": self.chain.now() + 3 * YEAR,
            "substances": [COPPER, GOLD],
            "leaf": digest("accreditation"),
        }
        return self.assurance.accredit(tuple((terms | change).values()))

    def certificate(self, **change: Any) -> Any:
        """The call that certifies Aurora for copper at level 2 for a year, or otherwise."""
        terms = {
            "site": AURORA,
            "accreditation": BODY_ACCREDITATION,
            "level": 2,
            "from": 0,
            "until": self.chain.now() + YEAR,
            "substances": [COPPER],
            "leaf": digest("certificate"),
        }
        return self.assurance.certify(tuple((terms | change).values()))

    def certify(self, by: str = "body", /, **change: Any) -> int:
        """Record a certificate; its id."""
        self.send(self.certificate(**change), by)
        return int(self.assurance.recordCount().call())

    def cover(self, *certificates: int, **change: Any) -> Any:
        """The question whether Aurora is assured at RMM level 2 for copper in the coming day."""
        now = self.chain.now()
        terms = {
            "site": AURORA,
            "programme": RMM_2,
            "substance": COPPER,
            "from": now,
            "until": now + DAY,
        }
        return self.assurance.requireCover(*(terms | change).values(), list(certificates))


def fill(chain: Chain) -> Assured:
    """What the consortium, the owner and the accreditor set up before anybody is certified."""
    world = Assured(chain)
    registry, assurance = world.registry, world.assurance
    owner = world.id("owner")
    for call in (
        registry.registerSubstance(COPPER, 1, symbol("Cu")),
        registry.registerSubstance(GOLD, 2, symbol("Au")),
        registry.registerSite(AURORA, ("did:web:aurora.example", "Mina Aurora", b"CL")),
        registry.registerSite(BAHIA, ("did:web:bahia.example", "Bahia Serena", b"CL")),
        registry.registerSite(EMPTY, ("did:web:empty.example", "Nobody's", b"PE")),
        registry.setOperator(AURORA, world.id("mine"), 0, OPEN),
        registry.setOperator(BAHIA, world.id("smelter"), 0, OPEN),
        registry.registerProductClass(CATHODE, product_class(), "cathode"),
        registry.registerProductClass(SLIMES, product_class(), "anode slimes"),
        registry.registerProductClass(BLEED, product_class(residue=True), "bleed"),
    ):
        world.register(call)
    for call in (
        assurance.registerScheme(RMM, (owner, 3, 12, 3), "Responsible Metals Mark"),
        assurance.registerScheme(OTHER, (owner, 2, 0, 0), "Another mark"),
        assurance.registerProgramme(RMM_2, [(RMM, 2)]),
        assurance.registerProgramme(RMM_1, [(RMM, 1)]),
        assurance.registerProgramme(JOINT, [(RMM, 2), (OTHER, 1)]),
        assurance.registerReduction(RMM_2, RMM_1),
    ):
        world.decide(call)
    for scheme in (RMM, OTHER):
        world.send(assurance.recognise(scheme, world.id("accreditor"), 0, OPEN), "owner")
    world.send(world.accreditation(), "accreditor")
    other = {"scheme": OTHER, "substances": [], "leaf": digest("other accreditation")}
    world.send(world.accreditation(body=world.id("verifier"), **other), "accreditor")
    return world


def build_assured() -> Assured:
    """A new chain, filled in."""
    return fill(build_chain(MEMBERS, GROUPS))
