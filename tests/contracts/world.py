"""A consortium on eth-tester: who its members are, and short ways to act as one of them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from eth_abi.abi import decode, encode
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak
from web3 import EthereumTesterProvider, Web3
from web3.types import TxReceipt

from veta.chain.contract_abi import CONTRACT_NAMES
from veta.chain.deploy import CONTRACT_SET, contract_address
from veta.model.consortium import KeyAlgorithm, KeyPurpose, Role
from veta.model.identifiers import AccountAddress

ROOT: Final = Path(__file__).resolve().parents[2]
ARTIFACTS: Final = {
    name: json.loads((ROOT / f"src/veta/chain/artifacts/{name}.json").read_text("utf-8"))
    for name in CONTRACT_NAMES
}
VOTERS: Final = ("mine", "smelter", "maker")
"""Enough of the four to make a change."""

HOUR: Final = 3600
DAY: Final = 24 * HOUR
OPEN: Final = 2**64 - 1
RULES: Final = (2, 3, 48 * HOUR, 30 * DAY, 90 * DAY, 180 * DAY, 0)
RULES_TYPE: Final = "(uint16,uint16,uint32,uint32,uint32,uint32,uint64)"
GRANT_TYPE: Final = "(uint8,uint8,bytes)"
ADMISSION_TYPE: Final = f"(string,string,bytes2,uint32,bytes32,uint32,bool,{GRANT_TYPE}[])"

ADMIT, EXPEL, SET_STANDING, SET_RULES = 1, 2, 3, 4
INSTALL_ADMINISTRATORS, COMPROMISE, REGISTER_CONTRACT, SET_SUCCESSOR = 5, 6, 7, 8
CALL_CONTRACT: Final = 9

PAYLOAD_TYPES: Final = {
    ADMIT: [ADMISSION_TYPE],
    EXPEL: ["uint32"],
    SET_STANDING: ["uint32", "uint32", "bool"],
    SET_RULES: [RULES_TYPE],
    INSTALL_ADMINISTRATORS: ["uint32", "address[]"],
    COMPROMISE: ["uint32", "bytes32", "uint64"],
    REGISTER_CONTRACT: ["bytes32", "address"],
    SET_SUCCESSOR: ["address", "address"],
    CALL_CONTRACT: ["bytes32", "bytes"],
}


def error_table(*artifacts: dict[str, Any]) -> dict[bytes, tuple[str, list[str]]]:
    """Name and argument types of each custom error by its selector."""
    table = {}
    for artifact in artifacts:
        for entry in artifact["abi"]:
            if entry["type"] == "error":
                types = [argument["type"] for argument in entry["inputs"]]
                selector = keccak(text=f"{entry['name']}({','.join(types)})")[:4]
                table[selector] = (entry["name"], types)
    return table


def abi_type(argument: dict[str, Any]) -> str:
    """Type as the ABI codec reads it, tuples spelled out."""
    kind: str = argument["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(abi_type(component) for component in argument["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


ERRORS: Final = error_table(*ARTIFACTS.values())


def digest(text: str) -> bytes:
    """32 octets that stand for something named in a test."""
    return keccak(text=text)


def name_word(name: str) -> bytes:
    """A contract's name as the consortium keeps it."""
    return name.encode("ascii").ljust(32, b"\0")


def account_id(address: str) -> bytes:
    """Key id of an account."""
    return to_canonical_address(address).rjust(32, b"\0")


def public_key(text: str, length: int = 64) -> bytes:
    """Octets of a key that nobody holds."""
    return (keccak(text=text) + keccak(text=text + "'"))[:length]


def payload(kind: int, *values: Any) -> bytes:
    """What a proposal of a kind carries."""
    return encode(PAYLOAD_TYPES[kind], values)


def account_grant(purpose: KeyPurpose, address: str) -> tuple[int, int, bytes]:
    """An account as it is handed in."""
    return int(purpose), int(KeyAlgorithm.ACCOUNT), to_canonical_address(address)


