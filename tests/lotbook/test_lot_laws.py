"""Nobody gains anything by how takes, splits and merges are arranged: on the model alone."""

from __future__ import annotations

from itertools import permutations, product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lotbook import lot_world as world
from tests.lotbook.lot_custody import Custody
from tests.lotbook.lot_facts import Findings
from tests.lotbook.lot_laws import BatchSums, RunSums, judge_lot, judge_run, moved
from tests.lotbook.lot_model import Book
from tests.lotbook.lot_moves import NOTHING
from tests.lotbook.lot_papers import output_of, share_credit, share_out, spread, write_papers
from tests.lotbook.lot_values import (
    Column,
    Cover,
    Emission,
    Model,
    Source,
    Sums,
    Take,
    key,
    kind_of,
    lot_id,
    total,
)

METAL = key(Column.METAL, 0, 29)
CREDIT = key(Column.CREDIT, 1, 29)
RECYCLED = key(Column.CLASS, 1, 29)
COLUMNS = (METAL, RECYCLED, world.CO2E, CREDIT)
CATHODE = world.CLASSES[world.CATHODE]
quantities = st.integers(0, 2**53 - 1)
parts = st.lists(st.integers(1, 2**48), min_size=1, max_size=12)


def goods(sums: Sums, model: int = Model.MASS_BALANCE) -> BatchSums:
    return BatchSums(world.CATHODE, CATHODE, METAL, model, attributed=False, sums=sums)


def errors_of(run: RunSums) -> set[str]:
    found = Findings()
    judge_run(run, found)
    return set(found.errors)


@given(quantity=quantities, amounts=parts, column=st.sampled_from(COLUMNS))
def test_moved__any_takes__sum_to_the_whole(quantity: int, amounts: list[int], column: int) -> None:
    whole, gone, moves = sum(amounts), 0, 0
    for amount in amounts:
        moves += moved(column, quantity, whole, gone, amount)
        gone += amount
    assert moves == quantity


@given(quantity=quantities, amounts=parts, column=st.sampled_from(COLUMNS))
def test_moved__one_take_or_many__the_same(quantity: int, amounts: list[int], column: int) -> None:
    """What is moved between two marks does not depend on the takes between them."""
    whole = sum(amounts) + 7
    many = sum(
        moved(column, quantity, whole, sum(amounts[:i]), amount) for i, amount in enumerate(amounts)
    )
    assert many == moved(column, quantity, whole, 0, sum(amounts))


def test_moved__every_small_case__never_more_credit_or_less_carbon_than_the_share() -> None:
    for quantity, whole in product(range(9), range(1, 9)):
        for taken in range(whole):
            credit = moved(CREDIT, quantity, whole, 0, taken)
            co2e = moved(world.CO2E, quantity, whole, 0, taken)
            assert credit * whole <= quantity * taken <= co2e * whole


def test_moved__every_order_of_small_takes__the_same_whole() -> None:
    for quantity in range(8):
        for order in permutations([1, 2, 3]):
            marks = [sum(order[:i]) for i in range(3)]
            takes = zip(marks, order, strict=True)
            assert sum(moved(METAL, quantity, 6, t, a) for t, a in takes) == quantity


