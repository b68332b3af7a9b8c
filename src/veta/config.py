"""The two configurations, and their files. They are never one object.

``TrustConfig`` (JSON, ``veta-trust/1``) says what makes a verdict true; everybody holds the same.
``NodeConfig`` (TOML) says where this node keeps things and whom it asks. No secret is in either: a
password or token is named by the path of its file. Unknown keys are errors.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

from veta import canonical
from veta.errors import ConfigError, InputError
from veta.model.anchoring import ContractCode
from veta.model.identifiers import FAR_FUTURE, AccountAddress, BlockNumber, Digest, UnixSeconds
from veta.model.trust import ContractSet, TrustConfig, WitnessKey

TRUST_FORMAT: Final = "veta-trust/1"
MAX_FILE_OCTETS: Final = 1 << 20
MAX_SECONDS: Final = 3_600
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)

ChainKind = Literal["embedded", "json-rpc"]
FinalityRule = Literal["immediate", "finalized", "depth", "clique"]


@dataclass(frozen=True, slots=True)
class ChainSettings:
    """Which chain endpoint the node asks."""

    kind: ChainKind = "embedded"
    """``embedded`` runs the chain in this process; ``json-rpc`` asks the given endpoints."""
    urls: tuple[str, ...] = ()
    """JSON-RPC endpoints, tried in their order; only for ``json-rpc``."""
    finality: FinalityRule = "immediate"
    """A block is final at once, by the ``finalized`` tag, ``finality_depth`` blocks down, or by
    more than half of the ``sealers`` on top. On a Clique chain never sooner than by the last."""
    finality_depth: int = 0
    """Blocks on top that make a block final; only for ``depth``."""
    sealers: tuple[str, ...] = ()
    """Addresses of a Clique chain's sealers, 0x and 40 digits; without them those of the first
    block. Only for ``clique``."""
    connect_timeout_s: float = 5.0
    """Longest wait for a connection, seconds."""
    total_timeout_s: float = 20.0
    """Longest wait for one whole answer, seconds."""
    max_response_octets: int = 16 << 20
    """Largest answer that is read."""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The HTTP interface."""

    host: str = "127.0.0.1"
    """Address to listen at; anything beyond loopback is a decision of yours."""
    port: int = 8460
    """TCP port; 0 takes a free one."""
    token_file: Path | None = None
    """File with the token that writing needs; without it nothing can be written over HTTP."""
    max_body_octets: int = 1 << 20
    """Largest request body."""
    body_timeout_s: float = 10.0
    """Longest time for a whole request body to arrive, seconds."""
    max_connections: int = 256
    """Connections served at a time; further ones are answered that the node is busy."""
    public_url: str = ""
    """Base address that labels print; empty: the address listened at."""


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """One member's node, or a verifier without a member."""

    home: Path
    """Folder of the node's files; relative paths are taken from it."""
    member: str = ""
    """DID of the member this node belongs to; empty for a node that only verifies."""
    keys_dir: Path = Path("keys")
    """Folder of the keystore files."""
    password_file: Path | None = None
    """File with the keystore password; without it the command line asks."""
    store_file: Path = Path("store.sqlite")
    """The node's database."""
    embedded_file: Path = Path("chain.sqlite")
    """The embedded chain's database."""
    trust_file: Path = Path("trust.json")
    """The pinned trust configuration."""
    chain: ChainSettings = field(default_factory=ChainSettings)
    api: ApiSettings = field(default_factory=ApiSettings)

    def path(self, relative: Path) -> Path:
        """A path of this configuration, absolute."""
        return relative if relative.is_absolute() else self.home / relative


def load_node_config(path: Path) -> NodeConfig:
    """Read ``node.toml``.

    Raises:
        ConfigError: ``config.missing``, ``config.malformed``, ``config.unknown_key``,
            ``config.wrong_type`` or ``config.contradiction``.
    """
    try:
        document = tomllib.loads(_read(path).decode())
    except (ValueError, RecursionError) as error:  # too many digits, and too deep, are these too
        raise ConfigError("config.malformed", f"{path} is not TOML: {error}") from error
    node = _take(NodeConfig, document, "", skip=("home", "chain", "api"))
    config = NodeConfig(
        home=path.resolve().parent,
        chain=ChainSettings(**_take(ChainSettings, document.get("chain", {}), "chain.")),
        api=ApiSettings(**_take(ApiSettings, document.get("api", {}), "api.")),
        **node,
    )
    _require_consistent(config)
    return config


