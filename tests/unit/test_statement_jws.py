"""The envelope of statements: everything that is not exactly the profile is refused."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey

from tests.support.statements import (
    EDWARDS,
    LOT,
    MINE,
    P256,
    SIGNER,
    STRANGER,
    all_issued,
    header_of,
    issuance,
    passport,
    payload_of,
    seal,
)
from veta.errors import ConfigError, InputError, ProvenanceError, VerificationError
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import KeyId
from veta.statement import base64url
from veta.statement.algorithms import (
    check_public_key,
    check_signature,
    key_id_of,
    require_fast_backend,
)
from veta.statement.jws import (
    SigningKey,
    StatementLimits,
    check_seal,
    leaf_of,
    meant_as_token,
    read_statement,
    sign_statement,
    unseal,
)
from veta.statement.passport import build_passport

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
TOKEN = sign_statement(passport(), SIGNER)


def refusal(token: bytes) -> str:
    with pytest.raises((InputError, VerificationError)) as refused:
        read_statement(token)
    return refused.value.code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"alg": "none"}, "statement.header_algorithm"),
        ({"alg": "None"}, "statement.header_algorithm"),
        ({"alg": "HS256"}, "statement.header_algorithm"),
        ({"alg": "RS256"}, "statement.header_algorithm"),
        ({"alg": "es256k"}, "statement.header_algorithm"),
        ({"alg": "ES256K-R"}, "statement.header_algorithm"),
        ({"alg": ["ES256K"]}, "statement.header_algorithm"),
        ({"alg": None}, "statement.header_missing"),
        ({"kid": None}, "statement.header_missing"),
        ({"typ": None}, "statement.header_missing"),
        ({"typ": "JWT"}, "statement.header_type"),
        ({"typ": "vp+jwt"}, "statement.header_type"),
        ({"typ": "vc+sd-jwt"}, "statement.header_type"),
        ({"typ": "VC+JWT"}, "statement.header_type"),
        ({"typ": "application/vc+jwt"}, "statement.header_type"),
        ({"cty": "vp"}, "statement.header_type"),
        ({"crit": ["b64"]}, "statement.header_unknown"),
        ({"crit": []}, "statement.header_unknown"),
        ({"b64": False}, "statement.header_unknown"),
        ({"jku": "https://attacker.example/keys"}, "statement.header_unknown"),
        ({"jwk": {"kty": "EC"}}, "statement.header_unknown"),
        ({"x5c": ["AA"]}, "statement.header_unknown"),
        ({"x5u": "https://attacker.example"}, "statement.header_unknown"),
        ({"x5t": "AA"}, "statement.header_unknown"),
        ({"iss": MINE.identifier}, "statement.header_unknown"),
        ({"alg ": "ES256K"}, "statement.header_unknown"),
        ({"kid": 7}, "statement.header_kid"),
        ({"kid": SIGNER.key_id.hex()}, "statement.header_kid"),
        ({"kid": f"{MINE.identifier}#{SIGNER.key_id.hex().upper()}"}, "statement.header_kid"),
        ({"kid": f"{MINE.identifier}#{SIGNER.key_id.hex()}0"}, "statement.header_kid"),
        ({"kid": f"{MINE.identifier}##{SIGNER.key_id.hex()}"}, "statement.header_kid"),
        ({"kid": f"#{SIGNER.key_id.hex()}"}, "statement.header_kid"),
        ({"kid": "../../etc/passwd"}, "statement.header_kid"),
        (
            {"kid": f"did:web:other.example#{SIGNER.key_id.hex()}"},
            "statement.kid_of_stranger",
        ),
    ],
)
def test_read_statement__header_beyond_the_profile__refused(
    changes: dict[str, object], code: str
) -> None:
    assert refusal(seal(header_of(**changes), payload_of(passport()))) == code


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"none","alg":"ES256K","kid":"x","typ":"vc+jwt"}',
        b'{"alg":"ES256K","kid":"x","typ":"vc+jwt","typ":"JWT"}',
        b"[]",
        b'"ES256K"',
        b"",
        b"null",
        b"{",
        b"\xff\xfe",
        b'\xef\xbb\xbf{"alg":"ES256K"}',
    ],
)
@pytest.mark.row("T18")
def test_read_statement__header_that_two_readers_read_differently__refused(header: bytes) -> None:
    assert refusal(seal(header, payload_of(passport()))).startswith(
        ("canonical.", "statement.not_compact")
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token + b"=",
        lambda token: token + b"\n",
        lambda token: b" " + token,
        lambda token: token + b".",
        lambda token: token + b".AAAA",
        lambda token: token.replace(b".", b"..", 1),
        lambda token: token.rsplit(b".", 1)[0],
        lambda token: token.rsplit(b".", 1)[0] + b".",
        lambda token: token.replace(b".", b"", 1),
        lambda token: token.split(b".")[0],
        lambda token: b"",
        lambda token: b"..",
        lambda token: token[:-1],
        lambda token: token[:-1] + b"+",
        lambda token: json.dumps({"payload": token.split(b".")[1].decode()}).encode(),
        lambda token: token.decode().encode("utf-16"),
    ],
)
def test_unseal__anything_but_three_exact_segments__refused(change: Any) -> None:
    with pytest.raises(InputError) as refused:
        unseal(change(TOKEN))
    assert refused.value.code.startswith(("statement.", "base64url."))


def test_unseal__bits_behind_the_last_octet__refused() -> None:
    """The last of 86 digits spells two bits: fifteen other digits would be decoded alike."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(TOKEN[-1:])
    for twin in range(last - last % 16, last - last % 16 + 16):
        if twin % 16 == last % 16:
            continue
        with pytest.raises(InputError) as refused:
            unseal(TOKEN[:-1] + alphabet[twin : twin + 1])
        assert refused.value.code == "base64url.malformed"


