"""Events of the lot book and of custody by slices, with web3 as oracle; gateways against ABIs."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from random import Random
from typing import Any

import pytest

from tests.support.event_logs import log_of
from veta.chain.contract_abi import artifact
from veta.chain.events import decode_body
from veta.chain.lot_events import LOT_DECODERS
from veta.chain.lot_values import abi_value, lot_record
from veta.chain.revert import reverted
from veta.chain.web3_packages import Web3, abi_encode
from veta.errors import LedgerUnavailableError
from veta.model import lots as values
from veta.model.anchoring import BlockRef
from veta.model.identifiers import BlockNumber, Digest, UnixSeconds
from veta.model.lot_events import LotAction, LotChange

BLOCK = BlockRef(
    BlockNumber(9), Digest(b"\x09" * 32), Digest(b"\x08" * 32), UnixSeconds(1_790_000_000)
)
LOT_CONTRACTS = ("LotBook", "Custody")
EVENTS = sorted(LOT_DECODERS)
BOUNDS = {"kind": 4, "model": 4, "flags": 63, "reason": 8, "part": 3}
"""Numbers that are names of something, by field."""
FREE = {("LotRetired", "reason"), ("LotMeasured", "method")}


def random_value(  # noqa: PLR0911 - a row for each kind of value
    item: dict[str, Any], random: Random, event: str = ""
) -> Any:
    """A value of an ABI input, structs and lists included."""
    kind, name = item["type"], item["name"]
    if kind.endswith("[]"):
        inner = item | {"type": kind[:-2]}
        return [random_value(inner, random, event) for _ in range(random.choice([0, 1, 2, 16]))]
    if kind == "tuple":
        return tuple(random_value(part, random, event) for part in item["components"])
    if kind == "bool":
        return random.random() < 0.5
    if kind == "address":
        return "0x" + random.randbytes(20).hex()
    if kind.startswith("bytes"):
        return random.randbytes(int(kind[5:]))
    if kind.startswith("int"):
        return random.choice([0, -1, 1, -(2**255), 2**255 - 1, random.randrange(-(2**60), 2**60)])
    bits = int(kind[4:])
    if name in BOUNDS and (event, name) not in FREE:
        return random.randrange(BOUNDS[name] + 1)
    return random.choice([0, 1, (1 << bits) - 1, random.randrange(1 << bits)])


def random_log(contract: str, event: str, random: Random) -> dict[str, Any]:
    """A log as a client gives it, of random but possible fields."""
    entry = artifact(contract).events[event]
    given = {item["name"]: random_value(item, random, event) for item in entry.inputs}
    if "header" in given:
        header = list(given["header"])
        header[2], header[5] = given["issuer"], given["root"]
        given["header"] = tuple(header)
    return log_of(entry, given, BLOCK)


def flat(value: Any) -> Any:
    """Dataclasses, mappings and lists as plain lists of numbers and octets."""
    if isinstance(value, str):
        return bytes.fromhex(value[2:])
    if is_dataclass(value):
        return [flat(getattr(value, field.name)) for field in fields(value)]
    if hasattr(value, "values"):
        return [flat(each) for each in value.values()]
    if isinstance(value, (list, tuple)):
        return [flat(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    return value if not isinstance(value, bytes) else bytes(value)


CHANGES: dict[str, dict[str, str]] = {
    "FreezeAsked": {"by": "by", "until": "until_s"},
    "LotAccepted": {"from": "by", "to": "to", "taken": "taken", "consignment": "digest"},
    "LotExited": {"by": "by", "taken": "taken", "digest": "digest"},
    "LotFrozen": {"by": "by", "until": "until_s", "jointly": "code"},
    "LotHandedOver": {},
    "LotMeasured": {
        "by": "by", "shipped": "taken", "measured": "amount", "method": "code",
        "statementLeaf": "digest",
    },
    "LotOffered": {
        "from": "by", "to": "to", "until": "until_s", "taken": "taken", "consignment": "digest",
    },
    "LotRebased": {"before": "before", "taken": "taken", "quantities": "after"},
    "LotReentered": {"by": "by", "taken": "taken"},
    "LotRetired": {"by": "by", "taken": "taken", "reason": "code"},
    "LotTaken": {"by": "by", "taken": "taken", "amount": "amount", "consumed": "code"},
    "OfferEnded": {"by": "by"},
}  # fmt: skip
"""Of events that are changes: argument of the event, field of ``LotChange``."""


def told(event: str, body: Any) -> dict[str, Any]:  # noqa: PLR0911 - a row for each event
    """What a body says, under the names of the event's arguments; only what the event has."""
    if isinstance(body, LotChange):
        names = CHANGES[event]
        unused = {field.name for field in fields(body)} - {"lot", "action", *names.values()}
        assert not any(getattr(body, name) for name in unused)
        return {"lot": body.lot} | {name: getattr(body, at) for name, at in names.items()}
    match event:
        case "BatchIssued":
            lists = {"columns": body.columns, "sums": body.sums, "salt": body.salt}
            named = {"issuer": body.header.issuer, "root": body.header.root}
            return named | {"header": body.header} | lists
        case "BatchReplaced":
            assert (body.columns, body.sums, body.salt) == ((), (), b"")
            named = {"issuer": body.header.issuer, "root": body.header.root}
            return named | {"header": body.header}
        case "BatchWithdrawn":
            root = body.replacement or bytes(32)
            return {"issuer": body.issuer, "root": body.root, "replacement": root}
        case "BatchHandedOver":
            assert body.handed_over
            return {"issuer": body.issuer, "root": body.root}
        case "PeriodUsed":
            named = {"site": body.site, "substance": body.substance, "period": body.period}
            use = body.use
            return named | {"originated": use.originated, "taken": use.taken, "gained": use.gained}
        case "RunRecorded":
            return {
                "issuer": body.issuer, "cause": body.cause, "kind": body.kind,
                "source": body.source, "takes": body.takes, "firstMeasured": body.first_measured,
                "reductions": body.reductions, "draws": body.draws, "losses": body.losses,
                "emissions": body.emissions,
            }  # fmt: skip
        case "LotOpened":
            return {
                "lot": body.lot, "issuer": body.issuer, "root": body.root, "index": body.index,
                "lotKey": body.lot_key, "statementLeaf": body.statement_leaf,
                "columns": body.columns, "quantities": body.quantities,
            }  # fmt: skip
    return {field.name: getattr(body, field.name) for field in fields(body)}


