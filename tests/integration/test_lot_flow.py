"""Lots from a mine's concentrate to a cathode in another company, on the real contracts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.certified_lot import CHILE, cathode_lot, issuance
from tests.support.lot_scenes import (
    CATHODE,
    CO2E,
    CONCENTRATE,
    COPPER,
    CU,
    CU_MARK,
    DAY,
    DRY,
    IDS,
    MARK,
    MINE,
    NET,
    SMELTERY,
    Company,
    CopperScene,
    copper_scene,
    did,
    emitted,
)
from veta.chain.ledger import Web3Ledger
from veta.claims import shipped
from veta.custody.encoding import exit_digest
from veta.custody.lineage import Whereabouts
from veta.custody.periods import period_of
from veta.errors import (
    ConfigError,
    ConflictError,
    InputError,
    NotFoundError,
    TransactionRevertedError,
    VerificationError,
)
from veta.model.identifiers import BlockNumber, Leaf, MemberId, UnixSeconds
from veta.model.lot import MetalContent, MetalOrigin, Party
from veta.model.lots import Cover, CustodyModel, Loss, LossReason, LotId, LotState
from veta.ports.store import IntentState, StatementState
from veta.services.certify import certify_lot
from veta.services.lot_reading import OpeningDesk, known_lot
from veta.services.open_lot import Measurement, Offer
from veta.services.run_requests import RunRequest, TakeRequest

TONNE = 1_000_000
COUNTRIES = {"miner": "BO", "maker": "AR"}
"""The smelter is Chilean: three laws, one chain."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopperScene]:
    with copper_scene(tmp_path_factory.mktemp("lots"), countries=COUNTRIES) as made:
        yield made


def concentrate(scene: CopperScene, *numbers: str, co2e: int = 960_000) -> RunRequest:
    """Concentrate with 28 % copper, a tonne a lot."""
    miner = scene.company("miner")
    held = {DRY: TONNE, CU: 280_000, CO2E: co2e}
    return miner.run(
        miner.output(CONCENTRATE, {number: dict(held) for number in numbers}),
        emissions=emitted(process=co2e * len(numbers)),
        now_s=scene.now_s,
    )


def test_lots__from_the_mine_to_the_smelter_s_cathode__are_what_the_chain_says(
    scene: CopperScene,
) -> None:
    miner, smelter = scene.company("miner"), scene.company("smelter")
    request = concentrate(scene, "CON-1", "CON-2")
    planned = miner.lots.originator.originate(request)
    assert planned.created
    first = miner.lot("CON-1", CONCENTRATE)
    assert planned.lots == ((first, miner.lot("CON-2", CONCENTRATE)),)
    again = miner.lots.originator.originate(concentrate(scene, "CON-1", "CON-2"))
    assert (again.intent.number, again.created) == (planned.intent.number, False)
    miner.settle()
    assert miner.state(planned.intent) == (IntentState.DONE, "")

    until = UnixSeconds(scene.now_s + 5 * DAY)
    opened = miner.lots.custodian.open(first, Offer(IDS["smelter"], until))
    assert miner.lots.custodian.open(first, Offer(IDS["smelter"], until)).number == opened.number
    miner.settle()
    assert miner.state(opened) == (IntentState.DONE, "")
    assert miner.shelf.known(first).record.state is LotState.OFFERED

    smelter.follow()
    accepted = smelter.lots.custodian.accept([first])
    smelter.settle()
    assert smelter.state(accepted) == (IntentState.DONE, "")
    held = smelter.shelf.balance.holdings(IDS["smelter"])
    assert held.totals == {DRY: TONNE, CU: 280_000, CO2E: 960_000}

    run = smelter.run(
        smelter.output(CATHODE, {"CAT-1": {NET: 278_000, CU: 277_200, CO2E: 1_460_000}}),
        takes=(TakeRequest(first),),
        losses=(Loss(CU, 2_800, LossReason.SLAG),),
        emissions=emitted(process=500_000),
        now_s=scene.now_s,
    )
    drafted = smelter.lots.transformer.draft(run)
    assert drafted.assessment.problems == ()
    assert drafted.assessment.balances is not None
    assert drafted.assessment.balances.metal[0].yield_ppm == 990_000
    made = smelter.lots.transformer.transform(run)
    smelter.settle()
    assert smelter.state(made.intent) == (IntentState.DONE, "")
    cathode = smelter.lot("CAT-1", CATHODE)
    smelter.lots.custodian.open(cathode)
    smelter.settle()

    found = smelter.shelf.lineage.ancestry(cathode, COPPER)
    assert found.by_site() == {MINE: 1_000_000}
    assert found.lots == {first: 1_000_000}
    assert smelter.shelf.known(first).record.state is LotState.CONSUMED
    for company in (miner, smelter):
        company.follow()
        assert company.audit().differences == []
    head = scene.ledger().head()
    for lot in (first, cathode):
        assert scene.ledger().lots.lot(lot, head) == smelter.shelf.known(lot).record


