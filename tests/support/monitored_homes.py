"""An operator's home and two communities' on one embedded chain, and files of 150 wells."""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.cli_home import PASSWORD, Ran, good, run
from tests.support.monitored_wells import COMMUNITY, DAY_S, OPERATOR, START_S, WELLS
from veta.evidence.catalogue import STANDARD

METRIC = STANDARD[0]


def readings_file(
    path: Path, changes: Mapping[str, str | None] | None = None, wells: tuple[str, ...] = WELLS
) -> Path:
    """One reading a well of 2026-06-01; ``changes`` by well, ``None``: it was not read."""
    changed = changes or {}
    amounts = {name: changed.get(name, f"{12 + at}.{at * 7 % 10}") for at, name in enumerate(wells)}
    amounts = {name: text.removesuffix(".0") if text else text for name, text in amounts.items()}
    document = {
        "format": "veta-readings/1",
        "subject": OPERATOR,
        "metric": METRIC.metric,
        "definition": METRIC.digest.hex(),
        "boundary": {"name": "well field", "text": "150 monitoring wells of the salar"},
        "period": {"fromSeconds": START_S, "toSeconds": START_S + DAY_S},
        "stepSeconds": DAY_S,
        "instruments": list(wells),
        "readings": [[name, START_S, text] for name, text in amounts.items() if text],
    }
    path.write_text(json.dumps(document))
    return path


@dataclass(frozen=True)
class Homes:
    """A folder with the homes ``operator`` and ``community`` in it."""

    folder: Path

    @property
    def june(self) -> Path:
        """The round's bundle; ``readings`` is its file, ``seen`` the co-signature of 0 to 99."""
        return self.folder / "june.bundle.json"

    @property
    def readings(self) -> Path:
        return self.folder / "june.json"

    @property
    def seen(self) -> Path:
        return self.folder / "seen.bundle.json"

    def run(self, who: str, *arguments: str | Path) -> Ran:
        """A command of one of them."""
        return run(*arguments, "--home", self.folder / who)

    def made(self, name: str, readings: Path, *options: str) -> str:
        """A round of the operator, issued and anchored; its leaf."""
        out = self.folder / f"{name}.round.json"
        about = ("--name", name, "--site", f"{OPERATOR}:site:salar", "--site-name", "Salar")
        asked = options or ("--co-signer", COMMUNITY)
        by = ("--by", "2090-01-01T00:00:00Z", "--out", out)
        good(self.run("operator", "round", "make", readings, *about, *by, *asked))
        return self.anchored("operator", out)

    def anchored(self, who: str, statement: Path) -> str:
        """A statement issued and anchored; its leaf."""
        issued = good(self.run(who, "issue", statement, "--json")).json["issued"]
        good(self.run(who, "anchor"))
        return str(issued[0]["leaf"])

    def bundle(self, who: str, leaf: str, *options: str | Path) -> Path:
        """A statement of a home in a file."""
        path = self.folder / f"{leaf[:16]}.bundle.json"
        good(self.run(who, "show", "statement", leaf, "--bundle", path, *options))
        return path

    def signed(self, round_: Path, readings: Path, *options: str | Path) -> Path:
        """A co-signature of the community, anchored, in a file."""
        ran = self.run(
            "community", "round", "sign", round_, "--readings", readings, *options, "--json"
        )
        leaf = str(good(ran).json["leaf"])
        good(self.run("community", "anchor"))
        return self.bundle("community", leaf)

    def shown(self, round_: str | Path, *arguments: str | Path, who: str = "operator") -> Any:
        """What ``veta round show`` answers, with its exit code as ``exit``."""
        ran = self.run(who, "round", "show", round_, *arguments, "--json")
        return {**ran.json, "exit": ran.code}


@functools.cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="veta-rounds-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD + "\n")
    _init(folder, "operator", OPERATOR, "miner")
    home = folder / "operator"
    chain = home / "chain.sqlite"
    join = ("--trust", home / "trust.json", "--embedded", chain, "--no-votes")
    _init(folder, "community", COMMUNITY, "community", *join)
    good(run("member", "add", folder / "community" / "admission.json", "--home", home))
    return folder


def _init(folder: Path, who: str, did: str, role: str, *options: str | Path) -> None:
    identity = ("--member", did, "--name", did.rpartition(":")[2], "--country", "CL")
    password = ("--password-file", folder / "password")
    good(run("init", folder / who, *identity, "--role", role, *options, *password))


def monitored_homes(folder: Path) -> Homes:
    """A copy of both homes, their chain, and June: stated, and 100 of its readings co-signed."""
    template, target = _june(), folder / "homes"
    shutil.copytree(template, target)
    for config in target.glob("*/node.toml"):
        config.write_text(config.read_text().replace(str(template), str(target)))
    return Homes(target)


@functools.cache
def _june() -> Path:
    homes = Homes(_template())
    june = readings_file(homes.folder / "june.json")
    leaf = homes.made("june", june, "--co-signer", f"{COMMUNITY}=0-99")
    homes.bundle("operator", leaf).rename(homes.folder / "june.bundle.json")
    paper = homes.signed(homes.folder / "june.bundle.json", june, "--only", "0-99")
    paper.rename(homes.folder / "seen.bundle.json")
    return homes.folder
