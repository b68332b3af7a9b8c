"""The consortium's rules once more, as plain Python written from the specification."""

from __future__ import annotations

from dataclasses import dataclass, field

from veta.model.consortium import KeyAction, KeyPurpose

OPEN = 2**64 - 1
TIMELOCK_S, LIFETIME_S, BACKDATE_S = 1_000, 50_000, 5_000


@dataclass
class Key:
    member: int
    purpose: int
    from_s: int
    until_s: int = OPEN
    since_s: int = OPEN


@dataclass
class Motion:
    kind: str
    target: int
    values: tuple[int | bool | str, ...]
    expires_s: int
    approvals: set[int] = field(default_factory=set)
    ready_s: int = 0
    executed: bool = False


@dataclass
class Standing:
    roles: int
    votes: bool
    admitted: bool = True


class Refused(Exception):  # noqa: N818 - the name of an outcome, not of a fault
    """The contract must refuse with this error."""


class Model:
    """Members, keys and motions; every method either changes them or raises ``Refused``."""

    def __init__(self, now: int, standings: list[Standing], keys: dict[str, Key]) -> None:
        self.now = now
        self.standings = dict(enumerate(standings, 1))
        self.keys = keys
        self.motions: dict[int, Motion] = {}
        self.entries: dict[int, list[tuple[int, int, str, int]]] = {m: [] for m in self.standings}
        self.memberships = {m: [(s.roles, s.votes, True, now)] for m, s in self.standings.items()}
        for name, key in keys.items():
            self.entries[key.member].append((KeyAction.BIND, key.purpose, name, now))

    # ---- what is

    def usable(self, account: str) -> Key | None:
        key = self.keys.get(account)
        return key if key and key.from_s <= self.now < key.until_s else None

    def active(self, account: str) -> tuple[int, int, int]:
        key = self.usable(account)
        if key is None or not self.standings[key.member].admitted:
            return 0, 0, 0
        return key.member, key.purpose, self.standings[key.member].roles

    @property
    def voters(self) -> int:
        return sum(s.votes for s in self.standings.values())

    def administered(self, account: str) -> int:
        key = self.usable(account)
        if key is None or key.purpose != KeyPurpose.ADMINISTER:
            raise Refused("NotAuthorised")
        return key.member

    def stays(self, member: int, without: str, at: int) -> bool:
        return any(
            key.member == member
            and key.purpose == KeyPurpose.ADMINISTER
            and name != without
            and key.from_s <= at
            and key.until_s == OPEN
            for name, key in self.keys.items()
        )

    # ---- keys

    def bind(self, sender: str, account: str, purpose: int, from_s: int) -> None:
        member = self.administered(sender)
        if not self.standings[member].admitted:
            raise Refused("NotAdmitted")
        if from_s and from_s < self.now:
            raise Refused("InThePast")
        self.add_key(member, account, purpose, from_s or self.now)

    def add_key(self, member: int, account: str, purpose: int, from_s: int) -> None:
        if account in self.keys:
            raise Refused("KeyTaken")
        live = [
            key
            for key in self.keys.values()
            if key.member == member and key.purpose == purpose and key.until_s > self.now
        ]
        if len(live) >= 8:
            raise Refused("TooMany")
        self.keys[account] = Key(member, purpose, from_s)
        self.entries[member].append((KeyAction.BIND, purpose, account, from_s))

    def live(self, member: int, account: str) -> Key:
        key = self.keys.get(account)
        if key is None or key.member != member:
            raise Refused("NotMembersKey")
        if key.until_s <= self.now:
            raise Refused("KeyEnded")
        return key

    def retire(self, sender: str, account: str, at: int) -> None:
        member = self.administered(sender)
        key = self.live(member, account)
        if at and at < self.now:
            raise Refused("InThePast")
        at = at or self.now
        if key.purpose == KeyPurpose.ADMINISTER and not self.stays(member, account, at):
            raise Refused("LastAdministrator")
        if at >= key.until_s:
            raise Refused("KeyEnded")
        key.until_s = at
        self.entries[member].append((KeyAction.RETIRE, key.purpose, account, at))

    def declare(self, sender: str, account: str, since: int) -> None:
        member = self.administered(sender)
        if since < self.now - BACKDATE_S:
            raise Refused("TooFarBack")
        self.compromise(member, account, since)

    def compromise(self, member: int, account: str, since: int) -> None:
        key = self.keys.get(account)
        if key is None or key.member != member:
            raise Refused("NotMembersKey")
        if since > self.now:
            raise Refused("InTheFuture")
        if since >= key.since_s:
            raise Refused("AlreadyCompromised")
        key.since_s = since
        key.until_s = min(key.until_s, self.now)
        self.entries[member].append((KeyAction.COMPROMISE, key.purpose, account, since))

    def pause(self, sender: str, account: str) -> None:
        own = self.usable(account) if sender == account else None
        member = own.member if own else self.administered(sender)
        self.live(member, account)
        self.stop(member, account)

    def stop(self, member: int, account: str) -> None:
        self.keys[account].until_s = self.now
        entry = (KeyAction.PAUSE, self.keys[account].purpose, account, self.now)
        self.entries[member].append(entry)

    # ---- members

    def resign(self, sender: str) -> None:
        member = self.administered(sender)
        if not self.standings[member].admitted:
            raise Refused("NotAdmitted")
        self.set_standing(member, 0, votes=False, admitted=False)

    def set_standing(self, member: int, roles: int, *, votes: bool, admitted: bool) -> None:
        current = self.standings[member]
        following = Standing(roles, votes, admitted)
        if current == following:
            raise Refused("NoChange")
        if votes and not self.stays(member, "", self.now):
            raise Refused("NoAdministrator")
        if current.votes and not votes and self.voters == 1:
            raise Refused("LastVoter")
        self.standings[member] = following
        self.memberships[member].append((roles, votes, admitted, self.now))

    # ---- votes

    def voter(self, sender: str) -> int:
        member, purpose, _ = self.active(sender)
        if purpose != KeyPurpose.ADMINISTER:
            raise Refused("NotAuthorised")
        if not self.standings[member].votes:
            raise Refused("NoVote")
        return member

    def propose(self, sender: str, kind: str, target: int, *values: int | bool | str) -> None:
        self.voter(sender)
        if kind == "compromise":
            key = self.keys.get(str(values[0]))
            if key is None or key.member != target:
                raise Refused("NotMembersKey")
        number = len(self.motions) + 1
        self.motions[number] = Motion(kind, target, values, self.now + LIFETIME_S)

    def pending(self, number: int) -> Motion:
        motion = self.motions.get(number)
        if motion is None:
            raise Refused("UnknownProposal")
        if motion.executed:
            raise Refused("AlreadyExecuted")
        if self.now >= motion.expires_s:
            raise Refused("Expired")
        return motion

    def reached(self, motion: Motion) -> bool:
        voting = {m for m, s in self.standings.items() if s.votes and m != motion.target}
        return len(motion.approvals & voting) >= 2 * len(voting) // 3 + 1

    def reschedule(self, motion: Motion) -> None:
        if self.reached(motion) != bool(motion.ready_s):
            motion.ready_s = self.now + TIMELOCK_S if self.reached(motion) else 0

    def approve(self, sender: str, number: int) -> None:
        motion = self.pending(number)
        member = self.voter(sender)
        if member == motion.target:
            raise Refused("NoVote")
        if member in motion.approvals:
            raise Refused("AlreadyApproved")
        motion.approvals.add(member)
        self.reschedule(motion)

    def withdraw(self, sender: str, number: int) -> None:
        motion = self.pending(number)
        member = self.voter(sender)
        if member not in motion.approvals:
            raise Refused("NotApproved")
        motion.approvals.remove(member)
        self.reschedule(motion)

    def schedule(self, number: int) -> None:
        motion = self.pending(number)
        if motion.ready_s:
            raise Refused("Timelocked")
        if not self.reached(motion):
            raise Refused("NoQuorum")
        self.reschedule(motion)

    def execute(self, number: int) -> None:
        motion = self.pending(number)
        if not self.reached(motion):
            raise Refused("NoQuorum")
        if not motion.ready_s or self.now < motion.ready_s:
            raise Refused("Timelocked")
        member, values = motion.target, motion.values
        if motion.kind == "expel":
            if not self.standings[member].admitted:
                raise Refused("NotAdmitted")
            self.set_standing(member, 0, votes=False, admitted=False)
        elif motion.kind == "standing":
            self.set_standing(member, int(values[0]), votes=bool(values[1]), admitted=True)
        elif motion.kind == "compromise":
            self.compromise(member, str(values[0]), int(values[1]))
        else:
            self.install(member, str(values[0]))
        motion.executed = True

    def install(self, member: int, account: str) -> None:
        if account in self.keys:
            raise Refused("KeyTaken")
        for name, key in list(self.keys.items()):
            administers = key.purpose == KeyPurpose.ADMINISTER and key.member == member
            if administers and key.until_s > self.now:
                self.stop(member, name)
        self.add_key(member, account, KeyPurpose.ADMINISTER, self.now)
