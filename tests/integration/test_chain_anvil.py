"""A real client that is not ours: anchoring, revoking, reorganisations, blocks on a timer."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.support.chain_scenes import anvil, free_port, fund_anvil, network_on
from tests.support.ledger_conformance import LedgerScene, a_leaf, a_root
from veta.chain.clock import SystemClock
from veta.chain.contract_abi import CONTRACT_NAMES
from veta.chain.endpoint import EndpointProvider, RetryPolicy
from veta.chain.ledger import Finality, Web3Ledger
from veta.chain.transactions import transaction_id_of
from veta.errors import LedgerMismatchError, LedgerUnavailableError
from veta.model.anchoring import StatusAction, StatusReason
from veta.model.identifiers import UnixSeconds

pytestmark = pytest.mark.anvil
ONCE = RetryPolicy(attempts=1, breaker_failures=1_000)


@pytest.fixture
def provider() -> Iterator[EndpointProvider]:
    with anvil() as url:
        provider = EndpointProvider((url,), SystemClock(), retries=ONCE)
        yield provider
        provider.close()


@pytest.fixture
def scene(provider: EndpointProvider) -> LedgerScene:
    return network_on(provider, fund_anvil(provider)).scene()


def test_anvil__anchor_then_revoke__is_read_back_and_proven_by_the_head(scene: LedgerScene) -> None:
    root, leaf = a_root(), a_leaf()
    count = scene.ledger.event_head("StatementLog", scene.ledger.head()).count
    anchored = scene.submit(scene.miner_operator, scene.anchor_call(scene.miner, root))
    assert anchored.succeeded
    revoke = scene.ledger.encode_revoke(
        issuer=scene.miner, leaf=leaf, reason=StatusReason.WITHDRAWN, effective_s=UnixSeconds(0)
    )
    revoked = scene.submit(scene.miner_operator, revoke)
    assert revoked.succeeded
    at = scene.ledger.final_head()
    assert scene.ledger.anchor(scene.miner, root, at) is not None
    assert scene.ledger.status(scene.miner, leaf, anchored.block) == ()
    (entry,) = scene.ledger.status(scene.miner, leaf, at)
    assert entry.action is StatusAction.REVOKE
    assert scene.ledger.event_head("StatementLog", at).count == count + 2


def test_anvil__reorganised__old_block_is_named_by_digest_and_gone(
    provider: EndpointProvider, scene: LedgerScene
) -> None:
    root = a_root()
    raw = scene.sign(scene.miner_operator, scene.anchor_call(scene.miner, root))
    scene.ledger.send(raw)
    old = scene.wait(raw).block
    assert scene.ledger.anchor(scene.miner, root, old) is not None
    provider.make_request("anvil_reorg", [1, []])  # type: ignore[arg-type]  # anvil's own
    new = scene.ledger.block(old.number)
    assert new is not None
    assert new.digest != old.digest
    assert new.parent_digest == old.parent_digest
    # What is asked at the old block is not answered from the new chain.
    with pytest.raises(LedgerUnavailableError):
        scene.ledger.anchor(scene.miner, root, old)
    assert scene.ledger.anchor(scene.miner, root, new) is None
    assert scene.ledger.receipt(transaction_id_of(raw)) is None
    assert scene.ledger.events(new) == ()


def test_anvil__blocks_on_a_timer__receipt_appears_only_with_its_block() -> None:
    with anvil("--block-time", "1") as url:
        provider = EndpointProvider((url,), SystemClock())
        scene = network_on(provider, fund_anvil(provider)).scene(finality=Finality("depth", 1))
        root = a_root()
        raw = scene.sign(scene.miner_operator, scene.anchor_call(scene.miner, root))
        scene.ledger.send(raw)
        receipt = scene.wait(raw)
        assert receipt.succeeded
        for _ in range(60):
            if scene.ledger.final_head().number >= receipt.block.number:
                break
            time.sleep(0.1)
        assert scene.ledger.anchor(scene.miner, root, scene.ledger.final_head()) is not None
        provider.close()


@pytest.mark.row("T30")
def test_anvil__restarted_as_a_new_chain__is_refused_until_the_old_one_is_back() -> None:
    port = free_port()
    with anvil("--timestamp", "1790000000", port=port) as url:
        provider = EndpointProvider((url,), SystemClock(), retries=ONCE)
        ledger = network_on(provider, fund_anvil(provider)).ledger()
        assert ledger.head().number == len(CONTRACT_NAMES)
    with pytest.raises(LedgerUnavailableError):
        ledger.head()
    with (
        anvil("--timestamp", "1790000500", port=port),
        pytest.raises(LedgerMismatchError) as refused,
    ):
        ledger.head()
    assert refused.value.code == "ledger.wrong_genesis"
    with (
        anvil("--chain-id", "4711", port=port),
        pytest.raises(LedgerMismatchError) as refused,
    ):
        ledger.head()
    assert refused.value.code == "ledger.wrong_chain"
    # The same genesis without the contracts: as if somebody had wiped the chain.
    with (
        anvil("--timestamp", "1790000000", port=port) as url,
        pytest.raises(LedgerMismatchError) as refused,
    ):
        ledger.head()
    assert refused.value.code == "ledger.wrong_code"
    provider.close()


@pytest.mark.row("T39")
def test_anvil__time_travels__verdict_time_is_the_chains(
    provider: EndpointProvider, scene: LedgerScene
) -> None:
    before = scene.ledger.head().time_s
    provider.make_request("evm_increaseTime", [7_200])  # type: ignore[arg-type]  # anvil's own
    root = a_root()
    receipt = scene.submit(scene.miner_operator, scene.anchor_call(scene.miner, root))
    assert receipt.block.time_s >= before + 7_200
    record = scene.ledger.anchor(scene.miner, root, receipt.block)
    assert record is not None
    assert record.anchored_at_s == receipt.block.time_s


def test_anvil__identity__is_what_was_deployed(scene: LedgerScene) -> None:
    assert isinstance(scene.ledger, Web3Ledger)
    assert scene.ledger.consortium.member_count(scene.ledger.head()) == 2
