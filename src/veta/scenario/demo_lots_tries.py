"""What the refinery tries, and what the contract says: every refusal with what disagrees."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from veta.custody.build import OutputSecrets, build
from veta.custody.refusals import code_of, sentence
from veta.errors import InputError, ProvenanceError, TransactionRevertedError
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lots import CustodyModel, LotBatchKind
from veta.scenario.demo_acts import MINE, REFINERY, SMELTER, TRADER, Play
from veta.scenario.demo_lots import (
    CATHODE_G_PER_KG,
    CERTIFIED_LOTS,
    PART_A,
    PART_B,
    REFINED_S,
    concentrate_lot,
    make,
    refining,
    settle,
    smelting,
)
from veta.scenario.demo_lots_terms import CREDIT_50
from veta.services.lots import key_of_lot
from veta.services.open_lot import Offer
from veta.services.run_requests import RunRequest, TakeRequest
from veta.services.runs import DraftedRun
from veta.statement.instants import write_instant

_LONG: Final = re.compile(r"\d{5,}")
_PART_A_G: Final = 1_840_000_000
PARKED_G_PER_KG: Final = 11


def refine(play: Play) -> None:
    """The balances before anything is signed, what is tried instead, and then what adds up."""
    play.stage.pass_to(REFINED_S)
    play.tell.chapter("38 lots of cathode, before anything is signed", REFINED_S)
    honest = refining(play)
    _tell_balances(play, play.nodes[REFINERY].desk.lots.transformer.draft(honest))
    play.tell.chapter("What they try, and what the contract says")
    _try_all(play)
    _sign(play, honest)


def _tell_balances(play: Play, drafted: DraftedRun) -> None:
    tell, assessment = play.tell, drafted.assessment
    found = [problem.message for problem in assessment.problems]
    tell.expect(not found, f"the draft has problems: {found}")
    balances = assessment.balances
    assert balances is not None  # a draft without problems can be added up
    (metal,), co2e = balances.metal, balances.co2e
    credit = next(each for each in balances.credit if each.column == CREDIT_50)
    tell.line(
        f"copper  {metal.taken:>13,} g taken = {sum(metal.made):,} in cathode, scrap, slimes, bleed"
    )
    tell.line(
        f"CO2e    {co2e.taken_g:>13,} g taken + {sum(co2e.emissions_g.values()):,} emitted = "
        f"{sum(co2e.made_g):,} in all outputs"
    )
    tell.line(
        f"credit  {credit.taken:>13,} g taken: cathode may claim {credit.caps[0]:,}; "
        f"{CERTIFIED_LOTS} of 38 lots claim"
    )
    tell.line(
        f"        {credit.made[0]:>13,} g, {credit.left:,} stay in the site's account, the rest "
        "leaves with residues"
    )
    closes = (metal.difference, co2e.difference_g, metal.yield_ppm)
    tell.expect(closes == (0, 0, 1_000_000), f"the balances do not close: {closes}")
    made = (co2e.made_g[0], credit.made[0], credit.caps[0])
    wanted = (2_879_450_000, 724_927_500, 744_725_520)
    tell.expect(made == wanted, f"cathode carries and claims {made}, not {wanted}")


def _try_all(play: Play) -> None:
    tell = play.tell
    tell.say(
        "Each is asked of the contract at the head of the chain, as a transaction would be; the "
        "node's own draft says the same before anything is signed."
    )
    for what, request, error in (
        (
            f"a {CERTIFIED_LOTS + 1}th lot on credit",
            refining(play, certified_lots=CERTIFIED_LOTS + 1),
            "CreditAboveCap",
        ),
        (
            "990 t of cathode from 975.1 t of copper",
            refining(play, cathode_g=[25_000_000] * 39 + [15_000_000]),
            "MetalMismatch",
        ),
        (
            "2500 g CO2e a kg instead of 3031",
            refining(play, g_per_kg=2_500),
            "Co2eMismatch",
        ),
        (
            f"{PARKED_G_PER_KG} g of each 3031 parked on the bleed",
            refining(
                play,
                g_per_kg=CATHODE_G_PER_KG - PARKED_G_PER_KG,
                parked_g=PARKED_G_PER_KG * 950_000,
            ),
            "AllocationOutOfBounds",
        ),
        (
            "a segregated label, with metal from outside in it",
            refining(play, model=CustodyModel.SEGREGATED),
            "ModelStrengthens",
        ),
    ):
        refused(play, REFINERY, what, request, error)
    used = concentrate_lot(play, MINE, PART_A)
    again = replace(smelting(play), takes=(TakeRequest(used, _PART_A_G, 0),))
    refused(play, SMELTER, f"{PART_A} smelted a second time", again, "AboveRemainder")
    _sell_twice(play)


def _sell_twice(play: Play) -> None:
    """A mine offers a lot to a second buyer while the first one's offer stands."""
    node, stage = play.nodes[MINE], play.stage
    lot = concentrate_lot(play, MINE, PART_B)
    until_s = UnixSeconds(stage.clock.now_s() + 86_400)
    first = Offer(play.nodes[SMELTER].desk.member, until_s)
    second = Offer(play.nodes[TRADER].desk.member, until_s)
    settle(play, MINE, [node.desk.lots.custodian.open(lot, first)])
    call = node.ledger.lots.encode_offer([lot], second.to, until_s, second.consignment)
    said = _answer(lambda: node.ledger.simulate(call, node.desk.account))
    drafted = _answer(lambda: node.desk.lots.custodian.offer([lot], second))
    _tell(play, f"{PART_B} sold to two buyers", said, {drafted.code} if drafted else set())
    name = said.error_name if isinstance(said, TransactionRevertedError) else None
    play.tell.expect(name == "LockedByOffer", f"a second offer gave {said}")


