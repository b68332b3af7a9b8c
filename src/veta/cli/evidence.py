"""``veta evidence``: what a certificate, a value, a series or an account is worth, and shows."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from veta import canonical
from veta.cli.console import NOT_VERIFIED, OK, UNDETERMINED, emit, table
from veta.cli.homes import as_leaf, find_leaf, open_home
from veta.cli.issue import read_octets
from veta.cli.options import HERE, AsJson, Home
from veta.cli.rendering import plain
from veta.errors import InputError
from veta.evidence.answers import Answer
from veta.evidence.catalogue import STANDARD
from veta.model.bundle import StatementBundle
from veta.model.columns import ELEMENT_SYMBOLS, SubstanceId
from veta.model.identifiers import UnixSeconds
from veta.services.evidence import PRODUCTS, Found, assay, compare_values, definition_json
from veta.services.evidence_accounts import energy, water
from veta.services.evidence_signers import Chain, Paper, Scope, signed_paper
from veta.services.evidence_time import series_of, target_of, trend_of
from veta.services.verify import lots_of
from veta.statement.instants import read_instant
from veta.verify.evidence_files import LIMITS, within
from veta.verify.transport import FORMAT as BUNDLE_FORMAT
from veta.verify.transport import read_bundle

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode

app = typer.Typer(
    help="Evidence: certificates of analysis, values and targets, series, water and energy.\n\n"
    "A document is a file, a bundle or token file, or a statement that the home keeps. What is "
    "not signed is self-declared; who signed is looked up on the chain. Ends with 0 met, 1 not "
    "met or refused, 2 malformed, 3 cannot tell.\n\n"
    "Example: veta evidence assay coa.json --for copper-cathode",
    no_args_is_help=True,
    rich_markup_mode=None,
)
EXIT_OF_ANSWER: Final = {
    Answer.MET: OK,
    Answer.NOT_MET: NOT_VERIFIED,
    Answer.CANNOT_TELL: UNDETERMINED,
}
Document: TypeAlias = Annotated[
    str, typer.Argument(help="File, bundle or token file; or a leaf or id that the home keeps.")
]
Scheme: TypeAlias = Annotated[
    int,
    typer.Option(
        min=0, max=65_535, help="Scheme that an accreditation has to be for; 0: none counts."
    ),
]


@app.command("assay")
def assay_(
    document: Document,
    product: Annotated[str, typer.Option("--for", help=f"Grade: {', '.join(PRODUCTS)}.")],
    lot: Annotated[
        str, typer.Option(help="Lot it is relied on for, as DID:lot:NUMBER; else the one it names.")
    ] = "",
    scheme: Scheme = 0,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Hold a certificate of analysis against a grade, limit by limit.

    A bound that is too wide and an element that was not assessed say "cannot tell".

    Example: veta evidence assay coa.json --for copper-cathode
    """
    substance = PRODUCTS[product].substance if product in PRODUCTS else ""
    number = next((n for n, symbol in ELEMENT_SYMBOLS.items() if symbol == substance), None)
    scope = Scope(scheme, None if number is None else SubstanceId(number))
    with ExitStack() as stack:
        paper = Papers(stack, home, scope).paper(document)
    return _answer(assay(paper, product, lot), as_json=as_json)


