"""The trail of a lot, from what the store has followed, from kept events, and from files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from veta.custody.columns import of_kind, sums_of
from veta.custody.trail import EXITED, MOVES, gaps_of
from veta.errors import InputError, NotFoundError
from veta.model.anchoring import BatchKind
from veta.model.columns import ColumnKind
from veta.model.identifiers import BlockNumber, MemberId, UnixSeconds
from veta.model.lot_events import LotAction, LotBatch, LotChange, LotOpened, LotRun
from veta.model.lots import BatchHeader, LotBatchKind, LotId, SiteId
from veta.model.registry_events import SiteRegistered
from veta.model.trail import Trail, TrailKind, TrailLot, TrailSource, TrailStep
from veta.ports.lot_store import PLACE_BITS, Place
from veta.ports.store import Store, StoreWork
from veta.services.registry import Names, names_of
from veta.services.run_file import word_of
from veta.services.trail_events import steps_of_events
from veta.statement.credential import Credential, read_credential
from veta.statement.metal_lot import metal_lot_of
from veta.statement.passport import lot_identifier
from veta.sum_trees import lot_key

MOST_RUNS: Final = 2_000
"""Runs behind a lot that a trail tells; a longer one is for ``veta lineage``."""
MOST_EVENTS: Final = 10_000
"""Kept traceability events that are looked through, newest first."""


class TrailDesk:
    """Tells trails.

    Args:
        store: as followed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def trail(self, lot: LotId, told: Iterable[TrailStep] = ()) -> Trail:
        """Every step from the ways in to where the lot is, and the gaps between them.

        Args:
            lot: an opened lot.
            told: steps that files of other systems tell (``interop.epcis_reading``). Only moves
                of the trail's lots are taken: a file cannot say what was made or whose it is.

        Raises:
            NotFoundError: ``lot.unopened``.
            InputError: ``trail.too_long``.
        """
        with self._store.read() as work:
            return _Teller(work, lot).trail(tuple(told))


class _Teller:
    """One trail over one consistent view of the store."""

    def __init__(self, work: StoreWork, lot: LotId) -> None:
        self._work = work
        self._lot = lot
        back = work.lineage_back(lot, MOST_RUNS)
        if not back.opened:
            if work.opened_lot(lot) is None:
                raise NotFoundError("lot.unopened", f"no opened lot 0x{lot.hex()} is known here")
            raise InputError("trail.too_long", f"more than {MOST_RUNS} runs are behind this lot")
        self._back = back
        self._opened = {each.lot: each for each in back.opened}
        self._headers = {
            each.lot: batch.header
            for each in back.opened
            if (batch := work.lot_batch(each.issuer, each.root)) is not None
        }
        self._names: Names = names_of(work)
        self._sites = {each.site: each.identifier for each in work.said(SiteRegistered)}
        self._parties = {each.member: each.identifier for each in work.members()}
        self._numbers = self._known_numbers()

    def trail(self, told: tuple[TrailStep, ...]) -> Trail:
        steps = [*self._productions(), *self._custody()]
        lots = {lot.identifier for step in steps for lot in (*step.inputs, *step.lots)}
        kept = self._work.statements(kind=BatchKind.EVENT, limit=MOST_EVENTS)
        events = steps_of_events(read_credential(each.record.payload) for each in kept)
        steps += [
            step
            for step in (*events, *told)
            if step.kind in MOVES and any(lot.identifier in lots for lot in step.lots)
        ]
        steps.sort(key=lambda step: (step.happened_at_s, step.kind is not TrailKind.PRODUCTION))
        return Trail(self._uri(self._lot), tuple(steps), gaps_of(steps))

    def _productions(self) -> Iterator[TrailStep]:
        for order, run in sorted(self._back.runs.items()):
            batches = self._back.batches[order]
            made = [lot for lot in self._opened.values() if _is_of(lot, batches)]
            if made and batches:
                yield self._production(run, batches[0].header, made)

    def _production(self, run: LotRun, header: BatchHeader, made: list[LotOpened]) -> TrailStep:
        place = None if header.kind is LotBatchKind.EXTERNAL else self._site(header.site)
        return TrailStep(
            kind=TrailKind.PRODUCTION,
            identifier=f"urn:veta:run:{run.issuer}:{run.cause.hex()}",
            happened_at_s=header.produced_to_s,
            source=TrailSource.CHAIN,
            words=word_of(header.kind),
            lots=tuple(self._named(each.lot) for each in made),
            inputs=tuple(self._named(take.lot) for take in run.takes),
            by=self._parties.get(run.issuer),
            from_place=place,
        )

    def _custody(self) -> Iterator[TrailStep]:
        for lot in self._opened:
            for place, change in self._work.lot_history(lot):
                step = self._change(place, change)
                if step is not None:
                    yield step

    def _change(self, place: Place, change: LotChange) -> TrailStep | None:
        kinds = {
            LotAction.ACCEPTED: (TrailKind.SALE, "custody accepted"),
            LotAction.RETIRED: (TrailKind.END, "retired"),
            LotAction.EXITED: (TrailKind.END, EXITED),
            LotAction.REENTERED: (TrailKind.LOGISTICS, "came back into the consortium"),
        }
        if change.action not in kinds:
            return None
        kind, words = kinds[change.action]
        block = BlockNumber(int(place) >> PLACE_BITS)
        followed = self._work.followed_block(block)
        return TrailStep(
            kind=kind,
            identifier=f"urn:veta:log:{block}:{int(place) - (block << PLACE_BITS)}",
            happened_at_s=UnixSeconds(0) if followed is None else followed.time_s,
            source=TrailSource.CHAIN,
            words=words,
            lots=(self._named(change.lot),),
            by=self._parties.get(change.by),
            to=self._parties.get(change.to),
        )

    def _site(self, site: SiteId) -> str | None:
        return self._sites.get(site, f"urn:veta:site:{site}") if site else None

    def _named(self, lot: LotId) -> TrailLot:
        opened, header = self._opened.get(lot), self._headers.get(lot)
        if opened is None or header is None:
            return TrailLot(self._uri(lot), "", None)
        held = sums_of(opened.columns, opened.quantities)
        mass_g = next((held[key] for key in of_kind(held, ColumnKind.MASS)), None)
        name = self._names.product_classes.get(header.product_class, str(header.product_class))
        return TrailLot(self._uri(lot), name, mass_g)

    def _uri(self, lot: LotId) -> str:
        return self._numbers.get(lot, f"urn:veta:lot:{lot.hex()}")

    def _known_numbers(self) -> dict[LotId, str]:
        """Names of lots: from passports that are kept, and from the parents that these name."""
        found: dict[LotId, str] = {}
        said: set[tuple[str, str]] = set()
        for opened in self._opened.values():
            stored = self._work.statement(opened.statement_leaf)
            if stored is None:
                continue
            credential = read_credential(stored.record.payload)
            number = credential.subject.get("batchNumber")
            if isinstance(number, str):
                said.add((credential.issuer.identifier, number))
            said.update(_parents(credential))
        members = {identifier: member for member, identifier in self._parties.items()}
        for issuer, number in said:
            for lot, header in self._headers.items():
                if self._is_named(lot, header, members.get(issuer), number):
                    found[lot] = lot_identifier(issuer, number)
        return found

    def _is_named(
        self, lot: LotId, header: BatchHeader, member: MemberId | None, number: str
    ) -> bool:
        if member != header.issuer:
            return False
        try:
            key = lot_key(
                header.issuer,
                site=header.site,
                product_class=header.product_class,
                batch_number=number,
            )
        except InputError:
            return False  # a name that no lot can have
        return bool(key == self._opened[lot].lot_key)


