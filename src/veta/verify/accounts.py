"""What each disclosed run behind a lot did, as figures that a reader can add up.

Nothing is judged here: the report does that. A run whose parts are not all disclosed has an account
of what is, and says that it is not whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from veta.custody.columns import column_of, of_kind
from veta.custody.laws import RunSums
from veta.model.bundle import LotFacts, StatementBundle
from veta.model.columns import ColumnKey, ColumnKind
from veta.model.determined import Undetermined
from veta.model.identifiers import UnixSeconds
from veta.model.lots import CustodyModel, EmissionPart, LotBatchKind, ProductClassId, SiteId
from veta.verify.lineage_step import check_lineage
from veta.verify.runs import JudgedRun


@dataclass(frozen=True, slots=True)
class Balance:
    """One column of one run, base units: taken + entered = made + lost + ended.

    ``entered``: metal of an origin, from outside or measured for the first time; CO2e emitted;
    credit certified at an origin or drawn. ``ended``: credit that went with losses, into the
    site's account or was let go.
    """

    column: ColumnKey
    taken: int
    entered: int
    made: int
    lost: int
    ended: int


@dataclass(frozen=True, slots=True)
class RunAccount:
    """One run, from the way in to the lot's own."""

    kind: LotBatchKind
    site: SiteId
    produced_from_s: UnixSeconds
    produced_to_s: UnixSeconds
    product_classes: tuple[ProductClassId, ...]
    """Of its outputs, each once."""
    models: tuple[CustodyModel, ...]
    lots_taken: int
    balances: tuple[Balance, ...]
    """Metal, CO2e and credit, by column."""
    emissions_g: Mapping[EmissionPart, int]
    whole: bool
    """Everything that its laws count is disclosed."""


def run_accounts(bundle: StatementBundle, about: LotFacts | Undetermined) -> tuple[RunAccount, ...]:
    """The accounts of the runs behind a bundle's lot, earliest first; none without a lot.

    Args:
        bundle: with a lot that the verifier found well-formed.
        about: what the chain said of it.
    """
    if bundle.lot is None:
        return ()
    lineage = check_lineage(bundle, None, about, grounded=True)
    return tuple(_account(run, lineage.sums.get(id(run))) for run in lineage.walk.runs)


def _account(run: JudgedRun, sums: RunSums | None) -> RunAccount:
    header = run.header
    emissions: dict[EmissionPart, int] = {}
    for emission in run.cause.emissions:
        emissions[emission.part] = emissions.get(emission.part, 0) + emission.co2e_g
    headers = [batch.header for batch in run.run.batches]
    return RunAccount(
        kind=header.kind,
        site=header.site,
        produced_from_s=header.produced_from_s,
        produced_to_s=header.produced_to_s,
        product_classes=tuple(dict.fromkeys(each.product_class for each in headers)),
        models=tuple(dict.fromkeys(each.model for each in headers)),
        lots_taken=len(run.cause.takes),
        balances=() if sums is None else tuple(_balances(sums)),
        emissions_g=emissions,
        whole=sums is not None,
    )


def _balances(sums: RunSums) -> list[Balance]:
    wanted = (ColumnKind.METAL, ColumnKind.CO2E, ColumnKind.CREDIT)
    keys = [key for kind in wanted for key in of_kind(sums.columns, kind)]
    return [_balance(sums, key) for key in keys]


def _balance(sums: RunSums, key: ColumnKey) -> Balance:
    taken, made, lost = sums.taken.get(key, 0), sums.made.get(key, 0), sums.lost.get(key, 0)
    if column_of(key).kind is ColumnKind.CREDIT:
        drawn = sum(output.drawn.get(key, 0) for output in sums.outputs)
        entered = made if sums.way_in else drawn
        return Balance(key, taken, entered, made, 0, taken + entered - made)
    entered = made + lost - taken
    return Balance(key, taken, entered, made, lost, 0)
