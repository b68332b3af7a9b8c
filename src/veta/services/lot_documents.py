"""Lots, drafts and lineages as JSON documents, the same on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from veta.custody.balance import Balances
from veta.custody.columns import column_of, of_kind
from veta.custody.floor import Co2eFloor
from veta.custody.lineage import Ancestry, Descent
from veta.custody.periods import period_name
from veta.custody.run import Assessment
from veta.model.columns import ColumnKey, ColumnKind, OriginClass, class_key
from veta.model.lots import LotId
from veta.services.balance import Holdings, SiteBalance, left_in
from veta.services.lot_reading import KnownLot
from veta.services.registry import NO_NAMES, LotNotices, Names
from veta.services.run_file import column_name, word_of

_PPM: Final = 1_000_000


def lot_name(lot: LotId) -> str:
    """A lot's id, written."""
    return "0x" + lot.hex()


def quantities_json(held: Mapping[ColumnKey, int]) -> dict[str, int]:
    """Quantities by the columns' names."""
    return {column_name(key): quantity for key, quantity in held.items()}


def lot_json(known: KnownLot, names: Names = NO_NAMES) -> dict[str, Any]:
    """An opened lot: where it stands, and what is left in it."""
    header, record = known.opened.header, known.record
    return {
        "lot": lot_name(known.lot),
        "issuer": header.issuer,
        "site": header.site,
        "siteName": names.sites.get(header.site),
        "productClass": header.product_class,
        "productClassName": names.product_classes.get(header.product_class),
        "model": word_of(header.model),
        "flags": [word_of(flag) for flag in type(header.flags) if flag in header.flags],
        "statement": known.opened.statement_leaf.hex(),
        "state": word_of(record.state),
        "holder": record.holder,
        "offeredTo": record.offered_to or None,
        "offerUntil": record.offer_until_s or None,
        "frozenUntil": record.frozen_until_s or None,
        "reference": column_name(header.reference_column),
        "taken": record.taken,
        "quantities": quantities_json(
            dict(zip(known.opened.columns, known.opened.quantities, strict=True))
        ),
        "left": quantities_json(left_in(known)),
        "originClassPpm": origin_classes(known),
    }


