"""The five-minute view of a lot, for a page or a buyer's system to show.

Gathering the runs behind a lot costs the node many questions, so its member asks, with the token.
Whoever holds a bundle has its lineage in hand and asks ``veta explain`` or ``POST /v1/verify``.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from veta.api.answers import json_response
from veta.api.lot_routes import SECURITY, LotName, read_lot_id
from veta.api.requests import LeafName, TheNode, read_leaf, require_token
from veta.api.schemas import Problem, VerdictName
from veta.model.bundle import StatementBundle
from veta.services.node import Node
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.verdict import Step
from veta.verify.verifier import Verifier

router = APIRouter(tags=["explanations"], dependencies=[Depends(require_token)])

REQUIRED: Final = Policy().required | LOT_STEPS | {Step.ASSURANCE}


class ExplanationBody(BaseModel):
    """Where a lot came from, what it carries, who vouches for it, and what is not proven."""

    verdict: VerdictName
    about: dict[str, Any] | None = Field(description="the passport; none: from the chain alone")
    asOf: dict[str, Any] | None = Field(description="block")  # noqa: N815
    lot: dict[str, Any] | None
    origins: list[dict[str, Any]] = Field(description="by metal: shares in ppm of registered sites")
    steps: list[dict[str, Any]] = Field(
        description="runs from the way in to the lot: taken + entered = made + lost + ended"
    )
    footprint: dict[str, Any] | None
    assurance: list[dict[str, Any]] = Field(description="certificates, up to the scheme's owner")
    sites: list[dict[str, Any]] = Field(
        description="what is said of the sites behind it; those with `notice` true count as notices"
    )
    model: str | None
    notices: list[str]
    failures: list[str]
    notProven: list[str]  # noqa: N815


_READ: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": ExplanationBody},
    **{status: {"model": Problem} for status in (400, 401, 403, 404, 409, 503)},
}


@router.get(
    "/v1/statements/{leaf}/explanation",
    operation_id="explainStatement",
    openapi_extra=SECURITY,
    responses=_READ,
)
def explain_statement(node: TheNode, leaf: LeafName) -> Response:
    """A kept passport's lot, told from the mine to the buyer at the newest final block."""
    return _explained(node, node.lot_bundle(read_leaf(leaf)))


@router.get(
    "/v1/lots/{lot}/explanation",
    operation_id="explainLot",
    openapi_extra=SECURITY,
    responses=_READ,
)
def explain_lot(node: TheNode, lot: LotName) -> Response:
    """An opened lot without its passport: what the chain shows alone, NOT_PROVEN at best."""
    return _explained(node, node.lot_part(read_lot_id(lot)))


def _explained(node: Node, bundle: StatementBundle) -> Response:
    gathered = node.with_lineage(bundle).bundle
    return json_response(node.explain(gathered, Verifier(node.trust, Policy(required=REQUIRED))))
