"""Gateway to the ``StatementLog`` contract: anchors and statuses."""

from __future__ import annotations

from typing import ClassVar, Final

from veta.chain.caller import ContractCaller
from veta.chain.events import status_entry
from veta.chain.rpc import garbage
from veta.errors import TransactionRevertedError
from veta.model.anchoring import AnchorRecord, BatchKind, BlockRef, StatusEntry, StatusReason
from veta.model.identifiers import BatchRoot, Digest, Leaf, MemberId, UnixSeconds
from veta.ports.ledger import Call

# Generous upper bounds; what is not used is not paid. Measured costs: the gas snapshot.
_ANCHOR_GAS: Final = 150_000
_STATUS_GAS: Final = 300_000


class StatementLogGateway:
    """Reads of ``StatementLog`` at a named block, and its calls."""

    FUNCTIONS: ClassVar[dict[str, str]] = {
        "anchor": "encode_anchor",
        "anchorOf": "anchor",
        "closeDispute": "encode_close_dispute",
        "dispute": "encode_dispute",
        "nextSequence": "next_sequence",
        "reaffirm": "encode_reaffirm",
        "revoke": "encode_revoke",
        "status": "status",
        "supersede": "encode_supersede",
        "upholdDispute": "encode_uphold_dispute",
        "version": "version",
    }
    """ABI function: method of this gateway that calls it."""

    UNUSED: ClassVar[dict[str, str]] = {
        "consortium": "trust is pinned, never looked up",
        "disputeOf": "disputes are judged by folding the status list",
        "drawSequence": "for the lot book alone",
        "eventHead": "the ledger asks it of all contracts alike",
        "handOver": "for the successor contract alone",
        "rolesFor": "a constant table of the protocol",
        "setSuccessor": "for the consortium alone",
        "statusCount": "lists are read to their end",
        "successor": "trust is pinned, never looked up",
        "supersededBy": "superseding is judged by folding the status list",
    }
    """ABI function: why nobody here calls it."""

    def __init__(self, caller: ContractCaller) -> None:
        self._caller = caller

    def version(self, block: BlockRef) -> str:
        """Protocol version of the contract."""
        (version,) = self._caller.read("version", block=block)
        return str(version)

    def anchor(self, issuer: MemberId, root: BatchRoot, block: BlockRef) -> AnchorRecord | None:
        """The anchor under (issuer, root)."""
        (record,) = self._caller.read("anchorOf", issuer, root, block=block)
        sequence, size, anchored_at, kind = record
        if not sequence:
            return None
        try:
            batch_kind = BatchKind(kind)
        except ValueError as error:
            raise garbage("StatementLog.anchorOf") from error
        return AnchorRecord(issuer, root, sequence, size, batch_kind, UnixSeconds(anchored_at))

    def next_sequence(self, issuer: MemberId, block: BlockRef) -> int:
        """The number that the issuer's next batch must carry, from 1."""
        sequence, _ = self._caller.read("nextSequence", issuer, block=block)
        return int(sequence)

    def status(self, issuer: MemberId, leaf: Leaf, block: BlockRef) -> tuple[StatusEntry, ...]:
        """The whole status list of (issuer, leaf)."""
        try:
            rows = self._caller.read_list("status", issuer, leaf, block=block)
        except TransactionRevertedError as error:
            if error.error_name == "UnknownIssuer":
                return ()
            raise
        try:
            return tuple(
                status_entry(
                    issuer=issuer,
                    leaf=leaf,
                    index=index,
                    action=action,
                    reason=reason,
                    by_member=by_member,
                    effective_s=effective,
                    recorded_at_s=recorded,
                    related=related,
                )
                for index, (action, reason, by_member, effective, recorded, related) in enumerate(
                    rows
                )
            )
        except ValueError as error:
            raise garbage("StatementLog.status") from error

    def encode_anchor(self, *, sequence: int, root: BatchRoot, size: int, kind: BatchKind) -> Call:
        """Anchor a batch as the sender's member."""
        return self._caller.encode(
            "anchor", sequence, root, size, int(kind), gas_limit=_ANCHOR_GAS, purpose="anchor"
        )

    def encode_revoke(
        self, *, issuer: MemberId, leaf: Leaf, reason: StatusReason, effective_s: UnixSeconds
    ) -> Call:
        """Revoke a statement."""
        return self._caller.encode(
            "revoke",
            issuer,
            leaf,
            int(reason),
            effective_s,
            gas_limit=_STATUS_GAS,
            purpose="revoke",
        )

    def encode_supersede(self, *, leaf: Leaf, by_leaf: Leaf) -> Call:
        """Put another statement in the place of one."""
        return self._caller.encode(
            "supersede", leaf, by_leaf, gas_limit=_STATUS_GAS, purpose="supersede"
        )

    def encode_reaffirm(self, *, leaf: Leaf) -> Call:
        """Stand by a statement after a key was compromised."""
        return self._caller.encode("reaffirm", leaf, gas_limit=_STATUS_GAS, purpose="reaffirm")

    def encode_dispute(self, *, issuer: MemberId, leaf: Leaf, grounds: Digest) -> Call:
        """Open a dispute."""
        return self._caller.encode(
            "dispute", issuer, leaf, grounds, gas_limit=_STATUS_GAS, purpose="dispute"
        )

    def encode_close_dispute(self, *, issuer: MemberId, leaf: Leaf) -> Call:
        """Close a dispute of the sender's member."""
        return self._caller.encode(
            "closeDispute", issuer, leaf, gas_limit=_STATUS_GAS, purpose="close dispute"
        )

    def encode_uphold_dispute(self, *, issuer: MemberId, leaf: Leaf, party: MemberId) -> Call:
        """Uphold a party's open dispute."""
        return self._caller.encode(
            "upholdDispute", issuer, leaf, party, gas_limit=_STATUS_GAS, purpose="uphold dispute"
        )
