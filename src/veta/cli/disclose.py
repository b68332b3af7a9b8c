"""``veta disclose``: documents of which each reader is shown a part (SD-JWT, RFC 9901)."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from veta import canonical
from veta.cli.console import EXIT_OF_VERDICT, OK, emit, say
from veta.cli.homes import open_home
from veta.cli.indicators import MaxAge, write_secret
from veta.cli.issue import read_octets
from veta.cli.options import HERE, AsJson, Home, PasswordFile, Rpc, Trust, read_duration_s
from veta.cli.rendering import check_lines, plain
from veta.config import ChainSettings, load_trust
from veta.disclosure.reconstruct import reconstruct
from veta.disclosure.sd_jwt import SdJwt, present, read_sd_jwt
from veta.errors import InputError, VerificationError
from veta.model.consortium import KeyPurpose
from veta.services.preflight import read_standing, require_sound
from veta.services.selective import (
    SelectiveReport,
    judge_selective,
    judge_under_anchor,
    prepare_selective,
)
from veta.statement.credential import view_credential
from veta.verify.policy import Policy

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode

app = typer.Typer(
    help="Documents of which each reader is shown a part.\n\n"
    "Example: veta disclose verify shown.sd-jwt --require /credentialSubject/massG",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Required = Annotated[
    list[str] | None,
    typer.Option(help="JSON pointer of what has to be shown; several times."),
]
Anchored = Annotated[
    str,
    typer.Option(
        help="Bundle file of its statement (or leaf that the home keeps): shows when it was "
        "anchored. Without, it is judged as if it were anchored now."
    ),
]


@app.command("issue")
def issue(
    credential: Annotated[Path, typer.Argument(help="Finished credential; - reads stdin.")],
    hide: Annotated[
        list[str],
        typer.Option(help="JSON pointer of what readers may be shown or not; several times."),
    ],
    out: Annotated[
        Path, typer.Option(help="The SD-JWT that opens everything: secret, mode 0600, new.")
    ],
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Sign a credential with parts of it hidden, and keep it as a statement of the member.

    What its type requires stays open, and so do issuer, dates and blind. `veta anchor` anchors it,
    `veta revoke` revokes it: the statement and every presentation have one leaf.

    Example: veta disclose issue site.json --hide /credentialSubject/description --out site.sd-jwt
    """
    document = canonical.read_object(read_octets(credential))
    with open_home(home, writes=True, password_file=password_file) as node:
        sd_jwt = _prepared(node, document, hide)
        write_secret(out, sd_jwt.token)
        try:
            issued = node.desk.issuer.issue(sd_jwt.part.claims)
        except (InputError, VerificationError):
            out.unlink()  # refused: nothing is kept that it could open
            raise
    hidden = len(sd_jwt.disclosures)
    lines = [f"{issued.leaf.hex()}  {hidden} hidden  {out}"]
    emit(
        {"leaf": issued.leaf.hex(), "hiddenCount": hidden, "file": str(out)}, lines, as_json=as_json
    )
    say(f"{out} is secret: it opens everything; `veta anchor` puts its statement on the chain")
    return OK


@app.command("present")
def present_(
    file: Annotated[Path, typer.Argument(help="SD-JWT as its holder has it; - reads stdin.")],
    only: Annotated[
        list[str] | None,
        typer.Option(help="JSON pointer of a hidden place to show; several times. Default: none."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A new file; default: stdout.")] = None,
    as_json: AsJson = False,
) -> int:
    """Choose what a reader is shown; what a place stands in is shown with it.

    Example: veta disclose present site.sd-jwt --only /credentialSubject/description
    """
    shown = read_sd_jwt(present(_read(file), only or []))
    seen = reconstruct(shown.part.claims, shown.disclosures)
    if out is not None:
        write_secret(out, shown.token)
    token = shown.token.decode("ascii")
    opened = len(seen.opened)
    document: dict[str, Any] = {"opened": opened, "hiddenCount": seen.unopened}
    document |= {"token": token} if out is None else {"file": str(out)}
    emit(document, [token if out is None else str(out)], as_json=as_json)
    say(f"{opened} shown, {seen.unopened} stay hidden")
    return OK


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="Presentation; - reads stdin.")],
    require: Required = None,
    bundle: Anchored = "",
    max_age: MaxAge = "1h",
    trust: Trust = None,
    rpc: Rpc = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Judge a presentation with the issuer's key from the pinned chain, and show what it shows.

    Ends as `veta verify`: 0 VALID or VALID_WITH_NOTICE, 1 INVALID or NOT_PROVEN (also where a place
    that is asked for stays hidden), 2 malformed, 3 INDETERMINATE.

    Example: veta disclose verify shown.sd-jwt --require /credentialSubject/description
    """
    sd_jwt = _read(file)
    policy = Policy(max_age_s=read_duration_s(max_age))
    with ExitStack() as stack:
        if bundle:
            from veta.cli.verify import Judge

            judge = Judge(stack, home=home, trust=trust, rpc=rpc, offline=False, policy=policy)
            report = judge_under_anchor(sd_jwt, judge.report(bundle), require or [])
        else:
            node = stack.enter_context(_reader(trust, rpc, home))
            report = judge_selective(
                sd_jwt,
                node.ledger,
                node.clock,
                node.trust,
                policy=policy,
                required=require or [],
            )
    emit(report.to_json(), _lines(report), as_json=as_json)
    return EXIT_OF_VERDICT[report.verdict]


def _read(path: Path) -> SdJwt:
    return read_sd_jwt(read_octets(path).strip())


def _prepared(node: OpenNode, document: dict[str, Any], hidden: list[str]) -> SdJwt:
    """Signed by the key that `veta issue` signs with, if a verifier would find it good now."""
    from veta.bootstrap.nodes import newest_bound
    from veta.bootstrap.signing import LazyStatementSigner

    desk = node.desk
    key_id = newest_bound(node.keys, node.chain, desk.member, KeyPurpose.SIGN)
    signer = LazyStatementSigner(node.keys, key_id)
    view = view_credential(document)
    if view.issuer.identifier == desk.identifier:  # else it is refused with its own code
        standing = read_standing(node.ledger, desk.member, node.clock.now_s())
        require_sound(view, signer.key_id, standing, node.verifier.policy)
    return prepare_selective(
        document,
        hidden,
        signer,
        identifier=desk.identifier,
        token_bytes=secrets.token_bytes,
    )


def _reader(trust: Path | None, rpc: list[str] | None, home: Path) -> OpenNode:
    """Whom to ask: as `veta verify` does."""
    from veta.bootstrap import open_reader

    if trust is not None and rpc:
        return open_reader(load_trust(trust), ChainSettings(kind="json-rpc", urls=tuple(rpc)))
    return open_home(home, writes=False, rpc=rpc, trust=trust)


def _lines(report: SelectiveReport) -> list[str]:
    by = plain(report.member_name) if report.member_name else "(not asked)"
    lines = [
        f"{report.verdict.value}  {report.leaf.hex()}",
        f"  issuer  {by} <{report.issuer}>",
        "",
    ]
    for each in report.checks:
        lines += check_lines(each)
    if report.disclosed is not None:
        claims = canonical.write(report.disclosed.claims).decode()
        lines += ["", f"  {report.disclosed.unopened} hidden; shown:", plain(claims)]
    return lines
