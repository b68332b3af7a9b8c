"""Open rules of entry: nobody alone lets in, throws out or upgrades; any quorum can."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.world import (
    ADMIT,
    CALL_CONTRACT,
    EXPEL,
    HOUR,
    OPEN,
    REGISTER_CONTRACT,
    RULES,
    SET_RULES,
    SET_STANDING,
    SET_SUCCESSOR,
    Chain,
    admission,
    calldata,
    name_word,
    payload,
)
from veta.bootstrap import ProposalKind
from veta.chain.governance import GovernanceRules
from veta.cli.admission_policy import NEEDS_A_VOTE, approvals_needed, policy_json
from veta.services.run_file import word_of

VOTING = ("mine", "smelter", "maker", "body")


def acts(chain: Chain) -> list[tuple[int, tuple[Any, ...]]]:
    """Each way to change who is in, what they may and which contracts count."""
    new, operate = chain.strangers[4], chain.strangers[5]
    site = chain.registry.functions.setOperator(1, 3, 0, OPEN)
    return [
        (ADMIT, (admission("newcomer", new, operate),)),
        (EXPEL, (5,)),
        (SET_STANDING, (5, 32, True)),
        (SET_RULES, ((3, 4, *RULES[2:]),)),
        (REGISTER_CONTRACT, (name_word("Other"), chain.log.address)),
        (SET_SUCCESSOR, (chain.log.address, chain.registry.address)),
        (CALL_CONTRACT, (name_word("Registry"), calldata(site))),
    ]


@pytest.mark.row("S39", "A49")
@pytest.mark.parametrize("alone", VOTING)
def test_one_member_alone__whoever_it_is__admits_expels_and_upgrades_nothing(
    chain: Chain, alone: str
) -> None:
    for kind, values in acts(chain):
        number, _ = chain.propose(kind, *values, by=alone)
        chain.approve(number, alone)
        chain.wait(60 * HOUR)
        execute = chain.consortium.functions.execute(number, payload(kind, *values))
        with chain.refuses("NoQuorum", number, 1, 3):
            chain.attempt(execute, chain.parties[alone].administer)
    assert chain.consortium.functions.memberCount().call() == 9
    assert chain.consortium.functions.voterCount().call() == 4


@pytest.mark.row("S39")
def test_newcomer__by_any_three_of_four__is_in_and_has_one_vote_like_all(chain: Chain) -> None:
    terms = admission("newcomer", chain.strangers[4], chain.strangers[5], votes=True)
    chain.vote(ADMIT, terms, by=VOTING[1:])  # the first member was not asked
    voters = chain.consortium.functions.voterCount().call()
    assert voters == 5
    rules = GovernanceRules()
    told = policy_json(rules, voters, bootstrap=False)
    number, _ = chain.propose(EXPEL, 5)
    chain.approve(number, *VOTING[: told["approvalsToExpel"] - 2])
    chain.wait(60 * HOUR)
    execute = chain.consortium.functions.execute(number, payload(EXPEL, 5))
    found = told["approvalsToExpel"] - 2
    # The trader has no vote, so that all five voters count.
    with chain.refuses("NoQuorum", number, found, told["approvalsNeeded"]):
        chain.attempt(execute, chain.strangers[0])


@pytest.mark.row("S39")
@pytest.mark.parametrize(
    ("voters", "needed"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (10, 7)]
)
def test_policy__needs_more_than_two_thirds__and_never_one_of_several(
    voters: int, needed: int
) -> None:
    assert approvals_needed(GovernanceRules(), voters) == needed
    told = policy_json(GovernanceRules(), voters, bootstrap=voters < 4)
    assert told["oneMemberAlone"] is (voters == 1)


@pytest.mark.row("S39")
def test_policy__names_every_kind_of_proposal() -> None:
    assert set(NEEDS_A_VOTE) == {word_of(kind) for kind in ProposalKind}
