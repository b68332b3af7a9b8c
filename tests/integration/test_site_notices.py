"""What is said of a site on real contracts: by whom, how long, and what a buyer sees of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.api_world import BEARER, TOKEN, Client
from tests.support.assurance_world import newcomer
from tests.support.cli_home import Ran, good
from tests.support.cli_home import run as run_command
from tests.support.lot_scenes import (
    DAY,
    FACTORY,
    IDS,
    MINE,
    SMELTERY,
    Company,
    CopperScene,
    copper_scene,
    did,
    done,
    refusal,
)
from tests.support.smelted_world import ALL_STEPS, World, originated, smelted_in
from veta.api.app import create_app
from veta.chain.ledger import Web3Ledger
from veta.cli import explain, sites
from veta.config import ApiSettings
from veta.errors import TransactionRevertedError
from veta.model.bundle import StatementBundle
from veta.model.consortium import Role
from veta.model.identifiers import FAR_FUTURE, Digest, Leaf, UnixSeconds
from veta.model.lots import SiteId
from veta.model.site_events import (
    Agreement,
    ConcernClosed,
    ConcernRaised,
    FacilityStatus,
    Incident,
    SiteRecorded,
    SiteRecordKind,
)
from veta.model.site_notices import SiteRecordGrant
from veta.ports.store import IntentState
from veta.services.node import Node
from veta.services.site_documents import site_json
from veta.services.site_standing import concerns_now, notices_now, records_now
from veta.services.sites import SiteDesk
from veta.services.verify import FactGatherer
from veta.statement.instants import write_instant
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.transport import read_bundle, write_bundle
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

EVERY_STEP = ALL_STEPS | {Step.ASSURANCE}
JSON = {**BEARER, "Content-Type": "application/json"}
GOOD = {Verdict.VALID, Verdict.VALID_WITH_NOTICE}


def paper(text: str) -> Leaf:
    """A document's digest."""
    return Leaf(text.encode().ljust(32, b"."))


@dataclass
class Valley:
    """A mine, a smelter, a cathode; a community below the mine, an NGO, and the authority."""

    world: World
    town: Company
    ngo: Company
    authority: Company
    cathode: StatementBundle

    @property
    def scene(self) -> CopperScene:
        return self.world.scene

    def company(self, word: str) -> Company:
        return self.scene.company(word)

    def stranger(self) -> Node:
        """Nobody's node: no account, no key, no store; it asks the chain."""
        return Node(trust=self.scene.trust, ledger=self.scene.ledger(), clock=self.scene.clock)

    def verify(self, bundle: StatementBundle | None = None) -> Report:
        verifier = Verifier(self.scene.trust, Policy(required=EVERY_STEP))
        return self.stranger().verify(bundle or self.cathode, verifier)

    def said(self, bundle: StatementBundle | None = None) -> dict[str, list[Any]]:
        """Facts of the findings about sites, by code."""
        found: dict[str, list[Any]] = {}
        for each in self.verify(bundle).checks:
            if each.code.startswith("site."):
                found.setdefault(each.code, []).append(each.facts)
        return found

    def dossier(self, site: int) -> dict[str, Any]:
        """As the carrier's own node followed it: anybody's would say the same."""
        maker = self.company("maker")
        maker.follow()
        return site_json(maker.store, site)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def valley(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valley]:
    with copper_scene(tmp_path_factory.mktemp("valley")) as scene:
        world = smelted_in(scene)
        yield Valley(
            world,
            newcomer(scene, "town", Role.COMMUNITY),
            newcomer(scene, "ngo", Role.COMMUNITY),
            newcomer(scene, "authority", Role.AUTHORITY),
            world.smelter.bundle(world.cathode, world.origin, world.smelting),
        )


def desk(company: Company) -> SiteDesk:
    company.follow()
    return company.lots.sites


def differences(company: Company) -> set[str]:
    return {each.code for each in company.audit().differences}


def explained(valley: Valley, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """``veta explain`` of the cathode's bundle, at the carmaker's node."""
    file = folder / "cathode.json"
    file.write_bytes(write_bundle(valley.cathode))

    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Node]:
        yield valley.company("maker").node

    monkeypatch.setattr(explain, "open_home", opened)
    return run_command("explain", str(file))


