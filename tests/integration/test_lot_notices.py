"""Restated, disputed, upheld, closed: refused in words, then done, on the real contracts."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.api_world import BEARER, TOKEN, Client
from tests.support.assurance_world import GROUNDS, issued, newcomer
from tests.support.cli_home import Ran, good
from tests.support.cli_home import run as run_command
from tests.support.lot_scenes import (
    CO2E,
    CONCENTRATE,
    CU,
    CU_MARK,
    DAY,
    DRY,
    IDS,
    Company,
    CopperScene,
    copper_scene,
    did,
    done,
    emitted,
    refusal,
)
from veta.api.app import create_app
from veta.cli import lot_notices, lots
from veta.config import ApiSettings
from veta.model.consortium import Role
from veta.model.identifiers import Digest, Leaf, UnixSeconds
from veta.model.lots import LotId
from veta.ports.store import IntentState
from veta.services.node import Node
from veta.services.notices import NoticeDesk, RestatementReason, Restating
from veta.services.open_lot import Offer

HELD = {DRY: 1_000_000, CU: 280_000, CO2E: 960_000}
JSON = {**BEARER, "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopperScene]:
    with copper_scene(tmp_path_factory.mktemp("notices")) as made:
        yield made


def desk(company: Company) -> NoticeDesk:
    company.follow()
    return company.lots.notices


def differences(company: Company) -> set[str]:
    """What an audit finds, but that the scene made the body's account send something, too."""
    return {each.code for each in company.audit().differences} - {"audit.nonce"}


def lot_of(scene: CopperScene, number: str, *, opened: bool = True) -> LotId:
    """A lot of the mine's; opened, it is the smelter's."""
    miner, smelter = scene.company("miner"), scene.company("smelter")
    miner.follow()
    miner.lots.originator.originate(
        miner.run(
            miner.output(CONCENTRATE, {number: dict(HELD)}),
            emissions=emitted(process=HELD[CO2E]),
            now_s=scene.now_s,
        )
    )
    miner.settle()
    lot = miner.lot(number, CONCENTRATE)
    if opened:
        until = UnixSeconds(scene.now_s + 5 * DAY)
        miner.lots.custodian.open(lot, Offer(IDS["smelter"], until))
        miner.settle()
        smelter.follow()
        smelter.lots.custodian.accept([lot])
        smelter.settle()
    return lot


def statement(scene: CopperScene) -> Leaf:
    miner = scene.company("miner")
    return issued(miner, miner.passport(f"S-{secrets.token_hex(4)}"))


def told(company: Company, lot: LotId) -> tuple[list[Any], list[Any]]:
    company.follow()
    notices = company.node.registry.notices(company.shelf.known(lot))
    now_s = company.node.registry.now_s()
    restated = [(each.restated.delta, each.assurer) for each in notices.restatements]
    disputed = [
        (each.opened.party, each.is_open(now_s), each.upheld_by) for each in notices.disputes
    ]
    return restated, disputed


def test_restate__what_cannot_be__is_refused_in_words(scene: CopperScene) -> None:
    miner, smelter = scene.company("miner"), scene.company("smelter")
    lot = lot_of(scene, "RES-0")
    leaf = statement(scene)

    def ask(
        company: Company = miner, column: Any = CO2E, delta: int = 5, tells: Leaf = leaf
    ) -> Any:
        restating = Restating(column, delta, RestatementReason.MEASUREMENT, tells)
        return lambda: desk(company).restate(lot, restating)

    refusal("notices.not_issuer", ask(smelter))
    refusal("notices.not_restatable", ask(column=CU))
    refusal("notices.not_restatable", ask(column=DRY))
    refusal("notices.delta_out_of_bounds", ask(delta=0))
    refusal("notices.delta_out_of_bounds", ask(delta=-(2**53)))
    refusal("notices.below_zero", ask(delta=-960_001))
    refusal("notices.below_zero", ask(column=CU_MARK, delta=-1))
    refusal("statement.not_found", ask(tells=Leaf(b"\x01" * 32)))
    fresh = miner.node.desk.issuer.issue(miner.passport("FRESH")).leaf
    refusal("notices.document_not_anchored", ask(tells=fresh))
    nowhere = Restating(CO2E, 5, RestatementReason.OTHER, leaf)
    refusal("lot.unopened", lambda: desk(miner).restate(LotId(b"\x07" * 32), nowhere))
    with miner.store.read() as work:
        assert work.intents(IntentState.OPEN) == ()
    miner.node.desk.anchorer.anchor()
    miner.settle()
    gone = lot_of(scene, "RES-GONE", opened=False)
    miner.lots.corrector.withdraw(gone)
    miner.settle()
    refusal("notices.not_the_batch", lambda: desk(miner).restate(gone, nowhere))


