"""Step 11, the lot's indicators: which are opened, which are hidden, and which may not be.

An indicator set counts if its statement stands beside the bundle, is good by itself, is of the
passport's issuer, and is about the passport's lot or the site that made it. Of the leaves that are
opened with it each is held against the signed root; what is not opened is counted and named. What a
policy asks for by the lot's metals, and is hidden or without a value, is not proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from veta.custody.columns import column_of, of_kind, sums_of
from veta.disclosure.heads import carries_head, head_of
from veta.disclosure.indicator_file import read_leaves
from veta.disclosure.indicators import IndicatorHead
from veta.disclosure.mandatory import (
    DEFAULT_POLICY,
    Completeness,
    Disclosed,
    MandatoryPolicy,
    judge_indicators,
)
from veta.errors import ProvenanceError
from veta.model.anchoring import BatchKind
from veta.model.bundle import StatementBundle
from veta.model.columns import ELEMENT_SYMBOLS, ColumnKind
from veta.model.identifiers import Leaf
from veta.statement.credential import Credential
from veta.statement.jws import SignedStatement
from veta.verify.findings import failed, not_proven, passed
from veta.verify.lot_step import lot_fault
from veta.verify.report import VerifiedStatement
from veta.verify.verdict import Check, FactValue, Outcome, Step


def check_indicators(
    statement: SignedStatement,
    bundle: StatementBundle,
    shown: Mapping[Leaf, VerifiedStatement],
    policies: Sequence[MandatoryPolicy],
) -> list[Check]:
    """What a lot's indicators come to, of a passport; of another statement nothing.

    Args:
        statement: the bundle's own.
        bundle: with what is opened beside it; the lot's columns say which metals it has.
        shown: statements beside it that are good by themselves.
        policies: that say what must be open; none: what is hidden is told by the default one.
    """
    if statement.credential.kind is not BatchKind.PASSPORT:
        return []
    opened = _opened(bundle, shown)
    sets = [
        (each, head_of(each.statement.credential))
        for each in shown.values()
        if carries_head(each.statement.credential)
        and each.statement.credential.issuer.identifier == statement.credential.issuer.identifier
    ]
    about = _subjects(statement.credential)
    fitting = [(each, head) for each, head in sets if head.subject in about]
    if not fitting:
        if not policies:
            return []
        sentence = "no indicators of the lot are shown: none of what must be open is"
        return [not_proven(Step.CLAIMS, "disclosure.indicators_not_shown", sentence)]
    found = [
        _judge(each.statement.leaf, head, opened, _materials(bundle), policies)
        for each, head in fitting
    ]
    best = min(found, key=lambda check: _ORDER.index(check.outcome))
    return [best, *_several(fitting)]


_ORDER: Final = (Outcome.PASSED, Outcome.NOT_PROVEN, Outcome.NOTICE, Outcome.FAILED)


def _judge(
    leaf: Leaf,
    head: IndicatorHead,
    opened: Mapping[Leaf, bytes],
    materials: Sequence[str],
    policies: Sequence[MandatoryPolicy],
) -> Check:
    try:
        leaves = read_leaves(opened[leaf]) if leaf in opened else ()
        found = judge_indicators(
            head, leaves, materials=materials, policies=policies or (DEFAULT_POLICY,)
        )
    except ProvenanceError as error:
        if error.code == "disclosure.material_unknown":
            return not_proven(Step.CLAIMS, error.code, error.message)
        sentence = f"what is opened of the lot's indicators is refused: {error.message}"
        if policies:
            return failed(Step.CLAIMS, error.code, sentence, leaf=leaf.hex())
        return Check(Step.CLAIMS, Outcome.NOTICE, error.code, sentence, {"leaf": leaf.hex()})
    return _told(leaf, head, found, materials)


def _told(leaf: Leaf, head: IndicatorHead, found: Disclosed, materials: Sequence[str]) -> Check:
    facts: dict[str, FactValue] = {**found.facts}
    facts |= {"leaf": leaf.hex(), "subject": head.subject, "materials": tuple(materials)}
    facts["values"] = tuple(f"{name}={_text(value)}" for name, value in found.opened.items())
    hidden = f"; hidden: {', '.join(found.hidden)}" if found.hidden else ""
    sentence = found.sentence + hidden
    if found.completeness is Completeness.COMPLETE:
        return passed(Step.CLAIMS, found.code, sentence, **facts)
    return not_proven(Step.CLAIMS, found.code, sentence, **facts)


def _text(value: object) -> str:
    return "not stated" if value is None else str(value).lower()


def _several(fitting: Sequence[tuple[VerifiedStatement, IndicatorHead]]) -> Iterator[Check]:
    """Two sets of one subject are two stories; both are named."""
    roots: dict[str, set[bytes]] = {}
    for _, head in fitting:
        roots.setdefault(head.subject, set()).add(head.root)
    for subject, found in roots.items():
        if len(found) > 1:
            sentence = f"{len(found)} indicator sets of {subject} are shown, and they differ"
            code = "disclosure.several_sets"
            yield Check(Step.CLAIMS, Outcome.NOTICE, code, sentence, {"sets": len(found)})


def _opened(bundle: StatementBundle, shown: Mapping[Leaf, VerifiedStatement]) -> dict[Leaf, bytes]:
    by_token = {each.token: each.opened for each in bundle.beside if each.opened}
    return {
        leaf: by_token[each.statement.sealed.token]
        for leaf, each in shown.items()
        if each.statement.sealed.token in by_token
    }


def _materials(bundle: StatementBundle) -> tuple[str, ...]:
    """Symbols of the lot's metals, by its columns and not by what its maker calls it."""
    if bundle.lot is None or lot_fault(bundle.lot) is not None:
        return ()
    held = sums_of(bundle.lot.columns, bundle.lot.quantities)
    substances = {column_of(key).substance for key in of_kind(held, ColumnKind.METAL) if held[key]}
    return tuple(ELEMENT_SYMBOLS.get(each, f"substance {each}") for each in sorted(substances))


def _subjects(credential: Credential) -> frozenset[str]:
    """What a set may be about: the lot, or the site that made it."""
    return frozenset(_names(credential))


def _names(credential: Credential) -> Iterable[str]:
    yield str(credential.subject.get("id", ""))
    site = credential.subject.get("producedAtFacility")
    if isinstance(site, Mapping) and isinstance(site.get("id"), str):
        yield site["id"]
