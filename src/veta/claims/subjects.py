"""What a claim is about: a company, a site, a lot or a country. They are never taken for another.

A company that pledges, and a country that implements a standard, have said nothing about a lot: the
classes are kept apart (DOMAIN rows S27 and S35; Directive 2005/29/EC as amended by (EU) 2024/825,
Annex I point 4b: a claim about the whole that is true of a part only).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from veta.claims.languages import Language
from veta.errors import InputError, VerificationError


class SubjectKind(enum.StrEnum):
    """Kinds of subjects."""

    COMPANY = "company"
    SITE = "site"
    LOT = "lot"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Subject:
    """One company, site, lot or country, by its identifier in the registry."""

    kind: SubjectKind
    identifier: str


def kind_of(slug: str) -> SubjectKind:
    """The kind of its word in data.

    Raises:
        InputError: ``claims.unknown_subject``.
    """
    try:
        return SubjectKind(slug)
    except ValueError as error:
        raise InputError("claims.unknown_subject", "no company, site, lot or country") from error


def require_subject(stated_of: Subject, claimed_for: Subject) -> None:
    """A claim is made for the subject that its evidence is about, and for no other.

    Raises:
        VerificationError: ``claims.other_subject`` of another kind, ``claims.other_site`` of
            another site, ``claims.other_identifier`` of another of the same kind.
    """
    if stated_of.kind is not claimed_for.kind:
        raise VerificationError(
            "claims.other_subject",
            f"evidence about a {stated_of.kind.value} is no claim about a {claimed_for.kind.value}",
        )
    if stated_of.identifier != claimed_for.identifier:
        site = stated_of.kind is SubjectKind.SITE
        raise VerificationError(
            "claims.other_site" if site else "claims.other_identifier",
            f"the evidence is about another {stated_of.kind.value}",
        )


_ONLY: Final[Mapping[Language, Mapping[SubjectKind, str]]] = {
    Language.ENGLISH: {
        SubjectKind.COMPANY: "company commitment only: says nothing about this lot",
        SubjectKind.SITE: "about the site: says nothing about this lot by itself",
        SubjectKind.LOT: "about this lot",
        SubjectKind.COUNTRY: "status of the country only: says nothing about this lot",
    },
    Language.SPANISH: {
        SubjectKind.COMPANY: "solo compromiso de la empresa: no dice nada de este lote",
        SubjectKind.SITE: "sobre la faena: por sí solo no dice nada de este lote",
        SubjectKind.LOT: "sobre este lote",
        SubjectKind.COUNTRY: "solo situación del país: no dice nada de este lote",
    },
    Language.GERMAN: {
        SubjectKind.COMPANY: "nur Zusage des Unternehmens: sagt nichts über dieses Los",
        SubjectKind.SITE: "über den Standort: sagt für sich nichts über dieses Los",
        SubjectKind.LOT: "über dieses Los",
        SubjectKind.COUNTRY: "nur Status des Landes: sagt nichts über dieses Los",
    },
}


def scope_of_lot(
    assessed: Iterable[Subject], *, lot: str, sites: frozenset[str]
) -> SubjectKind | None:
    """How near to a lot the nearest evidence comes.

    Args:
        assessed: subjects that there is evidence about.
        lot: identifier of the lot that is looked at.
        sites: all sites that its metal comes from; a part of them is not enough.

    Returns:
        The lot itself; else site, if all of its sites were assessed; else company, else country;
        None without evidence.
    """
    found = set(assessed)
    kinds = {subject.kind for subject in found}
    if Subject(SubjectKind.LOT, lot) in found:
        return SubjectKind.LOT
    if sites and all(Subject(SubjectKind.SITE, site) in found for site in sites):
        return SubjectKind.SITE
    nearest = (SubjectKind.COMPANY, SubjectKind.COUNTRY)
    return next((kind for kind in nearest if kind in kinds), None)


def scope_words(kind: SubjectKind, language: Language) -> str:
    """How a page about a lot introduces evidence about a subject of this kind."""
    return _ONLY[language][kind]
