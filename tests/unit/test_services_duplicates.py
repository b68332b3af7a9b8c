"""One physical lot, two numbers: the marks on the goods give it away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.statements import LOT, issuance
from veta import canonical
from veta.errors import ConflictError
from veta.interop.lot_file import read_lot, write_lot
from veta.model.lot import Bundle, LotCertificate, Mark, ParentLot, Party
from veta.services.duplicates import DuplicateFinder, require_no_duplicate
from veta.statement.credential import Credential, read_credential
from veta.statement.passport import build_passport
from veta.statement.rules import find_faults

MARKS = (
    Mark("heat", "H-1"),
    Mark("seal", "S-1"),
    Mark("container", "MSKU1234565"),
    Mark("assay", "COA-9"),
)
BARE = replace(LOT, bundles=(), parents=(), marks=())
ISSUER = LOT.issuer.identifier


def lot(number: str, *marks: Mark, **changes: Any) -> LotCertificate:
    return replace(BARE, lot_number=number, marks=marks, **changes)


def passport(content: LotCertificate, label: str = "1") -> Credential:
    return read_credential(
        canonical.write(build_passport(content, issuance(content.lot_number + label)))
    )


def suspects(*lots: LotCertificate) -> list[tuple[str, str, tuple[str, ...]]]:
    finder = DuplicateFinder()
    for each in lots:
        finder.add(passport(each))
    return [(each.kind, each.number, each.lots) for each in finder.suspects()]


@pytest.mark.row("A04")
@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: mark.kind)
def test_lot__again_under_a_new_number_with_the_same_mark__is_suspected(mark: Mark) -> None:
    assert suspects(lot("A", mark), lot("B", mark)) == [(mark.kind, mark.number, ("A", "B"))]
    assert suspects(lot("A", mark), lot("B", replace(mark, number=mark.number + "X"))) == []
    other = Mark("seal" if mark.kind != "seal" else "heat", mark.number)
    assert suspects(lot("A", mark), lot("B", other)) == []


@pytest.mark.row("A04")
def test_lot__with_another_s_bundle__is_suspected_and_refused_when_issued() -> None:
    bundles = (Bundle("BSE-1", LOT.mass_g),)
    first, second = lot("A", bundles=bundles), lot("B", bundles=bundles)
    assert suspects(first, second) == [("bundle", "BSE-1", ("A", "B"))]
    finder = DuplicateFinder()
    finder.add(passport(first))
    with pytest.raises(ConflictError, match="DUPLICATE-SUSPECT: bundle BSE-1 stands in lots A and"):
        require_no_duplicate(finder, [passport(second)])
    for harmless in (lot("C", MARKS[0]), replace(first, name="corrected")):
        finder = DuplicateFinder()
        finder.add(passport(first))
        require_no_duplicate(finder, [passport(harmless, "2")])
    finder = DuplicateFinder()
    with pytest.raises(ConflictError):  # two in one go
        require_no_duplicate(finder, [passport(first), passport(second)])


@pytest.mark.row("A04")
def test_lot__that_was_made_of_the_other__takes_its_marks_along() -> None:
    parent = lot("A", MARKS[0])
    child = lot("B", MARKS[0], parents=(ParentLot(ISSUER, "A"),))
    grandchild = lot("C", MARKS[0], parents=(ParentLot(ISSUER, "B"),))
    assert suspects(parent, child, grandchild) == []
    twin = lot("D", MARKS[0], parents=(ParentLot(ISSUER, "A"),))
    # Two parts of one lot cannot both have its one heat's seal.
    assert suspects(parent, child, twin) == [("heat", "H-1", ("B", "D"))]


def test_lots__of_two_issuers__may_count_alike() -> None:
    other = replace(lot("B", *MARKS), issuer=Party("did:web:other.example", "Other"))
    assert suspects(lot("A", *MARKS), other) == []


def test_marks__in_file_and_passport__are_kept_and_ruled() -> None:
    content = replace(LOT, marks=MARKS)
    assert read_lot(write_lot(content)) == content
    assert find_faults(passport(content)) == ()
    twice = passport(replace(LOT, marks=(MARKS[0], MARKS[0])))
    assert [fault.code for fault in find_faults(twice)] == ["statement.repeated"]
    unknown = passport(replace(LOT, marks=(Mark("colour", "red"),)))
    assert find_faults(unknown)
