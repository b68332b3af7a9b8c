"""Mutants side by side: what overlaps is kept apart, and the original stays beside each change."""

from __future__ import annotations

from scripts.mutation_parts.schemata import SWITCH, batches_of, changed_alone, switched
from scripts.mutation_parts.sites import Mutant, Span

PRAGMA = "pragma solidity 0.8.37;\n"
SOURCE = "contracts/A.sol"
TEXT = f"{PRAGMA}if (a < b) revert; x += 1;"


def mutant(found: str, text: str, *, statement: bool = False) -> Mutant:
    start = TEXT.index(found)
    span = Span(SOURCE, start, start + len(found), text, statement)
    return Mutant("test", f"{found} -> {text}", SOURCE, 2, start, (span,))


LESS = mutant("a < b", "(a) <= (b)")
NEVER = mutant("a < b", "false")
ONE = mutant("1", "2")
GONE = mutant("x += 1;", "{}", statement=True)


def test_batches__overlapping_mutants__are_apart_and_same_places_together() -> None:
    batches = batches_of([LESS, NEVER, ONE, GONE], 10)
    assert [batch.mutants for batch in batches] == [[LESS, NEVER, ONE], [GONE]]
    assert [len(batch.mutants) for batch in batches_of([LESS, NEVER], 1)] == [1, 1]


def test_switched__many_mutants__each_behind_its_number() -> None:
    sources = switched({SOURCE: TEXT}, [(1, LESS), (2, NEVER), (3, GONE)])
    assert sources[SOURCE] == (
        f'{PRAGMA}import {{Mutant}} from "{SWITCH}";\n'
        "if ((Mutant.on(2) ? false : ((Mutant.on(1) ? (a) <= (b) : (a < b))))) revert; "
        "{ if (Mutant.on(3)) { {} } else { x += 1; } }"
    )
    assert "function on(" in sources[SWITCH]


def test_switched__typed_number__is_of_that_type_in_both_branches() -> None:
    typed = mutant("1", "uint64(2)")
    assert (
        "x += (Mutant.on(7) ? uint64(2) : uint64(1));"
        in switched({SOURCE: TEXT}, [(7, typed)])[SOURCE]
    )


def test_changed_alone__one_mutant__has_no_switch() -> None:
    assert changed_alone({SOURCE: TEXT}, LESS)[SOURCE].endswith("if (((a) <= (b))) revert; x += 1;")
    assert changed_alone({SOURCE: TEXT}, GONE)[SOURCE].endswith("revert; {}")
