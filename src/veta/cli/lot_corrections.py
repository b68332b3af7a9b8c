"""``veta lot withdraw`` and ``veta lot replace``: batches of which nothing was opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from veta.cli.console import emit
from veta.cli.homes import open_home
from veta.cli.issue import read_octets
from veta.cli.lots import (
    LotName,
    Timeout,
    exit_code,
    find_lot,
    intent_json,
    intent_words,
    paper_of,
    settle,
)
from veta.cli.options import HERE, AsJson, Home, PasswordFile
from veta.services.lot_documents import lot_name
from veta.services.run_file import read_replacement

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode
    from veta.services.correct_batch import CorrectedBatch


def withdraw(
    lot: LotName,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Take back a way in of which nothing was opened: the whole batch that the lot is in.

    Capacity, ceiling or foreign source return, and the lots' numbers are free again.

    Example: veta lot withdraw CON-1
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        corrected = node.desk.lots.corrector.withdraw(find_lot(node, lot))
        return _corrected(node, corrected, timeout, as_json=as_json)


def replace(
    lot: LotName,
    replacement: Annotated[Path, typer.Argument(help="A veta-replacement/1 file; - reads stdin.")],
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Put other lots of equal totals in the place of a transform's output.

    Nothing of the batch that the lot is in may have been opened.

    Example: veta lot replace CAT-1 lots.json
    """
    request = read_replacement(
        read_octets(replacement), lambda number, member: paper_of(replacement, number, member)
    )
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        corrected = node.desk.lots.corrector.replace(find_lot(node, lot), request)
        return _corrected(node, corrected, timeout, as_json=as_json)


def _corrected(node: OpenNode, corrected: CorrectedBatch, timeout: float, *, as_json: bool) -> int:
    intent = settle(node, corrected.intent, timeout)
    names = [lot_name(lot) for lot in corrected.lots]
    document = {**intent_json(intent), "created": corrected.created, "lots": names}
    lines = [f"{intent.state.value}: {intent_words(intent)}", *names]
    emit(document, lines, as_json=as_json)
    return exit_code(intent)
