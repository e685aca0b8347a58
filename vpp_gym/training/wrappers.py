"""Foresight and rewards for the learner: wrappers that only training uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from vpp_gym.arrays import Floats, Ints
from vpp_gym.markets.ledger import LEDGER, POSITION
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.training.vec_env import BatchVecEnv


class Foresight:
    """Reference prices and arriving demand of future hours, for the critic alone.

    The future does not depend on the actions, so a critic that knows it estimates
    the same gradient with less noise.

    Args:
        core: of an environment of EVs whose steps are those of the simulator.
        hours: how far the critic sees.

    Attributes:
        size: columns that it adds.

    Source: Mao et al. 2019, Variance Reduction for Reinforcement Learning in
    Input-Driven Environments (input-dependent baselines).
    """

    def __init__(self, core: Any, hours: int) -> None:
        self._simulation, layout = core.simulation, core.layout
        self._hour = round(1.0 / self._simulation.dt_h)
        self._ahead = self._hour * np.arange(hours)
        dataset = self._simulation.dataset
        self._price = _summed(dataset.steps["reference_eur_per_kwh"])
        self._demand_kwh = _summed(arriving_demand_kwh(dataset))
        self._end = np.repeat(dataset.first_step[1:], np.diff(dataset.first_step))
        self._level = layout.slices["da_level"].start
        self._level_eur_per_kwh = layout.scale[self._level]
        self._spread_eur_per_kwh = layout.scale[layout.slices["da_ahead"].start]
        self._hourly_kwh = layout.scale[layout.slices["earliest_load"].start]
        self.size = 2 * hours

    def positions(self) -> NDArray[np.int64]:
        """(B,) steps at which the runs stand."""
        positions: NDArray[np.int64] = self._simulation.state.run["position"].copy()
        return positions

    def shown(self, flat: Any, position: NDArray[np.int64]) -> Floats:
        """(n, size) columns of runs with (n, _) observations at (n,) steps.

        Of every hour ahead its mean price, less the level of day-ahead prices, and the energy
        that the cars that arrive in it lack; 0 beyond the scenario.
        """
        end = self._end[np.minimum(position, len(self._end) - 1)][:, None]
        begin = np.minimum(position[:, None] + self._ahead, end)
        until = np.minimum(begin + self._hour, end)
        steps = until - begin
        mean = (self._price[until] - self._price[begin]) / np.maximum(steps, 1)
        level = flat[:, self._level, None] * self._level_eur_per_kwh
        price = np.where(steps > 0, mean - level, 0.0) / self._spread_eur_per_kwh
        demand = (self._demand_kwh[until] - self._demand_kwh[begin]) / self._hourly_kwh
        return np.hstack([price, demand])


class Foreseeing(VecEnvWrapper):
    """Observations, followed by what only the critic sees.

    Args:
        venv: ends in a `BatchVecEnv`.
        foresight: what only the critic sees.
    """

    def __init__(self, venv: Any, foresight: Foresight) -> None:
        self._foresight = foresight
        size = venv.observation_space.shape[0] + foresight.size
        space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
        super().__init__(venv, observation_space=space)

    def reset(self) -> Any:
        """What is seen first."""
        return self._shown(self.venv.reset(), self._foresight.positions())

    def step_wait(self) -> VecEnvStepReturn:
        """As the environment, and more is seen."""
        after = self._foresight.positions() + 1
        observations, rewards, dones, infos = self.venv.step_wait()
        for run in np.flatnonzero(dones):
            last = infos[run]["terminal_observation"][None]
            infos[run]["terminal_observation"] = self._shown(last, after[run : run + 1])[0]
        return self._shown(observations, self._foresight.positions()), rewards, dones, infos

    def _shown(self, flat: Any, position: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.hstack([flat, self._foresight.shown(flat, position)]).astype(np.float32)


class Selected(VecEnvWrapper):
    """Some columns of the observations.

    Args:
        venv: environments.
        columns: (n,) that are shown, in their order.
    """

    def __init__(self, venv: Any, columns: Ints) -> None:
        self._columns = columns
        whole = venv.observation_space
        space = spaces.Box(whole.low[columns], whole.high[columns], dtype=np.float32)
        super().__init__(venv, observation_space=space)

    def reset(self) -> Any:
        """What is seen first."""
        return np.asarray(self.venv.reset())[:, self._columns]

    def step_wait(self) -> VecEnvStepReturn:
        """As the environment, and less is seen."""
        observations, rewards, dones, infos = self.venv.step_wait()
        for run in np.flatnonzero(dones):
            last = infos[run]["terminal_observation"]
            infos[run]["terminal_observation"] = last[self._columns]
        return np.asarray(observations)[:, self._columns], rewards, dones, infos


def _summed(values: Floats) -> Floats:
    """(T + 1,) sums of the (T,) values before each step."""
    return np.concatenate([[0.0], np.cumsum(values)])


def arriving_demand_kwh(dataset: Dataset) -> Floats:
    """(T,) energy that the EVs arriving in each step lack, in the battery."""
    missing = np.maximum(dataset.sessions["target_kwh"] - dataset.sessions["arrival_kwh"], 0.0)
    total = _summed(missing)
    return total[dataset.first_session[1:]] - total[dataset.first_session[:-1]]


class LoadReward(VecEnvWrapper):
    """The environment's reward without what the bids come to.

    What is left pays the net load at the reference price, which is all that the dispatch
    changes: the noise of the committed energy, times the difference of two prices, is gone.

    Args:
        venv: ends in a `BatchVecEnv`.
        base: that environment.
    """

    def __init__(self, venv: Any, base: BatchVecEnv) -> None:
        super().__init__(venv)
        self._base = base

    def reset(self) -> Any:
        """As the environment."""
        return self.venv.reset()

    def step_wait(self) -> VecEnvStepReturn:
        """As the environment, with another reward."""
        observations, rewards, dones, infos = self.venv.step_wait()
        position_eur = LEDGER.part_eur(POSITION.name, self._base.terms)
        return observations, (rewards - position_eur).astype(np.float32), dones, infos


class GainReward(VecEnvWrapper):
    """Rewards the profit above that of the reference action in a copy of the environment.

    The learner has no influence on the copy, so subtracting its profit moves no optimum; but
    weather, loads and prices, which no action can change, cancel out.

    Args:
        venv: ends in a `BatchVecEnv`.
        twin: the same environments once more; all episodes have one length, so that both
            draw the same ones from the same seeds.
        reference: (A,) action of the twin.
    """

    def __init__(self, venv: Any, twin: BatchVecEnv, reference: Floats) -> None:
        super().__init__(venv)
        self._twin, self._reference = twin, np.tile(reference, (twin.num_envs, 1))

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed both twins alike."""
        seeds = self.venv.seed(seed)
        self._twin.seed(seeds[0])
        return seeds

    def reset(self) -> Any:
        """As the environment."""
        self._twin.reset()
        return self.venv.reset()

    def step_wait(self) -> VecEnvStepReturn:
        """As the environment, with another reward."""
        observations, rewards, dones, infos = self.venv.step_wait()
        _, reference, reference_dones, _ = self._twin.step(self._reference)
        assert (dones == reference_dones).all(), "seed before the first reset"
        return observations, rewards - reference, dones, infos