def calldata(call: Any) -> bytes:
    """Selector and arguments of a prepared call."""
    return bytes.fromhex(call._encode_transaction_data()[2:])


@dataclass(frozen=True)
class Party:
    """A member's accounts; the sign key is ``public_key(name)``."""

    member: int
    name: str
    administer: str
    operate: str


@dataclass(frozen=True)
class Chain:
    """The deployed contracts on their own chain."""

    w3: Web3
    tester: EthereumTester
    consortium: Any
    log: Any
    registry: Any
    assurance: Any
    parties: dict[str, Party]
    strangers: list[str]

    def now(self) -> int:
        """Time of the newest block."""
        return int(self.w3.eth.get_block("latest")["timestamp"])

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.tester.time_travel(self.now() + seconds)
        self.tester.mine_block()

    def send(self, call: Any, sender: str) -> TxReceipt:
        """Send, and insist that it succeeded."""
        sent = call.transact({"from": sender, "gas": 12_000_000})
        receipt = self.w3.eth.get_transaction_receipt(sent)
        assert receipt["status"] == 1, f"reverted: {call.fn_name}"
        return receipt

    @contextmanager
    def refuses(self, error: str, *arguments: Any) -> Iterator[None]:
        """What is inside is refused with this custom error, and these arguments where given."""
        with pytest.raises(TransactionFailed) as caught:
            yield
        # The engine gives the returned octets as their Python literal.
        raw = ast.literal_eval(caught.value.args[0])
        assert raw, "refused without a custom error"
        name, types = ERRORS[raw[:4]]
        found = decode(types, raw[4:])
        assert name == error, f"{name}{found}"
        if arguments:
            assert found == arguments

    def attempt(self, call: Any, sender: str) -> Any:
        """Run without sending: a refusal comes with its error, and changes nothing."""
        request = {"from": sender, "to": call.address, "gas": 12_000_000}
        return self.tester.call({**request, "data": call._encode_transaction_data()})

    def propose(self, kind: int, *values: Any, by: str = "mine") -> tuple[int, bytes]:
        """Propose and return the number and the digest."""
        content = payload(kind, *values)
        self.send(self.consortium.functions.propose(kind, content), self.parties[by].administer)
        number = self.consortium.functions.proposalCount().call()
        return number, self.consortium.functions.proposal(number).call()[0][6]

    def approve(self, number: int, *names: str) -> None:
        """Approve as each of the members."""
        what = self.consortium.functions.proposal(number).call()[0][6]
        for name in names:
            self.send(
                self.consortium.functions.approve(number, what), self.parties[name].administer
            )

    def execute(self, number: int, kind: int, *values: Any) -> TxReceipt:
        """Execute; anybody may."""
        return self.send(
            self.consortium.functions.execute(number, payload(kind, *values)), self.strangers[0]
        )

    def vote(self, kind: int, *values: Any, by: tuple[str, ...]) -> TxReceipt:
        """Propose, approve, wait and execute."""
        number, _ = self.propose(kind, *values, by=by[0])
        self.approve(number, *by)
        self.wait(48 * HOUR)
        return self.execute(number, kind, *values)

    def calls(self, name: str, call: Any, by: tuple[str, ...] = VOTERS) -> TxReceipt:
        """Have the consortium make a call of a contract on record."""
        return self.vote(CALL_CONTRACT, name_word(name), calldata(call), by=by)

    def calls_in_vain(self, name: str, call: Any, error: str, *arguments: Any) -> None:
        """The consortium's call fails with the contract's own error."""
        number, _ = self.propose(CALL_CONTRACT, name_word(name), calldata(call))
        self.approve(number, *VOTERS)
        self.wait(48 * HOUR)
        execute = self.consortium.functions.execute(
            number, payload(CALL_CONTRACT, name_word(name), calldata(call))
        )
        with self.refuses(error, *arguments):
            self.attempt(execute, self.strangers[0])


