"""Allocation rules: register, confirm, end. What there is stands under ``/v1/registry/rules``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from veta.api.answers import intent_response
from veta.api.lot_routes import ACCEPTED, SECURITY, body_of, read_body
from veta.api.registry_schemas import RuleRequestBody
from veta.api.requests import Body, TheNode, require_token
from veta.errors import InputError
from veta.model.lot_events import NO_TIME
from veta.model.lots import AllocationShare, ProductClassId, SiteId
from veta.services.allocate import RuleRequest
from veta.statement.instants import read_instant

router = APIRouter(prefix="/v1/rules", tags=["rules"])

RuleNumber = Annotated[int, Path(ge=1, lt=2**32, description="the rule's number")]


@router.post(
    "",
    operation_id="registerRule",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(RuleRequestBody),
    responses=ACCEPTED,
)
def register_rule(node: TheNode, request: Request, octets: Body) -> Response:
    """Propose an allocation rule for a site that the member operates."""
    wanted: RuleRequestBody = read_body(request, octets, RuleRequestBody)
    rule = RuleRequest(
        site=SiteId(wanted.site),
        shares=tuple(
            AllocationShare(ProductClassId(each.productClass), each.minimumPpm, each.maximumPpm)
            for each in wanted.shares
        ),
        until_s=read_instant(wanted.until),
        from_s=NO_TIME if wanted.from_ is None else read_instant(wanted.from_),
    )
    node.follow()
    return intent_response(node.desk.lots.rules.register(rule))


@router.post(
    "/{rule}/confirm",
    operation_id="confirmRule",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=SECURITY,
    responses=ACCEPTED,
)
def confirm_rule(node: TheNode, rule: RuleNumber, octets: Body) -> Response:
    """Confirm a rule as it was registered, as who assures its site."""
    _require_none(octets)
    node.follow()
    return intent_response(node.desk.lots.rules.confirm(rule))


@router.post(
    "/{rule}/end",
    operation_id="endRule",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=SECURITY,
    responses=ACCEPTED,
)
def end_rule(node: TheNode, rule: RuleNumber, octets: Body) -> Response:
    """End a rule now, as who operates or assures its site."""
    _require_none(octets)
    node.follow()
    return intent_response(node.desk.lots.rules.end(rule))


def _require_none(octets: bytes) -> None:
    if octets:
        raise InputError("http.malformed_request", "this request has no body")
