"""What the specification says of storage and logs, read back without asking the contracts."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.world import (
    ADMIT,
    ARTIFACTS,
    DAY,
    EXPEL,
    REGISTER_CONTRACT,
    SET_RULES,
    SET_STANDING,
    SET_SUCCESSOR,
    Chain,
    account_id,
    admission,
    deploy,
    digest,
    public_key,
)
from tests.contracts.world import RULES as GENESIS_RULES

PAIR = [ARTIFACTS[name] for name in ("Consortium", "StatementLog")]
"""The registry and the assurance contract: test_assured_slots.py."""
EXTRA = admission("extra", "0x" + "31" * 20, "0x" + "32" * 20, roles=1, group=7)
VOTERS = ("mine", "smelter", "maker")


def slot(chain: Chain, address: str, position: int) -> int:
    """A storage word."""
    return int.from_bytes(chain.w3.eth.get_storage_at(address, position), "big")  # type: ignore[arg-type]


def at(key_type: str, key: Any, base: int) -> int:
    """Slot of a mapping's value (Solidity's storage layout)."""
    return int.from_bytes(keccak(encode([key_type, "uint256"], [key, base])), "big")


def element(base: int, index: int, width: int) -> int:
    """First slot of an array's element."""
    return int.from_bytes(keccak(encode(["uint256"], [base])), "big") + index * width


def bits(word: int, *widths: int) -> tuple[int, ...]:
    """Fields of a packed word, from its lowest bits on."""
    fields = []
    for width in widths:
        fields.append(word & ((1 << width) - 1))
        word >>= width
    assert word == 0
    return tuple(fields)


def heads(chain: Chain) -> dict[str, tuple[int, bytes]]:
    """Count and head of each contract, recomputed from all receipts."""
    found: dict[str, tuple[int, bytes]] = {}
    for number in range(chain.w3.eth.block_number + 1):
        for transaction in chain.w3.eth.get_block(number)["transactions"]:
            for log in chain.w3.eth.get_transaction_receipt(transaction)["logs"]:  # type: ignore[arg-type]
                count, head = found.get(log["address"], (0, bytes(32)))
                entry = keccak(b"".join(bytes(topic) for topic in log["topics"]) + log["data"])
                found[log["address"]] = count + 1, keccak(head + entry)
    return found


def one_of_everything(chain: Chain) -> set[str]:
    """Make both contracts emit each of their events; returns the names."""
    mine, community = chain.parties["mine"], chain.parties["community"]
    calls, log = chain.consortium.functions, chain.log.functions
    sign = keccak(public_key("mine"))
    leaf, other = digest("leaf"), digest("other")
    book = deploy(chain.w3, "NextContract", chain.strangers[0])
    next_ = deploy(chain.w3, "NextContract", chain.strangers[0])
    chain.send(log.anchor(1, digest("root"), 1000, 1), mine.operate)
    chain.send(log.revoke(mine.member, leaf, 2, 0), mine.operate)
    chain.send(log.supersede(leaf, other), mine.operate)
    chain.send(log.dispute(mine.member, leaf, digest("why")), community.operate)
    chain.send(
        log.upholdDispute(mine.member, leaf, community.member), chain.parties["authority"].operate
    )
    chain.send(log.closeDispute(mine.member, leaf), community.operate)
    chain.send(calls.bindKey((3, 3, bytes(31) + b"\1"), 0), mine.administer)
    chain.send(calls.retireKey(keccak(bytes(31) + b"\1"), chain.now() + DAY), mine.administer)
    chain.send(calls.declareCompromised(sign, chain.now() - DAY), mine.administer)
    chain.send(log.reaffirm(leaf), mine.operate)
    chain.send(
        calls.pauseKey(account_id(chain.parties["body"].operate)), chain.parties["body"].operate
    )
    number, _ = chain.propose(EXPEL, 9)
    chain.approve(number, *VOTERS)
    chain.send(calls.withdrawApproval(number), mine.administer)
    chain.vote(ADMIT, EXTRA, by=VOTERS)
    chain.vote(SET_STANDING, 10, 3, False, by=VOTERS)
    chain.vote(SET_RULES, (3, 4, *GENESIS_RULES[2:]), by=(*VOTERS, "body"))
    four = (*VOTERS, "body")
    chain.vote(REGISTER_CONTRACT, b"LotBook".ljust(32, b"\0"), book.address, by=four)
    chain.send(book.functions.draw(chain.log.address, mine.member, 1), chain.strangers[0])
    chain.vote(SET_SUCCESSOR, chain.log.address, next_.address, by=four)
    chain.vote(SET_SUCCESSOR, chain.consortium.address, next_.address, by=four)
    chain.send(next_.functions.takeIssuer(chain.log.address, 2), chain.strangers[0])
    chain.send(next_.functions.takeMember(chain.consortium.address, 2), chain.strangers[0])
    return {
        entry["name"] for artifact in PAIR for entry in artifact["abi"] if entry["type"] == "event"
    }


