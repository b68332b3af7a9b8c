"""SD-JWT against the test cases of the RFC's authors, and examples of RFC 9901.

A test case says what is hidden (``!sd``), what the holder shows and what the verifier then has; it
fixes no salts, so each is issued, presented and verified here.
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey

from tests.support.reference_data import REFERENCE, reference_file
from veta.disclosure.disclosures import read_disclosure
from veta.disclosure.envelope import VerificationKey
from veta.disclosure.json_form import read_json, write_flattened, write_general
from veta.disclosure.key_binding import KeyBindingDemand, bind, key_member
from veta.disclosure.sd_jwt import (
    Profile,
    SdJwt,
    issue_sd_jwt,
    present,
    read_sd_jwt,
    verify_sd_jwt,
)
from veta.errors import VerificationError
from veta.keys.signers import Es256Signer
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import UnixSeconds
from veta.statement import base64url

FOLDER = "standards/sd-jwt/testcases"
RFC = Profile(typ="example+sd-jwt", kid=False)
CASES = sorted(path.parent.name for path in (REFERENCE / FOLDER).glob("*/specification.yml"))
STANDARD = ("iss", "iat", "exp", "cnf")


class Hidden:
    """What a test case tags ``!sd``: an element, or the name of a member."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Loader(yaml.SafeLoader):
    """Safe YAML with ``!sd``; numbers are exact."""


