"""Random octets at every door of the chain and key layers: an answer or an error of ours."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from veta.chain.contract_abi import CONTRACT_NAMES, artifact
from veta.chain.events import decode_body
from veta.chain.revert import reverted
from veta.chain.rpc import block_ref, octets, quantity, revert_data
from veta.errors import KeyAccessError, LedgerUnavailableError, TransactionRevertedError
from veta.keys.keystore import read_label, unseal
from veta.model.anchoring import BlockRef
from veta.model.identifiers import BlockNumber, Digest, UnixSeconds

BLOCK = BlockRef(BlockNumber(1), Digest(bytes(32)), Digest(bytes(32)), UnixSeconds(1))
TOPICS = [entry.topic for name in CONTRACT_NAMES for entry in artifact(name).events.values()]
SELECTORS = [entry.selector for name in CONTRACT_NAMES for entry in artifact(name).errors.values()]
HEX = st.binary(max_size=70).map(lambda value: "0x" + value.hex()) | st.text(max_size=20)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | HEX,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["number", "hash", "parentHash", "timestamp", "data", "x"]), inner
        )
    ),
    max_leaves=8,
)


@settings(max_examples=400)
@given(JSON)
def test_answers__any_json__are_read_or_garbage(value: Any) -> None:
    for read in (block_ref, lambda v: quantity(v, "it"), lambda v: octets(v, "it")):
        try:
            read(value)
        except LedgerUnavailableError as error:
            assert error.code == "ledger.garbage"
    if isinstance(value, dict):
        assert revert_data(value) is None or isinstance(revert_data(value), bytes)


@settings(max_examples=600)
@given(
    st.sampled_from(CONTRACT_NAMES),
    st.sampled_from(TOPICS),
    st.lists(st.binary(min_size=32, max_size=32), max_size=3),
    st.binary(max_size=400)
    | st.lists(st.integers(0, 300), max_size=12).map(
        lambda words: b"".join(word.to_bytes(32, "big") for word in words)
    ),
)
def test_decode_body__any_log__is_decoded_or_garbage(
    contract: str, topic: bytes, more: list[bytes], data: bytes
) -> None:
    try:
        decode_body(contract, (topic, *more), data, BLOCK)
    except LedgerUnavailableError as error:
        assert error.code == "ledger.garbage"


@settings(max_examples=400)
@given(st.sampled_from([b"", *SELECTORS]), st.binary(max_size=300))
def test_reverted__any_data__is_an_error_of_the_family(selector: bytes, data: bytes) -> None:
    error = reverted(selector + data, "anchor")
    assert isinstance(error, TransactionRevertedError)
    assert error.code.startswith("ledger.reverted.")
    assert str(error)


@settings(max_examples=400)
@given(
    st.binary(max_size=300)
    | st.dictionaries(
        st.sampled_from(["version", "crypto", "veta", "Crypto"]),
        JSON | st.just(3),
        max_size=4,
    ).map(lambda value: json.dumps(value).encode())
)
def test_keystore__any_file__is_refused_with_a_code(content: bytes) -> None:
    for read in (read_label, lambda octets_: unseal(octets_, b"password")):
        try:
            read(content)
        except KeyAccessError as error:
            assert error.code.startswith("key.")
