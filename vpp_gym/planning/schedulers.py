"""The compiled planner that makes the plans of a scheduler, where there is one.

`vpp_gym.policies.scheduler.RollingScheduler` reads snapshots. Most of its time goes into making
them and into arrays for each plan. The compiled planner makes the same plans straight from the
simulator's arrays, bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.planning.planner import BuiltInPlanner, PlannerName
from vpp_gym.policies.forecast_net import Net
from vpp_gym.policies.forecasters import DayAheadAnchored, Forecaster
from vpp_gym.policies.learned import DT_H, LearnedForecaster, embedded_net
from vpp_gym.policies.scheduler import RollingScheduler
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.views import Decisions


class SchedulersPlanner(BuiltInPlanner):
    """The compiled planner with the settings of a scheduler.

    Args:
        scheduler: for which `planner_of` finds a planner.
        simulation: of the runs.
    """

    def __init__(self, scheduler: RollingScheduler, simulation: Simulation) -> None:
        planner = planner_of(scheduler, simulation)
        if planner is None:
            raise ValueError(scheduler.name)
        super().__init__(planner, simulation, simulation.params)
        more: dict[str, Any] = {"hard_eur_per_kwh": scheduler.shortfall_eur_per_kwh}
        if scheduler.departures == "declared":
            more["early_prob"] = 0.0
        self.spec = self.spec._replace(**more)
        self._own = scheduler

    def by_policy(self, simulation: Simulation, run: int, more_eur_per_kwh: Floats) -> Floats:
        """(N,) plan of the scheduler itself, where compiled code found none."""
        decisions: Decisions = self._own.decide(simulation.snapshot(run))
        return decisions.net_load_kwh  # type: ignore[return-value]  # a scheduler gives loads

    def plans_for(self, scheduler: Any, simulation: Simulation) -> bool:
        """Whether another scheduler plans as the one that this planner was made for."""
        own = self._own
        return planner_of(scheduler, simulation) == self.planner and (
            (scheduler.departures, scheduler.shortfall_eur_per_kwh)
            == (own.departures, own.shortfall_eur_per_kwh)
        )


def planner_of(scheduler: Any, simulation: Simulation) -> PlannerName | None:
    """The compiled planner that makes the same plans; None: there is none."""
    if type(scheduler) is not RollingScheduler or simulation.has_site:
        return None
    plain = scheduler.discharges and not scheduler.contracts_only
    told = scheduler.departures in ("declared", "law")
    if not (plain and told and scheduler.engine == "exact"):
        return None
    return _planner_with(scheduler.forecaster, simulation.dt_h)


def _planner_with(forecaster: Forecaster, dt_h: float) -> PlannerName | None:
    """The planner that has a forecast."""
    if type(forecaster) is LearnedForecaster:
        known = forecaster.base == DayAheadAnchored() and _is_embedded(forecaster.net)
        return "learned_mpc" if known and dt_h == DT_H else None
    same = type(forecaster) is DayAheadAnchored and forecaster == DayAheadAnchored()
    return "hazard_mpc" if same else None


def _is_embedded(net: Net) -> bool:
    """Whether a network is that of the package, or a copy of it."""
    own = embedded_net()
    return net is own or all(map(np.array_equal, net, own))
