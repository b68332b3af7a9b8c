"""Lots and what moves them, as ``ILotBook`` has them: same fields, same order, same numbers.

A value here has its interface struct's fields in the struct's order, so that an adapter encodes it
field by field; names differ where the unit belongs into the name. Quantities are integers in the
base unit of their column (``veta.model.columns``), at most 2^53-1; ``columns`` are strictly
ascending. Times are Unix seconds.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, NewType

from veta.model.columns import ColumnKey
from veta.model.identifiers import AccountAddress, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotKey, LotRoot

LotId = NewType("LotId", bytes)
"""32 octets: keccak256(abi.encode(uint32 issuer, bytes32 lot key))."""

SiteId = NewType("SiteId", int)
"""32 bits, a registered site. 0 is none."""

ProductClassId = NewType("ProductClassId", int)
"""32 bits, a registered product class."""

HEADER_VERSION: Final = 1
MAX_TAKES: Final = 16
MAX_OUTPUTS: Final = 16


class LotBatchKind(enum.IntEnum):
    """How a batch came to be (``ILotBook.BatchKind``)."""

    NONE = 0
    ORIGIN = 1
    EXTERNAL = 2
    GAIN = 3
    TRANSFORM = 4


class CustodyModel(enum.IntEnum):
    """Chain-of-custody models of ISO 22095, from the strongest to the weakest.

    The numbers are those of ``ILotBook.Model``, which ends at MASS_BALANCE: the book refuses
    BOOK_AND_CLAIM, for there nothing links the goods with what was certified.
    """

    NONE = 0
    IDENTITY_PRESERVED = 1
    SEGREGATED = 2
    CONTROLLED_BLENDING = 3
    MASS_BALANCE = 4
    BOOK_AND_CLAIM = 5


class LotState(enum.IntEnum):
    """State of a lot in its slot. OFFERED counts as HELD from ``offer_until_s`` on."""

    UNOPENED = 0
    HELD = 1
    OFFERED = 2
    CONSUMED = 3
    RETIRED = 4
    EXITED = 5
    HANDED_OVER = 6


class LossReason(enum.IntEnum):
    """Why something that was taken is in no output."""

    NONE = 0
    TAILINGS = 1
    SLAG = 2
    DUST = 3
    EFFLUENT = 4
    SPILL = 5
    WEIGHING = 6
    ASSEMBLED = 7
    OTHER = 8


class EmissionPart(enum.IntEnum):
    """Where declared emissions come from."""

    NONE = 0
    PROCESS = 1
    TRANSPORT = 2
    BOUGHT_IN = 3


class CausePart(enum.IntEnum):
    """First field of what a leaf of a batch's cause is made of."""

    NONE = 0
    ORIGIN = 1
    SOURCE = 2
    TAKE = 3
    FIRST_MEASURED = 4
    REDUCTION = 5
    DRAW = 6
    LOSS = 7
    EMISSION = 8
    CERTIFICATE = 9
    OUTPUT = 10


class HeaderFlag(enum.IntFlag):
    """What a reader must know of a batch. All but ATTRIBUTED come down from every input."""

    EXTERNAL = 1
    RECYCLED = 2
    FIRST_MEASURED = 4
    GAIN = 8
    UNALLOCATED = 16
    ATTRIBUTED = 32


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """What is on chain of a batch, as one digest (``ILotBook.Header``, DESIGN 4.1)."""

    version: int
    kind: LotBatchKind
    issuer: MemberId
    sequence: int
    by: AccountAddress
    root: LotRoot
    size: int
    """Number of leaves, padding included."""
    totals: Digest
    """keccak256(abi.encode(columns, sums, salt))."""
    reference_column: ColumnKey
    site: SiteId
    origin_site: SiteId
    """0 = several or none."""
    product_class: ProductClassId
    produced_from_s: UnixSeconds
    produced_to_s: UnixSeconds
    model: CustodyModel
    flags: HeaderFlag
    allocation_rule: int
    """0 = none."""
    anchored_at_s: UnixSeconds
    cause: Digest
    """Root over the parts of the run (``CausePart``)."""


@dataclass(frozen=True, slots=True)
class Output:
    """A batch that a run makes (``ILotBook.Output``)."""

    root: LotRoot
    size: int
    columns: tuple[ColumnKey, ...]
    sums: tuple[int, ...]
    salt: bytes
    """16 octets, of ``totals``."""
    reference_column: ColumnKey
    product_class: ProductClassId
    model: CustodyModel
    attributed: bool
    """CO2e may differ between the lots of this batch."""


