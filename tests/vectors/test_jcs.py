"""RFC 8785 against what others wrote: its test data, its appendix, two implementations."""

from __future__ import annotations

import json
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from tests.conftest import PROJECT
from tests.support import random_json
from veta.canonical import AUTHORED, canonicalise_foreign, is_canonical, read, restore, write
from veta.canonical.numbers import ecmascript_number
from veta.canonical.writer import write_plainly
from veta.errors import InputError
from veta.trees import leaf_digest

VECTORS = json.loads((PROJECT / "docs/spec/vectors/canonical.json").read_text(encoding="utf-8"))
SECOND_IMPLEMENTATION = PROJECT / "tests/vectors/second_implementation.mjs"
COUNT = int(os.environ.get("VETA_RANDOM_DOCUMENTS", "4000"))
"""Random documents a differential test; 100000 where time is no matter."""


@pytest.fixture(scope="session")
def node() -> str:
    path = shutil.which("node")
    if path is None:
        pytest.skip("needs Node.js for the JavaScript cross-check")
    return path


@pytest.mark.reference
def test_canonicalise_foreign__test_data_of_the_rfc__is_reproduced(reference: Path) -> None:
    folder = reference / "standards/jcs-rfc8785/testdata"
    names = [path.stem for path in sorted(folder.glob("input/*.json"))]
    assert {"arrays", "french", "values", "weird"} <= set(names)
    for name in names:
        octets = (folder / f"input/{name}.json").read_bytes()
        expected = (folder / f"output/{name}.json").read_bytes()
        assert canonicalise_foreign(octets) == expected, name
        outhex = (folder / f"outhex/{name}.txt").read_text()
        assert canonicalise_foreign(octets) == bytes.fromhex(outhex), name
        assert canonicalise_foreign(expected) == expected, name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"e":"A\u030a"}', '{"e":"A\u030a"}'),  # section 3.1: text is never normalised
        ('{"1":{"a":"x","A":5},"\\n":56.0,"":0}', '{"":0,"\\n":56,"1":{"A":5,"a":"x"}}'),
        ("[-0,-0.0,1e-7,1.0E2]", "[0,0,1e-7,100]"),
        (
            "[0.5,1e20,1e21,12.5e-1,1e-6,25e-8]",
            "[0.5,100000000000000000000,1e+21,1.25,0.000001,2.5e-7]",
        ),
        (f"[0.5{'0' * 1097}]", "[0.5]"),
        ("[123456789012345678901234567890]", "[1.2345678901234568e+29]"),
    ],
)
def test_canonicalise_foreign__text_order_and_numbers__are_those_of_the_rfc(
    text: str, expected: str
) -> None:
    assert canonicalise_foreign(text.encode()).decode() == expected


@pytest.mark.parametrize(
    ("bits", "text"),
    [  # RFC 8785 appendix B
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_ecmascript_number__appendix_b_of_the_rfc__is_reproduced(bits: str, text: str) -> None:
    (double,) = struct.unpack(">d", bytes.fromhex(bits))
    assert ecmascript_number(repr(double)) == text
    assert ecmascript_number(f"{Decimal(double)}"[:1000]) == text
    assert canonicalise_foreign(b"[%b]" % repr(double).encode()) == b"[%b]" % text.encode()


@pytest.mark.row("T19")
@pytest.mark.parametrize(
    "numeral", ["1e400", "-1e309", "NaN", "Infinity", "9" * 400, "0.5" + "0" * 1098]
)
def test_canonicalise_foreign__number_that_is_no_double__is_refused(numeral: str) -> None:
    with pytest.raises(InputError):
        canonicalise_foreign(b'{"n":%b}' % numeral.encode())


@pytest.mark.row("T18", "T20")
@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b'{"a":1,"a":1}', "canonical.duplicate_key"),
        (b'["\\ud800"]', "canonical.lone_surrogate"),
        (b"\xef\xbb\xbf1", "canonical.byte_order_mark"),
        (b"[1,]", "canonical.syntax"),
        (b"[" * 65 + b"]" * 65, "canonical.too_deep"),
    ],
)
def test_canonicalise_foreign__what_has_no_canonical_form__is_refused(
    octets: bytes, code: str
) -> None:
    with pytest.raises(InputError) as caught:
        canonicalise_foreign(octets)
    assert caught.value.code == code


