"""`VPPDispatch-v0`: dispatch the fleet; a bidder of your choice bids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from vpp_gym.arrays import Ints
from vpp_gym.env import Env, VectorEnv, names_its_keywords
from vpp_gym.envs.columns import ColumnName
from vpp_gym.envs.core import HourlyCore, Params, Scenarios, world_of
from vpp_gym.envs.policy_pool import BidderLike, PolicyPool, bidder_maker
from vpp_gym.envs.settings import Control, DispatchSettings, StepReward
from vpp_gym.envs.step_kernel import BidMode
from vpp_gym.episodes import Spans
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.planning.planner import PlannerName
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.settings import ObservationForm, checked
from vpp_gym.simulation.arguments import TOLERANCE_KWH

IN_THE_KERNEL = {"expected_load": BidMode.EXPECTED_LOAD, "zero": BidMode.GIVEN}
"""Bidders that need no snapshot; nothing is sold where nobody gives a schedule."""


class DispatchCore(HourlyCore):
    """A batch of episodes of the dispatch problem."""

    settings_kind = DispatchSettings
    title = "VPPDispatch-v0"
    settings: DispatchSettings

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams,
        settings: DispatchSettings,
        n_envs: int = 1,
        threads: int = 1,
    ) -> None:
        super().__init__(source, params, settings, n_envs, threads)
        make = bidder_maker(settings.bidder)
        self._bidders = PolicyPool(make, n_envs) if self._asks_bidders else None

    @property
    def _asks_bidders(self) -> bool:
        bidder = self.settings.bidder
        return not (isinstance(bidder, str) and bidder in IN_THE_KERNEL)

    def _bidding(self) -> tuple[BidMode, float]:
        mode = BidMode.GIVEN if self._asks_bidders else IN_THE_KERNEL[self.settings.bidder]
        return mode, 0.0

    def _begin(self, runs: Ints, spans: Spans) -> None:
        super()._begin(runs, spans)
        if self._bidders is None:
            return
        for run, span in zip(runs.tolist(), spans, strict=True):
            scenario = self.source.scenario(span.scenario)
            self._bidders.begin(run, scenario, self.params, span.start, span.end)

    def _let_bid(self) -> None:
        if self._bidders is None:
            return
        simulation = self.simulation
        at_gate = simulation.is_gate
        for run in np.flatnonzero(~simulation.done).tolist():
            bids_kwh = self._bidders.bids_kwh(run, simulation.snapshot(run))
            if at_gate[run]:
                self.pending_bids[run] = 0.0 if bids_kwh is None else self._schedule(run, bids_kwh)

    def _schedule(self, run: int, bids_kwh: Any) -> Any:
        """The bidder's schedule, refused beyond what may be bid."""
        simulation = self.simulation
        schedule = simulation.schedule(run, bids_kwh)
        lo, hi = simulation.bids_allowed_kwh
        least = simulation.on_slots(lo, absent=-np.inf)[run]
        most = simulation.on_slots(hi, absent=np.inf)[run]
        within = (schedule >= least - TOLERANCE_KWH) & (schedule <= most + TOLERANCE_KWH)
        if not within.all():
            k = int(np.argmin(within))
            raise InvalidInputError(
                f"bids_kwh[{k}]", float(schedule[k]), f"stay within [{least[k]:.6g}, {most[k]:.6g}]"
            )
        return schedule


class VPPDispatchEnv(Env):
    """Dispatch the fleet in every step; a bidder of your choice bids.

    ## Description
    As `VPPDayAhead-v0`, but a bidder submits the bid schedule of tomorrow at 12:00. The
    agent dispatches: it follows the schedule, or leaves the difference to the imbalance
    market.

    ## Action Space
    `Box(-1, 1)`. With `control="fleet"` one number: 0 idles, +1 charges and -1
    discharges all that the fleet can in this step; with `control="per_ev"` one per
    charger for its EV; with `control="price"` two, which correct the prices that the built-in
    planner believes. One more is for a stationary battery. Idle, and the planner, are as in
    `VPPDayAhead-v0`.

    ## Observation Space
    That of `VPPDayAhead-v0`: float32 `Box`, or a `Dict` of named parts in their
    units with `observation="dict"`. What was sold is in `da_sold_ahead`.

    ## Rewards
    As in `VPPDayAhead-v0`, "spread" by default, with the bidder's trades.

    ## Starting State
    An empty lot at gate closure (12:00), with the EVs that arrive in that step, and
    the bidder new. Options of `reset` as in `VPPDayAhead-v0`.

    ## Episode End
    As in `VPPDayAhead-v0`.

    ## Arguments
    scenario, params, dt_h, guarantee: as in `VPPDayAhead-v0`.
    control, bidder, observation, reward, episode_days, planner, price_scale, columns: see
        `vpp_gym.envs.settings.DispatchSettings`.
    render_mode: "rgb_array" or "human" draws the day.

    ## Version History
    - v0: first version, released with vpp_gym 0.1.0.

    Raises:
        InvalidInputError: naming the argument, its value and the remedy.
    """

    core_kind = DispatchCore
    core: DispatchCore

    @names_its_keywords
    def __init__(
        self,
        scenario: Scenarios | None = None,
        params: Params | None = None,
        *,
        control: Control = "fleet",
        bidder: BidderLike = "expected_load",
        observation: ObservationForm = "flat",
        reward: StepReward = "spread",
        episode_days: int | None = 7,
        planner: PlannerName = "hazard_mpc",
        price_scale: float = 0.03,
        columns: Sequence[ColumnName] = (),
        dt_h: float | None = None,
        guarantee: bool | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            DispatchSettings,
            control=control,
            bidder=bidder,
            observation=observation,
            reward=reward,
            episode_days=episode_days,
            planner=planner,
            price_scale=price_scale,
            columns=columns,
        )
        world = world_of(scenario, params, dt_h, guarantee)
        super().__init__(DispatchCore(*world, settings), render_mode)


class VPPDispatchVectorEnv(VectorEnv):
    """A batch of `VPPDispatch-v0`; see `vpp_gym.env.VectorEnv`.

    `threads`, 1 by default, share the batch, as in `VPPDayAhead-v0`.
    """

    core_kind = DispatchCore
    core: DispatchCore

    @names_its_keywords
    def __init__(
        self,
        num_envs: int = 1,
        scenario: Scenarios | None = None,
        params: Params | None = None,
        *,
        control: Control = "fleet",
        bidder: BidderLike = "expected_load",
        observation: ObservationForm = "flat",
        reward: StepReward = "spread",
        episode_days: int | None = 7,
        planner: PlannerName = "hazard_mpc",
        price_scale: float = 0.03,
        columns: Sequence[ColumnName] = (),
        dt_h: float | None = None,
        guarantee: bool | None = None,
        threads: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            DispatchSettings,
            control=control,
            bidder=bidder,
            observation=observation,
            reward=reward,
            episode_days=episode_days,
            planner=planner,
            price_scale=price_scale,
            columns=columns,
        )
        world = world_of(scenario, params, dt_h, guarantee)
        core = DispatchCore(*world, settings, num_envs, threads)
        super().__init__(core, autoreset_mode, max_episode_steps, render_mode)
