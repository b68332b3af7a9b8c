"""SD-JWT in JWS JSON serialization (RFC 9901 section 8; RFC 7515 section 7.2).

Disclosures and key binding stand in the unprotected header of the first signature. Nothing else in
an unprotected header is believed; ``kid`` may stand there and is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from veta import canonical
from veta.canonical import JsonValue
from veta.disclosure.sd_jwt import MAX_OCTETS, VETA, Profile, SdJwt, assemble
from veta.errors import InputError

MAX_SIGNATURES: Final = 16

_FIRST: Final = frozenset({"disclosures", "kb_jwt", "kid"})
_OTHERS: Final = frozenset({"kid"})
_FLATTENED: Final = frozenset({"payload", "protected", "signature", "header"})
_GENERAL: Final = frozenset({"payload", "signatures"})
_SIGNATURE: Final = _FLATTENED - {"payload"}


def write_flattened(sd_jwt: SdJwt) -> bytes:
    """One signature, flattened (RFC 9901 section 8.1), in RFC 8785 form.

    Raises:
        InputError: ``canonical.too_large``.
    """
    return canonical.write({"payload": _payload(sd_jwt), **_entry(sd_jwt, is_first=True)})


def write_general(sd_jwts: Sequence[SdJwt]) -> bytes:
    """Several signatures over one payload, with the disclosures and key binding of the first.

    Raises:
        InputError: ``disclosure.not_one_document`` unless all have the same payload octets;
            ``canonical.too_large``.
    """
    payloads = {sd_jwt.part.payload for sd_jwt in sd_jwts}
    if len(payloads) != 1 or len(sd_jwts) > MAX_SIGNATURES:
        raise InputError("disclosure.not_one_document", "signatures stand under one payload")
    entries: list[JsonValue] = [
        _entry(sd_jwt, is_first=index == 0) for index, sd_jwt in enumerate(sd_jwts)
    ]
    return canonical.write({"payload": _payload(sd_jwts[0]), "signatures": entries})


def read_json(octets: bytes, profile: Profile = VETA) -> tuple[SdJwt, ...]:
    """Read either form: one SD-JWT a signature, all with the same disclosures.

    Key binding belongs to the first and covers its compact form (RFC 9901 section 8.1). Which of
    the signatures have to be good is for the caller to say; none was checked.

    Raises:
        InputError: ``disclosure.too_large``, ``disclosure.not_sd_jwt``, ``canonical.*``, and as
            ``read_sd_jwt``.
        VerificationError: ``disclosure.kid_of_stranger``.
    """
    if len(octets) > MAX_OCTETS:
        raise InputError("disclosure.too_large", f"an SD-JWT has at most {MAX_OCTETS} octets")
    members = canonical.read_object(octets)
    if "signatures" in members:
        _require(members.keys() <= _GENERAL)
        entries = members["signatures"]
    else:
        entries = [{name: value for name, value in members.items() if name != "payload"}]
    _require(isinstance(entries, list) and 0 < len(entries) <= MAX_SIGNATURES)
    assert isinstance(entries, list)
    payload = _text(members.get("payload"))
    disclosures, key_binding = _first_header(entries[0])
    read = []
    for index, entry in enumerate(entries):
        signed = _signed(entry, payload, is_first=index == 0)
        read.append(assemble(signed, disclosures, None if index else key_binding, profile))
    return tuple(read)


def _payload(sd_jwt: SdJwt) -> str:
    return sd_jwt.part.token.split(b".")[1].decode("ascii")


def _entry(sd_jwt: SdJwt, *, is_first: bool) -> dict[str, JsonValue]:
    protected, _, signature = sd_jwt.part.token.split(b".")
    entry: dict[str, JsonValue] = {
        "protected": protected.decode("ascii"),
        "signature": signature.decode("ascii"),
    }
    if is_first:
        header: dict[str, JsonValue] = {"disclosures": [item.text for item in sd_jwt.disclosures]}
        if sd_jwt.key_binding is not None:
            header["kb_jwt"] = sd_jwt.key_binding.decode("ascii")
        entry["header"] = header
    return entry


def _signed(entry: JsonValue, payload: bytes, *, is_first: bool) -> bytes:
    """The compact JWS of one signature; what its unprotected header may have is bounded."""
    _require(isinstance(entry, dict) and entry.keys() <= _SIGNATURE)
    assert isinstance(entry, dict)
    header = entry.get("header", {})
    _require(isinstance(header, dict) and header.keys() <= (_FIRST if is_first else _OTHERS))
    return b".".join([_text(entry.get("protected")), payload, _text(entry.get("signature"))])


def _first_header(entry: JsonValue) -> tuple[list[bytes], bytes | None]:
    header = entry.get("header", {}) if isinstance(entry, dict) else None
    _require(isinstance(header, dict))
    assert isinstance(header, dict)
    disclosures = header.get("disclosures", [])
    _require(isinstance(disclosures, list))
    assert isinstance(disclosures, list)
    key_binding = _text(header["kb_jwt"]) if "kb_jwt" in header else None
    return [_text(text) for text in disclosures], key_binding


def _text(value: JsonValue) -> bytes:
    _require(isinstance(value, str) and value.isascii())
    assert isinstance(value, str)
    return value.encode("ascii")


def _require(is_met: bool) -> None:  # noqa: FBT001 - reads as a sentence where it is called
    if not is_met:
        raise InputError("disclosure.not_sd_jwt", "no JWS JSON serialization of an SD-JWT")
