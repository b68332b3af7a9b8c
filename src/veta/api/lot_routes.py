"""Lots: ways in, transforms, custody, lineage and balances."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from veta.api.answers import intent_json, intent_response, json_response
from veta.api.lot_schemas import (
    AcceptRequest,
    AssessmentBody,
    FreezeRequest,
    HoldingsBody,
    LineageBody,
    LotBody,
    LotsRequest,
    OfferRequest,
    OpenLotRequest,
    PlannedRunBody,
    RetireRequest,
    SiteBody,
)
from veta.api.requests import JSON, Body, TheNode, media_type_of, read_model, require_token
from veta.api.schemas import IntentBody, Problem, Strict
from veta.errors import InputError
from veta.model.identifiers import Digest, Leaf, MemberId
from veta.model.lots import LotId, SiteId
from veta.services.lot_documents import (
    ancestry_json,
    assessment_json,
    descent_json,
    holdings_json,
    lot_json,
    lots_json,
    notices_json,
    site_json,
)
from veta.services.node import Node
from veta.services.open_lot import NO_CONSIGNMENT, Measurement, Offer
from veta.services.originate import Originator
from veta.services.run_file import read_run
from veta.services.run_requests import RunRequest
from veta.services.transform import Transformer
from veta.statement.instants import read_instant

router = APIRouter(tags=["lots"])

SECURITY: Final[dict[str, Any]] = {"security": [{"token": []}]}
_READ: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem} for status in (400, 403, 404, 503)
}
WRITE: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 408, 409, 413, 415, 422, 503)
}
ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {202: {"model": IntentBody}, **WRITE}
_RUN: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A `veta-run/1` document (docs/operations/lots.md).",
        "content": {JSON: {"schema": {"type": "object"}}},
    },
    **SECURITY,
}
_PLANNED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": AssessmentBody, "description": "dry run: judged, nothing was signed"},
    202: {"model": PlannedRunBody},
    **WRITE,
}
LotName = Annotated[str, Path(description="lot id: 0x and 64 hexadecimal digits")]
DryRun = Annotated[bool, Query(description="judge only, and show the balances")]


def body_of(model: type[Strict]) -> dict[str, Any]:
    """A request body for the OpenAPI document."""
    content = {JSON: {"schema": model.model_json_schema()}}
    return {"requestBody": {"content": content}, **SECURITY}


def read_body(request: Request, octets: bytes, model: type[Any]) -> Any:
    """A request's members.

    Raises:
        InputError: as ``media_type_of``, ``read_model``.
    """
    if octets:
        media_type_of(request, JSON)
    return read_model(octets, model)


@router.post(
    "/v1/lots/originate",
    operation_id="originateLots",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=_RUN,
    responses=_PLANNED,
)
def originate_lots(
    node: TheNode, request: Request, octets: Body, *, dry_run: DryRun = False
) -> Response:
    """Bring lots in: sign their passports and issue their batches. The same again is the same."""
    run = _run_of(node, request, octets)
    return _run(node.desk.lots.originator, run, dry_run=dry_run)


@router.post(
    "/v1/lots/transform",
    operation_id="transformLots",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=_RUN,
    responses=_PLANNED,
)
def transform_lots(
    node: TheNode, request: Request, octets: Body, *, dry_run: DryRun = False
) -> Response:
    """Make lots of lots that the member holds. The same again is the same."""
    run = _run_of(node, request, octets)
    return _run(node.desk.lots.transformer, run, dry_run=dry_run)


@router.post(
    "/v1/lots/offer",
    operation_id="offerLots",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(OfferRequest),
    responses=ACCEPTED,
)
def offer_lots(node: TheNode, request: Request, octets: Body) -> Response:
    """Offer opened lots that the member holds; they are locked until the offer ends."""
    wanted: OfferRequest = read_body(request, octets, OfferRequest)
    consignment = (
        NO_CONSIGNMENT if wanted.consignment is None else Digest(bytes.fromhex(wanted.consignment))
    )
    offer = Offer(MemberId(wanted.to), read_instant(wanted.until), consignment)
    node.follow()
    return intent_response(node.desk.lots.custodian.offer(_lots(wanted.lots), offer))


@router.post(
    "/v1/lots/accept",
    operation_id="acceptLots",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(AcceptRequest),
    responses=ACCEPTED,
)
def accept_lots(node: TheNode, request: Request, octets: Body) -> Response:
    """Accept what is offered to the member, as shipped or, for one lot, as measured."""
    wanted: AcceptRequest = read_body(request, octets, AcceptRequest)
    lots, custodian = _lots(wanted.lots), node.desk.lots.custodian
    node.follow()
    if wanted.measured is None:
        return intent_response(custodian.accept(lots))
    if len(lots) != 1 or wanted.statement is None:
        raise InputError("lot.measured", "a measurement is of one lot, and a statement tells of it")
    leaf = Leaf(bytes.fromhex(wanted.statement))
    measurement = Measurement(wanted.measured, wanted.method, leaf)
    return intent_response(custodian.accept_measured(lots[0], measurement))


@router.post(
    "/v1/lots/decline",
    operation_id="declineLots",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(LotsRequest),
    responses=ACCEPTED,
)
def decline_lots(node: TheNode, request: Request, octets: Body) -> Response:
    """Decline what is offered to the member."""
    wanted: LotsRequest = read_body(request, octets, LotsRequest)
    return intent_response(node.desk.lots.custodian.decline(_lots(wanted.lots)))


@router.post(
    "/v1/lots/{lot}/freeze",
    operation_id="freezeLot",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(FreezeRequest),
    responses=ACCEPTED,
)
def freeze_lot(node: TheNode, lot: LotName, request: Request, octets: Body) -> Response:
    """Freeze a lot as an authority, or as one side of its offer."""
    wanted: FreezeRequest = read_body(request, octets, FreezeRequest)
    until_s = read_instant(wanted.until)
    custodian = node.desk.lots.custodian
    return intent_response(custodian.freeze(read_lot_id(lot), until_s, jointly=wanted.jointly))


@router.post(
    "/v1/lots/retire",
    operation_id="retireLots",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(RetireRequest),
    responses=ACCEPTED,
)
def retire_lots(node: TheNode, request: Request, octets: Body) -> Response:
    """End the remainder of lots that the member holds; credit in them is extinguished."""
    wanted: RetireRequest = read_body(request, octets, RetireRequest)
    return intent_response(node.desk.lots.custodian.retire(_lots(wanted.lots), wanted.reason))


@router.post(
    "/v1/lots/{lot}/open",
    operation_id="openLot",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(OpenLotRequest),
    responses=ACCEPTED,
)
def open_lot(node: TheNode, lot: LotName, request: Request, octets: Body) -> Response:
    """Open one of the member's own lots, and offer it in the same call if told so."""
    wanted: OpenLotRequest = read_body(request, octets, OpenLotRequest)
    if (wanted.to is None) != (wanted.until is None):
        raise InputError("lot.offer", "an offer names whom and until when")
    offer = None
    if wanted.to is not None and wanted.until is not None:
        offer = Offer(MemberId(wanted.to), read_instant(wanted.until))
    node.follow()
    return intent_response(node.desk.lots.custodian.open(read_lot_id(lot), offer))