def test_unseal__token_beyond_the_bound__refused_unread() -> None:
    with pytest.raises(InputError) as refused:
        unseal(b"A" * 200_000_000)
    assert refused.value.code == "statement.too_large"
    with pytest.raises(InputError) as refused:
        unseal(TOKEN, StatementLimits(token_octets=len(TOKEN) - 1))
    assert refused.value.code == "statement.too_large"
    assert unseal(TOKEN, StatementLimits(token_octets=len(TOKEN))).token == TOKEN


def test_unseal__enormous_header__refused() -> None:
    with pytest.raises(InputError) as refused:
        unseal(seal(header_of(kid="x" * 2000), b"{}"))
    assert refused.value.code == "statement.too_large"


@pytest.mark.parametrize("payload", [b"[]", b"null", b"{}", b'{"a":1,"a":2}', b'{"a":NaN}', b"7"])
@pytest.mark.row("T18", "T19")
def test_read_statement__payload_that_is_no_credential__refused(payload: bytes) -> None:
    assert refusal(seal(header_of(), payload)).startswith(("canonical.", "statement."))


@pytest.mark.parametrize(
    ("signer", "algorithm"),
    [(SIGNER, KeyAlgorithm.ES256K), (P256, KeyAlgorithm.ES256), (EDWARDS, KeyAlgorithm.EDDSA)],
)
def test_sign_statement__each_algorithm__checks_with_its_key_and_no_other(
    signer: SigningKey, algorithm: KeyAlgorithm
) -> None:
    sealed = unseal(sign_statement(passport(), signer))
    check_seal(sealed, algorithm, signer.public_key)
    others = [other for other in (SIGNER, P256, EDWARDS, STRANGER) if other is not signer]
    for other in others:
        with pytest.raises(VerificationError) as refused:
            check_seal(sealed, other.algorithm, other.public_key)
        assert refused.value.code in {"signature.algorithm", "signature.key"}


def test_check_seal__alg_of_the_token_differs_from_the_keys__refused_before_any_check() -> None:
    """The key decides: a token cannot choose how it is checked."""
    sealed = unseal(seal(header_of(alg="ES256"), payload_of(passport())))
    with pytest.raises(VerificationError) as refused:
        check_seal(sealed, KeyAlgorithm.ES256K, SIGNER.public_key)
    assert refused.value.code == "signature.algorithm"


def test_check_seal__signed_by_a_stranger_under_the_issuers_kid__refused() -> None:
    sealed = unseal(seal(header_of(), payload_of(passport()), STRANGER))
    with pytest.raises(VerificationError) as refused:
        check_seal(sealed, KeyAlgorithm.ES256K, SIGNER.public_key)
    assert refused.value.code == "signature.mismatch"