def _is_of(lot: LotOpened, batches: Iterable[LotBatch]) -> bool:
    return any((lot.issuer, lot.root) == (b.header.issuer, b.header.root) for b in batches)


def _parents(credential: Credential) -> Iterator[tuple[str, str]]:
    lot = metal_lot_of(credential) or {}
    for parent in lot.get("parents", ()):
        yield parent["issuer"], parent["lotNumber"]


def is_about(credential: Credential, passport: Credential) -> bool:
    """Whether an event names a passport's lot, or a certificate its site or its issuer."""
    product = passport.subject
    names = {product.get("id"), passport.issuer.identifier}
    site = product.get("producedAtFacility")
    if isinstance(site, dict):
        names.add(site.get("id"))
    if credential.kind is BatchKind.EVENT:
        names = {product.get("id")}
    return any(_names(subject, names) for subject in credential.subjects)


def _names(value: object, names: set[Any]) -> bool:
    if isinstance(value, dict):
        return value.get("id") in names or any(_names(each, names) for each in value.values())
    return isinstance(value, list | tuple) and any(_names(each, names) for each in value)


def trail_json(trail: Trail) -> dict[str, Any]:
    """A trail as a document."""
    return {
        "lot": trail.lot,
        "complete": not trail.gaps,
        "steps": [
            {
                "kind": step.kind.value,
                "id": step.identifier,
                "happenedAt": step.happened_at_s,
                "source": step.source.value,
                "what": step.words,
                "lots": [_lot_json(lot) for lot in step.lots],
                "inputs": [_lot_json(lot) for lot in step.inputs],
                "by": step.by,
                "to": step.to,
                "from": step.from_place,
                "toPlace": step.to_place,
            }
            for step in trail.steps
        ],
        "gaps": [
            {
                "code": gap.code,
                "lot": gap.lot,
                "message": gap.words,
                "from": gap.from_place,
                "to": gap.to_place,
            }
            for gap in trail.gaps
        ],
    }


def _lot_json(lot: TrailLot) -> dict[str, Any]:
    return {"id": lot.identifier, "name": lot.name, "massG": lot.mass_g}
