"""Events of registry, assurance and notices by slices, with web3 as oracle; and their rows."""

from __future__ import annotations

import sqlite3
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.event_logs import log_of
from veta.chain.contract_abi import artifact
from veta.chain.events import decode_body
from veta.chain.standing_events import STANDING_DECODERS
from veta.chain.web3_packages import Web3, abi_encode, keccak
from veta.errors import LedgerUnavailableError, StoreError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import (
    AccountAddress,
    BlockNumber,
    Digest,
    MemberId,
    TransactionId,
    UnixSeconds,
)
from veta.model.registry_events import SiteRegistered
from veta.ports.store import FollowedBlock, FollowedBody, StoreIdentity
from veta.store.sql_store import open_store

BLOCK = BlockRef(
    BlockNumber(0), Digest(b"\x09" * 32), Digest(bytes(32)), UnixSeconds(1_790_000_000)
)
EVENTS = sorted(STANDING_DECODERS)
NAMES = {"action": (0, 4), "unit": (0, 2), "side": (1, 2), "kind": (1, 3), "category": (1, 3)}
"""Numbers that are names of something, first and last, by field."""
SOURCES = {"RecordStatusChanged": (0, 3)}
SPEAKERS = (1, 4)
"""Of every other event's ``source``."""
RENAMED = {
    "productClass": "product_class", "metalTolerancePpm": "metal_tolerance_ppm",
    "custodyTolerancePpm": "custody_tolerance_ppm", "unitKind": "unit_kind",
    "co2eDefaultPerMillion": "co2e_default_per_million", "latenessSeconds": "lateness_s",
    "gainPpm": "gain_ppm", "authorityFreezeSeconds": "authority_freeze_s",
    "creditPeriods": "credit_periods", "effective": "effective_s", "from": "from_s",
    "until": "until_s", "recorded": "recorded_s", "creditLifeMonths": "credit_life_months",
    "massBalanceMonths": "mass_balance_months", "byMember": "by_member", "lapses": "lapses_s",
    "statementLeaf": "statement_leaf", "raised": "raised_s", "respondBy": "respond_by_s",
    "closed": "closed_s",
}  # fmt: skip
REDUCTION = {"from": "source", "to": "target"}
TEXTS = ("", "x", "Refinería de Antofagasta", "a" * 32, "b" * 33, "c" * 256)


def random_value(item: dict[str, Any], random: Random, names: dict[str, Any] = NAMES) -> Any:  # noqa: PLR0911 - a row a kind
    kind, name = item["type"], item["name"]
    if kind.endswith("[]"):
        inner = item | {"type": kind[:-2]}
        return [random_value(inner, random) for _ in range(random.choice([0, 1, 2, 16]))]
    if kind == "tuple":
        return tuple(random_value(part, random) for part in item["components"])
    if kind == "bool":
        return random.random() < 0.5
    if kind == "string":
        return random.choice(TEXTS)
    if name == "symbol":
        return random.choice([b"Cu", b"Li", b"", b"longest symbol!!"]).ljust(16, b"\0")
    if name == "country":
        return random.choice([b"CL", b"DE"])
    if kind.startswith("bytes"):
        return random.randbytes(int(kind[5:]))
    if kind.startswith("int"):
        return random.choice([0, -1, 1, -(2**63), 2**63 - 1])
    bits = int(kind[4:])
    if name in names:
        return random.randint(*names[name])
    if name == "substances":
        chosen = sorted(random.sample(range(1, 2**16), random.choice([0, 1, 3, 16])))
        return sum(substance << 16 * at for at, substance in enumerate(chosen))
    return random.choice([0, 1, (1 << bits) - 1, random.randrange(1 << bits)])


def random_log(contract: str, event: str, random: Random) -> dict[str, Any]:
    entry = artifact(contract).events[event]
    names = NAMES | {"source": SOURCES.get(event, SPEAKERS)}
    given = {item["name"]: random_value(item, random, names) for item in entry.inputs}
    if "identifierDigest" in given:
        given["identifierDigest"] = keccak(given["identifier"].encode())
    return log_of(entry, given, BLOCK)


def body_of(contract: str, event: str, random: Random) -> Any:
    log = random_log(contract, event, random)
    return decode_body(contract, tuple(log["topics"]), log["data"], BLOCK)


