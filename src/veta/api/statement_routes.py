"""Statements that the node keeps: looking up, handing out, issuing."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from veta import canonical
from veta.api.answers import (
    issued_response,
    json_response,
    raw_json_response,
    statement_json,
    summary_json,
)
from veta.api.requests import (
    CREDENTIAL_TYPES,
    JWT,
    Body,
    LeafName,
    TheNode,
    WithLineage,
    media_type_of,
    read_leaf,
    require_bearer,
    require_token,
)
from veta.api.schemas import Issued, Problem, StatementBody, StatementList
from veta.model.identifiers import Digest
from veta.services.beside import with_beside
from veta.services.issue import IdempotentRequest
from veta.verify.beside import MAX_BESIDE
from veta.verify.transport import write_bundle

router = APIRouter(tags=["statements"])

_CREDENTIAL_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A W3C/UNTP credential without proof, read by the strictest rules:"
        " numbers as RFC 8785 writes them, text in NFC, no duplicate names.",
        "content": {name: {"schema": {"type": "object"}} for name in CREDENTIAL_TYPES},
    },
    "security": [{"token": []}],
}


@router.get(
    "/v1/statements",
    operation_id="findStatements",
    responses={200: {"model": StatementList}, 400: {"model": Problem}, 403: {"model": Problem}},
)
def find_statements(
    node: TheNode,
    subject: Annotated[str, Query(min_length=1, max_length=1_000)],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """Kept statements about a subject, such as a lot's id; newest first."""
    found = node.find(subject, limit=limit)
    return json_response({"statements": [summary_json(each) for each in found]})


@router.get(
    "/v1/statements/{leaf}",
    operation_id="getStatement",
    responses={200: {"model": StatementBody}, 400: {"model": Problem}, 404: {"model": Problem}},
)
def get_statement(node: TheNode, leaf: LeafName) -> Response:
    """A kept statement: payload, token and how far it has come. No verdict."""
    return raw_json_response(statement_json(node.statement(read_leaf(leaf))))


@router.get(
    "/v1/statements/{leaf}/bundle",
    operation_id="getBundle",
    responses={
        200: {"content": {"application/json": {"schema": {"type": "object"}}}},
        **{status: {"model": Problem} for status in (400, 401, 403, 404, 409, 503)},
    },
)
def get_bundle(
    node: TheNode,
    request: Request,
    leaf: LeafName,
    beside: Annotated[
        list[str] | None,
        Query(
            alias="with",
            max_length=MAX_BESIDE,
            description="Leaf of a kept statement to go beside it; may be repeated.",
        ),
    ] = None,
    *,
    lineage: WithLineage = False,
) -> Response:
    """The statement, its inclusion proof and what the chain says about it now: veta-bundle/1.

    With ``lineage`` also its lot, the runs behind it and the certificates' documents that are kept
    here; that needs the node's token.
    """
    if lineage:
        require_bearer(request)
        bundle = node.with_lineage(node.lot_bundle(read_leaf(leaf))).bundle
    else:
        bundle = node.bundle(read_leaf(leaf))
    bundle = with_beside(bundle, [node.bundle(read_leaf(each)) for each in beside or []])
    octets = write_bundle(bundle, node.facts(bundle))
    name = f'attachment; filename="{leaf[:16]}.veta.json"'
    return raw_json_response(octets, {"Content-Disposition": name})


@router.get(
    "/v1/status-list",
    operation_id="getStatusList",
    dependencies=[Depends(require_token)],
    openapi_extra={"security": [{"token": []}]},
    response_class=Response,
    responses={
        200: {"content": {JWT: {"schema": {"type": "string"}}}},
        **{status: {"model": Problem} for status in (400, 401, 403, 404, 503)},
    },
)
def get_status_list(
    node: TheNode,
    list_url: Annotated[
        str, Query(alias="list", max_length=1_000, description="The list's own address.")
    ],
) -> Response:
    """The member's W3C Bitstring Status List of an address, made and signed now from the chain as
    followed, valid for a day: to be published there.
    """
    made = node.status_lists.make(list_url)
    return Response(made.token, media_type=JWT)


@router.post(
    "/v1/statements",
    operation_id="issueStatement",
    openapi_extra=_CREDENTIAL_BODY,
    status_code=201,
    dependencies=[Depends(require_token)],
    responses={
        200: {"model": Issued, "description": "issued before"},
        201: {"model": Issued},
        **{status: {"model": Problem} for status in (400, 401, 403, 408, 409, 413, 415, 422, 503)},
    },
)
def issue_statement(
    node: TheNode,
    request: Request,
    octets: Body,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Sign and keep a credential of the node's own member. It is anchored with the next batch."""
    media_type_of(request, *CREDENTIAL_TYPES)
    credential = canonical.read_object(octets, canonical.AUTHORED)
    once = None
    if idempotency_key is not None:
        once = IdempotentRequest(idempotency_key, Digest(sha256(octets).digest()))
    return issued_response(node.desk.issuer.issue(credential, request=once))
