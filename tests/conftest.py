"""Set up before anything is tested: the way hypothesis searches, and fixtures of all tests."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

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


@pytest.fixture
def registered() -> Iterator[None]:
    """Families of contracts that a test registers are taken out again."""
    from vpp_gym.contracts import FAMILIES

    before = dict(FAMILIES)
    yield
    FAMILIES.clear()
    FAMILIES.update(before)
