"""``veta init``: make a node's home."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from veta.cli.console import OK, emit, progress, say
from veta.cli.homes import CONFIG_NAME
from veta.cli.options import HERE, AsJson, PasswordFile, Rpc, Trust
from veta.config import (
    ChainSettings,
    NodeConfig,
    dump_node_config,
    dump_trust,
    load_trust,
    trust_digest,
)
from veta.errors import ConfigError, InputError, ProvenanceError
from veta.model.consortium import Role
from veta.model.trust import TrustConfig

if TYPE_CHECKING:
    from veta.bootstrap import Admission, Founder, KeyRing, PasswordSource

ADMISSION = "admission.json"
ADMISSION_FORMAT = "veta-admission/1"
_DID: Final = re.compile(r"did:[a-z0-9]{1,32}:[A-Za-z0-9._:%-]+", re.ASCII)
_MOST_DID: Final = 256
"""The consortium's contract registers no longer one."""


@dataclass(frozen=True, slots=True)
class Particulars:
    """Who the member is, as typed."""

    name: str
    country: str
    roles: Role
    votes: bool


def init(  # noqa: PLR0917 - one parameter an option
    home: Annotated[Path, typer.Argument(help="Folder to make; must not hold a node yet.")] = HERE,
    member: Annotated[
        str, typer.Option(help="DID of the member; without one the node only verifies.")
    ] = "",
    name: Annotated[str, typer.Option(help="The member's name for people.")] = "",
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2 code, e.g. CL.")] = "",
    role: Annotated[
        list[str] | None, typer.Option(help="miner, smelter, refiner, ...; may be repeated.")
    ] = None,
    votes: Annotated[bool, typer.Option(help="Whether the member asks for a vote.")] = True,
    network: Annotated[str, typer.Option(help="Name of a new network.")] = "embedded",
    trust: Trust = None,
    rpc: Rpc = None,
    embedded: Annotated[
        Path | None, typer.Option(help="Join the embedded chain in this file (with --trust).")
    ] = None,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Make a node: keys, configuration, and a chain or the way to one.

    Without --trust a new one-member consortium begins: on an embedded chain, which needs nothing
    but this program, or with --rpc on a chain that runs elsewhere and on which the new administer
    account has funds. With --trust the node joins an existing one: its admission.json is what a
    member of that consortium passes to `veta member add`.

    Example: veta init mine --member did:web:my-mine.example --name "My Mine" --country CL
    --role miner --password-file ~/.veta-password
    """
    if (home / CONFIG_NAME).exists():
        raise ConfigError("config.exists", f"{home} is a node already; nothing was changed")
    pinned = load_trust(trust) if trust is not None else None
    config = _configuration(home, member, rpc, embedded, password_file)
    who = Particulars(name or member, country, _roles(role), votes) if member else None
    _require_sound(config, who, begins=pinned is None)
    # A chain that runs elsewhere may know the new accounts already: their keys stay.
    with _made_folder(home, keep_keys=pinned is None and config.chain.kind == "json-rpc"):
        if who is not None:
            pinned = _make_member(config, who, pinned, network)
        assert pinned is not None  # without a member there is a trust configuration
        _write(config.path(config.trust_file), dump_trust(pinned))
        _write(home / CONFIG_NAME, dump_node_config(config).encode())
    _report(config, pinned, joined=trust is not None, as_json=as_json)
    return OK


def _configuration(
    home: Path,
    member: str,
    rpc: list[str] | None,
    embedded: Path | None,
    password_file: Path | None,
) -> NodeConfig:
    if rpc and embedded is not None:
        raise ConfigError("config.contradiction", "--rpc and --embedded exclude each other")
    default = NodeConfig(home)
    return NodeConfig(
        home=home.resolve(),
        member=member,
        password_file=None if password_file is None else password_file.resolve(),
        embedded_file=default.embedded_file if embedded is None else embedded.resolve(),
        chain=ChainSettings(kind="json-rpc", urls=tuple(rpc)) if rpc else ChainSettings(),
    )


def _roles(names: list[str] | None) -> Role:
    roles = Role(0)
    for name in names or ():
        key = name.strip().upper().replace("-", "_").replace(" ", "_")
        if key not in Role.__members__:
            known = ", ".join(each.lower().replace("_", "-") for each in Role.__members__)
            raise InputError("cli.role", f"there is no role {name!r}; there are {known}")
        roles |= Role[key]
    return roles


def _require_sound(config: NodeConfig, who: Particulars | None, *, begins: bool) -> None:
    """Refuse what would be refused later, before anything is made."""
    if who is None:
        if begins:
            raise ConfigError(
                "config.no_member", "a new consortium needs --member, --name, --country and --role"
            )
        return
    if len(config.member) > _MOST_DID or _DID.fullmatch(config.member) is None:
        raise ConfigError(
            "config.member", "--member is a DID, such as did:web:my-mine.example, in 256 octets"
        )
    if len(who.country) != 2 or not who.country.isalpha() or not who.country.isupper():
        raise InputError("cli.country", "--country is two capital letters, such as CL")
    if not who.roles:
        raise InputError("cli.role", "--role is needed, at least once")
    if begins and not who.votes:
        raise ConfigError("config.no_voter", "a consortium begins with at least one that votes")


@contextmanager
def _made_folder(home: Path, *, keep_keys: bool) -> Iterator[None]:
    """The folder of a home; what this made of it goes again if the rest fails.

    Interrupted, it stays: the same command takes it up again.
    """
    made: list[Path] = []
    try:
        made += [each for each in (home, *home.parents) if not each.exists()]
        home.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        _unmake(made, keep_keys=keep_keys)
        raise ConfigError(
            "config.unwritable", f"cannot make {home}: {error.strerror or error}"
        ) from error
    except ProvenanceError:
        _unmake(made, keep_keys=keep_keys)
        raise


def _unmake(made: list[Path], *, keep_keys: bool) -> None:
    if not made:
        return
    home, *parents = made
    keys = home / NodeConfig(home).keys_dir
    if not (keep_keys and any(keys.glob("*.json"))):
        shutil.rmtree(home, ignore_errors=True)
    for folder in parents:
        with suppress(OSError):  # a parent in which somebody put something meanwhile stays
            folder.rmdir()


def _make_member(
    config: NodeConfig, who: Particulars, pinned: TrustConfig | None, network: str
) -> TrustConfig:
    from veta.bootstrap import DEFAULT_PURPOSES, Founder, password_source

    directory = config.path(config.keys_dir)
    password = password_source(config, confirm=True)
    with progress("Making keys", len(DEFAULT_PURPOSES)) as show:
        ring = _key_ring(directory, password)
        made = {record.purpose for record in ring.records()}
        for done, spec in enumerate(DEFAULT_PURPOSES, 1):
            if spec.purpose not in made:
                ring.add(spec)
            show(done)
    founder = Founder(config.member, who.name, who.country, who.roles, who.votes, ring)
    if pinned is None:
        return _found(config, founder, network)
    _write_admission(config.home / ADMISSION, founder)
    return pinned


def _key_ring(directory: Path, password: PasswordSource) -> KeyRing:
    """A new ring, or what an init that was cut off has made of it."""
    from veta.bootstrap import KeyRing

    if directory.is_dir():
        say(f"Taking up the keys that are in {directory} already")
        return KeyRing(directory, password)
    return KeyRing.create(directory, password, ())


def _found(config: NodeConfig, founder: Founder, network: str) -> TrustConfig:
    from veta.bootstrap import EmbeddedChain, SystemClock, found_embedded, found_network

    clock = SystemClock()
    say("Beginning a consortium of one member ...")
    try:
        if config.chain.kind == "json-rpc":
            return found_network(config.chain, (founder,), name=network, clock=clock)
        # Nothing pins a chain that an earlier init left unfinished: node.toml comes last.
        config.path(config.embedded_file).unlink(missing_ok=True)
        chain = EmbeddedChain.create(config.path(config.embedded_file), clock=clock.now_s)
        try:
            return found_embedded(chain, (founder,), name=network, clock=clock)
        finally:
            chain.close()
    finally:
        founder.ring.close()


def _write_admission(path: Path, founder: Founder) -> None:
    from veta.bootstrap import admission_of

    _write(path, json.dumps(admission_json(admission_of(founder)), indent=2).encode() + b"\n")


def admission_json(admission: Admission) -> dict[str, Any]:
    """What a party asks to be admitted as: public only."""
    return {
        "format": ADMISSION_FORMAT,
        "identifier": admission.identifier,
        "name": admission.name,
        "country": admission.country,
        "roles": [role.name for role in Role if role in admission.roles],
        "votes": admission.votes,
        "controlGroup": admission.control_group,
        "identityDigest": admission.identity_digest.hex(),
        "keys": [
            {
                "purpose": key.purpose.name,
                "algorithm": key.algorithm.name,
                "octets": key.octets.hex(),
            }
            for key in admission.keys
        ],
    }


def _write(path: Path, octets: bytes) -> None:
    """A whole file or none."""
    draft = path.with_name(f".{path.name}.new")
    try:
        with draft.open("wb") as stream:
            stream.write(octets)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except OSError as error:
        raise ConfigError(
            "config.unwritable", f"cannot write {path}: {error.strerror or error}"
        ) from error


def _report(config: NodeConfig, pinned: TrustConfig, *, joined: bool, as_json: bool) -> None:
    digest = trust_digest(pinned).hex()
    document = {
        "home": str(config.home),
        "member": config.member or None,
        "chain_id": pinned.chain_id,
        "trust_digest": digest,
        "joined": joined,
    }
    lines = [
        f"A node is at {config.home}",
        f"  member         {config.member or '(none: it only verifies)'}",
        f"  chain          {config.chain.kind}, id {pinned.chain_id}",
        f"  trust digest   {digest}",
    ]
    if joined and config.member:
        lines.append(f"  to be admitted {config.home / ADMISSION} goes to a member that votes")
    elif config.member:
        lines.append("  one voter: a bootstrap consortium, which proves nothing to strangers")
    emit(document, lines, as_json=as_json)
