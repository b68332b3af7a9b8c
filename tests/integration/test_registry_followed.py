"""Registry, assurance and notices followed into the store, against the real contracts' state."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from tests.integration.test_lot_flow import concentrate
from tests.support.lot_scenes import (
    CO2E,
    CONCENTRATE,
    COPPER,
    CU,
    DAY,
    DRY,
    FACTORY,
    IDS,
    MARK,
    MINE,
    RMM,
    SLIMES,
    SMELTERY,
    YEAR,
    Company,
    CopperScene,
    copper_scene,
    emitted,
)
from veta.chain import registrations as reg
from veta.chain.caller import ContractCaller
from veta.chain.contract_abi import artifact
from veta.chain.lot_values import abi_value
from veta.errors import InputError, NotFoundError, TransactionRevertedError
from veta.model.assurance import AssuranceGrant
from veta.model.assurance_events import RecordMade, RuleRegistered
from veta.model.columns import ProgrammeId
from veta.model.identifiers import BlockNumber, Digest, Leaf, UnixSeconds
from veta.model.lots import AllocationShare, LotId, SiteId
from veta.model.registry_events import CapacitySet, OperatorSet, SiteRegistered
from veta.ports.store import IntentState
from veta.services.allocate import RuleRequest
from veta.services.registry import RegistryShelf
from veta.services.registry_documents import (
    product_classes_json,
    records_json,
    rules_json,
    schemes_json,
    sites_json,
    substances_json,
)
from veta.services.standing import Standing

GROUNDS = Digest(b"\x0f" * 32)
SHARES = (
    AllocationShare(CONCENTRATE.product_class, 800_000, 1_000_000),
    AllocationShare(SLIMES.product_class, 0, 200_000),
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopperScene]:
    with copper_scene(tmp_path_factory.mktemp("registry")) as made:
        yield made


def asked(scene: CopperScene, contract: str, function: str, *arguments: object) -> tuple[Any, ...]:
    """A view of a contract at the head."""
    ledger = scene.ledger()
    return caller(scene, contract).read(function, *arguments, block=ledger.head())


def caller(scene: CopperScene, contract: str) -> ContractCaller:
    ledger = scene.ledger()
    address = next(c.address for c in ledger.identity().contracts if c.name == contract)
    return ContractCaller(ledger._client, artifact(contract), address)


def send(scene: CopperScene, word: str, contract: str, function: str, *arguments: object) -> None:
    call = caller(scene, contract).encode(function, *arguments, gas_limit=900_000, purpose=function)
    scene.send(word, call)


def certify(scene: CopperScene, document: str, level: int = 2) -> int:
    """Another certificate of the mine; its number."""
    leaf = Leaf(sha256(document.encode()).digest())
    until = UnixSeconds(scene.now_s + YEAR // 2)
    grant = AssuranceGrant(MINE, 1, level, UnixSeconds(0), until, (COPPER,), leaf)
    scene.send("body", scene.ledger().lots.assurance.encode_certify(grant))
    return scene.ledger().lots.assurance.record_count(scene.ledger().head())


def shelf_of(company: Company) -> RegistryShelf:
    company.follow()
    return company.node.registry


def differences(company: Company) -> set[str]:
    """What an audit finds, but that its account also sent what the test made it send."""
    return {each.code for each in company.audit().differences} - {"audit.nonce"}


def refusal(code: str, plan: Any) -> str:
    with pytest.raises((InputError, NotFoundError)) as refused:
        plan()
    assert refused.value.code == code
    return refused.value.message


def test_records__suspended_lifted_withdrawn_void__stand_as_on_the_chain(
    scene: CopperScene,
) -> None:
    numbers = [certify(scene, f"certificate {number}") for number in range(2)]
    for word, verb, number in (
        ("body", "suspend", numbers[0]),
        ("owner", "suspend", numbers[0]),
        ("body", "lift", numbers[0]),
        ("body", "suspend", numbers[1]),
        ("body", "withdraw", numbers[1]),
    ):
        send(scene, word, "Assurance", verb, number, GROUNDS)
    effective = scene.now_s - 3_600
    send(scene, "accreditor", "Assurance", "voidRecord", numbers[1], effective, GROUNDS)
    shelf = shelf_of(scene.company("miner"))
    records = {each.made.record: each for each in shelf.records()}
    assert sorted(records) == [1, scene.certificate, *numbers]
    for number, record in records.items():
        (told,) = asked(scene, "Assurance", "record", number)
        subject, scheme, level, issuer, parent, from_s, until_s, flags, substances, leaf = told
        made = record.made
        assert (made.subject, made.scheme, made.level) == (subject, scheme, level)
        assert (made.issuer, made.parent, made.leaf) == (issuer, parent, leaf)
        assert (made.from_s, record.until_s) == (from_s, until_s)
        assert sum(each << 16 * at for at, each in enumerate(made.substances)) == substances
        assert sum(1 << source for source in record.suspended_by) == flags & 15
        assert bool(record.ended) == bool(flags & 32)
    now_s = shelf.now_s()
    standings = [records[number].standing(now_s) for number in sorted(records)]
    in_force, suspended, void = Standing.IN_FORCE, Standing.SUSPENDED, Standing.VOID
    assert standings == [in_force, in_force, suspended, void]
    assert records[1].standing(records[1].made.from_s - 1) is Standing.NOT_YET
    assert records[1].standing(records[1].until_s) is Standing.OVER
    document = records_json(shelf)
    assert document["certificates"][1]["suspendedBy"] == ["scheme-owner"]
    assert document["certificates"][0]["siteName"] == "Site of the miner"
    assert document["accreditations"][0]["member"] == IDS["body"]
    assert document["accreditations"][0]["schemeName"] == "Responsible Metals Mark"


def test_sites__operators_and_capacities_that_change__are_those_of_the_chain(
    scene: CopperScene,
) -> None:
    later = UnixSeconds(scene.now_s + 10 * DAY)
    scene.register(
        [
            reg.operator(MINE, IDS["smelter"]),
            reg.operator(SMELTERY, IDS["smelter"], until_s=UnixSeconds(0)),
            reg.capacity(FACTORY, COPPER, 5, effective_s=later),
            reg.capacity(FACTORY, COPPER, 7, effective_s=UnixSeconds(later + DAY)),
            reg.unit_kind(4, name="cable drums"),
        ]
    )
    miner = scene.company("miner")
    for _ in range(3):
        shelf = shelf_of(miner)
        for site in shelf.sites():
            number = site.registered.site
            (operators,) = asked(scene, "Registry", "operators", number)
            now = [
                member
                for member in operators
                if asked(scene, "Registry", "operates", number, member)[0]
            ]
            assert [each.member for each in site.operators] == sorted(now)
            (told,) = asked(scene, "Registry", "capacity", number, COPPER)
            assert site.capacity == {COPPER: told}
            country, _, handed_over, digest = asked(scene, "Registry", "site", number)[0]
            assert site.registered.country.encode() == country
            assert digest == asked_digest(site.registered.identifier)
            assert site.handed_over == handed_over
        scene.pass_time(7 * DAY)
    mine = next(each for each in sites_json(shelf)["sites"] if each["site"] == MINE)
    assert [each["member"] for each in mine["operators"]] == [IDS["miner"], IDS["smelter"]]
    assert mine["capacity"][0]["symbol"] == "Cu"
    assert substances_json(shelf)["unitKinds"] == [{"unitKind": 4, "name": "cable drums"}]
    classes = product_classes_json(shelf)["productClasses"]
    assert [each["productClass"] for each in classes] == [1, 2, 3, 4]
    assert schemes_json(shelf)["programmes"][0]["requires"] == [{"scheme": RMM, "level": 2}]


def test_schemes__bodies_that_are_recognised_no_more__are_not_listed(scene: CopperScene) -> None:
    scene.register(
        [
            reg.programme(ProgrammeId(50), [(RMM, 1)]),
            reg.reduction(MARK, ProgrammeId(50)),
        ]
    )
    miner = scene.company("miner")
    document = schemes_json(shelf_of(miner))
    assert document["reductions"] == [{"from": MARK, "to": 50}]
    assert document["schemes"][0]["recognises"] == [IDS["accreditor"]]
    assurance = scene.ledger().lots.assurance
    for until_s, listed in ((0, []), (2**64 - 1, [IDS["accreditor"]])):
        call = assurance.encode_recognise(RMM, IDS["accreditor"], until_s=UnixSeconds(until_s))
        scene.send("owner", call)
        (told,) = asked(scene, "Assurance", "recognised", RMM, IDS["accreditor"])
        assert told == bool(listed)
        assert schemes_json(shelf_of(miner))["schemes"][0]["recognises"] == listed


def asked_digest(identifier: str) -> bytes:
    from sha3 import keccak_256

    return bytes(keccak_256(identifier.encode()).digest())


def test_rule__that_nobody_could_keep_or_of_another_s_site__is_refused_in_words(
    scene: CopperScene,
) -> None:
    miner, smelter, body = (scene.company(word) for word in ("miner", "maker", "body"))
    for company in (miner, smelter, body):
        company.follow()
    until = UnixSeconds(scene.now_s + 90 * DAY)
    request = RuleRequest(MINE, SHARES, until)

    def register(
        company: Company = miner, *, site: SiteId = MINE, until_s: UnixSeconds = until,
        shares: tuple[AllocationShare, ...] = SHARES,
    ) -> Any:  # fmt: skip
        return lambda: company.lots.rules.register(RuleRequest(site, shares, until_s))

    def share(number: int, least: int, most: int) -> AllocationShare:
        return AllocationShare(number, least, most)  # type: ignore[arg-type]

    words = refusal("assurance.not_operating", register(smelter))
    assert f"does not operate site {MINE}" in words
    refusal("assurance.not_operating", register(site=SiteId(99)))
    refusal("assurance.window_empty", register(until_s=UnixSeconds(scene.now_s - 1)))
    refusal("assurance.count_out_of_bounds", register(shares=()))
    many = tuple(share(number, 0, 1_000_000) for number in range(1, 18))
    refusal("assurance.count_out_of_bounds", register(shares=many))
    refusal("assurance.not_ascending", register(shares=SHARES[::-1]))
    refusal("assurance.share_bounds", register(shares=(share(1, 5, 4),)))
    refusal("assurance.share_bounds", register(shares=(share(1, 0, 1_000_001),)))
    refusal("assurance.shares_cannot_close", register(shares=(share(1, 0, 999_999),)))
    both = (share(1, 600_000, 10**6), share(2, 500_000, 10**6))
    refusal("assurance.shares_cannot_close", register(shares=both))
    refusal("assurance.unknown_product_class", register(shares=(share(77, 0, 10**6),)))
    refusal("rule.not_found", lambda: body.lots.rules.confirm(99))
    with miner.store.read() as work:
        assert work.intents(IntentState.OPEN) == ()
    asked_for = miner.lots.rules.register(request)
    assert miner.lots.rules.register(request).number == asked_for.number
    miner.node.desk.outbox.step()
    assert miner.lots.rules.register(request).number == asked_for.number
    miner.settle()
    assert miner.state(asked_for) == (IntentState.DONE, "")
    assert miner.lots.rules.register(request).number == asked_for.number  # done for good
    number = miner.lots.rules.number_of(request)
    assert number == scene.ledger().lots.assurance.rule_count(scene.ledger().head())
    refusal("assurance.not_assuring", lambda: miner.lots.rules.confirm(number))
    smelter.follow()
    refusal("assurance.not_operating", lambda: smelter.lots.rules.end(number))


def registered(scene: CopperScene, days: int) -> int:
    miner = scene.company("miner")
    request = RuleRequest(MINE, SHARES, UnixSeconds(scene.now_s + days * DAY))
    miner.lots.rules.register(request)
    miner.settle()
    number = miner.lots.rules.number_of(request)
    assert number is not None
    return number


def test_rule__confirmed_then_ended__bounds_the_floor_of_what_was_made_under_it(
    scene: CopperScene,
) -> None:
    miner, body = scene.company("miner"), scene.company("body")
    number = registered(scene, 120)
    body.follow()
    (proposed,) = [
        each for each in rules_json(body.node.registry)["rules"] if each["rule"] == number
    ]
    assert (proposed["standing"], proposed["assurer"]) == ("proposed", None)
    confirmed = body.lots.rules.confirm(number)
    assert body.lots.rules.confirm(number).number == confirmed.number
    body.settle()
    assert body.state(confirmed) == (IntentState.DONE, "")
    other = scene.company("maker")
    other.follow()
    refusal("assurance.already_confirmed", lambda: other.lots.rules.confirm(number))
    miner.follow()
    followed = miner.node.registry.rule(number)
    assert followed is not None
    head = scene.ledger().head()
    assert followed.confirmed == scene.ledger().lots.allocation_rule(number, head)
    lots = made_under(scene, number, "RULE-1")
    made_without = made_under(scene, 0, "RULE-2")
    floors = [miner.shelf.lineage.floor(lot) for lot in (*lots, *made_without)]
    assert [floor.floor_g for floor in floors] == [800_000, 0, 0, 0]
    assert {floor.run_floor_g for floor in floors} == {1_000_000}
    ended = miner.lots.rules.end(number)
    miner.settle()
    assert miner.state(ended) == (IntentState.DONE, "")
    assert miner.lots.rules.end(number).number == ended.number
    body.follow()
    refusal("assurance.rule_over", lambda: body.lots.rules.end(number))
    rule = body.node.registry.rule(number)
    assert rule is not None
    assert rule.standing(body.node.registry.now_s()) is Standing.OVER
    (state,) = asked(scene, "Assurance", "ruleState", number)
    assert state[:5] == (MINE, rule.from_s, rule.until_s, IDS["miner"], rule.assurer)
    # What was made while it was in force keeps its floor.
    assert miner.shelf.lineage.floor(lots[0]).floor_g == 800_000
    for company in (miner, body):
        company.follow()
        assert differences(company) == set()


def made_under(scene: CopperScene, rule: int, number: str) -> list[LotId]:
    """A lot of concentrate and one of slimes of one run, opened."""
    miner = scene.company("miner")
    held = {
        CONCENTRATE: {DRY: 1_000_000, CU: 280_000, CO2E: 900_000},
        SLIMES: {DRY: 10_000, CU: 100, CO2E: 100_000},
    }
    outputs = [
        miner.output(terms, {f"{number}-{terms.product_class}": quantities})
        for terms, quantities in held.items()
    ]
    run = miner.run(
        *outputs, emissions=emitted(process=1_000_000), allocation_rule=rule, now_s=scene.now_s
    )
    planned = miner.lots.originator.originate(run)
    miner.settle()
    assert miner.state(planned.intent) == (IntentState.DONE, "")
    lots = [made for output in planned.lots for made in output]
    for lot in lots:
        miner.lots.custodian.open(lot)
        miner.settle()
    return lots


def test_confirm__what_was_registered_otherwise__is_refused_by_the_contract(
    scene: CopperScene,
) -> None:
    body = scene.company("body")
    number = registered(scene, 130)
    body.follow()
    table = "UPDATE allocation_rules SET until_s=until_s+1 WHERE rule=?"
    with sqlite3.connect(scene.folder / "body.db") as connection:
        connection.execute(table, (number,))
    connection.close()
    with pytest.raises(TransactionRevertedError) as refused:
        body.lots.rules.confirm(number)
    assert refused.value.error_name == "NotWhatWasRegistered"
    assert differences(body) == {"audit.record"}
    with body.store.write() as work:
        work.undo_above(BlockNumber(0))
    body.follow()
    assert differences(body) == set()


def test_notices__restated_and_disputed__stand_beside_the_lot(scene: CopperScene) -> None:
    miner = scene.company("miner")
    planned = miner.lots.originator.originate(concentrate(scene, "NOTED-1"))
    miner.settle()
    (lot,) = planned.lots[0]
    miner.lots.custodian.open(lot)
    miner.settle()
    known = miner.shelf.known(lot)
    header = abi_value(known.opened.header)
    leaf = known.opened.statement_leaf
    send(scene, "miner", "LotNotices", "restate", header, CO2E, -5, 1, leaf)
    send(scene, "miner", "LotNotices", "restate", header, CO2E, 7, 2, leaf)
    send(scene, "body", "LotNotices", "confirm", IDS["miner"], known.opened.header.root, 0)
    send(scene, "miner", "LotNotices", "dispute", header, known.opened.lot_key, GROUNDS)
    send(scene, "body", "LotNotices", "dispute", header, bytes(32), GROUNDS)
    send(scene, "miner", "LotNotices", "closeDispute", lot)
    shelf = shelf_of(miner)
    notices = shelf.notices(known)
    told = [
        (each.restated.delta, each.restated.reason, each.assurer) for each in notices.restatements
    ]
    assert told == [(-5, 1, IDS["body"]), (7, 2, None)]
    for dispute in notices.disputes:
        subject, party = dispute.opened.subject, dispute.opened.party
        state, is_open = asked(scene, "LotNotices", "disputeOf", subject, party)
        assert dispute.is_open(shelf.now_s()) == is_open
        assert (dispute.opened.lapses_s, dispute.closed) == (state[1], state[2])
    assert [each.opened.party for each in notices.disputes] == [IDS["miner"], IDS["body"]]
    assert [each.closed for each in notices.disputes] == [True, False]
    assert differences(miner) == set()


def test_store__undone_and_followed_again__says_the_same_of_the_registry(
    scene: CopperScene,
) -> None:
    miner = scene.company("miner")
    miner.follow()

    def whole() -> list[Any]:
        shelf = miner.node.registry
        return [shelf.sites(), shelf.records(), shelf.rules(), shelf.schemes(), shelf.names()]

    before = whole()
    with miner.store.read() as work:
        cursor = work.cursor()
    assert cursor is not None
    for number in (cursor.number - 1, cursor.number // 2, 0):
        with miner.store.write() as work:
            work.undo_above(BlockNumber(number))
            assert work.stray_rows() == 0
        miner.follow()
        assert whole() == before


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (SiteRegistered, "sites SET name='Another mine' WHERE site=3"),
        (OperatorSet, "site_operators SET until_s=until_s-1 WHERE member=1"),
        (CapacitySet, "site_capacities SET amount=amount+1 WHERE site=5"),
        (RecordMade, "assurance_records SET level=3 WHERE record=2"),
        (RuleRegistered, "allocation_rules SET shares=x'000000010000000000000001' WHERE rule=1"),
    ],
)  # fmt: skip
def test_audit__a_row_of_the_registry_that_was_changed__is_named(
    scene: CopperScene, kind: type, change: str
) -> None:
    maker = scene.company("maker")
    maker.follow()
    with sqlite3.connect(scene.folder / "maker.db") as connection:
        assert connection.execute(f"UPDATE {change}").rowcount == 1
    connection.close()
    found = maker.audit().differences
    assert {each.code for each in found} == {"audit.record"}
    assert any(kind.__name__ in each.message for each in found)
    with maker.store.write() as work:
        work.undo_above(BlockNumber(0))
    maker.follow()
    assert maker.audit().differences == []