MEMBERS: Final = {
    "mine": (Role.MINER, True),
    "smelter": (Role.SMELTER | Role.REFINER, True),
    "maker": (Role.MANUFACTURER, True),
    "body": (Role.CERTIFICATION_BODY, True),
    "trader": (Role.TRADER, False),
    "accreditor": (Role.ACCREDITATION_BODY, False),
    "authority": (Role.AUTHORITY, False),
    "community": (Role.COMMUNITY, False),
    "laboratory": (Role.LABORATORY, False),
}
"""In the order of their ids; the first four vote."""


def admission(
    name: str, administer: str, operate: str, *, roles: int = 1, votes: bool = False, group: int = 0
) -> tuple[Any, ...]:
    """Terms of a member with one account of each kind and a sign key."""
    grants = [
        account_grant(KeyPurpose.ADMINISTER, administer),
        account_grant(KeyPurpose.OPERATE, operate),
        (int(KeyPurpose.SIGN), int(KeyAlgorithm.ES256K), public_key(name)),
    ]
    identifier = f"did:web:{name}.example"
    return identifier, f"The {name}", b"CL", group, digest(name), roles, votes, grants


def mock(name: str) -> dict[str, Any]:
    """Artifact of a test double."""
    text = (ROOT / f"tests/contracts/mocks/{name}.json").read_text("utf-8")
    artifact: dict[str, Any] = json.loads(text)
    return artifact


def reservations(founder: str) -> list[tuple[bytes, str]]:
    """The contracts that follow the consortium, and where an unused account will create them."""
    creator = AccountAddress(to_canonical_address(founder))
    return [
        (name_word(name), to_checksum_address(contract_address(creator, nonce)))
        for nonce, name in enumerate(CONTRACT_SET, start=1)
    ]


def build_chain(
    members: dict[str, tuple[Role, bool]] = MEMBERS, groups: dict[str, int] | None = None
) -> Chain:
    """Deploy on a new chain with nine members, four of which vote, and accounts of nobody."""
    backend = PyEVMBackend.from_mnemonic(
        "test test test test test test test test test test test junk", num_accounts=28
    )
    tester = EthereumTester(backend)
    w3 = Web3(EthereumTesterProvider(tester))
    accounts = list(w3.eth.accounts)
    parties = {
        name: Party(i + 1, name, accounts[2 * i], accounts[2 * i + 1])
        for i, name in enumerate(members)
    }
    genesis = [
        admission(
            p.name,
            p.administer,
            p.operate,
            roles=int(roles),
            votes=votes,
            group=(groups or {}).get(p.name, 0),
        )
        for p, (roles, votes) in zip(parties.values(), members.values(), strict=True)
    ]
    founder = accounts[-1]
    reserved = reservations(founder)
    found = {"Consortium": deploy(w3, "Consortium", founder, genesis, RULES, reserved)}
    for (name, takes), (_, address) in zip(CONTRACT_SET.items(), reserved, strict=True):
        found[name] = deploy(w3, name, founder, *(found[each].address for each in takes))
        assert found[name].address == address
    strangers = [str(account) for account in accounts[2 * len(members) :]]
    return Chain(
        w3,
        tester,
        found["Consortium"],
        found["StatementLog"],
        found["Registry"],
        found["Assurance"],
        parties,
        strangers,
    )


def deploy(w3: Web3, name: str, founder: str, *arguments: Any) -> Any:
    """A new contract of an artifact."""
    artifact = ARTIFACTS.get(name) or mock(name)
    factory = w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
    sent = factory.constructor(*arguments).transact({"from": founder, "gas": 20_000_000})
    receipt = w3.eth.get_transaction_receipt(sent)
    assert receipt["status"] == 1
    return w3.eth.contract(address=receipt["contractAddress"], abi=artifact["abi"])
