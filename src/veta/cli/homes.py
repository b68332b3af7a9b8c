"""Opening what a command works on: the home's node, or a stranger's from trust and endpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from veta.cli.console import moment, say
from veta.config import ChainSettings, NodeConfig, load_node_config, load_trust
from veta.errors import ConfigError, InputError, LedgerError, NotFoundError
from veta.model.identifiers import Leaf
from veta.model.trust import TrustConfig
from veta.statement.passport import lot_identifier

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode

CONFIG_NAME = "node.toml"
BEHIND_S: Final = 600
"""A home that followed so lately is not behind: blocks come while somebody reads."""


def home_config(home: Path, password_file: Path | None = None) -> NodeConfig:
    """The configuration of a home.

    Raises:
        ConfigError: ``config.no_home``, or as ``load_node_config``.
    """
    path = home / CONFIG_NAME
    if not path.is_file():
        raise ConfigError(
            "config.no_home",
            f"there is no node at {home.resolve()}: make one with `veta init`, or name one with "
            "--home",
        )
    config = load_node_config(path)
    if password_file is not None:
        config = replace(config, password_file=password_file.resolve())
    return config


def home_trust(config: NodeConfig) -> TrustConfig:
    """What a home pins."""
    return load_trust(config.path(config.trust_file))


def open_home(
    home: Path,
    *,
    writes: bool,
    password_file: Path | None = None,
    rpc: list[str] | None = None,
    trust: Path | None = None,
) -> OpenNode:
    """The node of a home.

    Args:
        home: the folder.
        writes: claim keys and database; without, the member's home is opened to read only.
        password_file: instead of the configured one.
        rpc: endpoints instead of the configured chain.
        trust: trust configuration instead of the home's.

    Raises:
        ConfigError, KeyAccessError, StoreError, LedgerError: as ``bootstrap.build_node``.
    """
    from veta.bootstrap import Opening, build_node

    config = home_config(home, password_file)
    if rpc:
        chain = replace(config.chain, kind="json-rpc", urls=tuple(rpc))
        config = replace(config, chain=chain)
    pinned = load_trust(trust) if trust is not None else home_trust(config)
    return build_node(config, pinned, opening=Opening(writes=writes))


def say_if_behind(node: OpenNode) -> bool:
    """Whether the home has not followed the chain lately, so that newer facts are missing.

    Said on stderr with the block that was followed last. An endpoint that cannot be asked is no
    reason to say anything: what was followed is shown.
    """
    with node.store.read() as work:
        cursor = work.cursor()
    try:
        head = node.ledger.final_head()
    except LedgerError:
        return False
    if cursor is not None and head.time_s - cursor.time_s <= BEHIND_S:
        return False
    followed = (
        "nothing was followed yet"
        if cursor is None
        else f"this is as of block {cursor.number}, {moment(cursor.time_s)}"
    )
    say(
        f"veta: {followed}; the chain is at block {head.number}, {moment(head.time_s)}: "
        "`veta audit` brings the home up to date [home.behind]"
    )
    return True


def open_asked(home: Path, *, trust: Path | None = None, rpc: list[str] | None = None) -> OpenNode:
    """A node that only reads: the home's, or a stranger's if both trust and endpoint are given.

    Raises:
        ConfigError, KeyAccessError, StoreError, LedgerError: as ``bootstrap.build_node``.
    """
    from veta.bootstrap import open_reader

    if trust is not None and rpc:
        chain = ChainSettings(kind="json-rpc", urls=tuple(rpc))
        return open_reader(load_trust(trust), chain)
    return open_home(home, writes=False, rpc=rpc, trust=trust)


def find_leaf(node: OpenNode, subject: str, *, newest: bool = False) -> Leaf:
    """The statement that a person means: its leaf, its credential id, or its lot's number.

    Args:
        node: where it is kept.
        subject: 64 hexadecimal digits, an id, or the number of one of the member's lots.
        newest: of several about one lot take the newest; otherwise that is an error.

    Raises:
        NotFoundError: ``statement.not_found``.
        InputError: ``statement.ambiguous``.
    """
    leaf = as_leaf(subject)
    if leaf is not None:
        return leaf
    lot = lot_identifier(node.config.member, subject)
    with node.store.read() as work:
        found = work.statements(credential_id=subject, limit=2)
        found = found or work.statements(subject=subject, limit=20)
        found = found or work.statements(subject=lot, limit=20)
    if not found:
        raise NotFoundError("statement.not_found", f"no statement about {subject!r} is kept here")
    if len(found) > 1 and not newest:
        leaves = ", ".join(each.record.leaf.hex() for each in found)
        raise InputError("statement.ambiguous", f"several statements are about it: {leaves}")
    return found[0].record.leaf


def as_leaf(text: str) -> Leaf | None:
    """64 hexadecimal digits as a leaf, else nothing."""
    if len(text) != 64:
        return None
    try:
        return Leaf(bytes.fromhex(text))
    except ValueError:
        return None
