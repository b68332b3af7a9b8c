"""A member's administer account at work: its keys, and its votes.

Each call asks the contract first, sends one transaction and returns when it is final. Unlike the
outbox nothing is remembered: a call that was cut off is looked up on the chain (``member show``)
and made again if it is not there, and the contract refuses what was done already.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from veta.bootstrap.signing import LazyAccount
from veta.chain.governance import KeyGrant, ProposalKind, ProposalState
from veta.chain.ledger import Web3Ledger
from veta.chain.transactions import transaction_id_of
from veta.errors import (
    LedgerUnavailableError,
    NotFoundError,
    OutcomeUnknownError,
    TransactionRevertedError,
)
from veta.keys.keyring import KeyRecord, KeyRing
from veta.model.consortium import KeyPurpose
from veta.model.identifiers import KeyId, UnixSeconds
from veta.ports.clock import Clock
from veta.ports.keys import TransactionSigner
from veta.ports.ledger import Call, Receipt

_WAIT_S: Final = 120.0
_POLL_S: Final = 0.2
_AT_ONCE: Final = UnixSeconds(0)


@dataclass(frozen=True, slots=True)
class Administration:
    """See the module.

    Attributes:
        ledger: with the gateways behind it.
        account: the member's administer account.
        chain_id: signed into every transaction.
        clock: waits for blocks.

    Raises, all methods:
        TransactionRevertedError: the consortium refuses.
        LedgerUnavailableError: the chain cannot be asked; nothing was sent.
        OutcomeUnknownError: it was sent, and no final receipt came in time.
    """

    ledger: Web3Ledger
    account: TransactionSigner
    chain_id: int
    clock: Clock

    @classmethod
    def of_ring(
        cls,
        ring: KeyRing,
        ledger: Web3Ledger,
        chain_id: int,
        clock: Clock,
        *,
        key_id: KeyId | None = None,
    ) -> Administration:
        """An administer account of a ring (default: the newest), opened when it signs first."""
        return cls(ledger, LazyAccount(ring, KeyPurpose.ADMINISTER, key_id), chain_id, clock)

    # --- the member's own keys ---------------------------------------------------------------

    def bind(self, record: KeyRecord, *, from_s: UnixSeconds = _AT_ONCE) -> Receipt:
        """Bind a key of the member's ring; ``from_s`` 0 is the block's time."""
        return self.submit(self.ledger.governance.encode_bind_key(grant_of(record), from_s=from_s))

    def retire(self, key_id: KeyId) -> Receipt:
        """Stop using a key; what it did before stays good."""
        return self.submit(self.ledger.governance.encode_retire_key(key_id))

    def retire_if_in_use(self, key_id: KeyId) -> None:
        """Retire a key unless it has ended already, by a pause for instance."""
        try:
            self.retire(key_id)
        except TransactionRevertedError as error:
            if error.error_name != "KeyEnded":
                raise

    def declare_compromised(self, key_id: KeyId, *, since_s: UnixSeconds) -> Receipt:
        """Say that somebody else holds a key since then."""
        return self.submit(
            self.ledger.governance.encode_declare_compromised(key_id, since_s=since_s)
        )

    def pause(self, key_id: KeyId) -> Receipt:
        """Stop a key at once."""
        return self.submit(self.ledger.governance.encode_pause_key(key_id))

    # --- votes -------------------------------------------------------------------------------

    def propose(self, kind: ProposalKind, payload: bytes) -> int:
        """Propose a change; returns the proposal's number. Proposing approves nothing."""
        self.submit(self.ledger.governance.encode_propose(kind, payload))
        number = self.find_proposal(kind, payload)
        if number is None:
            raise LedgerUnavailableError("ledger.garbage", "the proposal is not where it was made")
        return number

    def find_proposal(self, kind: ProposalKind, payload: bytes) -> int | None:
        """The newest open proposal of exactly this change."""
        governance, head = self.ledger.governance, self.ledger.final_head()
        for number in range(governance.proposal_count(head), 0, -1):
            found = governance.proposal(number, head)
            is_open = not found.executed and head.time_s < found.expires_s
            if is_open and found.digest == governance.digest(number, kind, payload):
                return number
        return None

    def support(self, number: int) -> ProposalState:
        """Approve a proposal unless that was done before, and say how the vote stands."""
        try:
            return self.approve(number)
        except TransactionRevertedError as error:
            if error.error_name != "AlreadyApproved":
                raise
            return self.proposal(number)

    def proposal(self, number: int) -> ProposalState:
        """How a vote stands at the final head.

        Raises:
            NotFoundError: ``proposal.not_found``.
        """
        head = self.ledger.final_head()
        if not 0 < number <= self.ledger.governance.proposal_count(head):
            raise NotFoundError("proposal.not_found", f"there is no proposal {number}")
        return self.ledger.governance.proposal(number, head)

    def approve(self, number: int) -> ProposalState:
        """Approve a proposal as it is on the chain now, and say how the vote stands."""
        digest = self.proposal(number).digest
        self.submit(self.ledger.governance.encode_approve(number, digest))
        return self.proposal(number)

    def execute(self, number: int, payload: bytes) -> Receipt:
        """Make the change, once quorum and timelock are there."""
        return self.submit(self.ledger.governance.encode_execute(number, payload))

    def wait_until(self, ready_s: UnixSeconds) -> bool:
        """Wait for a timelock that ends soon; whether it has ended."""
        if ready_s - self.clock.now_s() > _WAIT_S:
            return False
        while self.clock.now_s() < ready_s:
            self.clock.sleep(_POLL_S)
        return True

    # --- sending -----------------------------------------------------------------------------

    def submit(self, call: Call) -> Receipt:
        """Ask, sign, send, and wait until it is final."""
        address = self.account.address
        self.ledger.simulate(call, address)
        fees = self.ledger.fees()
        raw = self.account.sign_transaction(
            chain_id=self.chain_id,
            nonce=self.ledger.nonce(address),
            to=call.to,
            data=call.data,
            gas_limit=call.gas_limit,
            max_fee=fees.max_fee,
            max_priority_fee=fees.max_priority_fee,
        )
        # The receipt will tell, whatever the endpoint says.
        with suppress(OutcomeUnknownError):
            self.ledger.send(raw)
        return self._final(raw, call)

    def _final(self, raw: bytes, call: Call) -> Receipt:
        transaction_id = transaction_id_of(raw)
        deadline_s = self.clock.monotonic_s() + _WAIT_S
        while True:
            receipt = self.ledger.receipt(transaction_id)
            if receipt is not None and receipt.block.number <= self.ledger.final_head().number:
                break
            if self.clock.monotonic_s() >= deadline_s:
                raise OutcomeUnknownError(
                    "ledger.outcome_unknown",
                    f"no final block holds the transaction ({call.purpose}) yet",
                    transaction_id=transaction_id,
                )
            self.clock.sleep(_POLL_S)
        if not receipt.succeeded:
            self.ledger.simulate(call, self.account.address)  # raises with the contract's reason
            raise LedgerUnavailableError(
                "ledger.reverted", f"the transaction ({call.purpose}) failed and would succeed now"
            )
        return receipt


def grant_of(record: KeyRecord) -> KeyGrant:
    """A key of a ring as the consortium takes it."""
    octets = record.address if record.address is not None else record.public_key
    return KeyGrant(record.purpose, record.algorithm, octets)
