"""Planning transactions: what the chain says, which nonce and sequence number come next.

The signed octets are stored before anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sha3 import keccak_256

from veta.errors import StoreError, TransactionRevertedError
from veta.model.anchoring import BlockRef, StatusAction
from veta.model.identifiers import AccountAddress, Leaf, MemberId, TransactionId
from veta.ports.keys import TransactionSigner
from veta.ports.ledger import Call, FeeQuote, Ledger
from veta.ports.lot_store import LotCall
from veta.ports.store import (
    Attempt,
    Batch,
    Intent,
    NewTransaction,
    OutboxEntry,
    StatusChange,
    Store,
    StoreWork,
)
from veta.services.lot_effects import lot_effect
from veta.services.outbox_rules import LEAST_BUMP_PERCENT, Effect

_GWEI: Final = 10**9


@dataclass(frozen=True, slots=True)
class OutboxPolicy:
    """How patient the loop is."""

    resend_after_s: float = 5.0
    """The same octets are handed over again after this long without a receipt."""
    bump_after_s: float = 30.0
    """Fees are raised after this long at the same ones."""
    bump_percent: int = LEAST_BUMP_PERCENT
    max_fee_wei: int = 10_000 * _GWEI
    """Never offered more than this per unit of gas."""
    most_in_flight: int = 8
    """Nonces signed and not settled; later batches wait."""
    most_tries: int = 5
    """Nonces spent on one intent before a person is asked."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person must know; the loop goes on."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """The account and its member, read from the chain before a transaction is planned."""

    head: BlockRef
    final: BlockRef
    nonce: int
    """At the head."""
    next_sequence: int
    """At the head."""
    fees: FeeQuote
    balance_wei: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the account stands: what judging its pending nonces needs."""

    final: BlockRef
    final_nonce: int
    """At ``final``."""
    nonce: int
    """At the head."""


def unaffordable(call: Call, fees: FeeQuote, balance_wei: int) -> Alarm | None:
    """An alarm unless the balance covers the most that the call may cost."""
    needed_wei = call.gas_limit * fees.max_fee
    if needed_wei <= balance_wei:
        return None
    return Alarm(
        "outbox.out_of_funds",
        f"the account has {balance_wei} wei, the next transaction may cost {needed_wei}",
    )


class TransactionPlanner:
    """Plans the transactions of one account of one member.

    Args:
        store: durable memory.
        ledger: the chain.
        signer: the member's ``operate`` account.
        member: the account's member.
        chain_id: of the pinned chain; signed into every transaction.
        policy: bounds.
    """

    def __init__(
        self,
        *,
        store: Store,
        ledger: Ledger,
        signer: TransactionSigner,
        member: MemberId,
        chain_id: int,
        policy: OutboxPolicy | None = None,
    ) -> None:
        self.store = store
        self.ledger = ledger
        self.member = member
        self.policy = policy or OutboxPolicy()
        self._signer = signer
        self._chain_id = chain_id

    @property
    def chain_id(self) -> int:
        """Of the pinned chain."""
        return self._chain_id

    def observe(self) -> AccountView:
        """Read what planning needs.

        Raises:
            LedgerUnavailableError: the chain cannot be asked.
        """
        ledger, account = self.ledger, self._signer.address
        final = ledger.final_head()
        head = ledger.head()
        return AccountView(
            head=head,
            final=final,
            nonce=ledger.nonce(account),
            next_sequence=ledger.next_sequence(self.member, head),
            fees=ledger.fees(),
            balance_wei=ledger.balance_wei(account),
        )

    def standing(self) -> Standing:
        """Read where the account stands; the nonces are read before any receipt.

        Raises:
            LedgerUnavailableError: the chain cannot be asked.
        """
        final = self.ledger.final_head()
        final_nonce = self.ledger.nonce(self._signer.address, final)
        return Standing(final, final_nonce, self.ledger.nonce(self._signer.address))

    def next_sequence(self, work: StoreWork, view: AccountView) -> int:
        """The sequence number for the next anchor: after the chain's and after those on the way,
        of anchors and of the batches that runs make.
        """
        on_the_way = work.last_pending_sequence(self._signer.address)
        last = max(work.last_sequence(self.member), on_the_way)
        return max(view.next_sequence, last + 1)

    def call_for(self, subject: Batch | StatusChange | LotCall, sequence: int) -> Call:
        """Encode what an intent means."""
        ledger = self.ledger
        if isinstance(subject, LotCall):
            return subject.call
        if isinstance(subject, Batch):
            return ledger.encode_anchor(
                sequence=sequence, root=subject.root, size=subject.size, kind=subject.kind
            )
        match subject.action:
            case StatusAction.REVOKE:
                return ledger.encode_revoke(
                    issuer=subject.issuer,
                    leaf=subject.leaf,
                    reason=subject.reason,
                    effective_s=subject.effective_s,
                )
            case StatusAction.SUPERSEDE if subject.related is not None:
                return ledger.encode_supersede(leaf=subject.leaf, by_leaf=Leaf(subject.related))
            case StatusAction.REAFFIRM:
                return ledger.encode_reaffirm(leaf=subject.leaf)
            case StatusAction.DISPUTE if subject.related is not None:
                return ledger.encode_dispute(
                    issuer=subject.issuer, leaf=subject.leaf, grounds=subject.related
                )
            case _:
                raise StoreError("store.corrupt", f"an intent means no call: {subject.action.name}")

    def enter(self, work: StoreWork, intent: Intent, view: AccountView) -> OutboxEntry:
        """Give an intent the next nonce and store its signed transaction, in the caller's work.

        Nothing is sent. (account, nonce) is unique in the store, and the work holds the write lock,
        so no two intents get one nonce.
        """
        sequence = self.next_sequence(work, view)
        call = self.call_for(intent.subject, sequence)
        nonce = max(view.nonce, work.next_nonce(self._signer.address))
        new = NewTransaction(
            intent=intent.number,
            account=self._signer.address,
            nonce=nonce,
            call=call,
            sequence=_last_drawn(intent, sequence),
            attempt=self.sign(call, nonce, view.fees),
        )
        return work.add_transaction(new)

    @property
    def account(self) -> AccountAddress:
        """The account that sends."""
        return self._signer.address

    def in_flight(self, work: StoreWork) -> int:
        """Nonces that are signed and not settled."""
        return work.count_pending(self._signer.address)

    def refusal(self, call: Call) -> TransactionRevertedError | None:
        """What the contract would say now, ``None`` if it would accept."""
        try:
            self.ledger.simulate(call, self._signer.address)
        except TransactionRevertedError as error:
            return error
        return None

    def sign(self, call: Call, nonce: int, fees: FeeQuote) -> Attempt:
        """Sign a call for a nonce; nothing is stored or sent."""
        raw = self._signer.sign_transaction(
            chain_id=self._chain_id,
            nonce=nonce,
            to=call.to,
            data=call.data,
            gas_limit=call.gas_limit,
            max_fee=fees.max_fee,
            max_priority_fee=fees.max_priority_fee,
        )
        name = TransactionId(keccak_256(raw).digest())
        return Attempt(name, raw, fees.max_fee, fees.max_priority_fee)

    def effect(
        self, intent: Intent, final: BlockRef, *, included: bool = False
    ) -> tuple[Effect, int | None]:
        """Contract state at the final block; for an anchor also its sequence number.

        Args:
            intent: what was meant.
            final: the block to read at.
            included: a final block holds a transaction for it that succeeded. Says so for what
                others may have undone since, such as an offer that was declined.
        """
        subject = intent.subject
        if isinstance(subject, LotCall):
            return lot_effect(self.ledger.lots, subject, final, included=included), None
        if isinstance(subject, Batch):
            record = self.ledger.anchor(subject.issuer, subject.root, final)
            if record is None:
                return Effect.ABSENT, None
            same = (record.size, record.kind) == (subject.size, subject.kind)
            return (Effect.PRESENT, record.sequence) if same else (Effect.FOREIGN, None)
        wanted = (subject.action, subject.reason, subject.related)
        for listed in self.ledger.status(subject.issuer, subject.leaf, final)[subject.after :]:
            found = (listed.action, listed.reason, listed.related_leaf or listed.grounds)
            if listed.by_member == self.member and found == wanted:
                return Effect.PRESENT, None
        return Effect.ABSENT, None


def _last_drawn(intent: Intent, sequence: int) -> int | None:
    """The last number of the member's sequence that an intent is expected to use up."""
    if isinstance(intent.subject, Batch):
        return sequence
    draws = intent.subject.draws if isinstance(intent.subject, LotCall) else 0
    return sequence + draws - 1 if draws else None
