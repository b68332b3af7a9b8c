"""Registry and assurance as JSON documents, the same on the command line and over HTTP."""

from __future__ import annotations

from typing import Any, Final

from veta.model.lots import SiteId
from veta.services.registry import Names, RegistryShelf, SiteNow
from veta.services.run_file import word_of
from veta.services.standing import RecordNow, RuleNow

_OPEN: Final = 2**64 - 1


def sites_json(shelf: RegistryShelf) -> dict[str, Any]:
    """Sites, their operators and capacities now."""
    symbols = shelf.names().substances
    return {"sites": [_site(each, dict(symbols)) for each in shelf.sites()]}


def _site(site: SiteNow, symbols: dict[Any, str]) -> dict[str, Any]:
    told = site.registered
    return {
        "site": told.site,
        "name": told.name,
        "identifier": told.identifier,
        "country": told.country,
        "handedOver": site.handed_over,
        "operators": [
            {"member": each.member, "from": each.from_s, "until": _end(each.until_s)}
            for each in site.operators
        ],
        "capacity": [
            {"substance": substance, "symbol": symbols.get(substance), "amount": amount}
            for substance, amount in site.capacity.items()
        ],
    }


def product_classes_json(shelf: RegistryShelf) -> dict[str, Any]:
    """Product classes and what runs of them are judged by."""
    return {
        "productClasses": [
            {
                "productClass": each.product_class,
                "name": each.name,
                "residue": each.residue,
                "metalTolerancePpm": each.metal_tolerance_ppm,
                "custodyTolerancePpm": each.custody_tolerance_ppm,
                "co2eDefaultPerMillion": each.co2e_default_per_million,
            }
            for each in shelf.product_classes()
        ]
    }


def substances_json(shelf: RegistryShelf) -> dict[str, Any]:
    """Metals with their base units, and kinds of counted things."""
    return {
        "substances": [
            {"substance": each.substance, "symbol": each.symbol, "unit": word_of(each.unit)}
            for each in shelf.substances()
        ],
        "unitKinds": [
            {"unitKind": each.unit_kind, "name": each.name} for each in shelf.unit_kinds()
        ],
    }


def schemes_json(shelf: RegistryShelf) -> dict[str, Any]:
    """Schemes and the bodies that they recognise now, programmes with what they require, and which
    programme's credit may go on under which.
    """
    recognised: dict[int, list[int]] = {}
    for entry in shelf.recognitions():
        recognised.setdefault(entry.scheme, []).append(entry.body)
    return {
        "schemes": [
            {
                "scheme": each.scheme,
                "name": each.name,
                "owner": each.owner,
                "levels": each.levels,
                "creditLifeMonths": each.credit_life_months,
                "massBalanceMonths": each.mass_balance_months,
                "recognises": recognised.get(each.scheme, []),
            }
            for each in shelf.schemes()
        ],
        "programmes": [
            {
                "programme": each.programme,
                "requires": [
                    {"scheme": part.scheme, "level": part.level} for part in each.requirements
                ],
            }
            for each in shelf.programmes()
        ],
        "reductions": [{"from": each.source, "to": each.target} for each in shelf.reductions()],
    }


def records_json(shelf: RegistryShelf) -> dict[str, Any]:
    """Accreditations of members and certificates of sites, and where each stands now."""
    names, at_s = shelf.names(), shelf.now_s()
    schemes = {each.scheme: each.name for each in shelf.schemes()}
    records = shelf.records()
    return {
        "at": at_s,
        "accreditations": [
            {"member": each.made.subject, **_record(each, schemes, names, at_s)}
            for each in records
            if not each.made.parent
        ],
        "certificates": [
            {
                "site": each.made.subject,
                "siteName": names.sites.get(SiteId(each.made.subject)),
                "accreditation": each.made.parent,
                **_record(each, schemes, names, at_s),
            }
            for each in records
            if each.made.parent
        ],
    }


def record_json(shelf: RegistryShelf, number: int) -> dict[str, Any] | None:
    """One of the records of ``records_json``, ``None`` if none of this number was followed."""
    document = records_json(shelf)
    records = (*document["accreditations"], *document["certificates"])
    return next((each for each in records if each["record"] == number), None)


def _record(record: RecordNow, schemes: dict[int, str], names: Names, at_s: int) -> dict[str, Any]:
    made = record.made
    return {
        "record": made.record,
        "standing": record.standing(at_s).value,
        "suspendedBy": sorted(word_of(source) for source in record.suspended_by),
        "issuer": made.issuer,
        "scheme": made.scheme,
        "schemeName": schemes.get(made.scheme),
        "level": made.level,
        "from": made.from_s,
        "until": _end(record.until_s),
        "substances": [
            {"substance": each, "symbol": names.substances.get(each)} for each in made.substances
        ],
        "document": made.leaf.hex(),
    }


def rules_json(shelf: RegistryShelf) -> dict[str, Any]:
    """Allocation rules and where each stands now."""
    names, at_s = shelf.names(), shelf.now_s()
    return {"at": at_s, "rules": [rule_json(each, names, at_s) for each in shelf.rules()]}


def rule_json(rule: RuleNow, names: Names, at_s: int) -> dict[str, Any]:
    """An allocation rule and where it stands at a moment."""
    told = rule.registered
    return {
        "rule": told.rule,
        "standing": rule.standing(at_s).value,
        "site": told.site,
        "siteName": names.sites.get(told.site),
        "operator": told.operator,
        "assurer": rule.assurer,
        "from": rule.from_s,
        "until": _end(rule.until_s),
        "shares": [
            {
                "productClass": each.product_class,
                "productClassName": names.product_classes.get(each.product_class),
                "minimumPpm": each.minimum_ppm,
                "maximumPpm": each.maximum_ppm,
            }
            for each in told.shares
        ],
    }


def _end(until_s: int) -> int | None:
    return None if until_s == _OPEN else until_s
