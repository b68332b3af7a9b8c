"""``veta member``: who is in the consortium, how somebody joins, and the member's own keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from veta import canonical
from veta.cli.console import OK, emit, moment, say, table
from veta.cli.homes import open_home
from veta.cli.initialise import ADMISSION_FORMAT
from veta.cli.issue import read_octets
from veta.cli.options import HERE, AsJson, Home, PasswordFile, Rpc, Trust
from veta.cli.rendering import role_words
from veta.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    ProvenanceError,
    VerificationError,
)
from veta.model.consortium import (
    KeyAlgorithm,
    KeyEntry,
    KeyPurpose,
    Member,
    MembershipEntry,
    Role,
)
from veta.model.identifiers import Digest, KeyId, MemberId
from veta.services.preflight import count_waiting, read_standing
from veta.statement.instants import read_instant
from veta.verify.timing import KeyStanding

if TYPE_CHECKING:
    from veta.bootstrap import Admission, OpenNode, ProposalState
    from veta.model.anchoring import BlockRef

Force = Annotated[
    bool,
    typer.Option("--force", help="Even if statements signed with it still wait for their anchor."),
]

app = typer.Typer(
    help="Members of the consortium, and the member's own keys.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_members(
    home: Home = HERE, trust: Trust = None, rpc: Rpc = None, as_json: AsJson = False
) -> int:
    """List the members with their roles and votes, as the chain has them.

    Example: veta member list
    """
    with open_home(home, writes=False, trust=trust, rpc=rpc) as node:
        head = node.ledger.final_head()
        bootstrap = node.chain.consortium.is_bootstrap(head)
        count = node.chain.consortium.member_count(head)
        members = [_member_json(node, MemberId(at), head) for at in range(1, count + 1)]
    rows = [("id", "vote", "roles", "name", "identifier")]
    rows += [
        (
            str(each["member"]),
            "yes" if each["votes"] else "-",
            role_words(Role(each["roles"])) if each["admitted"] else "(left)",
            each["name"],
            each["identifier"],
        )
        for each in members
    ]
    emit({"bootstrap": bootstrap, "members": members}, table(rows), as_json=as_json)
    if bootstrap:
        say("Fewer than four members vote: a bootstrap consortium.")
    return OK


@app.command("show")
def show_member(
    subject: Annotated[str, typer.Argument(help="Member number or DID; default: our own.")] = "",
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Show a member: roles through time, and every key with its window.

    Example: veta member show did:web:my-mine.example
    """
    with open_home(home, writes=False) as node:
        head = node.ledger.final_head()
        member_id = _member_id(node, subject, head)
        document = _member_json(node, member_id, head)
        membership = node.ledger.membership(member_id, head)
        keys = node.ledger.keys(member_id, head)
    document["membership"] = [_membership_json(entry) for entry in membership]
    document["keys"] = [_key_json(entry) for entry in keys]
    lines = [f"{document['name']}  <{document['identifier']}>  member {member_id}"]
    lines += table([_membership_row(entry) for entry in membership], indent="  ")
    lines += table([_key_row(entry) for entry in keys], indent="  ")
    emit(document, lines, as_json=as_json)
    return OK