@pytest.mark.row("T21")
@pytest.mark.parametrize("start", range(0, len(VECTORS["written"]), 100))
def test_vectors__texts_to_be_written__have_their_octets_and_leaves(start: int) -> None:
    for vector in VECTORS["written"][start : start + 100]:
        octets = bytes.fromhex(vector["canonical"])
        assert write(read(vector["text"].encode())) == octets
        assert restore(vector["text"].encode()) == octets
        assert canonicalise_foreign(vector["text"].encode()) == octets
        assert rfc8785.dumps(json.loads(vector["text"])) == octets
        assert is_canonical(octets)
        assert leaf_digest(octets).hex() == vector["leaf"]


@pytest.mark.row("T18", "T19", "T20", "T21")
def test_vectors__texts_to_be_refused__are_refused_with_their_codes() -> None:
    assert len(VECTORS["refused"]) >= 300
    for vector in VECTORS["refused"]:
        octets = bytes.fromhex(vector["octets"]) * vector.get("times", 1)
        octets = bytes.fromhex(vector.get("before", "")) + octets
        octets += bytes.fromhex(vector.get("after", ""))
        with pytest.raises(InputError) as caught:
            read(octets, AUTHORED)
        assert caught.value.code == vector["code"], octets[:200]


def as_float(value: Any) -> Any:
    """The value as the independent library takes it: decimals as the nearest double."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: as_float(item) for name, item in value.items()}
    return [as_float(item) for item in value] if isinstance(value, list) else value


@pytest.mark.row("T19", "T21")
@pytest.mark.timeout(900)
def test_write__random_documents__agrees_with_an_independent_library() -> None:
    for value in random_json.documents(seed=1, count=COUNT):
        octets = write(value)
        assert octets == rfc8785.dumps(as_float(value))
        assert octets == write_plainly(value)
        assert octets == canonicalise_foreign(octets)
        assert write(read(octets)) == octets


@pytest.mark.row("T19", "T21")
@pytest.mark.timeout(900)
def test_canonicalise_foreign__random_doubles__agrees_with_an_independent_library() -> None:
    for value in random_json.documents(seed=2, count=COUNT, doubles=True):
        text = json.dumps(value, ensure_ascii=False).encode()
        assert canonicalise_foreign(text) == rfc8785.dumps(value)


def canonicalised_by_javascript(node: str, lines: Iterable[bytes]) -> list[bytes]:
    run = subprocess.run(
        [node, str(SECOND_IMPLEMENTATION), "canonicalise"],
        input=b"".join(line + b"\n" for line in lines),
        capture_output=True,
        check=True,
        timeout=600,
    )
    return run.stdout.split(b"\n")[:-1]


@pytest.mark.row("T19", "T21")
@pytest.mark.timeout(900)
def test_write__random_documents__agrees_with_javascript(node: str) -> None:
    source = random.Random(3)
    values = list(random_json.documents(seed=4, count=COUNT))
    texts = []
    for value in values:
        text = json.dumps(as_float(value), ensure_ascii=source.random() < 0.5)
        texts.append(text.encode())

    assert canonicalised_by_javascript(node, texts) == [write(value) for value in values]


@pytest.mark.row("T21")
@pytest.mark.timeout(900)
def test_canonicalise_foreign__random_doubles__agrees_with_javascript(node: str) -> None:
    values = random_json.documents(seed=5, count=COUNT, doubles=True)
    texts = [json.dumps(value).encode() for value in values]

    assert canonicalised_by_javascript(node, texts) == [canonicalise_foreign(t) for t in texts]


@pytest.mark.row("T21")
def test_vectors__run_by_a_second_implementation__all_pass(node: str) -> None:
    run = subprocess.run(
        [node, str(SECOND_IMPLEMENTATION), "check", str(PROJECT / "docs/spec/vectors")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    counts = json.loads(run.stdout)
    assert counts["canonical"] == len(VECTORS["written"])
    assert counts["canonical"] + counts["trees"] >= 1000


@pytest.mark.row("T21")
def test_vectors__one_octet_of_a_vector_changed__is_noticed_by_the_second_implementation(
    node: str, tmp_path: Path
) -> None:
    for name, member in (("canonical.json", "written"), ("trees.json", "inclusion")):
        for file in (PROJECT / "docs/spec/vectors").glob("*.json"):
            shutil.copy(file, tmp_path)
        vectors = json.loads((tmp_path / name).read_text(encoding="utf-8"))
        vector = vectors[member][-1]
        vector["leaf"] = ("0" if vector["leaf"][0] != "0" else "1") + vector["leaf"][1:]
        (tmp_path / name).write_text(json.dumps(vectors), encoding="utf-8")
        run = subprocess.run(
            [node, str(SECOND_IMPLEMENTATION), "check", str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert run.returncode != 0
        assert "vector fails" in run.stderr
