"""Evidence beside a lot, in its verdict: assays, states of assurance, inventories.

    step 10   what a site says of itself or a body of it before there is a certificate
    step 11   certificates of analysis of the lot, against the standard of its product class
    step 12   the inventory of the run that made it, line by line, and the age of the footprint

A document counts if its statement stands beside the bundle and is good by itself. What a reader did
not ask for can only be a notice: else leaving a paper out would mend a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from veta.evidence.answers import Answer, altogether
from veta.evidence.assays import (
    CU_CATH_1,
    LI2CO3_BATTERY,
    AssayCertificate,
    LimitFinding,
    Specification,
    against,
)
from veta.evidence.exact import amount_text
from veta.evidence.grades import AssuranceGrade, GradeFinding, Role
from veta.model.lots import EmissionPart
from veta.verify.evidence_files import ASSAY, read_assay
from veta.verify.findings import failed, not_proven, passed
from veta.verify.lineage_step import Lineage
from veta.verify.lot_codes import found
from veta.verify.lot_evidence import (
    INVENTORY,
    STATE,
    AssuranceState,
    Inventory,
    read_inventory,
    read_state,
)
from veta.verify.signed_evidence import SignedEvidence, read_all
from veta.verify.stated import StatedLot
from veta.verify.verdict import Check, FactValue, Outcome, Step

SPECIFICATIONS: Final[Mapping[str, Specification]] = {
    "copper-cathode": CU_CATH_1,
    "lithium-carbonate": LI2CO3_BATTERY,
}
"""What certificates of analysis are held against, by product class."""
_FORGED: Final = "evidence.not_laboratory_signed"
_STATE_WORDS: Final = {
    AssuranceState.SELF_ASSESSED: "has assessed itself",
    AssuranceState.AUDIT_ANNOUNCED: "is to be audited",
    AssuranceState.IN_AUDIT: "is being audited",
    AssuranceState.PUBLISHED: "has been audited, and the report is public",
}


def check_states(
    stated: StatedLot | None, evidence: Iterable[SignedEvidence], subject_group: str
) -> Iterator[Check]:
    """States before there is a certificate, of the site that made the lot; each says so."""
    for signed, state in read_all(evidence, STATE, read_state):
        if stated is None or not stated.site or state.site != stated.site:
            continue
        grade = signed.grade(Role.CERTIFICATION_BODY, subject_group)
        words = f"the site {_STATE_WORDS[state.state]} under {state.scheme}, in the word of"
        yield Check(
            Step.ASSURANCE,
            Outcome.NOTICE,
            "assurance.state",
            f"{words} {signed.name} ({_word(grade.grade)}): that is no certificate",
            {
                "state": state.state.value,
                "scheme": state.scheme,
                "site": state.site,
                "by": signed.signer.party,
                "grade": grade.grade.words,
                "leaf": signed.leaf,
            },
        )


def _word(grade: AssuranceGrade) -> str:
    """Whose word a state is: an independent body's is no more than that either."""
    return "its own word" if grade is AssuranceGrade.SELF_DECLARED else "another's word"


def check_assays(
    stated: StatedLot | None,
    evidence: Iterable[SignedEvidence],
    subject_group: str,
    least: AssuranceGrade | None,
) -> list[Check]:
    """Certificates of analysis of the lot, beside the limits of its product class.

    Args:
        stated: what the passport states; ``None``: no lot passport.
        evidence: beside it.
        subject_group: control group of the passport's issuer.
        least: grade that an assay must have, where the reader asks for one; ``None``: not asked.
    """
    if stated is None:
        return []
    specification = SPECIFICATIONS.get(stated.product_class)
    checks: list[Check] = []
    for signed, certificate in read_all(evidence, ASSAY, read_assay):
        if certificate.lot == stated.identifier:
            checks += _assay(signed, certificate, specification, subject_group, least)
    if least is None:
        return checks
    if all(each.code == _FORGED for each in checks):
        sentence = "no certificate of analysis of the lot is shown"
        return [*checks, not_proven(Step.CLAIMS, "evidence.no_assay", sentence)]
    if any(each.outcome is Outcome.PASSED for each in checks):
        checks = [each for each in checks if each.outcome is not Outcome.NOT_PROVEN]
    return checks


def _assay(
    signed: SignedEvidence,
    certificate: AssayCertificate,
    specification: Specification | None,
    subject_group: str,
    least: AssuranceGrade | None,
) -> Iterator[Check]:
    name = f"certificate of analysis {certificate.number}"
    facts: dict[str, FactValue] = {
        "certificate": certificate.number,
        "laboratory": certificate.laboratory,
        "leaf": signed.leaf,
    }
    if signed.signer.party != certificate.laboratory or Role.LABORATORY not in signed.signer.roles:
        sentence = f"{name} is not signed by {certificate.laboratory} as a laboratory: it shows"
        sentence += " nothing"
        yield Check(Step.CLAIMS, Outcome.NOTICE, _FORGED, sentence, facts)
        return
    grade = _assay_grade(signed, certificate, subject_group)
    facts["grade"] = grade.grade.words
    if specification is None:
        sentence = f"{name}: no standard is known for the lot's product class"
        yield not_proven(Step.CLAIMS, "evidence.no_specification", sentence, **facts)
        return
    limits = against(certificate.results, specification)
    answer = altogether(each.answer for each in limits)
    if least is not None and answer is Answer.MET and grade.grade < least:
        sentence = f"{name} is {grade.grade.words}, and {least.words} is asked for: {grade.reason}"
        yield not_proven(Step.CLAIMS, "evidence.grade_too_low", sentence, **facts)
        return
    yield _held(name, specification, limits, answer, facts, asked=least is not None)


