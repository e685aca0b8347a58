"""A benchmark in miniature: two weeks, three rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import run as run_module
from benchmarks import tasks
from benchmarks.suites import SUITES, base, ev, ev_learning
from vpp_gym.evaluation.metrics import HINDSIGHT, NO_CONTROL
from vpp_gym.params import PLAIN
from vpp_gym.policies.rules import ChargeAtDeadline, ChargeOnArrival
from vpp_gym.scenarios.scenario import Scenario


def named(policy, name, *, privileged=False):
    policy.name, policy.privileged = name, privileged
    return policy


def three_rules():
    """The deadline rule stands in for hindsight: it is enough to have two ends of a scale."""
    rules = [
        ChargeOnArrival(),
        named(ChargeOnArrival(), "twin"),
        named(ChargeAtDeadline(), HINDSIGHT),
    ]
    assert rules[0].name == NO_CONTROL
    return {rule.name: rule for rule in rules}


def toy_world() -> Scenario:
    rng = np.random.default_rng(3)
    hour = np.arange(14 * 24)
    arrival = np.sort(rng.integers(0, len(hour) - 10, 60))
    return Scenario.from_arrays(
        da_eur_per_kwh=0.05 + 0.02 * np.cos(hour * np.pi / 12),
        im_eur_per_kwh=0.05 + 0.03 * np.cos(hour * np.pi / 12),
        sessions={
            "arrival_step": arrival,
            "departure_step": arrival + 9,
            "arrival_soc": rng.uniform(0.4, 0.8, 60),
        },
        name="toy",
    )


def shrink(patch: pytest.MonkeyPatch) -> None:
    """Let the benchmark run on the toy world, the same under two numbers, with three rules."""
    world, suite = toy_world(), SUITES["embedded"]
    patch.setattr(suite, "worlds", 1)
    patch.setattr(suite, "world", replace(suite.world, all_worlds=2, params=PLAIN, high=HINDSIGHT))
    patch.setattr(ev, "baselines", three_rules)
    patch.setattr(ev, "TRACKING", ())
    patch.setattr(ev, "beside", lambda world: {})
    patch.setattr(ev_learning, "learned_planners", lambda left_out: {})
    patch.setattr(base, "trained", lambda env_ids: {})
    patch.setattr(ev, "scenario_of", lambda suite, number=0, data=None: world)
    patch.setattr(tasks, "warm_up", lambda *_: None)


@pytest.fixture
def tiny(monkeypatch, tmp_path) -> Callable[..., Path]:
    """Runs the small benchmark into a folder, which is returned."""
    shrink(monkeypatch)

    def go(**options) -> Path:
        run_module.main(**{"out": tmp_path, "jobs": 0, **options})
        return tmp_path

    return go


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """Folder of a small benchmark that ran once; copy it before changing it."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        run_module.main(out=folder, jobs=0)
    return folder
