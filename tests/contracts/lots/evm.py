"""One set of contracts on either engine: pyrevm, thousands of calls a second, or eth-tester.

Tests of the lot book say what they do once. ``VETA_EVM=py-evm`` runs all of them on eth-tester.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_account import Account
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from eth_utils.crypto import keccak

from tests.contracts.world import ARTIFACTS, abi_type, error_table
from veta.chain.deploy import CONTRACT_SET, contract_address
from veta.model.identifiers import AccountAddress

GENESIS: Final = 1_693_526_400
"""2023-09-01T00:00Z, before the first document of the reference chains."""
GAS: Final = 29_000_000
WEALTH: Final = 10**24
ERRORS: Final = error_table(*ARTIFACTS.values())


def key_of(name: str) -> bytes:
    """Secret key of somebody in the tests."""
    return keccak(text=f"account of {name}")


def address_of(name: str) -> str:
    """Account of somebody in the tests."""
    return str(Account.from_key(key_of(name)).address)


FOUNDER: Final = address_of("founder")


@dataclass(frozen=True)
class Event:
    """A log as it was emitted, and what it says."""

    contract: str
    name: str
    said: dict[str, Any]
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Outcome:
    """What became of a transaction."""

    events: tuple[Event, ...]
    gas: int
    result: bytes = b""

    def of(self, name: str) -> list[dict[str, Any]]:
        """What the events of a name said, in order."""
        return [event.said for event in self.events if event.name == name]

    def only(self, name: str) -> dict[str, Any]:
        """What the one event of a name said."""
        (said,) = self.of(name)
        return said


class RefusedError(Exception):
    """A custom error of the contracts."""

    def __init__(self, raw: bytes) -> None:
        assert raw[:4] in ERRORS, f"refused without a custom error of ours: {raw[:100].hex()!r}"
        name, types = ERRORS[raw[:4]]
        self.name = name
        self.given = decode(types, raw[4:])
        super().__init__(f"{name}{self.given}")


def refusal(error: RuntimeError) -> RefusedError:
    """What pyrevm's error says that the contract returned."""
    found = re.search(r"output: 0x([0-9a-f]*)", str(error))
    assert found is not None, f"not a revert: {error}"
    return RefusedError(bytes.fromhex(found.group(1)))


class FastEvm:
    """pyrevm: a block lasts until the test lets time pass."""

    chain_id = 1

    def __init__(self, accounts: Sequence[str]) -> None:
        import pyrevm  # has no build for some Pythons

        self._pyrevm = pyrevm
        self._evm = pyrevm.EVM(gas_limit=GAS, spec_id="LONDON")
        for account in accounts:
            self._evm.set_balance(account, WEALTH)
        self.now = 0
        self.travel(GENESIS)

    def create(self, code: bytes) -> str:
        try:
            return str(self._evm.deploy(FOUNDER, code))
        except RuntimeError as error:
            raise refusal(error) from None

    def call(self, sender: str, to: str, content: bytes) -> tuple[list[Any], int, bytes]:
        result = self._run(sender, to, content, static=False)
        done: Any = self._evm.result
        logs = [
            (log.address, tuple(octets(topic) for topic in log.topics), bytes(log.data[1]))
            for log in done.logs
        ]
        return logs, int(done.gas_used), result

    def ask(self, to: str, content: bytes) -> bytes:
        return self._run(FOUNDER, to, content, static=True)

    def _run(self, sender: str, to: str, content: bytes, *, static: bool) -> bytes:
        try:
            return bytes(self._evm.message_call(sender, to, calldata=content, is_static=static))
        except RuntimeError as error:
            raise refusal(error) from None

    def slot(self, address: str, place: int) -> int:
        return int(self._evm.storage(address, place))

    def travel(self, moment: int) -> None:
        assert moment >= self.now
        self.now = moment
        self._evm.set_block_env(self._pyrevm.BlockEnv(timestamp=moment, number=1))

    def mark(self) -> Any:
        return self._evm.snapshot(), self.now

    def back(self, mark: Any) -> None:
        snapshot, self.now = mark
        self._evm.revert(snapshot)
        self._evm.set_block_env(self._pyrevm.BlockEnv(timestamp=self.now, number=1))


