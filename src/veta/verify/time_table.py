"""The verdict in time: what is asked of a statement's history, and what each answer comes to.

One table for steps 3, 6, 7 and 10. The functions of ``veta.verify.timing`` and ``chain_steps`` find
the answers; what an answer comes to, and the sentence for it, stands here and nowhere else (the
certificates behind credit are in ``veta.verify.assurance_codes``). ``verdict_in_time`` says what
any combination of answers makes together: docs/spec/verification.md has the same table, and a test
holds them together.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

from veta.verify import assurance_codes
from veta.verify.verdict import Check, Outcome, Step, Verdict, conclude


class Question(enum.Enum):
    """What is asked, in the order in which a report gives the reasons."""

    MEMBER = ("was its issuer a member with the role when it was anchored", Step.ISSUER)
    MEMBER_SINCE = ("is its issuer still a member", Step.ISSUER)
    KEY = ("what was the signing key worth when it was anchored", Step.ISSUER)
    ANCHOR = ("is it anchored", Step.ANCHOR)
    BLOCK = ("does the block tell the status of that moment", Step.STATUS)
    DATE = ("does its own date fit the anchor", Step.STATUS)
    VALIDITY = ("has it ended", Step.STATUS)
    REVOCATION = ("is it revoked", Step.STATUS)
    LIST = ("does a published status list say the same", Step.STATUS)
    SUCCESSION = ("is it superseded", Step.STATUS)
    DISPUTE = ("is it disputed", Step.STATUS)
    CERTIFICATE = ("what became of the certificate behind its credit", Step.ASSURANCE)

    def __init__(self, words: str, step: Step) -> None:
        self.words = words
        self.step = step


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to one question."""

    question: Question
    code: str
    outcome: Outcome
    sentence: str


_PASSED, _NOTICE = Outcome.PASSED, Outcome.NOTICE
_OPEN, _FAILED = Outcome.NOT_PROVEN, Outcome.FAILED
_UNKNOWN: Final = Outcome.NOT_DETERMINED

