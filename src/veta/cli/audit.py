"""``veta audit``: derive everything again from the chain and the kept octets, and compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from veta.cli.console import NOT_VERIFIED, OK, emit, progress
from veta.cli.homes import open_home
from veta.cli.options import HERE, AsJson, Home, PasswordFile

if TYPE_CHECKING:
    from veta.services.audit import AuditReport


def audit(home: Home = HERE, password_file: PasswordFile = None, as_json: AsJson = False) -> int:
    """Follow the chain to its head, then compare the home's store with the chain and with itself.

    Nothing of the store is believed: blocks, events, batches, statements and transactions are
    derived again. Ends with 1 if anything differs. Needs no password.

    Example: veta audit --json
    """
    with open_home(Path(home), writes=True, password_file=password_file) as node:
        with progress("Following") as show:
            node.follow(show)
        with progress("Auditing") as show:
            report = node.audit(lambda _what, count: show(count))
    _report(report, as_json=as_json)
    return OK if report.clean else NOT_VERIFIED


def _report(report: AuditReport, *, as_json: bool) -> None:
    document = {
        "clean": report.clean,
        "blocks": report.blocks,
        "statements": report.statements,
        "batches": report.batches,
        "transactions": report.transactions,
        "differences": [
            {"code": each.code, "subject": each.subject, "message": each.message}
            for each in report.differences
        ],
    }
    counted = (
        f"{report.blocks} blocks, {report.statements} statements, {report.batches} batches and "
        f"{report.transactions} transactions were derived again"
    )
    if report.clean:
        lines = [f"clean: {counted}; nothing differs"]
    else:
        lines = [f"{each.subject}: {each.message} [{each.code}]" for each in report.differences]
        lines.append(f"{len(report.differences)} differences: {counted}")
    emit(document, lines, as_json=as_json)
