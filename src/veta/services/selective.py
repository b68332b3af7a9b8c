"""Documents shown in part (SD-JWT): prepared for signing, and judged by what the chain says.

What is signed with parts hidden is a statement as well: the same payload octets, so the same leaf,
which is anchored and revoked like any other. A presentation brings no anchor with it. Without one
nothing shows when it was signed, so it is judged as if it were anchored now: member, role, key and
dates have to be good at this moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from veta.disclosure.disclosures import ALGORITHM
from veta.disclosure.envelope import VerificationKey
from veta.disclosure.mandatory import missing_claims
from veta.disclosure.pointers import pointer_text
from veta.disclosure.reconstruct import reconstruct
from veta.disclosure.salts import SALT_OCTETS
from veta.disclosure.sd_jwt import (
    DisclosedClaims,
    SdJwt,
    issue_sd_jwt,
    read_sd_jwt,
    verify_sd_jwt,
)
from veta.errors import ForbiddenError, InputError, VerificationError
from veta.model.anchoring import BatchKind
from veta.model.bundle import LedgerFacts
from veta.model.consortium import KeyAction, KeyEntry, KeyPurpose
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.trust import TrustConfig
from veta.ports.clock import Clock
from veta.ports.keys import StatementSigner
from veta.ports.ledger import LedgerReader
from veta.services.lot_facts import ask
from veta.services.preflight import MemberStanding, foresee
from veta.statement.credential import Credential, view_credential
from veta.statement.rules import facts_of, find_faults
from veta.verify import chain_steps
from veta.verify.facts import usable_facts
from veta.verify.findings import failed, not_determined, not_proven, passed
from veta.verify.policy import Policy
from veta.verify.report import NEVER_PROVEN, Report
from veta.verify.rules import check_rules
from veta.verify.verdict import Check, Outcome, Step, Verdict, conclude

REQUIRED: Final = frozenset(
    {Step.WELL_FORMED, Step.SIGNATURE, Step.ISSUER, Step.RULES, Step.STATUS}
)
"""Steps without which a presentation is not good; its anchor is shown by a bundle, if at all."""
_MISSING: Final = "statement.missing_member"
_WELL_FORMED: Final = passed(
    Step.WELL_FORMED, "disclosure.well_formed", "an SD-JWT that can be read"
)


@dataclass(frozen=True, slots=True)
class SelectiveReport:
    """What became of a presentation."""

    verdict: Verdict
    checks: tuple[Check, ...]
    leaf: Leaf
    issuer: str
    """DID, as the document names it."""
    member_name: str | None
    """As the consortium registers it."""
    disclosed: DisclosedClaims | None
    """What it shows; ``None`` unless the verdict is good."""

    @property
    def not_proven(self) -> tuple[str, ...]:
        """What is not shown, in sentences; never empty."""
        open_outcomes = (Outcome.NOT_PROVEN, Outcome.NOT_DETERMINED)
        found = [check.sentence for check in self.checks if check.outcome in open_outcomes]
        return (*found, *NEVER_PROVEN)

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        shown = self.disclosed
        return {
            "verdict": self.verdict.value,
            "leaf": self.leaf.hex(),
            "issuer": self.issuer,
            "issuerRegisteredAs": self.member_name,
            "checks": [
                {
                    "step": int(each.step),
                    "outcome": each.outcome.value,
                    "code": each.code,
                    "sentence": each.sentence,
                }
                for each in self.checks
            ],
            "opened": None if shown is None else list(shown.opened),
            "hiddenCount": None if shown is None else shown.unopened,
            "claims": None if shown is None else shown.claims,
            "notProven": [*self.not_proven],
        }


def prepare_selective(
    credential: dict[str, Any],
    hidden: Iterable[str],
    signer: StatementSigner,
    *,
    identifier: str,
    token_bytes: Callable[[int], bytes],
) -> SdJwt:
    """Sign a credential with parts of it hidden, each behind a fresh salt; nothing is kept.

    Args:
        credential: in full.
        hidden: JSON pointers. What the credential's type requires stays open.
        signer: the member's statement key.
        identifier: the member's DID.
        token_bytes: octets of a cryptographic generator.

    Returns:
        With every disclosure, for the holder; ``part.claims`` is what is issued as a statement.

    Raises:
        ForbiddenError: ``issue.other_issuer``.
        InputError: as ``issue_sd_jwt`` and ``view_credential``; ``disclosure.already``.
        VerificationError: it breaks a rule of its type, in full or with the parts hidden.
    """
    view = view_credential(credential)
    if view.issuer.identifier != identifier:
        raise ForbiddenError(
            "issue.other_issuer",
            f"this node signs for {identifier}, not for {view.issuer.identifier}",
        )
    if ALGORITHM in credential:
        raise InputError("disclosure.already", "parts of the credential are hidden already")
    check_rules(view)
    salts = iter(lambda: token_bytes(SALT_OCTETS), b"")
    token = issue_sd_jwt(credential, signer, hidden=hidden, salts=salts)
    sd_jwt = read_sd_jwt(token)
    check_rules(view_credential(sd_jwt.part.claims))
    return sd_jwt


def judge_selective(
    sd_jwt: SdJwt,
    ledger: LedgerReader,
    clock: Clock,
    trust: TrustConfig,
    *,
    policy: Policy,
    required: Iterable[str] = (),
) -> SelectiveReport:
    """Judge a presentation by what the pinned chain says now: steps 1 to 4 and 7.

    Args:
        sd_jwt: as read.
        ledger: the chain; whatever cannot be asked is not determined.
        clock: the reader's own.
        trust: what the chain must be.
        policy: of the reader.
        required: JSON pointers of what has to be shown.

    Raises:
        InputError: what is not formed as RFC 9901 says; ``disclosure.pointer_malformed``.
    """
    facts = usable_facts(_gather(sd_jwt, ledger, clock), trust)
    found, disclosed = _signed(sd_jwt, facts)
    checks = [_WELL_FORMED, *found]
    if disclosed is not None:
        checks += _standing(disclosed, sd_jwt, facts, policy)
        checks += _required(disclosed, required)
    checks += _status(facts, policy)
    verdict = conclude(checks, REQUIRED)
    member = facts.issuer.value if isinstance(facts.issuer, Known) else None
    return SelectiveReport(
        verdict=verdict,
        checks=tuple(sorted(checks, key=lambda check: check.step)),
        leaf=sd_jwt.leaf,
        issuer=sd_jwt.part.issuer or "",
        member_name=None if member is None else member.name,
        disclosed=disclosed if verdict.good else None,
    )


def judge_under_anchor(sd_jwt: SdJwt, report: Report, required: Iterable[str]) -> SelectiveReport:
    """Judge a presentation by the verdict on its statement, whose leaf is the same.

    Signatures name nothing: the statement's own counts, and the presentation's is not looked at.

    Raises:
        InputError: as ``reconstruct``; ``disclosure.pointer_malformed``.
        VerificationError: ``disclosure.other_leaf``: the bundle is of another statement.
    """
    if report.leaf != sd_jwt.leaf:
        raise VerificationError(
            "disclosure.other_leaf", "the bundle is of another statement than the presentation"
        )
    seen = reconstruct(sd_jwt.part.claims, sd_jwt.disclosures)
    pointers = tuple(sorted(pointer_text(each.path) for each in seen.opened))
    disclosed = DisclosedClaims(seen.claims, pointers, seen.unopened, None)
    missing = list(_required(disclosed, required))
    verdict = report.verdict
    if missing and verdict.good:
        verdict = Verdict.NOT_PROVEN
    return SelectiveReport(
        verdict=verdict,
        checks=(*report.checks, *missing),
        leaf=sd_jwt.leaf,
        issuer=sd_jwt.part.issuer or "",
        member_name=report.member_name,
        disclosed=disclosed if verdict.good else None,
    )


def _gather(sd_jwt: SdJwt, ledger: LedgerReader, clock: Clock) -> LedgerFacts:
    """What the chain says of issuer and leaf, all at its final head."""
    none = Undetermined("facts.not_asked", "nothing was asked")
    facts = LedgerFacts(
        chain=ask(ledger.identity),
        as_of=ask(ledger.final_head),
        issuer=none,
        membership=none,
        keys=none,
        anchor=Known(None),
        status=none,
        asked_at_s=clock.now_s(),
    )
    if isinstance(facts.as_of, Undetermined):
        return replace(facts, issuer=facts.as_of, status=facts.as_of)
    block, identifier = facts.as_of.value, sd_jwt.part.issuer or ""
    found = ask(lambda: ledger.member_id(identifier, block))
    if isinstance(found, Undetermined):
        return replace(facts, issuer=found, status=found)
    member = found.value
    if member is None:
        nobody: Known[tuple[Any, ...]] = Known(())
        return replace(facts, issuer=Known(None), membership=nobody, keys=nobody, status=nobody)
    return replace(
        facts,
        issuer=ask(lambda: ledger.member(member, block)),
        membership=ask(lambda: ledger.membership(member, block)),
        keys=ask(lambda: ledger.keys(member, block)),
        status=ask(lambda: ledger.status(member, sd_jwt.leaf, block)),
    )


def _signed(sd_jwt: SdJwt, facts: LedgerFacts) -> tuple[list[Check], DisclosedClaims | None]:
    """Step 2, with the issuer's key from the chain, and what the presentation then shows."""
    for answer in (facts.as_of, facts.issuer, facts.membership, facts.keys):
        if isinstance(answer, Undetermined):
            return [not_determined(Step.ISSUER, answer)], None
    assert isinstance(facts.issuer, Known)
    assert isinstance(facts.keys, Known)
    if facts.issuer.value is None:
        sentence = f"{sd_jwt.part.issuer} is not a member"
        return [failed(Step.ISSUER, "issuer.not_a_member", sentence)], None
    key = _sign_key(facts.keys.value, sd_jwt)
    if key is None:
        sentence = "the consortium never bound the signing key to this issuer"
        return [failed(Step.SIGNATURE, "signature.unknown_key", sentence)], None
    trusted = VerificationKey(key.algorithm, key.public_key)
    try:
        disclosed = verify_sd_jwt(sd_jwt, trusted, at_s=_now_s(facts))
    except VerificationError as error:
        step = Step.SIGNATURE if error.code.startswith("signature.") else Step.STATUS
        return [failed(step, error.code, error.message)], None
    words = f"signed with the issuer's {key.algorithm.name} key"
    return [passed(Step.SIGNATURE, "signature.good", words)], disclosed


