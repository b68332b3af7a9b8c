"""Starting, ending and looking at a network of validators on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from veta.chain.clique import read_header
from veta.chain.endpoint import EndpointProvider, RetryPolicy
from veta.chain.rpc import LATEST, RpcClient, quantity
from veta.devnet.description import NetworkDescription, load_description
from veta.devnet.engine import Engine
from veta.devnet.making import (
    choose_ports,
    found_consortium,
    make_network,
    write_homes,
    write_peers,
)
from veta.devnet.processes import ProcessName, is_free, start, with_argument
from veta.devnet.record import NetworkFolder, NetworkRecord, ValidatorRecord
from veta.errors import ConfigError, ConflictError, LedgerError, LedgerUnavailableError
from veta.ports.clock import Clock

Say = Callable[[str], None]
_WAIT_S: Final = 60.0
_POLL_S: Final = 0.1
_STALLED_S: Final = 15.0
_MENDINGS: Final = 6
_STARTS: Final = 3
"""A free port may be taken by somebody else before the engine listens there."""
_PORT_TAKEN: Final = b"address already in use"


@dataclass(frozen=True, slots=True)
class Devnet:
    """A network in a folder.

    Attributes:
        folder: where all of it is.
        clock: waits.
        say: told what goes on, for people.
    """

    folder: NetworkFolder
    clock: Clock
    say: Say

    def up(self, description: Path, engine: Engine) -> NetworkRecord:
        """Make the network if there is none, start whatever does not run, found the consortium.

        What an earlier command that was cut off left behind is taken up or cleared away.

        Raises:
            ConflictError: ``devnet.busy``, ``devnet.other_network``.
            ConfigError: as ``parse_description``, ``make_network``; ``devnet.not_started``.
            LedgerError: the validators make no blocks, or refuse the contracts.
        """
        network = load_description(description)
        digest = sha256(description.read_bytes()).hexdigest()
        with self.folder.claimed():
            record = self.folder.read()
            if record is None:
                self._end_strays()
                self.folder.clear()
                self.say("Making keys and the first block")
                record = make_network(
                    network, self.folder, engine, digest=digest, time_s=self.clock.now_s()
                )
            elif record.description != digest:
                raise ConflictError(
                    "devnet.other_network",
                    f"{self.folder.path} holds a network of another description: reset it first",
                )
            record = self._start(network, record, engine)
            write_homes(network, self.folder, record)
            return self._found(network, record, engine)

    def down(self) -> list[str]:
        """End the validators; everything they wrote stays. Gives the names of those that ran.

        Raises:
            ConflictError: ``devnet.busy``.
        """
        if not self.folder.exists():
            return []
        with self.folder.claimed():
            return self._end_all(self.folder.read())

    def reset(self) -> list[str]:
        """End the validators and remove all that was made, keys too.

        Raises:
            ConflictError: ``devnet.busy``.
        """
        if not self.folder.exists():
            return []
        with self.folder.claimed():
            try:
                record = self.folder.read()
            except ConfigError:
                record = None  # what cannot be read is found by the folder in its arguments
            ended = self._end_all(record)
            self.folder.clear()
            return ended

    # --- validators ----------------------------------------------------------------------------

    def _start(
        self, network: NetworkDescription, record: NetworkRecord, engine: Engine
    ) -> NetworkRecord:
        for _ in range(_STARTS):
            record = self._on_free_ports(network, record)
            for each in record.validators:
                if each.process is None or not each.process.is_alive():
                    self.say(f"Starting validator {each.name} at {each.endpoint.url}")
                    self._end_strays(each.name)
                    process = self._start_one(each, record.chain_id, engine)
                    record = record.with_validator(replace(each, process=process))
                    self.folder.write(record)
            if self._all_answer(record):
                return record
            self.say("A port was taken meanwhile; trying others")
        raise ConfigError("devnet.port_taken", "ports are taken faster than validators start")

    def _start_one(self, each: ValidatorRecord, chain_id: int, engine: Engine) -> ProcessName:
        data = self.folder.validator(each.name)
        command = engine.command(data, each.endpoint, chain_id=chain_id, sealer=each.sealer)
        return start(command, self.folder.log(each.name), folder=data)

    def _on_free_ports(self, network: NetworkDescription, record: NetworkRecord) -> NetworkRecord:
        """The same ports as before; new ones for all if somebody else has one of them now."""
        stopped = [
            each for each in record.validators if not (each.process and each.process.is_alive())
        ]
        for each in stopped:
            self._end_strays(each.name)
        ports = [
            port for each in stopped for port in (each.endpoint.http_port, each.endpoint.p2p_port)
        ]
        if all(is_free(port) for port in ports):
            return record
        self._end_all(record)
        endpoints = choose_ports(network)
        moved = tuple(
            replace(each, endpoint=endpoint, process=None)
            for each, endpoint in zip(record.validators, endpoints, strict=True)
        )
        record = replace(record, validators=moved)
        write_peers(self.folder, record)
        self.folder.write(record)
        return record

    def _all_answer(self, record: NetworkRecord) -> bool:
        """Wait until each answers; whether none lost its port to somebody else.

        Raises:
            ConfigError: ``devnet.not_started``.
            LedgerUnavailableError: ``devnet.silent``.
        """
        deadline = self.clock.monotonic_s() + _WAIT_S
        waiting = list(record.validators)
        while waiting:
            each = waiting[0]
            if asked(each.endpoint.url, self.clock, "eth_chainId") is not None:
                waiting.pop(0)
                continue
            if each.process is None or not each.process.is_alive():
                if _PORT_TAKEN in self._last_words(each.name):
                    return False
                raise ConfigError(
                    "devnet.not_started",
                    f"validator {each.name} ended at once; see {self.folder.log(each.name)}",
                )
            if self.clock.monotonic_s() > deadline:
                raise LedgerUnavailableError(
                    "devnet.silent", f"validator {each.name} does not answer in {_WAIT_S:.0f} s"
                )
            self.clock.sleep(_POLL_S)
        return True

    def _last_words(self, name: str) -> bytes:
        with self.folder.log(name).open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - 4_096))
            return stream.read()

    def _end_all(self, record: NetworkRecord | None) -> list[str]:
        ended = []
        for each in record.validators if record is not None else ():
            if each.process is not None and each.process.is_alive():
                self.say(f"Ending validator {each.name}")
                each.process.end()
                ended.append(each.name)
        self._end_strays()
        if record is not None:
            stopped = tuple(replace(each, process=None) for each in record.validators)
            self.folder.write(replace(record, validators=stopped))
        return ended

    def _end_strays(self, name: str = "") -> None:
        """End engines on our data folders that no record names: their starter was killed."""
        parent = self.folder.validator("x").parent
        folders = [parent / name] if name else sorted(parent.glob("*"))
        for data in folders:
            for process in with_argument(str(data)):
                self.say(f"Ending a validator that nobody remembers (process {process.pid})")
                process.end()

    # --- consortium ----------------------------------------------------------------------------

    def _found(
        self, network: NetworkDescription, record: NetworkRecord, engine: Engine
    ) -> NetworkRecord:
        self.say("Waiting for blocks")
        record = self._await_blocks(record, 1, engine)
        if record.phase == "founded":
            return record
        self.say("Founding the consortium")
        found_consortium(network, self.folder, record, self.clock)
        # Blocks may be replaced until they are final: what is pinned is read again afterwards.
        record = self._await_blocks(record, len(record.validators) // 2 + 1, engine)
        trust = found_consortium(network, self.folder, record, self.clock)
        write_homes(network, self.folder, record, trust)
        record = replace(record, phase="founded")
        self.folder.write(record)
        return record

    def _await_blocks(self, record: NetworkRecord, count: int, engine: Engine) -> NetworkRecord:
        """Wait until every validator is so many blocks further than the first one is now.

        Raises:
            LedgerUnavailableError: ``devnet.no_blocks``.
        """
        wanted = (height(record.validators[0].endpoint.url, self.clock) or 0) + count
        for _ in range(_MENDINGS):
            heights, moved_s = self._heights(record), self.clock.monotonic_s()
            while self.clock.monotonic_s() - moved_s < _STALLED_S:
                if all(each is not None and each >= wanted for each in heights):
                    return record
                self.clock.sleep(_POLL_S)
                before, heights = heights, self._heights(record)
                if heights != before:
                    moved_s = self.clock.monotonic_s()
            record = self._resynced(record, engine)
        raise LedgerUnavailableError(
            "devnet.no_blocks", f"the validators do not get on: they are at {heights}"
        )

    def _heights(self, record: NetworkRecord) -> list[int | None]:
        return [height(each.endpoint.url, self.clock) for each in record.validators]

    def _resynced(self, record: NetworkRecord, engine: Engine) -> NetworkRecord:
        """One validator forgets its branch and takes another's: docs/adr/0302."""
        each = next(
            (each for each in reversed(record.validators) if self._is_on_its_own(each)),
            record.validators[-1],
        )
        self.say(
            f"No block for {_STALLED_S:.0f} s: validator {each.name} begins anew from the others"
        )
        if each.process is not None:
            each.process.end()
        engine.begin_anew(self.folder.validator(each.name))
        process = self._start_one(each, record.chain_id, engine)
        record = record.with_validator(replace(each, process=process))
        self.folder.write(record)
        return record

    def _is_on_its_own(self, each: ValidatorRecord) -> bool:
        """Whether it sealed its own newest block, and so may not seal the next."""
        head = asked(each.endpoint.url, self.clock, "eth_getBlockByNumber", LATEST, False)
        try:
            return head is not None and "0x" + read_header(head).sealer().hex() == each.sealer
        except LedgerError:
            return False


def asked(url: str, clock: Clock, method: str, *parameters: object) -> object:
    """What an endpoint answers, asked once; ``None`` if it does not."""
    provider = EndpointProvider((url,), clock, retries=RetryPolicy(attempts=1))
    try:
        return RpcClient(provider).ask(method, *parameters)
    except LedgerError:
        return None
    finally:
        provider.close()


def height(url: str, clock: Clock) -> int | None:
    """Number of an endpoint's newest block; ``None`` if it does not answer."""
    answer = asked(url, clock, "eth_blockNumber")
    try:
        return None if answer is None else quantity(answer, "a height", 64)
    except LedgerError:
        return None