def test_restate__then_confirm__stands_beside_the_lot(scene: CopperScene) -> None:
    miner, smelter, body = (scene.company(word) for word in ("miner", "smelter", "body"))
    lot = lot_of(scene, "RES-1")
    restating = Restating(CO2E, -5_000, RestatementReason.FACTOR, statement(scene))
    made = desk(miner).restate(lot, restating)
    assert desk(miner).restate(lot, restating).number == made.number
    done(miner, made)
    assert desk(miner).restate(lot, restating).number == made.number
    refusal("notices.role_missing", lambda: desk(smelter).confirm(lot, 0))
    refusal("notices.unknown_restatement", lambda: desk(body).confirm(lot, 1))
    confirmed = desk(body).confirm(lot, 0)
    done(body, confirmed)
    assert desk(body).confirm(lot, 0).number == confirmed.number
    other = newcomer(scene, "checker", Role.FOOTPRINT_VERIFIER)
    refusal("notices.already_confirmed", lambda: desk(other).confirm(lot, 0))
    assert told(smelter, lot) == ([(-5_000, IDS["body"])], [])
    for company in (miner, body):
        company.follow()
        assert differences(company) == set()


@pytest.mark.row("S06")
def test_dispute__of_whom_it_does_not_concern_or_twice__is_refused(scene: CopperScene) -> None:
    smelter, maker, body = (scene.company(word) for word in ("smelter", "maker", "body"))
    lot = lot_of(scene, "DIS-0")
    refusal("notices.no_standing", lambda: desk(maker).dispute(lot, GROUNDS))
    refusal("notices.no_standing", lambda: desk(smelter).dispute(lot, GROUNDS, whole=True))
    refusal("notices.zero_leaf", lambda: desk(smelter).dispute(lot, Digest(bytes(32))))
    refusal("notices.no_open_dispute", lambda: desk(smelter).close(lot))
    refusal("notices.no_open_dispute", lambda: desk(body).uphold(lot, IDS["smelter"]))
    opened = desk(smelter).dispute(lot, GROUNDS)
    assert desk(smelter).dispute(lot, GROUNDS).number == opened.number
    done(smelter, opened)
    assert desk(smelter).dispute(lot, GROUNDS).number == opened.number
    other = Digest(b"\x01" * 32)
    refusal("notices.dispute_barred", lambda: desk(smelter).dispute(lot, other))
    refusal("notices.role_missing", lambda: desk(maker).uphold(lot, IDS["smelter"]))
    done(body, desk(body).dispute(lot, GROUNDS))  # it assures the site
    refusal("notices.not_independent", lambda: desk(body).uphold(lot, IDS["body"]))
    upheld = desk(body).uphold(lot, IDS["smelter"])
    done(body, upheld)
    assert desk(body).uphold(lot, IDS["smelter"]).number == upheld.number
    authority = newcomer(scene, "authority", Role.AUTHORITY)
    refusal("notices.already_upheld", lambda: desk(authority).uphold(lot, IDS["smelter"]))
    done(authority, desk(authority).dispute(lot, GROUNDS, whole=True))
    expected = [
        (IDS["smelter"], True, IDS["body"]),
        (IDS["body"], True, None),
        (IDS["authority"], True, None),
    ]
    assert told(maker, lot) == ([], expected)
    closed = desk(smelter).close(lot)
    done(smelter, closed)
    assert desk(smelter).close(lot).number == closed.number
    barred = refusal("notices.dispute_barred", lambda: desk(smelter).dispute(lot, GROUNDS))
    assert "bars another" in barred
    scene.pass_time(91 * DAY)
    again = desk(smelter).dispute(lot, GROUNDS)
    assert again.number != opened.number
    done(smelter, again)
    done(smelter, desk(smelter).close(lot))
    for company in (smelter, body, authority):
        company.follow()
        assert differences(company) == set()


def test_dispute__by_a_body_under_one_control_with_a_side__is_not_upheld(
    scene: CopperScene,
) -> None:
    group = 11
    judge = newcomer(scene, "judge", Role.CERTIFICATION_BODY, control_group=group)
    friend = newcomer(scene, "friend", Role.COMMUNITY, control_group=group)
    lot = lot_of(scene, "DIS-1")
    done(friend, desk(friend).dispute(lot, GROUNDS))
    words = refusal("notices.not_independent", lambda: desk(judge).uphold(lot, friend.member))
    assert "under one control" in words


