"""The command ``veta``: its commands, and what becomes of their errors."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from veta import __version__
from veta.cli import (
    admission_policy,
    anchor,
    assurance,
    audit,
    claim,
    claims,
    compare,
    devnet,
    disclose,
    duplicates,
    erase,
    evidence,
    exchange,
    explain,
    indicators,
    initialise,
    issue,
    licences,
    lineage,
    lot_corrections,
    lot_exits,
    lot_notices,
    lots,
    member,
    progress,
    registry,
    regulation,
    revoke,
    rounds,
    rules,
    serials,
    serve,
    show,
    sites,
    status_list,
    trail,
    upload,
    verify,
)
from veta.cli.console import OK, UNDETERMINED, USAGE, drop_output, report_error, say
from veta.errors import ProvenanceError

_DEVICE_GAVE_UP: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def _show_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


app = typer.Typer(
    name="veta",
    help="Provenance of responsibly sourced metals: sign what you know about a lot, anchor it, "
    "and let anybody verify it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=False)
def _program(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


app.command("init", short_help="Make a node: keys, settings, a chain or the way to one.")(
    initialise.init
)
member.app.command("policy")(admission_policy.policy)
app.add_typer(member.app, name="member")
app.command("issue", short_help="Sign lots or credentials and keep them.")(issue.issue)
app.command("upload", short_help="Sign a spreadsheet's lots: all rows, or none.")(upload.upload)
app.command("anchor", short_help="Put what was issued under roots on the chain.")(anchor.anchor)
app.command("verify", short_help="Judge statements, with the chain or offline.")(verify.verify)
app.command("erase", short_help="Destroy a statement for good; its leaf stays.")(erase.erase)
app.command("compare", short_help="Hold two statements about one lot against each other.")(
    compare.compare
)
app.command("revoke", short_help="Revoke one of the member's own statements.")(revoke.revoke)
app.command("supersede", short_help="Replace a statement by a newer one.")(revoke.supersede)
app.add_typer(status_list.app, name="status-list")
lots.app.command("withdraw")(lot_corrections.withdraw)
lots.app.command("replace")(lot_corrections.replace)
lots.app.command("exit")(lot_exits.exit_)
lots.app.command("reenter")(lot_exits.reenter)
lots.app.command("restate")(lot_notices.restate)
lots.app.command("confirm")(lot_notices.confirm)
lots.app.command("dispute")(lot_notices.dispute)
lots.app.command("uphold")(lot_notices.uphold)
lots.app.command("close")(lot_notices.close)
lots.app.command("duplicates")(duplicates.duplicates)
lots.app.command("serials")(serials.serials)
app.add_typer(lots.app, name="lot")
app.add_typer(registry.app, name="registry")
app.add_typer(sites.app, name="site")
app.add_typer(rules.app, name="rule")
app.add_typer(assurance.app, name="assurance")
app.add_typer(indicators.app, name="indicators")
app.add_typer(disclose.app, name="disclose")
app.add_typer(evidence.app, name="evidence")
app.add_typer(rounds.app, name="round")
app.add_typer(licences.app, name="licence")
app.command("lineage", short_help="Show where a lot's metal came from, or where it is.")(
    lineage.lineage
)
app.command("explain", short_help="Tell a lot's whole story, step by step, in five minutes.")(
    explain.explain
)
app.command("trail", short_help="Tell each step of a lot from mine to customer, and the gaps.")(
    trail.trail
)
app.command("export", short_help="Write a lot's documents as UNTP, PACT or EPCIS.")(exchange.export)
app.command("check", short_help="Hold a document to the rules of UNTP, PACT or EPCIS.")(
    exchange.check
)
app.command("claim", short_help="Print the sentence that a lot's label may carry, or why not.")(
    claim.claim
)
app.command("words", short_help="Tell which words may not stand on a label, and why.")(claims.words)
claims.profile_app.command("values")(regulation.profile_values)
claims.profile_app.command("view")(regulation.profile_view)
app.add_typer(claims.profile_app, name="profile")
app.command("brand", short_help="Hold a lot's brand against a register of brands.")(
    regulation.brand
)
app.command("crosswalk", short_help="Read one piece of evidence under all schemes.")(
    claims.crosswalk
)
app.command("criteria", short_help="Show an assessment criterion by criterion, with its plans.")(
    claims.criteria
)
app.command("balance", short_help="Show what a member holds, or what a site did.")(lineage.balance)
app.command("progress", short_help="Show how far a country's metal is traced and certified.")(
    progress.progress
)
app.add_typer(show.app, name="show")
app.add_typer(devnet.app, name="devnet")
app.command("audit", short_help="Derive everything again and compare.")(audit.audit)
app.command("serve", short_help="Serve the HTTP interface and the label pages.")(serve.serve)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments without the program's name; those of the process if not given.

    Returns:
        0 verified or done, 1 not verified or refused, 2 usage or configuration, 3 could not be
        determined.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = typer.main.get_command(app)
    try:
        result: Any = command.main(arguments, prog_name="veta", standalone_mode=False)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - every end has its code
        return _ended(error, as_json="--json" in arguments)
    return result if isinstance(result, int) else OK


def _ended(error: BaseException, *, as_json: bool) -> int:
    """The exit code of a command that did not finish; says why in one line."""
    code, line = UNDETERMINED, ""
    match error:
        case ProvenanceError():
            code = report_error(error, as_json=as_json)
        case typer.Abort():
            code, line = USAGE, "stopped [cli.aborted]"
        case typer.TyperException():
            code = _usage(error)
        case KeyboardInterrupt():
            code, line = 130, "interrupted; nothing is lost [cli.interrupted]"
        case BrokenPipeError() | SystemExit():
            # Whoever read stdout went away (typer makes a SystemExit of it): nobody got the answer,
            # so this is no 0.
            drop_output()
        case OSError() if error.errno in _DEVICE_GAVE_UP:
            # Files translate their own; this is stdout, sent to a device that is full.
            line = f"cannot write the output: {error.strerror} [cli.output]"
            drop_output()
        case _:
            line = f"{_fault(error)} [cli.fault]"
    if line:
        say(f"veta: {line}")
    return code


def _fault(error: BaseException) -> str:
    """Type and place of a fault; its words and its frames' values may hold what is not ours."""
    places = traceback.extract_tb(error.__traceback__)
    place = f"{Path(places[-1].filename).name}:{places[-1].lineno}" if places else "somewhere"
    return f"a fault of Veta itself ({type(error).__name__} at {place}); nothing was concluded"


def _usage(error: Any) -> int:
    message = str(error.format_message())
    if message.startswith("Usage:"):
        say(message)  # nothing was asked for: the help says what there is
    else:
        say(f"veta: {' '.join(message.split())} [cli.usage]")
    return USAGE


if __name__ == "__main__":
    sys.exit(main())
