"""StatementLog by its functions: what is refused, beside what is permitted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.contracts.world import ARTIFACTS, DAY, Chain, account_id, deploy, digest, payload
from veta.model.anchoring import BatchKind, StatusAction, StatusReason
from veta.model.consortium import Role
from veta.verify.policy import ROLES_BY_KIND

ROOT = digest("root")
LEAF = digest("leaf")
OTHER_LEAF = digest("other leaf")
GROUNDS = digest("grounds")
NONE = bytes(32)


def entries(chain: Chain, issuer: int, leaf: bytes = LEAF) -> list[tuple[object, ...]]:
    """The whole status list."""
    count = chain.log.functions.statusCount(issuer, leaf).call()
    listed = chain.log.functions.status(issuer, leaf, 0, 1000).call()
    assert len(listed) == count
    return [tuple(entry) for entry in listed]


class TestAnchor:
    def test_anchor__stranger__refused(self, chain: Chain) -> None:
        with chain.refuses("NotOperator", chain.strangers[0].lower()):
            chain.attempt(chain.log.functions.anchor(1, ROOT, 1, 1), chain.strangers[0])

    @pytest.mark.row("A05")
    @pytest.mark.parametrize("kind", list(BatchKind))
    def test_roles_for__every_kind__as_the_verifier_asks(
        self, chain: Chain, kind: BatchKind
    ) -> None:
        """What the contract lets be anchored, the verifier does not refuse for its role."""
        every = sum(Role)
        assert chain.log.functions.rolesFor(int(kind)).call() == ROLES_BY_KIND[kind] & every

    def test_anchor__administer_account__refused(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        with chain.refuses("NotOperator", mine.administer.lower()):
            chain.attempt(chain.log.functions.anchor(1, ROOT, 1, 1), mine.administer)

    def test_anchor__first_batch__record_says_what_was_anchored(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        chain.send(chain.log.functions.anchor(1, ROOT, 1000, 1), mine.operate)
        record = chain.log.functions.anchorOf(mine.member, ROOT).call()
        assert tuple(record) == (1, 1000, chain.now(), BatchKind.PASSPORT)
        assert chain.log.functions.nextSequence(mine.member).call() == [2, False]

    @pytest.mark.parametrize("given", [0, 1, 3, 2**64 - 1])
    def test_anchor__sequence_not_next__refused_with_both_numbers(
        self, chain: Chain, given: int
    ) -> None:
        mine = chain.parties["mine"]
        chain.send(chain.log.functions.anchor(1, ROOT, 1, 1), mine.operate)
        with chain.refuses("SequenceMismatch", mine.member, 2, given):
            chain.attempt(chain.log.functions.anchor(given, digest("b"), 1, 1), mine.operate)

    def test_anchor__same_root_again__refused_with_its_number(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        chain.send(chain.log.functions.anchor(1, ROOT, 1, 1), mine.operate)
        with chain.refuses("AlreadyAnchored", mine.member, ROOT, 1):
            chain.attempt(chain.log.functions.anchor(2, ROOT, 1, 1), mine.operate)

    @pytest.mark.row("T41")
    def test_anchor__root_taken_by_another_member__both_stand(self, chain: Chain) -> None:
        mine, smelter = chain.parties["mine"], chain.parties["smelter"]
        chain.send(chain.log.functions.anchor(1, ROOT, 7, 1), smelter.operate)
        first = chain.now()
        chain.send(chain.log.functions.anchor(1, ROOT, 9, 4), mine.operate)
        assert chain.log.functions.anchorOf(smelter.member, ROOT).call() == (1, 7, first, 1)
        assert chain.log.functions.anchorOf(mine.member, ROOT).call() == (1, 9, chain.now(), 4)

    @pytest.mark.parametrize("size", [0, 2**53, 2**64 - 1])
    def test_anchor__size_out_of_bounds__refused(self, chain: Chain, size: int) -> None:
        with chain.refuses("SizeOutOfBounds", size, 2**53 - 1):
            chain.attempt(
                chain.log.functions.anchor(1, ROOT, size, 1), chain.parties["mine"].operate
            )

    def test_anchor__largest_size__stands(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        chain.send(chain.log.functions.anchor(1, ROOT, 2**53 - 1, 1), mine.operate)
        assert chain.log.functions.anchorOf(mine.member, ROOT).call()[1] == 2**53 - 1

    @pytest.mark.parametrize("kind", [0, 7, 255])
    def test_anchor__unknown_kind__refused(self, chain: Chain, kind: int) -> None:
        with chain.refuses("UnknownKind", kind):
            chain.attempt(
                chain.log.functions.anchor(1, ROOT, 1, kind), chain.parties["mine"].operate
            )

    def test_anchor__zero_root__refused(self, chain: Chain) -> None:
        with chain.refuses("ZeroRoot"):
            chain.attempt(chain.log.functions.anchor(1, NONE, 1, 1), chain.parties["mine"].operate)

    @pytest.mark.row("A05")
    @pytest.mark.parametrize(
        ("who", "kinds"),
        [
            ("mine", {BatchKind.PASSPORT, BatchKind.FACILITY, BatchKind.EVENT, BatchKind.OTHER}),
            ("trader", {BatchKind.FACILITY, BatchKind.EVENT, BatchKind.OTHER}),
            (
                "laboratory",
                {BatchKind.FACILITY, BatchKind.CERTIFICATE, BatchKind.EVENT, BatchKind.OTHER},
            ),
            ("body", {BatchKind.CERTIFICATE, BatchKind.OTHER}),
            ("accreditor", {BatchKind.CERTIFICATE, BatchKind.IDENTITY, BatchKind.OTHER}),
            ("authority", {BatchKind.CERTIFICATE, BatchKind.IDENTITY, BatchKind.OTHER}),
            ("community", {BatchKind.OTHER}),
        ],
    )
    def test_anchor__each_kind__only_by_a_role_that_may(
        self, chain: Chain, who: str, kinds: set[BatchKind]
    ) -> None:
        party = chain.parties[who]
        for kind in BatchKind:
            call = chain.log.functions.anchor(1, ROOT, 1, int(kind))
            if kind in kinds:
                chain.attempt(call, party.operate)
            else:
                roles = chain.consortium.functions.standing(party.member).call()[0]
                required = chain.log.functions.rolesFor(int(kind)).call()
                with chain.refuses("RoleMissing", party.member, roles, required):
                    chain.attempt(call, party.operate)

    @pytest.mark.row("A08")
    def test_anchor__operate_key_paused_retired_or_compromised__refused(self, chain: Chain) -> None:
        call = chain.log.functions.anchor(1, ROOT, 1, 4)
        for who, end, times in (
            ("mine", "pauseKey", ()),
            ("smelter", "retireKey", (0,)),
            ("maker", "declareCompromised", (chain.now(),)),
        ):
            party = chain.parties[who]
            chain.attempt(call, party.operate)
            ending = chain.consortium.functions[end](account_id(party.operate), *times)
            chain.send(ending, party.administer)
            with chain.refuses("NotOperator"):
                chain.attempt(call, party.operate)

    def test_constructor__no_consortium__refused(self, chain: Chain) -> None:
        for location in (chain.strangers[0], "0x" + "00" * 20):
            factory = chain.w3.eth.contract(
                abi=ARTIFACTS["StatementLog"]["abi"], bytecode=ARTIFACTS["StatementLog"]["bytecode"]
            )
            sent = factory.constructor(chain.w3.to_checksum_address(location)).transact(
                {"from": chain.strangers[0], "gas": 5_000_000}
            )
            assert chain.w3.eth.get_transaction_receipt(sent)["status"] == 0


class TestRevoke:
    @pytest.mark.parametrize(
        "reason",
        [
            StatusReason.ISSUED_IN_ERROR,
            StatusReason.WITHDRAWN,
            StatusReason.COMPROMISED,
            StatusReason.OTHER,
        ],
    )
    def test_revoke__by_the_issuer__appended(self, chain: Chain, reason: StatusReason) -> None:
        mine = chain.parties["mine"]
        chain.send(chain.log.functions.revoke(mine.member, LEAF, reason, 0), mine.operate)
        now = chain.now()
        assert entries(chain, mine.member) == [
            (StatusAction.REVOKE, reason, mine.member, now, now, NONE)
        ]

    @pytest.mark.parametrize("reason", list(StatusReason))
    def test_revoke__by_a_member_without_standing__refused(
        self, chain: Chain, reason: StatusReason
    ) -> None:
        mine, trader = chain.parties["mine"], chain.parties["trader"]
        with chain.refuses("ReasonNotOpen", trader.member, mine.member, reason):
            chain.attempt(chain.log.functions.revoke(mine.member, LEAF, reason, 0), trader.operate)

    @pytest.mark.parametrize(
        ("who", "issuer", "reason", "open_"),
        [
            ("body", "mine", StatusReason.VOIDED_BY_BODY, True),
            ("body", "mine", StatusReason.VOIDED_BY_ACCREDITOR, False),
            ("body", "mine", StatusReason.WITHDRAWN, False),
            ("body", "mine", StatusReason.COMPROMISED, False),
            ("body", "body", StatusReason.VOIDED_BY_BODY, False),
            ("body", "accreditor", StatusReason.VOIDED_BY_BODY, False),
            ("body", "authority", StatusReason.VOIDED_BY_BODY, False),
            ("accreditor", "mine", StatusReason.VOIDED_BY_ACCREDITOR, True),
            ("accreditor", "body", StatusReason.VOIDED_BY_ACCREDITOR, True),
            ("accreditor", "body", StatusReason.VOIDED_BY_BODY, False),
            ("accreditor", "accreditor", StatusReason.VOIDED_BY_ACCREDITOR, False),
            ("accreditor", "authority", StatusReason.VOIDED_BY_ACCREDITOR, False),
            ("authority", "mine", StatusReason.VOIDED_BY_BODY, True),
            ("authority", "accreditor", StatusReason.VOIDED_BY_BODY, True),
            ("authority", "authority", StatusReason.VOIDED_BY_BODY, False),
            ("authority", "mine", StatusReason.OTHER, False),
            ("mine", "mine", StatusReason.VOIDED_BY_BODY, False),
            ("mine", "mine", StatusReason.NONE, False),
        ],
    )
    def test_revoke__reason_and_role__table(
        self, chain: Chain, who: str, issuer: str, reason: StatusReason, open_: bool
    ) -> None:
        by, of = chain.parties[who], chain.parties[issuer]
        call = chain.log.functions.revoke(of.member, LEAF, reason, 0)
        if open_:
            chain.attempt(call, by.operate)
        else:
            with chain.refuses("ReasonNotOpen", by.member, of.member, reason):
                chain.attempt(call, by.operate)

    def test_revoke__in_the_past__only_compromised_and_voided(self, chain: Chain) -> None:
        past = chain.now() - 20 * DAY
        mine = chain.parties["mine"]
        for reason in (
            StatusReason.ISSUED_IN_ERROR,
            StatusReason.WITHDRAWN,
            StatusReason.OTHER,
        ):
            with chain.refuses("InThePast"):
                chain.attempt(
                    chain.log.functions.revoke(mine.member, LEAF, reason, past), mine.operate
                )
        for who, reason in (
            ("mine", StatusReason.COMPROMISED),
            ("body", StatusReason.VOIDED_BY_BODY),
            ("accreditor", StatusReason.VOIDED_BY_ACCREDITOR),
        ):
            chain.send(
                chain.log.functions.revoke(mine.member, LEAF, reason, past),
                chain.parties[who].operate,
            )
            assert entries(chain, mine.member)[-1][3:5] == (past, chain.now())

    @pytest.mark.parametrize("reason", [StatusReason.COMPROMISED, StatusReason.WITHDRAWN])
    def test_revoke__in_the_future__refused(self, chain: Chain, reason: StatusReason) -> None:
        mine = chain.parties["mine"]
        with chain.refuses("InTheFuture"):
            chain.attempt(
                chain.log.functions.revoke(mine.member, LEAF, reason, chain.now() + DAY),
                mine.operate,
            )

    def test_revoke__same_member_and_reason_again__refused(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        for reason in (StatusReason.WITHDRAWN, StatusReason.COMPROMISED):
            call = chain.log.functions.revoke(mine.member, LEAF, reason, 0)
            chain.send(call, mine.operate)
            with chain.refuses("AlreadyRevoked", mine.member, LEAF, reason):
                chain.attempt(call, mine.operate)
        assert len(entries(chain, mine.member)) == 2

    @pytest.mark.parametrize("issuer", [0, 10, 2**32 - 1])
    def test_revoke__no_such_issuer__refused(self, chain: Chain, issuer: int) -> None:
        with chain.refuses("UnknownIssuer", issuer):
            chain.attempt(
                chain.log.functions.revoke(issuer, LEAF, StatusReason.VOIDED_BY_BODY, 0),
                chain.parties["body"].operate,
            )

    def test_revoke__zero_leaf__refused(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        with chain.refuses("ZeroLeaf"):
            chain.attempt(chain.log.functions.revoke(mine.member, NONE, 2, 0), mine.operate)

    def test_revoke__one_issuers_leaf__another_issuers_list_untouched(self, chain: Chain) -> None:
        mine, smelter = chain.parties["mine"], chain.parties["smelter"]
        chain.send(chain.log.functions.revoke(mine.member, LEAF, 2, 0), mine.operate)
        assert entries(chain, smelter.member) == []


class TestSupersede:
    def test_supersede__own_statement__appended_with_the_new_leaf(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        chain.send(chain.log.functions.supersede(LEAF, OTHER_LEAF), mine.operate)
        now = chain.now()
        assert entries(chain, mine.member) == [
            (StatusAction.SUPERSEDE, StatusReason.NONE, mine.member, now, now, OTHER_LEAF)
        ]
        assert chain.log.functions.supersededBy(mine.member, LEAF).call() == OTHER_LEAF

    def test_supersede__by_another_member__changes_only_its_own(self, chain: Chain) -> None:
        mine, smelter = chain.parties["mine"], chain.parties["smelter"]
        chain.send(chain.log.functions.supersede(LEAF, OTHER_LEAF), smelter.operate)
        assert chain.log.functions.supersededBy(mine.member, LEAF).call() == NONE
        assert entries(chain, mine.member) == []

    def test_supersede__itself__refused(self, chain: Chain) -> None:
        with chain.refuses("SupersedesItself", LEAF):
            chain.attempt(chain.log.functions.supersede(LEAF, LEAF), chain.parties["mine"].operate)

    def test_supersede__zero_leaf__refused(self, chain: Chain) -> None:
        for pair in ((LEAF, NONE), (NONE, LEAF)):
            with chain.refuses("ZeroLeaf"):
                chain.attempt(chain.log.functions.supersede(*pair), chain.parties["mine"].operate)

    def test_supersede__twice__refused_with_the_first(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        chain.send(chain.log.functions.supersede(LEAF, OTHER_LEAF), mine.operate)
        with chain.refuses("AlreadySuperseded", LEAF, OTHER_LEAF):
            chain.attempt(chain.log.functions.supersede(LEAF, digest("third")), mine.operate)

    def test_supersede__closing_a_cycle__refused(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        leaves = [digest(f"version {i}") for i in range(4)]
        for old, new in pairwise(leaves):
            chain.send(chain.log.functions.supersede(old, new), mine.operate)
        for earlier in leaves[:-1]:
            with chain.refuses("AlreadySuperseded"):
                chain.attempt(chain.log.functions.supersede(leaves[-1], earlier), mine.operate)


class TestReaffirm:
    def test_reaffirm__no_key_compromised__refused(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        with chain.refuses("NothingToReaffirm", mine.member, LEAF, 0):
            chain.attempt(chain.log.functions.reaffirm(LEAF), mine.operate)

    def test_reaffirm__once_for_each_compromise__appended(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        for name in ("mine", "second"):
            if name == "second":
                grant = (2, 2, bytes(range(64)))
                chain.send(chain.consortium.functions.bindKey(grant, 0), mine.administer)
            keys = chain.consortium.functions.keys(mine.member, 0, 99).call()
            sign = [key for key in keys if key[1] == 2][-1][5]
            chain.send(
                chain.consortium.functions.declareCompromised(sign, chain.now()), mine.administer
            )
            chain.send(chain.log.functions.reaffirm(LEAF), mine.operate)
            with chain.refuses("NothingToReaffirm"):
                chain.attempt(chain.log.functions.reaffirm(LEAF), mine.operate)
        assert [entry[0] for entry in entries(chain, mine.member)] == [StatusAction.REAFFIRM] * 2

    def test_reaffirm__by_the_compromised_account__refused(self, chain: Chain) -> None:
        mine = chain.parties["mine"]
        key = account_id(mine.operate)
        chain.send(chain.consortium.functions.declareCompromised(key, chain.now()), mine.administer)
        with chain.refuses("NotOperator"):
            chain.attempt(chain.log.functions.reaffirm(LEAF), mine.operate)


class TestDispute:
    @pytest.mark.parametrize("who", ["mine", "body", "accreditor", "authority", "community"])
    def test_dispute__by_a_party_with_standing__open(self, chain: Chain, who: str) -> None:
        mine, party = chain.parties["mine"], chain.parties[who]
        chain.send(chain.log.functions.dispute(mine.member, LEAF, GROUNDS), party.operate)
        now = chain.now()
        assert entries(chain, mine.member) == [
            (StatusAction.DISPUTE, StatusReason.NONE, party.member, now, now, GROUNDS)
        ]
        found = chain.log.functions.disputeOf(mine.member, LEAF, party.member).call()
        assert found == [(now, now + 180 * DAY, False, False), True]

    @pytest.mark.row("A52")
    def test_dispute__without_evidence__refused(self, chain: Chain) -> None:
        mine, community = chain.parties["mine"], chain.parties["community"]
        with chain.refuses("ZeroLeaf"):
            dispute = chain.log.functions.dispute(mine.member, LEAF, bytes(32))
            chain.attempt(dispute, community.operate)

    @pytest.mark.parametrize("who", ["trader", "smelter", "laboratory"])
    def test_dispute__by_a_competitor__refused(self, chain: Chain, who: str) -> None:
        mine, party = chain.parties["mine"], chain.parties[who]
        with chain.refuses("RoleMissing"):
            chain.attempt(chain.log.functions.dispute(mine.member, LEAF, GROUNDS), party.operate)

    def test_dispute__second_by_the_same_party__refused_until_it_lapsed(self, chain: Chain) -> None:
        mine, community = chain.parties["mine"], chain.parties["community"]
        call = chain.log.functions.dispute(mine.member, LEAF, GROUNDS)
        chain.send(call, community.operate)
        lapses = chain.now() + 180 * DAY
        with chain.refuses("DisputeBarred", community.member, LEAF, lapses):
            chain.attempt(call, community.operate)
        chain.attempt(call, chain.parties["authority"].operate)
        chain.send(chain.log.functions.closeDispute(mine.member, LEAF), community.operate)
        with chain.refuses("DisputeBarred", community.member, LEAF, lapses):
            chain.attempt(call, community.operate)
        chain.wait(180 * DAY)
        chain.attempt(call, community.operate)

    def test_dispute__lapses__no_longer_open_and_cannot_be_closed(self, chain: Chain) -> None:
        mine, community = chain.parties["mine"], chain.parties["community"]
        chain.send(chain.log.functions.dispute(mine.member, LEAF, GROUNDS), community.operate)
        chain.wait(180 * DAY)
        state = chain.log.functions.disputeOf(mine.member, LEAF, community.member).call()
        assert state[1] is False
        with chain.refuses("NoOpenDispute", community.member, LEAF):
            chain.attempt(chain.log.functions.closeDispute(mine.member, LEAF), community.operate)

    def test_close_dispute__by_another_party__refused(self, chain: Chain) -> None:
        mine, community = chain.parties["mine"], chain.parties["community"]
        chain.send(chain.log.functions.dispute(mine.member, LEAF, GROUNDS), community.operate)
        with chain.refuses("NoOpenDispute", mine.member, LEAF):
            chain.attempt(chain.log.functions.closeDispute(mine.member, LEAF), mine.operate)

    def test_uphold__by_an_independent_body__lapses_no_more(self, chain: Chain) -> None:
        mine, community = chain.parties["mine"], chain.parties["community"]
        authority = chain.parties["authority"]
        chain.send(chain.log.functions.dispute(mine.member, LEAF, GROUNDS), community.operate)
        uphold = chain.log.functions.upholdDispute(mine.member, LEAF, community.member)
        chain.send(uphold, authority.operate)
        with chain.refuses("AlreadyUpheld", community.member, LEAF):
            chain.attempt(uphold, chain.parties["body"].operate)
        chain.wait(400 * DAY)
        assert chain.log.functions.disputeOf(mine.member, LEAF, community.member).call()[1]
        assert entries(chain, mine.member)[-1][0] == StatusAction.DISPUTE_UPHELD
        assert entries(chain, mine.member)[-1][5] == community.member.to_bytes(32, "big")
        with chain.refuses("DisputeBarred"):
            chain.attempt(
                chain.log.functions.dispute(mine.member, LEAF, GROUNDS), community.operate
            )

    def test_uphold__by_party_issuer_or_bystander__refused(self, chain: Chain) -> None:
        body, authority = chain.parties["body"], chain.parties["authority"]
        chain.send(chain.log.functions.dispute(body.member, LEAF, GROUNDS), authority.operate)
        uphold = chain.log.functions.upholdDispute(body.member, LEAF, authority.member)
        for who in ("authority", "body"):
            with chain.refuses(
                "NotIndependent", chain.parties[who].member, chain.parties[who].member
            ):
                chain.attempt(uphold, chain.parties[who].operate)
        with chain.refuses("RoleMissing"):
            chain.attempt(uphold, chain.parties["trader"].operate)
        chain.attempt(uphold, chain.parties["accreditor"].operate)

    def test_uphold__nothing_open__refused(self, chain: Chain) -> None:
        mine, community = chain.parties["mine"], chain.parties["community"]
        with chain.refuses("NoOpenDispute", community.member, LEAF):
            chain.attempt(
                chain.log.functions.upholdDispute(mine.member, LEAF, community.member),
                chain.parties["authority"].operate,
            )


class TestExit:
    VOTERS = ("mine", "smelter", "maker")

    def succeed(self, chain: Chain) -> object:
        successor = deploy(chain.w3, "NextContract", chain.strangers[0])
        chain.vote(8, chain.log.address, successor.address, by=self.VOTERS)
        assert chain.log.functions.successor().call() == successor.address
        return successor

    def test_set_successor__by_anybody_but_the_consortium__refused(self, chain: Chain) -> None:
        for sender in (chain.parties["mine"].administer, chain.strangers[0]):
            with chain.refuses("NotCaller", sender.lower(), chain.consortium.address.lower()):
                chain.attempt(chain.log.functions.setSuccessor(chain.consortium.address), sender)

    def test_hand_over__by_anybody_but_the_successor__refused(self, chain: Chain) -> None:
        with chain.refuses("NotCaller"):
            chain.attempt(chain.log.functions.handOver(1), chain.parties["mine"].operate)
        self.succeed(chain)
        with chain.refuses("NotCaller"):
            chain.attempt(chain.log.functions.handOver(1), chain.parties["mine"].operate)

    @pytest.mark.row("T52")
    def test_hand_over__one_issuer__closed_here_in_the_same_transaction(self, chain: Chain) -> None:
        mine, smelter = chain.parties["mine"], chain.parties["smelter"]
        chain.send(chain.log.functions.anchor(1, ROOT, 1, 1), mine.operate)
        successor = self.succeed(chain)
        chain.send(chain.log.functions.anchor(2, digest("b"), 1, 1), mine.operate)
        chain.send(
            successor.functions.takeIssuer(chain.log.address, mine.member),  # type: ignore[attr-defined]
            chain.strangers[0],
        )
        assert successor.functions.lastSequence().call() == 2  # type: ignore[attr-defined]
        assert chain.log.functions.nextSequence(mine.member).call() == [3, True]
        closed = (mine.member, successor.address.lower())  # type: ignore[attr-defined]
        for call in (
            chain.log.functions.anchor(3, digest("c"), 1, 1),
            chain.log.functions.revoke(mine.member, LEAF, 2, 0),
            chain.log.functions.supersede(LEAF, OTHER_LEAF),
            chain.log.functions.reaffirm(LEAF),
            chain.log.functions.dispute(mine.member, LEAF, GROUNDS),
        ):
            with chain.refuses("IssuerClosed", *closed):
                chain.attempt(call, mine.operate)
        with chain.refuses("IssuerClosed", *closed):
            chain.attempt(
                successor.functions.takeIssuer(chain.log.address, mine.member),  # type: ignore[attr-defined]
                chain.strangers[0],
            )
        assert chain.log.functions.anchorOf(mine.member, ROOT).call()[0] == 1
        chain.send(chain.log.functions.anchor(1, ROOT, 1, 1), smelter.operate)

    def test_successor__second_vote__refused(self, chain: Chain) -> None:
        first = self.succeed(chain)
        second = deploy(chain.w3, "NextContract", chain.strangers[0])
        values = (chain.log.address, second.address)
        number, _ = chain.propose(8, *values)
        chain.approve(number, *self.VOTERS)
        chain.wait(2 * DAY)
        with chain.refuses("SuccessorAlreadySet", first.address.lower()):  # type: ignore[attr-defined]
            chain.attempt(
                chain.consortium.functions.execute(number, payload(8, *values)),
                chain.strangers[0],
            )


class TestDrawSequence:
    def test_draw__by_anybody_but_the_recorded_lot_book__refused(self, chain: Chain) -> None:
        book = deploy(chain.w3, "NextContract", chain.strangers[0])
        draw = book.functions.draw(chain.log.address, 1, 1)
        reserved = chain.consortium.functions.contractAt(b"LotBook".ljust(32, b"\0")).call()
        with chain.refuses("NotCaller", book.address.lower(), reserved.lower()):
            chain.attempt(draw, chain.strangers[0])
        chain.vote(7, b"LotBook".ljust(32, b"\0"), book.address, by=("mine", "maker", "body"))
        with chain.refuses("NotCaller"):
            chain.attempt(chain.log.functions.drawSequence(1, 1), chain.parties["mine"].operate)
        chain.send(draw, chain.strangers[0])
        mine = chain.parties["mine"]
        assert book.functions.firstDrawn().call() == 1
        mine = chain.parties["mine"]
        with chain.refuses("SequenceMismatch", 1, 2, 1):
            chain.attempt(chain.log.functions.anchor(1, ROOT, 1, 1), mine.operate)
        chain.send(chain.log.functions.anchor(2, ROOT, 1, 1), mine.operate)
        with chain.refuses("UnknownIssuer", 10):
            chain.attempt(book.functions.draw(chain.log.address, 10, 1), chain.strangers[0])

    def test_draw__many_at_once__first_of_them_is_told_and_the_sequence_goes_on_after_the_last(
        self, chain: Chain
    ) -> None:
        book = deploy(chain.w3, "NextContract", chain.strangers[0])
        chain.vote(7, b"LotBook".ljust(32, b"\0"), book.address, by=("mine", "maker", "body"))
        mine = chain.parties["mine"]
        chain.send(chain.log.functions.anchor(1, ROOT, 1, 1), mine.operate)

        def draw(count: int) -> Any:
            return book.functions.draw(chain.log.address, 1, count)

        receipt = chain.send(draw(3), chain.strangers[0])
        assert book.functions.firstDrawn().call() == 2
        (drawn,) = chain.log.events.SequenceDrawn().process_receipt(receipt)
        assert dict(drawn["args"]) == {"issuer": 1, "first": 2, "count": 3}
        assert chain.log.functions.nextSequence(1).call() == [5, False]
        chain.send(draw(2**16), chain.strangers[0])
        assert book.functions.firstDrawn().call() == 5
        assert chain.log.functions.nextSequence(1).call() == [5 + 2**16, False]
        for count in (0, 2**16 + 1, 2**64 - 1):
            with chain.refuses("CountOutOfBounds", count, 2**16):
                chain.attempt(draw(count), chain.strangers[0])

    def test_draw__issuer_in_the_successor__refused(self, chain: Chain) -> None:
        book = deploy(chain.w3, "NextContract", chain.strangers[0])
        next_ = deploy(chain.w3, "NextContract", chain.strangers[0])
        voters = ("mine", "maker", "body")
        chain.vote(7, b"LotBook".ljust(32, b"\0"), book.address, by=voters)
        chain.vote(8, chain.log.address, next_.address, by=voters)
        draw = book.functions.draw(chain.log.address, 1, 2)
        chain.send(draw, chain.strangers[0])
        chain.send(next_.functions.takeIssuer(chain.log.address, 1), chain.strangers[0])
        assert next_.functions.lastSequence().call() == 2
        with chain.refuses("IssuerClosed", 1, next_.address.lower()):
            chain.attempt(draw, chain.strangers[0])


def test_roles_for__solidity_table__names_only_known_roles(chain: Chain) -> None:
    everything = sum(Role)
    for kind in BatchKind:
        mask = chain.log.functions.rolesFor(int(kind)).call()
        assert 0 < mask <= everything
    assert chain.log.functions.rolesFor(int(BatchKind.OTHER)).call() == everything
