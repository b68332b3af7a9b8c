"""Step 8: the passport's lot is the lot that the chain has, and where it stands.

    batch       the header is the word under (issuer, root); the passport's issuer is its issuer
    lot         the lot key is recomputed; the lot leaf lies under the header's root and totals, or
                the chain's commitment is of this very lot
    statement   the lot leaf names this statement, or one that it superseded
    figures     mass, metal and CO2e equal the columns exactly
    custody     unopened, held, offered, frozen, consumed, retired, exited; what is left

Not checked: that site and product class of the passport are those that the registry has under the
header's numbers; the lot key binds the numbers, not their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from veta.custody.columns import sums_of
from veta.custody.encoding import lot_id
from veta.custody.lot_laws import LotSums, judge_lot
from veta.errors import InputError
from veta.model.bundle import LedgerFacts, LotFacts
from veta.model.determined import Determined, Known, Undetermined
from veta.model.disclosure import LotPart
from veta.model.identifiers import MemberId
from veta.model.lot_tree import LotLeaf
from veta.model.lots import HeaderFlag, LotRecord, ProductClassId
from veta.statement.corrections import correction_of
from veta.statement.jws import SignedStatement
from veta.sum_trees import lot_key
from veta.verify.batches import (
    NOT_ASKED,
    are_totals_of,
    columns_fault,
    header_fault,
    inclusion_refusal,
    standing,
    totals_fault,
    words_of,
)
from veta.verify.findings import failed, not_determined
from veta.verify.lot_codes import found
from veta.verify.lot_columns import check_columns
from veta.verify.lot_state import check_state, is_as_opened
from veta.verify.stated import StatedLot
from veta.verify.successions import took_its_place
from veta.verify.verdict import Check, FactValue, Outcome, Step

ANY_TOLERANCE: Final = 10**30
"""Stands for the tolerance of a product class that is not known: nothing is refused by it."""
_OTHER_LOT: Final = Undetermined("facts.other_subject", "the facts are about another lot")


def check_lot(
    statement: SignedStatement, stated: StatedLot | None, part: LotPart, facts: LedgerFacts
) -> tuple[list[Check], bool]:
    """Run step 8.

    Args:
        statement: the passport.
        stated: what it states; ``None`` if it breaks a rule of its type or is no lot passport.
        part: the lot as handed over.
        facts: of the chain.

    Returns:
        The findings, and whether they show that the lot is what it is said to be: all of the
        batch, the lot and its figures is proven. Where it stands does not matter for that.
    """
    fault = lot_fault(part)
    if fault is not None:
        return [found("lot.malformed", f"the lot is malformed: {fault}")], False
    about = facts_about(part, facts)
    proof = [*_batch(part, facts, about), *_key(stated, part), *_proof(part, about)]
    proof += _statement(statement, part, about)
    if stated is None:
        sentence = "no lot passport that keeps its rules: there are no figures to compare"
        proof.append(found("lot.no_lot_passport", sentence))
    else:
        proof += check_columns(stated, sums_of(part.columns, part.quantities))
    good = all(check.outcome in (Outcome.PASSED, Outcome.NOTICE) for check in proof)
    return [*proof, *_custody(part, facts, about)], good


def check_lot_alone(part: LotPart, facts: LedgerFacts) -> tuple[list[Check], bool]:
    """What the chain shows of a lot whose passport is not at hand; otherwise as ``check_lot``."""
    fault = lot_fault(part)
    if fault is not None:
        return [found("lot.malformed", f"the lot is malformed: {fault}")], False
    about = facts_about(part, facts)
    proof = [*_recorded(part, about), *_proof(part, about)]
    good = all(check.outcome in (Outcome.PASSED, Outcome.NOTICE) for check in proof)
    return [*proof, *_custody(part, facts, about)], good


def lot_fault(part: LotPart) -> str | None:
    """What keeps a lot part from being judged; ``None`` if nothing does."""
    return next(_faults(part), None)


def _faults(part: LotPart) -> Iterator[str]:
    """In an order in which each rests on those before it."""
    header, totals = part.batch.header, part.batch.totals
    given = [header_fault(header), columns_fault(part.columns, part.quantities)]
    if part.rebased is not None:
        given.append(columns_fault(part.columns, part.rebased))
    if totals is not None:
        given.append(totals_fault(totals))
    yield from (fault for fault in given if fault is not None)
    if header.reference_column not in part.columns:
        yield "the reference is no column of the lot"
    at = part.columns.index(header.reference_column)
    if part.quantities[at] == 0 or (part.rebased is not None and part.rebased[at] == 0):
        yield "it has none of its reference: padding is no lot"
    if not 0 <= part.index < header.size:
        yield "its index is outside the batch"
    if {len(part.lot_key), len(part.statement_leaf)} != {32}:
        yield "a digest is not 32 octets"


def facts_about(part: LotPart, facts: LedgerFacts) -> LotFacts | Undetermined:
    """The lot facts, if they can be used and are about this lot."""
    if isinstance(facts.as_of, Undetermined):
        return facts.as_of
    if facts.lot is None:
        return NOT_ASKED
    wanted = lot_id(part.batch.header.issuer, part.lot_key)
    return facts.lot if facts.lot.lot == wanted else _OTHER_LOT


def _batch(part: LotPart, facts: LedgerFacts, about: LotFacts | Undetermined) -> Iterator[Check]:
    header = part.batch.header
    yield from _recorded(part, about)
    if isinstance(facts.issuer, Undetermined):
        yield not_determined(Step.LOT, facts.issuer)
    elif facts.issuer.value is None or facts.issuer.value.member != header.issuer:
        yield found(
            "lot.other_issuer",
            f"the lot's batch is of member {header.issuer}, who did not sign this passport",
            batch_issuer=header.issuer,
        )


def _recorded(part: LotPart, about: LotFacts | Undetermined) -> Iterator[Check]:
    header = part.batch.header
    answer = standing(header, words_of(about))
    if isinstance(answer, Undetermined):
        yield not_determined(Step.LOT, answer)
        return
    code = f"lot.{answer.value}"
    yield found(code, answer.sentence, sequence=header.sequence, site=header.site)


def _key(stated: StatedLot | None, part: LotPart) -> Iterator[Check]:
    """The lot key names issuer, site, product class and batch number: no other lot has it."""
    if stated is None:
        return
    header = part.batch.header
    try:
        expected = lot_key(
            MemberId(header.issuer),
            site=header.site,
            product_class=header.product_class,
            batch_number=stated.batch_number,
        )
    except InputError as error:
        yield failed(Step.LOT, error.code, error.message)
        return
    if expected != part.lot_key:
        yield found(
            "lot.other_key",
            "the lot key is not that of the passport's batch number under the batch's issuer, site"
            " and product class",
            expected=expected.hex(),
        )


def _proof(part: LotPart, about: LotFacts | Undetermined) -> Iterator[Check]:
    """By its path under the totals, or by the commitment of its opening."""
    totals, header = part.batch.totals, part.batch.header
    record = about if isinstance(about, Undetermined) else about.record
    if isinstance(record, Known) and is_as_opened(part, record.value):
        sentence = "the chain's commitment is of this lot: header, place, statement, quantities"
        yield found("lot.as_opened", sentence, index=part.index)
        proven = True
    else:
        proven = False
    if totals is None:
        if not proven:
            sentence = "the batch's totals stay closed, so its columns and the lot are not shown"
            yield found("lot.totals_closed", sentence)
        return
    if totals.columns != part.columns or not are_totals_of(totals, header):
        yield found("lot.other_totals", "the totals are not those of the batch's header")
        return
    if part.path is None:
        if not proven:
            yield found("lot.path_missing", "no path from the lot to its batch was handed over")
        return
    leaf = LotLeaf(part.lot_key, part.statement_leaf, part.quantities)
    refusal = inclusion_refusal(leaf, part.index, part.path, header, totals)
    yield _included(part) if refusal is None else failed(Step.LOT, refusal.code, refusal.message)
    if refusal is None:
        yield from _proportion(part, about)


def _included(part: LotPart) -> Check:
    return found(
        "lot.proven",
        f"lot {part.index + 1} of {part.batch.header.size} in its batch, with these quantities",
        index=part.index,
        size=part.batch.header.size,
    )


def _proportion(part: LotPart, about: LotFacts | Undetermined) -> Iterator[Check]:
    """What is asked of a lot when it is opened: nothing is parked on lots that nobody opens."""
    header, totals = part.batch.header, part.batch.totals
    assert totals is not None
    lot = LotSums(
        model=header.model,
        attributed=HeaderFlag.ATTRIBUTED in header.flags,
        metal_tolerance_ppm=metal_tolerance_ppm(about, header.product_class),
        reference_column=header.reference_column,
        quantities=sums_of(part.columns, part.quantities),
        totals=sums_of(totals.columns, totals.sums),
    )
    for problem in judge_lot(lot):
        yield found("lot.out_of_proportion", problem.message, refusal=problem.code)


def metal_tolerance_ppm(about: LotFacts | Undetermined, product_class: ProductClassId) -> int:
    """Of a product class, as far as it is known."""
    if isinstance(about, Undetermined) or isinstance(about.classes, Undetermined):
        return ANY_TOLERANCE
    known = {each.product_class: each.metal_tolerance_ppm for each in about.classes.value}
    return known.get(product_class, ANY_TOLERANCE)


def _statement(
    statement: SignedStatement, part: LotPart, about: LotFacts | Undetermined
) -> Iterator[Check]:
    leaf, correction = statement.leaf, correction_of(statement.credential)
    if leaf == part.statement_leaf:
        yield found("lot.first_statement", "the lot was issued with this very statement")
        return
    if isinstance(about, Undetermined):
        yield not_determined(Step.LOT, about)
        return
    if isinstance(about.successions, Undetermined):
        yield not_determined(Step.LOT, about.successions)
        return
    issuer = part.batch.header.issuer
    if took_its_place(about.successions.value, issuer, part.statement_leaf, leaf):
        sentence = "the lot was issued with an earlier statement, which this one superseded"
        why = "(no reason stated)" if correction is None else correction.reason
        facts: dict[str, FactValue] = {"first": part.statement_leaf.hex(), "reason": why}
        yield found("lot.later_statement", f"{sentence}: {why}", **facts)
        return
    sentence = "the lot was issued with another statement, and this one did not supersede it"
    yield found("lot.other_statement", sentence, first=part.statement_leaf.hex())


def _custody(part: LotPart, facts: LedgerFacts, about: LotFacts | Undetermined) -> Iterator[Check]:
    record: Determined[LotRecord] = about if isinstance(about, Undetermined) else about.record
    if isinstance(record, Undetermined):
        yield not_determined(Step.LOT, record)
        return
    assert isinstance(facts.as_of, Known)
    yield from check_state(part, record.value, facts.as_of.value.time_s)
