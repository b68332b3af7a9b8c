"""Statements to go beside a bundle's own: those that the maker names, and certificates' documents.

The documents behind the certificates that a lot's credit rests on are put there by themselves, as
far as the node keeps them: their leaves are on the chain's record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from veta import canonical
from veta.disclosure.heads import carries_head, head_of
from veta.disclosure.indicator_file import read_leaves
from veta.disclosure.indicators import OpenedLeaf, check_leaves
from veta.errors import InputError, NotFoundError, ProvenanceError
from veta.model.assurance_events import RecordMade
from veta.model.bundle import StatementBeside, StatementBundle
from veta.model.identifiers import Leaf, UnixSeconds
from veta.ports.papers import PaperSource
from veta.ports.store import Store
from veta.services.anchor import BundleDesk
from veta.services.assurance_facts import certificates_named
from veta.services.papers import papers_kept
from veta.statement.jws import read_statement, unseal
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
    return _bounded(replace(bundle, beside=tuple(found.values())[1:]))


def _bounded(bundle: StatementBundle) -> StatementBundle:
    if len(within_bounds(bundle.beside)) != len(bundle.beside):
        raise InputError(
            "bundle.too_many_beside",
            f"beside a bundle's own there are at most {MAX_BESIDE} statements, of at most "
            f"{MAX_BESIDE_OCTETS} octets together",
        )
    return bundle


def with_opened(bundle: StatementBundle, octets: bytes) -> StatementBundle:
    """A bundle that opens leaves of an indicator set beside it.

    Args:
        bundle: with the statement of the set beside its own.
        octets: a file of opened leaves (``veta-indicators-open/1``); its leaves tell the set.

    Raises:
        InputError: as ``read_leaves``; ``bundle.no_indicator_set``: they are of no set beside it.
    """
    leaves = read_leaves(octets)
    for place, each in enumerate(bundle.beside):
        if _is_of(each, leaves):
            opened = replace(each, opened=canonical.write(canonical.read_object(octets)))
            beside = (*bundle.beside[:place], opened, *bundle.beside[place + 1 :])
            return _bounded(replace(bundle, beside=beside))
    raise InputError(
        "bundle.no_indicator_set", "the leaves are of no indicator set that is beside the statement"
    )


def _is_of(statement: StatementBeside, leaves: tuple[OpenedLeaf, ...]) -> bool:
    try:
        credential = read_statement(statement.token).credential
        return carries_head(credential) and bool(check_leaves(head_of(credential), leaves))
    except ProvenanceError:
        return False


class BesideDesk:
    """Finds the documents behind a lot's certificates among what a node keeps.

    Args:
        store: the node's own statements, and what it followed.
        papers: of others, kept beside the store; ``None``: none.
    """

    def __init__(self, store: Store, papers: PaperSource | None = None) -> None:
        self._store = store
        self._papers = papers
        self._statements = BundleDesk(store)

    def with_documents(self, bundle: StatementBundle) -> StatementBundle:
        """A bundle with the documents of the certificates that its runs name, as far as kept here.

        Raises:
            StoreError: ``store.corrupt``, ``papers.*``.
        """
        documents = list(self._documents(bundle))
        return with_beside(bundle, documents) if documents else bundle

    def _documents(self, bundle: StatementBundle) -> Iterator[StatementBundle]:
        numbers = sorted({number for _, number in certificates_named(bundle)})
        with self._store.read() as work:
            leaves = [each.leaf for n in numbers for each in work.said(RecordMade, record=n)]
        handed = self._handed() if leaves else {}
        for leaf in dict.fromkeys(leaves):
            found = self._own(leaf) or handed.get(leaf)
            if found is not None:
                yield found

    def _own(self, leaf: Leaf) -> StatementBundle | None:
        try:
            return self._statements.bundle(leaf)
        except NotFoundError:
            return None

    def _handed(self) -> dict[Leaf, StatementBundle]:
        """Statements of others; what cannot be read is nobody's document."""
        found: dict[Leaf, StatementBundle] = {}
        for _, bundle in papers_kept(self._papers, now_s=UnixSeconds(0)).statements:
            with suppress(InputError):
                found[unseal(bundle.token).leaf] = bundle
        return found


def _place(bundle: StatementBundle) -> StatementBeside:
    return StatementBeside(bundle.token, bundle.inclusion, bundle.root)
