"""The key ring: what it holds, what it refuses, and that no secret gets out."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from veta.errors import KeyAccessError
from veta.keys import KeyRing, KeySpec, PasswordFile, PasswordPrompt
from veta.keys.files import write_private
from veta.model.consortium import KeyAlgorithm, KeyPurpose
from veta.model.identifiers import AccountAddress, KeyId

PASSWORD = b"aurora-0f3c9b"
ALL_KEYS = (
    KeySpec(KeyPurpose.OPERATE, KeyAlgorithm.ACCOUNT),
    KeySpec(KeyPurpose.ADMINISTER, KeyAlgorithm.ACCOUNT),
    KeySpec(KeyPurpose.SIGN, KeyAlgorithm.ES256K),
    KeySpec(KeyPurpose.WITNESS, KeyAlgorithm.EDDSA),
)


def given(password: bytes) -> Callable[[str], bytes]:
    return lambda label: password


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key ring for the module: scrypt at its real cost is paid once."""
    directory = tmp_path_factory.mktemp("ring") / "keys"
    KeyRing.create(directory, given(PASSWORD), ALL_KEYS, scrypt_log2_n=17).close()
    return directory


@pytest.fixture
def directory(sealed: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    copied = tmp_path / "keys"
    shutil.copytree(sealed, copied)
    copied.chmod(0o700)
    return copied


@pytest.fixture(scope="module")
def opened(sealed: Path) -> Iterator[KeyRing]:
    ring = KeyRing(sealed, given(PASSWORD))
    yield ring
    ring.close()


def secrets_of(ring: KeyRing) -> list[bytes]:
    """The raw secrets, read out by another implementation."""
    from eth_account import Account

    return [
        bytes(Account.decrypt(json.loads(record.path.read_bytes()), PASSWORD.decode()))
        for record in ring.records()
    ]


def test_keyring__opened_by_purpose__signers_are_the_recorded_keys(opened: KeyRing) -> None:
    assert opened.operator().address == opened.record(KeyPurpose.OPERATE).address
    assert opened.administrator().address == opened.record(KeyPurpose.ADMINISTER).address
    assert opened.statement_signer().public_key == opened.record(KeyPurpose.SIGN).public_key
    assert opened.witness_signer().key_id == opened.record(KeyPurpose.WITNESS).key_id
    assert opened.operator() is opened.operator()
    addresses = {record.address for record in opened.records() if record.address}
    assert len(addresses) == 2


@pytest.mark.row("T66")
def test_keyring__created__everything_is_private(sealed: Path) -> None:
    assert sealed.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in sealed.iterdir()} == {0o600}
    for path in sealed.iterdir():
        parameters = json.loads(path.read_bytes())["crypto"]["kdfparams"]
        assert parameters["n"] >= 1 << 17


@pytest.mark.row("T66")
def test_keyring__directory_or_file_open_to_others__is_refused(directory: Path) -> None:
    ring = KeyRing(directory, given(PASSWORD))
    (directory / "operate-0001.json").chmod(0o644)
    with pytest.raises(KeyAccessError) as refused:
        ring.operator()
    assert refused.value.code == "key.open_to_others"
    (directory / "operate-0001.json").chmod(0o600)
    directory.chmod(0o750)
    with pytest.raises(KeyAccessError) as refused:
        ring.operator()
    assert refused.value.code == "key.open_to_others"


def test_keyring__wrong_password__is_said_and_can_be_tried_again(directory: Path) -> None:
    answers = iter([b"wrong", PASSWORD])
    ring = KeyRing(directory, lambda label: next(answers))
    with pytest.raises(KeyAccessError) as refused:
        ring.operator()
    assert refused.value.code == "key.wrong_password"
    assert ring.operator().address == ring.record(KeyPurpose.OPERATE).address


