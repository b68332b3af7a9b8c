"""The later acts: a stranger with nothing but the trust configuration judges what it is handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from veta.bootstrap import DEFAULT_PURPOSES, EmbeddedServer, OpenNode, open_reader
from veta.config import ChainSettings
from veta.interop.lot_file import write_lot
from veta.model.anchoring import StatusReason
from veta.model.bundle import StatementBundle
from veta.model.consortium import KeyPurpose
from veta.model.identifiers import UnixSeconds
from veta.model.lot import AssayValue
from veta.scenario.demo_acts import (
    CATHODES_S,
    CERTIFICATE,
    CERTIFICATE_ENDS_S,
    MINE,
    OTHER_MINE,
    REFINERY,
    Play,
)
from veta.scenario.demo_forgery import change_footprint
from veta.scenario.demo_lots_downstream import metal_goes_on
from veta.scenario.demo_vouching import certificate_suspended
from veta.statement.instants import read_instant
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.transport import read_bundle
from veta.verify.verdict import Verdict
from veta.verify.verifier import Verifier

CONCENTRATE: Final = "AUR-CON-26-0417"
SHOWN_LOT: Final = "BSE-CAT-26-1001"
FORGED_LOT: Final = "BSE-CAT-26-1002"
CORRECTED_LOT: Final = "BSE-CAT-26-1004"
CORRECTION: Final = "BSE-CAT-26-1004.corrected"
REVOKED_LOT: Final = "BSE-CAT-26-1007"
STOLEN_LOT: Final = "COR-CON-26-0309"

CORRECTED_S: Final = read_instant("2026-07-09T08:00:00Z")
STOLEN_S: Final = read_instant("2026-07-20T08:00:00Z")
LAST_S: Final = read_instant("2026-11-03T08:00:00Z")


@dataclass(frozen=True)
class Stranger:
    """Somebody with the trust configuration, an endpoint, and files that came with the goods."""

    node: OpenNode
    server: EmbeddedServer

    def judge(self, bundle_file: bytes) -> Report:
        """Read a file as anybody would; the facts in it are not used, the chain is asked."""
        bundle, _ = read_bundle(bundle_file, now_s=LAST_S)
        return self.node.verify(bundle)


def trials(play: Play) -> None:
    """All that the stranger judges, until the chain's endpoint is gone."""
    server = EmbeddedServer(play.stage.chain)
    play.stage.resources.callback(server.close)
    chain = ChainSettings(kind="json-rpc", urls=(server.url,))
    node = open_reader(play.stage.pinned, chain, clock=play.stage.clock)
    with node:
        stranger = Stranger(node, server)
        acts: tuple[Callable[[Play, Stranger], None], ...] = (
            everything_is_good,
            a_digit_is_changed,
            words_are_corrected,
            a_key_is_stolen,
            lambda play, _: certificate_suspended(play),
            lambda play, _: metal_goes_on(play),
            a_certificate_expires,
            the_chain_is_stopped,
        )
        for act in acts:
            act(play, stranger)


def everything_is_good(play: Play, stranger: Stranger) -> None:
    """Every lot is verified, one by one, from its own file."""
    tell = play.tell
    tell.chapter("A stranger verifies every lot", CATHODES_S)
    tell.say(
        "It holds the trust configuration, the files that came with the goods, and an address to "
        "ask (JSON-RPC on loopback): no account, no database, no key."
    )
    names = [*play.leaves]
    reports = {}
    for done, name in enumerate(names, 1):
        tell.working(f"verifying {done} of {len(names)}")
        reports[name] = stranger.judge(play.write_bundle(name))
    good = [name for name in names if reports[name].verdict is Verdict.VALID]
    tell.expect(len(good) == len(names), f"only {len(good)} of {len(names)} are VALID")
    for name in (CONCENTRATE, CERTIFICATE, SHOWN_LOT):
        tell.verdict(name, reports[name], expected=Verdict.VALID)
    tell.line(f"... and the other {len(names) - 3}: {len(good)} of {len(names)} VALID")
    tell.say(f"Not shown, and said so in each report: {reports[SHOWN_LOT].not_proven[-2]}")


def a_digit_is_changed(play: Play, stranger: Stranger) -> None:
    """A forger makes 3031 g a kilogram into 2031."""
    tell = play.tell
    tell.chapter("One digit is changed")
    bundle, _ = read_bundle(play.write_bundle(FORGED_LOT), now_s=LAST_S)
    forged = change_footprint(bundle.token, 3031, 2031)
    report = stranger.node.verify(StatementBundle(forged, bundle.inclusion, bundle.root))
    tell.say("3031 g CO2e a kg becomes 2031, in the passport that travels with the goods:")
    tell.verdict(
        f"{FORGED_LOT}, forged", report, expected=Verdict.INVALID, code="signature.mismatch"
    )


