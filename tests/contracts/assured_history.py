"""A history in which Registry and Assurance emit everything, and what follows from the logs."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from eth_utils.abi import event_abi_to_log_topic

from tests.contracts.assured_world import (
    AURORA,
    BAHIA,
    BODY_ACCREDITATION,
    CATHODE,
    COPPER,
    EMPTY,
    GOLD,
    RMM,
    SLIMES,
    YEAR,
    Assured,
)
from tests.contracts.test_assurance_cover import rule_digest
from tests.contracts.world import DAY, OPEN, SET_SUCCESSOR, VOTERS, deploy, digest

ENDED, EVER, EVERY, GONE = 1 << 5, 1 << 4, 1 << 6, 1 << 7
SUSPEND, LIFT = 1, 2


def one_of_everything(assured: Assured) -> None:
    """Make both contracts emit each of their events, some of them more than once."""
    chain, registry, assurance = assured.chain, assured.registry, assured.assurance
    why = digest("why")
    for call in (
        registry.setOperator(AURORA, assured.id("maker"), chain.now() + 90 * DAY, OPEN),
        registry.setOperator(AURORA, assured.id("mine"), 0, 0),
        registry.setOperator(AURORA, assured.id("mine"), 0, OPEN),
        registry.setCapacity(AURORA, COPPER, 0, 700),
        registry.setCapacity(AURORA, COPPER, chain.now() + 400 * DAY, 900),
        registry.setCapacity(BAHIA, GOLD, 0, 5),
        registry.setExternalCeiling(assured.id("trader"), COPPER, 0, 80),
        registry.registerUnitKind(1, "vehicle"),
        registry.setLotRules((60 * DAY, 500, DAY, 2, 0)),
    ):
        assured.register(call)
    certificate = assured.certify(until=chain.now() + 2 * YEAR)
    second = assured.certify(site=BAHIA, level=1, leaf=digest("second"))
    third = assured.certify(leaf=digest("third"))
    assured.send(assurance.suspend(certificate, why), "body")
    assured.send(assurance.suspend(certificate, why), "accreditor")
    assured.send(assurance.lift(certificate, why), "body")
    assured.send(assurance.suspend(BODY_ACCREDITATION, why), "owner")
    assured.decide(assurance.suspend(third, why))
    assured.send(assurance.withdraw(third, why), "body")
    assured.send(assurance.voidRecord(third, 7, why), "owner")
    shares = [(CATHODE, 900_000, 1_000_000), (SLIMES, 0, 100_000)]
    now = chain.now()
    for _ in range(3):
        call = assurance.registerRule(BAHIA, now, now + YEAR, shares)
        assured.send(call, "smelter")
    what = rule_digest(BAHIA, now, now + YEAR, shares)
    for rule in (1, 2):
        assured.send(assurance.confirmRule(rule, what), "body")
    assured.send(assurance.endRule(2), "smelter")
    assured.send(assurance.recognise(RMM, assured.id("accreditor"), 0, 0), "owner")
    successor = deploy(chain.w3, "NextContract", chain.strangers[0])
    for contract in (chain.registry, chain.assurance):
        chain.vote(SET_SUCCESSOR, contract.address, successor.address, by=VOTERS)
    calls = successor.functions
    chain.send(calls.takeSite(chain.registry.address, EMPTY), chain.strangers[0])
    chain.send(calls.takeSite(chain.registry.address, BAHIA), chain.strangers[0])
    chain.send(calls.takeRecord(chain.assurance.address, second), chain.strangers[0])


def decoded(contract: Any) -> list[tuple[str, dict[str, Any]]]:
    """Name and arguments of each log of a contract, in order.

    From receipts: the engine's own search for logs takes time that grows with the square of the
    number of blocks.
    """
    eth = contract.w3.eth
    events = {event_abi_to_log_topic(event.abi): event() for event in contract.events}
    receipts = (
        eth.get_transaction_receipt(transaction)
        for number in range(eth.block_number + 1)
        for transaction in eth.get_block(number)["transactions"]
    )
    logs = [
        events[bytes(log["topics"][0])].process_log(log)
        for receipt in receipts
        for log in receipt["logs"]
        if log["address"] == contract.address
    ]
    return [(log["event"], dict(log["args"])) for log in logs]


def amount(entries: list[tuple[int, int, int]], now: int) -> int:
    """What is in force of a list of amounts: (effective, amount, recorded)."""
    force, pending = 0, (0, 0)
    for effective, value, recorded in entries:
        if pending[0] <= recorded:
            force = pending[1]
        pending = (effective, value)
    return pending[1] if pending[0] <= now else force


class RegistryFold:
    """The registry's state, from its logs and from nothing else."""

    def __init__(self, logs: list[tuple[str, dict[str, Any]]]) -> None:
        self.sites: dict[int, dict[str, Any]] = {}
        self.gone: set[int] = set()
        self.operators: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
        self.amounts: dict[tuple[str, int, int], list[tuple[int, int, int]]] = defaultdict(list)
        self.classes: dict[int, tuple[Any, ...]] = {}
        self.substances: dict[int, tuple[Any, ...]] = {}
        self.unit_kinds: set[int] = set()
        self.rules: list[tuple[int, ...]] = []
        for name, values in logs:
            self._fold(name, values)

    def _fold(self, name: str, v: dict[str, Any]) -> None:
        match name:
            case "SiteRegistered":
                self.sites[v["site"]] = v
            case "OperatorSet":
                assert v["index"] == len(self.operators[v["site"]])
                entry = (v["member"], v["from"], v["until"], v["recorded"])
                self.operators[v["site"]].append(entry)
            case "CapacitySet" | "ExternalCeilingSet":
                whose = v["site"] if name == "CapacitySet" else v["member"]
                entries = self.amounts[name, whose, v["substance"]]
                assert v["index"] == len(entries)
                entries.append((v["effective"], v["amount"], v["recorded"]))
            case "ProductClassRegistered":
                self.classes[v["productClass"]] = (
                    True,
                    v["residue"],
                    v["metalTolerancePpm"],
                    v["custodyTolerancePpm"],
                    v["co2eDefaultPerMillion"],
                )
            case "SubstanceRegistered":
                self.substances[v["substance"]] = (True, v["unit"], v["symbol"])
            case "UnitKindRegistered":
                self.unit_kinds.add(v["unitKind"])
            case "LotRulesSet":
                assert v["number"] == len(self.rules) + 1
                self.rules.append(tuple(list(v.values())[1:]))
            case "SiteHandedOver":
                self.gone.add(v["site"])
            case _:
                assert name in {"Opened", "SuccessorSet"}, name

    def operates(self, site: int, member: int, now: int) -> bool:
        """By the member's last entry, unless the successor has the site."""
        own = [entry for entry in self.operators[site] if entry[0] == member]
        return bool(own) and site not in self.gone and own[-1][1] <= now < own[-1][2]


