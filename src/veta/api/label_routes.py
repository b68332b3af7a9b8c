"""The label pages: what somebody with a lot in front of them sees, without an account or scripts.

Every page is also a report: ``Accept: application/json`` gives it as JSON.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from veta.api.answers import NO_STORE, VERDICT_HEADER, report_response
from veta.api.problems import problem_body, problem_response
from veta.api.requests import TheNode, read_leaf
from veta.claims.languages import language_of
from veta.config import ApiSettings
from veta.errors import ConflictError, LedgerError, NotFoundError, ProvenanceError
from veta.model.identifiers import Leaf
from veta.ports.store import StatementState, StoredStatement
from veta.services.mark import mark_of
from veta.services.node import Node
from veta.services.site_documents import sentences_about
from veta.statement.credential import read_credential
from veta.statement.passport import lot_identifier
from veta.verify.report import Report
from veta.web.label import MarkLine, OtherStatement, build_label
from veta.web.pages import (
    CONTENT_SECURITY_POLICY,
    ICON_PATH,
    STYLE_PATH,
    asset,
    home_page,
    label_page,
    trouble_page,
    unknown_page,
)
from veta.web.quantities import moment
from veta.web.texts import texts_for

HTML_PREFIXES: Final = ("/lots", "/label/")
_MOST_STATEMENTS: Final = 100
"""Statements about one lot that are looked at."""
_MOST_OTHERS: Final = 20
_PAGE_HEADERS: Final = {
    **NO_STORE,
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Vary": "Accept, Accept-Language",
}

router = APIRouter(tags=["label"], include_in_schema=False)

IssuerQuery = Annotated[str, Query(max_length=600)]
NumberQuery = Annotated[str, Query(max_length=64)]
SubjectQuery = Annotated[str, Query(max_length=1_000)]


@router.get("/")
def get_home(request: Request) -> Response:
    """The page that asks for a lot."""
    return _page(home_page(*_language(request)))


@router.get(STYLE_PATH)
@router.get(ICON_PATH)
def get_asset(request: Request) -> Response:
    """The style sheet and the icon."""
    octets, media_type = asset(request.url.path)
    return Response(octets, headers={"Cache-Control": "max-age=3600"}, media_type=media_type)


@router.get("/label/{leaf}")
def get_label(node: TheNode, request: Request, leaf: str) -> Response:
    """The label of one statement."""
    return _label(node, request, read_leaf(leaf), ())


@router.get("/lots")
def find_lot(
    node: TheNode,
    request: Request,
    subject: SubjectQuery = "",
    issuer: IssuerQuery = "",
    number: NumberQuery = "",
) -> Response:
    """The label of a lot by its id, or by issuer and number from the form."""
    wanted = subject or lot_identifier(issuer.strip(), number.strip())
    return _lot_label(node, request, wanted)


@router.get("/lots/{issuer}/{number:path}")
def get_lot(node: TheNode, request: Request, issuer: str, number: str) -> Response:
    """The label of a lot by its issuer's DID and its number."""
    return _lot_label(node, request, lot_identifier(issuer, number))


def _lot_label(node: Node, request: Request, subject: str) -> Response:
    """The newest anchored statement of the lot's own issuer, and links to the others."""
    found = [
        each for each in node.find(subject, limit=_MOST_STATEMENTS) if _speaks_for(each, subject)
    ]
    if not found:
        raise NotFoundError("lot.not_found", f"no statement about {subject[:300]} is kept here")
    anchored = (each for each in found if each.state is StatementState.ANCHORED)
    shown = next(anchored, found[0])
    others = tuple(_other(each) for each in found if each is not shown)[:_MOST_OTHERS]
    return _label(node, request, shown.record.leaf, others)


def _speaks_for(stored: StoredStatement, subject: str) -> bool:
    """Whether the statement is by the issuer under whose DID the lot's id stands."""
    issuer = read_credential(stored.record.payload).issuer.identifier
    return subject.startswith(issuer + ":lot:") or ":lot:" not in subject


def _other(stored: StoredStatement) -> OtherStatement:
    record = stored.record
    return OtherStatement(record.leaf.hex(), stored.state.value, moment(record.created_s))


