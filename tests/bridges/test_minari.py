"""Data sets hold what the policies did, and their environments can be made again."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

minari = pytest.importorskip("minari", reason="minari is not installed")

import vpp_gym  # noqa: E402
from vpp_gym.bridges.minari import PlanPlayer, record  # noqa: E402
from vpp_gym.errors import InvalidInputError  # noqa: E402
from vpp_gym.policies.baselines import baseline  # noqa: E402
from vpp_gym.scenarios.synthetic import SyntheticSource  # noqa: E402

FEW = {"episode_days": 2, "scenario": "synthetic:validation"}
KINDS = ("rolling_mpc", "hindsight", "ppo_synthetic", "ppo_synthetic_car_park_equal")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    return tmp_path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KINDS)
def test_a_data_set_is_what_its_environment_gives_again(name):
    record(name, "vpp/test-v0", n_episodes=2, seed=5, arguments=FEW, record_infos=True)
    data = minari.load_dataset("vpp/test-v0")
    assert (data.total_episodes, data.storage.metadata["algorithm_name"]) == (2, vpp_gym_name(name))
    env = data.recover_environment()
    for number, episode in enumerate(data.iterate_episodes()):
        observation, _ = env.reset(seed=5 + number)
        np.testing.assert_array_equal(episode.observations[0], observation)
        for t, action in enumerate(episode.actions):
            observation, reward, _, over, info = env.step(action)
            np.testing.assert_array_equal(episode.observations[t + 1], observation)
            assert reward == episode.rewards[t]
            assert all(episode.infos[term][t + 1] == value for term, value in info.items())
        assert over


def vpp_gym_name(name):
    return name if name.startswith("ppo") else str(baseline(name).name)


@pytest.mark.parametrize("name", ["charge_on_arrival", "rolling_mpc", "hindsight"])
def test_a_plan_earns_in_the_environment_what_it_earns_by_itself(name):
    """Entries of float32 stand for its loads to the last of their seven digits."""
    days = SyntheticSource("validation", n_scenarios=1, days=4).scenario(0)
    env = gym.make(
        "VPPDispatch-v0", scenario=days, control="per_ev", bidder="zero", episode_days=None
    )
    player, total_eur, over = PlanPlayer(baseline(name), env), 0.0, False
    observation, _ = env.reset(seed=0)
    player.begin()
    while not over:
        observation, _, _, over, info = env.step(player.action(observation))
        total_eur += sum(info[term] for term in info if term in env.unwrapped.core.terms[:12])
    rules = env.unwrapped.core.params

    class Same:
        """The same policy without offers and bids of its own."""

        name, privileged = "same", True

        def __init__(self, policy):
            self.policy, self.privileged = policy, policy.privileged

        def reveal(self, *arguments):
            self.policy.reveal(*arguments)

        def predict(self, *arguments):
            decisions, memory = self.policy.predict(*arguments)
            return replace(decisions, bids_kwh=None), memory

    alone = vpp_gym.evaluate(Same(baseline(name)), days, rules, start_step=48)
    assert total_eur == pytest.approx(alone.days["profit_eur"].sum(), abs=0.01)


def test_what_cannot_be_recorded_is_refused():
    with pytest.raises(InvalidInputError, match="at least one"):
        record("rolling_mpc", "vpp/test-v0", n_episodes=0)
    with pytest.raises(InvalidInputError, match="control='per_ev'"):
        record("rolling_mpc", "vpp/test-v0", arguments={"control": "fleet"})
    with pytest.raises(InvalidInputError, match="did you mean rolling_mpc"):
        record("roling_mpc", "vpp/test-v0")
