"""Revert data into errors: by the selector tables of the ABIs, never by a client's words."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from typing import Final

from veta.chain.contract_abi import CONTRACT_NAMES, AbiEntry, artifact
from veta.chain.web3_packages import DecodingError, abi_decode
from veta.custody import refusals
from veta.errors import InputError, TransactionRevertedError

_PANIC: Final = bytes.fromhex("4e487b71")
_REASON: Final = bytes.fromhex("08c379a0")
_MAX_SHOWN_OCTETS: Final = 64
_LOT_CONTRACTS: Final = ("LotLaws", "LotBook", "Custody")
_ELSEWHERE: Final = ("Consortium", "StatementLog")


def code_of(error_name: str) -> str:
    """``SequenceMismatch`` -> ``ledger.reverted.sequence_mismatch``.

    Refusals of the lot book have the codes of ``veta.custody.refusals`` instead: whether a draft is
    judged or the contract says it, a refusal reads the same.
    """
    return "ledger.reverted." + re.sub(r"(?<!^)(?=[A-Z])", "_", error_name).lower()


def reverted(data: bytes, purpose: str) -> TransactionRevertedError:
    """The error for a call that a contract refused with ``data``."""
    entry = _custom_errors().get(data[:4])
    if entry is None:
        return _built_in(data, purpose)
    try:
        values = abi_decode(entry.input_types, data[4:])
    except (DecodingError, OverflowError, UnicodeDecodeError):
        return _unknown(data, purpose)
    arguments: dict[str, object] = {
        item["name"].rstrip("_"): bytes.fromhex(value[2:]) if item["type"] == "address" else value
        for item, value in zip(entry.inputs, values, strict=True)
    }
    return TransactionRevertedError(
        refusals.code_of(entry.name) if _is_of_lots(entry) else code_of(entry.name),
        f"the contract refuses to {purpose}: {_words(entry, arguments)}",
        error_name=entry.name,
        arguments=arguments,
    )


def _words(entry: AbiEntry, arguments: dict[str, object]) -> str:
    """A refusal of the lot book as a sentence; any other by the error's name and arguments."""
    if _is_of_lots(entry):
        # A name inside an error may be no text, and then there is no sentence to make of it.
        with suppress(InputError, UnicodeDecodeError):
            return refusals.sentence(entry.name, arguments)
    shown = ", ".join(f"{name}={_shown(value)}" for name, value in arguments.items())
    return f"{entry.name}({shown})"


def _is_of_lots(entry: AbiEntry) -> bool:
    return entry.name in refusals.SENTENCES and entry.selector in _lot_errors()


def _built_in(data: bytes, purpose: str) -> TransactionRevertedError:
    if data[:4] == _PANIC and len(data) == 36:
        number = int.from_bytes(data[4:], "big")
        return TransactionRevertedError(
            "ledger.reverted.panic",
            f"the contract fails to {purpose}: panic 0x{number:02x}",
            error_name="Panic",
            arguments={"code": number},
        )
    if data[:4] == _REASON:
        try:
            (reason,) = abi_decode(("string",), data[4:])
        except (DecodingError, OverflowError, UnicodeDecodeError):
            return _unknown(data, purpose)
        return TransactionRevertedError(
            "ledger.reverted.reason",
            f"the contract refuses to {purpose}",
            error_name="Error",
            arguments={"reason": reason},
        )
    return _unknown(data, purpose)


def _unknown(data: bytes, purpose: str) -> TransactionRevertedError:
    return TransactionRevertedError(
        "ledger.reverted.unknown",
        f"the contract refuses to {purpose} for a reason that is not in its interface",
        arguments={"data": data},
    )


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + value[:_MAX_SHOWN_OCTETS].hex()
    return str(value)


@cache
def _custom_errors() -> dict[bytes, AbiEntry]:
    return {
        entry.selector: entry for name in CONTRACT_NAMES for entry in artifact(name).errors.values()
    }


@cache
def _lot_errors() -> frozenset[bytes]:
    """Selectors of what only the lot book, its laws and custody refuse."""
    own = {e.selector for name in _LOT_CONTRACTS for e in artifact(name).errors.values()}
    others = {e.selector for name in _ELSEWHERE for e in artifact(name).errors.values()}
    return frozenset(own - others)
