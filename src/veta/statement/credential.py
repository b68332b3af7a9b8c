"""A typed view over a credential: W3C VC 2.0 members, UNTP 0.7.0 types, and Veta's own.

Strict where a verdict depends on it (who, when, what kind), silent on the rest: the rules of each
type are in ``veta.statement.rules``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from veta import canonical
from veta.errors import InputError
from veta.model.anchoring import BatchKind
from veta.model.identifiers import FAR_FUTURE, UnixSeconds
from veta.statement import base64url
from veta.statement.instants import instant_offset_s, read_end, read_instant

W3C_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
UNTP_CONTEXT: Final = "https://vocabulary.uncefact.org/untp/0.7.0/context/"
VETA_CONTEXT: Final = "https://veta.example/context/v1"

CREDENTIAL_TYPE: Final = "VerifiableCredential"
KIND_OF_TYPE: Final[Mapping[str, BatchKind]] = MappingProxyType(
    {
        "DigitalProductPassport": BatchKind.PASSPORT,
        "DigitalFacilityRecord": BatchKind.FACILITY,
        "DigitalConformityCredential": BatchKind.CERTIFICATE,
        "DigitalTraceabilityEvent": BatchKind.EVENT,
        "DigitalIdentityAnchor": BatchKind.IDENTITY,
    }
)
"""UNTP 0.7.0 credential types and the kind of batch that carries them."""

BLIND_OCTETS: Final = 16

_DID: Final = re.compile(r"did:[a-z0-9]{1,32}:[A-Za-z0-9._:%-]{1,512}", re.ASCII)
_MOST_TYPES: Final = 16


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who speaks in a credential."""

    identifier: str
    """DID."""
    name: str


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential as it was written, and the members that verification needs, typed."""

    document: Mapping[str, Any]
    """All members; decimals as ``decimal.Decimal``. Not to be changed."""
    kind: BatchKind
    types: tuple[str, ...]
    contexts: tuple[str, ...]
    credential_id: str
    issuer: Issuer
    valid_from_s: UnixSeconds
    valid_until_s: UnixSeconds
    """First second at which it is over; ``FAR_FUTURE`` if it has no end."""
    subjects: tuple[Mapping[str, Any], ...]
    """One subject, or the events of a traceability credential."""
    blind: bytes | None
    """16 octets in what Veta issues; foreign credentials may have none."""

    @property
    def subject(self) -> Mapping[str, Any]:
        """The first subject."""
        return self.subjects[0]


def read_credential(payload: bytes) -> Credential:
    """Read payload octets as a credential.

    Raises:
        InputError: ``canonical.*`` for octets that are no strict JSON, else as ``view_credential``.
    """
    return view_credential(canonical.read_object(payload))


def view_credential(document: dict[str, Any]) -> Credential:
    """View members that were already read as a credential.

    Raises:
        InputError: ``statement.type``, ``statement.context``, ``statement.id``,
            ``statement.issuer``, ``statement.validity``, ``statement.subject``,
            ``statement.blind`` or ``instant.*``.
    """
    types = _texts(document.get("type"), "statement.type", "type")
    contexts = _texts(document.get("@context"), "statement.context", "@context")
    valid_from_s, valid_until_s = _validity(document)
    return Credential(
        document=document,
        kind=kind_of(types, contexts),
        types=types,
        contexts=contexts,
        credential_id=_text(document.get("id"), "statement.id", "id"),
        issuer=_issuer(document.get("issuer")),
        valid_from_s=valid_from_s,
        valid_until_s=valid_until_s,
        subjects=_subjects(document.get("credentialSubject")),
        blind=_blind(document),
    )


def kind_of(types: tuple[str, ...], contexts: tuple[str, ...]) -> BatchKind:
    """The one kind that a credential's types stand for.

    Raises:
        InputError: ``statement.type``: no verifiable credential, two types of the standard at
            once, or a type that neither the standard nor Veta's context defines.
            ``statement.context``: the W3C context is not first, or the type's is missing.
    """
    if CREDENTIAL_TYPE not in types:
        raise InputError("statement.type", f"the type lacks {CREDENTIAL_TYPE!r}")
    if contexts[0] != W3C_CONTEXT:
        raise InputError("statement.context", f"the first context must be {W3C_CONTEXT!r}")
    kinds = [KIND_OF_TYPE[name] for name in types if name in KIND_OF_TYPE]
    if len(kinds) > 1 or len(types) != len(set(types)):
        raise InputError("statement.type", "a credential has one type of the standard, named once")
    if len(contexts) < 2 or contexts[1] != UNTP_CONTEXT:
        raise InputError("statement.context", f"the second context must be {UNTP_CONTEXT!r}")
    if kinds:
        return kinds[0]
    if len(types) > 1 and VETA_CONTEXT in contexts:
        return BatchKind.OTHER
    raise InputError("statement.type", "the type is neither the standard's nor Veta's own")


def write_blind(blind: bytes) -> str:
    """The ``blind`` member for 16 octets.

    Raises:
        InputError: ``statement.blind``.
    """
    if len(blind) != BLIND_OCTETS:
        raise InputError("statement.blind", f"a blind has {BLIND_OCTETS} octets")
    return base64url.encode(blind).decode("ascii")


def _validity(document: Mapping[str, Any]) -> tuple[UnixSeconds, UnixSeconds]:
    start_text = _text(document.get("validFrom"), "statement.validity", "validFrom")
    start_s = read_instant(start_text)
    if "validUntil" not in document:
        return start_s, FAR_FUTURE
    end_text = _text(document["validUntil"], "statement.validity", "validUntil")
    end_s = read_end(end_text, document_offset_s=instant_offset_s(start_text))
    if end_s <= start_s:
        raise InputError("statement.validity", "validUntil is not after validFrom")
    return start_s, end_s


def _issuer(value: object) -> Issuer:
    if not isinstance(value, dict):
        raise InputError("statement.issuer", "the issuer must be an object with id and name")
    identifier = _text(value.get("id"), "statement.issuer", "issuer.id")
    if _DID.fullmatch(identifier) is None:
        raise InputError("statement.issuer", "the issuer's id is no DID")
    return Issuer(identifier, _text(value.get("name"), "statement.issuer", "issuer.name"))


def _subjects(value: object) -> tuple[Mapping[str, Any], ...]:
    subjects = tuple(value) if isinstance(value, list) else (value,)
    if not subjects or not all(isinstance(subject, dict) for subject in subjects):
        raise InputError(
            "statement.subject", "credentialSubject must be an object or a list of them"
        )
    return subjects


def _blind(document: Mapping[str, Any]) -> bytes | None:
    if "blind" not in document:
        return None
    text = document["blind"]
    blind = base64url.decode(text.encode("utf-8")) if isinstance(text, str) else b""
    if len(blind) != BLIND_OCTETS:
        raise InputError("statement.blind", f"blind must be {BLIND_OCTETS} octets in base64url")
    return blind


def _text(value: object, code: str, member: str) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(code, f"{member} must be a text")
    return value


def _texts(value: object, code: str, member: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_TYPES:
        raise InputError(code, f"{member} must be a list of 1 to {_MOST_TYPES} texts")
    return tuple(_text(entry, code, member) for entry in value)
