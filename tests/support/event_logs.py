"""A log as a client gives it, made of an event's ABI entry and its fields by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veta.chain.contract_abi import AbiEntry
from veta.chain.web3_packages import abi_encode
from veta.model.anchoring import BlockRef


def log_of(entry: AbiEntry, given: Mapping[str, Any], block: BlockRef) -> dict[str, Any]:
    """The first log of ``block``: indexed fields as topics, the others as data."""
    plain = [
        (kind, given[item["name"]])
        for item, kind in zip(entry.inputs, entry.input_types, strict=True)
        if not item["indexed"]
    ]
    topics = [entry.topic] + [
        abi_encode([item["type"]], [given[item["name"]]])
        for item in entry.inputs
        if item["indexed"]
    ]
    return {
        "address": "0x" + "11" * 20, "topics": topics,
        "data": abi_encode([kind for kind, _ in plain], [value for _, value in plain]),
        "blockNumber": block.number, "blockHash": block.digest, "logIndex": 0,
        "transactionIndex": 0, "transactionHash": b"\x01" * 32,
    }  # fmt: skip
