"""Members' keys: what a member may do alone, and what nobody may."""

from __future__ import annotations

from typing import Any

import pytest
from eth_keys.datatypes import PrivateKey

from tests.contracts.world import (
    DAY,
    OPEN,
    Chain,
    account_grant,
    account_id,
    digest,
    public_key,
)
from veta.model.consortium import KeyAction, KeyAlgorithm, KeyPurpose

OPERATE, SIGN, WITNESS, ADMINISTER = (
    KeyPurpose.OPERATE,
    KeyPurpose.SIGN,
    KeyPurpose.WITNESS,
    KeyPurpose.ADMINISTER,
)


def key_list(chain: Chain, member: int) -> list[tuple[Any, ...]]:
    """The whole key list."""
    count = chain.consortium.functions.keyCount(member).call()
    listed = [tuple(e) for e in chain.consortium.functions.keys(member, 0, 2000).call()]
    assert len(listed) == count
    return listed


class TestGenesis:
    def test_genesis__members_and_keys__readable(self, chain: Chain) -> None:
        reads = chain.consortium.functions
        assert reads.memberCount().call() == 9
        assert reads.voterCount().call() == 4
        assert reads.bootstrap().call() is False
        mine = chain.parties["mine"]
        assert reads.memberOf(digest("did:web:mine.example")).call() == mine.member
        assert reads.memberOf(digest("did:web:nobody.example")).call() == 0
        profile = ("did:web:mine.example", "The mine", b"CL", 0, digest("mine"))
        assert tuple(reads.profile(mine.member).call()) == profile
        assert reads.standing(mine.member).call() == (1, True, True, False, 0, 0)
        assert reads.activeAccount(mine.administer).call() == [mine.member, ADMINISTER, 1]
        assert reads.activeAccount(mine.operate).call() == [mine.member, OPERATE, 1]
        assert reads.operatorAccount(mine.operate).call() == [mine.member, 1]
        assert reads.operatorAccount(mine.administer).call() == [0, 0]
        assert reads.activeAccount(chain.strangers[0]).call() == [0, 0, 0]

    def test_genesis__key_list__one_bind_each_with_octets_kept(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        listed = key_list(chain, mine.member)
        assert [(e[0], e[1]) for e in listed] == [
            (KeyAction.BIND, ADMINISTER),
            (KeyAction.BIND, OPERATE),
            (KeyAction.BIND, SIGN),
        ]
        octets = public_key("mine")
        assert listed[2][5] == chain.w3.keccak(octets)
        assert chain.consortium.functions.publicKey(listed[2][5]).call() == octets
        assert chain.consortium.functions.publicKey(listed[0][5]).call() == b""


class TestBindKey:
    @pytest.mark.parametrize(
        ("purpose", "algorithm", "length", "required"),
        [
            (SIGN, KeyAlgorithm.ES256K, 63, 64),
            (SIGN, KeyAlgorithm.ES256K, 65, 64),
            (SIGN, KeyAlgorithm.ES256, 0, 64),
            (WITNESS, KeyAlgorithm.EDDSA, 64, 32),
            (OPERATE, KeyAlgorithm.ACCOUNT, 32, 20),
        ],
    )
    def test_bind__wrong_length__refused(
        self, chain: Chain, purpose: int, algorithm: int, length: int, required: int
    ) -> None:
        grant = (int(purpose), int(algorithm), b"\1" * length)
        with chain.refuses("KeyOctets", length, required):
            chain.attempt(
                chain.consortium.functions.bindKey(grant, 0), chain.parties["mine"].administer
            )

    @pytest.mark.parametrize(
        ("purpose", "algorithm"),
        [
            (0, 0),
            (0, 1),
            (SIGN, 0),
            (WITNESS, 0),
            (OPERATE, 1),
            (OPERATE, 3),
            (ADMINISTER, 2),
        ],
    )
    def test_bind__key_of_the_wrong_kind__refused(
        self, chain: Chain, purpose: int, algorithm: int
    ) -> None:
        length = {0: 20, 3: 32}.get(algorithm, 64)
        with chain.refuses("KeyKind", int(purpose), algorithm):
            chain.attempt(
                chain.consortium.functions.bindKey((int(purpose), algorithm, b"\1" * length), 0),
                chain.parties["mine"].administer,
            )

    def test_bind__zero_account__refused(self, chain: Chain) -> None:
        with chain.refuses("KeyOctets"):
            chain.attempt(
                chain.consortium.functions.bindKey((1, 0, bytes(20)), 0),
                chain.parties["mine"].administer,
            )

    def test_bind__by_operate_account_or_stranger__refused(self, chain: Chain) -> None:
        grant = account_grant(OPERATE, chain.strangers[1])
        for sender in (chain.parties["mine"].operate, chain.strangers[0]):
            with chain.refuses("NotAuthorised", sender.lower(), ADMINISTER):
                chain.attempt(chain.consortium.functions.bindKey(grant, 0), sender)

    @pytest.mark.row("T3")
    def test_bind__from_the_past__refused(self, chain: Chain) -> None:
        grant = account_grant(OPERATE, chain.strangers[1])
        with chain.refuses("InThePast"):
            chain.attempt(
                chain.consortium.functions.bindKey(grant, chain.now() - 1),
                chain.parties["mine"].administer,
            )

    def test_bind__from_later__usable_from_then_on(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        later = chain.now() + 10 * DAY
        account = chain.strangers[1]
        chain.send(
            chain.consortium.functions.bindKey(account_grant(OPERATE, account), later),
            mine.administer,
        )
        assert key_list(chain, mine.member)[-1][3] == later
        assert chain.consortium.functions.operatorAccount(account).call() == [0, 0]
        chain.wait(10 * DAY)
        assert chain.consortium.functions.operatorAccount(account).call() == [mine.member, 1]
        chain.send(chain.log.functions.anchor(1, digest("root"), 1, 1), account)

    def test_bind__key_of_another_member__refused_for_ever(self, chain: Chain) -> None:
        mine, smelter = chain.parties["mine"], chain.parties["smelter"]
        account = account_grant(OPERATE, mine.operate)
        sign = (int(SIGN), int(KeyAlgorithm.ES256K), public_key("mine"))
        chain.send(chain.consortium.functions.pauseKey(account_id(mine.operate)), mine.administer)
        for grant in (account, sign):
            with chain.refuses("KeyTaken"):
                chain.attempt(chain.consortium.functions.bindKey(grant, 0), smelter.administer)
            with chain.refuses("KeyTaken"):
                chain.attempt(chain.consortium.functions.bindKey(grant, 0), mine.administer)

    def test_bind__same_secp256k1_key_in_its_other_form__only_by_the_same_member(
        self, chain: Chain
    ) -> None:
        mine, smelter = chain.parties["mine"], chain.parties["smelter"]
        for number, first in enumerate(("account", "key")):
            public = PrivateKey((number + 7).to_bytes(32, "big")).public_key
            account = account_grant(OPERATE, public.to_checksum_address())
            sign = (int(SIGN), int(KeyAlgorithm.ES256K), public.to_bytes())
            one, other = (account, sign) if first == "account" else (sign, account)
            chain.send(chain.consortium.functions.bindKey(one, 0), mine.administer)
            with chain.refuses("KeyTaken"):
                chain.attempt(chain.consortium.functions.bindKey(other, 0), smelter.administer)
            chain.send(chain.consortium.functions.bindKey(other, 0), mine.administer)

    def test_bind__ninth_live_account__refused_until_one_ended(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        for number in range(7):
            grant = (int(OPERATE), 0, bytes([number + 1]) * 20)
            chain.send(chain.consortium.functions.bindKey(grant, 0), mine.administer)
        ninth = chain.consortium.functions.bindKey((int(OPERATE), 0, b"\x99" * 20), 0)
        with chain.refuses("TooMany", 9, 8):
            chain.attempt(ninth, mine.administer)
        ended = b"\1".rjust(1) * 20
        chain.send(chain.consortium.functions.pauseKey(ended.rjust(32, b"\0")), mine.administer)
        chain.send(ninth, mine.administer)


class TestRetireKey:
    def test_retire__at_a_time_to_come__usable_until_then(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        at = chain.now() + 3 * DAY
        chain.send(
            chain.consortium.functions.retireKey(account_id(mine.operate), at), mine.administer
        )
        assert chain.consortium.functions.operatorAccount(mine.operate).call()[0] == mine.member
        chain.wait(3 * DAY)
        assert chain.consortium.functions.operatorAccount(mine.operate).call() == [0, 0]
        assert chain.consortium.functions.activeAccount(mine.operate).call() == [0, 0, 0]
        with chain.refuses("KeyEnded"):
            chain.attempt(
                chain.consortium.functions.retireKey(account_id(mine.operate), 0), mine.administer
            )

    def test_retire__in_the_past_or_prolonging__refused(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        key = account_id(mine.operate)
        with chain.refuses("InThePast"):
            chain.attempt(
                chain.consortium.functions.retireKey(key, chain.now() - 1), mine.administer
            )
        at = chain.now() + 3 * DAY
        chain.send(chain.consortium.functions.retireKey(key, at), mine.administer)
        with chain.refuses("KeyEnded", key, at):
            chain.attempt(chain.consortium.functions.retireKey(key, at + 1), mine.administer)

    @pytest.mark.row("T53")
    def test_retire__last_administer_key__refused(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        key = account_id(mine.administer)
        with chain.refuses("LastAdministrator", mine.member, key):
            chain.attempt(chain.consortium.functions.retireKey(key, 0), mine.administer)
        second = chain.strangers[1]
        later = chain.now() + DAY
        chain.send(
            chain.consortium.functions.bindKey(account_grant(ADMINISTER, second), later),
            mine.administer,
        )
        with chain.refuses("LastAdministrator", mine.member, key):
            chain.attempt(chain.consortium.functions.retireKey(key, later - 1), mine.administer)
        chain.send(chain.consortium.functions.retireKey(key, later), mine.administer)
        chain.wait(DAY)
        with chain.refuses("LastAdministrator"):
            chain.attempt(chain.consortium.functions.retireKey(account_id(second), 0), second)
        with chain.refuses("NotAuthorised"):
            chain.attempt(chain.consortium.functions.retireKey(key, 0), mine.administer)

    def test_retire__another_members_key__refused(self, chain: Chain) -> None:
        mine, smelter = chain.parties["mine"], chain.parties["smelter"]
        for call in ("retireKey", "declareCompromised"):
            with chain.refuses("NotMembersKey", account_id(smelter.operate), mine.member):
                chain.attempt(
                    chain.consortium.functions[call](account_id(smelter.operate), chain.now() + 1),
                    mine.administer,
                )


class TestDeclareCompromised:
    @pytest.mark.row("A08")
    def test_compromise__since_before_declaring__recorded_with_both_times(
        self, chain: Chain
    ) -> None:
        mine = chain.parties["mine"]
        key = account_id(mine.operate)
        since = chain.now() - 30 * DAY
        chain.send(chain.consortium.functions.declareCompromised(key, since), mine.administer)
        now = chain.now()
        assert key_list(chain, mine.member)[-1] == (
            KeyAction.COMPROMISE,
            OPERATE,
            KeyAlgorithm.ACCOUNT,
            since,
            now,
            key,
        )
        state = chain.consortium.functions.keyState(key).call()
        assert state[4:] == (now, since)
        assert chain.consortium.functions.standing(mine.member).call()[5] == 1
        assert chain.consortium.functions.operatorAccount(mine.operate).call() == [0, 0]

    def test_compromise__further_back_than_rules_allow__refused(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        key = account_id(mine.operate)
        with chain.refuses("TooFarBack"):
            chain.attempt(
                chain.consortium.functions.declareCompromised(key, chain.now() - 90 * DAY - 1),
                mine.administer,
            )
        chain.attempt(
            chain.consortium.functions.declareCompromised(key, chain.now() - 90 * DAY + 60),
            mine.administer,
        )

    def test_compromise__in_the_future__refused(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        with chain.refuses("InTheFuture"):
            chain.attempt(
                chain.consortium.functions.declareCompromised(
                    account_id(mine.operate), chain.now() + DAY
                ),
                mine.administer,
            )

    def test_compromise__again_since_later__refused__since_earlier__appended(
        self, chain: Chain
    ) -> None:
        mine = chain.parties["mine"]
        key = account_id(mine.operate)
        since = chain.now() - DAY
        chain.send(chain.consortium.functions.declareCompromised(key, since), mine.administer)
        stopped = chain.consortium.functions.keyState(key).call()[4]
        for later in (since, since + 1):
            with chain.refuses("AlreadyCompromised", key, since):
                chain.attempt(
                    chain.consortium.functions.declareCompromised(key, later), mine.administer
                )
        chain.send(chain.consortium.functions.declareCompromised(key, since - DAY), mine.administer)
        assert chain.consortium.functions.keyState(key).call()[4:] == (stopped, since - DAY)

    def test_compromise__retired_key__still_declarable_and_its_end_stays(
        self, chain: Chain
    ) -> None:
        mine = chain.parties["mine"]
        key = account_id(mine.operate)
        chain.send(chain.consortium.functions.retireKey(key, 0), mine.administer)
        end = chain.now()
        chain.wait(DAY)
        chain.send(chain.consortium.functions.declareCompromised(key, end - 5), mine.administer)
        assert chain.consortium.functions.keyState(key).call()[4:] == (end, end - 5)


class TestPauseKey:
    def test_pause__own_account__immediate_and_for_good(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        key = account_id(mine.operate)
        chain.send(chain.consortium.functions.pauseKey(key), mine.operate)
        assert chain.consortium.functions.operatorAccount(mine.operate).call() == [0, 0]
        assert key_list(chain, mine.member)[-1][0] == KeyAction.PAUSE
        with chain.refuses("KeyEnded"):
            chain.attempt(chain.consortium.functions.pauseKey(key), mine.administer)
        with chain.refuses("NotAuthorised"):
            chain.attempt(chain.consortium.functions.pauseKey(key), mine.operate)

    def test_pause__last_administer_key__allowed(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        chain.send(
            chain.consortium.functions.pauseKey(account_id(mine.administer)), mine.administer
        )
        assert chain.consortium.functions.activeAccount(mine.administer).call() == [0, 0, 0]

    def test_pause__by_operate_account_of_the_member__only_itself(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        with chain.refuses("NotAuthorised"):
            chain.attempt(
                chain.consortium.functions.pauseKey(account_id(mine.administer)), mine.operate
            )

    def test_pause__another_members_or_unknown_key__refused(self, chain: Chain) -> None:
        mine, smelter = chain.parties["mine"], chain.parties["smelter"]
        for key in (account_id(smelter.operate), digest("nothing"), bytes(32)):
            with chain.refuses("NotMembersKey", key, mine.member):
                chain.attempt(chain.consortium.functions.pauseKey(key), mine.administer)


class TestRotation:
    def test_rotation__every_key_replaced__id_and_lists_stay(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        before = key_list(chain, mine.member)
        operate, administer = chain.strangers[1], chain.strangers[2]
        calls = chain.consortium.functions
        chain.send(calls.bindKey(account_grant(ADMINISTER, administer), 0), mine.administer)
        chain.send(calls.retireKey(account_id(mine.administer), 0), administer)
        chain.send(calls.bindKey(account_grant(OPERATE, operate), 0), administer)
        chain.send(calls.retireKey(account_id(mine.operate), 0), administer)
        after = key_list(chain, mine.member)
        assert after[: len(before)] == before
        assert len(after) == len(before) + 4
        chain.send(chain.log.functions.anchor(1, digest("root"), 1, 1), operate)
        assert chain.log.functions.anchorOf(mine.member, digest("root")).call()[0] == 1

    def test_keys__slices__cut_at_the_end(self, chain: Chain) -> None:
        reads = chain.consortium.functions
        whole = reads.keys(1, 0, 3).call()
        assert reads.keys(1, 1, 100).call() == whole[1:]
        assert reads.keys(1, 3, 1).call() == []
        assert reads.keys(1, 2**256 - 1, 2**256 - 1).call() == []
        assert reads.keys(1, 1, 2**256 - 1).call() == whole[1:]
        assert chain.consortium.functions.keyState(digest("none")).call() == (0, 0, 0, 0, 0, 0)
        assert whole[0][3] <= OPEN
