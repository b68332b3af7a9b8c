"""Gateways, event slices and the error table against the ABIs, with web3 and eth-abi as oracles."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from sha3 import keccak_256

from tests.support.event_logs import log_of
from veta.chain.assurance import AssuranceGateway
from veta.chain.consortium import ConsortiumGateway
from veta.chain.contract_abi import CONTRACT_NAMES, artifact
from veta.chain.custody import CustodyGateway
from veta.chain.deploy import CONTRACT_SET, contract_address
from veta.chain.events import decode_body
from veta.chain.governance import (
    ADMISSION_TYPE,
    RULES_TYPE,
    Admission,
    GovernanceGateway,
    GovernanceRules,
    KeyGrant,
    ProposalKind,
)
from veta.chain.lot_book import LotBookGateway
from veta.chain.notices import NoticeGateway
from veta.chain.registry import RegistryGateway
from veta.chain.revert import code_of, reverted
from veta.chain.rpc import octets, quantity, revert_data
from veta.chain.site_notices import SiteNoticeGateway
from veta.chain.statement_log import StatementLogGateway
from veta.chain.web3_packages import Web3, abi_encode
from veta.custody.refusals import SENTENCES
from veta.custody.refusals import code_of as refusal_code
from veta.errors import LedgerUnavailableError
from veta.model.anchoring import (
    AnchorRecord,
    BatchKind,
    BlockRef,
    StatusAction,
    StatusEntry,
    StatusReason,
)
from veta.model.consortium import (
    KeyAction,
    KeyAlgorithm,
    KeyEntry,
    KeyPurpose,
    MembershipEntry,
    Role,
)
from veta.model.identifiers import AccountAddress, BlockNumber, Digest, UnixSeconds
from veta.ports.ledger import MemberAdmitted

BLOCK = BlockRef(
    BlockNumber(9), Digest(b"\x09" * 32), Digest(b"\x08" * 32), UnixSeconds(1_790_000_000)
)
GATEWAYS: dict[str, tuple[type[Any], ...]] = {
    "Consortium": (ConsortiumGateway, GovernanceGateway),
    "StatementLog": (StatementLogGateway,),
    "LotBook": (LotBookGateway,),
    "Custody": (CustodyGateway,),
    "Registry": (RegistryGateway,),
    "Assurance": (AssuranceGateway,),
    "LotNotices": (NoticeGateway,),
    "SiteNotices": (SiteNoticeGateway,),
}


@pytest.mark.parametrize("name", sorted(GATEWAYS))
def test_gateways__and_abi_functions__match_both_ways(name: str) -> None:
    used: dict[str, str] = {}
    unused: dict[str, str] = {}
    for gateway in GATEWAYS[name]:
        assert not used.keys() & gateway.FUNCTIONS.keys()
        used |= gateway.FUNCTIONS
        unused |= getattr(gateway, "UNUSED", {})
        for method in gateway.FUNCTIONS.values():
            assert callable(getattr(gateway, method)), method
        public = {m for m in vars(gateway) if m.startswith("encode_")}
        assert public <= set(gateway.FUNCTIONS.values())
    assert not used.keys() & unused.keys()
    assert used.keys() | unused.keys() == artifact(name).functions.keys()
    assert all(unused.values())
    for function, method in used.items():
        writes = not artifact(name).functions[function].reads
        assert writes == method.startswith("encode_"), (function, method)


def enum_members(name: str, contract: str) -> list[str]:
    """Members of a Solidity enum, from the interface's source."""
    from pathlib import Path

    source = Path(__file__).resolve().parents[2] / "contracts" / "interfaces" / f"{contract}.sol"
    body = source.read_text().split(f"enum {name} {{", 1)[1].split("}", 1)[0]
    lines = [line.split("//")[0].strip(" ,") for line in body.splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize(
    ("python", "name", "contract"),
    [
        (KeyPurpose, "KeyPurpose", "IConsortium"),
        (KeyAlgorithm, "KeyAlgorithm", "IConsortium"),
        (KeyAction, "KeyAction", "IConsortium"),
        (ProposalKind, "ProposalKind", "IConsortium"),
        (BatchKind, "BatchKind", "IStatementLog"),
        (StatusAction, "StatusAction", "IStatementLog"),
        (StatusReason, "StatusReason", "IStatementLog"),
    ],
)
def test_enums__python_and_solidity__are_the_same(python: Any, name: str, contract: str) -> None:
    solidity = {word: number for number, word in enumerate(enum_members(name, contract))}
    ours = {member.name: int(member) for member in python}
    if "NONE" not in ours and "NONE" in solidity:
        assert solidity.pop("NONE") == 0
    assert ours == solidity


def test_structs__of_governance__have_the_abi_types() -> None:
    consortium = artifact("Consortium")
    admissions, rules, reservations = consortium.constructor_types
    assert admissions == f"{ADMISSION_TYPE}[]"
    assert rules == RULES_TYPE
    assert reservations == "(bytes32,address)[]"


def test_contract_set__constructors__take_the_addresses_of_what_was_deployed_before() -> None:
    assert ("Consortium", *CONTRACT_SET) == CONTRACT_NAMES
    before = {"Consortium"}
    for name, takes in CONTRACT_SET.items():
        assert set(takes) <= before, name
        assert artifact(name).constructor_types == ("address",) * len(takes)
        before.add(name)


def random_value(kind: str, random: Random) -> Any:
    if kind == "bool":
        return random.random() < 0.5
    if kind == "address":
        return "0x" + random.randbytes(20).hex()
    if kind == "string":
        return "".join(random.choice("abc ñ.:") for _ in range(random.randrange(1, 80)))
    if kind == "bytes":
        return random.randbytes(random.choice([0, 1, 20, 31, 32, 33, 64]))
    if kind.startswith("bytes"):
        return random.randbytes(int(kind[5:]))
    bits = int(kind[4:])
    return random.choice([0, 1, (1 << bits) - 1, random.randrange(1 << bits)])


ENUMS: dict[str, dict[str, Any]] = {
    "KeyChanged": {"action": KeyAction, "purpose": KeyPurpose, "algorithm": KeyAlgorithm},
    "BatchAnchored": {"kind": BatchKind},
    "StatusRecorded": {"action": StatusAction, "reason": StatusReason},
}


def random_log(contract: str, event: str, random: Random) -> dict[str, Any]:
    """A log as a client gives it, of random but possible fields."""
    entry = artifact(contract).events[event]
    fields: dict[str, Any] = {}
    for item in entry.inputs:
        members = ENUMS.get(event, {}).get(item["name"])
        listed = item["type"].endswith("[]")
        value: Any = [] if listed else random_value(item["type"], random)
        if members:
            value = random.choice(list(members))
        if item["name"] == "country":
            value = b"CL"
        fields[item["name"]] = int(value) if members else value
    return log_of(entry, fields, BLOCK)


DECODED = [
    ("Consortium", "MemberAdmitted"),
    ("Consortium", "MembershipChanged"),
    ("Consortium", "KeyChanged"),
    ("StatementLog", "BatchAnchored"),
    ("StatementLog", "StatusRecorded"),
]


def facts(body: Any) -> dict[str, Any]:
    """A body's fields under the names that the event gives them."""
    match body:
        case MemberAdmitted(member):
            return {
                "member": member.member, "identifier": member.identifier, "name": member.name,
                "country": member.country.encode(), "controlGroup": member.control_group,
                "identityDigest": member.identity_digest,
                "identifierDigest": None,
            }  # fmt: skip
        case MembershipEntry():
            return {
                "member": body.member, "index": body.index, "roles": int(body.roles),
                "votes": body.votes, "admitted": body.admitted, "effective": body.effective_s,
                "recorded": body.recorded_at_s,
            }  # fmt: skip
        case KeyEntry():
            return {
                "member": body.member, "keyId": body.key_id, "index": body.index,
                "action": body.action, "purpose": body.purpose, "algorithm": body.algorithm,
                "effective": body.effective_s, "recorded": body.recorded_at_s,
                "publicKey": body.public_key,
            }  # fmt: skip
        case AnchorRecord():
            assert body.anchored_by is not None
            assert (body.anchored_at_s, body.block) == (BLOCK.time_s, BLOCK.number)
            return {
                "issuer": body.issuer, "root": body.root, "sequence": body.sequence,
                "size": body.size, "kind": body.kind, "by": "0x" + body.anchored_by.hex(),
            }  # fmt: skip
        case StatusEntry():
            return {
                "issuer": body.issuer, "leaf": body.leaf, "index": body.index,
                "action": body.action, "reason": body.reason, "byMember": body.by_member,
                "effective": body.effective_s, "recorded": body.recorded_at_s,
                "related": body.related_leaf or body.grounds,
            }  # fmt: skip
    raise AssertionError(body)


@pytest.mark.parametrize(("contract", "event"), DECODED)
def test_decode_body__random_logs__same_as_web3(contract: str, event: str) -> None:
    oracle = Web3().eth.contract(abi=list(artifact(contract).abi)).events[event]()
    random = Random(event)
    for _ in range(150):
        log = random_log(contract, event, random)
        body = decode_body(contract, tuple(log["topics"]), log["data"], BLOCK)
        ours = {name: value for name, value in facts(body).items() if value is not None}
        theirs = dict(oracle.process_log(log)["args"])
        for name, value in ours.items():
            expected = theirs[name]
            if name == "by":
                expected = expected.lower()
            assert value == expected, name
        assert set(theirs) - set(ours) <= {"identifierDigest", "related"}


@pytest.mark.parametrize("contract", ["Consortium", "LotLaws", "StatementLog"])
def test_decode_body__every_event__is_decoded_or_known_to_change_nothing(contract: str) -> None:
    random = Random(7)
    for event in artifact(contract).events:
        log = random_log(contract, event, random)
        body = decode_body(contract, tuple(log["topics"]), log["data"], BLOCK)
        assert (body is not None) == ((contract, event) in DECODED), event


@pytest.mark.row("T31")
@pytest.mark.parametrize(("contract", "event"), DECODED)
def test_decode_body__cut_padded_or_impossible__is_garbage(contract: str, event: str) -> None:
    log = random_log(contract, event, Random(1))
    topics, data = tuple(log["topics"]), log["data"]
    damaged = [data[:-1], data[:-32], b"", b"\xff" * len(data)]
    if event != "MemberAdmitted":
        damaged.append(data + bytes(32))
    for octets_ in damaged:
        with pytest.raises(LedgerUnavailableError) as failed:
            decode_body(contract, topics, octets_, BLOCK)
        assert failed.value.code == "ledger.garbage"
    for topics_ in ((), (b"\x01" * 32,), topics[:1]):
        with pytest.raises(LedgerUnavailableError):
            decode_body(contract, topics_, data, BLOCK)


@pytest.mark.parametrize("contract", CONTRACT_NAMES)
def test_reverted__every_custom_error__has_its_code_name_and_arguments(contract: str) -> None:
    random = Random(5)
    for entry in artifact(contract).errors.values():
        values = [random_value(kind, random) for kind in entry.input_types]
        error = reverted(entry.selector + abi_encode(entry.input_types, values), "anchor")
        assert error.error_name == entry.name
        # What the lot book refuses as well has its code wherever it is said.
        also = {refusal_code(entry.name)} if entry.name in SENTENCES else set()
        assert error.code in {code_of(entry.name), *also}
        # Contracts may name the arguments of a common error differently; values and order count.
        assert list(error.arguments.values()) == [
            bytes.fromhex(value[2:]) if item["type"] == "address" else value
            for item, value in zip(entry.inputs, values, strict=True)
        ]
        if entry.inputs:
            cut = reverted(entry.selector + b"\x01", "anchor")
            assert cut.code == "ledger.reverted.unknown"


def test_reverted__selectors__are_those_of_keccak_and_unique() -> None:
    signature = b"SequenceMismatch(uint32,uint64,uint64)"
    assert (
        artifact("StatementLog").errors["SequenceMismatch"].selector
        == (keccak_256(signature).digest()[:4])
    )
    by_selector: dict[bytes, str] = {}
    for name in CONTRACT_NAMES:
        for entry in artifact(name).errors.values():
            assert by_selector.setdefault(entry.selector, entry.signature) == entry.signature
    assert code_of("SequenceMismatch") == "ledger.reverted.sequence_mismatch"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "ledger.reverted.unknown"),
        (b"\x01\x02", "ledger.reverted.unknown"),
        (bytes(range(100)), "ledger.reverted.unknown"),
        (bytes.fromhex("4e487b71") + bytes(31) + b"\x11", "ledger.reverted.panic"),
        (bytes.fromhex("4e487b71") + b"\x11", "ledger.reverted.unknown"),
        (bytes.fromhex("08c379a0") + abi_encode(["string"], ["no"]), "ledger.reverted.reason"),
        (bytes.fromhex("08c379a0") + b"\xff" * 70, "ledger.reverted.unknown"),
    ],
)
def test_reverted__other_data__is_told_apart(data: bytes, code: str) -> None:
    assert reverted(data, "anchor").code == code


