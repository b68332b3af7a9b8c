from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.lots.evm import fresh_evm, slow_evm
from tests.contracts.lots.world import NAMES, LotWorld


@pytest.fixture(scope="session")
def prepared() -> LotWorld:
    return LotWorld(fresh_evm(NAMES))


@pytest.fixture
def world(prepared: LotWorld) -> Iterator[LotWorld]:
    """Everything registered, no lot yet; what a test does is undone."""
    mark = prepared.evm.mark()
    yield prepared
    prepared.evm.back(mark)


@pytest.fixture(scope="session")
def prepared_slowly() -> LotWorld:
    return LotWorld(slow_evm(NAMES))


@pytest.fixture
def slow_world(prepared_slowly: LotWorld) -> Iterator[LotWorld]:
    """The same on eth-tester, where gas and storage are a real chain's."""
    mark = prepared_slowly.evm.mark()
    yield prepared_slowly
    prepared_slowly.evm.back(mark)
