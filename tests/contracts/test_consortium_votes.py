"""Votes: what it takes to change the consortium, and what no vote can do."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.world import (
    ADMIT,
    ARTIFACTS,
    CALL_CONTRACT,
    COMPROMISE,
    DAY,
    ERRORS,
    EXPEL,
    HOUR,
    INSTALL_ADMINISTRATORS,
    REGISTER_CONTRACT,
    RULES,
    SET_RULES,
    SET_STANDING,
    SET_SUCCESSOR,
    VOTERS,
    Chain,
    account_grant,
    account_id,
    admission,
    calldata,
    deploy,
    digest,
    name_word,
    payload,
    reservations,
)
from veta.model.consortium import KeyPurpose

ALL = ("mine", "smelter", "maker", "body")


def newcomer(chain: Chain, **terms: Any) -> tuple[Any, ...]:
    """Terms of a member that is not there yet."""
    return admission("newcomer", chain.strangers[2], chain.strangers[3], **terms)


class TestPropose:
    def test_propose__by_member_without_vote_operate_account_or_stranger__refused(
        self, chain: Chain
    ) -> None:
        call = chain.consortium.functions.propose(EXPEL, payload(EXPEL, 1))
        trader = chain.parties["trader"]
        with chain.refuses("NoVote", trader.member):
            chain.attempt(call, trader.administer)
        for sender in (chain.parties["mine"].operate, chain.strangers[0]):
            with chain.refuses("NotAuthorised", sender.lower(), 4):
                chain.attempt(call, sender)

    def test_propose__impossible_content__refused_at_the_door(self, chain: Chain) -> None:
        empty = chain.strangers[0]
        mine = chain.parties["mine"]
        terms = list(newcomer(chain))
        cases: list[tuple[str, int, tuple[Any, ...]]] = [
            ("UnknownMember", EXPEL, (0,)),
            ("UnknownMember", EXPEL, (10,)),
            ("UnknownMember", SET_STANDING, (10, 1, True)),
            ("UnknownMember", INSTALL_ADMINISTRATORS, (10, [empty])),
            ("TooMany", INSTALL_ADMINISTRATORS, (1, [])),
            ("TooMany", INSTALL_ADMINISTRATORS, (1, [empty] * 9)),
            ("NotMembersKey", COMPROMISE, (2, account_id(mine.operate), 1)),
            ("NotMembersKey", COMPROMISE, (0, digest("none"), 1)),
            ("NoCode", REGISTER_CONTRACT, (b"LotBook", empty)),
            ("NoCode", SET_SUCCESSOR, (empty, chain.log.address)),
            ("NotASuccessor", SET_SUCCESSOR, (chain.log.address, empty)),
            ("NotASuccessor", SET_SUCCESSOR, (chain.log.address, chain.log.address)),
            ("AlreadyMember", ADMIT, (("did:web:mine.example", *terms[1:]),)),
            ("TextLength", ADMIT, (("", *terms[1:]),)),
            ("TextLength", ADMIT, (("d" * 257, *terms[1:]),)),
            ("TextLength", ADMIT, ((terms[0], "", *terms[2:]),)),
            ("NotCountryCode", ADMIT, ((*terms[:2], b"cl", *terms[3:]),)),
            ("NotCountryCode", ADMIT, ((*terms[:2], b"C\0", *terms[3:]),)),
            ("UnknownRoles", ADMIT, ((*terms[:5], 1 << 14, *terms[6:]),)),
            ("TooMany", ADMIT, ((*terms[:7], terms[7] * 6),)),
        ]
        for error, kind, values in cases:
            with chain.refuses(error):
                chain.attempt(
                    chain.consortium.functions.propose(kind, payload(kind, *values)),
                    mine.administer,
                )
        with chain.refuses("UnknownKind", 0):
            chain.attempt(chain.consortium.functions.propose(0, b""), mine.administer)
        with chain.refuses("TooMany", 16_385, 16_384):
            chain.attempt(chain.consortium.functions.propose(EXPEL, bytes(16_385)), mine.administer)

    @pytest.mark.row("T51")
    def test_propose__digest__names_chain_contract_number_kind_and_payload(
        self, chain: Chain
    ) -> None:
        content = payload(EXPEL, 9)
        for number in (1, 2):
            found, what = chain.propose(EXPEL, 9)
            assert found == number
            expected = keccak(
                encode(
                    ["uint256", "address", "uint64", "uint8", "bytes"],
                    [chain.w3.eth.chain_id, chain.consortium.address, number, EXPEL, content],
                )
            )
            assert what == expected


class TestQuorum:
    @pytest.mark.row("T50")
    def test_quorum__four_voters__three_are_needed(self, chain: Chain) -> None:
        number, what = chain.propose(ADMIT, newcomer(chain))
        execute = chain.consortium.functions.execute(number, payload(ADMIT, newcomer(chain)))
        for approvals, name in enumerate(("mine", "smelter")):
            with chain.refuses("NoQuorum", number, approvals, 3):
                chain.attempt(execute, chain.strangers[0])
            chain.approve(number, name)
        with chain.refuses("AlreadyApproved", number, 1):
            chain.attempt(
                chain.consortium.functions.approve(number, what), chain.parties["mine"].administer
            )
        chain.approve(number, "maker")
        ready = chain.now() + 48 * HOUR
        with chain.refuses("Timelocked"):
            chain.attempt(execute, chain.strangers[0])
        assert chain.consortium.functions.proposal(number).call()[0][5] == ready
        chain.wait(48 * HOUR)
        chain.send(execute, chain.strangers[0])
        assert chain.consortium.functions.memberCount().call() == 10
        assert chain.consortium.functions.activeAccount(chain.strangers[3]).call()[0] == 10

    @pytest.mark.row("T50")
    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            (ADMIT, None),
            (EXPEL, (2,)),
            (SET_STANDING, (5, 32, True)),
            (SET_RULES, ((3, 4, *RULES[2:]),)),
            (INSTALL_ADMINISTRATORS, (5, ["0x" + "77" * 20])),
            (COMPROMISE, (5, None, 1)),
            (REGISTER_CONTRACT, (b"LotBook", None)),
            (SET_SUCCESSOR, (None, None)),
        ],
    )
    def test_quorum__one_member_alone__changes_nothing(
        self, chain: Chain, kind: int, values: Any
    ) -> None:
        key = account_id(chain.parties["trader"].operate)
        filled: tuple[Any, ...]
        match kind:
            case 1:
                filled = (newcomer(chain),)
            case 6:
                filled = (5, key, 1)
            case 7:
                filled = (b"LotBook", chain.log.address)
            case 8:
                filled = (chain.log.address, chain.consortium.address)
            case _:
                filled = values
        number, _ = chain.propose(kind, *filled, by="body")
        chain.approve(number, "body")
        chain.wait(3 * DAY)
        with chain.refuses("NoQuorum"):
            chain.attempt(
                chain.consortium.functions.execute(number, payload(kind, *filled)),
                chain.parties["body"].administer,
            )

    def test_quorum__target_of_the_vote__neither_counts_nor_votes(self, chain: Chain) -> None:
        number, what = chain.propose(EXPEL, 4)
        with chain.refuses("NoVote", 4):
            chain.attempt(
                chain.consortium.functions.approve(number, what), chain.parties["body"].administer
            )
        chain.approve(number, *VOTERS)
        assert chain.consortium.functions.proposal(number).call()[1:] == [3, 3]

    def test_quorum__approver_expelled_before_execution__no_longer_counts(
        self, chain: Chain
    ) -> None:
        number, _ = chain.propose(ADMIT, newcomer(chain))
        chain.approve(number, "mine", "smelter", "body")
        chain.vote(EXPEL, 4, by=VOTERS)
        chain.wait(3 * DAY)
        with chain.refuses("NoQuorum", number, 2, 3):
            chain.attempt(
                chain.consortium.functions.execute(number, payload(ADMIT, newcomer(chain))),
                chain.strangers[0],
            )

    def test_quorum__reached_by_others_leaving__timelock_starts_when_scheduled(
        self, chain: Chain
    ) -> None:
        number, _ = chain.propose(EXPEL, 5)
        chain.approve(number, "mine", "smelter")
        schedule = chain.consortium.functions.schedule(number)
        with chain.refuses("NoQuorum", number, 2, 3):
            chain.attempt(schedule, chain.strangers[0])
        for name in ("maker", "body"):
            chain.send(chain.consortium.functions.resign(), chain.parties[name].administer)
        chain.wait(10 * DAY)
        execute = chain.consortium.functions.execute(number, payload(EXPEL, 5))
        with chain.refuses("Timelocked"):
            chain.attempt(execute, chain.strangers[0])
        chain.send(schedule, chain.strangers[0])
        with chain.refuses("Timelocked"):
            chain.attempt(schedule, chain.strangers[0])
        with chain.refuses("Timelocked"):
            chain.attempt(execute, chain.strangers[0])
        chain.wait(2 * DAY)
        chain.send(execute, chain.strangers[0])

    def test_withdraw__quorum_lost_and_regained__timelock_starts_anew(self, chain: Chain) -> None:
        number, _ = chain.propose(EXPEL, 9)
        chain.approve(number, *VOTERS)
        chain.wait(40 * HOUR)
        withdraw = chain.consortium.functions.withdrawApproval(number)
        maker = chain.parties["maker"].administer
        chain.send(withdraw, maker)
        assert chain.consortium.functions.hasApproved(number, 3).call() is False
        with chain.refuses("NotApproved", number, 3):
            chain.attempt(withdraw, maker)
        chain.approve(number, "maker")
        chain.wait(40 * HOUR)
        execute = chain.consortium.functions.execute(number, payload(EXPEL, 9))
        with chain.refuses("Timelocked"):
            chain.attempt(execute, chain.strangers[0])
        chain.wait(8 * HOUR)
        chain.send(execute, chain.strangers[0])


@pytest.mark.row("T51")
class TestExecute:
    def test_execute__twice__refused(self, chain: Chain) -> None:
        chain.vote(SET_RULES, (3, 4, *RULES[2:]), by=VOTERS)
        with chain.refuses("AlreadyExecuted", 1):
            chain.attempt(
                chain.consortium.functions.execute(1, payload(SET_RULES, (3, 4, *RULES[2:]))),
                chain.strangers[0],
            )
        assert chain.consortium.functions.rulesCount().call() == 2

    def test_execute__other_payload_than_proposed__refused(self, chain: Chain) -> None:
        number, _ = chain.propose(EXPEL, 9)
        chain.approve(number, *VOTERS)
        chain.wait(2 * DAY)
        for other in (payload(EXPEL, 8), payload(EXPEL, 9) + b"\0", b""):
            with chain.refuses("NotWhatWasProposed"):
                chain.attempt(chain.consortium.functions.execute(number, other), chain.strangers[0])

    def test_approve__digest_of_another_proposal__refused(self, chain: Chain) -> None:
        _, first = chain.propose(EXPEL, 9)
        second, _ = chain.propose(EXPEL, 9)
        with chain.refuses("NotWhatWasProposed"):
            chain.attempt(
                chain.consortium.functions.approve(second, first),
                chain.parties["smelter"].administer,
            )

    def test_execute__expired__refused_and_no_more_votes(self, chain: Chain) -> None:
        number, what = chain.propose(EXPEL, 9)
        chain.approve(number, *VOTERS)
        chain.wait(30 * DAY)
        with chain.refuses("Expired"):
            chain.attempt(
                chain.consortium.functions.execute(number, payload(EXPEL, 9)), chain.strangers[0]
            )
        with chain.refuses("Expired"):
            chain.attempt(
                chain.consortium.functions.approve(number, what), chain.parties["body"].administer
            )

    def test_execute__unknown__refused(self, chain: Chain) -> None:
        for number in (0, 1, 2**64 - 1):
            with chain.refuses("UnknownProposal", number):
                chain.attempt(chain.consortium.functions.execute(number, b""), chain.strangers[0])

    def test_execute__re_entered_by_the_contract_it_calls__once_and_no_other(
        self, chain: Chain
    ) -> None:
        trap = deploy(chain.w3, "Reentrant", chain.strangers[0], chain.consortium.address)
        values = (trap.address, chain.log.address)
        number, _ = chain.propose(SET_SUCCESSOR, *values)
        chain.approve(number, *VOTERS)
        chain.wait(40 * HOUR)
        other, _ = chain.propose(EXPEL, 9)
        chain.approve(other, *VOTERS)
        chain.send(
            trap.functions.prepare(
                number, payload(SET_SUCCESSOR, *values), other, payload(EXPEL, 9)
            ),
            chain.strangers[0],
        )
        chain.wait(8 * HOUR)
        chain.execute(number, SET_SUCCESSOR, *values)
        assert trap.functions.calls().call() == 1
        assert ERRORS[trap.functions.sameRefusal().call()[:4]][0] == "AlreadyExecuted"
        assert ERRORS[trap.functions.otherRefusal().call()[:4]][0] == "Timelocked"
        assert chain.consortium.functions.standing(9).call()[2] is True


class TestStanding:
    def test_expel__member__roles_votes_and_accounts_gone_history_kept(self, chain: Chain) -> None:
        body = chain.parties["body"]
        reads = chain.consortium.functions
        before = reads.membership(body.member, 0, 9).call()
        chain.vote(EXPEL, body.member, by=VOTERS)
        entries = reads.membership(body.member, 0, 9).call()
        now = chain.now()
        assert entries == [*before, (0, False, False, now, now)]
        assert reads.membershipCount(body.member).call() == 2
        assert reads.voterCount().call() == 3
        assert reads.bootstrap().call() is True
        for account in (body.operate, body.administer):
            assert reads.activeAccount(account).call() == [0, 0, 0]
        assert reads.operatorAccount(body.operate).call() == [0, 0]
        with chain.refuses("NotAdmitted", body.member):
            chain.attempt(
                reads.bindKey(account_grant(KeyPurpose.OPERATE, chain.strangers[1]), 0),
                body.administer,
            )
        chain.send(reads.pauseKey(account_id(body.operate)), body.administer)

    def test_set_standing__expelled_member__re_admitted_with_the_same_id(
        self, chain: Chain
    ) -> None:
        body = chain.parties["body"]
        chain.vote(EXPEL, body.member, by=VOTERS)
        chain.vote(SET_STANDING, body.member, 256, False, by=VOTERS)
        assert chain.consortium.functions.operatorAccount(body.operate).call() == [4, 256]
        assert chain.consortium.functions.membershipCount(body.member).call() == 3

    def test_set_standing__roles__accounts_have_them_at_once(self, chain: Chain) -> None:
        trader = chain.parties["trader"]
        call = chain.log.functions.anchor(1, digest("root"), 1, 1)
        with chain.refuses("RoleMissing"):
            chain.attempt(call, trader.operate)
        chain.vote(SET_STANDING, trader.member, 33, False, by=VOTERS)
        chain.send(call, trader.operate)

    def test_set_standing__no_change__refused(self, chain: Chain) -> None:
        number, _ = chain.propose(SET_STANDING, 5, 32, False)
        chain.approve(number, *VOTERS)
        chain.wait(2 * DAY)
        with chain.refuses("NoChange", 5):
            chain.attempt(
                chain.consortium.functions.execute(number, payload(SET_STANDING, 5, 32, False)),
                chain.strangers[0],
            )

    def test_set_standing__vote_for_a_member_without_administrator__refused(
        self, chain: Chain
    ) -> None:
        trader = chain.parties["trader"]
        chain.send(
            chain.consortium.functions.pauseKey(account_id(trader.administer)), trader.administer
        )
        number, _ = chain.propose(SET_STANDING, trader.member, 32, True)
        chain.approve(number, *VOTERS)
        chain.wait(2 * DAY)
        with chain.refuses("NoAdministrator", trader.member):
            chain.attempt(
                chain.consortium.functions.execute(
                    number, payload(SET_STANDING, trader.member, 32, True)
                ),
                chain.strangers[0],
            )

    @pytest.mark.row("T53")
    def test_resign__last_voter__refused(self, chain: Chain) -> None:
        resign = chain.consortium.functions.resign()
        for name in ("smelter", "maker", "body"):
            chain.send(resign, chain.parties[name].administer)
        with chain.refuses("LastVoter", 1):
            chain.attempt(resign, chain.parties["mine"].administer)
        assert chain.consortium.functions.voterCount().call() == 1
        chain.send(resign, chain.parties["trader"].administer)
        with chain.refuses("NotAdmitted"):
            chain.attempt(resign, chain.parties["trader"].administer)

    @pytest.mark.row("T53")
    def test_set_standing__last_vote__cannot_be_voted_away(self, chain: Chain) -> None:
        for name in ("smelter", "maker", "body"):
            chain.send(chain.consortium.functions.resign(), chain.parties[name].administer)
        number, what = chain.propose(SET_STANDING, 1, 1, False)
        with chain.refuses("NoVote", 1):
            chain.attempt(
                chain.consortium.functions.approve(number, what), chain.parties["mine"].administer
            )
        with chain.refuses("NoQuorum", number, 0, 1):
            chain.attempt(chain.consortium.functions.schedule(number), chain.strangers[0])


class TestInstallAdministrators:
    @pytest.mark.row("T53")
    def test_install__lost_keys__replaced_and_all_older_ones_stopped(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        thief, fresh = chain.strangers[1], chain.strangers[2]
        calls = chain.consortium.functions
        chain.send(
            calls.bindKey(account_grant(KeyPurpose.ADMINISTER, thief), chain.now() + 30 * DAY),
            mine.administer,
        )
        chain.send(calls.retireKey(account_id(thief), chain.now() + 900 * DAY), mine.administer)
        chain.vote(INSTALL_ADMINISTRATORS, mine.member, [fresh], by=("smelter", "maker", "body"))
        assert calls.activeAccount(fresh).call() == [mine.member, 4, 1]
        chain.wait(60 * DAY)
        for old in (mine.administer, thief):
            assert calls.activeAccount(old).call() == [0, 0, 0]
            with chain.refuses("NotAuthorised"):
                chain.attempt(calls.pauseKey(account_id(mine.operate)), old)
        chain.send(calls.pauseKey(account_id(mine.operate)), fresh)

    def test_install__an_account_of_somebody_else__refused(self, chain: Chain) -> None:
        other = chain.parties["trader"].administer
        values = (1, [other])
        number, _ = chain.propose(INSTALL_ADMINISTRATORS, *values, by="smelter")
        chain.approve(number, "smelter", "maker", "body")
        chain.wait(2 * DAY)
        with chain.refuses("KeyTaken"):
            chain.attempt(
                chain.consortium.functions.execute(
                    number, payload(INSTALL_ADMINISTRATORS, *values)
                ),
                chain.strangers[0],
            )


class TestCompromiseByVote:
    def test_compromise__further_back_than_a_member_may__by_vote(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        key = account_id(mine.operate)
        since = chain.now() - 300 * DAY
        chain.vote(COMPROMISE, mine.member, key, since, by=("smelter", "maker", "body"))
        state = chain.consortium.functions.keyState(key).call()
        assert state[4:] == (chain.now(), since)
        assert chain.consortium.functions.operatorAccount(mine.operate).call() == [0, 0]


class TestRules:
    @pytest.mark.row("T50")
    @pytest.mark.parametrize(
        ("field", "rules"),
        [
            (0, (1, 2, *RULES[2:])),
            (0, (665, 1000, *RULES[2:])),
            (0, (1, 1, *RULES[2:])),
            (0, (4, 3, *RULES[2:])),
            (0, (0, 3, *RULES[2:])),
            (1, (0, 0, *RULES[2:])),
            (1, (700, 1001, *RULES[2:])),
            (2, (2, 3, 0, *RULES[3:])),
            (2, (2, 3, 61 * DAY, 300 * DAY, *RULES[4:])),
            (3, (2, 3, DAY, DAY, *RULES[4:])),
            (3, (2, 3, DAY, 366 * DAY, *RULES[4:])),
            (4, (*RULES[:4], 366 * DAY, *RULES[5:])),
            (5, (*RULES[:5], 0, 0)),
        ],
    )
    def test_rules__out_of_bounds__refused(
        self, chain: Chain, field: int, rules: tuple[int, ...]
    ) -> None:
        with chain.refuses("RulesOutOfBounds", field, rules[field]):
            chain.attempt(
                chain.consortium.functions.propose(SET_RULES, payload(SET_RULES, rules)),
                chain.parties["mine"].administer,
            )

    def test_rules__changed_by_vote__numbered_dated_and_kept(self, chain: Chain) -> None:
        reads = chain.consortium.functions
        first = reads.rulesAt(1).call()
        chain.vote(SET_RULES, (3, 4, *RULES[2:]), by=VOTERS)
        assert reads.rulesAt(1).call() == first
        assert reads.rules().call() == (3, 4, *RULES[2:6], chain.now())
        assert reads.rules().call() == reads.rulesAt(2).call()
        for number in (0, 3):
            with chain.refuses("UnknownRules", number):
                chain.attempt(reads.rulesAt(number), chain.strangers[0])

    def test_rules__stricter_quorum__counts_for_what_is_already_approved(
        self, chain: Chain
    ) -> None:
        waiting, _ = chain.propose(EXPEL, 9)
        chain.approve(waiting, *VOTERS)
        chain.vote(SET_RULES, (3, 4, *RULES[2:]), by=VOTERS)
        with chain.refuses("NoQuorum", waiting, 3, 4):
            chain.attempt(
                chain.consortium.functions.execute(waiting, payload(EXPEL, 9)), chain.strangers[0]
            )


class TestExit:
    def succeed(self, chain: Chain) -> Any:
        successor = deploy(chain.w3, "NextContract", chain.strangers[0])
        chain.vote(SET_SUCCESSOR, chain.consortium.address, successor.address, by=VOTERS)
        assert chain.consortium.functions.successor().call() == successor.address
        return successor

    @pytest.mark.row("T52")
    def test_successor__only_by_vote(self, chain: Chain) -> None:
        for sender in (chain.parties["mine"].administer, chain.strangers[0]):
            with chain.refuses("NotCaller", sender.lower(), chain.consortium.address.lower()):
                chain.attempt(chain.consortium.functions.setSuccessor(chain.log.address), sender)
        with chain.refuses("NotCaller"):
            chain.attempt(chain.consortium.functions.handOver(1), chain.parties["mine"].administer)
        self.succeed(chain)

    @pytest.mark.row("T52")
    def test_hand_over__member__closed_here_and_no_more_votes(self, chain: Chain) -> None:
        mine, smelter = chain.parties["mine"], chain.parties["smelter"]
        waiting, what = chain.propose(EXPEL, 9)
        successor = self.succeed(chain)
        take = successor.functions.takeMember(chain.consortium.address, mine.member)
        chain.send(take, chain.strangers[0])
        calls = chain.consortium.functions
        assert calls.standing(mine.member).call()[3] is True
        assert calls.activeAccount(mine.operate).call() == [0, 0, 0]
        assert calls.operatorAccount(mine.operate).call() == [0, 0]
        for call, sender in (
            (calls.pauseKey(account_id(mine.operate)), mine.administer),
            (calls.pauseKey(account_id(mine.operate)), mine.operate),
            (calls.resign(), mine.administer),
        ):
            with chain.refuses("HandedOver", mine.member):
                chain.attempt(call, sender)
        for call in (calls.propose(EXPEL, payload(EXPEL, 9)), calls.approve(waiting, what)):
            with chain.refuses("HandedOver", 0):
                chain.attempt(call, smelter.administer)
        with chain.refuses("HandedOver", mine.member):
            chain.attempt(take, chain.strangers[0])
        with chain.refuses("UnknownMember", 10):
            chain.attempt(
                successor.functions.takeMember(chain.consortium.address, 10), chain.strangers[0]
            )
        chain.send(calls.pauseKey(account_id(smelter.operate)), smelter.administer)


class TestConstructor:
    def fails(
        self,
        chain: Chain,
        genesis: list[Any],
        rules: tuple[int, ...] = RULES,
        reserved: tuple[tuple[bytes, str], ...] = (),
    ) -> None:
        factory = chain.w3.eth.contract(
            abi=ARTIFACTS["Consortium"]["abi"], bytecode=ARTIFACTS["Consortium"]["bytecode"]
        )
        sent = factory.constructor(genesis, rules, reserved).transact(
            {"from": chain.strangers[0], "gas": 15_000_000}
        )
        assert chain.w3.eth.get_transaction_receipt(sent)["status"] == 0

    def test_constructor__unsound_genesis__refused(self, chain: Chain) -> None:
        one = admission("one", chain.strangers[1], chain.strangers[2], votes=True)
        two = admission("two", chain.strangers[3], chain.strangers[4], votes=True)
        silent = admission("one", chain.strangers[1], chain.strangers[2])
        keyless = (*one[:7], one[7][1:])
        self.fails(chain, [])
        self.fails(chain, [silent])
        self.fails(chain, [keyless])
        self.fails(chain, [one, one])
        self.fails(chain, [one, (*two[:7], one[7])])
        self.fails(chain, [one], (1, 2, *RULES[2:]))
        self.fails(chain, [one], reserved=((name_word("LotBook"), "0x" + "00" * 20),))
        small = deploy(chain.w3, "Consortium", chain.strangers[0], [one, two], RULES, [])
        assert small.functions.bootstrap().call() is True

    def test_constructor__reservations__named_before_they_exist_with_no_digest(
        self, chain: Chain
    ) -> None:
        expected = dict(reservations(chain.w3.eth.accounts[-1]))
        known = {name_word("StatementLog"): chain.log, name_word("Assurance"): chain.assurance}
        assert {name: expected[name] for name in known} == {
            name: contract.address for name, contract in known.items()
        }
        events = chain.consortium.events.ContractRegistered().get_logs(from_block=0)
        assert [dict(event["args"]) for event in events] == [
            {"name": name, "location": address, "codeDigest": bytes(32)}
            for name, address in expected.items()
        ]
        for name, address in expected.items():
            assert chain.consortium.functions.contractAt(name).call() == address


class TestCallContract:
    """``setLotRules`` of the registry stands for any call."""

    def rules_call(self, chain: Chain, lateness: int) -> Any:
        return chain.registry.functions.setLotRules((lateness, 1000, DAY, 4, 0))

    def test_call__contract_on_record__is_made_by_the_consortium(self, chain: Chain) -> None:
        somebody, consortium = chain.strangers[0], chain.consortium.address
        with chain.refuses("NotCaller", somebody.lower(), consortium.lower()):
            chain.attempt(self.rules_call(chain, DAY), somebody)
        chain.calls("Registry", self.rules_call(chain, DAY))
        assert chain.registry.functions.lotRules().call()[0] == DAY

    def test_call__refused_by_the_contract__fails_with_its_error_and_can_be_executed_later(
        self, chain: Chain
    ) -> None:
        chain.calls_in_vain("Registry", self.rules_call(chain, 0), "LotRulesOutOfBounds", 0, 0)
        number = chain.consortium.functions.proposalCount().call()
        assert chain.consortium.functions.proposal(number).call()[0][1] is False, "not executed"

    def test_call__name_not_on_record_or_the_consortium_itself__refused(self, chain: Chain) -> None:
        nobody = name_word("Nobody")

        def propose(name: bytes) -> Any:
            content = payload(CALL_CONTRACT, name, b"")
            return chain.consortium.functions.propose(CALL_CONTRACT, content)

        mine = chain.parties["mine"].administer
        with chain.refuses("NotCallable", nobody, "0x" + "00" * 20):
            chain.attempt(propose(nobody), mine)
        itself = name_word("Consortium")
        chain.vote(REGISTER_CONTRACT, itself, chain.consortium.address, by=VOTERS)
        with chain.refuses("NotCallable", itself, chain.consortium.address.lower()):
            chain.attempt(propose(itself), mine)

    def test_call__name_moved_to_the_consortium_before_execution__refused(
        self, chain: Chain
    ) -> None:
        name = name_word("Registry")
        values = (name, calldata(self.rules_call(chain, DAY)))
        number, _ = chain.propose(CALL_CONTRACT, *values)
        chain.approve(number, *VOTERS)
        chain.vote(REGISTER_CONTRACT, name, chain.consortium.address, by=VOTERS)
        execute = chain.consortium.functions.execute(number, payload(CALL_CONTRACT, *values))
        with chain.refuses("NotCallable", name, chain.consortium.address.lower()):
            chain.attempt(execute, chain.strangers[0])

    def test_call__re_entered_by_the_contract__once_and_no_other(self, chain: Chain) -> None:
        trap = deploy(chain.w3, "Reentrant", chain.strangers[0], chain.consortium.address)
        chain.vote(REGISTER_CONTRACT, name_word("Trap"), trap.address, by=VOTERS)
        values = (name_word("Trap"), calldata(trap.functions.setSuccessor(chain.log.address)))
        number, _ = chain.propose(CALL_CONTRACT, *values)
        chain.approve(number, *VOTERS)
        chain.wait(40 * HOUR)
        other, _ = chain.propose(EXPEL, 9)
        chain.approve(other, *VOTERS)
        chain.send(
            trap.functions.prepare(
                number, payload(CALL_CONTRACT, *values), other, payload(EXPEL, 9)
            ),
            chain.strangers[0],
        )
        chain.wait(8 * HOUR)
        chain.execute(number, CALL_CONTRACT, *values)
        assert trap.functions.calls().call() == 1
        assert ERRORS[trap.functions.sameRefusal().call()[:4]][0] == "AlreadyExecuted"
        assert ERRORS[trap.functions.otherRefusal().call()[:4]][0] == "Timelocked"