@app.command("add")
def add_member(
    admission: Annotated[Path, typer.Argument(help="The party's admission.json.")],
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Bring a party's admission forward: propose it, approve it, make it so, whatever is next.

    Each voting member runs the same command with the same file; what was done already is not done
    again. On an embedded chain the new member's accounts are given ether as well.

    Example: veta member add ../smelter/admission.json
    """
    from veta.bootstrap import ProposalKind, fund_addresses

    wanted = read_admission(read_octets(admission))
    with open_home(home, writes=True, password_file=password_file) as node:
        office = node.administration
        member = node.ledger.member_id(wanted.identifier, node.ledger.final_head())
        if member is not None:
            raise ConflictError("member.exists", f"{wanted.identifier} is member {member} already")
        payload = node.chain.governance.admit(wanted)
        number = office.find_proposal(ProposalKind.ADMIT, payload)
        if number is None:
            number = office.propose(ProposalKind.ADMIT, payload)
        state = office.support(number)
        if state.ready_s and office.wait_until(state.ready_s):
            if node.embedded is not None:
                node.embedded.mine()  # its time only moves with its blocks
            office.execute(number, payload)
            member = node.ledger.member_id(wanted.identifier, node.ledger.final_head())
        if node.embedded is not None and member is not None:
            fund_addresses(node.embedded, wanted)
    _report_admission(wanted, number, state, member, as_json=as_json)
    return OK


def _report_admission(
    wanted: Admission,
    number: int,
    state: ProposalState,
    member: MemberId | None,
    *,
    as_json: bool,
) -> None:
    document = {
        "proposal": number,
        "approvals": state.approvals,
        "required": state.required,
        "ready_s": state.ready_s or None,
        "member": member,
    }
    if member is not None:
        line = f"{wanted.identifier} is member {member}"
    elif state.ready_s:
        line = f"proposal {number} is won; run this again from {moment(state.ready_s)} on"
    else:
        line = f"proposal {number}: {state.approvals} of {state.required} approvals so far"
    emit(document, [line], as_json=as_json)


@app.command("rotate")
def rotate_key(
    purpose: Annotated[str, typer.Argument(help="operate, sign or administer.")] = "sign",
    force: Force = False,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Make a new key, bind it, and retire the one in use; what the old one signed stays good.

    Example: veta member rotate sign
    """
    from veta.bootstrap import DEFAULT_PURPOSES, fund_accounts

    wanted = _purpose(purpose)
    spec = next(each for each in DEFAULT_PURPOSES if each.purpose is wanted)
    with open_home(home, writes=True, password_file=password_file) as node:
        office = node.administration
        if wanted is KeyPurpose.OPERATE and node.health().pending:
            raise ConflictError("outbox.pending", "transactions are on their way: `veta anchor`")
        head = node.ledger.final_head()
        bound = [entry.key_id for entry in node.ledger.keys(node.desk.member, head)]
        old = [each for each in node.keys.records() if each.purpose is wanted]
        if not force:
            _require_none_waiting(node, [each.key_id for each in old])
        new = node.keys.add(spec)
        office.bind(new)
        if node.embedded is not None:
            fund_accounts(node.embedded, node.keys)
        retired = [each.key_id for each in old if each.key_id in bound]
        for key_id in retired:
            office.retire_if_in_use(key_id)
    document = {
        "purpose": purpose,
        "new": new.key_id.hex(),
        "retired": [key_id.hex() for key_id in retired],
    }
    emit(document, [f"new {purpose} key {new.key_id.hex()}"], as_json=as_json)
    return OK


@app.command("retire")
def retire_key(
    key: Annotated[str, typer.Argument(help="Key id, 64 hexadecimal digits.")],
    force: Force = False,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Stop using a key; what it did before stays good.

    Example: veta member retire 5f0e...c2
    """
    key_id = _key_id(key)
    with open_home(home, writes=True, password_file=password_file) as node:
        if not force:
            _require_none_waiting(node, [key_id])
        node.administration.retire(key_id)
    emit({"retired": key}, [f"retired {key}"], as_json=as_json)
    return OK


@app.command("compromise")
def compromise_key(
    key: Annotated[str, typer.Argument(help="Key id, 64 hexadecimal digits.")],
    since: Annotated[str, typer.Option(help="Instant from which somebody else may have had it.")],
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Say that somebody else holds a key; what it signed since then is contested.

    Example: veta member compromise 5f0e...c2 --since 2026-07-01T00:00:00Z
    """
    since_s = read_instant(since)
    with open_home(home, writes=True, password_file=password_file) as node:
        node.administration.declare_compromised(_key_id(key), since_s=since_s)
        _warn_of_waiting(node, _key_id(key))
    emit({"compromised": key, "since": since}, [f"declared compromised: {key}"], as_json=as_json)
    return OK


@app.command("pause")
def pause_key(
    key: Annotated[str, typer.Argument(help="Key id, 64 hexadecimal digits.")],
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Stop a key at once; only binding a new key ends the pause.

    Example: veta member pause 5f0e...c2
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.administration.pause(_key_id(key))
        _warn_of_waiting(node, _key_id(key))
    emit({"paused": key}, [f"paused {key}"], as_json=as_json)
    return OK


def _require_none_waiting(node: OpenNode, keys: list[KeyId]) -> None:
    """Refuse to end keys whose statements would then be anchored too late to count.

    A key that has ended already hinders nothing: its statements are lost either way.

    Raises:
        VerificationError: ``key.statements_wait``.
    """
    member = node.desk.member
    standing = read_standing(node.ledger, member, node.clock.now_s())
    good = [each for each in keys if standing.key_standing(each) is KeyStanding.GOOD]
    with node.store.read() as work:
        count = count_waiting(work, member, good)
    if count:
        raise VerificationError(
            "key.statements_wait",
            f"{count} statements signed with the key wait for their anchor and would be INVALID:"
            " run `veta anchor` first (--force ends the key all the same)",
        )


def _warn_of_waiting(node: OpenNode, key_id: KeyId) -> None:
    """After an emergency stop, which nothing may hinder: say what it cost and what to do."""
    try:
        with node.store.read() as work:
            count = count_waiting(work, node.desk.member, [key_id])
    except ProvenanceError as error:
        say(f"veta: statements that wait for their anchor could not be counted: {error}")
        return
    if count:
        say(
            f"{count} statements signed with this key still wait for their anchor and count for"
            " nothing now. Bind a new key (`veta member rotate sign`), issue them anew, then"
            " `veta anchor --force`."
        )


def read_admission(octets: bytes) -> Admission:
    """An admission file as ``veta init`` writes it.

    Raises:
        InputError: ``admission.malformed``.
    """
    from veta.bootstrap import Admission, KeyGrant

    document: dict[str, Any] = dict(canonical.read_object(octets))
    if document.get("format") != ADMISSION_FORMAT:
        raise InputError("admission.malformed", f"format must be {ADMISSION_FORMAT}")
    try:
        roles = Role(0)
        for name in document["roles"]:
            roles |= Role[name]
        return Admission(
            identifier=str(document["identifier"]),
            name=str(document["name"]),
            country=str(document["country"]),
            roles=roles,
            votes=document["votes"] is True,
            control_group=int(document["controlGroup"]),
            identity_digest=Digest(bytes.fromhex(document["identityDigest"])),
            keys=tuple(
                KeyGrant(
                    KeyPurpose[each["purpose"]],
                    KeyAlgorithm[each["algorithm"]],
                    bytes.fromhex(each["octets"]),
                )
                for each in document["keys"]
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError("admission.malformed", f"the admission file: {error}") from error


def _member_id(node: OpenNode, subject: str, head: BlockRef) -> MemberId:
    if subject.isdecimal() and len(subject) < 10:
        return MemberId(int(subject))
    wanted = subject or node.config.member
    found = node.ledger.member_id(wanted, head) if wanted else None
    if found is None:
        raise NotFoundError("member.not_found", f"{wanted or 'this home'} is not a member")
    return found


def _member_json(node: OpenNode, member_id: MemberId, head: BlockRef) -> dict[str, Any]:
    member: Member | None = node.ledger.member(member_id, head)
    if member is None:
        raise NotFoundError("member.not_found", f"there is no member {member_id}")
    now = node.ledger.membership(member_id, head)[-1]
    return {
        "member": member_id,
        "identifier": member.identifier,
        "name": member.name,
        "country": member.country,
        "control_group": member.control_group,
        "admitted": now.admitted,
        "votes": now.votes,
        "roles": int(now.roles),
        "role_names": [role.name for role in Role if role in now.roles],
    }


def _membership_json(entry: MembershipEntry) -> dict[str, Any]:
    return {
        "from_s": entry.effective_s,
        "admitted": entry.admitted,
        "votes": entry.votes,
        "role_names": [role.name for role in Role if role in entry.roles],
    }


def _membership_row(entry: MembershipEntry) -> tuple[str, str, str]:
    roles = role_words(entry.roles) if entry.admitted else "left"
    return moment(entry.effective_s), "vote" if entry.votes else "no vote", roles


def _key_row(entry: KeyEntry) -> tuple[str, str, str, str]:
    action, purpose = entry.action.name.lower(), entry.purpose.name.lower()
    return moment(entry.effective_s), action, purpose, entry.key_id.hex()


def _key_json(entry: KeyEntry) -> dict[str, Any]:
    return {
        "action": entry.action.name.lower(),
        "purpose": entry.purpose.name.lower(),
        "algorithm": entry.algorithm.name,
        "key_id": entry.key_id.hex(),
        "effective_s": entry.effective_s,
        "recorded_at_s": entry.recorded_at_s,
    }


def _purpose(name: str) -> KeyPurpose:
    known = {"operate", "sign", "administer"}
    if name not in known:
        raise InputError("cli.purpose", f"a key is for one of {', '.join(sorted(known))}")
    return KeyPurpose[name.upper()]


def _key_id(text: str) -> KeyId:
    try:
        octets = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        octets = b""
    if len(octets) != 32:
        raise InputError("cli.key_id", "a key id is 64 hexadecimal digits; `veta member show`")
    return KeyId(octets)
