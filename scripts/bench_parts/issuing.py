"""Issuing many lots on the embedded chain: sign, keep, batch, anchor, final; CPU seconds of it."""

from __future__ import annotations

import contextlib
import io
import secrets
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from veta.bootstrap import Opening, open_home
from veta.cli.main import main as veta
from veta.model.identifiers import UnixSeconds
from veta.model.lot import Issuance, Party
from veta.scenario.campaign import load_copper
from veta.statement.passport import build_passport

MEMBER = "did:web:refinery.example"


def all_figures() -> dict[str, dict[str, float | int]]:
    """Every figure of this module under its name."""
    return {"issue_10000": issue(10_000)}


def issue(count: int) -> dict[str, float | int]:
    """From ``count`` finished credentials to one final anchor, in the node's own work."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        _found(home, Path(folder) / "password")
        with open_home(home, opening=Opening()) as node:
            built = time.process_time()
            credentials = _credentials(count)
            built = time.process_time() - built
            node.desk.issuer.issue(credentials.pop())
            node.desk.anchorer.anchor()
            node.settle()  # both keys are open now: scrypt is not counted
            started, wall = time.process_time(), time.perf_counter()
            for _each in node.desk.issuer.issue_many(credentials):
                pass
            kept = time.process_time()
            planned = node.desk.anchorer.anchor().planned
            report = node.settle()
            ended, wall = time.process_time(), time.perf_counter() - wall
            assert report.settled
            assert len(planned) == 1
    return {
        "lots": count,
        "build_credentials_s": round(built, 3),
        "sign_and_keep_s": round(kept - started, 3),
        "batch_anchor_final_s": round(ended - kept, 3),
        "wall_s": round(wall, 3),
        "lots_per_cpu_s": round((count - 1) / (ended - started)),
        "lots_per_cpu_s_limit": 3000,
    }


def _found(home: Path, password: Path) -> None:
    password.write_text(secrets.token_urlsafe(24) + "\n")
    password.chmod(0o600)
    arguments = ["init", str(home), "--member", MEMBER, "--name", "Refinery", "--country", "CL"]
    arguments += ["--role", "refiner", "--password-file", str(password), "--json"]
    with contextlib.redirect_stdout(io.StringIO()):
        if veta(arguments) != 0:
            raise RuntimeError("veta init failed")


def _credentials(count: int) -> list[dict[str, Any]]:
    sample = load_copper().lot("BSE-CAT-26-1001")
    issuer = Party(MEMBER, "Refinery", sample.issuer.country)
    now = UnixSeconds(int(time.time()))
    return [
        build_passport(
            replace(sample, lot_number=f"LOT-{number:06d}", issuer=issuer, bundles=()),
            Issuance(f"urn:veta:bench:{number}", now, secrets.token_bytes(16)),
        )
        for number in range(count)
    ]
