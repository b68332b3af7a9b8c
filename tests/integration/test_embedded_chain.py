"""The embedded chain: durable, locked, honest about damage, on whatever dates are wanted."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.support.chain_scenes import fund_embedded, network_on, signer
from tests.support.embedded_kill import PAYEE, PAYER, head, pay
from veta.chain.embedded import EmbeddedChain, EmbeddedGenesis
from veta.chain.embedded_rpc import EmbeddedProvider, EmbeddedRpc
from veta.chain.ledger import Web3Ledger
from veta.errors import (
    InputError,
    LedgerUnavailableError,
    OutcomeUnknownError,
    StoreError,
)
from veta.model.anchoring import BatchKind
from veta.model.identifiers import BatchRoot, UnixSeconds
from veta.ports.ledger import LedgerEvent

PROJECT = Path(__file__).resolve().parents[2]
SECRET = b"\x05" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chain.db"


def filled(path: Path | None, blocks: int = 5) -> EmbeddedChain:
    genesis = EmbeddedGenesis(time_s=UnixSeconds(1_700_000_000), faucet_secret=SECRET)
    ticks = iter(range(1_700_000_100, 1_800_000_000, 12))
    chain = EmbeddedChain.create(path, genesis, lambda: next(ticks))
    chain.fund(PAYER.address, 10**24)
    for _ in range(blocks):
        pay(chain)
    return chain


@pytest.mark.slow
def test_embedded__writer_killed_60_times__nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.embedded_kill", str(tmp_path), "60", "8"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["kills"] == 60
    assert summary["acknowledged"] >= 30
    assert summary["none"] <= 30


def test_embedded__reopened__same_head_state_receipts_and_logs(path: Path) -> None:
    chain = EmbeddedChain.create(path)
    network = network_on(EmbeddedProvider(chain), fund_embedded(chain))
    scene = network.scene()
    receipt = scene.submit(
        scene.miner_operator, scene.anchor_call(scene.miner, BatchRoot(b"\x01" * 32))
    )
    head_before, events = scene.ledger.head(), scene.all_events()
    chain.close()
    again = EmbeddedChain.open(path)
    ledger = Web3Ledger(EmbeddedProvider(again), network.deployment.trust("test"))
    assert ledger.head() == head_before
    assert ledger.receipt(receipt.transaction_id) == receipt
    assert ledger.next_sequence(scene.miner, head_before) == 2
    found: list[LedgerEvent] = []
    for number in range(head_before.number + 1):
        block = ledger.block(number)  # type: ignore[arg-type]  # a plain number
        assert block is not None
        found += ledger.events(block)
    assert found == events
    again.close()


def test_embedded__same_genesis_and_times__same_chain() -> None:
    first, second = filled(None), filled(None)
    assert head(first) == head(second)
    assert first.chain_id == 83_108
    first.close()
    second.close()


def test_embedded__in_use__second_opener_is_told_by_whom(path: Path) -> None:
    chain = filled(path)
    with pytest.raises(StoreError) as refused:
        EmbeddedChain.open(path)
    assert refused.value.code == "store.embedded_in_use"
    assert str(os.getpid()) in refused.value.message
    script = (
        "import sys; from pathlib import Path; from veta.chain.embedded import EmbeddedChain\n"
        "from veta.errors import StoreError\n"
        "try:\n    EmbeddedChain.open(Path(sys.argv[1]))\n"
        "except StoreError as error:\n    print(error.code)"
    )
    command = [sys.executable, "-c", script, str(path)]
    assert subprocess.run(command, capture_output=True, text=True).stdout == (
        "store.embedded_in_use\n"
    )
    chain.close()
    EmbeddedChain.open(path).close()


def test_embedded__missing_or_existing__is_said(path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        EmbeddedChain.open(path)
    assert refused.value.code == "store.missing"
    filled(path).close()
    with pytest.raises(StoreError) as refused:
        EmbeddedChain.create(path)
    assert refused.value.code == "store.exists"
    with pytest.raises(StoreError) as refused:
        EmbeddedChain.create(path.parent / "no" / "such" / "chain.db")
    assert refused.value.code == "store.missing"


@pytest.mark.row("T69")
@pytest.mark.parametrize("content", [b"", b"x", b"not a database at all" * 500, bytes(8192)])
def test_embedded_open__another_file__is_damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError) as refused:
        EmbeddedChain.open(path)
    assert refused.value.code == "store.damaged"
    assert path.read_bytes() == content


@pytest.mark.row("T69")
def test_embedded_open__flipped_bits__are_found_or_change_nothing(path: Path) -> None:
    chain = filled(path, 20)
    wanted = head(chain)
    chain.close()
    good = path.read_bytes()
    random = Random(3)
    found = 0
    for _ in range(150):
        at = random.randrange(len(good))
        path.write_bytes(
            good[:at] + bytes([good[at] ^ (1 << random.randrange(8))]) + good[at + 1 :]
        )
        try:
            damaged = EmbeddedChain.open(path)
        except StoreError as error:
            assert error.code == "store.damaged"
            found += 1
            continue
        with damaged.reading() as evm:
            assert evm.get_vm().state.get_balance(PAYEE) == 20
        assert head(damaged) == wanted
        damaged.close()
        path.write_bytes(good)
    assert found > 75


@pytest.mark.row("T69")
@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM state WHERE key = (SELECT key FROM state LIMIT 1)",
        "UPDATE state SET value = (SELECT max(value) FROM state) "  # noqa: ISC004 - one statement
        "WHERE key = (SELECT min(key) FROM state)",
        "DELETE FROM setting WHERE name = 'head'",
        "DELETE FROM setting WHERE name = 'rows'",
        "UPDATE setting SET value = x'00' WHERE name = 'chain_id'",
        "PRAGMA user_version = 9",
        "DROP TABLE state",
        "DELETE FROM state",
    ],
)
def test_embedded_open__rows_changed_by_hand__is_damaged(path: Path, damage: str) -> None:
    filled(path).close()
    connection = sqlite3.connect(path)
    connection.execute(damage)
    connection.commit()
    connection.close()
    with pytest.raises(StoreError) as refused:
        EmbeddedChain.open(path)
    assert refused.value.code in {"store.damaged", "store.failed"}


@pytest.mark.row("T69")
def test_embedded__database_full__block_is_not_made_and_the_chain_goes_on(path: Path) -> None:
    chain = filled(path)
    before = head(chain)
    connection = chain._state._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError) as failed:  # noqa: PT012 - the disk decides which one fails
        for _ in range(200):
            before = head(chain)
            pay(chain)
    assert failed.value.code == "store.full"
    assert head(chain) == before
    provider = EmbeddedProvider(chain)
    raw = PAYER.sign_transaction(
        chain_id=chain.chain_id, nonce=before[0] - 1, to=PAYEE, data=bytes(20_000),
        gas_limit=900_000, max_fee=10**10, max_priority_fee=1,
    )  # fmt: skip
    with pytest.raises(OutcomeUnknownError):
        provider.make_request("eth_sendRawTransaction", ["0x" + raw.hex()])  # type: ignore[arg-type]  # a plain name
    connection.execute("PRAGMA max_page_count = 1000000")
    pay(chain)
    assert head(chain)[0] == before[0] + 1
    chain.close()
    reopened = EmbeddedChain.open(path)
    assert head(reopened)[0] == before[0] + 1
    reopened.close()


FILE_LIMIT = """
import resource, signal, sys
from pathlib import Path
from tests.support.embedded_kill import head, pay
from veta.chain.embedded import EmbeddedChain
from veta.errors import StoreError
path = Path(sys.argv[1])
chain = EmbeddedChain.open(path)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = max(p.stat().st_size for p in path.parent.iterdir()) + 40_000
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
before = head(chain)
try:
    for _ in range(500):
        before = head(chain)
        pay(chain)
