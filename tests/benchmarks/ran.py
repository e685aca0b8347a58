"""Prints which modules run while policies are evaluated, beyond those that count for them.

    NUMBA_DISABLE_JIT=1 python -m tests.benchmarks.ran

Compiled kernels cannot be watched, hence without compilation.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.fingerprint import SOURCES
from benchmarks.suites import SUITES
from vpp_gym.scenarios.synthetic import SyntheticSource

WATCHED = {
    "hourly": ["charge_on_arrival", "rolling_mpc+two_stage", "hindsight", "ppo_synthetic"],
    "car_park": ["article", "ppo_synthetic_car_park_random"],
    "microgrid": ["adaptive_contracts", "hindsight", "ppo_synthetic_microgrid_volumes_rewards"],
}


def ran(suite: str, name: str) -> list[str]:
    """Modules of these packages that ran in two days and are not among the policy's sources."""
    one = SUITES[suite]
    track = list(one.tracks)[-1]
    params, policy = one.params(track), one.policy(name, 0)
    scenario: Any = (
        SyntheticSource("test", 1, days=3).scenario(0)
        if suite == "hourly"
        else one.scenario(track, 0, None)
    )
    files: set[str] = set()
    sys.setprofile(lambda frame, event, argument: files.add(frame.f_code.co_filename))
    try:
        one.rows(policy, scenario, params, 2, 0)
    finally:
        sys.setprofile(None)
    seen = {module for module in SOURCES.modules() if str(SOURCES.path(module)) in files}
    assert len(seen) > 10
    return sorted(seen - set(SOURCES.closure(one.roots.of(policy))))


if __name__ == "__main__":
    found = {f"{suite} {name}": ran(suite, name) for suite in WATCHED for name in WATCHED[suite]}
    sys.stdout.write(json.dumps(found))
