"""The judgement before signing: same codes as the verifier's, at the edges of every window."""

from __future__ import annotations

import pytest

from tests.support.certified_lot import (
    DAY,
    SIGNER,
    STRANGER,
    VALID_FROM,
    VALID_UNTIL,
    cathode_lot,
    issuance,
    key_entries,
)
from tests.support.entries import membership_entry
from veta.errors import VerificationError
from veta.model.consortium import KeyAction, MembershipEntry, Role
from veta.model.identifiers import KeyId, UnixSeconds
from veta.services.preflight import MemberStanding, foresee, require_sound
from veta.statement.credential import Credential, view_credential
from veta.statement.passport import build_passport
from veta.verify.policy import Policy
from veta.verify.verdict import Outcome

KEY = KeyId(SIGNER.key_id)
POLICY = Policy()
REFINER = (membership_entry(VALID_FROM - 100 * DAY, Role.REFINER),)


def passport(product_class: str = "copper-cathode") -> Credential:
    lot = cathode_lot(product_class=product_class)
    return view_credential(build_passport(lot, issuance("preflight")))


def codes(
    *events: tuple[KeyAction, int, int],
    membership: tuple[MembershipEntry, ...] = REFINER,
    at_s: int = VALID_FROM,
    key_id: KeyId = KEY,
    product_class: str = "copper-cathode",
) -> list[str]:
    standing = MemberStanding(membership, key_entries(*events), UnixSeconds(at_s))
    found = foresee(passport(product_class), key_id, standing, POLICY)
    assert all(each.outcome is not Outcome.PASSED for each in found)
    return [each.code for each in found]


def test_foresee__nothing_wrong__finds_nothing() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("product_class", "roles", "expected"),
    [
        ("copper-cathode", Role.REFINER, []),
        ("copper-cathode", Role.SMELTER | Role.REFINER, []),
        ("copper-cathode", Role.SMELTER, ["issuer.role_missing"]),
        ("copper-concentrate", Role.SMELTER, ["issuer.role_missing"]),
        ("copper-concentrate", Role.MINER, []),
        ("of-no-table", Role.SMELTER, []),
        ("of-no-table", Role.TRADER, ["issuer.role_missing"]),
        ("copper-cathode", Role(0), ["issuer.role_missing"]),
    ],
)
def test_foresee__role__must_fit_kind_and_product_class(
    product_class: str, roles: Role, expected: list[str]
) -> None:
    membership = (membership_entry(VALID_FROM - DAY, roles),)
    assert codes(membership=membership, product_class=product_class) == expected


def test_foresee__membership__counts_at_the_moment_only() -> None:
    left = membership_entry(VALID_FROM, Role.REFINER, admitted=False)
    assert codes(membership=()) == ["issuer.not_admitted"]
    assert codes(membership=(*REFINER, left)) == ["issuer.not_admitted"]
    assert codes(membership=(*REFINER, left), at_s=VALID_FROM - 1) == []


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (KeyAction.RETIRE, "key.retired"),
        (KeyAction.PAUSE, "key.paused"),
        (KeyAction.COMPROMISE, "key.compromised"),
    ],
)
def test_foresee__key_ended__from_that_second_on(action: KeyAction, code: str) -> None:
    ended = (action, VALID_FROM, VALID_FROM)
    assert codes(ended, at_s=VALID_FROM - 1) == []
    assert codes(ended) == [code]


def test_foresee__key_unbound_or_contested__is_found() -> None:
    assert codes(key_id=KeyId(STRANGER.key_id)) == ["key.unknown"]
    assert codes(at_s=VALID_FROM - 100 * DAY - 1) == [
        "issuer.not_admitted",
        "key.not_yet_bound",
        "validity.anchored_before_valid",
    ]
    assert codes((KeyAction.COMPROMISE, VALID_FROM, VALID_FROM + 1)) == ["key.contested"]


@pytest.mark.parametrize(
    ("at_s", "expected"),
    [
        (VALID_FROM - POLICY.future_skew_s, []),
        (VALID_FROM - POLICY.future_skew_s - 1, ["validity.anchored_before_valid"]),
        (VALID_UNTIL - 1, []),
        (VALID_UNTIL, ["validity.expired_before_anchor"]),
    ],
)
def test_foresee__dates__at_their_edges(at_s: int, expected: list[str]) -> None:
    assert codes(at_s=at_s) == expected


def test_require_sound__several_faults__raises_the_first_ones_code() -> None:
    late = key_entries((KeyAction.PAUSE, VALID_FROM, VALID_FROM))
    sound = MemberStanding(REFINER, key_entries(), VALID_FROM)
    require_sound(passport(), KEY, sound, POLICY)
    with pytest.raises(VerificationError) as caught:
        require_sound(passport(), KEY, MemberStanding((), late, VALID_FROM), POLICY)
    assert caught.value.code == "issuer.not_admitted"
