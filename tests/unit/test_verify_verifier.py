"""The verifier against everybody who would like another verdict."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

import veta
from tests.support.certified_lot import (
    ANCHORED_AT,
    CONTRACTS,
    DAY,
    MEMBER,
    NOW,
    SIGNER,
    STRANGER,
    TRUST,
    VALID_FROM,
    VALID_UNTIL,
    Case,
    cathode_lot,
    digest,
    honest_case,
    issuance,
    key_entries,
    passport_token,
)
from veta.errors import VerificationError
from veta.model.anchoring import BatchKind, BlockRef, StatusAction, StatusEntry, StatusReason
from veta.model.bundle import InclusionProof, LedgerFacts, StatusListClaim
from veta.model.consortium import KeyAction, KeyPurpose, Role
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import BatchRoot, BlockNumber, Leaf, MemberId, UnixSeconds
from veta.statement import base64url
from veta.statement.jws import leaf_of, sign_statement, unseal
from veta.statement.passport import build_passport
from veta.verify.facts import usable_facts
from veta.verify.policy import Authentication, Policy
from veta.verify.report import Report, VerifiedStatement, mint_verified
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def judge(case: Case, **policy: object) -> Report:
    return Verifier(TRUST, Policy(**policy)).verify(case.bundle, case.facts)  # type: ignore[arg-type]


def outcome_of(report: Report, code: str) -> Outcome:
    (check,) = [check for check in report.checks if check.code == code]
    return check.outcome


def status(action: StatusAction, **changes: object) -> StatusEntry:
    entry = StatusEntry(
        issuer=MEMBER,
        leaf=leaf_of(unseal(honest_case().bundle.token).payload),
        index=0,
        action=action,
        reason=StatusReason.NONE,
        by_member=MEMBER,
        effective_s=UnixSeconds(NOW - DAY),
        recorded_at_s=UnixSeconds(NOW - DAY),
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


class TestHonest:
    def test_verify__honest_case__valid_and_says_what_is_not_proven(self) -> None:
        report = judge(honest_case())
        assert report.verdict is Verdict.VALID
        assert report.require().statement.token == honest_case().bundle.token
        assert report.as_of is not None and report.as_of.number == 900
        assert {check.step for check in report.checks} == set(Step)
        assert any(
            "metal in the box" in sentence or "metal described" in sentence
            for sentence in report.not_proven
        )

    def test_verify__every_place_in_the_batch__valid(self) -> None:
        for index in range(5):
            assert judge(honest_case(index=index)).verdict is Verdict.VALID

    def test_verify__steps_come_in_their_order(self) -> None:
        numbers = [check.step for check in judge(honest_case()).checks]
        assert numbers == sorted(numbers)


class TestAlteredDocument:
    @pytest.mark.row("A01")
    def test_verify__footprint_3031_to_2031_in_the_stored_document__invalid_naming_steps(
        self,
    ) -> None:
        """UNTP's own figure and Veta's integer are both edited, so no inner contradiction helps."""
        token = honest_case().bundle.token
        header, payload, signature = token.split(b".")
        text = base64url.decode(payload)
        altered = text.replace(b"3031", b"2031").replace(b"3.031", b"2.031")
        assert altered != text
        forged = b".".join([header, base64url.encode(altered), signature])
        report = judge(honest_case().with_bundle(token=forged))
        assert report.verdict is Verdict.INVALID
        failed = {check.step for check in report.checks if check.outcome is Outcome.FAILED}
        assert {Step.SIGNATURE, Step.INCLUSION} <= failed
        assert report.failed_at is Step.SIGNATURE
        assert report.verified is None

    @pytest.mark.row("A01")
    @pytest.mark.parametrize("octet", range(0, 4000, 97))
    def test_verify__any_octet_of_the_token_changed__never_good(self, octet: int) -> None:
        token = bytearray(honest_case().bundle.token)
        token[octet] = ord("A") if token[octet] != ord("A") else ord("B")
        assert not judge(honest_case().with_bundle(token=bytes(token))).verdict.good

    def test_verify__resigned_by_its_own_issuer_after_the_edit__not_the_anchored_leaf(
        self,
    ) -> None:
        """Even the issuer cannot put another document in the place of the anchored one."""
        lot = cathode_lot(1003)
        assert lot.footprint is not None
        cheaper = replace(
            lot, footprint=replace(lot.footprint, co2e_g=50_775_000, co2e_g_per_kg=2_031)
        )
        token = sign_statement(build_passport(cheaper, issuance("1003")), SIGNER)
        report = judge(honest_case().with_bundle(token=token))
        assert outcome_of(report, "signature.good") is Outcome.PASSED
        assert report.failed_at is Step.INCLUSION

    @pytest.mark.row("A02")
    def test_verify__same_content_with_members_in_another_order__is_another_document(
        self,
    ) -> None:
        """Octets are what is signed: a re-serialised copy is refused here, restored elsewhere."""
        token = honest_case().bundle.token
        header, payload, signature = token.split(b".")
        text = base64url.decode(payload)
        reordered = (
            b"{" + text[1:].split(b",", 1)[1][:-1] + b"," + text[1:].split(b",", 1)[0] + b"}"
        )
        forged = b".".join([header, base64url.encode(reordered), signature])
        assert not judge(honest_case().with_bundle(token=forged)).verdict.good


class TestSignature:
    @pytest.mark.row("A07", "T13")
    def test_verify__s_flipped_to_the_other_half__invalid(self) -> None:
        header, payload, signature = honest_case().bundle.token.split(b".")
        octets = base64url.decode(signature)
        high_s = SECP256K1_ORDER - int.from_bytes(octets[32:], "big")
        flipped = base64url.encode(octets[:32] + high_s.to_bytes(32, "big"))
        report = judge(honest_case().with_bundle(token=b".".join([header, payload, flipped])))
        assert report.failed_at is Step.SIGNATURE
        assert outcome_of(report, "signature.high_s") is Outcome.FAILED

    def test_verify__signed_by_a_key_that_was_never_bound__invalid(self) -> None:
        tokens = [passport_token(1001, STRANGER)]
        report = judge(honest_case(index=0, tokens=tokens))
        assert outcome_of(report, "signature.unknown_key") is Outcome.FAILED

    @pytest.mark.row("A06")
    def test_verify__kid_of_a_stranger_member__refused_at_the_door(self) -> None:
        """A token whose header names another issuer's key is not resolved anywhere else."""
        header, payload, signature = honest_case().bundle.token.split(b".")
        text = base64url.decode(header).replace(b"refineria-bahia-serena", b"mina-aurora")
        report = judge(
            honest_case().with_bundle(token=b".".join([base64url.encode(text), payload, signature]))
        )
        assert outcome_of(report, "statement.kid_of_stranger") is Outcome.FAILED

    def test_verify__key_list_without_the_binding__does_not_sign(self) -> None:
        bound, retired = key_entries((KeyAction.RETIRE, NOW, NOW))
        unbound = replace(retired, index=0, public_key=bound.public_key)
        report = judge(honest_case().with_facts(keys=Known((unbound,))))
        assert outcome_of(report, "signature.unknown_key") is Outcome.FAILED

    def test_verify__key_bound_for_another_purpose__does_not_sign(self) -> None:
        entries = tuple(replace(entry, purpose=KeyPurpose.WITNESS) for entry in key_entries())
        report = judge(honest_case().with_facts(keys=Known(entries)))
        assert outcome_of(report, "signature.unknown_key") is Outcome.FAILED

    @pytest.mark.row("A06")
    def test_verify__signature_of_one_lot_on_another__invalid(self) -> None:
        header, _, signature = passport_token(1001).split(b".")
        payload = passport_token(1003).split(b".")[1]
        report = judge(honest_case().with_bundle(token=b".".join([header, payload, signature])))
        assert report.failed_at is Step.SIGNATURE


