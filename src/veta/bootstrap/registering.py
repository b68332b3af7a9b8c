"""Filling Registry and Assurance by vote: each call is proposed, approved and carried out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from veta.bootstrap.administration import Administration
from veta.chain.governance import GovernanceGateway, ProposalKind
from veta.chain.registrations import Registration
from veta.errors import ForbiddenError
from veta.model.identifiers import UnixSeconds


def register_by_vote(
    voters: Sequence[Administration],
    registrations: Sequence[Registration],
    *,
    wait: Callable[[UnixSeconds], object] | None = None,
) -> None:
    """Have the consortium make every call, in this order.

    All are proposed and approved first, so that their timelocks run at once.

    Args:
        voters: administer accounts of members that vote; the first one proposes and carries out.
        registrations: the calls.
        wait: lets the chain's time pass until a moment; by the clock, unless told otherwise.

    Raises:
        ForbiddenError: ``register.no_quorum``: these voters are too few.
        TransactionRevertedError: the consortium or the contract refuses.
        LedgerUnavailableError, OutcomeUnknownError: as ``Administration``.
    """
    first = voters[0]
    proposals = [(_approved(voters, each), each) for each in registrations]
    ready_s = max((first.proposal(number).ready_s for number, _ in proposals), default=0)
    (wait or first.wait_until)(UnixSeconds(ready_s))
    for number, each in proposals:
        first.execute(number, _payload(each))


def _approved(voters: Sequence[Administration], registration: Registration) -> int:
    number = voters[0].propose(ProposalKind.CALL_CONTRACT, _payload(registration))
    for voter in voters:
        if voter.support(number).ready_s:
            return number
    raise ForbiddenError(
        "register.no_quorum", f"{len(voters)} votes do not carry {registration.purpose}"
    )


def _payload(registration: Registration) -> bytes:
    return GovernanceGateway.call_contract(registration.contract, registration.data)
