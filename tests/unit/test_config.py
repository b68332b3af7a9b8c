"""Configuration: nothing unknown, nothing contradictory, no secret, and trust as pinned octets."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests.support.certified_lot import TRUST, digest
from veta.config import (
    ApiSettings,
    ChainSettings,
    NodeConfig,
    dump_node_config,
    dump_trust,
    load_node_config,
    load_trust,
    parse_trust,
    trust_digest,
)
from veta.errors import ConfigError
from veta.model.identifiers import BlockNumber, UnixSeconds
from veta.model.trust import ContractSet, WitnessKey

FULL = replace(
    TRUST,
    number=2,
    previous_digest=digest("version 1"),
    witnesses=(WitnessKey("w1", b"\7" * 32, 4),),
    witness_quorum=1,
    not_after_s=UnixSeconds(2_000_000_000),
    contract_sets=(
        ContractSet(BlockNumber(0), BlockNumber(50), TRUST.contract_sets[0].contracts),
        ContractSet(BlockNumber(50), None, TRUST.contract_sets[0].contracts),
    ),
)


SEALER = "0x" + "a1" * 20


def write(folder: Path, text: str) -> Path:
    path = folder / "node.toml"
    path.write_text(text)
    return path


class TestNodeConfig:
    def test_load__empty_file__defaults_on_loopback(self, tmp_path: Path) -> None:
        config = load_node_config(write(tmp_path, ""))
        assert config == NodeConfig(home=tmp_path.resolve())
        assert config.api.host == "127.0.0.1"

    def test_load__sealers_of_a_clique_chain__come_back(self, tmp_path: Path) -> None:
        chain = ChainSettings(
            kind="json-rpc", urls=("http://[::1]:1",), finality="clique", sealers=(SEALER,)
        )
        config = NodeConfig(home=tmp_path.resolve(), chain=chain)
        assert load_node_config(write(tmp_path, dump_node_config(config))) == config

    def test_load__what_was_dumped__comes_back(self, tmp_path: Path) -> None:
        config = NodeConfig(
            home=tmp_path.resolve(),
            member='did:web:mina"aurora.example',
            password_file=Path("password"),
            chain=ChainSettings(
                kind="json-rpc",
                urls=("http://127.0.0.1:1", "http://127.0.0.1:2"),
                finality="depth",
                finality_depth=12,
                total_timeout_s=3.5,
            ),
            api=ApiSettings(port=0, token_file=Path("/run/token")),
        )
        assert load_node_config(write(tmp_path, dump_node_config(config))) == config

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("= 3", "config.malformed"),
            ("\xff", "config.malformed"),
            ("colour = 'red'", "config.unknown_key"),
            ("home = '/'", "config.unknown_key"),
            ("[chain]\nspeed = 3", "config.unknown_key"),
            ("[api]\npassword = 'x'", "config.unknown_key"),
            ("chain = 3", "config.wrong_type"),
            ("member = 3", "config.wrong_type"),
            ("[api]\nport = '80'", "config.wrong_type"),
            ("[api]\nport = true", "config.wrong_type"),
            ("[api]\nport = -1", "config.wrong_type"),
            ("[api]\nport = 65536", "config.wrong_type"),
            ("[chain]\ntotal_timeout_s = nan", "config.wrong_type"),
            ("[chain]\ntotal_timeout_s = inf", "config.wrong_type"),
            ("[chain]\nconnect_timeout_s = -1", "config.wrong_type"),
            ("[api]\nbody_timeout_s = 0.0", "config.wrong_type"),
            ("[chain]\nkind = 'besu'", "config.wrong_type"),
            ("[chain]\nkind = 'json-rpc'", "config.contradiction"),
            ("[chain]\nurls = ['http://127.0.0.1:1']", "config.contradiction"),
            ("[chain]\nfinality = 'depth'", "config.contradiction"),
            ("[chain]\nfinality_depth = 3", "config.contradiction"),
            (f"[chain]\nsealers = ['{SEALER}']", "config.contradiction"),
            (f"[chain]\nfinality = 'clique'\nsealers = {[SEALER] * 2}", "config.contradiction"),
            ("[chain]\nfinality = 'clique'\nsealers = ['0x12']", "config.wrong_type"),
        ],
    )
    def test_load__wrong_setting__refused_with_its_code(
        self, tmp_path: Path, text: str, code: str
    ) -> None:
        path = tmp_path / "node.toml"
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(ConfigError) as refusal:
            load_node_config(path)
        assert refusal.value.code == code

    def test_load__no_file__says_which(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="no-such") as refusal:
            load_node_config(tmp_path / "no-such.toml")
        assert refusal.value.code == "config.missing"

    @pytest.mark.parametrize("settings", [NodeConfig, ChainSettings, ApiSettings])
    def test_settings__every_field__has_a_sentence(self, settings: type) -> None:
        """A setting nobody explained is a setting nobody can trust."""
        source = Path(__file__).parents[2] / "src" / "veta" / "config.py"
        text = source.read_text()
        explained = {"home", "chain", "api"}
        for field in fields(settings):
            declaration = text.index(f"    {field.name}: ")
            after = text[declaration:].split("\n", 2)[1]
            assert field.name in explained or after.strip().startswith('"""'), field.name


class TestTrust:
    @pytest.mark.parametrize("trust", [TRUST, FULL])
    def test_parse__what_was_dumped__comes_back(self, trust: object) -> None:
        assert parse_trust(dump_trust(trust)) == trust  # type: ignore[arg-type]

    def test_trust_digest__any_field_changed__another_digest(self) -> None:
        digests = {trust_digest(trust) for trust in (TRUST, FULL, replace(TRUST, chain_id=2))}
        assert len(digests) == 3

    def test_load__from_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "trust.json"
        path.write_bytes(dump_trust(FULL))
        assert load_trust(path) == FULL

    @pytest.mark.row("T74")
    def test_parse__any_member_removed_or_of_another_type__refused(self) -> None:
        good = json.loads(dump_trust(FULL))
        for name in good:
            for wrong in ({}, {name: [1]}, {name: {"a": 1}}, {name: -1}, {name: True}):
                document = {k: v for k, v in good.items() if k != name} | wrong
                if name == "name" and wrong:
                    continue
                with pytest.raises(ConfigError) as refusal:
                    parse_trust(json.dumps(document).encode())
                assert refusal.value.code == "config.malformed"

    @pytest.mark.row("T74")
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"chainId":8460', '"chainId":8460,"chainId":1'),
            ('"chainId":8460', '"chainId":8460.5'),
            ('"chainId":8460', '"chainId":1e3'),
            ("11" * 20, "11" * 19),
            ("11" * 20, "zz" * 20),
            ('"format":"veta-trust/1"', '"format":"veta-trust/2"'),
            ('"format"', '"colour":1,"format"'),
        ],
    )
    def test_parse__spoilt__refused(self, old: str, new: str) -> None:
        text = dump_trust(FULL).decode()
        assert old in text
        with pytest.raises(ConfigError) as refusal:
            parse_trust(text.replace(old, new).encode())
        assert refusal.value.code == "config.malformed"

    @pytest.mark.parametrize(("block", "found"), [(0, 0), (49, 0), (50, 1), (10**6, 1)])
    def test_contracts_at__half_open(self, block: int, found: int) -> None:
        assert FULL.contracts_at(BlockNumber(block)) is FULL.contract_sets[found]