class TestIssuer:
    @pytest.mark.row("A05")
    @pytest.mark.parametrize(
        ("roles", "product_class", "verdict"),
        [
            (Role.REFINER, "copper-cathode", Verdict.VALID),
            (Role.REFINER | Role.TRADER, "copper-cathode", Verdict.VALID),
            (Role.TRADER, "copper-cathode", Verdict.INVALID),
            (Role.LABORATORY, "copper-cathode", Verdict.INVALID),
            (Role.MINER, "copper-cathode", Verdict.INVALID),
            (Role.REFINER, "copper-concentrate", Verdict.INVALID),
            (Role.MINER, "copper-concentrate", Verdict.VALID),
            (Role.TRADER, "copper-concentrate", Verdict.INVALID),
            (Role(0), "copper-cathode", Verdict.INVALID),
        ],
    )
    def test_verify__role_against_product_class__as_the_table_says(
        self, roles: Role, product_class: str, verdict: Verdict
    ) -> None:
        lot = cathode_lot(1001, product_class=product_class)
        token = sign_statement(build_passport(lot, issuance("1001")), SIGNER)
        case = honest_case(index=0, tokens=[token])
        assert isinstance(case.facts.membership, Known)
        (entry,) = case.facts.membership.value
        report = judge(case.with_facts(membership=Known((replace(entry, roles=roles),))))
        assert report.verdict is verdict
        if verdict is Verdict.INVALID:
            assert outcome_of(report, "issuer.role_missing") is Outcome.FAILED

    @pytest.mark.row("A05")
    def test_verify__product_class_left_out_to_escape_the_table__notice(self) -> None:
        """A miner that hides what its lot is may still say it, but not without a mark."""
        document = build_passport(cathode_lot(1001), issuance("1001"))
        document["credentialSubject"]["characteristics"] = {"type": ["SomebodyElses"]}
        case = honest_case(index=0, tokens=[sign_statement(document, SIGNER)])
        assert isinstance(case.facts.membership, Known)
        (entry,) = case.facts.membership.value
        report = judge(case.with_facts(membership=Known((replace(entry, roles=Role.MINER),))))
        assert report.verdict is Verdict.VALID_WITH_NOTICE
        assert outcome_of(report, "issuer.class_not_stated") is Outcome.NOTICE

    def test_verify__issuer_is_no_member__invalid(self) -> None:
        case = honest_case().with_facts(
            issuer=Known(None),
            membership=Known(()),
            keys=Known(()),
            anchor=Known(None),
            status=Known(()),
        )
        report = judge(case)
        assert report.verdict is Verdict.INVALID
        assert outcome_of(report, "issuer.not_a_member") is Outcome.FAILED

    def test_verify__expelled_before_it_was_anchored__invalid(self) -> None:
        case = honest_case()
        assert isinstance(case.facts.membership, Known)
        (entry,) = case.facts.membership.value
        out = replace(
            entry, index=1, admitted=False, roles=Role(0), effective_s=UnixSeconds(ANCHORED_AT)
        )
        report = judge(case.with_facts(membership=Known((entry, out))))
        assert outcome_of(report, "issuer.not_admitted") is Outcome.FAILED

    @pytest.mark.row("A08", "T1")
    @pytest.mark.parametrize(
        ("since", "declared", "reaffirmed", "verdict"),
        [
            (ANCHORED_AT + 1, ANCHORED_AT + DAY, False, Verdict.VALID),
            (ANCHORED_AT, ANCHORED_AT + DAY, False, Verdict.NOT_PROVEN),
            (ANCHORED_AT, ANCHORED_AT + DAY, True, Verdict.VALID_WITH_NOTICE),
            (ANCHORED_AT - DAY, ANCHORED_AT, False, Verdict.INVALID),
            (ANCHORED_AT - DAY, ANCHORED_AT, True, Verdict.INVALID),
        ],
    )
    def test_verify__stolen_key__before_in_and_after_the_window(
        self, since: int, declared: int, reaffirmed: bool, verdict: Verdict
    ) -> None:
        case = honest_case().with_keys((KeyAction.COMPROMISE, since, declared))
        if reaffirmed:
            case = case.with_status(status(StatusAction.REAFFIRM))
        assert judge(case).verdict is verdict

    @pytest.mark.parametrize("action", [KeyAction.RETIRE, KeyAction.PAUSE])
    def test_verify__key_used_after_it_ended__invalid_before_it_ended__valid(
        self, action: KeyAction
    ) -> None:
        ended = honest_case().with_keys((action, ANCHORED_AT, ANCHORED_AT))
        assert judge(ended).verdict is Verdict.INVALID
        later = honest_case().with_keys((action, ANCHORED_AT + 1, ANCHORED_AT + 1))
        assert judge(later).verdict is Verdict.VALID


