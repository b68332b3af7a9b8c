"""What a co-signer can sign of a round: readings in front of it, and only what would count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from veta.errors import InputError, NotFoundError, VerificationError
from veta.model.consortium import Role
from veta.model.identifiers import Leaf
from veta.model.lot import Party
from veta.model.ranges import Ranges
from veta.monitoring.judge import worth_of
from veta.monitoring.readings import RoundReadings
from veta.monitoring.rounds import Author, CoSignature, Round
from veta.ports.ledger import LedgerReader
from veta.services.round_files import require_readings
from veta.verify.authors import group_words
from veta.verify.timing import roles_at

_NOT_YET = Leaf(bytes(32))


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What a co-signer signs.

    Attributes:
        readings: indices that it saw, as the round states them.
        unlike: indices that it read, too, and with another amount: not signed.
        late: the round's deadline is past.
    """

    readings: Ranges
    unlike: Ranges
    late: bool


def self_of(ledger: LedgerReader, identifier: str, *, now_s: int) -> Author:
    """A member as the author of what it is about to sign.

    Raises:
        NotFoundError: ``config.not_a_member``.
        LedgerUnavailableError: the chain cannot be asked.
    """
    block = ledger.final_head()
    number = ledger.member_id(identifier, block) if identifier else None
    member = None if number is None else ledger.member(number, block)
    if number is None or member is None:
        raise NotFoundError("config.not_a_member", "the home is of no member: it signs nothing")
    roles = roles_at(ledger.membership(number, block), block.time_s) or Role(0)
    group = group_words(member)
    return Author(member.identifier, member.name, group, Role.COMMUNITY in roles, now_s)


def require_co_signers(ledger: LedgerReader, operator: Author, parties: Iterable[str]) -> None:
    """Refuse to ask for co-signatures that could never count.

    Raises:
        NotFoundError: ``member.not_found``.
        VerificationError: ``monitoring.own_control``.
        LedgerUnavailableError: the chain cannot be asked.
    """
    block = ledger.final_head()
    for party in parties:
        number = ledger.member_id(party, block)
        member = None if number is None else ledger.member(number, block)
        if member is None:
            raise NotFoundError("member.not_found", f"{party} is not a member: it can sign nothing")
        if group_words(member) == operator.control_group:
            message = f"{party} is under the operator's own control: it would count for nothing"
            raise VerificationError("monitoring.own_control", message)


def party_of(author: Author) -> Party:
    """The same as the issuer of a statement."""
    return Party(author.party, author.name)


def witnessed(
    stated: Round,
    readings: RoundReadings,
    co_signer: Author,
    *,
    only: Ranges | None = None,
    seen: RoundReadings | None = None,
) -> Witnessed:
    """What a co-signer can sign of a round.

    Args:
        stated: the round, verified.
        readings: all of it, as the operator gave them: nobody signs a root blind.
        co_signer: who signs.
        only: indices that its representative saw; default: all.
        seen: its own readings; where they differ from the round's, nothing is signed.

    Raises:
        VerificationError: ``monitoring.readings_edited``; ``monitoring.nothing_seen``; a code of
            ``worth_of``: the co-signature would count for nothing.
        InputError: ``monitoring.index``.
    """
    require_readings(stated, readings)
    everything = Ranges.all_of(stated.count)
    wanted = everything if only is None else only
    if not everything.covers(wanted):
        raise InputError("monitoring.index", f"the round has readings {everything.words()}")
    unlike = Ranges()
    if seen is not None:
        same, differs = readings.seen_by(seen)
        wanted, unlike = wanted & same, wanted & differs
    if not wanted:
        message = "none of the readings asked for was seen as the round states it"
        raise VerificationError("monitoring.nothing_seen", message)
    paper = CoSignature(
        leaf=_NOT_YET,
        issuer=stated.author.party,
        round_leaf=stated.leaf,
        root=readings.root,
        count=readings.count,
        witnessed=wanted,
        author=co_signer,
    )
    found = worth_of(paper, stated)
    if not found.counts:
        raise VerificationError(found.code, found.reason)
    return Witnessed(wanted, unlike, found.code == "monitoring.counted_late")
