from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.assured_world import Assured, build_assured
from tests.contracts.world import Chain, build_chain


@pytest.fixture(scope="session")
def deployed() -> Chain:
    return build_chain()


@pytest.fixture
def chain(deployed: Chain) -> Iterator[Chain]:
    """The deployed pair; what a test does is undone."""
    before = deployed.tester.take_snapshot()
    yield deployed
    deployed.tester.revert_to_snapshot(before)


@pytest.fixture(scope="session")
def filled() -> Assured:
    return build_assured()


@pytest.fixture
def assured(filled: Assured) -> Iterator[Assured]:
    """Registry and assurance contract filled in; what a test does is undone."""
    before = filled.chain.tester.take_snapshot()
    yield filled
    filled.chain.tester.revert_to_snapshot(before)
