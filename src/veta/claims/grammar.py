"""A claim's sentence is built from what the chain knows; nobody hands it in.

``judge`` makes the terms of a claim from models, certificates and licences, or refuses;
``sentence`` writes terms in a language. The weakest model and the lowest level win (ISO 22095,
mixed chains); a mark is shown only if every certified source carries it and a licence of the
claiming site covers it.

Not checked here: that certificates and licences are on the chain and in force (``Assurance``), that
the share is covered by credit (the lot book, law 3), and whether a label is still alive when it is
looked at (``veta.claims.labels``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Final

from veta.claims import wording
from veta.claims.languages import WHOLE_PPM, Language, language_of, listed, share
from veta.claims.lexicon import WordList
from veta.claims.schemes import SchemeCatalogue
from veta.claims.windows import Window
from veta.claims.words import require_name
from veta.custody.models import lowest_level, weakest
from veta.errors import InputError, VerificationError
from veta.model.lots import CustodyModel

MAX_SOURCES: Final = 64
_TEXT_FIELDS: Final = frozenset(
    {
        *("claim", "claim_text", "claimtext", "label", "label_text", "labeltext"),
        *("sentence", "slogan", "statement", "text", "wording"),
    }
)


_NAMES_ORIGIN: Final = frozenset({CustodyModel.IDENTITY_PRESERVED, CustodyModel.SEGREGATED})


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certification body said of one site."""

    identifier: str
    scheme: str
    level: str
    site: str
    window: Window


@dataclass(frozen=True, slots=True)
class Source:
    """Certified metal of one site that stands behind the claim, and when it was produced."""

    site: str
    site_name: str
    produced_from_s: int
    produced_until_s: int
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class Licence:
    """Leave to show a scheme's mark on what a site makes under some models, for a time."""

    identifier: str
    scheme: str
    site: str
    models: frozenset[CustodyModel]
    window: Window


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """All that a claim follows from.

    Attributes:
        models: chain-of-custody model of every step, the lot's own included.
        share_ppm: certified metal of all metal in the lot, ppm, rounded down; under mass balance
            the credit that lies on the lot.
        site: where the claim is made: the site whose licences count.
        substance: symbol of the metal; empty for any other.
        issued_s: when the label is issued, Unix seconds.
    """

    lot: str
    models: tuple[CustodyModel, ...]
    share_ppm: int
    sources: tuple[Source, ...]
    site: str
    site_name: str
    licences: tuple[Licence, ...]
    substance: str
    issued_s: int


@dataclass(frozen=True, slots=True)
class Mark:
    """One scheme's mark on one lot, at the lowest level of what went in."""

    scheme: str
    name: str
    level: str

    @property
    def words(self) -> str:
        """Scheme and level, the scheme's name not twice."""
        return self.level if self.level.startswith(self.name) else f"{self.name} {self.level}"