def _sign_key(entries: Iterable[KeyEntry], sd_jwt: SdJwt) -> KeyEntry | None:
    for entry in entries:
        is_ours = entry.action is KeyAction.BIND and entry.purpose is KeyPurpose.SIGN
        if is_ours and entry.key_id == sd_jwt.part.key_id:
            return entry
    return None


def _standing(
    disclosed: DisclosedClaims, sd_jwt: SdJwt, facts: LedgerFacts, policy: Policy
) -> Iterator[Check]:
    """Steps 3 and 4, of the document as it is shown."""
    assert isinstance(facts.membership, Known)
    assert isinstance(facts.keys, Known)
    assert sd_jwt.part.key_id is not None  # the profile asks for it
    try:
        credential = view_credential(disclosed.claims)
    except InputError as error:
        yield _unreadable(error, disclosed)
        return
    yield _judge_rules(credential, disclosed)
    standing = MemberStanding(facts.membership.value, facts.keys.value, _now_s(facts))
    bad = foresee(credential, sd_jwt.part.key_id, standing, policy)
    yield from bad
    if not any(check.step is Step.ISSUER for check in bad):
        yield passed(Step.ISSUER, "issuer.role", "a member with a fitting role and a key in force")
    if credential.kind is BatchKind.PASSPORT and facts_of(credential).product_class is None:
        sentence = "shows no product class, so only the role for passports at large was checked"
        yield Check(Step.ISSUER, Outcome.NOTICE, "issuer.class_not_stated", sentence)


