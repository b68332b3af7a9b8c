"""Monitoring rounds: who co-signed which readings, and who did not. Reading needs no token."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from veta.api.answers import json_response
from veta.api.requests import (
    JSON,
    Body,
    LeafName,
    TheNode,
    bundle_of,
    media_type_of,
    read_leaf,
    read_verify_request,
)
from veta.api.round_schemas import RoundFound
from veta.api.schemas import Problem
from veta.services.round_answer import answer_of
from veta.services.round_desk import round_at_hand
from veta.verify.beside import MAX_BESIDE

router = APIRouter(tags=["rounds"])

_ROUND_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {
                    "type": "object",
                    "title": "RoundBundle",
                    "description": "A veta-bundle/1 file of a round; up to"
                    f" {MAX_BESIDE} co-signatures and other rounds stand beside it.",
                    "required": ["format", "token", "root", "inclusion", "facts"],
                }
            }
        },
    }
}
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem} for status in (400, 404, 408, 413, 415, 422, 503)
}


@router.get(
    "/v1/rounds/{leaf}",
    operation_id="getRound",
    responses={200: {"model": RoundFound}, **_PROBLEMS},
)
def get_round(node: TheNode, leaf: LeafName) -> Response:
    """A kept round with the co-signatures and rounds that the node keeps, judged now."""
    found = round_at_hand(node, (leaf, node.bundle(read_leaf(leaf))))
    return json_response(answer_of(found).to_json())


@router.post(
    "/v1/rounds",
    operation_id="judgeRound",
    openapi_extra=_ROUND_BODY,
    responses={200: {"model": RoundFound}, **_PROBLEMS},
)
def judge_round(node: TheNode, request: Request, octets: Body) -> Response:
    """A round that is handed in, with what stands beside it in its bundle and what the node keeps.

    A finished answer is 200 whatever it is; 422 is a round that is not good itself.
    """
    media_type_of(request, JSON)
    bundle = bundle_of(node, read_verify_request(octets))
    found = round_at_hand(node, ("the bundle", bundle))
    return json_response(answer_of(found).to_json())