def test_keyring__file_names_another_key__is_refused(directory: Path) -> None:
    path = directory / "operate-0001.json"
    document = json.loads(path.read_bytes())
    document["veta"]["publicKey"] = "11" * 20
    path.write_bytes(json.dumps(document).encode())
    with pytest.raises(KeyAccessError) as refused:
        KeyRing(directory, given(PASSWORD)).operator()
    assert refused.value.code == "key.wrong_address"


def test_keyring__file_of_another_purpose_under_its_name__is_refused(directory: Path) -> None:
    shutil.copy(directory / "administer-0001.json", directory / "operate-0001.json")
    with pytest.raises(KeyAccessError) as refused:
        KeyRing(directory, given(PASSWORD)).operator()
    assert refused.value.code == "key.damaged"


@pytest.mark.parametrize("keep", [0, 1, 100, 500])
def test_keyring__truncated_file__is_damaged(directory: Path, keep: int) -> None:
    path = directory / "sign-0001.json"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(KeyAccessError) as refused:
        KeyRing(directory, given(PASSWORD)).statement_signer()
    assert refused.value.code == "key.damaged"


def test_keyring__no_directory_or_key__is_missing(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyAccessError) as refused:
        KeyRing(tmp_path / "nowhere", given(PASSWORD))
    assert refused.value.code == "key.missing"
    ring = KeyRing(directory, given(PASSWORD))
    with pytest.raises(KeyAccessError) as refused:
        ring.statement_signer(KeyId(bytes(32)))
    assert refused.value.code == "key.missing"


def test_keyring__rotation__newest_is_used_and_oldest_still_found(directory: Path) -> None:
    ring = KeyRing(directory, given(PASSWORD))
    old = ring.record(KeyPurpose.SIGN)
    new = ring.add(KeySpec(KeyPurpose.SIGN, KeyAlgorithm.ES256), scrypt_log2_n=17)
    assert new.number == old.number + 1
    assert ring.statement_signer().key_id == new.key_id
    assert ring.statement_signer().algorithm is KeyAlgorithm.ES256
    assert ring.statement_signer(old.key_id).algorithm is KeyAlgorithm.ES256K


@pytest.mark.parametrize(
    ("spec", "password", "log2_n", "code"),
    [
        (KeySpec(KeyPurpose.SIGN, KeyAlgorithm.ACCOUNT), PASSWORD, 17, "key.unsupported"),
        (KeySpec(KeyPurpose.OPERATE, KeyAlgorithm.ES256K), PASSWORD, 17, "key.unsupported"),
        (KeySpec(KeyPurpose.SIGN, KeyAlgorithm.ES256K), b"short", 17, "key.weak_password"),
        (KeySpec(KeyPurpose.SIGN, KeyAlgorithm.ES256K), PASSWORD, 16, "key.weak_kdf"),
    ],
)
def test_keyring_add__unsound__is_refused_and_leaves_nothing(
    directory: Path, spec: KeySpec, password: bytes, log2_n: int, code: str
) -> None:
    before = sorted(directory.iterdir())
    with pytest.raises(KeyAccessError) as refused:
        KeyRing(directory, given(password)).add(spec, scrypt_log2_n=log2_n)
    assert refused.value.code == code
    assert sorted(directory.iterdir()) == before


def test_keyring_create__keys_are_there_already__are_kept(directory: Path) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(KeyAccessError) as refused:
        KeyRing.create(directory, given(PASSWORD))
    assert refused.value.code == "key.exists"
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


CLAIMANT = """
import sys
from pathlib import Path
from veta.errors import KeyAccessError
from veta.keys import KeyRing
ring = KeyRing(Path(sys.argv[1]), lambda label: b"")
try:
    ring.claim()
except KeyAccessError as error:
    print(error.code, error.message)
else:
    print("claimed")
"""


