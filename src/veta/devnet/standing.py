"""How the validators of a network stand: who runs, how far, and whether they tell the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from veta.bootstrap import open_reader
from veta.chain.rpc import LATEST, block_ref, quantity
from veta.config import load_trust
from veta.devnet.making import chain_settings
from veta.devnet.network import asked
from veta.devnet.record import NetworkFolder, NetworkRecord, ValidatorRecord
from veta.errors import LedgerError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import BlockNumber, Digest
from veta.model.trust import TrustConfig
from veta.ports.clock import Clock

HALTED_S: Final = 20
"""With a block a second, and every validator late once in a while, that is no delay any more."""

State = Literal["running", "silent", "stopped", "refused"]


@dataclass(frozen=True, slots=True)
class ValidatorStanding:
    """One validator now.

    Attributes:
        state: ``stopped``: no process; ``silent``: a process that does not answer; ``refused``:
            it answers what the pinned chain cannot have, and ``code`` says what.
        age_s: of its newest block, by this machine's clock.
        final: its newest final block, by its own telling and everybody's seals.
    """

    record: ValidatorRecord
    state: State
    head: int | None = None
    age_s: int | None = None
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
        """Whether all run, make blocks and tell the same."""
        running = all(each.state == "running" for each in self.validators)
        return running and not self.apart and not self.is_halted

    @property
    def is_halted(self) -> bool:
        """Whether no block was made for long."""
        ages = [each.age_s for each in self.validators if each.age_s is not None]
        return bool(ages) and min(ages) > HALTED_S


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
    newest = asked(each.endpoint.url, clock, "eth_getBlockByNumber", LATEST, False)
    if newest is None:
        return ValidatorStanding(each, "silent", memory_octets=memory)
    head = block_ref(newest)
    peers = asked(each.endpoint.url, clock, "net_peerCount")
    standing = ValidatorStanding(
        each,
        "running",
        head=head.number,
        age_s=max(0, clock.now_s() - head.time_s),
        peers=None if peers is None else quantity(peers, "a count of peers"),
        memory_octets=memory,
    )
    if trust is None:
        return standing
    try:
        with open_reader(trust, chain_settings(record, each.name), clock=clock) as node:
            return replace(standing, final=node.ledger.final_head())
    except LedgerError as error:
        return replace(standing, state="refused", code=error.code)


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
