"""Gateway to the ``LotBook`` contract: batches, runs, uses of periods, credit accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from veta.chain.caller import ContractCaller
from veta.chain.lot_values import abi_value, run_of
from veta.errors import InputError
from veta.model.anchoring import BlockRef
from veta.model.columns import ProgrammeId, SubstanceId
from veta.model.identifiers import Digest, MemberId, TransactionId
from veta.model.lot_tree import LotRoot
from veta.model.lots import BatchHeader, LotBatchKind, PeriodUse, Run, SiteId
from veta.model.periods import Period
from veta.ports.ledger import Call
from veta.ports.lots import SentRun

# Generous upper bounds; what is not used is not paid. Measured costs: the gas snapshot.
_RUN_GAS: Final = 500_000
_OUTPUT_GAS: Final = 250_000
_TAKE_GAS: Final = 150_000
_COLUMN_GAS: Final = 60_000
_BATCH_GAS: Final = 500_000
_FUNCTIONS: Final = {
    LotBatchKind.ORIGIN: ("originate", "originate"),
    LotBatchKind.EXTERNAL: ("declareExternal", "declare external"),
    LotBatchKind.GAIN: ("gain", "gain"),
    LotBatchKind.TRANSFORM: ("transform", "transform"),
}
_KINDS: Final = {function: kind for kind, (function, _) in _FUNCTIONS.items()}
_NOTHING: Final = bytes(32)


class LotBookGateway:
    """Reads of ``LotBook`` at a named block, and its calls."""

    FUNCTIONS: ClassVar[dict[str, str]] = {
        "batchWord": "batch_word",
        "ceilingUse": "ceiling_use",
        "creditOf": "credit",
        "declareExternal": "encode_run",
        "gain": "encode_run",
        "originate": "encode_run",
        "periodUse": "period_use",
        "replace": "encode_replace",
        "sourceBatch": "source_batch",
        "transform": "encode_run",
        "version": "version",
        "withdraw": "encode_withdraw",
    }
    """ABI function: method of this gateway that calls it."""

    UNUSED: ClassVar[dict[str, str]] = {
        "eventHead": "the ledger asks it of all contracts alike",
        "handOverBatch": "for the successor contract alone",
        "markOpened": "for custody alone",
        "parts": "trust is pinned, never looked up",
        "periodOf": "computed here (veta.custody.periods)",
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

    def batch_word(self, issuer: MemberId, root: LotRoot, block: BlockRef) -> bytes:
        """What the chain holds under (issuer, root)."""
        (word,) = self._caller.read("batchWord", issuer, root, block=block)
        return bytes(word)

    def period_use(
        self, site: SiteId, substance: SubstanceId, period: Period, block: BlockRef
    ) -> PeriodUse:
        """What a site did in a period with a substance."""
        (use,) = self._caller.read("periodUse", site, substance, period, block=block)
        return PeriodUse(*use)

    def ceiling_use(
        self, member: MemberId, substance: SubstanceId, period: Period, block: BlockRef
    ) -> int:
        """What a member declared from outside in a period."""
        (used,) = self._caller.read("ceilingUse", member, substance, period, block=block)
        return int(used)

    def credit(
        self,
        site: SiteId,
        programme: ProgrammeId,
        substance: SubstanceId,
        period: Period,
        block: BlockRef,
    ) -> int:
        """Unspent credit of a site's account that came in a period."""
        (balance,) = self._caller.read("creditOf", site, programme, substance, period, block=block)
        return int(balance)

    def source_batch(self, source: bytes, block: BlockRef) -> Digest | None:
        """The batch that a foreign source came in with."""
        (batch,) = self._caller.read("sourceBatch", source, block=block)
        return None if batch == _NOTHING else Digest(batch)

    def encode_run(self, kind: LotBatchKind, run: Run) -> Call:
        """A way in, or a transform.

        Raises:
            InputError: ``custody.unknown_value``: there is no run of this kind.
        """
        if kind not in _FUNCTIONS:
            raise InputError("custody.unknown_value", f"there is no run of kind {kind.name}")
        function, purpose = _FUNCTIONS[kind]
        gas_limit = (
            _RUN_GAS
            + _OUTPUT_GAS * len(run.outputs)
            + _TAKE_GAS * len(run.takes)
            + _COLUMN_GAS * len(run.columns)
        )
        return self._caller.encode(function, abi_value(run), gas_limit=gas_limit, purpose=purpose)

    def sent_run(self, transaction_id: TransactionId) -> SentRun | None:
        """The run that a transaction called for, as the endpoint has it."""
        return _run_called(self._caller.sent(transaction_id))

    def decode_run(self, call: Call) -> SentRun | None:
        """The run that a call is of."""
        return _run_called(self._caller.decode(call.to, call.data))

    def encode_withdraw(
        self, header: BatchHeader, columns: Sequence[int], sums: Sequence[int], salt: bytes
    ) -> Call:
        """Withdraw a way in of which nothing was opened."""
        content = (abi_value(header), list(columns), list(sums), salt)
        return self._caller.encode(
            "withdraw", *content, gas_limit=_BATCH_GAS, purpose="withdraw a batch"
        )

    def encode_replace(self, header: BatchHeader, root: LotRoot, size: int) -> Call:
        """Replace a transform's output of which nothing was opened."""
        return self._caller.encode(
            "replace", abi_value(header), root, size, gas_limit=_BATCH_GAS, purpose="replace"
        )


def _run_called(called: tuple[str, tuple[Any, ...]] | None) -> SentRun | None:
    if called is None or called[0] not in _KINDS:
        return None
    name, (words,) = called
    try:
        return SentRun(_KINDS[name], run_of(words))
    except ValueError:
        return None
