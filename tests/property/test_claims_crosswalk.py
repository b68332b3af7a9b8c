"""Over any crosswalk and any chain of mappings: nothing is ever upgraded."""

from __future__ import annotations

import json
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veta.claims import Window, shipped
from veta.claims.crosswalk import Crosswalk, Evidence, Strength, load_crosswalk, require_claim
from veta.claims.subjects import Subject, SubjectKind
from veta.errors import VerificationError
from veta.model.criteria import CriterionResult

CATALOGUE = shipped.schemes()
AT = Window.of_days("2026-06-01", "2026-06-01").from_s
NODES = ("copper-mark-rra/3/C11", "irma/1.0/4.5", "icmm/2020/P6", "gri/2021/305", "eiti/2023/R4")
PAIRS = [*combinations(NODES, 2), *((b, a) for a, b in combinations(NODES, 2))]


@st.composite
def crosswalks(draw: st.DrawFn) -> Crosswalk:
    cells = [{"criterion": node, "checked": draw(st.booleans())} for node in NODES]
    equal = draw(st.lists(st.sampled_from(PAIRS), unique=True))
    row = {"topic": "t", "cells": cells, "equal": [list(pair) for pair in equal]}
    data = {"schema": "veta-crosswalk/1", "version": 7, "starts": "2026-01-01", "source": "s"}
    return load_crosswalk(json.dumps(data | {"rows": [row]}).encode(), CATALOGUE)


@st.composite
def chains(draw: st.DrawFn) -> list[str]:
    nodes = [draw(st.sampled_from(NODES))]
    for _ in range(draw(st.integers(0, 8))):
        nodes.append(draw(st.sampled_from([node for node in NODES if node != nodes[-1]])))
    return nodes


@pytest.mark.row("S05")
@given(crosswalks(), chains(), st.sampled_from(CriterionResult), st.sampled_from(SubjectKind))
def test_reading__along_any_chain__is_never_better_than_any_part_of_it(
    walk: Crosswalk, chain: list[str], result: CriterionResult, kind: SubjectKind
) -> None:
    evidence = Evidence("E", Subject(kind, "it"), chain[0], result)
    readings = [
        walk.read_along(evidence, chain[1:length], CATALOGUE, at_s=AT)
        for length in range(1, len(chain) + 1)
    ]
    for before, after in pairwise(readings):
        assert after.result.rank <= before.result.rank
        assert after.strength <= before.strength
        assert not (after.checked and not before.checked)
        assert not (after.fits and not before.fits)
    last = readings[-1]
    steps = [walk.mappings[pair] for pair in pairwise(chain)]
    if any(step.strength is Strength.PARTIAL for step in steps):
        assert last.result is not CriterionResult.FULLY
    assert last.checked == all(step.checked for step in steps)
    assert last.evidence.subject.kind is kind
    if kind is not SubjectKind.LOT:
        with pytest.raises(VerificationError):
            require_claim(last, Subject(SubjectKind.LOT, "it"))


@pytest.mark.row("S05")
@given(
    crosswalks(),
    st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(CriterionResult)), max_size=6),
)
def test_view__of_more_evidence__never_gets_better(
    walk: Crosswalk, found: list[tuple[str, CriterionResult]]
) -> None:
    site = Subject(SubjectKind.SITE, "it")
    evidence = [Evidence(str(n), site, *each) for n, each in enumerate(found)]
    for count in range(len(evidence)):
        fewer = walk.view("irma", "1.0", evidence[: count + 1], CATALOGUE, at_s=AT)
        more = walk.view("irma", "1.0", evidence, CATALOGUE, at_s=AT)
        for line, later in zip(fewer, more, strict=True):
            if line.readings:
                assert later.result.rank <= line.result.rank
