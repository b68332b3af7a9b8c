"""The 76 indicators: a full set or none, opened one by one, and nothing mandatory hidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tests.support.reference_data import reference_json
from veta.disclosure.catalogue import (
    DIMENSIONS,
    INDICATORS,
    SIZE,
    ValueKind,
    for_goal,
    in_dimension,
    indicator,
)
from veta.disclosure.indicators import (
    IndicatorHead,
    IndicatorSet,
    IndicatorValue,
    OpenedLeaf,
    check_leaves,
    leaf_of,
)
from veta.disclosure.mandatory import (
    DEFAULT_POLICY,
    Completeness,
    Disclosed,
    MandatoryPolicy,
    judge_indicators,
)
from veta.errors import InputError, ProvenanceError, VerificationError
from veta.model.bundle import InclusionProof
from veta.model.identifiers import Digest
from veta.trees import MerkleTree
from veta.verify.verdict import Check, Outcome, Step, Verdict, conclude

SUBJECT = "did:web:mina-aurora.example:lot:AUR-CON-26-0417"
FIVE = (
    "ghg_scope1_t",
    "freshwater_withdrawal_m3",
    "grievances_received",
    "women_workforce_share",
    "fatalities",
)
POLICIES = (DEFAULT_POLICY,)


def salts(label: str = "a lot") -> Iterator[bytes]:
    for index in range(SIZE):
        yield sha256(f"{label} {index}".encode()).digest()[:16]


def some_value(index: int, kind: ValueKind) -> IndicatorValue:
    samples: dict[ValueKind, IndicatorValue] = {
        ValueKind.COUNT: index,
        ValueKind.QUANTITY: f"{index}.5",
        ValueKind.SHARE: index * 10_000,
        ValueKind.YES_NO: index % 2 == 0,
    }
    return samples[kind]


def values() -> dict[str, IndicatorValue]:
    return {item.name: some_value(item.index, item.kind) for item in INDICATORS}


def indicator_set(label: str = "a lot", **changed: Any) -> IndicatorSet:
    return IndicatorSet(SUBJECT, {**values(), **changed}.items(), salts(label))


SET = indicator_set()


def judged(opened: tuple[str, ...], materials: tuple[str, ...] = ("Cu",)) -> Disclosed:
    return judge_indicators(SET.head, SET.open(opened), materials=materials)


def all_but(*names: str) -> tuple[str, ...]:
    return tuple(item.name for item in INDICATORS if item.name not in names)


def code_of(refused: Any) -> str:
    return str(refused.value.code)


def verdict_of(found: Disclosed) -> Verdict:
    """What the verdict algebra makes of the finding, in a report that is otherwise good."""
    check = Check(
        Step.CLAIMS,
        Outcome(found.completeness.value),
        found.code,
        found.sentence,
        dict(found.facts),
    )
    passed = [Check(step, Outcome.PASSED, "a.code", "") for step in Step if step != Step.CLAIMS]
    return conclude([*passed, check], frozenset(Step))


@pytest.mark.reference
def test_catalogue__of_the_reference__same_dimensions_names_and_order() -> None:
    reference = reference_json("reference/indicators-76.json")["dimensions"]
    assert [dimension["id"] for dimension in reference] == list(DIMENSIONS)
    for dimension in reference:
        assert tuple(dimension["indicators"]) == in_dimension(dimension["id"])
        assert dimension["count"] == len(dimension["indicators"])
    assert [item.index for item in INDICATORS] == list(range(76))


@pytest.mark.reference
def test_goals__of_the_crosswalk__occur_in_the_dimension() -> None:
    """Where the reference names a goal for a topic, an indicator of its dimension speaks to it."""
    for row in reference_json("reference/crosswalk.json")["rows"]:
        if "sdg" in row:
            goals = {
                goal
                for item in INDICATORS
                if item.dimension == row["codelco_dimension"]
                for goal in item.goals
            }
            assert row["sdg"] in goals


def test_goals__every_indicator__speaks_to_some_and_is_found_by_it() -> None:
    for item in INDICATORS:
        assert item.goals
        assert list(item.goals) == sorted(set(item.goals))
        assert all(item.name in for_goal(goal) for goal in item.goals)
    for goal in (0, 18, True, "13"):
        with pytest.raises(InputError) as refused:
            for_goal(goal)  # type: ignore[arg-type]
        assert code_of(refused) == "disclosure.goal_unknown"
    with pytest.raises(InputError) as refused:
        in_dimension("carbon")
    assert code_of(refused) == "disclosure.dimension_unknown"


@pytest.mark.row("S16")
@pytest.mark.parametrize("left_out", [item.name for item in INDICATORS])
def test_set__75_of_76__is_refused_whichever_is_missing(left_out: str) -> None:
    shorter = [(name, value) for name, value in values().items() if name != left_out]
    with pytest.raises(InputError) as refused:
        IndicatorSet(SUBJECT, shorter, salts())
    assert code_of(refused) == "disclosure.indicator_count"
    assert left_out in refused.value.message


@pytest.mark.row("S16")
def test_set__unknown_or_twice__is_refused() -> None:
    full = list(values().items())
    cases = {
        "disclosure.indicator_unknown": [*full[:-1], ("fatalities_2", 1)],
        "disclosure.indicator_repeated": [*full, ("fatalities", 0)],
    }
    for code, entries in cases.items():
        with pytest.raises(InputError) as refused:
            IndicatorSet(SUBJECT, entries, salts())
        assert code_of(refused) == code
    with pytest.raises(InputError) as refused:  # one twice in place of another: still 76 entries
        IndicatorSet(SUBJECT, [*full[:-1], full[0]], salts())
    assert code_of(refused) == "disclosure.indicator_repeated"


@pytest.mark.row("S16")
def test_head__of_75_leaves__is_no_head() -> None:
    for size in (75, 77, 0, True):
        with pytest.raises(InputError) as refused:
            IndicatorHead(SUBJECT, SET.head.root, size)
        assert code_of(refused) == "disclosure.indicator_count"
    for head, code in (
        ({"catalogue": "veta-indicators-76/2"}, "disclosure.catalogue_unknown"),
        ({"subject": "a lot"}, "disclosure.subject"),
        ({"subject": ""}, "disclosure.subject"),
        ({"root": b"\x00" * 31}, "disclosure.malformed"),
    ):
        with pytest.raises(InputError) as refused:
            replace(SET.head, **head)
        assert code_of(refused) == code


@pytest.mark.row("S16")
def test_tree__built_over_75_leaves__is_never_taken_for_a_full_set() -> None:
    """Somebody hashes 75 leaves by hand and calls it a set. Its own proofs are refused; relabelled,
    the leaf that is not there can never be opened, and is what every report names as hidden."""
    short = [
        leaf_of(SUBJECT, item, values()[item.name], salt)
        for item, salt in zip(INDICATORS, salts(), strict=True)
    ][:-1]
    tree = MerkleTree(short)
    head = IndicatorHead(SUBJECT, Digest(tree.root))
    leaves = [
        OpenedLeaf(item.name, item.dimension, values()[item.name], salt, tree.inclusion(item.index))
        for item, salt in zip(INDICATORS[:-1], salts(), strict=False)
    ]
    for leaf in leaves:
        with pytest.raises(InputError) as refused:
            check_leaves(head, [leaf])
        assert code_of(refused) == "disclosure.indicator_count"
    relabelled = [replace(leaf, proof=replace(leaf.proof, size=SIZE)) for leaf in leaves]
    with pytest.raises(ProvenanceError):
        check_leaves(head, relabelled)
    absent = INDICATORS[-1]
    for path in (relabelled[-1].proof.path, relabelled[-2].proof.path, SET.open([absent.name])[0]):
        nodes = path.proof.path if isinstance(path, OpenedLeaf) else path
        proof = InclusionProof(absent.index, SIZE, nodes)
        leaf = OpenedLeaf(absent.name, absent.dimension, 0, list(salts())[-1], proof)
        with pytest.raises(ProvenanceError):
            check_leaves(head, [leaf])
    asks = MandatoryPolicy("asks for the last", frozenset({absent.name}), {"Cu": frozenset()})
    found = judge_indicators(head, relabelled[:64], materials=["Cu"], policies=[asks])
    assert found.mandatory_hidden == (absent.name,)
    assert verdict_of(found) is Verdict.NOT_PROVEN


@pytest.mark.row("S16")
def test_open__five_leaves__are_proven_and_the_rest_is_named() -> None:
    found = judged(FIVE)
    assert found.opened == {name: values()[name] for name in FIVE}
    assert list(found.opened) == sorted(FIVE, key=lambda name: indicator(name).index)
    assert len(found.hidden) == 71
    assert set(found.hidden) | set(FIVE) == {item.name for item in INDICATORS}
    assert found.facts["hidden_count"] == 71
    assert "71 of 76 indicators are hidden" in found.sentence


@pytest.mark.row("S16")
@pytest.mark.parametrize("item", INDICATORS, ids=lambda item: item.name)
def test_open__each_leaf_alone__is_proven(item: Any) -> None:
    (leaf,) = SET.open([item.name])
    assert (leaf.proof.index, leaf.proof.size) == (item.index, 76)
    assert check_leaves(SET.head, [leaf]) == {item.name: values()[item.name]}


def changed_leaves() -> dict[str, tuple[OpenedLeaf, str]]:
    leaf, other = SET.open(("fatalities", "ltifr"))
    own = leaf.proof
    stranger = indicator_set("another lot").open(["fatalities"])[0]
    return {
        "another value": (replace(leaf, value=0), "trees.root_mismatch"),
        "another salt": (replace(leaf, salt=bytes(16)), "trees.root_mismatch"),
        "a short salt": (replace(leaf, salt=bytes(15)), "disclosure.salt_length"),
        "another name": (
            replace(leaf, name="high_potential_incidents"),
            "disclosure.other_index",
        ),
        "another name and index": (
            replace(leaf, name="trifr", value="0", proof=replace(own, index=other.proof.index)),
            "disclosure.other_index",
        ),
        "no indicator": (replace(leaf, name="accidents"), "disclosure.indicator_unknown"),
        "another dimension": (
            replace(leaf, dimension="human-rights"),
            "disclosure.other_dimension",
        ),
        "another index": (replace(leaf, proof=replace(own, index=66)), "disclosure.other_index"),
        "another size": (replace(leaf, proof=replace(own, size=75)), "disclosure.indicator_count"),
        "a shorter path": (
            replace(leaf, proof=replace(own, path=own.path[:-1])),
            "trees.path_length",
        ),
        "a longer path": (
            replace(leaf, proof=replace(own, path=(*own.path, bytes(32)))),
            "trees.path_length",
        ),
        "another path": (replace(leaf, proof=other.proof), "disclosure.other_index"),
        "another lot's leaf": (stranger, "trees.root_mismatch"),
        "a value of another kind": (replace(leaf, value="0"), "disclosure.value"),
    }


@pytest.mark.row("S16", "A43")
@pytest.mark.parametrize("change", sorted(changed_leaves()))
def test_check__leaf_that_was_changed__is_refused(change: str) -> None:
    leaf, code = changed_leaves()[change]
    with pytest.raises(ProvenanceError) as refused:
        judge_indicators(SET.head, [leaf], materials=["Cu"])
    assert code_of(refused) == code


def test_check__one_indicator_twice__is_refused() -> None:
    (leaf,) = SET.open(["fatalities"])
    with pytest.raises(InputError) as refused:
        check_leaves(SET.head, [leaf, leaf])
    assert code_of(refused) == "disclosure.indicator_repeated"
    with pytest.raises(InputError) as refused:
        SET.open(["fatalities", "fatalities"])
    assert code_of(refused) == "disclosure.indicator_repeated"


def test_check__leaf_under_another_subject__is_refused() -> None:
    """A set copied onto another lot opens nothing there, even with its own root."""
    head = replace(SET.head, subject="did:web:mina-aurora.example:lot:AUR-CON-26-0418")
    with pytest.raises(VerificationError) as refused:
        check_leaves(head, SET.open(["fatalities"]))
    assert code_of(refused) == "trees.root_mismatch"


@pytest.mark.row("A43")
def test_check__two_values_for_one_indicator__only_its_own_place_counts() -> None:
    """A maker hashes a second `fatalities` into another indicator's leaf, to open as it pleases."""
    twice = [
        leaf_of(SUBJECT, item, values()[item.name], salt)
        for item, salt in zip(INDICATORS, salts(), strict=True)
    ]
    fatal = indicator("fatalities")
    twice[75] = leaf_of(SUBJECT, fatal, 0, bytes(16))
    tree = MerkleTree(twice)
    leaf = OpenedLeaf(fatal.name, fatal.dimension, 0, bytes(16), tree.inclusion(75))
    with pytest.raises(VerificationError) as refused:
        check_leaves(IndicatorHead(SUBJECT, Digest(tree.root)), [leaf])
    assert code_of(refused) == "disclosure.other_index"


