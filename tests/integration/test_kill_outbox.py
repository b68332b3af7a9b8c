"""kill -9 at random moments while the endpoint loses 30 % of the calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.kill_run import run
from tests.support.kill_sites import embedded_site, fake_site


@pytest.mark.slow
@pytest.mark.row("T33", "T35")
def test_outbox__killed_250_times_with_a_failing_endpoint__nothing_lost_or_anchored_twice(
    tmp_path: Path,
) -> None:
    with fake_site(tmp_path, share=0.3, seed=20) as site:
        ledger = site.connect()
        counts: dict[str, int] = {}

        def calm() -> None:
            counts.update(ledger.test_counts())  # type: ignore[attr-defined]
            ledger.test_share(0.0)  # type: ignore[attr-defined]

        report = run(site, kills=250, seed=21, calm=calm)
    assert report.faults == []
    assert report.kills == 250
    # The run was not an idle one.
    assert report.promised > 100
    assert report.settled_under_fire > 30
    assert report.attempts > report.nonces
    assert counts["lost_before"] + counts["lost_after"] > 0.25 * counts["calls"]
    assert counts["reorganised"] > 10


@pytest.mark.slow
@pytest.mark.row("T35")
def test_outbox__killed_on_the_real_contracts__nothing_lost_or_anchored_twice(
    tmp_path: Path,
) -> None:
    with embedded_site(tmp_path, share=0.3, seed=30) as site:
        ledger = site.connect()
        report = run(site, kills=60, seed=31, calm=lambda: ledger.test_share(0.0))  # type: ignore[attr-defined]
    assert report.faults == []
    assert report.promised > 20
    assert report.sequence == report.batches > 3
