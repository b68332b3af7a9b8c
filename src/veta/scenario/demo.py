"""The demo: a copper chain certified, anchored, verified by a stranger, forged, withdrawn.

``scripts/demo`` runs this. Every verdict is held against what the story expects; a surprise makes
it end with 1. Names are fictional; the lots are replayed on their own dates of 2026.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TextIO
from urllib.parse import quote

from veta.errors import ProvenanceError
from veta.scenario.campaign import load_copper, load_lithium
from veta.scenario.demo_acts import (
    CAR_MAKER,
    FOUNDING_S,
    REFINERY,
    Play,
    certify_cathodes,
    certify_concentrate,
    found,
)
from veta.scenario.demo_lithium import PACK_LOT, lithium
from veta.scenario.demo_lots import concentrate_enters, smelt
from veta.scenario.demo_lots_downstream import CABLE_LOT
from veta.scenario.demo_lots_terms import register_and_assure
from veta.scenario.demo_lots_tries import refine
from veta.scenario.demo_stage import set_stage
from veta.scenario.demo_teller import Teller
from veta.scenario.demo_trials import SHOWN_LOT, trials
from veta.scenario.demo_vouching import monitoring_round

DEFAULT_HOME: Final = Path("veta-demo")
PORT: Final = 8460
ACTS: Final[tuple[Callable[[Play], None], ...]] = (
    found,
    register_and_assure,
    certify_concentrate,
    concentrate_enters,
    monitoring_round,
    smelt,
    lithium,
    certify_cathodes,
    refine,
    trials,
)
"""In the order of their days."""


def run_demo(home: Path, stream: TextIO) -> int:
    """Play the whole story in a folder.

    Args:
        home: made anew; what an earlier demo made there is removed.
        stream: where the story is told.

    Returns:
        0, or 1 if anything came out otherwise than expected.

    Raises:
        ProvenanceError: the stage could not be set, or an act could not be played.
    """
    scenario = load_copper().joined(load_lithium())
    tell = Teller(stream)
    tell.title(
        "Veta: copper and lithium, from certificate to verdict",
        f"On a real EVM in this process, replayed on its own dates. {scenario.disclaimer}",
    )
    stage = set_stage(home, scenario, owner=REFINERY, begins_s=FOUNDING_S)
    with stage.resources:
        play = Play(stage, tell)
        for act in ACTS:
            act(play)
    _by_hand(tell, home, scenario.party(REFINERY).party.identifier)
    if tell.surprises:
        tell.line("")
        tell.line(f"{len(tell.surprises)} things came out otherwise than expected.")
        return 1
    return 0


def _by_hand(tell: Teller, home: Path, issuer: str) -> None:
    """What to type next; every command works as it stands."""
    veta = _veta_command()
    bundle = home / "bundles" / f"{SHOWN_LOT}.bundle.json"
    tell.chapter(f"All as expected, in {tell.elapsed_s:.0f} s" if not tell.surprises else "The end")
    tell.say("Everything is in " + str(home) + ". The same lot by hand, offline and on the chain:")
    offline = f"--offline --believe-file --max-age 3650d --trust {home / 'trust.json'}"
    tell.command(f"{veta} verify {bundle} {offline}")
    tell.command(f"{veta} verify {SHOWN_LOT} --home {home}")
    tell.say("Its whole story: origins, each step's balances, footprint, who vouches for it:")
    tell.command(f"{veta} explain {SHOWN_LOT} --home {home}")
    tell.say("And that of a battery pack, at its maker's:")
    tell.command(f"{veta} explain {PACK_LOT} --home {home / 'parties' / CAR_MAKER}")
    tell.say("Where the copper in the cable came from:")
    tell.command(f"{veta} lineage {CABLE_LOT} --home {home}")
    tell.say("The lot's label page:")
    tell.command(f"{veta} serve --home {home} --port {PORT}")
    tell.command(f"http://127.0.0.1:{PORT}/lots/{quote(issuer, safe=':')}/{SHOWN_LOT}")


def _veta_command() -> str:
    """How to call the command line of this environment from here."""
    beside = Path(sys.executable).with_name("veta")
    try:
        return os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else str(beside)
    except ValueError:
        return str(beside)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; see ``--help``."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--home", type=Path, default=DEFAULT_HOME, help="folder to make")
    chosen = parser.parse_args(arguments)
    try:
        return run_demo(chosen.home, sys.stdout)
    except ProvenanceError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("demo: stopped; run it again to begin anew\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
