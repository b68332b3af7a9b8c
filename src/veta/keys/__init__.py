"""Private keys: the only folder that sees one.

Keys live in keystore v3 files (Web3 Secret Storage) and sign through the protocols of
``veta.ports.keys``. Nothing here shows a secret: not by ``repr``, ``str``, pickling or an error.
"""

from __future__ import annotations

from veta.keys.device import DeviceAccountSigner, DeviceStatementSigner, SigningDevice
from veta.keys.keyring import DEFAULT_PURPOSES, KeyRecord, KeyRing, KeySpec
from veta.keys.passwords import PasswordFile, PasswordPrompt, PasswordSource

__all__ = [
    "DEFAULT_PURPOSES",
    "DeviceAccountSigner",
    "DeviceStatementSigner",
    "KeyRecord",
    "KeyRing",
    "KeySpec",
    "PasswordFile",
    "PasswordPrompt",
    "PasswordSource",
    "SigningDevice",
]