@pytest.mark.row("T13", "A07")
def test_check_seal__same_signature_with_high_s__refused_and_the_leaf_is_the_same() -> None:
    """(r, n - s) is a good ECDSA signature elsewhere: here it is refused, and names nothing."""
    sealed = unseal(TOKEN)
    s = int.from_bytes(sealed.signature[32:], "big")
    flipped = sealed.signature[:32] + (ORDER - s).to_bytes(32, "big")
    twin = unseal(sealed.signing_input + b"." + base64url.encode(flipped))
    with pytest.raises(VerificationError) as refused:
        check_seal(twin, KeyAlgorithm.ES256K, SIGNER.public_key)
    assert refused.value.code == "signature.high_s"
    assert twin.leaf == sealed.leaf


@pytest.mark.row("T13")
@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (b"", "signature.length"),
        (b"\x01" * 63, "signature.length"),
        (b"\x01" * 65, "signature.length"),
        (bytes(64), "signature.range"),
        (bytes(32) + b"\x01" * 32, "signature.range"),
        (b"\x01" * 32 + bytes(32), "signature.range"),
        (ORDER.to_bytes(32, "big") + b"\x01" * 32, "signature.range"),
        (b"\x01" * 32 + ORDER.to_bytes(32, "big"), "signature.range"),
        (b"\xff" * 64, "signature.range"),
        (b"\x01" * 64, "signature.mismatch"),
    ],
)
def test_check_signature__octets_outside_their_range__refused(signature: bytes, code: str) -> None:
    with pytest.raises(VerificationError) as refused:
        check_signature(KeyAlgorithm.ES256K, SIGNER.public_key, b"m", signature)
    assert refused.value.code == code


@pytest.mark.parametrize("algorithm", list(KeyAlgorithm))
@pytest.mark.parametrize("octets", [b"", bytes(31), bytes(64), b"\xff" * 64, b"\x04" + bytes(64)])
def test_check_signature__octets_that_are_no_key__refused(
    algorithm: KeyAlgorithm, octets: bytes
) -> None:
    with pytest.raises(InputError) as refused:
        check_public_key(algorithm, octets)
    assert refused.value.code in {"key.malformed", "key.algorithm"}


def test_check_signature__an_account__signs_nothing() -> None:
    with pytest.raises(InputError) as refused:
        check_signature(KeyAlgorithm.ACCOUNT, SIGNER.public_key, b"", bytes(64))
    assert refused.value.code == "key.algorithm"


class FaultySigner:
    """A device that answers with something no verifier takes."""

    algorithm = KeyAlgorithm.ES256K
    public_key = SIGNER.public_key
    key_id: KeyId = SIGNER.key_id

    def __init__(self, answer: str) -> None:
        self._answer = answer

    def sign(self, message: bytes) -> bytes:
        signature = SIGNER.sign(message)
        if self._answer == "high_s":
            s = ORDER - int.from_bytes(signature[32:], "big")
            return signature[:32] + s.to_bytes(32, "big")
        return b"\x30\x44" + signature


@pytest.mark.parametrize("answer", ["high_s", "length"])
def test_sign_statement__device_answers_wrongly__no_token(answer: str) -> None:
    with pytest.raises(VerificationError) as refused:
        sign_statement(passport(), FaultySigner(answer))
    assert refused.value.code == f"signature.{answer}"


def test_sign_statement__no_issuer__refused() -> None:
    for issuer in ({}, {"issuer": "did:web:x.example"}, {"issuer": {"id": 7}}):
        with pytest.raises(InputError) as refused:
            sign_statement(issuer, SIGNER)
        assert refused.value.code == "statement.issuer"


@pytest.mark.row("T15")
def test_check_seal__header_moved_between_types__never_verifies() -> None:
    """Pairwise over every type: a signature over one payload is none over another."""
    tokens = {name: unseal(sign_statement(c, SIGNER)) for name, c in all_issued().items()}
    for name, sealed in tokens.items():
        for other, target in tokens.items():
            if name == other:
                continue
            head, body, _ = target.token.split(b".")
            forged = unseal(b".".join((head, body, base64url.encode(sealed.signature))))
            with pytest.raises(VerificationError) as refused:
                check_seal(forged, KeyAlgorithm.ES256K, SIGNER.public_key)
            assert refused.value.code == "signature.mismatch"