class ScaledReward(VecEnvWrapper):
    """Multiplies the environment's reward.

    Args:
        venv: environments.
        scale: factor on the reward.
    """

    def __init__(self, venv: Any, scale: float) -> None:
        super().__init__(venv)
        self._scale = scale

    def reset(self) -> Any:
        """As the environment."""
        return self.venv.reset()

    def step_wait(self) -> VecEnvStepReturn:
        """As the environment, with another reward."""
        observations, rewards, dones, infos = self.venv.step_wait()
        return observations, rewards * np.float32(self._scale), dones, infos


class ActionCost(VecEnvWrapper):
    """Lets actions cost something, by their squares.

    Args:
        venv: environments, in which action 0 is the default.
        cost_eur: of a step with one entry of the action at 1 or -1.
    """

    def __init__(self, venv: Any, cost_eur: float) -> None:
        super().__init__(venv)
        self._cost_eur = cost_eur
        self._actions: Floats = np.zeros((venv.num_envs, *venv.action_space.shape))

    def reset(self) -> Any:
        """As the environment."""
        return self.venv.reset()

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep what is charged for."""
        self._actions = actions
        self.venv.step_async(actions)

    def step_wait(self) -> VecEnvStepReturn:
        """As the environment, with another reward."""
        observations, rewards, dones, infos = self.venv.step_wait()
        costs_eur = self._cost_eur * np.square(self._actions).sum(axis=1)
        return observations, (rewards - costs_eur).astype(np.float32), dones, infos