def origin_classes(known: KnownLot) -> dict[str, dict[str, int]]:
    """By metal: its parts that were recycled, declared from outside, and of registered sites, ppm.

    The book holds at most so much as recycled and at least so much as from outside: shares are
    rounded the same way, and what is left is the smallest part that registered sites can stand for.
    """
    held = dict(zip(known.opened.columns, known.opened.quantities, strict=True))
    shares = {}
    for key in of_kind(held, ColumnKind.METAL):
        metal, substance = held[key], column_of(key).substance
        if not metal:
            continue
        recycled = held.get(class_key(OriginClass.RECYCLED, substance), 0) * _PPM // metal
        outside = -(-held.get(class_key(OriginClass.EXTERNAL, substance), 0) * _PPM // metal)
        shares[column_name(key)] = {
            "recycled": recycled,
            "outside": outside,
            "registeredSites": max(0, _PPM - recycled - outside),
        }
    return shares


def notices_json(notices: LotNotices, at_s: int) -> dict[str, Any]:
    """What is said beside a lot and its batch, at a moment."""
    return {
        "restatements": [
            {
                "column": column_name(each.restated.column),
                "delta": each.restated.delta,
                "reason": each.restated.reason,
                "statement": each.restated.statement_leaf.hex(),
                "confirmedBy": each.assurer,
            }
            for each in notices.restatements
        ],
        "disputes": [
            {
                "subject": "0x" + each.opened.subject.hex(),
                "party": each.opened.party,
                "open": each.is_open(at_s),
                "lapses": each.opened.lapses_s,
                "upheldBy": each.upheld_by,
                "grounds": each.opened.grounds.hex(),
            }
            for each in notices.disputes
        ],
    }


def assessment_json(assessment: Assessment) -> dict[str, Any]:
    """What is wrong with a draft, and its three balances."""
    return {
        "problems": [
            {"code": problem.code, "message": problem.message, "lot": problem.lot}
            for problem in assessment.problems
        ],
        "balances": None if assessment.balances is None else balances_json(assessment.balances),
    }


def balances_json(balances: Balances) -> dict[str, Any]:
    """Metal, CO2e and credit of a run."""
    co2e = balances.co2e
    return {
        "metal": [
            {
                "column": column_name(each.column),
                "taken": each.taken,
                "firstMeasured": each.first_measured,
                "made": list(each.made),
                "lost": each.lost,
                "difference": each.difference,
                "yieldPpm": each.yield_ppm,
            }
            for each in balances.metal
        ],
        "co2e": {
            "takenG": co2e.taken_g,
            "emissionsG": {word_of(part): grams for part, grams in co2e.emissions_g.items()},
            "madeG": list(co2e.made_g),
            "differenceG": co2e.difference_g,
        },
        "credit": [
            {
                "column": column_name(each.column),
                "taken": each.taken,
                "drawn": each.drawn,
                "made": list(each.made),
                "left": each.left,
                "extinguished": each.extinguished,
                "accountBefore": each.account_before,
            }
            for each in balances.credit
        ],
    }


def ancestry_json(
    lot: LotId, found: Ancestry, floor: Co2eFloor, names: Names = NO_NAMES
) -> dict[str, Any]:
    """Where a lot's metal came from, and the least CO2e that it can carry by that."""
    return {
        "lot": lot_name(lot),
        "origins": [
            {
                "site": origin.site,
                "siteName": names.sites.get(origin.site),
                "run": origin.run,
                "firstMeasured": origin.first_measured,
                "sharePpm": origin.share_ppm,
            }
            for origin in found.origins
        ],
        "bySite": {str(site): share for site, share in found.by_site().items()},
        "through": [{"lot": lot_name(each), "sharePpm": part} for each, part in found.lots.items()],
        "co2e": {
            "statedG": floor.stated_g,
            "floorG": floor.floor_g,
            "runFloorG": floor.run_floor_g,
        },
        "runs": found.runs,
        "edges": found.edges,
    }


def descent_json(lot: LotId, found: Descent) -> dict[str, Any]:
    """Where a lot's metal is."""
    return {
        "lot": lot_name(lot),
        "places": [
            {
                "whereabouts": place.whereabouts.value,
                "run": place.run,
                "output": place.output,
                "lot": None if place.lot is None else lot_name(place.lot),
                "sharePpm": place.share_ppm,
            }
            for place in found.places
        ],
        "runs": found.runs,
        "edges": found.edges,
    }


def holdings_json(held: Holdings, names: Names = NO_NAMES) -> dict[str, Any]:
    """What a member holds."""
    return {
        "member": held.member,
        "lots": [lot_json(each.known, names) for each in held.lots],
        "totals": quantities_json(held.totals),
    }


def site_json(balance: SiteBalance, names: Names = NO_NAMES) -> dict[str, Any]:
    """What a site did, and its credit."""
    return {
        "site": balance.site,
        "siteName": names.sites.get(balance.site),
        "periods": [
            {
                "period": period_name(period),
                "substance": substance,
                "symbol": names.substances.get(substance),
                "originated": use.originated,
                "taken": use.taken,
                "gained": use.gained,
            }
            for (substance, period), use in balance.uses.items()
        ],
        "credit": [
            {
                "programme": each.account.programme,
                "substance": each.account.substance,
                "symbol": names.substances.get(each.account.substance),
                "period": period_name(each.account.period),
                "balance": each.account.balance,
                "usable": each.usable,
            }
            for each in balance.credit
        ],
    }


def lots_json(made: Iterable[Iterable[LotId]]) -> list[list[str]]:
    """Lots by output."""
    return [[lot_name(lot) for lot in lots] for lots in made]
