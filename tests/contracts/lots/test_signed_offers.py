"""Signed offers under EIP-712: one transaction, one contract, one chain, one time."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.constants import SECPK1_N
from eth_utils.crypto import keccak

from tests.contracts.lots.evm import address_of, key_of
from tests.contracts.lots.paper import Lot, fresh
from tests.contracts.lots.world import CO2E, CU, DAY, IDS, NET, LotWorld

MINE, SMELTER, REFINERY = IDS["mine"], IDS["smelter"], IDS["refinery"]
DOMAIN_FIELDS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
    {"name": "salt", "type": "bytes32"},
]
OFFER_FIELDS = [
    {"name": "from", "type": "uint32"},
    {"name": "to", "type": "uint32"},
    {"name": "until", "type": "uint64"},
    {"name": "nonce", "type": "uint256"},
    {"name": "consignment", "type": "bytes32"},
    {"name": "lots", "type": "bytes32[]"},
    {"name": "taken", "type": "uint64[]"},
]


def held(world: LotWorld) -> Lot:
    return world.held({NET: 1_000, CU: 900, CO2E: 0})


def domain_of(world: LotWorld) -> dict[str, Any]:
    addresses = world.contracts.addresses
    return {
        "name": "Veta Custody",
        "version": "1",
        "chainId": world.evm.chain_id,
        "verifyingContract": addresses["Custody"],
        "salt": keccak(encode(["address"], [addresses["Consortium"]])),
    }


def offer_of(world: LotWorld, *lots: Lot, **change: Any) -> dict[str, Any]:
    fields = {
        "from": MINE,
        "to": SMELTER,
        "until": world.now + DAY,
        "nonce": 7,
        "consignment": fresh(),
        "lots": [lot.id for lot in lots],
        "taken": [0 for _ in lots],
    }
    return fields | change


def sign(
    domain: dict[str, Any],
    offer: dict[str, Any],
    by: str = "mine",
    fields: list[dict[str, str]] | None = None,
) -> bytes:
    """As a wallet would, by a library of its own."""
    message = encode_typed_data(
        full_message={
            "types": {
                "EIP712Domain": [each for each in DOMAIN_FIELDS if each["name"] in domain],
                "SignedOffer": fields or OFFER_FIELDS,
            },
            "primaryType": "SignedOffer",
            "domain": domain,
            "message": offer,
        }
    )
    return bytes(Account.sign_message(message, key_of(by)).signature)


def accept(world: LotWorld, offer: dict[str, Any], signature: bytes, by: str = "smelter") -> Any:
    return world.custody(by, "acceptSigned", tuple(offer.values()), signature)


def test_signed_offer__by_its_holder__passes_on_in_one_transaction(world: LotWorld) -> None:
    lots = held(world), held(world)
    offer = offer_of(world, *lots)
    outcome = accept(world, offer, sign(domain_of(world), offer))
    assert outcome.only("NonceSpent") == {"member": MINE, "nonce": 7}
    assert [each["consignment"] for each in outcome.of("LotAccepted")] == [offer["consignment"]] * 2
    assert [world.lot_of(lot)[:4] for lot in lots] == [(1, SMELTER, 0, MINE)] * 2
    assert world.contracts.read("Custody", "nonceUsed", MINE, 7)


@pytest.mark.row("T14")
@pytest.mark.parametrize("name", [each["name"] for each in DOMAIN_FIELDS])
@pytest.mark.parametrize("how", ["missing", "wrong"])
def test_signed_offer__domain_field_missing_or_wrong__refused(
    world: LotWorld, name: str, how: str
) -> None:
    """All five are part of what is signed: replayed elsewhere it is somebody else's signature."""
    lot = held(world)
    offer, domain = offer_of(world, lot), domain_of(world)
    wrong: dict[str, Any] = {
        "name": "Veta LotBook",
        "version": "2",
        "chainId": world.evm.chain_id + 1,
        "verifyingContract": world.contracts.addresses["LotBook"],
        "salt": fresh(),
    }
    changed = {key: each for key, each in domain.items() if key != name or how == "wrong"}
    if how == "wrong":
        changed[name] = wrong[name]
    with world.refuses("BadSignature", MINE, None):
        accept(world, offer, sign(changed, offer))
    # The node's side: what such a wallet signs is not the digest that the contract shows.
    shown = world.contracts.read("Custody", "offerDigest", tuple(offer.values()))
    assert Account._recover_hash(shown, signature=sign(domain, offer)) == address_of("mine")
    assert Account._recover_hash(shown, signature=sign(changed, offer)) != address_of("mine")
    accept(world, offer, sign(domain, offer))


