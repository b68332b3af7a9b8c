"""kill -9 at random moments while the endpoint loses 30 % of the calls: at least 220 kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fault_proxy import FAULTS
from tests.support.kill_run import connected, run
from tests.support.kill_sites import embedded_site, fake_site, http_site


@pytest.mark.slow
@pytest.mark.row("T33", "T35")
def test_outbox__killed_115_times_with_a_failing_endpoint__nothing_lost_or_anchored_twice(
    tmp_path: Path,
) -> None:
    with fake_site(tmp_path, share=0.3, seed=20) as site:
        ledger = site.connect()
        counts: dict[str, int] = {}

        def calm() -> None:
            counts.update(ledger.test_counts())  # type: ignore[attr-defined]
            ledger.test_share(0.0)  # type: ignore[attr-defined]

        report = run(site, kills=115, seed=21, calm=calm, least_settled=16)
    assert report.faults == []
    assert report.kills >= 115
    # The run was not an idle one.
    assert report.promised > 50
    assert report.settled_under_fire > 15
    assert report.attempts > report.nonces
    assert counts["lost_before"] + counts["lost_after"] > 0.25 * counts["calls"]
    assert counts["reorganised"] > 5


@pytest.mark.slow
@pytest.mark.row("T33", "T35")
def test_outbox__killed_while_it_makes_and_opens_lots__no_run_is_lost_or_made_twice(
    tmp_path: Path,
) -> None:
    with fake_site(tmp_path, share=0.1, seed=50, has_lots=True) as site:
        ledger = site.connect()
        report = run(
            site,
            kills=60,
            seed=51,
            calm=lambda: ledger.test_share(0.0),  # type: ignore[attr-defined]
            longest_s=0.5,
            least_settled=16,
        )
    assert report.faults == []
    assert report.kills >= 60
    assert report.runs > 10
    assert report.opened > 3
    assert report.sequence > report.batches > 3
    assert report.settled_under_fire > 15


@pytest.mark.slow
@pytest.mark.row("T35")
def test_outbox__killed_on_the_real_contracts__nothing_lost_or_anchored_twice(
    tmp_path: Path,
) -> None:
    with embedded_site(tmp_path, share=0.3, seed=30) as site:
        ledger = site.connect()
        report = run(site, kills=40, seed=31, calm=lambda: ledger.test_share(0.0))  # type: ignore[attr-defined]
    assert report.faults == []
    assert report.promised > 15
    assert report.sequence == report.batches > 3


@pytest.mark.slow
@pytest.mark.row("T31", "T35")
def test_outbox__killed_on_the_real_contracts_over_bad_http__nothing_lost_or_anchored_twice(
    tmp_path: Path,
) -> None:
    with http_site(tmp_path, share=0.3, seed=40) as site:
        ledger = connected(site)
        counts: dict[str, int] = {}

        def calm() -> None:
            counts.update(ledger.test_counts())  # type: ignore[attr-defined]
            ledger.test_share(0.0)  # type: ignore[attr-defined]

        report = run(site, kills=65, seed=41, calm=calm, longest_s=0.8, least_settled=2)
        ledger.close()
    assert report.faults == []
    assert report.promised > 20
    assert report.settled_under_fire > 1
    assert report.sequence == report.batches > 3
    # Every kind of fault struck, often enough.
    assert min(counts[fault] for fault in FAULTS) > 20
    assert sum(counts[fault] for fault in FAULTS) > 0.25 * counts["calls"]