def delivered(scene: CopperScene, number: str) -> LotId:
    """A lot of concentrate that the miner opened and offered to the smelter."""
    miner = scene.company("miner")
    miner.lots.originator.originate(concentrate(scene, number))
    miner.settle()
    lot = miner.lot(number, CONCENTRATE)
    miner.lots.custodian.open(lot, Offer(IDS["smelter"], UnixSeconds(scene.now_s + 5 * DAY)))
    miner.settle()
    scene.company("smelter").follow()
    return lot


def smelted(scene: CopperScene, lot: LotId, number: str, **changes: Any) -> RunRequest:
    """The whole of a lot of concentrate as cathode and slag."""
    smelter = scene.company("smelter")
    held = {NET: 278_000, CU: 277_200, CO2E: 1_460_000} | changes.pop("held", {})
    usual: dict[str, Any] = {
        "takes": (TakeRequest(lot),),
        "losses": (Loss(CU, 2_800, LossReason.SLAG),),
        "emissions": emitted(process=500_000),
    }
    output = smelter.output(CATHODE, {number: held})
    return smelter.run(output, now_s=scene.now_s, **(usual | changes))


@pytest.mark.row("T42", "T43")
def test_transform__metal_or_carbon_made_up__is_refused_in_words_before_anything_is_signed(
    scene: CopperScene,
) -> None:
    smelter = scene.company("smelter")
    lot = delivered(scene, "CON-10")
    smelter.lots.custodian.accept([lot])
    smelter.settle()
    with smelter.store.read() as work:
        kept = sum(work.count_statements().values())
    run = smelted(scene, lot, "CAT-10", held={CU: 277_201, CO2E: 1_459_999})
    assert smelter.lots.transformer.draft(run).assessment.codes == {
        "custody.metal_mismatch",
        "custody.co2e_mismatch",
    }
    with pytest.raises(InputError) as refused:
        smelter.lots.transformer.transform(run)
    assert refused.value.code == "custody.metal_mismatch"
    assert "277201" not in refused.value.message  # what differs is named, not the whole
    assert "contained Cu" in refused.value.message
    with smelter.store.read() as work:
        assert sum(work.count_statements().values()) == kept
        assert work.intents(IntentState.OPEN) == ()


def test_transform__of_a_lot_that_is_another_s_or_on_offer__is_refused_in_words(
    scene: CopperScene,
) -> None:
    miner, smelter = scene.company("miner"), scene.company("smelter")
    lot = delivered(scene, "CON-11")
    with pytest.raises(InputError) as refused:
        smelter.lots.transformer.transform(smelted(scene, lot, "CAT-11"))
    assert refused.value.code == "custody.not_holder"
    with pytest.raises(InputError) as refused:
        miner.lots.custodian.retire([lot], 1)
    assert refused.value.code == "custody.locked_by_offer"
    declined = smelter.lots.custodian.decline([lot])
    smelter.settle()
    assert smelter.state(declined) == (IntentState.DONE, "")
    miner.follow()
    retired = miner.lots.custodian.retire([lot], 1)
    miner.settle()
    assert miner.state(retired) == (IntentState.DONE, "")
    assert miner.shelf.known(lot).record.state is LotState.RETIRED
    with pytest.raises(TransactionRevertedError) as reverted:
        smelter.lots.custodian.accept([lot])
    assert reverted.value.code == "custody.lot_not_in_state"
    assert "the lot is retired, it must be offered" in reverted.value.message


