"""`VPPBidding-v0`: bid into the day-ahead market; a scheduler dispatches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.envs.daily import DailyCore
from vpp_gym.envs.policy_pool import Maker, scheduler_maker
from vpp_gym.envs.scalar import ScalarEnv
from vpp_gym.envs.settings import BiddingSettings
from vpp_gym.envs.vector import BatchEnv
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.source import ScenarioSource


class BiddingCore(DailyCore):
    """A batch of episodes of the bidding problem."""

    settings_kind = BiddingSettings
    settings: BiddingSettings

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams | Mapping[str, Any] | str | None,
        settings: BiddingSettings,
        n_envs: int = 1,
        preload: bool = False,
    ) -> None:
        super().__init__(source, params, settings, n_envs, preload)
        self.action_shape = (self.simulation.periods,)

    def _delegate_maker(self) -> Maker:
        return scheduler_maker(self.settings.scheduler)

    def _decide(self, numbers: Floats, runs: Ints) -> Floats:
        """(B, L) kWh: the expected load bought, moved by the action, within the bid limit."""
        limit_kwh = self.simulation.bid_limit_kwh
        moved_kwh = numbers * (self.settings.bid_scale * limit_kwh)
        wanted_kwh = moved_kwh - self.simulation.state.expected_load_kwh
        return np.clip(wanted_kwh, -limit_kwh, limit_kwh)


class VPPBiddingEnv(ScalarEnv):
    """Bid the fleet's energy day-ahead, once a day; a scheduler dispatches.

    ## Description
    One step is a day, from one gate closure (12:00) to the next. The agent submits
    the bid schedule for all of tomorrow; a scheduler decides every hour what each EV
    takes or gives, under the contracts that the world offers. The rest is settled
    in the imbalance market.

    ## Action Space
    `Box(-1, 1)`, one entry per period of tomorrow's schedule (24, or 96 with steps of
    0.25 h), with the meaning of `VPPDayAhead-v0`: 0 buys the expected load, +1
    sells `bid_scale` times the bid limit more, -1 buys as much more. The load is
    expected to be what it was in the episode so far: nothing, at the first gate.

    ## Observation Space
    Float32 `Box`, or a `Dict` of named parts in their units with
    `observation="dict"`: `vpp_gym.envs.fields.FLEET_FIELDS` at the gate, and
    `vpp_gym.envs.day_fields.DAY_FIELDS`.

    ## Rewards
    Profit in EUR from this gate to the next. `info` holds every term of
    `vpp_gym.markets.ledger.TERMS`, summed over these hours. The schedule of the last
    gate of an episode is for a day that the episode does not deliver.

    ## Starting State
    An empty lot at gate closure, with the EVs that arrive in that step, and the
    scheduler new. Options of `reset` as in `VPPDayAhead-v0`.

    ## Episode End
    Truncated after `episode_days` steps; never terminated. With
    `episode_days=None` the last step ends with the scenario.

    ## Arguments
    scenario, params, dt_h, guarantee: as in `VPPDayAhead-v0`.
    bid_scale, scheduler, observation, episode_days: see
        `vpp_gym.envs.settings.BiddingSettings`.
    render_mode: "rgb_array" or "human" draws the last day that is over.

    Raises:
        InvalidInputError: naming the argument, its value and the remedy.
    """

    core_kind = BiddingCore
    title = "VPPBidding-v0"
    draws_whole_days = True


class VPPBiddingVectorEnv(BatchEnv):
    """A batch of `VPPBidding-v0`; see `BatchEnv`."""

    core_kind = BiddingCore