@pytest.mark.row("S16", "A43", "T49")
def test_judge__75_shown_and_fatalities_hidden__incomplete_and_said_so() -> None:
    found = judged(all_but("fatalities"))
    assert found.completeness is Completeness.INCOMPLETE
    assert found.code == "disclosure.mandatory_hidden"
    assert found.hidden == found.mandatory_hidden == ("fatalities",)
    assert found.facts["hidden_count"] == 1
    assert "fatalities" in found.sentence
    assert verdict_of(found) is Verdict.NOT_PROVEN


@pytest.mark.row("S16", "T49")
@pytest.mark.parametrize("material", ["Cu", "Li"])
def test_judge__each_mandatory_leaf_in_turn__hidden_is_never_valid(material: str) -> None:
    mandatory = DEFAULT_POLICY.mandatory([material])
    for name in mandatory:
        found = judged(all_but(name), (material,))
        assert found.mandatory_hidden == (name,)
        assert verdict_of(found) is Verdict.NOT_PROVEN
    for item in INDICATORS:
        if item.name not in mandatory:
            found = judged(all_but(item.name), (material,))
            assert found.completeness is Completeness.COMPLETE
            assert found.hidden == (item.name,)
            assert verdict_of(found) is Verdict.VALID


@pytest.mark.row("S16", "T49")
def test_judge__mandatory_leaf_opened_without_a_value__is_incomplete() -> None:
    """Opening a leaf that says nothing is hiding by another name."""
    silent = indicator_set(fatalities=None)
    found = judge_indicators(silent.head, silent.open(all_but()), materials=["Cu"])
    assert found.hidden == found.mandatory_hidden == ()
    assert found.mandatory_not_stated == ("fatalities",)
    assert found.code == "disclosure.mandatory_not_stated"
    assert verdict_of(found) is Verdict.NOT_PROVEN


