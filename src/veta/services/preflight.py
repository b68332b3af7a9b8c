"""Before signing and before anchoring: judge a statement as a verifier will once it is anchored.

A bad statement cannot be taken back: signed, anchored and found INVALID it stays on record. What a
verifier reads from the chain (roles, keys, time) is read here first, once, at the final head, and
held against the same tables (``veta.verify.timing``); the codes are the verifier's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from veta.errors import VerificationError
from veta.model.anchoring import BatchKind
from veta.model.consortium import KeyEntry, MembershipEntry, Role
from veta.model.identifiers import KeyId, Leaf, MemberId, UnixSeconds
from veta.ports.ledger import LedgerReader
from veta.ports.store import Batch, IntentState, StatementRecord, StoreWork
from veta.services.anchor import split_leaves
from veta.statement.credential import Credential
from veta.statement.jws import unseal
from veta.verify.chain_steps import needed_roles
from veta.verify.claims_step import check_words
from veta.verify.findings import failed
from veta.verify.policy import Policy
from veta.verify.timing import (
    KeyStanding,
    judge_anchor_time,
    judge_contest,
    judge_key,
    judge_validity,
    roles_at,
)
from veta.verify.verdict import Check, Outcome, Step


@dataclass(frozen=True, slots=True)
class MemberStanding:
    """What the chain says of a member, read once."""

    membership: tuple[MembershipEntry, ...]
    keys: tuple[KeyEntry, ...]
    at_s: UnixSeconds
    """The moment to judge for: no anchor made from now on has an earlier block."""

    def key_standing(self, key_id: KeyId) -> KeyStanding:
        """What a key is worth at ``at_s``."""
        return judge_key(self.keys, key_id, self.at_s).standing


def read_standing(ledger: LedgerReader, member: MemberId, now_s: UnixSeconds) -> MemberStanding:
    """Read a member's roles and keys at the final head.

    Args:
        ledger: the chain.
        member: whose standing.
        now_s: the node's clock; counts where the last block is older than that.

    Raises:
        LedgerError: the chain cannot be asked.
    """
    head = ledger.final_head()
    return MemberStanding(
        membership=ledger.membership(member, head),
        keys=ledger.keys(member, head),
        at_s=max(head.time_s, now_s),
    )


def foresee(
    credential: Credential, key_id: KeyId, standing: MemberStanding, policy: Policy
) -> list[Check]:
    """The checks that would not pass if the credential were anchored now; empty if all would.

    Looked at: the issuer's role for the kind and the product class, the signing key, both dates,
    and words that may not stand on a label.
    Not looked at: the credential's own rules (``check_rules``), and whether ``standing`` is that of
    its issuer.
    """
    return [
        *_foresee_role(credential, standing, policy),
        *_foresee_key(key_id, standing),
        *_foresee_dates(credential, standing.at_s, policy),
        *(each for each in check_words(credential) if each.outcome is Outcome.FAILED),
    ]


def require_sound(
    credential: Credential, key_id: KeyId, standing: MemberStanding, policy: Policy
) -> None:
    """As ``foresee``, for who only goes on if nothing is found.

    Raises:
        VerificationError: with the code of the first check that would not pass.
    """
    for check in foresee(credential, key_id, standing, policy):
        raise VerificationError(check.code, check.sentence)


def waiting(
    work: StoreWork, member: MemberId, kind: BatchKind | None = None
) -> Iterator[StatementRecord]:
    """A member's statements that are in no batch (of one kind, or of each), oldest first."""
    for each, count in work.unbatched_kinds(member).items():
        if kind is None or kind is each:
            for leaf in work.unbatched(member, each, count):
                yield _record(work, leaf)


def count_waiting(work: StoreWork, member: MemberId, keys: Collection[KeyId]) -> int:
    """How many statements signed with these keys are in no batch, or in one not yet final."""
    count = sum(key_of(record) in keys for record in waiting(work, member))
    for intent in work.intents(IntentState.OPEN):
        if isinstance(intent.subject, Batch) and intent.subject.issuer == member:
            leaves = split_leaves(work.batch_leaves(intent.subject.number))
            count += sum(key_of(_record(work, Leaf(leaf))) in keys for leaf in leaves)
    return count


def key_of(record: StatementRecord) -> KeyId:
    """The key that a kept statement names as its signer's."""
    return unseal(record.token).header.key_id


def _record(work: StoreWork, leaf: Leaf) -> StatementRecord:
    stored = work.statement(leaf)
    assert stored is not None  # its leaf was read in the same transaction
    return stored.record


def _foresee_role(
    credential: Credential, standing: MemberStanding, policy: Policy
) -> Iterator[Check]:
    roles = roles_at(standing.membership, standing.at_s)
    needed = needed_roles(credential, policy)
    if roles is None:
        sentence = "the issuer is not an admitted member now"
        yield failed(Step.ISSUER, "issuer.not_admitted", sentence)
    elif not roles & needed:
        held, wanted = _names(roles), _names(needed)
        yield failed(
            Step.ISSUER,
            "issuer.role_missing",
            f"it asks for the role {' or '.join(wanted)}, and the issuer is"
            f" {' and '.join(held) or 'without any'}",
            held=held,
            needed=wanted,
        )


def _foresee_key(key_id: KeyId, standing: MemberStanding) -> Iterator[Check]:
    finding = judge_contest(standing.key_standing(key_id), reaffirmed=False)
    if finding.outcome is not Outcome.PASSED:
        facts = {"key_id": key_id.hex()}
        sentence = f"the signing key {key_id.hex()[:8]}... {_KEY_WORDS[KeyStanding(finding.code)]}"
        yield Check(Step.ISSUER, finding.outcome, finding.code, sentence, dict(facts))


def _foresee_dates(credential: Credential, at_s: UnixSeconds, policy: Policy) -> Iterator[Check]:
    findings = (
        judge_anchor_time(
            valid_from_s=credential.valid_from_s,
            anchored_at_s=at_s,
            late_after_s=policy.late_after_s,
            future_skew_s=policy.future_skew_s,
        ),
        judge_validity(
            valid_until_s=credential.valid_until_s, anchored_at_s=at_s, relied_on_at_s=at_s
        ),
    )
    for finding in findings:
        if finding.outcome is Outcome.FAILED:
            yield failed(Step.STATUS, finding.code, _DATE_WORDS[finding.code], at_s=at_s)


def _names(roles: Role) -> tuple[str, ...]:
    return tuple(role.name.lower() for role in Role if role in roles and role.name)


_KEY_WORDS: Final = {
    KeyStanding.UNKNOWN: "is not bound to the issuer on the chain",
    KeyStanding.NOT_YET_BOUND: "is bound from a later moment on only",
    KeyStanding.RETIRED: "has been retired",
    KeyStanding.PAUSED: "has been stopped",
    KeyStanding.CONTESTED: "may be in somebody else's hands",
    KeyStanding.COMPROMISED: "has been declared stolen",
}
_DATE_WORDS: Final = {
    "validity.anchored_before_valid": "it bears a date that is still to come",
    "validity.expired_before_anchor": "its validity has ended already",
}