@pytest.mark.parametrize(("contract", "event"), EVENTS)
def test_decode_body__random_logs__same_as_web3(contract: str, event: str) -> None:
    oracle = Web3().eth.contract(abi=list(artifact(contract).abi)).events[event]()
    random = Random(event)
    for _ in range(60):
        log = random_log(contract, event, random)
        body = decode_body(contract, tuple(log["topics"]), log["data"], BLOCK)
        theirs = dict(oracle.process_log(log)["args"])
        ours = told(event, body)
        assert ours.keys() == theirs.keys()
        for name, value in ours.items():
            assert flat(value) == flat(theirs[name]), name


@pytest.mark.row("T31")
@pytest.mark.parametrize(("contract", "event"), EVENTS)
def test_decode_body__any_bit_of_the_data_turned__is_refused_or_is_what_is_encoded_so(
    contract: str, event: str
) -> None:
    """No octet of a log goes unread: what is decoded has this one encoding."""
    entry, random = artifact(contract).events[event], Random(event)
    unnamed = [each for each in entry.inputs if not each["indexed"]]
    types = [
        kind for each, kind in zip(entry.inputs, entry.input_types, strict=True)
        if not each["indexed"]
    ]  # fmt: skip
    turned_words = taken = 0
    while turned_words < 150 and unnamed:
        log = random_log(contract, event, random)
        topics, data = tuple(log["topics"]), bytes(log["data"])
        turned_words += len(data) // 32
        for word in range(0, len(data), 32):
            turned = bytearray(data)
            turned[word + random.randrange(32)] ^= 1 << random.randrange(8)
            try:
                body = decode_body(contract, topics, bytes(turned), BLOCK)
            except LedgerUnavailableError:
                continue
            said = told(event, body)
            values_ = [
                bool(said[each["name"]])
                if each["type"] == "bool"
                else abi_value(said[each["name"]])
                for each in unnamed
            ]
            assert abi_encode(types, values_) == bytes(turned)
            taken += 1
    assert taken or not unnamed


@pytest.mark.parametrize(("contract", "event", "lists"), [
    ("LotBook", "BatchIssued", (19, 20)), ("LotBook", "RunRecorded", tuple(range(2, 8))),
    ("Custody", "LotOpened", (3, 4)),
])  # fmt: skip
@pytest.mark.parametrize("place", [0, 31, 2**40 * 32, 2**64 - 32, 2**255])
def test_decode_body__list_that_says_to_stand_elsewhere__is_refused_at_once(
    contract: str, event: str, lists: tuple[int, ...], place: int
) -> None:
    log = random_log(contract, event, Random(3))
    topics, data = tuple(log["topics"]), bytes(log["data"])
    for word in lists:
        moved = data[: 32 * word] + place.to_bytes(32) + data[32 * word + 32 :]
        with pytest.raises(LedgerUnavailableError) as failed:
            decode_body(contract, topics, moved, BLOCK)
        assert failed.value.code == "ledger.garbage"


def test_decoders__of_changes__give_each_action_once() -> None:
    random = Random(2)
    actions = []
    for contract, event in EVENTS:
        log = random_log(contract, event, random)
        body = decode_body(contract, tuple(log["topics"]), log["data"], BLOCK)
        if isinstance(body, LotChange):
            actions.append(body.action)
    assert sorted(actions) == sorted(LotAction)


