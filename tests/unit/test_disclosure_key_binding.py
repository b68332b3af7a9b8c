"""SD-JWT: key binding by the holder, and the JSON serializations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.statements import EDWARDS, P256, SIGNER
from tests.unit.test_disclosure_sd_jwt import (
    AT,
    DEMAND,
    FULL,
    HIDDEN,
    ISSUED,
    NONCE,
    READER,
    key_of,
    lot,
    refusal,
    salts,
    verified,
)
from veta import canonical
from veta.disclosure.envelope import sign_part
from veta.disclosure.json_form import read_json, write_flattened, write_general
from veta.disclosure.key_binding import bind, holder_key, key_member
from veta.disclosure.sd_jwt import MAX_OCTETS, issue_sd_jwt, present, read_sd_jwt, verify_sd_jwt
from veta.errors import InputError
from veta.statement.jws import SigningKey

PRESENTED = present(FULL, ["/fatalities"])


def bound(token: bytes, signer: SigningKey = P256, **changed: Any) -> bytes:
    said = {"audience": READER, "nonce": NONCE, "issued_at_s": AT, **changed}
    return bind(token, signer, **said)


def test_key_binding__by_the_holder_for_this_reader__names_the_key() -> None:
    token = bound(present(FULL, ["/fatalities"]))
    assert verified(token, key_binding=DEMAND).holder == key_of(P256)
    assert verified(token).holder is None  # not asked: nothing is claimed
    for signer in (SIGNER, P256, EDWARDS):
        own = issue_sd_jwt(
            lot(cnf=key_member(key_of(signer))), SIGNER, hidden=HIDDEN, salts=salts()
        )
        assert verified(bound(own, signer), key_binding=DEMAND).holder == key_of(signer)


def key_binding_part(token: bytes) -> bytes:
    return token.rpartition(b"~")[2]


KB_REFUSED: dict[str, tuple[bytes, str]] = {
    "missing": (PRESENTED, "disclosure.key_binding_missing"),
    "another key": (bound(PRESENTED, EDWARDS), "signature.algorithm"),
    "the issuer's key": (bound(PRESENTED, SIGNER), "signature.algorithm"),
    "another reader": (
        bound(PRESENTED, audience="did:web:x.example"),
        "disclosure.key_binding_audience",
    ),
    "another request": (bound(PRESENTED, nonce="6f1d"), "disclosure.key_binding_nonce"),
    "old": (bound(PRESENTED, issued_at_s=AT - 301), "disclosure.key_binding_age"),
    "from the future": (bound(PRESENTED, issued_at_s=AT + 61), "disclosure.key_binding_age"),
    "for fewer disclosures": (
        PRESENTED + key_binding_part(bound(present(FULL, []))),
        "disclosure.key_binding_presentation",
    ),
    "with a disclosure taken away": (
        present(FULL, []) + key_binding_part(bound(PRESENTED)),
        "disclosure.key_binding_presentation",
    ),
    "the order changed": (
        b"~".join([*ISSUED.split(b"~")[:1], *ISSUED.split(b"~")[-2:0:-1], b""])
        + key_binding_part(bound(ISSUED)),
        "disclosure.key_binding_presentation",
    ),
    "without a time": (
        PRESENTED
        + sign_part({"aud": READER, "nonce": NONCE, "sd_hash": "x"}, P256, "kb+jwt", did=""),
        "disclosure.key_binding_age",
    ),
    "a time that is true": (
        PRESENTED + sign_part({"aud": READER, "iat": True}, P256, "kb+jwt", did=""),
        "disclosure.key_binding_age",
    ),
    "another type": (
        PRESENTED + sign_part({"iat": AT}, P256, "jwt", did=""),
        "disclosure.header_type",
    ),
}


@pytest.mark.parametrize("case", sorted(KB_REFUSED))
def test_key_binding__asked_for_and_not_good__is_refused(case: str) -> None:
    token, code = KB_REFUSED[case]
    assert refusal(token, key_binding=DEMAND) == code


def test_key_binding__edges_of_its_age__are_accepted() -> None:
    for issued_at in (AT - 300, AT + 60):
        token = bound(PRESENTED, issued_at_s=issued_at)
        assert verified(token, key_binding=DEMAND).holder == key_of(P256)
    with pytest.raises(InputError) as refused:
        bind(bound(PRESENTED), P256, audience=READER, nonce=NONCE, issued_at_s=AT)
    assert refused.value.code == "disclosure.not_sd_jwt"


@pytest.mark.parametrize(
    "cnf",
    [
        None,
        {},
        {"jwk": None},
        {"kid": "key-1"},
        {"jwk": {"kty": "RSA", "n": "AQ", "e": "AQAB"}},
        {"jwk": {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}},
        {"jwk": {"kty": "OKP", "crv": "P-256"}},
        {"jwk": {**key_member(key_of(P256))["jwk"], "x": "AA"}},  # type: ignore[dict-item]
        {"jwk": {**key_member(key_of(P256))["jwk"], "d": "AA"}},  # type: ignore[dict-item]
        {"jwk": {**key_member(key_of(P256))["jwk"], "y": 7}},  # type: ignore[dict-item]
    ],
)
def test_key_binding__cnf_without_a_key_that_is_understood__is_refused(cnf: Any) -> None:
    with pytest.raises(InputError) as refused:
        holder_key({"cnf": cnf})
    assert refused.value.code == "disclosure.malformed"


def test_key_binding__point_that_is_on_no_curve__is_refused() -> None:
    jwk = key_member(key_of(P256))
    jwk["jwk"]["y"] = jwk["jwk"]["x"]  # type: ignore[index, call-overload]
    with pytest.raises(InputError) as refused:
        holder_key({"cnf": jwk})
    assert refused.value.code == "key.malformed"


def flattened(**changed: Any) -> bytes:
    members = canonical.read_object(write_flattened(FULL))
    members.update(changed)
    return canonical.write({k: v for k, v in members.items() if v is not None})


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (flattened(payload=None), "disclosure.not_sd_jwt"),
        (flattened(signature=7), "disclosure.not_sd_jwt"),
        (flattened(protected="é"), "disclosure.not_sd_jwt"),
        (flattened(extra=1), "disclosure.not_sd_jwt"),
        (flattened(header=[]), "disclosure.not_sd_jwt"),
        (flattened(header={"alg": "none"}), "disclosure.not_sd_jwt"),
        (flattened(header={"disclosures": "x"}), "disclosure.not_sd_jwt"),
        (flattened(header={"disclosures": [7]}), "disclosure.not_sd_jwt"),
        (flattened(header={"kb_jwt": None}), "disclosure.not_sd_jwt"),
        (flattened(signatures=[]), "disclosure.not_sd_jwt"),
        (b'{"payload":"e30","signatures":[]}', "disclosure.not_sd_jwt"),
        (b'{"payload":"e30","signatures":[7]}', "disclosure.not_sd_jwt"),
        (b'{"payload":"e30","signatures":{}}', "disclosure.not_sd_jwt"),
        (b"[]", "canonical.not_an_object"),
        (b" " * (MAX_OCTETS + 1), "disclosure.too_large"),
    ],
)
def test_json_form__malformed__is_refused(octets: bytes, code: str) -> None:
    with pytest.raises(InputError) as refused:
        read_json(octets)
    assert refused.value.code == code


def test_json_form__general__disclosures_only_beside_the_first_signature() -> None:
    both = [
        read_sd_jwt(issue_sd_jwt(lot(), signer, hidden=HIDDEN, salts=salts()))
        for signer in (SIGNER, EDWARDS)
    ]
    octets = write_general(both)
    for sd_jwt, key in zip(read_json(octets), (key_of(SIGNER), key_of(EDWARDS)), strict=True):
        assert verify_sd_jwt(sd_jwt, key, at_s=AT).claims == lot()
    members: Any = canonical.read_object(octets)
    members["signatures"][1]["header"] = {"disclosures": []}
    with pytest.raises(InputError) as refused:
        read_json(canonical.write(members))
    assert refused.value.code == "disclosure.not_sd_jwt"
    other = read_sd_jwt(issue_sd_jwt(lot(), SIGNER, hidden=HIDDEN, salts=salts("other")))
    for documents in ([], [both[0], other], both * 9):
        with pytest.raises(InputError) as refused:
            write_general(documents)
        assert refused.value.code == "disclosure.not_one_document"


def test_json_form__key_binding__covers_the_first_signature() -> None:
    sd_jwt = read_sd_jwt(bound(PRESENTED))
    (read,) = read_json(write_flattened(sd_jwt))
    assert read == sd_jwt
    assert read.token == bound(PRESENTED)
    assert verify_sd_jwt(read, key_of(SIGNER), at_s=AT, key_binding=DEMAND).holder
