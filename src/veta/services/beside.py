"""Statements to go beside a bundle's own: those that the maker names, and certificates' documents.

The documents behind the certificates that a lot's credit rests on are put there by themselves, as
far as the node keeps them: their leaves are on the chain's record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from veta.errors import InputError, NotFoundError
from veta.model.assurance_events import RecordMade
from veta.model.bundle import StatementBeside, StatementBundle
from veta.model.identifiers import Leaf
from veta.ports.store import Store
from veta.services.anchor import BundleDesk
from veta.services.assurance_facts import certificates_named
from veta.statement.jws import unseal
from veta.verify.beside import MAX_BESIDE, MAX_BESIDE_OCTETS, within_bounds


def with_beside(bundle: StatementBundle, more: Iterable[StatementBundle]) -> StatementBundle:
    """A bundle with further statements beside its own: each once, and what was beside them too.

    Args:
        bundle: to carry them.
        more: each a statement with where it is anchored; lots and runs of theirs stay out.

    Raises:
        InputError: ``bundle.too_many_beside``; ``statement.*`` for a token that cannot be read.
    """
    found = {unseal(bundle.token).leaf: _place(bundle)}
    for each in (*bundle.beside, *(part for one in more for part in (_place(one), *one.beside))):
        leaf = unseal(each.token).leaf
        kept = found.get(leaf)
        if kept is None or kept.inclusion is None:
            found[leaf] = each
    beside = tuple(found.values())[1:]
    if len(within_bounds(beside)) != len(beside):
        raise InputError(
            "bundle.too_many_beside",
            f"beside a bundle's own there are at most {MAX_BESIDE} statements, of at most "
            f"{MAX_BESIDE_OCTETS} octets together",
        )
    return replace(bundle, beside=beside)


class BesideDesk:
    """Finds the documents behind a lot's certificates among what a node keeps."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._statements = BundleDesk(store)

    def with_documents(self, bundle: StatementBundle) -> StatementBundle:
        """A bundle with the documents of the certificates that its runs name, as far as kept here.

        Raises:
            StoreError: ``store.corrupt``.
        """
        documents = list(self._documents(bundle))
        return with_beside(bundle, documents) if documents else bundle

    def _documents(self, bundle: StatementBundle) -> Iterator[StatementBundle]:
        numbers = sorted({number for _, number in certificates_named(bundle)})
        with self._store.read() as work:
            leaves = [each.leaf for n in numbers for each in work.said(RecordMade, record=n)]
        for leaf in dict.fromkeys(leaves):
            found = self._kept(leaf)
            if found is not None:
                yield found

    def _kept(self, leaf: Leaf) -> StatementBundle | None:
        try:
            return self._statements.bundle(leaf)
        except NotFoundError:
            return None  # another's: whoever wants it shown names its file


def _place(bundle: StatementBundle) -> StatementBeside:
    return StatementBeside(bundle.token, bundle.inclusion, bundle.root)
