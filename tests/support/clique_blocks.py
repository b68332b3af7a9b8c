"""Clique headers as an endpoint tells them, sealed by whoever has a key."""

from __future__ import annotations

import copy
from typing import Any, Final

import coincurve
import rlp  # type: ignore[import-untyped]  # has no annotations
from sha3 import keccak_256

from veta.model.identifiers import AccountAddress

SEAL_OCTETS: Final = 65
NUMBERS: Final = frozenset(
    {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas"}
)
FIELDS: Final = (
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
    "baseFeePerGas",
)


def keccak(octets: bytes) -> bytes:
    return bytes(keccak_256(octets).digest())


def address_of(key: coincurve.PrivateKey) -> AccountAddress:
    return AccountAddress(keccak(key.public_key.format(compressed=False)[1:])[12:])


def resealed(block: dict[str, Any], key: coincurve.PrivateKey, **changes: str) -> dict[str, Any]:
    """A block that says what it likes, sealed by whoever has the key, with the right digest."""
    forged = {**copy.deepcopy(block), **changes}
    bare = bytes.fromhex(forged["extraData"][2:])[:-SEAL_OCTETS]
    extra = bare + key.sign_recoverable(keccak(_encoded(forged, bare)), hasher=None)
    forged["extraData"] = "0x" + extra.hex()
    forged["hash"] = "0x" + keccak(_encoded(forged, extra)).hex()
    return forged


def with_digest(block: dict[str, Any], **changes: str) -> dict[str, Any]:
    """A block that says what it likes, with the digest of that."""
    made = {**copy.deepcopy(block), **changes}
    extra = bytes.fromhex(made["extraData"][2:])
    return {**made, "hash": "0x" + keccak(_encoded(made, extra)).hex()}


def _encoded(block: dict[str, Any], extra: bytes) -> bytes:
    fields: list[Any] = []
    for name in FIELDS:
        if name == "extraData":
            fields.append(extra)
        elif name in NUMBERS:
            fields.append(int(block[name], 16))
        else:
            fields.append(bytes.fromhex(block[name][2:]))
    return bytes(rlp.encode(fields))
