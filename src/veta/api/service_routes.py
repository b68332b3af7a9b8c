"""Whether the node lives, whether it is ready, and what it trusts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from veta.api.answers import json_response, raw_json_response, readiness_json
from veta.api.requests import TheNode
from veta.api.schemas import Health, Readiness, Trust
from veta.config import dump_trust, trust_digest

router = APIRouter(tags=["service"])


@router.get("/health", operation_id="getHealth", responses={200: {"model": Health}})
async def get_health() -> Response:
    """The process answers. Nothing else is asked, and no other work can delay it."""
    return json_response({"status": "alive"})


@router.get(
    "/ready",
    operation_id="getReadiness",
    responses={200: {"model": Readiness}, 503: {"model": Readiness}},
)
def get_readiness(node: TheNode, request: Request) -> Response:
    """Whether verdicts can be given now: 200 or 503, with heads, ages and alarms."""
    health = node.health()
    body = readiness_json(health, request.app.state.alarms(), writes=node.writes)
    return json_response(body, 200 if health.ready else 503)


@router.get("/v1/trust", operation_id="getTrust", responses={200: {"model": Trust}})
def get_trust(node: TheNode) -> Response:
    """The trust configuration that this node's verdicts rest on, and its digest.

    A reader who relies on verdicts compares the digest with one got from somebody else.
    """
    digest = trust_digest(node.trust).hex()
    octets = b'{"digest": "%b", "trust": %b}' % (digest.encode(), dump_trust(node.trust))
    return raw_json_response(octets, {"ETag": f'"{digest}"'})
