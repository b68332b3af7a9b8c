"""A statement with its proof and the facts gathered for it, as one JSON file: ``veta-bundle/1``.

The file lets somebody else judge later, or without a network. Facts in it are as believable as
whoever gathered them; the verifier still holds them against its own pinned trust configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from veta import canonical
from veta.canonical import Limits
from veta.errors import InputError
from veta.model.anchoring import (
    AnchorRecord,
    BatchKind,
    BlockRef,
    ChainIdentity,
    ContractCode,
    StatusAction,
    StatusEntry,
    StatusReason,
)
from veta.model.bundle import InclusionProof, LedgerFacts, StatementBundle, StatusListClaim
from veta.model.consortium import (
    KeyAction,
    KeyAlgorithm,
    KeyEntry,
    KeyPurpose,
    Member,
    MembershipEntry,
    Role,
)
from veta.model.determined import Determined, Known, Undetermined
from veta.model.identifiers import (
    AccountAddress,
    BatchRoot,
    BlockNumber,
    Digest,
    KeyId,
    Leaf,
    MemberId,
    UnixSeconds,
)

FORMAT: Final = "veta-bundle/1"
LIMITS: Final = Limits(max_octets=4 << 20, max_nodes=200_000)
"""A bundle holds one token, one path and the lists of one issuer."""

T = TypeVar("T")


def write_bundle(bundle: StatementBundle, facts: LedgerFacts | None = None) -> bytes:
    """The file's octets, in RFC 8785 form."""
    inclusion = bundle.inclusion
    return canonical.write(
        {
            "format": FORMAT,
            "token": bundle.token.decode("ascii"),
            "root": _hex_or_none(bundle.root),
            "inclusion": None
            if inclusion is None
            else {
                "index": inclusion.index,
                "size": inclusion.size,
                "path": [node.hex() for node in inclusion.path],
            },
            "facts": None if facts is None else _facts_json(facts),
        }
    )


