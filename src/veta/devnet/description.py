"""The network description file: who seals, who is a member, and how the engine is set.

One TOML file says all that a network is made from (``veta-network/1``). It is read whole and
refused whole: nothing is made of a description with a mistake in it. No secret is in it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from veta.errors import ConfigError
from veta.model.consortium import Role

FORMAT: Final = "veta-network/1"
MAX_FILE_OCTETS: Final = 1 << 20
MAX_VALIDATORS: Final = 64
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
_DID: Final = re.compile(r"did:[a-z0-9]{1,32}:[A-Za-z0-9._:%-]{1,200}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_LEAST_GAS: Final = 20_000_000
"""A block must have room for the largest contract's creation."""

T = TypeVar("T")
EngineKind = Literal["clique"]


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How blocks are made."""

    kind: EngineKind = "clique"
    period_s: int = 1
    """Seconds from block to block."""
    gas_limit: int = 60_000_000
    """Of a block."""

    def survives(self, validators: int) -> int:
        """How many of so many validators may stop while blocks go on (EIP-225).

        A sealer may seal one in ``floor(N / 2) + 1`` blocks, so that many must be there.
        """
        return validators - (validators // 2 + 1)


@dataclass(frozen=True, slots=True)
class ValidatorEntry:
    """One that seals. A port of 0 means: whichever is free."""

    name: str
    http_port: int = 0
    p2p_port: int = 0


@dataclass(frozen=True, slots=True)
class MemberEntry:
    """One founding member."""

    name: str
    """Folder of its home."""
    identifier: str
    """DID."""
    title: str
    """Its name for people."""
    country: str
    roles: Role
    validator: str
    """Whose endpoint its node asks: its own."""
    votes: bool = True
    control_group: int = 0


@dataclass(frozen=True, slots=True)
class NetworkDescription:
    """Everything that a network is made from."""

    name: str
    chain_id: int
    faults: int
    """Validators that may stop while blocks go on."""
    engine: EngineSettings
    timelock_s: int
    """Between a won vote and its execution."""
    validators: tuple[ValidatorEntry, ...]
    members: tuple[MemberEntry, ...]


def load_description(path: Path) -> NetworkDescription:
    """Read a network description file.

    Raises:
        ConfigError: ``network.missing``, or as ``parse_description``.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_OCTETS + 1)
    except OSError as error:
        raise ConfigError(
            "network.missing", f"cannot read {path}: {error.strerror or error}"
        ) from error
    return parse_description(content)


def parse_description(content: bytes) -> NetworkDescription:
    """A network description from its TOML octets.

    Raises:
        ConfigError: ``network.malformed``, ``network.unknown_key``, ``network.missing_key``,
            ``network.wrong_value``, ``network.duplicate_name``, ``network.too_few_validators``,
            ``network.overlapping_ports``, ``network.unknown_validator``, ``network.no_voter``.
    """
    if len(content) > MAX_FILE_OCTETS:
        raise ConfigError("network.malformed", f"more than {MAX_FILE_OCTETS} octets")
    try:
        document = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise ConfigError("network.malformed", f"not TOML: {error}") from error
    top = _Table(document, "")
    if top.take("format", _text) != FORMAT:
        raise ConfigError("network.wrong_value", f'format must be "{FORMAT}"')
    engine = _engine(_Table(top.take("engine", _table, {}), "engine."))
    described = NetworkDescription(
        name=top.take("name", _name),
        chain_id=top.take("chain_id", _whole(1, 2**53 - 1)),
        faults=top.take("faults", _whole(0, MAX_VALIDATORS)),
        engine=engine,
        timelock_s=_timelock(_Table(top.take("rules", _table, {}), "rules.")),
        validators=tuple(_validator(each) for each in _tables(top, "validators")),
        members=tuple(_member(each) for each in _tables(top, "members")),
    )
    top.done()
    _require_consistent(described)
    return described


def _engine(table: _Table) -> EngineSettings:
    found = EngineSettings(
        kind=table.take("kind", _engine_kind, "clique"),
        period_s=table.take("period_s", _whole(1, 60), 1),
        gas_limit=table.take("gas_limit", _whole(_LEAST_GAS, 10**9), EngineSettings().gas_limit),
    )
    table.done()
    return found


def _timelock(table: _Table) -> int:
    found = table.take("timelock_s", _whole(1, 30 * 86_400), 1)
    table.done()
    return found


def _validator(table: _Table) -> ValidatorEntry:
    port = _whole(0, 65_535)
    found = ValidatorEntry(
        table.take("name", _name), table.take("http_port", port, 0), table.take("p2p_port", port, 0)
    )
    table.done()
    return found


