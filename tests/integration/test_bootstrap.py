"""Wiring: what is refused at the start, what stays closed until it is used, and who may share."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_home import LOTS, Home, anchored_home
from veta.bootstrap import (
    EmbeddedServer,
    Opening,
    SystemClock,
    build_node,
    open_embedded,
    open_home,
    open_reader,
)
from veta.bootstrap.chains import SEAL_AFTER_S
from veta.config import ChainSettings, load_node_config, load_trust
from veta.errors import (
    ConfigError,
    ForbiddenError,
    KeyAccessError,
    LedgerMismatchError,
    LedgerUnavailableError,
    NotFoundError,
    StoreError,
)
from veta.model.identifiers import Digest, UnixSeconds
from veta.ports.ledger import Ledger
from veta.services.verify import verify_bundle
from veta.statement.jws import leaf_of, read_statement
from veta.verify.transport import read_bundle
from veta.verify.verdict import Verdict


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return anchored_home(tmp_path)


class LaterClock(SystemClock):
    """The machine's clock, a while later."""

    def __init__(self, later_s: int) -> None:
        self.later_s = later_s

    def now_s(self) -> UnixSeconds:
        return UnixSeconds(super().now_s() + self.later_s)


def never(_label: str, /) -> bytes:
    raise AssertionError("the password was asked for")


@pytest.mark.row("T74")
@pytest.mark.parametrize("part", ["chain", "genesis", "code"])
def test_build_node__pinned_elsewhere__is_refused_and_everything_released(
    home: Home, part: str
) -> None:
    config, trust = load_node_config(home.home / "node.toml"), load_trust(home.trust)
    (pinned,) = trust.contract_sets
    other_code = replace(pinned.contracts[0], code_digest=Digest(bytes(32)))
    wrong = {
        "chain": replace(trust, chain_id=trust.chain_id + 1),
        "genesis": replace(trust, genesis_digest=Digest(bytes(32))),
        "code": replace(
            trust, contract_sets=(replace(pinned, contracts=(other_code, *pinned.contracts[1:])),)
        ),
    }[part]
    with pytest.raises(LedgerMismatchError) as refusal:
        build_node(config, wrong)
    assert refusal.value.code == f"ledger.wrong_{part}"
    build_node(config, trust).close()  # neither keys nor chain are still held


def test_build_node__member_unknown_to_the_chain__is_refused(home: Home) -> None:
    config = load_node_config(home.home / "node.toml")
    stranger = replace(config, member="did:web:nobody.example")
    with pytest.raises(ConfigError) as refusal:
        build_node(stranger, load_trust(home.trust))
    assert refusal.value.code == "config.not_a_member"


def test_build_node__store_lost_after_anchoring__is_no_new_beginning(home: Home) -> None:
    for path in home.home.glob("store.sqlite*"):
        path.unlink()
    with pytest.raises(StoreError) as refusal:
        open_home(home.home, opening=Opening())
    assert refusal.value.code == "store.missing"


def test_node__everything_but_signing__needs_no_password(home: Home) -> None:
    with open_home(home.home, password=never, opening=Opening()) as node:
        (stored,) = node.find(f"{node.config.member}:lot:{LOTS[0]}")
        assert node.verify_leaf(stored.record.leaf).verdict is Verdict.VALID
        assert node.desk.anchorer.anchor().planned == []
        assert node.settle().settled
        assert "never" not in repr(node.keys)


@pytest.mark.row("T34")
def test_node__second_one_on_the_same_keys__is_refused(home: Home) -> None:
    config, trust = load_node_config(home.home / "node.toml"), load_trust(home.trust)
    with open_home(home.home, opening=Opening()) as first:
        opening = Opening(chain=first.embedded)
        with pytest.raises(KeyAccessError) as keys:
            build_node(config, trust, opening=opening)
        assert keys.value.code == "key.in_use"
        # Reading beside it is fine, through the same chain.
        with build_node(config, trust, opening=replace(opening, writes=False)) as second:
            assert not second.writes
            with pytest.raises(ForbiddenError):
                _ = second.desk
            with pytest.raises(ForbiddenError):
                _ = second.keys
        assert first.health().ready