def flat(value: Any) -> Any:
    """As web3 gives it: structs are mappings, octets octets."""
    if is_dataclass(value) and not isinstance(value, type):
        return [flat(getattr(value, field.name)) for field in fields(value)]
    if hasattr(value, "values"):
        return [flat(each) for each in value.values()]
    if isinstance(value, (list, tuple)):
        return [flat(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    return bytes(value) if isinstance(value, bytes) else value


def same(name: str, ours: Any, theirs: Any) -> bool:
    if name == "symbol":
        return bool(ours.encode().ljust(16, b"\0") == theirs)
    if name == "country":
        return bool(ours.encode() == theirs)
    if name == "substances":
        return bool(sum(each << 16 * at for at, each in enumerate(ours)) == theirs)
    return bool(flat(ours) == flat(theirs))


@pytest.mark.parametrize(("contract", "event"), EVENTS)
def test_decode_body__random_logs__same_as_web3(contract: str, event: str) -> None:
    oracle = Web3().eth.contract(abi=list(artifact(contract).abi)).events[event]()
    random = Random(event)
    for _ in range(60):
        log = random_log(contract, event, random)
        body = decode_body(contract, tuple(log["topics"]), log["data"], BLOCK)
        theirs = dict(oracle.process_log(log)["args"])
        theirs.pop("identifierDigest", None)
        renamed = REDUCTION if event == "ReductionRegistered" else RENAMED
        named = {renamed.get(str(name), str(name)): value for name, value in theirs.items()}
        assert named.keys() == {field.name for field in fields(body)}  # type: ignore[arg-type]
        for name, value in named.items():
            assert same(name, getattr(body, name), value), name


@pytest.mark.parametrize(
    ("contract", "opened"),
    [
        ("Registry", "Opened"),
        ("Assurance", "Opened"),
        ("LotNotices", "NoticesOpened"),
        ("SiteNotices", "SiteNoticesOpened"),
    ],
)
def test_decode_body__every_event__is_decoded_or_known_to_change_nothing(
    contract: str, opened: str
) -> None:
    known = {event for of, event in EVENTS if of == contract}
    assert set(artifact(contract).events) - known == {opened, "SuccessorSet"}


@pytest.mark.parametrize(("contract", "event"), EVENTS)
def test_decode_body__cut_padded_or_impossible__is_garbage(contract: str, event: str) -> None:
    log = random_log(contract, event, Random(1))
    topics, data = tuple(log["topics"]), log["data"]
    damaged = [data + bytes(32), data + b"\0"]
    if data:
        damaged += [data[:-1], data[:-32], b"", b"\xff" * len(data)]
    for octets in damaged:
        with pytest.raises(LedgerUnavailableError) as failed:
            decode_body(contract, topics, octets, BLOCK)
        assert failed.value.code == "ledger.garbage"
    for topics_ in ((), (b"\x01" * 32,), topics[:1], (topics[0], *[b"\xff" * 32] * 3)):
        with pytest.raises(LedgerUnavailableError):
            decode_body(contract, topics_, data, BLOCK)


def test_decode_body__a_name_that_is_no_text__does_not_stop_the_follower() -> None:
    entry = artifact("Registry").events["SiteRegistered"]
    octets = b"did:web:\xff\xfe"
    data = abi_encode(["bytes", "bytes", "bytes2"], [octets, b"\xc3(", b"CL"])
    topics = (entry.topic, (7).to_bytes(32), keccak(octets))
    body = decode_body("Registry", topics, data, BLOCK)
    assert body == SiteRegistered(7, "did:web:\\xff\\xfe", "\\xc3(", "CL")  # type: ignore[arg-type]
    with pytest.raises(LedgerUnavailableError):
        decode_body("Registry", (*topics[:2], keccak(b"another")), data, BLOCK)


def test_decode_body__substances_out_of_order_or_with_gaps__are_garbage() -> None:
    for word in (29 | 3 << 16, 29 | 29 << 16, 29 << 16):
        log = random_log("Assurance", "RecordMade", Random(3))
        words = [log["data"][at : at + 32] for at in range(0, len(log["data"]), 32)]
        words[5] = word.to_bytes(32)
        with pytest.raises(LedgerUnavailableError):
            decode_body("Assurance", tuple(log["topics"]), b"".join(words), BLOCK)


IDENTITY = StoreIdentity(
    1337, Digest(b"\x01" * 32), {"Registry": AccountAddress(b"\x02" * 20)}, MemberId(7)
)


def test_store__bodies_of_every_kind__are_read_back_looked_up_and_undone(tmp_path: Path) -> None:
    store = open_store(tmp_path / "node.db", IDENTITY, create=True)
    random = Random(5)
    bodies = [body_of(*event, random) for event in EVENTS for _ in range(20)]
    told = tuple(
        FollowedBody(BlockNumber(1), at, TransactionId(b"\x03" * 32), body)
        for at, body in enumerate(bodies)
    )
    ref = BlockRef(BlockNumber(1), Digest(b"\x0a" * 32), BLOCK.digest, UnixSeconds(2))
    with store.write() as work:
        work.append_blocks([FollowedBlock(BLOCK, (), {}), FollowedBlock(ref, told, {})])
    with store.read() as work:
        assert work.followed_blocks(BlockNumber(1), BlockNumber(1))[0].bodies == told
        for kind in {type(body) for body in bodies}:
            of_kind = tuple(body for body in bodies if type(body) is kind)
            assert work.said(kind) == of_kind
            for field in fields(kind):
                wanted = getattr(of_kind[0], field.name)
                found = tuple(b for b in of_kind if getattr(b, field.name) == wanted)
                assert work.said(kind, **{field.name: wanted}) == found
        with pytest.raises(KeyError):
            work.said(SiteRegistered, nothing=1)
        assert work.stray_rows() == 0
    with store.write() as work:
        assert work.undo_above(BlockNumber(0)) == 1
        assert not any(work.said(type(body)) for body in bodies)
    store.close()


@pytest.mark.parametrize(
    "change",
    [
        "substances SET base_unit=9",
        "substances SET id=id+1",
        "allocation_rules SET shares=x'00'",
        "allocation_rules SET shares=x'00000001'",
        "assurance_statuses SET action=77",
    ],
)
def test_store__a_row_that_nothing_can_have_written__is_corrupt(
    tmp_path: Path, change: str
) -> None:
    path = tmp_path / "node.db"
    store = open_store(path, IDENTITY, create=True)
    random = Random(5)
    told = tuple(
        FollowedBody(BlockNumber(0), at, TransactionId(b"\x03" * 32), body_of(*event, random))
        for at, event in enumerate(EVENTS)
    )
    with store.write() as work:
        work.append_blocks([FollowedBlock(BLOCK, told, {})])
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE {change}")
    connection.close()
    store = open_store(path, IDENTITY)
    with store.read() as work, pytest.raises(StoreError) as corrupt:
        work.followed_blocks(BlockNumber(0), BlockNumber(0))
    assert corrupt.value.code == "store.corrupt"
    store.close()