def read_bundle(octets: bytes, *, now_s: UnixSeconds) -> tuple[StatementBundle, LedgerFacts | None]:
    """A bundle and its facts, if it holds any.

    Not checked: anything that the verifier checks.

    Args:
        octets: the file.
        now_s: the reader's own clock. How old the facts are is told by it alone: a file that was
            kept since before a revocation must not look fresh for ever.

    Raises:
        InputError: ``canonical.*`` for octets that are no strict JSON, ``bundle.malformed`` for
            JSON that is no bundle, naming the member.
    """
    document = canonical.read_object(octets, LIMITS)
    if document.get("format") != FORMAT:
        raise InputError("bundle.malformed", f"format must be {FORMAT}")
    try:
        bundle = StatementBundle(
            token=_text(document["token"]).encode("ascii"),
            inclusion=_optional(document["inclusion"], _read_inclusion),
            root=_optional(document["root"], lambda value: BatchRoot(_octets(value, 32))),
        )
        return bundle, _optional(document["facts"], lambda facts: _read_facts(facts, now_s))
    except KeyError as error:
        raise InputError("bundle.malformed", f"the bundle lacks {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError("bundle.malformed", f"the bundle holds {error}") from error


# --- facts out -------------------------------------------------------------------------------


def _facts_json(facts: LedgerFacts) -> dict[str, Any]:
    return {
        "chain": _determined_json(facts.chain, _identity_json),
        "asOf": _determined_json(facts.as_of, _block_json),
        "issuer": _determined_json(facts.issuer, _nullable(_member_json)),
        "membership": _determined_json(facts.membership, _each(_membership_json)),
        "keys": _determined_json(facts.keys, _each(_key_json)),
        "anchor": _determined_json(facts.anchor, _nullable(_anchor_json)),
        "status": _determined_json(facts.status, _each(_status_json)),
        "statusList": None
        if facts.status_list is None
        else _determined_json(facts.status_list, lambda claim: {"revoked": claim.revoked}),
    }


def _determined_json(fact: Determined[T], write: Callable[[T], Any]) -> dict[str, Any]:
    if isinstance(fact, Undetermined):
        return {"undetermined": {"code": fact.code, "reason": fact.reason}}
    return {"known": write(fact.value)}


def _nullable(write: Callable[[T], Any]) -> Callable[[T | None], Any]:
    return lambda value: None if value is None else write(value)


def _each(write: Callable[[T], Any]) -> Callable[[tuple[T, ...]], Any]:
    return lambda values: [write(value) for value in values]


def _identity_json(identity: ChainIdentity) -> dict[str, Any]:
    return {
        "chainId": identity.chain_id,
        "genesisDigest": identity.genesis_digest.hex(),
        "contracts": [
            {
                "name": contract.name,
                "address": contract.address.hex(),
                "codeDigest": contract.code_digest.hex(),
            }
            for contract in identity.contracts
        ],
    }


def _block_json(block: BlockRef) -> dict[str, Any]:
    return {
        "number": block.number,
        "digest": block.digest.hex(),
        "parentDigest": block.parent_digest.hex(),
        "time": block.time_s,
    }


def _member_json(member: Member) -> dict[str, Any]:
    return {
        "member": member.member,
        "identifier": member.identifier,
        "name": member.name,
        "country": member.country,
        "controlGroup": member.control_group,
        "identityDigest": member.identity_digest.hex(),
    }


def _membership_json(entry: MembershipEntry) -> dict[str, Any]:
    return {
        "member": entry.member,
        "index": entry.index,
        "roles": int(entry.roles),
        "votes": entry.votes,
        "admitted": entry.admitted,
        "effective": entry.effective_s,
        "recordedAt": entry.recorded_at_s,
    }


def _key_json(entry: KeyEntry) -> dict[str, Any]:
    return {
        "member": entry.member,
        "index": entry.index,
        "action": entry.action.name,
        "purpose": entry.purpose.name,
        "algorithm": entry.algorithm.name,
        "keyId": entry.key_id.hex(),
        "publicKey": entry.public_key.hex(),
        "effective": entry.effective_s,
        "recordedAt": entry.recorded_at_s,
    }


def _anchor_json(record: AnchorRecord) -> dict[str, Any]:
    return {
        "issuer": record.issuer,
        "root": record.root.hex(),
        "sequence": record.sequence,
        "size": record.size,
        "kind": record.kind.name,
        "anchoredAt": record.anchored_at_s,
        "anchoredBy": _hex_or_none(record.anchored_by),
        "block": record.block,
    }


def _status_json(entry: StatusEntry) -> dict[str, Any]:
    return {
        "issuer": entry.issuer,
        "leaf": entry.leaf.hex(),
        "index": entry.index,
        "action": entry.action.name,
        "reason": entry.reason.name,
        "byMember": entry.by_member,
        "effective": entry.effective_s,
        "recordedAt": entry.recorded_at_s,
        "relatedLeaf": _hex_or_none(entry.related_leaf),
        "party": entry.party,
        "grounds": _hex_or_none(entry.grounds),
    }


def _hex_or_none(octets: bytes | None) -> str | None:
    return None if octets is None else octets.hex()


# --- facts in --------------------------------------------------------------------------------


def _read_facts(document: Mapping[str, Any], now_s: UnixSeconds) -> LedgerFacts:
    return LedgerFacts(
        asked_at_s=now_s,
        carried=True,
        chain=_determined(document["chain"], _read_identity),
        as_of=_determined(document["asOf"], _read_block),
        issuer=_determined(document["issuer"], _read_optional(_read_member)),
        membership=_determined(document["membership"], _read_each(_read_membership)),
        keys=_determined(document["keys"], _read_each(_read_key)),
        anchor=_determined(document["anchor"], _read_optional(_read_anchor)),
        status=_determined(document["status"], _read_each(_read_status)),
        status_list=_optional(
            document["statusList"], lambda fact: _determined(fact, _read_status_list)
        ),
    )


def _determined(document: Mapping[str, Any], read: Callable[[Any], T]) -> Determined[T]:
    if document.keys() == {"undetermined"}:
        why = document["undetermined"]
        return Undetermined(_text(why["code"]), _text(why["reason"]))
    if document.keys() != {"known"}:
        raise ValueError("a fact that is neither known nor undetermined")
    return Known(read(document["known"]))


def _optional(value: Any, read: Callable[[Any], T]) -> T | None:
    return None if value is None else read(value)


def _read_optional(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda value: _optional(value, read)


def _read_each(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    def read_all(values: Any) -> tuple[T, ...]:
        if not isinstance(values, list):
            raise TypeError("something else where a list belongs")
        return tuple(read(value) for value in values)

    return read_all


def _read_identity(value: Mapping[str, Any]) -> ChainIdentity:
    return ChainIdentity(
        chain_id=_whole(value["chainId"]),
        genesis_digest=Digest(_octets(value["genesisDigest"], 32)),
        contracts=tuple(
            ContractCode(
                _text(contract["name"]),
                AccountAddress(_octets(contract["address"], 20)),
                Digest(_octets(contract["codeDigest"], 32)),
            )
            for contract in value["contracts"]
        ),
    )


def _read_block(value: Mapping[str, Any]) -> BlockRef:
    return BlockRef(
        BlockNumber(_whole(value["number"])),
        Digest(_octets(value["digest"], 32)),
        Digest(_octets(value["parentDigest"], 32)),
        UnixSeconds(_whole(value["time"])),
    )


def _read_member(value: Mapping[str, Any]) -> Member:
    return Member(
        member=MemberId(_whole(value["member"])),
        identifier=_text(value["identifier"]),
        name=_text(value["name"]),
        country=_text(value["country"]),
        control_group=_whole(value["controlGroup"]),
        identity_digest=Digest(_octets(value["identityDigest"], 32)),
    )


def _read_membership(value: Mapping[str, Any]) -> MembershipEntry:
    return MembershipEntry(
        member=MemberId(_whole(value["member"])),
        index=_whole(value["index"]),
        roles=Role(_whole(value["roles"])),
        votes=_flag(value["votes"]),
        admitted=_flag(value["admitted"]),
        effective_s=UnixSeconds(_whole(value["effective"])),
        recorded_at_s=UnixSeconds(_whole(value["recordedAt"])),
    )


def _read_key(value: Mapping[str, Any]) -> KeyEntry:
    return KeyEntry(
        member=MemberId(_whole(value["member"])),
        index=_whole(value["index"]),
        action=KeyAction[_text(value["action"])],
        purpose=KeyPurpose[_text(value["purpose"])],
        algorithm=KeyAlgorithm[_text(value["algorithm"])],
        key_id=KeyId(_octets(value["keyId"], 32)),
        public_key=bytes.fromhex(_text(value["publicKey"])),
        effective_s=UnixSeconds(_whole(value["effective"])),
        recorded_at_s=UnixSeconds(_whole(value["recordedAt"])),
    )


def _read_anchor(value: Mapping[str, Any]) -> AnchorRecord:
    return AnchorRecord(
        issuer=MemberId(_whole(value["issuer"])),
        root=BatchRoot(_octets(value["root"], 32)),
        sequence=_whole(value["sequence"]),
        size=_whole(value["size"]),
        kind=BatchKind[_text(value["kind"])],
        anchored_at_s=UnixSeconds(_whole(value["anchoredAt"])),
        anchored_by=_optional(value["anchoredBy"], lambda each: AccountAddress(_octets(each, 20))),
        block=_optional(value["block"], lambda each: BlockNumber(_whole(each))),
    )


def _read_status(value: Mapping[str, Any]) -> StatusEntry:
    return StatusEntry(
        issuer=MemberId(_whole(value["issuer"])),
        leaf=Leaf(_octets(value["leaf"], 32)),
        index=_whole(value["index"]),
        action=StatusAction[_text(value["action"])],
        reason=StatusReason[_text(value["reason"])],
        by_member=MemberId(_whole(value["byMember"])),
        effective_s=UnixSeconds(_whole(value["effective"])),
        recorded_at_s=UnixSeconds(_whole(value["recordedAt"])),
        related_leaf=_optional(value["relatedLeaf"], lambda each: Leaf(_octets(each, 32))),
        party=_optional(value["party"], lambda each: MemberId(_whole(each))),
        grounds=_optional(value["grounds"], lambda each: Digest(_octets(each, 32))),
    )


def _read_status_list(value: Mapping[str, Any]) -> StatusListClaim:
    return StatusListClaim(revoked=_flag(value["revoked"]))


def _read_inclusion(value: Mapping[str, Any]) -> InclusionProof:
    return InclusionProof(
        index=_whole(value["index"]),
        size=_whole(value["size"]),
        path=tuple(_octets(node, 32) for node in value["path"]),
    )


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("something else where a whole number belongs")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("something else where true or false belongs")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("something else where a text belongs")
    return value


def _octets(value: object, length: int) -> bytes:
    octets = bytes.fromhex(_text(value))
    if len(octets) != length:
        raise ValueError(f"{len(octets)} octets where {length} belong")
    return octets