def _label(
    node: Node, request: Request, leaf: Leaf, others: tuple[OtherStatement, ...]
) -> Response:
    report = node.verify_leaf(leaf)
    if prefers_json(request):
        return report_response(report)
    name, mark = _member_name(node, report), _mark(node, report, leaf, request)
    base = base_url(request)
    said = _said_of_site(node, leaf)
    label = build_label(
        report, base_url=base, member_name=name, others=others, mark=mark, said_of_site=said
    )
    page = _page(label_page(label, *_language(request)))
    page.headers[VERDICT_HEADER] = report.verdict.value
    return page


def _mark(node: Node, report: Report, leaf: Leaf, request: Request) -> MarkLine | None:
    """What may be said under a licence at this look; not asked of what is not reliable."""
    if not report.verdict.good:
        return None
    found = mark_of(node, leaf, language_of(_language(request)[0]))
    if found is None:
        return None
    return MarkLine(found.sentence or "", found.notice, found.code, found.reason)


def _member_name(node: Node, report: Report) -> str:
    """What the consortium calls the issuer, at the block of the report."""
    if report.issuer is None or report.as_of is None:
        return ""
    try:
        member = node.ledger.member(report.issuer, report.as_of)
    except LedgerError:
        return ""  # the page shows the document's own word; the verdict was made before
    return member.name if member else ""


def _said_of_site(node: Node, leaf: Leaf) -> tuple[str, ...]:
    """About where the lot was made, as followed; none of a statement about no lot of the book."""
    try:
        part = node.lot_bundle(leaf).lot
    except (NotFoundError, ConflictError):
        return ()
    if part is None or not part.batch.header.site:
        return ()
    header = part.batch.header
    window = (header.produced_from_s, header.produced_to_s)
    return sentences_about(node.store, header.site, *window)


def _page(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status, headers=_PAGE_HEADERS)


def _language(request: Request) -> tuple[str, dict[str, str]]:
    language, texts = texts_for(request.headers.get("accept-language"))
    return language, dict(texts)


def base_url(request: Request) -> str:
    """Where this node is reached; never what a request's Host header claims."""
    settings: ApiSettings = request.app.state.settings
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host, port = request.scope.get("server") or (settings.host, settings.port)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def error_response(request: Request, error: ProvenanceError) -> Response:
    """A problem, or for a reader of pages a page."""
    is_page = request.url.path.startswith(HTML_PREFIXES) and not prefers_json(request)
    if not is_page:
        return problem_response(error)
    language, texts = _language(request)
    body = problem_body(error)
    status: int = body["status"]
    if isinstance(error, NotFoundError):
        return _page(unknown_page(_asked_for(request), language, texts), status)
    text = trouble_page(body["title"], body["detail"], body["code"], language, texts)
    return _page(text, status)


def _asked_for(request: Request) -> str:
    query = request.query_params
    if "subject" in query or "number" in query:
        return query.get("subject") or f"{query.get('number', '')} ({query.get('issuer', '')})"
    return request.url.path.removeprefix("/lots/").removeprefix("/label/")


def prefers_json(request: Request) -> bool:
    """Whether the Accept header wants JSON rather than HTML (RFC 9110 section 12.5.1)."""
    accept = request.headers.get("accept", "*/*")[:500]
    html, as_json = _weight(accept, "text/html"), _weight(accept, "application/json")
    return as_json > html


def _weight(accept: str, media_type: str) -> int:
    """Thousandths of the most specific range that covers the media type."""
    best = (0, 0)
    for part in accept.split(","):
        name, _, parameters = part.strip().lower().partition(";")
        ranges = {media_type: 3, media_type.partition("/")[0] + "/*": 2, "*/*": 1}
        if name.strip() in ranges:
            best = max(best, (ranges[name.strip()], _thousandths(parameters)))
    return best[1]


def _thousandths(parameters: str) -> int:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            whole, _, part = value.partition(".")
            digits = (whole + part.ljust(3, "0")[:3]).strip()
            return min(int(digits), 1_000) if digits.isascii() and digits.isdigit() else 1_000
    return 1_000
