"""One piece of evidence under many schemes: lowered at most; and subjects stay apart."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.support.reference_data import reference_json
from veta.claims import Language, Window, shipped
from veta.claims.crosswalk import (
    Evidence,
    Reading,
    Strength,
    load_crosswalk,
    require_claim,
)
from veta.claims.subjects import (
    Subject,
    SubjectKind,
    require_subject,
    scope_of_lot,
    scope_words,
)
from veta.errors import ProvenanceError
from veta.model.criteria import CriterionResult

CATALOGUE = shipped.schemes()
WALK = shipped.crosswalk()
AT = Window.of_days("2026-06-01", "2026-06-01").from_s
SITE = Subject(SubjectKind.SITE, "site-aurora")
COMPANY = Subject(SubjectKind.COMPANY, "mina-aurora")
COUNTRY = Subject(SubjectKind.COUNTRY, "PE")
LOT = Subject(SubjectKind.LOT, "AUR-CON-26-0417")
C11 = "copper-mark-rra/3/C11"
GHG = Evidence("GHG-1", SITE, C11, CriterionResult.FULLY)


def read(evidence: Evidence, *path: str) -> Reading:
    return WALK.read_along(evidence, path, CATALOGUE, at_s=AT)


def code(call: Any) -> str:
    with pytest.raises(ProvenanceError) as error:
        call()
    return error.value.code


@pytest.mark.row("S05")
def test_ghg_attestation__stored_once__answers_four_views_and_stays_partial() -> None:
    own = read(GHG)
    assert (own.result, own.strength, own.checked) == (
        CriterionResult.FULLY,
        Strength.EQUAL,
        True,
    )
    for scheme, version, criterion in (
        ("irma", "1.0", "irma/1.0/4.5"),
        ("icmm", "2020", "icmm/2020/P6"),
        ("gri", "2021", "gri/2021/305"),
    ):
        view = WALK.view(scheme, version, [GHG], CATALOGUE, at_s=AT)
        (answered,) = [line for line in view if line.readings]
        assert answered.criterion == criterion
        assert answered.result is CriterionResult.PARTIALLY
        (reading,) = answered.readings
        assert reading.evidence is GHG
        assert reading.crosswalk_version == 1
        assert not reading.checked
        others = {line.result for line in view if not line.readings}
        assert others <= {CriterionResult.NOT_ASSESSED}
    mark = WALK.view("copper-mark-rra", "3", [GHG], CATALOGUE, at_s=AT)
    assert [line.result for line in mark if line.readings] == [CriterionResult.FULLY]


@pytest.mark.row("S05")
def test_view__of_more_evidence__shows_the_weakest() -> None:
    c7 = Evidence("E7", SITE, "copper-mark-rra/3/C7", CriterionResult.FULLY)
    c8 = Evidence("E8", SITE, "copper-mark-rra/3/C8", CriterionResult.NOT_MET)
    view = WALK.view("irma", "1.0", [c7, c8], CATALOGUE, at_s=AT)
    assert {line.result for line in view if line.readings} == {CriterionResult.NOT_MET}


@pytest.mark.row("S27", "S35")
@pytest.mark.parametrize(
    ("subject", "criterion"),
    [(COMPANY, "icmm/2020/P6"), (COUNTRY, "eiti/2023/R4"), (SITE, C11)],
)
def test_pledge_or_status__of_company_site_or_country__is_no_claim_of_a_lot(
    subject: Subject, criterion: str
) -> None:
    reading = read(Evidence("E", subject, criterion, CriterionResult.FULLY))
    require_claim(reading, subject)
    assert code(lambda: require_claim(reading, LOT)) == "claims.other_subject"
    assert code(lambda: require_subject(subject, LOT)) == "claims.other_subject"


@pytest.mark.row("S27", "S35")
def test_reading__under_a_criterion_of_other_subjects__claims_nothing() -> None:
    eiti = Evidence("E", COUNTRY, "eiti/2023/R4", CriterionResult.FULLY)
    as_site = read(eiti, "copper-mark-rra/3/C4")
    assert not as_site.fits
    assert as_site.result is CriterionResult.PARTIALLY
    assert code(lambda: require_claim(as_site, COUNTRY)) == "claims.other_subject"
    assert code(lambda: require_claim(as_site, SITE)) == "claims.other_subject"
    back = read(eiti, "copper-mark-rra/3/C4", "eiti/2023/R4")
    assert not back.fits
    foreign = read(replace(GHG, subject=COMPANY))
    assert foreign.result is CriterionResult.PARTIALLY
    partial = read(GHG, "irma/1.0/4.5")
    assert code(lambda: require_claim(partial, SITE)) == "claims.not_fully_met"
    other = Subject(SubjectKind.SITE, "site-cordillera")
    assert code(lambda: require_claim(read(GHG), other)) == "claims.other_site"
    assert code(lambda: require_subject(COMPANY, replace(COMPANY, identifier="x"))) == (
        "claims.other_identifier"
    )


@pytest.mark.row("S27")
@pytest.mark.parametrize("language", list(Language))
def test_lot_page__says_of_a_company_that_it_is_commitment_only(language: Language) -> None:
    words = {kind: scope_words(kind, language) for kind in SubjectKind}
    assert len(set(words.values())) == 4
    if language is Language.ENGLISH:
        assert words[SubjectKind.COMPANY].startswith("company commitment only")


@pytest.mark.row("S27", "S35")
def test_lot__of_a_member_company_with_its_site_not_assessed__shows_commitment_only() -> None:
    sites = frozenset({"site-aurora", "site-cordillera"})
    other = Subject(SubjectKind.SITE, "site-cordillera")
    cases: list[tuple[list[Subject], SubjectKind | None]] = [
        ([], None),
        ([COUNTRY], SubjectKind.COUNTRY),
        ([COUNTRY, COMPANY], SubjectKind.COMPANY),
        ([COMPANY, SITE], SubjectKind.COMPANY),
        ([COMPANY, SITE, other], SubjectKind.SITE),
        ([COMPANY, Subject(SubjectKind.LOT, "another")], SubjectKind.COMPANY),
        ([COMPANY, LOT], SubjectKind.LOT),
        ([Subject(SubjectKind.SITE, "elsewhere")], None),
    ]
    for assessed, nearest in cases:
        assert scope_of_lot(assessed, lot=LOT.identifier, sites=sites) is nearest
    assert scope_of_lot([SITE], lot="L", sites=frozenset()) is None


def test_crosswalk__asked_for_what_it_lacks__refuses() -> None:
    assert code(lambda: read(GHG, "eiti/2023/R4")) == "claims.no_mapping"
    assert code(lambda: read(GHG, *["irma/1.0/4.5", C11] * 9)) == "claims.chain_long"
    assert code(lambda: read(replace(GHG, criterion="x"))) == "claims.unknown_criterion"
    early = Window.of_days("2025-12-31", "2025-12-31").from_s
    assert code(lambda: WALK.read_along(GHG, (), CATALOGUE, at_s=early)) == (
        "claims.crosswalk_not_in_force"
    )


def rows(**changes: Any) -> bytes:
    row = {
        "topic": "t",
        "cells": [
            {"criterion": C11, "checked": True},
            {"criterion": "irma/1.0/4.5", "checked": False},
        ],
        "equal": [],
        "open": [],
    } | changes
    data = {"schema": "veta-crosswalk/1", "version": 1, "starts": "2026-01-01", "source": "s"}
    return json.dumps(data | {"rows": [row]}).encode()


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (rows(cells=[{"criterion": "copper-mark-rra/3/C99"}]), "claims.unknown_criterion"),
        (rows(equal=[[C11, "gri/2021/305"]]), "claims.mapping_cell"),
        (rows(equal=[[C11]]), "claims.data_field"),
        (rows(equal="x"), "claims.data_field"),
        (rows(strength="equal"), "claims.data_member"),
        (rows()[:-2] + b"," + rows()[rows().index(b"[{") + 1 : -2] + b"]}", "claims.mapping_twice"),
    ],
)
def test_crosswalk__malformed__is_refused_when_loaded(octets: bytes, expected: str) -> None:
    assert code(lambda: load_crosswalk(octets, CATALOGUE)) == expected


def test_crosswalk__equal_in_one_direction__is_partial_in_the_other() -> None:
    walk = load_crosswalk(rows(equal=[[C11, "irma/1.0/4.5"]]), CATALOGUE)
    there = walk.read_along(GHG, ["irma/1.0/4.5"], CATALOGUE, at_s=AT)
    assert (there.result, there.strength) == (CriterionResult.FULLY, Strength.EQUAL)
    back = walk.read_along(GHG, ["irma/1.0/4.5", C11], CATALOGUE, at_s=AT)
    assert (back.result, back.strength) == (CriterionResult.PARTIALLY, Strength.PARTIAL)


@pytest.mark.row("S35")
def test_crosswalk__equal_criteria_about_other_subjects__are_read_in_part() -> None:
    cells = [{"criterion": C11}, {"criterion": "gri/2021/305"}]
    walk = load_crosswalk(rows(cells=cells, equal=[[C11, "gri/2021/305"]]), CATALOGUE)
    reading = walk.read_along(GHG, ["gri/2021/305"], CATALOGUE, at_s=AT)
    assert (reading.strength, reading.fits) == (Strength.EQUAL, False)
    assert reading.result is CriterionResult.PARTIALLY


@pytest.mark.reference
@pytest.mark.row("S05")
def test_crosswalk__beside_the_seed__has_its_topics_and_marks_recall_as_recall() -> None:
    seed = reference_json("reference/crosswalk.json")["rows"]
    topics = {mapping.topic for mapping in WALK.mappings.values()}
    assert len(topics) == len(seed)
    recalled = {
        (row["topic"], scheme)
        for row in seed
        for scheme in ("irma", "icmm", "gri", "eiti")
        if "recall" in str(row.get(scheme, ""))
    }
    assert recalled
    for mapping in WALK.mappings.values():
        assert mapping.strength is Strength.PARTIAL
        for criterion in (mapping.source, mapping.target):
            if criterion.startswith(("icmm", "gri", "eiti")):
                assert not mapping.checked
