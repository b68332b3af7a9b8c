"""What this verifier asks for. A policy is the verifier's own; the consortium has rules."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from veta.claims import shipped
from veta.claims.schemes import SchemeCatalogue
from veta.disclosure.mandatory import DEFAULT_POLICY, MandatoryPolicy
from veta.evidence.grades import AssuranceGrade
from veta.model.anchoring import BatchKind
from veta.model.consortium import Role
from veta.model.identifiers import UnixSeconds
from veta.verify.verdict import Step

DAY_S: Final = 86_400

_PRODUCERS: Final = Role.MINER | Role.SMELTER | Role.REFINER | Role.FABRICATOR | Role.MANUFACTURER
_REGISTRARS: Final = Role.ACCREDITATION_BODY | Role.SCHEME_OWNER | Role.AUTHORITY
_ON_SITE: Final = _PRODUCERS | Role.TRADER | Role.CARRIER | Role.LABORATORY

DOCUMENTS_NOT_SHOWN: Final = frozenset(
    {
        "assurance.document_not_shown",
        "assurance.criteria_not_stated",
        "assurance.criteria_unknown",
    }
)
"""What keeps the documents behind certificates from telling their criteria."""

ASSAY_NOT_SHOWN: Final = frozenset(
    {
        "evidence.no_assay",
        "evidence.no_specification",
        "evidence.not_assessed",
        "evidence.bound_too_wide",
        "evidence.grade_too_low",
    }
)
"""What keeps a certificate of analysis from showing that limits are met."""

INVENTORY_NOT_SHOWN: Final = frozenset({"inventory.not_shown", "inventory.without_run"})
"""What keeps an inventory from being added up."""

INDICATORS_NOT_SHOWN: Final = frozenset(
    {
        "disclosure.indicators_not_shown",
        "disclosure.mandatory_hidden",
        "disclosure.mandatory_not_stated",
        "disclosure.material_unknown",
    }
)
"""What keeps a lot's indicators from being complete."""

ASKED: Final = ("documents", "indicators", "assay", "inventory")
"""Words for what a reader can ask to see beside a lot."""

LOT_STEPS: Final = frozenset({Step.LOT, Step.LINEAGE, Step.FOOTPRINT})
"""To be required beside the usual ones by whoever asks for lots with their lineage disclosed."""

ROLES_BY_KIND: Final[Mapping[BatchKind, Role]] = MappingProxyType(
    {
        BatchKind.PASSPORT: _PRODUCERS,
        BatchKind.FACILITY: _ON_SITE,
        BatchKind.CERTIFICATE: Role.LABORATORY
        | Role.CERTIFICATION_BODY
        | Role.FOOTPRINT_VERIFIER
        | _REGISTRARS,
        BatchKind.EVENT: _ON_SITE,
        BatchKind.IDENTITY: _REGISTRARS,
        BatchKind.OTHER: ~Role(0),
    }
)
"""Who may say what kind of thing at all: the same table as the contract's ``rolesFor``, by which it
refuses to anchor; a test holds them together."""

ROLES_BY_PRODUCT_CLASS: Final[Mapping[str, Role]] = MappingProxyType(
    {
        "copper-concentrate": Role.MINER,
        "copper-anode": Role.SMELTER,
        "copper-cathode": Role.REFINER,
        "copper-rod": Role.FABRICATOR,
        "copper-cable": Role.FABRICATOR | Role.MANUFACTURER,
        "lithium-brine-concentrate": Role.MINER,
        "lithium-carbonate": Role.MINER | Role.REFINER,
    }
)
"""Who may certify a lot of a product class; an unlisted class asks for ``ROLES_BY_KIND``."""


class Authentication(enum.StrEnum):
    """What shows that the issuer said it."""

    SIGNATURE = "signature"
    """The issuer's own signature over the statement."""
    ANCHOR = "anchor"
    """The transaction that anchored the batch, sent by the issuer's account; no signature is
    checked. Serves bulk checks of statements whose signatures were checked once."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Bounds and requirements of one verifier."""

    required: frozenset[Step] = frozenset(Step(number) for number in range(1, 8))
    """Steps without which a verdict is never better than NOT_PROVEN or INDETERMINATE."""
    authentication: Authentication = Authentication.SIGNATURE
    late_after_s: int = 7 * DAY_S
    """Anchored longer than this after validFrom: a notice."""
    future_skew_s: int = 300
    """validFrom further than this after the anchoring block: failed."""
    max_age_s: int = 3_600
    """A block older than this, by the verifier's clock, no longer tells the status."""
    dispute_lapse_s: int = 90 * DAY_S
    """A dispute that nobody upheld is over after this; the consortium's rules say the same."""
    believe_carried: bool = False
    """Take the facts in a file as if they had been asked for: for files that you made yourself."""
    documents: bool = False
    """Whether the documents behind certificates must be shown, with their criteria."""
    indicators: tuple[MandatoryPolicy, ...] = ()
    """What lots must show of their indicators; empty: what is hidden is told, and not asked for."""
    assay: AssuranceGrade | None = None
    """Least grade of a certificate of analysis of the lot; ``None``: none is asked for."""
    inventory: bool = False
    """Whether an inventory of what the lot's run emitted must be shown."""
    footprint_max_age_s: int = 3 * 365 * DAY_S
    """A footprint whose reference period ended longer before the lot was made is stale."""
    schemes: SchemeCatalogue = field(default_factory=shipped.schemes)
    """Schemes, versions and criteria by which certificates are read."""
    relied_on_at_s: UnixSeconds | None = None
    """Judge validity and status for this moment instead of the block's own time."""
    roles_by_kind: Mapping[BatchKind, Role] = field(default_factory=lambda: ROLES_BY_KIND)
    roles_by_product_class: Mapping[str, Role] = field(
        default_factory=lambda: ROLES_BY_PRODUCT_CLASS
    )

    @property
    def spared(self) -> frozenset[str]:
        """Codes of what is not proven and was not asked for: told, and without weight."""
        return frozenset().union(*(codes for asked, codes in self._optional() if not asked))

    @property
    def asked(self) -> frozenset[str]:
        """Codes of what is not proven and counts, whether or not its step is required."""
        return frozenset().union(*(codes for asked, codes in self._optional() if asked))

    def asking(self, words: Iterable[str]) -> Policy:
        """The same policy that asks for papers beside a lot, too.

        Args:
            words: of ``ASKED``. The lot and its lineage are required with any of them.
        """
        named = frozenset(words)
        if not named:
            return self
        required = self.required | LOT_STEPS
        if "documents" in named:
            required |= {Step.ASSURANCE}
        return replace(
            self,
            required=required,
            documents=self.documents or "documents" in named,
            indicators=self.indicators or ((DEFAULT_POLICY,) if "indicators" in named else ()),
            assay=self.assay or (AssuranceGrade.VERIFIED if "assay" in named else None),
            inventory=self.inventory or "inventory" in named,
        )

    def _optional(self) -> tuple[tuple[bool, frozenset[str]], ...]:
        return (
            (self.documents, DOCUMENTS_NOT_SHOWN),
            (bool(self.indicators), INDICATORS_NOT_SHOWN),
            (self.assay is not None, ASSAY_NOT_SHOWN),
            (self.inventory, INVENTORY_NOT_SHOWN),
        )