@pytest.mark.parametrize(
    ("error", "data"),
    [
        ({"code": 3, "message": "execution reverted", "data": "0x1234"}, b"\x12\x34"),
        ({"code": -32000, "message": "x", "data": "Reverted 0x1234"}, b"\x12\x34"),
        ({"code": -32015, "data": {"data": "0x1234"}}, b"\x12\x34"),
        ({"code": 3, "data": "0x"}, b""),
        ({"code": -32000, "message": "execution reverted"}, None),
        ({"code": 3, "data": "no hex"}, None),
        ({"code": 3, "data": "0xzz"}, None),
        ({"code": 3, "data": 7}, None),
        ({"code": 3, "data": "0x" + "00" * 70_000}, None),
    ],
)
def test_revert_data__where_clients_put_it__is_found(
    error: dict[str, Any], data: bytes | None
) -> None:
    assert revert_data(error) == data


@pytest.mark.parametrize(
    "value", [None, 1, "1", "0x", "0x-1", "0x+1", "0x 1", "0xg", "0x1_0", "0x" + "f" * 65, [], {}]
)
def test_quantity__no_hex_quantity__is_garbage(value: Any) -> None:
    with pytest.raises(LedgerUnavailableError) as failed:
        quantity(value, "a number")
    assert failed.value.code == "ledger.garbage"


