"""docs/spec/vectors/disclosure.json: indicator sets, opened leaves, SD-JWTs, and what to refuse.

Salts and keys come from fixed words and guard nothing; signatures are deterministic (RFC 6979,
RFC 8032).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from veta.disclosure.catalogue import CATALOGUE_ID, DIMENSIONS, INDICATORS, ValueKind, indicator
from veta.disclosure.disclosures import make_disclosure, read_disclosure
from veta.disclosure.envelope import VerificationKey, sign_part
from veta.disclosure.indicators import (
    IndicatorSet,
    IndicatorValue,
    OpenedLeaf,
    check_leaves,
    leaf_of,
    require_value,
)
from veta.disclosure.key_binding import KeyBindingDemand, bind, key_member
from veta.disclosure.mandatory import DEFAULT_POLICY
from veta.disclosure.sd_jwt import VETA, issue_sd_jwt, present, read_sd_jwt, verify_sd_jwt
from veta.errors import ProvenanceError
from veta.keys.signers import Ed25519Signer, Es256kSigner
from veta.model.identifiers import UnixSeconds

_DID = "did:web:mina-aurora.example"
_SUBJECT = f"{_DID}:lot:AUR-CON-26-0417"
_AT = UnixSeconds(1_776_500_000)
_ISSUER = Es256kSigner(sha256(b"veta vectors: ES256K").digest())
_HOLDER = Ed25519Signer(sha256(b"veta vectors: EdDSA").digest())
_DEMAND = KeyBindingDemand("did:web:buyer.example", "6f1c")
_HIDDEN = ("/lot", "/lot/priceUsd", "/buyers/0", "/buyers/1", "/fatalities")
_CLAIMS: dict[str, Any] = {
    "issuer": {"id": _DID, "name": "Mina Aurora"},
    "validFrom": "2026-04-18T00:00:00Z",
    "cnf": key_member(VerificationKey(_HOLDER.algorithm, _HOLDER.public_key)),
    "lot": {"number": "AUR-CON-26-0417", "massG": 2_300_000_000, "priceUsd": 1_234_567},
    "buyers": ["Kupferwerk Böhlen", "Cablera"],
    "fatalities": 1,
}


def disclosure_vectors() -> dict[str, object]:
    """Vectors of docs/spec/disclosure.md; octets are hex, tokens and disclosures are text."""
    return {
        "about": "leaf = SHA-256(0x06 || JCS([salt, catalogue, subject, dimension, name, value]))",
        "catalogue": CATALOGUE_ID,
        "dimensions": list(DIMENSIONS),
        "indicators": [
            {
                "index": item.index,
                "dimension": item.dimension,
                "name": item.name,
                "kind": item.kind.value,
                "unit": item.unit,
                "goals": list(item.goals),
            }
            for item in INDICATORS
        ],
        "mandatory": [
            {"policy": DEFAULT_POLICY.policy_id, "material": symbol, "names": _mandatory(symbol)}
            for symbol in DEFAULT_POLICY.by_material
        ],
        "leaves": [_leaf(item.name, value) for item in INDICATORS for value in _values(item.name)],
        "values_refused": list(_values_refused()),
        "set": _set_vector(),
        "opened": [_opened(leaf) for leaf in _SET.open(item.name for item in INDICATORS)],
        "opened_refused": list(_opened_refused()),
        "disclosures": list(_disclosures()),
        "sd_jwt_key": _ISSUER.public_key.hex(),
        "sd_jwts": list(_sd_jwts()),
        "sd_jwts_refused": list(_sd_jwts_refused()),
    }


def _salt(*what: object) -> bytes:
    return sha256(" ".join(map(str, ("veta vectors", *what))).encode()).digest()[:16]


def _values(name: str) -> tuple[IndicatorValue, ...]:
    """What stands in the set, and for one indicator of each kind also the edges."""
    item = indicator(name)
    edges: dict[str, tuple[IndicatorValue, ...]] = {
        "ghg_scope1_t": ("0", "0.000000000001", "123456789012345", None),
        "fatalities": (0, 2**53 - 1, None),
        "desalinated_share": (0, 1_000_000, None),
        "biodiversity_plan_yn": (True, False, None),
    }
    samples: dict[ValueKind, IndicatorValue] = {
        ValueKind.COUNT: item.index,
        ValueKind.QUANTITY: f"{item.index * 17}.25",
        ValueKind.SHARE: item.index * 13_000,
        ValueKind.YES_NO: item.index % 2 == 1,
    }
    return (samples[item.kind], *edges.get(name, ()))


_SALTS = [_salt("leaf", item.name) for item in INDICATORS]
_SET = IndicatorSet(_SUBJECT, [(item.name, _values(item.name)[0]) for item in INDICATORS], _SALTS)


def _mandatory(symbol: str) -> list[str]:
    names = DEFAULT_POLICY.mandatory([symbol])
    return [item.name for item in INDICATORS if item.name in names]


def _leaf(name: str, value: IndicatorValue) -> dict[str, object]:
    item = indicator(name)
    salt = _SALTS[item.index]
    leaf = leaf_of(_SUBJECT, item, value, salt)
    return {
        "subject": _SUBJECT,
        "dimension": item.dimension,
        "name": name,
        "value": value,
        "salt": salt.hex(),
        "leaf": leaf.hex(),
    }


def _values_refused() -> Iterator[dict[str, object]]:
    refused: dict[str, tuple[object, ...]] = {
        "ghg_scope1_t": ("", ".5", "1.", "01", "1.0", "-1", "1e3", "1234567890123456", 1, True),
        "fatalities": (-1, 2**53, "1", True),
        "desalinated_share": (-1, 1_000_001, "1"),
        "biodiversity_plan_yn": (0, 1, "yes"),
    }
    for name, values in refused.items():
        for value in values:
            code = _refusal(require_value, indicator(name), value)
            number = str(value) if value == 2**53 else value
            yield {"name": name, "value": number, "is_number": value == 2**53, "code": code}


def _set_vector() -> dict[str, object]:
    head = _SET.head
    return {"subject": head.subject, "size": head.size, "root": head.root.hex()}


def _opened(leaf: OpenedLeaf) -> dict[str, object]:
    return {
        "dimension": leaf.dimension,
        "name": leaf.name,
        "value": leaf.value,
        "salt": leaf.salt.hex(),
        "index": leaf.proof.index,
        "size": leaf.proof.size,
        "path": [node.hex() for node in leaf.proof.path],
    }


def _opened_refused() -> Iterator[dict[str, object]]:
    leaf, other = _SET.open(("fatalities", "ltifr"))
    proof = leaf.proof
    for why, changed in {
        "another value": replace(leaf, value=0),
        "another salt": replace(leaf, salt=bytes(16)),
        "another dimension": replace(leaf, dimension="human-rights"),
        "another name": replace(leaf, name="emergency_drills"),
        "no indicator": replace(leaf, name="accidents"),
        "another index": replace(leaf, proof=replace(proof, index=proof.index + 1)),
        "75 leaves": replace(leaf, proof=replace(proof, size=75)),
        "a shorter path": replace(leaf, proof=replace(proof, path=proof.path[:-1])),
        "a longer path": replace(leaf, proof=replace(proof, path=(*proof.path, bytes(32)))),
        "a path of its neighbour": replace(leaf, proof=replace(proof, path=other.proof.path)),
    }.items():
        yield {**_opened(changed), "why": why, "code": _refusal(check_leaves, _SET.head, [changed])}


def _disclosures() -> Iterator[dict[str, object]]:
    values: tuple[Any, ...] = (None, True, 7, "Böhlen", ["a"], {"b": 1, "a": 2})
    for index, value in enumerate(values):
        for name in ("price", None):
            salt = _salt("disclosure", index, name)
            made = make_disclosure(salt, name, value)
            yield {
                "salt": salt.hex(),
                "name": name,
                "value": value,
                "text": made.text,
                "digest": made.digest,
            }
    rfc = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    read = read_disclosure(rfc)  # RFC 9901 section 4.2.1
    yield {"salt": None, "name": read.name, "value": read.value, "text": rfc, "digest": read.digest}


def _issued() -> bytes:
    salts = (_salt("sd-jwt", index) for index in range(64))
    return issue_sd_jwt(_CLAIMS, _ISSUER, hidden=_HIDDEN, salts=salts, decoys={"": 2, "/buyers": 1})


def _sd_jwts() -> Iterator[dict[str, object]]:
    full = read_sd_jwt(_issued())
    choices: tuple[tuple[str, ...], ...] = (
        (),
        ("/fatalities",),
        ("/lot",),
        ("/lot/priceUsd",),
        ("/buyers/1",),
        _HIDDEN,
    )
    for chosen in choices:
        presented = present(full, chosen)
        token = bind(
            presented,
            _HOLDER,
            audience=_DEMAND.audience,
            nonce=_DEMAND.nonce,
            issued_at_s=_AT,
        )
        for text in (presented, token):
            sd_jwt = read_sd_jwt(text)
            key = VerificationKey(_ISSUER.algorithm, _ISSUER.public_key)
            demand = _DEMAND if text is token else None
            shown = verify_sd_jwt(sd_jwt, key, at_s=_AT, key_binding=demand)
            yield {
                "token": text.decode(),
                "claims": shown.claims,
                "opened": list(shown.opened),
                "unopened": shown.unopened,
                "is_bound": shown.holder is not None,
            }


def _sd_jwts_refused() -> Iterator[dict[str, object]]:
    member = make_disclosure(_salt("refused", 1), "price", 7)
    twin = make_disclosure(_salt("refused", 2), "price", 8)
    element = make_disclosure(_salt("refused", 3), None, 7)
    documents: dict[str, tuple[dict[str, Any], list[str]]] = {
        "a digest twice": ({"_sd": [member.digest, member.digest]}, []),
        "a disclosure that nothing refers to": ({"_sd": []}, [member.text]),
        "a disclosure twice": ({"_sd": [member.digest]}, [member.text, member.text]),
        "an element for a member": ({"_sd": [element.digest]}, [element.text]),
        "a member for an element": ({"a": [{"...": member.digest}]}, [member.text]),
        "a name that is taken": ({"_sd": [member.digest], "price": 1}, [member.text]),
        "one name twice": ({"_sd": [member.digest, twin.digest]}, [member.text, twin.text]),
        "an element with a neighbour": ({"a": [{"...": element.digest, "b": 1}]}, []),
        "... outside an array": ({"a": {"...": element.digest}}, []),
        "_sd_alg below the top": ({"a": {"_sd_alg": "sha-256"}}, []),
        "sha-512": ({"_sd_alg": "sha-512"}, []),
        "_sd is text": ({"_sd": member.digest}, []),
        "a short digest": ({"_sd": ["AAAA"]}, []),
        "expired": ({"exp": _AT}, []),
    }
    for why, (claims, texts) in documents.items():
        signed = sign_part({"issuer": {"id": _DID}, **claims}, _ISSUER, VETA.typ, did=_DID)
        yield _refused(why, b"~".join([signed, *(text.encode() for text in texts), b""]))
    issued = _issued()
    yield _refused("no tilde at the end", issued[:-1])
    yield _refused("another signature", issued.split(b"~")[0][:-8] + b"AAAAAAAA~")
    yield _refused("vc+jwt", sign_part({"issuer": _DID}, _ISSUER, "vc+jwt", did=_DID) + b"~")
    other = sign_part({"issuer": _DID}, _ISSUER, VETA.typ, did="did:web:x.example")
    yield _refused("another issuer's kid", other + b"~")


def _refused(why: str, token: bytes) -> dict[str, object]:
    def verify() -> None:
        key = VerificationKey(_ISSUER.algorithm, _ISSUER.public_key)
        verify_sd_jwt(read_sd_jwt(token), key, at_s=_AT)

    return {"token": token.decode(), "at_s": _AT, "why": why, "code": _refusal(verify)}


def _refusal(check: Any, *arguments: object) -> str:
    try:
        check(*arguments)
    except ProvenanceError as error:
        return error.code
    raise AssertionError("a vector to be refused was accepted")
