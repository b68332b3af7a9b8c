"""Beside lots: ``veta lot restate``, ``confirm``, ``dispute``, ``uphold``, ``close``."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from veta.cli.assurance import Grounds, read_document, read_grounds
from veta.cli.console import emit
from veta.cli.homes import open_home
from veta.cli.lot_words import notice_lines
from veta.cli.lots import (
    LotName,
    Timeout,
    exit_code,
    find_lot,
    intent_json,
    intent_words,
    settle,
)
from veta.cli.options import HERE, U32, AsJson, Home, PasswordFile
from veta.errors import NotFoundError
from veta.model.identifiers import MemberId
from veta.model.lots import LotId
from veta.services.lot_documents import lot_name, notices_json
from veta.services.notices import Restating, read_reason
from veta.services.run_file import read_column

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode
    from veta.ports.store import Intent

Batch = Annotated[bool, typer.Option("--batch", help="The whole batch that the lot is in.")]


def restate(  # noqa: PLR0917 - one parameter an option
    lot: LotName,
    column: Annotated[str, typer.Option(help="CO2e, credit or origin class, e.g. co2e.1.")],
    delta: Annotated[int, typer.Option(help="What its total is off by, base units, signed.")],
    reason: Annotated[
        str,
        typer.Option(help="measurement, factor, calculation, assurance-withdrawn or other."),
    ],
    statement: Annotated[
        str, typer.Option(help="That tells, issued and anchored: its file, leaf or credential id.")
    ],
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Say that a total of one of the member's batches turned out otherwise; sums stay as they are.

    Example: veta lot restate CON-1 --column co2e.1 --delta 12000 --reason measurement
    --statement recount.json
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        restating = Restating(
            read_column(column), delta, read_reason(reason), read_document(node, statement)
        )
        found = find_lot(node, lot)
        intent = node.desk.lots.notices.restate(found, restating)
        return _answer(node, settle(node, intent, timeout), found, as_json=as_json)


def confirm(
    lot: LotName,
    index: Annotated[
        int, typer.Option(min=0, max=U32, help="Of the batch's restatements, from 0.")
    ],
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Confirm a restatement, as a certification body or verifier independent of the issuer.

    Example: veta lot confirm 0x4f1c...e2 --index 0
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        found = find_lot(node, lot)
        intent = node.desk.lots.notices.confirm(found, index)
        return _answer(node, settle(node, intent, timeout), found, as_json=as_json)


def dispute(
    lot: LotName,
    grounds: Grounds,
    batch: Batch = False,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Dispute a lot or its batch: a notice that blocks nothing, and lapses unless it is upheld.

    Example: veta lot dispute 0x4f1c...e2 --grounds assay.pdf
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        found = find_lot(node, lot)
        intent = node.desk.lots.notices.dispute(found, read_grounds(grounds), whole=batch)
        return _answer(node, settle(node, intent, timeout), found, as_json=as_json)


def uphold(
    lot: LotName,
    party: Annotated[int, typer.Option(min=1, max=U32, help="Member whose dispute it is.")],
    batch: Batch = False,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Uphold a party's dispute, as an authority or body independent of both sides.

    Example: veta lot uphold 0x4f1c...e2 --party 3
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        found = find_lot(node, lot)
        intent = node.desk.lots.notices.uphold(found, MemberId(party), whole=batch)
        return _answer(node, settle(node, intent, timeout), found, as_json=as_json)


def close(
    lot: LotName,
    batch: Batch = False,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Close the member's own dispute of a lot or its batch.

    Example: veta lot close 0x4f1c...e2
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        found = find_lot(node, lot)
        intent = node.desk.lots.notices.close(found, whole=batch)
        return _answer(node, settle(node, intent, timeout), found, as_json=as_json)


def _answer(node: OpenNode, intent: Intent, lot: LotId, *, as_json: bool) -> int:
    """What became of it, and everything that is said of the lot if it was opened."""
    registry = node.registry
    told: dict[str, Any] = {}
    with suppress(NotFoundError):  # one of ours that nobody opened: there is nothing to show
        told = notices_json(registry.notices(node.lots.known(lot)), registry.now_s())
    document = {**intent_json(intent), "lot": lot_name(lot), **told}
    lines = [f"{intent.state.value}: {intent_words(intent)}", lot_name(lot), *notice_lines(told)]
    emit(document, lines, as_json=as_json)
    return exit_code(intent)
