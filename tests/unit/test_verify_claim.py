"""The quick check of one batch's claims agrees with the verifier and refuses what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.certified_lot import (
    ANCHORED_AT,
    DAY,
    MEMBER,
    STRANGER,
    TRUST,
    Case,
    digest,
    honest_case,
    passport_token,
)
from veta.errors import InputError, LedgerUnavailableError, VerificationError
from veta.model.consortium import KeyAction
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import BatchRoot, MemberId
from veta.statement import base64url
from veta.statement.jws import leaf_of, unseal
from veta.verify.claim import ClaimChecker
from veta.verify.policy import Authentication

ANCHOR = Authentication.ANCHOR


def check(case: Case, authentication: Authentication = Authentication.SIGNATURE) -> bytes:
    assert case.bundle.inclusion is not None
    checker = ClaimChecker(TRUST, case.facts, authentication)
    return checker.check(case.bundle.token, case.bundle.inclusion)


def refusal(case: Case, authentication: Authentication = Authentication.SIGNATURE) -> str:
    with pytest.raises((VerificationError, InputError)) as found:
        check(case, authentication)
    return found.value.code


@pytest.mark.parametrize("authentication", list(Authentication))
def test_check__every_claim_of_an_honest_batch__its_leaf(authentication: Authentication) -> None:
    for index in range(5):
        case = honest_case(index=index)
        assert check(case, authentication) == leaf_of(unseal(case.bundle.token).payload)


def test_check__signature_of_another_lot__refused_unless_the_anchor_stands_for_it() -> None:
    token = honest_case().bundle.token.rsplit(b".", 1)[0] + b"."
    token += base64url.encode(unseal(passport_token(1001)).signature)
    case = honest_case().with_bundle(token=token)
    assert refusal(case) == "signature.mismatch"
    check(case, ANCHOR)


@pytest.mark.parametrize("authentication", list(Authentication))
def test_check__document_of_no_place_in_the_batch__refused(authentication: Authentication) -> None:
    assert refusal(honest_case().with_bundle(token=passport_token(4711)), authentication) == (
        "trees.root_mismatch"
    )


@pytest.mark.parametrize("authentication", list(Authentication))
def test_check__another_size_or_root_anchored__refused(authentication: Authentication) -> None:
    assert refusal(honest_case().with_anchor(size=6), authentication) == "inclusion.other_size"
    other = BatchRoot(bytes(digest("another root")))
    assert refusal(honest_case().with_anchor(root=other), authentication) == "trees.root_mismatch"


def test_check__key_never_bound__refused() -> None:
    case = honest_case(index=0, tokens=[passport_token(1001, STRANGER)])
    assert refusal(case) == "signature.unknown_key"


@pytest.mark.parametrize("authentication", list(Authentication))
def test_check__header_of_another_issuer__refused(authentication: Authentication) -> None:
    header, payload, signature = honest_case().bundle.token.split(b".")
    text = base64url.decode(header).replace(b"refineria-bahia-serena", b"mina-aurora")
    token = b".".join([base64url.encode(text), payload, signature])
    assert refusal(honest_case().with_bundle(token=token), authentication) == (
        "statement.kid_of_stranger"
    )


@pytest.mark.row("A08")
@pytest.mark.parametrize(
    ("action", "since", "said", "code"),
    [
        (KeyAction.RETIRE, ANCHORED_AT, ANCHORED_AT, "key.retired"),
        (KeyAction.PAUSE, ANCHORED_AT, ANCHORED_AT, "key.paused"),
        (KeyAction.COMPROMISE, ANCHORED_AT - DAY, ANCHORED_AT, "key.compromised"),
        (KeyAction.COMPROMISE, ANCHORED_AT, ANCHORED_AT + DAY, "key.contested"),
    ],
)
def test_check__key_not_in_force_when_anchored__refused(
    action: KeyAction, since: int, said: int, code: str
) -> None:
    assert refusal(honest_case().with_keys((action, since, said))) == code


@pytest.mark.row("T75")
@pytest.mark.parametrize("fact", ["chain", "as_of", "issuer", "keys", "anchor"])
def test_make__a_fact_that_could_not_be_had__is_no_answer(fact: str) -> None:
    why = Undetermined("ledger.timeout", "no answer in time")
    with pytest.raises(LedgerUnavailableError) as found:
        check(honest_case().with_facts(**{fact: why}))
    assert found.value.code == "ledger.timeout"


def test_make__no_anchor_or_another_members__refused() -> None:
    assert refusal(honest_case().with_facts(anchor=Known(None))) == "anchor.absent"
    assert refusal(honest_case().with_anchor(issuer=MemberId(MEMBER + 1))) == "anchor.absent"
    assert refusal(honest_case().with_facts(issuer=Known(None))) == "issuer.not_a_member"


def test_make__facts_of_another_chain__is_no_answer() -> None:
    case = honest_case()
    assert isinstance(case.facts.chain, Known)
    other = replace(case.facts.chain.value, chain_id=1)
    with pytest.raises(LedgerUnavailableError) as found:
        check(case.with_facts(chain=Known(other)))
    assert found.value.code == "ledger.wrong_chain"