def test_accept_measured__less_than_shipped__rebases_the_lot_and_keeps_its_carbon(
    scene: CopperScene,
) -> None:
    smelter = scene.company("smelter")
    short, slightly = delivered(scene, "CON-12"), delivered(scene, "CON-13")
    for lot, measured in ((short, 900_000), (slightly, 999_000)):
        leaf = smelter.node.desk.issuer.issue(smelter.passport("weighing")).leaf
        smelter.lots.custodian.accept_measured(lot, Measurement(measured, 1, leaf))
        smelter.settle()
    known = smelter.shelf.known(short)
    assert dict(zip(known.opened.columns, known.opened.quantities, strict=True)) == {
        DRY: 900_000,
        CU: 252_000,
        CO2E: 960_000,
    }
    assert known.left == 900_000
    assert smelter.shelf.known(slightly).left == TONNE  # within tolerance: a variance record
    ledger = scene.ledger()
    head = ledger.head()
    period = period_of(head.time_s)
    assert ledger.lots.variance(IDS["smelter"], DRY, period, head) == -1_000
    for lot in (short, slightly):
        assert ledger.lots.lot(lot, head) == smelter.shelf.known(lot).record
    run = smelted(
        scene,
        short,
        "CAT-12",
        held={NET: 250_000, CU: 249_500},
        losses=(Loss(CU, 2_500, LossReason.SLAG),),
    )
    planned = smelter.lots.transformer.transform(run)
    smelter.settle()
    assert smelter.state(planned.intent) == (IntentState.DONE, "")
    assert smelter.audit().differences == []
    smelter.lots.custodian.open(smelter.lot("CAT-12", CATHODE))
    smelter.settle()
    found = smelter.shelf.lineage.ancestry(smelter.lot("CAT-12", CATHODE), COPPER)
    assert found.lots == {short: 1_000_000}
    places = smelter.shelf.lineage.descent(short, COPPER).places
    assert sum(place.share_ppm for place in places) == 1_000_000
    assert {place.whereabouts for place in places} == {Whereabouts.IN_LOT, Whereabouts.LOST}
    assert {place.lot for place in places} == {smelter.lot("CAT-12", CATHODE), None}


def test_exit__and_reenter__the_lot_comes_back_whole(scene: CopperScene) -> None:
    miner = scene.company("miner")
    miner.lots.originator.originate(concentrate(scene, "CON-14"))
    miner.settle()
    lot = miner.lot("CON-14", CONCENTRATE)
    miner.lots.custodian.open(lot)
    miner.settle()
    ledger, salt = scene.ledger(), b"\x21" * 32
    custody = next(c.address for c in ledger.identity().contracts if c.name == "Custody")
    account = miner.node.desk.account
    whom = exit_digest(ledger.identity().chain_id, custody, lot, account, salt)
    out = miner.lots.custodian.exit(lot, whom)
    miner.settle()
    assert miner.shelf.known(lot).record.state is LotState.EXITED
    back = miner.lots.custodian.reenter(lot, salt)
    miner.settle()
    assert miner.shelf.known(lot).record.state is LotState.HELD
    assert [miner.state(intent)[0] for intent in (out, back)] == [IntentState.DONE] * 2
    assert ledger.lots.lot(lot, ledger.head()) == miner.shelf.known(lot).record


