"""``veta verify``: judge statements, with the chain or offline."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from veta.cli.bulk import named_in, require_one, verify_stream
from veta.cli.console import (
    EXIT_OF_VERDICT,
    NOT_VERIFIED,
    OK,
    UNDETERMINED,
    USAGE,
    emit,
    exit_code_of,
    say,
)
from veta.cli.files import file_octets, read_statement_file, required_octets
from veta.cli.homes import find_leaf, home_config, home_trust, open_asked
from veta.cli.options import HERE, AsJson, Home, Rpc, Trust, read_duration_s
from veta.cli.rendering import listing_lines, report_lines
from veta.config import load_trust
from veta.errors import (
    ConfigError,
    ConflictError,
    LedgerError,
    NotFoundError,
    ProvenanceError,
    StoreError,
)
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.determined import Undetermined
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.trust import TrustConfig
from veta.services.listed import listed_parties
from veta.services.verify import FactGatherer
from veta.statement.instants import read_instant
from veta.verify.listed import Listings
from veta.verify.party_lists import PartyLists, read_party_lists
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.published_status import published_status
from veta.verify.report import Report
from veta.verify.verifier import Verifier

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode

_WORST_FIRST: Final = (NOT_VERIFIED, UNDETERMINED, USAGE, OK)
NO_FACTS: Final = Undetermined("facts.none", "the file holds no facts of the chain")


def verify(  # noqa: PLR0917 - one parameter an option
    subjects: Annotated[
        list[str],
        typer.Argument(
            help="Bundle or token files, - for stdin; or leaves, ids and lot numbers that the home "
            "keeps."
        ),
    ],
    offline: Annotated[
        bool, typer.Option("--offline", help="Judge by the facts in the file; ask nobody.")
    ] = False,
    trust: Trust = None,
    rpc: Rpc = None,
    believe_file: Annotated[
        bool,
        typer.Option(
            "--believe-file",
            help="With --offline: believe what the file says that the chain says. For files of "
            "your own: whoever made the file can write anything there.",
        ),
    ] = False,
    with_lineage: Annotated[
        bool,
        typer.Option(
            "--with-lineage",
            help="Ask for the lot and its lineage too: steps 8, 9 and 12 must be shown, 10 and 11 "
            "are judged with them. What the home keeps of them, and what the chain has of other "
            "members' runs, is gathered first.",
        ),
    ] = False,
    with_documents: Annotated[
        bool,
        typer.Option(
            "--with-documents",
            help="Ask for the documents behind the lot's certificates too, with what was found "
            "criterion by criterion: step 10 must be shown. Takes --with-lineage with it.",
        ),
    ] = False,
    with_indicators: Annotated[
        bool,
        typer.Option(
            "--with-indicators",
            help="Ask for the indicators that no lot of its metals may hide. Takes --with-lineage "
            "with it.",
        ),
    ] = False,
    with_assay: Annotated[
        bool,
        typer.Option(
            "--with-assay",
            help="Ask for a certificate of analysis of the lot by an independent laboratory: a "
            "limit that is exceeded fails. Takes --with-lineage with it.",
        ),
    ] = False,
    with_inventory: Annotated[
        bool,
        typer.Option(
            "--with-inventory",
            help="Ask for an inventory that adds up to what the lot's run emitted. Takes "
            "--with-lineage with it.",
        ),
    ] = False,
    max_age: Annotated[
        str,
        typer.Option(
            help="How old the newest block may be that tells the status: 90m, 12h, 30d.",
        ),
    ] = "1h",
    at: Annotated[
        str, typer.Option(help="Judge validity and status for this instant, not for the block's.")
    ] = "",
    status_list: Annotated[
        Path | None,
        typer.Option(
            "--status-list",
            help="The issuer's W3C status list as you fetched it (vc+jwt): compared with the "
            "chain; where they differ the stricter counts.",
        ),
    ] = None,
    lists: Annotated[
        Path | None,
        typer.Option(
            "--lists",
            help="Your own file of sanctioned or barred parties (veta-party-lists/1): whoever is "
            "behind the lot and on a list is named beside the verdict, which stays what it is.",
        ),
    ] = None,
    bulk: Annotated[
        bool,
        typer.Option(
            "--bulk",
            help="The subject is a stream of lines: a bundle, a token, or a lot number or leaf as a"
            " JSON text each. One JSON answer a line, in constant memory.",
        ),
    ] = False,
    from_line: Annotated[
        int, typer.Option(help="With --bulk: begin at this line, after a break.", min=1)
    ] = 1,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Judge statements against the pinned trust configuration.

    Ends with 0 for VALID and VALID_WITH_NOTICE, 1 for INVALID and NOT_PROVEN, 3 for INDETERMINATE;
    of several, the worst: 1 before 3 before 2 before 0. One of several that cannot be read has its
    own line and code (2), and the others are judged all the same.

    Example: veta verify lot.bundle.json --offline --believe-file --max-age 30d --trust trust.json
    """
    wanted = {
        "documents": with_documents,
        "indicators": with_indicators,
        "assay": with_assay,
        "inventory": with_inventory,
    }
    policy = Policy(
        relied_on_at_s=read_instant(at) if at else None,
        max_age_s=read_duration_s(max_age),
        believe_carried=believe_file,
        required=Policy().required | (LOT_STEPS if with_lineage else frozenset()),
    ).asking(word for word, asked in wanted.items() if asked)
    with ExitStack() as stack:
        judge = Judge(
            stack,
            home=home,
            trust=trust,
            rpc=rpc,
            offline=offline,
            policy=policy,
            lists=None if lists is None else read_party_lists(required_octets(lists)),
            status_list=None if status_list is None else required_octets(status_list).strip(),
        )
        if bulk:
            source = require_one(subjects, lists=lists is not None)
            return verify_stream(source, judge.line, from_line=from_line)
        if len(subjects) == 1:
            judged = judge.judged(subjects[0])
            document = {"subject": subjects[0], **judged.to_json()}
            lines = [*report_lines(judged.report), *listing_lines(judged.listed)]
            emit(document, lines, as_json=as_json)
            return EXIT_OF_VERDICT[judged.report.verdict]
        found = [(subject, judge.judged_or_error(subject)) for subject in subjects]
    _print(found, as_json=as_json)
    codes = {_exit_code(each) for _, each in found}
    return next(code for code in _WORST_FIRST if code in codes)


