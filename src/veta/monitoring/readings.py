"""A round's readings as one RFC 9162 tree: by instrument, and in each by time.

A leaf's octets are RFC 8785 of ``[instrument, definition digest, at, amount]``
(``veta.evidence.series``), so that one reading can be shown without the others, and none edited.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from veta.errors import InputError, VerificationError
from veta.evidence.metrics import Boundary, Definition
from veta.evidence.series import (
    FlatLine,
    Gap,
    Reading,
    Replay,
    Series,
    SeriesFindings,
    inspect,
)
from veta.evidence.windows import Window
from veta.model.bundle import InclusionProof
from veta.model.identifiers import Digest
from veta.model.ranges import Ranges
from veta.statement.own_types import MOST_INSTRUMENTS, MOST_READINGS
from veta.trees import MerkleTree, leaf_digest, verify_inclusion


@dataclass(frozen=True)
class RoundReadings:
    """The readings of one round.

    Attributes:
        series: one an instrument, in the order in which their readings are numbered; all of one
            metric, boundary, period and step. An instrument without a reading has an empty one.

    Raises:
        InputError: ``monitoring.instruments`` for none, too many or one twice,
            ``monitoring.unlike`` for series that are no one round, ``monitoring.count`` for no
            reading at all, or more than a round has.
    """

    series: tuple[Series, ...]

    def __post_init__(self) -> None:
        names = [each.instrument for each in self.series]
        if not 0 < len(names) <= MOST_INSTRUMENTS or len(set(names)) != len(names):
            message = f"a round has 1 to {MOST_INSTRUMENTS} instruments, each once"
            raise InputError("monitoring.instruments", message)
        for each in self.series[1:]:
            what = _unlike(self.series[0], each)
            if what:
                message = f"{each.instrument} has another {what} than {names[0]}: two rounds"
                raise InputError("monitoring.unlike", message)
        if not 0 < self.count <= MOST_READINGS:
            message = f"a round has 1 to {MOST_READINGS} readings, not {self.count}"
            raise InputError("monitoring.count", message)

    @property
    def definition(self) -> Definition:
        """Of the metric."""
        return self.series[0].definition

    @property
    def boundary(self) -> Boundary:
        """Where it was measured."""
        return self.series[0].boundary

    @property
    def period(self) -> Window:
        """That the round covers."""
        return self.series[0].period

    @property
    def step_s(self) -> int:
        """From slot to slot, seconds."""
        return self.series[0].step_s

    @property
    def instruments(self) -> tuple[str, ...]:
        """In the order of their readings."""
        return tuple(each.instrument for each in self.series)

    @property
    def count(self) -> int:
        """Readings in it."""
        return sum(len(each.readings) for each in self.series)

    @cached_property
    def leaves(self) -> tuple[bytes, ...]:
        """Octets of each reading, by its index."""
        return tuple(leaf for each in self.series for leaf in each.leaves())

    @cached_property
    def _tree(self) -> MerkleTree:
        return MerkleTree([leaf_digest(leaf) for leaf in self.leaves])

    @property
    def root(self) -> Digest:
        """Root of the tree."""
        return Digest(bytes(self._tree.root))

    def inclusion(self, index: int) -> InclusionProof:
        """That a reading is in the round.

        Raises:
            InputError: ``monitoring.index``.
        """
        if not 0 <= index < self.count:
            message = f"there is no reading {index}: the round has {self.count}"
            raise InputError("monitoring.index", message)
        return self._tree.inclusion(index)

    def reading(self, index: int) -> tuple[str, Reading]:
        """Instrument and reading of an index that is in the round."""
        for each in self.series:
            if index < len(each.readings):
                return each.instrument, each.readings[index]
            index -= len(each.readings)
        raise InputError("monitoring.index", "there is no such reading")

    def of_instruments(self, names: Iterable[str]) -> Ranges:
        """Indices of the readings of some instruments.

        Raises:
            InputError: ``monitoring.instruments`` for one that the round does not have.
        """
        wanted, spans, start = set(names), [], 0
        for each in self.series:
            if each.instrument in wanted and each.readings:
                spans.append(range(start, start + len(each.readings)))
            start += len(each.readings)
        unknown = sorted(wanted - set(self.instruments))
        if unknown:
            message = f"the round has no instrument {unknown[0][:80]!r}"
            raise InputError("monitoring.instruments", message)
        return Ranges.of(index for span in spans for index in span)

    def seen_by(self, other: RoundReadings) -> tuple[Ranges, Ranges]:
        """What somebody else read, too: indices that are the same there, and that differ there.

        Readings are the same if instrument, definition, time and amount are, octet for octet. What
        the other did not read is in neither.
        """
        theirs = {_slot(s, r): leaf for s, r, leaf in other._walk()}
        same: list[int] = []
        unlike: list[int] = []
        for index, (series, reading, leaf) in enumerate(self._walk()):
            found = theirs.get(_slot(series, reading))
            if found is not None:
                (same if found == leaf else unlike).append(index)
        return Ranges.of(same), Ranges.of(unlike)

    def _walk(self) -> Iterator[tuple[Series, Reading, bytes]]:
        for each in self.series:
            for reading, leaf in zip(each.readings, each.leaves(), strict=True):
                yield each, reading, leaf

    def findings(self, *, flat_slots: int, replay_slots: int) -> tuple[InstrumentFindings, ...]:
        """Gaps, flat lines and replays, by instrument; those without any are left out.

        Raises:
            InputError: ``evidence.finding_length``.
        """
        found = (
            InstrumentFindings(
                each.instrument, inspect(each, flat_slots=flat_slots, replay_slots=replay_slots)
            )
            for each in self.series
        )
        return tuple(each for each in found if each.all)


@dataclass(frozen=True, slots=True)
class InstrumentFindings:
    """What a reader of an instrument's readings has to see."""

    instrument: str
    found: SeriesFindings

    @property
    def all(self) -> tuple[Gap | FlatLine | Replay, ...]:
        """Gaps, then flat lines, then replays."""
        return (*self.found.gaps, *self.found.flat_lines, *self.found.replays)

    def words(self) -> list[str]:
        """``well-017: gap of 6 readings from ...``."""
        return [f"{self.instrument}: {each.words()}" for each in self.all]


@dataclass(frozen=True, slots=True)
class ReadingProof:
    """One reading, and its way to the root of its round.

    Attributes:
        leaf: octets of the reading.
        inclusion: RFC 9162 path.
    """

    leaf: bytes
    inclusion: InclusionProof

    def require(self, root: Digest, count: int) -> None:
        """Refuse a reading that is not in a round.

        Raises:
            VerificationError: ``monitoring.reading_not_included``: another amount, time, instrument
                or place, or another round.
        """
        message = "this reading is not in the round: it was edited, or is another round's"
        refusal = VerificationError("monitoring.reading_not_included", message)
        if self.inclusion.size != count:
            raise refusal
        try:
            verify_inclusion(leaf_digest(self.leaf), self.inclusion, root)
        except (InputError, VerificationError) as error:
            raise refusal from error


def _unlike(one: Series, two: Series) -> str:
    pairs: Sequence[tuple[str, object, object]] = (
        ("metric", one.definition.digest, two.definition.digest),
        ("boundary", one.boundary.digest, two.boundary.digest),
        ("period", one.period, two.period),
        ("step", one.step_s, two.step_s),
    )
    return next((name for name, first, second in pairs if first != second), "")


def _slot(series: Series, reading: Reading) -> tuple[str, Digest, int]:
    return series.instrument, series.definition.digest, reading.at_s
