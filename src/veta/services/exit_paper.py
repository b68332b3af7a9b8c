"""The paper of an exit: what its receiver needs to bring the lot back in. ``veta-exit/1``.

Whoever has the paper and the account's key can re-enter the lot, and whoever has the paper knows
for whom it left; the chain holds a digest only. So it travels with the goods, and is no secret of
the node's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from veta import canonical
from veta.errors import InputError
from veta.model.identifiers import AccountAddress
from veta.model.lots import LotId

EXIT_FORMAT: Final = "veta-exit/1"
SALT_OCTETS: Final = 32
_ADDRESS_OCTETS: Final = 20
_NAMES: Final = ("format", "chainId", "custody", "lot", "account", "salt")


@dataclass(frozen=True, slots=True)
class ExitPaper:
    """Everything that the exit's digest is made of."""

    chain_id: int
    custody: AccountAddress
    """The contract."""
    lot: LotId
    account: AccountAddress
    """Whom the lot left for."""
    salt: bytes
    """32 octets."""


def write_exit(paper: ExitPaper) -> bytes:
    """The paper as JSON."""
    return canonical.write(
        {
            "format": EXIT_FORMAT,
            "chainId": paper.chain_id,
            "custody": "0x" + paper.custody.hex(),
            "lot": "0x" + paper.lot.hex(),
            "account": "0x" + paper.account.hex(),
            "salt": paper.salt.hex(),
        }
    )


def read_exit(octets: bytes) -> ExitPaper:
    """A paper out of its JSON.

    Raises:
        InputError: ``canonical.*``; ``exit.malformed``.
    """
    members = dict(canonical.read_object(octets))
    if sorted(members) != sorted(_NAMES) or members["format"] != EXIT_FORMAT:
        raise InputError("exit.malformed", f"an exit paper is {EXIT_FORMAT}: {', '.join(_NAMES)}")
    chain_id = members["chainId"]
    if type(chain_id) is not int or chain_id < 1:
        raise InputError("exit.malformed", "chainId is a whole number above 0")
    return ExitPaper(
        chain_id=chain_id,
        custody=AccountAddress(_octets(members["custody"], "custody", _ADDRESS_OCTETS)),
        lot=LotId(_octets(members["lot"], "lot", SALT_OCTETS)),
        account=read_account(members["account"]),
        salt=_octets(members["salt"], "salt", SALT_OCTETS),
    )


def read_account(text: object) -> AccountAddress:
    """An account from 0x and 40 hexadecimal digits; not the zero one, which nobody has.

    Raises:
        InputError: ``exit.malformed``.
    """
    account = AccountAddress(_octets(text, "account", _ADDRESS_OCTETS))
    if not any(account):
        raise InputError("exit.malformed", "account is nobody's")
    return account


def _octets(text: object, name: str, length: int) -> bytes:
    digits = text.removeprefix("0x") if isinstance(text, str) else ""
    if len(digits) != 2 * length or not set(digits) <= set("0123456789abcdefABCDEF"):
        raise InputError("exit.malformed", f"{name} is {2 * length} hexadecimal digits")
    return bytes.fromhex(digits)