def _held(
    name: str,
    specification: Specification,
    limits: Sequence[LimitFinding],
    answer: Answer,
    facts: dict[str, FactValue],
    *,
    asked: bool,
) -> Check:
    met = sum(each.answer is Answer.MET for each in limits)
    code = next(each.code for each in limits if each.answer is answer)
    told = tuple(each.words() for each in limits if each.answer is not Answer.MET)
    facts |= {"specification": specification.name, "limits": len(limits), "met": met}
    facts["not_met"] = told
    sentence = f"{name} by {facts['laboratory']} ({facts['grade']}): {met} of {len(limits)} limits"
    sentence += f" of {specification.name} are met"
    if told:
        sentence += f"; {'; '.join(told)}"
    if answer is Answer.MET:
        return passed(Step.CLAIMS, code, sentence, **facts)
    if answer is Answer.CANNOT_TELL:
        return not_proven(Step.CLAIMS, code, sentence, **facts)
    outcome = Outcome.FAILED if asked else Outcome.NOTICE
    return Check(Step.CLAIMS, outcome, code, sentence, facts)


def _assay_grade(
    signed: SignedEvidence, certificate: AssayCertificate, subject_group: str
) -> GradeFinding:
    """The laboratory has to be what it is when it reported, and when the chain saw it."""
    at_anchor = signed.grade(Role.LABORATORY, subject_group)
    reported = signed.grade(Role.LABORATORY, subject_group, certificate.dates.to_s)
    return min(at_anchor, reported, key=lambda each: each.grade)


def check_inventories(
    stated: StatedLot | None,
    evidence: Iterable[SignedEvidence],
    lineage: Lineage | None,
    *,
    asked: bool,
) -> list[Check]:
    """Inventories of the run that made the lot, added up beside what it declared on chain.

    Args:
        stated: what the passport states; ``None``: no lot passport.
        evidence: beside it.
        lineage: what step 9 found; ``None``: no lot is disclosed.
        asked: whether the reader asks for an inventory.
    """
    if stated is None:
        return []
    own = None if lineage is None else lineage.walk.own
    declared: dict[EmissionPart, int] = {}
    for emission in () if own is None else own.cause.emissions:
        declared[emission.part] = declared.get(emission.part, 0) + emission.co2e_g
    checks = []
    for signed, inventory in read_all(evidence, INVENTORY, read_inventory):
        if inventory.lot != stated.identifier:
            continue
        if own is None:
            sentence = "an inventory is shown, and the run that it is of is not disclosed"
            checks.append(not_proven(Step.FOOTPRINT, "inventory.without_run", sentence))
        else:
            checks.append(_inventory(signed, inventory, declared, asked=asked))
    if asked and not checks:
        sentence = "no inventory of what the lot's run emitted is shown"
        checks.append(not_proven(Step.FOOTPRINT, "inventory.not_shown", sentence))
    return checks


def _inventory(
    signed: SignedEvidence,
    inventory: Inventory,
    declared: Mapping[EmissionPart, int],
    *,
    asked: bool,
) -> Check:
    sums = inventory.co2e_g()
    facts: dict[str, FactValue] = {"by": signed.signer.party, "leaf": signed.leaf}
    facts["lines"] = tuple(
        f"{each.name}: {amount_text(each.amount)} {each.unit} x {amount_text(each.factor)} g"
        f" ({each.source}, {each.version})"
        for each in inventory.lines
    )
    for part in EmissionPart:
        facts[f"{part.name.lower()}_g"] = sums.get(part, 0)
        facts[f"declared_{part.name.lower()}_g"] = declared.get(part, 0)
    unlike = [part for part in EmissionPart if sums.get(part, 0) != declared.get(part, 0)]
    if not unlike:
        sentence = f"{len(inventory.lines)} lines of {signed.name}'s inventory add up to what the"
        sentence += " run declared, to the gram"
        return passed(Step.FOOTPRINT, "inventory.adds_up", sentence, **facts)
    words = "; ".join(
        f"{part.name.lower()} {sums.get(part, 0):,} g, declared {declared.get(part, 0):,} g"
        for part in unlike
    )
    sentence = f"the inventory does not add up to what the run declared: {words}"
    if asked:
        return failed(Step.FOOTPRINT, "inventory.differs", sentence, **facts)
    outcome, code = Outcome.NOTICE, "inventory.differs"
    return Check(Step.FOOTPRINT, outcome, code, sentence, facts)


def check_period(stated: StatedLot | None, max_age_s: int) -> Iterator[Check]:
    """Whether the footprint's reference period is too old for the lot's production."""
    if stated is None or stated.footprint is None:
        return
    age_s = stated.produced_to_s - stated.footprint.period_to_s
    if age_s > max_age_s:
        yield found(
            "footprint.stale",
            f"the footprint is of a period that ended {age_s // 86_400} days before the lot was"
            f" made; {max_age_s // 86_400} are allowed",
            period_to_s=stated.footprint.period_to_s,
            produced_to_s=stated.produced_to_s,
        )
