"""What planners look up and work out once: compiled code, and the past of a dataset."""

from __future__ import annotations

import copy
import hashlib
import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from vpp_gym import kernels
from vpp_gym.kernels import COMPILED, BoundCalls
from vpp_gym.planning import planner as module
from vpp_gym.planning.per_dataset import PerDataset
from vpp_gym.scenarios.synthetic import SyntheticSource

YEARS = SyntheticSource("validation", 3, days=4)
CORRECTED = {"control": "price", "episode_days": 1}
GAINS = {"reward": "planner_gain", "columns": ("forecast", "margins"), "episode_days": 1}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "stay": ("VPPStay-v0", {}),
    "price": ("VPPDispatch-v0", CORRECTED),
    "gain": ("VPPDayAhead-v0", GAINS),
    "day": ("VPPBidding-v0", {"episode_days": 2}),
}


def digest(case: str, steps: int, copied_at: int | None = None) -> str:
    """Of all that a run under random actions returns, through several years."""
    env_id, settings = CASES[case]
    env: Any = gym.make(env_id, scenario=YEARS, **settings)
    rng, content = np.random.default_rng(4), hashlib.sha256()
    content.update(env.reset(seed=2)[0].tobytes())
    for step in range(steps):
        if step == copied_at:
            env = pickle.loads(pickle.dumps(env))
        action = rng.uniform(-1, 1, env.action_space.shape).astype(np.float32)
        seen, reward, terminated, truncated, _ = env.step(action)
        content.update(seen.tobytes() + np.float64(reward).tobytes())
        if terminated or truncated:
            content.update(env.reset()[0].tobytes())
    return content.hexdigest()


STEPS = {"stay": 150, "price": 220, "gain": 120, "day": 6}


def without_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels are called through their look-up of types, and the past is worked out anew."""

    def call(self: BoundCalls, kernel: Any, same: tuple[Any, ...], *others: Any) -> Any:
        return kernel(*same, *others)

    monkeypatch.setattr(BoundCalls, "__call__", call)
    monkeypatch.setattr(BoundCalls, "code", lambda self, kernel, *args: kernel)
    monkeypatch.setattr(PerDataset, "of", lambda self, dataset: self._make(dataset))


@pytest.mark.parametrize("case", CASES)
def test_what_is_kept_changes_no_bit(case, monkeypatch):
    kept, again = digest(case, STEPS[case]), digest(case, STEPS[case], STEPS[case] // 2)
    without_keeping(monkeypatch)
    assert kept == again == digest(case, STEPS[case])


@pytest.mark.parametrize("case", CASES)
def test_other_scenarios_need_no_other_look_up(case, monkeypatch):
    asked, real = [], kernels.bind

    def counted(kernel: Any, *args: Any) -> Any:
        asked.append(kernel)
        return real(kernel, *args)

    monkeypatch.setattr(kernels, "bind", counted)
    digest(case, STEPS[case])
    assert asked
    assert len(set(asked)) == len(asked)


def test_the_past_of_a_dataset_is_worked_out_once(monkeypatch):
    made, real = [], module.past_of

    def counted(dataset: Any) -> Any:
        made.append(dataset)
        return real(dataset)

    monkeypatch.setattr(module, "past_of", counted)
    digest("stay", 400)
    assert len(made) == YEARS.n_scenarios


def test_copies_share_nothing_that_is_kept():
    env = gym.make("VPPStay-v0", scenario=YEARS)
    env.reset(seed=1)
    own = env.unwrapped.core._forecast
    twin = copy.deepcopy(env).unwrapped.core._forecast
    assert own.pasts._made
    assert own._call._codes
    assert not twin.pasts._made
    assert not twin._call._codes


def total(first: Any, second: Any, result: Any) -> None:
    result[0] = first[0] + second[0]


@pytest.mark.skipif(not COMPILED, reason="kernels run as plain Python")
def test_arguments_of_another_kind_get_other_code():
    kernel, call = kernels.njit(total), BoundCalls()
    ones, result = np.ones(1), np.zeros(1)
    for first in (ones, ones.copy(), np.full(1, 3, np.int64), ones):
        for second in (np.full(1, 2.0), np.full(1, 2.0, np.float32), np.full(2, 2)[::2]):
            call(kernel, (first,), second, result)
            assert result[0] == first[0] + second[0]
    assert len(call._codes) == 6
