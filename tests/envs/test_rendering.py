"""Pictures of the day, and what happens without a screen."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.envs.test_api import WORLD, busy_world
from vpp_gym.envs.day_ahead import VPPDayAheadEnv, VPPDayAheadVectorEnv
from vpp_gym.errors import InvalidInputError


def test_a_picture_changes_with_each_step_and_is_the_callers_own():
    env = VPPDayAheadEnv(WORLD, episode_days=1, render_mode="rgb_array")
    env.reset(seed=0)
    pictures = [env.render()]
    for _ in range(3):
        env.step(np.full(env.action_space.shape, 0.5))
        pictures.append(env.render())
    for before, after in pairwise(pictures):
        assert before.shape == after.shape
        assert before.dtype == np.uint8
        assert (before != after).any()
    np.testing.assert_array_equal(env.render(), pictures[-1])


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
@pytest.mark.parametrize("start", ["2019-03-30", "2019-10-26"])
def test_what_is_drawn_is_what_was_booked(dt_h, start):
    """Over the clock changes, and from noon to the end."""
    from vpp_gym.scenarios.scenario import Scenario

    base = busy_world(round(96 / dt_h), dt_h=dt_h)
    world = Scenario.from_arrays(
        da_eur_per_kwh=base.da_eur_per_kwh,
        im_short_eur_per_kwh=base.im_short_eur_per_kwh,
        im_long_eur_per_kwh=base.im_long_eur_per_kwh,
        sessions=base.sessions,
        dt_h=dt_h,
        start=start,
        timezone="Europe/Amsterdam",
    )
    env = VPPDayAheadEnv(world, reward="profit", episode_days=None, render_mode="rgb_array")
    env.reset(seed=0)
    env.action_space.seed(0)
    over, step = False, round(12 / dt_h)
    rewards = np.full(world.n_steps, np.nan)
    loads = np.full(world.n_steps, np.nan)
    while not over:
        _, rewards[step], _, over, info = env.step(env.action_space.sample())
        loads[step] = info["charge_kwh"] - info["discharge_kwh"]
        today = np.flatnonzero(world.day == world.day[step])
        view = env._recorder.view()
        assert view.start == world.clock[step].astype("datetime64[D]")
        assert view.now == step + 1 - today[0]
        if step < today[-1]:
            assert view.heading.endswith(f"  {str(world.clock[step + 1])[11:16]}")
        np.testing.assert_array_equal(view.da_eur_per_kwh, world.da_eur_per_kwh[today])
        np.testing.assert_allclose(view.net_load_kwh, loads[today], atol=1e-9)
        np.testing.assert_allclose(view.profit_eur[: view.now], _running(rewards[today], view.now))
        assert np.isnan(view.im_short_eur_per_kwh[view.now :]).all()
        step += 1
    assert step == world.n_steps


def _running(rewards: np.ndarray, now: int) -> np.ndarray:
    """The sum since the first step that was played; before it there is nothing to sum."""
    return rewards[:now].cumsum()


def test_without_a_render_mode_there_is_a_warning_and_no_picture():
    env = VPPDayAheadEnv(WORLD, episode_days=1)
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="rgb_array"):
        assert env.render() is None


def test_without_a_screen_there_is_one_warning_with_the_remedy_and_no_window():
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    env = VPPDayAheadEnv(WORLD, episode_days=1, render_mode="human")
    with pytest.warns(UserWarning, match="nothing is shown.*rgb_array"):
        env.reset(seed=0)
    env.step(
        np.zeros(env.action_space.shape)
    )  # without another warning, which would be an error here
    assert env.render() is None
    env.close()


def test_a_batch_draws_nothing_and_says_so():
    with pytest.raises(InvalidInputError, match="one scalar environment"):
        VPPDayAheadVectorEnv(2, scenario=WORLD, render_mode="rgb_array")


def test_closing_twice_does_no_harm():
    env = VPPDayAheadEnv(WORLD, episode_days=1, render_mode="rgb_array")
    env.reset(seed=0)
    env.close()
    env.close()
    assert env.render().shape == (720, 960, 3)