@pytest.mark.row("T34")
def test_keyring_claim__second_process__is_refused_until_the_first_closes(directory: Path) -> None:
    def other() -> str:
        return subprocess.run(
            [sys.executable, "-c", CLAIMANT, str(directory)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    ring = KeyRing(directory, given(PASSWORD))
    ring.claim()
    answer = other()
    assert answer.startswith("key.in_use")
    assert str(os.getpid()) in answer
    with pytest.raises(KeyAccessError):
        KeyRing(directory, given(PASSWORD)).claim()
    ring.close()
    assert other() == "claimed\n"


def crash_report(action: Callable[[], object]) -> str:
    """What a crash reporter would write down: every frame with its local variables."""
    try:
        action()
    except KeyAccessError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(report.format())
    raise AssertionError("it did not fail")


@pytest.mark.row("T65", "T66")
def test_keyring__shown_logged_and_failing__no_key_material(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ring = KeyRing(directory, given(PASSWORD))
    material = secrets_of(ring)
    output = io.StringIO()
    signers = [
        ring.operator(), ring.administrator(), ring.statement_signer(), ring.witness_signer(),
    ]  # fmt: skip
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("veta").error("%s %r %s", ring, ring, signers)
    print(ring, signers, ring.records(), caplog.text, file=output)
    for damage in ('"mac": "00', '"version": 4, "x": "'):
        path = directory / "witness-0001.json"
        path.write_text(path.read_text().replace('"mac": "', damage))
        output.write(crash_report(KeyRing(directory, given(PASSWORD)).witness_signer))
    output.write(crash_report(KeyRing(directory, given(PASSWORD + b"!")).operator))
    told = output.getvalue()
    assert "wrong_password" in told
    assert PASSWORD.decode() not in told
    for secret in material:
        assert secret.hex() not in told.lower()
        assert str(int.from_bytes(secret, "big")) not in told
        assert repr(secret)[2:-1] not in told


@pytest.mark.row("T66")
def test_keyring__password_from_file__is_neither_argument_nor_variable(
    directory: Path, tmp_path: Path
) -> None:
    secret_file = tmp_path / "password"
    write_private(secret_file, PASSWORD + b"\n")
    script = (
        "import sys; from pathlib import Path; from veta.keys import KeyRing, PasswordFile\n"
        "KeyRing(Path(sys.argv[1]), PasswordFile(Path(sys.argv[2]))).operator()\n"
        "print(open('/proc/self/cmdline','rb').read() + open('/proc/self/environ','rb').read())"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script, str(directory), str(secret_file)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "operator()" in shown
    assert PASSWORD.decode() not in shown
    secret_file.chmod(0o640)
    with pytest.raises(KeyAccessError) as refused:
        KeyRing(directory, PasswordFile(secret_file)).operator()
    assert refused.value.code == "key.open_to_others"


def test_passwords__file_and_prompt__give_what_was_entered(tmp_path: Path) -> None:
    for number, (content, password) in enumerate(
        [(b"abc\n", b"abc"), (b"abc\r\nrest", b"abc"), (b" a b ", b" a b ")]
    ):
        path = tmp_path / str(number)
        write_private(path, content)
        assert PasswordFile(path)("x") == password
    asked = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "pässwort"

    assert PasswordPrompt(answer)("the ring") == "pässwort".encode()
    assert asked == ["Password for the ring: "]
    for empty in (lambda prompt: "", lambda prompt: "x" * 2000):
        with pytest.raises(KeyAccessError) as refused:
            PasswordPrompt(empty)("the ring")
        assert refused.value.code == "key.no_password"
    write_private(tmp_path / "empty", b"\n")
    with pytest.raises(KeyAccessError) as refused:
        PasswordFile(tmp_path / "empty")("x")
    assert refused.value.code == "key.no_password"


def test_keyring__address__is_that_of_another_implementation(opened: KeyRing) -> None:
    from eth_account import Account

    first = opened.record(KeyPurpose.OPERATE)
    secret = Account.decrypt(json.loads(first.path.read_bytes()), PASSWORD.decode())
    expected = AccountAddress(bytes.fromhex(Account.from_key(secret).address[2:]))
    assert opened.operator().address == expected
    assert first.key_id == bytes(12) + expected
