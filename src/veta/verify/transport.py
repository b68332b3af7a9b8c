"""A statement with its proof and the facts gathered for it, as one JSON file: ``veta-bundle/1``.

The file lets somebody else judge later, or without a network. Facts in it are as believable as
whoever gathered them; the verifier still holds them against its own pinned trust configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from veta import canonical
from veta.canonical import Limits
from veta.errors import InputError
from veta.model.bundle import InclusionProof, LedgerFacts, StatementBeside, StatementBundle
from veta.model.identifiers import BatchRoot, UnixSeconds
from veta.verify.beside import MAX_BESIDE, within_bounds
from veta.verify.strict_json import (
    hex_or_none,
    listed,
    members,
    octets,
    optional,
    text,
    whole,
)
from veta.verify.transport_facts import facts_json, read_facts
from veta.verify.transport_lots import disclosure_json, read_disclosure

FORMAT: Final = "veta-bundle/1"
LIMITS: Final = Limits(max_octets=4 << 20, max_nodes=200_000)
"""A bundle holds one token, one path, the lists of one issuer, the runs behind one lot, and at most
``MAX_BESIDE`` statements beside it."""


def write_bundle(bundle: StatementBundle, facts: LedgerFacts | None = None) -> bytes:
    """The file's octets, in RFC 8785 form."""
    return canonical.write(
        {
            "format": FORMAT,
            **_place_json(bundle),
            "facts": None if facts is None else facts_json(facts),
            **disclosure_json(bundle),
            **({"beside": [_beside_json(each) for each in bundle.beside]} if bundle.beside else {}),
        }
    )


def read_bundle(file: bytes, *, now_s: UnixSeconds) -> tuple[StatementBundle, LedgerFacts | None]:
    """A bundle and its facts, if it holds any.

    Not checked: anything that the verifier checks.

    Args:
        file: its octets.
        now_s: the reader's own clock. How old the facts are is told by it alone: a file that was
            kept since before a revocation must not look fresh for ever.

    Raises:
        InputError: ``canonical.*`` for octets that are no strict JSON, ``bundle.malformed`` for
            JSON that is no bundle, naming the member.
    """
    document = canonical.read_object(file, LIMITS)
    if document.get("format") != FORMAT:
        raise InputError("bundle.malformed", f"format must be {FORMAT}")
    try:
        lot, runs = read_disclosure(document)
        bundle = StatementBundle(
            token=text(document["token"]).encode("ascii"),
            inclusion=optional(document["inclusion"], _read_inclusion),
            root=optional(document["root"], lambda value: BatchRoot(octets(value, 32))),
            lot=lot,
            runs=runs,
            beside=_read_beside(document.get("beside", [])),
        )
        return bundle, optional(document["facts"], lambda facts: read_facts(facts, now_s))
    except KeyError as error:
        raise InputError("bundle.malformed", f"the bundle lacks {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError("bundle.malformed", f"the bundle holds {error}") from error


def _place_json(statement: StatementBundle | StatementBeside) -> dict[str, Any]:
    """Token, and where it is anchored."""
    inclusion = statement.inclusion
    return {
        "token": statement.token.decode("ascii"),
        "root": hex_or_none(statement.root),
        "inclusion": None
        if inclusion is None
        else {
            "index": inclusion.index,
            "size": inclusion.size,
            "path": [node.hex() for node in inclusion.path],
        },
    }


def _beside_json(statement: StatementBeside) -> dict[str, Any]:
    if not statement.opened:
        return _place_json(statement)
    return {**_place_json(statement), "opened": canonical.read(statement.opened)}


def _read_beside(value: Any) -> tuple[StatementBeside, ...]:
    found = listed(value, MAX_BESIDE, _read_statement)
    if len(within_bounds(found)) != len(found):
        raise ValueError("more beside it than there may be")
    return found


def _read_statement(value: Any) -> StatementBeside:
    more = ("opened",) if isinstance(value, dict) and "opened" in value else ()
    document = members(value, "token", "root", "inclusion", *more)
    return StatementBeside(
        opened=canonical.write(_object(document["opened"])) if more else b"",
        token=text(document["token"]).encode("ascii"),
        inclusion=optional(document["inclusion"], _read_inclusion),
        root=optional(document["root"], lambda each: BatchRoot(octets(each, 32))),
    )


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("something else where an object belongs")
    return value


def _read_inclusion(value: Mapping[str, Any]) -> InclusionProof:
    return InclusionProof(
        index=whole(value["index"]),
        size=whole(value["size"]),
        path=tuple(octets(node, 32) for node in value["path"]),
    )