def test_judge__nothing_hidden__is_complete_and_says_that_nothing_is() -> None:
    found = judged(all_but())
    assert (found.code, found.hidden) == ("disclosure.complete", ())
    assert "0 of 76 indicators are hidden" in found.sentence
    assert judged(()).mandatory_hidden == found.mandatory


@pytest.mark.row("S40")
def test_judge__lithium_without_community_leaves__is_incomplete() -> None:
    social = in_dimension("community-impact")
    shown = all_but(*social)
    lithium, copper = judged(shown, ("Li",)), judged(all_but("local_employment_share"), ("Cu",))
    assert lithium.completeness is Completeness.INCOMPLETE
    assert set(lithium.mandatory_hidden) == set(social)
    assert verdict_of(lithium) is Verdict.NOT_PROVEN
    assert copper.completeness is Completeness.COMPLETE
    for name in social:
        assert judged(all_but(name), ("Li",)).mandatory_hidden == (name,)
    assert judged(all_but("pcf_cathode_g_per_kg"), ("Li",)).code == "disclosure.complete"


@pytest.mark.row("S40")
def test_judge__lot_of_two_metals__has_both_lists() -> None:
    """A lithium lot is not excused by the copper in it."""
    both = DEFAULT_POLICY.mandatory(["Cu", "Li"])
    assert both == DEFAULT_POLICY.mandatory(["Cu"]) | DEFAULT_POLICY.mandatory(["Li"])
    found = judged(all_but("consultations_held"), ("Cu", "Li"))
    assert found.mandatory_hidden == ("consultations_held",)


