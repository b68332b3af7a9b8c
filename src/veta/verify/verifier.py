"""The verifier: statement, proof, ledger facts, trust and policy in, report out. No I/O inside.

     1 well-formed, within bounds · 2 signature · 3 issuer's key and role at anchor time ·
     4 schema and semantic rules · 5 inclusion, and document equals leaf ·
     6 anchored and final on the pinned chain · 7 status and validity in time ·
     8 lot state and custody · 9 lineage and the three laws · 10 assurance chain ·
     11 each claim · 12 footprint recomputed from what is disclosed

Steps 8 to 12 are made for bundles that disclose a lot; without one the report says not proven, and
a policy that requires them never gets better than NOT_PROVEN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from veta.model.anchoring import AnchorRecord, BlockRef, StatusEntry
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.consortium import KeyEntry, MembershipEntry
from veta.model.determined import Determined, Known, Undetermined
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.trust import TrustConfig
from veta.statement.jws import SignedStatement
from veta.verify import chain_steps, steps
from veta.verify.assurance_step import check_assurance
from veta.verify.beside import facts_beside, within_bounds
from veta.verify.claims_step import check_claims
from veta.verify.facts import known_block, no_facts, time_of, usable_facts
from veta.verify.figures import figure_lines
from veta.verify.findings import not_determined, not_proven, passed
from veta.verify.licence_step import check_licences
from veta.verify.lineage_step import check_lineage
from veta.verify.lot_step import check_lot_alone, facts_about, lot_fault
from veta.verify.lot_steps import check_lot_steps, unreached
from veta.verify.monitoring_step import Told, check_round
from veta.verify.notice_step import check_notices
from veta.verify.papers import papers_of
from veta.verify.policy import Authentication, Policy
from veta.verify.report import Report, mint_verified
from veta.verify.site_step import CONTRACT as SITE_NOTICES
from veta.verify.site_step import check_sites
from veta.verify.stated import StatedLot
from veta.verify.verdict import Check, Outcome, Step, conclude

T = TypeVar("T")
E = TypeVar("E", KeyEntry, MembershipEntry, StatusEntry)

ALONE: Final = frozenset(Step(number) for number in range(1, 8))
"""The steps that make a statement good by itself."""


class Verifier:
    """Judges statements against one pinned trust configuration.

    Args:
        trust: the chain and contracts that count.
        policy: what this reader asks for.
    """

    def __init__(self, trust: TrustConfig, policy: Policy | None = None) -> None:
        self.trust: Final = trust
        self.policy: Final = policy or Policy()

    def verify(self, bundle: StatementBundle, facts: LedgerFacts | None) -> Report:
        """Run every step and conclude.

        Never raises for anything in ``bundle`` or ``facts``: what is wrong with them is a check.
        Facts that were asked for are believed once they come from the pinned chain; facts that came
        in a file are not proven (``Policy.believe_carried``); without any, nothing is determined.
        """
        facts = usable_facts(facts or no_facts(), self.trust)
        statement, checks = steps.check_form(bundle)  # 1
        if statement is None:
            return self._report(checks + _not_reached(), None, facts)
        told, unread = self._beside(bundle, facts)
        facts = _about_the_issuer(statement, facts)
        checks += self._judge(statement, bundle, facts)
        told = [Told(statement, tuple(checks), facts), *told]
        beside = tuple(self._beside_reports(told, unread))
        kept = all(each.outcome is Outcome.PASSED for each in checks if each.step is Step.RULES)
        stated = StatedLot.of(statement.credential) if kept else None
        papers = papers_of(stated, beside, facts, self._moment_s(facts), self.policy)
        checks += check_lot_steps(  # 8 to 12
            statement, stated, bundle, facts, papers, sites=self._keeps_sites(facts)
        )
        checks += self._of_papers(bundle, told, facts)  # 10, 11
        name = _member_name(facts) or statement.credential.issuer.name
        figures, differing = figure_lines(
            stated, papers.evidence, checks, issuer=name, subject_group=papers.subject_group
        )
        report = self._report([*checks, *differing], statement, facts)
        return replace(report, beside=beside, figures=figures)

    def _judge(
        self, statement: SignedStatement, bundle: StatementBundle, facts: LedgerFacts
    ) -> list[Check]:
        """Steps 2 to 7 of one statement, with facts that are about it."""
        inclusion = steps.check_inclusion(statement.leaf, bundle, facts.anchor)  # 5
        anchoring = chain_steps.check_anchor(statement, bundle.root, facts.anchor, facts.as_of)  # 6
        checks = self._authenticate(statement, facts, inclusion + anchoring)  # 2
        checks += chain_steps.check_issuer(  # 3
            statement, facts.issuer, facts.membership, facts.anchor, facts.as_of, self.policy
        )
        if self.policy.authentication is Authentication.SIGNATURE:
            checks += chain_steps.check_key_time(statement, facts.keys, facts.anchor, facts.status)
        checks += steps.check_rules(statement.credential, self.policy.schemes)  # 4
        checks += inclusion + anchoring + chain_steps.check_source(facts, self.policy)
        return checks + self._status(statement, facts)  # 7

    def _of_papers(
        self, bundle: StatementBundle, told: Sequence[Told], facts: LedgerFacts
    ) -> list[Check]:
        """What the statements beside say of a round, and of the licences of a lot.

        Args:
            bundle: with the lot, if there is one.
            told: the bundle's own statement, then those beside it that can be read.
            facts: of the own statement.
        """
        own, *beside = told
        at_s = self._moment_s(facts)
        found = check_round(own, beside, at_s)
        part = bundle.lot
        if not beside or part is None or lot_fault(part) is not None:
            return found
        maker = own.statement.credential.issuer.identifier
        about = facts_about(part, facts)
        if isinstance(about, Undetermined):
            return found
        return found + check_licences(part, maker, beside, about.assurance, at_s)

    def _beside(
        self, bundle: StatementBundle, facts: LedgerFacts
    ) -> tuple[list[Told], dict[int, list[Check]]]:
        """Steps 1 to 7 of every statement beside, and by its place what cannot be read at all."""
        told: list[Told] = []
        unread: dict[int, list[Check]] = {}
        for place, each in enumerate(within_bounds(bundle.beside)):
            alone = StatementBundle(each.token, each.inclusion, each.root)
            statement, checks = steps.check_form(alone)
            if statement is None:
                unread[place] = checks
                continue
            about = _about_the_issuer(statement, facts_beside(facts, statement.leaf, each.root))
            told.append(Told(statement, (*checks, *self._judge(statement, alone, about)), about))
        return told, unread

    def _beside_reports(
        self, told: Sequence[Told], unread: Mapping[int, list[Check]]
    ) -> Iterator[Report]:
        """A report of every statement beside, all of steps 1 to 7 required whatever the policy.

        Args:
            told: the bundle's own statement, then those beside it that can be read.
            unread: by place, what was found of the others.
        """
        own, *readable = told
        waiting = iter(readable)
        for place in range(len(readable) + len(unread)):
            if place in unread:
                yield self._report(unread[place], None, own.facts, ALONE)
                continue
            each = next(waiting)
            others = [one for one in told if one is not each]
            found = check_round(each, others, self._moment_s(each.facts))
            yield self._report([*each.checks, *found], each.statement, each.facts, ALONE)

    def verify_lot_alone(self, bundle: StatementBundle, facts: LedgerFacts) -> Report:
        """What the chain shows of a lot whose passport is not at hand: steps 8 to 11.

        What its issuer states of it is not seen, so the verdict is never better than NOT_PROVEN.

        Args:
            bundle: with a lot, and the runs behind it; its token is not looked at.
            facts: about the lot.
        """
        facts = usable_facts(facts, self.trust)
        sentence = "the lot's passport is not at hand: what its issuer states is not verified"
        checks = [not_proven(Step.WELL_FORMED, "statement.not_shown", sentence)]
        assert bundle.lot is not None
        found, grounded = check_lot_alone(bundle.lot, facts)
        checks += found
        reached = {Step.WELL_FORMED, Step.LOT}
        if lot_fault(bundle.lot) is None:
            about = facts_about(bundle.lot, facts)
            lineage = check_lineage(bundle, None, about, grounded=grounded)
            checks += lineage.checks
            checks += check_notices(bundle.lot, None, lineage.walk, about, time_of(facts))
            papers = papers_of(None, (), facts, self._moment_s(facts), self.policy)
            assurance = check_assurance(
                bundle.lot, lineage, about, grounded=grounded, papers=papers
            )
            checks += [*assurance, *check_claims(bundle.lot, lineage, assurance)]
            if self._keeps_sites(facts):
                at_s = time_of(facts)
                checks += check_sites(bundle.lot, lineage, about, at_s, grounded=grounded)
            reached |= {Step.LINEAGE, Step.ASSURANCE, Step.CLAIMS}
        checks += unreached(step for step in Step if step not in reached)
        return self._report(checks, None, facts)

    def _moment_s(self, facts: LedgerFacts) -> UnixSeconds:
        """When the reader relies on it: the block's own time unless told."""
        if self.policy.relied_on_at_s is not None:
            return self.policy.relied_on_at_s
        return facts.as_of.value.time_s if isinstance(facts.as_of, Known) else UnixSeconds(0)

    def _keeps_sites(self, facts: LedgerFacts) -> bool:
        """Whether the pinned contracts say anything of sites at the block of the facts."""
        block = known_block(facts)
        pinned = self.trust.contracts_at(block.number) if block is not None else None
        names = [] if pinned is None else [each.name for each in pinned.contracts]
        return SITE_NOTICES in names

    def _authenticate(
        self, statement: SignedStatement, facts: LedgerFacts, anchored: list[Check]
    ) -> list[Check]:
        """Step 2: by the signature, or (policy) by the transaction that anchored the batch."""
        if self.policy.authentication is Authentication.SIGNATURE:
            return steps.check_signature_of(statement, facts.keys)
        if all(check.outcome is Outcome.PASSED for check in anchored):
            return [
                passed(
                    Step.SIGNATURE,
                    "signature.by_anchor",
                    "the issuer's own account anchored it; the signature was not checked",
                )
            ]
        return [
            not_proven(
                Step.SIGNATURE,
                "signature.not_by_anchor",
                "no anchor stands for the issuer, and the signature was not checked",
            )
        ]

    def _status(self, statement: SignedStatement, facts: LedgerFacts) -> list[Check]:
        """Step 7, at the moment the reader relies on it: the block's own time unless told."""
        if isinstance(facts.as_of, Undetermined):
            return [not_determined(Step.STATUS, facts.as_of)]
        block = facts.as_of.value
        relied_on_at_s = self._moment_s(facts)
        checks = chain_steps.check_age(block, facts.asked_at_s, self.policy)
        checks += chain_steps.check_dates(
            statement.credential, facts.anchor, relied_on_at_s, self.policy
        )
        return checks + chain_steps.check_status(
            facts.status,
            facts.status_list,
            relied_on_at_s=relied_on_at_s,
            dispute_lapse_s=self.policy.dispute_lapse_s,
        )

    def _report(
        self,
        checks: list[Check],
        statement: SignedStatement | None,
        facts: LedgerFacts,
        required: frozenset[Step] | None = None,
    ) -> Report:
        ordered = tuple(sorted(checks, key=lambda check: check.step))
        required = self.policy.required if required is None else required
        policy = self.policy
        verdict = conclude(ordered, required, spared=policy.spared, asked=policy.asked)
        as_of = known_block(facts)
        issuer = _member_id(facts)
        verified = None
        if verdict.good and statement is not None and as_of is not None and issuer is not None:
            verified = mint_verified(
                statement=statement, issuer=issuer, verdict=verdict, as_of=as_of
            )
        return Report(
            verdict=verdict,
            checks=ordered,
            leaf=statement.leaf if statement else None,
            statement=statement,
            issuer=issuer,
            as_of=as_of,
            verified=verified,
            member_name=_member_name(facts),
            spared=self.policy.spared,
        )


