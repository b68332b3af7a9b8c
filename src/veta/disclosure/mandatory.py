"""What may not be hidden, by policy and material, and what follows if it is.

Hiding is a right up to here: a lot that keeps a mandatory leaf closed is incomplete, whatever else
it shows. Incomplete is ``not_proven`` in a verdict, so such a lot is never VALID; a leaf that is
wrong is an error instead, and ``failed``. What is hidden is always counted and named.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from veta.canonical import JsonValue
from veta.disclosure.catalogue import INDICATORS, in_dimension, indicator
from veta.disclosure.indicators import IndicatorHead, IndicatorValue, OpenedLeaf, check_leaves
from veta.disclosure.pointers import find
from veta.disclosure.sd_jwt import DisclosedClaims
from veta.errors import InputError


class Completeness(enum.StrEnum):
    """What a disclosure comes to; the values are outcomes of the verdict algebra."""

    COMPLETE = "passed"
    INCOMPLETE = "not_proven"


@dataclass(frozen=True, slots=True)
class MandatoryPolicy:
    """Which indicators every lot of a material must show.

    Raises:
        InputError: ``disclosure.indicator_unknown`` for a list that names what is no indicator.
    """

    policy_id: str
    """With its version: a changed list is another policy."""
    always: frozenset[str]
    """For whatever material."""
    by_material: Mapping[str, frozenset[str]]
    """What is asked besides, by symbol; a material that is not listed is not known."""

    def __post_init__(self) -> None:
        for names in (self.always, *self.by_material.values()):
            for name in names:
                indicator(name)

    def mandatory(self, materials: Iterable[str]) -> frozenset[str]:
        """Names of all indicators that lots with these materials must show.

        Args:
            materials: symbols of every metal of the lot, ``Cu`` and ``Li`` among them; take them
                from its columns, not from what its maker calls it.

        Raises:
            InputError: ``disclosure.material_unknown``, also for none at all: a list that is not
                known is not an empty one.
        """
        names = set(self.always)
        symbols = set(materials)
        if not symbols:
            raise InputError("disclosure.material_unknown", "no material was named")
        for symbol in symbols:
            if symbol not in self.by_material:
                raise InputError(
                    "disclosure.material_unknown",
                    f"{self.policy_id} has no list for {symbol[:40]!r}",
                )
            names |= self.by_material[symbol]
        return frozenset(names)


_SOCIAL: Final = frozenset(in_dimension("community-impact")) | {
    "wells_co_monitored_with_community",
    "fpic_processes_open",
    "ilo169_consultations",
}
_NOTHING_MORE: Final[frozenset[str]] = frozenset()

DEFAULT_POLICY: Final = MandatoryPolicy(
    "veta-mandatory/1",
    frozenset(
        {
            "fatalities",
            "child_labour_cases",
            "forced_labour_cases",
            "hr_due_diligence_yn",
            "ghg_scope1_t",
            "ghg_scope2_location_t",
            "freshwater_withdrawal_m3",
            "grievances_received",
        }
    ),
    MappingProxyType(
        {
            "Cu": frozenset(
                {
                    "pcf_cathode_g_per_kg",
                    "tailings_facilities_count",
                    "tailings_gistm_conformant_count",
                }
            ),
            "Li": frozenset({"water_consumed_m3", "wells_monitored"}) | _SOCIAL,
            **dict.fromkeys(
                ("Ag", "Al", "Au", "Co", "Fe", "Mn", "Mo", "Ni", "Pb", "Re", "Sn", "Zn"),
                _NOTHING_MORE,
            ),
            "K": _NOTHING_MORE,
        }
    ),
)
"""What Veta asks where a consortium has not decided otherwise. Lithium comes from salt flats with
people around them: its community leaves, and those of consultation, are never hidden."""


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What a disclosure shows, what it hides, and whether that is allowed."""

    opened: Mapping[str, IndicatorValue]
    """Values by name, checked against the root, in the order of the catalogue."""
    hidden: tuple[str, ...]
    """Names of every leaf that was not opened; their number is its length."""
    mandatory: tuple[str, ...]
    """What the policies ask."""
    mandatory_hidden: tuple[str, ...]
    mandatory_not_stated: tuple[str, ...]
    """Opened, and without a value: shown to be not shown."""
    policies: tuple[str, ...]

    @property
    def completeness(self) -> Completeness:
        """COMPLETE only if every mandatory leaf is open and has a value."""
        is_open = not (self.mandatory_hidden or self.mandatory_not_stated)
        return Completeness.COMPLETE if is_open else Completeness.INCOMPLETE

    @property
    def code(self) -> str:
        """Stable code of the finding."""
        if self.mandatory_hidden:
            return "disclosure.mandatory_hidden"
        return (
            "disclosure.mandatory_not_stated"
            if self.mandatory_not_stated
            else ("disclosure.complete")
        )

    @property
    def sentence(self) -> str:
        """The finding for a person; what is hidden is said in every case."""
        hidden = (
            f"{len(self.hidden)} of {len(self.opened) + len(self.hidden)} indicators are hidden"
        )
        open_questions = (*self.mandatory_hidden, *self.mandatory_not_stated)
        if open_questions:
            return (
                f"{hidden}; of these or without a value, though asked: {', '.join(open_questions)}"
            )
        return f"{hidden}, none of which {', '.join(self.policies)} asks for"

    @property
    def facts(self) -> dict[str, int | tuple[str, ...]]:
        """What the finding rests on, for a report."""
        return {
            "opened": tuple(self.opened),
            "hidden_count": len(self.hidden),
            "hidden": self.hidden,
            "mandatory_hidden": self.mandatory_hidden,
            "mandatory_not_stated": self.mandatory_not_stated,
            "policies": self.policies,
        }