def words_are_corrected(play: Play, stranger: Stranger) -> None:
    """One passport is superseded by a corrected one, another one is revoked."""
    stage, tell, refinery = play.stage, play.tell, play.nodes[REFINERY]
    stage.pass_to(CORRECTED_S)
    tell.chapter("One passport is corrected, one is revoked", CORRECTED_S)
    lot = stage.scenario.lot(CORRECTED_LOT)
    corrected = replace(lot, assay=(*lot.assay, AssayValue("O", "180", "mg/kg")))
    play.issue(REFINERY, [(CORRECTION, stage.certify(corrected).passport)])
    play.anchor(REFINERY)
    old, new = play.leaves[CORRECTED_LOT], play.leaves[CORRECTION]
    refinery.desk.status.supersede(old, by_leaf=new)
    refinery.desk.status.revoke(play.leaves[REVOKED_LOT], reason=StatusReason.ISSUED_IN_ERROR)
    tell.expect(refinery.settle().settled, "the status changes are not final")
    superseded = stranger.judge(play.write_bundle(CORRECTED_LOT))
    tell.verdict(
        f"{CORRECTED_LOT}, first version",
        superseded,
        expected=Verdict.VALID_WITH_NOTICE,
        code="status.superseded",
    )
    named = [check.facts.get("superseded_by") for check in superseded.checks]
    tell.expect(new.hex() in named, "the successor is not named")
    tell.line(f"{'':19}its successor is {new.hex()[:32]}...")
    report = stranger.judge(play.write_bundle(CORRECTION))
    tell.verdict(f"{CORRECTED_LOT}, corrected", report, expected=Verdict.VALID)
    report = stranger.judge(play.write_bundle(REVOKED_LOT))
    tell.verdict(REVOKED_LOT, report, expected=Verdict.INVALID, code="status.revoked")


def a_key_is_stolen(play: Play, stranger: Stranger) -> None:
    """A mine revokes a stolen key; what is signed with it afterwards counts for nothing."""
    stage, tell, mine = play.stage, play.tell, play.nodes[OTHER_MINE]
    stage.pass_to(STOLEN_S)
    tell.chapter("A stolen key is revoked, and used all the same", STOLEN_S)
    stolen = mine.keys.record(KeyPurpose.SIGN)
    spec = next(each for each in DEFAULT_PURPOSES if each.purpose is KeyPurpose.SIGN)
    mine.administration.bind(mine.keys.add(spec))
    since_s = UnixSeconds(STOLEN_S - 2 * 86_400)
    mine.administration.declare_compromised(stolen.key_id, since_s=since_s)
    stage.pass_to(UnixSeconds(STOLEN_S + 86_400))
    # The open node still signs with the key it was opened with: a machine that nobody told.
    lot = stage.scenario.lot(STOLEN_LOT)
    play.issue(OTHER_MINE, [(STOLEN_LOT, stage.certify(lot).passport)])
    play.anchor(OTHER_MINE)
    report = stranger.judge(play.write_bundle(STOLEN_LOT))
    tell.verdict(STOLEN_LOT, report, expected=Verdict.INVALID, code="key.compromised")


def a_certificate_expires(play: Play, stranger: Stranger) -> None:
    """Time passes; the site's certificate ends, the lots stay what they are."""
    stage, tell = play.stage, play.tell
    tell.expect(LAST_S > CERTIFICATE_ENDS_S, "the story ends before the certificate does")
    stage.pass_to(LAST_S)
    tell.chapter("A certificate expires", LAST_S)
    report = stranger.judge(play.write_bundle(CERTIFICATE))
    tell.verdict(
        f"{CERTIFICATE}, the mine's",
        report,
        expected=Verdict.VALID_WITH_NOTICE,
        code="validity.expired",
    )
    report = stranger.judge(play.write_bundle(CONCENTRATE))
    tell.verdict(CONCENTRATE, report, expected=Verdict.VALID)
    for name in play.leaves:
        play.write_bundle(name)
    folder = stage.home / "lots"
    folder.mkdir(exist_ok=True)
    for slug in (MINE, REFINERY):
        for lot in stage.scenario.lots_of(slug):
            (folder / f"{lot.lot_number}.lot.json").write_bytes(write_lot(lot))


def the_chain_is_stopped(play: Play, stranger: Stranger) -> None:
    """Nobody answers: that is no verdict about the lot, in either direction."""
    tell = play.tell
    tell.chapter("The chain stops answering", LAST_S)
    bundle_file = play.write_bundle(SHOWN_LOT)
    stranger.server.close()
    report = stranger.judge(bundle_file)
    tell.verdict(SHOWN_LOT, report, expected=Verdict.INDETERMINATE)
    bundle, facts = read_bundle(bundle_file, now_s=LAST_S)
    assert facts is not None  # the file was written with them
    report = stranger.node.verifier.verify(bundle, facts)
    tell.say("The same file, judged offline: what it says that the chain says is its own word.")
    tell.verdict(SHOWN_LOT, report, expected=Verdict.NOT_PROVEN)
    believing = Verifier(stranger.node.trust, Policy(believe_carried=True))
    tell.say("Judged offline by a reader that made the file itself, and believes it:")
    tell.verdict(SHOWN_LOT, believing.verify(bundle, facts), expected=Verdict.VALID_WITH_NOTICE)