@app.command("compare")
def compare(
    first: Document,
    second: Document,
    conversion: Annotated[
        str, typer.Option(help="Conversion record that bridges what differs.")
    ] = "",
    scheme: Scheme = 0,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Say whether two values may be put beside each other, or all that differs.

    Example: veta evidence compare north.json south.json --conversion record.json
    """
    with ExitStack() as stack:
        papers = Papers(stack, home, Scope(scheme))
        one, two = papers.paper(first), papers.paper(second)
        record = papers.paper(conversion) if conversion else None
    return _answer(compare_values(one, two, record), as_json=as_json)


@app.command("trend")
def trend(
    document: Document, scheme: Scheme = 0, home: Home = HERE, as_json: AsJson = False
) -> int:
    """Put values of several years in a row, or say between which years what differs.

    Example: veta evidence trend withdrawal.json
    """
    with ExitStack() as stack:
        paper = Papers(stack, home, Scope(scheme)).paper(document)
    return _answer(trend_of(paper), as_json=as_json)


@app.command("target")
def target(
    document: Document,
    at: Annotated[str, typer.Option(help="Instant to ask for; default: now.")] = "",
    least: Annotated[
        str, typer.Option("--least-grade", help="Below it nothing is told.")
    ] = "self-declared",
    scheme: Scheme = 0,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Say whether a commitment was kept by its due period, and whether its baseline was edited.

    Example: veta evidence target water-2030.json --least-grade verified
    """
    at_s = read_instant(at) if at else int(time.time())
    with ExitStack() as stack:
        paper = Papers(stack, home, Scope(scheme)).paper(document)
    return _answer(target_of(paper, at_s=at_s, least=least), as_json=as_json)


@app.command("series")
def series(
    document: Document,
    flat: Annotated[int, typer.Option(min=2, help="Equal readings that are a flat line.")] = 12,
    replay: Annotated[int, typer.Option(min=2, help="Readings repeated that are a replay.")] = 12,
    digest: Annotated[str, typer.Option(help="Digest that it is expected to have.")] = "",
    earlier: Annotated[str, typer.Option(help="Version that it revises.")] = "",
    scheme: Scheme = 0,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Show an instrument's gaps, flat lines and replays, and the digest of its series.

    Example: veta evidence series well-17.json --flat 24 --digest 3f1c...
    """
    with ExitStack() as stack:
        papers = Papers(stack, home, Scope(scheme))
        paper = papers.paper(document)
        before = papers.paper(earlier) if earlier else None
    found = series_of(paper, flat_slots=flat, replay_slots=replay, digest=digest, earlier=before)
    return _answer(found, as_json=as_json)


@app.command("water")
def water_(
    document: Document,
    without_high_quality: Annotated[
        bool, typer.Option("--without-high-quality", help="Ask that no such water was drawn.")
    ] = False,
    scheme: Scheme = 0,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Check that the sources of water sum to the total; brine stands apart.

    Example: veta evidence water water-2025.json
    """
    with ExitStack() as stack:
        paper = Papers(stack, home, Scope(scheme)).paper(document)
    found = water(paper, without_high_quality=without_high_quality)
    return _answer(found, as_json=as_json)


@app.command("energy")
def energy_(
    documents: Annotated[
        list[str], typer.Argument(help="One a site: files, or what the home keeps.")
    ],
    scheme: Scheme = 0,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Count retired certificates, each serial once over all documents given.

    Example: veta evidence energy mine.json smelter.json
    """
    with ExitStack() as stack:
        papers = Papers(stack, home, Scope(scheme))
        read = [papers.paper(each) for each in documents]
    return _answer(energy(read), as_json=as_json)


@app.command("metrics")
def metrics(as_json: AsJson = False) -> int:
    """List the metrics that are known, and the digest by which a value names its definition.

    Example: veta evidence metrics --json
    """
    rows = [("metric", "unit", "kind", "digest")]
    rows += [(e.metric, e.unit, e.kind.value, e.digest.hex()) for e in STANDARD]
    emit({"metrics": [definition_json(each) for each in STANDARD]}, table(rows), as_json=as_json)
    return OK


class Papers:
    """Reads documents; opens the home only when a signature has to be looked up.

    Args:
        stack: closes the home.
        home: its folder.
        scope: of accreditation that is asked for.
    """

    def __init__(self, stack: ExitStack, home: Path, scope: Scope) -> None:
        self._stack = stack
        self._home = home
        self._scope = scope
        self._node: OpenNode | None = None

    def paper(self, subject: str) -> Paper:
        """A document and who stands behind it.

        Raises:
            ProvenanceError: it cannot be read, or its statement is not good.
        """
        path = Path(subject)
        if subject != "-" and (as_leaf(subject) is not None or not path.is_file()):
            if (path.suffix or len(path.parts) > 1) and not subject.startswith(("did:", "urn:")):
                raise InputError("cli.unreadable", f"there is no file {subject}")
            node = self._open()
            return self._signed(subject, node.bundle(find_leaf(node, subject, newest=True)))
        with within(subject):
            octets, now_s = read_octets(path), UnixSeconds(int(time.time()))
            bundle = StatementBundle(octets.strip())
            if octets.lstrip().startswith(b"{"):
                document = canonical.read_object(octets, LIMITS)
                if document.get("format") != BUNDLE_FORMAT:
                    return Paper(subject, document, now_s)
                bundle, _ = read_bundle(octets, now_s=now_s)
        return self._signed(subject, bundle)

    def _signed(self, subject: str, bundle: StatementBundle) -> Paper:
        node = self._open()
        facts = node.facts(bundle)
        report = node.verifier.verify(bundle, facts)
        chain = Chain(node.ledger)
        if self._scope.scheme:
            records = tuple(each.made.record for each in node.registry.records())
            chain = replace(chain, assurance=lots_of(node.ledger), records=records)
        return signed_paper(subject, report, facts, chain, self._scope)

    def _open(self) -> OpenNode:
        if self._node is None:
            self._node = self._stack.enter_context(open_home(self._home, writes=False))
        return self._node


def _answer(found: Found, *, as_json: bool) -> int:
    lines = [plain(each) for each in found.to_lines()]
    emit(found.to_json(), lines, as_json=as_json)
    return EXIT_OF_ANSWER[found.answer]