def refused(play: Play, slug: str, what: str, request: RunRequest, error_name: str) -> None:
    """Ask the contract for a run that nobody would sign, and hold its refusal against the draft."""
    node = play.nodes[slug]
    lots = node.desk.lots
    makes = lots.transformer if request.kind is LotBatchKind.TRANSFORM else lots.originator
    drafted = makes.draft(request)
    names = [
        OutputSecrets(
            [
                (
                    key_of_lot(
                        node.desk.member, request.site, output.product_class, entry.batch_number
                    ),
                    Leaf(secrets.token_bytes(32)),
                )
                for entry in output.lots
            ],
            secrets.token_bytes(16),
        )
        for output in request.outputs
    ]
    unjudged = replace(drafted.assessment, problems=())
    built = build(drafted.draft, unjudged, names, secrets.token_bytes(32))
    call = node.ledger.lots.encode_run(built.kind, built.run)
    said = _answer(lambda: node.ledger.simulate(call, node.desk.account))
    _tell(play, what, said, drafted.assessment.codes)
    name = said.error_name if isinstance(said, TransactionRevertedError) else None
    play.tell.expect(name == error_name, f"{what}: {said}, not {error_name}")


def _answer(question: Callable[[], object]) -> ProvenanceError | None:
    """How something is refused; ``None`` if it is not."""
    try:
        question()
    except (InputError, TransactionRevertedError) as error:
        return error
    return None


def _tell(
    play: Play, what: str, said: ProvenanceError | None, drafted: set[str] | frozenset[str]
) -> None:
    """A refusal in the contract's words, with its code."""
    tell = play.tell
    if not isinstance(said, TransactionRevertedError) or said.error_name is None:
        tell.expect(met=False, surprise=f"{what} was not refused by the contract: {said}")
        return
    words = sentence(said.error_name, {**said.arguments, **_days(said.arguments)})
    grouped = _LONG.sub(lambda found: f"{int(found[0]):,}", words)
    code = code_of(said.error_name)
    tell.refusal(what, f"{grouped} [{code}]")
    tell.expect(code in drafted, f"{what}: the draft says {sorted(drafted)}, not {code}")


def _days(arguments: Mapping[str, object]) -> dict[str, str]:
    """Times of a refusal as people write them."""
    return {
        name: write_instant(UnixSeconds(value))
        for name, value in arguments.items()
        if name == "until" and isinstance(value, int)
    }


def _sign(play: Play, honest: RunRequest) -> None:
    """What adds up is signed, and made."""
    tell = play.tell
    gas = make(play, REFINERY, honest)
    tell.say("What adds up is signed, and made:")
    lots = len(honest.outputs[0].lots)
    tell.line(
        f"transform  anode becomes {lots} lots and residues  1 transaction  {gas:,} gas, "
        f"{gas // lots:,} a lot"
    )
