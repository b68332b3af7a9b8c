"""W3C Bitstring Status List v1.0: bits, bombs, places, and what a published list may say."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.certified_lot import (
    NOW,
    REFINERY,
    SIGNER,
    STRANGER,
    TRUST,
    Case,
    cathode_lot,
    honest_case,
    issuance,
    key_entries,
)
from veta import canonical
from veta.errors import InputError
from veta.model.anchoring import StatusAction, StatusEntry, StatusReason
from veta.model.bundle import StatusListClaim
from veta.model.consortium import KeyAction
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import UnixSeconds
from veta.statement import base64url
from veta.statement.credential import view_credential
from veta.statement.jws import leaf_of, sign_statement, unseal
from veta.statement.passport import build_passport
from veta.statement.rules import find_faults
from veta.statement.status_list import (
    LIST_BITS,
    MOST_BITS,
    StatusListEntry,
    bit_at,
    build_status_list,
    decode_bits,
    encode_bits,
    entry_of,
)
from veta.verify.published_status import published_status
from veta.verify.report import Report
from veta.verify.verdict import Outcome, Verdict
from veta.verify.verifier import Verifier

URL = "https://refineria.example/status/1"
INDEX = 94_567
ISSUER = {"type": ["CredentialIssuer"], "id": REFINERY.identifier, "name": REFINERY.name}
# Appendix of the recommendation: an unset list of 131,072 bits, compressed by somebody else.
EMPTY_LIST = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"


def packed(octets: bytes) -> str:
    return "u" + base64url.encode(gzip.compress(octets, mtime=0)).decode()


def passport(**changes: Any) -> bytes:
    document = build_passport(cathode_lot(1001), issuance("listed"))
    document["credentialStatus"] = {**StatusListEntry(URL, "revocation", INDEX).member(), **changes}
    assert find_faults(view_credential(document)) == () or changes
    return sign_statement(document, SIGNER)


def list_token(*indices: int, **changes: Any) -> bytes:
    signer = changes.pop("signer", SIGNER)
    url = changes.pop("url", URL)
    times = {"valid_from_s": UnixSeconds(NOW - 60), "valid_until_s": UnixSeconds(NOW + 86_400)}
    document = build_status_list(url, issuer=ISSUER, indices=indices, **{**times, **changes})
    return sign_statement(document, signer)


def case(token: bytes | None = None) -> Case:
    return honest_case(index=0, tokens=[token or passport()])


def judged(found: Case, listed: bytes) -> Report:
    claim = published_status(found.bundle.token, listed, found.facts)
    facts = replace(found.facts, status_list=claim)
    return Verifier(TRUST).verify(found.bundle, facts)


def codes(report: Report) -> set[str]:
    return {check.code for check in report.checks if check.code.startswith("status.")}


# --- bits -----------------------------------------------------------------------------------------


def test_decode__list_of_the_recommendation__nothing_is_set() -> None:
    octets = decode_bits(EMPTY_LIST)
    assert len(octets) == LIST_BITS // 8
    assert not any(octets)


@given(st.sets(st.integers(0, LIST_BITS - 1), max_size=40))
def test_encode__then_decode__exactly_these_bits(indices: set[int]) -> None:
    octets = decode_bits(encode_bits(indices))
    assert {
        index for index in range(LIST_BITS) if octets[index >> 3] and bit_at(octets, index)
    } == (indices)


def test_encode__index_0__is_the_leftmost_bit() -> None:
    assert decode_bits(encode_bits([0]))[0] == 0x80
    assert decode_bits(encode_bits([7]))[0] == 0x01
    assert decode_bits(encode_bits([LIST_BITS - 1]))[-1] == 0x01


@pytest.mark.parametrize("index", [-1, LIST_BITS])
def test_encode__outside__is_refused(index: int) -> None:
    with pytest.raises(InputError, match="outside"):
        encode_bits([index])


@pytest.mark.parametrize(
    ("encoded", "code"),
    [
        ("H4sIAAAA", "status_list.malformed"),
        ("z" + EMPTY_LIST[1:], "status_list.malformed"),
        ("uAAAA", "status_list.malformed"),
        (EMPTY_LIST[:-12], "status_list.malformed"),
        (packed(bytes(16)), "status_list.too_short"),
        (packed(bytes(MOST_BITS // 8 + 1)), "status_list.too_large"),
    ],
    ids=["no multibase", "base58", "no gzip", "cut off", "too short", "too large"],
)
def test_decode__what_is_no_list__is_refused(encoded: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        decode_bits(encoded)
    assert refused.value.code == code


@pytest.mark.row("T60")
def test_decode__bomb_of_a_thousand_to_one__is_unpacked_no_further_than_the_bound() -> None:
    bomb = packed(bytes(64 << 20))
    assert len(bomb) < 100_000
    with pytest.raises(InputError) as refused:
        decode_bits(bomb)
    assert refused.value.code == "status_list.too_large"


# --- what a list says -----------------------------------------------------------------------------


def test_entry__of_a_passport__as_untp_and_as_w3c_write_it() -> None:
    entry = entry_of(view_credential(dict(case_document(passport()))))
    assert entry == StatusListEntry(URL, "revocation", INDEX)
    w3c = entry_of(
        view_credential(
            {
                **case_document(passport()),
                "credentialStatus": {
                    **StatusListEntry(URL, "revocation", INDEX).member(),
                    "statusListIndex": str(INDEX),
                },
            }
        )
    )
    assert w3c == entry
    for other in ({"statusPurpose": "suspension"}, {"statusListIndex": True}, {"type": "Other"}):
        changed = {**StatusListEntry(URL, "revocation", INDEX).member(), **other}
        document = {**case_document(passport()), "credentialStatus": changed}
        assert entry_of(view_credential(document)) is None


def case_document(token: bytes) -> dict[str, Any]:
    return dict(canonical.read_object(unseal(token).payload))


def test_list_and_chain__agree__nothing_is_said() -> None:
    report = judged(case(), list_token(1, 2, 3))
    assert report.verdict is Verdict.VALID
    assert codes(report) == {"status.clear"}


def test_list_says_revoked__chain_does_not__conflict_and_the_stricter_counts() -> None:
    report = judged(case(), list_token(INDEX))
    assert report.verdict is Verdict.INVALID
    assert {"status.conflict", "status.revoked_in_list"} <= codes(report)


def test_chain_says_revoked__list_does_not_yet__conflict_and_the_stricter_counts() -> None:
    found = case()
    entry = StatusEntry(
        issuer=found.anchor.issuer,
        leaf=leaf_of(unseal(found.bundle.token).payload),
        index=0,
        action=StatusAction.REVOKE,
        reason=StatusReason.WITHDRAWN,
        by_member=found.anchor.issuer,
        effective_s=UnixSeconds(NOW - 10),
        recorded_at_s=UnixSeconds(NOW - 10),
    )
    report = judged(found.with_status(entry), list_token())
    assert report.verdict is Verdict.INVALID
    assert {"status.conflict", "status.revoked"} <= codes(report)


def test_list_says_revoked__chain_not_asked__revoked_all_the_same() -> None:
    why = Undetermined("ledger.timeout", "no answer")
    report = judged(case().with_facts(status=why), list_token(INDEX))
    assert report.verdict is Verdict.INVALID
    clear = judged(case().with_facts(status=why), list_token())
    assert clear.verdict is Verdict.INDETERMINATE


UNREAD: dict[str, tuple[Callable[[], Case], Callable[[], bytes]]] = {
    "status_list.no_entry": (honest_case, list_token),
    "status_list.other_list": (case, lambda: list_token(url="https://other.example/1")),
    "status_list.unknown_key": (case, lambda: list_token(signer=STRANGER)),
    "status_list.too_old": (case, lambda: list_token(valid_until_s=UnixSeconds(NOW))),
    "status_list.not_a_list": (
        case,
        lambda: sign_statement(
            {**build_passport(cathode_lot(1002), issuance("1002")), "id": URL}, SIGNER
        ),
    ),
    "status_list.index": (
        lambda: case(passport(statusListIndex=LIST_BITS)),
        list_token,
    ),
    "status_list.key_ended": (
        lambda: case().with_facts(
            keys=Known(key_entries((KeyAction.COMPROMISE, NOW - 100, NOW - 50)))
        ),
        list_token,
    ),
}


@pytest.mark.parametrize("code", UNREAD)
def test_list__that_cannot_count__is_a_notice_and_no_answer(code: str) -> None:
    of_case, of_list = UNREAD[code]
    found = of_case()
    claim = published_status(found.bundle.token, of_list(), found.facts)
    assert isinstance(claim, Undetermined)
    assert claim.code == code
    report = Verifier(TRUST).verify(found.bundle, replace(found.facts, status_list=claim))
    assert {"status.list_unread"} <= codes(report)
    assert Outcome.NOTICE in {each.outcome for each in report.checks}


def test_list__altered_by_a_bit__is_not_its_issuers() -> None:
    """A list in which somebody cleared the bit: the signature does not fit any more."""
    head, _, seal = list_token(INDEX).split(b".")
    _, body, _ = list_token().split(b".")
    forged = b".".join([head, body, seal])
    claim = published_status(case().bundle.token, forged, case().facts)
    assert isinstance(claim, Undetermined)
    assert claim.code.startswith("signature.")


def test_claim__is_the_bit() -> None:
    assert published_status(case().bundle.token, list_token(INDEX), case().facts) == Known(
        StatusListClaim(revoked=True)
    )
