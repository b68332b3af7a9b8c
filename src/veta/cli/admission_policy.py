"""``veta member policy``: the open rules of entry, as the chain has them now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from veta.cli.console import OK, emit, table
from veta.cli.homes import open_home
from veta.cli.options import HERE, AsJson, Home, Rpc, Trust

if TYPE_CHECKING:
    from veta.bootstrap import GovernanceRules

_DAY_S: Final = 86_400
NEEDS_A_VOTE: Final = {
    "admit": "admit a member, with its first keys, roles and whether it votes",
    "expel": "expel a member; what it said before stays readable",
    "set-standing": "change a member's roles, or whether it votes",
    "set-rules": "change quorum and times",
    "install-administrators": "give a member that lost its keys new administer keys",
    "compromise": "date a compromised key further back than a member may",
    "register-contract": "put a contract on record",
    "set-successor": "name the contract that follows one (an upgrade), once",
    "call-contract": "register sites, capacities, product classes, schemes and programmes",
}
"""The kinds of proposals (``IConsortium.ProposalKind``), each in words."""
ALONE: Final = {
    "bind or retire keys": "of the member's own",
    "pause a key": "of the member's own, at once",
    "resign": "leave; statements, lots and keys stay readable",
}


def policy(home: Home = HERE, trust: Trust = None, rpc: Rpc = None, as_json: AsJson = False) -> int:
    """Show who decides who comes in, goes out and changes the rules, as the chain has it now.

    An applicant sends `admission.json` (`veta init --trust ...` writes it); every voting member
    runs `veta member add` with the same file. Nobody has more than one vote.

    Example: veta member policy
    """
    with open_home(home, writes=False, trust=trust, rpc=rpc) as node:
        head = node.ledger.final_head()
        voters = node.chain.consortium.voter_count(head)
        rules = node.chain.governance.rules(head)
        bootstrap = node.chain.consortium.is_bootstrap(head)
    document = policy_json(rules, voters, bootstrap=bootstrap)
    emit(document, _lines(document), as_json=as_json)
    return OK


def approvals_needed(rules: GovernanceRules, voters: int) -> int:
    """``floor(v n / d) + 1`` of v voters that are active at execution, less the target."""
    return voters * rules.quorum_numerator // rules.quorum_denominator + 1


def policy_json(rules: GovernanceRules, voters: int, *, bootstrap: bool) -> dict[str, Any]:
    """The rules as a document.

    Args:
        rules: in force.
        voters: members that vote now.
        bootstrap: fewer than four vote: whoever founded it decides.
    """
    return {
        "voters": voters,
        "approvalsNeeded": approvals_needed(rules, voters),
        "approvalsToExpel": approvals_needed(rules, max(0, voters - 1)),
        "oneMemberAlone": approvals_needed(rules, voters) == 1,
        "bootstrap": bootstrap,
        "timelockS": rules.timelock_s,
        "proposalLifetimeS": rules.proposal_lifetime_s,
        "needsAVote": dict(NEEDS_A_VOTE),
        "alone": dict(ALONE),
    }


def _lines(document: dict[str, Any]) -> list[str]:
    needed, expelling = document["approvalsNeeded"], document["approvalsToExpel"]
    wait, life = _days(document["timelockS"]), _days(document["proposalLifetimeS"])
    lines = [
        f"{document['voters']} members vote, one vote each",
        f"{needed} approvals carry a proposal, {expelling} an expulsion: whom it is about has none",
        f"carried out {wait} after that and within {life}, by anybody",
    ]
    if document["bootstrap"]:
        lines.append("BOOTSTRAP: fewer than four members vote; they decide among themselves")
    lines += ["needs a vote:", *table([*document["needsAVote"].items()], indent="  ")]
    return [*lines, "a member alone:", *table([*document["alone"].items()], indent="  ")]


def _days(seconds: int) -> str:
    return f"{seconds // _DAY_S} days" if seconds >= _DAY_S else f"{seconds} s"