class TestInclusionAndAnchor:
    @pytest.mark.row("T12")
    @pytest.mark.parametrize(
        "spoil",
        [
            lambda proof: replace(proof, path=proof.path[:-1]),
            lambda proof: replace(proof, path=(*proof.path, b"\0" * 32)),
            lambda proof: replace(proof, path=()),
            lambda proof: replace(proof, path=(proof.path[0][:31], *proof.path[1:])),
            lambda proof: replace(proof, index=proof.index + 1),
            lambda proof: replace(proof, index=proof.index - 1),
            lambda proof: replace(proof, size=proof.size + 1),
            lambda proof: replace(proof, index=-1),
            lambda proof: replace(proof, size=0),
        ],
    )
    def test_verify__spoilt_proof__invalid(
        self, spoil: Callable[[InclusionProof], InclusionProof]
    ) -> None:
        case = honest_case()
        assert case.bundle.inclusion is not None
        report = judge(case.with_bundle(inclusion=spoil(case.bundle.inclusion)))
        assert report.verdict is Verdict.INVALID
        assert report.failed_at is Step.INCLUSION

    def test_verify__anchored_size_differs_from_the_proofs__invalid(self) -> None:
        report = judge(honest_case().with_anchor(size=6))
        assert outcome_of(report, "inclusion.other_size") is Outcome.FAILED

    @pytest.mark.row("T15")
    @pytest.mark.parametrize("kind", [kind for kind in BatchKind if kind is not BatchKind.PASSPORT])
    def test_verify__anchored_as_another_kind__invalid(self, kind: BatchKind) -> None:
        report = judge(honest_case().with_anchor(kind=kind))
        assert outcome_of(report, "anchor.other_kind") is Outcome.FAILED

    @pytest.mark.parametrize(
        "remove", [{"inclusion": None}, {"root": None}, {"inclusion": None, "root": None}]
    )
    def test_verify__part_of_the_bundle_removed__never_better_than_not_proven(
        self, remove: dict[str, None]
    ) -> None:
        assert judge(honest_case().with_bundle(**remove)).verdict is Verdict.NOT_PROVEN

    def test_verify__not_anchored_yet__not_proven(self) -> None:
        report = judge(honest_case().with_facts(anchor=Known(None)))
        assert report.verdict is Verdict.NOT_PROVEN
        assert outcome_of(report, "anchor.absent") is Outcome.NOT_PROVEN

    @pytest.mark.row("A06")
    def test_verify__anchor_of_another_member_for_the_same_root__says_nothing(self) -> None:
        report = judge(honest_case().with_anchor(issuer=MemberId(MEMBER + 1)))
        assert report.verdict is Verdict.INDETERMINATE

    def test_verify__anchor_younger_than_the_facts_block__says_nothing(self) -> None:
        """A record newer than the final block it was read at is not final, or not true."""
        report = judge(honest_case().with_anchor(anchored_at_s=UnixSeconds(NOW + 1)))
        assert report.verdict is Verdict.INDETERMINATE

    def test_verify__status_of_another_leaf_slipped_in__says_nothing(self) -> None:
        entry = status(StatusAction.REVOKE, leaf=Leaf(bytes(digest("another leaf"))))
        assert judge(honest_case().with_status(entry)).verdict is Verdict.INDETERMINATE

    def test_verify__facts_about_another_batch__says_nothing(self) -> None:
        other = BatchRoot(bytes(digest("another root")))
        assert judge(honest_case().with_anchor(root=other)).verdict is Verdict.INDETERMINATE