@dataclass(frozen=True, slots=True)
class Judged:
    """A report, and who behind the lot is on the reader's lists."""

    report: Report
    listed: Listings | None
    """``None``: no lists were named."""

    def to_json(self) -> dict[str, Any]:
        """The report, and beside it what the lists say."""
        listed = {} if self.listed is None else {"listed": self.listed.to_json()}
        return {**self.report.to_json(), **listed}


class Judge:
    """Opens what is needed to judge, once, and judges one subject after the other."""

    def __init__(
        self,
        stack: ExitStack,
        *,
        home: Path,
        trust: Path | None,
        rpc: list[str] | None,
        offline: bool,
        policy: Policy,
        lists: PartyLists | None = None,
        status_list: bytes | None = None,
    ) -> None:
        self._lists = lists
        self._status_list = status_list
        self._stack = stack
        self._home = home
        self._trust_file = trust
        self._rpc = rpc
        self._offline = offline
        self._policy = policy
        self._node: OpenNode | None = None
        self._verifier: Verifier | None = None
        self._gatherer: FactGatherer | None = None

    def line(self, octets: bytes) -> Report:
        """The report about one line of a stream; all lines are judged at one block."""
        name = named_in(octets)
        if self._verifier is None:
            self._verifier = Verifier(self._trust(), self._policy)
        if name is not None:
            node = self._open()
            bundle, facts = self._kept(node, find_leaf(node, name, newest=True)), None
        else:
            bundle, facts = read_statement_file(octets)
        if self._offline:
            return self._verifier.verify(bundle, facts or unasked(NO_FACTS))
        if self._gatherer is None:
            node = self._open()
            self._gatherer = FactGatherer(node.ledger, node.clock)
        return self._verifier.verify(bundle, self._gatherer.gather(bundle))

    def judged(self, subject: str) -> Judged:
        """The report about a file, or about a statement that the home keeps; lists looked up."""
        found = file_octets(subject)
        if found is None:
            node = self._open()
            bundle = self._kept(node, find_leaf(node, subject, newest=True))
            return self._by(Verifier(node.trust, self._policy), bundle, node.facts(bundle), node)
        bundle, facts = read_statement_file(found)
        verifier = Verifier(self._trust(), self._policy)
        if self._offline:
            return self._by(verifier, bundle, facts or unasked(NO_FACTS))
        try:
            node = self._open()
            return self._by(verifier, bundle, node.facts(bundle), node)
        except (LedgerError, StoreError) as error:
            # The verdict says that it could not be determined, and why.
            unknown = unasked(Undetermined(error.code, error.message))
            return self._by(verifier, bundle, unknown)

    def report(self, subject: str) -> Report:
        """The report alone."""
        return self.judged(subject).report

    def _by(
        self,
        verifier: Verifier,
        bundle: StatementBundle,
        facts: LedgerFacts,
        node: OpenNode | None = None,
    ) -> Judged:
        if self._status_list is not None:
            claim = published_status(bundle.token, self._status_list, facts)
            facts = replace(facts, status_list=claim)
        report = verifier.verify(bundle, facts)
        if self._lists is None:
            return Judged(report, None)
        ledger = None if node is None else node.ledger
        return Judged(report, listed_parties(bundle, facts, report, self._lists, ledger))

    def _kept(self, node: OpenNode, leaf: Leaf) -> StatementBundle:
        """A statement of the home; with its lot and lineage if these are required."""
        if self._policy.required.isdisjoint(LOT_STEPS):
            return node.bundle(leaf)
        try:
            found = node.lot_bundle(leaf)
        except (NotFoundError, ConflictError) as error:
            if error.code not in {"lot.not_found", "lot.not_issued"}:
                raise
            return node.bundle(leaf)  # the verdict says that no lot was shown
        return node.with_lineage(found).bundle

    def judged_or_error(self, subject: str) -> Judged | ProvenanceError:
        """The report, or why there is none: one of several must not hide the others."""
        try:
            return self.judged(subject)
        except ProvenanceError as error:
            return error

    def _trust(self) -> TrustConfig:
        if self._trust_file is not None:
            return load_trust(self._trust_file)
        return home_trust(home_config(self._home))

    def _open(self) -> OpenNode:
        if self._node is None:
            self._node = self._stack.enter_context(self._opened())
        return self._node

    def _opened(self) -> OpenNode:
        if self._offline:
            raise ConfigError("cli.offline", "--offline judges files only")
        return open_asked(self._home, trust=self._trust_file, rpc=self._rpc)


