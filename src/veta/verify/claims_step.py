"""Step 11: what a passport says in words, and what the chain allows to be said of its lot.

    words       no generic, offset or future claim in the passport's free texts (EU 2024/825)
    supported   for each programme whose credit the lot carries: the model and the share that a
                claim may name, once lineage and assurance are shown

The sentence itself is built by ``veta.claims.grammar`` from what is supported, and never taken from
a document. Whether a label may be shown is its licence's to say; no licence is looked at here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from veta.claims import shipped
from veta.claims.lexicon import WordList
from veta.claims.words import MAX_TEXT, WordContext, WordFinding, find_words
from veta.custody.columns import Sums, column_of, of_kind, sums_of
from veta.custody.models import RULES, weakest
from veta.errors import InputError
from veta.model.anchoring import BatchKind
from veta.model.columns import ColumnKey, ColumnKind, metal_key
from veta.model.disclosure import LotPart
from veta.model.lots import CustodyModel
from veta.statement.credential import Credential
from veta.verify.assurance_codes import DOCUMENTS
from veta.verify.lineage_step import Lineage
from veta.verify.verdict import Check, FactValue, Outcome, Step

OUTCOMES: Final[Mapping[str, Outcome]] = {
    "claims.words_clear": Outcome.PASSED,
    "claims.forbidden_word": Outcome.FAILED,
    "claims.text_not_read": Outcome.NOTICE,
    "claims.lot_not_disclosed": Outcome.NOT_PROVEN,
    "claims.lineage_open": Outcome.NOT_PROVEN,
    "claims.assurance_open": Outcome.NOT_PROVEN,
    "claims.none_supported": Outcome.PASSED,
    "claims.supported": Outcome.PASSED,
}
"""What each finding comes to, by its code."""
_PPM: Final = 1_000_000
_OVERLAP: Final = 200
_OPEN: Final = (Outcome.FAILED, Outcome.NOT_PROVEN, Outcome.NOT_DETERMINED)


def found(code: str, sentence: str, **facts: FactValue) -> Check:
    """A finding of step 11; the outcome is the table's."""
    return Check(Step.CLAIMS, OUTCOMES[code], code, sentence, facts)


def check_words(credential: Credential, words: WordList | None = None) -> list[Check]:
    """Whether a passport's free texts say what may not be said.

    Args:
        credential: of any kind. Only a passport's texts speak of goods; a certificate may name a
            scheme in any words.
        words: the list to go by; default: the one that ships with the package.
    """
    if credential.kind is not BatchKind.PASSPORT:
        return []
    checks: list[Check] = []
    for place, text in _texts(credential.subject):
        checks += _findings(place, text, words)
    if not checks:
        checks.append(found("claims.words_clear", "no word in it that a label may not carry"))
    return checks


def check_claims(
    part: LotPart | None, lineage: Lineage | None, assurance: Iterable[Check]
) -> list[Check]:
    """What may be claimed of a lot.

    Args:
        part: the lot, well-formed; ``None`` if none is disclosed.
        lineage: what step 9 found of it.
        assurance: what step 10 found of it.
    """
    if part is None or lineage is None:
        sentence = "no lot is disclosed, so nothing tells what may be claimed of it"
        return [found("claims.lot_not_disclosed", sentence)]
    held = sums_of(part.columns, part.quantities)
    credits_ = [key for key in of_kind(held, ColumnKind.CREDIT) if held[key]]
    if not credits_:
        sentence = "the lot carries no credit: no programme may be named with it"
        return [found("claims.none_supported", sentence)]
    if not lineage.complete:
        sentence = "what may be claimed follows from where the lot came from, which is not shown"
        return [found("claims.lineage_open", sentence)]
    if any(check.outcome in _OPEN for check in assurance if check.code not in DOCUMENTS):
        sentence = "what may be claimed rests on certificates that are not shown to hold"
        return [found("claims.assurance_open", sentence)]
    model = _weakest_on_the_way(part, lineage)
    return [_supported(key, held, model) for key in credits_]


def _weakest_on_the_way(part: LotPart, lineage: Lineage) -> CustodyModel:
    models = [part.batch.header.model]
    models += [take.batch.header.model for run in lineage.walk.runs for take in run.takes]
    return weakest(models)


def _supported(key: ColumnKey, held: Sums, model: CustodyModel) -> Check:
    column, rule = column_of(key), RULES[model]
    metal = held.get(metal_key(column.substance), 0)
    share_ppm = held[key] * _PPM // metal if metal else 0
    return found(
        "claims.supported",
        f"{rule.slug}, {share_ppm} ppm of the metal by programme {column.qualifier}: a label may"
        f" say “{rule.claim}”",
        programme=column.qualifier,
        substance=column.substance,
        model=rule.slug,
        share_ppm=share_ppm,
    )


@lru_cache(maxsize=1_024)
def _shipped_hits(text: str) -> tuple[WordFinding, ...] | InputError:
    """Passports of one producer say much the same: reading a text costs as much as a signature."""
    return _hits(text, shipped.words())


def _hits(text: str, words: WordList) -> tuple[WordFinding, ...] | InputError:
    try:
        return find_words(text, WordContext(), words)
    except InputError as error:
        return error


def _findings(place: str, text: str, words: WordList | None) -> Iterator[Check]:
    hits = _shipped_hits(text) if words is None else _hits(text, words)
    if isinstance(hits, InputError):
        sentence = f"{place} was not checked for words that may not stand: {hits.message}"
        yield found("claims.text_not_read", sentence, place=place, reason=hits.code)
        return
    for hit in hits:
        yield found(
            "claims.forbidden_word",
            f"{place} says “{hit.excerpt}”, which may not be said of goods: {hit.rule.source}",
            place=place,
            word=hit.excerpt,
            rule=hit.code,
        )


def _texts(subject: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts that speak of goods, and where they stand."""
    yield from _named(subject, "the product")
    performances = subject.get("performanceClaim")
    for each in performances if isinstance(performances, list | tuple) else ():
        if isinstance(each, Mapping):
            yield from _named(each, "a performance claim")


def _named(record: Mapping[str, Any], what: str) -> Iterator[tuple[str, str]]:
    for member in ("name", "description"):
        text = record.get(member)
        if isinstance(text, str):
            # A word that a cut would halve stands whole in the next piece.
            for start in range(0, len(text), MAX_TEXT - _OVERLAP):
                yield f"{what}'s {member}", text[start : start + MAX_TEXT]
