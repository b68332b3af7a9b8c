"""A ledger on a Clique chain: which rule it takes, and what it does when the first block lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.clique_blocks import keccak, with_digest
from veta.chain.contract_abi import CONTRACT_NAMES
from veta.chain.ledger import Finality, Web3Ledger
from veta.chain.web3_packages import BaseProvider
from veta.errors import ConfigError, LedgerMismatchError, ProvenanceError
from veta.model.anchoring import ContractCode
from veta.model.identifiers import AccountAddress, BlockNumber, Digest
from veta.model.trust import ContractSet, TrustConfig

BLOCKS: list[dict[str, Any]] = [
    each["block"]
    for each in json.loads(
        (Path(__file__).parents[1] / "vectors" / "clique_headers.json").read_bytes()
    )["blocks"]
]
CODE = bytes.fromhex("6001")
HEAD = len(BLOCKS) - 1
SEALERS = tuple(
    AccountAddress(bytes.fromhex(BLOCKS[0]["extraData"][2:])[32 + 20 * at : 52 + 20 * at])
    for at in range(4)
)


class Recorded(BaseProvider):
    """The recorded blocks, and contracts of two octets."""

    def __init__(self, blocks: list[dict[str, Any]] = BLOCKS) -> None:
        super().__init__()
        self.blocks = blocks

    def make_request(self, method: Any, params: Any) -> Any:
        return {"jsonrpc": "2.0", "id": 1, "result": self.result(method, params)}

    def result(self, method: str, params: list[Any]) -> Any:
        if method == "eth_chainId":
            return "0x4f25"
        if method == "eth_getCode":
            return "0x" + CODE.hex()
        if method == "eth_getBlockByHash":
            return next((dict(each) for each in self.blocks if each["hash"] == params[0]), None)
        assert method == "eth_getBlockByNumber"
        at = HEAD if params[0] == "latest" else int(params[0], 16)
        return dict(self.blocks[at])


def ledger(finality: Finality, blocks: list[dict[str, Any]] = BLOCKS) -> Web3Ledger:
    digest = Digest(keccak(CODE))
    contracts = tuple(
        ContractCode(name, AccountAddress(bytes([at]) * 20), digest)
        for at, name in enumerate(CONTRACT_NAMES)
    )
    trust = TrustConfig(
        number=1,
        previous_digest=None,
        name="recorded",
        chain_id=0x4F25,
        genesis_digest=Digest(bytes.fromhex(blocks[0]["hash"][2:])),
        contract_sets=(ContractSet(BlockNumber(0), None, contracts),),
    )
    return Web3Ledger(Recorded(blocks), trust, finality)


@pytest.mark.parametrize(
    ("finality", "number"),
    [
        (Finality(), HEAD - 3),
        (Finality("clique"), HEAD - 3),
        (Finality("clique", sealers=SEALERS), HEAD - 3),
        (Finality("depth", 1), HEAD - 3),
        (Finality("depth", 5), HEAD - 5),
        (Finality("depth", 50), 0),
    ],
    ids=["immediate", "clique", "named sealers", "too shallow", "deeper", "deeper than the chain"],
)
def test_final_head__of_a_clique_chain__is_never_sooner_than_its_sealers_make_it(
    finality: Finality, number: int
) -> None:
    asked = ledger(finality)
    assert asked.head().number == HEAD
    for _ in range(2):
        final = asked.final_head()
        assert (final.number, "0x" + final.digest.hex()) == (number, BLOCKS[number]["hash"])


def refused(finality: Finality, blocks: list[dict[str, Any]]) -> ProvenanceError:
    with pytest.raises((LedgerMismatchError, ConfigError)) as error:
        ledger(finality, blocks).final_head()
    return error.value


def test_final_head__first_block_that_hides_its_sealers__is_refused() -> None:
    bare = {**BLOCKS[0], "extraData": "0x"}
    assert refused(Finality("clique"), [bare, *BLOCKS[1:]]).code == "ledger.other_digest"
    named = Finality("clique", sealers=SEALERS)
    assert refused(named, [bare, *BLOCKS[1:]]).code == "ledger.other_digest"


def test_final_head__first_block_with_one_sealer_exchanged__is_refused() -> None:
    extra = bytearray.fromhex(BLOCKS[0]["extraData"][2:])
    extra[32] ^= 1
    swapped = {**BLOCKS[0], "extraData": "0x" + extra.hex()}
    for finality in (Finality(), Finality("clique")):
        assert refused(finality, [swapped, *BLOCKS[1:]]).code == "ledger.other_digest"


def test_final_head__chain_that_is_not_cliques__has_no_such_rule() -> None:
    other = with_digest(BLOCKS[0], extraData="0x")
    blocks = [other, *BLOCKS[1:]]
    assert refused(Finality("clique"), blocks).code == "config.no_sealers"
    assert ledger(Finality(), blocks).final_head().number == HEAD


def test_final_head__sealers_of_another_network__are_not_these() -> None:
    others = tuple(AccountAddress(bytes([at]) * 20) for at in range(4))
    error = refused(Finality("clique", sealers=others), BLOCKS)
    assert error.code == "ledger.foreign_sealer"
