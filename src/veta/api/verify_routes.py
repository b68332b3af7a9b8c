"""Verifying one and many. Reading a public verdict needs no token."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from veta.api.answers import NO_STORE, report_response
from veta.api.logs import LOGGER_NAME
from veta.api.problems import problem_body, unexpected
from veta.api.requests import (
    JSON,
    JWT,
    NDJSON,
    Body,
    TheNode,
    WithLineage,
    bundle_of,
    lot_bundle_of,
    media_type_of,
    read_verify_request,
    require_bearer,
    token_bundle,
    verifier_at,
)
from veta.api.schemas import (
    DIGEST_EXAMPLE,
    BatchLine,
    LeafRequest,
    Problem,
    TokenRequest,
    VerificationReport,
)
from veta.errors import InputError, ProvenanceError
from veta.model.bundle import StatementBundle
from veta.services.node import Node
from veta.verify.beside import MAX_BESIDE

MOST_ITEMS: Final = 1_000
"""Items of one batch; the body's cap holds as well."""

router = APIRouter(tags=["verify"])
_LOG: Final = logging.getLogger(LOGGER_NAME)

_BUNDLE_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "StatementBundle",
    "description": "A veta-bundle/1 file. Facts in it are not used: the node asks its own chain.",
    "required": ["format", "token", "root", "inclusion", "facts"],
    "properties": {
        "format": {"const": "veta-bundle/1"},
        "token": {"type": "string"},
        "root": {"type": ["string", "null"]},
        "inclusion": {"type": ["object", "null"]},
        "facts": {"type": ["object", "null"]},
        "beside": {
            "type": "array",
            "maxItems": MAX_BESIDE,
            "description": "Other statements that speak of the same things, each judged by steps 1"
            " to 7; what fails counts as not there.",
            "items": {
                "type": "object",
                "required": ["token", "root", "inclusion"],
                "properties": {
                    "token": {"type": "string"},
                    "root": {"type": ["string", "null"]},
                    "inclusion": {"type": ["object", "null"]},
                    "opened": {
                        "type": "object",
                        "description": "opened leaves of an indicator set: veta-indicators-open/1",
                    },
                },
            },
        },
    },
}
_ITEM_SCHEMA: Final = {
    "oneOf": [_BUNDLE_SCHEMA, TokenRequest.model_json_schema(), LeafRequest.model_json_schema()]
}
_VERIFY_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": _ITEM_SCHEMA, "example": {"leaf": DIGEST_EXAMPLE}},
            JWT: {"schema": {"type": "string"}},
        },
    }
}
_BATCH_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            NDJSON: {"schema": _ITEM_SCHEMA, "example": f'{{"leaf":"{DIGEST_EXAMPLE}"}}\n'}
        },
    }
}
ReliedOnAt = Annotated[
    str | None,
    Query(
        max_length=40,
        description="RFC 3339 instant at which the reader relies on the statement; not later than"
        " now. Without it: the newest final block's own time.",
    ),
]


Ask = Annotated[
    list[Literal["documents", "indicators", "assay", "inventory"]] | None,
    Query(
        description="Papers that must stand beside the lot; may be repeated. Steps 8, 9 and 12 are"
        " required with any; without the papers the verdict is never good.",
    ),
]


@router.post(
    "/v1/verify",
    operation_id="verifyStatement",
    openapi_extra=_VERIFY_BODY,
    responses={
        200: {"model": VerificationReport},
        **{status: {"model": Problem} for status in (400, 401, 403, 404, 408, 413, 415, 503)},
    },
)
def verify_statement(
    node: TheNode,
    request: Request,
    octets: Body,
    relied_on_at: ReliedOnAt = None,
    ask: Ask = None,
    *,
    lineage: WithLineage = False,
) -> Response:
    """Judge one statement now. A finished check is 200 whatever the verdict (ADR 0160).

    With ``lineage`` a bundle is judged by what it discloses; for a leaf the node gathers lot and
    runs, which needs its token.
    """
    verifier = verifier_at(node, relied_on_at, lineage=lineage, ask=ask or ())
    if media_type_of(request, JSON, JWT) == JWT:
        return report_response(node.verify(token_bundle(octets), verifier))
    wanted = read_verify_request(octets)
    bundle = bundle_of(node, wanted)
    if lineage and wanted.leaf is not None:
        require_bearer(request)
        bundle = lot_bundle_of(node, bundle, wanted.leaf)
    return report_response(node.verify(bundle, verifier))


@router.post(
    "/v1/verify/batch",
    operation_id="verifyStatements",
    openapi_extra=_BATCH_BODY,
    response_class=StreamingResponse,
    responses={
        200: {
            "model": BatchLine,
            "description": "one line an item, in order",
            "content": {NDJSON: {}},
        },
        **{status: {"model": Problem} for status in (400, 408, 413, 415)},
    },
)
def verify_statements(node: TheNode, request: Request, octets: Body) -> Response:
    """Judge up to 1,000 statements, one a line, all at one block.

    Lines come in the order of the items. An item that cannot be read is a problem on its line.
    """
    media_type_of(request, NDJSON)
    items = [_item(node, line) for line in _lines(octets)]
    return StreamingResponse(_batch_lines(node, items), headers=NO_STORE, media_type=NDJSON)


def _lines(octets: bytes) -> list[bytes]:
    """The lines of a batch, without a last empty one.

    Raises:
        InputError: ``batch.empty``, ``batch.too_many``.
    """
    lines = octets.removesuffix(b"\n").split(b"\n", MOST_ITEMS) if octets.strip() else []
    if not lines:
        raise InputError("batch.empty", "a batch has one item a line")
    if len(lines) > MOST_ITEMS:
        raise InputError("batch.too_many", f"a batch has at most {MOST_ITEMS} items")
    return lines


def _item(node: Node, line: bytes) -> StatementBundle | ProvenanceError:
    try:
        return bundle_of(node, read_verify_request(line))
    except ProvenanceError as error:
        return error


def _batch_lines(node: Node, items: list[StatementBundle | ProvenanceError]) -> Iterator[bytes]:
    reports = node.verify_many(each for each in items if isinstance(each, StatementBundle))
    for index, item in enumerate(items):
        line: dict[str, Any] = {"index": index}
        if isinstance(item, ProvenanceError):
            line["problem"] = problem_body(item)
        else:
            try:
                line["report"] = next(reports).to_json()
            except Exception:  # noqa: BLE001 - the head is sent: a fault can only be told in a line
                _LOG.exception("batch.fault")
                line["problem"] = problem_body(unexpected())
                reports = iter(())
        yield json.dumps(line).encode() + b"\n"
