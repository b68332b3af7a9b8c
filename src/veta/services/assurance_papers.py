"""Documents of accreditations and certificates: statements that the member issued and anchored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from veta import canonical
from veta.errors import ConflictError, InputError, NotFoundError
from veta.model.anchoring import BatchKind, StatusAction
from veta.model.identifiers import Leaf, MemberId
from veta.ports.store import StatementState, StoredStatement, StoreWork
from veta.statement.credential import Credential, read_credential
from veta.statement.jws import leaf_of, unseal

_CERTIFYING = frozenset({BatchKind.CERTIFICATE})
_ACCREDITING = frozenset({BatchKind.CERTIFICATE, BatchKind.IDENTITY})


def leaf_in(octets: bytes) -> Leaf:
    """The leaf of a statement in a file: a credential as it was given to `veta issue`, its token,
    or a bundle with it.

    Raises:
        InputError: the file is none of these.
    """
    text = octets.strip()
    if not text.startswith(b"{"):
        return unseal(text).leaf
    document = canonical.read_object(octets)
    token = document.get("token")
    if isinstance(token, str) and "credentialSubject" not in document:
        return unseal(token.encode("ascii", "replace")).leaf
    return leaf_of(canonical.write(document))


def own_document(work: StoreWork, member: MemberId, leaf: Leaf, *, certifies: bool) -> Credential:
    """What a member issued and anchored, and stands by.

    Args:
        work: a view of the member's store.
        member: whose it must be.
        leaf: of the statement.
        certifies: a certificate of a site is asked for, else an accreditation.

    Raises:
        NotFoundError: ``statement.not_found``.
        InputError: ``assurance.document_not_ours``, ``assurance.document_kind``.
        ConflictError: ``assurance.document_not_anchored``, ``assurance.document_ended``: revoked or
            superseded.
    """
    stored = _own(work, member, leaf, "assurance")
    record = stored.record
    if record.kind not in (_CERTIFYING if certifies else _ACCREDITING):
        raise InputError(
            "assurance.document_kind",
            f"a {record.kind.name.lower()} is no document of "
            + ("a certificate" if certifies else "an accreditation"),
        )
    _require_standing(work, stored, "assurance")
    return read_credential(record.payload)


def require_statement(work: StoreWork, member: MemberId, leaf: Leaf, *, area: str) -> None:
    """That a member issued and anchored a statement of whatever kind, and stands by it.

    Raises:
        NotFoundError, InputError, ConflictError: as ``own_document``, with ``area`` before the dot.
    """
    _require_standing(work, _own(work, member, leaf, area), area)


def _own(work: StoreWork, member: MemberId, leaf: Leaf, area: str) -> StoredStatement:
    stored = work.statement(leaf)
    if stored is None:
        raise NotFoundError("statement.not_found", f"no statement {leaf.hex()} is kept here")
    issuer = stored.record.issuer
    if issuer != member:
        raise InputError(
            f"{area}.document_not_ours", f"statement {leaf.hex()} is member {issuer}'s"
        )
    return stored


def _require_standing(work: StoreWork, stored: StoredStatement, area: str) -> None:
    record = stored.record
    if stored.state is not StatementState.ANCHORED:
        raise ConflictError(
            f"{area}.document_not_anchored",
            f"statement {record.leaf.hex()} is not final on the chain: `veta anchor` first",
        )
    ends = {StatusAction.REVOKE, StatusAction.SUPERSEDE}
    if any(entry.action in ends for entry in work.status(record.issuer, record.leaf)):
        raise ConflictError(
            f"{area}.document_ended", f"statement {record.leaf.hex()} was revoked or superseded"
        )


def require_names_site(credential: Credential, identifier: str) -> None:
    """That a certificate's document assesses the site.

    Raises:
        InputError: ``assurance.other_site``.
    """
    named = sorted(set(_facilities(credential)))
    if identifier not in named:
        raise InputError(
            "assurance.other_site",
            f"the document assesses {', '.join(named) or 'no site'}, and not {identifier}",
        )


def require_names_body(credential: Credential, identifier: str) -> None:
    """That an accreditation's document is issued to the body.

    Raises:
        InputError: ``assurance.other_body``.
    """
    named = sorted(set(_parties(credential)))
    if identifier not in named:
        raise InputError(
            "assurance.other_body",
            f"the document is issued to {', '.join(named) or 'nobody'}, and not to {identifier}",
        )


def _facilities(credential: Credential) -> Iterator[str]:
    for subject in credential.subjects:
        for assessment in _each(subject, "conformityAssessment"):
            for assessed in _each(assessment, "assessedFacility"):
                facility = assessed.get("facility")
                yield from _name(facility)


def _parties(credential: Credential) -> Iterator[str]:
    for subject in credential.subjects:
        if credential.kind is BatchKind.IDENTITY:
            yield from _name(subject)
        yield from _name(subject.get("issuedToParty"))
        for assessment in _each(subject, "conformityAssessment"):
            yield from _name(assessment.get("assessedOrganisation"))


def _each(member: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    found = member.get(name)
    if isinstance(found, (list, tuple)):
        yield from (each for each in found if isinstance(each, Mapping))


def _name(member: object) -> Iterator[str]:
    found = member.get("id") if isinstance(member, Mapping) else None
    if isinstance(found, str):
        yield found
