"""After any history of faults, reorganisations, foreign nonces, restarts: each batch once."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fake_accounts import FakeAccount
from tests.support.fake_ledger import GWEI, FakeLedger
from tests.support.node_parts import MINE, Parts, make_parts, mining_ledger
from veta.errors import LedgerError
from veta.model.anchoring import BatchKind
from veta.model.identifiers import BatchRoot
from veta.ports.store import IntentState, StatementState
from veta.services.planning import OutboxPolicy

OURS = FakeAccount("mine")
SECOND = FakeAccount("the member's second account")
POLICY = OutboxPolicy(bump_after_s=12.0, most_in_flight=3, most_tries=1_000)
ACTS = ("issue", "anchor", "step", "step", "step", "mine", "mine", "restart", "reorganise",
        "lose_blocks", "drop_pool", "foreign_nonce", "foreign_sequence", "dear", "cheap",
        "faulty", "sound")  # fmt: skip


class _History:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ledger = mining_ledger(OURS, automine=False, finality=3)
        self.ledger.bind_account(MINE, SECOND.address)
        self.ledger.mine(4)
        self.parts = self._start()
        self._issued = self._foreign = 0

    def _start(self) -> Parts:
        return make_parts(self._folder, ledger=self.ledger, policy=POLICY, most_leaves=3)

    def act(self, name: str) -> None:
        getattr(self, name)()

    def issue(self) -> None:
        self.parts.add(2, start=self._issued)
        self._issued += 2

    def anchor(self) -> None:
        with suppress(LedgerError):  # could not be asked; tried again later
            self.parts.anchorer.anchor()

    def step(self) -> None:
        self.parts.steps(1)

    def mine(self) -> None:
        self.ledger.mine()

    def restart(self) -> None:
        self.parts.store.close()
        self.parts = self._start()

    def reorganise(self) -> None:
        self.ledger.reorganise(2)

    def lose_blocks(self) -> None:
        self.ledger.reorganise(3, keep=False)

    def drop_pool(self) -> None:
        self.ledger.drop_pool()

    def foreign_nonce(self) -> None:
        self._send_foreign(OURS)

    def foreign_sequence(self) -> None:
        self._send_foreign(SECOND)

    def dear(self) -> None:
        self.ledger.min_fee = 5 * GWEI

    def cheap(self) -> None:
        self.ledger.min_fee = 0

    def faulty(self) -> None:
        self.ledger.faults.before = self.ledger.faults.after = 0.1

    def sound(self) -> None:
        self.ledger.faults.before = self.ledger.faults.after = 0.0

    def _send_foreign(self, account: FakeAccount) -> None:
        before = self.ledger.faults.before
        self.sound()
        self._foreign += 1
        head = self.ledger.head()
        call = self.ledger.encode_anchor(
            sequence=self.ledger.next_sequence(MINE, head),
            root=BatchRoot(self._foreign.to_bytes(32, "big")),
            size=1,
            kind=BatchKind.PASSPORT,
        )
        raw = account.sign_transaction(
            chain_id=1337,
            nonce=self.ledger.nonce(account.address),
            to=call.to,
            data=call.data,
            gas_limit=call.gas_limit,
            max_fee=400 * GWEI,
            max_priority_fee=400 * GWEI,
        )
        with suppress(LedgerError):  # the pool may have a dearer one
            self.ledger.send(raw)
        self.ledger.faults.before = self.ledger.faults.after = before

    def finish(self) -> None:
        self.sound()
        self.cheap()
        for _ in range(400):
            self.anchor()
            self.step()
            self.mine()
            with self.parts.store.read() as work:
                counts = work.count_statements()
            if counts[StatementState.ANCHORED] == sum(counts.values()):
                return

    def check(self) -> None:
        final = self.ledger.final_head()
        with self.parts.store.read() as work:
            counts = work.count_statements()
            batches = work.batches()
            assert work.intents(IntentState.HELD) == ()
            octets = [work.batch_leaves(batch.number) for batch in batches]
        assert counts[StatementState.ANCHORED] == sum(counts.values()) == self._issued
        leaves = [one[at : at + 32] for one in octets for at in range(0, len(one), 32)]
        assert len(leaves) == len(set(leaves)) == self._issued
        records = [self.ledger.anchor(MINE, batch.root, final) for batch in batches]
        assert [r and r.sequence for r in records] == [batch.sequence for batch in batches]
        sequences = [batch.sequence for batch in batches]
        assert None not in sequences
        assert len(set(sequences)) == len(sequences)


@pytest.mark.slow
@pytest.mark.row("T33", "T36")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
@given(acts=st.lists(st.sampled_from(ACTS), max_size=60))
def test_outbox__any_history__each_statement_anchored_in_one_batch_once(acts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = _History(Path(folder))
        for name in acts:
            history.act(name)
        history.finish()
        history.check()
        history.parts.store.close()


def test_fake_ledger__foreign_transactions__really_take_places() -> None:
    """The history's hostile acts do what they are there for."""
    with tempfile.TemporaryDirectory() as folder:
        history = _History(Path(folder))
        ledger: FakeLedger = history.ledger
        for name in ("issue", "anchor", "foreign_nonce", "foreign_sequence", "mine"):
            history.act(name)
        assert ledger.next_sequence(MINE, ledger.head()) > 1
        history.finish()
        history.check()
        with history.parts.store.read() as work:
            assert len(work.entries()) > 1
        history.parts.store.close()