def grant(
    valley: Valley,
    what: Incident | FacilityStatus | Agreement = Incident.TAILINGS,
    window: tuple[int, int] | None = None,
    replaces: int = 0,
    name: str = "report",
) -> SiteRecordGrant:
    kinds = {
        Incident: SiteRecordKind.INCIDENT,
        FacilityStatus: SiteRecordKind.FACILITY,
        Agreement: SiteRecordKind.AGREEMENT,
    }
    from_s, until_s = window or (valley.scene.now_s - DAY, FAR_FUTURE)
    return SiteRecordGrant(
        kind=kinds[type(what)],
        category=int(what),
        from_s=UnixSeconds(from_s),
        until_s=UnixSeconds(until_s),
        replaces=replaces,
        leaf=paper(name),
    )


def window_of(bundle: StatementBundle) -> tuple[int, int]:
    assert bundle.lot is not None
    header = bundle.lot.batch.header
    return header.produced_from_s, header.produced_to_s


@pytest.mark.row("A52")
def test_concern__by_strangers_or_about_oneself__is_refused_and_leaves_nothing(
    valley: Valley,
) -> None:
    miner, smelter, maker = (valley.company(each) for each in ("miner", "smelter", "maker"))
    for company in (smelter, maker):
        sites_ = desk(company)
        words = refusal("site.no_standing", partial(sites_.raise_concern, MINE, paper("no")))
        assert f"member {company.member} is neither its operator or assurer" in words
        refusal("site.no_standing", partial(sites_.record, MINE, grant(valley)))
    refusal("site.no_standing", lambda: desk(miner).raise_concern(MINE, paper("self")))
    town = valley.town
    refusal("site.zero_leaf", lambda: desk(town).raise_concern(MINE, Leaf(bytes(32))))
    refusal("site.unknown_site", lambda: desk(town).raise_concern(SiteId(99), paper("x")))
    refusal(
        "site.no_standing",
        lambda: desk(town).record(MINE, grant(valley, FacilityStatus.CONFORMS)),
    )
    for company in (miner, smelter, maker, town):
        with company.store.read() as work:
            assert work.said(ConcernRaised) == ()
            assert work.said(SiteRecorded) == ()
            assert work.intents(IntentState.OPEN) == ()
    assert set(valley.said()) == {"site.quiet"}


@pytest.mark.row("A52")
def test_disputes__of_a_competitor_of_every_lot__are_refused_and_one_with_standing_lapses(
    valley: Valley,
) -> None:
    """Standing, evidence and a deadline: open is shown as open, and never turns a verdict red."""
    maker, town = valley.company("maker"), valley.town
    assert valley.cathode.lot is not None
    leaf = valley.cathode.lot.statement_leaf
    grounds = Digest(paper("they are cheaper"))
    before = valley.verify()
    maker.follow()
    for whole in (False, True):
        lots = maker.lots.notices
        dispute = partial(lots.dispute, valley.world.concentrate, grounds, whole=whole)
        refusal("notices.no_standing", dispute)
    with pytest.raises(TransactionRevertedError) as refused:
        maker.node.desk.status.dispute(IDS["smelter"], leaf, grounds=grounds)
    assert refused.value.code == "ledger.reverted.role_missing"
    assert valley.verify().verdict is before.verdict

    def said() -> list[Any]:
        return [each for each in valley.verify().checks if each.code == "status.disputed"]

    none = Digest(bytes(32))
    with pytest.raises(TransactionRevertedError):
        town.node.desk.status.dispute(IDS["smelter"], leaf, grounds=none)
    town.node.desk.status.dispute(IDS["smelter"], leaf, grounds=Digest(paper("the assay")))
    town.settle()
    (check,) = said()
    assert check.outcome is Outcome.NOTICE
    assert valley.verify().verdict is Verdict.VALID_WITH_NOTICE
    valley.scene.pass_time(91 * DAY)
    assert said() == []  # nobody upheld it in its time
    assert valley.verify().verdict is before.verdict


