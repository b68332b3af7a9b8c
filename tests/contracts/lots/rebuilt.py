"""State of lot book and custody from their events alone, slot by slot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.lots.evm import Event
from tests.contracts.lots.paper import Header, header_digest

Slots = dict[int, int]
"""Value by place."""


def place(slot: int, *keys: tuple[str, Any]) -> int:
    """Where a mapping of mappings has the value of some keys."""
    for kind, key in keys:
        slot = int.from_bytes(keccak(encode([kind, "uint256"], [key, slot])))
    return slot


def packed(*parts: tuple[int, int]) -> int:
    """A word of (value, bits), lowest first."""
    word = at = 0
    for value, bits in parts:
        assert value < 1 << bits
        word |= value << at
        at += bits
    return word


HELD, OFFERED, CONSUMED, RETIRED, EXITED, HANDED_OVER = range(1, 7)
LOT_FIELDS: Final = (8, 32, 32, 32, 56, 40, 40)
STATE, HOLDER, OFFERED_TO, PREVIOUS, TAKEN, FROZEN, UNTIL = range(7)


class Rebuilt:
    """What events say, in the places that are documented."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.book: Slots = {}
        self.custody: Slots = {}
        self.headers: dict[tuple[int, bytes], Header] = {}
        self.lots: dict[bytes, list[int]] = {}
        self.opened: dict[bytes, tuple[Any, ...]] = {}
        self.roots: dict[bytes, tuple[int, bytes]] = {}
        self.sources: dict[tuple[int, bytes], bytes] = {}
        self.heads: dict[str, tuple[int, bytes]] = {}
        for event in events:
            self.hear(event)
        for lot, fields in self.lots.items():
            self._write_lot(lot, fields)

    def hear(self, event: Event) -> None:
        """Take in one event."""
        if event.contract not in ("LotBook", "Custody"):
            return
        count, head = self.heads.get(event.contract, (0, bytes(32)))
        digest = keccak(b"".join(event.topics) + event.data)
        self.heads[event.contract] = count + 1, keccak(head + digest)
        said = event.said
        hear: Callable[[Any], None] | None = getattr(self, f"_{event.name}", None)
        if hear is not None:
            hear(said)
        elif "lot" in said and event.name in MOVES:
            MOVES[event.name](self.lots.setdefault(said["lot"], [0] * 7), said)

    # ---- batches

    def _batch(self, said: Any, word: int | None = None) -> None:
        key = (said["issuer"], said["root"])
        if word is None:
            self.headers[key] = Header(*said["header"])
            word = int.from_bytes(header_digest(self.headers[key])) & ~1
        self.book[place(2, ("uint32", key[0]), ("bytes32", key[1]))] = word

    def _BatchIssued(self, said: Any) -> None:  # an event's name
        self._batch(said)
        self.roots[said["header"][-1]] = said["issuer"], said["root"]
        known = keccak(encode(["uint32[]"], [said["columns"]]))
        self.book[place(3, ("bytes32", known))] = 1

    def _BatchReplaced(self, said: Any) -> None:
        self._batch(said)

    def _BatchWithdrawn(self, said: Any) -> None:
        self._batch(said, 2)
        source = self.sources.get((said["issuer"], said["root"]))
        if source is not None:
            self.book[place(6, ("bytes32", source))] = 0

    def _BatchHandedOver(self, said: Any) -> None:
        self._batch(said, 4)

    def _RunRecorded(self, said: Any) -> None:
        if any(said["source"]):
            key = self.roots[said["cause"]]
            batch = keccak(encode(["uint32", "bytes32"], key))
            self.sources[key] = said["source"]
            self.book[place(6, ("bytes32", said["source"]))] = int.from_bytes(batch)
            self.book[place(7, ("bytes32", batch))] = int.from_bytes(said["source"])

    def _PeriodUsed(self, said: Any) -> None:
        keys = ("uint32", said["site"]), ("uint16", said["substance"]), ("uint32", said["period"])
        use = [(said[name], 64) for name in ("originated", "taken", "gained")]
        self.book[place(4, *keys)] = packed(*use)

    def _CeilingUsed(self, said: Any) -> None:
        keys = (
            *(("uint32", said["member"]), ("uint16", said["substance"])),
            ("uint32", said["period"]),
        )
        self.book[place(5, *keys)] = said["used"]

    def _CreditChanged(self, said: Any) -> None:
        keys = (
            *(("uint32", said["site"]), ("uint16", said["programme"])),
            *(("uint16", said["substance"]), ("uint32", said["period"])),
        )
        self.book[place(8, *keys)] = said["balance"]

    def _SuccessorSet(self, said: Any) -> None:
        """Beside the event count; read by its function."""

    # ---- lots

    def _LotOpened(self, said: Any) -> None:
        key = (said["issuer"], said["root"])
        self.lots[said["lot"]] = [HELD, said["issuer"], 0, 0, 0, 0, 0]
        self.book[place(2, ("uint32", key[0]), ("bytes32", key[1]))] |= 1
        names = ("index", "lotKey", "statementLeaf", "columns", "quantities")
        header = header_digest(self.headers[key])
        self.opened[said["lot"]] = (header, *(said[name] for name in names))

    def _LotRebased(self, said: Any) -> None:
        self.lots[said["lot"]][TAKEN] = 0
        self.opened[said["lot"]] = (*self.opened[said["lot"]][:-1], said["quantities"])

    def _LotExited(self, said: Any) -> None:
        self.lots[said["lot"]][STATE] = EXITED
        self.custody[place(3, ("bytes32", said["lot"]))] = int.from_bytes(said["digest"])

    def _LotReentered(self, said: Any) -> None:
        fields = self.lots[said["lot"]]
        fields[:4] = [HELD, said["by"], 0, fields[HOLDER]]
        fields[UNTIL] = 0
        self.custody[place(3, ("bytes32", said["lot"]))] = 0

    def _NonceSpent(self, said: Any) -> None:
        keys = ("uint32", said["member"]), ("uint256", said["nonce"])
        self.custody[place(4, *keys)] = 1

    def _VarianceRecorded(self, said: Any) -> None:
        keys = (
            *(("uint32", said["member"]), ("uint32", said["column"])),
            ("uint32", said["period"]),
        )
        self.custody[place(5, *keys)] = said["total"] % 2**256

    def _FreezeAsked(self, said: Any) -> None:
        fields = self.lots[said["lot"]]
        word = said["until"] | said["by"] << 64
        word |= fields[OFFERED_TO] << 96 | fields[UNTIL] << 128
        self.custody[place(6, ("bytes32", said["lot"]))] = word

    def _LotFrozen(self, said: Any) -> None:
        fields, lot = self.lots[said["lot"]], said["lot"]
        fields[FROZEN] = said["until"]
        if said["jointly"]:
            self.custody[place(6, ("bytes32", lot))] = 0
        elif said["by"]:
            self.custody[place(7, ("bytes32", lot))] = 1

    def _write_lot(self, lot: bytes, fields: list[int]) -> None:
        at = place(2, ("bytes32", lot))
        self.custody[at] = packed(*zip(fields, LOT_FIELDS, strict=True))
        if lot in self.opened:
            types = ["bytes32", "uint64", "bytes32", "bytes32", "uint32[]", "uint64[]"]
            commitment = keccak(encode(types, self.opened[lot]))
            self.custody[at + 1] = int.from_bytes(commitment)


def _taken(fields: list[int], said: Any) -> None:
    fields[TAKEN] = said["taken"] + said["amount"]
    if said["consumed"]:
        fields[STATE] = CONSUMED


def _offered(fields: list[int], said: Any) -> None:
    fields[STATE], fields[OFFERED_TO], fields[UNTIL] = OFFERED, said["to"], said["until"]


def _offer_ended(fields: list[int], said: Any) -> None:
    fields[STATE], fields[OFFERED_TO], fields[UNTIL] = HELD, 0, 0


def _accepted(fields: list[int], said: Any) -> None:
    fields[:4] = [HELD, said["to"], 0, said["from"]]
    fields[UNTIL] = 0


def _retired(fields: list[int], said: Any) -> None:
    fields[STATE] = RETIRED


def _handed_over(fields: list[int], said: Any) -> None:
    fields[STATE] = HANDED_OVER


MOVES: Final[dict[str, Callable[[list[int], Any], None]]] = {
    "LotTaken": _taken,
    "LotOffered": _offered,
    "OfferEnded": _offer_ended,
    "LotAccepted": _accepted,
    "LotRetired": _retired,
    "LotHandedOver": _handed_over,
}
