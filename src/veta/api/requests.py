"""Reading requests: media types, strict JSON, names in paths. Size and time are bounded already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Path, Query, Request
from pydantic import ValidationError

from veta import canonical
from veta.api.schemas import LeafRequest, Strict, TokenRequest
from veta.api.tokens import WriteToken
from veta.errors import ConflictError, InputError, NotFoundError
from veta.model.bundle import StatementBundle
from veta.model.identifiers import Leaf, UnixSeconds
from veta.services.node import Node
from veta.statement.instants import read_instant
from veta.verify.policy import LOT_STEPS
from veta.verify.transport import LIMITS, read_bundle
from veta.verify.verifier import Verifier

JSON: Final = "application/json"
JWT: Final = "application/vc+jwt"
NDJSON: Final = "application/x-ndjson"
CREDENTIAL_TYPES: Final = (JSON, "application/vc", "application/vc+ld+json", "application/ld+json")

RequestModel = TypeVar("RequestModel", bound=Strict)


async def node_of(request: Request) -> Node:
    """The app's node."""
    node: Node = request.app.state.node
    return node


async def require_token(request: Request) -> None:
    """Refuse a request that may not write (see ``WriteToken.require``)."""
    require_bearer(request)


def require_bearer(request: Request) -> None:
    """As ``require_token``, for what only some requests of a path need.

    Raises:
        ForbiddenError: ``token.*``.
    """
    token: WriteToken = request.app.state.token
    token.require(request.headers.get("authorization"))


async def body_of(request: Request) -> bytes:
    """The body, already bounded in size and time."""
    return await request.body()


TheNode = Annotated[Node, Depends(node_of)]
Body = Annotated[bytes, Depends(body_of)]
WithLineage = Annotated[
    bool, Query(description="the lot and its lineage too: steps 8, 9 and 12 (docs/adr/0211)")
]
LeafName = Annotated[str, Path(description="statement leaf: 64 hexadecimal digits")]


def media_type_of(request: Request, *accepted: str) -> str:
    """The body's media type, one of ``accepted``.

    Raises:
        InputError: ``http.media_type``, ``http.content_coding``.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise InputError("http.content_coding", "bodies are read as they are, not compressed")
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.replace(" ", "").replace('"', "").lower()
    name = media_type.strip().lower()
    if name not in accepted or charset not in {"", "charset=utf-8"}:
        raise InputError("http.media_type", f"this path takes {' or '.join(accepted)} in UTF-8")
    return name


def read_model(octets: bytes, model: type[RequestModel]) -> RequestModel:
    """A small request; an empty body is an empty object.

    Raises:
        InputError: ``canonical.*`` or ``http.malformed_request``, naming the member.
    """
    document = canonical.read_object(octets or b"{}")
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InputError("http.malformed_request", faults_of(error)) from error


def faults_of(error: ValidationError) -> str:
    """The first three faults in one sentence, without the values that were sent."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    places = (f"{'.'.join(map(str, each['loc'])) or 'the body'}: {each['msg']}" for each in faults)
    return "; ".join(list(places)[:3])


def read_leaf(text: str) -> Leaf:
    """A leaf from its 64 lower-case hexadecimal digits.

    Raises:
        InputError: ``leaf.malformed``.
    """
    if len(text) != 64 or not set(text) <= set("0123456789abcdef"):
        raise InputError("leaf.malformed", "a leaf is 64 lower-case hexadecimal digits")
    return Leaf(bytes.fromhex(text))


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What to verify: a bundle, or the name of a statement kept here."""

    bundle: StatementBundle | None
    leaf: Leaf | None


def read_verify_request(octets: bytes) -> VerifyRequest:
    """A ``veta-bundle/1`` file, ``{"token": ...}`` or ``{"leaf": ...}``.

    Facts in a bundle are not used: the node asks its own chain.

    Raises:
        InputError: ``canonical.*``, ``bundle.malformed`` or ``http.malformed_request``.
    """
    document = canonical.read_object(octets, LIMITS)
    if "format" in document:
        return VerifyRequest(read_bundle(octets, now_s=UnixSeconds(0))[0], None)
    if "leaf" in document:
        return VerifyRequest(None, read_leaf(read_model(octets, LeafRequest).leaf))
    request = _token_request(document)
    return VerifyRequest(token_bundle(request.token.encode("utf-8")), None)


def _token_request(document: dict[str, canonical.JsonValue]) -> TokenRequest:
    try:
        return TokenRequest.model_validate(document)
    except ValidationError as error:
        sentence = f"needs a {'veta-bundle/1'} file, a token or a leaf ({faults_of(error)})"
        raise InputError("http.malformed_request", sentence) from error


def token_bundle(token: bytes) -> StatementBundle:
    """A token alone.

    Raises:
        InputError: ``http.malformed_request`` for a token that is not ASCII.
    """
    if not token.isascii():
        raise InputError("http.malformed_request", "a token is ASCII")
    return StatementBundle(token.strip())


def bundle_of(node: Node, request: VerifyRequest) -> StatementBundle:
    """The bundle to judge.

    Raises:
        NotFoundError: ``statement.not_found``.
    """
    if request.bundle is not None:
        return request.bundle
    assert request.leaf is not None  # one of the two is given
    return node.bundle(request.leaf)


def lot_bundle_of(node: Node, bundle: StatementBundle, leaf: Leaf) -> StatementBundle:
    """The bundle of a statement that is kept here with lot and lineage, if it is about a lot.

    Raises:
        LedgerUnavailableError: as ``Node.with_lineage``.
    """
    try:
        found = node.lot_bundle(leaf)
    except (NotFoundError, ConflictError):
        return bundle  # the verdict says that no lot was shown
    return node.with_lineage(found).bundle


def verifier_at(
    node: Node, relied_on_at: str | None, *, lineage: bool = False, ask: Iterable[str] = ()
) -> Verifier:
    """The node's verifier, for the moment at which the reader relies on the statement.

    Args:
        node: whose policy it is.
        relied_on_at: RFC 3339; ``None``: the newest final block's own time.
        lineage: ask for lots and lineage too.
        ask: for which papers beside a lot, in words of ``verify.policy.ASKED``.

    Raises:
        InputError: ``instant.*``; ``verify.relied_on_later`` for a moment that is still to come,
            of which no chain can tell anything.
    """
    policy = node.verifier.policy
    if lineage:
        policy = replace(policy, required=policy.required | LOT_STEPS)
    policy = policy.asking(ask)
    if relied_on_at is None:
        return Verifier(node.trust, policy)
    at_s: UnixSeconds = read_instant(relied_on_at)
    if at_s > node.clock.now_s():
        raise InputError("verify.relied_on_later", "relied_on_at lies in the future")
    return Verifier(node.trust, replace(policy, relied_on_at_s=at_s))
