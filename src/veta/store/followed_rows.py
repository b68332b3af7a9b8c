"""What the chain recorded, as rows that a reorganisation can take back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from veta.errors import StoreError
from veta.model.anchoring import AnchorRecord, BatchKind, BlockRef, StatusAction, StatusEntry
from veta.model.anchoring import StatusReason as Reason
from veta.model.consortium import (
    KeyAction,
    KeyAlgorithm,
    KeyEntry,
    KeyPurpose,
    Member,
    MembershipEntry,
    Role,
)
from veta.model.identifiers import (
    AccountAddress,
    BatchRoot,
    BlockNumber,
    Digest,
    KeyId,
    Leaf,
    MemberId,
    TransactionId,
    UnixSeconds,
)
from veta.model.lot_events import LOT_EVENTS
from veta.ports.ledger import EventHead, LedgerEventBody, MemberAdmitted
from veta.ports.store import FollowedBlock, FollowedBody
from veta.store.engine import sound
from veta.store.lot_rows import lot_bodies, place_of
from veta.store.lot_schema import FOLLOWED_LOTS, lot_runs, lot_takes
from veta.store.lot_writing import write_lots
from veta.store.schema import (
    FOLLOWED,
    anchors,
    blocks,
    heads,
    member_keys,
    members,
    memberships,
    statement_octets,
    statements,
    statuses,
)
from veta.store.standing_rows import standing_bodies, standing_row
from veta.store.standing_schema import FOLLOWED_STANDING, KEPT

Values = dict[str, Any]
_TABLES: Final = {**FOLLOWED, **FOLLOWED_LOTS, **FOLLOWED_STANDING}


def _row_of(followed: FollowedBody) -> tuple[str, Values]:
    if type(followed.body) in KEPT:
        return standing_row(followed)
    place: Values = {
        "block": followed.block,
        "log_index": followed.log_index,
        "transaction_id": followed.transaction_id,
    }
    match followed.body:
        case MemberAdmitted(member):
            return "members", place | _member_values(member)
        case MembershipEntry() as entry:
            return "memberships", place | _membership_values(entry)
        case KeyEntry() as entry:
            return "member_keys", place | _key_values(entry)
        case AnchorRecord() as record:
            return "anchors", place | _anchor_values(record)
        case StatusEntry() as entry:
            return "statuses", place | _status_values(entry)
    raise TypeError("a body of lots has rows of its own")


def _above(table: sa.Table, number: BlockNumber) -> sa.ColumnElement[bool]:
    """Rows of later blocks; by their places where they have them, for these are in order."""
    first = place_of(number + 1, 0)
    if table is lot_takes:
        return table.c.run >= first
    return table.c.id >= first if "id" in table.c else table.c.block > number


def _block_values(ref: BlockRef) -> Values:
    return {
        "block": ref.number,
        "digest": ref.digest,
        "parent_digest": ref.parent_digest,
        "time_s": ref.time_s,
    }


def _member_values(member: Member) -> Values:
    return {
        "member": member.member,
        "identifier": member.identifier,
        "name": member.name,
        "country": member.country,
        "control_group": member.control_group,
        "identity_digest": member.identity_digest,
    }


def _membership_values(entry: MembershipEntry) -> Values:
    return {
        "member": entry.member,
        "position": entry.index,
        "roles": int(entry.roles),
        "votes": entry.votes,
        "admitted": entry.admitted,
        "effective_s": entry.effective_s,
        "recorded_at_s": entry.recorded_at_s,
    }


def _key_values(entry: KeyEntry) -> Values:
    return {
        "member": entry.member,
        "position": entry.index,
        "action": int(entry.action),
        "purpose": int(entry.purpose),
        "algorithm": int(entry.algorithm),
        "key_id": entry.key_id,
        "public_key": entry.public_key,
        "effective_s": entry.effective_s,
        "recorded_at_s": entry.recorded_at_s,
    }


def _anchor_values(record: AnchorRecord) -> Values:
    return {
        "issuer": record.issuer,
        "root": record.root,
        "sequence": record.sequence,
        "size": record.size,
        "kind": int(record.kind),
        "anchored_at_s": record.anchored_at_s,
        "anchored_by": record.anchored_by,
    }


def _status_values(entry: StatusEntry) -> Values:
    return {
        "issuer": entry.issuer,
        "leaf": entry.leaf,
        "position": entry.index,
        "action": int(entry.action),
        "reason": int(entry.reason),
        "by_member": entry.by_member,
        "effective_s": entry.effective_s,
        "recorded_at_s": entry.recorded_at_s,
        "related_leaf": entry.related_leaf,
        "party": entry.party,
        "grounds": entry.grounds,
    }


@sound
def _block(row: Row[Any]) -> BlockRef:
    return BlockRef(
        BlockNumber(row.block),
        Digest(row.digest),
        Digest(row.parent_digest),
        UnixSeconds(row.time_s),
    )


@sound
def _member(row: Row[Any]) -> Member:
    return Member(
        member=MemberId(row.member),
        identifier=row.identifier,
        name=row.name,
        country=row.country,
        control_group=row.control_group,
        identity_digest=Digest(row.identity_digest),
    )


@sound
def _anchor(row: Row[Any]) -> AnchorRecord:
    return AnchorRecord(
        issuer=MemberId(row.issuer),
        root=BatchRoot(row.root),
        sequence=row.sequence,
        size=row.size,
        kind=BatchKind(row.kind),
        anchored_at_s=UnixSeconds(row.anchored_at_s),
        anchored_by=None if row.anchored_by is None else AccountAddress(row.anchored_by),
        block=BlockNumber(row.block),
    )


@sound
def _membership(row: Row[Any]) -> MembershipEntry:
    return MembershipEntry(
        member=MemberId(row.member),
        index=row.position,
        roles=Role(row.roles),
        votes=row.votes,
        admitted=row.admitted,
        effective_s=UnixSeconds(row.effective_s),
        recorded_at_s=UnixSeconds(row.recorded_at_s),
    )


@sound
def _key(row: Row[Any]) -> KeyEntry:
    return KeyEntry(
        member=MemberId(row.member),
        index=row.position,
        action=KeyAction(row.action),
        purpose=KeyPurpose(row.purpose),
        algorithm=KeyAlgorithm(row.algorithm),
        key_id=KeyId(row.key_id),
        public_key=row.public_key,
        effective_s=UnixSeconds(row.effective_s),
        recorded_at_s=UnixSeconds(row.recorded_at_s),
    )


@sound
def _status(row: Row[Any]) -> StatusEntry:
    return StatusEntry(
        issuer=MemberId(row.issuer),
        leaf=Leaf(row.leaf),
        index=row.position,
        action=StatusAction(row.action),
        reason=Reason(row.reason),
        by_member=MemberId(row.by_member),
        effective_s=UnixSeconds(row.effective_s),
        recorded_at_s=UnixSeconds(row.recorded_at_s),
        related_leaf=None if row.related_leaf is None else Leaf(row.related_leaf),
        party=None if row.party is None else MemberId(row.party),
        grounds=None if row.grounds is None else Digest(row.grounds),
    )


_BODIES: Final[Mapping[str, Callable[[Row[Any]], LedgerEventBody]]] = {
    "members": lambda row: MemberAdmitted(_member(row)),
    "memberships": _membership,
    "member_keys": _key,
    "anchors": _anchor,
    "statuses": _status,
}


class FollowedRows:
    """Implements ``FollowedWork``."""

    _connection: Connection

    def cursor(self) -> BlockRef | None:
        """The newest block that was followed."""
        query = sa.select(blocks).order_by(blocks.c.block.desc()).limit(1)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _block(row)

    def followed_block(self, number: BlockNumber) -> BlockRef | None:
        """A followed block."""
        query = sa.select(blocks).where(blocks.c.block == number)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _block(row)

    def event_heads(self, number: BlockNumber) -> Mapping[str, EventHead]:
        """The heads after a followed block, by contract."""
        newest = (
            sa.select(heads.c.contract, sa.func.max(heads.c.block).label("block"))
            .where(heads.c.block <= number)
            .group_by(heads.c.contract)
            .subquery()
        )
        joined = heads.join(
            newest, (heads.c.contract == newest.c.contract) & (heads.c.block == newest.c.block)
        )
        rows = self._connection.execute(sa.select(heads).select_from(joined))
        return {row.contract: EventHead(row.event_count, Digest(row.head)) for row in rows}

    def append_blocks(self, followed: Iterable[FollowedBlock]) -> None:
        """Add blocks on top of the cursor."""
        top = self.cursor()
        rows: defaultdict[str, list[Values]] = defaultdict(list)
        lots: list[FollowedBody] = []
        for block in followed:
            ref = block.ref
            if top is not None and (ref.number, ref.parent_digest) != (top.number + 1, top.digest):
                raise StoreError("store.constraint", f"block {ref.number} is not the next one")
            top = ref
            rows["blocks"].append(_block_values(ref))
            for body in block.bodies:
                if type(body.body) in LOT_EVENTS:
                    lots.append(body)
                else:
                    table, values = _row_of(body)
                    rows[table].append(values)
            rows["heads"] += (
                {
                    "contract": name,
                    "block": ref.number,
                    "event_count": head.count,
                    "head": head.head,
                }
                for name, head in block.heads.items()
            )
        for table, values_list in rows.items():
            if values_list:
                self._connection.execute(_TABLES[table].insert(), values_list)
        write_lots(self._connection, lots)

    def undo_above(self, number: BlockNumber) -> int:
        """Forget every block above ``number``; returns how many there were."""
        gone = 0
        for table in _TABLES.values():
            deleted = self._connection.execute(table.delete().where(_above(table, number)))
            if table is blocks:
                gone = deleted.rowcount
        return gone

    def followed_blocks(self, first: BlockNumber, last: BlockNumber) -> tuple[FollowedBlock, ...]:
        """The blocks of a range that are kept, with everything kept of them."""
        bodies: defaultdict[int, list[FollowedBody]] = defaultdict(list)
        contract_heads: defaultdict[int, dict[str, EventHead]] = defaultdict(dict)
        for name, read in _BODIES.items():
            for row in self._between(FOLLOWED[name], first, last):
                place = (
                    BlockNumber(row.block),
                    row.log_index,
                    TransactionId(row.transaction_id),
                )
                bodies[row.block].append(FollowedBody(*place, read(row)))
        for read_bodies in (lot_bodies, standing_bodies):
            for body in read_bodies(self._connection, first, last):
                bodies[body.block].append(body)
        for row in self._between(heads, first, last):
            head = EventHead(row.event_count, Digest(row.head))
            contract_heads[row.block][row.contract] = head
        refs = [_block(row) for row in self._between(blocks, first, last)]
        return tuple(
            FollowedBlock(
                ref,
                tuple(sorted(bodies[ref.number], key=lambda body: body.log_index)),
                contract_heads[ref.number],
            )
            for ref in refs
        )

    def _between(
        self, table: sa.Table, first: BlockNumber, last: BlockNumber
    ) -> sa.CursorResult[Any]:
        query = sa.select(table).where(table.c.block.between(first, last))
        return self._connection.execute(query.order_by(table.c.block))

    def stray_rows(self) -> int:
        """Rows that belong to no followed block, and octets that belong to no statement."""
        known = sa.select(blocks.c.block)
        octets = sa.select(sa.func.count()).select_from(statement_octets)
        orphans = octets.where(statement_octets.c.statement.not_in(sa.select(statements.c.id)))
        runs = lot_takes.c.run.not_in(sa.select(lot_runs.c.id))
        counts = [
            self._connection.execute(
                sa.select(sa.func.count())
                .select_from(table)
                .where(runs if table is lot_takes else table.c.block.not_in(known))
            ).scalar_one()
            for name, table in _TABLES.items()
            if name != "blocks"
        ]
        return sum(counts) + self._connection.execute(orphans).scalar_one()

    def member(self, member: MemberId) -> Member | None:
        """A member as followed."""
        query = sa.select(members).where(members.c.member == member)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _member(row)

    def members(self) -> tuple[Member, ...]:
        """All members as followed."""
        query = sa.select(members).order_by(members.c.member)
        return tuple(_member(row) for row in self._connection.execute(query))

    def membership(self, member: MemberId) -> tuple[MembershipEntry, ...]:
        """A membership list as followed."""
        query = sa.select(memberships).where(memberships.c.member == member)
        rows = self._connection.execute(query.order_by(memberships.c.position))
        return tuple(_membership(row) for row in rows)

    def keys(self, member: MemberId) -> tuple[KeyEntry, ...]:
        """A key list as followed."""
        query = sa.select(member_keys).where(member_keys.c.member == member)
        rows = self._connection.execute(query.order_by(member_keys.c.position))
        return tuple(_key(row) for row in rows)

    def anchor(self, issuer: MemberId, root: BatchRoot) -> AnchorRecord | None:
        """An anchor as followed, with account and block."""
        query = sa.select(anchors).where(anchors.c.issuer == issuer, anchors.c.root == root)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _anchor(row)

    def anchors(self, issuer: MemberId) -> tuple[AnchorRecord, ...]:
        """An issuer's anchors by sequence."""
        query = sa.select(anchors).where(anchors.c.issuer == issuer)
        rows = self._connection.execute(query.order_by(anchors.c.sequence))
        return tuple(_anchor(row) for row in rows)

    def status(self, issuer: MemberId, leaf: Leaf) -> tuple[StatusEntry, ...]:
        """A status list as followed."""
        query = sa.select(statuses).where(statuses.c.issuer == issuer, statuses.c.leaf == leaf)
        rows = self._connection.execute(query.order_by(statuses.c.position))
        return tuple(_status(row) for row in rows)
