"""What rests on a certificate, for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from veta.cli.console import table
from veta.cli.lot_words import named

_SHOWN: Final = 50


def affected_lines(document: Mapping[str, Any]) -> list[str]:
    """Holders first, then lots, unopened batches, accounts, and what nobody can tell."""
    lots, holders = document["lots"], document["holders"]
    rests = f"{len(lots)} lots rest on record {document['record']} ({document['standing']})"
    lines = [f"{rests}; {len(holders)} members hold credit of it"]
    rows = [("holder", "lots", "credit left")]
    rows += [(str(each["member"]), str(each["lots"]), _words(each["left"])) for each in holders]
    lines += table(rows) if holders else []
    lines += _lots(lots)
    lines += [
        f"not opened yet: {_words(each['credit'])} of member {each['issuer']}'s batch "
        f"{each['batch'][:16]}"
        for each in document["unopened"]
    ]
    lines += [
        f"account of {named(each['site'], each['siteName'])}: programme {each['programme']}, "
        f"{each['symbol'] or each['substance']}, {each['period']}: {each['balance']:,}"
        for each in document["accounts"]
    ]
    for each in document["cannotTell"]:
        batch = each["batches"][0][:16]
        lines.append(f"cannot tell of member {each['issuer']}'s batch {batch} [{each['code']}]")
    if document["perhaps"]:
        lines += [f"{len(document['perhaps'])} lots rest on it perhaps:"]
        lines += _lots(document["perhaps"])
    if document["cut"]:
        lines.append(f"this is not all: there are more {' and '.join(document['cut'])}")
    return lines


def _lots(lots: list[dict[str, Any]]) -> list[str]:
    rows = [("lot", "state", "holder", "credit", "left")]
    rows += [
        (
            each["lot"],
            each["state"],
            str(each["holder"]),
            _words(each["credit"]),
            _words(each["left"]),
        )
        for each in lots[:_SHOWN]
    ]
    more = [f"and {len(lots) - _SHOWN} more: --json lists them"] if len(lots) > _SHOWN else []
    return [*table(rows), *more] if lots else []


def _words(credit: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {quantity:,}" for name, quantity in credit.items()) or "-"
