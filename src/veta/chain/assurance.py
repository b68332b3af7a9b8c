"""Gateway to the ``Assurance`` contract: what the lot book asks of it, and who assures what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from veta.chain.caller import ContractCaller
from veta.chain.standing_events import substances_of
from veta.chain.web3_packages import abi_encode, keccak
from veta.errors import TransactionRevertedError
from veta.model.anchoring import BlockRef
from veta.model.assurance import (
    AssuranceGrant,
    AssuranceRecord,
    ProgrammeTerms,
    RecognitionEntry,
    RecordEntry,
    SchemeTerms,
)
from veta.model.assurance_events import RecordAction, RecordSource, Requirement
from veta.model.columns import ProgrammeId
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lots import AllocationRule, AllocationShare, ProductClassId, RuleState, SiteId
from veta.ports.ledger import Call

_VOTED: Final = "by vote: chain.registrations writes the call"
_LISTED: Final = "no part of this node yet"
_GAS: Final = 900_000
OPEN_END: Final = UnixSeconds(2**64 - 1)
AT_ONCE: Final = UnixSeconds(0)


class AssuranceGateway:
    """Reads of ``Assurance`` at a named block, and calls of bodies and operators."""

    FUNCTIONS: ClassVar[dict[str, str]] = {
        "accredit": "encode_accredit",
        "allocationRule": "allocation_rule",
        "assures": "assures",
        "certify": "encode_certify",
        "confirmRule": "encode_confirm_rule",
        "endRule": "encode_end_rule",
        "lift": "encode_lift",
        "recognise": "encode_recognise",
        "programme": "programme",
        "recognitions": "recognitions",
        "record": "record",
        "recordCount": "record_count",
        "recordOf": "record_of",
        "reducible": "reducible",
        "registerRule": "encode_register_rule",
        "ruleCount": "rule_count",
        "ruleState": "rule_state",
        "scheme": "scheme",
        "status": "record",
        "suspend": "encode_suspend",
        "suspended": "suspended",
        "version": "version",
        "voidRecord": "encode_void",
        "withdraw": "encode_withdraw",
    }
    """ABI function: method of this gateway that calls it."""

    UNUSED: ClassVar[dict[str, str]] = {
        "certificatesOf": _LISTED,
        "consortium": "trust is pinned, never looked up",
        "eventHead": "the ledger asks it of all contracts alike",
        "handOver": "for the successor contract alone",
        "programmeKnown": "the book refuses what is not registered",
        "recognised": _LISTED,
        "recognitionCount": _LISTED,
        "registerProgramme": _VOTED,
        "registerReduction": _VOTED,
        "registerScheme": _VOTED,
        "registry": "trust is pinned, never looked up",
        "requireCover": "the book asks it",
        "setSuccessor": "for the consortium alone",
        "statusCount": _LISTED,
        "successor": "trust is pinned, never looked up",
    }
    """ABI function: why nobody here calls it."""

    def __init__(self, caller: ContractCaller) -> None:
        self._caller = caller

    def version(self, block: BlockRef) -> str:
        """Protocol version of the contract."""
        (version,) = self._caller.read("version", block=block)
        return str(version)

    def allocation_rule(self, rule: int, block: BlockRef) -> AllocationRule | None:
        """A confirmed allocation rule."""
        try:
            (found,) = self._caller.read("allocationRule", rule, block=block)
        except TransactionRevertedError as error:
            if error.error_name in {"UnknownRule", "RuleNotConfirmed"}:
                return None
            raise
        site, from_s, until_s, shares = found
        return AllocationRule(
            rule=rule,
            site=SiteId(site),
            from_s=UnixSeconds(from_s),
            until_s=UnixSeconds(until_s),
            shares=tuple(
                AllocationShare(ProductClassId(c), least, most) for c, least, most in shares
            ),
        )

    def rule_state(self, rule: int, block: BlockRef) -> RuleState | None:
        """What became of a rule, ``None`` if there is none of this number."""
        (found,) = self._caller.read("ruleState", rule, block=block)
        site, from_s, until_s, operator, assurer, _ = found
        if not operator:
            return None
        window = (UnixSeconds(from_s), UnixSeconds(until_s))
        return RuleState(SiteId(site), *window, MemberId(operator), MemberId(assurer))

    def assures(self, member: MemberId, site: SiteId, block: BlockRef) -> bool:
        """Whether the member issued a certificate of the site that is active at the block."""
        (found,) = self._caller.read("assures", member, site, block=block)
        return bool(found)

    def suspended(self, site: SiteId, programme: ProgrammeId, block: BlockRef) -> bool:
        """Whether a site's assurance under a programme is suspended."""
        (found,) = self._caller.read("suspended", site, programme, block=block)
        return bool(found)

    def reducible(self, source: ProgrammeId, target: ProgrammeId, block: BlockRef) -> bool:
        """Whether credit under ``source`` may go on under ``target``."""
        (found,) = self._caller.read("reducible", source, target, block=block)
        return bool(found)

    def record(self, record: int, block: BlockRef) -> AssuranceRecord | None:
        """An accreditation or a certificate with its status list, ``None`` if there is none."""
        if not 1 <= record < 2**32:
            return None
        (found,) = self._caller.read("record", record, block=block)
        subject, scheme, level, issuer, parent, from_s, until_s, _, packed, leaf = found
        if not issuer:
            return None
        return AssuranceRecord(
            record=record,
            subject=subject,
            issuer=MemberId(issuer),
            parent=parent,
            scheme=scheme,
            level=level,
            from_s=UnixSeconds(from_s),
            until_s=UnixSeconds(until_s),
            substances=substances_of(packed.to_bytes(32)),
            leaf=Leaf(leaf),
            entries=tuple(
                RecordEntry(
                    RecordAction(action), RecordSource(source), MemberId(by),
                    UnixSeconds(effective_s), UnixSeconds(recorded_s),
                )
                for action, source, by, effective_s, recorded_s in self._caller.read_list(
                    "status", record, block=block
                )
            ),
        )  # fmt: skip

    def scheme(self, scheme: int, block: BlockRef) -> SchemeTerms | None:
        """A scheme's owner and levels, ``None`` if it is not registered."""
        (found,) = self._caller.read("scheme", scheme, block=block)
        owner, levels, _, _ = found
        return SchemeTerms(scheme, MemberId(owner), levels) if owner else None

    def programme(self, programme: ProgrammeId, block: BlockRef) -> ProgrammeTerms | None:
        """What a programme requires, ``None`` if it is not registered."""
        (found,) = self._caller.read("programme", programme, block=block)
        requirements = tuple(Requirement(scheme, level) for scheme, level in found)
        return ProgrammeTerms(programme, requirements) if requirements else None

    def recognitions(
        self, scheme: int, body: MemberId, block: BlockRef
    ) -> tuple[RecognitionEntry, ...]:
        """The whole list of when a scheme recognises an accreditation body."""
        return tuple(
            RecognitionEntry(
                scheme, body, MemberId(by),
                UnixSeconds(from_s), UnixSeconds(until_s), UnixSeconds(recorded_s),
            )
            for by, from_s, until_s, recorded_s in self._caller.read_list(
                "recognitions", scheme, body, block=block
            )
        )  # fmt: skip

    def record_count(self, block: BlockRef) -> int:
        """Accreditations and certificates so far; they are 1 to this."""
        (count,) = self._caller.read("recordCount", block=block)
        return int(count)

    def rule_count(self, block: BlockRef) -> int:
        """Allocation rules so far; they are 1 to this."""
        (count,) = self._caller.read("ruleCount", block=block)
        return int(count)

    def record_of(self, issuer: MemberId, leaf: Leaf, block: BlockRef) -> int:
        """The record that was made of an issuer's document, 0 if none was."""
        (found,) = self._caller.read("recordOf", issuer, leaf, block=block)
        return int(found)

    def encode_recognise(
        self,
        scheme: int,
        body: MemberId,
        *,
        from_s: UnixSeconds = AT_ONCE,
        until_s: UnixSeconds = OPEN_END,
    ) -> Call:
        """Recognise an accreditation body for a scheme; until 0: not any more."""
        return self._call("recognise", scheme, body, from_s, until_s)

    def encode_accredit(self, grant: AssuranceGrant) -> Call:
        """Accredit a certification body, footprint verifier or laboratory."""
        return self._call("accredit", grant.abi())

    def encode_certify(self, grant: AssuranceGrant) -> Call:
        """Certify a site."""
        return self._call("certify", grant.abi())

    def encode_suspend(self, record: int, grounds: Digest) -> Call:
        """Suspend an accreditation or certificate from now on."""
        return self._call("suspend", record, grounds)

    def encode_lift(self, record: int, grounds: Digest) -> Call:
        """Lift the sender's own suspension."""
        return self._call("lift", record, grounds)

    def encode_withdraw(self, record: int, grounds: Digest) -> Call:
        """Withdraw an accreditation or certificate for good, from now on."""
        return self._call("withdraw", record, grounds)

    def encode_void(self, record: int, effective_s: UnixSeconds, grounds: Digest) -> Call:
        """Declare a record void for cause from a time on that may lie in the past; 0: from now."""
        return self._call("voidRecord", record, effective_s, grounds)

    def encode_register_rule(
        self,
        site: SiteId,
        shares: Sequence[AllocationShare],
        *,
        from_s: UnixSeconds,
        until_s: UnixSeconds,
    ) -> Call:
        """Propose an allocation rule for a site that the sender's member operates."""
        return self._call("registerRule", site, from_s, until_s, _shares(shares))

    def encode_confirm_rule(self, rule: AllocationRule) -> Call:
        """Confirm a rule exactly as it was registered, as who assures its site."""
        types = ("uint32", "uint64", "uint64", "(uint32,uint32,uint32)[]")
        content = (rule.site, rule.from_s, rule.until_s, _shares(rule.shares))
        return self._call("confirmRule", rule.rule, keccak(abi_encode(types, content)))

    def encode_end_rule(self, rule: int) -> Call:
        """End a rule now, as who operates or assures its site."""
        return self._call("endRule", rule)

    def _call(self, function: str, *arguments: object) -> Call:
        return self._caller.encode(function, *arguments, gas_limit=_GAS, purpose=function)


def _shares(shares: Sequence[AllocationShare]) -> list[tuple[int, int, int]]:
    return [(share.product_class, share.minimum_ppm, share.maximum_ppm) for share in shares]
