"""Papers of others in a node's folder, told apart: statements, and what schemes are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from veta import canonical
from veta.errors import InputError
from veta.model.bundle import StatementBundle
from veta.model.identifiers import UnixSeconds
from veta.ports.papers import PaperSource
from veta.services.rounds import NotCounted
from veta.verify.transport import FORMAT, read_bundle

_SCHEMA: Final = "schema"


@dataclass(frozen=True, slots=True)
class PapersKept:
    """What a folder holds.

    Attributes:
        statements: name and statement.
        schemes: octets of ``veta-schemes/1`` and ``veta-scheme-numbers/1`` files.
        not_counted: what cannot be read.
    """

    statements: tuple[tuple[str, StatementBundle], ...] = ()
    schemes: tuple[bytes, ...] = ()
    not_counted: tuple[NotCounted, ...] = ()


def papers_kept(source: PaperSource | None, *, now_s: UnixSeconds) -> PapersKept:
    """The papers of a node; none of one without a folder.

    Raises:
        StoreError: ``papers.*``.
    """
    statements: list[tuple[str, StatementBundle]] = []
    schemes: list[bytes] = []
    refused: list[NotCounted] = []
    for name, octets in () if source is None else source.files():
        try:
            if not octets.lstrip().startswith(b"{"):
                statements.append((name, StatementBundle(octets.strip())))
            elif canonical.read_object(octets).get("format") == FORMAT:
                statements.append((name, read_bundle(octets, now_s=now_s)[0]))
            elif _SCHEMA in canonical.read_object(octets):
                schemes.append(octets)
            else:
                message = f"{name} is no bundle, token or file of schemes"
                refused.append(NotCounted(name, "", "papers.unknown_form", message))
        except InputError as error:
            refused.append(NotCounted(name, "", error.code, f"{name}: {error.message}"))
    return PapersKept(tuple(statements), tuple(schemes), tuple(refused))