def _about_the_issuer(statement: SignedStatement, facts: LedgerFacts) -> LedgerFacts:
    """Keep only facts that are about this statement's issuer, leaf and batch.

    Facts travel in files too. Whatever is about somebody else's member, key, batch or leaf answers
    a question that nobody asked, and counts as unanswered.
    """
    member = facts.issuer.value if isinstance(facts.issuer, Known) else None
    if member is not None and member.identifier != statement.credential.issuer.identifier:
        other = Undetermined("facts.other_issuer", "the facts are about another issuer")
        return replace(
            facts, issuer=other, membership=other, keys=other, anchor=other, status=other
        )
    member_id = member.member if member else None
    return replace(
        facts,
        membership=_whole(
            _only(facts.membership, lambda entry: entry.member == member_id), facts.as_of
        ),
        keys=_whole(_only(facts.keys, lambda entry: entry.member == member_id), facts.as_of),
        status=_whole(
            _only(
                facts.status,
                lambda entry: entry.issuer == member_id and entry.leaf == statement.leaf,
            ),
            facts.as_of,
        ),
        anchor=_anchor_of(facts.anchor, member_id, facts.as_of),
    )


def _only(
    entries: Determined[tuple[T, ...]], fits: Callable[[T], bool]
) -> Determined[tuple[T, ...]]:
    """The entries if all of them fit; one that does not makes all of them unanswered."""
    if isinstance(entries, Known) and not all(fits(entry) for entry in entries.value):
        return Undetermined("facts.other_subject", "the facts are about something else")
    return entries


