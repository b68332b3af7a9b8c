"""What the chain says of who may assure what, at one block; refuses in words what it would refuse.

Codes are the contract's: ``assurance.`` and its error's name. What changes with a vote, and what no
single call tells (sites and who operates them, metals), is as the store followed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from veta.errors import InputError
from veta.model.anchoring import BlockRef
from veta.model.assurance import AssuranceRecord, RecognitionEntry, SchemeTerms
from veta.model.assurance_events import RecordAction, RecordHandedOver, RecordSource
from veta.model.columns import SubstanceId
from veta.model.consortium import Role
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lots import SiteId
from veta.model.registry_events import (
    OperatorSet,
    SiteHandedOver,
    SiteRegistered,
    SubstanceRegistered,
)
from veta.ports.clock import Clock
from veta.ports.ledger import Ledger
from veta.ports.store import Store
from veta.services.standing import operators_at
from veta.verify.timing import roles_at

MOST_SUBSTANCES: Final = 16
MOST_ENTRIES: Final = 32
"""Entries of a status list from which on nothing is lifted."""
ASSURERS: Final = Role.CERTIFICATION_BODY | Role.FOOTPRINT_VERIFIER | Role.LABORATORY


def refused(code: str, message: str) -> InputError:
    """What the contract would refuse, in its words."""
    return InputError(f"assurance.{code}", message)


@dataclass(frozen=True, slots=True)
class AssuranceView:
    """See the module. Every method that requires something raises what the contract would.

    Raises, all methods:
        LedgerUnavailableError: the chain cannot be asked.
    """

    ledger: Ledger
    store: Store
    head: BlockRef
    now_s: int
    """Of the next block at the earliest."""
    area: str = "assurance"
    """What codes about members begin with: whoever asks has other contracts in mind, too."""

    @classmethod
    def now(
        cls, ledger: Ledger, store: Store, clock: Clock, area: str = "assurance"
    ) -> AssuranceView:
        """The newest block."""
        head = ledger.head()
        return cls(ledger, store, head, max(head.time_s, clock.now_s()), area)

    # --- members -----------------------------------------------------------------------------

    def roles(self, member: MemberId) -> Role:
        """What a member is now; none if it left or never was one."""
        found = roles_at(self.ledger.membership(member, self.head), UnixSeconds(self.now_s))
        return found or Role(0)

    def require_role(self, member: MemberId, required: Role) -> None:
        """One of the roles, now."""
        if not self.roles(member) & required:
            words = " or ".join(
                role.name.lower().replace("_", " ")
                for role in Role
                if role in required and role.name
            )
            raise InputError(
                f"{self.area}.role_missing", f"member {member} has not the role {words}"
            )

    def require_independent(self, member: MemberId, other: MemberId) -> None:
        """Neither the same, nor under one control."""
        if member == other:
            raise InputError(
                f"{self.area}.not_independent", f"member {member} cannot judge its own"
            )
        group = self._control_group(member)
        if group and group == self._control_group(other):
            raise InputError(
                f"{self.area}.not_independent",
                f"members {member} and {other} are under one control (group {group})",
            )

    def _control_group(self, member: MemberId) -> int:
        found = self.ledger.member(member, self.head)
        return 0 if found is None else found.control_group

    # --- schemes -----------------------------------------------------------------------------

    def require_scheme(self, scheme: int) -> SchemeTerms:
        """A registered scheme."""
        found = self.ledger.lots.scheme(scheme, self.head) if 1 <= scheme < 2**16 else None
        if found is None:
            raise refused("unknown_scheme", f"there is no scheme {scheme}")
        return found

    def require_level(self, scheme: int, level: int) -> None:
        """A level that the scheme has."""
        levels = self.require_scheme(scheme).levels
        if not 1 <= level <= levels:
            raise refused("unknown_level", f"scheme {scheme} has levels 1 to {levels}, not {level}")

    def recognitions(self, scheme: int, body: MemberId) -> tuple[RecognitionEntry, ...]:
        """The whole list of when a scheme recognises a body."""
        return self.ledger.lots.recognitions(scheme, body, self.head)

    def require_recognised(self, scheme: int, body: MemberId) -> None:
        """That the scheme recognises the accreditation body now."""
        entries = self.recognitions(scheme, body)
        if not entries or not entries[-1].from_s <= self.now_s < entries[-1].until_s:
            raise refused("not_recognised", f"scheme {scheme} does not recognise member {body} now")

    def require_substances(self, substances: Sequence[SubstanceId]) -> None:
        """Registered metals, ascending, at most 16; none means every one."""
        if len(substances) > MOST_SUBSTANCES:
            raise refused("count_out_of_bounds", f"at most {MOST_SUBSTANCES} substances are named")
        if list(substances) != sorted(set(substances)):
            raise refused("not_ascending", "substances are ascending, each once")
        with self.store.read() as work:
            known = {each.substance for each in work.said(SubstanceRegistered)}
        for substance in substances:
            if substance not in known:
                raise refused("unknown_substance", f"substance {substance} is not registered")

    # --- sites -------------------------------------------------------------------------------

    def require_site(self, site: SiteId) -> SiteRegistered:
        """A registered site that the registry's successor does not have."""
        with self.store.read() as work:
            found = work.said(SiteRegistered, site=site)
            gone = work.said(SiteHandedOver, site=site)
        if not found or gone:
            raise refused("unknown_site", f"site {site} is not registered")
        return found[0]

    def require_independent_of_site(self, member: MemberId, site: SiteId) -> None:
        """That the member is independent of whoever operates the site now."""
        with self.store.read() as work:
            operators = operators_at(work.said(OperatorSet, site=site), self.now_s)
        if not operators:
            raise refused("no_operator", f"nobody operates site {site}: independence of whom?")
        for each in operators:
            self.require_independent(member, each.member)

    # --- records -----------------------------------------------------------------------------

    def require_record(self, number: int) -> AssuranceRecord:
        """An accreditation or a certificate."""
        found = self.ledger.lots.assurance_record(number, self.head)
        if found is None:
            raise refused("unknown_record", f"there is no accreditation or certificate {number}")
        with self.store.read() as work:
            gone = work.said(RecordHandedOver, record=number)
        if gone:
            raise refused("handed_over", f"the successor contract has record {number}")
        return found

    def require_accredited(self, member: MemberId, number: int) -> AssuranceRecord:
        """The member's own accreditation, in force with everything above it."""
        found = self.require_record(number)
        if found.parent or found.subject != member:
            raise refused("not_accredited", f"record {number} accredits not member {member}")
        if not found.from_s <= self.now_s < found.until_s:
            raise refused(
                "accreditation_lapsed", f"accreditation {number} has not started, or is over"
            )
        if suspended_by(found):
            raise refused("accreditation_suspended", f"accreditation {number} is suspended now")
        self.require_role(found.issuer, Role.ACCREDITATION_BODY)
        self.require_recognised(found.scheme, found.issuer)
        return found

    def source(self, member: MemberId, record: AssuranceRecord) -> RecordSource:
        """In which standing the member acts on a record: the first that fits."""
        if member == record.issuer:
            return RecordSource.ISSUER
        parent = None
        if record.parent:
            parent = self.ledger.lots.assurance_record(record.parent, self.head)
        if parent is not None and parent.issuer == member:
            return RecordSource.ACCREDITOR
        if self.require_scheme(record.scheme).owner == member:
            return RecordSource.SCHEME_OWNER
        raise refused(
            "not_concerned",
            f"member {member} neither made record {record.record}, nor accredited who made it, nor "
            f"owns scheme {record.scheme}",
        )

    def require_not_over(self, record: AssuranceRecord) -> None:
        """That a record can still be suspended, lifted and withdrawn."""
        if record.until_s <= self.now_s:
            raise refused("record_ended", f"record {record.record} is over")


def suspended_by(record: AssuranceRecord) -> frozenset[RecordSource]:
    """Who suspends a record after everything on its list."""
    sources: set[RecordSource] = set()
    for entry in record.entries:
        if entry.action is RecordAction.SUSPEND:
            sources.add(entry.source)
        elif entry.action is RecordAction.LIFT:
            sources.discard(entry.source)
    return frozenset(sources)
