"""Steps 3, 6 and 7: what the chain says of issuer, anchor and status, against the document.

Times are judged by the tables of ``veta.verify.timing``; this module gathers what they need and
puts their findings into words.
"""

from __future__ import annotations

from veta.model.anchoring import AnchorRecord, BatchKind, BlockRef, StatusEntry
from veta.model.bundle import LedgerFacts, StatusListClaim
from veta.model.consortium import KeyEntry, Member, MembershipEntry, Role
from veta.model.determined import Determined, Known, Undetermined
from veta.model.identifiers import BatchRoot, UnixSeconds
from veta.statement.credential import Credential
from veta.statement.jws import SignedStatement
from veta.statement.rules import facts_of
from veta.verify.findings import not_determined
from veta.verify.policy import Policy
from veta.verify.time_table import ANSWERS
from veta.verify.timing import (
    Finding,
    KeyStanding,
    judge_anchor_time,
    judge_contest,
    judge_key,
    judge_status,
    judge_validity,
    left_since,
    reaffirmed_after,
    roles_at,
)
from veta.verify.verdict import Check, FactValue, Outcome, Step


def check_issuer(
    statement: SignedStatement,
    member: Determined[Member | None],
    membership: Determined[tuple[MembershipEntry, ...]],
    anchor: Determined[AnchorRecord | None],
    as_of: Determined[BlockRef],
    policy: Policy,
) -> list[Check]:
    """Step 3, first half: a member with a role for such a statement when it was anchored."""
    identifier = statement.credential.issuer.identifier
    if isinstance(member, Undetermined):
        return [not_determined(Step.ISSUER, member)]
    if member.value is None:
        return [_answer("issuer.not_a_member", f"{identifier} is not a member")]
    if isinstance(membership, Undetermined):
        return [not_determined(Step.ISSUER, membership)]
    at_s = _anchor_time(anchor)
    if isinstance(at_s, Check):
        return [at_s]
    roles = roles_at(membership.value, at_s)
    needed = needed_roles(statement.credential, policy)
    checks = [_judge_role(member.value, roles, needed, at_s)]
    if isinstance(as_of, Known):
        checks += _judge_since(member.value, membership.value, at_s, as_of.value)
    return checks + _judge_class(statement.credential)


def _judge_since(
    member: Member, entries: tuple[MembershipEntry, ...], at_s: UnixSeconds, block: BlockRef
) -> list[Check]:
    """What a member anchored stays when it goes; whoever reads it is told that it went."""
    left = left_since(entries, at_s, block.time_s)
    if left is None:
        return []
    row = ANSWERS["issuer.left_since"]
    return [_answer(row.code, f"{member.name} {row.sentence}", left_at_s=left.effective_s)]


def _judge_class(credential: Credential) -> list[Check]:
    """A passport in somebody else's form names no class that a role could be held against."""
    if credential.kind is not BatchKind.PASSPORT or facts_of(credential).product_class is not None:
        return []
    return [
        Check(
            Step.ISSUER,
            Outcome.NOTICE,
            "issuer.class_not_stated",
            "names no product class, so only the role for passports at large was checked",
        )
    ]


def _judge_role(member: Member, roles: Role | None, needed: Role, at_s: UnixSeconds) -> Check:
    if roles is None:
        return _answer(
            "issuer.not_admitted",
            f"{member.name} was not an admitted member when this was anchored",
            anchored_at_s=at_s,
        )
    held = _role_names(roles)
    if not roles & needed:
        return _answer(
            "issuer.role_missing",
            f"{member.name} holds no role that may say this",
            held=held,
            needed=_role_names(needed),
        )
    return _answer(
        "issuer.role",
        f"{member.name} ({member.country}) was a member with a fitting role",
        held=held,
        member=member.member,
    )


def needed_roles(credential: Credential, policy: Policy) -> Role:
    """Any one of these roles may issue the credential."""
    needed = policy.roles_by_kind[credential.kind]
    product_class = facts_of(credential).product_class
    if product_class is not None:
        needed &= policy.roles_by_product_class.get(product_class, needed)
    return needed


