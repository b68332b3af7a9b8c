"""Look up everybody behind a lot on the reader's lists, with names as the chain has them."""

from __future__ import annotations

from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.consortium import Member
from veta.model.determined import Determined, Known, Undetermined
from veta.model.identifiers import MemberId
from veta.ports.ledger import LedgerReader
from veta.services.lot_facts import ask
from veta.verify.listed import Listings, listings, members_behind
from veta.verify.party_lists import PartyLists
from veta.verify.report import Report

_FILE_ONLY = Undetermined("facts.not_asked", "the file does not tell who this member is")


def listed_parties(
    bundle: StatementBundle,
    facts: LedgerFacts,
    report: Report,
    lists: PartyLists,
    ledger: LedgerReader | None,
) -> Listings:
    """Everybody behind a bundle's lot that is on a list.

    Args:
        bundle: as judged.
        facts: by which it was judged.
        report: of the judgement; nothing in it changes.
        lists: the reader's own.
        ledger: to ask who a member is; ``None``: only the issuer is known, from the facts.
    """
    members: dict[MemberId, Determined[Member | None]] = {}
    for member in members_behind(bundle, facts):
        members[member] = _who(member, facts, ledger)
    return listings(bundle, facts, report.statement, members, lists)


def _who(
    member: MemberId, facts: LedgerFacts, ledger: LedgerReader | None
) -> Determined[Member | None]:
    known = facts.issuer.value if isinstance(facts.issuer, Known) else None
    if known is not None and known.member == member:
        return Known(known)
    if ledger is None:
        return _FILE_ONLY
    if isinstance(facts.as_of, Undetermined):
        return facts.as_of
    block = facts.as_of.value
    return ask(lambda: ledger.member(member, block))
