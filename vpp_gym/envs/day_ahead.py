"""`VPPDayAhead-v0`: bid into the day-ahead market and dispatch the fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from vpp_gym.envs.core import DayAheadCore, checked_settings
from vpp_gym.envs.recorder import DayRecorder
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.params import VPPParams, as_params
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.named import as_source

RENDER_MODES = ("rgb_array", "human")
N_MONEY = len(MONEY)
FIRST = np.zeros(1, dtype=np.int64)


def _build_core(
    scenario: Any,
    params: Any,
    dt_h: float | None,
    guarantee: bool | None,
    n_envs: int,
    settings: dict[str, Any],
    threads: int = 1,
) -> DayAheadCore:
    world = as_params(params)
    if guarantee is not None:
        world = world.replace(guarantee=guarantee)
    if dt_h is None:
        first = scenario[0] if isinstance(scenario, (list, tuple)) and scenario else scenario
        dt_h = getattr(first, "dt_h", 1.0)
    source = as_source(scenario, dt_h)
    chosen = checked_settings(**settings)
    return DayAheadCore(source, world, chosen, n_envs, preload=n_envs > 1, threads=threads)


class VPPDayAheadEnv(gym.Env[Any, Any]):
    """Bid the fleet's energy day-ahead, and decide every step what it takes or gives.

    ## Description
    A virtual power plant of privately owned EVs offers arriving drivers the
    exact fixed-term V2G menu, submits at 12:00 a bid sheet for all of tomorrow,
    and dispatches the fleet; the rest is settled in the imbalance market.

    ## Action Space
    `Box(-1, 1)`. First the dispatch: with `control="fleet"` one number, the
    position between the least and the largest net load of the fleet in this
    step; with `control="per_ev"` one per charger between that EV's limits. Then
    the bids: with `bids="sheet"` one entry per line of tomorrow's sheet, read at
    gate closure only; with `bids="line"` one entry a step, which fills the sheet
    line by line from the step after one gate to the next; none with
    `bids="expected_load"`. An entry of 0 buys the expected load, +1 sells
    `bid_scale` times the bid limit more, -1 buys as much more. The load is
    expected to be what it was in the episode so far: nothing, at the first gate.

    ## Observation Space
    Float32 `Box`, or a `Dict` of named parts in their units with
    `observation="dict"`. The parts are those of
    `vpp_gym.envs.observation.FLEET_FIELDS`, and `CHARGER_FIELDS` for
    `control="per_ev"`.

    ## Rewards
    Profit of the step in EUR: day-ahead and imbalance income, retail revenue and
    payoffs of the EVs that departed, and the penalty for what they were short.
    `info` holds every term of `vpp_gym.markets.ledger.TERMS`.

    ## Starting State
    An empty lot at gate closure (12:00), with the EVs that arrive in that step.
    `reset(seed, options)` draws scenario and day; options `scenario`,
    `start_day` and `episode_days` set them.

    ## Episode End
    Truncated after `episode_days`; never terminated. EVs still connected then
    are not settled.

    ## Arguments
    scenario: a `Scenario`, a sequence of them, a source, or a name: "synthetic"
        (default), "synthetic:validation", "synthetic:test", "real:train",
        "real:test" (from the folder that VPP_GYM_DATA names).
    params: a `VPPParams`, a mapping of changes to the default, or a preset's name.
    control, bids, bid_scale, observation, episode_days: see
        `vpp_gym.envs.core.DayAheadSettings`.
    dt_h: hours per step of a named source, 1.0 (default) or 0.25.
    guarantee: True keeps every target within reach; None leaves it to `params`.
    render_mode: "rgb_array" or "human" draws the day.

    Raises:
        InvalidInputError: naming the argument, its value and the remedy.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 6}

    def __init__(
        self,
        scenario: Any = None,
        params: VPPParams | Mapping[str, Any] | str | None = None,
        *,
        control: str = "fleet",
        bids: str = "sheet",
        bid_scale: float = 0.1,
        observation: str = "flat",
        episode_days: int | None = 7,
        dt_h: float | None = None,
        guarantee: bool | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = {
            "control": control,
            "bids": bids,
            "bid_scale": bid_scale,
            "observation": observation,
            "episode_days": episode_days,
        }
        self.core = _build_core(scenario, params, dt_h, guarantee, 1, settings)
        self.action_space = self.core.action_space
        self.observation_space = self.core.observation_space
        if render_mode not in (None, *RENDER_MODES):
            raise InvalidInputError("render_mode", render_mode, f"use one of {RENDER_MODES}")
        self.render_mode = render_mode
        self._recorder = None if render_mode is None else DayRecorder(self.core.simulation)
        self._placed = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin a new episode; see the class docstring for the options."""
        super().reset(seed=seed)
        self.core.place(FIRST, [self.np_random], options)
        self._placed = True
        if self._recorder is not None:
            self._recorder.restart()
            self._show()
        return self._first(self.core.observe()), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Dispatch, settle and go on to the next step."""
        if not self._placed or self.core.over:
            raise gym.error.ResetNeeded("the episode has not begun or is over: call reset()")
        records, observations = self.core.step(action, alone=True)
        record = records[0]
        if self._recorder is not None:
            self._recorder.add(record)
            self._show()
        info = dict(zip(TERMS, record.tolist(), strict=True))
        reward = float(record[:N_MONEY].sum())
        return self._first(observations), reward, False, self.core.over, info

    def render(self) -> NDArray[np.uint8] | None:
        """The current day as an image, or in a window."""
        if self._recorder is None:
            gym.logger.warn("render() draws only with render_mode='rgb_array' or 'human'")
            return None
        if not self._placed:
            raise gym.error.ResetNeeded("there is no day to draw yet: call reset()")
        return self._recorder.image() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Close the window."""
        if self._recorder is not None:
            self._recorder.close()

    def _show(self) -> None:
        if self.render_mode == "human" and self._recorder is not None:
            self._recorder.show()

    @staticmethod
    def _first(batch: Any) -> Any:
        if isinstance(batch, dict):
            return {name: part[0] for name, part in batch.items()}
        return batch[0]


class VPPDayAheadVectorEnv(VectorEnv[Any, Any, Any]):
    """A batch of `VPPDayAhead-v0`, stepped by one kernel call.

    Run i, seeded with seed + i, equals the scalar environment with that seed,
    bit for bit. Arguments are those of `VPPDayAheadEnv`, and:

    Args:
        num_envs: number of environments.
        autoreset_mode: any of Gymnasium's three, by value or member.
        threads: that share the batch. More than one pays on idle cores and from
            some hundred environments on; the result is the same, bit for bit.
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(
        self,
        num_envs: int = 1,
        scenario: Any = None,
        params: VPPParams | Mapping[str, Any] | str | None = None,
        *,
        control: str = "fleet",
        bids: str = "sheet",
        bid_scale: float = 0.1,
        observation: str = "flat",
        episode_days: int | None = 7,
        dt_h: float | None = None,
        guarantee: bool | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        threads: int = 1,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None:
            raise InvalidInputError(
                "render_mode", render_mode, "a batch draws nothing: render one scalar environment"
            )
        num_envs = whole("num_envs", num_envs, least=1)
        settings = {
            "control": control,
            "bids": bids,
            "bid_scale": bid_scale,
            "observation": observation,
            "episode_days": episode_days,
        }
        self.core = _build_core(scenario, params, dt_h, guarantee, num_envs, settings, threads)
        self.num_envs = num_envs
        self.autoreset_mode = _autoreset_mode(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self.autoreset_mode}
        self.single_action_space = self.core.action_space
        self.single_observation_space = self.core.observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._generators = [seeding.np_random()[0] for _ in range(num_envs)]
        self._ended = np.zeros(num_envs, dtype=np.bool_)
        self._everyone = np.ones(num_envs, dtype=np.bool_)
        self._placed = np.zeros(num_envs, dtype=np.bool_)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begin new episodes: all, or those of `options["reset_mask"]`."""
        if not isinstance(options, dict | None):
            raise InvalidInputError("options", options, "give a dict, or None")
        chosen = dict(options or {})
        mask = self._mask(chosen.pop("reset_mask", None))
        for run, one in enumerate(self._seeds(seed)):
            if one is not None and mask[run]:
                self._generators[run] = seeding.np_random(one)[0]
        self._place(np.flatnonzero(mask), chosen)
        self._placed |= mask
        return self.core.observe(), {}

    def step(
        self, actions: Any
    ) -> tuple[Any, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Advance every environment; ended ones are reset as `autoreset_mode` says.

        The terms in the info are those of the step also where it ended an episode,
        and then again in `final_info`.
        """
        if not self._placed.all():
            raise gym.error.ResetNeeded("some episodes have not begun: call reset()")
        ended_before = self._ended
        if self.autoreset_mode is AutoresetMode.DISABLED and ended_before.any():
            raise gym.error.ResetNeeded(
                "an episode is over: call reset(options={'reset_mask': mask})"
            )
        record, observations = self.core.step(actions)
        placed = bool(ended_before.any())
        if placed:
            self._place(np.flatnonzero(ended_before), {})
        truncated = self.core.simulation.done & ~ended_before
        self._ended = truncated.copy()
        info = self._info(record, ~ended_before)
        if self.autoreset_mode is AutoresetMode.SAME_STEP and truncated.any():
            info.update(self._final(observations, truncated, record))
            self._place(np.flatnonzero(truncated), {})
            placed = True
        if placed:
            observations = self.core.observe()
        rewards = record[:, :N_MONEY].sum(axis=1)
        return observations, rewards, np.zeros_like(truncated), truncated, info

    def _place(self, runs: NDArray[np.int64], options: dict[str, Any]) -> None:
        self.core.place(runs, [self._generators[run] for run in runs], options)
        self._ended = self._ended.copy()
        self._ended[runs] = False

    def _info(self, record: NDArray[np.float64], moved: NDArray[np.bool_]) -> dict[str, Any]:
        info: dict[str, Any] = {}
        for column, name in enumerate(TERMS):
            info[name] = record[:, column]
            info[f"_{name}"] = moved
        return info

    def _final(
        self, last: Any, truncated: NDArray[np.bool_], record: NDArray[np.float64]
    ) -> dict[str, Any]:
        final_obs = np.full(self.num_envs, None, dtype=object)
        for run in np.flatnonzero(truncated):
            final_obs[run] = (
                {name: part[run] for name, part in last.items()}
                if isinstance(last, dict)
                else last[run]
            )
        final_info = self._info(np.where(truncated[:, None], record, 0.0), truncated)
        return {
            "final_obs": final_obs,
            "_final_obs": truncated,
            "final_info": final_info,
            "_final_info": truncated,
        }

    def _mask(self, mask: Any) -> NDArray[np.bool_]:
        if mask is None:
            return self._everyone
        array = np.asarray(mask)
        if array.dtype != np.bool_ or array.shape != (self.num_envs,) or not array.any():
            raise InvalidInputError(
                "options.reset_mask", mask, f"give {self.num_envs} booleans, one of them True"
            )
        return array

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if not isinstance(seed, Sequence | np.ndarray):
            first = whole("seed", seed, least=0)
            return [first + run for run in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise InvalidInputError("seed", seed, f"give one number or {self.num_envs}")
        return [None if one is None else whole("seed", one, least=0) for one in seed]


def _autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError as error:
        names = [known.value for known in AutoresetMode]
        raise InvalidInputError("autoreset_mode", mode, f"use one of {names}") from error
