"""Gateway to the ``Custody`` contract: lots that moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from veta.chain.caller import ContractCaller
from veta.chain.lot_values import abi_value, lot_record, opening_of
from veta.chain.rpc import garbage
from veta.model.anchoring import BlockRef
from veta.model.columns import ColumnKey
from veta.model.identifiers import Digest, Leaf, MemberId, TransactionId, UnixSeconds
from veta.model.lots import LotId, LotRecord, OpenedLot, Opening
from veta.model.periods import Period
from veta.ports.ledger import Call

# Generous upper bounds; what is not used is not paid. Measured costs: the gas snapshot.
_OPEN_GAS: Final = 700_000
_CALL_GAS: Final = 150_000
_LOT_GAS: Final = 90_000
_NOTHING: Final = bytes(32)


class CustodyGateway:
    """Reads of ``Custody`` at a named block, and its calls."""

    FUNCTIONS: ClassVar[dict[str, str]] = {
        "accept": "encode_accept",
        "acceptMeasured": "encode_accept_measured",
        "decline": "encode_decline",
        "exit": "encode_exit",
        "exitOf": "exit_digest",
        "lotOf": "lot",
        "freeze": "encode_freeze",
        "freezeJointly": "encode_freeze_jointly",
        "offer": "encode_offer",
        "open": "encode_open",
        "openAndOffer": "encode_open_and_offer",
        "reenter": "encode_reenter",
        "retire": "encode_retire",
        "varianceOf": "variance",
        "version": "version",
    }
    """ABI function: method of this gateway that calls it."""

    UNUSED: ClassVar[dict[str, str]] = {
        "acceptSigned": "offers are made on chain; nobody here signs one under EIP-712 yet",
        "eventHead": "the ledger asks it of all contracts alike",
        "handOverLot": "for the successor contract alone",
        "nonceUsed": "of signed offers",
        "offerDigest": "of signed offers",
        "parts": "trust is pinned, never looked up",
        "setSuccessor": "for the consortium alone",
        "successor": "trust is pinned, never looked up",
        "take": "for the lot book alone",
    }
    """ABI function: why nobody here calls it."""

    def __init__(self, caller: ContractCaller) -> None:
        self._caller = caller

    def encode_freeze(self, lot: LotId, until_s: UnixSeconds) -> Call:
        """Freeze a lot until a time, as an authority: once a subject, for 30 days at most."""
        return self._call("freeze", lot, until_s, gas_limit=_CALL_GAS)

    def encode_freeze_jointly(self, lot: LotId, until_s: UnixSeconds) -> Call:
        """Ask for a freeze as one side of an offer, or agree to what the other side asked."""
        return self._call("freezeJointly", lot, until_s, gas_limit=_CALL_GAS)

    def version(self, block: BlockRef) -> str:
        """Protocol version of the contract."""
        (version,) = self._caller.read("version", block=block)
        return str(version)

    def lot(self, lot: LotId, block: BlockRef) -> LotRecord:
        """A lot's two slots; UNOPENED if it has none."""
        (record,) = self._caller.read("lotOf", lot, block=block)
        try:
            return lot_record(record)
        except ValueError as error:
            raise garbage("Custody.lotOf") from error

    def sent_opening(self, transaction_id: TransactionId) -> Opening | None:
        """The opening that a transaction called for, as the endpoint has it."""
        called = self._caller.sent(transaction_id)
        if called is None or called[0] not in {"open", "openAndOffer"}:
            return None
        try:
            return opening_of(called[1][0])
        except ValueError:
            return None

    def exit_digest(self, lot: LotId, block: BlockRef) -> Digest | None:
        """Whom an exited lot left for."""
        (digest,) = self._caller.read("exitOf", lot, block=block)
        return None if digest == _NOTHING else Digest(digest)

    def variance(self, member: MemberId, column: ColumnKey, period: Period, block: BlockRef) -> int:
        """Net difference that a member accepted within tolerance in a period."""
        (total,) = self._caller.read("varianceOf", member, column, period, block=block)
        return int(total)

    def encode_open(self, opening: Opening) -> Call:
        """Open a lot of a batch of the sender's member."""
        return self._call("open", abi_value(opening), gas_limit=_OPEN_GAS)

    def encode_open_and_offer(
        self, opening: Opening, to: MemberId, until_s: UnixSeconds, consignment: Digest
    ) -> Call:
        """Open and offer in one call."""
        content = (abi_value(opening), to, until_s, consignment)
        return self._call(
            "openAndOffer", *content, gas_limit=_OPEN_GAS + _LOT_GAS, purpose="open and offer"
        )

    def encode_offer(
        self, lots: Sequence[LotId], to: MemberId, until_s: UnixSeconds, consignment: Digest
    ) -> Call:
        """Offer lots as one consignment."""
        return self._call("offer", list(lots), to, until_s, consignment, gas_limit=_gas(lots))

    def encode_decline(self, lots: Sequence[LotId]) -> Call:
        """Decline what is offered to the sender's member."""
        return self._call("decline", list(lots), gas_limit=_gas(lots))

    def encode_accept(
        self, lots: Sequence[LotId], taken: Sequence[int], consignment: Digest
    ) -> Call:
        """Accept lots as shipped."""
        return self._call("accept", list(lots), list(taken), consignment, gas_limit=_gas(lots))

    def encode_accept_measured(
        self, lot: OpenedLot, *, taken: int, measured: int, method: int, statement_leaf: Leaf
    ) -> Call:
        """Accept one lot with what was measured of its reference."""
        content = (abi_value(lot), taken, measured, method, statement_leaf)
        return self._call(
            "acceptMeasured", *content, gas_limit=_OPEN_GAS, purpose="accept as measured"
        )

    def encode_retire(self, lots: Sequence[LotId], reason: int) -> Call:
        """End the remainder of lots."""
        return self._call("retire", list(lots), reason, gas_limit=_gas(lots))

    def encode_exit(self, lot: LotId, digest: Digest) -> Call:
        """Let a lot go to somebody who is no member."""
        return self._call("exit", lot, digest, gas_limit=_gas([lot]))

    def encode_reenter(self, lot: LotId, salt: bytes) -> Call:
        """Take an exited lot back in."""
        return self._call("reenter", lot, salt, gas_limit=_gas([lot]))

    def _call(
        self, function: str, *arguments: object, gas_limit: int, purpose: str | None = None
    ) -> Call:
        return self._caller.encode(
            function, *arguments, gas_limit=gas_limit, purpose=purpose or function
        )


def _gas(lots: Sequence[LotId]) -> int:
    return _CALL_GAS + _LOT_GAS * len(lots)