@pytest.mark.parametrize("contract", LOT_CONTRACTS)
def test_decode_body__every_event__is_decoded_or_known_to_change_nothing(contract: str) -> None:
    nothing = {"BookOpened", "CustodyOpened", "NonceSpent", "SuccessorSet"}
    random = Random(7)
    for event in artifact(contract).events:
        log = random_log(contract, event, random)
        body = decode_body(contract, tuple(log["topics"]), log["data"], BLOCK)
        assert (body is None) == (event in nothing), event


@pytest.mark.row("T31")
@pytest.mark.parametrize(("contract", "event"), EVENTS)
def test_decode_body__cut_padded_or_impossible__is_garbage(contract: str, event: str) -> None:
    log = random_log(contract, event, Random(1))
    topics, data = tuple(log["topics"]), log["data"]
    damaged = [data + bytes(32), data + b"\0"]
    if data:
        damaged += [data[:-1], data[:-32], b""]
    if event not in {"BatchWithdrawn", "LotHandedOver", "BatchHandedOver", "VarianceRecorded"}:
        damaged.append(b"\xff" * len(data))  # those take any octets, or none
    for octets in damaged:
        with pytest.raises(LedgerUnavailableError) as failed:
            decode_body(contract, topics, octets, BLOCK)
        assert failed.value.code == "ledger.garbage"
    for topics_ in ((), (b"\x01" * 32,), topics[:1], (topics[0], *[b"\xff" * 32] * 3)):
        if event in {"LotHandedOver", "LotRebased", "OfferEnded"} and len(topics_) > 3:
            continue  # these name a lot only, and any 32 octets are one
        with pytest.raises(LedgerUnavailableError):
            decode_body(contract, topics_, data, BLOCK)


@pytest.mark.parametrize(
    ("python", "contract", "function", "path"),
    [
        (values.Run, "LotBook", "transform", (0,)),
        (values.Output, "LotBook", "transform", (0, "outputs")),
        (values.BatchHeader, "LotBook", "replace", (0,)),
        (values.Opening, "Custody", "open", (0,)),
        (values.OpenedLot, "Custody", "acceptMeasured", (0,)),
        (values.Take, "LotBook", "transform", (0, "takes")),
        (values.Cover, "LotBook", "transform", (0, "covers")),
    ],
)
def test_structs__python_and_abi__have_as_many_fields_in_the_same_order(
    python: Any, contract: str, function: str, path: tuple[Any, ...]
) -> None:
    item = artifact(contract).functions[function].inputs[path[0]]
    for name in path[1:]:
        item = next(each for each in item["components"] if each["name"] == name)
    theirs = [each["name"].lower() for each in item["components"]]
    ours = [field.name for field in fields(python)]
    assert len(ours) == len(theirs)
    for mine, abi in zip(ours, theirs, strict=True):
        bare = mine.removesuffix("_s").removesuffix("_column").replace("_", "")
        assert abi in {bare, mine.replace("_", ""), f"{bare}column"}, (mine, abi)


def test_lot_record__slots_and_back__are_the_abi_struct() -> None:
    words = (2, 7, 8, 9, 55, 66, 77, b"\x01" * 32)
    assert abi_value(lot_record(words)) == words


def test_abi_value__header__is_encoded_as_the_contract_hashes_it() -> None:
    from tests.support.custody_world import MEMBER, certified
    from veta.custody.encoding import header_octets

    header = certified().lot.header
    assert header.issuer == MEMBER
    kind = artifact("LotBook").functions["replace"].input_types[0]
    assert abi_encode([kind], [abi_value(header)]) == header_octets(header)


@pytest.mark.parametrize(
    ("contract", "name", "given", "code", "words"),
    [
        ("LotLaws", "MetalMismatch", (0x2000001D, 10, 11), "custody.metal_mismatch", "Cu: 10"),
        ("LotBook", "NotSiteOperator", (3, 7), "custody.not_site_operator", "member 7"),
        ("LotBook", "Count", (b"takes", 17, 1, 16), "custody.count", "takes"),
        ("LotBook", "Count", (b"\xff" * 32, 1, 2, 3), "custody.count", "Count(what=0xff"),
        ("Custody", "LockedByOffer", (b"\x01" * 32, 8, 99), "custody.locked_by_offer", "offered"),
        ("Custody", "NotOperator", ("0x" + "11" * 20,), "ledger.reverted.not_operator", "0x11"),
    ],
)
def test_reverted__refusal_of_the_lot_book__reads_as_the_draft_s(
    contract: str, name: str, given: tuple[Any, ...], code: str, words: str
) -> None:
    entry = artifact(contract).errors[name]
    error = reverted(entry.selector + abi_encode(entry.input_types, given), "transform")
    assert error.code == code
    assert error.error_name == name
    assert words in error.message
