"""The quick check of many claims of one anchored batch: signature, inclusion, anchor and key facts.

For audits, indexes and bulk doors. What is constant for a batch is judged once, when the checker is
made; each claim then costs one signature check and one path. Not checked here: what the payload
says (schema, dates, the issuer's role for its product), and the statement's status. A verdict comes
from ``Verifier`` alone.
"""

from __future__ import annotations

from typing import Final

from veta.errors import LedgerUnavailableError, VerificationError
from veta.model.anchoring import AnchorRecord
from veta.model.bundle import InclusionProof, LedgerFacts
from veta.model.consortium import KeyAction, KeyAlgorithm, KeyEntry, KeyPurpose, Member
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import KeyId, Leaf
from veta.model.trust import TrustConfig
from veta.statement.algorithms import check_signature
from veta.statement.jws import unseal
from veta.trees import root_from_path
from veta.verify.facts import usable_facts
from veta.verify.policy import Authentication
from veta.verify.timing import KeyStanding, judge_key


class ClaimChecker:
    """Checks claims of the one batch that ``facts`` are about.

    Args:
        trust: the pinned chain.
        facts: gathered for any statement of the batch.
        authentication: whether each signature is checked, or the anchor stands for the issuer.

    Raises:
        LedgerUnavailableError: a fact could not be had, with its own code.
        VerificationError: ``anchor.absent`` or ``issuer.not_a_member``.
    """

    __slots__ = ("_by_anchor", "_issuer", "_keys", "_record")

    def __init__(
        self,
        trust: TrustConfig,
        facts: LedgerFacts,
        authentication: Authentication = Authentication.SIGNATURE,
    ) -> None:
        member, record, entries = _required(usable_facts(facts, trust))
        self._record: Final = record
        self._issuer: Final = member.identifier
        self._by_anchor: Final = authentication is Authentication.ANCHOR
        self._keys: Final[dict[KeyId, tuple[KeyAlgorithm, bytes, KeyStanding]]] = {
            entry.key_id: (
                entry.algorithm,
                entry.public_key,
                judge_key(entries, entry.key_id, record.anchored_at_s).standing,
            )
            for entry in entries
            if entry.action is KeyAction.BIND and entry.purpose is KeyPurpose.SIGN
        }

    def check(self, token: bytes, proof: InclusionProof) -> Leaf:
        """The leaf of a claim that holds.

        Raises:
            InputError: malformed token or proof.
            VerificationError: ``signature.*``, ``key.*``, ``inclusion.other_size``,
                ``trees.root_mismatch`` or ``statement.kid_of_stranger``.
        """
        sealed = unseal(token)
        header = sealed.header
        if header.issuer != self._issuer:
            raise VerificationError("statement.kid_of_stranger", "signed for another issuer")
        if not self._by_anchor:
            key = self._keys.get(header.key_id)
            if key is None:
                raise VerificationError("signature.unknown_key", "the key was never bound")
            algorithm, public_key, standing = key
            if standing is not KeyStanding.GOOD:
                raise VerificationError(standing.value, "the key was not in force when anchored")
            if header.algorithm is not algorithm:
                raise VerificationError("signature.algorithm", "alg is not the bound key's")
            check_signature(algorithm, public_key, sealed.signing_input, sealed.signature)
        if proof.size != self._record.size:
            raise VerificationError("inclusion.other_size", "the proof is for another tree")
        if root_from_path(sealed.leaf, proof) != self._record.root:
            raise VerificationError("trees.root_mismatch", "the leaf is not under the root")
        return sealed.leaf


def _required(facts: LedgerFacts) -> tuple[Member, AnchorRecord, tuple[KeyEntry, ...]]:
    for fact in (facts.issuer, facts.anchor, facts.keys):
        if isinstance(fact, Undetermined):
            raise LedgerUnavailableError(fact.code, fact.reason)
    assert isinstance(facts.issuer, Known)
    assert isinstance(facts.anchor, Known)
    assert isinstance(facts.keys, Known)
    member, record = facts.issuer.value, facts.anchor.value
    if member is None:
        raise VerificationError("issuer.not_a_member", "the issuer is not a member")
    if record is None or record.issuer != member.member:
        raise VerificationError("anchor.absent", "the issuer has not anchored this batch")
    return member, record, facts.keys.value
