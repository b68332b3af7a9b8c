"""The five chain-of-custody models of ISO 22095 as data, and the rules between them.

What a model lets a label say, how quantities are bound, and what breaks it. Where this is stricter
than the schemes' usual reading (no overdraft, no conversion factor, no transfer in a group, no book
and claim in this version of the book), docs/adr says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from veta.errors import InputError
from veta.model.lots import CustodyModel


@dataclass(frozen=True, slots=True)
class ModelRule:
    """One model, in this project's words."""

    model: CustodyModel
    slug: str
    """Name in documents."""
    clause: str
    """Where ISO 22095 defines it."""
    physical: str
    """What happens to the goods."""
    claim: str
    """The sentence that a label may print; {site}, {sites}, {level} and {percent} are filled in."""
    quantity: str
    period: str
    negative_balance: str
    footprint: str
    """Whose burden the goods carry."""
    breaks: str
    """What ends the claim, and what is left of it."""
    on_chain: bool = True


_RULES: Final = (
    ModelRule(
        model=CustodyModel.IDENTITY_PRESERVED,
        slug="identity-preserved",
        clause="3.3.1",
        physical="from one site only, never mixed, not even with other certified goods",
        claim="100 % from {site}, {level}",
        quantity="each output lot is at most its input lot, times what the process yields",
        period="none: lot by lot",
        negative_balance="impossible",
        footprint="that lot's own",
        breaks="a second origin: segregated at best",
    ),
    ModelRule(
        model=CustodyModel.SEGREGATED,
        slug="segregated",
        clause="3.3.2",
        physical="certified goods only, of several certified sites",
        claim="100 % certified, {level}, from {sites}",
        quantity="outputs are at most all inputs, times what the process yields",
        period="per batch or campaign",
        negative_balance="impossible",
        footprint="average of the inputs by mass, and the process",
        breaks="an uncertified input: controlled blending or mass balance at best",
    ),
    ModelRule(
        model=CustodyModel.CONTROLLED_BLENDING,
        slug="controlled-blending",
        clause="3.3.3",
        physical="certified and other goods, in one known proportion in every unit",
        claim="contains {percent} % certified, {level}",
        quantity="one proportion, certified in by total in, on all outputs, scrap included",
        period="per batch, or an average over a window that is stated",
        negative_balance="impossible: a proportion is at most 100 %",
        footprint="average of all inputs, the uncertified ones too",
        breaks="a proportion rounded up, or averaged over a window that is not stated",
    ),
    ModelRule(
        model=CustodyModel.MASS_BALANCE,
        slug="mass-balance",
        clause="3.3.4",
        physical="mixed; credit is kept in an account and may lie on some lots and not on others",
        claim="mass balance: as much certified metal came to this site, {level}",
        quantity="credit out is at most credit in, by programme, metal, site and period",
        period="a calendar quarter; what is left lives four quarters more",
        negative_balance="refused",
        footprint="the batch's average; attributed only if the label says so and the rest carries "
        "what is left",
        breaks="credit used twice, for another metal, site or period, or for metal never received",
    ),
    ModelRule(
        model=CustodyModel.BOOK_AND_CLAIM,
        slug="book-and-claim",
        clause="3.3.5",
        physical="nothing links the goods with certified production",
        claim="supports certified production",
        quantity="one unit issued is one unit retired, for a named beneficiary",
        period="the year of production and a validity",
        negative_balance="impossible",
        footprint="never lowers that of the goods",
        breaks="a retired unit that moves again, or production sold twice",
        on_chain=False,
    ),
)
RULES: Final[Mapping[CustodyModel, ModelRule]] = {rule.model: rule for rule in _RULES}


def model_of(slug: str) -> CustodyModel:
    """The model of a document's word for it.

    Raises:
        InputError: ``custody.unknown_model``.
    """
    for rule in _RULES:
        if rule.slug == slug:
            return rule.model
    raise InputError("custody.unknown_model", "a chain-of-custody model is not of ISO 22095")


def require_on_chain(model: CustodyModel) -> None:
    """Refuse a model that the lot book does not keep.

    Raises:
        InputError: ``custody.book_and_claim``, ``custody.unknown_model``.
    """
    if model is CustodyModel.BOOK_AND_CLAIM:
        raise InputError(
            "custody.book_and_claim",
            "the book keeps no book-and-claim: nothing links the goods with what was certified",
        )
    if model not in RULES:
        raise InputError("custody.unknown_model", "a lot has no chain-of-custody model")


def weakest(models: Iterable[CustodyModel]) -> CustodyModel:
    """What goods of these models are together: the weakest of them; NONE of nothing."""
    return max(models, default=CustodyModel.NONE)


def strengthens(model: CustodyModel, inputs: Iterable[CustodyModel]) -> bool:
    """Whether a model says more than its inputs allow."""
    return model < weakest(inputs)


def lowest_level(levels: Iterable[int]) -> int:
    """The level that a claim on mixed credit states: the lowest in it.

    Raises:
        InputError: ``custody.no_level`` of nothing.
    """
    try:
        return min(levels)
    except ValueError as error:
        raise InputError("custody.no_level", "no level without credit") from error


def strongest_claimable(
    *, origin_count: int, certified: int, metal: int, inputs: Iterable[CustodyModel] = ()
) -> CustodyModel:
    """The strongest model that goods may be sold under.

    Args:
        origin_count: sites that the metal comes from.
        certified: metal with credit of one programme, base units.
        metal: all of it, base units.
        inputs: models of what went in.
    """
    floor = weakest(inputs)
    if certified < metal:
        return max(floor, CustodyModel.CONTROLLED_BLENDING)
    single = origin_count == 1
    return max(floor, CustodyModel.IDENTITY_PRESERVED if single else CustodyModel.SEGREGATED)


def certified_share_ppm(certified: int, metal: int) -> int:
    """Certified by total, ppm, rounded down: a proportion is never rounded up."""
    return certified * 1_000_000 // metal if metal else 0