@dataclass(frozen=True, slots=True)
class ClaimTerms:
    """A claim that may be made, in no language yet. Made by ``judge`` only."""

    lot: str
    model: CustodyModel
    marks: tuple[Mark, ...]
    share_ppm: int | None
    """None under book and claim: the goods contain nothing that is known."""
    site_names: tuple[str, ...]
    """Origins, where the model names them."""
    place: str
    substance: str
    window: Window
    licences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What a client may ask for: a lot, marks, a language. Never words."""

    lot: str
    schemes: tuple[str, ...]
    language: Language


def read_request(request: Mapping[str, object]) -> ClaimRequest:
    """A client's request for a label.

    Raises:
        InputError: ``claims.text_supplied`` where it brings a text of its own,
            ``claims.unknown_field``, ``claims.request``, ``claims.unknown_language``.
    """
    for name in request:
        if name.lower().replace("-", "_") in _TEXT_FIELDS:
            raise InputError(
                "claims.text_supplied", "a claim's words are built from the chain, not handed in"
            )
        if name not in {"lot", "schemes", "language"}:
            raise InputError("claims.unknown_field", f"unknown field {name[:40]!r}")
    lot, schemes = request.get("lot"), request.get("schemes", [])
    language = request.get("language", "en")
    if not isinstance(lot, str) or not lot or not isinstance(language, str):
        raise InputError("claims.request", "a label is asked for by lot and language")
    if not isinstance(schemes, list) or not all(isinstance(each, str) for each in schemes):
        raise InputError("claims.request", "schemes are a list of their names")
    return ClaimRequest(lot, tuple(schemes), language_of(language))


def judge(
    facts: ClaimFacts,
    catalogue: SchemeCatalogue,
    words: WordList,
    *,
    schemes: tuple[str, ...] = (),
) -> ClaimTerms:
    """The terms of the claim that a lot may carry.

    Args:
        facts: from the chain.
        catalogue: schemes and their levels.
        words: what no name may say.
        schemes: marks that are asked for; none: every common mark with a licence.

    Raises:
        InputError: ``claims.no_model``, ``claims.sources``, ``claims.share_range``,
            ``claims.unknown_scheme``, ``claims.unknown_level``, ``claims.day_edge``,
            ``claims.name_*``, ``claims.word_*``.
        VerificationError: ``claims.no_share``, ``claims.share_below_model``, ``claims.origins``,
            ``claims.other_site``, ``claims.certificate_not_in_force``, ``claims.no_common_mark``,
            ``claims.not_a_certification``, ``claims.not_licensed``,
            ``claims.model_not_licensed``, ``claims.licence_not_in_force``.
    """
    model = weakest(facts.models)
    _require_model(model, facts)
    common = _common_levels(facts.sources, catalogue)
    wanted = dict.fromkeys(schemes or _licensed(facts, common))
    licences = [_licence(facts, model, scheme, common, catalogue) for scheme in wanted]
    names = _site_names(facts, words)
    return ClaimTerms(
        lot=facts.lot,
        model=model,
        marks=tuple(Mark(each, catalogue.scheme(each).name, common[each]) for each in wanted),
        share_ppm=None if model is CustodyModel.BOOK_AND_CLAIM else facts.share_ppm,
        site_names=names if model in _NAMES_ORIGIN else (),
        place=facts.site_name,
        substance=facts.substance,
        window=reduce(Window.both, (each.window for each in licences)),
        licences=tuple(each.identifier for each in licences),
    )


def sentence(terms: ClaimTerms, language: Language) -> str:
    """The claim in words, with the validity of its licence.

    Raises:
        InputError: ``claims.content_word`` where a name smuggles content into a model that knows
            none.
    """
    metals = wording.METALS[language]
    first, last = terms.window.words(language)
    model, said = terms.model, terms.share_ppm
    body = wording.SENTENCES[language][model].format(
        all=share(WHOLE_PPM, language),
        share="" if said is None else share(said, language),
        metal=metals.get(terms.substance, metals[""]),
        sites=listed(terms.site_names, language),
        place=terms.place,
        marks=listed([mark.words for mark in terms.marks], language),
    )
    if model in wording.WITHOUT_CONTENT:
        words = {word.strip(".,:;()").casefold() for word in body.split()}
        if words & wording.CONTENT_WORDS:
            raise InputError("claims.content_word", "this model cannot say what goods contain")
    return f"{body} {wording.VALIDITY[language].format(first=first, last=last)}"


def _require_model(model: CustodyModel, facts: ClaimFacts) -> None:
    if model not in wording.SENTENCES[Language.ENGLISH]:
        raise InputError("claims.no_model", "no chain-of-custody model: no claim")
    if not 0 < len(facts.sources) <= MAX_SOURCES:
        raise InputError("claims.sources", f"a claim rests on 1 to {MAX_SOURCES} sources")
    share(facts.share_ppm, Language.ENGLISH)
    if facts.share_ppm == 0:
        raise VerificationError("claims.no_share", "nothing in this lot is certified")
    whole = facts.share_ppm == WHOLE_PPM
    if model in _NAMES_ORIGIN and not whole:
        raise VerificationError(
            "claims.share_below_model", "identity preserved and segregated goods are all certified"
        )
    origins = {source.site for source in facts.sources}
    if model is CustodyModel.IDENTITY_PRESERVED and len(origins) != 1:
        raise VerificationError("claims.origins", "a second origin: segregated at best")


def _licensed(facts: ClaimFacts, common: Mapping[str, str]) -> list[str]:
    """Common schemes that a licence is held for; all of them where none is."""
    held = {licence.scheme for licence in facts.licences}
    return sorted(held & set(common)) or sorted(common)


def _site_names(facts: ClaimFacts, words: WordList) -> tuple[str, ...]:
    """Names of the origins, each once; they and the claiming site's are names and nothing more."""
    names = tuple(sorted({source.site_name for source in facts.sources}))
    for name in (*names, facts.site_name):
        require_name(name, words)
    return names


def _common_levels(sources: tuple[Source, ...], catalogue: SchemeCatalogue) -> dict[str, str]:
    """By scheme that every source carries, the lowest level of them all."""
    carried = [_levels_of(source, catalogue) for source in sources]
    common = set.intersection(*(set(levels) for levels in carried))
    if not common:
        raise VerificationError("claims.no_common_mark", "no mark covers every certified source")
    return {
        scheme: catalogue.scheme(scheme).levels[
            lowest_level(levels[scheme] for levels in carried) - 1
        ]
        for scheme in common
    }


def _levels_of(source: Source, catalogue: SchemeCatalogue) -> dict[str, int]:
    """By scheme, the lowest level under which a source was certified when it produced."""
    levels: dict[str, int] = {}
    for certificate in source.certificates:
        rank = catalogue.rank(certificate.scheme, certificate.level)
        if certificate.site != source.site:
            raise VerificationError(
                "claims.other_site", f"certificate {certificate.identifier} is for another site"
            )
        if certificate.window.covers(source.produced_from_s, source.produced_until_s):
            levels[certificate.scheme] = min(rank, levels.get(certificate.scheme, rank))
    if not levels:
        raise VerificationError(
            "claims.certificate_not_in_force",
            "no certificate of a source was in force for all of its production",
        )
    return levels


def _licence(
    facts: ClaimFacts,
    model: CustodyModel,
    scheme: str,
    common: Mapping[str, str],
    catalogue: SchemeCatalogue,
) -> Licence:
    """The licence under which a scheme's mark stands on this lot."""
    if not catalogue.scheme(scheme).certification:
        raise VerificationError(
            "claims.not_a_certification", f"nobody certifies goods under {scheme}"
        )
    if scheme not in common:
        raise VerificationError("claims.no_common_mark", f"{scheme} does not cover every source")
    held = [each for each in facts.licences if each.scheme == scheme]
    if not held:
        raise VerificationError("claims.not_licensed", f"no licence to show {scheme}")
    here = [each for each in held if each.site == facts.site]
    if not here:
        raise VerificationError("claims.other_site", f"the licence for {scheme} is another site's")
    covering = [each for each in here if model in each.models]
    if not covering:
        raise VerificationError(
            "claims.model_not_licensed", f"the licence for {scheme} does not cover this model"
        )
    for each in covering:
        each.window.require_days()
        if each.window.holds_at(facts.issued_s):
            return each
    raise VerificationError(
        "claims.licence_not_in_force", f"the licence for {scheme} is not in force when issued"
    )
