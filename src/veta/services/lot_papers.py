"""What names the lots of an output: lot keys, and the leaves of passports signed with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from veta.custody.build import OutputSecrets
from veta.custody.encoding import lot_id
from veta.errors import ConflictError, InputError, NotFoundError
from veta.model.identifiers import Leaf, MemberId
from veta.model.lot_tree import LotKey, LotRoot
from veta.model.lots import SiteId
from veta.ports.store import IntentState, StatementRecord, Store, StoreWork
from veta.services.issue import StatementIssuer
from veta.services.passports import require_agreement
from veta.services.run_requests import LotEntry, OutputRequest
from veta.sum_trees import PADDING_RANDOMNESS, lot_key, padding_leaf

_SALT = 16

Entropy = Callable[[int], bytes]
"""So many fresh random octets."""


class PaperDesk:
    """Signs the passports of lots; nothing is kept before the run is.

    Args:
        store: what is kept already.
        issuer: of the passports.
        member: whose lots.
        entropy: fresh random octets.
    """

    def __init__(
        self, store: Store, issuer: StatementIssuer, member: MemberId, entropy: Entropy
    ) -> None:
        self._store = store
        self._issuer = issuer
        self._member = member
        self._entropy = entropy

    def papers(
        self,
        site: SiteId,
        outputs: Iterable[OutputRequest],
        *,
        replaced: LotRoot | None = None,
        salt: bytes | None = None,
    ) -> tuple[list[StatementRecord], tuple[OutputSecrets, ...]]:
        """Passports signed and not yet kept, and the names of all lots.

        Args:
            site: where the lots are made.
            outputs: the batches.
            replaced: root of the batch whose place is taken: its lots may be named again.
            salt: 16 octets of the totals of every output; ``None``: fresh ones for each.

        Raises:
            ConflictError: ``lot.issued_before``.
            NotFoundError: ``statement.not_found``.
            VerificationError: a passport breaks its rules, or says something else than its lot.
            InputError: ``lot.named_twice``.
        """
        records: list[StatementRecord] = []
        secrets = []
        with self._store.read() as work:
            for output in outputs:
                named = []
                for entry in output.lots:
                    key = lot_key(
                        self._member,
                        site=site,
                        product_class=output.product_class,
                        batch_number=entry.batch_number,
                    )
                    _require_new(work, self._member, key, entry, replaced)
                    named.append((key, self._leaf(work, output, entry, records)))
                named += self._padding(output)
                secrets.append(OutputSecrets(named, salt or self._entropy(_SALT)))
        _require_distinct(key for each in secrets for key, _ in each.lots)
        return records, tuple(secrets)

    def _leaf(
        self,
        work: StoreWork,
        output: OutputRequest,
        entry: LotEntry,
        records: list[StatementRecord],
    ) -> Leaf:
        if not isinstance(entry.passport, Mapping):
            if work.statement(entry.passport) is None:
                raise NotFoundError(
                    "statement.not_found", f"no statement {entry.passport.hex()} is kept here"
                )
            return entry.passport
        credential = dict(entry.passport)
        require_agreement(credential, entry.batch_number, output.columns, entry.quantities)
        record = self._issuer.prepare(credential)
        records.append(record)
        return record.leaf

    def _padding(self, output: OutputRequest) -> Iterable[tuple[LotKey, Leaf]]:
        for _ in range(output.padding):
            leaf = padding_leaf(self._entropy(PADDING_RANDOMNESS), len(output.columns))
            yield LotKey(leaf.lot_key), Leaf(leaf.statement_leaf)


def _require_new(
    work: StoreWork, member: MemberId, key: LotKey, entry: LotEntry, replaced: LotRoot | None
) -> None:
    """A lot is issued once; again only after its batch was refused, withdrawn or replaced."""
    place = work.own_lot(lot_id(member, key))
    intent = None if place is None else work.intent(place.intent)
    if place is None or intent is None or intent.state is IntentState.HELD:
        return
    root = place.batch.root
    if root != replaced and work.lot_batch_end(member, root) is None:
        raise ConflictError(
            "lot.issued_before", f"lot {entry.batch_number} is in another batch already"
        )


def _require_distinct(keys: Iterable[LotKey]) -> None:
    seen: set[LotKey] = set()
    for key in keys:
        if key in seen:
            raise InputError("lot.named_twice", "two lots of a run have one batch number")
        seen.add(key)
