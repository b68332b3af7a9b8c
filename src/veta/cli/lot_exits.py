"""``veta lot exit`` and ``veta lot reenter``: lots that go to who is no member, and back."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from veta.cli.homes import open_home
from veta.cli.issue import read_octets
from veta.cli.lots import LotName, Timeout, find_lot, settled
from veta.cli.options import HERE, AsJson, Home, PasswordFile
from veta.errors import ConflictError, InputError, TransactionRevertedError
from veta.services.exit_paper import SALT_OCTETS, ExitPaper, read_account, read_exit, write_exit

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode
    from veta.model.identifiers import AccountAddress
    from veta.model.lots import LotId


def exit_(
    lot: LotName,
    account: Annotated[str, typer.Option(help="The receiver's account, 0x and 40 digits.")],
    paper: Annotated[
        Path, typer.Option(help="Exit paper: written here, or read again from an earlier try.")
    ],
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Let a lot that the member holds go to somebody who is no member.

    The chain keeps a digest of whom; the paper that tells travels with the goods, and with it a
    member that has the account may bring the lot back in.

    Example: veta lot exit 0x4f1c...e2 --account 0x8ba1...ba72 --paper exit.json
    """
    whom = read_account(account)
    if str(paper) == "-":
        raise InputError("cli.file", "an exit paper is a file: it is needed again")
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        found = find_lot(node, lot)
        written = not paper.exists()
        told = _new_paper(node, found, whom) if written else read_exit(read_octets(paper))
        _require_same(node, told, found, whom)
        if written:
            _write(paper, write_exit(told))
        custodian = node.desk.lots.custodian
        try:
            intent = custodian.exit(found, custodian.whom(found, whom, told.salt))
        except (InputError, TransactionRevertedError):
            if written:
                paper.unlink()  # the lot goes nowhere
            raise
        return settled(node, intent, [found], timeout, as_json=as_json)


def reenter(
    paper: Annotated[Path, typer.Argument(help="The lot's exit paper; - reads stdin.")],
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Take a lot back in that left for the member's own operating account.

    Example: veta lot reenter exit.json
    """
    told = read_exit(read_octets(paper))
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        _require_same(node, told, told.lot, told.account)
        intent = node.desk.lots.custodian.reenter(told.lot, told.salt)
        return settled(node, intent, [told.lot], timeout, as_json=as_json)


def _new_paper(node: OpenNode, lot: LotId, account: AccountAddress) -> ExitPaper:
    salt = secrets.token_bytes(SALT_OCTETS)
    chain_id, custody = node.desk.lots.custodian.exit_domain
    return ExitPaper(chain_id, custody, lot, account, salt)


def _require_same(node: OpenNode, told: ExitPaper, lot: LotId, account: AccountAddress) -> None:
    """The paper is of this chain, this lot and this receiver.

    Raises:
        ConflictError: ``exit.other_chain``, ``exit.other_paper``.
    """
    if (told.chain_id, told.custody) != node.desk.lots.custodian.exit_domain:
        raise ConflictError("exit.other_chain", "the exit paper is of another chain or contract")
    if (told.lot, told.account) != (lot, account):
        raise ConflictError("exit.other_paper", "the exit paper is of another lot or receiver")


def _write(path: Path, octets: bytes) -> None:
    """A new file that only its owner reads, on disk before anything is signed.

    Raises:
        InputError: ``cli.file``.
    """
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError("cli.file", f"{path} cannot be written: {error.strerror}") from error
