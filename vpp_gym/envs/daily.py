"""Environments whose agent decides once a day: policies act from gate closure to gate closure."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.envs.core import EVCore
from vpp_gym.envs.day_fields import DAY_FIELDS, day_values
from vpp_gym.envs.day_player import DayPlayer
from vpp_gym.envs.fields import FLEET_FIELDS, layout_of
from vpp_gym.envs.market_table import NO_TABLE
from vpp_gym.envs.observation import observe
from vpp_gym.envs.policy_pool import Maker, PolicyPool
from vpp_gym.envs.site_fields import site_fields
from vpp_gym.episodes import Spans
from vpp_gym.markets.ledger import LEDGER, TERMS
from vpp_gym.observation import Field
from vpp_gym.params import VPPParams
from vpp_gym.planning.schedulers import SchedulersPlanner, plans_of
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.simulation.simulation import Simulation


class DailyCore(EVCore):
    """The agent decides at the gate; policies dispatch and bid until the next one.

    Runs whose scheduler has a compiled planner are played together, in compiled code; the others
    one by one, by their policies. The result is the same, bit for bit.

    Args:
        source: of the scenarios that episodes are drawn from.
        params: rules of the world.
        settings: what is decided and shown.
        n_envs: batch size.
        threads: that share the runs of compiled planners.

    Attributes:
        booked: (B, K) by `TERMS`, in the last day of each run; 0 before the first.
    """

    fields: ClassVar[tuple[Field, ...]] = FLEET_FIELDS + DAY_FIELDS
    draws_whole_days = True

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams,
        settings: Any,
        n_envs: int = 1,
        threads: int = 1,
    ) -> None:
        super().__init__(source, params, settings, n_envs)
        self._n_threads = min(whole("threads", threads, least=1), n_envs)
        self._player: DayPlayer | None = None
        self._planner_alone: SchedulersPlanner | None = None
        self._has_planner = np.zeros(n_envs, dtype=np.bool_)
        dt_h = self.simulation.dt_h
        n_groups = len(params.connection.groups)
        at_gate = FLEET_FIELDS + (site_fields(n_groups) if self.simulation.has_site else ())
        self._gate_layout = layout_of(self._shown_params(), dt_h, at_gate)
        fields = at_gate + self.fields[len(FLEET_FIELDS) :]
        n_offers = self.simulation.state.offers.shape[1]
        slots = self.simulation.slots
        self.layout = layout_of(self._shown_params(), dt_h, fields, n_offers, slots)
        self.booked = np.zeros((n_envs, len(TERMS)))
        self._policies = PolicyPool(self._policy_maker(), n_envs)

    @property
    def steps_a_day(self) -> int:
        """Decisions of a day: one."""
        return 1

    def step(self, actions: Any) -> tuple[Floats, Any]:
        """Decode (B, A) actions, and go on to the next gate: see `Core.step`."""
        numbers = self._checked(actions)
        simulation, awake = self.simulation, ~self.simulation.done
        schedules = self._decide(numbers, np.flatnonzero(awake))
        played = awake & self._has_planner
        if simulation.watch is not None:
            played[:] = False
        elif self.on_step is not None:  # each step of the first run is looked at
            played[0] = False
        record = np.zeros_like(self.booked)
        for run in np.flatnonzero(awake & ~played).tolist():
            record[run] = self._day(run, None if schedules is None else schedules[run])
        if self._player is not None and played.any():
            bids_kwh = self._bids_at_gate(played) if schedules is None else schedules
            days = self._player.play(simulation, played, bids_kwh, self._step_alone)
            record[played] = days[played]
        self.booked = record.copy()
        return record, self.observe()

    def observe(self) -> Any:
        """(B, size) flat observations, or the named parts of them."""
        simulation, at_gate = self.simulation, self._gate_layout
        shown = np.empty((simulation.n_envs, at_gate.size), dtype=np.float32)
        world = simulation.dataset, simulation.rules, simulation.state
        self._call(
            observe,
            world,
            self.params.market.imbalance_lag_steps,
            False,
            at_gate.per_scale,
            NO_TABLE,
            np.arange(simulation.n_envs),
            shown,
        )
        more = np.concatenate(self._values(), axis=1)
        scaled = more * self.layout.per_scale[at_gate.size :]
        flat = np.concatenate([shown, scaled.astype(np.float32)], axis=1)
        return self._shown(flat)

    @abstractmethod
    def _policy_maker(self) -> Maker:
        """Makes the policy that acts between the gates."""

    @abstractmethod
    def _decide(self, numbers: Floats, runs: Ints) -> Floats | None:
        """Put (B, A) actions into effect in some runs; (B, S) schedules if the agent bids."""

    def _shown_params(self) -> VPPParams:
        """Rules that bound what is shown."""
        return self.params

    def _bids_at_gate(self, played: Bools) -> Floats:
        """(B, S) schedules of the bidders of runs that compiled planners play."""
        return self.simulation.no_bids

    def _planned_by(self, policy: Any) -> Any:
        """The scheduler in a policy, if bids can be known without asking the policy; else None."""
        return policy

    def _values(self) -> list[Floats]:
        """What is shown beyond `FLEET_FIELDS`, in columns of (B, size)."""
        return day_values(self.simulation, self.booked)

    def _begin(self, runs: Ints, spans: Spans) -> None:
        self.booked[runs] = 0.0
        for run, span in zip(runs.tolist(), spans, strict=True):
            scenario = self.source.scenario(span.scenario)
            self._policies.begin(run, scenario, self.params, span.start, span.end)
            self._has_planner[run] = self._finds_planner(self._policies.of(run))

    def _finds_planner(self, policy: Any) -> bool:
        """Whether the player of this batch plays as a policy does; made for the first one."""
        scheduler = self._planned_by(policy)
        if self._player is None:
            plans = plans_of(scheduler, self.simulation)
            if plans is None or plans.departures == "learnt":  # from step to step of one run
                return False
            planner = SchedulersPlanner(scheduler, self.simulation)
            self._player = DayPlayer(planner, self._n_threads)
        return self._player.planner.plans_for(scheduler, self.simulation)

    def _day(self, run: int, bids_kwh: Floats | None) -> Floats:
        """(K,) what is booked until the next gate, or the end."""
        alone = self.simulation.alone(run)
        step = self._planned(alone, run, bids_kwh)
        records: list[Floats] = []
        while True:
            record = step()
            records.append(record)
            if self.on_step is not None and run == 0:
                self.on_step(record)
            if alone.done[0] or alone.is_gate[0]:
                return LEDGER.over_time(np.array(records))

    def _planned(
        self, alone: Simulation, run: int, bids_kwh: Floats | None
    ) -> Callable[[], Floats]:
        """Steps a run alone: (K,) what is booked, by its compiled planner if there is one."""
        if not self._has_planner[run]:
            return partial(self._step_alone, alone, run, bids_kwh)
        if self._planner_alone is None:
            scheduler = self._planned_by(self._policies.of(run))
            self._planner_alone = SchedulersPlanner(scheduler, alone)
        planner, as_planned = self._planner_alone, np.zeros((1, 2))
        planner.forget(np.zeros(1, np.int64))  # the run before may have been another
        if bids_kwh is None:
            bids_kwh = self._bids_at_gate(np.arange(self.simulation.n_envs) == run)[run]
        bids = bids_kwh[None]

        def step() -> Floats:
            loads_kwh = planner.net_load_kwh(alone, as_planned)
            record: Floats = alone.advance(loads_kwh, bids, checked=True)[0]
            return record

        return step

    def _step_alone(self, alone: Simulation, run: int, bids_kwh: Floats | None) -> Floats:
        """(K,) what a step of a run books, by its policy; bids stand for the policy's."""
        decisions = self._policies.decisions(run, alone.snapshot())
        if bids_kwh is not None:
            decisions = replace(decisions, bids_kwh=bids_kwh)
        record: Floats = alone.step(decisions)[0]
        return record
