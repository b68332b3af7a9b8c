"""What is registered on the chain, and who assures what, as the node followed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from veta.api.answers import json_response
from veta.api.registry_schemas import (
    ProductClassesBody,
    RecordsBody,
    RulesBody,
    SchemesBody,
    SitesBody,
    SubstancesBody,
)
from veta.api.requests import TheNode
from veta.api.schemas import Problem
from veta.services.node import Node
from veta.services.registry import RegistryShelf
from veta.services.registry_documents import (
    product_classes_json,
    records_json,
    rules_json,
    schemes_json,
    sites_json,
    substances_json,
)

router = APIRouter(prefix="/v1/registry", tags=["registry"])

_READ: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem} for status in (403, 503)
}


@router.get("/sites", operation_id="getSites", responses={200: {"model": SitesBody}, **_READ})
def get_sites(node: TheNode) -> Response:
    """Sites, who operates them now, and what they can make in a quarter."""
    return _answer(node, sites_json)


@router.get(
    "/classes",
    operation_id="getProductClasses",
    responses={200: {"model": ProductClassesBody}, **_READ},
)
def get_product_classes(node: TheNode) -> Response:
    """Product classes and what runs of them are judged by."""
    return _answer(node, product_classes_json)


@router.get(
    "/substances",
    operation_id="getSubstances",
    responses={200: {"model": SubstancesBody}, **_READ},
)
def get_substances(node: TheNode) -> Response:
    """Metals with their base units, and kinds of counted things."""
    return _answer(node, substances_json)


@router.get("/schemes", operation_id="getSchemes", responses={200: {"model": SchemesBody}, **_READ})
def get_schemes(node: TheNode) -> Response:
    """Schemes, and the programmes that credit may be of."""
    return _answer(node, schemes_json)


@router.get(
    "/certificates",
    operation_id="getCertificates",
    responses={200: {"model": RecordsBody}, **_READ},
)
def get_certificates(node: TheNode) -> Response:
    """Accreditations and certificates, and where each stands now."""
    return _answer(node, records_json)


@router.get("/rules", operation_id="getRules", responses={200: {"model": RulesBody}, **_READ})
def get_rules(node: TheNode) -> Response:
    """Allocation rules of sites, and where each stands now."""
    return _answer(node, rules_json)


def _answer(node: Node, document_of: Callable[[RegistryShelf], dict[str, Any]]) -> Response:
    node.follow()
    return json_response(document_of(node.registry))