def test_originate__under_a_certificate__credit_reaches_the_cathode_or_the_account(
    scene: CopperScene,
) -> None:
    miner, smelter = scene.company("miner"), scene.company("smelter")
    held = {DRY: TONNE, CU: 280_000, CO2E: 960_000, CU_MARK: 280_000}
    ip = CustodyModel.IDENTITY_PRESERVED
    request = miner.run(
        miner.output(CONCENTRATE, {"CON-15": held}, model=ip),
        emissions=emitted(process=960_000),
        covers=(Cover(CU_MARK, (scene.certificate,)),),
        now_s=scene.now_s,
    )
    with pytest.raises(TransactionRevertedError) as refused:
        miner.lots.originator.originate(replace(request, covers=(Cover(CU_MARK, (1,)),)))
    assert refused.value.error_name == "NotACertificate"
    miner.lots.originator.originate(request)
    miner.settle()
    lot = miner.lot("CON-15", CONCENTRATE)
    miner.lots.custodian.open(lot, Offer(IDS["smelter"], UnixSeconds(scene.now_s + DAY)))
    miner.settle()
    smelter.follow()
    smelter.lots.custodian.accept([lot])
    smelter.settle()
    run = smelted(scene, lot, "CAT-15", held={CU_MARK: 200_000})
    output = replace(run.outputs[0], model=CustodyModel.MASS_BALANCE)
    smelter.lots.transformer.transform(replace(run, outputs=(output,)))
    smelter.settle()
    (account,) = smelter.shelf.balance.site(SMELTERY).credit
    assert (account.account.programme, account.account.balance) == (MARK, 77_200)
    assert account.usable
    assert smelter.audit().differences == []
    assert miner.audit().differences == []


def test_originate__with_passports_of_the_lots__is_refused_where_a_passport_says_otherwise(
    scene: CopperScene,
) -> None:
    miner = scene.company("miner")
    request = concentrate(scene, "CON-16")
    (output,) = request.outputs
    certificate = replace(
        cathode_lot(),
        lot_number="CON-16",
        issuer=Party(did("miner"), "Miner"),
        mass_g=TONNE,
        mass_basis="dry",
        metal=(MetalContent("Cu", 280_000),),
        origins=(MetalOrigin("Cu", CHILE, 280_000),),
        footprint=None,
    )
    papers = certify_lot(certificate, issuance("con-16"), footprint_id="")
    entry = replace(output.lots[0], passport=papers.passport)
    wrong = replace(entry, quantities=(TONNE, 280_001, 960_000))
    with pytest.raises(VerificationError) as refused:
        miner.lots.originator.originate(replace(request, outputs=(replace(output, lots=(wrong,)),)))
    assert refused.value.code == "lot.passport_disagrees"
    assert "280000 of contained Cu, the lot 280001" in refused.value.message
    miner.lots.originator.originate(replace(request, outputs=(replace(output, lots=(entry,)),)))
    miner.node.desk.anchorer.anchor()  # a number behind the one that the run draws
    miner.settle()
    lot = miner.lot("CON-16", CONCENTRATE)
    opening = OpeningDesk(miner.store).opening(lot)
    statement = miner.node.statement(opening.statement_leaf)
    assert statement.state is StatementState.ANCHORED
    assert b"CON-16" in statement.record.payload
    assert miner.audit().differences == []


def test_open__lots_of_nobody_here__are_refused(scene: CopperScene) -> None:
    miner = scene.company("miner")
    with pytest.raises(NotFoundError) as unknown:
        miner.lots.custodian.open(LotId(b"\x01" * 32))
    assert unknown.value.code == "lot.not_ours"
    with pytest.raises(NotFoundError) as unopened:
        miner.lots.transformer.draft(
            miner.run(takes=(TakeRequest(LotId(b"\x01" * 32)),), now_s=scene.now_s)
        )
    assert unopened.value.code == "lot.unopened"
    planned = miner.lots.originator.originate(concentrate(scene, "CON-17"))
    with pytest.raises(ConflictError) as early:
        miner.lots.custodian.open(miner.lot("CON-17", CONCENTRATE))
    assert early.value.code == "lot.not_issued"
    with pytest.raises(ConflictError) as twice:
        miner.lots.originator.originate(concentrate(scene, "CON-17", co2e=970_000))
    assert twice.value.code == "lot.issued_before"
    miner.settle()
    assert miner.state(planned.intent) == (IntentState.DONE, "")