def test_quantity__beyond_its_bits__is_garbage() -> None:
    assert quantity("0xff", "a number", 8) == 255
    with pytest.raises(LedgerUnavailableError):
        quantity("0x100", "a number", 8)


@pytest.mark.parametrize("value", [None, 1, "12", "0x1", "0xzz", "0x12 34", "0x1234"])
def test_octets__not_one_octet_of_hex__is_garbage(value: Any) -> None:
    with pytest.raises(LedgerUnavailableError):
        octets(value, "an octet", 1)


def test_contract_address__known_vector__is_the_yellow_papers() -> None:
    # The first contract of 0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0: a widely published vector.
    creator = AccountAddress(bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"))
    assert [contract_address(creator, nonce).hex() for nonce in range(3)] == [
        "cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d",
        "343c43a37d37dff08ae8c4a11544c718abb4fcf8",
        "f778b86fa74e846c4f0a1fbd1335fe81c00a0c91",
    ]


def test_admission__as_payload__is_what_the_abi_encoder_of_web3_gives() -> None:
    admission = Admission(
        identifier="did:web:a.example", name="Ä", country="DE", roles=Role.TRADER, votes=False,
        keys=(KeyGrant(KeyPurpose.ADMINISTER, KeyAlgorithm.ACCOUNT, b"\x07" * 20),),
    )  # fmt: skip
    payload = GovernanceGateway.admit(admission)
    call = Web3().eth.contract(abi=list(artifact("Consortium").abi), bytecode="0x")
    constructed = call.constructor(
        [admission.abi()], GovernanceRules().abi(), []
    ).data_in_transaction
    assert payload[32:].hex() in constructed
