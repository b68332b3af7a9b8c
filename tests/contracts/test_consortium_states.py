"""Random histories: the consortium does what the model does, call by call, error by error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.contracts.consortium_model import (
    BACKDATE_S,
    LIFETIME_S,
    TIMELOCK_S,
    Key,
    Model,
    Refused,
    Standing,
)
from tests.contracts.engine import START, Engine, Tally
from tests.contracts.world import (
    COMPROMISE,
    EXPEL,
    INSTALL_ADMINISTRATORS,
    SET_STANDING,
    account_id,
    payload,
)
from veta.model.consortium import KeyPurpose

RULES = (2, 3, TIMELOCK_S, LIFETIME_S, BACKDATE_S, 1_000, 0)
KINDS = {
    "expel": EXPEL,
    "standing": SET_STANDING,
    "install": INSTALL_ADMINISTRATORS,
    "compromise": COMPROMISE,
}
MEMBERS = 5
FRESH = ["0x" + bytes([0xA0 + i]).hex() * 20 for i in range(12)]
members = st.integers(1, MEMBERS)
moments = st.sampled_from([0, -2_000, -1, 1, 300, 3_000])
tally = Tally()


def address(member: int, purpose: KeyPurpose) -> str:
    return "0x" + bytes([member, purpose]).hex() * 10


class ConsortiumStates(RuleBasedStateMachine):
    """Five members, of which four vote at first; accounts that come and go."""

    @initialize()
    def found(self) -> None:
        keys, standings, genesis = {}, [], []
        for member in range(1, MEMBERS + 1):
            accounts = {p: address(member, p) for p in (KeyPurpose.ADMINISTER, KeyPurpose.OPERATE)}
            standings.append(Standing(member, member < MEMBERS))
            for purpose, account in accounts.items():
                keys[account] = Key(member, purpose, START)
            grants = [(int(p), 0, bytes.fromhex(a[2:])) for p, a in accounts.items()]
            terms = (f"did:{member}", "n", b"CL", 0, bytes(32), member, member < MEMBERS, grants)
            genesis.append(terms)
        self.model = Model(START, standings, keys)
        self.engine = Engine(genesis, RULES)
        self.accounts = [*keys, *FRESH]

    def both(self, name: str, call: Callable[[], None], *arguments: Any, sender: str) -> None:
        """The same on either side, with the same outcome."""
        try:
            call()
            expected = None
        except Refused as refusal:
            expected = refusal.args[0]
        found = self.engine.send("Consortium", name, *arguments, sender=sender)
        tally.note(name, found)
        assert found == expected, f"{name}{arguments} by {sender}"

    def time(self, offset: int) -> int:
        return offset and self.model.now + offset

    @rule(seconds=st.sampled_from([1, 300, TIMELOCK_S, TIMELOCK_S, 4_000]))
    def wait(self, seconds: int) -> None:
        self.engine.tick(seconds)
        self.model.now += seconds

    @rule(data=st.data(), offset=moments)
    def bind(self, data: st.DataObject, offset: int) -> None:
        sender = self.sender(data)
        account = data.draw(st.sampled_from([*FRESH, *FRESH, *self.accounts]))
        purpose = data.draw(st.sampled_from([KeyPurpose.OPERATE, KeyPurpose.ADMINISTER]))
        grant = (int(purpose), 0, bytes.fromhex(account[2:]))
        at = self.time(offset)
        self.both(
            "bindKey",
            lambda: self.model.bind(sender, account, purpose, at),
            grant,
            at,
            sender=sender,
        )

    @rule(data=st.data(), offset=moments)
    def retire(self, data: st.DataObject, offset: int) -> None:
        sender = self.sender(data)
        account = self.target_key(data, sender)
        at = self.time(offset)
        self.both(
            "retireKey",
            lambda: self.model.retire(sender, account, at),
            account_id(account),
            at,
            sender=sender,
        )

    @rule(data=st.data(), back=st.sampled_from([-1, 0, 1, 100, BACKDATE_S, BACKDATE_S + 1]))
    def declare(self, data: st.DataObject, back: int) -> None:
        sender = self.sender(data)
        account = self.target_key(data, sender)
        since = self.model.now - back
        self.both(
            "declareCompromised",
            lambda: self.model.declare(sender, account, since),
            account_id(account),
            since,
            sender=sender,
        )

    @rule(data=st.data(), sure=st.integers(0, 3))
    def pause(self, data: st.DataObject, sure: int) -> None:
        if sure:
            return
        sender = self.sender(data)
        account = self.target_key(data, sender)
        sender = data.draw(st.sampled_from([account, sender]))
        self.both(
            "pauseKey",
            lambda: self.model.pause(sender, account),
            account_id(account),
            sender=sender,
        )

    @rule(data=st.data(), sure=st.integers(0, 5))
    def resign(self, data: st.DataObject, sure: int) -> None:
        if sure == 0:
            sender = self.sender(data)
            self.both("resign", lambda: self.model.resign(sender), sender=sender)

    @rule(data=st.data(), kind=st.sampled_from(sorted(KINDS)), subject=members)
    def propose(self, data: st.DataObject, kind: str, subject: int) -> None:
        sender = self.sender(data)
        values: tuple[Any, ...] = ()
        content: tuple[Any, ...] = (subject,)
        if kind == "standing":
            values = (data.draw(st.sampled_from([1, 7, 32])), data.draw(st.booleans()))
            content += values
        elif kind == "install":
            values = (data.draw(st.sampled_from(FRESH)),)
            content += ([values[0]],)
        elif kind == "compromise":
            owned = [name for name, key in self.model.keys.items() if key.member == subject]
            values = (data.draw(st.sampled_from([*owned, FRESH[0]])), self.model.now - 90_000)
            content += (account_id(values[0]), values[1])
        self.both(
            "propose",
            lambda: self.model.propose(sender, kind, subject, *values),
            KINDS[kind],
            payload(KINDS[kind], *content),
            sender=sender,
        )
        if len(self.model.motions) > getattr(self, "known", 0):
            self.known = len(self.model.motions)
            self.payloads = {
                **getattr(self, "payloads", {}),
                self.known: payload(KINDS[kind], *content),
            }

    @precondition(lambda self: self.model.motions)
    @rule(data=st.data(), crowd=st.booleans())
    def approve(self, data: st.DataObject, crowd: bool) -> None:
        number = self.motion(data)
        self.approve_as(number, self.crowd(number) if crowd else [self.sender(data)])

    def crowd(self, number: int) -> list[str]:
        """An administer account of every member that has not approved yet."""
        approved = self.model.motions[number].approvals
        active = {a: self.model.active(a) for a in self.accounts}
        able = {m: a for a, (m, purpose, _) in active.items() if purpose == KeyPurpose.ADMINISTER}
        return [account for member, account in able.items() if member not in approved]

    def approve_as(self, number: int, senders: list[str]) -> None:
        known = self.engine.read("Consortium", "proposal", number)[0][6]
        for sender in senders:
            self.both(
                "approve",
                lambda sender=sender: self.model.approve(sender, number),  # type: ignore[misc]
                number,
                known,
                sender=sender,
            )

    @precondition(lambda self: self.model.motions)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        number, sender = self.motion(data), self.sender(data)
        self.both(
            "withdrawApproval",
            lambda: self.model.withdraw(sender, number),
            number,
            sender=sender,
        )

    @precondition(lambda self: self.model.motions)
    @rule(data=st.data())
    def schedule(self, data: st.DataObject) -> None:
        number = self.motion(data)
        self.both("schedule", lambda: self.model.schedule(number), number, sender=FRESH[0])

    @precondition(lambda self: self.model.motions)
    @rule(data=st.data(), carried=st.booleans(), patient=st.booleans())
    def execute(self, data: st.DataObject, carried: bool, patient: bool) -> None:
        number = self.motion(data)
        if carried:
            self.approve_as(number, self.crowd(number))
        if patient:
            self.wait(TIMELOCK_S)
        content = self.payloads[number]
        self.both("execute", lambda: self.model.execute(number), number, content, sender=FRESH[0])

    # ---- drawing

    def sender(self, data: st.DataObject) -> str:
        able = [a for a in self.accounts if self.model.active(a)[1] == KeyPurpose.ADMINISTER]
        return data.draw(st.sampled_from([*able * 12, *self.accounts]))

    def target_key(self, data: st.DataObject, sender: str) -> str:
        """Mostly a live key of the sender's own member, seldom its own, sometimes any."""
        member, keys = self.model.active(sender)[0], self.model.keys
        own = [n for n, k in keys.items() if k.member == member and k.until_s > self.model.now]
        spare = [name for name in own if name != sender]
        return data.draw(
            st.sampled_from([*spare * 4, *own, data.draw(st.sampled_from(sorted(keys))), FRESH[0]])
        )

    def motion(self, data: st.DataObject) -> int:
        open_ = [n for n, m in self.model.motions.items() if not m.executed]
        return data.draw(st.sampled_from([*open_ * 4, 1]))

    # ---- what must hold

    @invariant()
    def same_accounts(self) -> None:
        for account in self.accounts:
            expected = self.model.active(account)
            assert self.engine.read("Consortium", "activeAccount", account) == expected
            operates = expected[1] == KeyPurpose.OPERATE
            shown = self.engine.read("Consortium", "operatorAccount", account)
            assert shown == ((expected[0], expected[2]) if operates else (0, 0))

    @invariant()
    def same_lists(self) -> None:
        for member in self.model.standings:
            listed = self.engine.read("Consortium", "keys", member, 0, 2**32)
            shown = [(e[0], e[1], "0x" + e[5][12:].hex(), e[3]) for e in listed]
            assert shown == self.model.entries[member]
            assert all(e[3] >= e[4] for e in listed if e[0] in {1, 2, 4}), "retroactive"
            history = self.engine.read("Consortium", "membership", member, 0, 2**32)
            assert [e[:4] for e in history] == self.model.memberships[member]
            assert all(e[3] == e[4] for e in history), "retroactive"

    @invariant()
    def somebody_votes(self) -> None:
        voters = self.engine.read("Consortium", "voterCount")
        assert voters == self.model.voters >= 1
        assert self.engine.read("Consortium", "bootstrap") == (voters < 4)


@pytest.mark.slow
@pytest.mark.row("T3", "T50", "T51", "T53")
def test_consortium__random_histories__as_the_model() -> None:
    run_state_machine_as_test(
        ConsortiumStates,
        settings=settings(
            max_examples=100,
            stateful_step_count=60,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    operations = {"bindKey", "retireKey", "declareCompromised", "pauseKey", "resign"}
    operations |= {"propose", "approve", "withdrawApproval", "schedule", "execute"}
    tally.require(operations - {"schedule"}, ratio=0.3)
    assert tally.accepted["execute"] >= 20, tally.accepted
