"""The copper chain as a verifier gets it: a passport, its lot, every run behind it, the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support import copper_runs
from tests.support.certified_lot import (
    SIGNER,
    Case,
    cathode_lot,
    honest_case,
    issuance,
)
from tests.support.copper_runs import REDUCIBLE, Copper
from tests.support.custody_world import (
    CO2E,
    CU,
    MEMBER,
    NET,
    NOW,
    Made,
    Opened,
    fresh,
    terms,
)
from veta.custody.build import OutputSecrets, build, opening
from veta.custody.draft import ChainTerms, RunDraft
from veta.custody.encoding import batch_word, lot_commitment, lot_id
from veta.custody.run import assess
from veta.model.bundle import BatchWord, LotFacts, StatementBundle
from veta.model.consortium import Role
from veta.model.determined import Known
from veta.model.disclosure import DisclosedRun, LotPart
from veta.model.identifiers import AccountAddress, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot import LotCertificate, MetalContent, ParentLot
from veta.model.lots import BatchHeader, LotRecord, LotState, OpenedLot, ProductClassTerms
from veta.services.disclosure import disclosed_run, lot_part
from veta.statement.jws import leaf_of, sign_statement, unseal
from veta.statement.passport import build_passport
from veta.sum_trees import lot_key

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


def number(order: int, batch: int, at: int) -> str:
    """Batch number of a lot: which run made it, and where it stands."""
    return f"R{order}-{batch}-{at}"


@dataclass
class Runs:
    """Runs on an imaginary chain, in order; every lot has a number and a statement."""

    leaves: Mapping[str, Leaf] = field(default_factory=dict)
    """First statement of lots whose passport there is; others have some."""
    made: list[Made] = field(default_factory=list)
    disclosed: list[DisclosedRun] = field(default_factory=list)

    def run(self, draft: RunDraft, chain: ChainTerms | None = None) -> int:
        """Make a run; returns its number."""
        order = len(self.made)
        if draft.rule is not None:
            draft = replace(draft, rule=replace(draft.rule, rule=draft.site))
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
        paths = [self._path(take.lot_key) for take in built.run.takes]
        headers = [self.header(order, batch) for batch in range(len(draft.outputs))]
        self.disclosed.append(disclosed_run(built.run, built.kind, headers, paths))
        return order

    def header(self, order: int, batch: int) -> BatchHeader:
        return self.made[order].built.header(
            batch,
            issuer=MEMBER,
            first_sequence=1 + 16 * order,
            by=BY,
            anchored_at_s=UnixSeconds(NOW + 60 * order),
        )

    def open(self, order: int, batch: int = 0, at: int = 0) -> Opened:
        """A lot as its holder has it, under the header that is disclosed."""
        opened = self.made[order].open(batch, at)
        lot = replace(opened.lot, header=self.header(order, batch))
        return Opened(lot, replace(opened.record, commitment=Digest(lot_commitment(lot))))

    def part(self, order: int, batch: int = 0, at: int = 0) -> LotPart:
        made = self.made[order]
        header = self.header(order, batch)
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


def certificate(
    name: str, product_class: str, held: Mapping[Any, int], parents: Sequence[str] = ()
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
        parents=tuple(ParentLot("did:web:somebody.example", parent) for parent in parents),
    )


def token_of(lot: LotCertificate, label: str = "1") -> bytes:
    return sign_statement(build_passport(lot, issuance(label)), SIGNER)


def token_leaf(token: bytes) -> Leaf:
    return leaf_of(unseal(token).payload)


@dataclass
class Disclosure:
    """A passport about a lot, with everything that shows it and a chain that agrees."""

    runs: Runs
    token: bytes
    part: LotPart
    disclosed: tuple[DisclosedRun, ...]
    record: LotRecord

    def case(self, token: bytes | None = None) -> Case:
        """What the verifier is handed; with another passport in the same place if one is given."""
        token = token or self.token
        case = honest_case(index=0, tokens=[token])
        bundle = StatementBundle(
            token=token,
            inclusion=case.bundle.inclusion,
            root=case.bundle.root,
            lot=self.part,
            runs=self.disclosed,
        )
        return by_member(replace(case, bundle=bundle)).with_facts(lot=self.facts())

    def facts(self, **changes: Any) -> LotFacts:
        headers = [
            self.runs.header(order, batch)
            for order, made in enumerate(self.runs.made)
            for batch in range(len(made.draft.outputs))
        ]
        classes: dict[int, ProductClassTerms] = {}
        for made in self.runs.made:
            classes |= {each.terms.product_class: each.terms for each in made.draft.outputs}
        rules = {
            made.draft.rule.site: made.draft.rule for made in self.runs.made if made.draft.rule
        }
        usual = LotFacts(
            lot=lot_id(MEMBER, self.part.lot_key),
            record=Known(self.record),
            words=tuple(
                BatchWord(header.issuer, header.root, Known(batch_word(header, opened=True)))
                for header in headers
            ),
            successions=Known(()),
            classes=Known(tuple(classes.values())),
            rules=Known(tuple(rules.values())),
        )
        return replace(usual, **changes)


def by_member(case: Case) -> Case:
    """The case as of the member that makes the runs."""
    facts = case.facts
    values: dict[str, Any] = {
        name: Known(tuple(replace(each, member=MEMBER) for each in getattr(facts, name).value))
        for name in ("membership", "keys")
    }
    (entry,) = values["membership"].value
    issuer: Any = facts.issuer
    return case.with_facts(
        issuer=Known(replace(issuer.value, member=MEMBER)),
        membership=Known((replace(entry, roles=ROLES),)),
        keys=values["keys"],
        anchor=Known(replace(case.anchor, issuer=MEMBER)),
    )


PRODUCTS = {"cathode": "copper-cathode", "rod": "copper-rod", "cable": "copper-cable"}
_MADE_BY = {"cathode": 5, "rod": 6, "cable": 7}


def copper_chain(product: str, **changes: Any) -> Disclosure:
    """The passport of a cathode, of the rod or of the cable, as the reference file has them.

    Args:
        product: of ``PRODUCTS``.
        changes: of the passport's content.
    """
    copper = Copper.load()
    data = {
        "cathode": copper.lot("cathode")[0],
        "rod": copper.lot("rod"),
        "cable": copper.lot("cable"),
    }[product]
    order = _MADE_BY[product]
    name = number(order, 0, 0)
    parents = {"cathode": [number(4, 0, 0)], "cable": [number(6, 0, 0)]}.get(product, [])
    held = {NET: data["net_mass_g"], CU: data["cu_mass_g"], CO2E: data["co2e_g"]}
    lot = replace(certificate(name, PRODUCTS[product], held, parents), **changes)
    token = token_of(lot)
    runs = Runs({name: token_leaf(token)})
    _run_all(runs, copper)
    opened = runs.open(order)
    return Disclosure(
        runs=runs,
        token=token,
        part=runs.part(order),
        disclosed=tuple(runs.disclosed[: order + 1]),
        record=replace(opened.record, holder=MEMBER),
    )


def _run_all(runs: Runs, copper: Copper) -> None:
    mine = runs.run(copper_runs.e01(copper))
    split = runs.run(copper_runs.e02(copper, runs.open(mine)))
    other = runs.run(copper_runs.cordillera(copper))
    outside = runs.run(copper_runs.puerto_gris(copper))
    inputs = [runs.open(split), runs.open(other), runs.open(outside)]
    smelt = runs.run(copper_runs.e04(copper, inputs))
    chain = terms(reducible=REDUCIBLE)
    refine = runs.run(copper_runs.balanced(copper, runs.open(smelt), 29), chain)
    cathodes = [runs.open(refine, 0, at) for at in range(28, 38)]
    rod = runs.run(copper_runs.e07(copper, cathodes))
    runs.run(copper_runs.e08(copper, runs.open(rod)))


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
