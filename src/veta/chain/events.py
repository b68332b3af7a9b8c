"""Logs of the pinned contracts into model values, by fixed slices of their ABI encoding.

Each event's fields lie in 32-octet words (Solidity ABI specification, "Events"): slicing them is
a hundred times faster than a general decoder, which serves as the oracle in the tests. Events
that change nothing a node follows have no body.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, TypeVar

from veta.chain.contract_abi import artifact
from veta.chain.lot_events import LOT_DECODERS
from veta.chain.rpc import garbage
from veta.chain.standing_events import STANDING_DECODERS
from veta.chain.web3_packages import DecodingError, abi_decode
from veta.model.anchoring import (
    AnchorRecord,
    BatchKind,
    BlockRef,
    StatusAction,
    StatusEntry,
    StatusReason,
)
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
    Digest,
    KeyId,
    Leaf,
    MemberId,
    UnixSeconds,
)
from veta.ports.ledger import LedgerEventBody, MemberAdmitted

Topics = tuple[bytes, ...]
Decoder = Callable[[Topics, bytes, BlockRef], LedgerEventBody]
E = TypeVar("E", bound=int)

_WORD: Final = 32


def decode_body(
    contract: str, topics: Topics, data: bytes, block: BlockRef
) -> LedgerEventBody | None:
    """What a log says, or ``None`` where a node has nothing to follow.

    Raises:
        LedgerUnavailableError: ``ledger.garbage`` when it cannot be a log of the contract.
    """
    decoder = _decoders(contract).get(topics[0], _unknown) if topics else _unknown
    if decoder is None:
        return None
    try:
        return decoder(topics, data, block)
    except (ValueError, IndexError, DecodingError, OverflowError) as error:
        raise garbage(f"a log of {contract}") from error


def status_entry(  # noqa: PLR0913 - the entry's fields
    *,
    issuer: MemberId,
    leaf: Leaf,
    index: int,
    action: int,
    reason: int,
    by_member: int,
    effective_s: int,
    recorded_at_s: int,
    related: bytes,
) -> StatusEntry:
    """One entry of a status list, the same from an event and from storage."""
    kind = StatusAction(action)
    return StatusEntry(
        issuer=issuer,
        leaf=leaf,
        index=index,
        action=kind,
        reason=StatusReason(reason),
        by_member=MemberId(by_member),
        effective_s=UnixSeconds(effective_s),
        recorded_at_s=UnixSeconds(recorded_at_s),
        related_leaf=Leaf(related) if kind is StatusAction.SUPERSEDE else None,
        party=(
            MemberId(int.from_bytes(related, "big"))
            if kind is StatusAction.DISPUTE_UPHELD
            else None
        ),
        grounds=Digest(related) if kind is StatusAction.DISPUTE else None,
    )


def _number(data: bytes, word: int) -> int:
    piece = data[word * _WORD : (word + 1) * _WORD]
    if len(piece) != _WORD:
        raise ValueError("the data is too short")
    return int.from_bytes(piece, "big")


def _truth(data: bytes, word: int) -> bool:
    number = _number(data, word)
    if number > 1:
        raise ValueError("not a truth value")
    return bool(number)


def _member(topic: bytes) -> MemberId:
    return MemberId(int.from_bytes(topic, "big"))


def _exactly(data: bytes, words: int) -> None:
    if len(data) != words * _WORD:
        raise ValueError("the data has another length")


def _batch_anchored(topics: Topics, data: bytes, block: BlockRef) -> AnchorRecord:
    _exactly(data, 4)
    return AnchorRecord(
        issuer=_member(topics[1]),
        root=BatchRoot(topics[2]),
        sequence=_number(data, 0),
        size=_number(data, 1),
        kind=BatchKind(_number(data, 2)),
        anchored_at_s=block.time_s,
        anchored_by=AccountAddress(data[3 * _WORD + 12 : 4 * _WORD]),
        block=block.number,
    )


def _status_recorded(topics: Topics, data: bytes, _: BlockRef) -> StatusEntry:
    _exactly(data, 7)
    return status_entry(
        issuer=_member(topics[1]),
        leaf=Leaf(topics[2]),
        index=_number(data, 0),
        action=_number(data, 1),
        reason=_number(data, 2),
        by_member=_number(data, 3),
        effective_s=_number(data, 4),
        recorded_at_s=_number(data, 5),
        related=data[6 * _WORD : 7 * _WORD],
    )


def _membership_changed(topics: Topics, data: bytes, _: BlockRef) -> MembershipEntry:
    _exactly(data, 6)
    return MembershipEntry(
        member=_member(topics[1]),
        index=_number(data, 0),
        roles=Role(_number(data, 1)),
        votes=_truth(data, 2),
        admitted=_truth(data, 3),
        effective_s=UnixSeconds(_number(data, 4)),
        recorded_at_s=UnixSeconds(_number(data, 5)),
    )


def _key_changed(topics: Topics, data: bytes, _: BlockRef) -> KeyEntry:
    start, length = _number(data, 6), _number(data, 7)
    padded = -(-length // _WORD) * _WORD
    if start != 7 * _WORD or len(data) != 8 * _WORD + padded:
        raise ValueError("the public key is not where it belongs")
    return KeyEntry(
        member=_member(topics[1]),
        index=_number(data, 0),
        action=KeyAction(_number(data, 1)),
        purpose=KeyPurpose(_number(data, 2)),
        algorithm=KeyAlgorithm(_number(data, 3)),
        key_id=KeyId(topics[2]),
        public_key=data[8 * _WORD : 8 * _WORD + length],
        effective_s=UnixSeconds(_number(data, 4)),
        recorded_at_s=UnixSeconds(_number(data, 5)),
    )


def _member_admitted(topics: Topics, data: bytes, _: BlockRef) -> MemberAdmitted:
    # Texts of any length and once a member: not worth slices of its own.
    identifier, name, country, control_group, identity = abi_decode(
        ("string", "string", "bytes2", "uint32", "bytes32"), data
    )
    return MemberAdmitted(
        Member(
            member=_member(topics[1]),
            identifier=identifier,
            name=name,
            country=country.decode("ascii"),
            control_group=control_group,
            identity_digest=Digest(identity),
        )
    )


_DECODERS: Final[dict[tuple[str, str], Decoder]] = {
    ("Consortium", "MemberAdmitted"): _member_admitted,
    ("Consortium", "MembershipChanged"): _membership_changed,
    ("Consortium", "KeyChanged"): _key_changed,
    ("StatementLog", "BatchAnchored"): _batch_anchored,
    ("StatementLog", "StatusRecorded"): _status_recorded,
    **LOT_DECODERS,
    **STANDING_DECODERS,
}


@cache
def _decoders(contract: str) -> dict[bytes, Decoder | None]:
    """Of a contract's events, by their first topics; ``None`` of those that nobody follows."""
    events = artifact(contract).events
    return {entry.topic: _DECODERS.get((contract, name)) for name, entry in events.items()}


def _unknown(*_: object) -> LedgerEventBody:
    raise ValueError("no event of the contract")