except StoreError as error:
    print(error.code, before[0])
"""


@pytest.mark.row("T69")
def test_embedded__operating_system_refuses_to_write__last_block_stays(path: Path) -> None:
    filled(path).close()
    done = subprocess.run(
        [sys.executable, "-c", FILE_LIMIT, str(path)], capture_output=True, text=True, cwd=PROJECT
    )
    code, number = done.stdout.split()
    assert code in {"store.full", "store.failed"}
    reopened = EmbeddedChain.open(path)
    assert int(number) <= head(reopened)[0] <= int(number) + 1
    pay(reopened)
    reopened.close()


@pytest.mark.row("T39")
def test_embedded__block_times__are_chosen_and_never_go_back() -> None:
    clock = {"now": 1_000_000_000.0}
    chain = EmbeddedChain.create(
        None, EmbeddedGenesis(time_s=UnixSeconds(1_772_000_000)), lambda: clock["now"]
    )
    ledger_times = []

    def mined() -> int:
        chain.mine()
        with chain.reading() as evm:
            ledger_times.append(evm.get_canonical_head().timestamp)
        return int(ledger_times[-1])

    # The machine's clock is decades behind the chain: the chain's time counts on by itself.
    assert mined() == 1_772_000_001
    chain.set_next_block_time(UnixSeconds(1_780_000_000))
    assert mined() == 1_780_000_000
    assert mined() == 1_780_000_001
    clock["now"] = 1_790_000_000.7
    assert mined() == 1_790_000_000
    clock["now"] = 1.0
    assert mined() == 1_790_000_001
    for late in (1_790_000_001, 1_600_000_000):
        with pytest.raises(InputError) as refused:
            chain.set_next_block_time(UnixSeconds(late))
        assert refused.value.code == "input.block_time"
    assert ledger_times == sorted(set(ledger_times))
    chain.close()


@pytest.mark.row("T39")
def test_embedded__chosen_time__is_what_the_contract_records() -> None:
    chain = EmbeddedChain.create(None, EmbeddedGenesis(time_s=UnixSeconds(1_772_000_000)))
    chain.set_next_block_time(UnixSeconds(1_900_000_000))
    chain.mine()
    scene = network_on(EmbeddedProvider(chain), fund_embedded(chain)).scene()
    chain.set_next_block_time(UnixSeconds(1_950_000_000))
    root = BatchRoot(b"\x09" * 32)
    receipt = scene.submit(scene.miner_operator, scene.anchor_call(scene.miner, root))
    record = scene.ledger.anchor(scene.miner, root, receipt.block)
    assert record is not None
    assert record.anchored_at_s == receipt.block.time_s == 1_950_000_000
    chain.close()


def test_embedded__blocks_held__several_transactions_share_one_and_order_holds() -> None:
    chain = EmbeddedChain.create(None)
    network = network_on(EmbeddedProvider(chain), fund_embedded(chain))
    ledger = network.ledger()
    chain.holds_blocks = True
    roots = [BatchRoot(bytes([number]) * 32) for number in range(1, 6)]
    operator = signer("miner")
    fees = ledger.fees()
    for place, root in enumerate(roots):
        call = ledger.encode_anchor(sequence=place + 1, root=root, size=1, kind=BatchKind.PASSPORT)
        ledger.send(
            operator.sign_transaction(
                chain_id=chain.chain_id, nonce=place, to=call.to, data=call.data,
                gas_limit=call.gas_limit, max_fee=fees.max_fee,
                max_priority_fee=fees.max_priority_fee,
            )
        )  # fmt: skip
    before = ledger.head()
    chain.mine()
    block = ledger.head()
    assert block.number == before.number + 1
    events = ledger.events(block)
    assert [event.log_index for event in events] == [0, 1, 2, 3, 4]
    assert [event.topics[2] for event in events] == roots
    assert len({event.transaction_id for event in events}) == 5
    chain.close()


def test_embedded_send__undecodable_or_unfit__is_refused_and_no_block_made() -> None:
    chain = filled(None)
    before = head(chain)
    good = {
        "chain_id": chain.chain_id, "nonce": 5, "to": PAYEE, "data": b"", "gas_limit": 21_000,
        "max_fee": 10**10, "max_priority_fee": 1, "value": 1,
    }  # fmt: skip
    unfit = [
        b"", b"\x02", b"\xff" * 50, bytes(200_000),
        PAYER.sign_transaction(**{**good, "nonce": 6}),  # type: ignore[arg-type]  # one field off
        PAYER.sign_transaction(**{**good, "nonce": 3, "value": 2}),  # type: ignore[arg-type]  # one field off
        PAYER.sign_transaction(**{**good, "chain_id": 1}),  # type: ignore[arg-type]  # one field off
        PAYER.sign_transaction(**{**good, "max_fee": 1}),  # type: ignore[arg-type]  # one field off
        PAYER.sign_transaction(**{**good, "gas_limit": 1}),  # type: ignore[arg-type]  # one field off
        PAYER.sign_transaction(**{**good, "value": 10**40}),  # type: ignore[arg-type]  # one field off
    ]  # fmt: skip
    codes = []
    for raw in unfit:
        try:
            chain.send(raw)
        except InputError as error:
            codes.append(error.code)
        else:
            codes.append("taken")
    assert codes == ["transaction.refused"] * len(unfit)
    assert head(chain) == before
    pay(chain)
    assert head(chain)[0] == before[0] + 1
    chain.close()


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("eth_noSuchMethod", []),
        ("eth_getBlockByNumber", []),
        ("eth_getBlockByNumber", ["latest", True]),
        ("eth_getBlockByNumber", [{}]),
        ("eth_getBlockByNumber", ["zz"]),
        ("eth_call", [{}, "latest"]),
        ("eth_call", [None]),
        ("eth_call", [{"to": "0x12"}]),
        ("eth_getCode", ["0x" + "00" * 20, {"blockHash": "0x" + "ab" * 32}]),
        ("eth_getLogs", [{"blockHash": "0x" + "ab" * 32}]),
        ("eth_getLogs", [{"topics": ["0x12"]}]),
        ("eth_getTransactionReceipt", ["0x12"]),
        ("eth_sendRawTransaction", ["zz"]),
        ("eth_sendRawTransaction", [7]),
    ],
)
def test_embedded_rpc__malformed_request__is_an_error_answer(
    method: str, parameters: list[object]
) -> None:
    chain = filled(None, 1)
    answer = EmbeddedRpc(chain).answer(method, parameters)
    assert isinstance(answer["error"]["code"], int)
    chain.close()


def test_embedded__closed__is_unavailable_not_a_wrong_answer() -> None:
    chain = EmbeddedChain.create(None)
    scene = network_on(EmbeddedProvider(chain), fund_embedded(chain)).scene()
    chain.close()
    chain.close()
    with pytest.raises(LedgerUnavailableError) as failed:
        scene.ledger.head()
    assert failed.value.code == "ledger.embedded_failed"


def test_embedded__shown__tells_no_faucet_key(path: Path) -> None:
    genesis = EmbeddedGenesis(faucet_secret=SECRET)
    chain = EmbeddedChain.create(path, genesis)
    assert "\\x05" not in f"{genesis!r} {chain!r}"
    chain.close()
    assert path.stat().st_mode & 0o077 == 0