@pytest.mark.parametrize("materials", [(), ("lithium",), ("Cu", "li"), ("Xx",)])
def test_judge__material_that_no_list_is_known_for__is_refused(materials: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as refused:
        judged(FIVE, materials)
    assert code_of(refused) == "disclosure.material_unknown"


def test_judge__several_policies__none_softens_another() -> None:
    lax = MandatoryPolicy("buyer/lax", frozenset(), {"Cu": frozenset()})
    strict = MandatoryPolicy("buyer/strict", frozenset({"taxes_paid_usd"}), {"Cu": frozenset()})
    leaves = SET.open(all_but("taxes_paid_usd", "fatalities"))
    found = judge_indicators(
        SET.head, leaves, materials=["Cu"], policies=(lax, DEFAULT_POLICY, strict)
    )
    assert found.mandatory_hidden == ("fatalities", "taxes_paid_usd")
    assert found.policies == ("buyer/lax", DEFAULT_POLICY.policy_id, "buyer/strict")
    with pytest.raises(InputError) as refused:
        judge_indicators(SET.head, leaves, materials=["Cu"], policies=())
    assert code_of(refused) == "disclosure.no_policy"
    with pytest.raises(InputError) as refused:
        MandatoryPolicy("typo", frozenset({"fatality"}), {})
    assert code_of(refused) == "disclosure.indicator_unknown"


BAD_VALUES: list[tuple[str, list[Any]]] = [
    ("fatalities", [-1, 2**53, "1", 1.0, True, [], {}]),
    ("women_workforce_share", [-1, 1_000_001, "500000", 0.5, True]),
    ("iso45001_certified_yn", [0, 1, "yes", "true"]),
    (
        "ghg_scope1_t",
        [
            *("", ".5", "1.", "01", "1.0", "1.50", "-1", "+1", "1e3", " 1", "1 ", "1,5", "0x1"),
            *("1234567890123456", "0.1234567890123456", "１", "1\n", "NaN", "Infinity"),
            *(1, 1.5, True),
        ],
    ),
]


@pytest.mark.parametrize(("name", "bad"), BAD_VALUES)
def test_value__not_written_as_its_kind__is_refused(name: str, bad: list[Any]) -> None:
    for value in bad:
        with pytest.raises(InputError) as refused:
            indicator_set(**{name: value})
        assert code_of(refused) == "disclosure.value"


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("fatalities", [0, 2**53 - 1, None]),
        ("women_workforce_share", [0, 1_000_000, None]),
        ("iso45001_certified_yn", [False, True, None]),
        ("ghg_scope1_t", ["0", "0.5", "123456789012345", "12345678901234.5", None]),
    ],
)
def test_value__written_as_its_kind__is_opened_as_it_is(
    name: str, good: list[IndicatorValue]
) -> None:
    for value in good:
        changed: dict[str, Any] = {name: value}
        one = indicator_set(**changed)
        opened = check_leaves(one.head, one.open([name]))[name]
        assert (opened, type(opened)) == (value, type(value))


