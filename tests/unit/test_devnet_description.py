"""The network description: read whole or refused whole, each mistake by its own code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import PROJECT
from veta.devnet.description import (
    MAX_FILE_OCTETS,
    EngineSettings,
    NetworkDescription,
    load_description,
    parse_description,
)
from veta.errors import ConfigError
from veta.model.consortium import Role

SHIPPED = PROJECT / "hardhat-free-devnet" / "network.toml"
TEXT = SHIPPED.read_text()


def refused(text: str | bytes) -> str:
    with pytest.raises(ConfigError) as error:
        parse_description(text if isinstance(text, bytes) else text.encode())
    return error.value.code


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def test_shipped__has_four_validators_and_members_and_survives_one() -> None:
    network = load_description(SHIPPED)
    assert len(network.validators) == len(network.members) == 4
    assert network.faults == network.engine.survives(4) == 1
    assert {each.validator for each in network.members} == {
        each.name for each in network.validators
    }
    assert network.members[0].roles == Role.REFINER


def test_shipped__is_read_from_its_octets_alone() -> None:
    assert isinstance(parse_description(TEXT.encode()), NetworkDescription)


@pytest.mark.parametrize(
    ("count", "faults"), [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (6, 2), (7, 3)]
)
def test_survives__is_what_leaves_more_than_half(count: int, faults: int) -> None:
    assert EngineSettings().survives(count) == faults


class TestRefused:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('name = "bahia"', 'name = "norte"'),
            ('name = "mina-aurora"', 'name = "refineria"'),
            ("did:web:mina-aurora.example", "did:web:marea-motors.example"),
        ],
        ids=["validators", "members", "identifiers"],
    )
    def test_one_name_twice(self, old: str, new: str) -> None:
        assert refused(changed(old, new)) == "network.duplicate_name"

    @pytest.mark.parametrize("faults", [2, 3, 64])
    def test_too_few_validators_for_its_faults(self, faults: int) -> None:
        text = changed("faults = 1", f"faults = {faults}")
        assert refused(text) == "network.too_few_validators"

    def test_no_validator_at_all(self) -> None:
        head, _, rest = TEXT.partition("[[validators]]")
        members = rest[rest.index("[[members]]") :]
        text = head.replace("faults = 1", "validators = []\nfaults = 0") + members
        assert refused(text) == "network.too_few_validators"

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("http_port = 8545", "http_port = 8545"),
            ("http_port = 8545", "p2p_port = 8545"),
            ("p2p_port = 30303", "p2p_port = 30303"),
        ],
    )
    def test_ports_of_two_that_overlap(self, first: str, second: str) -> None:
        text = changed('name = "norte"', f'name = "norte"\n{first}')
        text = text.replace('name = "bahia"', f'name = "bahia"\n{second}', 1)
        assert refused(text) == "network.overlapping_ports"

    def test_ports_of_one_that_overlap(self) -> None:
        text = changed('name = "norte"', 'name = "norte"\nhttp_port = 9\np2p_port = 9')
        assert refused(text) == "network.overlapping_ports"

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('name = "devnet"', 'name = "devnet"\nnetwork = 1'),
            ("period_s = 1", "period_s = 1\nepoch = 3"),
            ("timelock_s = 1", "timelock_s = 1\nquorum = 3"),
            ('name = "norte"', 'name = "norte"\nhost = "0.0.0.0"'),
            ('title = "Mina', 'password = "secret"\ntitle = "Mina'),
        ],
        ids=["top", "engine", "rules", "validator", "member"],
    )
    def test_a_key_that_is_not_known(self, old: str, new: str) -> None:
        assert refused(changed(old, new)) == "network.unknown_key"

    @pytest.mark.parametrize(
        "line", ['name = "devnet"', "chain_id = 20261", 'country = "CL"', 'validator = "norte"']
    )
    def test_a_key_that_is_missing(self, line: str) -> None:
        assert refused(changed(line + "\n", "\n")) == "network.missing_key"

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("veta-network/1", "veta-network/2"),
            ("chain_id = 20261", "chain_id = true"),
            ("chain_id = 20261", "chain_id = 0"),
            ("chain_id = 20261", "chain_id = 1.5"),
            ("chain_id = 20261", 'chain_id = "20261"'),
            ("faults = 1", "faults = -1"),
            ('kind = "clique"', 'kind = "raft"'),
            ("period_s = 1", "period_s = 0"),
            ('name = "norte"', 'name = "../norte"'),
            ('name = "norte"', 'name = "norte"\nhttp_port = 65536'),
            ('country = "CL"', 'country = "cl"'),
            ('roles = ["miner"]', 'roles = ["pirate"]'),
            ('roles = ["miner"]', "roles = []"),
            ("did:web:mina-aurora.example", "mina-aurora"),
            ('validator = "bahia"', 'validator = "bahia"\nvotes = 1'),
            ("timelock_s = 1", "timelock_s = [1]"),
        ],
    )
    def test_a_value_of_another_kind(self, old: str, new: str) -> None:
        assert refused(changed(old, new)) == "network.wrong_value"

    def test_a_member_of_a_validator_that_is_not_there(self) -> None:
        text = changed('validator = "bahia"', 'validator = "babia"')
        assert refused(text) == "network.unknown_validator"

    def test_nobody_that_votes(self) -> None:
        text = TEXT.replace("country =", "votes = false\ncountry =")
        assert refused(text) == "network.no_voter"

    @pytest.mark.parametrize(
        "content",
        [b"\xff", b"name = ", b"a = " + b"[" * 5_000, b"#" * (MAX_FILE_OCTETS + 1)],
        ids=["not text", "cut off", "deep", "large"],
    )
    def test_what_is_not_toml(self, content: bytes) -> None:
        assert refused(content) == "network.malformed"

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as error:
            load_description(tmp_path / "none.toml")
        assert error.value.code == "network.missing"
