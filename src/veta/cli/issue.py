"""``veta issue``: sign statements and keep them."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from veta import canonical
from veta.cli.console import OK, emit, progress, say
from veta.cli.homes import CONFIG_NAME, find_leaf, open_home
from veta.cli.options import HERE, AsJson, Home, PasswordFile
from veta.errors import (
    ConfigError,
    InputError,
    KeyAccessError,
    LedgerError,
    ProvenanceError,
    StoreError,
    VerificationError,
)
from veta.interop.lot_file import FORMAT as LOT_FORMAT
from veta.interop.lot_file import read_lot
from veta.model.anchoring import BatchKind
from veta.model.consortium import KeyAction, KeyPurpose
from veta.model.identifiers import KeyId, UnixSeconds
from veta.model.lot import Issuance
from veta.services.certify import certify_lot
from veta.services.duplicates import kept_passports, marks_of, require_no_duplicate
from veta.services.preflight import MemberStanding, read_standing, require_sound
from veta.statement.corrections import REASONS, Correction, read_correction_reason
from veta.statement.credential import read_credential, view_credential
from veta.statement.instants import read_end, read_instant
from veta.statement.metal_lot import metal_lot_of
from veta.verify.rules import check_rules

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode
    from veta.services.issue import IssuedStatement

MOST_OCTETS: Final = 4 << 20
FOOTPRINTS: Final = "footprints"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file's credential, ready to be signed."""

    path: Path
    credential: dict[str, Any]
    footprint: bytes | None
    footprint_name: str


