"""docs/spec/vectors/disclosure.json: by this implementation, and by another in JavaScript."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.conftest import PROJECT
from veta.disclosure.catalogue import INDICATORS, indicator
from veta.disclosure.disclosures import make_disclosure, read_disclosure
from veta.disclosure.envelope import VerificationKey
from veta.disclosure.indicators import (
    IndicatorHead,
    IndicatorSet,
    OpenedLeaf,
    check_leaves,
    leaf_of,
    require_value,
)
from veta.disclosure.key_binding import KeyBindingDemand
from veta.disclosure.mandatory import DEFAULT_POLICY
from veta.disclosure.sd_jwt import read_sd_jwt, verify_sd_jwt
from veta.errors import InputError, ProvenanceError
from veta.model.bundle import InclusionProof
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import Digest, UnixSeconds

PATH = PROJECT / "docs/spec/vectors/disclosure.json"
VECTORS: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
KEY = VerificationKey(KeyAlgorithm.ES256K, bytes.fromhex(VECTORS["sd_jwt_key"]))
HEAD = IndicatorHead(VECTORS["set"]["subject"], Digest(bytes.fromhex(VECTORS["set"]["root"])))
AT = UnixSeconds(1_776_500_000)


def opened_leaf(vector: dict[str, Any]) -> OpenedLeaf:
    path = tuple(bytes.fromhex(node) for node in vector["path"])
    return OpenedLeaf(
        vector["name"],
        vector["dimension"],
        vector["value"],
        bytes.fromhex(vector["salt"]),
        InclusionProof(vector["index"], vector["size"], path),
    )


def test_catalogue__of_the_vectors__is_this_one() -> None:
    assert [vector["name"] for vector in VECTORS["indicators"]] == [i.name for i in INDICATORS]
    for vector, item in zip(VECTORS["indicators"], INDICATORS, strict=True):
        expected = (item.index, item.dimension, item.kind.value, item.unit, list(item.goals))
        members = ("index", "dimension", "kind", "unit", "goals")
        assert tuple(vector[name] for name in members) == expected
    for vector in VECTORS["mandatory"]:
        assert set(vector["names"]) == DEFAULT_POLICY.mandatory([vector["material"]])


def test_leaves__and_the_set_of_them__have_these_digests() -> None:
    for vector in VECTORS["leaves"]:
        item = indicator(vector["name"])
        salt = bytes.fromhex(vector["salt"])
        assert leaf_of(vector["subject"], item, vector["value"], salt).hex() == vector["leaf"]
    whole = IndicatorSet(
        HEAD.subject,
        [(vector["name"], vector["value"]) for vector in VECTORS["opened"]],
        [bytes.fromhex(vector["salt"]) for vector in VECTORS["opened"]],
    )
    assert whole.head == HEAD
    for vector in VECTORS["opened"]:
        assert check_leaves(HEAD, [opened_leaf(vector)]) == {vector["name"]: vector["value"]}


def test_refused__values_and_leaves__have_these_codes() -> None:
    for vector in VECTORS["values_refused"]:
        value = int(vector["value"]) if vector["is_number"] else vector["value"]
        with pytest.raises(InputError) as refused:
            require_value(indicator(vector["name"]), value)
        assert refused.value.code == vector["code"]
    for vector in VECTORS["opened_refused"]:
        with pytest.raises(ProvenanceError) as refusal:
            check_leaves(HEAD, [opened_leaf(vector)])
        assert refusal.value.code == vector["code"], vector["why"]


def test_disclosures__made_and_read__have_these_digests() -> None:
    for vector in VECTORS["disclosures"]:
        read = read_disclosure(vector["text"])
        assert (read.digest, read.name, read.value) == tuple(
            vector[name] for name in ("digest", "name", "value")
        )
        if vector["salt"]:
            made = make_disclosure(bytes.fromhex(vector["salt"]), vector["name"], vector["value"])
            assert made.text == vector["text"]


def test_sd_jwts__show_these_claims_and_no_others() -> None:
    for vector in VECTORS["sd_jwts"]:
        demand = KeyBindingDemand("did:web:buyer.example", "6f1c") if vector["is_bound"] else None
        sd_jwt = read_sd_jwt(vector["token"].encode())
        shown = verify_sd_jwt(sd_jwt, KEY, at_s=AT, key_binding=demand)
        assert shown.claims == vector["claims"]
        assert list(shown.opened) == vector["opened"]
        assert shown.unopened == vector["unopened"]
        assert (shown.holder is not None) is vector["is_bound"]
    for vector in VECTORS["sd_jwts_refused"]:
        with pytest.raises(ProvenanceError) as refused:
            verify_sd_jwt(
                read_sd_jwt(vector["token"].encode()), KEY, at_s=UnixSeconds(vector["at_s"])
            )
        assert refused.value.code == vector["code"], vector["why"]


def test_all__by_the_javascript_implementation__same_digests_claims_and_codes() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js: the second implementation cannot run")
    script = PROJECT / "tests/vectors/disclosure_second_implementation.mjs"
    run = subprocess.run([node, script, PATH], capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    assert found["leaves"] == [vector["leaf"] for vector in VECTORS["leaves"]]
    assert found["root"] == VECTORS["set"]["root"]
    assert found["opened"] == ["proven"] * 76
    for name in ("values_refused", "opened_refused", "sd_jwts_refused"):
        assert found[name] == [vector["code"] for vector in VECTORS[name]]
    for name, members in (
        ("disclosures", ["digest", "name", "value"]),
        ("sd_jwts", ["claims", "opened", "unopened", "is_bound"]),
    ):
        assert found[name] == [{member: v[member] for member in members} for v in VECTORS[name]]
