"""Seals of Clique blocks (EIP-225), and which block they make final.

A Clique header carries its sealer's signature in the last 65 octets of its extra field; the signed
digest is that of the header without them. Nothing that the endpoint says about a block is believed:
its digest is computed again from its fields, and its sealer recovered from its seal.

Clique itself knows no final block: its branches are chosen by weight. A block is final here when
``floor(N / 2) + 1`` different sealers of the N pinned ones sealed on top of it (docs/adr/0300).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import coincurve
import rlp  # type: ignore[import-untyped]  # has no annotations

from veta.chain.rpc import block_ref, octets, quantity
from veta.chain.web3_packages import keccak
from veta.errors import LedgerMismatchError, LedgerUnavailableError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import AccountAddress, Digest

VANITY_OCTETS: Final = 32
SEAL_OCTETS: Final = 65
_ADDRESS_OCTETS: Final = 20
_MAX_EXTRA_OCTETS: Final = 65_536
_MAX_KEPT: Final = 4_096
_DATA_FIELDS: Final[tuple[tuple[str, int], ...]] = (
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", 256),
)
_NUMBER_FIELDS: Final = ("difficulty", "number", "gasLimit", "gasUsed", "timestamp")

Answer = Any
"""A block as an endpoint describes it."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header whose digest is that of its own fields."""

    block: BlockRef
    extra: bytes
    fields: tuple[bytes | int, ...]
    """In the order of the Yellow Paper, section 4.3; the base fee, if any, last."""
    extra_at: int

    def sealer(self) -> AccountAddress:
        """Who sealed it.

        Raises:
            LedgerMismatchError: ``ledger.bad_seal``: there is no seal, or none of any key.
        """
        signature = self.extra[-SEAL_OCTETS:]
        if len(self.extra) < VANITY_OCTETS + SEAL_OCTETS or signature[-1] > 3:
            raise _bad_seal(self.block)
        unsealed = list(self.fields)
        unsealed[self.extra_at] = self.extra[:-SEAL_OCTETS]
        try:
            key = coincurve.PublicKey.from_signature_and_message(
                signature, keccak(rlp.encode(unsealed)), hasher=None
            )
        except Exception as error:  # coincurve raises bare ones
            raise _bad_seal(self.block) from error
        return AccountAddress(keccak(key.format(compressed=False)[1:])[12:])


def read_header(answer: Answer) -> Header:
    """A header out of an endpoint's description of a block.

    Raises:
        LedgerUnavailableError: ``ledger.garbage``.
        LedgerMismatchError: ``ledger.other_digest``: the digest is not that of the fields.
    """
    block = block_ref(answer)
    extra = extra_of(answer)
    fields: list[bytes | int] = [
        octets(answer.get(name), "a block", length) for name, length in _DATA_FIELDS
    ]
    fields += [quantity(answer.get(name), "a block") for name in _NUMBER_FIELDS]
    extra_at = len(fields)
    fields += [
        extra,
        octets(answer.get("mixHash"), "a block", 32),
        octets(answer.get("nonce"), "a block", 8),
    ]
    if answer.get("baseFeePerGas") is not None:
        fields.append(quantity(answer.get("baseFeePerGas"), "a block"))
    if keccak(rlp.encode(fields)) != block.digest:
        raise LedgerMismatchError(
            "ledger.other_digest",
            f"block {block.number} as the endpoint tells it does not have the digest it names",
        )
    return Header(block, extra, tuple(fields), extra_at)


def extra_of(answer: Answer) -> bytes:
    """The extra field; web3's middleware for such chains hands it on under another name."""
    moved = answer.get("proofOfAuthorityData")
    if isinstance(moved, bytes):
        extra = bytes(moved)
    else:
        extra = octets(answer.get("extraData", "0x"), "a block's extra field")
    if len(extra) > _MAX_EXTRA_OCTETS:
        raise LedgerUnavailableError("ledger.too_large", "a block's extra field has no end")
    return extra


