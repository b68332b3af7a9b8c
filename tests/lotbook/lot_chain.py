"""The contracts of the small world on pyrevm: deployed, set up, called and read."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from tests.contracts.engine import FOUNDER, START, abi_type, pyrevm
from tests.contracts.world import ROOT, account_grant, error_table
from tests.lotbook import lot_world as world
from veta.model.consortium import KeyPurpose

SET: Final = (
    *("Consortium", "Registry", "Assurance", "StatementLog", "LotLaws"),
    *("LotBook", "Custody"),
)
TAKES: Final = {
    "consortium_": "Consortium",
    "registry_": "Registry",
    "assurance_": "Assurance",
    "log_": "StatementLog",
    "laws_": "LotLaws",
}
"""Of which contract a constructor takes the address."""
PATHS: Final = {name: ROOT / f"src/veta/chain/artifacts/{name}.json" for name in SET}
SCHEMES: Final = (1, 2)
DOCUMENT: Final = keccak(text="document")
GAS: Final = 30_000_000
SET_SUCCESSOR, CALL_CONTRACT = 8, 9
SUCCESSOR: Final = "0x" + "5c" * 20


def contract_address(nonce: int) -> str:
    """Where the founder's next contracts will be."""
    octets = bytes.fromhex(FOUNDER[2:])
    content = b"\x94" + octets + (bytes([nonce]) if nonce else b"\x80")
    return "0x" + keccak(bytes([0xC0 + len(content)]) + content)[12:].hex()


class Artifacts:
    """What the compiler says of the contracts: functions, events and errors by name."""

    def __init__(self) -> None:
        self.content = {name: json.loads(path.read_text("utf-8")) for name, path in PATHS.items()}
        self.errors = error_table(*self.content.values())
        self.functions = {name: self.functions_of(name) for name in SET}
        self.events = self.events_of("LotBook") | self.events_of("Custody")

    def inputs(self, name: str) -> list[Any]:
        """What the constructor takes."""
        found = [e["inputs"] for e in self.content[name]["abi"] if e["type"] == "constructor"]
        return found[0] if found else []

    def functions_of(self, name: str) -> dict[str, tuple[bytes, list[str], list[str]]]:
        table = {}
        for entry in self.content[name]["abi"]:
            if entry["type"] == "function":
                inputs = [abi_type(argument) for argument in entry["inputs"]]
                outputs = [abi_type(result) for result in entry["outputs"]]
                selector = keccak(text=f"{entry['name']}({','.join(inputs)})")[:4]
                table[entry["name"]] = selector, inputs, outputs
        return table

    def events_of(self, name: str) -> dict[bytes, tuple[str, list[str], list[str]]]:
        """Name, indexed and other types of each event by its topic."""
        table = {}
        for entry in self.content[name]["abi"]:
            if entry["type"] == "event":
                types = [(abi_type(argument), argument["indexed"]) for argument in entry["inputs"]]
                topic = keccak(text=f"{entry['name']}({','.join(t for t, _ in types)})")
                indexed = [t for t, is_indexed in types if is_indexed]
                table[topic] = entry["name"], indexed, [t for t, i in types if not i]
        return table


def administer(member: int) -> str:
    return "0x" + bytes([member, 4]).hex() * 10


VOTER: Final = administer(world.OWNER)


def members() -> list[Any]:
    """Terms of the eight members, of which one votes."""
    genesis = []
    for member, role in world.ROLES.items():
        grants = [
            account_grant(KeyPurpose.ADMINISTER, administer(member)),
            account_grant(KeyPurpose.OPERATE, world.ACCOUNTS[member]),
        ]
        genesis.append(
            (f"did:{member}", "n", b"CL", 0, bytes(32), int(role), member == world.OWNER, grants)
        )
    return genesis