@router.get(
    "/v1/lots/{lot}",
    operation_id="getLot",
    responses={200: {"model": LotBody}, **_READ},
)
def get_lot(node: TheNode, lot: LotName) -> Response:
    """An opened lot: who holds it, its state, what is left in it."""
    node.follow()
    known, registry = node.lots.known(read_lot_id(lot)), node.registry
    notices = notices_json(registry.notices(known), registry.now_s())
    return json_response(lot_json(known, registry.names()) | notices)


@router.get(
    "/v1/lots/{lot}/lineage",
    operation_id="getLineage",
    responses={200: {"model": LineageBody}, **_READ},
)
def get_lineage(
    node: TheNode,
    lot: LotName,
    substance: Annotated[int, Query(ge=1, lt=4_096, description="for an element: its number")],
    *,
    down: Annotated[bool, Query(description="where it went, not whence it came")] = False,
) -> Response:
    """Where a lot's metal came from, or where it is."""
    node.follow()
    found, desk = read_lot_id(lot), node.lots.lineage
    if down:
        return json_response(descent_json(found, desk.descent(found, substance)))
    came_from = desk.ancestry(found, substance)
    names = node.registry.names()
    return json_response(ancestry_json(found, came_from, desk.floor(found), names))


@router.get(
    "/v1/members/{member}/lots",
    operation_id="getHoldings",
    responses={200: {"model": HoldingsBody}, **_READ},
)
def get_holdings(node: TheNode, member: Annotated[int, Path(ge=1, lt=2**32)]) -> Response:
    """Opened lots that a member holds, and what is left in them together."""
    node.follow()
    held = node.lots.balance.holdings(MemberId(member))
    return json_response(holdings_json(held, node.registry.names()))


@router.get(
    "/v1/sites/{site}/balance",
    operation_id="getSiteBalance",
    responses={200: {"model": SiteBody}, **_READ},
)
def get_site_balance(node: TheNode, site: Annotated[int, Path(ge=1, lt=2**32)]) -> Response:
    """What a site did by period, and its credit accounts."""
    node.follow()
    balance = node.lots.balance.site(SiteId(site))
    return json_response(site_json(balance, node.registry.names()))


def read_lot_id(text: str) -> LotId:
    """A lot id from 0x and 64 lower-case hexadecimal digits.

    Raises:
        InputError: ``lot.malformed``.
    """
    digits = text.removeprefix("0x")
    if len(text) != 66 or len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
        raise InputError("lot.malformed", "a lot is 0x and 64 lower-case hexadecimal digits")
    return LotId(bytes.fromhex(digits))


def _lots(names: list[str]) -> list[LotId]:
    return [read_lot_id(name) for name in names]


def _run_of(node: Node, request: Request, octets: bytes) -> RunRequest:
    media_type_of(request, JSON)
    run = read_run(octets)
    node.follow()
    return run


def _run(desk: Originator | Transformer, run: RunRequest, *, dry_run: bool) -> Response:
    if dry_run:
        return json_response(assessment_json(desk.draft(run).assessment))
    planned = desk.originate(run) if isinstance(desk, Originator) else desk.transform(run)
    body = {
        "intent": intent_json(planned.intent),
        "created": planned.created,
        "lots": lots_json(planned.lots),
    }
    if planned.assessment is not None:
        body |= assessment_json(planned.assessment)
    location = {"Location": f"/v1/intents/{planned.intent.number}"}
    return json_response(body, 202, location)
