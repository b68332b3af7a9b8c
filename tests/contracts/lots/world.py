"""A consortium with sites, metals, schemes and certificates on record, and short ways to act.

Times are those of the reference chains: everything is set up on 2023-09-01, tests begin on
2026-03-05, and what was certified from 2023-10-01 on was certified all the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.lots.evm import (
    Contracts,
    FastEvm,
    Outcome,
    RefusedError,
    TesterEvm,
    address_of,
    calldata,
)
from tests.contracts.lots.paper import (
    BOUGHT_IN,
    CARBON,
    CLASS,
    CREDIT,
    MASS,
    METAL,
    PROCESS,
    UNIT,
    Batch,
    Header,
    Lot,
    Part,
    Plan,
    Run,
    batch,
    column,
    fresh,
    kind_of,
    run,
)
from tests.contracts.world import account_grant
from veta.model.consortium import KeyPurpose, Role

DAY: Final = 86_400
OPEN: Final = 2**64 - 1
BEGIN: Final = 1_772_668_800
"""2026-03-05T00:00Z."""
QUARTER_END: Final = 1_775_001_600
"""2026-04-01T00:00Z."""

ROLES: Final = {
    "mine": Role.MINER,
    "cordillera": Role.MINER,
    "gris": Role.TRADER,
    "smelter": Role.SMELTER,
    "refinery": Role.REFINER,
    "carrier": Role.TRADER,
    "rodmill": Role.MANUFACTURER,
    "cablemaker": Role.MANUFACTURER,
    "carmaker": Role.MANUFACTURER,
    "salar": Role.MINER,
    "cammaker": Role.MANUFACTURER,
    "packmaker": Role.MANUFACTURER,
    "recycler": Role.FABRICATOR,
    "rival": Role.FABRICATOR,
    "authority": Role.AUTHORITY,
    "owner": Role.SCHEME_OWNER,
    "accreditor": Role.ACCREDITATION_BODY,
    "body": Role.CERTIFICATION_BODY,
}
"""Members in the order of their ids; the scheme owner votes alone."""
IDS: Final = {name: member for member, name in enumerate(ROLES, start=1)}
NAMES: Final = ("founder", "stranger", "owner's administrator", *ROLES)

AURORA, CORDILLERA, BAHIA, NORDWIND, LINDENTAL, MAREA, SALAR, CAMS, PACKS, YARD, RIVALS = range(
    1, 12
)
OPERATORS: Final = {
    AURORA: ("mine",),
    CORDILLERA: ("cordillera",),
    BAHIA: ("smelter", "refinery"),
    NORDWIND: ("rodmill",),
    LINDENTAL: ("cablemaker",),
    MAREA: ("carmaker",),
    SALAR: ("salar",),
    CAMS: ("cammaker",),
    PACKS: ("packmaker",),
    YARD: ("recycler",),
    RIVALS: ("rival",),
}
COPPER, GOLD, MOLYBDENUM, LITHIUM = 29, 79, 42, 3
METALS: Final = {COPPER: 1, GOLD: 2, MOLYBDENUM: 1, LITHIUM: 1}
"""Base unit: grams, milligrams."""
DRY, NET, CO2E = column(MASS, 1), column(MASS, 2), column(CARBON, 1)
CU, AU, MO, LI = (column(METAL, 0, metal) for metal in (COPPER, GOLD, MOLYBDENUM, LITHIUM))
CU_RECYCLED, CU_EXTERNAL = column(CLASS, 1, COPPER), column(CLASS, 2, COPPER)
RMM_50, RMM_75, OTHER, JOINT = 1, 2, 3, 4
CU_50, CU_75, CU_OTHER, CU_JOINT = (
    column(CREDIT, programme, COPPER) for programme in (RMM_50, RMM_75, OTHER, JOINT)
)
LI_75, MO_75 = column(CREDIT, RMM_75, LITHIUM), column(CREDIT, RMM_75, MOLYBDENUM)
VEHICLES, TYRES, CABLES, BATTERIES = (column(UNIT, kind) for kind in (1, 2, 3, 4))
RMM, MARK = 1, 2
PROGRAMMES: Final = {
    RMM_50: [(RMM, 1)],
    RMM_75: [(RMM, 2)],
    OTHER: [(MARK, 1)],
    JOINT: [(RMM, 2), (MARK, 1)],
}
REDUCTIONS: Final = ((RMM_75, RMM_50), (JOINT, RMM_75), (JOINT, OTHER))

CONCENTRATE, ANODE, ACID, CATHODE, ROD, CABLE, VEHICLE = range(1, 8)
SCRAP, SLIMES, BLEED, MOLYBDENITE, IN_PROCESS, BRINE, POTASH = range(8, 15)
CARBONATE, CAM, PACK, TYRE = range(15, 19)
RESIDUES: Final = {SCRAP, SLIMES, BLEED}
METAL_TOLERANCE: Final = {CONCENTRATE: 0, SCRAP: 500_000}
CUSTODY_TOLERANCE: Final = 5_000
DEFAULT_CO2E: Final = {CONCENTRATE: 960_000, SCRAP: 100_000}
"""g a million base units of the reference."""
GAIN_PPM: Final = 5_000
CAPACITY: Final = {(AURORA, COPPER): 1_000_000_000}
CEILING: Final = {("gris", COPPER): 250_000_000}
PLENTY: Final = 2**50

CERTIFIED: Final = {
    "aurora": (AURORA, RMM, 2, 1_696_118_400, 1_790_812_800),
    "aurora mark": (AURORA, MARK, 1, 1_696_118_400, 1_790_812_800),
    "cordillera": (CORDILLERA, RMM, 1, 1_738_368_000, 1_832_976_000),
    "bahia": (BAHIA, RMM, 1, 1_748_736_000, 1_843_430_400),
    "salar": (SALAR, RMM, 2, 1_730_419_200, 1_824_940_800),
}
"""Site, scheme, level, from, to (RMM-SITE-0007 to the end of 2026-09-30, and so on)."""


class LotWorld:
    """The contracts, and what members do with them."""

    def __init__(self, evm: FastEvm | TesterEvm) -> None:
        self.evm = evm
        self.contracts = Contracts(evm, members(), (2, 3, 1, 50_000, 5_000, 1_000, 0))
        self.proposals = 0
        self.certificates: dict[str, int] = {}
        self._register()
        self._certify()
        self.at(BEGIN)

    # ---- setting up

    def votes(self, contract: str, name: str, *arguments: Any) -> Outcome:
        """The consortium calls a contract, by a vote."""
        content = encode(
            ["bytes32", "bytes"], [word_of(contract), calldata(contract, name, *arguments)]
        )
        return self.proposes(9, content)

    def proposes(self, kind: int, content: bytes) -> Outcome:
        """Propose, approve, wait and execute."""
        voter = address_of("owner's administrator")
        self.contracts.send("Consortium", "propose", kind, content, sender=voter)
        self.proposals = self.contracts.read("Consortium", "proposalCount")
        digest = self.contracts.read("Consortium", "proposal", self.proposals)[0][6]
        self.contracts.send("Consortium", "approve", self.proposals, digest, sender=voter)
        self.wait(1)
        return self.contracts.send("Consortium", "execute", self.proposals, content, sender=voter)

    def _register(self) -> None:
        for site, operators in OPERATORS.items():
            self.votes("Registry", "registerSite", site, (f"site {site}", "n", b"CL"))
            for name in operators:
                self.votes("Registry", "setOperator", site, IDS[name], 0, OPEN)
        for metal, unit in METALS.items():
            symbol = f"M{metal}".encode().ljust(16, b"\0")
            self.votes("Registry", "registerSubstance", metal, unit, symbol)
        for number in range(CONCENTRATE, TYRE + 1):
            terms = (
                False,
                number in RESIDUES,
                METAL_TOLERANCE.get(number, 1_000),
                CUSTODY_TOLERANCE,
                DEFAULT_CO2E.get(number, 0),
            )
            self.votes("Registry", "registerProductClass", number, terms, "n")
        for unit_kind in (1, 2, 3, 4):
            self.votes("Registry", "registerUnitKind", unit_kind, "n")
        soon = self.evm.now + DAY
        for site in (AURORA, CORDILLERA, SALAR):
            for metal in METALS:
                amount = CAPACITY.get((site, metal), PLENTY)
                self.votes("Registry", "setCapacity", site, metal, soon, amount)
        for (name, metal), amount in CEILING.items():
            self.votes("Registry", "setExternalCeiling", IDS[name], metal, soon, amount)
        self.votes("Registry", "setExternalCeiling", IDS["recycler"], COPPER, soon, PLENTY)
        self.votes("Registry", "setLotRules", (30 * DAY, GAIN_PPM, 30 * DAY, 4, 0))
        for scheme in (RMM, MARK):
            self.votes(
                "Assurance", "registerScheme", scheme, (IDS["owner"], 3, 12, 3), f"scheme {scheme}"
            )
        for programme, requirements in PROGRAMMES.items():
            self.votes("Assurance", "registerProgramme", programme, requirements)
        for one, other in REDUCTIONS:
            self.votes("Assurance", "registerReduction", one, other)

    def _certify(self) -> None:
        accreditations = {}
        for scheme in (RMM, MARK):
            self.act("owner", "Assurance", "recognise", scheme, IDS["accreditor"], 0, OPEN)
            until = self.evm.now + 3_000 * DAY
            grant: tuple[Any, ...] = (IDS["body"], scheme, 3, self.evm.now, until, [], fresh())
            self.act("accreditor", "Assurance", "accredit", grant)
            accreditations[scheme] = self.contracts.read("Assurance", "recordCount")
        for name, (site, scheme, level, since, until) in CERTIFIED.items():
            terms: tuple[Any, ...] = (
                site,
                accreditations[scheme],
                level,
                since,
                until,
                [],
                fresh(),
            )
            self.act("body", "Assurance", "certify", terms)
            self.certificates[name] = self.contracts.read("Assurance", "recordCount")

    def allocates(self, site: int, *shares: tuple[int, int, int]) -> int:
        """A site's first operator proposes an allocation rule, its assurer confirms it."""
        content = (site, self.evm.now, OPEN, sorted(shares))
        self.act(OPERATORS[site][0], "Assurance", "registerRule", *content)
        number = int(self.contracts.read("Assurance", "ruleCount"))
        types = ["uint32", "uint64", "uint64", "(uint32,uint32,uint32)[]"]
        self.act("body", "Assurance", "confirmRule", number, keccak(encode(types, content)))
        return number

    # ---- time

    @property
    def now(self) -> int:
        """Time of the newest block."""
        return self.evm.now

    def at(self, moment: int) -> None:
        """Let time pass until a moment."""
        self.evm.travel(moment)

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.evm.travel(self.evm.now + seconds)

    # ---- acting

    def act(self, by: str, contract: str, name: str, *arguments: Any) -> Outcome:
        """A member's account, or somebody else's, calls."""
        return self.contracts.send(contract, name, *arguments, sender=address_of(by))

    def custody(self, by: str, name: str, *arguments: Any) -> Outcome:
        """Call custody."""
        return self.act(by, "Custody", name, *arguments)

    def book(self, by: str, name: str, *arguments: Any) -> Outcome:
        """Call the lot book."""
        return self.act(by, "LotBook", name, *arguments)

    @contextmanager
    def refuses(self, error: str, *arguments: Any) -> Iterator[None]:
        """What is inside is refused with this custom error and these arguments; None = any."""
        mark = self.evm.mark()
        try:
            yield
        except RefusedError as refused:
            assert refused.name == error, f"{refused}, and not {error}"
            if arguments:
                assert len(arguments) == len(refused.given), refused
                expected = tuple(
                    found if wanted is None else wanted
                    for wanted, found in zip(arguments, refused.given, strict=True)
                )
                assert refused.given == expected, f"{refused}, and not {expected}"
        else:
            raise AssertionError(f"not refused, where {error} was expected")
        finally:
            self.evm.back(mark)

    # ---- runs

    def draft(self, site: int, *plans: Plan, **fields: Any) -> Run:
        """A run of the last day with everything declared that balances CO2e."""
        parts: list[Part] = fields.get("takes", [])
        made = sum(plan.sums.get(CO2E, 0) for plan in plans)
        taken = sum(part.moved.get(CO2E, 0) for part in parts)
        fields.setdefault("emissions", [(PROCESS, made - taken)] if made > taken else [])
        window = fields.pop("window", (self.now - DAY, self.now))
        return run(site, window, plans, **fields)

    def covers(self, site: int, *plans: Plan) -> list[tuple[int, list[int]]]:
        """Certificates for every credit column."""
        found = []
        for key in sorted({k for plan in plans for k in plan.columns if kind_of(k) == CREDIT}):
            schemes = [scheme for scheme, _ in PROGRAMMES.get(key >> 12 & 0xFFFF, [])]
            named = [
                self.certificates[name]
                for scheme in schemes
                for name, (at, of, *_) in CERTIFIED.items()
                if (at, of) == (site, scheme)
            ]
            found.append((key, named))
        return found

    def submit(self, by: str, verb: str, content: Run, *plans: Plan) -> list[Batch]:
        """Send a run; its batches as the chain has them."""
        outcome = self.book(by, verb, tuple(content.values()))
        headers = [Header(*said["header"]) for said in outcome.of("BatchIssued")]
        return [Batch(plan, header) for plan, header in zip(plans, headers, strict=True)]

    def originate(self, by: str, site: int, *plans: Plan, **fields: Any) -> list[Batch]:
        """A registered site's production."""
        fields.setdefault("covers", self.covers(site, *plans))
        return self.submit(by, "originate", self.draft(site, *plans, **fields), *plans)

    def external(self, by: str, plan: Plan, **fields: Any) -> Batch:
        """Something from outside."""
        fields.setdefault("source", fresh())
        fields.setdefault("emissions", [(BOUGHT_IN, plan.sums.get(CO2E, 0))])
        content = self.draft(fields.pop("site", 0), plan, **fields)
        return self.submit(by, "declareExternal", content, plan)[0]

    def gain(self, by: str, site: int, plan: Plan, **fields: Any) -> Batch:
        """A stock-take found more."""
        return self.submit(by, "gain", self.draft(site, plan, **fields), plan)[0]

    def transform(self, by: str, site: int, *plans: Plan, **fields: Any) -> list[Batch]:
        """A run of opened lots."""
        return self.submit(by, "transform", self.draft(site, *plans, **fields), *plans)

    # ---- lots

    def open(self, by: str, lot: Lot) -> Lot:
        """Open a lot."""
        self.custody(by, "open", lot.opening())
        return lot

    def pass_on(self, lot: Lot, by: str, to: str) -> None:
        """Offer and accept."""
        self.custody(by, "offer", [lot.id], IDS[to], self.now + DAY, bytes(32))
        taken = self.lot_of(lot)[4]
        self.custody(to, "accept", [lot.id], [taken], bytes(32))

    def lot_of(self, lot: Lot) -> Any:
        """State, holder, offered to, previous one, taken, frozen and offer until, commitment."""
        return self.contracts.read("Custody", "lotOf", lot.id)

    def certified(self, quantity: int = 1_000, *, model: int = 4, by: str = "mine") -> Lot:
        """An opened lot of so many g of copper, all of it under RMM-75, and twice as much CO2e."""
        held = {NET: quantity, CU: quantity, CU_75: quantity, CO2E: 2 * quantity}
        return self.held(held, model=model, by=by)

    def held(self, held: dict[int, int], *, model: int = 4, by: str = "mine", **more: Any) -> Lot:
        """An opened lot of a cathode batch of its own from Aurora, in somebody's hands."""
        (made,) = self.originate("mine", AURORA, batch(CATHODE, model, held, **more))
        lot = self.open("mine", made.lot())
        if by != "mine":
            self.pass_on(lot, "mine", by)
        return lot


def members() -> list[Any]:
    """Terms of the members."""
    genesis = []
    for name, role in ROLES.items():
        grants = [
            account_grant(KeyPurpose.ADMINISTER, address_of(f"{name}'s administrator")),
            account_grant(KeyPurpose.OPERATE, address_of(name)),
        ]
        votes = name == "owner"
        genesis.append((f"did:{name}", "n", b"CL", 0, bytes(32), int(role), votes, grants))
    return genesis


def word_of(contract: str) -> bytes:
    """A contract's name as the consortium keeps it."""
    return contract.encode("ascii").ljust(32, b"\0")
