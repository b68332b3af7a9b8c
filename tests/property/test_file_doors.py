"""Files that a person hands in (settings, trust, admissions, tokens): read, or refused politely."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_config import FULL
from veta.api.tokens import load_token
from veta.cli.member import read_admission
from veta.config import (
    ChainSettings,
    NodeConfig,
    dump_node_config,
    dump_trust,
    load_node_config,
    parse_trust,
)
from veta.errors import ConfigError, InputError

TRUST = json.loads(dump_trust(FULL))
ADMISSION = {
    "format": "veta-admission/1",
    "identifier": "did:web:second.example",
    "name": "Second",
    "country": "CL",
    "roles": ["MINER"],
    "votes": True,
    "controlGroup": 7,
    "identityDigest": "00" * 32,
    "keys": [{"purpose": "OPERATE", "algorithm": "ACCOUNT", "octets": "11" * 20}],
}
SETTINGS = dump_node_config(
    NodeConfig(Path(), member="did:web:a", chain=ChainSettings("json-rpc", ("http://a.example",)))
).encode()

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["zz", "11"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
TOML_WORDS = [
    *("[chain]", "[api]", "kind", "urls", "member", "port", "home", " = ", "\n", '"', "'", ","),
    *("[", "]", "{", "}", "1", "-1", "0x", "1e9", "nan", "inf", "true", "1979-13-40", "\x00"),
    "9" * 5_000,
]
toml_pieces = st.lists(st.sampled_from(TOML_WORDS), max_size=14).map("".join)


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict | list):
        names = value if isinstance(value, dict) else range(len(value))
        for name in names:
            found += paths_of(value[name], (*path, name))
    return found


def spoilt(document: Any, path: tuple[str | int, ...], value: object) -> bytes:
    """A copy of the document with one member replaced."""
    copy = json.loads(json.dumps(document))
    inside = copy
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return json.dumps(copy, ensure_ascii=False).encode("utf-8", "replace")


@settings(max_examples=400)
@given(st.binary(max_size=300))
def test_json_files__any_octets__refused_with_a_code(octets: bytes) -> None:
    with pytest.raises(ConfigError) as trust:
        parse_trust(octets)
    assert trust.value.code == "config.malformed"
    with pytest.raises(InputError) as admission:
        read_admission(octets)
    assert admission.value.code.startswith(("canonical.", "admission."))


@pytest.mark.parametrize(
    ("document", "read", "refusal"),
    [(TRUST, parse_trust, ConfigError), (ADMISSION, read_admission, InputError)],
    ids=["trust", "admission"],
)
@settings(max_examples=400)
@given(data=st.data(), value=json_values)
def test_json_files__any_member_replaced__read_or_refused(
    document: Any,
    read: Callable[[bytes], object],
    refusal: type[Exception],
    data: st.DataObject,
    value: object,
) -> None:
    assert read(json.dumps(document).encode())
    try:
        read(spoilt(document, data.draw(st.sampled_from(paths_of(document))), value))
    except refusal:
        return


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("doors")


@settings(max_examples=400)
@given(octets=st.binary(max_size=200) | toml_pieces.map(str.encode), at=st.integers(0, 400))
def test_settings__any_octets_alone_or_among_good_ones__read_or_refused(
    folder: Path, octets: bytes, at: int
) -> None:
    path = folder / "node.toml"
    for content in (octets, SETTINGS[:at] + octets + SETTINGS[at:]):
        path.write_bytes(content)
        try:
            load_node_config(path)
        except ConfigError as error:
            assert error.code.startswith("config.")


@pytest.mark.parametrize(
    "bomb",
    [b"a = " + b"[" * 50_000, b"a = " + b"{a=" * 50_000, b"a = " + b"9" * 5_000, b"a = 1979-13-40"],
    ids=["arrays", "tables", "digits", "day"],
)
def test_settings__beyond_what_the_parser_bears__refused(folder: Path, bomb: bytes) -> None:
    path = folder / "deep.toml"
    path.write_bytes(bomb)
    with pytest.raises(ConfigError) as refusal:
        load_node_config(path)
    assert refusal.value.code == "config.malformed"


@settings(max_examples=200)
@given(octets=st.binary(max_size=600))
def test_token__any_octets__taken_or_refused(folder: Path, octets: bytes) -> None:
    path = folder / "token"
    path.touch(mode=0o600)
    path.write_bytes(octets)
    try:
        load_token(path)
    except ConfigError as error:
        assert error.code == "token.weak"
