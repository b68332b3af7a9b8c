"""The five-minute view of a lot: what a verification found, told from the mine to the buyer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from veta.custody.columns import column_of, of_kind, sums_of
from veta.custody.footprint import co2e_g_per_kg
from veta.custody.models import RULES
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.columns import ColumnKind
from veta.model.determined import Undetermined
from veta.model.lots import LotBatchKind, SiteId
from veta.services.registry import NO_NAMES, Names
from veta.services.run_file import column_name, word_of
from veta.services.site_documents import worded
from veta.verify.accounts import RunAccount, run_accounts
from veta.verify.report import Report
from veta.verify.site_step import OUTCOMES as SITE_OUTCOMES
from veta.verify.verdict import Check, Outcome, Step

_NO_LOT = Undetermined("facts.none", "nobody asked the chain about the lot")
_NOBODY: Mapping[int, str] = MappingProxyType({})
_WORDS = {
    "body": "certifiedBy",
    "accreditation_body": "accreditedBy",
    "scheme_owner": "schemeOwner",
}
_VOUCHING = tuple(_WORDS)
_BUILD_UP = ("inherited_g", "process_g", "transport_g", "bought_in_g", "to_other_products_g")
_TO_OTHERS = "to_other_products_g"
_OF_SITES = frozenset(
    code for code, outcome in SITE_OUTCOMES.items() if outcome in {Outcome.NOTICE, Outcome.PASSED}
)


def explanation_json(
    bundle: StatementBundle,
    facts: LedgerFacts,
    report: Report,
    names: Names = NO_NAMES,
    parties: Mapping[int, str] = _NOBODY,
) -> dict[str, Any]:
    """What a reader with five minutes asks, as one document.

    Args:
        bundle: the passport, with its lot and the runs behind it as far as they are disclosed.
        facts: as gathered for it.
        report: what the verifier found, at whatever policy.
        names: of sites and product classes, where they are known.
        parties: names of members by number, where they are known.
    """
    accounts = run_accounts(bundle, facts.lot or _NO_LOT) if bundle.lot is not None else ()
    whole = report.to_json()
    return {
        "verdict": report.verdict.value,
        "about": whole["about"],
        "asOf": whole["as_of"],
        "lot": _lot(bundle, names),
        "origins": [_origin(each, names) for each in _of(report, "lineage.origins")],
        "steps": [_step(each, names) for each in accounts],
        "footprint": _footprint(report),
        "assurance": [_vouched(each, names, parties) for each in _of(report, "assurance.chain")],
        "sites": [_said(each, names) for each in report.checks if each.code in _OF_SITES],
        "criteria": [_criteria(each) for each in _of(report, "assurance.criteria")],
        "figures": whole["figures"],
        "beside": whole["beside"],
        "model": next((each.sentence for each in _of(report, "lineage.model")), None),
        "notices": [
            each.sentence
            for each in report.checks
            if each.outcome is Outcome.NOTICE and each.code not in _OF_SITES
        ],
        "failures": [each.sentence for each in report.checks if each.outcome is Outcome.FAILED],
        "notProven": list(report.not_proven),
    }


def parties_in(report: Report) -> tuple[int, ...]:
    """Numbers of the members that vouch for a lot, as a report names them."""
    found = {check.facts[name] for check in _of(report, "assurance.chain") for name in _VOUCHING}
    return tuple(sorted(number for number in found if isinstance(number, int)))


def _vouched(check: Check, names: Names, parties: Mapping[int, str]) -> dict[str, Any]:
    """A certificate, and who stands behind it up to the scheme."""
    said = check.facts
    people = {
        name: {"member": said[name], "name": parties.get(number)}
        for name in _VOUCHING
        if isinstance(number := said[name], int)
    }
    site = SiteId(int(str(said["site"])))
    return {
        "site": site,
        "siteName": names.sites.get(site),
        "certificate": said["certificate"],
        "scheme": said["scheme"],
        "level": said["level"],
        "from": said["from_s"],
        "until": said["until_s"],
        **{_WORDS[name]: found for name, found in people.items()},
    }


def _said(check: Check, names: Names) -> dict[str, Any]:
    """What is said of a site behind the lot."""
    site = SiteId(int(str(check.facts["site"])))
    name = names.sites.get(site)
    return {
        "site": site,
        "siteName": name,
        "code": check.code,
        "notice": check.outcome is Outcome.NOTICE,
        "sentence": worded(check, name),
    }


def _criteria(check: Check) -> dict[str, Any]:
    """What a certificate's document found, criterion by criterion."""
    facts = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in check.facts.items()
    }
    return {"sentence": check.sentence, **facts}