def judge_indicators(
    head: IndicatorHead,
    leaves: Iterable[OpenedLeaf],
    *,
    materials: Iterable[str],
    policies: Iterable[MandatoryPolicy] = (DEFAULT_POLICY,),
) -> Disclosed:
    """Check opened leaves, and hold what is hidden against what has to be seen.

    Args:
        head: from a statement whose signature and anchor were checked.
        leaves: as handed over.
        materials: symbols of every metal of the lot.
        policies: of the consortium, a scheme, a buyer; what any of them asks is asked, so none can
            be softened by another.

    Raises:
        InputError: as ``check_leaves``; ``disclosure.material_unknown``; ``disclosure.no_policy``.
        VerificationError: as ``check_leaves``.
    """
    asked = tuple(policies)
    if not asked:
        raise InputError("disclosure.no_policy", "what may be hidden is for a policy to say")
    symbols = tuple(materials)
    names = frozenset[str]().union(*(policy.mandatory(symbols) for policy in asked))
    opened = check_leaves(head, leaves)
    mandatory = tuple(item.name for item in INDICATORS if item.name in names)
    return Disclosed(
        opened=MappingProxyType(opened),
        hidden=tuple(item.name for item in INDICATORS if item.name not in opened),
        mandatory=mandatory,
        mandatory_hidden=tuple(name for name in mandatory if name not in opened),
        mandatory_not_stated=tuple(
            name for name in mandatory if name in opened and opened[name] is None
        ),
        policies=tuple(policy.policy_id for policy in asked),
    )


def missing_claims(disclosed: DisclosedClaims, required: Iterable[str]) -> tuple[str, ...]:
    """Which of the places that a document must show are hidden, or null, in what was disclosed.

    Args:
        disclosed: a verified SD-JWT.
        required: JSON pointers, by the schema of the document and the reader's policy.

    Returns:
        Those that are missing, in order; with any, the document is INCOMPLETE.

    Raises:
        InputError: ``disclosure.pointer_malformed``.
    """
    return tuple(pointer for pointer in required if not _is_shown(disclosed.claims, pointer))


def _is_shown(claims: dict[str, JsonValue], pointer: str) -> bool:
    try:
        return find(claims, pointer)[1] is not None
    except InputError as error:
        if error.code != "disclosure.pointer_unknown":
            raise
        return False
