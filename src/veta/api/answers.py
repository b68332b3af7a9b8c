"""Rendering: reports, statements, intents and health as JSON responses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from starlette.responses import Response

from veta.model.anchoring import BlockRef
from veta.model.determined import Determined, Known
from veta.ports.lot_store import LotCall
from veta.ports.store import Batch, Intent, StoredStatement
from veta.services.issue import IssuedStatement
from veta.services.node import NodeHealth
from veta.services.planning import Alarm
from veta.verify.report import Report

JSON: Final = "application/json"
NO_STORE: Final = {"Cache-Control": "no-store"}
VERDICT_HEADER: Final = "Veta-Verdict"


def json_response(
    body: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A JSON response that nobody keeps: what is true now may not be in a minute."""
    return Response(json.dumps(body), status, {**NO_STORE, **(headers or {})}, media_type=JSON)


def raw_json_response(octets: bytes, headers: dict[str, str] | None = None) -> Response:
    """JSON that is already written."""
    return Response(octets, headers={**NO_STORE, **(headers or {})}, media_type=JSON)


def report_response(report: Report) -> Response:
    """A finished check is 200 whatever the verdict, which also stands in a header."""
    return json_response(report.to_json(), headers={VERDICT_HEADER: report.verdict.value})


def summary_json(stored: StoredStatement) -> dict[str, Any]:
    """A statement without its content."""
    record = stored.record
    return {
        "leaf": record.leaf.hex(),
        "kind": record.kind.name,
        "state": stored.state.value,
        "issuer": record.issuer,
        "credential_id": record.credential_id,
        "subject": record.subject,
        "created_s": record.created_s,
    }


def statement_json(stored: StoredStatement) -> bytes:
    """A statement with its payload octets as they were signed: they are JSON already."""
    outer = {**summary_json(stored), "token": stored.record.token.decode("ascii")}
    head = json.dumps(outer).encode().removesuffix(b"}")
    return b"".join((head, b', "credential": ', stored.record.payload, b"}"))


def issued_response(issued: IssuedStatement) -> Response:
    """201 where it is new, 200 where it was there."""
    leaf = issued.leaf.hex()
    body = {
        "leaf": leaf,
        "token": issued.token.decode("ascii"),
        "kind": issued.kind.name,
        "created": issued.created,
    }
    status = 201 if issued.created else 200
    return json_response(body, status, {"Location": f"/v1/statements/{leaf}"})


def intent_json(intent: Intent) -> dict[str, Any]:
    """An intent: what it is about, and what became of it."""
    subject = intent.subject
    if isinstance(subject, Batch):
        purpose, name = "anchor", subject.root.hex()
    elif isinstance(subject, LotCall):
        named = subject.lots[0] if subject.lots else subject.root or subject.request
        purpose = subject.call.purpose
        number = subject.rule or subject.record
        name = str(number) if number else named.hex()
    else:
        purpose, name = subject.action.name.lower(), subject.leaf.hex()
    return {
        "number": intent.number,
        "state": intent.state.value,
        "purpose": purpose,
        "subject": name,
        "code": intent.code,
        "message": intent.message,
    }


def intent_response(intent: Intent) -> Response:
    """202: stored, signed, and on its way."""
    return json_response(intent_json(intent), 202, {"Location": f"/v1/intents/{intent.number}"})


def alarms_json(alarms: Iterable[Alarm]) -> list[dict[str, str]]:
    """Alarms, each once."""
    return [{"code": each.code, "message": each.message} for each in dict.fromkeys(alarms)]


def readiness_json(health: NodeHealth, alarms: Iterable[Alarm], *, writes: bool) -> dict[str, Any]:
    """Heads, ages, what is pending, and everything that rings."""
    return {
        "ready": health.ready,
        "head": _block(health.head),
        "final": _block(health.final),
        "head_age_s": health.head_age_s,
        "pending": health.pending,
        "writes": writes,
        "alarms": alarms_json((*health.alarms, *alarms)),
    }


def _block(block: Determined[BlockRef]) -> dict[str, Any] | None:
    if not isinstance(block, Known):
        return None
    ref = block.value
    return {"number": ref.number, "digest": ref.digest.hex(), "time_s": ref.time_s}
