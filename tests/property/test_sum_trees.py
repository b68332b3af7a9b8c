"""Sum trees of any size against the design's recursion, and forged proofs against the door."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support import sum_model
from veta.errors import InputError, ProvenanceError
from veta.model.lot_tree import LotInclusion, LotLeaf, LotRoot, LotTreeHead
from veta.sum_trees import (
    MAX_QUANTITY,
    SumTree,
    head_from_path,
    sum_node,
    sum_node_parts,
    sum_tree_head,
    verify_lot_inclusion,
)

DIGESTS = st.binary(min_size=32, max_size=32)
QUANTITIES = st.one_of(st.just(0), st.integers(0, 2**20), st.integers(0, 2**53 // 300))
ANYTHING = st.one_of(
    st.integers(), st.binary(max_size=80), DIGESTS, st.none(), st.text(max_size=40), st.floats()
)


@st.composite
def batches(draw: st.DrawFn, largest: int = 300) -> list[LotLeaf]:
    """Lots of one batch that differ in their keys."""
    columns = draw(st.integers(1, 16))
    count = draw(st.integers(1, largest))
    row = st.tuples(*[QUANTITIES] * columns)
    few = draw(st.lists(row, min_size=1, max_size=8))
    lots = list(sum_model.lots(count, 1))
    return [
        LotLeaf(key, statement, few[at % len(few)]) for at, (key, statement, _) in enumerate(lots)
    ]


def code_of(lot: LotLeaf, proof: LotInclusion, head: LotTreeHead) -> str:
    try:
        verify_lot_inclusion(lot, proof, head)
    except ProvenanceError as error:
        return error.code
    return "passed"


def built(lots: list[LotLeaf]) -> SumTree:
    return SumTree(lots, len(lots[0].quantities))


@given(batches(), st.data())
def test_tree__any_lots__agrees_with_the_design_in_root_totals_and_path(
    lots: list[LotLeaf], data: st.DataObject
) -> None:
    tree, top = built(lots), sum_model.top(lots)
    index = data.draw(st.integers(0, len(lots) - 1))
    proof = tree.inclusion(index)

    assert tree.head == LotTreeHead(LotRoot(top.digest), len(lots), tuple(top.sums))
    assert sum_tree_head(lots, len(top.sums)) == tree.head
    assert list(proof.path) == list(map(sum_model.packed, sum_model.path(index, lots)))
    verify_lot_inclusion(lots[index], proof, tree.head)
    assert head_from_path(lots[index], proof, len(lots)) == tree.head


@given(batches(120), st.data())
def test_inclusion__any_lot__verifies_for_exactly_one_index_and_one_lot(
    lots: list[LotLeaf], data: st.DataObject
) -> None:
    tree = built(lots)
    index = data.draw(st.integers(0, len(lots) - 1))
    proof = tree.inclusion(index)

    places = range(len(lots) + 2)
    indices = [
        x for x in places if code_of(lots[index], replace(proof, index=x), tree.head) == "passed"
    ]
    accepted = [x for x, lot in enumerate(lots) if code_of(lot, proof, tree.head) == "passed"]

    assert indices == accepted == [index]


@given(batches(), st.data())
def test_inclusion__forged_sum_of_any_sibling__is_refused(
    lots: list[LotLeaf], data: st.DataObject
) -> None:
    """With the true totals, and with those that the forged sum leads to."""
    assume(len(lots) > 1)
    tree = built(lots)
    index = data.draw(st.integers(0, len(lots) - 1))
    proof = tree.inclusion(index)
    level = data.draw(st.integers(0, len(proof.path) - 1))
    column = data.draw(st.integers(0, len(tree.totals) - 1))
    digest, true_sums = sum_node_parts(proof.path[level])
    sums = list(true_sums)
    sums[column] = data.draw(st.one_of(st.integers(0, MAX_QUANTITY), st.integers(0, 2**20)))
    assume(sums[column] != true_sums[column])
    path = list(proof.path)
    path[level] = sum_node(digest, sums)
    forged = replace(proof, path=tuple(path))

    assert code_of(lots[index], forged, tree.head) in {
        "sum_trees.root_mismatch",
        "sum_trees.sum_range",
    }
    try:
        led_to = head_from_path(lots[index], forged, len(lots))
    except InputError as error:
        assert error.code == "sum_trees.sum_range"
        return
    assert led_to.root != tree.root
    assert led_to.totals != tree.totals
    head = replace(tree.head, totals=led_to.totals)
    assert code_of(lots[index], forged, head) == "sum_trees.root_mismatch"


@given(batches(), st.data())
def test_inclusion__any_single_bit_changed__is_refused(
    lots: list[LotLeaf], data: st.DataObject
) -> None:
    tree = built(lots)
    index = data.draw(st.integers(0, len(lots) - 1))
    lot, proof, head = lots[index], tree.inclusion(index), tree.head

    def turned(octets: bytes) -> bytes:
        bit = data.draw(st.integers(0, 8 * len(octets) - 1))
        return (int.from_bytes(octets) ^ 1 << bit).to_bytes(len(octets))

    def moved(row: tuple[int, ...]) -> tuple[int, ...]:
        at = data.draw(st.integers(0, len(row) - 1))
        return (*row[:at], row[at] ^ 1 << data.draw(st.integers(0, 63)), *row[at + 1 :])

    match data.draw(st.sampled_from(["key", "leaf", "row", "node", "root", "totals", "index"])):
        case "key":
            lot = lot._replace(lot_key=turned(lot.lot_key))
        case "leaf":
            lot = lot._replace(statement_leaf=turned(lot.statement_leaf))
        case "row":
            lot = lot._replace(quantities=moved(lot.quantities))
        case "node":
            assume(proof.path)
            at = data.draw(st.integers(0, len(proof.path) - 1))
            path = (*proof.path[:at], turned(proof.path[at]), *proof.path[at + 1 :])
            proof = replace(proof, path=path)
        case "root":
            head = replace(head, root=LotRoot(turned(head.root)))
        case "totals":
            head = replace(head, totals=moved(head.totals))
        case "index":
            proof = replace(proof, index=index ^ 1 << data.draw(st.integers(0, 63)))

    assert code_of(lot, proof, head) != "passed"


@given(batches(), st.data())
def test_inclusion__forged_totals__are_refused(lots: list[LotLeaf], data: st.DataObject) -> None:
    tree = built(lots)
    index = data.draw(st.integers(0, len(lots) - 1))
    bound = st.integers(0, MAX_QUANTITY)
    totals = data.draw(st.tuples(*[bound] * len(tree.totals)))
    assume(totals != tree.totals)

    head = replace(tree.head, totals=totals)

    assert code_of(lots[index], tree.inclusion(index), head) == "sum_trees.totals_mismatch"


@given(st.data())
def test_inclusion__tree_of_a_dishonest_builder__proves_no_more_than_its_totals(
    data: st.DataObject,
) -> None:
    """Sums are made up at any node, hashed as if they were true; headers then state any totals.

    Whatever can still be proven of it adds up to the totals at most, column by column.
    """
    columns, size = data.draw(st.integers(1, 3)), data.draw(st.integers(2, 24))
    lots = [LotLeaf(*lot) for lot in sum_model.lots(size, columns, largest=9)]
    lie = st.one_of(st.integers(-9, 9), st.integers(-(2**64), 2**64))
    lies = data.draw(
        st.dictionaries(st.integers(0, 2 * size), st.tuples(*[lie] * columns), max_size=4)
    )
    nodes = iter(range(2 * size))

    def claimed(low: int, high: int) -> tuple[sum_model.Node, dict[int, list[sum_model.Node]]]:
        """Node over some lots and the path to it of each, with the lies told on the way."""
        number = next(nodes)
        if high - low == 1:
            node, paths = sum_model.leaf(lots[low]), {low: list[sum_model.Node]()}
        else:
            k = low + sum_model.split(high - low)
            (left, lefts), (right, rights) = claimed(low, k), claimed(k, high)
            node = sum_model.above(left, right)
            paths = {at: [*path, right] for at, path in lefts.items()}
            paths |= {at: [*path, left] for at, path in rights.items()}
        told = zip(node.sums, lies.get(number, [0] * columns), strict=True)
        return sum_model.Node(node.digest, [(true + more) % 2**64 for true, more in told]), paths

    top, paths = claimed(0, size)
    stated = data.draw(st.sampled_from(["claimed", "recomputed"]))
    totals = tuple(top.sums)
    if stated == "recomputed":
        true = head_of(lots[0], paths[0], size)
        totals = true.totals if true else totals
    head = LotTreeHead(LotRoot(top.digest), size, totals)

    proven = [
        lots[at]
        for at, path in paths.items()
        if code_of(lots[at], LotInclusion(at, tuple(map(sum_model.packed, path))), head) == "passed"
    ]

    for column in range(columns):
        assert sum(lot.quantities[column] for lot in proven) <= totals[column]


def head_of(lot: LotLeaf, path: list[sum_model.Node], size: int) -> LotTreeHead | None:
    try:
        return head_from_path(lot, LotInclusion(0, tuple(map(sum_model.packed, path))), size)
    except InputError:
        return None


@given(batches(40), st.data())
def test_tree__quantities_of_any_size__is_built_exactly_if_all_totals_are_in_bounds(
    lots: list[LotLeaf], data: st.DataObject
) -> None:
    columns = len(lots[0].quantities)
    wide = st.one_of(
        st.integers(0, 2**53), st.sampled_from([2**52, MAX_QUANTITY, 2**63, 2**64 - 1])
    )
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lots) - 1))
        column = data.draw(st.integers(0, columns - 1))
        row = list(lots[at].quantities)
        row[column] = data.draw(wide)
        lots[at] = lots[at]._replace(quantities=tuple(row))
    totals = tuple(map(sum, zip(*(lot.quantities for lot in lots), strict=True)))
    within = max(totals) <= MAX_QUANTITY

    try:
        found = built(lots).totals
    except InputError as error:
        largest = max(max(lot.quantities) for lot in lots)
        kind = "sum" if largest <= MAX_QUANTITY else "quantity"
        assert not within
        assert error.code == f"sum_trees.{kind}_range"
    else:
        assert within
        assert found == totals


@given(
    lot=st.tuples(ANYTHING, ANYTHING, st.one_of(ANYTHING, st.lists(ANYTHING, max_size=20))),
    index=ANYTHING,
    size=ANYTHING,
    path=st.lists(ANYTHING, max_size=70),
    root=ANYTHING,
    totals=st.one_of(ANYTHING, st.lists(ANYTHING, max_size=20)),
)
def test_verification__anything_at_all__is_refused_with_a_code(
    lot: tuple[object, object, object],
    index: object,
    size: object,
    path: list[object],
    root: object,
    totals: object,
) -> None:
    """Verification raises nothing but the project's own errors, nor accepts noise."""
    proof = LotInclusion(index, tuple(path))  # type: ignore[arg-type]
    head = LotTreeHead(root, size, totals)  # type: ignore[arg-type]
    assert code_of(LotLeaf(*lot), proof, head).startswith("sum_trees.")  # type: ignore[arg-type]
    sound = SumTree(sum_model.lots(5, 2), 2)
    last = LotLeaf(*list(sum_model.lots(5, 2))[4])
    assert code_of(LotLeaf(*lot), sound.inclusion(4), sound.head).startswith("sum_trees.")  # type: ignore[arg-type]
    noise = replace(sound.inclusion(4), path=tuple(path))  # type: ignore[arg-type]
    assert code_of(last, noise, sound.head).startswith("sum_trees.")
    assert code_of(last, sound.inclusion(4), head).startswith("sum_trees.")


@given(st.integers(1, 2**63), st.data())
def test_head_from_path__any_index_of_any_size__takes_exactly_one_length(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    low, high, length = 0, size, 0
    while high - low > 1:
        k = low + (1 << ((high - low - 1).bit_length() - 1))
        low, high = (low, k) if index < k else (k, high)
        length += 1

    for count in range(66):
        refusal = ""
        try:
            head_from_path(
                LotLeaf(bytes(32), bytes(32), (1,)), LotInclusion(index, (bytes(40),) * count), size
            )
        except ProvenanceError as error:
            refusal = error.code
        assert refusal == ("" if count == length else "sum_trees.path_length")
