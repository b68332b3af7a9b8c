"""What the chain said about statements, in a bundle's file and out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veta.model.anchoring import (
    AnchorRecord,
    BatchKind,
    BlockRef,
    ChainIdentity,
    ContractCode,
)
from veta.model.bundle import FactsBeside, LedgerFacts, StatusListClaim
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
    UnixSeconds,
)
from veta.verify.beside import MAX_BESIDE
from veta.verify.strict_json import (
    determined,
    determined_json,
    each_json,
    flag,
    hex_or_none,
    listed,
    members,
    nullable,
    octets,
    optional,
    read_each,
    read_optional,
    text,
    whole,
)
from veta.verify.transport_assurance import accreditation_json, read_accreditation
from veta.verify.transport_lots import lot_facts_json, read_lot_facts
from veta.verify.transport_status import read_status, status_json

# --- facts out -------------------------------------------------------------------------------


def facts_json(facts: LedgerFacts) -> dict[str, Any]:
    """Everything that was asked, known or not."""
    return {
        "chain": determined_json(facts.chain, _identity_json),
        "asOf": determined_json(facts.as_of, _block_json),
        "issuer": determined_json(facts.issuer, nullable(_member_json)),
        "membership": determined_json(facts.membership, each_json(_membership_json)),
        "keys": determined_json(facts.keys, each_json(_key_json)),
        "anchor": determined_json(facts.anchor, nullable(_anchor_json)),
        "status": determined_json(facts.status, each_json(status_json)),
        "statusList": None
        if facts.status_list is None
        else determined_json(facts.status_list, lambda claim: {"revoked": claim.revoked}),
        **({} if facts.lot is None else {"lot": lot_facts_json(facts.lot)}),
        **({"beside": [_beside_json(each) for each in facts.beside]} if facts.beside else {}),
    }


def _beside_json(facts: FactsBeside) -> dict[str, Any]:
    return {
        "leaf": facts.leaf.hex(),
        "root": hex_or_none(facts.root),
        "issuer": determined_json(facts.issuer, nullable(_member_json)),
        "membership": determined_json(facts.membership, each_json(_membership_json)),
        "keys": determined_json(facts.keys, each_json(_key_json)),
        "anchor": determined_json(facts.anchor, nullable(_anchor_json)),
        "status": determined_json(facts.status, each_json(status_json)),
        "accreditation": determined_json(facts.accreditation, nullable(accreditation_json)),
    }


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
        "anchoredBy": hex_or_none(record.anchored_by),
        "block": record.block,
    }


# --- facts in --------------------------------------------------------------------------------


def read_facts(document: Mapping[str, Any], now_s: UnixSeconds) -> LedgerFacts:
    """What a file says that the chain said; ``now_s`` is the reader's own clock."""
    return LedgerFacts(
        asked_at_s=now_s,
        carried=True,
        chain=determined(document["chain"], _read_identity),
        as_of=determined(document["asOf"], _read_block),
        issuer=determined(document["issuer"], read_optional(_read_member)),
        membership=determined(document["membership"], read_each(_read_membership)),
        keys=determined(document["keys"], read_each(_read_key)),
        anchor=determined(document["anchor"], read_optional(_read_anchor)),
        status=determined(document["status"], read_each(read_status)),
        status_list=optional(
            document["statusList"], lambda fact: determined(fact, _read_status_list)
        ),
        lot=optional(document.get("lot"), read_lot_facts),
        beside=listed(document.get("beside", []), MAX_BESIDE, _read_beside),
    )


def _read_beside(value: Any) -> FactsBeside:
    names = ("leaf", "root", "issuer", "membership", "keys", "anchor", "status", "accreditation")
    document = members(value, *names)
    return FactsBeside(
        leaf=Leaf(octets(document["leaf"], 32)),
        root=optional(document["root"], lambda each: BatchRoot(octets(each, 32))),
        issuer=determined(document["issuer"], read_optional(_read_member)),
        membership=determined(document["membership"], read_each(_read_membership)),
        keys=determined(document["keys"], read_each(_read_key)),
        anchor=determined(document["anchor"], read_optional(_read_anchor)),
        status=determined(document["status"], read_each(read_status)),
        accreditation=determined(document["accreditation"], read_optional(read_accreditation)),
    )


def _read_identity(value: Mapping[str, Any]) -> ChainIdentity:
    return ChainIdentity(
        chain_id=whole(value["chainId"]),
        genesis_digest=Digest(octets(value["genesisDigest"], 32)),
        contracts=tuple(
            ContractCode(
                text(contract["name"]),
                AccountAddress(octets(contract["address"], 20)),
                Digest(octets(contract["codeDigest"], 32)),
            )
            for contract in value["contracts"]
        ),
    )


def _read_block(value: Mapping[str, Any]) -> BlockRef:
    return BlockRef(
        BlockNumber(whole(value["number"])),
        Digest(octets(value["digest"], 32)),
        Digest(octets(value["parentDigest"], 32)),
        UnixSeconds(whole(value["time"])),
    )


def _read_member(value: Mapping[str, Any]) -> Member:
    return Member(
        member=MemberId(whole(value["member"])),
        identifier=text(value["identifier"]),
        name=text(value["name"]),
        country=text(value["country"]),
        control_group=whole(value["controlGroup"]),
        identity_digest=Digest(octets(value["identityDigest"], 32)),
    )


def _read_membership(value: Mapping[str, Any]) -> MembershipEntry:
    return MembershipEntry(
        member=MemberId(whole(value["member"])),
        index=whole(value["index"]),
        roles=Role(whole(value["roles"])),
        votes=flag(value["votes"]),
        admitted=flag(value["admitted"]),
        effective_s=UnixSeconds(whole(value["effective"])),
        recorded_at_s=UnixSeconds(whole(value["recordedAt"])),
    )


def _read_key(value: Mapping[str, Any]) -> KeyEntry:
    return KeyEntry(
        member=MemberId(whole(value["member"])),
        index=whole(value["index"]),
        action=KeyAction[text(value["action"])],
        purpose=KeyPurpose[text(value["purpose"])],
        algorithm=KeyAlgorithm[text(value["algorithm"])],
        key_id=KeyId(octets(value["keyId"], 32)),
        public_key=bytes.fromhex(text(value["publicKey"])),
        effective_s=UnixSeconds(whole(value["effective"])),
        recorded_at_s=UnixSeconds(whole(value["recordedAt"])),
    )


def _read_anchor(value: Mapping[str, Any]) -> AnchorRecord:
    return AnchorRecord(
        issuer=MemberId(whole(value["issuer"])),
        root=BatchRoot(octets(value["root"], 32)),
        sequence=whole(value["sequence"]),
        size=whole(value["size"]),
        kind=BatchKind[text(value["kind"])],
        anchored_at_s=UnixSeconds(whole(value["anchoredAt"])),
        anchored_by=optional(value["anchoredBy"], lambda each: AccountAddress(octets(each, 20))),
        block=optional(value["block"], lambda each: BlockNumber(whole(each))),
    )


def _read_status_list(value: Mapping[str, Any]) -> StatusListClaim:
    return StatusListClaim(revoked=flag(value["revoked"]))
