"""The machine's clock is wrong, or jumps: an alarm, and nothing else changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.api_world import ApiWorld, open_world
from tests.support.endpoints import black_hole, tcp_server
from tests.support.node_parts import ManualClock, Parts, make_parts
from veta.chain.clock import SystemClock
from veta.chain.connection import EndpointLimits
from veta.chain.embedded import EmbeddedChain
from veta.chain.embedded_rpc import EmbeddedProvider
from veta.chain.endpoint import EndpointProvider, RetryPolicy
from veta.errors import LedgerError, LedgerUnavailableError
from veta.model.determined import Known
from veta.model.identifiers import UnixSeconds
from veta.ports.store import OutboxEntry, StatementState
from veta.services.node import MemberDesk, Node
from veta.verify.verdict import Verdict

pytestmark = pytest.mark.row("T39")
YEAR_S = 365 * 86_400
JUMPS = (-YEAR_S, 2 * 3_600)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with open_world(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("ahead_s", "alarmed"), [(YEAR_S, True), (6, True), (5, False), (0, False), (-7_200, False)]
)
def test_health__head_so_far_ahead_of_the_clock__alarm_beyond_five_seconds(
    world: ApiWorld, ahead_s: int, alarmed: bool
) -> None:
    world.clock.wall_s = world.ledger.head().time_s - ahead_s
    health = world.node.health()
    assert [alarm.code for alarm in health.alarms] == ["clock.skew"] * alarmed
    assert health.head_age_s == -ahead_s
    assert health.ready  # an alarm is for a person; the chain's time is what verdicts use


@pytest.mark.parametrize(
    ("jump_s", "verdict"), [(JUMPS[0], Verdict.VALID), (JUMPS[1], Verdict.INDETERMINATE)]
)
def test_verify__clock_jumps__only_the_blocks_age_is_told_by_it(
    world: ApiWorld, jump_s: int, verdict: Verdict
) -> None:
    leaf = world.anchored(1)
    assert world.node.verify_leaf(leaf).verdict is Verdict.VALID
    world.clock.wall_s += jump_s
    # A head of two hours ago tells no status: not known, which is never "no".
    assert world.node.verify_leaf(leaf).verdict is verdict


def history(parts: Parts, jumps: dict[int, int]) -> tuple[list[OutboxEntry], list[str], list[str]]:
    """A run with bumps, a lost pool and late blocks; the wall clock jumps in some rounds."""
    told = []
    for turn in range(24):
        parts.clock.wall_s += jumps.get(turn, 0)
        if turn % 6 == 0:
            parts.add(2, start=turn)
            with suppress(LedgerError):
                parts.anchorer.anchor()
        if turn == 9:
            parts.ledger.drop_pool()
        if turn % 8 == 7:
            parts.ledger.mine()
        told.append(str(parts.steps(1)[0]))
    parts.ledger.faults.before = 0.0
    for _ in range(6):
        parts.anchorer.anchor()
        parts.steps(1)
        parts.ledger.mine()
    with parts.store.read() as work:
        entries = list(work.entries())
        states = {state for state, count in work.count_statements().items() if count}
        assert states == {StatementState.ANCHORED}
    return entries, told, parts.ledger.calls


def test_outbox__wall_clock_jumps_during_a_run__every_step_is_the_same(tmp_path: Path) -> None:
    runs = []
    for name, jumps in (("calm", {}), ("jumps", {3: JUMPS[0], 8: -JUMPS[0] + JUMPS[1], 15: -9})):
        (tmp_path / name).mkdir()
        parts = make_parts(tmp_path / name, automine=False, finality=1)
        parts.ledger.faults.before = 0.05
        runs.append(history(parts, jumps))
        parts.store.close()
    calm, jumped = runs
    assert any(len(entry.attempts) > 1 for entry in calm[0])
    assert calm == jumped


@dataclass
class JumpingClock(SystemClock):
    """The machine's clocks; each look at the wall shows another year."""

    looks: int = 0

    def now_s(self) -> UnixSeconds:
        self.looks += 1
        return UnixSeconds(int(time.time()) + JUMPS[self.looks % 2])


def test_endpoint__silent_while_the_wall_clock_jumps__times_out_as_always() -> None:
    limits = EndpointLimits(connect_timeout_s=0.2, read_timeout_s=0.2, total_timeout_s=0.3)
    with tcp_server(black_hole) as url:
        clock = JumpingClock()
        provider = EndpointProvider((url,), clock, limits, RetryPolicy(attempts=2))
        began_s = time.monotonic()
        with pytest.raises(LedgerUnavailableError) as silent:
            provider.make_request("eth_chainId", [])  # type: ignore[arg-type]  # a plain name
        assert silent.value.code == "ledger.timeout"
        assert 0.3 < time.monotonic() - began_s < 5
        assert clock.looks == 0
        provider.close()


def test_settle__wall_clock_jumps__ends_by_the_monotonic_clock(world: ApiWorld) -> None:
    @dataclass
    class Jumping(ManualClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            self.wall_s += JUMPS[len(self.slept) % 2]

    world.ledger.automine = False
    clock = Jumping(wall_s=world.clock.wall_s)
    desk: MemberDesk = world.node.desk
    node = Node(
        trust=world.node.trust, ledger=world.ledger, clock=clock, store=world.store, desk=desk
    )
    world.issue(1)
    desk.anchorer.anchor()
    report = node.settle(timeout_s=10)
    assert not report.settled
    assert 10 <= clock.passed_s < 11
    world.ledger.mine()
    assert node.settle(timeout_s=10).settled


def test_settle__nonce_displaced__goes_on_to_the_new_plan(world: ApiWorld) -> None:
    world.ledger.automine = False
    world.issue(1)
    world.node.desk.anchorer.anchor()
    world.ledger.drop_pool()
    world.ledger.automine = True
    report = world.node.settle(timeout_s=60)
    assert report.settled
    assert world.node.health().pending == 0


def test_embedded_chain__busier_than_time_passes__runs_ahead_and_says_so(world: ApiWorld) -> None:
    chain = EmbeddedChain.create(None, clock=lambda: 1_790_000_000.0)
    for _ in range(8):
        chain.mine()
    head = EmbeddedProvider(chain).make_request("eth_getBlockByNumber", ["latest", False])  # type: ignore[arg-type]
    ahead_s = int(head["result"]["timestamp"], 16) - 1_790_000_000
    assert ahead_s == 8
    chain.close()
    # A node on such a chain: the alarm names that cause too.
    world.clock.wall_s = world.ledger.head().time_s - ahead_s
    (alarm,) = world.node.health().alarms
    assert "faster than time passes" in alarm.message
    assert isinstance(world.node.health().head, Known)
