"""Set up before anything is tested: the way hypothesis searches, and fixtures of all tests."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

from tests.order import longest_first
from vpp_gym.kernels import COMPILED

# The same examples in every run; `pytest --hypothesis-profile=search` looks for new ones.
hypothesis.settings.register_profile("repeat", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile(
    "search", parent=hypothesis.settings.get_profile("default"), deadline=None, max_examples=2000
)
# Kernels that run as plain Python are for which branches are taken: a hundred times as slow.
hypothesis.settings.register_profile(
    "plain", parent=hypothesis.settings.get_profile("repeat"), max_examples=15
)
hypothesis.settings.load_profile("repeat" if COMPILED else "plain")


@pytest.hookimpl(trylast=True)  # of the tests that are left to run
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of processes that share the tests, none is to end with a long file while others wait."""
    if hasattr(config, "workerinput"):
        items[:] = [items[place] for place in longest_first([item.nodeid for item in items])]


@pytest.fixture
def registered() -> Iterator[None]:
    """Families of contracts that a test registers are taken out again."""
    from vpp_gym.contracts import FAMILIES

    before = dict(FAMILIES)
    yield
    FAMILIES.clear()
    FAMILIES.update(before)
