"""What is said of sites: anybody reads it; who has standing says more."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from veta.api.answers import intent_response, json_response
from veta.api.lot_routes import ACCEPTED, body_of, read_body
from veta.api.requests import Body, TheNode, require_token
from veta.api.schemas import Problem
from veta.api.site_schemas import (
    CloseConcernRequest,
    ConcernRequest,
    SiteBody,
    SiteRecordRequest,
)
from veta.model.identifiers import FAR_FUTURE, Leaf
from veta.model.lots import SiteId
from veta.model.site_events import SiteRecordKind
from veta.model.site_notices import SiteRecordGrant
from veta.services.run_file import word_of
from veta.services.site_documents import site_json
from veta.services.sites import read_category
from veta.statement.instants import read_instant

router = APIRouter(prefix="/v1/sites/{site}", tags=["sites"])

SiteNumber = Annotated[int, Path(ge=1, lt=2**32, description="registered site")]
Number = Annotated[int, Path(ge=1, lt=2**32, description="of the site's concerns")]
_READ: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": SiteBody},
    **{status: {"model": Problem} for status in (400, 403, 404, 503)},
}
_KINDS: Final = {word_of(kind): kind for kind in SiteRecordKind}


@router.get("", operation_id="getSite", responses=_READ)
def get_site(node: TheNode, site: SiteNumber) -> Response:
    """Operators, certificates, concerns, incidents, facilities and agreements of a site."""
    node.follow()
    return json_response(site_json(node.store, SiteId(site)))


@router.post(
    "/concerns",
    operation_id="raiseConcern",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(ConcernRequest),
    responses=ACCEPTED,
)
def raise_concern(node: TheNode, site: SiteNumber, request: Request, octets: Body) -> Response:
    """Raise a concern about a site: no verdict; it stays open until both sides closed it."""
    wanted: ConcernRequest = read_body(request, octets, ConcernRequest)
    node.follow()
    return intent_response(node.desk.lots.sites.raise_concern(SiteId(site), _leaf(wanted.document)))


@router.post(
    "/concerns/{number}/close",
    operation_id="closeConcern",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(CloseConcernRequest),
    responses=ACCEPTED,
)
def close_concern(
    node: TheNode, site: SiteNumber, number: Number, request: Request, octets: Body
) -> Response:
    """Close the member's side of a concern: its party's or, as an operator, the site's."""
    wanted: CloseConcernRequest = read_body(request, octets, CloseConcernRequest)
    node.follow()
    leaf = _leaf(wanted.document)
    return intent_response(node.desk.lots.sites.close(SiteId(site), number, leaf))


@router.post(
    "/records",
    operation_id="recordSite",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(SiteRecordRequest),
    responses=ACCEPTED,
)
def record_site(node: TheNode, site: SiteNumber, request: Request, octets: Body) -> Response:
    """Record an incident, a facility's status or an agreement."""
    wanted: SiteRecordRequest = read_body(request, octets, SiteRecordRequest)
    kind = _KINDS[wanted.kind]
    grant = SiteRecordGrant(
        kind=kind,
        category=read_category(kind, wanted.category),
        from_s=read_instant(wanted.from_),
        until_s=FAR_FUTURE if wanted.until is None else read_instant(wanted.until),
        replaces=wanted.replaces,
        leaf=_leaf(wanted.document),
    )
    node.follow()
    return intent_response(node.desk.lots.sites.record(SiteId(site), grant))


def _leaf(document: str) -> Leaf:
    return Leaf(bytes.fromhex(document))