def dump_node_config(config: NodeConfig) -> str:
    """``node.toml`` for a configuration: what differs from the defaults, readable by hand."""
    lines = [*_toml_lines(config, ("home", "chain", "api"))]
    for name in ("chain", "api"):
        section = _toml_lines(getattr(config, name), ())
        if section:
            lines += ["", f"[{name}]", *section]
    return "\n".join(lines) + "\n"


def _toml_lines(settings: object, skip: tuple[str, ...]) -> list[str]:
    default = type(settings)(Path()) if isinstance(settings, NodeConfig) else type(settings)()
    lines = []
    for each in fields(settings):  # type: ignore[arg-type]  # callers pass configuration dataclasses
        value = getattr(settings, each.name)
        if each.name not in skip and value != getattr(default, each.name):
            lines.append(f"{each.name} = {_toml_value(value)}")
    return lines


def _toml_value(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml_value(each) for each in value) + "]"
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _require_consistent(config: NodeConfig) -> None:
    chain = config.chain
    if (chain.kind == "json-rpc") != bool(chain.urls):
        raise ConfigError(
            "config.contradiction",
            'chain.urls belong to chain.kind = "json-rpc", and are needed there',
        )
    if (chain.finality == "depth") != (chain.finality_depth > 0):
        raise ConfigError(
            "config.contradiction",
            'chain.finality_depth belongs to chain.finality = "depth", and must be above 0 there',
        )
    _require_sealers(chain)
    if not 0 <= config.api.port < 1 << 16:
        raise ConfigError("config.wrong_type", "api.port must be in 0..65535")


def _require_sealers(chain: ChainSettings) -> None:
    if chain.sealers and chain.finality != "clique":
        raise ConfigError(
            "config.contradiction", 'chain.sealers belong to chain.finality = "clique"'
        )
    if any(_ADDRESS.fullmatch(each) is None for each in chain.sealers):
        raise ConfigError(
            "config.wrong_type", "chain.sealers are 0x and 40 hexadecimal digits each"
        )
    if len({each.lower() for each in chain.sealers}) != len(chain.sealers):
        raise ConfigError("config.contradiction", "chain.sealers name one twice")


_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "chain.kind": ("embedded", "json-rpc"),
    "chain.finality": ("immediate", "finalized", "depth", "clique"),
}


