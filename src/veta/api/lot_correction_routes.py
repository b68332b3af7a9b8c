"""Lots that go back or go out: withdraw, replace, exit, re-enter."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from veta.api.answers import intent_json, intent_response, json_response
from veta.api.lot_routes import ACCEPTED, SECURITY, WRITE, LotName, body_of, read_body, read_lot_id
from veta.api.lot_schemas import CorrectedBody, ExitRequest, ReenterRequest
from veta.api.requests import JSON, Body, TheNode, media_type_of, require_token
from veta.errors import InputError
from veta.services.correct_batch import CorrectedBatch
from veta.services.exit_paper import read_account
from veta.services.lot_documents import lot_name
from veta.services.run_file import read_replacement

router = APIRouter(tags=["lots"])

_CORRECTED: Final[dict[int | str, dict[str, Any]]] = {202: {"model": CorrectedBody}, **WRITE}
_REPLACEMENT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A `veta-replacement/1` document (docs/operations/lots.md).",
        "content": {JSON: {"schema": {"type": "object"}}},
    },
    **SECURITY,
}


@router.post(
    "/v1/lots/{lot}/withdraw",
    operation_id="withdrawLots",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=SECURITY,
    responses=_CORRECTED,
)
def withdraw_lots(node: TheNode, lot: LotName, octets: Body) -> Response:
    """Take back the way in that the lot is in, whole; nothing of it may have been opened."""
    if octets:
        raise InputError("http.malformed_request", "a withdrawal has no body")
    found = read_lot_id(lot)
    node.follow()
    return _corrected(node.desk.lots.corrector.withdraw(found))


@router.post(
    "/v1/lots/{lot}/replace",
    operation_id="replaceLots",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=_REPLACEMENT,
    responses=_CORRECTED,
)
def replace_lots(node: TheNode, lot: LotName, request: Request, octets: Body) -> Response:
    """Put other lots of equal totals in the place of the transform's output that the lot is in."""
    media_type_of(request, JSON)
    found, replacement = read_lot_id(lot), read_replacement(octets)
    node.follow()
    return _corrected(node.desk.lots.corrector.replace(found, replacement))


@router.post(
    "/v1/lots/{lot}/exit",
    operation_id="exitLot",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(ExitRequest),
    responses=ACCEPTED,
)
def exit_lot(node: TheNode, lot: LotName, request: Request, octets: Body) -> Response:
    """Let a lot that the member holds go to somebody who is no member."""
    wanted: ExitRequest = read_body(request, octets, ExitRequest)
    found, custodian = read_lot_id(lot), node.desk.lots.custodian
    account, salt = read_account(wanted.account), bytes.fromhex(wanted.salt)
    node.follow()
    return intent_response(custodian.exit(found, custodian.whom(found, account, salt)))


@router.post(
    "/v1/lots/{lot}/reenter",
    operation_id="reenterLot",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(ReenterRequest),
    responses=ACCEPTED,
)
def reenter_lot(node: TheNode, lot: LotName, request: Request, octets: Body) -> Response:
    """Take a lot back in that left for the member's own operating account."""
    wanted: ReenterRequest = read_body(request, octets, ReenterRequest)
    found = read_lot_id(lot)
    node.follow()
    return intent_response(node.desk.lots.custodian.reenter(found, bytes.fromhex(wanted.salt)))


def _corrected(corrected: CorrectedBatch) -> Response:
    body = {
        "intent": intent_json(corrected.intent),
        "created": corrected.created,
        "lots": [lot_name(lot) for lot in corrected.lots],
    }
    location = {"Location": f"/v1/intents/{corrected.intent.number}"}
    return json_response(body, 202, location)