@dataclass(frozen=True, slots=True)
class Source:
    """A batch that lots are taken from; handed in once, whatever is taken."""

    header: BatchHeader
    columns: tuple[ColumnKey, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """``amount`` of the reference column of an opened lot, of which ``taken`` is gone already."""

    source: int
    """Index into the run's sources."""
    index: int
    """Of the lot in its batch."""
    lot_key: LotKey
    statement_leaf: Leaf
    quantities: tuple[int, ...]
    taken: int
    amount: int
    waived: int
    """Bit i: the credit in column i of the source is let go."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a run declares as lost, of a metal or unit column."""

    column: ColumnKey
    quantity: int
    reason: LossReason


@dataclass(frozen=True, slots=True)
class Emission:
    """Declared emissions."""

    part: EmissionPart
    co2e_g: int


@dataclass(frozen=True, slots=True)
class FirstMeasured:
    """A metal that no input states, measured for the first time."""

    column: ColumnKey
    quantity: int


@dataclass(frozen=True, slots=True)
class Reduction:
    """Credit taken under one programme that goes on under a lower one."""

    from_column: ColumnKey
    to_column: ColumnKey
    quantity: int


@dataclass(frozen=True, slots=True)
class Draw:
    """Credit of the site's account that goes to a mass-balance output, oldest first."""

    output: int
    """Index into the run's outputs."""
    column: ColumnKey
    quantity: int


@dataclass(frozen=True, slots=True)
class Cover:
    """Certificates that the credit of a column at origin rests on."""

    column: ColumnKey
    certificates: tuple[int, ...]
    """One for each mark of the programme, in its order."""


@dataclass(frozen=True, slots=True)
class Run:
    """All that one call of a way in or of ``transform`` says (``ILotBook.Run``)."""

    site: SiteId
    produced_from_s: UnixSeconds
    produced_to_s: UnixSeconds
    allocation_rule: int
    columns: tuple[ColumnKey, ...]
    """Union of the columns of sources and outputs, at most 32."""
    sources: tuple[Source, ...]
    takes: tuple[Take, ...]
    first_measured: tuple[FirstMeasured, ...]
    reductions: tuple[Reduction, ...]
    draws: tuple[Draw, ...]
    losses: tuple[Loss, ...]
    emissions: tuple[Emission, ...]
    covers: tuple[Cover, ...]
    outputs: tuple[Output, ...]
    source: bytes
    """External: 32 octets, digest of the foreign registry and its lot id; else zero."""
    recycled: bool
    """External: recycled without history."""
    salt_seed: bytes
    """32 octets; salt of leaf i of the cause is keccak256(abi.encode(seed, i))."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Proof of one lot of a batch (``ILotBook.Opening``)."""

    header: BatchHeader
    columns: tuple[ColumnKey, ...]
    salt: bytes
    """16 octets, of ``totals``."""
    lot_key: LotKey
    statement_leaf: Leaf
    quantities: tuple[int, ...]
    index: int
    path: bytes
    """Siblings from the leaf up, each digest (32 octets) || sums (8 octets a column)."""


@dataclass(frozen=True, slots=True)
class OpenedLot:
    """What was opened, handed in again (``ILotBook.Opened``): it has the lot's commitment."""

    header: BatchHeader
    columns: tuple[ColumnKey, ...]
    index: int
    lot_key: LotKey
    statement_leaf: Leaf
    quantities: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LotRecord:
    """A lot's two slots (``ILotBook.Lot``)."""

    state: LotState
    holder: MemberId
    offered_to: MemberId
    previous_holder: MemberId
    taken: int
    """Of the reference column."""
    frozen_until_s: UnixSeconds
    offer_until_s: UnixSeconds
    commitment: Digest


@dataclass(frozen=True, slots=True)
class PeriodUse:
    """What was done at a site in a period with a substance, base units."""

    originated: int
    taken: int
    gained: int


@dataclass(frozen=True, slots=True)
class SignedOffer:
    """An offer that the holder signed under EIP-712 (``ILotBook.SignedOffer``)."""

    from_member: MemberId
    to_member: MemberId
    until_s: UnixSeconds
    nonce: int
    consignment: Digest
    lots: tuple[LotId, ...]
    taken: tuple[int, ...]
    """What is gone of each."""


@dataclass(frozen=True, slots=True)
class TakeRecord:
    """What a run took of a lot: ``taken`` before it, and how much more."""

    lot: LotId
    taken: int
    amount: int


@dataclass(frozen=True, slots=True)
class LotRef:
    """A lot by what names it in every layer."""

    issuer: MemberId
    lot_key: LotKey
    lot: LotId


@dataclass(frozen=True, slots=True)
class ProductClassTerms:
    """What the registry says of a product class (``IRegistry.ProductClass``, with its id)."""

    product_class: ProductClassId
    residue: bool
    """Tailings, slag, scrap, slimes, bleed: credit that its batches leave is extinguished."""
    metal_tolerance_ppm: int
    """How far metal a reference unit may differ between lots of one call."""
    custody_tolerance_ppm: int
    """How far the measured reference may differ from the shipped one."""
    co2e_default_per_million: int
    """g CO2e per 1,000,000 base units of the reference."""


@dataclass(frozen=True, slots=True)
class AllocationShare:
    """Bounds of a product class in the CO2e of all outputs (``IAssurance.Share``)."""

    product_class: ProductClassId
    minimum_ppm: int
    maximum_ppm: int


@dataclass(frozen=True, slots=True)
class AllocationRule:
    """How a site's process divides its burden, as its assurer confirmed it."""

    rule: int
    """Number in Assurance."""
    site: SiteId
    from_s: UnixSeconds
    until_s: UnixSeconds
    shares: tuple[AllocationShare, ...]
    """Ascending by class, at most 16."""


@dataclass(frozen=True, slots=True)
class RuleState:
    """What became of an allocation rule (``IAssurance.RuleState``)."""

    site: SiteId
    from_s: UnixSeconds
    until_s: UnixSeconds
    operator: MemberId
    """Who registered it."""
    assurer: MemberId
    """Who confirmed it; 0: nobody yet."""


@dataclass(frozen=True, slots=True)
class LotRules:
    """What the lot book goes by (``IRegistry.LotRules``)."""

    lateness_s: int
    gain_ppm: int
    authority_freeze_s: int
    credit_periods: int
    """Calendar quarters that credit lives beyond its own."""
    effective_s: UnixSeconds
