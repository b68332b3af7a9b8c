"""The demo's stage: a folder, an embedded chain with its own clock, and the parties' nodes.

Everything the demo makes is in one folder, with a marker file; a later run removes what an earlier
one made, and a folder that no demo made is left alone.
"""

from __future__ import annotations

import secrets
import shutil
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from veta.bootstrap import (
    DEFAULT_PURPOSES,
    EmbeddedChain,
    EmbeddedGenesis,
    Founder,
    GovernanceRules,
    KeyRing,
    KeySpec,
    Opening,
    OpenNode,
    PasswordFile,
    build_node,
    found_embedded,
)
from veta.config import NodeConfig, dump_node_config, dump_trust
from veta.errors import ConfigError
from veta.model.consortium import KeyPurpose
from veta.model.identifiers import UnixSeconds
from veta.model.lot import Issuance, LotCertificate
from veta.model.trust import TrustConfig
from veta.scenario.campaign import Campaign, ScenarioParty
from veta.services.certify import LotPapers, certify_lot

MARKER: Final = ".veta-demo"
MADE: Final = (
    "bundles",
    "chain.sqlite",
    "footprints",
    "keys",
    "lots",
    "node.toml",
    "parties",
    "password",
    "store.sqlite",
    "trust.json",
)
"""What a demo leaves in its folder."""
_DATABASES: Final = ("chain.sqlite", "store.sqlite")
SCRYPT_LOG2_N: Final = 17
"""The least that Veta accepts: two dozen keys are made and opened while somebody watches."""
LONGEST_NAP_S: Final = 0.01
ADMINISTER_ONLY: Final[tuple[KeySpec, ...]] = tuple(
    spec for spec in DEFAULT_PURPOSES if spec.purpose is KeyPurpose.ADMINISTER
)
NO_STATEMENTS: Final[tuple[KeySpec, ...]] = tuple(
    spec for spec in DEFAULT_PURPOSES if spec.purpose is not KeyPurpose.SIGN
)


class ReplayClock:
    """The scenario's calendar; only differences of monotonic time are real."""

    def __init__(self, now_s: UnixSeconds) -> None:
        self._now_s = now_s

    def now_s(self) -> UnixSeconds:
        """The scenario's present."""
        return self._now_s

    def monotonic_s(self) -> float:
        """Real seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, but not for long: on a chain in this process nothing takes time by itself."""
        time.sleep(min(seconds, LONGEST_NAP_S))

    def advance_to(self, time_s: UnixSeconds) -> None:
        """Go on to a later moment; never back."""
        self._now_s = max(self._now_s, time_s)