@pytest.mark.row("T15")
@pytest.mark.parametrize("name", sorted(all_issued()))
def test_read_statement__payload_relabelled_as_another_type__refused_by_its_rules(
    name: str,
) -> None:
    """Even signed anew, the members of one type are no statement of another."""
    from veta.statement.credential import KIND_OF_TYPE
    from veta.statement.rules import find_faults

    credential = all_issued()[name]
    own = credential["type"][0]
    for other in KIND_OF_TYPE:
        if other == own:
            continue
        relabelled = credential | {"type": [other, "VerifiableCredential"]}
        statement = read_statement(sign_statement(relabelled, SIGNER_OF[name]))
        assert find_faults(statement.credential), (name, other)
        both = credential | {"type": [own, other, "VerifiableCredential"]}
        assert refusal(sign_statement(both, SIGNER_OF[name])) == "statement.type"


SIGNER_OF = dict.fromkeys(all_issued(), SIGNER)


@pytest.mark.row("A06", "T16")
def test_sign_statement__lot_issuer_and_blind__all_bound_by_the_leaf() -> None:
    """A statement cannot be carried to another lot or issuer: each is under leaf and signature."""
    from dataclasses import replace

    from veta.model.lot import Issuance, Party

    base = passport()
    other_lot = build_passport(replace(LOT, lot_number="AUR-CON-26-0418"), issuance())
    other_issuer = build_passport(
        replace(LOT, issuer=Party("did:web:other.example", "Other")), issuance()
    )
    stated = issuance()
    other_blind = build_passport(
        LOT, Issuance(stated.credential_id, stated.valid_from_s, bytes(16), stated.valid_until_s)
    )
    signature = unseal(TOKEN).signature
    leaves = {leaf_of(payload_of(base))}
    for changed in (other_lot, other_issuer, other_blind):
        leaves.add(leaf_of(payload_of(changed)))
        head = TOKEN.split(b".")[0]
        token = b".".join(
            (head, base64url.encode(payload_of(changed)), base64url.encode(signature))
        )
        with pytest.raises(VerificationError) as refused:
            check_seal(unseal(token), KeyAlgorithm.ES256K, SIGNER.public_key)
        assert refused.value.code == "signature.mismatch"
    assert len(leaves) == 4


@pytest.mark.row("A02")
def test_sign_statement__members_in_another_order__same_octets_leaf_and_signature() -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: turned(value[name]) for name in reversed(value)}
        return [turned(entry) for entry in value] if isinstance(value, list) else value

    assert list(turned(passport())) != list(passport())
    assert sign_statement(turned(passport()), SIGNER) == TOKEN
    assert read_statement(TOKEN).leaf == leaf_of(payload_of(passport()))


@pytest.mark.row("A02")
def test_read_statement__rewritten_payload__other_leaf_and_no_signature() -> None:
    """What is verified are octets: a re-indented payload is the same words, not the statement."""
    payload = json.dumps(json.loads(payload_of(passport())), indent=1).encode()
    head, _, signature = TOKEN.split(b".")
    statement = read_statement(b".".join((head, base64url.encode(payload), signature)))
    assert statement.payload == payload
    assert payload_of(dict(statement.credential.document)) == unseal(TOKEN).payload
    assert statement.leaf != unseal(TOKEN).leaf
    with pytest.raises(VerificationError):
        check_seal(statement.sealed, KeyAlgorithm.ES256K, SIGNER.public_key)


@pytest.mark.parametrize(("signer", "curve"), [(SIGNER, "secp256k1"), (P256, "P-256")])
def test_sign_statement__read_by_another_implementation__same_payload(
    signer: SigningKey, curve: str
) -> None:
    token = sign_statement(passport(), signer)
    key = ECKey.import_key(
        {
            "kty": "EC",
            "crv": curve,
            "x": base64url.encode(signer.public_key[:32]).decode(),
            "y": base64url.encode(signer.public_key[32:]).decode(),
        }
    )
    read = joserfc_jws.deserialize_compact(token, key, algorithms=["ES256K", "ES256"])
    assert read.payload == payload_of(passport())
    assert read.headers()["typ"] == "vc+jwt"


