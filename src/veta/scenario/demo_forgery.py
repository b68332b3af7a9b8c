"""What a forger of the demo does to a token: one figure is changed, the signature is kept."""

from __future__ import annotations

from veta.errors import InputError
from veta.statement import base64url


def change_footprint(token: bytes, old_g_per_kg: int, new_g_per_kg: int) -> bytes:
    """The token with another footprint a kilogram in its payload, wherever it is stated.

    Raises:
        InputError: ``demo.no_such_figure``: the payload does not state the old one.
    """
    head, payload, signature = token.split(b".")
    octets = base64url.decode(payload)
    changed = octets
    for old, new in (
        (f'"co2eGPerKg":{old_g_per_kg}', f'"co2eGPerKg":{new_g_per_kg}'),
        (f'"value":{_kilograms(old_g_per_kg)}', f'"value":{_kilograms(new_g_per_kg)}'),
    ):
        if old.encode() not in changed:
            raise InputError("demo.no_such_figure", f"the payload does not state {old}")
        changed = changed.replace(old.encode(), new.encode())
    return b".".join((head, base64url.encode(changed), signature))


def _kilograms(grams: int) -> str:
    whole, rest = divmod(grams, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")
