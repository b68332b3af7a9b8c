"""What is said beside lots: restate, confirm, dispute, uphold, close."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from veta.api.answers import intent_response
from veta.api.lot_notice_schemas import (
    CloseRequest,
    ConfirmRequest,
    DisputeLotRequest,
    RestateRequest,
    UpholdRequest,
)
from veta.api.lot_routes import ACCEPTED, LotName, body_of, read_body, read_lot_id
from veta.api.requests import Body, TheNode, require_token
from veta.model.identifiers import Digest, Leaf, MemberId
from veta.services.notices import Restating, read_reason
from veta.services.run_file import read_column

router = APIRouter(prefix="/v1/lots/{lot}", tags=["lots"])


@router.post(
    "/restate",
    operation_id="restateBatch",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(RestateRequest),
    responses=ACCEPTED,
)
def restate_batch(node: TheNode, lot: LotName, request: Request, octets: Body) -> Response:
    """Say that a total of the member's batch that the lot is in turned out otherwise."""
    wanted: RestateRequest = read_body(request, octets, RestateRequest)
    restating = Restating(
        column=read_column(wanted.column),
        delta=wanted.delta,
        reason=read_reason(wanted.reason),
        statement=Leaf(bytes.fromhex(wanted.statement)),
    )
    found = read_lot_id(lot)
    node.follow()
    return intent_response(node.desk.lots.notices.restate(found, restating))


@router.post(
    "/confirm",
    operation_id="confirmRestatement",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(ConfirmRequest),
    responses=ACCEPTED,
)
def confirm_restatement(node: TheNode, lot: LotName, request: Request, octets: Body) -> Response:
    """Confirm a restatement of the batch that the lot is in, as an independent assurer."""
    wanted: ConfirmRequest = read_body(request, octets, ConfirmRequest)
    found = read_lot_id(lot)
    node.follow()
    return intent_response(node.desk.lots.notices.confirm(found, wanted.index))


@router.post(
    "/dispute",
    operation_id="disputeLot",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(DisputeLotRequest),
    responses=ACCEPTED,
)
def dispute_lot(node: TheNode, lot: LotName, request: Request, octets: Body) -> Response:
    """Dispute a lot or its batch: a notice that blocks nothing, and lapses unless upheld."""
    wanted: DisputeLotRequest = read_body(request, octets, DisputeLotRequest)
    found, grounds = read_lot_id(lot), Digest(bytes.fromhex(wanted.grounds))
    node.follow()
    return intent_response(node.desk.lots.notices.dispute(found, grounds, whole=wanted.batch))


@router.post(
    "/uphold",
    operation_id="upholdDispute",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(UpholdRequest),
    responses=ACCEPTED,
)
def uphold_dispute(node: TheNode, lot: LotName, request: Request, octets: Body) -> Response:
    """Uphold a party's dispute, as an authority or body independent of both sides."""
    wanted: UpholdRequest = read_body(request, octets, UpholdRequest)
    found, party = read_lot_id(lot), MemberId(wanted.party)
    node.follow()
    return intent_response(node.desk.lots.notices.uphold(found, party, whole=wanted.batch))


@router.post(
    "/close",
    operation_id="closeDispute",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(CloseRequest),
    responses=ACCEPTED,
)
def close_dispute(node: TheNode, lot: LotName, request: Request, octets: Body) -> Response:
    """Close the member's own dispute of a lot or its batch."""
    wanted: CloseRequest = read_body(request, octets, CloseRequest)
    found = read_lot_id(lot)
    node.follow()
    return intent_response(node.desk.lots.notices.close(found, whole=wanted.batch))
