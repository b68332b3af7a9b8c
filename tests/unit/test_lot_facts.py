"""What is asked of the chain about a disclosed lot, and that no failure becomes an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.support.certified_lot import TRUST, Case
from tests.support.custody_world import SITE
from tests.support.disclosed_lots import (
    ROD_RUN,
    UNOPENED,
    Disclosure,
    number,
    rod_chain,
    token_leaf,
    token_of,
)
from tests.support.lot_towers import made_up
from tests.unit.test_verify_lots import content, superseded
from veta.errors import ConfigError, LedgerUnavailableError
from veta.model.anchoring import StatusEntry
from veta.model.bundle import LotFacts
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.site_notices import SiteNotices
from veta.services.lot_facts import MAX_BATCHES
from veta.services.verify import FactGatherer
from veta.verify.policy import Policy
from veta.verify.verdict import Verdict
from veta.verify.verifier import Verifier


@dataclass
class Chain:
    """An endpoint that says what a case's facts say; asked questions are kept."""

    case: Case
    broken: str = ""
    unpinned: bool = False
    asked: list[tuple[str, object]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        facts: Any = self.case.facts
        answers: dict[str, Callable[..., Any]] = {
            "identity": lambda: facts.chain.value,
            "final_head": lambda: facts.as_of.value,
            "member_id": lambda *_: facts.issuer.value.member,
            "member": lambda *_: facts.issuer.value,
            "membership": lambda *_: facts.membership.value,
            "keys": lambda *_: facts.keys.value,
            "anchor": lambda *_: facts.anchor.value,
            "status": self._status,
        }
        return answers[name]

    @property
    def lots(self) -> Lots:
        if self.unpinned:
            raise ConfigError("config.no_contract", "no such contract is pinned")
        return Lots(self)

    def now_s(self) -> UnixSeconds:
        return self.case.facts.asked_at_s

    def _status(self, _: object, leaf: Leaf, __: object) -> tuple[StatusEntry, ...]:
        self.ask("status", leaf)
        lot = self.case.facts.lot
        entries = lot.successions.value if lot and isinstance(lot.successions, Known) else ()
        return tuple(entry for entry in entries if entry.leaf == leaf)

    def ask(self, name: str, what: object) -> None:
        self.asked.append((name, what))
        if name == self.broken:
            raise LedgerUnavailableError("ledger.timeout", "no answer")


@dataclass
class Lots:
    """The lots' side of it."""

    chain: Chain

    @property
    def facts(self) -> Any:
        return self.chain.case.facts.lot

    def batch_word(self, issuer: object, root: bytes, _: object) -> bytes:
        self.chain.ask("batch_word", root)
        found = [word.word.value for word in self.facts.words if word.root == root]
        return bytes(found[0]) if found else bytes(32)

    def lot(self, lot: bytes, _: object) -> Any:
        self.chain.ask("lot", lot)
        return self.facts.record.value if lot == self.facts.lot else UNOPENED

    def product_class(self, product_class: int, _: object) -> Any:
        self.chain.ask("product_class", product_class)
        known = {each.product_class: each for each in self.facts.classes.value}
        return known.get(product_class)

    def allocation_rule(self, rule: int, _: object) -> Any:
        self.chain.ask("allocation_rule", rule)
        return next((each for each in self.facts.rules.value if each.rule == rule), None)

    def restatements(self, issuer: int, root: bytes, _: object) -> Any:
        self.chain.ask("restatements", root)
        said = self.facts.notices.value.restatements
        return tuple(each for each in said if (each.issuer, each.root) == (issuer, root))

    def dispute(self, subject: bytes, party: int, _: object) -> Any:
        self.chain.ask("dispute", (subject, party))
        said = self.facts.notices.value.disputes
        keys = ((each, (each.subject, each.party)) for each in said)
        return next((each for each, key in keys if key == (subject, party)), None)

    @property
    def assured(self) -> Any:
        return self.facts.assurance.value

    def assurance_record(self, record: int, _: object) -> Any:
        self.chain.ask("assurance_record", record)
        return next((each for each in self.assured.records if each.record == record), None)

    def scheme(self, scheme: int, _: object) -> Any:
        self.chain.ask("scheme", scheme)
        return next((each for each in self.assured.schemes if each.scheme == scheme), None)

    def programme(self, programme: int, _: object) -> Any:
        self.chain.ask("programme", programme)
        known = (each for each in self.assured.programmes if each.programme == programme)
        return next(known, None)

    def site_identifier_digest(self, site: object, _: object) -> None:
        self.chain.ask("site_identifier_digest", site)

    def recognitions(self, scheme: int, body: int, _: object) -> Any:
        self.chain.ask("recognitions", (scheme, body))
        return self.assured.recognitions

    def site_notices(self, site: int, _: object) -> Any:
        if self.facts.sites is None:
            raise ConfigError("config.no_contract", "no such contract is pinned")
        self.chain.ask("site_notices", site)
        return next(each for each in self.facts.sites.value if each.site == site)


def gathered(chain: Chain) -> LotFacts:
    facts = FactGatherer(chain, chain).gather(chain.case.bundle).lot
    assert facts is not None
    return facts


def test_gather__disclosed_lot__all_that_the_verifier_needs() -> None:
    case = rod_chain().case()
    chain = Chain(case)
    facts = FactGatherer(chain, chain).gather(case.bundle)
    assert facts.lot is not None and case.facts.lot is not None
    assert set(facts.lot.words) == set(case.facts.lot.words)
    assert facts.lot.record == case.facts.lot.record
    report = Verifier(TRUST, Policy()).verify(case.bundle, facts)
    assert report.verdict is Verdict.VALID_WITH_NOTICE
    assert len([each for each in chain.asked if each[0] == "batch_word"]) == 4


def test_gather__statement_without_a_lot__lots_are_not_asked() -> None:
    case = rod_chain().case().with_bundle(lot=None)
    chain = Chain(case)
    assert FactGatherer(chain, chain).gather(case.bundle).lot is None
    assert {name for name, _ in chain.asked} == {"status"}


def test_gather__later_statement__the_way_from_the_first_is_asked() -> None:
    chain = Chain(superseded())
    assert gathered(chain).successions == chain.case.facts.lot.successions  # type: ignore[union-attr]


def test_gather__endless_successions__end() -> None:
    """Somebody superseded a statement by itself, or in a ring."""
    case = superseded()
    assert case.facts.lot is not None
    assert isinstance(case.facts.lot.successions, Known)
    (entry,) = case.facts.lot.successions.value
    ring = replace(entry, related_leaf=entry.leaf)
    chain = Chain(case.with_facts(lot=replace(case.facts.lot, successions=Known((ring,)))))
    assert gathered(chain).successions == Known((ring,))


@pytest.mark.parametrize(
    ("question", "facts"),
    [
        ("batch_word", ("words",)),
        ("lot", ("record",)),
        ("product_class", ("classes",)),
        ("status", ("successions",)),
        ("restatements", ("notices",)),
        ("dispute", ("notices",)),
    ],
)
def test_gather__a_question_without_answer__undetermined_and_nothing_else(
    question: str, facts: tuple[str, ...]
) -> None:
    case = rod_chain().case(token_of(content(), "later"))
    found = gathered(Chain(case, broken=question))
    why = Undetermined("ledger.timeout", "no answer")
    answers: dict[str, Any] = {
        name: getattr(found, name)
        for name in ("record", "successions", "classes", "rules", "notices")
    }
    answers["words"] = found.words[0].word
    assert {name for name, answer in answers.items() if answer == why} == set(facts)


def test_gather__chain_of_an_older_version__says_why() -> None:
    case = rod_chain().case()
    found = gathered(Chain(case, unpinned=True))
    assert isinstance(found.record, Undetermined)
    assert found.record.code == "config.no_contract"
    facts = case.with_facts(lot=found).facts
    report = Verifier(TRUST).verify(case.bundle, facts)
    assert "config.no_contract" in {check.code for check in report.checks}


def test_gather__sites_of_the_batches__each_is_asked_once_at_the_block() -> None:
    told = Known((SiteNotices(SITE, (), (), 0),))
    case = rod_chain().with_facts(sites=told).case()
    chain = Chain(case)
    gatherer = FactGatherer(chain, chain)
    for _ in range(2):
        found = gatherer.gather(case.bundle).lot
        assert found is not None
        assert found.sites == told
    assert [what for name, what in chain.asked if name == "site_notices"] == [SITE]


def test_gather__sites__no_answer_is_undetermined_and_no_contract_is_nothing() -> None:
    told = Known((SiteNotices(SITE, (), (), 0),))
    case = rod_chain().with_facts(sites=told).case()
    found = gathered(Chain(case, broken="site_notices"))
    assert found.sites == Undetermined("ledger.timeout", "no answer")
    assert gathered(Chain(rod_chain().case())).sites is None


def test_gather__malformed_lot__nothing_is_asked() -> None:
    part = rod_chain().part
    case = rod_chain().with_part(quantities=part.quantities[1:]).case()
    chain = Chain(case)
    assert FactGatherer(chain, chain).gather(case.bundle).lot is None


def test_gather__more_batches_than_are_asked__the_rest_undetermined() -> None:
    size = MAX_BATCHES + 10
    whole: Disclosure = made_up(size, [[] for _ in range(size)])
    chain = Chain(whole.case())
    found = gathered(chain)
    unasked = [each for each in found.words if isinstance(each.word, Undetermined)]
    assert len(unasked) == 10
    assert len([each for each in chain.asked if each[0] == "batch_word"]) == MAX_BATCHES
    assert found.words[0].root == whole.part.batch.header.root


def test_support__names_and_leaves_are_the_passports() -> None:
    told = rod_chain()
    assert token_leaf(told.token) == told.part.statement_leaf
    assert content().lot_number == number(ROD_RUN)
