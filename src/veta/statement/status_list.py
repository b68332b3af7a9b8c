"""W3C Bitstring Status List v1.0: a list's bits, its credential, and a statement's place in it.

A list has one bit a statement, index 0 the leftmost bit, at least 131,072 bits (section 3.1: a herd
to hide in), GZIP (RFC 1952) and base64url without padding in multibase (``u``). Only the purpose
``revocation`` is made here. Veta's chain decides what a status is; a list is a copy for readers who
ask no chain.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from veta.errors import InputError
from veta.model.identifiers import UnixSeconds
from veta.statement import base64url
from veta.statement.credential import (
    CREDENTIAL_TYPE,
    UNTP_CONTEXT,
    VETA_CONTEXT,
    W3C_CONTEXT,
    Credential,
)
from veta.statement.instants import write_instant

LIST_CREDENTIAL: Final = "BitstringStatusListCredential"
LIST: Final = "BitstringStatusList"
ENTRY: Final = "BitstringStatusListEntry"
REVOCATION: Final = "revocation"
LIST_BITS: Final = 131_072
"""Bits of a list that is made here: the least that the standard allows."""
MOST_BITS: Final = 1 << 26
"""Bits of a list that is read: whoever wrote it chose how large it unpacks."""
_MULTIBASE: Final = "u"
_BYTE: Final = 8
_MOST_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class StatusListEntry:
    """A statement's place in a list."""

    list_url: str
    purpose: str
    index: int

    def member(self) -> dict[str, Any]:
        """UNTP 0.7.0 ``credentialStatus``."""
        return {
            "type": ENTRY,
            "statusPurpose": self.purpose,
            "statusListIndex": self.index,
            "statusListCredential": self.list_url,
        }


def entry_of(credential: Credential) -> StatusListEntry | None:
    """Where a credential says that its revocation is published; ``None`` if nowhere.

    The index may be a number (UNTP 0.7.0) or a text of digits (W3C).
    """
    status = credential.document.get("credentialStatus")
    if not isinstance(status, dict) or status.get("type") != ENTRY:
        return None
    url, purpose = status.get("statusListCredential"), status.get("statusPurpose")
    index = status.get("statusListIndex")
    if isinstance(index, str) and index.isdecimal() and len(index) <= _MOST_DIGITS:
        index = int(index)
    if not isinstance(url, str) or isinstance(index, bool) or not isinstance(index, int):
        return None
    return StatusListEntry(url, REVOCATION, index) if purpose == REVOCATION else None


def encode_bits(indices: Iterable[int], bits: int = LIST_BITS) -> str:
    """The ``encodedList`` in which the bits at these indices are set.

    Raises:
        InputError: ``status_list.index``: one is outside the list.
    """
    octets = bytearray(bits // _BYTE)
    for index in indices:
        if not 0 <= index < bits:
            raise InputError("status_list.index", f"{index} is outside a list of {bits}")
        octets[index // _BYTE] |= 1 << (_BYTE - 1 - index % _BYTE)
    packed = gzip.compress(bytes(octets), mtime=0)
    return _MULTIBASE + base64url.encode(packed).decode("ascii")


def decode_bits(encoded: str) -> bytes:
    """The octets of an ``encodedList``, unpacked no further than ``MOST_BITS``.

    Raises:
        InputError: ``status_list.malformed``: another multibase, no GZIP, more than one member or
            octets after it; ``status_list.too_large``; ``status_list.too_short``.
    """
    if not encoded.startswith(_MULTIBASE):
        raise InputError("status_list.malformed", "the list is not base64url in multibase (u)")
    packed = base64url.decode(encoded[len(_MULTIBASE) :].encode("utf-8"))
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        octets = unpacker.decompress(packed, MOST_BITS // _BYTE + 1)
    except zlib.error as error:
        raise InputError("status_list.malformed", f"the list is no GZIP: {error}") from error
    if len(octets) * _BYTE > MOST_BITS:
        raise InputError("status_list.too_large", f"the list has more than {MOST_BITS} bits")
    if not unpacker.eof or unpacker.unused_data:
        raise InputError("status_list.malformed", "the list ends early, or goes on after its end")
    if len(octets) * _BYTE < LIST_BITS:
        raise InputError("status_list.too_short", f"a list has at least {LIST_BITS} bits")
    return octets


def bit_at(octets: bytes, index: int) -> bool:
    """A bit; index 0 is the leftmost.

    Raises:
        InputError: ``status_list.index``.
    """
    if not 0 <= index < len(octets) * _BYTE:
        raise InputError("status_list.index", f"{index} is outside the list")
    return bool(octets[index // _BYTE] >> (_BYTE - 1 - index % _BYTE) & 1)


def build_status_list(
    list_url: str,
    *,
    issuer: dict[str, Any],
    indices: Iterable[int],
    valid_from_s: UnixSeconds,
    valid_until_s: UnixSeconds,
) -> dict[str, Any]:
    """The list's credential, to be signed.

    Args:
        list_url: where it is published; its ``id``.
        issuer: as in the statements.
        indices: of the bits that are set.
        valid_from_s: time of the block that it was made at.
        valid_until_s: when it is too old to count.

    Raises:
        InputError: as ``encode_bits``; ``instant.range``.
    """
    return {
        "@context": [W3C_CONTEXT, UNTP_CONTEXT, VETA_CONTEXT],
        "id": list_url,
        "type": [LIST_CREDENTIAL, CREDENTIAL_TYPE],
        "issuer": issuer,
        "name": "Status list: revocation",
        "validFrom": write_instant(valid_from_s),
        "validUntil": write_instant(valid_until_s),
        "credentialSubject": {
            "id": f"{list_url}#list",
            "type": [LIST],
            "statusPurpose": REVOCATION,
            "encodedList": encode_bits(indices),
        },
    }


def read_status_list(credential: Credential) -> bytes:
    """The octets of a status list credential for revocation.

    Raises:
        InputError: ``status_list.not_a_list``; as ``decode_bits``.
    """
    subject = credential.subject
    kinds = subject.get("type")
    named = kinds == LIST or (isinstance(kinds, list) and LIST in kinds)
    purpose = subject.get("statusPurpose")
    purposes = purpose if isinstance(purpose, list) else [purpose]
    encoded = subject.get("encodedList")
    if LIST_CREDENTIAL not in credential.types or not named or not isinstance(encoded, str):
        raise InputError("status_list.not_a_list", f"the document is no {LIST_CREDENTIAL}")
    if REVOCATION not in purposes:
        raise InputError("status_list.not_a_list", "the list is not about revocation")
    return decode_bits(encoded)
