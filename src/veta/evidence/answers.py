"""Three answers to every question that evidence is asked: yes, no, and cannot tell."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Answer(enum.Enum):
    """What evidence says. Missing evidence is never a yes."""

    MET = "met"
    NOT_MET = "not met"
    CANNOT_TELL = "cannot tell"


def altogether(answers: Iterable[Answer]) -> Answer:
    """One answer for several conditions that must all be met: no before cannot tell before yes.

    Of no conditions nothing can be told.
    """
    given = frozenset(answers)
    for answer in (Answer.NOT_MET, Answer.CANNOT_TELL):
        if answer in given:
            return answer
    return Answer.MET if given else Answer.CANNOT_TELL
