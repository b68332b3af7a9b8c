"""Statements in files: bundles and bare tokens, bounded before anything is read."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from veta.cli.homes import as_leaf, find_leaf
from veta.errors import InputError
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.identifiers import UnixSeconds
from veta.statement.jws import meant_as_token
from veta.verify.transport import read_bundle

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode

MOST_OCTETS: Final = 4 << 20


def file_octets(subject: str) -> bytes | None:
    """The octets of a file or of stdin (``-``); nothing if the subject names no file.

    Raises:
        InputError: ``cli.unreadable``, ``cli.too_large``.
    """
    path = Path(subject)
    try:
        if subject == "-":
            octets = sys.stdin.buffer.read(MOST_OCTETS + 1)
        elif as_leaf(subject) is not None or not path.is_file():
            names_a_place = path.suffix or len(path.parts) > 1
            if names_a_place and not subject.startswith(("did:", "urn:")):
                raise InputError("cli.unreadable", f"there is no file {subject}")
            return None
        else:
            with path.open("rb") as stream:
                octets = stream.read(MOST_OCTETS + 1)
    except OSError as error:
        raise InputError(
            "cli.unreadable", f"cannot read {subject}: {error.strerror or error}"
        ) from error
    if len(octets) > MOST_OCTETS:
        raise InputError("cli.too_large", f"{subject} is larger than {MOST_OCTETS} octets")
    return octets


def required_octets(path: Path, most_octets: int = 16 << 20) -> bytes:
    """The octets of a file that was named.

    Raises:
        InputError: ``cli.unreadable``, ``cli.too_large``.
    """
    try:
        with path.open("rb") as stream:
            octets = stream.read(most_octets + 1)
    except OSError as error:
        raise InputError(
            "cli.unreadable", f"cannot read {path}: {error.strerror or error}"
        ) from error
    if len(octets) > most_octets:
        raise InputError("cli.too_large", f"{path} is larger than {most_octets} octets")
    return octets


def write_out(path: Path, octets: bytes) -> None:
    """Write a file that a command was asked for.

    Raises:
        InputError: ``cli.unwritable``.
    """
    try:
        path.write_bytes(octets)
    except OSError as error:
        raise InputError(
            "cli.unwritable", f"cannot write {path}: {error.strerror or error}"
        ) from error


def read_statement_file(octets: bytes) -> tuple[StatementBundle, LedgerFacts | None]:
    """A bundle file, or a bare token.

    Raises:
        InputError: ``cli.not_a_statement`` for what is neither: no verdict about a photograph; as
            ``read_bundle``; a token is the verifier's to judge.
    """
    token = octets.strip()
    if token.startswith(b"{"):
        return read_bundle(octets, now_s=UnixSeconds(int(time.time())))
    if not meant_as_token(token):
        raise InputError(
            "cli.not_a_statement", "this is neither a bundle (JSON) nor a token (vc+jwt)"
        )
    return StatementBundle(token), None


def statement_of(node: OpenNode, subject: str) -> StatementBundle:
    """A statement by its file, or by the leaf, id or lot number of one that the home keeps.

    Raises:
        InputError: as ``file_octets`` and ``read_statement_file``; ``statement.ambiguous``.
        NotFoundError: ``statement.not_found``.
    """
    octets = file_octets(subject)
    if octets is None:
        return node.bundle(find_leaf(node, subject, newest=True))
    return read_statement_file(octets)[0]