class TestTime:
    @pytest.mark.row("A09", "T2")
    def test_verify__anchored_months_after_its_date__valid_with_notice_late(self) -> None:
        report = judge(honest_case().with_anchor(anchored_at_s=UnixSeconds(VALID_FROM + 8 * DAY)))
        assert report.verdict is Verdict.VALID_WITH_NOTICE
        assert outcome_of(report, "anchor.late") is Outcome.NOTICE

    def test_verify__dated_after_its_anchor__invalid(self) -> None:
        report = judge(honest_case().with_anchor(anchored_at_s=UnixSeconds(VALID_FROM - 301)))
        assert outcome_of(report, "validity.anchored_before_valid") is Outcome.FAILED

    @pytest.mark.row("A59")
    @pytest.mark.parametrize(
        ("now", "verdict"),
        [
            (VALID_UNTIL - 1, Verdict.VALID),
            (VALID_UNTIL, Verdict.VALID_WITH_NOTICE),
            (VALID_UNTIL + DAY, Verdict.VALID_WITH_NOTICE),
        ],
    )
    def test_verify__at_the_end_of_validity__half_open(self, now: int, verdict: Verdict) -> None:
        block = BlockRef(BlockNumber(900), digest("b"), digest("p"), UnixSeconds(now))
        case = honest_case().with_facts(as_of=Known(block), asked_at_s=UnixSeconds(now))
        assert judge(case).verdict is verdict

    def test_verify__revoked__invalid(self) -> None:
        entry = status(StatusAction.REVOKE, reason=StatusReason.ISSUED_IN_ERROR)
        report = judge(honest_case().with_status(entry))
        assert report.verdict is Verdict.INVALID
        assert report.failed_at is Step.STATUS

    def test_verify__superseded__valid_with_notice_naming_the_successor(self) -> None:
        successor = Leaf(bytes(digest("newer statement")))
        entry = status(StatusAction.SUPERSEDE, related_leaf=successor)
        report = judge(honest_case().with_status(entry))
        assert report.verdict is Verdict.VALID_WITH_NOTICE
        (check,) = [check for check in report.checks if check.code == "status.superseded"]
        assert check.facts["superseded_by"] == successor.hex()

    def test_verify__list_says_revoked_and_the_chain_does_not__the_stricter_counts(self) -> None:
        case = honest_case().with_facts(status_list=Known(StatusListClaim(revoked=True)))
        report = judge(case)
        assert report.verdict is Verdict.INVALID
        assert outcome_of(report, "status.conflict") is Outcome.NOTICE

    @pytest.mark.row("T76")
    def test_verify__chain_frozen_for_longer_than_max_age__indeterminate(self) -> None:
        fresh = honest_case().with_facts(asked_at_s=UnixSeconds(NOW + 3_600))
        stale = honest_case().with_facts(asked_at_s=UnixSeconds(NOW + 3_601))
        assert judge(fresh).verdict is Verdict.VALID
        assert judge(stale).verdict is Verdict.INDETERMINATE

    @pytest.mark.parametrize(
        ("relied_on_at", "verdict"),
        [
            (0, Verdict.NOT_PROVEN),
            (ANCHORED_AT - 1, Verdict.NOT_PROVEN),
            (ANCHORED_AT, Verdict.VALID),
            (NOW - 1, Verdict.VALID),
            (NOW, Verdict.VALID),
            (NOW + 1, Verdict.INDETERMINATE),
        ],
    )
    def test_verify__relied_upon_before_its_anchor_or_after_the_block__not_good(
        self, relied_on_at: int, verdict: Verdict
    ) -> None:
        assert judge(honest_case(), relied_on_at_s=relied_on_at).verdict is verdict

    @pytest.mark.row("T39")
    def test_verify__own_clock_years_off__changes_no_date_rule(self) -> None:
        """Only the age of the block looks at the verifier's clock; dates go by the chain's."""
        early = honest_case().with_facts(asked_at_s=UnixSeconds(NOW - 3 * 365 * DAY))
        late = honest_case().with_facts(asked_at_s=UnixSeconds(NOW + 3 * 365 * DAY))
        assert judge(early).verdict is Verdict.VALID
        assert judge(late, max_age_s=10 * 365 * DAY).verdict is Verdict.VALID