def test_commands__restate_to_close__show_what_stands_beside_the_lot(
    scene: CopperScene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lot = "0x" + lot_of(scene, "CLI-1").hex()
    grounds = tmp_path / "assay.txt"
    grounds.write_text("27.1 %\n")

    def veta(word: str, *arguments: object) -> Ran:
        node: Any = scene.company(word).node
        node.config = SimpleNamespace(member=did(word))

        @contextmanager
        def opened(*_: object, **__: object) -> Iterator[Node]:
            node.follow()
            yield node

        for module in (lot_notices, lots):
            monkeypatch.setattr(module, "open_home", opened)
        return run_command("lot", *map(str, arguments))

    def code(ran: Ran) -> str:
        return str(ran.json["error"]["code"])

    restate = ("restate", lot, "--column", "co2e.1", "--delta", 7, "--statement")
    leaf = statement(scene).hex()
    assert code(veta("miner", *restate, leaf, "--reason", "whim", "--json")) == (
        "notices.unknown_reason"
    )
    assert code(veta("smelter", *restate, leaf, "--reason", "factor", "--json")) == (
        "notices.not_issuer"
    )
    restated = good(veta("miner", *restate, leaf, "--reason", "factor", "--json")).json
    assert (restated["state"], restated["restatements"][0]["delta"]) == ("done", 7)
    confirmed = good(veta("body", "confirm", lot, "--index", 0, "--json")).json
    assert confirmed["restatements"][0]["confirmedBy"] == IDS["body"]
    assert code(veta("maker", "dispute", lot, "--grounds", grounds, "--json")) == (
        "notices.no_standing"
    )
    good(veta("smelter", "dispute", lot, "--grounds", grounds))
    upheld = good(veta("body", "uphold", lot, "--party", IDS["smelter"]))
    assert f"upheld by member {IDS['body']}" in upheld.out
    shown = good(veta("maker", "show", lot)).out
    assert f"disputed by member {IDS['smelter']}: open" in shown
    assert "restated: co2e.1 +7 of its batch" in shown
    closed = good(veta("smelter", "close", lot, "--json")).json
    assert closed["disputes"][0]["open"] is False
    unopened = lot_of(scene, "CLI-2", opened=False)
    of_ours = good(veta("miner", "dispute", "0x" + unopened.hex(), "--grounds", grounds, "--batch"))
    assert of_ours.out.startswith("done")


def test_routes__restate_to_close__the_wrong_way_first(scene: CopperScene, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text(TOKEN)
    name = "0x" + lot_of(scene, "API-1").hex()
    leaf = statement(scene).hex()
    grounds = {"grounds": "5a" * 32}

    def client(word: str, verb: str, document: object, headers: Any = JSON) -> Any:
        company = scene.company(word)
        app = create_app(company.node, ApiSettings(token_file=token))
        with asyncio.Runner() as runner:
            octets = json.dumps(document).encode()
            answer = Client(app, runner).post(f"/v1/lots/{name}/{verb}", octets, headers=headers)
        company.settle()
        return answer

    def refused(word: str, verb: str, document: object) -> tuple[int, str]:
        answer = client(word, verb, document)
        return answer.status_code, answer.json()["code"]

    for verb in ("restate", "confirm", "dispute", "uphold", "close"):
        assert client("miner", verb, {}, {}).json()["code"] == "token.missing", verb
        assert refused("miner", verb, {"more": 1}) == (400, "http.malformed_request"), verb
    restating = {"column": "co2e.1", "delta": 9, "reason": "factor", "statement": leaf}
    assert refused("smelter", "restate", restating) == (400, "notices.not_issuer")
    assert refused("miner", "restate", restating | {"column": "co2e.x"})[1] == "columns.unknown"
    assert client("miner", "restate", restating).status_code == 202
    assert refused("maker", "confirm", {"index": 0}) == (400, "notices.role_missing")
    assert client("body", "confirm", {"index": 0}).status_code == 202
    assert refused("maker", "dispute", grounds) == (400, "notices.no_standing")
    assert client("smelter", "dispute", grounds).status_code == 202
    assert client("body", "uphold", {"party": int(IDS["smelter"])}).status_code == 202
    assert refused("maker", "close", {}) == (400, "notices.no_open_dispute")
    assert client("smelter", "close", {}).status_code == 202
    restated, disputed = told(scene.company("maker"), LotId(bytes.fromhex(name[2:])))
    assert restated == [(9, IDS["body"])]
    assert disputed == [(IDS["smelter"], False, IDS["body"])]
