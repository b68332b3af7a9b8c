"""The answer about a lot's label as a document, with what it rests on and by whose word."""

from __future__ import annotations

from typing import Any, Final

from veta.claims.grammar import ClaimTerms
from veta.claims.languages import Language
from veta.custody.models import RULES
from veta.model.lots import CustodyModel
from veta.services.claims import ClaimAnswer, ClaimBasis
from veta.services.claims_licences import BY_CHAIN, BY_FILE
from veta.services.claims_schemes import SourceNow
from veta.services.run_file import word_of
from veta.verify.report import Report
from veta.verify.verdict import Outcome

_LICENCES: Final = (
    "a licence is the word of whoever made the licence file: it is no anchored statement, so nobody"
    " can see here whether it was withdrawn"
)
_SCHEME_BY: Final = {
    "file": "that scheme {scheme} of the chain ({registered}) is {slug} is the word of a file",
    "registered-name": "that scheme {scheme} of the chain is {slug} follows from its registered"
    " name, {registered}",
}


def answer_json(answer: ClaimAnswer, language: Language) -> dict[str, Any]:
    """The answer, what it was judged by, and what of that no chain shows."""
    report = answer.report
    whole = report.to_json()
    return {
        "answer": answer.outcome.value,
        "sentence": answer.sentence,
        "language": language.value,
        "code": answer.code,
        "reason": answer.reason,
        "verdict": report.verdict.value,
        "about": whole["about"],
        "asOf": whole["as_of"],
        "terms": None if answer.terms is None else _terms(answer.terms),
        "basis": _basis(answer.basis),
        "grade": {
            "lot": "chain",
            "certificates": "chain",
            "licences": _licences_by(answer),
            "schemes": sorted({each.by for each in answer.basis.schemes}),
        },
        "restsOn": _rests_on(answer),
        "notices": _notices(report),
    }


def _terms(terms: ClaimTerms) -> dict[str, Any]:
    first, last = terms.window.words(Language.ENGLISH)
    return {
        "lot": terms.lot,
        "model": _model(terms.model),
        "sharePpm": terms.share_ppm,
        "marks": [
            {"scheme": each.scheme, "name": each.name, "level": each.level} for each in terms.marks
        ],
        "siteNames": list(terms.site_names),
        "place": terms.place,
        "licences": list(terms.licences),
        "validFrom": terms.window.from_s,
        "validUntil": terms.window.until_s,
        "validDays": [first, last],
    }


def _basis(basis: ClaimBasis) -> dict[str, Any]:
    return {
        "programme": basis.programme,
        "substance": basis.substance,
        "sharePpm": basis.share_ppm,
        "models": [_model(each) for each in basis.models],
        "sources": [_source(each) for each in basis.sources],
        "leftOut": [
            {"certificate": each.certificate, "code": each.code, "reason": each.reason}
            for each in basis.left_out
        ],
        "schemes": [
            {"scheme": each.scheme, "slug": each.slug, "by": each.by} for each in basis.schemes
        ],
        "licences": [
            {
                "licence": each.identifier,
                "by": each.by,
                "scheme": each.slug,
                "counts": each.licence is not None,
                "state": each.state.value if each.by == BY_CHAIN else None,
                "code": each.code or None,
                "reason": each.reason or None,
            }
            for each in basis.licences
        ],
    }


def _licences_by(answer: ClaimAnswer) -> str | None:
    """Whose word the licences are that the sentence needs; without one, those at hand."""
    terms = answer.terms
    by = {
        each.by
        for each in answer.basis.licences
        if terms is None or each.identifier in terms.licences
    }
    return BY_FILE if BY_FILE in by else BY_CHAIN if by else None


def _source(found: SourceNow) -> dict[str, Any]:
    source = found.source
    return {
        "site": int(source.site),
        "siteName": source.site_name,
        "producedFrom": source.produced_from_s,
        "producedTo": source.produced_until_s,
        "certificates": [
            {
                "certificate": int(each.identifier),
                "scheme": each.scheme,
                "level": each.level,
                "from": each.window.from_s,
                "until": each.window.until_s,
            }
            for each in source.certificates
        ],
    }


def _rests_on(answer: ClaimAnswer) -> list[str]:
    """What of a sentence no chain shows; a refusal rests on nothing but what it names."""
    if answer.terms is None:
        return []
    named = [
        _SCHEME_BY[each.by].format(scheme=each.scheme, slug=each.slug, registered=each.registered)
        for each in answer.basis.schemes
    ]
    return [*([_LICENCES] if _licences_by(answer) == BY_FILE else []), *named]


def _notices(report: Report) -> list[str]:
    return [each.sentence for each in report.checks if each.outcome is Outcome.NOTICE]


def _model(model: CustodyModel) -> str:
    return RULES[model].slug if model in RULES else word_of(model)