def _member(table: _Table) -> MemberEntry:
    found = MemberEntry(
        name=table.take("name", _name),
        identifier=table.take("identifier", _matching(_DID, "a DID, did:web:mine.example")),
        title=table.take("title", _text),
        country=table.take("country", _matching(_COUNTRY, "two capital letters, such as CL")),
        roles=table.take("roles", _roles),
        validator=table.take("validator", _name),
        votes=table.take("votes", _truth, True),
        control_group=table.take("control_group", _whole(0, 2**32 - 1), 0),
    )
    table.done()
    return found


def _require_consistent(network: NetworkDescription) -> None:
    validators = [each.name for each in network.validators]
    _require_distinct("validators", validators)
    _require_distinct("members", [each.name for each in network.members])
    _require_distinct("members' identifiers", [each.identifier for each in network.members])
    _require_enough(network)
    _require_apart(network.validators)
    for member in network.members:
        if member.validator not in validators:
            raise ConfigError(
                "network.unknown_validator",
                f"member {member.name} asks validator {member.validator}, and there is none",
            )
    if not any(member.votes for member in network.members):
        raise ConfigError("network.no_voter", "at least one member votes")


def _require_distinct(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError("network.duplicate_name", f"two {what} are {name}")
        seen.add(name)


def _require_enough(network: NetworkDescription) -> None:
    count = len(network.validators)
    if count > MAX_VALIDATORS:
        raise ConfigError("network.wrong_value", f"at most {MAX_VALIDATORS} validators")
    survives = network.engine.survives(count)
    if count == 0 or survives < network.faults:
        raise ConfigError(
            "network.too_few_validators",
            f"{count} validators of {network.engine.kind} go on without {max(survives, 0)} of "
            f"them, not without {network.faults}",
        )


def _require_apart(validators: tuple[ValidatorEntry, ...]) -> None:
    taken: dict[int, str] = {}
    for each in validators:
        for kind, port in (("http_port", each.http_port), ("p2p_port", each.p2p_port)):
            place = f"{kind} of {each.name}"
            if port and port in taken:
                raise ConfigError(
                    "network.overlapping_ports", f"{taken[port]} and {place} are both {port}"
                )
            taken[port] = place


# --- reading values ----------------------------------------------------------------------------

_ABSENT: Final = object()


class _Table:
    """A TOML table from which every key is taken once; what is left over is unknown."""

    def __init__(self, table: Mapping[str, Any], place: str) -> None:
        self._left = dict(table)
        self._place = place

    def take(self, key: str, read: Callable[[object], T], default: object = _ABSENT) -> T:
        """The value of a key, read.

        Raises:
            ConfigError: ``network.missing_key``, ``network.wrong_value``.
        """
        value = self._left.pop(key, default)
        if value is _ABSENT:
            raise ConfigError("network.missing_key", f"{self._place}{key} is missing")
        try:
            return read(value)
        except ValueError as error:
            raise ConfigError(
                "network.wrong_value", f"{self._place}{key} must be {error}"
            ) from error

    def done(self) -> None:
        """Nothing may be left.

        Raises:
            ConfigError: ``network.unknown_key``.
        """
        for key in self._left:
            raise ConfigError("network.unknown_key", f"unknown key: {self._place}{key}")


def _tables(top: _Table, key: str) -> list[_Table]:
    def read(value: object) -> list[_Table]:
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise ValueError(f"one [[{key}]] table each")
        return [_Table(each, f"{key}[{at}].") for at, each in enumerate(value)]

    return top.take(key, read)


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a table")  # noqa: TRY004 - one error for a value of any kind
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
        raise ValueError("1 to 200 printable characters")
    return value


def _name(value: object) -> str:
    return _matching(_NAME, "1 to 32 of a-z, 0-9 and -, a letter first")(value)


def _matching(pattern: re.Pattern[str], words: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise ValueError(words)
        return value

    return read


def _whole(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return value

    return read


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - one error for a value of any kind
    return value


def _engine_kind(value: object) -> EngineKind:
    if value != "clique":
        raise ValueError('"clique"')
    return "clique"


def _roles(value: object) -> Role:
    if not isinstance(value, list) or not value:
        raise ValueError("at least one role")
    roles = Role(0)
    for each in value:
        name = str(each).upper().replace("-", "_")
        if name not in Role.__members__:
            known = ", ".join(role.lower().replace("_", "-") for role in Role.__members__)
            raise ValueError(f"roles out of {known}")
        roles |= Role[name]
    return roles