def _take(
    shape: type, document: Mapping[str, Any], prefix: str, skip: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Fields of the dataclass ``shape`` out of a TOML table; every key must be known and typed."""
    if not isinstance(document, dict):
        raise ConfigError("config.wrong_type", f"[{prefix.rstrip('.')}] must be a table")
    known = {each.name: str(each.type) for each in fields(shape)}
    taken: dict[str, Any] = {}
    for name, value in document.items():
        if name in skip and name != "home":
            continue
        if name not in known or name == "home":
            raise ConfigError("config.unknown_key", f"unknown setting: {prefix}{name}")
        taken[name] = _typed(prefix + name, known[name], value)
    return taken


def _typed(name: str, kind: str, value: object) -> object:
    match kind:
        case "int" if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        case "float" if isinstance(value, int | float) and not isinstance(value, bool):
            if 0 < value <= MAX_SECONDS:  # neither nan nor inf
                return float(value)
        case "Path" | "Path | None" if isinstance(value, str) and value:
            return Path(value)
        case "tuple[str, ...]" if isinstance(value, list):
            if all(isinstance(each, str) for each in value):
                return tuple(value)
        case "str" if isinstance(value, str):
            return value
        case "ChainKind" | "FinalityRule" if value in _CHOICES[name]:
            return value
        case _:
            pass
    choices = _CHOICES.get(name)
    wanted = " or ".join(choices) if choices else kind
    if kind == "float":
        wanted = f"a number of seconds above 0 and up to {MAX_SECONDS}"
    raise ConfigError("config.wrong_type", f"{name} must be {wanted}, and is {value!r}")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            octets = stream.read(MAX_FILE_OCTETS + 1)
    except OSError as error:
        raise ConfigError(
            "config.missing", f"cannot read {path}: {error.strerror or error}"
        ) from error
    if len(octets) > MAX_FILE_OCTETS:
        raise ConfigError("config.malformed", f"{path} is larger than {MAX_FILE_OCTETS} octets")
    return octets


# --- trust -----------------------------------------------------------------------------------


def load_trust(path: Path | str) -> TrustConfig:
    """Read a trust configuration file.

    Raises:
        ConfigError: ``config.missing`` or ``config.malformed``.
    """
    return parse_trust(_read(Path(path)))


def parse_trust(octets: bytes) -> TrustConfig:
    """A trust configuration from its JSON octets.

    Raises:
        ConfigError: ``config.malformed``, naming the member that is wrong.
    """
    try:
        document = canonical.read(octets)
        return _trust_from(document)
    except (InputError, KeyError, TypeError, ValueError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigError("config.malformed", f"trust configuration: {what}") from error


def dump_trust(trust: TrustConfig) -> bytes:
    """The canonical (RFC 8785) JSON octets of a trust configuration."""
    return canonical.write(
        {
            "format": TRUST_FORMAT,
            "number": trust.number,
            "previousDigest": trust.previous_digest.hex() if trust.previous_digest else None,
            "name": trust.name,
            "chainId": trust.chain_id,
            "genesisDigest": trust.genesis_digest.hex(),
            "contractSets": [_contract_set_json(each) for each in trust.contract_sets],
            "witnesses": [
                {
                    "name": witness.name,
                    "publicKey": witness.public_key.hex(),
                    "controlGroup": witness.control_group,
                }
                for witness in trust.witnesses
            ],
            "witnessQuorum": trust.witness_quorum,
            "notAfter": None if trust.not_after_s == FAR_FUTURE else trust.not_after_s,
        }
    )


def trust_digest(trust: TrustConfig) -> Digest:
    """SHA-256 of the canonical octets: what people compare, and what the next version names."""
    return Digest(sha256(dump_trust(trust)).digest())


def _contract_set_json(contract_set: ContractSet) -> dict[str, Any]:
    return {
        "fromBlock": contract_set.from_block,
        "toBlock": contract_set.to_block,
        "contracts": [
            {
                "name": contract.name,
                "address": contract.address.hex(),
                "codeDigest": contract.code_digest.hex(),
            }
            for contract in contract_set.contracts
        ],
    }


_TRUST_KEYS: Final = frozenset(
    {
        "format",
        "number",
        "previousDigest",
        "name",
        "chainId",
        "genesisDigest",
        "contractSets",
        "witnesses",
        "witnessQuorum",
        "notAfter",
    }
)


def _trust_from(document: Any) -> TrustConfig:
    if not isinstance(document, dict) or document.get("format") != TRUST_FORMAT:
        raise ValueError(f"format must be {TRUST_FORMAT}")
    unknown = sorted(set(document) - _TRUST_KEYS)
    if unknown:
        raise ValueError(f"unknown member {unknown[0]}")
    previous = document["previousDigest"]
    not_after = document["notAfter"]
    return TrustConfig(
        number=_whole(document["number"]),
        previous_digest=None if previous is None else Digest(_octets(previous, 32)),
        name=str(document["name"]),
        chain_id=_whole(document["chainId"]),
        genesis_digest=Digest(_octets(document["genesisDigest"], 32)),
        contract_sets=tuple(_contract_set_from(each) for each in document["contractSets"]),
        witnesses=tuple(
            WitnessKey(
                str(each["name"]), _octets(each["publicKey"], 32), _whole(each["controlGroup"])
            )
            for each in document["witnesses"]
        ),
        witness_quorum=_whole(document["witnessQuorum"]),
        not_after_s=FAR_FUTURE if not_after is None else UnixSeconds(_whole(not_after)),
    )


def _contract_set_from(document: Any) -> ContractSet:
    to_block = document["toBlock"]
    return ContractSet(
        from_block=BlockNumber(_whole(document["fromBlock"])),
        to_block=None if to_block is None else BlockNumber(_whole(to_block)),
        contracts=tuple(
            ContractCode(
                str(each["name"]),
                AccountAddress(_octets(each["address"], 20)),
                Digest(_octets(each["codeDigest"], 32)),
            )
            for each in document["contracts"]
        ),
    )


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a whole number of 0 or more")
    return value


def _octets(value: object, length: int) -> bytes:
    octets = bytes.fromhex(value) if isinstance(value, str) else b""
    if len(octets) != length:
        raise ValueError(f"{value!r} is not {length} octets in hexadecimal")
    return octets
