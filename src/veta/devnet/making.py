"""Making a network's keys, first blocks and homes; contracts are founded once blocks are made."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from veta.bootstrap import Founder, KeyRing, KeySpec, PasswordFile, found_network
from veta.chain.governance import GovernanceRules
from veta.config import ChainSettings, NodeConfig, dump_node_config, dump_trust
from veta.devnet.description import MemberEntry, NetworkDescription
from veta.devnet.engine import Endpoint, Engine
from veta.devnet.genesis import Peer, genesis_document, peer_settings
from veta.devnet.processes import free_ports, is_free
from veta.devnet.record import NetworkFolder, NetworkRecord, ValidatorRecord
from veta.errors import ConfigError
from veta.keys.signers import Es256kSigner
from veta.model.consortium import KeyAlgorithm, KeyPurpose
from veta.model.identifiers import AccountAddress, UnixSeconds
from veta.model.trust import TrustConfig
from veta.ports.clock import Clock

PASSWORD: Final = "password"  # noqa: S105 - the name of a file
_SCRYPT_LOG2_N: Final = 17
"""The least that is allowed: each validator opens its key while everybody waits."""


def make_network(
    network: NetworkDescription,
    folder: NetworkFolder,
    engine: Engine,
    *,
    digest: str,
    time_s: UnixSeconds,
) -> NetworkRecord:
    """Keys of validators and members, the first block everywhere, and who connects to whom.

    Raises:
        ConfigError: ``devnet.genesis_refused``, ``devnet.port_taken``.
        KeyAccessError: as ``KeyRing.create``.
    """
    ports = choose_ports(network)
    # Deriving a key from a password takes long on purpose, and lets other threads run meanwhile.
    with ThreadPoolExecutor(max_workers=4) as pool:
        owned = pool.map(lambda each: _member_keys(each, folder), network.members)
        made = list(
            pool.map(
                lambda each, endpoint: _validator_keys(each.name, folder, endpoint),
                network.validators,
                ports,
            )
        )
        funded = [account for accounts in owned for account in accounts]
    genesis = genesis_document(
        network,
        sealers=[AccountAddress(bytes.fromhex(each.sealer[2:])) for each in made],
        funded=funded,
        time_s=time_s,
    )
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda each: engine.initialise(folder.validator(each.name), genesis), made))
    record = NetworkRecord(
        description=digest,
        engine=str(engine.program),
        chain_id=network.chain_id,
        phase="made",
        validators=tuple(made),
    )
    write_peers(folder, record)
    folder.write(record)
    return record


def choose_ports(network: NetworkDescription) -> list[Endpoint]:
    """Two ports a validator: those of the description, else free ones.

    Raises:
        ConfigError: ``devnet.port_taken``: one of the description's is in use.
    """
    named = {port for each in network.validators for port in (each.http_port, each.p2p_port)}
    for port in sorted(named - {0}):
        if not is_free(port):
            raise ConfigError("devnet.port_taken", f"port {port} is in use by another process")
    # More than are needed: a free one may be one that the description gives to another.
    free = iter(each for each in free_ports(4 * len(network.validators)) if each not in named)
    return [
        Endpoint(each.http_port or next(free), each.p2p_port or next(free))
        for each in network.validators
    ]


def write_peers(folder: NetworkFolder, record: NetworkRecord) -> None:
    """Tell each validator of the others."""
    peers = [
        Peer(each.name, bytes.fromhex(each.public_key), each.endpoint.p2p_port)
        for each in record.validators
    ]
    for own in peers:
        others = [each for each in peers if each is not own]
        (folder.validator(own.name) / "peers.toml").write_text(peer_settings(own, others))


def found_consortium(
    network: NetworkDescription, folder: NetworkFolder, record: NetworkRecord, clock: Clock
) -> TrustConfig:
    """Deploy the contracts through the first member's validator, or finish what was begun.

    Raises:
        LedgerError: as ``bootstrap.found_network``.
    """
    founders = tuple(
        Founder(
            identifier=each.identifier,
            name=each.title,
            country=each.country,
            roles=each.roles,
            votes=each.votes,
            ring=KeyRing(folder.home(each.name) / "keys", _password(folder.home(each.name))),
            control_group=each.control_group,
        )
        for each in network.members
    )
    try:
        return found_network(
            chain_settings(record, network.members[0].validator),
            founders,
            name=network.name,
            clock=clock,
            rules=GovernanceRules(timelock_s=network.timelock_s),
        )
    finally:
        for founder in founders:
            founder.ring.close()


def chain_settings(record: NetworkRecord, validator: str) -> ChainSettings:
    """How a node asks a validator; final is what more than half of the sealers stand behind."""
    found = next(each for each in record.validators if each.name == validator)
    return ChainSettings(kind="json-rpc", urls=(found.endpoint.url,), finality="clique")


def write_homes(
    network: NetworkDescription,
    folder: NetworkFolder,
    record: NetworkRecord,
    trust: TrustConfig | None = None,
) -> None:
    """Each member's ``node.toml`` and, once it is known, what everybody pins."""
    for each in network.members:
        home = folder.home(each.name)
        config = NodeConfig(
            home=home,
            member=each.identifier,
            password_file=Path(PASSWORD),
            chain=chain_settings(record, each.validator),
        )
        _replace(home / "node.toml", dump_node_config(config).encode())
        if trust is not None:
            _replace(home / "trust.json", dump_trust(trust))
    if trust is not None:
        _replace(folder.trust, dump_trust(trust))


def _member_keys(member: MemberEntry, folder: NetworkFolder) -> list[AccountAddress]:
    """Make a member's keys; the accounts among them."""
    home = folder.home(member.name)
    home.mkdir(mode=0o700, parents=True)
    _write_password(home)
    ring = KeyRing.create(home / "keys", _password(home), scrypt_log2_n=_SCRYPT_LOG2_N)
    return [each.address for each in ring.records() if each.address is not None]


def _validator_keys(name: str, folder: NetworkFolder, endpoint: Endpoint) -> ValidatorRecord:
    data = folder.validator(name)
    (data / "geth").mkdir(mode=0o700, parents=True)
    _write_password(data)
    spec = KeySpec(KeyPurpose.OPERATE, KeyAlgorithm.ACCOUNT)
    ring = KeyRing.create(data / "keystore", _password(data), (spec,), scrypt_log2_n=_SCRYPT_LOG2_N)
    (account,) = [each.address for each in ring.records() if each.address is not None]
    secret = secrets.token_bytes(32)
    _write_private(data / "geth" / "nodekey", secret.hex())
    return ValidatorRecord(
        name=name,
        sealer="0x" + account.hex(),
        public_key=Es256kSigner(secret).public_key.hex(),
        endpoint=endpoint,
    )


def _password(home: Path) -> PasswordFile:
    return PasswordFile(home / PASSWORD)


def _write_password(home: Path) -> None:
    _write_private(home / PASSWORD, secrets.token_urlsafe(24) + "\n")


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text)


def _replace(path: Path, octets: bytes) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(octets)
    draft.replace(path)