class AssuranceFold:
    """The assurance contract's state, from its logs and from nothing else."""

    def __init__(self, logs: list[tuple[str, dict[str, Any]]]) -> None:
        self.schemes: dict[int, tuple[int, ...]] = {}
        self.programmes: dict[int, list[tuple[int, int]]] = {}
        self.reductions: set[tuple[int, int]] = set()
        self.recognitions: dict[tuple[int, int], list[tuple[int, ...]]] = defaultdict(list)
        self.records: list[list[Any]] = []
        self.statuses: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        self.rules: list[list[Any]] = []
        for name, values in logs:
            self._fold(name, values)

    def _fold(self, name: str, v: dict[str, Any]) -> None:
        match name:
            case "SchemeRegistered":
                fields = ("owner", "levels", "creditLifeMonths", "massBalanceMonths")
                self.schemes[v["scheme"]] = tuple(v[field] for field in fields)
            case "ProgrammeRegistered":
                requirements = [(r["scheme"], r["level"]) for r in v["requirements"]]
                self.programmes[v["programme"]] = requirements
            case "ReductionRegistered":
                self.reductions.add((v["from"], v["to"]))
            case "RecognitionSet":
                entries = self.recognitions[v["scheme"], v["body"]]
                assert v["index"] == len(entries)
                entries.append((v["byMember"], v["from"], v["until"], v["recorded"]))
            case "RecordMade" | "RecordStatusChanged" | "RecordHandedOver":
                self._fold_record(name, v)
            case "RuleRegistered" | "RuleConfirmed" | "RuleEnded":
                self._fold_rule(name, v)
            case _:
                assert name in {"Opened", "SuccessorSet"}, name

    def _fold_record(self, name: str, v: dict[str, Any]) -> None:
        if name == "RecordMade":
            assert v["record"] == len(self.records) + 1
            head = [v["subject"], v["scheme"], v["level"], v["issuer"], v["parent"]]
            flags = 0 if v["substances"] else EVERY
            tail = [v["from"], v["until"], flags, v["substances"], v["leaf"]]
            self.records.append(head + tail)
            return
        record = self.records[v["record"] - 1]
        if name == "RecordHandedOver":
            record[6], record[7] = v["until"], record[7] | GONE
            return
        entries = self.statuses[v["record"]]
        assert v["index"] == len(entries)
        fields = ("action", "source", "byMember", "effective", "recorded")
        entries.append(tuple(v[field] for field in fields))
        if v["action"] == SUSPEND:
            record[7] |= 1 << v["source"] | EVER
        elif v["action"] == LIFT:
            record[7] &= ~(1 << v["source"])
        else:
            record[6], record[7] = v["effective"], record[7] | ENDED

    def _fold_rule(self, name: str, v: dict[str, Any]) -> None:
        if name == "RuleRegistered":
            assert v["rule"] == len(self.rules) + 1
            shares = [tuple(share.values()) for share in v["shares"]]
            self.rules.append([v["site"], v["from"], v["until"], v["operator"], 0, shares])
            return
        rule = self.rules[v["rule"] - 1]
        if name == "RuleConfirmed":
            rule[1], rule[4] = v["from"], v["assurer"]
        else:
            rule[2] = v["until"]
