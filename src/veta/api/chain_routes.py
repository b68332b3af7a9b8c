"""What the node's own member does on the chain: anchor batches, change a statement's status."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from veta.api.answers import alarms_json, intent_json, intent_response, json_response
from veta.api.requests import (
    JSON,
    Body,
    LeafName,
    TheNode,
    media_type_of,
    read_leaf,
    read_model,
    require_token,
)
from veta.api.schemas import (
    AnchorBody,
    AnchorRequest,
    DisputeRequest,
    IntentBody,
    IntentList,
    Problem,
    ReaffirmRequest,
    RevokeRequest,
    Strict,
    SupersedeRequest,
)
from veta.errors import NotFoundError
from veta.model.anchoring import BatchKind, StatusReason
from veta.model.identifiers import Digest, MemberId
from veta.ports.store import BLOCK_TIME, IntentState
from veta.statement.instants import read_instant

router = APIRouter(tags=["chain"], dependencies=[Depends(require_token)])

_SECURITY: Final[dict[str, Any]] = {"security": [{"token": []}]}
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 408, 409, 413, 415, 503)
}
_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {202: {"model": IntentBody}, **_PROBLEMS}


def _body_of(model: type[Strict]) -> dict[str, Any]:
    content = {JSON: {"schema": model.model_json_schema()}}
    return {"requestBody": {"content": content}, **_SECURITY}


def _read(request: Request, octets: bytes, model: type[Any]) -> Any:
    if octets:
        media_type_of(request, JSON)
    return read_model(octets, model)


@router.post(
    "/v1/anchors",
    operation_id="anchorNow",
    status_code=202,
    openapi_extra=_body_of(AnchorRequest),
    responses={202: {"model": AnchorBody}, **_PROBLEMS},
)
def anchor_now(node: TheNode, request: Request, octets: Body) -> Response:
    """Batch what was issued and put its transactions on their way."""
    wanted: AnchorRequest = _read(request, octets, AnchorRequest)
    kind = None if wanted.kind is None else BatchKind[wanted.kind]
    report = node.desk.anchorer.anchor(kind)
    intents = [intent_json(each) for each in report.planned]
    with node.store.read() as work:
        waiting = sum(work.unbatched_kinds(node.desk.member).values())
    body = {"intents": intents, "waiting": waiting, "alarms": alarms_json(report.alarms)}
    return json_response(body, 202)


@router.post(
    "/v1/statements/{leaf}/revoke",
    operation_id="revokeStatement",
    status_code=202,
    openapi_extra=_body_of(RevokeRequest),
    responses=_ACCEPTED,
)
def revoke_statement(node: TheNode, leaf: LeafName, request: Request, octets: Body) -> Response:
    """Revoke a statement of the node's own member."""
    wanted: RevokeRequest = _read(request, octets, RevokeRequest)
    effective_s = BLOCK_TIME if wanted.effective is None else read_instant(wanted.effective)
    reason = StatusReason[wanted.reason]
    status = node.desk.status
    return intent_response(status.revoke(read_leaf(leaf), reason=reason, effective_s=effective_s))


@router.post(
    "/v1/statements/{leaf}/supersede",
    operation_id="supersedeStatement",
    status_code=202,
    openapi_extra=_body_of(SupersedeRequest),
    responses=_ACCEPTED,
)
def supersede_statement(node: TheNode, leaf: LeafName, request: Request, octets: Body) -> Response:
    """Put another statement of the node's own member in the place of one.

    A passport says itself, in `corrects`, which one it corrects and why.
    """
    wanted: SupersedeRequest = _read(request, octets, SupersedeRequest)
    by_leaf = read_leaf(wanted.by_leaf)
    return intent_response(node.desk.status.correct(read_leaf(leaf), by_leaf=by_leaf))


@router.post(
    "/v1/statements/{leaf}/reaffirm",
    operation_id="reaffirmStatement",
    status_code=202,
    openapi_extra=_body_of(ReaffirmRequest),
    responses=_ACCEPTED,
)
def reaffirm_statement(node: TheNode, leaf: LeafName, request: Request, octets: Body) -> Response:
    """Stand by a statement of the node's own member after a key was stolen."""
    _read(request, octets, ReaffirmRequest)
    return intent_response(node.desk.status.reaffirm(read_leaf(leaf)))


@router.post(
    "/v1/statements/{leaf}/dispute",
    operation_id="disputeStatement",
    status_code=202,
    openapi_extra=_body_of(DisputeRequest),
    responses=_ACCEPTED,
)
def dispute_statement(node: TheNode, leaf: LeafName, request: Request, octets: Body) -> Response:
    """Open a dispute about another member's statement."""
    wanted: DisputeRequest = _read(request, octets, DisputeRequest)
    grounds = Digest(bytes.fromhex(wanted.grounds))
    status, issuer = node.desk.status, MemberId(wanted.issuer)
    return intent_response(status.dispute(issuer, read_leaf(leaf), grounds=grounds))


@router.get(
    "/v1/intents",
    operation_id="listIntents",
    openapi_extra=_SECURITY,
    responses={200: {"model": IntentList}, **_PROBLEMS},
)
def list_intents(node: TheNode, state: Annotated[IntentState, Query()]) -> Response:
    """What is open, done or held, oldest first, at most 1,000."""
    with node.store.read() as work:
        found = work.intents(state)[:1_000]
    return json_response({"intents": [intent_json(each) for each in found]})


@router.get(
    "/v1/intents/{number}",
    operation_id="getIntent",
    openapi_extra=_SECURITY,
    responses={200: {"model": IntentBody}, **_PROBLEMS},
)
def get_intent(node: TheNode, number: Annotated[int, Path(ge=0, lt=2**53)]) -> Response:
    """What became of one."""
    with node.store.read() as work:
        intent = work.intent(number)
    if intent is None:
        raise NotFoundError("intent.not_found", f"there is no intent {number}")
    return json_response(intent_json(intent))