def test_set__salts__are_16_octets_each_and_none_twice() -> None:
    good = list(salts())
    cases: dict[str, list[bytes]] = {
        "disclosure.salts_exhausted": good[:-1],
        "disclosure.salt_repeated": [*good[:-1], good[0]],
        "disclosure.salt_length": [*good[:-1], b"short"],
    }
    for code, given in cases.items():
        with pytest.raises(InputError) as refused:
            IndicatorSet(SUBJECT, values().items(), given)
        assert code_of(refused) == code


@pytest.mark.parametrize("subject", ["", "a lot", "lot:Ä", "x" * 513])
def test_set__subject_that_is_no_identifier__is_refused(subject: str) -> None:
    with pytest.raises(InputError) as refused:
        IndicatorSet(subject, values().items(), salts())
    assert code_of(refused) == "disclosure.subject"


def test_proof__of_another_type__is_refused_and_raises_nothing_else() -> None:
    (leaf,) = SET.open(["fatalities"])
    for proof in (
        InclusionProof(leaf.proof.index, SIZE, ()),
        InclusionProof(leaf.proof.index, SIZE, tuple(b"" for _ in leaf.proof.path)),
    ):
        with pytest.raises(ProvenanceError):
            check_leaves(SET.head, [replace(leaf, proof=proof)])
