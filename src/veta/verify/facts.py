"""Facts that may be used: those gathered from the pinned chain, and no others.

Whatever was gathered from another chain, from other code or under an expired trust configuration
says nothing about this one. Such facts are not wrong answers but no answers: all of them become
``Undetermined``, with the reason, before any step looks at them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from veta.model.anchoring import BlockRef, ChainIdentity
from veta.model.bundle import LedgerFacts
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import UnixSeconds
from veta.model.trust import TrustConfig

CLOCK_SKEW_S: Final = 300
NO_FACTS: Final = Undetermined("facts.none", "no facts of the chain were handed over")


def no_facts() -> LedgerFacts:
    """Facts of which none could be had."""
    return LedgerFacts(
        chain=NO_FACTS,
        as_of=NO_FACTS,
        issuer=NO_FACTS,
        membership=NO_FACTS,
        keys=NO_FACTS,
        anchor=NO_FACTS,
        status=NO_FACTS,
        asked_at_s=UnixSeconds(0),
    )


def usable_facts(facts: LedgerFacts, trust: TrustConfig) -> LedgerFacts:
    """The facts as they are if they come from the pinned chain, else all unanswered."""
    reason = _why_unusable(facts, trust)
    if reason is None:
        return facts
    return replace(
        facts,
        chain=reason,
        as_of=reason,
        issuer=reason,
        membership=reason,
        keys=reason,
        anchor=reason,
        status=reason,
        lot=None,
        beside=(),
    )


def _why_unusable(facts: LedgerFacts, trust: TrustConfig) -> Undetermined | None:
    if isinstance(facts.chain, Undetermined):
        return facts.chain
    if isinstance(facts.as_of, Undetermined):
        return facts.as_of
    if facts.carried and facts.as_of.value.time_s > facts.asked_at_s + CLOCK_SKEW_S:
        return Undetermined(
            "facts.from_the_future", "the file's block is later than the reader's own clock"
        )
    if facts.asked_at_s >= trust.not_after_s:
        return Undetermined(
            "trust.expired",
            f"trust configuration {trust.number} of {trust.name} has ended; get its successor",
        )
    return mismatch(facts.chain.value, facts.as_of.value, trust)


def mismatch(identity: ChainIdentity, as_of: BlockRef, trust: TrustConfig) -> Undetermined | None:
    """How a chain differs from the pinned one, or ``None`` if it is that chain."""
    if identity.chain_id != trust.chain_id:
        return Undetermined(
            "ledger.wrong_chain",
            f"the endpoint serves chain {identity.chain_id}, and {trust.chain_id} is pinned",
        )
    if identity.genesis_digest != trust.genesis_digest:
        return Undetermined(
            "ledger.wrong_genesis",
            f"the endpoint's chain began with block {identity.genesis_digest.hex()[:16]}..., and "
            f"{trust.genesis_digest.hex()[:16]}... is pinned",
        )
    pinned = trust.contracts_at(as_of.number)
    if pinned is None:
        return Undetermined(
            "trust.no_contracts", f"no contract set is pinned for block {as_of.number}"
        )
    served = {contract.name: contract for contract in identity.contracts}
    for contract in pinned.contracts:
        if served.get(contract.name) != contract:
            return Undetermined(
                "ledger.wrong_code",
                f"{contract.name} at 0x{contract.address.hex()} is not the pinned contract",
            )
    return None


def known_block(facts: LedgerFacts) -> BlockRef | None:
    """The block of the facts, if there is one."""
    return facts.as_of.value if isinstance(facts.as_of, Known) else None


def time_of(facts: LedgerFacts) -> UnixSeconds | None:
    """The time of that block."""
    block = known_block(facts)
    return None if block is None else block.time_s