def test_read_statement__token_of_another_implementation__same_members() -> None:
    secret = bytes(31) + b"\x09"
    from veta.keys.signers import Es256kSigner

    signer = Es256kSigner(secret)
    key = ECKey.import_key(
        {
            "kty": "EC",
            "crv": "secp256k1",
            "x": base64url.encode(signer.public_key[:32]).decode(),
            "y": base64url.encode(signer.public_key[32:]).decode(),
            "d": base64url.encode(secret).decode(),
        }
    )
    kid = f"{MINE.identifier}#{signer.key_id.hex()}"
    refused = 0
    for attempt in range(24):
        payload = payload_of(passport() | {"name": f"lot {attempt}"})
        token = joserfc_jws.serialize_compact(
            {"alg": "ES256K", "kid": kid, "typ": "vc+jwt"}, payload, key, algorithms=["ES256K"]
        ).encode()
        statement = read_statement(token)
        assert statement.payload == payload
        try:
            check_seal(statement.sealed, KeyAlgorithm.ES256K, signer.public_key)
        except VerificationError as error:
            assert error.code == "signature.high_s"  # it does not normalise s; half are refused
            refused += 1
    assert 0 < refused < 24


def test_unseal__header_read_twice__remembered_and_equal() -> None:
    first, second = unseal(TOKEN), unseal(bytes(bytearray(TOKEN)))
    assert first.header is second.header
    assert first == second


def test_key_id_of__known_keccak__matches() -> None:
    assert (
        key_id_of(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    )


def test_require_fast_backend__this_installation__is_compiled() -> None:
    require_fast_backend()


def test_require_fast_backend__a_check_that_takes_high_s_or_nothing__refused() -> None:
    def takes_all(*_: object) -> None:
        return

    def takes_none(*_: object) -> None:
        raise VerificationError("signature.mismatch", "no")

    for check in (takes_all, takes_none):
        with pytest.raises(ConfigError) as refused:
            require_fast_backend(check)
        assert refused.value.code == "config.slow_backend"


class AccountKey:
    """An EVM account, which signs no statements."""

    algorithm = KeyAlgorithm.ACCOUNT
    public_key = b""
    key_id: KeyId = SIGNER.key_id

    def sign(self, message: bytes) -> bytes:
        return SIGNER.sign(message)


def test_sign_statement__key_of_an_account__refused() -> None:
    with pytest.raises(InputError) as refused:
        sign_statement(passport(), AccountKey())
    assert refused.value.code == "key.algorithm"


def test_read_statement__good_token__says_what_it_was_read_from() -> None:
    statement = read_statement(TOKEN)
    assert statement.token == TOKEN
    assert statement.header.issuer == statement.credential.issuer.identifier == MINE.identifier
    assert statement.header.key_id == SIGNER.key_id


def test_errors__of_the_envelope__never_show_the_token() -> None:
    for token in (TOKEN[:-1], TOKEN + b".", TOKEN[:-4] + b"AAA+"):
        with pytest.raises(ProvenanceError) as refused:
            read_statement(token)
        assert TOKEN[-40:].decode() not in str(refused.value)


@pytest.mark.row("A06")
def test_leaf_of__payload__is_an_rfc_9162_leaf_of_the_octets() -> None:
    payload = payload_of(passport())
    assert leaf_of(payload) == unseal(TOKEN).leaf == sha256(b"\x00" + payload).digest()
    assert leaf_of(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@pytest.mark.parametrize(
    ("octets", "meant"),
    [
        (b"a.b.c", True),
        (b"no.token", True),
        (b"." * 100_000, True),
        (b"." * 100_000 + b"\xff", False),
        (b"no dot", False),
        (b"nodot", False),
        (b"a.b c", False),
        (b"", False),
    ],
)
def test_meant_as_token__any_octets__one_pass(octets: bytes, meant: bool) -> None:
    """A pattern that tries every way to cut a row of dots would never come back here."""
    assert meant_as_token(octets) is meant
