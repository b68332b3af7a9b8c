"""Lots as a verifier gets them: a passport, its lot, the runs behind it, a chain that agrees.

Runs are drafts that custody accepts, so an untouched disclosure is honest. ``retold`` changes what
a run says and makes its cause and headers again, and the chain's words with them: a chain that
accepted what it should not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.assured_lots import honest_assurance
from tests.support.certified_lot import SIGNER, Case, cathode_lot, honest_case, issuance
from tests.support.custody_world import (
    CATHODE,
    CB,
    CO2E,
    CU,
    CU_75,
    CU_EXTERNAL,
    IP,
    MB,
    MEMBER,
    NET,
    NOW,
    ROD,
    SCRAP,
    Made,
    Opened,
    emitted,
    external,
    fresh,
    lost,
    originate,
    output,
    terms,
    transform,
)
from veta.custody.build import OutputSecrets, build, opening
from veta.custody.draft import ChainTerms, RunDraft
from veta.custody.encoding import (
    batch_word,
    cause_digest,
    lot_commitment,
    lot_id,
    output_totals,
)
from veta.custody.run import assess
from veta.model.bundle import BatchWord, LotFacts
from veta.model.consortium import Role
from veta.model.determined import Known
from veta.model.disclosure import DisclosedRun, LotPart
from veta.model.identifiers import AccountAddress, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot import LotCertificate, MetalContent, ParentLot
from veta.model.lots import (
    AllocationRule,
    BatchHeader,
    LossReason,
    LotBatchKind,
    LotRecord,
    LotState,
    OpenedLot,
    ProductClassTerms,
    Run,
)
from veta.model.notices import LotNoticeFacts
from veta.services.disclosure import disclosed_run, lot_part
from veta.statement.jws import leaf_of, sign_statement, unseal
from veta.statement.passport import build_passport
from veta.sum_trees import SumTree, lot_key

BY = AccountAddress(b"\x07" * 20)
ROLES = Role.REFINER | Role.FABRICATOR
UNOPENED = LotRecord(
    state=LotState.UNOPENED,
    holder=MemberId(0),
    offered_to=MemberId(0),
    previous_holder=MemberId(0),
    taken=0,
    frozen_until_s=UnixSeconds(0),
    offer_until_s=UnixSeconds(0),
    commitment=Digest(bytes(32)),
)


def number(order: int, batch: int = 0, at: int = 0) -> str:
    """Batch number of a lot: which run made it, and where it stands."""
    return f"R{order}-{batch}-{at}"


@dataclass(frozen=True)
class Told:
    """A run on chain: what was called, and the headers it got."""

    run: Run
    kind: LotBatchKind
    headers: tuple[BatchHeader, ...]
    paths: tuple[tuple[bytes, ...], ...]

    def disclosed(self) -> DisclosedRun:
        return disclosed_run(self.run, self.kind, self.headers, self.paths)

    def retold(
        self,
        header: Mapping[str, Any] | None = None,
        paths: tuple[tuple[bytes, ...], ...] | None = None,
        **changes: Any,
    ) -> Told:
        """The run with other words, and headers that fit them."""
        run = replace(self.run, **changes)
        cause = cause_digest(run, self.kind)
        headers = tuple(
            replace(
                each,
                cause=cause,
                root=made.root,
                size=made.size,
                totals=output_totals(made),
                model=made.model,
                product_class=made.product_class,
                reference_column=made.reference_column,
                **(header or {}),
            )
            for each, made in zip(self.headers, run.outputs, strict=True)
        )
        return Told(run, self.kind, headers, self.paths if paths is None else paths)


@dataclass
class Book:
    """Runs on an imaginary chain, in order; every lot has a number and a statement."""

    leaves: Mapping[str, Leaf] = field(default_factory=dict)
    """First statement of lots whose passport there is; others have some."""
    made: list[Made] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def run(self, draft: RunDraft, chain: ChainTerms | None = None) -> int:
        """Make a run; returns its number."""
        order = len(self.made)
        if draft.rule is not None:
            draft = replace(draft, rule=replace(draft.rule, rule=100 + order))
        assessment = assess(draft, chain or terms())
        assert assessment.problems == (), [each.message for each in assessment.problems]
        secrets = [
            OutputSecrets(
                [self._name(draft, order, batch, at) for at in range(len(each.lots))], fresh()[:16]
            )
            for batch, each in enumerate(draft.outputs)
        ]
        built = build(draft, assessment, secrets, fresh())
        self.made.append(Made(draft, assessment, built, secrets))
        headers = tuple(
            built.header(
                batch,
                issuer=MEMBER,
                first_sequence=1 + 16 * order,
                by=BY,
                anchored_at_s=UnixSeconds(NOW + 60 * order),
            )
            for batch in range(len(draft.outputs))
        )
        paths = tuple(self._path(take.lot_key) for take in built.run.takes)
        self.told.append(Told(built.run, built.kind, headers, paths))
        return order

    def open(self, order: int, batch: int = 0, at: int = 0) -> Opened:
        """A lot as its holder has it, under the header that is disclosed."""
        opened = self.made[order].open(batch, at)
        lot = replace(opened.lot, header=self.told[order].headers[batch])
        return Opened(lot, replace(opened.record, commitment=Digest(lot_commitment(lot))))

    def part(self, order: int, batch: int = 0, at: int = 0) -> LotPart:
        made, header = self.made[order], self.told[order].headers[batch]
        return lot_part(opening(made.built, made.draft, made.secrets[batch], header, at))

    def _name(self, draft: RunDraft, order: int, batch: int, at: int) -> tuple[Any, Leaf]:
        name = number(order, batch, at)
        product_class = draft.outputs[batch].terms.product_class
        key = lot_key(MEMBER, site=draft.site, product_class=product_class, batch_number=name)
        return key, self.leaves.get(name, Leaf(fresh()))

    def _path(self, key: bytes) -> tuple[bytes, ...]:
        for made in self.made:
            for tree, secret in zip(made.built.trees, made.secrets, strict=True):
                for at, (other, _) in enumerate(secret.lots):
                    if other == key:
                        return tree.inclusion(at).path
        raise AssertionError("no such lot")


@dataclass(frozen=True)
class Disclosure:
    """A passport about a lot, with everything that shows it."""

    token: bytes
    told: tuple[Told, ...]
    part: LotPart
    record: LotRecord
    classes: tuple[ProductClassTerms, ...]
    rules: tuple[AllocationRule, ...]
    runs: tuple[DisclosedRun, ...] | None = None
    """What is handed over of the runs; all of them if nothing else is said."""
    asked: Mapping[str, Any] = field(default_factory=dict)
    """Facts about the lot that differ from what an honest chain says."""

    @property
    def disclosed(self) -> tuple[DisclosedRun, ...]:
        return tuple(told.disclosed() for told in self.told) if self.runs is None else self.runs

    def case(self, token: bytes | None = None) -> Case:
        """What the verifier is handed; with another passport in the same place if one is given."""
        token = token or self.token
        case = honest_case(index=0, tokens=[token])
        bundle = replace(case.bundle, lot=self.part, runs=self.disclosed)
        return by_member(replace(case, bundle=bundle)).with_facts(lot=self.facts())

    def facts(self) -> LotFacts:
        headers = [header for told in self.told for header in told.headers]
        usual = LotFacts(
            lot=lot_id(MEMBER, self.part.lot_key),
            record=Known(self.record),
            words=tuple(
                BatchWord(header.issuer, header.root, Known(batch_word(header, opened=True)))
                for header in headers
            ),
            successions=Known(()),
            classes=Known(self.classes),
            rules=Known(self.rules),
            assurance=Known(honest_assurance(told.run for told in self.told)),
            notices=Known(LotNoticeFacts()),
        )
        return replace(usual, **self.asked)

    def with_part(self, **changes: Any) -> Disclosure:
        return replace(self, part=replace(self.part, **changes))

    def with_record(self, **changes: Any) -> Disclosure:
        return replace(self, record=replace(self.record, **changes))

    def with_facts(self, **changes: Any) -> Disclosure:
        return replace(self, asked={**self.asked, **changes})

    def with_run(self, order: int, **changes: Any) -> Disclosure:
        """One of the runs as it is handed over changed, and nothing else."""
        runs = list(self.disclosed)
        runs[order] = replace(runs[order], **changes)
        return replace(self, runs=tuple(runs))

    def without_run(self, order: int) -> Disclosure:
        runs = self.disclosed
        return replace(self, runs=runs[:order] + runs[order + 1 :])

    def retold(
        self, order: int, header: Mapping[str, Any] | None = None, **changes: Any
    ) -> Disclosure:
        """A run told otherwise, on a chain that took it."""
        before = self.told[order]
        after = before.retold(header, **changes)
        told = (*self.told[:order], after, *self.told[order + 1 :])
        again = replace(self, told=told)
        if self.part.batch.header not in before.headers:
            return again
        at = before.headers.index(self.part.batch.header)
        return again.on(after.disclosed().batches[at])

    def on(self, batch: Any) -> Disclosure:
        """The lot under another batch of the same tree, opened there."""
        part = replace(self.part, batch=batch)
        commitment = Digest(lot_commitment(opened_lot(part)))
        return replace(self, part=part, record=replace(self.record, commitment=commitment))


def opened_lot(part: LotPart) -> OpenedLot:
    """As an opening would hand it in."""
    return OpenedLot(
        part.batch.header,
        part.columns,
        part.index,
        part.lot_key,
        part.statement_leaf,
        part.quantities,
    )


def disclosure(book: Book, token: bytes, order: int) -> Disclosure:
    """The first lot of a run, held by the member."""
    classes: dict[int, ProductClassTerms] = {}
    rules: dict[int, AllocationRule] = {}
    for made in book.made:
        classes |= {each.terms.product_class: each.terms for each in made.draft.outputs}
        if made.draft.rule is not None:
            rules[made.draft.rule.rule] = made.draft.rule
    return Disclosure(
        token=token,
        told=tuple(book.told[: order + 1]),
        part=book.part(order),
        record=book.open(order).record,
        classes=tuple(classes.values()),
        rules=tuple(rules.values()),
    )


def certificate(
    name: str, product_class: str, held: Mapping[Any, int], parents: Sequence[ParentLot] = ()
) -> LotCertificate:
    """A passport's content from a lot's columns, per kilogram rounded up."""
    usual = cathode_lot(product_class=product_class)
    assert usual.footprint is not None
    mass_g, metal_g, co2e_g = held[NET], held[CU], held[CO2E]
    return replace(
        usual,
        lot_number=name,
        mass_g=mass_g,
        metal=(MetalContent("Cu", metal_g),),
        origins=(replace(usual.origins[0], mass_g=metal_g),),
        footprint=replace(
            usual.footprint, co2e_g=co2e_g, co2e_g_per_kg=-(-co2e_g * 1000 // mass_g)
        ),
        parents=tuple(parents),
    )


def parent(name: str, leaf: Leaf | None = None) -> ParentLot:
    return ParentLot("did:web:somebody.example", name, leaf)


def token_of(lot: LotCertificate, label: str = "1") -> bytes:
    return sign_statement(build_passport(lot, issuance(label)), SIGNER)


def token_leaf(token: bytes) -> Leaf:
    return leaf_of(unseal(token).payload)


def by_member(case: Case) -> Case:
    """The case as of the member that makes the runs."""
    facts: Any = case.facts
    (entry,) = facts.membership.value
    return case.with_facts(
        issuer=Known(replace(facts.issuer.value, member=MEMBER)),
        membership=Known((replace(entry, member=MEMBER, roles=ROLES),)),
        keys=Known(tuple(replace(key, member=MEMBER) for key in facts.keys.value)),
        anchor=Known(replace(case.anchor, issuer=MEMBER)),
    )


CATHODE_HELD = {NET: 3_000_000, CU: 2_999_700, CO2E: 9_000_000, CU_75: 2_999_700}
OUTSIDE_HELD = {NET: 1_000_000, CU: 999_900, CO2E: 4_000_000, CU_EXTERNAL: 999_900}
TAKEN_G, ROD_G, SCRAP_G, LOST_G = 3_999_600, 3_899_610, 89_990, 10_000


def _outside(metal_g: int) -> int:
    """Least share of the metal from outside, rounded up."""
    return -(-999_900 * metal_g // TAKEN_G)


ROD_HELD = {NET: 3_900_000, CU: ROD_G, CO2E: 13_400_000, CU_EXTERNAL: _outside(ROD_G)}
SCRAP_HELD = {CU: SCRAP_G, CO2E: 0, CU_EXTERNAL: _outside(SCRAP_G)}
ROD_RUN = 2


def rod_draft(book: Book, **changes: Any) -> RunDraft:
    """Two cathodes drawn to one rod, scrap cut off."""
    return transform(
        [book.open(0).take(), book.open(1).take()],
        output(ROD, MB, ROD_HELD),
        output(SCRAP, MB, SCRAP_HELD),
        emissions=emitted(process=300_000, transport=100_000),
        losses=lost(LossReason.DUST, LOST_G),
        **changes,
    )


def rod_chain(content: LotCertificate | None = None) -> Disclosure:
    """A rod of a certified cathode and of one from outside: three runs, no reference data."""
    name = number(ROD_RUN)
    usual = certificate(name, "copper-rod", ROD_HELD, [parent(number(0)), parent(number(1))])
    token = token_of(content or usual)
    book = Book({name: token_leaf(token)})
    book.run(originate(output(CATHODE, IP, CATHODE_HELD), emissions=emitted(process=9_000_000)))
    book.run(external(output(CATHODE, CB, OUTSIDE_HELD), 4_000_000))
    book.run(rod_draft(book))
    return disclosure(book, token, ROD_RUN)


def relotted(
    told: Disclosure,
    order: int,
    lots: Sequence[tuple[int, ...]],
    header: Mapping[str, Any] | None = None,
) -> Disclosure:
    """The first batch of a run with other quantities in its lots; the passport's is the first."""
    part = told.part
    named = [(part.lot_key, part.statement_leaf), *((fresh(), fresh()) for _ in lots[1:])]
    tree = SumTree(
        [(*name, quantities) for name, quantities in zip(named, lots, strict=True)],
        len(part.columns),
    )
    first, *rest = told.told[order].run.outputs
    made = replace(first, root=tree.root, size=len(lots), sums=tree.totals)
    again = told.retold(order, header, outputs=(made, *rest))
    again = again.with_part(quantities=tuple(lots[0]), path=tree.inclusion(0).path)
    return again.on(again.part.batch)
