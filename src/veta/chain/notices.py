"""Gateway to the ``LotNotices`` contract: what is said beside a batch or a lot."""

from __future__ import annotations

from typing import ClassVar, Final

from veta.chain.caller import ContractCaller
from veta.chain.lot_values import abi_value
from veta.model.anchoring import BlockRef
from veta.model.columns import ColumnKey
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotRoot
from veta.model.lots import BatchHeader
from veta.model.notices import LotDispute, Restatement
from veta.ports.ledger import Call

_GAS: Final = 300_000


class NoticeGateway:
    """Reads of ``LotNotices`` at a named block, and calls of those who say something."""

    FUNCTIONS: ClassVar[dict[str, str]] = {
        "closeDispute": "encode_close_dispute",
        "confirm": "encode_confirm_restatement",
        "dispute": "encode_dispute",
        "disputeOf": "dispute_of",
        "restate": "encode_restate",
        "restatements": "restatements",
        "upholdDispute": "encode_uphold_dispute",
        "version": "version",
    }
    """ABI function: method of this gateway that calls it."""

    UNUSED: ClassVar[dict[str, str]] = {
        "eventHead": "the ledger asks it of all contracts alike",
        "parts": "trust is pinned, never looked up",
        "restatementCount": "the list is read in pages to its end",
        "setSuccessor": "for the consortium alone",
        "successor": "trust is pinned, never looked up",
    }
    """ABI function: why nobody here calls it."""

    def __init__(self, caller: ContractCaller) -> None:
        self._caller = caller

    def version(self, block: BlockRef) -> str:
        """Protocol version of the contract."""
        (version,) = self._caller.read("version", block=block)
        return str(version)

    def restatements(
        self, issuer: MemberId, root: LotRoot, block: BlockRef
    ) -> tuple[Restatement, ...]:
        """A batch's whole restatement list."""
        return tuple(
            Restatement(
                issuer, root, ColumnKey(column), delta, reason, MemberId(assurer) or None,
                UnixSeconds(recorded_s), Leaf(leaf),
            )
            for column, delta, reason, assurer, recorded_s, leaf in self._caller.read_list(
                "restatements", issuer, root, block=block
            )
        )  # fmt: skip

    def dispute_of(self, subject: Digest, party: MemberId, block: BlockRef) -> LotDispute | None:
        """A party's last dispute of a subject, ``None`` if it never had one."""
        (opened_s, lapses_s, closed, upheld), _ = self._caller.read(
            "disputeOf", subject, party, block=block
        )
        if not opened_s:
            return None
        return LotDispute(
            subject, party, UnixSeconds(opened_s), UnixSeconds(lapses_s), closed, upheld
        )

    def encode_restate(
        self,
        header: BatchHeader,
        column: ColumnKey,
        delta: int,
        *,
        reason: int,
        statement_leaf: Leaf,
    ) -> Call:
        """Restate a total of a batch of the sender's member."""
        return self._call("restate", abi_value(header), column, delta, reason, statement_leaf)

    def encode_confirm_restatement(self, issuer: MemberId, root: LotRoot, index: int) -> Call:
        """Confirm a restatement."""
        return self._call("confirm", issuer, root, index, purpose="confirm restatement")

    def encode_dispute(self, header: BatchHeader, lot_key: bytes, grounds: Digest) -> Call:
        """Dispute a batch or a lot of it."""
        return self._call("dispute", abi_value(header), lot_key, grounds)

    def encode_close_dispute(self, subject: bytes) -> Call:
        """Close the dispute of the sender's member."""
        return self._call("closeDispute", subject, purpose="close dispute")

    def encode_uphold_dispute(self, header: BatchHeader, lot_key: bytes, party: MemberId) -> Call:
        """Uphold a party's dispute."""
        content = (abi_value(header), lot_key, party)
        return self._call("upholdDispute", *content, purpose="uphold dispute")

    def _call(self, function: str, *arguments: object, purpose: str | None = None) -> Call:
        return self._caller.encode(
            function, *arguments, gas_limit=_GAS, purpose=purpose or function
        )
