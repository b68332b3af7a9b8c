"""Who may assure what, which site is certified, and what rests on that.

What there is stands under ``/v1/registry/certificates``.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from veta.api.answers import intent_json, intent_response, json_response
from veta.api.assurance_schemas import (
    AccreditationRequest,
    AffectedBody,
    CertificateRequest,
    EndedRecordBody,
    GroundsRequest,
    RecognitionRequest,
    VoidRequest,
)
from veta.api.lot_routes import ACCEPTED, SECURITY, WRITE, body_of, read_body
from veta.api.requests import Body, TheNode, require_token
from veta.api.schemas import Problem
from veta.errors import InputError
from veta.model.columns import SubstanceId
from veta.model.identifiers import FAR_FUTURE, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_events import NO_TIME
from veta.model.lots import SiteId
from veta.ports.store import Intent
from veta.services.affected_documents import affected_json
from veta.services.assure import Grant
from veta.services.node import Node
from veta.statement.instants import read_instant

router = APIRouter(prefix="/v1/assurance", tags=["assurance"])

RecordNumber = Annotated[
    int, Path(ge=1, lt=2**32, description="number of the accreditation or certificate")
]
_ENDED: Final[dict[int | str, dict[str, Any]]] = {202: {"model": EndedRecordBody}, **WRITE}
_READ: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 503)
}


@router.post(
    "/recognitions",
    operation_id="recogniseBody",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(RecognitionRequest),
    responses=ACCEPTED,
)
def recognise_body(node: TheNode, request: Request, octets: Body) -> Response:
    """Recognise an accreditation body for a scheme, or change until when: as its owner."""
    wanted: RecognitionRequest = read_body(request, octets, RecognitionRequest)
    if wanted.end and wanted.until is not None:
        raise InputError("http.malformed_request", "`end` is now: it goes without `until`")
    until_s = NO_TIME if wanted.end else _instant(wanted.until) or FAR_FUTURE
    node.follow()
    return intent_response(
        node.desk.lots.assurance.recognise(
            wanted.scheme,
            MemberId(wanted.body),
            from_s=_instant(wanted.from_) or NO_TIME,
            until_s=until_s,
        )
    )


@router.post(
    "/accreditations",
    operation_id="accreditBody",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(AccreditationRequest),
    responses=ACCEPTED,
)
def accredit_body(node: TheNode, request: Request, octets: Body) -> Response:
    """Accredit a certification body, footprint verifier or laboratory for a scheme."""
    wanted: AccreditationRequest = read_body(request, octets, AccreditationRequest)
    grant = _grant(wanted)
    node.follow()
    desk = node.desk.lots.assurance
    return intent_response(desk.accredit(MemberId(wanted.body), wanted.scheme, grant))


@router.post(
    "/certificates",
    operation_id="certifySite",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(CertificateRequest),
    responses=ACCEPTED,
)
def certify_site(node: TheNode, request: Request, octets: Body) -> Response:
    """Certify a site under an accreditation of the member's, which says the scheme."""
    wanted: CertificateRequest = read_body(request, octets, CertificateRequest)
    grant = _grant(wanted)
    node.follow()
    desk = node.desk.lots.assurance
    return intent_response(desk.certify(SiteId(wanted.site), wanted.accreditation, grant))


@router.post(
    "/records/{record}/suspend",
    operation_id="suspendRecord",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(GroundsRequest),
    responses=_ENDED,
)
def suspend_record(node: TheNode, record: RecordNumber, request: Request, octets: Body) -> Response:
    """Suspend an accreditation or certificate from now on; tells what rests on it."""
    wanted: GroundsRequest = read_body(request, octets, GroundsRequest)
    node.follow()
    return _ended(node, record, node.desk.lots.assurance.suspend(record, _grounds(wanted)))


@router.post(
    "/records/{record}/lift",
    operation_id="liftSuspension",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(GroundsRequest),
    responses=ACCEPTED,
)
def lift_suspension(
    node: TheNode, record: RecordNumber, request: Request, octets: Body
) -> Response:
    """Lift the member's own suspension from now on."""
    wanted: GroundsRequest = read_body(request, octets, GroundsRequest)
    node.follow()
    return intent_response(node.desk.lots.assurance.lift(record, _grounds(wanted)))


@router.post(
    "/records/{record}/withdraw",
    operation_id="withdrawRecord",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(GroundsRequest),
    responses=_ENDED,
)
def withdraw_record(
    node: TheNode, record: RecordNumber, request: Request, octets: Body
) -> Response:
    """Withdraw an accreditation or certificate for good; tells what rests on it."""
    wanted: GroundsRequest = read_body(request, octets, GroundsRequest)
    node.follow()
    return _ended(node, record, node.desk.lots.assurance.withdraw(record, _grounds(wanted)))


@router.post(
    "/records/{record}/void",
    operation_id="voidRecord",
    status_code=202,
    dependencies=[Depends(require_token)],
    openapi_extra=body_of(VoidRequest),
    responses=_ENDED,
)
def void_record(node: TheNode, record: RecordNumber, request: Request, octets: Body) -> Response:
    """Declare an accreditation or certificate void for cause; tells what rests on it."""
    wanted: VoidRequest = read_body(request, octets, VoidRequest)
    since_s = _instant(wanted.since) or NO_TIME
    node.follow()
    desk = node.desk.lots.assurance
    return _ended(node, record, desk.void(record, _grounds(wanted), effective_s=since_s))


@router.get(
    "/certificates/{record}/affected",
    operation_id="getAffected",
    dependencies=[Depends(require_token)],
    openapi_extra=SECURITY,
    responses={200: {"model": AffectedBody}, **_READ},
)
def get_affected(node: TheNode, record: RecordNumber) -> Response:
    """What rests on a certificate: lots, who holds them, what is left, and unused credit."""
    node.follow()
    return json_response(affected_json(node.affected(record), node.registry.names()))


def _grant(wanted: AccreditationRequest | CertificateRequest) -> Grant:
    return Grant(
        document=Leaf(bytes.fromhex(wanted.statement)),
        level=wanted.level,
        substances=tuple(map(SubstanceId, wanted.substances)),
        from_s=_instant(wanted.from_),
        until_s=_instant(wanted.until),
    )


def _instant(text: str | None) -> UnixSeconds | None:
    return None if text is None else read_instant(text)


def _grounds(wanted: GroundsRequest) -> Digest:
    return Digest(bytes.fromhex(wanted.grounds))


def _ended(node: Node, record: int, intent: Intent) -> Response:
    rests = affected_json(node.affected(record), node.registry.names())
    body = {**intent_json(intent), "affected": rests}
    return json_response(body, 202, {"Location": f"/v1/intents/{intent.number}"})
