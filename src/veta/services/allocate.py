"""Allocation rules: how a site's process divides its CO2e between product classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from veta.errors import InputError, NotFoundError
from veta.model.assurance_events import RuleRegistered
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lot_events import NO_TIME
from veta.model.lots import AllocationRule, AllocationShare, SiteId
from veta.ports.clock import Clock
from veta.ports.ledger import Call
from veta.ports.lot_store import LotCall, LotVerb
from veta.ports.store import Intent
from veta.services.lot_planning import LotPlanner
from veta.services.run_requests import digest_of

MOST_SHARES: Final = 16
_PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RuleRequest:
    """A rule that an operator proposes; in force once the site's assurer confirmed it."""

    site: SiteId
    shares: tuple[AllocationShare, ...]
    """1 to 16, ascending by class; bounds of each class's CO2e in all outputs' CO2e."""
    until_s: UnixSeconds
    from_s: UnixSeconds = NO_TIME
    """At the earliest; 0: from its confirmation on."""


class RuleDesk:
    """Registers, confirms and ends allocation rules in the member's name.

    Every method stores an intent with its signed transaction, or raises and stores nothing; the
    same asked again is the same intent.

    Raises, all methods:
        InputError: the contract would refuse: ``assurance.`` and its error's name.
        TransactionRevertedError: the contract was asked, and refuses.
        LedgerUnavailableError: the chain cannot be asked.

    Args:
        planner: of lot calls.
        clock: for the time that windows are judged at.
    """

    def __init__(self, planner: LotPlanner, clock: Clock) -> None:
        self._lots = planner
        self._planner = planner.planner
        self._clock = clock

    def register(self, request: RuleRequest) -> Intent:
        """Propose a rule for a site that the member operates; its number comes with the block."""
        call = self._planner.ledger.lots.encode_register_rule(
            request.site, request.shares, from_s=request.from_s, until_s=request.until_s
        )
        digest = (LotVerb.REGISTER_RULE, request)
        return self._plan(LotVerb.REGISTER_RULE, digest, call, lambda: self._check(request))

    def confirm(self, rule: int) -> Intent:
        """Confirm a rule exactly as this node followed it, as who assures its site.

        Raises:
            NotFoundError: ``rule.not_found``: none of this number was followed.
        """
        told = self.registered(rule)
        content = AllocationRule(rule, told.site, told.from_s, told.until_s, told.shares)
        call = self._planner.ledger.lots.encode_confirm_rule(content)

        def check() -> None:
            ledger = self._planner.ledger
            head = ledger.head()
            state = ledger.lots.rule_state(rule, head)
            if state is not None and state.assurer:
                raise _refused("already_confirmed", f"member {state.assurer} confirmed rule {rule}")
            self._require_running(rule)
            if not ledger.lots.assures(self._planner.member, told.site, head):
                raise _refused(
                    "not_assuring",
                    f"member {self._planner.member} issued no certificate of site {told.site} "
                    "that is active now",
                )

        return self._plan(LotVerb.CONFIRM_RULE, (LotVerb.CONFIRM_RULE, rule), call, check, rule)

    def end(self, rule: int) -> Intent:
        """End a rule now, confirmed or not, as who operates or assures its site.

        Raises:
            NotFoundError: ``rule.not_found``.
        """
        told = self.registered(rule)
        call = self._planner.ledger.lots.encode_end_rule(rule)

        def check() -> None:
            self._require_running(rule)
            ledger, member = self._planner.ledger, self._planner.member
            head = ledger.head()
            operates = ledger.lots.operates(told.site, member, head)
            if not operates and not ledger.lots.assures(member, told.site, head):
                raise _not_operating(told.site, member)

        return self._plan(LotVerb.END_RULE, (LotVerb.END_RULE, rule), call, check, rule)

    def registered(self, rule: int) -> RuleRegistered:
        """A rule as it was registered and followed.

        Raises:
            NotFoundError: ``rule.not_found``.
        """
        with self._planner.store.read() as work:
            for told in work.said(RuleRegistered, rule=rule):
                return told
        raise NotFoundError("rule.not_found", f"no allocation rule {rule} is known here")

    def number_of(self, request: RuleRequest) -> int | None:
        """The number that a registered rule got, ``None`` if it was not followed yet."""
        wanted = (request.from_s, request.until_s, request.shares)
        with self._planner.store.read() as work:
            numbers = [
                told.rule
                for told in work.said(
                    RuleRegistered, site=request.site, operator=self._planner.member
                )
                if (told.from_s, told.until_s, told.shares) == wanted
            ]
        return numbers[-1] if numbers else None

    def _plan(
        self,
        verb: LotVerb,
        parts: tuple[object, ...],
        call: Call,
        check: Callable[[], None],
        rule: int = 0,
    ) -> Intent:
        request = digest_of(*parts)
        standing = self._lots.standing(request)
        if standing is not None:
            return standing
        check()
        member = self._planner.member
        return self._lots.plan(
            LotCall(verb=verb, member=member, request=request, call=call, rule=rule)
        )

    def _check(self, request: RuleRequest) -> None:
        ledger, member = self._planner.ledger, self._planner.member
        head = ledger.head()
        if not ledger.lots.operates(request.site, member, head):
            raise _not_operating(request.site, member)
        if request.until_s <= max(request.from_s, self._now_s()):
            raise _refused("window_empty", "the rule would be over before it is in force")
        require_shares(request.shares)
        for share in request.shares:
            if ledger.lots.product_class(share.product_class, head) is None:
                raise _refused(
                    "unknown_product_class",
                    f"product class {share.product_class} is not registered",
                )

    def _require_running(self, rule: int) -> None:
        ledger = self._planner.ledger
        state = ledger.lots.rule_state(rule, ledger.head())
        if state is None:
            raise _refused("unknown_rule", f"the chain knows no allocation rule {rule}")
        if state.until_s <= self._now_s():
            raise _refused("rule_over", f"allocation rule {rule} is over")

    def _now_s(self) -> int:
        return max(self._planner.ledger.head().time_s, self._clock.now_s())


def require_shares(shares: Sequence[AllocationShare]) -> None:
    """Bounds that some run can keep.

    Raises:
        InputError: ``assurance.count_out_of_bounds``, ``assurance.not_ascending``,
            ``assurance.share_bounds``, ``assurance.shares_cannot_close``.
    """
    if not 1 <= len(shares) <= MOST_SHARES:
        raise _refused("count_out_of_bounds", f"a rule has 1 to {MOST_SHARES} shares")
    numbers = [share.product_class for share in shares]
    if numbers != sorted(set(numbers)):
        raise _refused("not_ascending", "shares are ascending by product class, each once")
    for share in shares:
        if not 0 <= share.minimum_ppm <= share.maximum_ppm <= _PPM:
            raise _refused(
                "share_bounds",
                f"product class {share.product_class}: 0 <= minimum <= maximum <= {_PPM} ppm",
            )
    least = sum(share.minimum_ppm for share in shares)
    most = sum(share.maximum_ppm for share in shares)
    if not least <= _PPM <= most:
        raise _refused(
            "shares_cannot_close",
            f"all shares together are {least} to {most} ppm: no run could keep that",
        )


def _not_operating(site: SiteId, member: MemberId) -> InputError:
    return _refused("not_operating", f"member {member} does not operate site {site} now")


def _refused(code: str, message: str) -> InputError:
    return InputError(f"assurance.{code}", message)