def hidden_node(loader: Loader, node: yaml.Node) -> Hidden:
    if isinstance(node, yaml.ScalarNode):
        plain = (node.style is None, node.style is not None)
        tag = loader.resolve(yaml.ScalarNode, node.value, plain)  # type: ignore[no-untyped-call]
        value = loader.construct_object(yaml.ScalarNode(tag, node.value), deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return Hidden(value)


def exact(loader: Loader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(str(loader.construct_scalar(node)))


Loader.add_constructor("!sd", hidden_node)
Loader.add_constructor("tag:yaml.org,2002:float", exact)


def load(relative: str) -> Any:
    return yaml.load(reference_file(f"{FOLDER}/{relative}").read_text(), Loader)


def plain(value: Any, pointer: str, hidden: list[str]) -> Any:
    """The claims without tags; the pointer of each hidden place is noted."""
    if isinstance(value, dict):
        members = {}
        for tagged, inner in value.items():
            name = tagged.value if isinstance(tagged, Hidden) else tagged
            if isinstance(tagged, Hidden):
                hidden.append(f"{pointer}/{name}")
            members[name] = plain(inner, f"{pointer}/{name}", hidden)
        return members
    if isinstance(value, list):
        elements = []
        for index, tagged in enumerate(value):
            if isinstance(tagged, Hidden):
                hidden.append(f"{pointer}/{index}")
            inner = tagged.value if isinstance(tagged, Hidden) else tagged
            elements.append(plain(inner, f"{pointer}/{index}", hidden))
        return elements
    return value


def chosen(selection: Any, pointer: str, hidden: list[str]) -> list[str]:
    """Pointers of what a holder shows: everything hidden that is neither absent, false nor null."""
    found = [pointer] if pointer in hidden and selection not in (False, None) else []
    if isinstance(selection, dict):
        for name, inner in selection.items():
            found += chosen(inner, f"{pointer}/{name}", hidden)
    elif isinstance(selection, list):
        for index, inner in enumerate(selection):
            found += chosen(inner, f"{pointer}/{index}", hidden)
    return found


def signer_of(jwk: dict[str, str]) -> Es256Signer:
    signer = Es256Signer(base64url.decode(jwk["d"].encode()))
    coordinates = base64url.decode(jwk["x"].encode()) + base64url.decode(jwk["y"].encode())
    assert signer.public_key == coordinates
    return signer


def key_of(signer: Es256Signer) -> VerificationKey:
    return VerificationKey(signer.algorithm, signer.public_key)


def salts(count: int = 256) -> list[bytes]:
    return [sha256(b"official cases" + bytes([index])).digest()[:16] for index in range(count)]


class Case:
    """One test case, issued with the keys that its settings name."""

    def __init__(self, name: str, decoys: int = 0) -> None:
        spec = load(f"{name}/specification.yml")
        settings = load("settings.yml")
        settings.update(spec.get("settings_override", {}))
        keys = settings["key_settings"]
        self.hidden: list[str] = []
        self.claims = plain(spec["user_claims"], "", self.hidden)
        self.shown = chosen(spec["holder_disclosed_claims"], "", self.hidden)
        self.expected = spec["expect_verified_user_claims"]
        self.has_key_binding = spec.get("key_binding", False)
        self.is_json = spec.get("serialization_format") == "json"
        self.signers = [signer_of(jwk) for jwk in keys["issuer_keys"]]
        self.holder = signer_of(keys["holder_key"])
        self.at_s = UnixSeconds(settings["iat"] + 60)
        self.demand = KeyBindingDemand(
            settings["identifiers"]["verifier"], settings["key_binding_nonce"]
        )
        document = {
            **self.claims,
            "iss": settings["identifiers"]["issuer"],
            "iat": settings["iat"],
            "exp": settings["exp"],
        }
        if self.has_key_binding:
            document["cnf"] = key_member(key_of(self.holder))
        self.issued = [
            issue_sd_jwt(
                document,
                signer,
                hidden=self.hidden,
                salts=salts(),
                decoys={"": decoys} if decoys else None,
                profile=RFC,
            )
            for signer in self.signers
        ]

    def presentation(self) -> bytes:
        presented = present(read_sd_jwt(self.issued[0], RFC), self.shown)
        if self.has_key_binding:
            return bind(
                presented,
                self.holder,
                audience=self.demand.audience,
                nonce=self.demand.nonce,
                issued_at_s=self.at_s,
            )
        return presented

    def user_claims(self, sd_jwt: SdJwt, signer: int = 0, *, bound: bool | None = None) -> Any:
        asked = self.has_key_binding if bound is None else bound
        verified = verify_sd_jwt(
            sd_jwt,
            key_of(self.signers[signer]),
            at_s=self.at_s,
            key_binding=self.demand if asked else None,
        )
        assert (verified.holder is not None) is asked
        return {name: value for name, value in verified.claims.items() if name not in STANDARD}


def test_cases__beside_the_project__all_are_run() -> None:
    reference_file(FOLDER)
    assert len(CASES) >= 11


@pytest.mark.reference
@pytest.mark.parametrize("decoys", [0, 3])
@pytest.mark.parametrize("name", CASES)
def test_case__issued_presented_verified__gives_the_expected_claims(name: str, decoys: int) -> None:
    case = Case(name, decoys)
    assert case.user_claims(read_sd_jwt(case.presentation(), RFC)) == case.expected


@pytest.mark.reference
@pytest.mark.parametrize("name", CASES)
def test_case__everything_and_nothing_shown__the_whole_and_what_is_open(name: str) -> None:
    case = Case(name)
    full = read_sd_jwt(case.issued[0], RFC)
    assert case.user_claims(full, bound=False) == case.claims
    bare = read_sd_jwt(present(full, []), RFC)
    assert bare.disclosures == ()
    assert (case.user_claims(bare, bound=False) == case.claims) is (not case.hidden)


@pytest.mark.reference
@pytest.mark.parametrize("name", CASES)
def test_case__json_serializations__say_the_same(name: str) -> None:
    case = Case(name)
    presented = read_sd_jwt(case.presentation(), RFC)
    (flattened,) = read_json(write_flattened(presented), RFC)
    assert flattened == presented
    others = [read_sd_jwt(token, RFC) for token in case.issued[1:]]
    for index, sd_jwt in enumerate(read_json(write_general([presented, *others]), RFC)):
        bound = case.has_key_binding and index == 0
        assert case.user_claims(sd_jwt, index, bound=bound) == case.expected


@pytest.mark.reference
@pytest.mark.parametrize("name", CASES)
def test_case__by_another_implementation_of_jws__same_signature_and_payload(name: str) -> None:
    case = Case(name)
    jwk = ECKey.import_key(
        {
            "kty": "EC",
            "crv": "P-256",
            "x": base64url.encode(case.signers[0].public_key[:32]).decode(),
            "y": base64url.encode(case.signers[0].public_key[32:]).decode(),
        }
    )
    part = read_sd_jwt(case.issued[0], RFC).part
    read = joserfc_jws.deserialize_compact(part.token.decode(), jwk, algorithms=["ES256"])
    assert read.payload == part.payload


# RFC 9901: disclosures and digests as printed in sections 4.2.3, 4.2.2 and 5.1.
PRINTED = [
    (
        "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
        "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0",
        ("family_name", "Möbius"),
    ),
    (
        "WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0",
        "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs",
        (None, "FR"),
    ),
    (
        "WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd",
        "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4",
        ("given_name", "John"),
    ),
    (
        "WyJlSThaV205UW5LUHBOUGVOZW5IZGhRIiwgInBob25lX251bWJlciIsICIrMS0yMDItNTU1LTAxMDEiXQ",
        "PorFbpKuVu6xymJagvkFsFXAbRoc2JGlAUA2BA4o7cI",
        ("phone_number", "+1-202-555-0101"),
    ),
]


@pytest.mark.parametrize(("text", "digest", "claim"), PRINTED)
def test_disclosure__as_the_rfc_prints_it__same_digest_and_claim(
    text: str, digest: str, claim: tuple[str | None, str]
) -> None:
    disclosure = read_disclosure(text)
    assert disclosure.digest == digest
    assert (disclosure.name, disclosure.value) == claim


@pytest.mark.parametrize(
    "text",
    [  # RFC 9901 section 4.2.1: other spellings of the same claim; each has its own digest
        b'["_26bc4LT-ac6q2KI6cBW5es", "family_name", "M\\u00f6bius"]',
        b'["_26bc4LT-ac6q2KI6cBW5es","family_name","M\xc3\xb6bius"]',
        b'[\n"_26bc4LT-ac6q2KI6cBW5es",\n"family_name",\n"M\xc3\xb6bius"\n]',
    ],
)
def test_disclosure__another_spelling__same_claim_and_another_digest(text: bytes) -> None:
    disclosure = read_disclosure(base64url.encode(text).decode())
    assert (disclosure.name, disclosure.value) == ("family_name", "Möbius")
    assert disclosure.digest != PRINTED[0][1]


ISSUER = VerificationKey(  # RFC 9901 appendix A.5
    KeyAlgorithm.ES256,
    base64url.decode(b"b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ")
    + base64url.decode(b"Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8"),
)
EXAMPLE_1 = Path(__file__).parent / "sd_jwt_rfc9901_example_1.txt"
"""Section 5 of RFC 9901, its claims, salts, digests and keys; signatures as its drafts print them.
First line: as issued. Second line: as presented, with key binding."""


def test_example_1__of_the_rfc__verifies_and_shows_what_it_says() -> None:
    issued, presented = EXAMPLE_1.read_bytes().split()
    full = verify_sd_jwt(read_sd_jwt(issued, RFC), ISSUER, at_s=UnixSeconds(1_700_000_000))
    assert full.claims["nationalities"] == ["US", "DE"]
    assert full.claims["address"] == {
        "street_address": "123 Main St",
        "locality": "Anytown",
        "region": "Anystate",
        "country": "US",
    }
    assert (len(full.opened), full.unopened) == (10, 0)

    demand = KeyBindingDemand("https://verifier.example.org", "1234567890")
    sd_jwt = read_sd_jwt(presented, RFC)
    at_s = UnixSeconds(1_702_316_015)
    part = verify_sd_jwt(sd_jwt, ISSUER, at_s=at_s, key_binding=demand)
    assert part.opened == ("/address", "/family_name", "/given_name", "/nationalities/0")
    assert part.unopened == 6
    assert part.claims["nationalities"] == ["US"]
    assert "phone_number" not in part.claims
    with pytest.raises(VerificationError) as refused:
        verify_sd_jwt(sd_jwt, ISSUER, at_s=UnixSeconds(at_s + 400), key_binding=demand)
    assert refused.value.code == "disclosure.key_binding_age"
