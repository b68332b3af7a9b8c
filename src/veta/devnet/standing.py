"""How the validators of a network stand: who runs, how far, and whether they tell the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from veta.bootstrap import open_reader
from veta.chain.rpc import quantity
from veta.config import load_trust
from veta.devnet.making import chain_settings
from veta.devnet.network import asked, height
from veta.devnet.record import NetworkFolder, NetworkRecord, ValidatorRecord
from veta.errors import LedgerError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import BlockNumber, Digest
from veta.model.trust import TrustConfig
from veta.ports.clock import Clock

State = Literal["running", "silent", "stopped", "refused"]


@dataclass(frozen=True, slots=True)
class ValidatorStanding:
    """One validator now.

    Attributes:
        state: ``stopped``: no process; ``silent``: a process that does not answer; ``refused``:
            it answers what the pinned chain cannot have, and ``code`` says what.
        final: its newest final block, by its own telling and everybody's seals.
    """

    record: ValidatorRecord
    state: State
    head: int | None = None
    final: BlockRef | None = None
    peers: int | None = None
    memory_octets: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class NetworkStanding:
    """All of them.

    Attributes:
        apart: validators that tell another final block than most do at the same height.
    """

    validators: tuple[ValidatorStanding, ...]
    apart: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all run and tell the same."""
        return not self.apart and all(each.state == "running" for each in self.validators)


def look_at(folder: NetworkFolder, record: NetworkRecord, clock: Clock) -> NetworkStanding:
    """Ask every validator.

    Raises:
        ConfigError: the trust configuration cannot be read.
    """
    trust = load_trust(folder.trust) if record.phase == "founded" else None
    found = tuple(_look(each, record, trust, clock) for each in record.validators)
    return NetworkStanding(found, _apart(found, record, trust))


def _look(
    each: ValidatorRecord, record: NetworkRecord, trust: TrustConfig | None, clock: Clock
) -> ValidatorStanding:
    if each.process is None or not each.process.is_alive():
        return ValidatorStanding(each, "stopped")
    memory = each.process.memory_octets()
    head = height(each.endpoint.url, clock)
    if head is None:
        return ValidatorStanding(each, "silent", memory_octets=memory)
    peers = asked(each.endpoint.url, clock, "net_peerCount")
    standing = ValidatorStanding(
        each,
        "running",
        head=head,
        peers=None if peers is None else quantity(peers, "a count of peers"),
        memory_octets=memory,
    )
    if trust is None:
        return standing
    try:
        with open_reader(trust, chain_settings(record, each.name), clock=clock) as node:
            return _with_final(standing, node.ledger.final_head())
    except LedgerError as error:
        return ValidatorStanding(each, "refused", head=head, memory_octets=memory, code=error.code)


def _with_final(standing: ValidatorStanding, final: BlockRef) -> ValidatorStanding:
    return ValidatorStanding(
        standing.record,
        standing.state,
        head=standing.head,
        final=final,
        peers=standing.peers,
        memory_octets=standing.memory_octets,
    )


def _apart(
    found: Iterable[ValidatorStanding], record: NetworkRecord, trust: TrustConfig | None
) -> tuple[str, ...]:
    """Who tells another block than most at the lowest of their final heights."""
    telling = [each for each in found if each.final is not None]
    if trust is None or len(telling) < 2:
        return ()
    common = min(each.final.number for each in telling if each.final is not None)
    told: dict[str, Digest | None] = {}
    for each in telling:
        try:
            with open_reader(trust, chain_settings(record, each.record.name)) as node:
                block = node.ledger.block(BlockNumber(common))
                told[each.record.name] = None if block is None else block.digest
        except LedgerError:
            told[each.record.name] = None
    counts = list(told.values())
    most = max(set(counts), key=counts.count)
    return tuple(name for name, digest in told.items() if digest != most)
