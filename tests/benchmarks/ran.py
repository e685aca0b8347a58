"""Prints which modules run while policies are evaluated, beyond those that count for them.

    NUMBA_DISABLE_JIT=1 python -m tests.benchmarks.ran

Compiled kernels cannot be watched, hence without compilation.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import cache

import numpy as np

from benchmarks.fingerprint import SOURCES
from benchmarks.suites import SUITES, ev
from benchmarks.suites.base import Run, Suite, trained_or_none
from vpp_gym.policies import climatology
from vpp_gym.scenarios.synthetic import SyntheticSource

WATCHED = {
    "embedded": ["charge_on_arrival", "hazard_mpc_price+two_stage", "hindsight", "dual_bound"],
    "hourly": ["stochastic_mpc_price+expected_load"],
    "car_park": ["article"],
    "microgrid": ["adaptive_contracts", "hindsight"],
}
"""Baselines by suite, beside one trained agent of each environment."""


def watched(suite: Suite) -> list[tuple[str, int]]:
    """Name and seed of the policies of a suite that are watched."""
    agents = {agent.env_id: key for key, agent in trained_or_none(suite).items()}
    return [*((name, 0) for name in WATCHED[suite.name]), *agents.values()]


def ran(suite: Suite, name: str, seed: int) -> list[str]:
    """Modules of these packages that ran in two days and are not among the policy's sources."""
    run = Run(suite.name, list(suite.tracks)[-1], name, seed, days=2)
    policy = suite.policy(name, seed)
    scenario, params = suite.scenario(run.track, 0, None), suite.params(run.track)
    files: set[str] = set()
    sys.setprofile(lambda frame, event, argument: files.add(frame.f_code.co_filename))
    try:
        if policy is None and isinstance(suite, ev.EVSuite):
            suite.play(run, None)
        else:
            suite.rows(policy, scenario, params, run.days, seed)
    finally:
        sys.setprofile(None)
    seen = {module for module in SOURCES.modules() if str(SOURCES.path(module)) in files}
    assert len(seen) > 10
    return sorted(seen - set(SOURCES.closure(suite.roots.of(policy))))


@cache
def few_cars(suite: str, data: object = None) -> SyntheticSource:
    """Three days, in place of the years of a suite of EVs."""
    dt_h = ev.WORLDS[suite].dt_h
    return SyntheticSource("test", 1, dt_h=dt_h, days=3, sessions_per_day=4)


def learn_nothing(replace: Callable[[object, str, object], None]) -> None:
    """Let climatology know nothing: without compilation its years of training take long."""
    nothing = climatology.Climatology(np.zeros((12, 96)))
    replace(climatology, "synthetic_climatology", lambda: nothing)


if __name__ == "__main__":
    learn_nothing(setattr)
    ev.source_of = few_cars
    found = {
        f"{suite} {name}": ran(SUITES[suite], name, seed)
        for suite in WATCHED
        for name, seed in watched(SUITES[suite])
    }
    sys.stdout.write(json.dumps(found))