class Chain:
    """One EVM in which the small world is set up."""

    def __init__(self, artifacts: Artifacts) -> None:
        self.artifacts = artifacts
        self.evm = pyrevm.EVM(gas_limit=GAS, spec_id="LONDON")
        self.now = START
        self.tick(0)
        self.addresses = {name: contract_address(nonce) for nonce, name in enumerate(SET)}
        self.books = {self.addresses["LotBook"], self.addresses["Custody"]}
        self.heads: dict[str, tuple[int, bytes]] = {}
        """Number and running head of each contract's logs, from the logs."""
        self.proposals = 0
        self.refusal: tuple[Any, ...] = ()
        self.carried: list[tuple[int, bytes]] = []
        self.certificates: list[int] = []
        self.rules: list[int] = []
        self.deploy_all()
        self.register()
        self.set_schemes()
        error = self.carry_out()
        assert error is None, error
        self.assure()
        self.allocate()
        self.tick(world.BEGIN - self.now)

    # ---- setting up

    def deploy_all(self) -> None:
        at = self.addresses
        reservations = [(named(name), at[name]) for name in SET[1:]]
        rules = (2, 3, 1, 50_000, 5_000, 1_000, 0)
        self.deploy("Consortium", members(), rules, reservations)
        for name in SET[1:]:
            self.deploy(name, *(at[TAKES[each["name"]]] for each in self.artifacts.inputs(name)))

    def deploy(self, name: str, *arguments: Any) -> None:
        artifact = self.artifacts.content[name]
        types = [abi_type(argument) for argument in self.artifacts.inputs(name)]
        code = bytes.fromhex(artifact["bytecode"][2:]) + encode(types, arguments)
        made = str(self.evm.deploy(FOUNDER, code)).lower()
        self.absorb()
        assert made == self.addresses[name], f"{name} is not where it was reserved"

    def vote(self, contract: str, name: str, *arguments: Any) -> None:
        """Put a call of the consortium to the vote; its only voter is in favour."""
        selector, inputs, _ = self.artifacts.functions[contract][name]
        content = selector + encode(inputs, arguments)
        self.propose(CALL_CONTRACT, encode(["bytes32", "bytes"], [named(contract), content]))

    def name_successor(self) -> None:
        """Vote for a successor of book and custody. It must be a contract, and the engine lets no
        contract send: so it has code while the vote is carried out, and none from then on."""
        self.evm.insert_account_info(SUCCESSOR, pyrevm.AccountInfo(code=b"\0"))
        for address in sorted(self.books):
            self.propose(SET_SUCCESSOR, encode(["address", "address"], [address, SUCCESSOR]))
        error = self.carry_out()
        assert error is None, error
        self.evm.insert_account_info(SUCCESSOR, pyrevm.AccountInfo(code=b""))

    def propose(self, kind: int, payload: bytes) -> None:
        self.must("Consortium", "propose", kind, payload, sender=VOTER)
        self.proposals += 1
        digest = self.read("Consortium", "proposal", self.proposals)[0][6]
        self.must("Consortium", "approve", self.proposals, digest, sender=VOTER)
        self.carried.append((self.proposals, payload))

    def carry_out(self) -> str | None:
        """Execute what was voted for, a second later; the first error."""
        self.tick(1)
        errors = [
            self.send("Consortium", "execute", number, payload, sender=VOTER)
            for number, payload in self.carried
        ]
        self.carried = []
        return next((error for error in errors if error), None)

    def must(self, contract: str, name: str, *arguments: Any, sender: str) -> None:
        error = self.send(contract, name, *arguments, sender=sender)
        assert error is None, f"{contract}.{name}{arguments}: {error}"

    def register(self) -> None:
        for site, member in world.SITES.items():
            self.vote("Registry", "registerSite", site, (f"site {site}", "n", b"CL"))
            self.vote("Registry", "setOperator", site, member, 0, world.FOREVER)
        for metal, unit in world.METALS.items():
            symbol = f"M{metal}".encode().ljust(16, b"\0")
            self.vote("Registry", "registerSubstance", metal, unit, symbol)
        for number, goods in world.CLASSES.items():
            how = goods.residue, goods.metal_tolerance, goods.custody_tolerance, goods.co2e_default
            self.vote("Registry", "registerProductClass", number, (True, *how), "n")
        for kind in world.UNIT_KINDS:
            self.vote("Registry", "registerUnitKind", kind, "n")
        facts = world.facts_at(START, [0] * len(world.CERTIFIED), [0] * len(world.ALLOCATION))
        for (site, metal), amount in facts.capacities.items():
            self.vote("Registry", "setCapacity", site, metal, world.OPENED, amount)
        for (member, metal), amount in facts.ceilings.items():
            self.vote("Registry", "setExternalCeiling", member, metal, world.OPENED, amount)
        rules = world.RULES
        content = rules.lateness_s, rules.gain_ppm, rules.authority_freeze_s, rules.credit_periods
        self.vote("Registry", "setLotRules", (*content, 0))

    def set_schemes(self) -> None:
        for scheme in SCHEMES:
            self.vote("Assurance", "registerScheme", scheme, (world.OWNER, 3, 12, 12), "n")
        for programme, marks in world.PROGRAMMES.items():
            requirements = [(mark >> 8, mark & 255) for mark in marks]
            self.vote("Assurance", "registerProgramme", programme, requirements)
        for one, other in sorted(world.REDUCTIONS):
            self.vote("Assurance", "registerReduction", one, other)

    def assure(self) -> None:
        """Scheme owner, accreditor, body, certificate."""
        accounts = world.ACCOUNTS
        accreditations = {}
        for scheme in SCHEMES:
            terms = (scheme, world.ACCREDITOR, 0, world.FOREVER)
            self.must("Assurance", "recognise", *terms, sender=accounts[world.OWNER])
            until = START + 5_000 * world.DAY
            grant: tuple[Any, ...] = (
                world.BODY,
                scheme,
                3,
                START,
                until,
                [],
                keccak(words_of(scheme)),
            )
            self.must("Assurance", "accredit", grant, sender=accounts[world.ACCREDITOR])
            accreditations[scheme] = self.read("Assurance", "recordCount")
        for i, (site, mark, from_, until) in enumerate(world.CERTIFIED):
            leaf = keccak(words_of(100 + i))
            certificate: tuple[Any, ...] = (
                site,
                accreditations[mark >> 8],
                mark & 255,
                from_,
                until,
                [],
                leaf,
            )
            self.must("Assurance", "certify", certificate, sender=accounts[world.BODY])
            self.certificates.append(self.read("Assurance", "recordCount"))

    def allocate(self) -> None:
        for site, shares in world.ALLOCATION:
            content = (
                site,
                world.OPENED,
                world.FOREVER,
                [(c, *b) for c, b in sorted(shares.items())],
            )
            operator = world.ACCOUNTS[world.SITES[site]]
            self.must("Assurance", "registerRule", *content, sender=operator)
            number = self.read("Assurance", "ruleCount")
            digest = keccak(
                encode(["uint32", "uint64", "uint64", "(uint32,uint32,uint32)[]"], content)
            )
            self.must("Assurance", "confirmRule", number, digest, sender=world.ACCOUNTS[world.BODY])
            self.rules.append(number)

    # ---- acting

    def tick(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds
        self.evm.set_block_env(pyrevm.BlockEnv(timestamp=self.now, number=1))

    def send(self, contract: str, name: str, *arguments: Any, sender: str) -> str | None:
        """Call; ``None`` if it went through, else the name of the custom error."""
        selector, inputs, _ = self.artifacts.functions[contract][name]
        content = selector + encode(inputs, arguments)
        try:
            self.evm.message_call(sender, self.addresses[contract], calldata=content)
        except RuntimeError as error:
            found = re.search(r"output: 0x([0-9a-f]*)", str(error))
            raw = bytes.fromhex(found.group(1)) if found else b""
            if raw[:4] in self.artifacts.errors:
                name, types = self.artifacts.errors[raw[:4]]
                self.refusal = decode(types, raw[4:])
                return name
            return f"no custom error: {error}"
        self.absorb()
        return None

    def absorb(self) -> None:
        """Carry the running heads on over the logs of the last call."""
        for log in self.evm.result.logs:
            topics, data = raw_log(log)
            count, head = self.heads.get(log.address.lower(), (0, bytes(32)))
            said = keccak(b"".join(topics) + data)
            self.heads[log.address.lower()] = count + 1, keccak(head + said)

    def where(self, name: str) -> tuple[str, str]:
        """The contract that has the function, and the function."""
        known = name in self.artifacts.functions["Custody"]
        return ("Custody" if known else "LotBook"), name

    def read(self, contract: str, name: str, *arguments: Any) -> Any:
        """A view function's result, alone or as a tuple."""
        selector, inputs, outputs = self.artifacts.functions[contract][name]
        content = selector + encode(inputs, arguments)
        raw = self.evm.message_call(
            FOUNDER, self.addresses[contract], calldata=content, is_static=True
        )
        found = decode(outputs, bytes(raw))
        return found[0] if len(found) == 1 else found

    def events(self) -> list[tuple[str, tuple[Any, ...], tuple[Any, ...]]]:
        """What book and custody said in the last call: name, indexed values, other values."""
        said = []
        for log in self.evm.result.logs:
            topics, data = raw_log(log)
            if log.address.lower() not in self.books or topics[0] not in self.artifacts.events:
                continue
            name, indexed, others = self.artifacts.events[topics[0]]
            keys = tuple(
                decode([kind], topic)[0] for kind, topic in zip(indexed, topics[1:], strict=True)
            )
            said.append((name, keys, decode(others, data)))
        return said


def raw_log(log: Any) -> tuple[list[bytes], bytes]:
    """Topics and data of a log as the engine gives it."""
    topics = [bytes.fromhex(topic.removeprefix("0x")) for topic in log.topics]
    return topics, bytes(log.data[1])


def named(contract: str) -> bytes:
    """Left-aligned ASCII, as the consortium records it."""
    return contract.encode("ascii").ljust(32, b"\0")


def words_of(number: int) -> bytes:
    return number.to_bytes(32)
