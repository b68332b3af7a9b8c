"""``veta licence``: leave to show a scheme's mark, as a statement of the scheme's owner."""

from __future__ import annotations

import secrets
import time
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from veta import canonical
from veta.claims.labels import LabelState
from veta.cli.console import NOT_VERIFIED, OK, emit, moment, say
from veta.cli.files import statement_of
from veta.cli.homes import open_asked, open_home
from veta.cli.indicators import write_secret
from veta.cli.options import HERE, U32, AsJson, Home, Rpc, Trust
from veta.cli.rendering import plain
from veta.errors import NotFoundError, VerificationError
from veta.model.identifiers import UnixSeconds
from veta.model.lot import Issuance
from veta.services.claims_licences import (
    LicenceReader,
    LicenceTerms,
    licence_credential,
)
from veta.services.round_signing import party_of, self_of
from veta.statement.credential import view_credential
from veta.statement.rules import check_rules
from veta.verify.licences import AnchoredLicence

app = typer.Typer(
    help="Licences to show a scheme's mark, by the scheme's owner.\n\n"
    "Example: veta licence show licence.bundle.json",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("make")
def make(  # noqa: PLR0917 - one parameter an option
    name: Annotated[str, typer.Option(help="Name of the licence, behind the owner's DID.")],
    scheme: Annotated[
        int, typer.Option(min=1, max=65_535, help="Number of the scheme (`veta registry schemes`).")
    ],
    licensee: Annotated[str, typer.Option(help="DID of the member that may show the mark.")],
    site: Annotated[
        int, typer.Option(min=1, max=U32, help="Number of the site that makes the lots.")
    ],
    model: Annotated[list[str], typer.Option(help="Chain-of-custody model; repeatable.")],
    first: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option(help="Last day, all of it.")],
    out: Annotated[Path, typer.Option(help="The statement, for `veta issue`; a new file.")],
    first_offset: Annotated[str, typer.Option(help="Zone of the first day.")] = "+00:00",
    last_offset: Annotated[str, typer.Option(help="Zone of the last day.")] = "+00:00",
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Write the statement of a licence; then `veta issue` and `veta anchor`.

    Only the scheme's owner can license its mark. `veta revoke` withdraws it: from the next look on
    no label shows the mark.

    Example: veta licence make --name 42 --scheme 1 --licensee did:web:mine.example --site 3
    --model mass-balance --first 2026-01-01 --last 2026-12-31 --out licence.json
    """
    now_s = int(time.time())
    with open_home(home, writes=False) as node:
        owner = self_of(node.ledger, node.config.member, now_s=now_s)
        block = node.ledger.final_head()
        terms = node.ledger.lots.scheme(scheme, block)
        number = node.ledger.member_id(owner.party, block)
        if terms is None or terms.owner != number:
            message = f"{owner.party} does not own a scheme {scheme} on this chain"
            raise VerificationError("claims.licence_of_stranger", message)
        party = node.ledger.member_id(licensee, block)
        member = None if party is None else node.ledger.member(party, block)
        if member is None:
            raise NotFoundError("member.not_found", f"{licensee} is not a member")
        registered = {each.scheme: each.name for each in node.registry.schemes()}
    if scheme not in registered:
        raise NotFoundError("claims.not_followed", "the scheme has no name here: `veta audit`")
    issuance = Issuance(
        credential_id=f"urn:uuid:{uuid.uuid4()}",
        valid_from_s=UnixSeconds(now_s),
        blind=secrets.token_bytes(16),
    )
    wanted = LicenceTerms(
        name=name,
        scheme=(scheme, registered[scheme]),
        licensee=(member.identifier, member.name),
        site=site,
        models=tuple(model),
        days=(first, last),
        offsets=(first_offset, last_offset),
    )
    credential = licence_credential(wanted, party_of(owner), issuance)
    check_rules(view_credential(credential))
    write_secret(out, canonical.write(credential))
    document = {"licence": credential["credentialSubject"]["id"], "file": str(out)}
    emit(document, [f"{document['licence']}  {plain(registered[scheme])}"], as_json=as_json)
    say(f"{out}: sign it with `veta issue {out}`, then `veta anchor`")
    return OK


@app.command("show")
def show(
    licence: Annotated[
        str, typer.Argument(help="Bundle or token file; or a leaf or id that the home keeps.")
    ],
    trust: Trust = None,
    rpc: Rpc = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Tell whether a licence lives now: asked of the chain, at this look.

    Ends with 0 if a mark may be shown under it, 1 if it was withdrawn or replaced, has ended, has
    not begun, or is no licence of the scheme's owner; 3 if the chain could not be asked.

    Example: veta licence show licence.bundle.json --json
    """
    with open_asked(home, trust=trust, rpc=rpc) as node:
        reader = LicenceReader(node.verifier, node.ledger, node.clock)
        found = reader.found([(licence, statement_of(node, licence))])
        now_s = node.clock.now_s()
    if not found.licences:
        refused = found.not_counted[0] if found.not_counted else None
        code = refused.code if refused else "claims.no_licence"
        raise VerificationError(code, refused.reason if refused else f"{licence} is no licence")
    document = _document(found.licences[0], now_s)
    lines = [
        f"{document['state'].upper()}  {document['licence']}",
        f"  scheme {document['scheme']['number']}, {document['scheme']['name']}, by "
        + document["owner"],
        f"  for {document['licensee']}, site {document['site']}: {', '.join(document['models'])}",
        f"  from {moment(document['from'])} until {moment(document['until'])}",
    ]
    lines += [f"  {document['reason']} [{document['code']}]"] if document["code"] else []
    emit(document, [plain(each) for each in lines], as_json=as_json)
    return OK if document["code"] is None else NOT_VERIFIED


def _document(found: AnchoredLicence, at_s: int) -> dict[str, Any]:
    state, code, reason = found.dead(at_s) or (LabelState.LIVE, None, None)
    return {
        "licence": found.identifier,
        "leaf": found.leaf.hex(),
        "state": state.value,
        "code": code,
        "reason": reason,
        "owner": found.author.party,
        "scheme": {"number": found.scheme, "name": found.scheme_name},
        "licensee": found.licensee,
        "site": found.site,
        "models": list(found.model_slugs),
        "from": found.window.from_s,
        "until": found.window.until_s,
    }