def issue(  # noqa: PLR0917 - one parameter an option
    files: Annotated[
        list[Path],
        typer.Argument(help="Lot files (veta-lot/1) or finished credentials; - reads stdin."),
    ],
    valid_from: Annotated[
        str, typer.Option(help="Instant such as 2026-07-02T08:00:00Z; default: now.")
    ] = "",
    valid_until: Annotated[
        str, typer.Option(help="End of validity: an instant, or a date, which then still counts.")
    ] = "",
    corrects: Annotated[
        str,
        typer.Option(help="Leaf or id of the statement that this one corrects; with --reason."),
    ] = "",
    reason: Annotated[str, typer.Option(help=f"Why it is corrected: {', '.join(REASONS)}.")] = "",
    status_list: Annotated[
        str,
        typer.Option(
            help="Address of a W3C status list in which each gets a place: see veta status-list."
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and show the credentials; sign nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Sign even what a verifier would call INVALID.")
    ] = False,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Check lots or credentials, sign them with the member's statement key, and keep them.

    A lot's PACT product footprint is written to the home's folder `footprints`, to be published
    where the passport says. Anchoring is a step of its own: `veta anchor`. What a verifier would
    call INVALID once it is anchored (role, key, dates) is refused with the verifier's code.

    Example: veta issue lots/*.lot.json --valid-until 2027-12-31
    """
    prepared = list(_prepare(files, _window(valid_from, valid_until)))
    _require_one_correction(prepared, corrects, reason)
    if dry_run:
        if not force:
            _try_preflight(prepared, home)
        return _show(prepared, as_json=as_json)
    with open_home(home, writes=True, password_file=password_file) as node:
        if not force:
            preflight(prepared, node)
            require_unmarked(prepared, node)
        if not corrects:
            _say_issued_before(prepared, node)
        if corrects:
            correction = Correction(find_leaf(node, corrects), read_correction_reason(reason))
            prepared[0].credential["corrects"] = correction.member()
        if status_list:
            _give_places(prepared, node, status_list)
        issued = _sign(prepared, node)
    _report(prepared, issued, as_json=as_json)
    return OK


def _require_one_correction(prepared: list[Prepared], corrects: str, reason: str) -> None:
    """One document corrects one, and says why, before anything is signed."""
    if bool(corrects) != bool(reason) or (corrects and len(prepared) != 1):
        raise InputError("supersede.reason", "--corrects and --reason go together, for one file")
    if reason:
        read_correction_reason(reason)


def _say_issued_before(prepared: list[Prepared], node: OpenNode) -> None:
    """Of a lot that has a passport already: a second one is said, before both can stand."""
    for each in prepared:
        new = view_credential(each.credential)
        subject = new.subject.get("id")
        if new.kind is not BatchKind.PASSPORT or not isinstance(subject, str) or not node.writes:
            continue
        for kept in node.find(subject, limit=1):
            leaf = kept.record.leaf.hex()
            say(
                f"veta: {each.path}: this lot has a passport, {leaf[:16]}...: two that both stand "
                f"are equivocation. A correction says so: --corrects {leaf[:8]}... --reason; else "
                "revoke one of them [issue.issued_before]"
            )


def _give_places(prepared: list[Prepared], node: OpenNode, list_url: str) -> None:
    """A place in a status list for every credential that names none."""
    without = [each for each in prepared if "credentialStatus" not in each.credential]
    for each, place in zip(without, node.status_lists.places(list_url, len(without)), strict=True):
        each.credential["credentialStatus"] = place.member()


def _sign(prepared: list[Prepared], node: OpenNode) -> list[IssuedStatement]:
    for each in prepared:
        _keep_footprint(node.config.home / FOOTPRINTS, each)
    with progress("Signing", len(prepared)) as show:
        credentials = (each.credential for each in prepared)
        return list(node.desk.issuer.issue_many(credentials, progress=show))


def _window(valid_from: str, valid_until: str) -> tuple[UnixSeconds, UnixSeconds | None]:
    start_s = read_instant(valid_from) if valid_from else UnixSeconds(int(time.time()))
    end_s = read_end(valid_until, document_offset_s=0) if valid_until else None
    return start_s, end_s


def _prepare(
    files: list[Path], window: tuple[UnixSeconds, UnixSeconds | None]
) -> Iterator[Prepared]:
    for path in files:
        try:
            yield _prepared(path, read_octets(path), window)
        except (InputError, VerificationError) as error:
            raise InputError(error.code, f"{path}: {error.message}") from error


def _prepared(
    path: Path, octets: bytes, window: tuple[UnixSeconds, UnixSeconds | None]
) -> Prepared:
    if canonical.read_object(octets).get("format") != LOT_FORMAT:
        credential = read_credential(octets)
        check_rules(credential)
        return Prepared(path, dict(credential.document), None, "")
    footprint_id = str(uuid.uuid4())
    issuance = Issuance(
        credential_id=f"urn:uuid:{uuid.uuid4()}",
        valid_from_s=window[0],
        valid_until_s=window[1],
        blind=secrets.token_bytes(16),
    )
    papers = certify_lot(read_lot(octets), issuance, footprint_id=footprint_id)
    check_rules(read_credential(canonical.write(papers.passport)))
    return Prepared(path, papers.passport, papers.footprint, f"{footprint_id}.json")


def read_octets(path: Path) -> bytes:
    """A file's octets, or those of stdin for ``-``, bounded.

    Raises:
        InputError: ``cli.unreadable`` or ``cli.too_large``.
    """
    import sys

    try:
        if str(path) == "-":
            octets = sys.stdin.buffer.read(MOST_OCTETS + 1)
        else:
            with path.open("rb") as stream:
                octets = stream.read(MOST_OCTETS + 1)
    except OSError as error:
        raise InputError("cli.unreadable", f"cannot be read: {error.strerror or error}") from error
    if len(octets) > MOST_OCTETS:
        raise InputError("cli.too_large", f"is larger than {MOST_OCTETS} octets")
    return octets


def _try_preflight(prepared: list[Prepared], home: Path) -> None:
    """For a dry run: judge as far as there is a home and a chain to ask, and say if there is not.

    Raises:
        VerificationError: as ``preflight``.
    """
    if not (home / CONFIG_NAME).is_file():
        say("No node here: role, key and dates were not held against the chain.")
        return
    try:
        with open_home(home, writes=False) as node:
            preflight(prepared, node)
    except (ConfigError, KeyAccessError, LedgerError, StoreError) as error:
        _say_unasked(error)


def preflight(prepared: list[Prepared], node: OpenNode) -> None:
    """Judge what is about to be signed as a verifier will; without a chain to ask, only say so.

    Raises:
        VerificationError: with the verifier's own code, naming the file.
    """
    try:
        found = _standing(node)
    except LedgerError as error:
        _say_unasked(error)
        return
    if found is None:
        return  # a home of no member: signing refuses with its own code
    standing, key_id = found
    for each in prepared:
        credential = view_credential(each.credential)
        if credential.issuer.identifier != node.config.member:
            continue  # signing refuses it with its own code
        try:
            require_sound(credential, key_id, standing, node.verifier.policy)
        except VerificationError as error:
            raise VerificationError(
                error.code,
                f"{each.path}: {error.message}; a verifier would call it INVALID, so nothing was"
                " signed (--force signs all the same)",
            ) from error


def require_unmarked(prepared: list[Prepared], node: OpenNode) -> None:
    """Refuse lots that bear marks of other lots that are kept here; reads all passports then.

    Raises:
        ConflictError: ``lot.duplicate_suspect``.
    """
    if not node.writes:
        return  # a home of no member: signing refuses with its own code
    new = [view_credential(each.credential) for each in prepared]
    if any(marks_of(metal_lot_of(each) or {}) for each in new if each.kind is BatchKind.PASSPORT):
        require_no_duplicate(kept_passports(node.store), new)


def _standing(node: OpenNode) -> tuple[MemberStanding, KeyId] | None:
    """The member's standing, and the key that signs: the newest of its keys that the chain knows.

    Raises:
        KeyAccessError: there is no such key file.
        LedgerError: the chain cannot be asked.
    """
    from veta.bootstrap import KeyRing

    member = None
    if node.config.member:
        member = node.ledger.member_id(node.config.member, node.ledger.final_head())
    if member is None:
        return None
    standing = read_standing(node.ledger, member, node.clock.now_s())
    keys_dir = node.config.path(node.config.keys_dir)
    ring = node.keys if node.writes else KeyRing(keys_dir, lambda _: b"")
    known = {entry.key_id for entry in standing.keys if entry.action is KeyAction.BIND}
    ours = [each for each in ring.records() if each.purpose is KeyPurpose.SIGN]
    bound = [each for each in ours if each.key_id in known]
    newest = max(bound or ours, key=lambda record: record.number, default=None)
    if newest is None:
        raise KeyAccessError("key.missing", f"there is no statement key in {keys_dir}")
    return standing, newest.key_id


def _say_unasked(error: ProvenanceError) -> None:
    say(f"veta: role, key and dates were not held against the chain: {error}")


def _keep_footprint(folder: Path, prepared: Prepared) -> None:
    if prepared.footprint is None:
        return
    try:
        folder.mkdir(exist_ok=True)
        (folder / prepared.footprint_name).write_bytes(prepared.footprint)
    except OSError as error:
        raise ConfigError(
            "config.unwritable", f"cannot write in {folder}: {error.strerror or error}"
        ) from error


def _show(prepared: list[Prepared], *, as_json: bool) -> int:
    texts = [canonical.write(each.credential).decode() for each in prepared]
    if as_json:
        print("[" + ",\n".join(texts) + "]")
    else:
        print("\n".join(texts))
    say(f"{len(prepared)} checked; nothing was signed (--dry-run)")
    return OK


def _report(prepared: list[Prepared], issued: list[IssuedStatement], *, as_json: bool) -> None:
    document = {
        "issued": [
            {
                "file": str(one.path),
                "leaf": each.leaf.hex(),
                "kind": each.kind.name.lower(),
                "created": each.created,
            }
            for one, each in zip(prepared, issued, strict=True)
        ]
    }
    lines = [
        f"{each.leaf.hex()}  {each.kind.name.lower():<11}  {one.path}"
        f"{'' if each.created else '  (was there already)'}"
        for one, each in zip(prepared, issued, strict=True)
    ]
    emit(document, lines, as_json=as_json)
    say(f"{len(issued)} signed and kept; `veta anchor` puts them under one root on the chain")
