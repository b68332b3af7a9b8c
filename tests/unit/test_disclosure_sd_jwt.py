"""SD-JWT: everything that RFC 9901 tells a verifier to refuse, and what a holder may do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tests.support.statements import EDWARDS, MINE, P256, SIGNER, STRANGER
from veta import canonical
from veta.disclosure.conceal import MAX_DECOYS, conceal
from veta.disclosure.disclosures import CRITICAL, make_disclosure, read_disclosure
from veta.disclosure.envelope import VerificationKey, sign_part
from veta.disclosure.key_binding import KeyBindingDemand, key_member
from veta.disclosure.mandatory import missing_claims
from veta.disclosure.pointers import find
from veta.disclosure.sd_jwt import (
    MAX_DISCLOSURES,
    MAX_OCTETS,
    VETA,
    DisclosedClaims,
    SdJwt,
    issue_sd_jwt,
    present,
    read_sd_jwt,
    verify_sd_jwt,
)
from veta.errors import InputError, ProvenanceError, VerificationError
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import KeyId, UnixSeconds
from veta.statement import base64url
from veta.statement.jws import SigningKey

AT = UnixSeconds(1_776_500_000)
NONCE = "6f1c"
READER = "did:web:buyer.example"
DEMAND = KeyBindingDemand(READER, NONCE)


def salts(label: str = "salts", count: int = 1500) -> Iterator[bytes]:
    for index in range(count):
        yield sha256(f"{label} {index}".encode()).digest()[:16]


def key_of(signer: SigningKey) -> VerificationKey:
    return VerificationKey(signer.algorithm, signer.public_key)


def lot(**changed: Any) -> dict[str, Any]:
    return {
        "issuer": {"id": MINE.identifier, "name": MINE.name},
        "validFrom": "2026-04-18T00:00:00Z",
        "cnf": key_member(key_of(P256)),
        "lot": {"number": "AUR-CON-26-0417", "massG": 2_300_000_000, "priceUsd": 1_234_567},
        "buyers": ["Kupferwerk", "Cablera", "Rod & Wire"],
        "fatalities": 1,
        **changed,
    }


HIDDEN = ("/lot", "/lot/priceUsd", "/buyers/0", "/buyers/1", "/buyers/2", "/fatalities")
ISSUED = issue_sd_jwt(lot(), SIGNER, hidden=HIDDEN, salts=salts())
FULL = read_sd_jwt(ISSUED)


def verified(token: bytes, **changed: Any) -> DisclosedClaims:
    return verify_sd_jwt(read_sd_jwt(token), key_of(SIGNER), **{"at_s": AT, **changed})


def signed(claims: dict[str, Any], disclosures: list[str] | None = None) -> bytes:
    """Whatever claims say, signed by the issuer, who may be the attacker."""
    document = {"issuer": {"id": MINE.identifier}, **claims}
    token = sign_part(document, SIGNER, VETA.typ, did=MINE.identifier)
    return b"~".join([token, *(text.encode() for text in disclosures or []), b""])


def refusal(token: bytes, **changed: Any) -> str:
    with pytest.raises((InputError, VerificationError)) as refused:
        verified(token, **changed)
    return refused.value.code


def text_of(contents: Any) -> str:
    return base64url.encode(canonical.write(contents)).decode()


SALT = base64url.encode(bytes(range(16))).decode()
MEMBER = make_disclosure(bytes(range(16)), "price", 7)
ELEMENT = make_disclosure(bytes(range(1, 17)), None, 7)


def nest(levels: int) -> tuple[dict[str, Any], list[str]]:
    """A chain of disclosures, each in the one before."""
    texts: list[str] = []
    value: dict[str, Any] = {"end": 1}
    for salt in salts("nest", levels):
        disclosure = make_disclosure(salt, "inner", value)
        texts.append(disclosure.text)
        value = {"_sd": [disclosure.digest]}
    return value, texts


def raw(*contents: Any) -> tuple[str, str]:
    text = text_of(list(contents))
    return text, base64url.encode(sha256(text.encode()).digest()).decode()


def refused_by_the_rfc() -> dict[str, tuple[bytes, str]]:
    """What an issuer may have signed, or a holder may have added, and the code of the refusal."""
    four, four_digest = raw(SALT, "price", 7, 8)
    one, one_digest = raw(SALT)
    bare, bare_digest = text_of({"price": 7}), ""
    number_salt, number_digest = raw(7, "price", 7)
    short_salt, short_digest = raw("0" * 21, "price", 7)
    number_name, number_name_digest = raw(SALT, 7, 7)
    sd_name, sd_digest = raw(SALT, "_sd", [])
    dots_name, dots_digest = raw(SALT, "...", "x")
    alg_name, alg_digest = raw(SALT, "_sd_alg", "md5")
    exp_name, exp_digest = raw(SALT, "validUntil", "2099-01-01")
    with_sd, with_sd_digest = raw(SALT, "a", {"_sd_alg": "sha-256"})
    twin, twin_digest = raw(SALT, "price", 8)
    inner = {"_sd": [MEMBER.digest]}
    outer, outer_digest = raw(SALT, "outer", inner)
    deep, deep_texts = nest(32)
    sd = "_sd"
    return {
        "digest twice in one array": (
            signed({sd: [MEMBER.digest] * 2}, [MEMBER.text]),
            "disclosure.digest_repeated",
        ),
        "digest twice, nobody opens it": (
            signed({sd: [MEMBER.digest], "a": {sd: [MEMBER.digest]}}),
            "disclosure.digest_repeated",
        ),
        "digest as member and element": (
            signed({sd: [MEMBER.digest], "a": [{"...": MEMBER.digest}]}),
            "disclosure.digest_repeated",
        ),
        "digest in the document and in a disclosure": (
            signed({sd: [MEMBER.digest, outer_digest]}, [MEMBER.text, outer]),
            "disclosure.digest_repeated",
        ),
        "disclosure nobody refers to": (
            signed({sd: []}, [MEMBER.text]),
            "disclosure.not_referenced",
        ),
        "disclosure whose parent stays hidden": (
            signed({sd: [outer_digest]}, [MEMBER.text]),
            "disclosure.not_referenced",
        ),
        "disclosure handed over twice": (
            signed({sd: [MEMBER.digest]}, [MEMBER.text, MEMBER.text]),
            "disclosure.repeated",
        ),
        "element where a member has to be": (
            signed({sd: [ELEMENT.digest]}, [ELEMENT.text]),
            "disclosure.wrong_kind",
        ),
        "member where an element has to be": (
            signed({"a": [{"...": MEMBER.digest}]}, [MEMBER.text]),
            "disclosure.wrong_kind",
        ),
        "name that is taken": (
            signed({sd: [MEMBER.digest], "price": 1}, [MEMBER.text]),
            "disclosure.name_taken",
        ),
        "one name disclosed twice": (
            signed({sd: [MEMBER.digest, twin_digest]}, [MEMBER.text, twin]),
            "disclosure.name_taken",
        ),
        "four in a disclosure": (signed({sd: [four_digest]}, [four]), "disclosure.malformed"),
        "one in a disclosure": (signed({sd: [one_digest]}, [one]), "disclosure.malformed"),
        "no array": (signed({sd: []}, [bare]), f"disclosure.malformed{bare_digest}"),
        "salt that is a number": (
            signed({sd: [number_digest]}, [number_salt]),
            "disclosure.malformed",
        ),
        "salt below 128 bits": (signed({sd: [short_digest]}, [short_salt]), "disclosure.malformed"),
        "name that is a number": (
            signed({sd: [number_name_digest]}, [number_name]),
            "disclosure.malformed",
        ),
        "name _sd": (signed({sd: [sd_digest]}, [sd_name]), "disclosure.reserved_name"),
        "name ...": (signed({sd: [dots_digest]}, [dots_name]), "disclosure.reserved_name"),
        "name _sd_alg": (signed({sd: [alg_digest]}, [alg_name]), "disclosure.reserved_name"),
        "_sd_alg below the top": (
            signed({"a": {"_sd_alg": "sha-256"}}),
            "disclosure.reserved_name",
        ),
        "_sd_alg within a disclosure": (
            signed({sd: [with_sd_digest]}, [with_sd]),
            "disclosure.reserved_name",
        ),
        "... outside an array": (
            signed({"a": {"...": MEMBER.digest}}, [MEMBER.text]),
            "disclosure.reserved_name",
        ),
        "hidden end of validity": (
            signed({sd: [exp_digest]}, [exp_name]),
            "disclosure.critical_claim",
        ),
        "element with a neighbour": (
            signed({"a": [{"...": ELEMENT.digest, "b": 1}]}, [ELEMENT.text]),
            "disclosure.element_malformed",
        ),
        "element that is no text": (signed({"a": [{"...": 7}]}), "disclosure.element_malformed"),
        "_sd that is text": (signed({sd: MEMBER.digest}), "disclosure.digest_malformed"),
        "_sd with a number": (signed({sd: [7]}), "disclosure.digest_malformed"),
        "_sd with null": (signed({sd: None}), "disclosure.digest_malformed"),
        "digest of another length": (
            signed({sd: [MEMBER.digest + "AA"]}),
            "disclosure.digest_malformed",
        ),
        "sha-512": (signed({"_sd_alg": "sha-512"}), "disclosure.hash_algorithm"),
        "md5": (signed({"_sd_alg": "md5"}), "disclosure.hash_algorithm"),
        "SHA-256 in capitals": (signed({"_sd_alg": "SHA-256"}), "disclosure.hash_algorithm"),
        "_sd_alg null": (signed({"_sd_alg": None}), "disclosure.hash_algorithm"),
        "nested too deep across disclosures": (signed(deep, deep_texts), "disclosure.too_deep"),
        "expired": (signed({"exp": AT}), "disclosure.expired"),
        "not yet": (signed({"nbf": AT + 1}), "disclosure.not_yet_valid"),
        "issued in the future": (signed({"iat": AT + 301}), "disclosure.not_yet_valid"),
        "a time that is text": (signed({"exp": "never"}), "disclosure.malformed"),
        "a time that is true": (signed({"exp": True}), "disclosure.malformed"),
    }


RFC_REFUSES = refused_by_the_rfc()


@pytest.mark.parametrize("case", sorted(RFC_REFUSES))
def test_verify__what_the_rfc_refuses__is_refused(case: str) -> None:
    token, code = RFC_REFUSES[case]
    assert refusal(token) == code


def test_verify__what_is_near_a_refusal__is_accepted() -> None:
    assert verified(signed({"_sd": []})).claims == {"issuer": {"id": MINE.identifier}}
    for claims in ({"exp": AT + 1}, {"nbf": AT}, {"iat": AT + 300}, {"_sd_alg": "sha-256"}):
        assert verified(signed(dict(claims))).unopened == 0
    shown = verified(signed({"_sd": [MEMBER.digest], "a": {"price": 1}}, [MEMBER.text]))
    assert (shown.claims["price"], shown.claims["a"]) == (7, {"price": 1})
    deep, texts = nest(31)
    assert len(verified(signed(deep, texts)).opened) == 31


def edited(token: bytes, **changed: Any) -> bytes:
    """The header with members changed or, where ``None``, gone; signed again by the issuer."""
    signed_part, *rest = token.split(b"~")
    header_text, payload, _ = signed_part.split(b".")
    header = canonical.read_object(base64url.decode(header_text))
    header.update(changed)
    header = {name: value for name, value in header.items() if value is not None}
    signing_input = base64url.encode(canonical.write(header)) + b"." + payload
    signature = base64url.encode(SIGNER.sign(signing_input))
    return b"~".join([signing_input + b"." + signature, *rest])


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"alg": "none"}, "disclosure.header_algorithm"),
        ({"alg": "HS256"}, "disclosure.header_algorithm"),
        ({"alg": ["ES256K"]}, "disclosure.header_algorithm"),
        ({"alg": None}, "disclosure.header_missing"),
        ({"alg": "ES256"}, "signature.algorithm"),
        ({"typ": None}, "disclosure.header_missing"),
        ({"typ": "vc+jwt"}, "disclosure.header_type"),
        ({"typ": "VC+SD-JWT"}, "disclosure.header_type"),
        ({"typ": "kb+jwt"}, "disclosure.header_type"),
        ({"cty": "json"}, "disclosure.header_type"),
        ({"kid": None}, "disclosure.header_missing"),
        ({"kid": "key-1"}, "disclosure.header_kid"),
        ({"kid": 7}, "disclosure.header_kid"),
        ({"kid": f"did:web:stranger.example#{SIGNER.key_id.hex()}"}, "disclosure.kid_of_stranger"),
        ({"kid": f"{MINE.identifier}#{STRANGER.key_id.hex()}"}, "signature.key"),
        ({"crit": ["exp"]}, "disclosure.header_unknown"),
        ({"b64": False}, "disclosure.header_unknown"),
        ({"jwk": {}}, "disclosure.header_unknown"),
        ({"x5c": []}, "disclosure.header_unknown"),
        ({"iat": AT}, "disclosure.header_unknown"),
    ],
)
def test_read__header_that_is_not_the_profiles__is_refused(
    changed: dict[str, Any], code: str
) -> None:
    assert refusal(edited(ISSUED, **changed)) == code


def test_verify__signature_of_another_key_or_document__is_refused() -> None:
    with pytest.raises(VerificationError) as refused:
        verify_sd_jwt(FULL, key_of(STRANGER), at_s=AT)
    assert refused.value.code == "signature.key"
    other = issue_sd_jwt(lot(fatalities=0), SIGNER, hidden=HIDDEN, salts=salts("other"))
    header_and_payload = other.split(b"~")[0].rpartition(b".")[0]
    swapped = header_and_payload + b"." + ISSUED.split(b"~")[0].rpartition(b".")[2] + b"~"
    assert refusal(swapped) == "signature.mismatch"
    with pytest.raises(VerificationError) as refused:
        verify_sd_jwt(FULL, key_of(P256), at_s=AT)
    assert refused.value.code == "signature.algorithm"


def test_verify__high_s__is_refused() -> None:
    signing_input, _, signature = ISSUED.split(b"~")[0].rpartition(b".")
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    octets = base64url.decode(signature)
    flipped = octets[:32] + (order - int.from_bytes(octets[32:], "big")).to_bytes(32, "big")
    assert refusal(signing_input + b"." + base64url.encode(flipped) + b"~") == "signature.high_s"


@pytest.mark.parametrize("signer", [SIGNER, P256, EDWARDS], ids=["ES256K", "ES256", "EdDSA"])
def test_issue__each_algorithm__verifies_under_its_own_key(signer: SigningKey) -> None:
    token = issue_sd_jwt(lot(), signer, hidden=HIDDEN, salts=salts())
    shown = verify_sd_jwt(read_sd_jwt(token), key_of(signer), at_s=AT)
    assert shown.claims == lot()
    assert shown.opened == tuple(sorted(HIDDEN))
    assert shown.holder is None


MANGLED = {
    "no tilde": (ISSUED.split(b"~")[0], "disclosure.not_sd_jwt"),
    "last tilde gone": (ISSUED[:-1], "disclosure.not_compact"),
    "empty": (b"", "disclosure.not_sd_jwt"),
    "two segments": (b"e30.e30~", "disclosure.not_compact"),
    "an empty segment": (b"e30..e30~", "disclosure.not_compact"),
    "an empty disclosure": (ISSUED.split(b"~")[0] + b"~~", "canonical.syntax"),
    "padding": (ISSUED[:-1] + b"=~", "base64url.malformed"),
    "not ASCII": (ISSUED[:-1] + b"\xc3\xa9~", "base64url.malformed"),
    "too long": (ISSUED + b"A" * MAX_OCTETS, "disclosure.too_large"),
    "too many": (ISSUED + b"e30~" * MAX_DISCLOSURES, "disclosure.too_large"),
    "long header": (b"A" * 1025 + b".e30.e30~", "disclosure.too_large"),
    "short signature": (
        ISSUED.split(b"~")[0].rpartition(b".")[0] + b"." + b"A" * 82 + b"~",
        "disclosure.signature_length",
    ),
    "key binding that is none": (ISSUED + b"e30.e30.e30", "disclosure.header_missing"),
}


@pytest.mark.parametrize("case", sorted(MANGLED))
def test_read__mangled__is_refused(case: str) -> None:
    token, code = MANGLED[case]
    assert refusal(token) == code


def test_read__duplicate_members_and_loose_json__are_refused() -> None:
    for contents, code in (
        (f'["{SALT}","a",{{"b":1,"b":2}}]', "canonical.duplicate_key"),
        (f'["{SALT}","a",1e3]', "canonical.exponent"),
        (f'["{SALT}","a",NaN]', "canonical.not_a_number"),
        (f'["{SALT}","a",1] ', None),
        (f'["{SALT}","a",1]x', "canonical.trailing_octets"),
        (f'["{SALT}","a","\\ud800"]', "canonical.lone_surrogate"),
    ):
        text = base64url.encode(contents.encode()).decode()
        if code is None:
            assert read_disclosure(text).value == 1
            continue
        with pytest.raises(InputError) as refused:
            read_disclosure(text)
        assert refused.value.code == code


def test_read_disclosure__beyond_ascii__is_refused() -> None:
    with pytest.raises(InputError) as refused:
        read_disclosure("é")
    assert refused.value.code == "base64url.malformed"


def test_present__chosen_places__show_those_and_what_they_stand_in() -> None:
    token = present(FULL, ["/lot/priceUsd", "/buyers/1"])
    shown = verified(token)
    assert shown.claims["lot"] == lot()["lot"]
    assert shown.claims["buyers"] == ["Cablera"]
    assert "fatalities" not in shown.claims
    assert shown.opened == ("/buyers/0", "/lot", "/lot/priceUsd")
    assert shown.unopened == 3
    for hidden in (b"Kupferwerk", b"Rod"):
        assert hidden not in b"".join(base64url.decode(t) for t in token.split(b"~")[1:-1])
    without_price = verified(present(FULL, ["/lot"]))
    assert without_price.claims["lot"] == {"number": "AUR-CON-26-0417", "massG": 2_300_000_000}


def test_present__from_a_presentation__shows_less_and_never_more() -> None:
    some = read_sd_jwt(present(FULL, ["/lot", "/fatalities"]))
    assert verified(present(some, ["/fatalities"])).opened == ("/fatalities",)
    with pytest.raises(InputError) as refused:
        present(some, ["/lot/priceUsd"])
    assert refused.value.code == "disclosure.pointer_unknown"


@pytest.mark.parametrize(
    ("pointer", "code"),
    [
        ("/validFrom", "disclosure.not_hidden"),
        ("", "disclosure.not_hidden"),
        ("/lot/number", "disclosure.not_hidden"),
        ("/nothing", "disclosure.pointer_unknown"),
        ("/buyers/3", "disclosure.pointer_unknown"),
        ("/buyers/-1", "disclosure.pointer_unknown"),
        ("/buyers/01", "disclosure.pointer_unknown"),
        ("/buyers/-", "disclosure.pointer_unknown"),
        ("/validFrom/0", "disclosure.pointer_unknown"),
        ("lot", "disclosure.pointer_malformed"),
        ("/lot~2", "disclosure.pointer_malformed"),
        ("/" + "a" * 3000, "disclosure.pointer_malformed"),
    ],
)
def test_present__place_that_cannot_be_chosen__is_refused(pointer: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        present(FULL, [pointer])
    assert refused.value.code == code


def test_find__names_with_slash_and_tilde__are_escaped() -> None:
    assert find({"a/b": {"~": [1, 2]}}, "/a~1b/~0/1") == (("a/b", "~", 1), 2)
    token = issue_sd_jwt(lot(**{"a/b": {"~1": 7}}), SIGNER, hidden=["/a~1b/~01"], salts=salts())
    assert verified(token).opened == ("/a~1b/~01",)


@pytest.mark.parametrize(
    ("hidden", "code"),
    [
        ([""], "disclosure.pointer_malformed"),
        (["/lot", "/lot"], "disclosure.pointer_repeated"),
        (["/weight"], "disclosure.pointer_unknown"),
        *[([f"/{name}"], "disclosure.critical_claim") for name in sorted(CRITICAL & lot().keys())],
    ],
)
def test_issue__what_may_not_be_hidden__is_refused(hidden: list[str], code: str) -> None:
    with pytest.raises(InputError) as refused:
        issue_sd_jwt(lot(), SIGNER, hidden=hidden, salts=salts())
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg"])
@pytest.mark.parametrize("is_nested", [False, True])
def test_issue__reserved_names__are_refused(name: str, is_nested: bool) -> None:
    claims = lot(a=[{name: []}]) if is_nested else lot(**{name: []})
    with pytest.raises(InputError) as refused:
        issue_sd_jwt(claims, SIGNER, hidden=[], salts=salts())
    assert refused.value.code == "disclosure.reserved_name"
    with pytest.raises(InputError) as refused:
        make_disclosure(bytes(16), name, 1)
    assert refused.value.code == "disclosure.reserved_name"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"issuer": None}, "disclosure.issuer"),
        ({"issuer": "Mina Aurora"}, "disclosure.issuer"),
        ({"iss": "did:web:somebody.else"}, "disclosure.issuer"),
        ({"weight": 1.5}, "canonical.float"),
    ],
)
def test_issue__document_that_cannot_be_signed__is_refused(
    claims: dict[str, Any], code: str
) -> None:
    with pytest.raises(InputError) as refused:
        issue_sd_jwt(lot(**claims), SIGNER, hidden=[], salts=salts())
    assert refused.value.code == code


class BrokenDevice:
    """A key whose device answers with what no verifier takes."""

    def __init__(self, algorithm: KeyAlgorithm, signature: bytes) -> None:
        self.algorithm = algorithm
        self.public_key = SIGNER.public_key
        self.key_id = KeyId(bytes(32))
        self._signature = signature

    def sign(self, message: bytes) -> bytes:
        return self._signature


@pytest.mark.parametrize(
    ("device", "code"),
    [
        (BrokenDevice(KeyAlgorithm.ES256K, bytes(63)), "signature.length"),
        (BrokenDevice(KeyAlgorithm.ES256K, b"\xff" * 64), "signature.high_s"),
        (BrokenDevice(KeyAlgorithm.ACCOUNT, bytes(64)), "key.algorithm"),
    ],
)
def test_issue__device_that_answers_badly__is_refused(device: SigningKey, code: str) -> None:
    with pytest.raises(ProvenanceError) as refused:
        issue_sd_jwt(lot(), device, hidden=[], salts=salts())
    assert refused.value.code == code


@pytest.mark.row("T17")
def test_issue__salts__are_fresh_16_octets_and_enough() -> None:
    for given, code in (
        ([], "disclosure.salts_exhausted"),
        ([bytes(16), bytes(16)], "disclosure.salt_repeated"),
        ([bytes(15)], "disclosure.salt_length"),
        ([bytearray(16)], "disclosure.salt_length"),
    ):
        with pytest.raises(InputError) as refused:
            issue_sd_jwt(lot(), SIGNER, hidden=["/lot", "/fatalities"], salts=given)  # type: ignore[arg-type]
        assert refused.value.code == code


def test_issue__decoys__look_like_what_is_hidden_and_open_nothing() -> None:
    token = issue_sd_jwt(
        lot(), SIGNER, hidden=HIDDEN, salts=salts(), decoys={"": 3, "/buyers": 2, "/lot": 1}
    )
    sd_jwt = read_sd_jwt(token)
    assert len(sd_jwt.part.claims["_sd"]) == 2 + 3  # type: ignore[arg-type]
    assert len(sd_jwt.part.claims["buyers"]) == 3 + 2  # type: ignore[arg-type]
    assert sd_jwt.part.claims["_sd"] == sorted(sd_jwt.part.claims["_sd"])  # type: ignore[type-var, arg-type]
    shown = verified(token)
    assert shown.claims == lot()
    assert shown.unopened == 6
    for decoys in ({"": -1}, {"": MAX_DECOYS + 1}, {"": True}, {"/fatalities": 1}):
        with pytest.raises(InputError) as refused:
            conceal(lot(), [], salts(), decoys=decoys)
        assert refused.value.code == "disclosure.decoys"


def test_conceal__deeper_than_is_read__is_refused_and_leaves_its_input_alone() -> None:
    claims: dict[str, Any] = lot()
    before = canonical.write(claims)
    conceal(claims, HIDDEN, salts(), decoys={"/buyers": 5})
    assert canonical.write(claims) == before
    nested: Any = 1
    for _ in range(33):
        nested = [nested]
    with pytest.raises(InputError) as refused:
        conceal(lot(a=nested), [], salts())
    assert refused.value.code == "disclosure.too_deep"


REQUIRED = ("/lot/massG", "/fatalities", "/validFrom")


@pytest.mark.row("T49")
@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        (["/lot", "/fatalities"], ()),
        (["/lot"], ("/fatalities",)),
        (["/fatalities"], ("/lot/massG",)),
        ([], ("/lot/massG", "/fatalities")),
    ],
)
def test_missing_claims__each_mandatory_place_hidden__is_named(
    shown: list[str], missing: tuple[str, ...]
) -> None:
    assert missing_claims(verified(present(FULL, shown)), REQUIRED) == missing


@pytest.mark.row("T49")
def test_missing_claims__null_and_malformed__are_no_answer() -> None:
    silent = issue_sd_jwt(lot(fatalities=None), SIGNER, hidden=["/fatalities"], salts=salts())
    assert missing_claims(verified(silent), ["/fatalities"]) == ("/fatalities",)
    with pytest.raises(InputError) as refused:
        missing_claims(verified(silent), ["fatalities"])
    assert refused.value.code == "disclosure.pointer_malformed"


def test_sd_jwt__taken_apart_and_put_together__is_the_same_text() -> None:
    assert isinstance(FULL, SdJwt)
    assert FULL.token == ISSUED
    assert replace(FULL, disclosures=()).presentation == present(FULL, [])


def test_leaf__whatever_is_shown__is_one_and_holds_nothing_hidden() -> None:
    payload = FULL.part.payload
    assert FULL.leaf == sha256(b"\x00" + payload).digest()
    for chosen in ([], ["/fatalities"], HIDDEN):
        assert read_sd_jwt(present(FULL, chosen)).leaf == FULL.leaf
    assert canonical.is_canonical(payload)
    for hidden in (b"1234567", b"Kupferwerk", b"fatalities", b"priceUsd"):
        assert hidden not in payload
