"""Words of the pages, by language. A language is one more mapping with the same keys.

Sentences of checks come from the verifier, in English, with their stable codes beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from veta.verify.verdict import Outcome, Verdict

DEFAULT_LANGUAGE: Final = "en"

_ENGLISH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "verdict.VALID": "Valid",
        "verdict.VALID_WITH_NOTICE": "Valid, with a notice",
        "verdict.NOT_PROVEN": "Not proven",
        "verdict.INVALID": "Not valid",
        "verdict.INDETERMINATE": "Cannot be checked now",
        "verdict.SUPERSEDED": "Replaced by a newer statement",
        "lead.VALID": "The issuer signed this, it is anchored on the chain, and it is in force.",
        "lead.VALID_WITH_NOTICE": "Genuine and anchored. Read the notice before you rely on it.",
        "lead.NOT_PROVEN": "Nothing was found wrong, but something needed for a verdict is missing."
        " Do not rely on it yet.",
        "lead.INVALID": "A check failed. Do not rely on this statement.",
        "lead.INDETERMINATE": "The chain could not be asked. This is neither a yes nor a no:"
        " try again later.",
        "lead.SUPERSEDED": "Its issuer has put another statement in its place. Use that one.",
        "outcome.passed": "passed",
        "outcome.failed": "failed",
        "outcome.notice": "notice",
        "outcome.not_proven": "not proven",
        "outcome.not_determined": "could not be asked",
        "why": "Why",
        "notices": "Notice",
        "said_of_site": "Said of the place it was made at",
        "said_of_site_lead": "On the chain, by others than the issuer or by its operator. A concern"
        " is a concern, not a verdict.",
        "reason": "Reason",
        "said_at": "Recorded",
        "not_confirmed": "Not confirmed",
        "read_the_newer": "Open the newer statement",
        "mark": "Mark",
        "lot": "The lot",
        "document": "The document",
        "lot_unreliable": "What the document says — not confirmed",
        "lot_number": "Lot number",
        "product": "Product",
        "product_class": "Product class",
        "brand": "Brand",
        "commodity": "HS code",
        "mass": "Mass",
        "metal": "Contained metal",
        "site": "Made at",
        "produced": "Produced",
        "issuer": "Issuer",
        "issuer_id": "Issuer's DID",
        "calls_itself": "Calls itself",
        "valid_from": "Valid from",
        "valid_until": "Valid until",
        "no_end": "no end stated",
        "footprint": "Carbon footprint",
        "footprint_per": "kg CO₂e per kilogram of product",
        "footprint_whole": "Whole lot",
        "boundary": "Boundary",
        "declared_unit": "Declared unit",
        "grade": "Assurance",
        "grade.declared": "Declared by the issuer",
        "gwp": "GWP set",
        "period": "Reference period",
        "primary_share": "From primary data",
        "standards": "Standards",
        "no_footprint": "This statement declares no footprint.",
        "as_of": "Checked as of",
        "as_of_none": "No block could be read. There is no moment this verdict speaks of.",
        "block": "block",
        "not_proven": "What this does not prove",
        "steps": "Every step",
        "others": "Other statements about this lot",
        "yourself": "Check it yourself",
        "yourself_lead": "You need not trust this page. Download the proof and check it on your own"
        " machine, against a trust configuration that you got from the consortium, not from here.",
        "download": "Download the proof",
        "offline": "With --offline the answers of the chain are taken as this node put them into"
        " the file; with an endpoint of your own, use --rpc and its address instead.",
        "report": "Report as JSON",
        "statement_name": "Statement leaf",
        "unknown": "Unknown here",
        "unknown_lead": "This node keeps no statement about that lot. That is no verdict: the lot"
        " may be known elsewhere, or the number may be mistyped.",
        "asked_for": "Asked for",
        "trouble": "This page cannot be shown",
        "home": "Check a lot",
        "home_lead": "Type what is on the label. No account is needed.",
        "home_issuer": "Issuer (DID)",
        "home_number": "Lot number",
        "home_submit": "Check",
        "skip": "Skip to the verdict",
        "state.issued": "issued, not anchored",
        "state.batched": "on its way to the chain",
        "state.anchored": "anchored",
        "state.held": "held back",
    }
)
TEXTS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({"en": _ENGLISH})


def texts_for(accept_language: str | None) -> tuple[str, Mapping[str, str]]:
    """The first language of an Accept-Language header that there are words for, else English.

    Weights are not read: browsers send their languages in the order of preference.
    """
    for part in (accept_language or "")[:200].split(","):
        name = part.partition(";")[0].strip().lower().partition("-")[0]
        if name in TEXTS:
            return name, TEXTS[name]
    return DEFAULT_LANGUAGE, TEXTS[DEFAULT_LANGUAGE]


def missing_words(texts: Mapping[str, str]) -> set[str]:
    """Keys that every language must have and this one lacks."""
    wanted = {f"verdict.{each.value}" for each in Verdict} | {
        f"outcome.{each.value}" for each in Outcome
    }
    return (wanted | set(_ENGLISH)) - set(texts)
