"""Gateway to the ``Registry`` contract: sites, product classes, capacities, rules of the book."""

from __future__ import annotations

from typing import ClassVar, Final

from veta.chain.caller import ContractCaller
from veta.model.anchoring import BlockRef
from veta.model.columns import SubstanceId
from veta.model.identifiers import Digest, MemberId, UnixSeconds
from veta.model.lots import LotRules, ProductClassId, ProductClassTerms, SiteId

_VOTED: Final = "by vote: chain.registrations writes the call"


class RegistryGateway:
    """Reads of ``Registry`` at a named block."""

    FUNCTIONS: ClassVar[dict[str, str]] = {
        "capacity": "capacity",
        "externalCeiling": "external_ceiling",
        "gwpSet": "gwp_set",
        "lotRules": "lot_rules",
        "operates": "operates",
        "productClass": "product_class",
        "site": "site_identifier_digest",
        "siteKnown": "site_known",
        "version": "version",
    }
    """ABI function: method of this gateway that calls it."""

    UNUSED: ClassVar[dict[str, str]] = {
        "capacityCount": "what is in force is asked, at a block",
        "capacityEntries": "what is in force is asked, at a block",
        "columnKnown": "the book refuses what is not registered",
        "consortium": "trust is pinned, never looked up",
        "eventHead": "the ledger asks it of all contracts alike",
        "externalCeilingCount": "what is in force is asked, at a block",
        "externalCeilingEntries": "what is in force is asked, at a block",
        "handOver": "for the successor contract alone",
        "lotRulesAt": "what is in force is asked, at a block",
        "lotRulesCount": "what is in force is asked, at a block",
        "operatorCount": "what is in force is asked, at a block",
        "operatorEntries": "what is in force is asked, at a block",
        "operators": "a node asks about members that it knows",
        "registerProductClass": _VOTED,
        "registerSite": _VOTED,
        "registerSubstance": _VOTED,
        "registerUnitKind": _VOTED,
        "requireColumns": "the book refuses what is not registered",
        "setCapacity": _VOTED,
        "setExternalCeiling": _VOTED,
        "setLotRules": _VOTED,
        "setOperator": _VOTED,
        "setSuccessor": "for the consortium alone",
        "siteOf": "sites are named by their number",
        "substance": "names of substances are in events",
        "successor": "trust is pinned, never looked up",
        "unitKindKnown": "the book refuses what is not registered",
    }
    """ABI function: why nobody here calls it."""

    def __init__(self, caller: ContractCaller) -> None:
        self._caller = caller

    def version(self, block: BlockRef) -> str:
        """Protocol version of the contract."""
        (version,) = self._caller.read("version", block=block)
        return str(version)

    def product_class(
        self, product_class: ProductClassId, block: BlockRef
    ) -> ProductClassTerms | None:
        """A product class, ``None`` if it is not registered."""
        (found,) = self._caller.read("productClass", product_class, block=block)
        known, *content = found
        return ProductClassTerms(product_class, *content) if known else None

    def operates(self, site: SiteId, member: MemberId, block: BlockRef) -> bool:
        """Whether the member operates the site at the block."""
        (found,) = self._caller.read("operates", site, member, block=block)
        return bool(found)

    def site_known(self, site: SiteId, block: BlockRef) -> bool:
        """Whether the site is registered."""
        (found,) = self._caller.read("siteKnown", site, block=block)
        return bool(found)

    def site_identifier_digest(self, site: SiteId, block: BlockRef) -> Digest | None:
        """keccak256 of the octets of a site's identifier, ``None`` if it is not registered."""
        (found,) = self._caller.read("site", site, block=block)
        _, registered, _, digest = found
        return Digest(bytes(digest)) if registered else None

    def gwp_set(self, block: BlockRef) -> int:
        """The GWP set in the qualifier of the network's CO2e columns."""
        (found,) = self._caller.read("gwpSet", block=block)
        return int(found)

    def capacity(self, site: SiteId, substance: SubstanceId, block: BlockRef) -> int:
        """What a site can make of a substance in a quarter."""
        (amount,) = self._caller.read("capacity", site, substance, block=block)
        return int(amount)

    def external_ceiling(self, member: MemberId, substance: SubstanceId, block: BlockRef) -> int:
        """What a member may declare from outside in a quarter."""
        (amount,) = self._caller.read("externalCeiling", member, substance, block=block)
        return int(amount)

    def lot_rules(self, block: BlockRef) -> LotRules:
        """What the lot book goes by."""
        (found,) = self._caller.read("lotRules", block=block)
        lateness_s, gain_ppm, freeze_s, credit_periods, effective_s = found
        return LotRules(lateness_s, gain_ppm, freeze_s, credit_periods, UnixSeconds(effective_s))
