"""A statement with its proof and the facts gathered for it, as one JSON file: ``veta-bundle/1``.

The file lets somebody else judge later, or without a network. Facts in it are as believable as
whoever gathered them; the verifier still holds them against its own pinned trust configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from veta import canonical
from veta.canonical import Limits
from veta.errors import InputError
from veta.model.anchoring import (
    AnchorRecord,
    BatchKind,
    BlockRef,
    ChainIdentity,
    ContractCode,
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
from veta.model.identifiers import (
    AccountAddress,
    BatchRoot,
    BlockNumber,
    Digest,
    KeyId,
    MemberId,
    UnixSeconds,
)
from veta.verify.strict_json import (
    determined,
    determined_json,
    each_json,
    flag,
    hex_or_none,
    nullable,
    octets,
    optional,
    read_each,
    read_optional,
    text,
    whole,
)
from veta.verify.transport_lots import (
    disclosure_json,
    lot_facts_json,
    read_disclosure,
    read_lot_facts,
)
from veta.verify.transport_status import read_status, status_json

FORMAT: Final = "veta-bundle/1"
LIMITS: Final = Limits(max_octets=4 << 20, max_nodes=200_000)
"""A bundle holds one token, one path, the lists of one issuer, and the runs behind one lot."""


def write_bundle(bundle: StatementBundle, facts: LedgerFacts | None = None) -> bytes:
    """The file's octets, in RFC 8785 form."""
    inclusion = bundle.inclusion
    return canonical.write(
        {
            "format": FORMAT,
            "token": bundle.token.decode("ascii"),
            "root": hex_or_none(bundle.root),
            "inclusion": None
            if inclusion is None
            else {
                "index": inclusion.index,
                "size": inclusion.size,
                "path": [node.hex() for node in inclusion.path],
            },
            "facts": None if facts is None else _facts_json(facts),
            **disclosure_json(bundle),
        }
    )


def read_bundle(file: bytes, *, now_s: UnixSeconds) -> tuple[StatementBundle, LedgerFacts | None]:
    """A bundle and its facts, if it holds any.

    Not checked: anything that the verifier checks.

    Args:
        file: its octets.
        now_s: the reader's own clock. How old the facts are is told by it alone: a file that was
            kept since before a revocation must not look fresh for ever.

    Raises:
        InputError: ``canonical.*`` for octets that are no strict JSON, ``bundle.malformed`` for
            JSON that is no bundle, naming the member.
    """
    document = canonical.read_object(file, LIMITS)
    if document.get("format") != FORMAT:
        raise InputError("bundle.malformed", f"format must be {FORMAT}")
    try:
        lot, runs = read_disclosure(document)
        bundle = StatementBundle(
            token=text(document["token"]).encode("ascii"),
            inclusion=optional(document["inclusion"], _read_inclusion),
            root=optional(document["root"], lambda value: BatchRoot(octets(value, 32))),
            lot=lot,
            runs=runs,
        )
        return bundle, optional(document["facts"], lambda facts: _read_facts(facts, now_s))
    except KeyError as error:
        raise InputError("bundle.malformed", f"the bundle lacks {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError("bundle.malformed", f"the bundle holds {error}") from error


# --- facts out -------------------------------------------------------------------------------


def _facts_json(facts: LedgerFacts) -> dict[str, Any]:
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


def _read_facts(document: Mapping[str, Any], now_s: UnixSeconds) -> LedgerFacts:
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


def _read_inclusion(value: Mapping[str, Any]) -> InclusionProof:
    return InclusionProof(
        index=whole(value["index"]),
        size=whole(value["size"]),
        path=tuple(octets(node, 32) for node in value["path"]),
    )
