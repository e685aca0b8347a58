"""Set up before anything is tested: the way hypothesis searches."""

from __future__ import annotations

import hypothesis

# The same examples in every run; `pytest --hypothesis-profile=search` looks for new ones.
hypothesis.settings.register_profile("repeat", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile(
    "search", parent=hypothesis.settings.get_profile("default"), deadline=None, max_examples=2000
)
hypothesis.settings.load_profile("repeat")