@pytest.mark.row("T14")
@pytest.mark.parametrize("field", [each["name"] for each in OFFER_FIELDS])
def test_signed_offer__anything_else_than_was_signed__refused(world: LotWorld, field: str) -> None:
    lot, other = held(world), held(world)
    offer = offer_of(world, lot)
    signature = sign(domain_of(world), offer)
    changes: dict[str, Any] = {
        "from": REFINERY,
        "to": REFINERY,
        "until": offer["until"] + 1,
        "nonce": 8,
        "consignment": fresh(),
        "lots": [other.id],
        "taken": [1],
    }
    changed = offer | {field: changes[field]}
    by = "refinery" if field == "to" else "smelter"
    with world.refuses("BadSignature", changed["from"], None):
        accept(world, changed, signature, by)


@pytest.mark.row("T14")
def test_signed_offer__replayed__refused(world: LotWorld) -> None:
    lot = held(world)
    offer = offer_of(world, lot)
    signature = sign(domain_of(world), offer)
    accept(world, offer, signature)
    with world.refuses("NonceUsed", MINE, 7):
        accept(world, offer, signature)
    world.pass_on(lot, "smelter", "mine")
    with world.refuses("NonceUsed", MINE, 7):
        accept(world, offer, signature)
    again = offer_of(world, lot, nonce=7)
    with world.refuses("NonceUsed", MINE, 7):
        accept(world, again, sign(domain_of(world), again))
    later = offer_of(world, lot, nonce=8)
    accept(world, later, sign(domain_of(world), later))


@pytest.mark.row("T14")
def test_signed_offer__malleable_or_misshapen_signature__refused(world: LotWorld) -> None:
    """The same signature with the other s is not accepted: there is one signature of one offer."""
    offer = offer_of(world, held(world))
    signature = sign(domain_of(world), offer)
    s = int.from_bytes(signature[32:64])
    high = signature[:32] + (SECPK1_N - s).to_bytes(32) + bytes([55 - signature[64]])
    compact = signature[:32] + (s | (signature[64] - 27) << 255).to_bytes(32)
    zero = "0x" + "00" * 20
    for wrong in (high, compact, signature[:64], signature + b"\0", b"", bytes(65)):
        with world.refuses("BadSignature", MINE, zero):
            accept(world, offer, wrong)
    with world.refuses("BadSignature", MINE, None):
        accept(world, offer, signature[:64] + bytes([55 - signature[64]]))
    accept(world, offer, signature)


def test_signed_offer__signed_by_another__refused(world: LotWorld) -> None:
    offer = offer_of(world, held(world))
    for by in ("smelter", "stranger", "owner's administrator"):
        with world.refuses("BadSignature", MINE, address_of(by).lower()):
            accept(world, offer, sign(domain_of(world), offer, by))


def test_signed_offer__by_a_key_that_is_paused__refused(world: LotWorld) -> None:
    offer = offer_of(world, held(world))
    signature = sign(domain_of(world), offer)
    key = bytes.fromhex(address_of("mine")[2:]).rjust(32, b"\0")
    world.act("mine", "Consortium", "pauseKey", key)
    with world.refuses("BadSignature", MINE, address_of("mine").lower()):
        accept(world, offer, signature)


def test_signed_offer__over_to_another_or_not_held__refused(world: LotWorld) -> None:
    lot = held(world)
    domain = domain_of(world)
    offer = offer_of(world, lot)
    with world.refuses("NotOfferedTo", offer["consignment"], SMELTER, REFINERY):
        accept(world, offer, sign(domain, offer), "refinery")
    for until in (world.now, world.now + 366 * DAY + 100):
        late = offer_of(world, lot, until=until)
        with world.refuses("TimeOutOfBounds", until, None, None):
            accept(world, late, sign(domain, late))
    own = offer_of(world, lot, to=MINE)
    with world.refuses("BadRecipient", MINE):
        accept(world, own, sign(domain, own), "mine")
    gone = offer_of(world, lot, taken=[1])
    with world.refuses("TakenMismatch", lot.id, 0, 1):
        accept(world, gone, sign(domain, gone))
    cases: list[tuple[list[bytes], list[int], str]] = [([], [], "lots"), ([lot.id], [], "taken")]
    for lots, taken, name in cases:
        wrong = offer_of(world, lots=lots, taken=taken)
        with world.refuses("Count", name.encode().ljust(32, b"\0"), len(taken), None, None):
            accept(world, wrong, sign(domain, wrong))
    world.custody("mine", "offer", [lot.id], REFINERY, world.now + DAY, fresh())
    with world.refuses("LockedByOffer", lot.id, REFINERY, None):
        accept(world, offer, sign(domain, offer))
    world.custody("refinery", "accept", [lot.id], [0], fresh())
    with world.refuses("NotHolder", lot.id, REFINERY, MINE):
        accept(world, offer, sign(domain, offer))