def test_event_head__one_of_every_event__count_and_head_follow_from_the_receipts(
    chain: Chain,
) -> None:
    expected = one_of_everything(chain)
    found = heads(chain)
    for contract in (chain.consortium, chain.log):
        count, head = found[contract.address]
        assert contract.functions.eventHead().call() == [count, head]
        assert slot(chain, contract.address, 0) & (2**64 - 1) == count
        assert slot(chain, contract.address, 0) >> 64 == int(
            contract.functions.successor().call(), 16
        )
        assert slot(chain, contract.address, 1) == int.from_bytes(head, "big")
    topics = {
        keccak(text=f"{e['name']}({','.join(i['type'] for i in e['inputs'])})"): e["name"]
        for artifact in PAIR
        for e in artifact["abi"]
        if e["type"] == "event"
    }
    seen = {
        topics[bytes(log["topics"][0])]
        for number in range(chain.w3.eth.block_number + 1)
        for transaction in chain.w3.eth.get_block(number)["transactions"]
        for log in chain.w3.eth.get_transaction_receipt(transaction)["logs"]  # type: ignore[arg-type]
        if log["address"] in {chain.consortium.address, chain.log.address}
    }
    assert seen == expected


def test_slots__statement_log__as_documented(chain: Chain) -> None:
    mine = chain.parties["mine"]
    leaf, root = digest("leaf"), digest("root")
    chain.send(chain.log.functions.anchor(1, root, 77, 1), mine.operate)
    anchored = chain.now()
    chain.send(chain.log.functions.revoke(mine.member, leaf, 3, anchored - DAY), mine.operate)
    revoked = chain.now()
    address = chain.log.address
    anchor = at("bytes32", root, at("uint32", mine.member, 2))
    assert bits(slot(chain, address, anchor), 64, 64, 64, 8) == (1, 77, anchored, 1)
    assert bits(slot(chain, address, at("uint32", mine.member, 3)), 64, 8) == (1, 0)
    listed = at("bytes32", leaf, at("uint32", mine.member, 4))
    assert slot(chain, address, listed) == 1
    first = slot(chain, address, element(listed, 0, 2))
    assert bits(first, 8, 8, 32, 64, 64) == (1, 3, mine.member, anchored - DAY, revoked)
    assert slot(chain, address, element(listed, 0, 2) + 1) == 0
    never = at("bytes32", digest("never"), at("uint32", mine.member, 2))
    assert slot(chain, address, never) == 0


def test_slots__consortium__as_documented(chain: Chain) -> None:
    mine = chain.parties["mine"]
    address = chain.consortium.address
    started = chain.consortium.functions.rules().call()[6]
    identifier = keccak(text="did:web:mine.example")
    assert bits(slot(chain, address, 2), 32, 32) == (9, 4)
    assert slot(chain, address, at("bytes32", identifier, 3)) == mine.member
    standing = slot(chain, address, at("uint32", mine.member, 5))
    assert bits(standing, 32, 8, 8, 8, 32, 32) == (1, 1, 1, 0, 0, 0)
    memberships = at("uint32", mine.member, 6)
    assert slot(chain, address, memberships) == 1
    entry = slot(chain, address, element(memberships, 0, 1))
    assert bits(entry, 32, 8, 8, 64, 64) == (1, 1, 1, started, started)
    keys = at("uint32", mine.member, 7)
    assert slot(chain, address, keys) == 3
    bound = slot(chain, address, element(keys, 1, 2))
    assert bits(bound, 8, 8, 8, 64, 64) == (1, 1, 0, started, started)
    assert slot(chain, address, element(keys, 1, 2) + 1) == int(mine.operate, 16)
    state = slot(chain, address, at("bytes32", account_id(mine.operate), 8))
    assert bits(state, 32, 8, 8, 64, 64, 64) == (1, 1, 0, started, 2**64 - 1, 2**64 - 1)


def test_slots__storage_layout_of_the_artifacts__first_two_slots_shared() -> None:
    for artifact in ARTIFACTS.values():
        if not artifact["storageLayout"]["storage"]:
            continue  # it has no state, so it emits nothing and nothing follows it
        places = {
            s["label"]: (int(s["slot"]), s["offset"]) for s in artifact["storageLayout"]["storage"]
        }
        assert places["_eventCount"] == (0, 0)
        assert places["_successor"] == (0, 8)
        assert places["_eventHead"] == (1, 0)