_ROWS: Final[Mapping[Question, tuple[tuple[str, Outcome, str], ...]]] = {
    Question.MEMBER: (
        ("issuer.role", _PASSED, "was a member with a fitting role"),
        ("issuer.no_anchor_time", _OPEN, "without an anchor no time is proven for the key"),
        ("issuer.not_a_member", _FAILED, "is not a member"),
        ("issuer.not_admitted", _FAILED, "was not an admitted member when this was anchored"),
        ("issuer.role_missing", _FAILED, "holds no role that may say this"),
    ),
    Question.MEMBER_SINCE: (
        (
            "issuer.left_since",
            _NOTICE,
            "was a member when this was anchored, and is none any more: what it anchored stays",
        ),
    ),
    Question.KEY: (
        ("key.good", _PASSED, "the signing key was in force when the statement was anchored"),
        (
            "key.contested_reaffirmed",
            _NOTICE,
            "its signing key was later said to be stolen by then; the issuer stood by it since",
        ),
        (
            "key.contested",
            _OPEN,
            "the statement was anchored while somebody else may have held its signing key",
        ),
        ("key.unknown", _FAILED, "the signing key was never bound to the issuer"),
        (
            "key.not_yet_bound",
            _FAILED,
            "the statement was anchored before its signing key was bound",
        ),
        ("key.retired", _FAILED, "the statement was anchored after its signing key was retired"),
        ("key.paused", _FAILED, "the statement was anchored after its signing key was stopped"),
        (
            "key.compromised",
            _FAILED,
            "the statement was anchored after its signing key was declared stolen",
        ),
    ),
    Question.ANCHOR: (
        ("anchor.final", _PASSED, "anchored by the issuer"),
        (
            "anchor.absent",
            _OPEN,
            "no final anchor of this batch by this issuer is on the chain",
        ),
        ("anchor.other_kind", _FAILED, "anchored as another kind of statement"),
    ),
    Question.BLOCK: (
        ("status.stale", _UNKNOWN, "the newest final block is too old to tell a status"),
        (
            "status.after_block",
            _UNKNOWN,
            "no block tells the status at a moment that comes after it",
        ),
    ),
    Question.DATE: (
        ("anchor.timely", _PASSED, "anchored close to the date it bears"),
        (
            "anchor.late",
            _NOTICE,
            "anchored long after the date it bears; only the anchor's time is proven",
        ),
        ("validity.no_anchor_time", _OPEN, "no time of anchoring is proven"),
        (
            "anchor.later_than_reliance",
            _OPEN,
            "was not yet anchored at the moment it is relied upon for",
        ),
        (
            "validity.anchored_before_valid",
            _FAILED,
            "bears a date later than the block that anchored it",
        ),
    ),
    Question.VALIDITY: (
        ("validity.open_ended", _PASSED, "has no end date"),
        ("validity.current", _PASSED, "has not ended"),
        ("validity.expired", _NOTICE, "was good when it was anchored and has ended since"),
        ("validity.expired_before_anchor", _FAILED, "had already ended when it was anchored"),
    ),
    Question.REVOCATION: (
        ("status.clear", _PASSED, "neither revoked, superseded nor disputed"),
        (
            "status.revoked_later",
            _NOTICE,
            "was revoked after the moment it is relied upon for",
        ),
        (
            "status.contested",
            _OPEN,
            "was relied upon after the moment from which it was later revoked",
        ),
        ("status.revoked", _FAILED, "has been revoked"),
    ),
    Question.LIST: (
        (
            "status.list_unread",
            _NOTICE,
            "a published status list was named, and could not be read",
        ),
        (
            "status.conflict",
            _NOTICE,
            "the chain and a published status list differ; the stricter counts",
        ),
        ("status.revoked_in_list", _FAILED, "a published status list says that it is revoked"),
    ),
    Question.SUCCESSION: (
        (
            "status.superseded",
            _NOTICE,
            "has been superseded by a newer statement of its issuer",
        ),
    ),
    Question.DISPUTE: (("status.disputed", _NOTICE, "is disputed"),),
}
_CERTIFICATE: Final[Mapping[str, str]] = {
    "assurance.chain": "in force for all of production, under an accreditation",
    "assurance.suspended_since": "suspended after the origin was recorded",
    "assurance.withdrawn_since": "withdrawn after the origin was recorded",
    "assurance.void_since": "declared void for cause, back to before the origin was recorded",
    "assurance.accreditation_ended_since": "its accreditation ended or was suspended since",
    "assurance.outside_window": "not in force for all of production",
    "assurance.suspended_then": "suspended when the origin was recorded",
    "assurance.accreditation_lapsed": "its accreditation had lapsed",
}
ANSWERS: Final[Mapping[str, Answer]] = {
    answer.code: answer
    for answer in chain(
        (
            Answer(question, code, outcome, sentence)
            for question, rows in _ROWS.items()
            for code, outcome, sentence in rows
        ),
        (
            Answer(Question.CERTIFICATE, code, assurance_codes.OUTCOMES[code], sentence)
            for code, sentence in _CERTIFICATE.items()
        ),
    )
}
"""By code, in the order of the questions; of one question, the best first."""
_CHECKS: Final = {
    code: Check(each.question.step, each.outcome, code, each.sentence)
    for code, each in ANSWERS.items()
}

IN_TIME: Final = frozenset({Step.ISSUER, Step.ANCHOR, Step.STATUS})
"""Steps that time has a say in and that every policy requires unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class InTime:
    """What a history comes to."""

    verdict: Verdict
    reasons: tuple[str, ...]
    """Codes of everything that did not simply pass, those of the worst outcome first, each group in
    the order of the questions."""


_WORST_FIRST: Final = (_FAILED, _UNKNOWN, _OPEN, _NOTICE)


def verdict_in_time(codes: frozenset[str], *, unasked: frozenset[Question] = frozenset()) -> InTime:
    """The verdict of any combination of answers, all else being well.

    Args:
        codes: of ``ANSWERS``; of one question any number, none where nothing was found.
        unasked: questions that the chain could not be asked.

    Raises:
        KeyError: a code that is no answer.
    """
    found = [check for code, check in _CHECKS.items() if code in codes]
    found += [Check(each.step, _UNKNOWN, f"unasked:{each.name.lower()}", "") for each in unasked]
    unknown = codes - ANSWERS.keys()
    if unknown:
        raise KeyError(min(unknown))
    answered = {check.step for check in found}
    silent = [Check(step, _PASSED, "", "") for step in IN_TIME - answered]
    reasons = [
        check.code for outcome in _WORST_FIRST for check in found if check.outcome is outcome
    ]
    return InTime(conclude([*found, *silent], IN_TIME), tuple(reasons))
