"""No path makes a figure's line read higher than the chain's facts about its signers allow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.beside import Shown, with_beside
from tests.support.certified_lot import ANCHORED_AT, DAY, TRUST
from tests.support.disclosed_lots import number
from tests.support.evidence_papers import (
    RECORD,
    accreditation,
    author,
    evidence,
    figure,
    recognised,
    suspended,
)
from tests.unit.test_verify_assurance import credited
from veta.model.consortium import Role
from veta.model.identifiers import UnixSeconds
from veta.verify.verifier import Verifier

FIGURES = {"massG": 1_000_000, "metal.Cu": 999_900, "co2eG": 3_000_000, "co2eGPerKg": 3_000}
NEEDED = {
    "massG": Role.LABORATORY,
    "metal.Cu": Role.LABORATORY,
    "co2eG": Role.FOOTPRINT_VERIFIER,
    "co2eGPerKg": Role.FOOTPRINT_VERIFIER,
}
OWN_GROUP = 3
ORDER = ["self-declared", "second-party", "verified", "accredited"]
AT, LATER = UnixSeconds(ANCHORED_AT), UnixSeconds(ANCHORED_AT + DAY)
BEFORE = UnixSeconds(ANCHORED_AT - DAY)


@dataclass(frozen=True)
class Path:
    """How somebody's word about a figure came beside the lot."""

    figure: str
    same_amount: bool
    this_lot: bool
    group: int
    role: Role
    named: bool
    until: UnixSeconds
    suspended_from: int | None
    covers: bool
    body: str
    recognised_until: UnixSeconds
    included: bool

    def grade(self) -> str | None:
        """By the rules of the specification, written again; ``None``: it says nothing of it."""
        if not (self.same_amount and self.this_lot and self.included):
            return None
        if self.group == OWN_GROUP:
            return "self-declared"
        if self.role != NEEDED[self.figure]:
            return "second-party"
        in_force = (
            self.named
            and self.covers
            and self.until > AT
            and self.recognised_until > AT
            and (self.suspended_from is None or self.suspended_from > AT)
            and self.body not in (f"group {self.group}", f"group {OWN_GROUP}")
        )
        return "accredited" if in_force else "verified"

    def shown(self, label: str) -> Shown:
        name = f"member-{label}"
        by = author(8_500 + int(label), name, self.role, self.group)
        named = None
        if self.named:
            entries = () if self.suspended_from is None else (suspended(self.suspended_from),)
            named = accreditation(
                by.member,
                body_group=self.body,
                until_s=self.until,
                entries=entries,
                substances=() if self.covers else (79,),
                record=RECORD + int(label),
            )
            named = replace(named, recognitions=(recognised(until_s=self.recognised_until),))
        amount = FIGURES[self.figure] + (not self.same_amount)
        lot = number(1) if self.this_lot else "R9-9-9"
        made = evidence(figure(self.figure, amount, lot), by, named, label=label)
        return made if self.included else made.with_statement(inclusion=None)


MOMENTS = st.sampled_from([BEFORE, LATER])
PATHS = st.builds(
    Path,
    figure=st.sampled_from(sorted(FIGURES)),
    same_amount=st.sampled_from([True, True, True, False]),
    this_lot=st.sampled_from([True, True, True, False]),
    group=st.sampled_from([OWN_GROUP, 11, 12]),
    role=st.sampled_from(
        [Role.LABORATORY, Role.FOOTPRINT_VERIFIER, Role.CERTIFICATION_BODY, Role.REFINER]
    ),
    named=st.booleans(),
    until=MOMENTS,
    suspended_from=st.none() | MOMENTS,
    covers=st.booleans(),
    body=st.sampled_from(["group 3", "group 11", "group 90"]),
    recognised_until=MOMENTS,
    included=st.sampled_from([True, True, True, False]),
)


@cache
def verifier() -> Verifier:
    return Verifier(TRUST)


def lines_of(*paths: Path) -> dict[str, dict[str, object]]:
    shown = [path.shown(str(at)) for at, path in enumerate(paths)]
    case = with_beside(credited().case(), *shown)
    report = verifier().verify(case.bundle, case.facts).to_json()
    return {each["figure"]: each for each in report["figures"]}


@pytest.mark.row("S02", "A24", "A25")
@given(st.lists(PATHS, max_size=4))
@settings(max_examples=60, deadline=None)
def test_figures__any_signers_beside__each_line_has_the_best_grade_and_no_higher_word(
    paths: list[Path],
) -> None:
    lines = lines_of(*paths)
    for name in FIGURES:
        grades = [path.grade() for path in paths if path.figure == name]
        best = max((each for each in grades if each is not None), key=ORDER.index, default=ORDER[0])
        told = lines[name]
        assert told["grade"] == best
        higher = ORDER[ORDER.index(best) + 1 :]
        assert not any(word in str(told["words"]) for word in higher)


@pytest.mark.row("S02")
@given(st.lists(PATHS, min_size=1, max_size=4), st.data())
@settings(max_examples=30, deadline=None)
def test_figures__a_paper_taken_away__no_line_is_higher_than_before(
    paths: list[Path], data: st.DataObject
) -> None:
    whole = lines_of(*paths)
    at = data.draw(st.sampled_from(range(len(paths))))
    less = lines_of(*(path for place, path in enumerate(paths) if place != at))
    for name in FIGURES:
        assert ORDER.index(str(less[name]["grade"])) <= ORDER.index(str(whole[name]["grade"]))
