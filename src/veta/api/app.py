"""The HTTP interface of one node. Nothing is made at import; an app holds one ready ``Node``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response

from veta.api import (
    assurance_routes,
    chain_routes,
    explain_routes,
    label_routes,
    lot_correction_routes,
    lot_notice_routes,
    lot_routes,
    registry_routes,
    round_routes,
    rule_routes,
    service_routes,
    site_routes,
    statement_routes,
    verify_routes,
)
from veta.api.bounds import BodyBounds, LastResort
from veta.api.label_routes import error_response
from veta.api.tokens import load_token
from veta.config import ApiSettings
from veta.errors import InputError, NotFoundError, ProvenanceError
from veta.services.node import Node
from veta.services.planning import Alarm

TITLE: Final = "Veta node"
API_VERSION: Final = "1.0.0"
_DESCRIPTION: Final = (
    "Verify statements about lots of metal, and, for the node's own member, issue them.\n\n"
    "A finished verification is 200 whatever its verdict; the verdict stands in the body and in the"
    " header `Veta-Verdict`. Refusals are RFC 9457 problems with a stable `code`."
)
_ROUTERS: Final = (
    service_routes.router,
    verify_routes.router,
    statement_routes.router,
    chain_routes.router,
    lot_routes.router,
    explain_routes.router,
    lot_correction_routes.router,
    lot_notice_routes.router,
    registry_routes.router,
    site_routes.router,
    rule_routes.router,
    assurance_routes.router,
    round_routes.router,
    label_routes.router,
)


def create_app(
    node: Node, settings: ApiSettings, *, alarms: Callable[[], Iterable[Alarm]] = tuple
) -> FastAPI:
    """The ASGI application of a node.

    Args:
        node: ready to be asked; the caller closes it.
        settings: bounds, and the file of the token that writing needs, read here once.
        alarms: what else an operator must know; shown by ``/ready``.

    Raises:
        ConfigError: ``token.unreadable``, ``token.exposed`` or ``token.weak``.
    """
    app = _routes_only()
    app.state.node = node
    app.state.settings = settings
    app.state.token = load_token(settings.token_file)
    app.state.alarms = alarms
    app.add_middleware(
        BodyBounds, max_octets=settings.max_body_octets, timeout_s=settings.body_timeout_s
    )
    app.add_middleware(LastResort)
    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI description of every route; the same for every node."""
    return _routes_only().openapi()


def _routes_only() -> FastAPI:
    app = FastAPI(
        title=TITLE,
        version=API_VERSION,
        description=_DESCRIPTION,
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat the Host header
    )
    for router in _ROUTERS:
        app.include_router(router)
    app.add_exception_handler(ProvenanceError, _on_provenance_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.openapi = lambda: _describe(app)  # type: ignore[method-assign]  # the documented way
    return app


def _describe(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with our problems in place of its own validation error."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        for path in document["paths"].values():
            for operation in path.values():
                _use_our_problems(operation)
        components = document["components"]
        for name in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(name, None)
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = document
    return app.openapi_schema


def _use_our_problems(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    foreign = responses.get("422", {}).get("content", {}).get("application/json", {})
    if foreign.get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
        del responses["422"]
        problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses.setdefault("400", {"description": "Bad Request", "content": problem})
    for status, response in responses.items():
        content = response.get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        if int(status) >= 400 and schema.get("$ref", "").endswith("/Problem"):
            response["content"] = {"application/problem+json": content["application/json"]}


async def _on_provenance_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProvenanceError)  # it is registered for these only
    return error_response(request, error)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # it is registered for these only
    places = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return error_response(
        request, InputError("http.malformed_request", "; ".join(places[:3]) or "malformed")
    )


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)  # it is registered for these only
    if error.status_code == 404:
        return error_response(request, NotFoundError("http.no_such_path", "there is no such path"))
    if error.status_code == 405:
        refused = InputError("http.method_not_allowed", "the path has other methods")
        response = error_response(request, refused)
        response.headers["Allow"] = (error.headers or {}).get("Allow", "")
        return response
    return error_response(request, InputError("http.malformed_request", "malformed request"))
