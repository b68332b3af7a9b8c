"""Documents of other systems: which form they have, and whether they keep its rules.

Form only. Who signed what, and what the chain says of it, is verification (``veta verify``): a
document that keeps the rules can still be nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from veta import canonical
from veta.errors import InputError, ProvenanceError
from veta.interop.epcis_reading import read_epcis
from veta.interop.pact_reading import read_product_footprint
from veta.statement.credential import W3C_CONTEXT, read_credential
from veta.statement.jws import meant_as_token, read_statement
from veta.statement.rules import find_faults

ENVELOPE: Final = "data:application/vc+jwt,"
"""W3C VC 2.0 section 4.13: a secured credential inside a presentation."""
_MOST_ENVELOPES: Final = 1_000


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """One document, and what is wrong with it."""

    form: str
    """``untp``, ``pact``, ``epcis`` or ``unknown``."""
    kind: str
    """Type as its standard names it."""
    identifier: str
    problems: tuple[tuple[str, str], ...]
    """Code and sentence."""

    @property
    def good(self) -> bool:
        """It keeps the rules of its form."""
        return not self.problems


_UNKNOWN: Final = CheckedDocument(
    "unknown",
    "unknown",
    "",
    (
        (
            "exchange.unknown_form",
            "neither a credential or presentation, nor a PACT footprint, nor an EPCIS document",
        ),
    ),
)


def check_documents(octets: bytes) -> tuple[CheckedDocument, ...]:
    """Everything in a file: a token, a credential, a presentation of several, a PACT product
    footprint, an EPCIS 2.0 document.
    """
    if octets.lstrip()[:1] != b"{":
        token = octets.strip()
        return (_token(token) if meant_as_token(token) else _UNKNOWN,)
    try:
        document = canonical.read_object(octets, canonical.FOREIGN)
    except InputError as error:
        return (_refused("unknown", "unreadable", error),)
    types = document.get("type")
    names = types if isinstance(types, list) else [types]
    if "VerifiablePresentation" in names:
        return tuple(_enveloped(document))
    return (_single(octets, document, names),)


def _single(octets: bytes, document: Mapping[str, Any], names: list[Any]) -> CheckedDocument:
    if names == ["EPCISDocument"]:
        return _epcis(octets, document)
    if "specVersion" in document:
        return _footprint(octets, document)
    if "VerifiableCredential" in names:
        return _credential(octets)
    return _UNKNOWN


def presentation(tokens: Iterable[bytes]) -> dict[str, Any]:
    """A presentation of signed credentials as they are (W3C VC 2.0, unsigned itself)."""
    return {
        "@context": [W3C_CONTEXT],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [
            {
                "@context": W3C_CONTEXT,
                "id": ENVELOPE + token.decode("ascii"),
                "type": "EnvelopedVerifiableCredential",
            }
            for token in tokens
        ],
    }


def tokens_of(document: Mapping[str, Any]) -> Iterator[bytes]:
    """The signed credentials of a presentation.

    Raises:
        InputError: ``exchange.envelope``.
    """
    members = document.get("verifiableCredential")
    if not isinstance(members, list) or len(members) > _MOST_ENVELOPES:
        raise InputError("exchange.envelope", "verifiableCredential is no list of envelopes")
    for member in members:
        name = member.get("id") if isinstance(member, dict) else None
        if not isinstance(name, str) or not name.startswith(ENVELOPE) or not name.isascii():
            raise InputError("exchange.envelope", f"an envelope's id begins with {ENVELOPE}")
        yield name.removeprefix(ENVELOPE).encode("ascii")


def _enveloped(document: Mapping[str, Any]) -> Iterator[CheckedDocument]:
    try:
        tokens = list(tokens_of(document))
    except InputError as error:
        yield _refused("untp", "VerifiablePresentation", error)
        return
    for token in tokens:
        yield _token(token)


def _token(token: bytes) -> CheckedDocument:
    try:
        payload = read_statement(token).payload
    except ProvenanceError as error:
        return _refused("untp", "vc+jwt", error)
    return _credential(payload)


def _credential(octets: bytes) -> CheckedDocument:
    try:
        credential = read_credential(octets)
    except InputError as error:
        return _refused("untp", "VerifiableCredential", error)
    kind = next(name for name in credential.types if name != "VerifiableCredential")
    faults = ((each.code, f"{each.pointer} {each.sentence}") for each in find_faults(credential))
    return CheckedDocument("untp", kind, credential.credential_id, tuple(faults))


def _footprint(octets: bytes, document: Mapping[str, Any]) -> CheckedDocument:
    try:
        found = read_product_footprint(octets)
    except InputError as error:
        return _refused("pact", "ProductFootprint", error, str(document.get("id", "")))
    return CheckedDocument("pact", "ProductFootprint", found.footprint_id, ())


def _epcis(octets: bytes, document: Mapping[str, Any]) -> CheckedDocument:
    identifier = str(document.get("id", ""))
    try:
        read_epcis(octets)
    except InputError as error:
        return _refused("epcis", "EPCISDocument", error, identifier)
    return CheckedDocument("epcis", "EPCISDocument", identifier, ())


def _refused(form: str, kind: str, error: ProvenanceError, identifier: str = "") -> CheckedDocument:
    return CheckedDocument(form, kind, identifier, ((error.code, error.message),))