class TesterEvm:
    """eth-tester: one block a transaction, each a second after the one before."""

    def __init__(self, accounts: Sequence[str]) -> None:
        state = {
            bytes.fromhex(account[2:]): {"balance": WEALTH, "nonce": 0, "code": b"", "storage": {}}
            for account in accounts
        }
        parameters = PyEVMBackend.generate_genesis_params({"timestamp": GENESIS})
        self._tester = EthereumTester(PyEVMBackend(parameters, state))
        self.chain_id = int(self._tester.backend.chain.chain_id)

    def admit(self, secrets: Sequence[bytes]) -> None:
        """Keys whose accounts send."""
        for secret in secrets:
            self._tester.add_account("0x" + secret.hex())

    @property
    def now(self) -> int:
        return int(self._tester.get_block_by_number("latest")["timestamp"])

    def create(self, code: bytes) -> str:
        return str(self._send({"from": FOUNDER, "data": "0x" + code.hex()})["contract_address"])

    def call(self, sender: str, to: str, content: bytes) -> tuple[list[Any], int, bytes]:
        request = {"from": sender, "to": to, "data": "0x" + content.hex()}
        receipt = self._send(request)
        logs = [
            (log["address"], tuple(map(octets, log["topics"])), octets(log["data"]))
            for log in receipt["logs"]
        ]
        return logs, int(receipt["gas_used"]), b""

    def _send(self, request: dict[str, Any]) -> Any:
        request = {**request, "gas": GAS}
        # Without this a new block has the machine's time.
        self._tester.backend.chain.set_header_timestamp(self.now + 1)
        receipt = self._tester.get_transaction_receipt(self._tester.send_transaction(request))
        if receipt["status"] == 0:
            self._attempt(request)
            raise AssertionError("refused as a transaction, and not as a call")
        return receipt

    def ask(self, to: str, content: bytes) -> bytes:
        return self._attempt({"from": FOUNDER, "to": to, "data": "0x" + content.hex(), "gas": GAS})

    def _attempt(self, request: dict[str, Any]) -> bytes:
        try:
            return octets(self._tester.call(request))
        except TransactionFailed as failed:
            # The engine gives the returned octets as their Python literal.
            raise RefusedError(ast.literal_eval(failed.args[0])) from None

    def slot(self, address: str, place: int) -> int:
        return int.from_bytes(octets(self._tester.get_storage_at(address, hex(place))))

    def travel(self, moment: int) -> None:
        if moment > self.now:
            self._tester.backend.chain.set_header_timestamp(moment)
            self._tester.mine_block()

    def mark(self) -> Any:
        return self._tester.take_snapshot()

    def back(self, mark: Any) -> None:
        self._tester.revert_to_snapshot(mark)


def octets(text: str) -> bytes:
    """Octets of 0x and hexadecimal digits."""
    return bytes.fromhex(text.removeprefix("0x"))


def fresh_evm(names: Sequence[str]) -> FastEvm | TesterEvm:
    """pyrevm, unless the environment says otherwise or there is none for this Python."""
    slow = os.environ.get("VETA_EVM") == "py-evm" or find_spec("pyrevm") is None
    return slow_evm(names) if slow else fast_evm(names)


def fast_evm(names: Sequence[str]) -> FastEvm:
    """pyrevm with an account for each name."""
    return FastEvm([address_of(name) for name in names])


def slow_evm(names: Sequence[str]) -> TesterEvm:
    """eth-tester with an account for each name."""
    evm = TesterEvm([address_of(name) for name in names])
    evm.admit([key_of(name) for name in names])
    return evm


