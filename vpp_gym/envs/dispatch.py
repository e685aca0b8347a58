"""`VPPDispatch-v0`: dispatch the fleet; a bidder of your choice bids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vpp_gym.arrays import Ints
from vpp_gym.envs.episodes import EpisodeSpan
from vpp_gym.envs.hourly import Bidding, HourlyCore
from vpp_gym.envs.policy_pool import PolicyPool, bidder_maker
from vpp_gym.envs.scalar import ScalarEnv
from vpp_gym.envs.settings import DispatchSettings
from vpp_gym.envs.step_kernel import EXPECTED_LOAD, GIVEN
from vpp_gym.envs.vector import BatchEnv
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.simulation.arguments import shaped
from vpp_gym.simulation.transition import TOLERANCE_KWH

IN_THE_KERNEL = {"expected_load": EXPECTED_LOAD, "zero": GIVEN}
"""Bidders that need no snapshot; nothing is sold where nobody gives a schedule."""


class DispatchCore(HourlyCore):
    """A batch of episodes of the dispatch problem."""

    settings_kind = DispatchSettings
    settings: DispatchSettings

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams | Mapping[str, Any] | str | None,
        settings: DispatchSettings,
        n_envs: int = 1,
        preload: bool = False,
        threads: int = 1,
    ) -> None:
        super().__init__(source, params, settings, n_envs, preload, threads)
        make = bidder_maker(settings.bidder)
        self._bidders = PolicyPool(make, n_envs) if self._asks_bidders else None

    @property
    def _asks_bidders(self) -> bool:
        bidder = self.settings.bidder
        return not (isinstance(bidder, str) and bidder in IN_THE_KERNEL)

    def _bidding(self) -> Bidding:
        way = GIVEN if self._asks_bidders else IN_THE_KERNEL[self.settings.bidder]
        return Bidding(way, entries=0, scale=0.0)

    def _begin(self, runs: Ints, drawn: Sequence[EpisodeSpan]) -> None:
        super()._begin(runs, drawn)
        if self._bidders is None:
            return
        for run, stretch in zip(runs.tolist(), drawn, strict=True):
            scenario = self.source.scenario(stretch.scenario)
            self._bidders.begin(run, scenario, self.params, stretch.start, stretch.end)

    def _let_bid(self) -> None:
        if self._bidders is None:
            return
        simulation = self.simulation
        at_gate = simulation.is_gate
        for run in np.flatnonzero(~simulation.done).tolist():
            bids_kwh = self._bidders.bids_kwh(run, simulation.snapshot(run))
            if at_gate[run]:
                self.draft[run] = 0.0 if bids_kwh is None else self._schedule(bids_kwh)

    def _schedule(self, bids_kwh: Any) -> Any:
        """The bidder's schedule, refused beyond the bid limit."""
        schedule = shaped("bids_kwh", bids_kwh, (self.simulation.periods,))
        limit_kwh = self.simulation.bid_limit_kwh
        beyond = ~(np.abs(schedule) <= limit_kwh + TOLERANCE_KWH)
        if beyond.any():
            raise InvalidInputError(
                "bids_kwh", float(schedule[beyond][0]), f"stay within +-{limit_kwh:.6g} kWh"
            )
        return schedule


class VPPDispatchEnv(ScalarEnv):
    """Decide every step what the fleet takes or gives; a bidder of your choice bids.

    ## Description
    The world of `VPPDayAhead-v0`, in which a bidder submits the bid schedule of
    tomorrow at 12:00. The agent dispatches: it delivers what was sold, or settles
    the difference in the imbalance market.

    ## Action Space
    `Box(-1, 1)`. With `control="fleet"` one number, the position between the least
    and the largest net load of the fleet in this step; with `control="per_ev"` one
    per charger between that EV's limits.

    ## Observation Space
    That of `VPPDayAhead-v0`: float32 `Box`, or a `Dict` of named parts in their
    units with `observation="dict"`. What was sold is in `da_sold_ahead`.

    ## Rewards
    Profit of the step in EUR, the bidder's trades included. `info` holds every term
    of `vpp_gym.markets.ledger.TERMS`.

    ## Starting State
    An empty lot at gate closure (12:00), with the EVs that arrive in that step, and
    the bidder new. Options of `reset` as in `VPPDayAhead-v0`.

    ## Episode End
    Truncated after `episode_days`; never terminated. EVs still connected then
    are not settled.

    ## Arguments
    scenario, params, dt_h, guarantee: as in `VPPDayAhead-v0`.
    control, bidder, observation, episode_days: see
        `vpp_gym.envs.settings.DispatchSettings`.
    render_mode: "rgb_array" or "human" draws the day.

    Raises:
        InvalidInputError: naming the argument, its value and the remedy.
    """

    core_kind = DispatchCore
    title = "VPPDispatch-v0"


class VPPDispatchVectorEnv(BatchEnv):
    """A batch of `VPPDispatch-v0`; see `BatchEnv`.

    `threads`, 1 by default, share the batch, as in `VPPDayAhead-v0`.
    """

    core_kind = DispatchCore
