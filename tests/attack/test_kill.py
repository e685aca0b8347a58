"""Writers that are killed or find a full disk: the old file or the new one, whole."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attack.kill_writers import WRITERS
from tests.attack.sizes import VOLUME
from tests.attack.test_files import report_of

OF_AGENTS = ("policy", "checkpoint")
NAMES = [one.name for one in WRITERS]


@pytest.fixture(scope="module")
def killed() -> dict[str, Any]:
    return report_of("kill_writers", VOLUME, *(one for one in NAMES if one not in OF_AGENTS))


@pytest.fixture(scope="module")
def killed_agents() -> dict[str, Any]:
    pytest.importorskip("stable_baselines3")
    return report_of("kill_writers", VOLUME, *OF_AGENTS)


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_writer_leaves_a_whole_file(name: str, request: pytest.FixtureRequest) -> None:
    fixture = "killed_agents" if name in OF_AGENTS else "killed"
    report = request.getfixturevalue(fixture)[name]
    assert not report["failures"], "\n".join(report["failures"])
    assert report["deaths"] >= 6
    assert report["refusals"] >= 3