@pytest.mark.row("S03")
@pytest.mark.row("S34")
@pytest.mark.row("A52")
def test_concern__from_filing_to_closing__stays_visible_until_both_sides_closed_it(
    valley: Valley, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An NGO files it; a buyer without an account sees it; nobody alone makes it go away."""
    ngo, miner, now_s = valley.ngo, valley.company("miner"), valley.scene.now_s
    before = valley.verify()
    assert before.verdict in GOOD
    made = desk(ngo).raise_concern(MINE, paper("dust"))
    assert desk(ngo).raise_concern(MINE, paper("dust")).number == made.number
    done(ngo, made)
    assert desk(ngo).raise_concern(MINE, paper("dust")).number == made.number
    refusal("site.concern_barred", lambda: desk(ngo).raise_concern(MINE, paper("dust again")))

    report = valley.verify()
    assert report.verdict is Verdict.VALID_WITH_NOTICE
    (check,) = [each for each in report.checks if each.code == "site.concern_open"]
    assert check.outcome is Outcome.NOTICE
    assert "a concern, not a verdict; neither side has closed it" in check.sentence
    assert (check.facts["site"], check.facts["party"]) == (MINE, ngo.member)
    assert check.facts["overdue"] is False

    # In the five-minute view, with the site's name.
    told = valley.company("smelter").node.explain(
        valley.cathode, Verifier(valley.scene.trust, Policy(required=EVERY_STEP))
    )
    (said,) = [each for each in told["sites"] if each["code"] == "site.concern_open"]
    assert said["sentence"].startswith("concern open since ")
    assert (
        f"about Site of the miner (site {MINE}), raised by member {ngo.member}"
        in (said["sentence"])
    )
    assert said["notice"] is True
    shown = explained(valley, tmp_path, monkeypatch)
    assert shown.code == 0
    words = " ".join(shown.out.split())
    assert "What is said of its sites - concern open since " in words
    assert "a concern, not a verdict; neither side has closed it" in words

    # Nobody but the two sides closes it, and neither alone.
    for company in (valley.town, valley.authority, valley.company("smelter")):
        refusal("site.neither_side", partial(desk(company).close, MINE, 1, paper("no")))
    refusal("site.unknown_concern", lambda: desk(miner).close(MINE, 2, paper("no")))
    refusal("site.zero_leaf", lambda: desk(miner).close(MINE, 1, Leaf(bytes(32))))
    answer = desk(miner).close(MINE, 1, paper("we water the roads"))
    done(miner, answer)
    assert desk(miner).close(MINE, 1, paper("we water the roads")).number == answer.number
    refusal("site.already_closed", lambda: desk(miner).close(MINE, 1, paper("once more")))
    (facts,) = valley.said()["site.concern_open"]
    assert facts["raised_s"] >= now_s
    (open_,) = valley.dossier(MINE)["concerns"]
    assert (open_["open"], [each["side"] for each in open_["closings"]]) == (True, ["site"])
    done(ngo, desk(ngo).close(MINE, 1, paper("agreed")))
    assert "site.concern_open" not in valley.said()
    assert valley.verify().verdict is before.verdict
    # Closed is not forgotten, and makes no room for the next one at once.
    (closed,) = valley.dossier(MINE)["concerns"]
    assert (closed["open"], closed["partyName"]) == (False, "Ngo")
    assert [(each["side"], each["byName"]) for each in closed["closings"]] == [
        ("site", "Miner"),
        ("party", "Ngo"),
    ]
    refusal("site.concern_barred", lambda: desk(ngo).raise_concern(MINE, paper("new")))
    for company in (ngo, miner, valley.company("maker")):
        company.follow()
        assert differences(company) == set()


@pytest.mark.row("S34")
def test_concern__that_nobody_answers__is_overdue_and_never_lapses(valley: Valley) -> None:
    town = valley.town
    done(town, desk(town).raise_concern(SMELTERY, paper("smoke")))
    (before,) = valley.said()["site.concern_open"]
    assert before["overdue"] is False
    valley.scene.pass_time(before["respond_by_s"] - valley.scene.now_s)
    (after,) = valley.said()["site.concern_open"]
    assert after["overdue"] is True
    (late,) = valley.dossier(SMELTERY)["concerns"]
    assert (late["open"], late["overdue"]) == (True, True)
    smelter = valley.company("smelter")
    for company in (smelter, town):
        done(company, desk(company).close(SMELTERY, 1, paper("filters")))
    assert "site.concern_open" not in valley.said()


@pytest.mark.row("S32")
def test_incident__filed_by_an_authority__flags_lots_of_the_window_within_one_block(
    valley: Valley,
) -> None:
    scene, authority = valley.scene, valley.authority
    assert valley.cathode.lot is not None
    (origin,) = valley.world.origin.batches
    dug = origin.header.produced_from_s, origin.header.produced_to_s
    scene.pass_time(DAY)
    later = originated(scene, valley.world.miner, "CON-LATER")
    after = valley.world.miner.bundle(later, valley.world.miner.disclosed())
    made = window_of(after)
    assert dug[1] <= made[0]  # the second lot was dug after the first
    assert "site.incident" not in valley.said()

    head = scene.ledger().head().number
    collapse = grant(valley, Incident.TAILINGS, (dug[0], dug[1]), name="dam")
    scene.send("authority", authority.node.ledger.lots.encode_record_site(MINE, collapse))
    report = valley.verify()
    assert report.as_of is not None
    assert report.as_of.number == head + 1
    assert report.verdict is Verdict.VALID_WITH_NOTICE
    (check,) = [each for each in report.checks if each.code == "site.incident"]
    assert (check.facts["site"], check.facts["own"]) == (MINE, False)
    assert (check.facts["category"], check.facts["source"]) == ("tailings", "authority")
    # What was produced after it is not, nor is the operator able to shorten it.
    assert "site.incident" not in valley.said(after)
    miner = valley.company("miner")
    shorter = grant(valley, Incident.TAILINGS, (dug[0], dug[0] + 1), replaces=1)
    refusal("site.not_replaceable", lambda: desk(miner).record(MINE, shorter))
    # It went on: the authority says so, and the later lot is flagged as its own.
    longer = grant(valley, Incident.TAILINGS, (dug[0], made[1]), replaces=1, name="dam, goes on")
    intent = desk(authority).record(MINE, longer)
    assert desk(authority).record(MINE, longer).number == intent.number
    done(authority, intent)
    (facts,) = valley.said(after)["site.incident"]
    assert (facts["own"], facts["record"]) == (True, 2)
    (facts,) = valley.said()["site.incident"]
    assert facts["record"] == 2
    # History stays, and what was replaced is replaced once.
    refusal("site.already_replaced", lambda: desk(authority).record(MINE, shorter))
    first, second = valley.dossier(MINE)["incidents"]
    assert (first["stands"], first["replacedBy"], first["document"]) == (
        False,
        2,
        paper("dam").hex(),
    )
    assert (second["stands"], second["replaces"]) == (True, 1)
    done(authority, desk(authority).take_back(MINE, 2, paper("a false alarm")))
    assert "site.incident" not in valley.said()
    assert valley.dossier(MINE)["incidents"][2]["takesBack"] is True


@pytest.mark.row("S32")
def test_facility__status_and_expiry__are_attached_to_the_lots_site(valley: Valley) -> None:
    miner, now_s = valley.company("miner"), valley.scene.now_s
    due = now_s + 40 * DAY
    good_ = grant(valley, FacilityStatus.CONFORMS, (now_s - DAY, due), name="inspection")
    done(miner, desk(miner).record(MINE, good_))
    (facts,) = valley.said()["site.record_in_force"]
    assert (facts["kind"], facts["category"], facts["until_s"]) == ("facility", "conforms", due)
    number = int(str(facts["record"]))
    part = grant(valley, FacilityStatus.CONFORMS_IN_PART, (now_s, due), number, "a crack")
    done(valley.authority, desk(valley.authority).record(MINE, part))
    assert "site.facility_below" in valley.said()
    # The operator does not talk an authority's finding away.
    better = replace(good_, replaces=number + 1, leaf=paper("no crack"))
    refusal("site.not_replaceable", lambda: desk(miner).record(MINE, better))
    done(miner, desk(miner).record(MINE, grant(
        valley, Agreement.BENEFIT, (now_s - DAY, due), name="school")))  # fmt: skip
    valley.scene.pass_time(due - valley.scene.now_s)
    expired = {facts["kind"] for facts in valley.said()["site.record_expired"]}
    assert expired == {"facility", "agreement"}
    told = valley.dossier(MINE)
    assert [each["expired"] for each in told["facilities"]] == [False, True]
    assert [each["expired"] for each in told["agreements"]] == [True]
    assert valley.verify().verdict is Verdict.VALID_WITH_NOTICE


def test_followed__after_everything__is_what_the_contract_answers(valley: Valley) -> None:
    """Folded from events, and asked of the contract: two ways to one answer."""
    maker, ledger = valley.company("maker"), valley.scene.ledger()
    maker.follow()
    for site in (MINE, SMELTERY, FACTORY):
        with maker.store.read() as work:
            folded = notices_now(
                site,
                concerns_now(work.story(ConcernRaised, ConcernClosed, site=site)),
                records_now(work.said(SiteRecorded, site=site)),
            )
        assert ledger.lots.site_notices(site, ledger.head()) == folded
    assert differences(maker) == set()


def test_bundle__carried_facts_about_sites__come_back_and_removed_prove_nothing(
    valley: Valley,
) -> None:
    facts = FactGatherer(valley.scene.ledger(), valley.scene.clock).gather(valley.cathode)
    assert facts.lot is not None
    file = write_bundle(valley.cathode, facts)
    again, carried = read_bundle(file, now_s=valley.scene.now_s)
    assert carried is not None
    assert carried.lot is not None
    assert carried.lot.sites == facts.lot.sites
    believing = Policy(required=EVERY_STEP, believe_carried=True)
    verifier = Verifier(valley.scene.trust, believing)
    assert verifier.verify(again, carried).verdict is Verdict.VALID_WITH_NOTICE
    document = json.loads(file)
    del document["facts"]["lot"]["sites"]
    octets = json.dumps(document, separators=(",", ":")).encode()
    less, without = read_bundle(octets, now_s=valley.scene.now_s)
    assert verifier.verify(less, without).verdict is Verdict.NOT_PROVEN


def test_commands__a_sites_whole_story__the_wrong_way_first(
    valley: Valley, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    document = tmp_path / "letter.txt"
    document.write_text("The river is red.\n")
    digest = sha256(document.read_bytes()).hexdigest()
    day = write_instant(UnixSeconds(valley.scene.now_s))[:10]

    def veta(word: str, *arguments: object) -> Ran:
        node: Any = valley.company(word).node
        node.config = SimpleNamespace(member=did(word))

        @contextmanager
        def opened(*_: object, **__: object) -> Iterator[Node]:
            node.follow()
            yield node

        monkeypatch.setattr(sites, "open_home", opened)
        return run_command("site", *map(str, arguments))

    def code(ran: Ran) -> str:
        return str(ran.json["error"]["code"])

    says = ("--document", document)
    concern = ("concern", "Site of the maker", *says)
    assert code(veta("miner", *concern, "--json")) == "site.no_standing"
    assert code(veta("town", "concern", "nowhere", *says, "--json")) == "site.unknown"
    gone = ("concern", FACTORY, "--document", tmp_path / "gone.txt", "--json")
    assert veta("town", *gone).code == 2
    raised = good(veta("town", *concern))
    assert raised.out.startswith("done")
    assert "open, 0 days; raised by Town" in raised.out
    spill = ("incident", FACTORY, "spill", *says, "--from", day)
    assert code(veta("town", "incident", FACTORY, "flood", *says, "--from", day, "--json")) == (
        "site.unknown_category"
    )
    assert code(veta("town", *spill, "--until", "2020-01-01", "--json")) == "site.window_empty"
    filed = good(veta("town", *spill, "--json")).json
    (incident,) = filed["incidents"]
    assert (incident["category"], incident["source"], incident["document"], incident["until"]) == (
        *("spill", "community"),
        *(digest, None),
    )
    assert good(veta("town", *spill, "--json")).json["intent"] == filed["intent"]
    kind = ("record", FACTORY, "dam", "conforms", *says, "--from", day, "--json")
    assert code(veta("maker", *kind)) == "site.unknown_kind"
    status = ("record", FACTORY, "facility", "does-not-conform", *says, "--from", day)
    assert "does-not-conform" in good(veta("maker", *status, "--until", "2099-01-01")).out
    assert code(veta("maker", "take-back", FACTORY, 1, *says, "--json")) == "site.not_replaceable"
    assert code(veta("maker", "take-back", FACTORY, 9, *says, "--json")) == "site.unknown_record"
    back = good(veta("town", "take-back", FACTORY, 1, *says, "--json")).json
    assert [each["stands"] for each in back["incidents"]] == [False, False]
    for word in ("town", "maker"):
        good(veta(word, "close", FACTORY, 1, *says))
    shown = good(veta("smelter", "show", f"{did('maker')}:site")).out
    assert "closed by both sides; raised by Town" in shown
    assert "closed by the site: Maker" in shown
    assert "replaced by 3" in shown
    shown = good(veta("smelter", "show", FACTORY, "--json")).json
    assert (shown["site"], shown["name"]) == (FACTORY, "Site of the maker")


@pytest.mark.row("S03")
def test_routes__anybody_reads__who_has_standing_writes(valley: Valley, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text(TOKEN)
    path = f"/v1/sites/{SMELTERY}"
    document = {"document": "5a" * 32}
    now = write_instant(UnixSeconds(valley.scene.now_s))

    def ask(word: str, method: str, path: str, body: object = None, headers: Any = JSON) -> Any:
        company = valley.company(word)
        app = create_app(company.node, ApiSettings(token_file=token))
        with asyncio.Runner() as runner:
            client = Client(app, runner)
            if method == "GET":
                answer = client.get(path, headers=headers)
            else:
                answer = client.post(path, json.dumps(body).encode(), headers=headers)
        company.settle()
        return answer

    def refused(word: str, path: str, body: object) -> tuple[int, str]:
        answer = ask(word, "POST", path, body)
        return answer.status_code, answer.json()["code"]

    record = {"kind": "incident", "category": "fatality", "from": now, **document}
    for verb, body in (
        ("concerns", document),
        ("concerns/1/close", document),
        ("records", record),
    ):
        answer = ask("ngo", "POST", f"{path}/{verb}", body, {})
        assert (answer.status_code, answer.json()["code"]) == (401, "token.missing"), verb
        assert refused("ngo", f"{path}/{verb}", body | {"x": 1}) == (400, "http.malformed_request")
        assert refused("ngo", f"/v1/sites/0/{verb}", body) == (400, "http.malformed_request")
    assert refused("maker", f"{path}/concerns", document) == (400, "site.no_standing")
    assert refused("ngo", f"{path}/records", record | {"category": "flood"})[1] == (
        "site.unknown_category"
    )
    assert ask("ngo", "POST", f"{path}/concerns", document).status_code == 202
    assert ask("smelter", "POST", f"{path}/records", record).status_code == 202
    # A verifier without an account reads it at whoever's node, and sees it on the lot's label.
    told = ask("maker", "GET", path, headers={}).json()
    number = next(each["number"] for each in told["concerns"] if each["open"])
    assert told["concerns"][number - 1]["partyName"] == "Ngo"
    assert told["incidents"][-1]["category"] == "fatality"
    assert ask("maker", "GET", "/v1/sites/99", headers={}).status_code == 404
    assert valley.cathode.lot is not None
    leaf = valley.cathode.lot.statement_leaf.hex()
    page = ask("smelter", "GET", f"/label/{leaf}", headers={"Accept": "text/html"}).text
    assert "Said of the place it was made at" in page
    assert f"Concern open since {now[:10]} about Site of the smelter (site {SMELTERY})" in page
    assert "a concern, not a verdict" in page
    for word in ("ngo", "smelter"):
        close = f"{path}/concerns/{number}/close"
        assert ask(word, "POST", close, document).status_code == 202
    assert refused("ngo", close, {"document": "5b" * 32}) == (400, "site.already_closed")
    assert "Concern open since" not in ask("smelter", "GET", f"/label/{leaf}", headers={}).text


def test_verify__trust_from_before_site_notices__judges_as_it_did(valley: Valley) -> None:
    """A reader whose network pins seven contracts is told nothing of sites, and misses nothing."""
    (pinned,) = valley.scene.trust.contract_sets
    seven = tuple(each for each in pinned.contracts if each.name != "SiteNotices")
    older = replace(valley.scene.trust, contract_sets=(replace(pinned, contracts=seven),))
    ledger = Web3Ledger(valley.scene.provider, older)
    reader = Node(trust=older, ledger=ledger, clock=valley.scene.clock)
    report = reader.verify(valley.cathode, Verifier(older, Policy(required=EVERY_STEP)))
    assert report.verdict in GOOD
    assert not [each for each in report.checks if each.code.startswith("site.")]
    assert len(seven) == len(pinned.contracts) - 1
