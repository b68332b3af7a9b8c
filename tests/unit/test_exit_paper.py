"""Exit papers: what is written is read, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from veta.custody.encoding import exit_digest
from veta.errors import InputError
from veta.model.identifiers import AccountAddress
from veta.model.lots import LotId
from veta.services.exit_paper import ExitPaper, read_account, read_exit, write_exit

PAPER = ExitPaper(
    chain_id=1337,
    custody=AccountAddress(b"\x11" * 20),
    lot=LotId(b"\x22" * 32),
    account=AccountAddress(b"\x33" * 20),
    salt=b"\x44" * 32,
)


def changed(**members: Any) -> bytes:
    document = json.loads(write_exit(PAPER)) | members
    return json.dumps({name: value for name, value in document.items() if value != ""}).encode()


def test_read_exit__what_was_written__is_the_same_and_makes_the_same_digest() -> None:
    read = read_exit(write_exit(PAPER))
    assert read == PAPER
    parts = (read.chain_id, read.custody, read.lot, read.account, read.salt)
    assert exit_digest(*parts) == exit_digest(
        1337, b"\x11" * 20, LotId(b"\x22" * 32), b"\x33" * 20, b"\x44" * 32
    )


@pytest.mark.parametrize(
    "members",
    [
        {"format": "veta-exit/2"},
        {"format": ""},
        {"salt": ""},
        {"more": 1},
        {"chainId": 0},
        {"chainId": "1337"},
        {"chainId": True},
        {"lot": "0x" + "2" * 63},
        {"lot": "0x" + "2" * 66},
        {"custody": "0x" + "g" * 40},
        {"account": "0x" + "0" * 40},
        {"account": 7},
        {"account": "0X" + "3" * 40},
        {"salt": "4" * 62},
    ],
)
def test_read_exit__another_form__is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        read_exit(changed(**members))
    assert refused.value.code == "exit.malformed"


@pytest.mark.parametrize("octets", [b"", b"[]", b"{", b'{"a":1,"a":1}', b"\xff", b"{}" * 9])
def test_read_exit__no_object__is_refused(octets: bytes) -> None:
    with pytest.raises(InputError):
        read_exit(octets)


def test_read_account__upper_and_lower_case__are_one_account() -> None:
    assert read_account("0x" + "aB" * 20) == read_account("0x" + "Ab" * 20) == b"\xab" * 20
