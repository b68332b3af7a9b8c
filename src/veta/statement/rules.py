"""Schema and semantic rules of a credential: step 4 of verification, without any I/O.

Written from the standard, so that no schema file is needed at run time; tests hold these rules
against the official schemas. Which member may issue what is not judged here: that needs the
chain, and ``facts_of`` says what there is to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from veta.errors import VerificationError
from veta.model.anchoring import BatchKind
from veta.statement.credential import VETA_CONTEXT, Credential
from veta.statement.criteria import judge_certificate
from veta.statement.metal_lot import LOT_NUMBER, judge_metal_lot, metal_lot_of
from veta.statement.own_types import judge_own_type
from veta.statement.shapes import Finding, Findings
from veta.statement.untp import CREDENTIAL_SHAPES

_FOREIGN_TO_PAYLOAD: Final = ("vc", "vp", "proof", "exp", "nbf")
"""Members that would state a second credential, proof or validity (VC-JOSE-COSE section 3.1.2)."""

_NUMBER_OF_GRANULARITY: Final[Mapping[str, str]] = {
    "batch": "batchNumber",
    "item": "itemNumber",
}


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What a judge of roles needs to know about a statement."""

    kind: BatchKind
    subject_id: str
    product_class: str | None
    """Slug, of a lot passport."""
    lot_number: str | None


def find_faults(credential: Credential) -> tuple[Finding, ...]:
    """Every rule the credential breaks, in order, at most ``shapes.MOST_FINDINGS``; none is good.

    Codes are ``statement.missing_member``, ``statement.wrong_type``, ``statement.unknown_member``,
    ``statement.context``, ``statement.batch_number``, ``statement.granularity``,
    ``statement.second_meaning``, and for lots ``statement.disagrees``, ``statement.repeated``,
    ``statement.window``, ``statement.bundles``, ``statement.footprint``,
    ``statement.lot_identifier`` and ``statement.metal_exceeds_mass``; for types of Veta's own those
    of ``own_types.judge_own_type``; for certificates those of ``criteria.judge_certificate``.
    """
    found = Findings()
    shape = CREDENTIAL_SHAPES[credential.kind]
    if not shape.fits(credential.document):
        shape.judge(credential.document, "", found)
    _judge_contexts(credential, found)
    for name in _FOREIGN_TO_PAYLOAD:
        if name in credential.document:
            found.add("statement.second_meaning", f"/{name}", "has no place beside a credential")
    if credential.document.get("iss", credential.issuer.identifier) != credential.issuer.identifier:
        found.add("statement.second_meaning", "/iss", "names another issuer")
    if credential.kind is BatchKind.PASSPORT:
        _judge_passport(credential, found)
    if credential.kind is BatchKind.CERTIFICATE:
        judge_certificate(credential, found)
    judge_own_type(credential, found)
    return tuple(found.entries)


def check_rules(credential: Credential) -> None:
    """Refuse a credential that breaks a rule.

    Raises:
        VerificationError: with the code of the first fault; see ``find_faults``.
    """
    faults = find_faults(credential)
    if faults:
        first = faults[0]
        place = first.pointer or "the credential"
        raise VerificationError(first.code, f"{place} {first.sentence}")


def facts_of(credential: Credential) -> StatementFacts:
    """What a judge of roles needs; of a credential that keeps the rules."""
    lot = metal_lot_of(credential) if credential.kind is BatchKind.PASSPORT else None
    return StatementFacts(
        kind=credential.kind,
        subject_id=_text(credential.subject, "id") or "",
        product_class=None if lot is None else _text(lot, "productClass"),
        lot_number=_text(credential.subject, "batchNumber"),
    )


def _judge_contexts(credential: Credential, found: Findings) -> None:
    if len(set(credential.contexts)) != len(credential.contexts):
        found.add("statement.context", "/@context", "names a context twice")
    if credential.blind is not None and VETA_CONTEXT not in credential.contexts:
        found.add("statement.context", "/@context", f"blind is a member of {VETA_CONTEXT}")


def _judge_passport(credential: Credential, found: Findings) -> None:
    product = credential.subject
    if len(credential.subjects) != 1:
        return  # its shape was refused already
    granularity = product.get("idGranularity")
    number = _NUMBER_OF_GRANULARITY.get(granularity) if isinstance(granularity, str) else None
    if number is not None and not LOT_NUMBER.fits(product.get(number)):
        found.add(
            "statement.batch_number",
            f"/credentialSubject/{number}",
            f"must be {LOT_NUMBER.noun} at {granularity} granularity",
        )
    lot = metal_lot_of(credential)
    if lot is not None:
        judge_metal_lot(credential, lot, found)


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None