def check_key_time(
    statement: SignedStatement,
    keys: Determined[tuple[KeyEntry, ...]],
    anchor: Determined[AnchorRecord | None],
    status: Determined[tuple[StatusEntry, ...]],
) -> list[Check]:
    """Step 3, second half: what the signing key was worth when the statement was anchored."""
    if isinstance(keys, Undetermined):
        return [not_determined(Step.ISSUER, keys)]
    at_s = _anchor_time(anchor)
    if isinstance(at_s, Check):
        return [at_s]
    judgement = judge_key(keys.value, statement.header.key_id, at_s)
    decided_by = judgement.decided_by
    if judgement.standing is KeyStanding.CONTESTED and isinstance(status, Undetermined):
        return [not_determined(Step.ISSUER, status)]
    entries = () if isinstance(status, Undetermined) else status.value
    reaffirmed = decided_by is not None and reaffirmed_after(
        entries, statement.leaf, decided_by.recorded_at_s
    )
    finding = judge_contest(judgement.standing, reaffirmed=reaffirmed)
    facts: dict[str, FactValue] = {"anchored_at_s": at_s, "key_id": statement.header.key_id.hex()}
    if decided_by is not None:
        facts |= {"effective_s": decided_by.effective_s, "declared_s": decided_by.recorded_at_s}
    return [Check(Step.ISSUER, finding.outcome, finding.code, finding.sentence, facts)]


def _answer(code: str, sentence: str = "", **facts: FactValue) -> Check:
    """An answer of the table, in its own words unless there are better ones."""
    row = ANSWERS[code]
    return Check(row.question.step, row.outcome, code, sentence or row.sentence, facts)


def _anchor_time(anchor: Determined[AnchorRecord | None]) -> UnixSeconds | Check:
    """When the chain saw the statement: the only time that counts for keys and roles."""
    if isinstance(anchor, Undetermined):
        return not_determined(Step.ISSUER, anchor)
    if anchor.value is None:
        return _answer("issuer.no_anchor_time")
    return anchor.value.anchored_at_s


def _role_names(roles: Role) -> tuple[str, ...]:
    return tuple(role.name.lower() for role in Role if role in roles and role.name)


def check_anchor(
    statement: SignedStatement,
    root: BatchRoot | None,
    anchor: Determined[AnchorRecord | None],
    as_of: Determined[BlockRef],
) -> list[Check]:
    """Step 6: the issuer anchored this root, as this kind, and the block is final."""
    if isinstance(as_of, Undetermined):
        return [not_determined(Step.ANCHOR, as_of)]
    if isinstance(anchor, Undetermined):
        return [not_determined(Step.ANCHOR, anchor)]
    record = anchor.value
    if record is None or root is None:
        return [_answer("anchor.absent")]
    if record.root != root:
        why = Undetermined("facts.other_batch", "the facts are about another batch than the bundle")
        return [not_determined(Step.ANCHOR, why)]
    if record.kind is not statement.credential.kind:
        return [
            _answer(
                "anchor.other_kind",
                f"anchored as {record.kind.name.lower()}, and the document is"
                f" {statement.credential.kind.name.lower()}",
            )
        ]
    return [
        _answer(
            "anchor.final",
            f"anchored by the issuer as its batch number {record.sequence}",
            sequence=record.sequence,
            anchored_at_s=record.anchored_at_s,
            as_of_block=as_of.value.number,
        )
    ]


