"""Random histories of the statement log against a model of it, error by error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.contracts.consortium_model import Refused
from tests.contracts.engine import START, Engine, Tally
from tests.contracts.world import account_grant, digest
from veta.model.anchoring import BatchKind, StatusAction, StatusReason
from veta.model.consortium import KeyPurpose, Role

LAPSE_S = 1_000
RULES = (2, 3, 100, 1_000, 10_000, LAPSE_S, 0)
PRODUCERS = Role.MINER | Role.SMELTER | Role.REFINER | Role.FABRICATOR | Role.MANUFACTURER
GOODS = PRODUCERS | Role.TRADER | Role.CARRIER | Role.LABORATORY
REGISTRARS = Role.ACCREDITATION_BODY | Role.SCHEME_OWNER | Role.AUTHORITY
ASSESSORS = REGISTRARS | Role.LABORATORY | Role.CERTIFICATION_BODY | Role.FOOTPRINT_VERIFIER
BODIES = Role.CERTIFICATION_BODY | Role.ACCREDITATION_BODY | Role.AUTHORITY
MAY_ANCHOR = {
    BatchKind.PASSPORT: PRODUCERS,
    BatchKind.FACILITY: GOODS,
    BatchKind.CERTIFICATE: ASSESSORS,
    BatchKind.EVENT: GOODS,
    BatchKind.IDENTITY: REGISTRARS,
    BatchKind.OTHER: ~Role(0),
}
ROLES = {
    1: Role.MINER,
    2: Role.TRADER,
    3: Role.CERTIFICATION_BODY,
    4: Role.ACCREDITATION_BODY,
    5: Role.AUTHORITY,
    6: Role.COMMUNITY,
}
GROUPS = {1: 7, 2: 0, 3: 7, 4: 0, 5: 0, 6: 0}
ROOTS = [digest(f"root {i}") for i in range(8)]
LEAVES = [digest(f"leaf {i}") for i in range(3)]
members = st.sampled_from(sorted(ROLES))
leaves = st.sampled_from(LEAVES)
tally = Tally()


def operate(member: int) -> str:
    return "0x" + bytes([member, 1]).hex() * 10


def administer(member: int) -> str:
    return "0x" + bytes([member, 4]).hex() * 10


@dataclass
class Disputed:
    lapses_s: int
    closed: bool = False
    upheld: bool = False


@dataclass
class LogModel:
    now: int
    sequences: dict[int, int] = field(default_factory=lambda: dict.fromkeys(ROLES, 0))
    anchors: dict[tuple[int, bytes], tuple[int, ...]] = field(default_factory=dict)
    lists: dict[tuple[int, bytes], list[tuple[Any, ...]]] = field(default_factory=dict)
    superseded: dict[tuple[int, bytes], bytes] = field(default_factory=dict)
    disputes: dict[tuple[int, bytes, int], Disputed] = field(default_factory=dict)
    compromises: dict[int, int] = field(default_factory=lambda: dict.fromkeys(ROLES, 0))
    reaffirmed: dict[tuple[int, bytes], int] = field(default_factory=dict)

    def append(self, issuer: int, leaf: bytes, *entry: Any) -> None:
        self.lists.setdefault((issuer, leaf), []).append(entry)

    def anchor(self, member: int, sequence: int, root: bytes, size: int, kind: int) -> None:
        if not 1 <= size < 2**53:
            raise Refused("SizeOutOfBounds")
        if not ROLES[member] & MAY_ANCHOR[BatchKind(kind)]:
            raise Refused("RoleMissing")
        if sequence != self.sequences[member] + 1:
            raise Refused("SequenceMismatch")
        if (member, root) in self.anchors:
            raise Refused("AlreadyAnchored")
        self.sequences[member] = sequence
        self.anchors[member, root] = (sequence, size, self.now, kind)

    def revoke(self, by: int, issuer: int, leaf: bytes, reason: StatusReason, at: int) -> None:
        if not self.may_revoke(by, issuer, reason):
            raise Refused("ReasonNotOpen")
        listed = self.lists.get((issuer, leaf), [])
        if any(e[:3] == (StatusAction.REVOKE, reason, by) for e in listed):
            raise Refused("AlreadyRevoked")
        if at > self.now:
            raise Refused("InTheFuture")
        past = {
            StatusReason.COMPROMISED,
            StatusReason.VOIDED_BY_BODY,
            StatusReason.VOIDED_BY_ACCREDITOR,
        }
        if at and at < self.now and reason not in past:
            raise Refused("InThePast")
        self.append(issuer, leaf, StatusAction.REVOKE, reason, by, at or self.now, bytes(32))

    def may_revoke(self, by: int, issuer: int, reason: StatusReason) -> bool:
        rank = {Role.CERTIFICATION_BODY: 1, Role.ACCREDITATION_BODY: 2, Role.AUTHORITY: 3}
        mine, theirs = rank.get(ROLES[by], 0), rank.get(ROLES[issuer], 0)
        if reason == StatusReason.VOIDED_BY_BODY:
            return mine in {1, 3} and mine > theirs
        if reason == StatusReason.VOIDED_BY_ACCREDITOR:
            return mine == 2 and mine > theirs
        return by == issuer and reason != StatusReason.NONE

    def supersede(self, issuer: int, leaf: bytes, by_leaf: bytes) -> None:
        if leaf == by_leaf:
            raise Refused("SupersedesItself")
        if (issuer, leaf) in self.superseded or (issuer, by_leaf) in self.superseded:
            raise Refused("AlreadySuperseded")
        self.superseded[issuer, leaf] = by_leaf
        self.append(issuer, leaf, StatusAction.SUPERSEDE, 0, issuer, self.now, by_leaf)

    def reaffirm(self, issuer: int, leaf: bytes) -> None:
        if self.reaffirmed.get((issuer, leaf), 0) == self.compromises[issuer]:
            raise Refused("NothingToReaffirm")
        self.reaffirmed[issuer, leaf] = self.compromises[issuer]
        self.append(issuer, leaf, StatusAction.REAFFIRM, 0, issuer, self.now, bytes(32))

    def is_open(self, issuer: int, leaf: bytes, party: int) -> Disputed | None:
        found = self.disputes.get((issuer, leaf, party))
        if found and not found.closed and (found.upheld or self.now < found.lapses_s):
            return found
        return None

    def dispute(self, party: int, issuer: int, leaf: bytes) -> None:
        if party != issuer and not ROLES[party] & (BODIES | Role.COMMUNITY):
            raise Refused("RoleMissing")
        last = self.disputes.get((issuer, leaf, party))
        if self.is_open(issuer, leaf, party) or (last and self.now < last.lapses_s):
            raise Refused("DisputeBarred")
        self.disputes[issuer, leaf, party] = Disputed(self.now + LAPSE_S)
        self.append(issuer, leaf, StatusAction.DISPUTE, 0, party, self.now, ROOTS[0])

    def close(self, party: int, issuer: int, leaf: bytes) -> None:
        found = self.is_open(issuer, leaf, party)
        if found is None:
            raise Refused("NoOpenDispute")
        found.closed = True
        self.append(issuer, leaf, StatusAction.DISPUTE_CLOSED, 0, party, self.now, bytes(32))

    def uphold(self, by: int, issuer: int, leaf: bytes, party: int) -> None:
        if not ROLES[by] & BODIES:
            raise Refused("RoleMissing")
        for other in (issuer, party):
            if by == other or (GROUPS[by] and GROUPS[by] == GROUPS[other]):
                raise Refused("NotIndependent")
        found = self.is_open(issuer, leaf, party)
        if found is None:
            raise Refused("NoOpenDispute")
        if found.upheld:
            raise Refused("AlreadyUpheld")
        found.upheld = True
        related = party.to_bytes(32, "big")
        self.append(issuer, leaf, StatusAction.DISPUTE_UPHELD, 0, by, self.now, related)


class LogStates(RuleBasedStateMachine):
    """Six members of different roles act on each other's statements."""

    @initialize()
    def open_log(self) -> None:
        genesis = []
        for member, role in ROLES.items():
            grants = [
                account_grant(KeyPurpose.ADMINISTER, administer(member)),
                account_grant(KeyPurpose.OPERATE, operate(member)),
            ]
            name = f"did:{member}"
            genesis.append((name, "n", b"CL", GROUPS[member], bytes(32), int(role), True, grants))
        self.engine = Engine(genesis, RULES)
        self.model = LogModel(START)
        self.spare = 0

    def both(self, name: str, call: Callable[[], None], *arguments: Any, by: int) -> None:
        try:
            call()
            expected = None
        except Refused as refusal:
            expected = refusal.args[0]
        found = self.engine.send("StatementLog", name, *arguments, sender=operate(by))
        tally.note(name, found)
        assert found == expected, f"{name}{arguments} by {by}"

    @rule(seconds=st.sampled_from([1, 10, 100, 100, LAPSE_S]))
    def wait(self, seconds: int) -> None:
        self.engine.tick(seconds)
        self.model.now += seconds

    @rule(
        by=members,
        ahead=st.sampled_from([1, 1, 1, 1, 0, 2]),
        root=st.sampled_from(ROOTS),
        size=st.sampled_from([1, 2, 7, 1000, 2**53 - 1, 1, 2, 3, 0, 2**53]),
        kind=st.sampled_from([*sorted(BatchKind), *[BatchKind.OTHER] * 6]),
    )
    def anchor(self, by: int, ahead: int, root: bytes, size: int, kind: int) -> None:
        content = (self.model.sequences[by] + ahead, root, size, int(kind))
        self.both("anchor", lambda: self.model.anchor(by, *content), *content, by=by)

    @rule(
        by=members,
        issuer=members,
        own=st.booleans(),
        leaf=leaves,
        reason=st.sampled_from(StatusReason),
        offset=st.sampled_from([None, None, None, -50, 50]),
    )
    def revoke(
        self,
        by: int,
        issuer: int,
        own: bool,
        leaf: bytes,
        reason: StatusReason,
        offset: int | None,
    ) -> None:
        content = (
            by if own else issuer,
            leaf,
            reason,
            0 if offset is None else self.model.now + offset,
        )
        self.both("revoke", lambda: self.model.revoke(by, *content), *content, by=by)

    @rule(by=members, leaf=leaves, by_leaf=leaves)
    def supersede(self, by: int, leaf: bytes, by_leaf: bytes) -> None:
        call = lambda: self.model.supersede(by, leaf, by_leaf)  # noqa: E731 - the model's side
        self.both("supersede", call, leaf, by_leaf, by=by)

    @rule(by=members)
    def lose_a_key(self, by: int) -> None:
        self.spare += 1
        octets = self.spare.to_bytes(64, "big")
        assert (
            self.engine.send("Consortium", "bindKey", (2, 1, octets), 0, sender=administer(by))
            is None
        )
        key = self.engine.read("Consortium", "keys", by, 0, 999)[-1][5]
        assert (
            self.engine.send(
                "Consortium", "declareCompromised", key, self.model.now, sender=administer(by)
            )
            is None
        )
        self.model.compromises[by] += 1

    @rule(by=members, leaf=leaves)
    def reaffirm(self, by: int, leaf: bytes) -> None:
        self.both("reaffirm", lambda: self.model.reaffirm(by, leaf), leaf, by=by)

    @rule(by=members, issuer=members, leaf=leaves)
    def dispute(self, by: int, issuer: int, leaf: bytes) -> None:
        call = lambda: self.model.dispute(by, issuer, leaf)  # noqa: E731 - the model's side
        self.both("dispute", call, issuer, leaf, ROOTS[0], by=by)

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        issuer, leaf, party = self.subject(data)
        call = lambda: self.model.close(party, issuer, leaf)  # noqa: E731 - the model's side
        self.both("closeDispute", call, issuer, leaf, by=party)

    @rule(data=st.data(), by=st.sampled_from([4, 5, 3, 2]))
    def uphold(self, data: st.DataObject, by: int) -> None:
        issuer, leaf, party = self.subject(data)
        call = lambda: self.model.uphold(by, issuer, leaf, party)  # noqa: E731 - the model's side
        self.both("upholdDispute", call, issuer, leaf, party, by=by)

    def subject(self, data: st.DataObject) -> tuple[int, bytes, int]:
        known = sorted(self.model.disputes)
        open_ = [place for place in known if self.model.is_open(*place)]
        return data.draw(st.sampled_from([*open_ * 5, *known, (1, LEAVES[0], 6)]))

    @invariant()
    def same_records(self) -> None:
        for member in ROLES:
            shown = self.engine.read("StatementLog", "nextSequence", member)
            assert shown == (self.model.sequences[member] + 1, False)
            for root in ROOTS:
                record = self.engine.read("StatementLog", "anchorOf", member, root)
                assert record == self.model.anchors.get((member, root), (0, 0, 0, 0))
        for member in ROLES:
            taken = [a[0] for (m, _), a in self.model.anchors.items() if m == member]
            assert sorted(taken) == list(range(1, len(taken) + 1)), "gapless"

    @invariant()
    def same_lists(self) -> None:
        for member in ROLES:
            for leaf in LEAVES:
                expected = self.model.lists.get((member, leaf), [])
                listed = self.engine.read("StatementLog", "status", member, leaf, 0, 2**32)
                shown = [(e[0], e[1], e[2], e[3], e[5]) for e in listed]
                assert shown == expected
                assert self.engine.read("StatementLog", "statusCount", member, leaf) == len(shown)
                by = self.model.superseded.get((member, leaf), bytes(32))
                assert self.engine.read("StatementLog", "supersededBy", member, leaf) == by


@pytest.mark.slow
@pytest.mark.row("T41", "A05")
def test_statement_log__random_histories__as_the_model() -> None:
    run_state_machine_as_test(
        LogStates,
        settings=settings(
            max_examples=25,
            stateful_step_count=50,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    operations = {"anchor", "revoke", "supersede", "reaffirm", "dispute"}
    tally.require(operations | {"closeDispute", "upholdDispute"}, ratio=0.3)