def _unreadable(error: InputError, disclosed: DisclosedClaims) -> Check:
    """A document that is no credential; perhaps one of which too much is hidden."""
    if disclosed.unopened:
        sentence = f"what is required is not shown: {error.message}"
        return not_proven(Step.RULES, "disclosure.required_hidden", sentence)
    return failed(Step.RULES, error.code, error.message)


def _judge_rules(credential: Credential, disclosed: DisclosedClaims) -> Check:
    faults = find_faults(credential)
    if not faults:
        return passed(Step.RULES, "rules.kept", "follows UNTP 0.7.0 and its own figures agree")
    first = faults[0]
    place = first.pointer or "the credential"
    if disclosed.unopened and all(fault.code == _MISSING for fault in faults):
        sentence = f"{place} is required by the document's type, and is not shown"
        return not_proven(Step.RULES, "disclosure.required_hidden", sentence)
    return failed(Step.RULES, first.code, f"{place} {first.sentence}")


def _required(disclosed: DisclosedClaims, required: Iterable[str]) -> Iterator[Check]:
    """What the reader asks to see; without it the document is incomplete."""
    for pointer in missing_claims(disclosed, required):
        sentence = f"{pointer} is asked for, and is hidden or has no value"
        yield not_proven(Step.RULES, "disclosure.claim_missing", sentence)


def _status(facts: LedgerFacts, policy: Policy) -> Iterator[Check]:
    """Steps 6 and 7: what was said of the leaf, and that no anchor was shown."""
    sentence = "no anchor was handed over: when it was signed is not shown, it is judged for now"
    yield Check(Step.ANCHOR, Outcome.NOTICE, "anchor.not_shown", sentence)
    if isinstance(facts.as_of, Undetermined):
        yield not_determined(Step.STATUS, facts.as_of)
        return
    yield from chain_steps.check_age(facts.as_of.value, facts.asked_at_s, policy)
    yield from chain_steps.check_status(
        facts.status,
        facts.status_list,
        relied_on_at_s=UnixSeconds(facts.as_of.value.time_s),
        dispute_lapse_s=policy.dispute_lapse_s,
    )


def _now_s(facts: LedgerFacts) -> UnixSeconds:
    assert isinstance(facts.as_of, Known)
    return max(facts.as_of.value.time_s, facts.asked_at_s)
