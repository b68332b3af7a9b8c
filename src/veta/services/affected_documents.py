"""What rests on a certificate as a JSON document, the same on the command line and over HTTP."""

from __future__ import annotations

from typing import Any

from veta.custody.periods import period_name
from veta.ports.lot_store import CreditAccount
from veta.services.affected import Affected, AffectedLot
from veta.services.affected_origins import WayIn
from veta.services.lot_documents import lot_name, quantities_json
from veta.services.registry import Names
from veta.services.run_file import column_name, word_of


def affected_json(affected: Affected, names: Names) -> dict[str, Any]:
    """Lots, holders, unused credit; and of what nobody can tell."""
    made = affected.record.made
    return {
        "record": made.record,
        "standing": affected.record.standing(affected.at_s).value,
        "issuer": made.issuer,
        "certificates": list(affected.certificates),
        "at": affected.at_s,
        "origins": [_way_in(each, affected.record.until_s) for each in affected.origins],
        "lots": [_lot(each, names) for each in affected.reached.lots.values()],
        "unopened": [
            {
                "issuer": each.issuer,
                "batch": each.root.hex(),
                "credit": quantities_json(each.credit),
            }
            for each in affected.reached.unopened
        ],
        "holders": [
            {"member": member, "lots": lots, "left": quantities_json(credit)}
            for member, (lots, credit) in affected.holders.items()
        ],
        "accounts": [_account(each, names) for each in affected.accounts],
        "cannotTell": [
            {**_way_in(each.way_in, affected.record.until_s), "code": each.code}
            for each in affected.untold
        ],
        "perhaps": [_lot(each, names) for each in affected.perhaps],
        "complete": not affected.reached.cut and not affected.untold,
        "cut": sorted(affected.reached.cut),
    }


def _account(account: CreditAccount, names: Names) -> dict[str, Any]:
    return {
        "site": account.site,
        "siteName": names.sites.get(account.site),
        "programme": account.programme,
        "substance": account.substance,
        "symbol": names.substances.get(account.substance),
        "period": period_name(account.period),
        "balance": account.balance,
    }


def _way_in(way_in: WayIn, until_s: int) -> dict[str, Any]:
    header = way_in.header
    return {
        "issuer": header.issuer,
        "site": header.site,
        "batches": [root.hex() for root in way_in.roots],
        "producedFrom": header.produced_from_s,
        "producedTo": header.produced_to_s,
        "pastEnd": header.produced_to_s > until_s,
        "credit": [column_name(key) for key in sorted(way_in.columns)],
    }


def _lot(lot: AffectedLot, names: Names) -> dict[str, Any]:
    header, record = lot.known.opened.header, lot.known.record
    return {
        "lot": lot_name(lot.known.lot),
        "issuer": header.issuer,
        "site": header.site,
        "siteName": names.sites.get(header.site),
        "productClass": header.product_class,
        "productClassName": names.product_classes.get(header.product_class),
        "state": word_of(record.state),
        "holder": record.holder,
        "offeredTo": record.offered_to or None,
        "credit": quantities_json(lot.credit),
        "left": quantities_json(lot.left),
    }
