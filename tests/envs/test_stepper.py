"""The compiled step of a batch: looked up once for arrays of the same kinds."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from vpp_gym import kernels
from vpp_gym.envs.step_kernel import step_batch
from vpp_gym.kernels import COMPILED, kinds
from vpp_gym.scenarios.synthetic import SyntheticSource

YEARS = SyntheticSource("validation", 3, dt_h=1.0, days=4)


def made():
    return gym.make("VPPDispatch-v0", scenario=YEARS, dt_h=1.0, episode_days=1)


def rewards_of(env, episodes: int) -> list[float]:
    rng, found = np.random.default_rng(5), []
    for episode in range(episodes):
        env.reset(seed=episode)
        over = False
        while not over:
            _, reward, _, over, _ = env.step(rng.uniform(-1, 1, 1).astype(np.float32))
            found.append(reward)
    return found


def test_other_scenarios_need_no_other_look_up(monkeypatch):
    asked, real = [], kernels.bind

    def counted(kernel, *arguments):
        asked.append(kernel)
        return real(kernel, *arguments)

    monkeypatch.setattr(kernels, "bind", counted)
    env = made()
    known = rewards_of(env, 9)
    core = env.unwrapped.core
    assert len(core.simulation._loaded) > 1  # more than one scenario was drawn
    assert asked.count(step_batch) == 1
    assert known == rewards_of(made(), 9)


@pytest.mark.skipif(not COMPILED, reason="kernels run as plain Python")
def test_what_compiled_code_depends_on_tells_kinds_apart():
    table = np.zeros((3, 4))
    found = {
        kinds((one,))
        for one in (
            table,
            table.astype(np.float32),
            table[0],
            np.asfortranarray(table),
            table[:, ::2],
            1,
            1.0,
            True,
            (1,),
        )
    }
    assert len(found) == 9
    assert kinds((table, 1)) == kinds((table + 1.0, 2))