@given(credit=quantities, metals=parts, lost=st.integers(0, 2**40))
def test_caps__any_split__no_credit_is_gained(credit: int, metals: list[int], lost: int) -> None:
    """Together batches may carry at most what was taken, and less by the share of losses."""
    metal = sum(metals) + lost
    credit = min(credit, metal)
    caps = [credit * part // metal for part in metals]
    batches = [
        goods({METAL: part, CREDIT: cap, world.CO2E: 0})
        for part, cap in zip(metals, caps, strict=True)
    ]
    run = RunSums(
        way_in=False,
        batches=batches,
        taken={METAL: metal, CREDIT: credit, world.CO2E: 0},
        lost={METAL: lost} if lost else {},
    )
    assert not errors_of(run)
    assert sum(caps) <= credit * sum(metals) // metal
    batches[0].sums[CREDIT] += 1
    assert "CreditAboveCap" in errors_of(run)


@given(credit=quantities, metals=parts)
def test_caps__split_then_merged__never_more_than_at_once(credit: int, metals: list[int]) -> None:
    metal = sum(metals)
    credit = min(credit, metal)
    pieces = sum(credit * part // metal for part in metals)
    assert pieces <= credit


def test_credit__every_small_split__at_most_what_was_taken() -> None:
    """Exhaustive: no distribution that the law lets pass has more credit than was taken."""
    for metal in range(1, 6):
        for credit, first in product(range(metal + 1), range(1, metal + 1)):
            for one, other in product(range(metal + 1), repeat=2):
                sums = [{METAL: first, CREDIT: one}, {METAL: metal - first, CREDIT: other}]
                batches = [goods({**s, world.CO2E: 0}) for s in sums if s[METAL]]
                run = RunSums(way_in=False, batches=batches, taken={METAL: metal, CREDIT: credit})
                if not errors_of(run):
                    assert sum(batch.sums[CREDIT] for batch in batches) <= credit


@given(
    metal=st.integers(1, 2**40),
    recycled=st.integers(0, 2**40),
    co2e=quantities,
    count=st.integers(1, 9),
    seed=st.integers(0, 2**32),
)
def test_lots__shared_by_largest_remainder__in_proportion(
    metal: int, recycled: int, co2e: int, count: int, seed: int
) -> None:
    """An honest issuer can always share a batch out so that every lot may be opened."""
    sums = {METAL: metal, RECYCLED: min(recycled, metal), world.CO2E: co2e, CREDIT: metal // 2}
    rng = Random(seed)
    for model in (Model.CONTROLLED_BLENDING, Model.MASS_BALANCE):
        lots = share_out(rng, sums, METAL, count)
        share_credit(rng, sums, lots, METAL, model)
        assert total(lots) == sums
        for lot in lots:
            found = Findings()
            judge_lot(goods(sums, model), lot, found)
            assert not found.errors


@given(whole=quantities, weights=st.lists(st.integers(0, 2**40), min_size=1, max_size=20))
def test_spread__any_weights__the_whole_and_no_share_off_by_one(
    whole: int, weights: list[int]
) -> None:
    shares = spread(whole, weights)
    assert sum(shares) == whole
    if sum(weights):
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share * sum(weights) - whole * weight) < sum(weights)


def book_with_a_lot(co2e: int, credit: int) -> tuple[Book, Custody, bytes]:
    """A kilogram of metal in one lot, certified in part, opened."""
    book = Book(world.facts_at(world.BEGIN, [1, 2, 3, 4, 5, 6], [1, 2, 3]))
    moves = Custody(Random(1), book)
    sums = {METAL: 1_000, world.CO2E: co2e, CREDIT: credit}
    papers = write_papers(moves.rng, sums, [dict(sums)])
    output = output_of(papers, METAL, world.CATHODE, Model.MASS_BALANCE, attributed=False)
    run = NOTHING._replace(
        site=1,
        produced_from=book.facts.now - 60,
        produced_to=book.facts.now,
        columns=output.columns,
        emissions=(Emission(1, co2e),),
        covers=(Cover(CREDIT, (1,)),) if credit else (),
        outputs=(output,),
    )
    miner = world.ACCOUNTS[world.MINER]
    book.originate(miner, run)
    papers.header = book.batches[world.MINER, output.root].header
    book.open(miner, papers.opening(0))
    opened = papers.opened(0)
    lot = lot_id(world.MINER, opened.lot_key)
    moves.opened[lot] = opened
    return book, moves, lot


def take_apart(book: Book, moves: Custody, lot: bytes, amounts: list[int]) -> Sums:
    """One transform for up to sixteen takes; all that its batches carry."""
    opened = moves.opened[lot]
    made: list[Sums] = []
    while amounts:
        now, amounts = amounts[:16], amounts[16:]
        gone = book.lots[lot].taken
        takes = []
        for amount in now:
            takes.append(Take(0, *opened[2:], gone, amount, 0))
            gone += amount
        draft = NOTHING._replace(
            site=1,
            produced_from=book.facts.now - 60,
            produced_to=book.facts.now,
            columns=opened.columns,
            sources=(Source(opened.header, opened.columns),),
            takes=tuple(takes),
        )
        taken = book.take_all(world.MINER, draft, Findings())
        papers = write_papers(moves.rng, taken.sums, [dict(taken.sums)])
        output = output_of(papers, METAL, world.CATHODE, Model.MASS_BALANCE, attributed=False)
        book.transform(world.ACCOUNTS[world.MINER], draft._replace(outputs=(output,)))
        made.append(taken.sums)
    return total(made)


def test_book__thousand_takes_of_one_gram__sum_to_the_whole() -> None:
    book, moves, lot = book_with_a_lot(co2e=1_234_567, credit=777)
    made = take_apart(book, moves, lot, [1] * 1_000)
    assert made == {METAL: 1_000, world.CO2E: 1_234_567, CREDIT: 777}
    assert not any(book.accounts.values())
    assert not any(book.extinguished.values())


@settings(max_examples=30, deadline=None)
@given(
    co2e=st.integers(0, 10**6),
    credit=st.integers(1, 1_000),
    weights=st.lists(st.integers(1, 50), min_size=1, max_size=24),
)
def test_book__any_takes__carry_on_what_was_there(
    co2e: int, credit: int, weights: list[int]
) -> None:
    amounts = [part for part in spread(1_000, weights) if part]
    book, moves, lot = book_with_a_lot(co2e, credit)
    made = take_apart(book, moves, lot, amounts)
    banked = sum(book.accounts.values()) + sum(book.extinguished.values())
    assert made[METAL] == 1_000
    assert made[world.CO2E] == co2e
    assert made[CREDIT] + banked == credit
    assert all(kind_of(column) != Column.UNIT for column in made)
