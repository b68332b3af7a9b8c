"""``veta compare``: two statements about one lot, held against each other."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import typer

from veta.cli.console import NOT_VERIFIED, OK, UNDETERMINED, emit, moment
from veta.cli.files import file_octets, read_statement_file
from veta.cli.homes import find_leaf, home_config, home_trust, open_asked
from veta.cli.options import HERE, AsJson, Home, Rpc, Trust
from veta.cli.rendering import plain
from veta.cli.verify import NO_FACTS, unasked
from veta.config import load_trust
from veta.errors import ConfigError
from veta.model.bundle import StatementBundle
from veta.verify.equivocation import Compared, Comparison
from veta.verify.equivocation import compare as compare_statements

_LONGEST: Final = 60


def compare(
    first: Annotated[
        str,
        typer.Argument(help="Bundle or token file; or leaf, id or lot number that the home keeps."),
    ],
    second: Annotated[str, typer.Argument(help="The other one, likewise.")],
    offline: Annotated[
        bool, typer.Option("--offline", help="Compare by the facts in the files; ask nobody.")
    ] = False,
    trust: Trust = None,
    rpc: Rpc = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Say whether two statements of one issuer about one lot agree, or are equivocation.

    Two different passports for one lot, signed by the same issuer, of which neither superseded the
    other on the chain, are equivocation: the two files are the evidence, and anybody comes to the
    same with them, offline too. Two footprints of one lot, or one divided by two methods, are among
    the differences that are listed.

    Ends with 0 where nothing is wrong between them (the same, one after the other, about two
    things), 1 for equivocation and for a forged one, 3 where it cannot be told.

    Example: veta compare buyer-one.bundle.json buyer-two.bundle.json --trust trust.json
    """
    with ExitStack() as stack:
        found = _compared(stack, (first, second), home, trust, rpc, offline=offline)
    emit(found.to_json(), _lines(found), as_json=as_json)
    if found.relation.agrees is None:
        return UNDETERMINED
    return OK if found.relation.agrees else NOT_VERIFIED


def _compared(
    stack: ExitStack,
    subjects: tuple[str, str],
    home: Path,
    trust: Path | None,
    rpc: list[str] | None,
    *,
    offline: bool,
) -> Comparison:
    files = [file_octets(each) for each in subjects]
    if offline:
        if None in files:
            raise ConfigError("cli.offline", "--offline compares files only")
        pinned = home_trust(home_config(home)) if trust is None else load_trust(trust)
        read = [read_statement_file(each) for each in files if each is not None]
        (one, its_facts), (other, other_facts) = read
        facts = (its_facts or unasked(NO_FACTS), other_facts or unasked(NO_FACTS))
        return compare_statements((one, other), facts, pinned)
    node = stack.enter_context(open_asked(home, trust=trust, rpc=rpc))
    bundles: list[StatementBundle] = []
    for subject, octets in zip(subjects, files, strict=True):
        if octets is None:
            bundles.append(node.bundle(find_leaf(node, subject, newest=True)))
        else:
            bundles.append(read_statement_file(octets)[0])
    return node.compare(bundles[0], bundles[1])


def _lines(found: Comparison) -> list[str]:
    lines = [f"{found.relation.value.partition('.')[2]}  {found.sentence}", ""]
    for name, side in (("first", found.first), ("second", found.second)):
        lines += _side(name, side)
    if found.differences:
        lines += ["", "  They differ in:"]
    for each in found.differences:
        lines.append(f"    {each.pointer}")
        lines += [f"      {_short(each.first)}", f"      {_short(each.second)}"]
    if found.two_footprints:
        lines += ["", "  They state two footprints of the lot, or one divided by two methods."]
    lines += [f"  Not shown: {sentence}" for sentence in found.not_proven]
    return lines


def _side(name: str, side: Compared) -> list[str]:
    at_s = side.anchored_at_s
    when = "no anchor is shown" if at_s is None else f"anchored {moment(at_s)}"
    return [f"  {name:<7}{side.leaf.hex()}  {when}", f"         signed by {plain(side.issuer)}"]


def _short(value: str | None) -> str:
    if value is None:
        return "(says nothing)"
    return plain(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}...")