def _whole(
    entries: Determined[tuple[E, ...]], as_of: Determined[BlockRef]
) -> Determined[tuple[E, ...]]:
    """The list if none of it is left out, moved or later than the block that it was read at.

    A list that lost an entry, such as the one that declares a theft, is no list: it tells nothing.
    """
    if isinstance(entries, Undetermined):
        return entries
    if [each.index for each in entries.value] != list(range(len(entries.value))):
        return Undetermined("facts.gap", "entries of an append-only list are missing or moved")
    times = [each.recorded_at_s for each in entries.value]
    newest_s = as_of.value.time_s if isinstance(as_of, Known) else max(times, default=0)
    if times != sorted(times) or max(times, default=0) > newest_s:
        return Undetermined("facts.disorder", "entries of an append-only list are out of time")
    return entries


def _anchor_of(
    anchor: Determined[AnchorRecord | None], member_id: MemberId | None, as_of: Determined[BlockRef]
) -> Determined[AnchorRecord | None]:
    """The anchor if it is the member's own and not newer than the block of the facts."""
    if isinstance(anchor, Undetermined) or anchor.value is None:
        return anchor
    record = anchor.value
    newest_s = as_of.value.time_s if isinstance(as_of, Known) else record.anchored_at_s
    if record.issuer != member_id or record.anchored_at_s > newest_s:
        return Undetermined("facts.other_subject", "the anchor is another member's, or not final")
    return anchor


def _member_name(facts: LedgerFacts) -> str | None:
    if isinstance(facts.issuer, Known) and facts.issuer.value is not None:
        return facts.issuer.value.name
    return None


def _member_id(facts: LedgerFacts) -> MemberId | None:
    if isinstance(facts.issuer, Known) and facts.issuer.value is not None:
        return facts.issuer.value.member
    return None


def _not_reached() -> list[Check]:
    """Steps 2 to 12 of a statement that could not be read."""
    return unreached(step for step in Step if step is not Step.WELL_FORMED)
