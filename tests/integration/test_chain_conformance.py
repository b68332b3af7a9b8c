"""The Ledger port's conformance suite on every implementation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chain_scenes import anvil, fund_anvil, fund_embedded, network_on
from tests.support.fake_accounts import FakeAccount
from tests.support.fake_ledger import FakeLedger
from tests.support.ledger_conformance import LedgerConformance, LedgerScene
from veta.chain.clock import SystemClock
from veta.chain.embedded import EmbeddedChain
from veta.chain.embedded_rpc import EmbeddedProvider
from veta.chain.embedded_server import EmbeddedServer
from veta.chain.endpoint import EndpointProvider
from veta.chain.ledger import Finality
from veta.model.identifiers import MemberId


class TestFakeLedger(LedgerConformance):
    """The in-memory ledger of the other tests."""

    @pytest.fixture
    def scene(self) -> LedgerScene:
        ledger = FakeLedger()
        miner, smelter, stranger = (FakeAccount(word) for word in ("miner", "smelter", "nobody"))
        ledger.admit(MemberId(1), "did:web:mina-aurora.example")
        ledger.admit(MemberId(2), "did:web:fundicion-norte.example")
        ledger.bind_account(MemberId(1), miner.address)
        ledger.bind_account(MemberId(2), smelter.address)
        ledger.fund(stranger.address)
        return LedgerScene(
            ledger=ledger,
            chain_id=ledger.chain_id,
            miner=MemberId(1),
            miner_identifier="did:web:mina-aurora.example",
            miner_operator=miner,
            smelter=MemberId(2),
            smelter_operator=smelter,
            stranger=stranger,
        )


class TestEmbeddedLedger(LedgerConformance):
    """The embedded chain in this process, on disk."""

    @pytest.fixture(scope="class")
    @classmethod
    def scene(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerScene]:
        path: Path = tmp_path_factory.mktemp("embedded") / "chain.db"
        chain = EmbeddedChain.create(path)
        yield network_on(EmbeddedProvider(chain), fund_embedded(chain)).scene()
        chain.close()


class TestEmbeddedLedgerHoldingBlocks(LedgerConformance):
    """The embedded chain, closing blocks by itself only when told to."""

    @pytest.fixture(scope="class")
    @classmethod
    def scene(cls) -> Iterator[LedgerScene]:
        chain = EmbeddedChain.create(None)
        network = network_on(EmbeddedProvider(chain), fund_embedded(chain))
        chain.holds_blocks = True
        yield network.scene(chain.mine, Finality("depth", 2))
        chain.close()


class TestEmbeddedLedgerOverHttp(LedgerConformance):
    """The embedded chain behind its loopback server."""

    @pytest.fixture(scope="class")
    @classmethod
    def scene(cls) -> Iterator[LedgerScene]:
        chain = EmbeddedChain.create(None)
        server = EmbeddedServer(chain)
        provider = EndpointProvider((server.url,), SystemClock())
        yield network_on(provider, fund_embedded(chain)).scene()
        provider.close()
        server.close()
        chain.close()


@pytest.mark.anvil
class TestAnvilLedger(LedgerConformance):
    """A real client over JSON-RPC, a block a transaction."""

    @pytest.fixture(scope="class")
    @classmethod
    def scene(cls) -> Iterator[LedgerScene]:
        with anvil() as url:
            provider = EndpointProvider((url,), SystemClock())
            yield network_on(provider, fund_anvil(provider)).scene(finality=Finality("finalized"))
            provider.close()
