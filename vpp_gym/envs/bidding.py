"""`VPPBidding-v0`: bid into the day-ahead market; a scheduler dispatches."""

from __future__ import annotations

import numpy as np
from gymnasium.vector import AutoresetMode

from vpp_gym.arrays import Floats, Ints
from vpp_gym.env import Env, VectorEnv, names_its_keywords
from vpp_gym.envs.core import Params, Scenarios, world_of
from vpp_gym.envs.daily import DailyCore
from vpp_gym.envs.policy_pool import Maker, SchedulerLike, scheduler_maker
from vpp_gym.envs.settings import BiddingSettings, Reward
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.settings import ObservationForm, checked


class BiddingCore(DailyCore):
    """A batch of episodes of the bidding problem."""

    settings_kind = BiddingSettings
    title = "VPPBidding-v0"
    settings: BiddingSettings

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams,
        settings: BiddingSettings,
        n_envs: int = 1,
        threads: int = 1,
    ) -> None:
        super().__init__(source, params, settings, n_envs, threads)
        self.action_shape = (self.simulation.slots,)

    def _policy_maker(self) -> Maker:
        return scheduler_maker(self.settings.scheduler)

    def _decide(self, numbers: Floats, runs: Ints) -> Floats:
        """(B, S) kWh: the expected load bought, moved by the action, within the bid limit."""
        simulation = self.simulation
        least_kwh, most_kwh = map(simulation.on_slots, simulation.bids_allowed_kwh)
        moved_kwh = numbers * self.settings.bid_scale * (most_kwh - least_kwh)
        wanted_kwh = moved_kwh - simulation.on_slots(simulation.state.expected_load_kwh)
        return np.clip(wanted_kwh, least_kwh, most_kwh)


class VPPBiddingEnv(Env):
    """Bid the fleet's energy day-ahead, once a day; a scheduler dispatches.

    ## Description
    One step is a day, from one gate closure (12:00) to the next. The agent submits the
    bid schedule of tomorrow; a scheduler dispatches each EV in every step, under the
    contracts that `params` offers. The difference is settled in the imbalance market.
    The schedulers "rolling_mpc", "hazard_mpc", "learned_mpc", "no_v2g" and "algorithm_1" plan in
    compiled code, without a site: the same numbers, bit for bit.

    ## Action Space
    `Box(-1, 1)`, one entry per period of tomorrow's schedule (96, or 24 with steps of
    an hour; in worlds with a time zone whose clock is put back four or one more, for the
    hour that it shows again), with the meaning of `VPPDayAhead-v0`: 0 buys the expected load,
    +1 sells on top of it `bid_scale` times the range of bids that are allowed, -1 buys as much.
    On the first day of an episode the expected load and the range are zero.

    ## Observation Space
    Float32 `Box`, or a `Dict` of named parts in their units with
    `observation="dict"`: `vpp_gym.envs.fields.FLEET_FIELDS` at the gate, and
    `vpp_gym.envs.day_fields.DAY_FIELDS`.

    ## Rewards
    EUR from this gate to the next, "spread" by default as in `VPPDayAhead-v0`. `info` holds
    every term of `vpp_gym.markets.ledger.TERMS`, summed over these hours. Of a schedule, the
    periods until noon are settled within the step that submits it, those from noon on within
    the next one; the afternoon of the last schedule lies behind the end of the episode.

    ## Starting State
    An empty lot at gate closure, with the EVs that arrive in that step, and the
    scheduler new. Options of `reset` as in `VPPDayAhead-v0`.

    ## Episode End
    Truncated after `episode_days` steps; never terminated. With
    `episode_days=None` the last step ends with the scenario. EVs that are still connected
    are settled as in `VPPDayAhead-v0`.

    ## Arguments
    scenario, params, dt_h, guarantee: as in `VPPDayAhead-v0`.
    bid_scale, scheduler, observation, reward, episode_days: see
        `vpp_gym.envs.settings.BiddingSettings`.
    render_mode: "rgb_array" or "human" draws the last day that is over.

    ## Version History
    - v0: first version, released with vpp_gym 0.1.0.

    Raises:
        InvalidInputError: naming the argument, its value and the remedy.
    """

    core_kind = BiddingCore
    core: BiddingCore

    @names_its_keywords
    def __init__(
        self,
        scenario: Scenarios | None = None,
        params: Params | None = None,
        *,
        bid_scale: float = 0.1,
        scheduler: SchedulerLike = "rolling_mpc",
        observation: ObservationForm = "flat",
        reward: Reward = "spread",
        episode_days: int | None = 7,
        dt_h: float | None = None,
        guarantee: bool | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            BiddingSettings,
            bid_scale=bid_scale,
            scheduler=scheduler,
            observation=observation,
            reward=reward,
            episode_days=episode_days,
        )
        world = world_of(scenario, params, dt_h, guarantee)
        super().__init__(BiddingCore(*world, settings), render_mode)


class VPPBiddingVectorEnv(VectorEnv):
    """A batch of `VPPBidding-v0`; see `vpp_gym.env.VectorEnv`.

    `threads`, 1 by default, share the batch where the scheduler has a compiled planner:
    "rolling_mpc", "hazard_mpc" and "learned_mpc" have one. Results do not depend on them.
    """

    core_kind = BiddingCore
    core: BiddingCore

    @names_its_keywords
    def __init__(
        self,
        num_envs: int = 1,
        scenario: Scenarios | None = None,
        params: Params | None = None,
        *,
        bid_scale: float = 0.1,
        scheduler: SchedulerLike = "rolling_mpc",
        observation: ObservationForm = "flat",
        reward: Reward = "spread",
        episode_days: int | None = 7,
        dt_h: float | None = None,
        guarantee: bool | None = None,
        threads: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            BiddingSettings,
            bid_scale=bid_scale,
            scheduler=scheduler,
            observation=observation,
            reward=reward,
            episode_days=episode_days,
        )
        world = world_of(scenario, params, dt_h, guarantee)
        core = BiddingCore(*world, settings, num_envs, threads)
        super().__init__(core, autoreset_mode, max_episode_steps, render_mode)
