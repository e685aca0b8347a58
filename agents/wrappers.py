"""Features and rewards for the learner: wrappers that only training uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from agents.vec_env import BatchVecEnv
from vpp_gym.arrays import Floats
from vpp_gym.markets.ledger import LEDGER, POSITION
from vpp_gym.observation import ObservationLayout
from vpp_gym.simulation.dataset import Dataset

UNUSED = ("im_residual_now", "da_sold_ahead")
"""Constant by default, and of no matter for the dispatch under one price."""
CONTRACTS = ("contract_left", "contract_waiting", "contract_pay", "contract_min_price")
"""Constant where nothing is offered to owners."""


def feature_map(layout: ObservationLayout, *, contracts: bool) -> Floats:
    """(size, F) linear map from the flat observation to what the networks see.

    Prices ahead become differences from their own mean, and the mean is one more
    feature; what says nothing is left out.

    Args:
        layout: of the observation.
        contracts: V2G contracts may run.
    """
    unused = UNUSED if contracts else (*UNUSED, *CONTRACTS)
    columns = np.eye(layout.size)
    ahead = layout.slices["da_ahead"]
    width = ahead.stop - ahead.start
    columns[ahead, ahead] -= 1.0 / width
    dropped = np.concatenate([np.r_[layout.slices[name]] for name in unused])
    level = np.zeros((layout.size, 1))
    level[ahead] = 1.0 / width
    return np.hstack([np.delete(columns, dropped, axis=1), level])


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
        self._ahead = np.arange(round(hours / self._simulation.dt_h))
        self._level = layout.slices["da_ahead"]
        dataset = self._simulation.dataset
        self._price = dataset.steps["reference_eur_per_kwh"] / 0.1
        self._demand = arriving_demand_kwh(dataset) / layout.scale[layout.slices["envelope"]][0]
        self._end = np.repeat(dataset.first_step[1:], np.diff(dataset.first_step))
        self.size = 2 * len(self._ahead)

    def positions(self) -> NDArray[np.int64]:
        """(B,) steps at which the runs stand."""
        positions: NDArray[np.int64] = self._simulation.state.run["position"].copy()
        return positions

    def shown(self, flat: Any, position: NDArray[np.int64]) -> Floats:
        """(n, size) columns of runs with (n, _) observations at (n,) steps."""
        here = np.minimum(position, len(self._end) - 1)
        at = position[:, None] + self._ahead
        exists = at < self._end[here][:, None]
        at = np.minimum(at, len(self._end) - 1)
        level = flat[:, self._level].mean(axis=1, keepdims=True)
        price = np.where(exists, self._price[at] - level, 0.0)
        demand = np.where(exists, self._demand[at], 0.0)
        return np.hstack([price, demand])


class Features(VecEnvWrapper):
    """Features in place of observations, followed by what only the critic sees.

    Args:
        venv: ends in a `BatchVecEnv`.
        matrix: (size, F) linear map from observations to features.
        foresight: what only the critic sees, if anything.
    """

    def __init__(self, venv: Any, matrix: Floats, foresight: Foresight | None) -> None:
        self.matrix, self.n_public = matrix.astype(np.float32), matrix.shape[1]
        self._map, self._foresight = torch.from_numpy(self.matrix), foresight
        size = self.n_public + (foresight.size if foresight else 0)
        space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
        super().__init__(venv, observation_space=space)

    def reset(self) -> Any:
        """Features of the first observations."""
        return self._shown(self.venv.reset(), self._positions())

    def step_wait(self) -> VecEnvStepReturn:
        """As the environment, with features."""
        after = self._positions() + 1
        observations, rewards, dones, infos = self.venv.step_wait()
        for run in np.flatnonzero(dones):
            last = infos[run]["terminal_observation"][None]
            infos[run]["terminal_observation"] = self._shown(last, after[run : run + 1])[0]
        return self._shown(observations, self._positions()), rewards, dones, infos

    def _positions(self) -> NDArray[np.int64]:
        if self._foresight is None:
            return np.zeros(self.num_envs, dtype=np.int64)
        return self._foresight.positions()

    def _shown(self, flat: Any, position: NDArray[np.int64]) -> NDArray[np.float32]:
        # In torch, which keeps to one thread: NumPy's products would wake all of them.
        public: NDArray[np.float32] = (torch.from_numpy(flat) @ self._map).numpy()
        if self._foresight is None:
            return public
        return np.hstack([public, self._foresight.shown(flat, position)]).astype(np.float32)


def arriving_demand_kwh(dataset: Dataset) -> Floats:
    """(T,) energy that the EVs arriving in each step lack, in the battery."""
    missing = np.maximum(dataset.sessions["target_kwh"] - dataset.sessions["arrival_kwh"], 0.0)
    total = np.concatenate([[0.0], np.cumsum(missing)])
    return total[dataset.first_session[1:]] - total[dataset.first_session[:-1]]


PAID_AS_BOOKED = tuple(
    name
    for name in LEDGER.split_without(POSITION.name)
    if name not in ("load_value_eur", "retail_eur")
)
"""Payoffs, penalties and all other money that is neither bids, load nor revenue."""


class LoadReward(VecEnvWrapper):
    """Rewards only what the dispatch changes.

    The net load at the reference price above a constant level, payoffs, and
    what missing energy costs: the penalty, the lost revenue, and the level. Other money
    of the ledger counts as it is booked.
    Day-ahead commitments are not part of it.

    Args:
        venv: ends in a `BatchVecEnv`.
        base: that environment.
        price_level_eur_per_kwh: see `agents.config.WrapperSettings`.
    """

    def __init__(self, venv: Any, base: BatchVecEnv, price_level_eur_per_kwh: float) -> None:
        super().__init__(venv)
        params = base.batch.core.params
        self._base, self._level = base, price_level_eur_per_kwh
        self._lost_eur_per_kwh = (
            params.driver.retail_eur_per_kwh + price_level_eur_per_kwh
        ) / params.site.charge_eff

    def reset(self) -> Any:
        """As the environment."""
        return self.venv.reset()

    def step_wait(self) -> VecEnvStepReturn:
        """As the environment, with another reward."""
        observations, _, dones, infos = self.venv.step_wait()
        return observations, self._reward_eur(self._base.terms), dones, infos

    def _reward_eur(self, terms: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        load_kwh = terms["charge_kwh"] - terms["discharge_kwh"]
        reward = terms["load_value_eur"] + self._level * load_kwh
        reward += sum(terms[name] for name in PAID_AS_BOOKED)
        reward -= self._lost_eur_per_kwh * terms["unserved_kwh"]
        return reward.astype(np.float32)


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
