"""150 wells of a salar, read once in a round: an operator, and two bodies that go along (S23)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from typing import Any

from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import Boundary, Definition, MetricKind
from veta.evidence.series import Reading, Series
from veta.evidence.windows import Window
from veta.model.identifiers import Digest, Leaf
from veta.model.ranges import Ranges
from veta.monitoring.readings import RoundReadings
from veta.monitoring.rounds import Author, CoSignature, Expected, Round

DAY_S = 86_400
START_S = 1_780_272_000
"""2026-06-01."""
END_S = START_S + DAY_S
DEADLINE_S = END_S + 30 * DAY_S
OPERATOR = "did:web:salar-esperanza.example"
COMMUNITY = "did:web:comunidad-lickan.example"
SECOND = "did:web:comunidad-toconar.example"
LEVEL = Definition("water.level", MetricKind.OTHER, "m", "Depth to water below the cap.", "permit")
FIELD = Boundary("well field", "150 monitoring wells of the salar")
WELLS = tuple(f"well-{number:03}" for number in range(150))


def readings(
    changes: Mapping[int, str | None] | None = None,
    *,
    wells: tuple[str, ...] = WELLS,
    step_s: int = DAY_S,
    days: int = 1,
) -> RoundReadings:
    """One reading a well; ``changes`` by number of the well, ``None``: it was not read."""
    changed = changes or {}
    window = Window(START_S, START_S + days * DAY_S)
    series = []
    for number, name in enumerate(wells):
        text = changed.get(number, f"{12_000 + number * 7}/1000")
        found = () if text is None else (Reading(START_S, Fraction(text)),)
        series.append(
            Series(name, LEVEL, FIELD, window, step_s, found, AssuranceGrade.SELF_DECLARED)
        )
    return RoundReadings(tuple(series))


def leaf(text: str) -> Leaf:
    return Leaf(sha256(text.encode()).digest())


def author(party: str = OPERATOR, **changes: Any) -> Author:
    made = Author(
        party,
        name=party.rpartition(":")[2],
        control_group=f"group of {party}",
        is_community="comunidad" in party,
        anchored_s=END_S + (DAY_S if party == OPERATOR else 5 * DAY_S),
    )
    return replace(made, **changes)


def stated(
    name: str = "June",
    of: RoundReadings | None = None,
    *,
    expects: tuple[Expected, ...] | None = None,
    **changes: Any,
) -> Round:
    """The operator's round; the community is expected to co-sign all of it."""
    found = of or readings()
    made = Round(
        leaf=leaf(name),
        identifier=f"{OPERATOR}:round:{name}",
        site=f"{OPERATOR}:site:salar",
        site_name="Salar Esperanza",
        metric=found.definition.metric,
        unit=found.definition.unit,
        definition=found.definition.digest,
        boundary_name=found.boundary.name,
        boundary=found.boundary.digest,
        period=found.period,
        step_s=found.step_s,
        instruments=found.instruments,
        count=found.count,
        root=found.root,
        expected=expects
        if expects is not None
        else (Expected(COMMUNITY, Ranges.all_of(found.count)),),
        deadline_s=DEADLINE_S,
        previous=None,
        reason="",
        author=author(),
    )
    return replace(made, **changes)


def co_signed(
    of: Round,
    spans: tuple[tuple[int, int], ...] = ((0, 99),),
    by: Author | None = None,
    **changes: Any,
) -> CoSignature:
    who = by or author(COMMUNITY)
    made = CoSignature(
        leaf=leaf(f"{who.party} on {of.leaf.hex()} {spans}"),
        issuer=of.author.party,
        round_leaf=of.leaf,
        root=of.root,
        count=of.count,
        witnessed=Ranges(spans),
        author=who,
    )
    return replace(made, **changes)


def digest(text: str) -> Digest:
    return Digest(leaf(text))