NOT_QUESTIONS = ("asked_at_s", "status_list", "carried", "lot", "beside")
ASKED = [field.name for field in fields(LedgerFacts) if field.name not in NOT_QUESTIONS]


class TestCannotTell:
    @pytest.mark.row("A48", "T75")
    @pytest.mark.parametrize("unanswered", ASKED)
    def test_verify__any_one_question_unanswered__indeterminate_never_valid(
        self, unanswered: str
    ) -> None:
        why = Undetermined("ledger.timeout", "the endpoint did not answer in time")
        report = judge(honest_case().with_facts(**{unanswered: why}))
        assert report.verdict is Verdict.INDETERMINATE
        assert any(check.code == "ledger.timeout" for check in report.checks)
        assert report.verified is None

    @pytest.mark.row("A48", "T75")
    def test_verify__chain_down__the_document_itself_is_still_judged(self) -> None:
        why = Undetermined("ledger.refused", "nobody listens there")
        case = honest_case().with_facts(**dict.fromkeys(ASKED, why))
        report = judge(case)
        assert report.verdict is Verdict.INDETERMINATE
        assert outcome_of(report, "statement.well_formed") is Outcome.PASSED
        assert outcome_of(report, "rules.kept") is Outcome.PASSED
        assert outcome_of(report, "inclusion.proven") is Outcome.PASSED

    @pytest.mark.row("T75")
    def test_verify__chain_down_and_document_altered__invalid_all_the_same(self) -> None:
        why = Undetermined("ledger.refused", "nobody listens there")
        token = honest_case().bundle.token[:-20] + b"A" * 20
        case = honest_case().with_facts(**dict.fromkeys(ASKED, why)).with_bundle(token=token[:-1])
        assert judge(case).verdict is Verdict.INVALID

    @pytest.mark.row("T30", "T74")
    @pytest.mark.parametrize(
        ("identity", "code"),
        [
            ({"chain_id": 1}, "ledger.wrong_chain"),
            ({"genesis_digest": digest("another genesis")}, "ledger.wrong_genesis"),
            ({"contracts": CONTRACTS[:1]}, "ledger.wrong_code"),
            ({"contracts": ()}, "ledger.wrong_code"),
            (
                {"contracts": (CONTRACTS[0], replace(CONTRACTS[1], code_digest=digest("evil")))},
                "ledger.wrong_code",
            ),
            (
                {"contracts": (CONTRACTS[0], replace(CONTRACTS[1], address=CONTRACTS[0].address))},
                "ledger.wrong_code",
            ),
        ],
    )
    def test_verify__facts_from_another_chain__say_nothing(
        self, identity: dict[str, object], code: str
    ) -> None:
        case = honest_case()
        assert isinstance(case.facts.chain, Known)
        other = replace(case.facts.chain.value, **identity)  # type: ignore[arg-type]
        report = judge(case.with_facts(chain=Known(other)))
        assert report.verdict is Verdict.INDETERMINATE
        # Every step that needs the chain goes without, not only the one that looks at its name.
        unanswered = {check.step for check in report.checks if check.code == code}
        assert unanswered == {Step.SIGNATURE, Step.ISSUER, Step.ANCHOR, Step.STATUS}

    def test_usable_facts__from_another_chain__none_is_left(self) -> None:
        case = honest_case()
        other = replace(TRUST, chain_id=1)
        facts = usable_facts(case.facts, other)
        for name in ASKED:
            assert isinstance(getattr(facts, name), Undetermined), name

    def test_verify__trust_configuration_ended__indeterminate(self) -> None:
        case = honest_case()
        trust = replace(TRUST, not_after_s=UnixSeconds(NOW))
        assert Verifier(trust).verify(case.bundle, case.facts).verdict is Verdict.INDETERMINATE

    def test_verify__no_contract_set_for_the_block__indeterminate(self) -> None:
        case = honest_case()
        (pinned,) = TRUST.contract_sets
        trust = replace(TRUST, contract_sets=(replace(pinned, to_block=BlockNumber(900)),))
        assert Verifier(trust).verify(case.bundle, case.facts).verdict is Verdict.INDETERMINATE

    def test_verify__facts_about_another_issuer__say_nothing(self) -> None:
        case = honest_case()
        assert isinstance(case.facts.issuer, Known) and case.facts.issuer.value is not None
        other = replace(case.facts.issuer.value, identifier="did:web:somebody-else.example")
        assert judge(case.with_facts(issuer=Known(other))).verdict is Verdict.INDETERMINATE

    @pytest.mark.parametrize("fact", ["membership", "keys"])
    def test_verify__an_entry_of_another_member_slipped_in__says_nothing(self, fact: str) -> None:
        case = honest_case()
        entries = getattr(case.facts, fact).value
        mixed = (*entries, replace(entries[0], member=MemberId(77)))
        assert judge(case.with_facts(**{fact: Known(mixed)})).verdict is Verdict.INDETERMINATE


