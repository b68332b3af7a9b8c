"""The Ledger port's conformance suite on the real network, with a consortium of its own there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.chain_scenes import ETHER, network_on
from tests.support.devnet_network import CLOCK, RealNetwork
from tests.support.ledger_conformance import LedgerConformance, LedgerScene
from veta.bootstrap import KeyRing, PasswordFile
from veta.chain.endpoint import EndpointProvider
from veta.chain.ledger import Finality
from veta.chain.rpc import RpcClient
from veta.chain.transactions import account_nonce, fee_quote, find_receipt, transaction_id_of
from veta.model.identifiers import AccountAddress

pytestmark = [pytest.mark.devnet, pytest.mark.slow, pytest.mark.timeout(420)]


class TestDevnetLedger(LedgerConformance):
    """Four validators of a real engine, a block a second."""

    @pytest.fixture(scope="class")
    @classmethod
    def scene(cls, network: RealNetwork) -> Iterator[LedgerScene]:
        provider = EndpointProvider((network.url("norte"),), CLOCK)
        made = network_on(provider, lambda account: give(network, provider, account))
        yield made.scene(finality=Finality("clique"))
        provider.close()


def give(network: RealNetwork, provider: EndpointProvider, account: AccountAddress) -> None:
    """Funds from a member's account, there when it returns."""
    home = network.home("mina-aurora")
    ring = KeyRing(home / "keys", PasswordFile(home / "password"))
    client = RpcClient(provider)
    try:
        giver = ring.operator()
        fees = fee_quote(client)
        raw = giver.sign_transaction(
            chain_id=network.record.chain_id,
            nonce=account_nonce(client, giver.address),
            to=account,
            data=b"",
            gas_limit=21_000,
            max_fee=fees.max_fee,
            max_priority_fee=fees.max_priority_fee,
            value=100 * ETHER,
        )
        client.ask("eth_sendRawTransaction", "0x" + raw.hex())
        for _ in range(200):
            if find_receipt(client, transaction_id_of(raw)) is not None:
                return
            CLOCK.sleep(0.1)
    finally:
        ring.close()
    raise AssertionError("no block includes the gift")