def check_dates(
    credential: Credential,
    anchor: Determined[AnchorRecord | None],
    relied_on_at_s: UnixSeconds,
    policy: Policy,
) -> list[Check]:
    """Step 7, first half: the document's own dates against the block that anchored it."""
    if isinstance(anchor, Undetermined):
        return [not_determined(Step.STATUS, anchor)]
    if anchor.value is None:
        return [_answer("validity.no_anchor_time")]
    anchored_at_s = anchor.value.anchored_at_s
    if relied_on_at_s < anchored_at_s:
        return [
            _answer(
                "anchor.later_than_reliance",
                anchored_at_s=anchored_at_s,
                relied_on_at_s=relied_on_at_s,
            )
        ]
    findings = [
        judge_anchor_time(
            valid_from_s=credential.valid_from_s,
            anchored_at_s=anchored_at_s,
            late_after_s=policy.late_after_s,
            future_skew_s=policy.future_skew_s,
        ),
        judge_validity(
            valid_until_s=credential.valid_until_s,
            anchored_at_s=anchored_at_s,
            relied_on_at_s=relied_on_at_s,
        ),
    ]
    facts: dict[str, FactValue] = {
        "valid_from_s": credential.valid_from_s,
        "valid_until_s": credential.valid_until_s,
        "anchored_at_s": anchored_at_s,
        "relied_on_at_s": relied_on_at_s,
    }
    return [
        Check(Step.STATUS, finding.outcome, finding.code, finding.sentence, facts)
        for finding in findings
    ]


def check_status(
    status: Determined[tuple[StatusEntry, ...]],
    listed: Determined[StatusListClaim] | None,
    *,
    relied_on_at_s: UnixSeconds,
    dispute_lapse_s: int,
) -> list[Check]:
    """Step 7, second half: what was said about the statement after it was anchored."""
    if isinstance(status, Undetermined):
        return [not_determined(Step.STATUS, status), *_judge_list_alone(listed)]
    findings = judge_status(
        status.value,
        relied_on_at_s=relied_on_at_s,
        listed_revoked=listed.value.revoked if isinstance(listed, Known) else None,
        dispute_lapse_s=dispute_lapse_s,
    )
    checks = [
        Check(Step.STATUS, each.outcome, each.code, each.sentence, _status_facts(each))
        for each in findings
    ]
    if isinstance(listed, Undetermined):
        checks += _judge_list_alone(listed)
    return sorted(checks, key=lambda check: _PLACES[check.code])


_PLACES = {code: place for place, code in enumerate(ANSWERS)}


def _judge_list_alone(listed: Determined[StatusListClaim] | None) -> list[Check]:
    """What a published list is worth without the chain's own word: only a revocation counts."""
    if listed is None:
        return []
    if isinstance(listed, Known):
        return [_answer("status.revoked_in_list")] if listed.value.revoked else []
    return [_answer("status.list_unread", listed.reason)]


def check_source(facts: LedgerFacts, policy: Policy) -> list[Check]:
    """Step 6: who says what the chain says; a file says it of itself."""
    if not facts.carried or isinstance(facts.as_of, Undetermined):
        return []
    outcome = Outcome.NOTICE if policy.believe_carried else Outcome.NOT_PROVEN
    sentence = "what the chain says was not asked: it is the word of whoever made the file"
    return [Check(Step.ANCHOR, outcome, "facts.carried", sentence)]


def check_age(as_of: BlockRef, asked_at_s: UnixSeconds, policy: Policy) -> list[Check]:
    """Step 7: a block tells no status that is later than itself, nor one for ever."""
    if policy.relied_on_at_s is not None and policy.relied_on_at_s > as_of.time_s:
        return [_answer("status.after_block")]
    age_s = asked_at_s - as_of.time_s
    if age_s <= policy.max_age_s:
        return []
    sentence = f"the newest final block is {age_s} s old; after {policy.max_age_s} s it tells no"
    return [_answer("status.stale", f"{sentence} status")]


def _status_facts(finding: Finding) -> dict[str, FactValue]:
    entry = finding.entry
    if entry is None:
        return {}
    facts: dict[str, FactValue] = {
        "reason": entry.reason.name.lower(),
        "by_member": entry.by_member,
        "effective_s": entry.effective_s,
        "said_at_s": entry.recorded_at_s,
    }
    if entry.related_leaf is not None:
        facts["superseded_by"] = entry.related_leaf.hex()
    if entry.grounds is not None:
        facts["grounds"] = entry.grounds.hex()
    return facts
