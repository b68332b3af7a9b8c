"""Clique's seals and its final block, against go-ethereum's own headers and signers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coincurve
import pytest

from tests.support.clique_blocks import address_of, resealed
from veta.chain.clique import (
    SEAL_OCTETS,
    CliqueFinality,
    Header,
    extra_of,
    genesis_sealers,
    read_header,
)
from veta.errors import LedgerError, LedgerMismatchError, LedgerUnavailableError
from veta.model.identifiers import AccountAddress, Digest

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "clique_headers.json").read_bytes())[
    "blocks"
]
BLOCKS = [each["block"] for each in VECTORS]
GENESIS = Digest(bytes.fromhex(BLOCKS[0]["hash"][2:]))
SEALERS = genesis_sealers(extra_of(BLOCKS[0]))

# The first block of a public Clique network, as its client publishes it (EIP-225's test network).
RINKEBY = {
    "number": "0x0",
    "hash": "0x6341fd3daf94b748c72ced5a5b26028f2474f5f00d824504e4fa37a75767e177",
    "parentHash": "0x" + "00" * 32,
    "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
    "miner": "0x" + "00" * 20,
    "stateRoot": "0x53580584816f617295ea26c0e17641e0120cab2f0a8ffb53a866fd53aa8e8c2d",
    "transactionsRoot": "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    "receiptsRoot": "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    "logsBloom": "0x" + "00" * 256,
    "difficulty": "0x1",
    "gasLimit": "0x47b760",
    "gasUsed": "0x0",
    "timestamp": "0x58ee40ba",
    "extraData": "0x52657370656374206d7920617574686f7269746168207e452e436172746d616e"
    "42eb768f2244c8811c63729a21a3569731535f06"
    "7ffc57839b00206d1ad20c69a1981b489f772031"
    "b279182d99e65703f0076e4812653aab85fca0f0" + "00" * 65,
    "mixHash": "0x" + "00" * 32,
    "nonce": "0x" + "00" * 8,
}


def rule(
    blocks: list[dict[str, Any]] = BLOCKS,
    sealers: tuple[AccountAddress, ...] = SEALERS,
    genesis: Digest = GENESIS,
) -> CliqueFinality:
    by_digest = {bytes.fromhex(each["hash"][2:]): each for each in blocks}
    return CliqueFinality(sealers, genesis, lambda digest: by_digest.get(bytes(digest)))


class TestSeals:
    def test_sealer__of_real_blocks__is_the_clients_own_answer(self) -> None:
        told = [each["signer"] for each in VECTORS[1:]]
        assert ["0x" + read_header(each).sealer().hex() for each in BLOCKS[1:]] == told
        assert len(set(told)) == 4

    def test_genesis__of_a_public_network__names_its_three_sealers(self) -> None:
        assert read_header(RINKEBY).block.digest.hex() == RINKEBY["hash"][2:]
        assert [each.hex()[:8] for each in genesis_sealers(extra_of(RINKEBY))] == [
            "42eb768f",
            "7ffc5783",
            "b279182d",
        ]

    @pytest.mark.parametrize(
        "extra",
        [
            b"",
            bytes(32),
            bytes(97),
            bytes(32) + bytes(19) + bytes(65),
            bytes(32) + b"\1" * 20 + bytes(64) + b"\1",
            bytes(32) + b"\2" * 20 + b"\1" * 20 + bytes(65),
            bytes(32) + b"\1" * 40 + bytes(65),
        ],
        ids=["empty", "vanity", "nobody", "cut", "sealed", "unsorted", "twice"],
    )
    def test_genesis__of_another_engine__names_nobody(self, extra: bytes) -> None:
        assert genesis_sealers(extra) == ()

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("stateRoot", "0x" + "11" * 32),
            ("timestamp", "0x7fffffff"),
            ("number", "0x7"),
            ("parentHash", "0x" + "22" * 32),
            ("receiptsRoot", "0x" + "33" * 32),
            ("difficulty", "0x1ffff"),
            ("baseFeePerGas", "0x1"),
            ("hash", "0x" + "44" * 32),
        ],
    )
    @pytest.mark.row("T25")
    def test_header__with_one_field_changed__has_another_digest(
        self, name: str, value: str
    ) -> None:
        with pytest.raises(LedgerMismatchError) as refused:
            read_header({**BLOCKS[6], name: value})
        assert refused.value.code == "ledger.other_digest"

    @pytest.mark.parametrize("name", sorted(set(BLOCKS[6]) - {"baseFeePerGas"}))
    def test_header__with_a_field_missing__is_no_header(self, name: str) -> None:
        with pytest.raises(LedgerError):
            read_header({key: value for key, value in BLOCKS[6].items() if key != name})

    def test_sealer__of_an_unsealed_block__is_none(self) -> None:
        with pytest.raises(LedgerMismatchError) as refused:
            read_header(BLOCKS[0]).sealer()
        assert refused.value.code == "ledger.bad_seal"

    def test_sealer__of_a_seal_of_no_key__is_none(self) -> None:
        header = read_header(BLOCKS[6])
        for seal in (b"\xff" * 64 + b"\0", b"\1" * 64 + b"\4", b"\1" * 64 + b"\xff"):
            forged = Header(
                header.block, header.extra[:-SEAL_OCTETS] + seal, header.fields, header.extra_at
            )
            with pytest.raises(LedgerMismatchError) as refused:
                forged.sealer()
            assert refused.value.code == "ledger.bad_seal"


class TestFinal:
    def test_final__of_four__has_three_different_sealers_on_top(self) -> None:
        for head in range(3, len(BLOCKS)):
            final = rule().final(BLOCKS[head])
            assert final.number == head - 3
            on_top = {VECTORS[at]["signer"] for at in range(final.number + 1, head + 1)}
            assert len(on_top) == 3

    def test_final__while_fewer_have_sealed__is_the_first_block(self) -> None:
        for head in range(3):
            assert rule().final(BLOCKS[head]).number == 0

    @pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (7, 4)])
    def test_needed__is_more_than_half(self, count: int, needed: int) -> None:
        sealers = tuple(AccountAddress(bytes([at]) * 20) for at in range(count))
        assert rule(sealers=sealers).needed == needed

    @pytest.mark.row("T25", "T26")
    def test_final__block_of_an_outsider_on_top__is_refused(self) -> None:
        outsider = coincurve.PrivateKey(b"\7" * 32)
        forged = resealed(
            BLOCKS[8],
            outsider,
            number="0x9",
            parentHash=BLOCKS[8]["hash"],
            stateRoot="0x" + "0a" * 32,
        )
        assert_refused("ledger.foreign_sealer", lambda: rule().final(forged))

    @pytest.mark.row("T26")
    def test_final__one_sealer_over_and_over__makes_nothing_final(self) -> None:
        """A single dishonest sealer of four builds a branch of its own, as long as it likes."""
        traitor = coincurve.PrivateKey(b"\7" * 32)
        own = address_of(traitor)
        sealers = (own, *SEALERS[1:])
        branch = list(BLOCKS[:1])
        for number in range(1, 7):
            branch.append(
                resealed(BLOCKS[1], traitor, number=hex(number), parentHash=branch[-1]["hash"])
            )
        assert_refused("ledger.sealed_too_often", lambda: rule(branch, sealers).final(branch[-1]))

    def test_final__parent_with_another_number__is_refused(self) -> None:
        traitor = coincurve.PrivateKey(b"\7" * 32)
        own = address_of(traitor)
        jump = resealed(BLOCKS[8], traitor, number="0x20", parentHash=BLOCKS[7]["hash"])
        assert_refused(
            "ledger.other_digest", lambda: rule([*BLOCKS, jump], (*SEALERS, own)).final(jump)
        )

    def test_final__answer_of_another_block__is_refused(self) -> None:
        swapped = CliqueFinality(SEALERS, GENESIS, lambda _: BLOCKS[2])
        assert_refused("ledger.other_digest", lambda: swapped.final(BLOCKS[8]))

    def test_final__another_first_block__is_refused(self) -> None:
        other = rule(genesis=Digest(b"\1" * 32))
        assert_refused("ledger.wrong_genesis", lambda: other.final(BLOCKS[2]))

    def test_final__parent_not_to_be_had__is_not_known(self) -> None:
        with pytest.raises(LedgerUnavailableError) as refused:
            rule(BLOCKS[8:]).final(BLOCKS[8])
        assert refused.value.code == "ledger.no_such_block"

    def test_final__asked_again__asks_only_for_what_is_new(self) -> None:
        by_digest = {bytes.fromhex(each["hash"][2:]): each for each in BLOCKS}
        asked: list[bytes] = []

        def ask(digest: Digest) -> dict[str, Any]:
            asked.append(bytes(digest))
            found: dict[str, Any] = by_digest[bytes(digest)]
            return found

        seals = CliqueFinality(SEALERS, GENESIS, ask)
        for head in range(9):
            seals.final(BLOCKS[head])
        assert asked == []
        seals.final(BLOCKS[8])
        assert asked == []


def assert_refused(code: str, action: Callable[[], object]) -> None:
    with pytest.raises(LedgerMismatchError) as refused:
        action()
    assert refused.value.code == code
