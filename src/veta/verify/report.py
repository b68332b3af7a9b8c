"""What a verification found, as data; and the one type that means "verified"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from veta.errors import VerificationError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import Leaf, MemberId
from veta.model.lots import HeaderFlag
from veta.statement.jws import SignedStatement
from veta.statement.rules import facts_of
from veta.verify.figure_line import FigureLine
from veta.verify.lineage_step import FLAG_WORDS
from veta.verify.verdict import Check, Outcome, Step, Verdict

_MINT: Final = object()
"""Held by this module alone: what lets a ``VerifiedStatement`` be made."""

NEVER_PROVEN: Final = (
    "That the chain says what was answered: a node or endpoint was believed beyond its identity.",
    "That the metal described is the metal in the box: a chain shows who said what, when.",
    "That declared emissions and measurements are true: they are what their issuer declared.",
)

HERE_ONLY: Final = (
    "That what is claimed was not sold elsewhere, too: that credit, and what came in from another"
    " registry, is counted once is proven on this chain only."
)
_NO_CREDIT: Final = frozenset({"assurance.nothing_claimed", "assurance.lot_not_disclosed"})
_FROM_ELSEWHERE: Final = frozenset(
    FLAG_WORDS[flag] for flag in (HeaderFlag.EXTERNAL, HeaderFlag.RECYCLED)
)


class VerifiedStatement:
    """A statement whose verification came out good. Only ``veta.verify`` can make one.

    Attributes:
        statement: the signed statement as received.
        issuer: the member that anchored it.
        verdict: VALID or VALID_WITH_NOTICE.
        as_of: the block at which it was good.
    """

    __slots__ = ("as_of", "issuer", "statement", "verdict")

    def __init__(
        self,
        mint: object,
        *,
        statement: SignedStatement,
        issuer: MemberId,
        verdict: Verdict,
        as_of: BlockRef,
    ) -> None:
        if mint is not _MINT or not verdict.good:
            raise TypeError("a VerifiedStatement comes out of veta.verify only")
        self.statement: Final = statement
        self.issuer: Final = issuer
        self.verdict: Final = verdict
        self.as_of: Final = as_of


@dataclass(frozen=True, slots=True)
class Report:
    """Every check of one verification, and the verdict they make."""

    verdict: Verdict
    checks: tuple[Check, ...]
    leaf: Leaf | None
    """Name of the statement; ``None`` if the token could not be read."""
    statement: SignedStatement | None
    """As read, whatever the verdict; to show, not to rely on."""
    issuer: MemberId | None
    as_of: BlockRef | None
    """The block that every answer names; ``None`` if none could be had."""
    verified: VerifiedStatement | None
    member_name: str | None = None
    """The issuer's name as the consortium registers it; ``None`` if that could not be had."""
    figures: tuple[FigureLine, ...] = ()
    """Every printed figure of a lot, and whose word it is."""
    spared: frozenset[str] = frozenset()
    """Codes of what is not proven and was not asked for (``Policy.spared``)."""
    beside: tuple[Report, ...] = ()
    """Of each statement beside it, steps 1 to 7; those that did not come out good count as not
    there."""

    @property
    def failed_at(self) -> Step | None:
        """The first step that failed."""
        return next((check.step for check in self.checks if check.outcome is Outcome.FAILED), None)

    @property
    def not_proven(self) -> tuple[str, ...]:
        """What this verification does not show, in sentences; never empty."""
        open_outcomes = (Outcome.NOT_PROVEN, Outcome.NOT_DETERMINED)
        open_checks = [check for check in self.checks if check.outcome in open_outcomes]
        here_only = (HERE_ONLY,) if any(map(_counts_once, self.checks)) else ()
        return (*(check.sentence for check in open_checks), *here_only, *NEVER_PROVEN)

    def require(self) -> VerifiedStatement:
        """The verified statement.

        Raises:
            VerificationError: ``verify.<verdict in lower case>`` if the verdict is not good.
        """
        if self.verified is None:
            decisive = self.decisive()
            raise VerificationError(
                f"verify.{self.verdict.value.lower()}",
                f"{self.verdict.value}: {decisive.sentence if decisive else 'nothing was checked'}",
            )
        return self.verified

    def decisive(self) -> Check | None:
        """The check that decided the verdict: the first of the kind that counted."""
        wanted = {
            Verdict.INVALID: Outcome.FAILED,
            Verdict.INDETERMINATE: Outcome.NOT_DETERMINED,
            Verdict.NOT_PROVEN: Outcome.NOT_PROVEN,
            Verdict.VALID_WITH_NOTICE: Outcome.NOTICE,
            Verdict.VALID: Outcome.PASSED,
        }[self.verdict]
        found = [check for check in self.checks if check.outcome is wanted]
        return next((check for check in found if check.code not in self.spared), None)

    def _about_json(self) -> dict[str, Any] | None:
        """What the statement is about and who says it, whatever the verdict."""
        if self.statement is None:
            return None
        credential = self.statement.credential
        facts = facts_of(credential)
        return {
            "kind": facts.kind.name.lower(),
            "id": facts.subject_id,
            "lot_number": facts.lot_number,
            "product_class": facts.product_class,
            "issuer_did": credential.issuer.identifier,
            "issuer_calls_itself": credential.issuer.name,
            "issuer_registered_as": self.member_name,
        }

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values, in the order of the steps."""
        return {
            "verdict": self.verdict.value,
            "leaf": self.leaf.hex() if self.leaf else None,
            "issuer": self.issuer,
            "about": self._about_json(),
            "as_of": _block_json(self.as_of),
            "failed_at": int(self.failed_at) if self.failed_at else None,
            "checks": [_check_json(check) for check in self.checks],
            "not_proven": list(self.not_proven),
            "figures": [each.to_json() for each in self.figures],
            "beside": [each.brief_json() for each in self.beside],
        }

    def brief_json(self) -> dict[str, Any]:
        """What became of a statement beside another: verdict, whether it counts, and why not."""
        return {
            "leaf": self.leaf.hex() if self.leaf else None,
            "issuer": self.issuer,
            "about": self._about_json(),
            "verdict": self.verdict.value,
            "counts": self.verified is not None,
            "findings": [
                _check_json(check) for check in self.checks if check.outcome is not Outcome.PASSED
            ],
        }


def _counts_once(check: Check) -> bool:
    """Whether something was counted that another registry could count again."""
    if check.code == "lineage.flagged":
        flags = check.facts.get("flags")
        return isinstance(flags, tuple) and not _FROM_ELSEWHERE.isdisjoint(flags)
    return check.step is Step.ASSURANCE and check.code not in _NO_CREDIT | {"verify.not_reached"}


def mint_verified(
    *, statement: SignedStatement, issuer: MemberId, verdict: Verdict, as_of: BlockRef
) -> VerifiedStatement:
    """Make the verified statement; called by the verifier alone (a test watches the callers)."""
    return VerifiedStatement(
        _MINT, statement=statement, issuer=issuer, verdict=verdict, as_of=as_of
    )


def _block_json(block: BlockRef | None) -> dict[str, Any] | None:
    if block is None:
        return None
    return {"number": block.number, "digest": block.digest.hex(), "time_s": block.time_s}


def _check_json(check: Check) -> dict[str, Any]:
    facts = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in check.facts.items()
    }
    return {
        "step": int(check.step),
        "title": check.step.title,
        "outcome": check.outcome.value,
        "code": check.code,
        "sentence": check.sentence,
        "facts": facts,
    }
