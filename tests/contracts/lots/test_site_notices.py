"""What is said of a site: who may, what stands, who closes it, and that nobody floods a reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.lots import world as worlds
from tests.contracts.lots.evm import Outcome, fresh_evm
from tests.contracts.lots.paper import fresh
from tests.contracts.lots.rebuilt import packed, place
from tests.contracts.lots.world import AURORA, BAHIA, DAY, IDS, NAMES, OPEN, LotWorld
from veta.model.consortium import Role

NOTHING = bytes(32)
OPERATOR, AUTHORITY, COMMUNITY, ASSURER = 1, 2, 3, 4
PARTY, SITE = 1, 2
INCIDENT, FACILITY, AGREEMENT = 1, 2, 3
CATEGORIES = {INCIDENT: 5, FACILITY: 4, AGREEMENT: 3}
LAPSE = 1_000
"""Seconds that the rules of these tests give an answer."""
MOST = 32


@pytest.fixture
def town(world: LotWorld) -> LotWorld:
    """The carrier is a community's body; the recycler another one's."""
    for name in ("carrier", "recycler"):
        standing = [IDS[name], int(Role.COMMUNITY), False]
        world.proposes(3, encode(["uint32", "uint32", "bool"], standing))
    return world


def act(world: LotWorld, by: str, name: str, *arguments: Any) -> Outcome:
    return world.act(by, "SiteNotices", name, *arguments)


def read(world: LotWorld, name: str, *arguments: Any) -> Any:
    return world.contracts.read("SiteNotices", name, *arguments)


def raise_concern(world: LotWorld, by: str = "carrier", site: int = AURORA) -> int:
    return int(act(world, by, "raiseConcern", site, fresh()).only("ConcernRaised")["number"])


def record(world: LotWorld, by: str, site: int = AURORA, **change: Any) -> int:
    terms = {
        "kind": INCIDENT,
        "category": 1,
        "from": world.now - 5 * DAY,
        "until": world.now - DAY,
        "replaces": 0,
        "leaf": fresh(),
    }
    outcome = act(world, by, "record", site, tuple((terms | change).values()))
    return int(outcome.only("SiteRecorded")["number"])


def standing(world: LotWorld, site: int = AURORA) -> list[int]:
    _, _, count, records = read(world, "notices", site, 100)
    assert count == len(records)
    return sorted(each[0] for each in records)


def open_concerns(world: LotWorld, site: int = AURORA) -> list[int]:
    count, concerns, _, _ = read(world, "notices", site, 100)
    assert count == len(concerns)
    return sorted(each[0] for each in concerns)


class TestConcern:
    @pytest.mark.parametrize(
        ("by", "source"), [("carrier", COMMUNITY), ("authority", AUTHORITY), ("body", ASSURER)]
    )
    def test_raise__with_standing__is_open_and_says_by_when_to_answer(
        self, town: LotWorld, by: str, source: int
    ) -> None:
        leaf = fresh()
        said = act(town, by, "raiseConcern", AURORA, leaf).only("ConcernRaised")
        now, late = town.now, town.now + LAPSE
        assert said == {
            "site": AURORA,
            "number": 1,
            "party": IDS[by],
            "source": source,
            "raised": now,
            "respondBy": late,
            "leaf": leaf,
        }
        count, (concern,), *_ = read(town, "notices", AURORA, 9)
        assert count == 1
        assert concern == (1, IDS[by], now, late, source, leaf, 0, 0)
        assert read(town, "concern", AURORA, 1) == concern
        assert read(town, "lastConcern", AURORA, IDS[by]) == 1
        assert read(town, "counts", AURORA) == (1, 0)
        assert open_concerns(town, BAHIA) == []

    @pytest.mark.row("A52")
    def test_raise__by_who_has_no_standing_without_words_or_again__refused(
        self, town: LotWorld
    ) -> None:
        for by in ("smelter", "cordillera", "gris", "mine"):  # the mine operates the site
            with town.refuses("NoStanding", IDS[by], AURORA):
                raise_concern(town, by)
        with town.refuses("NotOperator"):
            raise_concern(town, "stranger")
        with town.refuses("NoStanding", IDS["body"], worlds.LINDENTAL):  # assures another site
            raise_concern(town, "body", worlds.LINDENTAL)
        with town.refuses("ZeroLeaf"):
            act(town, "carrier", "raiseConcern", AURORA, NOTHING)
        with town.refuses("UnknownSite", 99):
            raise_concern(town, "carrier", 99)
        raise_concern(town)
        with town.refuses("ConcernBarred", IDS["carrier"], AURORA, town.now + LAPSE):
            raise_concern(town)
        raise_concern(town, "carrier", BAHIA)
        raise_concern(town, "recycler")
        assert open_concerns(town) == [1, 2]
        town.wait(10 * LAPSE)  # it lapses never: an answer that is late is late
        with town.refuses("ConcernBarred", IDS["carrier"], AURORA, None):
            raise_concern(town)

    @pytest.mark.parametrize(("first", "second"), [("carrier", "mine"), ("mine", "carrier")])
    @pytest.mark.row("S34")
    def test_close__one_side_alone__stays_open_until_the_other_did(
        self, town: LotWorld, first: str, second: str
    ) -> None:
        sides = {"carrier": PARTY, "mine": SITE}
        raise_concern(town)
        raise_concern(town, "authority")
        leaf = fresh()
        said = act(town, first, "closeConcern", AURORA, 1, leaf).only("ConcernClosed")
        assert said == {
            "site": AURORA,
            "number": 1,
            "by": IDS[first],
            "side": sides[first],
            "closed": town.now,
            "leaf": leaf,
        }
        at = town.now
        with town.refuses("AlreadyClosed", AURORA, 1, sides[first]):
            act(town, first, "closeConcern", AURORA, 1, fresh())
        assert open_concerns(town) == [1, 2]
        town.wait(LAPSE)
        act(town, second, "closeConcern", AURORA, 1, fresh())
        assert open_concerns(town) == [2]
        closed = {first: at, second: town.now}
        assert read(town, "concern", AURORA, 1)[-2:] == (closed["carrier"], closed["mine"])
        with town.refuses("AlreadyClosed", AURORA, 1, None):
            act(town, second, "closeConcern", AURORA, 1, fresh())

    def test_close__by_anybody_else_or_without_words__refused(self, town: LotWorld) -> None:
        number = raise_concern(town)
        for by in ("authority", "smelter", "recycler", "body"):
            with town.refuses("NeitherSide", IDS[by], AURORA, number):
                act(town, by, "closeConcern", AURORA, number, fresh())
        for by in ("carrier", "mine"):
            with town.refuses("ZeroLeaf"):
                act(town, by, "closeConcern", AURORA, number, NOTHING)
            with town.refuses("UnknownConcern", AURORA, number + 1):
                act(town, by, "closeConcern", AURORA, number + 1, fresh())
        with town.refuses("NotOperator"):
            act(town, "stranger", "closeConcern", AURORA, number, fresh())

    def test_close__by_a_party_that_came_to_operate_the_site__is_its_own_side_alone(
        self, town: LotWorld
    ) -> None:
        number = raise_concern(town)
        town.votes("Registry", "setOperator", AURORA, IDS["carrier"], 0, OPEN)
        act(town, "carrier", "closeConcern", AURORA, number, fresh())
        with town.refuses("AlreadyClosed", AURORA, number, PARTY):
            act(town, "carrier", "closeConcern", AURORA, number, fresh())
        assert open_concerns(town) == [number]

    def test_close__by_who_operates_at_that_time__not_by_who_did(self, town: LotWorld) -> None:
        number = raise_concern(town)
        town.votes("Registry", "setOperator", AURORA, IDS["mine"], 0, 0)
        with town.refuses("NeitherSide", IDS["mine"], AURORA, number):
            act(town, "mine", "closeConcern", AURORA, number, fresh())
        town.votes("Registry", "setOperator", AURORA, IDS["salar"], 0, OPEN)
        act(town, "salar", "closeConcern", AURORA, number, fresh())
        act(town, "carrier", "closeConcern", AURORA, number, fresh())
        assert open_concerns(town) == []

    @pytest.mark.row("A52")
    def test_raise__after_both_closed_it__barred_until_its_time(self, town: LotWorld) -> None:
        number = raise_concern(town)
        late = town.now + LAPSE
        for by in ("carrier", "mine"):
            act(town, by, "closeConcern", AURORA, number, fresh())
        town.at(late - 1)
        with town.refuses("ConcernBarred", IDS["carrier"], AURORA, late):
            raise_concern(town)
        town.at(late)
        assert raise_concern(town) == number + 1
        assert open_concerns(town) == [number + 1]


class TestRecord:
    @pytest.mark.parametrize(
        ("by", "source", "kinds"),
        [
            ("mine", OPERATOR, {INCIDENT, FACILITY, AGREEMENT}),
            ("authority", AUTHORITY, {INCIDENT, FACILITY, AGREEMENT}),
            ("carrier", COMMUNITY, {INCIDENT}),
            ("body", ASSURER, {INCIDENT}),
        ],
    )
    def test_record__by_who_may__stands_from_that_block_on(
        self, town: LotWorld, by: str, source: int, kinds: set[int]
    ) -> None:
        for kind in (INCIDENT, FACILITY, AGREEMENT):
            if kind not in kinds:
                with town.refuses("NoStanding", IDS[by], AURORA):
                    record(town, by, kind=kind)
                continue
            leaf, window = fresh(), (town.now - DAY, OPEN)
            grant = (kind, CATEGORIES[kind], *window, 0, leaf)
            said = act(town, by, "record", AURORA, grant).only("SiteRecorded")
            number = said["number"]
            assert said == {
                "site": AURORA,
                "number": number,
                "by": IDS[by],
                "source": source,
                "kind": kind,
                "category": CATEGORIES[kind],
                "recorded": town.now,
                "from": window[0],
                "until": OPEN,
                "replaces": 0,
                "leaf": leaf,
            }
            expected = (number, IDS[by], town.now, 0, 0, kind, CATEGORIES[kind], source)
            assert read(town, "siteRecord", AURORA, number) == (*expected, *window, leaf)
            assert number in standing(town)
        assert read(town, "counts", AURORA) == (0, len(kinds))

    @pytest.mark.row("A52")
    def test_record__out_of_order__refused(self, town: LotWorld) -> None:
        for by in ("smelter", "gris", "rival"):
            with town.refuses("NoStanding", IDS[by], AURORA):
                record(town, by)
        with town.refuses("NotOperator"):
            record(town, "stranger")
        with town.refuses("UnknownSite", 99):
            record(town, "authority", 99)
        with town.refuses("ZeroLeaf"):
            record(town, "authority", leaf=NOTHING)
        for kind, most in CATEGORIES.items():
            for category in (0, most + 1):
                with town.refuses("UnknownCategory", kind, category):
                    record(town, "authority", kind=kind, category=category)
        with town.refuses("UnknownCategory", 0, 1):
            record(town, "mine", kind=0)
        later = {"from": town.now + 1, "until": town.now + 2}
        with town.refuses("FromInTheFuture", town.now + 1, town.now):
            record(town, "authority", **later)
        for until in (town.now - 1, town.now):
            with town.refuses("WindowEmpty", town.now, until):
                record(town, "authority", **{"from": town.now, "until": until})
        record(town, "authority", **{"from": town.now, "until": town.now + 1})

    def test_replace__what_it_was_said_as_by_who_said_it__history_stays(
        self, town: LotWorld
    ) -> None:
        first = record(town, "carrier", until=OPEN)
        before = read(town, "siteRecord", AURORA, first)
        second = record(town, "carrier", replaces=first)
        assert standing(town) == [second]
        after = read(town, "siteRecord", AURORA, first)
        assert (after[4], (*after[:4], 0, *after[5:])) == (second, before)
        with town.refuses("AlreadyReplaced", AURORA, first, second):
            record(town, "carrier", replaces=first)
        with town.refuses("UnknownRecord", AURORA, 3):
            record(town, "carrier", replaces=3)
        with town.refuses("UnknownRecord", BAHIA, second):
            record(town, "carrier", BAHIA, replaces=second)
        with town.refuses("UnknownRecord", AURORA, second):  # a fact of another kind
            record(town, "authority", replaces=second, kind=FACILITY)

    def test_replace__by_an_empty_window__takes_it_back(self, town: LotWorld) -> None:
        first = record(town, "carrier")
        third = record(town, "authority")
        empty = {"from": town.now, "until": town.now}
        record(town, "carrier", replaces=first, **empty)
        assert standing(town) == [third]
        assert read(town, "counts", AURORA) == (0, 3)
        with town.refuses("WindowEmpty"):
            record(town, "carrier", replaces=third, **{"from": town.now, "until": town.now - 1})

    @pytest.mark.parametrize("by", ["mine", "recycler", "body"])
    def test_replace__what_somebody_else_said__refused(self, town: LotWorld, by: str) -> None:
        for reporter in ("carrier", "authority"):
            number = record(town, reporter)
            with town.refuses("NotReplaceable", AURORA, number, IDS[by]):
                record(town, by, replaces=number)

    def test_replace__by_an_authority__whoever_said_it(self, town: LotWorld) -> None:
        for reporter in ("carrier", "mine", "body"):
            number = record(town, reporter)
            record(town, "authority", replaces=number)
        assert len(standing(town)) == 3

    def test_replace__by_who_operates_now__what_the_last_operator_said(
        self, town: LotWorld
    ) -> None:
        status = record(town, "mine", kind=FACILITY, until=town.now + DAY)
        told = record(town, "authority")
        town.votes("Registry", "setOperator", AURORA, IDS["mine"], 0, 0)
        town.votes("Registry", "setOperator", AURORA, IDS["authority"], 0, OPEN)
        with town.refuses("NoStanding", IDS["mine"], AURORA):
            record(town, "mine", kind=FACILITY, replaces=status)
        record(town, "authority", kind=FACILITY, replaces=status)
        # What it said as an authority it does not take back as the operator.
        with town.refuses("NotReplaceable", AURORA, told, IDS["authority"]):
            record(town, "authority", replaces=told)

    @pytest.mark.row("A52")
    def test_record__more_than_a_member_may_have_standing__refused(self, town: LotWorld) -> None:
        numbers = [record(town, "mine") for _ in range(MOST)]
        with town.refuses("TooMany", MOST + 1, MOST):
            record(town, "mine")
        record(town, "mine", replaces=numbers[0])
        with town.refuses("TooMany", MOST + 1, MOST):
            record(town, "mine")
        record(town, "authority", replaces=numbers[1])
        record(town, "mine")
        # Who fills its own room takes nobody else's, and nobody is kept from another site.
        record(town, "carrier")
        count, _, held, records = read(town, "notices", AURORA, 5)
        assert (count, held, len(records)) == (0, MOST + 2, 5)


def test_replace__by_an_authority_under_the_operators_control__refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genesis: Callable[[], list[Any]] = worlds.members

    def grouped() -> list[Any]:
        related = {"did:mine", "did:authority"}
        return [(*each[:3], 7 if each[0] in related else 0, *each[4:]) for each in genesis()]

    monkeypatch.setattr(worlds, "members", grouped)
    world = LotWorld(fresh_evm(NAMES))
    number = record(world, "body")
    with world.refuses("NotIndependent", IDS["authority"], IDS["mine"]):
        record(world, "authority", replaces=number)
    record(world, "authority")  # what makes nothing better is anybody's to say


def test_deploy__beside_another_consortiums_contract__refused(world: LotWorld) -> None:
    at = world.contracts.addresses
    with world.refuses("NotOfThisConsortium", at["Assurance"].lower()):
        world.contracts.attempt("SiteNotices", at["Registry"], at["Assurance"])
    with world.refuses("NotOfThisConsortium"):
        world.contracts.attempt("SiteNotices", "0x" + "11" * 20, at["Assurance"])
    assert [each.lower() for each in read(world, "parts")] == [
        at[name].lower() for name in ("Consortium", "Registry", "Assurance")
    ]


def test_slots__after_one_of_everything__are_what_the_events_say(town: LotWorld) -> None:
    """State and event head from the log alone, word by word, in the documented places."""
    start = len(town.contracts.log)
    count, head = read(town, "eventHead")
    raise_concern(town)
    raise_concern(town, "authority")
    for by in ("mine", "carrier"):
        act(town, by, "closeConcern", AURORA, 1, fresh())
    first = record(town, "mine", kind=FACILITY, until=OPEN)
    record(town, "mine", kind=FACILITY, replaces=first)
    words: dict[int, int] = {}
    for event in town.contracts.log[start:]:
        count, head = count + 1, keccak(head + keccak(b"".join(event.topics) + event.data))
        write_down(words, event.name, event.said)
    assert {"ConcernRaised", "ConcernClosed", "SiteRecorded"} == {
        event.name for event in town.contracts.log[start:]
    }
    for at, word in words.items():
        assert town.contracts.slot("SiteNotices", at) == word, hex(at)
    assert read(town, "eventHead") == (count, head)


def write_down(words: dict[int, int], name: str, said: dict[str, Any]) -> None:
    """What an event puts into storage (docs/spec/contracts.md)."""
    site, number = ("uint32", said["site"]), ("uint32", said["number"])
    leaf = int.from_bytes(said["leaf"])
    if name == "SiteRecorded":
        at = place(7, site, number)
        words[at] = packed(
            *((said["number"], 32), (said["by"], 32), (said["recorded"], 64)),
            *((said["replaces"], 32), (0, 32), (said["kind"], 8), (said["category"], 8)),
            (said["source"], 8),
        )
        words[at + 1] = packed((said["from"], 64), (said["until"], 64))
        words[at + 2] = leaf
        if said["replaces"]:
            words[place(7, site, ("uint32", said["replaces"]))] |= said["number"] << 160
        words[place(3, site)] = said["number"]
        return
    at = place(4, site, number)
    if name == "ConcernRaised":
        words[at] = packed(
            *((said["number"], 32), (said["party"], 32), (said["raised"], 64)),
            *((said["respondBy"], 64), (said["source"], 8)),
        )
        words[at + 1] = leaf
        words[at + 2] = 0
        words[place(2, site)] = said["number"]
        words[place(5, site, ("uint32", said["party"]))] = said["number"]
    else:
        words[at + 2] |= said["closed"] << (0 if said["side"] == PARTY else 64)
