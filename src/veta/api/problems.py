"""RFC 9457 problems: one table from the classes of ``veta.errors`` to HTTP statuses.

A body never holds a stack trace, a path or a secret. Where an error is about the node's own files,
keys or settings, the caller learns the code and the operator's log has the sentence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from starlette.responses import Response

from veta import errors
from veta.errors import ProvenanceError

PROBLEM_JSON: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:veta:problem:"
LONGEST_DETAIL: Final = 600

STATUS_OF_CLASS: Final[Mapping[type[ProvenanceError], int]] = MappingProxyType(
    {
        errors.ProvenanceError: 500,
        errors.InputError: 400,
        errors.NotFoundError: 404,
        errors.ConflictError: 409,
        errors.ForbiddenError: 403,
        errors.VerificationError: 422,
        errors.LedgerError: 503,
        errors.LedgerUnavailableError: 503,
        errors.LedgerMismatchError: 503,
        errors.TransactionRevertedError: 409,
        errors.OutcomeUnknownError: 202,
        errors.StoreError: 503,
        errors.KeyAccessError: 503,
        errors.ConfigError: 503,
    }
)
"""Every class of ``veta.errors``; a test fails when one is missing (ADR 0161)."""

STATUS_OF_CODE: Final[Mapping[str, int]] = MappingProxyType(
    {
        "canonical.too_large": 413,
        "http.body_too_large": 413,
        "http.head_too_large": 431,
        "http.body_timeout": 408,
        "http.method_not_allowed": 405,
        "http.media_type": 415,
        "http.content_coding": 415,
        "http.too_busy": 503,
        "token.missing": 401,
        "token.wrong": 401,
    }
)
"""Codes that HTTP has a narrower status for than their class."""

TITLES: Final[Mapping[int, str]] = MappingProxyType(
    {
        202: "Accepted, outcome not known yet",
        400: "The request is malformed or out of bounds",
        401: "Writing needs the node's token",
        403: "Not allowed here",
        404: "Not known here",
        405: "No such method on this path",
        408: "The body did not arrive in time",
        409: "Contradicts what was accepted before",
        413: "The body is too large",
        415: "The body is of another type than this path takes",
        431: "The headers are too large",
        422: "Checked and refused",
        500: "The node failed; this is a fault of the node",
        503: "The node cannot do this now; nothing is lost",
    }
)

_PRIVATE: Final = (errors.StoreError, errors.KeyAccessError, errors.ConfigError)
_PRIVATE_DETAIL: Final = "the operator's log says why"
_CHALLENGE: Final = {401: {"WWW-Authenticate": 'Bearer realm="veta"'}, 503: {"Retry-After": "5"}}


def status_of(error: ProvenanceError) -> int:
    """The HTTP status of an error: by its code, else by the nearest class in the table."""
    by_code = STATUS_OF_CODE.get(error.code)
    if by_code is not None:
        return by_code
    return next(
        STATUS_OF_CLASS[each]
        for each in type(error).__mro__
        if issubclass(each, ProvenanceError) and each in STATUS_OF_CLASS
    )


def problem_body(error: ProvenanceError) -> dict[str, Any]:
    """The members of the problem (RFC 9457 section 3.1) and ``code``."""
    status = status_of(error)
    private = isinstance(error, _PRIVATE) or status == 500
    detail = _PRIVATE_DETAIL if private else error.message
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + error.code,
        "title": TITLES[status],
        "status": status,
        "detail": detail[:LONGEST_DETAIL],
        "code": error.code,
    }
    if isinstance(error, errors.OutcomeUnknownError):
        body["transaction"] = error.transaction_id.hex()
    if isinstance(error, errors.TransactionRevertedError) and error.error_name:
        body["contract_error"] = error.error_name
    return body


def problem_response(error: ProvenanceError, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as a response."""
    body = problem_body(error)
    status = body["status"]
    return Response(
        json.dumps(body),
        status,
        headers={**_CHALLENGE.get(status, {}), **(headers or {})},
        media_type=PROBLEM_JSON,
    )


def unexpected() -> ProvenanceError:
    """What a caller is told when the node has a fault."""
    return ProvenanceError("internal.fault", "an unexpected fault")
