"""Figures carried down a history in bulk: with numpy, without it, and by the definition."""

from __future__ import annotations

from array import array
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veta.custody import bulk
from veta.custody.bulk import BulkLineage
from veta.errors import InputError

Rows = tuple[list[int], list[int], list[int], list[int]]


@st.composite
def histories(draw: st.DrawFn) -> Rows:
    size = draw(st.integers(1, 25))
    starts, sources, parts, wholes = [0], [], [], []
    for node in range(size):
        if node:
            for source in draw(st.lists(st.integers(0, node - 1), max_size=4)):
                sources.append(source)
                wholes.append(draw(st.integers(1, 2**53 - 1)))
                parts.append(draw(st.integers(0, wholes[-1])))
        starts.append(len(sources))
    return starts, sources, parts, wholes


def by_definition(rows: Rows, own: list[int]) -> list[int]:
    starts, sources, parts, wholes = rows
    figures = list(own)
    for node in range(len(own)):
        for edge in range(starts[node], starts[node + 1]):
            figures[node] += figures[sources[edge]] * parts[edge] // wholes[edge]
    return figures


@given(histories(), st.data(), st.sampled_from([1, 10**6, 2**40]))
def test_carried__fast_and_slow__are_the_same_to_the_integer(
    rows: Rows, data: st.DataObject, most: int
) -> None:
    size = len(rows[0]) - 1
    own = data.draw(st.lists(st.integers(0, most), min_size=size, max_size=size))
    expected = by_definition(rows, own)
    assert list(BulkLineage(*rows).carried(own)) == expected
    assert list(BulkLineage(*rows, fast=False).carried(own)) == expected


@given(histories())
def test_ancestors__fast_and_slow__are_all_that_a_node_rests_on(rows: Rows) -> None:
    starts, sources, _, _ = rows
    below: list[set[int]] = []
    for node in range(len(starts) - 1):
        direct = set(sources[starts[node] : starts[node + 1]])
        below.append(direct.union(*(below[source] for source in direct)))
        for fast in (True, False):
            found = BulkLineage(*rows, fast=fast).ancestors(node)
            assert list(found) == sorted(below[node])


def test_carried__of_a_chain_of_a_thousand_levels__keeps_every_unit() -> None:
    size = 1_000
    starts = [0, *range(size)]
    rows: Rows = (starts, list(range(size - 1)), [7] * (size - 1), [7] * (size - 1))
    for fast in (True, False):
        assert list(BulkLineage(*rows, fast=fast).carried([1] * size)) == list(range(1, size + 1))


def test_carried__beyond_63_bits__is_exact_or_refused() -> None:
    rows: Rows = ([0, 0, 1, 2], [0, 1], [2**52, 1], [2**52, 1])
    for fast in (True, False):
        lineage = BulkLineage(*rows, fast=fast)
        assert list(lineage.carried([2**61, 5, 6])) == [2**61, 2**61 + 5, 2**61 + 11]
        with pytest.raises(InputError) as refusal:
            lineage.carried([2**62, 2**62, 0])
        assert refusal.value.code == "custody.bulk_range"


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (([0, 0, 1], [1], [1], [1]), "custody.lineage_cycle"),
        (([0, 1, 1], [0], [1], [1]), "custody.lineage_cycle"),
        (([0, 0, 1], [-1], [1], [1]), "custody.lineage_cycle"),
        (([0, 0, 1], [0], [-1], [1]), "custody.bulk_shape"),
        (([0, 0, 1], [0], [1], [0]), "custody.bulk_shape"),
        (([0, 0, 2], [0], [1], [1]), "custody.bulk_shape"),
        (([0, 2, 1], [0], [1], [1]), "custody.bulk_shape"),
        (([], [], [], []), "custody.bulk_shape"),
        (([0, 0, 1], [0], [1, 1], [1]), "custody.bulk_shape"),
        (([0, 0, 1], [0], [2**63], [1]), "custody.bulk_shape"),
    ],
)
def test_rows__that_are_no_history__are_refused(rows: Rows, code: str, *, fast: bool) -> None:
    with pytest.raises(InputError) as refusal:
        BulkLineage(*rows, fast=fast)
    assert refusal.value.code == code


def test_questions__out_of_bounds__are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    lineage = BulkLineage(array("q", [0, 0]), array("q"), array("q"), array("q"))
    questions: list[Callable[[], object]] = [
        lambda: lineage.ancestors(1),
        lambda: lineage.carried([]),
        lambda: lineage.carried([-1]),
    ]
    for ask in questions:
        with pytest.raises(InputError) as refusal:
            ask()
        assert refusal.value.code == "custody.bulk_shape"
    assert list(lineage.ancestors(0)) == []
    monkeypatch.setattr(bulk, "_numpy", lambda: None)
    assert list(BulkLineage([0, 0], [], [], []).carried([3])) == [3]
