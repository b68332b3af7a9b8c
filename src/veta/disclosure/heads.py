"""The head of an indicator set in a statement: where it stands, and whose it may be."""

from __future__ import annotations

from typing import Final

from veta.disclosure.indicator_file import read_head
from veta.disclosure.indicators import IndicatorHead
from veta.errors import InputError, VerificationError
from veta.statement.credential import Credential

STATEMENT_TYPE: Final = "IndicatorSet"
HEAD_MEMBER: Final = "indicatorSet"
FRAGMENT: Final = "#indicators"
"""Behind a lot's or site's identifier: its indicators, as the subject of their own statement. What
is asked for by the lot's identifier stays the lot's passport."""


def carries_head(credential: Credential) -> bool:
    """Whether a statement says that it carries one."""
    return any(HEAD_MEMBER in subject for subject in credential.subjects)


def head_of(credential: Credential) -> IndicatorHead:
    """The head that a statement carries, of whatever type it is.

    Not checked: signature and anchor of the statement.

    Raises:
        InputError: ``disclosure.head_missing``; as ``read_head``.
        VerificationError: ``disclosure.other_subject`` (the head is of something else than the
            statement), ``disclosure.subject_of_stranger`` (of something that is not the issuer's).
    """
    subject = credential.subject
    if HEAD_MEMBER not in subject:
        raise InputError("disclosure.head_missing", "the statement carries no indicator set")
    head = read_head(subject[HEAD_MEMBER])
    names = (head.subject, head.subject + FRAGMENT)
    if subject.get("id") not in names or len(credential.subjects) != 1:
        raise VerificationError(
            "disclosure.other_subject", "the indicator set is of another subject than its statement"
        )
    require_own(head, credential.issuer.identifier)
    return head


def require_own(head: IndicatorHead, issuer: str) -> None:
    """A member speaks for its own lots and sites: their identifiers begin with its DID.

    Raises:
        VerificationError: ``disclosure.subject_of_stranger``.
    """
    if not head.subject.startswith((f"{issuer}:", f"{issuer}#", f"{issuer}/")):
        raise VerificationError(
            "disclosure.subject_of_stranger",
            "the indicator set is of a lot or site that is not under its issuer's DID",
        )