class Contracts:
    """The contracts of a new consortium, called by name."""

    def __init__(
        self, evm: FastEvm | TesterEvm, members: list[Any], rules: tuple[int, ...]
    ) -> None:
        self.evm = evm
        reserved = [
            (name.encode("ascii").ljust(32, b"\0"), created_at(nonce))
            for nonce, name in enumerate(CONTRACT_SET, start=1)
        ]
        self.addresses: dict[str, str] = {}
        self.log: list[Event] = []
        """Everything that was emitted since the contracts were made, undone or not."""
        self.create("Consortium", members, rules, reserved)
        for (name, takes), (_, address) in zip(CONTRACT_SET.items(), reserved, strict=True):
            self.create(name, *(self.addresses[each] for each in takes))
            assert self.addresses[name].lower() == address.lower()

    def create(self, name: str, *arguments: Any, artifact: Any = None) -> str:
        """Deploy by the founder."""
        found = artifact or ARTIFACTS[name]
        types = [
            abi_type(each)
            for entry in found["abi"]
            if entry["type"] == "constructor"
            for each in entry["inputs"]
        ]
        code = bytes.fromhex(found["bytecode"][2:]) + encode(types, arguments)
        self.addresses[name] = self.evm.create(code)
        return self.addresses[name]

    def attempt(self, name: str, *arguments: Any) -> None:
        """Deploy another one beside those here, which is forgotten."""
        types = ["address"] * len(arguments)
        self.evm.create(bytes.fromhex(ARTIFACTS[name]["bytecode"][2:]) + encode(types, arguments))

    def send(self, contract: str, name: str, *arguments: Any, sender: str) -> Outcome:
        """Send from an account."""
        content = calldata(contract, name, *arguments)
        return self._send(sender, self.addresses[contract], content)

    def call_raw(self, by: str, address: str, content: bytes) -> Outcome:
        """Send octets to an address."""
        return self._send(address_of(by), address, content)

    def _send(self, sender: str, address: str, content: bytes) -> Outcome:
        logs, gas, result = self.evm.call(sender, address, content)
        events = tuple(self._event(*log) for log in logs)
        self.log += events
        return Outcome(events, gas, result)

    def read(self, contract: str, name: str, *arguments: Any) -> Any:
        """A view function's result, alone or as a tuple."""
        raw = self.evm.ask(self.addresses[contract], calldata(contract, name, *arguments))
        found = decode(FUNCTIONS[contract][name][2], raw)
        return found[0] if len(found) == 1 else found

    def slot(self, contract: str, place: int) -> int:
        """A word of a contract's storage."""
        return self.evm.slot(self.addresses[contract], place)

    def _event(self, address: str, topics: tuple[bytes, ...], data: bytes) -> Event:
        contract = next(n for n, at in self.addresses.items() if at.lower() == address.lower())
        return read_event(contract, topics, data)


def read_event(contract: str, topics: tuple[bytes, ...], data: bytes) -> Event:
    """An event by the ABI; every octet must be what the ABI would have written."""
    name, indexed, others = EVENTS[contract][topics[0]]
    words = [decode([kind], topic)[0] for (_, kind), topic in zip(indexed, topics[1:], strict=True)]
    types = [kind for _, kind in others]
    values = decode(types, data)
    assert encode(types, values) == data
    said = dict(zip([n for n, _ in indexed], words, strict=True))
    said |= dict(zip([n for n, _ in others], values, strict=True))
    return Event(contract, name, said, topics, data)


def created_at(nonce: int) -> str:
    """Where the founder's contract of a nonce will be."""
    return "0x" + contract_address(AccountAddress(octets(FOUNDER)), nonce).hex()


def calldata(contract: str, name: str, *arguments: Any) -> bytes:
    """Selector and arguments."""
    selector, inputs, _ = FUNCTIONS[contract][name]
    return selector + encode(inputs, arguments)


def _functions(name: str) -> dict[str, tuple[bytes, list[str], list[str]]]:
    table = {}
    for entry in ARTIFACTS[name]["abi"]:
        if entry["type"] == "function":
            inputs = [abi_type(argument) for argument in entry["inputs"]]
            outputs = [abi_type(result) for result in entry["outputs"]]
            selector = keccak(text=f"{entry['name']}({','.join(inputs)})")[:4]
            table[entry["name"]] = selector, inputs, outputs
    return table


Fields = list[tuple[str, str]]


def _events(name: str) -> dict[bytes, tuple[str, Fields, Fields]]:
    table = {}
    for entry in ARTIFACTS[name]["abi"]:
        if entry["type"] == "event":
            fields = [(each["name"], abi_type(each), each["indexed"]) for each in entry["inputs"]]
            topic = keccak(text=f"{entry['name']}({','.join(kind for _, kind, _ in fields)})")
            indexed = [(field, kind) for field, kind, topical in fields if topical]
            others = [(field, kind) for field, kind, topical in fields if not topical]
            table[topic] = entry["name"], indexed, others
    return table


FUNCTIONS: Final = {name: _functions(name) for name in ARTIFACTS}
EVENTS: Final = {name: _events(name) for name in ARTIFACTS}
