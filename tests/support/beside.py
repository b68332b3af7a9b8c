"""Statements beside a bundle's own, and what an honest chain says about each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from tests.support.certified_lot import ANCHORED_AT, DAY, VALID_FROM, Case, digest
from tests.support.statements import BODY, MINE, SITE
from veta.keys.signers import Es256kSigner
from veta.model.anchoring import AnchorRecord, BatchKind
from veta.model.bundle import FactsBeside, StatementBeside
from veta.model.consortium import (
    KeyAction,
    KeyAlgorithm,
    KeyEntry,
    KeyPurpose,
    Member,
    MembershipEntry,
    Role,
)
from veta.model.determined import Known
from veta.model.identifiers import KeyId, MemberId, UnixSeconds
from veta.model.lot import Issuance, Party
from veta.statement.credential import view_credential
from veta.statement.jws import leaf_of, sign_statement, unseal
from veta.statement.records import Certificate, build_certificate
from veta.trees import MerkleTree

SINCE = UnixSeconds(VALID_FROM - 100 * DAY)


@dataclass(frozen=True)
class Author:
    """A member who signs statements."""

    member: MemberId
    party: Party
    roles: Role
    control_group: int = 0
    signer: Es256kSigner = field(
        default_factory=lambda: Es256kSigner(sha256(b"an author's key, for tests").digest())
    )

    def registered(self) -> Member:
        return Member(
            self.member,
            self.party.identifier,
            self.party.name,
            "CL",
            self.control_group,
            digest(self.party.identifier),
        )

    def membership(self) -> MembershipEntry:
        return MembershipEntry(
            member=self.member,
            index=0,
            roles=self.roles,
            votes=False,
            admitted=True,
            effective_s=SINCE,
            recorded_at_s=SINCE,
        )

    def key(self) -> KeyEntry:
        return KeyEntry(
            member=self.member,
            index=0,
            action=KeyAction.BIND,
            purpose=KeyPurpose.SIGN,
            algorithm=KeyAlgorithm.ES256K,
            key_id=KeyId(self.signer.key_id),
            public_key=self.signer.public_key,
            effective_s=SINCE,
            recorded_at_s=SINCE,
        )


@dataclass(frozen=True)
class Shown:
    """A statement beside, and the chain's answers about it."""

    statement: StatementBeside
    facts: FactsBeside

    def with_facts(self, **changes: Any) -> Shown:
        return replace(self, facts=replace(self.facts, **changes))

    def with_statement(self, **changes: Any) -> Shown:
        return replace(self, statement=replace(self.statement, **changes))


BODY_MEMBER = Author(MemberId(9003), BODY, Role.CERTIFICATION_BODY)


def issuance(label: str, valid_until_s: UnixSeconds | None = None) -> Issuance:
    octets = sha256(label.encode()).digest()
    until_s = UnixSeconds(VALID_FROM + 365 * DAY) if valid_until_s is None else valid_until_s
    return Issuance(f"urn:veta:statement:{label}", VALID_FROM, octets[:16], until_s)


def a_certificate(label: str = "RMM-1", **changes: Any) -> dict[str, Any]:
    usual = Certificate(
        identifier=f"urn:veta:attestation:{label}",
        name="Responsible Metals Mark, site",
        issuer=BODY,
        holder=MINE,
        scheme=("https://rmm.example", "Responsible Metals Mark"),
        profile=("https://rmm.example/site/v1", "RMM site standard v1"),
        level="RMM-75",
        site=SITE,
        assessed_at_s=UnixSeconds(1_694_736_000),
        topic=("https://rmm.example/topic/all", "All topics"),
    )
    return build_certificate(replace(usual, **changes), issuance(label))


def shown(
    credential: dict[str, Any],
    author: Author = BODY_MEMBER,
    *,
    anchored_at_s: UnixSeconds = ANCHORED_AT,
    more: int = 2,
) -> Shown:
    """A statement in the middle of its batch, anchored by its author."""
    token = sign_statement(credential, author.signer)
    leaf = leaf_of(unseal(token).payload)
    tree = MerkleTree([leaf, *(sha256(bytes([each])).digest() for each in range(more))])
    kind: BatchKind = view_credential(credential).kind
    return Shown(
        StatementBeside(token, tree.inclusion(0), tree.root),
        FactsBeside(
            leaf=leaf,
            root=tree.root,
            issuer=Known(author.registered()),
            membership=Known((author.membership(),)),
            keys=Known((author.key(),)),
            anchor=Known(
                AnchorRecord(
                    issuer=author.member,
                    root=tree.root,
                    sequence=1,
                    size=1 + more,
                    kind=kind,
                    anchored_at_s=anchored_at_s,
                )
            ),
            status=Known(()),
        ),
    )


def with_beside(case: Case, *beside: Shown) -> Case:
    """A case that has these beside it."""
    return Case(
        replace(case.bundle, beside=tuple(each.statement for each in beside)),
        replace(case.facts, beside=tuple(each.facts for each in beside)),
    )