class TestFactsInAFile:
    """Whoever holds a file can write into it whatever the chain is said to say."""

    @pytest.mark.row("T75")
    def test_verify__facts_came_in_a_file__not_proven(self) -> None:
        report = judge(honest_case().with_facts(carried=True))
        assert report.verdict is Verdict.NOT_PROVEN
        assert outcome_of(report, "facts.carried") is Outcome.NOT_PROVEN
        assert any("word of whoever made the file" in line for line in report.not_proven)

    def test_verify__file_that_the_reader_made__a_notice(self) -> None:
        report = judge(honest_case().with_facts(carried=True), believe_carried=True)
        assert report.verdict is Verdict.VALID_WITH_NOTICE

    @pytest.mark.row("A05", "A06", "T75")
    def test_verify__stranger_writes_its_own_key_into_the_file__not_good(self) -> None:
        """The forger owns document, signature, batch and facts; only the pinned names are true."""
        case = honest_case(index=0, tokens=[passport_token(6666, STRANGER)])
        forged = case.with_facts(carried=True, keys=Known(key_entries(signer=STRANGER)))
        assert judge(forged).verdict is Verdict.NOT_PROVEN

    def test_verify__revocation_left_out_of_the_file__not_good(self) -> None:
        assert judge(honest_case().with_facts(carried=True, status=Known(()))).verdict is (
            Verdict.NOT_PROVEN
        )

    @pytest.mark.row("T76")
    @pytest.mark.parametrize(
        ("ahead", "verdict"),
        [(300, Verdict.VALID_WITH_NOTICE), (301, Verdict.INDETERMINATE)],
    )
    def test_verify__block_in_the_file_later_than_the_readers_clock__cannot_be_told(
        self, ahead: int, verdict: Verdict
    ) -> None:
        case = honest_case().with_facts(carried=True, asked_at_s=UnixSeconds(NOW - ahead))
        assert judge(case, believe_carried=True).verdict is verdict

    def test_verify__no_facts_at_all__indeterminate(self) -> None:
        report = Verifier(TRUST).verify(honest_case().bundle, None)
        assert report.verdict is Verdict.INDETERMINATE
        assert report.as_of is None


