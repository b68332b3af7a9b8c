"""Everything about lots that a node offers: reading for every node with a store, and a desk."""

from __future__ import annotations

from dataclasses import dataclass

from veta.custody.encoding import lot_id
from veta.model.identifiers import MemberId
from veta.model.lot_tree import LotKey
from veta.model.lots import LotId, ProductClassId, SiteId
from veta.ports.clock import Clock
from veta.ports.ledger import Ledger
from veta.ports.store import Store
from veta.services.allocate import RuleDesk
from veta.services.assure import AssuranceDesk
from veta.services.balance import BalanceDesk
from veta.services.correct_batch import BatchCorrector
from veta.services.issue import StatementIssuer
from veta.services.lineage import LineageDesk
from veta.services.lot_papers import Entropy, PaperDesk
from veta.services.lot_planning import LotPlanner
from veta.services.lot_reading import KnownLot, known_lot
from veta.services.notices import NoticeDesk
from veta.services.open_lot import LotCustodian
from veta.services.originate import Originator
from veta.services.planning import TransactionPlanner
from veta.services.progress import ProgressDesk
from veta.services.runs import RunDesk
from veta.services.serials import SerialDesk
from veta.services.sites import SiteDesk
from veta.services.trail import TrailDesk
from veta.services.transform import Transformer
from veta.sum_trees import lot_key


@dataclass(frozen=True, slots=True)
class LotDesk:
    """What moves lots in one member's name."""

    originator: Originator
    transformer: Transformer
    custodian: LotCustodian
    corrector: BatchCorrector
    rules: RuleDesk
    assurance: AssuranceDesk
    notices: NoticeDesk
    sites: SiteDesk

    @classmethod
    def of(
        cls,
        planner: TransactionPlanner,
        issuer: StatementIssuer,
        clock: Clock,
        entropy: Entropy,
    ) -> LotDesk:
        """The desk of a planner's member.

        Args:
            planner: of its account.
            issuer: of its passports.
            clock: wall time.
            entropy: fresh random octets.
        """
        lots = LotPlanner(planner)
        papers = PaperDesk(planner.store, issuer, planner.member, entropy)
        runs = RunDesk(lots, papers, clock, entropy)
        return cls(
            originator=Originator(runs),
            transformer=Transformer(runs),
            custodian=LotCustodian(lots, clock),
            corrector=BatchCorrector(lots, papers, clock),
            rules=RuleDesk(lots, clock),
            assurance=AssuranceDesk(lots, clock),
            notices=NoticeDesk(lots, clock),
            sites=SiteDesk(lots, clock),
        )


class LotShelf:
    """Lots as this node knows them.

    Args:
        store: the node's database.
        ledger: the chain.
    """

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store = store
        self.lineage = LineageDesk(store)
        self.balance = BalanceDesk(store, ledger)
        self.trail = TrailDesk(store)
        self.serials = SerialDesk(store)
        self.progress = ProgressDesk(store)

    def known(self, lot: LotId) -> KnownLot:
        """An opened lot as followed.

        Raises:
            NotFoundError: ``lot.unopened``.
        """
        with self._store.read() as work:
            return known_lot(work, lot)

    def named(self, batch_number: str) -> frozenset[LotId]:
        """Opened lots that have this number under any issuer, site and product class.

        The chain holds no number, only what it hashes to: so every name that the followed batches
        allow is tried.

        Raises:
            InputError: ``sum_trees.batch_number``.
        """
        with self._store.read() as work:
            headers = [
                batch.header
                for member in work.members()
                for batch in work.lot_batches(member.member)
            ]
            names = {(each.issuer, each.site, each.product_class) for each in headers}
            keyed = ((name, key_of_lot(*name, batch_number)) for name in names)
            lots = {lot_id(name[0], key) for name, key in keyed}
            return frozenset(lot for lot in lots if work.opened_lot(lot) is not None)


def key_of_lot(
    issuer: MemberId, site: SiteId, product_class: ProductClassId, batch_number: str
) -> LotKey:
    """What names a lot below its issuer.

    Raises:
        InputError: as ``sum_trees.lot_key``.
    """
    return lot_key(issuer, site=site, product_class=product_class, batch_number=batch_number)
