"""Who vouches for it: wells that a community saw too, and a certificate that is suspended later."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Final

from veta.errors import VerificationError
from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import Boundary, Definition, MetricKind
from veta.evidence.series import Reading, Series
from veta.evidence.windows import Window
from veta.model.bundle import StatementBundle
from veta.model.identifiers import Digest, Leaf, UnixSeconds
from veta.model.lot import Issuance
from veta.model.ranges import Ranges
from veta.monitoring.readings import ReadingProof, RoundReadings
from veta.scenario.demo_acts import BODY, CAR_MAKER, COMMUNITY, SALAR_OPERATOR, Play
from veta.scenario.demo_lithium import PACK_LOT
from veta.scenario.demo_lots import settle
from veta.scenario.demo_lots_terms import CERTIFICATES, SALAR
from veta.services.round_answer import RoundAnswer
from veta.services.round_files import RoundTerms, co_signature_credential, round_credential
from veta.services.round_signing import party_of, self_of, witnessed
from veta.services.rounds import RoundReader
from veta.statement.instants import read_instant
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

READ_S: Final = read_instant("2026-05-12T00:00:00Z")
STATED_S: Final = read_instant("2026-05-14T08:00:00Z")
REPLACED_S: Final = read_instant("2026-05-20T08:00:00Z")
SUSPENDED_S: Final = read_instant("2026-07-28T08:00:00Z")
_DAY_S: Final = 86_400
WELLS: Final = 150
HIGHEST_MM, FALL_MM = 2_299_863, 137
EDITED_WELL: Final = 3
"""Index of the well whose reading the operator would rather have otherwise."""


@dataclass(frozen=True)
class StatedRound:
    """A round on the chain, and what it is of."""

    bundle: StatementBundle
    leaf: Leaf
    readings: RoundReadings


def monitoring_round(play: Play) -> None:
    """150 wells, 100 of them seen by the community as well; then the operator rewrites one."""
    stage, tell = play.stage, play.tell
    stage.pass_to(STATED_S)
    tell.chapter(f"{WELLS} wells, and who saw them", STATED_S)
    stated = _state(play, _readings())
    seen = Ranges.of(at for at in range(WELLS) if at % 3 != 2)
    co_signed = _co_sign(play, stated, seen)
    stage.pass_to(UnixSeconds(STATED_S + 4 * _DAY_S))  # nobody is awaited any more
    answer = _judge(play, stated, [co_signed])
    _tell(play, answer, "monitoring.single_signed")
    shown = len(answer.found.judged.rounds[0].co_signed)
    tell.expect(shown == len(seen) == 100, f"{shown} readings are co-signed")
    raised = _readings(raised_mm=500)
    proof = ReadingProof(raised.leaves[EDITED_WELL], stated.readings.inclusion(EDITED_WELL))
    try:
        proof.require(stated.readings.root, stated.readings.count)
    except VerificationError as error:
        tell.refusal("one reading shown 500 mm higher", f"{error.message} [{error.code}]")
    else:
        tell.expect(met=False, surprise="an edited reading is in the round")
    stage.pass_to(REPLACED_S)
    alone = _state(play, raised, replaces=stated.leaf)
    node = play.nodes[SALAR_OPERATOR]
    node.desk.status.supersede(stated.leaf, by_leaf=alone.leaf)
    tell.expect(node.settle().settled, "the second round is not final")
    tell.say("Six days later the operator replaces the round, without those who co-signed it:")
    _tell(play, _judge(play, alone, [stated.bundle, co_signed]), "monitoring.replaced_alone")
    community = play.nodes[COMMUNITY]
    community.follow()
    settle(play, COMMUNITY, [community.desk.lots.sites.raise_concern(SALAR, alone.leaf)])
    tell.say(
        "The community raises a concern about the site. It is no verdict; it stays open until both "
        "have closed it, and everybody who verifies a lot of the salar is told."
    )


def certificate_suspended(play: Play) -> None:
    """What rested on it is listed the same minute; what was sold stays, and is marked."""
    stage, tell = play.stage, play.tell
    stage.pass_to(SUSPENDED_S)
    tell.chapter("The salar's certificate is suspended", SUSPENDED_S)
    number = CERTIFICATES[SALAR]
    body = play.nodes[BODY]
    body.follow()
    grounds = Digest(sha256(b"findings of a surveillance audit, July 2026").digest())
    settle(play, BODY, [body.desk.lots.assurance.suspend(number, grounds)])
    found = body.affected(number)
    ledger, head = body.chain, body.ledger.final_head()
    for member, (lots, credit) in found.holders.items():
        record = ledger.member(member, head)
        name = "a member" if record is None else record.name
        lithium_g = sum(credit.values())
        tell.line(f"  {name:<34}  {lots:>2} opened lots  {lithium_g:>12,} g certified lithium")
    total_g = sum(sum(credit.values()) for _, credit in found.holders.values())
    tell.expect(not found.untold, "nobody can tell of some ways in")
    tell.expect(len(found.holders) == 2, f"{len(found.holders)} members hold affected lots")
    tell.say(
        f"{len(found.reached.lots)} opened lots and all packs rest on it, {total_g:,} g of credit "
        "in hand. What was sold stays, marked for everybody who looks from now on; nothing new is "
        "issued on it until the suspension is lifted."
    )
    _tell_pack(play)


def _tell_pack(play: Play) -> None:
    """What somebody with a pack is told now, beside a verdict that stays good."""
    node = play.nodes[CAR_MAKER]
    pack = f"{node.config.member}:lot:{PACK_LOT}"
    (kept, *_) = node.find(pack)
    bundle = node.with_lineage(node.lot_bundle(kept.record.leaf)).bundle
    required = Policy().required | LOT_STEPS | {Step.ASSURANCE}
    report = Verifier(node.trust, Policy(required=required)).verify(bundle, node.facts(bundle))
    notices = [check for check in report.checks if check.outcome is Outcome.NOTICE]
    play.tell.verdict(PACK_LOT, report, expected=Verdict.VALID_WITH_NOTICE)
    codes = {check.code for check in notices}
    wanted = {"site.concern_open", "assurance.suspended_since"}
    play.tell.expect(wanted <= codes, f"a pack is told {sorted(codes)}")


def _readings(*, raised_mm: int = 0) -> RoundReadings:
    definition = Definition(
        "groundwater.level",
        MetricKind.OTHER,
        "mm",
        "Level of the groundwater above sea level in an open well",
        "the operator's monitoring plan (fictional)",
    )
    boundary = Boundary("well field", "150 monitoring wells of the salar")
    day = Window(READ_S, READ_S + _DAY_S)
    grade = AssuranceGrade.SELF_DECLARED
    return RoundReadings(
        tuple(
            Series(
                f"W{at + 1:03d}",
                definition,
                boundary,
                day,
                _DAY_S,
                (Reading(READ_S, Fraction(_level_mm(at) + raised_mm * (at == EDITED_WELL))),),
                grade,
            )
            for at in range(WELLS)
        )
    )


def _level_mm(at: int) -> int:
    return HIGHEST_MM - FALL_MM * at


def _state(play: Play, readings: RoundReadings, *, replaces: Leaf | None = None) -> StatedRound:
    """The operator states a round and anchors it."""
    node, stage = play.nodes[SALAR_OPERATOR], play.stage
    me = self_of(node.ledger, node.config.member, now_s=stage.clock.now_s())
    terms = RoundTerms(
        name="2026-05-12" if replaces is None else "2026-05-12-b",
        site=(f"{me.party}:site:site-salar-esperanza", "Salar Esperanza"),
        co_signers=((stage.scenario.party(COMMUNITY).party.identifier, None),),
        deadline_s=stage.clock.now_s() + 3 * _DAY_S,
        previous=replaces,
        reason="" if replaces is None else "a well was read wrongly",
    )
    credential = round_credential(readings, terms, party_of(me), _issuance(play))
    (issued,) = node.desk.issuer.issue_many([credential])
    node.desk.anchorer.anchor()
    play.tell.expect(node.settle().settled, "the round is not final")
    return StatedRound(node.bundle(issued.leaf), issued.leaf, readings)


def _co_sign(play: Play, stated: StatedRound, seen: Ranges) -> StatementBundle:
    """The community's own statement, under its own key: only what its people saw."""
    node = play.nodes[COMMUNITY]
    me = self_of(node.ledger, node.config.member, now_s=play.stage.clock.now_s())
    reader = RoundReader(node.verifier, node.ledger, play.stage.clock)
    found = reader.round_of("the operator's round", stated.bundle)
    signs = witnessed(found, stated.readings, me, only=seen)
    credential = co_signature_credential(found, signs.readings, party_of(me), _issuance(play))
    (issued,) = node.desk.issuer.issue_many([credential])
    node.desk.anchorer.anchor()
    play.tell.expect(node.settle().settled, "the co-signature is not final")
    return node.bundle(issued.leaf)


def _judge(play: Play, asked: StatedRound, more: Sequence[StatementBundle]) -> RoundAnswer:
    """As anybody would, who was handed the statements: here the certification body."""
    node = play.nodes[BODY]
    reader = RoundReader(node.verifier, node.ledger, play.stage.clock)
    handed = [(f"paper {at}", each) for at, each in enumerate(more, start=1)]
    return RoundAnswer(reader.judged(("the round", asked.bundle), handed), asked.readings)


def _tell(play: Play, answer: RoundAnswer, expected: str) -> None:
    verdict, code, reason = answer.answer
    play.tell.say(f"{verdict.value.upper()}: {reason} [{code}]")
    for fault in answer.found.judged.faults:
        play.tell.say(f"{fault.reason} [{fault.code}]")
    play.tell.expect(code == expected, f"the round is {code}, not {expected}")


def _issuance(play: Play) -> Issuance:
    return Issuance(f"urn:uuid:{uuid.uuid4()}", play.stage.clock.now_s(), secrets.token_bytes(16))
