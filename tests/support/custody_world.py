"""Drafts of runs, judged, built and opened again as the chain would hold them; no chain here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from veta.custody.build import BuiltRun, OutputSecrets, build
from veta.custody.draft import ChainTerms, DraftOutput, DraftTake, RunDraft
from veta.custody.encoding import lot_commitment
from veta.custody.run import Assessment, assess
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
from veta.model.identifiers import AccountAddress, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotKey
from veta.model.lots import (
    AllocationRule,
    AllocationShare,
    Cover,
    CustodyModel,
    Emission,
    EmissionPart,
    Loss,
    LossReason,
    LotBatchKind,
    LotRecord,
    LotRules,
    LotState,
    OpenedLot,
    ProductClassId,
    ProductClassTerms,
    SiteId,
)

COPPER, LITHIUM, GOLD = 29, 3, 79
DRY, NET, CO2E = mass_key(MassBasis.DRY), mass_key(MassBasis.NET), co2e_key(1)
CU, LI, AU = metal_key(COPPER), metal_key(LITHIUM), metal_key(GOLD)
RMM_75, RMM_50 = ProgrammeId(75), ProgrammeId(50)
CU_75, CU_50 = credit_key(RMM_75, COPPER), credit_key(RMM_50, COPPER)
CU_EXTERNAL = class_key(OriginClass.EXTERNAL, COPPER)
CU_RECYCLED = class_key(OriginClass.RECYCLED, COPPER)
VEHICLES = unit_key(1)
MEMBER = MemberId(7)
SITE = SiteId(3)
DAY_S = 86_400
NOW = UnixSeconds(1_777_000_000)  # 2026-04-24
IP, SG = CustodyModel.IDENTITY_PRESERVED, CustodyModel.SEGREGATED
CB, MB = CustodyModel.CONTROLLED_BLENDING, CustodyModel.MASS_BALANCE
RULES = LotRules(
    lateness_s=30 * DAY_S,
    gain_ppm=5_000,
    authority_freeze_s=30 * DAY_S,
    credit_periods=4,
    effective_s=UnixSeconds(0),
)
MANY = 2**52


def product(number: int, *, residue: bool = False, tolerance_ppm: int = 1_000) -> ProductClassTerms:
    return ProductClassTerms(ProductClassId(number), residue, tolerance_ppm, 5_000, 0)


CONCENTRATE = product(1, tolerance_ppm=0)
ANODE, ACID, CATHODE, ROD, CABLE, VEHICLE = (product(number) for number in range(2, 8))
SCRAP, SLIMES, BLEED, MOLYBDENITE = (product(number, residue=True) for number in range(8, 12))


def terms(**changes: Any) -> ChainTerms:
    """What the chain says, everything allowed; fields by name to change it."""
    whole = {SubstanceId(metal): MANY for metal in (COPPER, LITHIUM, GOLD)}
    usual = ChainTerms(
        member=MEMBER, now_s=NOW, rules=RULES, operates=True, capacity=whole, ceiling=whole
    )
    return replace(usual, **changes)


def output(
    terms_: ProductClassTerms,
    model: CustodyModel,
    *lots: Mapping[ColumnKey, int],
    reference: ColumnKey | None = None,
    attributed: bool = False,
) -> DraftOutput:
    """A batch by its lots; the reference is units, mass or metal, whichever comes first there."""
    columns = tuple(sorted({key for lot in lots for key in lot}))
    usual = next(key for key in (VEHICLES, NET, DRY, CU, LI, AU, 0) if key in columns or key == 0)
    return DraftOutput(
        terms=terms_,
        columns=columns,
        lots=tuple(tuple(lot.get(key, 0) for key in columns) for lot in lots),
        reference_column=reference or ColumnKey(usual),
        model=model,
        attributed=attributed,
    )


def emitted(**parts: int) -> tuple[Emission, ...]:
    return tuple(Emission(EmissionPart[name.upper()], co2e_g) for name, co2e_g in parts.items())


def lost(reason: LossReason, quantity: int, column: ColumnKey = CU) -> tuple[Loss, ...]:
    return (Loss(column, quantity, reason),)


def rule(*shares: tuple[ProductClassTerms, int, int], site: SiteId = SITE) -> AllocationRule:
    bounds = [AllocationShare(each.product_class, least, most) for each, least, most in shares]
    ordered = tuple(sorted(bounds, key=lambda share: share.product_class))
    return AllocationRule(9, site, UnixSeconds(0), UnixSeconds(2**63), ordered)


def originate(*outputs: DraftOutput, emissions: tuple[Emission, ...], **changes: Any) -> RunDraft:
    """A way in at a registered site, every credit column covered by the site's one certificate,
    whose number is the site's.
    """
    site = int(changes.get("site", SITE))
    kinds = {key for each in outputs for key in each.columns if key >> 28 == 5}
    usual = RunDraft(
        kind=LotBatchKind.ORIGIN,
        site=SITE,
        produced_from_s=UnixSeconds(NOW - DAY_S),
        produced_to_s=NOW,
        outputs=outputs,
        emissions=emissions,
        covers=tuple(Cover(key, (site,)) for key in sorted(kinds)),
    )
    return replace(usual, **changes)


def external(made: DraftOutput, co2e_g: int, *, recycled: bool = False, **changes: Any) -> RunDraft:
    usual = RunDraft(
        kind=LotBatchKind.EXTERNAL,
        site=SiteId(0),
        produced_from_s=UnixSeconds(NOW - DAY_S),
        produced_to_s=NOW,
        outputs=(made,),
        emissions=emitted(bought_in=co2e_g),
        source=b"\x05" * 32,
        recycled=recycled,
    )
    return replace(usual, **changes)


def transform(takes: Iterable[DraftTake], *outputs: DraftOutput, **changes: Any) -> RunDraft:
    usual = RunDraft(
        kind=LotBatchKind.TRANSFORM,
        site=SITE,
        produced_from_s=UnixSeconds(NOW - DAY_S),
        produced_to_s=NOW,
        outputs=outputs,
        takes=tuple(takes),
    )
    return replace(usual, **changes)


@dataclass
class Opened:
    """A lot as its holder has it: what was opened, and its slots."""

    lot: OpenedLot
    record: LotRecord

    @property
    def quantities(self) -> dict[ColumnKey, int]:
        return dict(zip(self.lot.columns, self.lot.quantities, strict=True))

    @property
    def reference(self) -> int:
        return self.quantities[self.lot.header.reference_column]

    def take(self, amount: int | None = None, **changes: Any) -> DraftTake:
        """Part of it; the whole remainder unless an amount is named."""
        wanted = self.reference - self.record.taken if amount is None else amount
        return replace(DraftTake(self.lot, self.record, wanted), **changes)

    def after(self, draft_take: DraftTake) -> Opened:
        """The lot when a run with the take is on chain."""
        gone = self.record.taken + draft_take.amount
        state = LotState.CONSUMED if gone == self.reference else LotState.HELD
        return Opened(self.lot, replace(self.record, taken=gone, state=state))

    def changed(self, **changes: Any) -> Opened:
        return Opened(self.lot, replace(self.record, **changes))


@dataclass
class Made:
    """A run on an imaginary chain."""

    draft: RunDraft
    assessment: Assessment
    built: BuiltRun
    secrets: list[OutputSecrets] = field(default_factory=list)

    def open(self, batch: int, index: int = 0, holder: MemberId = MEMBER) -> Opened:
        header = self.built.header(
            batch,
            issuer=MEMBER,
            first_sequence=11,
            by=AccountAddress(bytes(20)),
            anchored_at_s=NOW,
        )
        made = self.built.run.outputs[batch]
        lot_key, statement_leaf = self.secrets[batch].lots[index]
        quantities = self.draft.outputs[batch].lots[index]
        lot = OpenedLot(header, made.columns, index, lot_key, statement_leaf, quantities)
        record = LotRecord(
            state=LotState.HELD,
            holder=holder,
            offered_to=MemberId(0),
            previous_holder=MemberId(0),
            taken=0,
            frozen_until_s=UnixSeconds(0),
            offer_until_s=UnixSeconds(0),
            commitment=Digest(lot_commitment(lot)),
        )
        return Opened(lot, record)

    def all_of(self, batch: int) -> list[Opened]:
        return [self.open(batch, at) for at in range(len(self.draft.outputs[batch].lots))]


_counter = iter(range(2**62))


def fresh() -> bytes:
    """32 octets that nothing else here has."""
    return sha256(next(_counter).to_bytes(8)).digest()


def names(draft: RunDraft) -> list[OutputSecrets]:
    return [
        OutputSecrets([(LotKey(fresh()), Leaf(fresh())) for _ in each.lots], fresh()[:16])
        for each in draft.outputs
    ]


def make(draft: RunDraft, chain: ChainTerms | None = None) -> Made:
    """Judge a draft that must have no problem, and build it."""
    assessment = assess(draft, chain or terms())
    assert assessment.problems == (), [problem.message for problem in assessment.problems]
    secrets = names(draft)
    return Made(draft, assessment, build(draft, assessment, secrets, fresh()), secrets)


def codes(draft: RunDraft, chain: ChainTerms | None = None) -> set[str]:
    return set(assess(draft, chain or terms()).codes)


Change = Callable[[RunDraft], RunDraft]


def certified(quantity: int = 1_000, model: CustodyModel = IP) -> Opened:
    """A lot of so many g of copper, all under RMM-75, twice as many g of CO2e."""
    held = {NET: quantity, CU: quantity, CU_75: quantity, CO2E: 2 * quantity}
    return make(
        originate(output(CATHODE, model, held), emissions=emitted(process=2 * quantity))
    ).open(0)


def blended(quantity: int = 1_000, credit: int = 600, **more: int) -> Opened:
    names = {"au": AU, "li": LI, "cu50": CU_50}
    held = {NET: quantity, CU: quantity, CU_75: credit, CO2E: 2 * quantity}
    held |= {names[name]: value for name, value in more.items()}
    return make(originate(output(CATHODE, CB, held), emissions=emitted(process=2 * quantity))).open(
        0
    )


def outside(quantity: int = 1_000, *, recycled: bool = False) -> Opened:
    key = CU_RECYCLED if recycled else CU_EXTERNAL
    held = {NET: quantity, CU: quantity, key: quantity, CO2E: quantity}
    return make(external(output(CATHODE, CB, held), quantity, recycled=recycled)).open(0)


def lot(metal: int, co2e: int, **more: int) -> dict[ColumnKey, int]:
    names = {
        "cu75": CU_75,
        "cu50": CU_50,
        "external": CU_EXTERNAL,
        "recycled": CU_RECYCLED,
        "au": AU,
        "units": VEHICLES,
        "dry": DRY,
        "li": LI,
    }
    held = {NET: metal, CU: metal, CO2E: co2e}
    return held | {names[name]: value for name, value in more.items()}