@dataclass
class Stage:
    """See the module.

    Attributes:
        home: the folder; it is the refinery's own home.
        owner: short name of the party whose home it is.
        chain: the embedded chain; its block times follow the clock.
        rings: keys of each party, by short name.
        trust: what everybody pins, once the consortium is founded.
    """

    home: Path
    scenario: Campaign
    owner: str
    clock: ReplayClock
    chain: EmbeddedChain
    resources: ExitStack
    rings: dict[str, KeyRing] = field(default_factory=dict)
    trust: TrustConfig | None = None

    @property
    def pinned(self) -> TrustConfig:
        """The trust configuration.

        Raises:
            ConfigError: ``config.missing``: the consortium is not founded yet.
        """
        if self.trust is None:
            raise ConfigError("config.missing", "the consortium is not founded yet")
        return self.trust

    def pass_to(self, time_s: UnixSeconds) -> None:
        """Let time pass: the chain seals an empty block then."""
        self.clock.advance_to(time_s)
        self.chain.mine()

    def make_keys(
        self,
        acting: frozenset[str],
        sending: frozenset[str],
        progress: Callable[[int, int], None],
    ) -> None:
        """Keys for every party, none that it does not use: making and opening one takes long.

        Args:
            acting: who has a node: administer, operate and statement keys.
            sending: who sends transactions and signs no statements; anybody else only votes.
            progress: called with the parties done, and how many there are.
        """
        password = PasswordFile(self.home / "password")
        parties = self.scenario.parties

        def make(party: ScenarioParty) -> tuple[str, KeyRing]:
            specs = ADMINISTER_ONLY
            if party.slug in acting | sending:
                specs = DEFAULT_PURPOSES if party.slug in acting else NO_STATEMENTS
            directory = self.party_home(party.slug) / "keys"
            return party.slug, KeyRing.create(
                directory, password, specs, scrypt_log2_n=SCRYPT_LOG2_N
            )

        with ThreadPoolExecutor(max_workers=2) as pool:
            for done, (slug, ring) in enumerate(pool.map(make, parties), 1):
                self.rings[slug] = ring
                progress(done, len(parties))

    def founder(self, slug: str) -> Founder:
        """A party as it joins."""
        party = self.scenario.party(slug)
        country = party.party.country
        assert country is not None  # every party of the scenario has one
        return Founder(
            party.party.identifier,
            party.party.name,
            country.code,
            party.roles,
            party.votes,
            self.rings[slug],
            party.control_group,
        )

    def found(self, slugs: tuple[str, ...], rules: GovernanceRules) -> TrustConfig:
        """Deploy the consortium of these parties and write the trust configuration."""
        founders = tuple(self.founder(slug) for slug in slugs)
        self.trust = found_embedded(
            self.chain, founders, name="copper-demo", clock=self.clock, rules=rules
        )
        (self.home / "trust.json").write_bytes(dump_trust(self.trust))
        return self.trust

    def node(self, slug: str) -> OpenNode:
        """Open a party's node, with a home of its own; it stays open to the end."""
        home = self.party_home(slug)
        nested = home != self.home
        upwards = Path("../..") if nested else Path()
        config = NodeConfig(
            home=home,
            member=self.scenario.party(slug).party.identifier,
            password_file=upwards / "password",
            embedded_file=upwards / "chain.sqlite",
            trust_file=upwards / "trust.json",
        )
        (home / "node.toml").write_text(dump_node_config(config), "utf-8")
        opening = Opening(clock=self.clock, chain=self.chain)
        return self.resources.enter_context(build_node(config, self.pinned, opening=opening))

    def party_home(self, slug: str) -> Path:
        """The folder of a party; the owner's is the demo's own."""
        return self.home if slug == self.owner else self.home / "parties" / slug

    def certify(self, lot: LotCertificate) -> LotPapers:
        """A passport with its product footprint, dated now; the footprint's file is kept."""
        footprint_id = str(uuid.uuid4())
        issuance = Issuance(
            credential_id=f"urn:uuid:{uuid.uuid4()}",
            valid_from_s=self.clock.now_s(),
            blind=secrets.token_bytes(16),
        )
        papers = certify_lot(lot, issuance, footprint_id=footprint_id)
        if papers.footprint is not None:
            folder = self.home / "footprints"
            folder.mkdir(exist_ok=True)
            (folder / f"{footprint_id}.json").write_bytes(papers.footprint)
        return papers


def set_stage(home: Path, scenario: Campaign, *, owner: str, begins_s: UnixSeconds) -> Stage:
    """A fresh stage in ``home``.

    Raises:
        ConfigError: ``config.not_a_demo``: the folder holds something that no demo made.
    """
    _clear(home)
    home.mkdir(parents=True, exist_ok=True)
    (home / MARKER).write_text("Made by scripts/demo, which removes it when it runs again.\n")
    password = home / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24) + "\n")
    clock = ReplayClock(begins_s)
    resources = ExitStack()
    chain = EmbeddedChain.create(
        home / "chain.sqlite", EmbeddedGenesis(time_s=begins_s), clock.now_s
    )
    resources.callback(chain.close)
    return Stage(home, scenario, owner, clock, chain, resources)


def _clear(home: Path) -> None:
    """Remove what an earlier demo made, and nothing else."""
    if not home.exists():
        return
    if not (home / MARKER).is_file():
        if home.is_dir() and not any(home.iterdir()):
            return
        raise ConfigError(
            "config.not_a_demo", f"{home} was not made by the demo; name another folder with --home"
        )
    for path in home.iterdir():
        if path.name == MARKER or _made_here(path.name):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _made_here(name: str) -> bool:
    """Whether a demo makes this: one of its own names, or what a database adds to its name."""
    beside = tuple(f"{each}{mark}" for each in _DATABASES for mark in "-.")
    return name in MADE or name.startswith(beside)
