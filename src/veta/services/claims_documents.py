"""Words, profiles, crosswalk and criteria as documents: what the core finds, for every face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from veta.claims.criteria import Assessment, AssessmentReport, report
from veta.claims.crosswalk import Crosswalk, Evidence, Reading, ViewLine, require_claim
from veta.claims.indicators import IndicatorCatalogue
from veta.claims.lexicon import WordList
from veta.claims.policies import Decision, Policy
from veta.claims.profiles import Profile, ProfileAnswer, answer
from veta.claims.schemes import SchemeCatalogue
from veta.claims.subjects import Subject
from veta.claims.words import WordContext, find_words
from veta.errors import InputError, VerificationError
from veta.model.criteria import CriterionResult
from veta.services.claims_files import SubjectValues

_SCRIPT: Final = "claims.mixed_script"


def words_json(text: str, context: WordContext, words: WordList) -> dict[str, Any]:
    """Every word of a text that may not stand, with source and remedy; none: it may.

    Raises:
        InputError: as ``find_words``, but that a text in letters of another script is a finding.
    """
    try:
        found = [
            {
                "text": each.excerpt,
                "readsAs": each.term,
                "code": each.code,
                "source": each.rule.source,
                "checked": each.rule.checked,
                "remedy": each.rule.fix,
            }
            for each in find_words(text, context, words)
        ]
    except InputError as error:
        if error.code != _SCRIPT:
            raise
        found = [{"text": text, "code": error.code, "source": error.message, "remedy": ""}]
    return {"listVersion": words.version, "clear": not found, "findings": found}


def profiles_json(profiles: Sequence[Profile], *, at_s: int) -> dict[str, Any]:
    """Profiles, and what each version does at a moment."""
    return {
        "profiles": [
            {
                "name": each.name,
                "version": each.version,
                "kind": each.kind.value,
                "title": each.title,
                "countries": list(each.countries),
                "lines": len(each.lines),
                "linesChecked": sum(line.checked for line in each.lines),
                "mode": each.dates.mode(at_s).value,
                "reportFrom": each.dates.report_from_s,
                "enforceFrom": each.dates.enforce_from_s,
            }
            for each in profiles
        ]
    }


def profile_json(
    profiles: Sequence[Profile],
    name: str,
    found: SubjectValues,
    catalogue: IndicatorCatalogue,
    lists: Mapping[str, frozenset[str]],
    *,
    at_s: int,
) -> dict[str, Any]:
    """A profile's lines about one subject, and what its policy makes of them at a moment.

    Args:
        profiles: all versions; the one that decides at the moment is asked (ADR 0243).
        name: which profile.
        found: the subject's values.
        catalogue: kinds and units.
        lists: the reader's own.
        at_s: Unix seconds.

    Raises:
        InputError: ``claims.unknown_profile``, and as ``answer``.
    """
    versions = {each.version: each for each in profiles if each.name == name}
    if not versions:
        raise InputError("claims.unknown_profile", f"no profile {name[:60]!r}")
    policy = Policy(name, tuple(versions[each].dates for each in sorted(versions)))
    deciding = policy.decide((), at_s=at_s).version
    profile = versions[min(versions) if deciding is None else deciding]
    given = answer(profile, found.values, catalogue, lists)
    return _profile_document(given, policy.decide(given.findings, at_s=at_s), found.subject, at_s)


def _profile_document(
    given: ProfileAnswer, decision: Decision, subject: Subject, at_s: int
) -> dict[str, Any]:
    profile = given.profile
    return {
        "profile": profile.name,
        "version": profile.version,
        "title": profile.title,
        "subject": _subject(subject),
        "at": at_s,
        "lines": [
            {
                "line": each.line.identifier,
                "indicator": each.line.indicator,
                "answer": each.answer.value,
                "found": list(each.found) if isinstance(each.found, tuple) else each.found,
                "source": each.line.source,
                "checked": each.line.checked,
            }
            for each in given.lines
        ],
        "decision": {
            "mode": decision.mode.value,
            "findings": list(decision.findings),
            "refused": decision.refused,
            "code": "claims.policy_refused" if decision.refused else None,
            "enforceFrom": profile.dates.enforce_from_s,
        },
    }


def crosswalk_json(
    evidence: Sequence[Evidence], crosswalk: Crosswalk, catalogue: SchemeCatalogue, *, at_s: int
) -> dict[str, Any]:
    """Evidence of each subject, read under all versions of all schemes that it speaks to.

    Subjects are never read together: what one site has met answers nothing for another.

    Raises:
        InputError: ``claims.unknown_criterion``.
        VerificationError: ``claims.crosswalk_not_in_force``.
    """
    for each in evidence:
        catalogue.version_of(each.criterion)
    subjects = dict.fromkeys(each.subject for each in evidence)
    return {
        "crosswalkVersion": crosswalk.version,
        "crosswalkSource": crosswalk.source,
        "openCells": list(crosswalk.open_cells),
        "subjects": [
            {
                "subject": _subject(subject),
                "views": _views(
                    [each for each in evidence if each.subject == subject],
                    crosswalk,
                    catalogue,
                    at_s,
                ),
            }
            for subject in subjects
        ],
    }


def _views(
    evidence: Sequence[Evidence], crosswalk: Crosswalk, catalogue: SchemeCatalogue, at_s: int
) -> list[dict[str, Any]]:
    views = []
    for scheme in catalogue.schemes.values():
        for version in scheme.versions:
            lines = crosswalk.view(scheme.slug, version, evidence, catalogue, at_s=at_s)
            spoken = [_view_line(each) for each in lines if each.readings]
            if spoken:
                views.append(
                    {
                        "scheme": scheme.slug,
                        "name": scheme.name,
                        "version": version,
                        "about": scheme.subject.value,
                        "lines": spoken,
                        "notAssessed": len(lines) - len(spoken),
                    }
                )
    return views


def _view_line(line: ViewLine) -> dict[str, Any]:
    return {
        "criterion": line.criterion,
        "title": line.title,
        "result": line.result.value,
        "readings": [_reading(each) for each in line.readings],
    }


def _reading(reading: Reading) -> dict[str, Any]:
    try:
        require_claim(reading, reading.evidence.subject)
        refused = None
    except VerificationError as error:
        refused = error.code
    return {
        "evidence": reading.evidence.identifier,
        "assessedFor": reading.evidence.criterion,
        "assessedResult": reading.evidence.result.value,
        "result": reading.result.value,
        "mapping": "own" if len(reading.path) == 1 else reading.strength.name.lower(),
        "checked": reading.checked,
        "aboutSuchSubjects": reading.fits,
        "mayBeClaimed": refused is None,
        "notClaimedBecause": refused,
        "path": list(reading.path),
    }


def criteria_json(
    assessment: Assessment, catalogue: SchemeCatalogue, *, at_s: int
) -> tuple[AssessmentReport, dict[str, Any]]:
    """A report of all criteria of the assessment's version, and the same as a document.

    Raises:
        InputError: as ``report``; ``claims.day`` of an assessment that is yet to come.
        VerificationError: as ``report``.
    """
    if assessment.assessed_s > at_s:
        raise InputError("claims.day", "the assessment is of a day that is yet to come")
    found = report(assessment, catalogue, at_s=at_s)
    document = {
        "subject": _subject(found.subject),
        "scheme": found.scheme,
        "version": found.version,
        "assessed": assessment.assessed_s,
        "at": at_s,
        "counts": {each.value: found.count(each) for each in CriterionResult},
        "overdue": list(found.overdue),
        "lines": [
            {
                "criterion": each.criterion,
                "title": each.title,
                "result": each.result.value,
                "plan": each.plan.value,
                "due": each.due_s,
            }
            for each in found.lines
        ],
    }
    return found, document


def _subject(subject: Subject) -> dict[str, str]:
    return {"kind": subject.kind.value, "id": subject.identifier}
