"""docs/spec/vectors/statements.json: tokens, leaves, times, and tokens to refuse.

Signatures are deterministic (RFC 6979, RFC 8032) from secrets that are printed here and guard
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from veta import canonical
from veta.interop.pact import FootprintIssue, build_product_footprint, footprint_link
from veta.keys.signers import Ed25519Signer, Es256kSigner
from veta.model.identifiers import UnixSeconds
from veta.model.lot import Issuance
from veta.scenario.campaign import load_copper
from veta.statement import base64url
from veta.statement.algorithms import JWS_NAMES, key_id_of
from veta.statement.instants import read_end, read_instant
from veta.statement.jws import SigningKey, sign_statement, unseal
from veta.statement.passport import build_passport, lot_identifier

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_SECRETS = {
    "ES256K": sha256(b"veta vectors: ES256K").digest(),
    "EdDSA": sha256(b"veta vectors: EdDSA").digest(),
}
_LOTS = ("AUR-CON-26-0417", "BSE-CAT-26-1001", "BSE-CAT-26-1038", "LIN-CAB-26-0311")
_UUID = "00000000-0000-4000-8000-000000000001"


def statement_vectors() -> dict[str, object]:
    """Vectors of docs/spec/statements.md; octets are hex, tokens are text."""
    return {
        "about": "vc+jwt statements: leaf = SHA-256(0x00 || payload), key id = keccak256(key)",
        "keys": [_key(signer) for signer in _signers()],
        "statements": [_statement(number, signer) for number in _LOTS for signer in _signers()],
        "footprints": [_footprint(number) for number in _LOTS],
        "refused": list(_refused()),
        "base64url_refused": ["A", "AAAAA", "AB", "AAB", "AA==", "AA=", "A A", "A+AA", "A/AA"],
        "instants": [
            {"text": text, "unix_s": read_instant(text)}
            for text in (
                "2026-09-30T23:59:00Z",
                "2026-09-30T23:59:00-03:00",
                "2026-09-30T23:59:59.000000001Z",
                "2024-02-29T12:00:00-00:00",
            )
        ],
        "ends": [
            {
                "text": text,
                "document_offset_s": offset,
                "unix_s": read_end(text, document_offset_s=offset),
            }
            for text, offset in (
                ("2026-09-30", 0),
                ("2026-09-30", -10800),
                ("2026-09-30-03:00", 0),
                ("2026-09-30T23:59:59-03:00", 0),
            )
        ],
        "lot_identifiers": [
            {"issuer": "did:web:x.example", "lot_number": number, "id": _lot_id(number)}
            for number in ("AUR-CON-26-0417", "A/1", "#7", "50%", "a~b")
        ],
    }


def _lot_id(number: str) -> str:
    return lot_identifier("did:web:x.example", number)


def _signers() -> tuple[SigningKey, ...]:
    return Es256kSigner(_SECRETS["ES256K"]), Ed25519Signer(_SECRETS["EdDSA"])


def _key(signer: SigningKey) -> dict[str, object]:
    name = JWS_NAMES[signer.algorithm]
    return {
        "alg": name,
        "secret": _SECRETS[name].hex(),
        "public_key": signer.public_key.hex(),
        "key_id": key_id_of(signer.public_key).hex(),
    }


def _issue(number: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The footprint and the passport of a lot."""
    lot = load_copper().lot(number)
    issued_s = UnixSeconds(lot.produced_to_s + 86_400)
    footprint = build_product_footprint(lot, FootprintIssue(_UUID, issued_s))
    blind = sha256(f"veta vectors: blind of {number}".encode()).digest()[:16]
    issuance = Issuance(f"urn:uuid:{_UUID}", issued_s, blind, UnixSeconds(issued_s + 365 * 86_400))
    link = footprint_link(footprint, f"https://lots.example/{number}")
    return footprint, build_passport(lot, issuance, link)


def _statement(number: str, signer: SigningKey) -> dict[str, object]:
    _, passport = _issue(number)
    sealed = unseal(sign_statement(passport, signer))
    return {
        "lot_number": number,
        "alg": JWS_NAMES[signer.algorithm],
        "payload": sealed.payload.hex(),
        "leaf": sealed.leaf.hex(),
        "token": sealed.token.decode("ascii"),
    }


def _footprint(number: str) -> dict[str, object]:
    footprint, _ = _issue(number)
    link = footprint_link(footprint, f"https://lots.example/{number}")
    return {
        "lot_number": number,
        "canonical": canonical.write(footprint).hex(),
        "digest_multibase": link.digest_multibase,
    }


def _refused() -> Iterator[dict[str, str]]:
    """Tokens that must not be accepted under the ES256K key, each with the code it gets."""
    signer = Es256kSigner(_SECRETS["ES256K"])
    sealed = unseal(sign_statement(_issue("BSE-CAT-26-1001")[1], signer))
    issuer = sealed.header.issuer
    kid = f"{issuer}#{signer.key_id.hex()}"
    head, body, signature = (part.decode("ascii") for part in sealed.token.split(b"."))
    s = int.from_bytes(sealed.signature[32:], "big")
    flipped = sealed.signature[:32] + (_ORDER - s).to_bytes(32, "big")
    yield _case("signature.high_s", f"{head}.{body}.{base64url.encode(flipped).decode()}")
    yield _case("base64url.malformed", f"{head}.{body}.{signature[:-1]}=")
    yield _case("statement.signature_length", f"{head}.{body}.{signature}=")
    yield _case("statement.not_compact", f"{head}.{body}.{signature}.")
    yield _case("statement.not_compact", f"{head}..{signature}")
    good = {"alg": "ES256K", "kid": kid, "typ": "vc+jwt"}
    stranger = f"did:web:stranger.example#{signer.key_id.hex()}"
    for code, change in (
        ("statement.header_algorithm", {"alg": "none"}),
        ("signature.algorithm", {"alg": "ES256"}),
        ("statement.header_type", {"typ": "JWT"}),
        ("statement.header_type", {"cty": "json"}),
        ("statement.header_unknown", {"crit": ["exp"]}),
        ("statement.header_unknown", {"jku": "https://x.example"}),
        ("statement.header_kid", {"kid": signer.key_id.hex()}),
        ("statement.kid_of_stranger", {"kid": stranger}),
        ("signature.key", {"kid": f"{issuer}#{'00' * 32}"}),
    ):
        header: dict[str, Any] = {**good, **change}
        signing_input = base64url.encode(canonical.write(header)) + b"." + body.encode()
        token = signing_input + b"." + base64url.encode(signer.sign(signing_input))
        yield _case(code, token.decode("ascii"))


def _case(code: str, token: str) -> dict[str, str]:
    return {"code": code, "token": token}