def test_store__undone_to_the_beginning_and_followed_again__says_the_same(
    scene: CopperScene,
) -> None:
    smelter = scene.company("smelter")
    smelter.follow()
    with smelter.store.read() as work:
        lots = work.lots_of(IDS["smelter"])
        before = [known_lot(work, lot) for lot in lots]
        cursor = work.cursor()
    assert cursor is not None
    for number in (cursor.number - 1, cursor.number // 2, 0):
        with smelter.store.write() as work:
            work.undo_above(BlockNumber(number))
            assert work.stray_rows() == 0
        smelter.follow()
        with smelter.store.read() as work:
            assert work.lots_of(IDS["smelter"]) == lots
            assert [known_lot(work, lot) for lot in lots] == before
    assert smelter.audit().differences == []


def test_ledger__that_pins_two_contracts_only__works_and_says_that_it_has_no_lots(
    scene: CopperScene,
) -> None:
    (pinned,) = scene.trust.contract_sets
    few = replace(pinned, contracts=pinned.contracts[:2])
    ledger = Web3Ledger(scene.provider, replace(scene.trust, contract_sets=(few,)))
    assert ledger.next_sequence(IDS["miner"], ledger.head()) > 1
    with pytest.raises(ConfigError) as refused:
        _ = ledger.lots
    assert refused.value.code == "config.no_contract"
    assert "LotBook" in refused.value.message


@pytest.mark.row("S08")
def test_lot__over_two_borders__each_node_has_its_own_documents_and_all_the_same_anchors(
    scene: CopperScene,
) -> None:
    miner, smelter, maker = (scene.company(word) for word in ("miner", "smelter", "maker"))
    bolivian = delivered(scene, "CON-80")
    smelter.lots.custodian.accept([bolivian])
    smelter.settle()
    smelter.lots.transformer.transform(smelted(scene, bolivian, "CAT-80"))
    smelter.settle()
    cathode = smelter.lot("CAT-80", CATHODE)
    later = UnixSeconds(scene.now_s + 5 * DAY)
    smelter.lots.custodian.open(cathode, Offer(IDS["maker"], later))
    smelter.settle()
    maker.follow()
    maker.lots.custodian.accept([cathode])
    maker.settle()
    for company in (miner, smelter):
        company.node.desk.anchorer.anchor()
        company.settle()
    companies = (miner, smelter, maker)
    for company in companies:
        company.follow()
    for company in companies:
        assert company.shelf.known(cathode).record.holder == IDS["maker"]
        assert company.shelf.lineage.ancestry(cathode, COPPER).by_site() == {MINE: 1_000_000}
        countries = {each.registered.country for each in company.node.registry.sites()}
        assert countries == {"BO", "CL", "AR"}

    documents = {company.word: kept(company) for company in companies}
    assert documents["maker"] == {}
    for word in ("miner", "smelter"):
        assert {issuer for issuer, _ in documents[word].values()} == {IDS[word]}
    assert not documents["miner"].keys() & documents["smelter"].keys()
    # None of the payloads is in another's database, in whatever form.
    secret = max((payload for _, payload in documents["miner"].values()), key=len)
    assert secret not in b"".join(payload for _, payload in documents["smelter"].values())
    anchors = [anchored(company) for company in companies]
    assert anchors[0] == anchors[1] == anchors[2]
    assert len(anchors[0]) >= 2
    assert {member for member, _ in anchors[0]} >= {IDS["miner"], IDS["smelter"]}

    profiles = shipped.profiles()
    asked = {
        country: {each.name for each in profiles if each.applies_in(country)}
        for country in ("BO", "CL", "AR")
    }
    assert asked["CL"] - asked["BO"] == {"cl-rep-tyres"}
    assert asked["BO"] == asked["AR"]


def kept(company: Company) -> dict[Leaf, tuple[MemberId, bytes]]:
    """Documents in a node's store, by their names."""
    with company.store.read() as work:
        return {
            each.record.leaf: (each.record.issuer, each.record.payload)
            for each in work.all_statements()
        }


def anchored(company: Company) -> list[tuple[MemberId, bytes]]:
    """All roots on the chain, as a node followed them."""
    with company.store.read() as work:
        return [
            (member.member, bytes(record.root))
            for member in work.members()
            for record in work.anchors(member.member)
        ]
