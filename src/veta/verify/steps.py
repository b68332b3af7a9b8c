"""Steps 1, 2, 4 and 5: the document, its signature, its rules, its place in the batch.

What a step could not be asked is ``not_determined``, what was not handed over is ``not_proven``,
and only what was looked at and found wrong is ``failed``. None does I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from veta.claims.schemes import SchemeCatalogue
from veta.errors import ProvenanceError
from veta.model.anchoring import AnchorRecord
from veta.model.bundle import StatementBundle
from veta.model.consortium import KeyAction, KeyEntry, KeyPurpose
from veta.model.determined import Determined, Undetermined
from veta.model.identifiers import Leaf
from veta.statement.credential import Credential
from veta.statement.jws import SealedToken, SignedStatement, check_seal, read_statement
from veta.trees import verify_inclusion
from veta.verify.findings import failed, not_determined, not_proven, passed
from veta.verify.rules import UNKNOWN, faults_of
from veta.verify.verdict import Check, Step

_NO_SCHEMES: Final = SchemeCatalogue(0, {})


def check_form(bundle: StatementBundle) -> tuple[SignedStatement | None, list[Check]]:
    """Step 1: the token is a strict ``vc+jwt`` whose payload is a strict credential."""
    try:
        statement = read_statement(bundle.token)
    except ProvenanceError as error:
        return None, [failed(Step.WELL_FORMED, error.code, error.message)]
    return statement, [
        passed(
            Step.WELL_FORMED,
            "statement.well_formed",
            f"a {statement.credential.kind.name.lower()} statement of {len(bundle.token)} octets",
            leaf=statement.leaf.hex(),
        )
    ]


def find_sign_key(entries: Sequence[KeyEntry], sealed: SealedToken) -> KeyEntry | None:
    """The binding of the key that the token names, among the issuer's statement keys only."""
    for entry in entries:
        if (
            entry.key_id == sealed.header.key_id
            and entry.action is KeyAction.BIND
            and entry.purpose is KeyPurpose.SIGN
        ):
            return entry
    return None


def check_signature_of(
    statement: SignedStatement, keys: Determined[tuple[KeyEntry, ...]]
) -> list[Check]:
    """Step 2: signed by a key that the chain binds to the issuer; the key decides the algorithm."""
    if isinstance(keys, Undetermined):
        return [not_determined(Step.SIGNATURE, keys)]
    key = find_sign_key(keys.value, statement.sealed)
    key_id = statement.header.key_id.hex()
    if key is None:
        return [
            failed(
                Step.SIGNATURE,
                "signature.unknown_key",
                "the consortium never bound the signing key to this issuer",
                key_id=key_id,
            )
        ]
    try:
        check_seal(statement.sealed, key.algorithm, key.public_key)
    except ProvenanceError as error:
        return [failed(Step.SIGNATURE, error.code, error.message, key_id=key_id)]
    return [
        passed(
            Step.SIGNATURE,
            "signature.good",
            f"signed with the issuer's {key.algorithm.name} key",
            key_id=key_id,
        )
    ]


def check_rules(credential: Credential, schemes: SchemeCatalogue = _NO_SCHEMES) -> list[Check]:
    """Step 4: the members, types and numbers that its type asks for agree with each other.

    Args:
        credential: as read.
        schemes: by which criteria of a certificate are judged; one that it does not have is not.
    """
    found = [each for each in faults_of(credential, schemes) if each.code not in UNKNOWN]
    if not found:
        return [passed(Step.RULES, "rules.kept", "follows UNTP 0.7.0 and its own figures agree")]
    return [
        failed(
            Step.RULES,
            each.code,
            f"{each.pointer or 'the credential'} {each.sentence}",
            pointer=each.pointer,
        )
        for each in found[:20]
    ]


def check_inclusion(
    leaf: Leaf, bundle: StatementBundle, anchor: Determined[AnchorRecord | None]
) -> list[Check]:
    """Step 5: this very document is the leaf at one place of the batch that was anchored."""
    if bundle.inclusion is None or bundle.root is None:
        return [
            not_proven(Step.INCLUSION, "inclusion.missing", "no inclusion proof was handed over")
        ]
    try:
        verify_inclusion(leaf, bundle.inclusion, bundle.root)
    except ProvenanceError as error:
        return [failed(Step.INCLUSION, error.code, error.message)]
    size = bundle.inclusion.size
    if not isinstance(anchor, Undetermined) and anchor.value and anchor.value.size != size:
        return [
            failed(
                Step.INCLUSION,
                "inclusion.other_size",
                "the proof is for a tree of another size than the anchored one",
                proof_size=size,
                anchored_size=anchor.value.size,
            )
        ]
    return [
        passed(
            Step.INCLUSION,
            "inclusion.proven",
            f"statement {bundle.inclusion.index + 1} of {size} in its batch",
            index=bundle.inclusion.index,
            size=size,
            root=bundle.root.hex(),
        )
    ]