def _of(report: Report, code: str) -> Iterable[Check]:
    return (check for check in report.checks if check.code == code)


def _lot(bundle: StatementBundle, names: Names) -> dict[str, Any] | None:
    part = bundle.lot
    if part is None:
        return None
    header, held = part.batch.header, sums_of(part.columns, part.quantities)
    metals = {column_of(key).substance: held[key] for key in of_kind(held, ColumnKind.METAL)}
    mass_g = next((held[key] for key in of_kind(held, ColumnKind.MASS)), 0)
    co2e_g = sum(held[key] for key in of_kind(held, ColumnKind.CO2E))
    return {
        "site": header.site,
        "siteName": names.sites.get(header.site),
        "productClass": header.product_class,
        "productClassName": names.product_classes.get(header.product_class),
        "model": RULES[header.model].slug if header.model in RULES else word_of(header.model),
        "quantities": {column_name(key): quantity for key, quantity in held.items()},
        "massG": mass_g or None,
        "co2eG": co2e_g,
        "co2eGPerKg": co2e_g_per_kg(co2e_g, mass_g) if mass_g else None,
        "creditPpm": {
            column_name(key): held[key] * 1_000_000 // metals[column_of(key).substance]
            for key in of_kind(held, ColumnKind.CREDIT)
            if metals.get(column_of(key).substance)
        },
    }


def _origin(check: Check, names: Names) -> dict[str, Any]:
    shares = check.facts["shares"]
    assert isinstance(shares, tuple)
    return {"metal": check.facts["metal"], "shares": [_named(each, names) for each in shares]}


def _named(share: str, names: Names) -> dict[str, Any]:
    """A share as the report words it, ``552000 ppm site 1``, with the site's name."""
    ppm, _, where = share.partition(" ppm ")
    number = where.removeprefix("site ")
    site = SiteId(int(number) if number.isdecimal() else 0)
    return {"sharePpm": int(ppm), "site": site, "siteName": names.sites.get(site)}


def _step(account: RunAccount, names: Names) -> dict[str, Any]:
    return {
        "kind": word_of(account.kind),
        "site": account.site,
        "siteName": names.sites.get(account.site),
        "producedFrom": account.produced_from_s,
        "producedTo": account.produced_to_s,
        "productClasses": [
            {"productClass": each, "name": names.product_classes.get(each)}
            for each in account.product_classes
        ],
        "models": [word_of(model) for model in account.models],
        "lotsTaken": account.lots_taken,
        "wayIn": account.kind is not LotBatchKind.TRANSFORM,
        "whole": account.whole,
        "emissionsG": {word_of(part): g for part, g in sorted(account.emissions_g.items())},
        "balances": [
            {
                "column": column_name(each.column),
                "taken": each.taken,
                "entered": each.entered,
                "made": each.made,
                "lost": each.lost,
                "ended": each.ended,
            }
            for each in account.balances
        ],
    }


def _footprint(report: Report) -> dict[str, Any] | None:
    """The printed figure and what it is made of, as far as step 12 recomputed it."""
    checks = [each for each in report.checks if each.step is Step.FOOTPRINT]
    facts = next((each.facts for each in checks if "printed_g_per_kg" in each.facts), None)
    if facts is None:
        return None
    built = {name: g for name in _BUILD_UP if isinstance(g := facts.get(name), int)}
    return {
        "printedGPerKg": facts["printed_g_per_kg"],
        "recomputedGPerKg": facts.get("recomputed_g_per_kg"),
        "buildUpG": built,
        "leftForItsClassG": sum(-g if name == _TO_OTHERS else g for name, g in built.items())
        if built
        else None,
        "findings": [each.sentence for each in checks],
    }