class TestSubject:
    def test_to_json__says_which_lot_and_as_whom_the_consortium_knows_the_issuer(self) -> None:
        about = judge(honest_case()).to_json()["about"]
        assert about["lot_number"] == "BSE-CAT-26-1003"
        assert about["issuer_registered_as"] == "Refineria Bahia Serena"
        assert about["product_class"] == "copper-cathode"


class TestByAnchor:
    """The policy under which the anchoring transaction stands for the issuer."""

    def test_verify__forged_signature_under_a_true_anchor__the_anchor_counts(self) -> None:
        token = honest_case().bundle.token
        other = unseal(passport_token(1001)).signature
        swapped = token.rsplit(b".", 1)[0] + b"." + base64url.encode(other)
        case = honest_case().with_bundle(token=swapped)
        assert judge(case).verdict is Verdict.INVALID
        assert judge(case, authentication=Authentication.ANCHOR).verdict is Verdict.VALID

    def test_verify__no_anchor__nothing_stands_for_the_issuer(self) -> None:
        case = honest_case().with_facts(anchor=Known(None))
        report = judge(case, authentication=Authentication.ANCHOR)
        assert report.verdict is Verdict.NOT_PROVEN


class TestVerifiedType:
    @pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if not verdict.good])
    def test_verified_statement__of_a_verdict_that_is_not_good__cannot_be(
        self, verdict: Verdict
    ) -> None:
        report = judge(honest_case())
        assert report.statement is not None and report.as_of is not None
        with pytest.raises(TypeError):
            mint_verified(
                statement=report.statement, issuer=MEMBER, verdict=verdict, as_of=report.as_of
            )

    def test_verified_statement__made_outside_verify__refused(self) -> None:
        report = judge(honest_case())
        assert report.statement is not None and report.as_of is not None
        with pytest.raises(TypeError):
            VerifiedStatement(
                object(),
                statement=report.statement,
                issuer=MEMBER,
                verdict=Verdict.VALID,
                as_of=report.as_of,
            )

    def test_require__not_good__raises_with_the_decisive_sentence(self) -> None:
        report = judge(honest_case().with_facts(anchor=Known(None)))
        with pytest.raises(VerificationError) as refusal:
            report.require()
        assert refusal.value.code == "verify.not_proven"

    def test_mint_verified__called_in_the_verifier_only(self) -> None:
        package = Path(veta.__file__).parent
        callers = [
            path.relative_to(package).as_posix()
            for path in package.rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Name | ast.Attribute)
            and (node.id if isinstance(node, ast.Name) else node.attr) in ("mint_verified", "_MINT")
        ]
        assert set(callers) == {"verify/report.py", "verify/verifier.py"}