def unasked(reason: Undetermined) -> LedgerFacts:
    """Facts of which none could be had."""
    return LedgerFacts(
        chain=reason,
        as_of=reason,
        issuer=reason,
        membership=reason,
        keys=reason,
        anchor=reason,
        status=reason,
        asked_at_s=UnixSeconds(0),
    )


def _exit_code(found: Judged | ProvenanceError) -> int:
    if isinstance(found, ProvenanceError):
        return exit_code_of(found)
    return EXIT_OF_VERDICT[found.report.verdict]


def _print(found: list[tuple[str, Judged | ProvenanceError]], *, as_json: bool) -> None:
    """Several subjects: one line or one JSON entry each, in the order asked."""
    documents: list[dict[str, Any]] = []
    lines = []
    for subject, each in found:
        if isinstance(each, ProvenanceError):
            message = " ".join(each.message.split())
            documents.append({"subject": subject, "error": {"code": each.code, "message": message}})
            lines.append(f"{'(not judged)':<17}  {subject}  {message} [{each.code}]")
            continue
        documents.append({"subject": subject, **each.to_json()})
        report, decisive = each.report, each.report.decisive()
        reason = "" if decisive is None or report.verdict == "VALID" else f"  {decisive.sentence}"
        lines.append(f"{report.verdict.value:<17}  {subject}{reason}")
        lines += listing_lines(each.listed)
    emit({"reports": documents}, lines, as_json=as_json)
    judged = sum(isinstance(each, Judged) for _, each in found)
    say(f"{judged} judged" if judged == len(found) else f"{judged} of {len(found)} judged")