def genesis_sealers(extra: bytes) -> tuple[AccountAddress, ...]:
    """The sealers that a genesis block names; none if it is not Clique's (EIP-225).

    Vanity of 32 octets, addresses in ascending order, room for a seal, which is empty.
    """
    listed = extra[VANITY_OCTETS:-SEAL_OCTETS]
    if len(extra) <= VANITY_OCTETS + SEAL_OCTETS or len(listed) % _ADDRESS_OCTETS:
        return ()
    if extra[-SEAL_OCTETS:] != bytes(SEAL_OCTETS):
        return ()
    found = tuple(
        AccountAddress(listed[at : at + _ADDRESS_OCTETS])
        for at in range(0, len(listed), _ADDRESS_OCTETS)
    )
    return found if list(found) == sorted(set(found)) else ()


class CliqueFinality:
    """Finds the final block of a Clique chain.

    Args:
        sealers: the pinned ones; each counts once.
        genesis: digest of the first block, pinned.
        by_digest: asks the endpoint for a block; ``None`` if it has none such.
    """

    def __init__(
        self,
        sealers: tuple[AccountAddress, ...],
        genesis: Digest,
        by_digest: Callable[[Digest], Mapping[str, Any] | None],
    ) -> None:
        self._sealers = frozenset(sealers)
        self._genesis = genesis
        self._by_digest = by_digest
        self._known: dict[Digest, tuple[BlockRef, AccountAddress | None]] = {}

    @property
    def needed(self) -> int:
        """Different sealers on top that make a block final."""
        return len(self._sealers) // 2 + 1

    def final(self, head: Answer) -> BlockRef:
        """The newest final block below a head; the first block while none else is final.

        Raises:
            LedgerMismatchError: ``ledger.other_digest``, ``ledger.bad_seal``,
                ``ledger.foreign_sealer``, ``ledger.sealed_too_often``, ``ledger.wrong_genesis``.
            LedgerUnavailableError: ``ledger.no_such_block``, or as the endpoint fails.
        """
        block, sealer = self._take(head)
        seen: list[AccountAddress] = []
        while sealer is not None and len(seen) < self.needed:
            if sealer in seen:
                raise LedgerMismatchError(
                    "ledger.sealed_too_often",
                    f"0x{sealer.hex()} sealed block {block.number} and another of the "
                    f"{self.needed} blocks from there on",
                )
            seen.append(sealer)
            block, sealer = self._parent(block)
        return block

    def _parent(self, block: BlockRef) -> tuple[BlockRef, AccountAddress | None]:
        known = self._known.get(block.parent_digest)
        if known is None:
            answer = self._by_digest(block.parent_digest)
            if answer is None:
                raise LedgerUnavailableError(
                    "ledger.no_such_block", f"the endpoint has no parent of block {block.number}"
                )
            known = self._take(answer)
        if known[0].digest != block.parent_digest or known[0].number != block.number - 1:
            raise LedgerMismatchError(
                "ledger.other_digest", f"block {block.number} has another parent than it names"
            )
        return known

    def _take(self, answer: Answer) -> tuple[BlockRef, AccountAddress | None]:
        """A block and its sealer; the first block has none, and is the pinned one."""
        header = read_header(answer)
        known = self._known.get(header.block.digest)
        if known is not None:
            return known
        sealer = None
        if header.block.number == 0:
            if header.block.digest != self._genesis:
                raise LedgerMismatchError(
                    "ledger.wrong_genesis", "the endpoint's chain began with another block"
                )
        else:
            sealer = header.sealer()
            if sealer not in self._sealers:
                raise LedgerMismatchError(
                    "ledger.foreign_sealer",
                    f"block {header.block.number} is sealed by 0x{sealer.hex()}, "
                    "which is not one of the pinned sealers",
                )
        if len(self._known) >= _MAX_KEPT:
            self._known.clear()
        self._known[header.block.digest] = header.block, sealer
        return header.block, sealer


def _bad_seal(block: BlockRef) -> LedgerMismatchError:
    return LedgerMismatchError("ledger.bad_seal", f"block {block.number} carries no sealer's seal")
