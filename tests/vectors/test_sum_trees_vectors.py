"""Sum trees against the project's own vectors, and the vectors against a second implementation."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support import sum_model
from veta.errors import ProvenanceError
from veta.model.identifiers import MemberId
from veta.model.lot_tree import LotInclusion, LotLeaf, LotRoot, LotTreeHead
from veta.sum_trees import (
    SumTree,
    cause_leaf,
    cause_root,
    lot_key,
    lot_leaf_digest,
    padding_leaf,
    parent_node,
    sum_node,
    sum_node_parts,
    sum_tree_head,
    verify_lot_inclusion,
)

FOLDER = PROJECT / "docs/spec/vectors"
VECTORS = json.loads((FOLDER / "lots.json").read_text(encoding="utf-8"))
SECOND_IMPLEMENTATION = PROJECT / "tests/vectors/second_implementation.mjs"


def lot_of(vector: dict[str, Any]) -> LotLeaf:
    return LotLeaf(
        bytes.fromhex(vector["lot_key"]),
        bytes.fromhex(vector["statement_leaf"]),
        tuple(map(int, vector["quantities"])),
    )


def head_of(vector: dict[str, Any]) -> LotTreeHead:
    root = LotRoot(bytes.fromhex(vector["root"]))
    return LotTreeHead(root, vector["size"], tuple(map(int, vector["totals"])))


def proof_of(vector: dict[str, Any]) -> LotInclusion:
    return LotInclusion(vector["index"], tuple(map(bytes.fromhex, vector["path"])))


def key_of(vector: dict[str, Any]) -> bytes:
    return lot_key(
        MemberId(vector["issuer"]),
        site=vector["site"],
        product_class=vector["product_class"],
        batch_number=vector["batch_number"],
    )


def lots_of(vector: dict[str, Any]) -> list[LotLeaf]:
    lots = [lot_of(each) for each in VECTORS["lots"]]
    return [lot for lot in lots if len(lot.quantities) == vector["columns"]][: vector["size"]]


def refusal(vector: dict[str, Any], call: Any, *arguments: object) -> None:
    with pytest.raises(ProvenanceError) as caught:
        call(*arguments)
    assert caught.value.code == vector["code"], vector.get("why")


@pytest.mark.row("T21")
def test_vectors__keys_leaves_padding_and_nodes__are_those_of_the_design() -> None:
    for vector in VECTORS["keys"]:
        ids = (vector["issuer"], vector["site"], vector["product_class"])
        expected = bytes.fromhex(vector["key"])
        assert key_of(vector) == sum_model.key(*ids, vector["batch_number"].encode()) == expected
    for vector in [*VECTORS["lots"], *VECTORS["padding"]]:
        lot, expected = lot_of(vector), bytes.fromhex(vector["leaf"])
        assert lot_leaf_digest(lot) == sum_model.leaf(lot).digest == expected
    for vector in VECTORS["padding"]:
        columns = len(vector["quantities"])
        assert padding_leaf(bytes.fromhex(vector["randomness"]), columns) == lot_of(vector)
    for vector in VECTORS["nodes"]:
        left, right, above = (
            bytes.fromhex(vector[at]["octets"]) for at in ("left", "right", "above")
        )
        assert parent_node(left, right) == above
        for each in vector.values():
            digest, sums = bytes.fromhex(each["digest"]), tuple(each["sums"])
            assert sum_node(digest, sums) == bytes.fromhex(each["octets"])
            assert sum_node_parts(bytes.fromhex(each["octets"])) == (digest, sums)


@pytest.mark.row("T21")
def test_vectors__trees_and_proofs__verify_and_are_what_the_tree_makes() -> None:
    trees = {}
    for vector in VECTORS["trees"]:
        lots, head = lots_of(vector), head_of(vector)
        tree = trees[head] = SumTree(lots, vector["columns"])
        top = sum_model.top(lots)
        assert tree.head == sum_tree_head(lots, vector["columns"]) == head
        assert (top.digest, tuple(top.sums)) == (head.root, head.totals)
    for vector in VECTORS["inclusion"]:
        proof, head = proof_of(vector), head_of(vector)
        verify_lot_inclusion(lot_of(vector), proof, head)
        assert trees[head].inclusion(proof.index) == proof


@pytest.mark.row("T21")
def test_vectors__causes__have_the_root_of_the_design() -> None:
    for vector in VECTORS["causes"]:
        parts = [bytes.fromhex(part) for part in vector["parts"]]
        assert [cause_leaf(part).hex() for part in parts] == vector["leaves"]
        assert cause_root(parts) == sum_model.cause(parts) == bytes.fromhex(vector["root"])


@pytest.mark.row("T10", "T12", "T21")
def test_vectors__what_is_refused__is_refused_with_its_code() -> None:
    for vector in VECTORS["keys_refused"]:
        refusal(vector, key_of, vector)
    for vector in VECTORS["trees_refused"]:
        lots = [lot_of(each) for each in vector["lots"]]
        refusal(vector, SumTree, lots, vector["columns"])
        refusal(vector, sum_tree_head, lots, vector["columns"])
    for vector in VECTORS["inclusion_refused"]:
        refusal(vector, verify_lot_inclusion, lot_of(vector), proof_of(vector), head_of(vector))


@pytest.fixture(scope="session")
def node() -> str:
    path = shutil.which("node")
    if path is None:
        pytest.skip("needs Node.js for the JavaScript cross-check")
    return path


def run_javascript(node: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [node, str(SECOND_IMPLEMENTATION), "check", str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.row("T21")
def test_vectors__run_by_a_second_implementation__all_pass(node: str) -> None:
    run = run_javascript(node, FOLDER)
    assert run.returncode == 0, run.stderr
    every = sum(len(member) for member in VECTORS.values() if isinstance(member, list))
    assert json.loads(run.stdout)["lots"] == every >= 400


@pytest.mark.row("T21")
@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("keys", "key"),
        ("lots", "leaf"),
        ("padding", "randomness"),
        ("trees", "root"),
        ("inclusion", "statement_leaf"),
        ("causes", "root"),
    ],
)
def test_vectors__one_octet_changed__is_noticed_by_the_second_implementation(
    node: str, tmp_path: Path, member: str, name: str
) -> None:
    for file in FOLDER.glob("*.json"):
        shutil.copy(file, tmp_path)
    vectors = json.loads((tmp_path / "lots.json").read_text(encoding="utf-8"))
    vector = vectors[member][-1]
    vector[name] = ("0" if vector[name][0] != "0" else "1") + vector[name][1:]
    (tmp_path / "lots.json").write_text(json.dumps(vectors), encoding="utf-8")

    run = run_javascript(node, tmp_path)

    assert run.returncode != 0
    assert "vector fails" in run.stderr
