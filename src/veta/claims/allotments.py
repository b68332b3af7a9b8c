"""Two marks may stand on one lot, never on two: the same certified gram is sold once.

Metal that two schemes certify is one credit. On one lot both marks speak of the same grams; on two
lots each would speak of grams that the other has sold (abuse A16).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from veta.errors import InputError, VerificationError


@dataclass(frozen=True, slots=True)
class Allotment:
    """So much of one credit stands behind one mark on one lot."""

    credit: str
    """Where it was created: a certified delivery, by its lot."""
    scheme: str
    lot: str
    amount_g: int


def require_one_lot_each(credits_g: Mapping[str, int], allotments: Iterable[Allotment]) -> None:
    """Every credit covers all lots that carry a mark on its account.

    What a lot uses of a credit is the most that any of its marks claims; marks on other lots add
    to it, whichever scheme they are of.

    Args:
        credits_g: grams of certified metal by credit.
        allotments: all marks on all lots that draw on these credits.

    Raises:
        InputError: ``claims.unknown_credit``, ``claims.amount``, ``claims.allotment_twice`` of one
            scheme twice on one lot.
        VerificationError: ``claims.credit_on_two_lots``.
    """
    seen: set[tuple[str, str, str]] = set()
    used: dict[str, dict[str, int]] = defaultdict(dict)
    for each in allotments:
        if each.credit not in credits_g:
            raise InputError("claims.unknown_credit", f"no credit {each.credit[:60]!r}")
        if each.amount_g <= 0:
            raise InputError("claims.amount", "a mark stands on one gram or more")
        key = (each.credit, each.scheme, each.lot)
        if key in seen:
            raise InputError("claims.allotment_twice", f"{each.scheme} stands twice on {each.lot}")
        seen.add(key)
        of_lot = used[each.credit]
        of_lot[each.lot] = max(each.amount_g, of_lot.get(each.lot, 0))
    for credit, of_lots in used.items():
        if sum(of_lots.values()) > credits_g[credit]:
            raise VerificationError(
                "claims.credit_on_two_lots",
                f"{sum(of_lots.values())} g are marked on {len(of_lots)} lots, "
                f"{credits_g[credit]} g were certified",
            )
