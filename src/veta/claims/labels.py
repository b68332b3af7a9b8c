"""A label is a licence: whether it is alive is asked anew at every look.

State in, outcome out; nothing is remembered between looks, so a licence that is withdrawn is dead
everywhere from the first look after the withdrawal was recorded. What could not be asked is no yes.
Status entries are those of the chain (``IAssurance.RecordAction``): a withdrawal counts from its
effective time, a void from ever, a suspension until it is lifted.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from veta.claims.grammar import ClaimTerms, sentence
from veta.claims.languages import Language
from veta.errors import InputError
from veta.model.assurance_events import RecordAction


class LabelState(enum.StrEnum):
    """What a label is at one look."""

    LIVE = "live"
    EXPIRED = "expired"
    """It held when it was issued and has run out: shown with that notice."""
    NOT_YET = "not_yet"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    UNKNOWN_LICENCE = "unknown_licence"
    """The chain has no such licence."""
    NOT_DETERMINED = "not_determined"
    """The chain could not be asked, or its answer is too old."""


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """One entry of a licence's status list."""

    action: RecordAction
    effective_s: int
    recorded_s: int


@dataclass(frozen=True, slots=True)
class LicenceStanding:
    """What the chain says of a licence, as of one of its blocks."""

    licence: str
    exists: bool
    entries: tuple[StatusEntry, ...]
    as_of_s: int
    """Time of the block that was read."""


@dataclass(frozen=True, slots=True)
class Look:
    """The outcome of one look.

    Attributes:
        sentence: what may be shown; None where nothing may.
        notice: in the reader's language; None for a label that lives.
        code: ``claims.label_live`` and so on, one for each state.
    """

    state: LabelState
    sentence: str | None
    notice: str | None
    as_of_s: int | None

    @property
    def code(self) -> str:
        """Stable, one for each state."""
        return f"claims.label_{self.state.value}"


_NOTICES: Final[Mapping[Language, Mapping[LabelState, str]]] = {
    Language.ENGLISH: {
        LabelState.EXPIRED: "The licence was valid when the label was issued; it has since ended.",
        LabelState.NOT_YET: "The licence is not valid yet.",
        LabelState.SUSPENDED: "The licence is suspended: this label says nothing now.",
        LabelState.WITHDRAWN: "The licence was withdrawn: this label is void.",
        LabelState.UNKNOWN_LICENCE: "No such licence is known: this label says nothing.",
        LabelState.NOT_DETERMINED: "The licence could not be checked: this is neither yes nor no.",
    },
    Language.SPANISH: {
        LabelState.EXPIRED: "La licencia era válida al emitir la etiqueta; después terminó.",
        LabelState.NOT_YET: "La licencia todavía no es válida.",
        LabelState.SUSPENDED: "La licencia está suspendida: esta etiqueta no dice nada ahora.",
        LabelState.WITHDRAWN: "La licencia fue retirada: esta etiqueta es nula.",
        LabelState.UNKNOWN_LICENCE: "No se conoce tal licencia: esta etiqueta no dice nada.",
        LabelState.NOT_DETERMINED: "No se pudo comprobar la licencia: no es ni sí ni no.",
    },
    Language.GERMAN: {
        LabelState.EXPIRED: "Die Lizenz galt, als das Label ausgestellt wurde; sie ist abgelaufen.",
        LabelState.NOT_YET: "Die Lizenz gilt noch nicht.",
        LabelState.SUSPENDED: "Die Lizenz ruht: Dieses Label sagt zurzeit nichts.",
        LabelState.WITHDRAWN: "Die Lizenz wurde entzogen: Dieses Label ist ungültig.",
        LabelState.UNKNOWN_LICENCE: "Eine solche Lizenz ist nicht bekannt: Das Label sagt nichts.",
        LabelState.NOT_DETERMINED: "Die Lizenz war nicht prüfbar: Das ist weder ja noch nein.",
    },
}
_WORST_FIRST: Final = (
    LabelState.WITHDRAWN,
    LabelState.UNKNOWN_LICENCE,
    LabelState.SUSPENDED,
    LabelState.NOT_DETERMINED,
    LabelState.NOT_YET,
    LabelState.EXPIRED,
)


def notice(state: LabelState, language: Language) -> str:
    """What a reader is told of a label in a state; empty of one that lives."""
    return _NOTICES[language].get(state, "")


def look(
    terms: ClaimTerms,
    standings: Mapping[str, LicenceStanding],
    language: Language,
    *,
    at_s: int,
    max_age_s: int,
) -> Look:
    """What a label shows to somebody who looks at it now.

    Args:
        terms: of the claim on the label.
        standings: by licence, as the chain answers; a licence that is missing was not asked.
        language: of the reader.
        at_s: time of the look, Unix seconds.
        max_age_s: oldest block that still tells a licence's standing.

    Raises:
        InputError: ``claims.no_licence`` for terms without one; as ``sentence``.
    """
    if not terms.licences:
        raise InputError("claims.no_licence", "a label without a licence is none")
    found = {
        state_of(standings.get(name), at_s=at_s, max_age_s=max_age_s) for name in terms.licences
    }
    if at_s < terms.window.from_s:
        found.add(LabelState.NOT_YET)
    if at_s >= terms.window.until_s:
        found.add(LabelState.EXPIRED)
    state = next((each for each in _WORST_FIRST if each in found), LabelState.LIVE)
    shown = state in {LabelState.LIVE, LabelState.EXPIRED}
    blocks = [standings[name].as_of_s for name in terms.licences if name in standings]
    return Look(
        state=state,
        sentence=sentence(terms, language) if shown else None,
        notice=_NOTICES[language].get(state),
        as_of_s=min(blocks, default=None),
    )


def state_of(standing: LicenceStanding | None, *, at_s: int, max_age_s: int) -> LabelState:
    """State of one licence by its status list alone, its window not counted.

    A withdrawal that an old block already tells is one; that nothing is told by an old block, or by
    a block after the look, tells nothing.
    """
    if standing is None:
        return LabelState.NOT_DETERMINED
    suspended = False
    for entry in sorted(standing.entries, key=lambda each: each.recorded_s):
        if entry.action is RecordAction.VOID:
            return LabelState.WITHDRAWN
        if entry.effective_s > at_s:
            continue
        if entry.action is RecordAction.WITHDRAW:
            return LabelState.WITHDRAWN
        suspended = entry.action is RecordAction.SUSPEND or (
            suspended and entry.action is not RecordAction.LIFT
        )
    if suspended:
        return LabelState.SUSPENDED
    if not 0 <= at_s - standing.as_of_s <= max_age_s:
        return LabelState.NOT_DETERMINED
    return LabelState.LIVE if standing.exists else LabelState.UNKNOWN_LICENCE
