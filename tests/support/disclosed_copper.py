"""The copper chain as a verifier gets it: cathode, rod and cable of the reference file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.support import copper_runs
from tests.support.copper_runs import REDUCIBLE, Copper
from tests.support.custody_world import CO2E, CU, NET, terms
from tests.support.disclosed_lots import (
    Book,
    Disclosure,
    certificate,
    disclosure,
    number,
    parent,
    token_leaf,
    token_of,
)

PRODUCTS = {"cathode": "copper-cathode", "rod": "copper-rod", "cable": "copper-cable"}
_MADE_BY = {"cathode": 5, "rod": 6, "cable": 7}
_PARENTS = {
    "cathode": [number(4)],
    "rod": [number(5, 0, at) for at in range(28, 38)],
    "cable": [number(6)],
}


def copper_chain(product: str, **changes: Any) -> Disclosure:
    """The passport of a cathode, of the rod or of the cable, as the reference file has them.

    Args:
        product: of ``PRODUCTS``.
        changes: of the passport's content.
    """
    copper = Copper.load()
    lots = copper.lot(product)
    data = lots[0] if isinstance(lots, list) else lots
    order = _MADE_BY[product]
    held = {NET: data["net_mass_g"], CU: data["cu_mass_g"], CO2E: data["co2e_g"]}
    parents = [parent(name) for name in _PARENTS[product]]
    content = certificate(number(order), PRODUCTS[product], held, parents)
    token = token_of(replace(content, **changes))
    book = Book({number(order): token_leaf(token)})
    _run_all(book, copper)
    return disclosure(book, token, order)


def _run_all(book: Book, copper: Copper) -> None:
    mine = book.run(copper_runs.e01(copper))
    split = book.run(copper_runs.e02(copper, book.open(mine)))
    other = book.run(copper_runs.cordillera(copper))
    outside = book.run(copper_runs.puerto_gris(copper))
    inputs = [book.open(split), book.open(other), book.open(outside)]
    smelt = book.run(copper_runs.e04(copper, inputs))
    chain = terms(reducible=REDUCIBLE)
    refine = book.run(copper_runs.balanced(copper, book.open(smelt), 29), chain)
    cathodes = [book.open(refine, 0, at) for at in range(28, 38)]
    rod = book.run(copper_runs.e07(copper, cathodes))
    book.run(copper_runs.e08(copper, book.open(rod)))