def test_open_reader__stranger_over_json_rpc__judges_and_keeps_nothing(home: Home) -> None:
    bundle, _ = read_bundle(home.bundle(LOTS[0]).read_bytes(), now_s=UnixSeconds(int(time.time())))
    config, trust = load_node_config(home.home / "node.toml"), load_trust(home.trust)
    chain = open_embedded(config, SystemClock())
    server = EmbeddedServer(chain)
    try:
        settings = ChainSettings(kind="json-rpc", urls=(server.url,))
        with open_reader(trust, settings) as reader:
            chain.mine()
            assert reader.verify(bundle).verdict is Verdict.VALID
            with pytest.raises(ForbiddenError):
                _ = reader.store
            with pytest.raises(NotFoundError):
                reader.bundle(leaf_of(read_statement(bundle.token).payload))
            server.close()
            report = reader.verify(bundle)
            assert report.verdict is Verdict.INDETERMINATE
            assert report.verified is None
    finally:
        chain.close()
    with pytest.raises(LedgerUnavailableError):
        open_reader(trust, settings)


def test_embedded_chain__idle_for_a_day__seals_when_it_is_asked(home: Home) -> None:
    clock = LaterClock(86_400)
    with open_home(home.home, opening=Opening(clock=clock, writes=False)) as node:
        (stored,) = node.find(f"{node.config.member}:lot:{LOTS[0]}")
        before = node.chain.block(node.ledger.head().number)
        report = node.verify_leaf(stored.record.leaf)
        assert report.verdict is Verdict.VALID
        assert before is not None
        assert clock.now_s() - before.time_s <= SEAL_AFTER_S
        assert node.ledger.head().number == before.number  # not one more for each question


def test_embedded_chain__closed_below_a_node__is_no_answer_and_never_valid(home: Home) -> None:
    with open_home(home.home) as node:
        leaf = node.find(f"{node.config.member}:lot:{LOTS[0]}")[0].record.leaf
        assert node.embedded is not None
        node.embedded.close()
        assert node.verify_leaf(leaf).verdict is Verdict.INDETERMINATE
        assert not node.health().ready


class FailingOnce:
    """A ledger whose call number ``at`` fails; it knows nothing else of ledgers."""

    def __init__(self, ledger: Ledger, at: int) -> None:
        self._ledger = ledger
        self.left = at

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._ledger, name)

        def call(*arguments: Any) -> Any:
            self.left -= 1
            if self.left == -1:
                raise LedgerUnavailableError("ledger.timeout", f"no answer to {name}")
            return method(*arguments)

        return call


@pytest.mark.row("T75")
def test_verify__any_one_question_unanswered__is_never_a_good_verdict(home: Home) -> None:
    bundle, _ = read_bundle(home.bundle(LOTS[0]).read_bytes(), now_s=UnixSeconds(int(time.time())))
    with open_home(home.home) as node:
        verdicts = []
        for at in range(100):
            ledger: Any = FailingOnce(node.ledger, at)
            report = verify_bundle(node.verifier, ledger, node.clock, bundle)
            if ledger.left >= 0:
                assert report.verdict is Verdict.VALID  # nothing failed any more
                break
            assert report.verified is None
            verdicts.append(report.verdict)
    assert len(verdicts) >= 7
    assert set(verdicts) == {Verdict.INDETERMINATE}


def test_import_veta__offline_judging__loads_no_chain_package() -> None:
    program = (
        "import sys, veta; veta.Verifier, veta.read_bundle, veta.load_trust, veta.Policy\n"
        "heavy = {'web3', 'eth_account', 'eth', 'sqlalchemy', 'fastapi', 'typer', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)), sys.getrecursionlimit())\n"
        "veta.open_node, veta.open_reader\n"
        "print(sorted(heavy & set(sys.modules)) != [], sys.getrecursionlimit())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["[] 1000", "True 1000"]


def test_public_names__all_of_them__exist_and_are_documented() -> None:
    import veta

    for name in veta.__all__:
        assert getattr(veta, name, None) is not None, name
        if name != "__version__":
            assert getattr(veta, name).__doc__, name
    with pytest.raises(AttributeError):
        _ = veta.nothing_of_the_kind
