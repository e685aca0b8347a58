"""The compiled planner that makes the plans of a scheduler, where there is one.

`vpp_gym.policies.scheduler.RollingScheduler` reads snapshots. Most of its time goes into making
them and into arrays for each plan. The compiled planner makes the same plans straight from the
simulator's arrays, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.planning.planner import BuiltInPlanner
from vpp_gym.policies.departure_law import DepartureRecord, Departures
from vpp_gym.policies.forecast_net import Net
from vpp_gym.policies.forecasters import DayAheadAnchored, Forecaster, HourOfDayMean
from vpp_gym.policies.learned import DT_H, LearnedForecaster, embedded_net
from vpp_gym.policies.scheduler import RollingScheduler
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.views import Decisions

Expects = Literal["anchored", "learned", "by_period"]


class Plans(NamedTuple):
    """How a scheduler plans for whom there is a compiled planner.

    Attributes:
        expects: which forecast it has.
        departures: what it expects of drivers.
        contracts_only: cars without a contract wait until they must charge.
        discharges: False plans no discharging, contract or not.
        shortfall_eur_per_kwh: penalty in plans on what is missing at the declared departure.
    """

    expects: Expects
    departures: Departures
    contracts_only: bool
    discharges: bool
    shortfall_eur_per_kwh: float


class SchedulersPlanner(BuiltInPlanner):
    """The compiled planner with the settings of a scheduler.

    Args:
        scheduler: for which `plans_of` finds plans.
        simulation: of the runs; one of a single run where departures are learnt.
    """

    def __init__(self, scheduler: RollingScheduler, simulation: Simulation) -> None:
        plans = plans_of(scheduler, simulation)
        if plans is None:
            raise ValueError(scheduler.name)
        learned = plans.expects == "learned"
        params = simulation.params
        super().__init__("learned_mpc" if learned else "hazard_mpc", simulation, params)
        self.plans = plans
        self.spec = self.spec._replace(
            by_period=plans.expects == "by_period",
            contracts_only=plans.contracts_only,
            discharges=plans.discharges,
            hard_eur_per_kwh=plans.shortfall_eur_per_kwh,
            early_prob=self.spec.early_prob if plans.departures == "law" else 0.0,
        )
        # They change with every stay that is learnt from.
        self._keeps_hazards = self.spec.early_prob > 0.0
        self._own = scheduler
        self._seen: DepartureRecord | None = None

    def net_load_kwh(self, simulation: Simulation, more_eur_per_kwh: Floats) -> Floats:
        """(B, N) kWh of every EV in this step; arguments of `BuiltInPlanner.net_load_kwh`."""
        if self.plans.departures == "learnt":
            self._learn(simulation)
        return super().net_load_kwh(simulation, more_eur_per_kwh)

    def by_policy(self, simulation: Simulation, run: int, more_eur_per_kwh: Floats) -> Floats:
        """(N,) plan of the scheduler itself, where compiled code found none."""
        decisions: Decisions = self._own.decide(simulation.snapshot(run))
        return decisions.net_load_kwh  # type: ignore[return-value]  # a scheduler gives loads

    def plans_for(self, scheduler: Any, simulation: Simulation) -> bool:
        """Whether another scheduler plans as the one that this planner was made for."""
        return plans_of(scheduler, simulation) == self.plans

    def _learn(self, simulation: Simulation) -> None:
        """Believe what the run has shown of departures until this step."""
        self._seen = record_after(self._seen, simulation)
        law = self._own.learnt = self._seen.law()
        if law != (self.spec.early_prob, self.spec.early_exponent):
            prob, exponent = law
            self.spec = self.spec._replace(early_prob=prob, early_exponent=exponent)


def stand_in(scheduler: Any, simulation: Simulation) -> Callable[[], Floats] | None:
    """Works out the (1, N) loads of a scheduler in the present step of a single run.

    None: there is no compiled planner that makes the same plans.
    """
    if plans_of(scheduler, simulation) is None:
        return None
    planner, as_planned = SchedulersPlanner(scheduler, simulation), np.zeros((1, 2))
    return partial(planner.net_load_kwh, simulation, as_planned)


def record_after(record: DepartureRecord | None, simulation: Simulation) -> DepartureRecord:
    """The record of departures with the present step of a single run.

    Args:
        record: of the step before; None: an empty one begins.
        simulation: of the run.
    """
    state = simulation.state
    cars = state.ev[0][state.occupied[0]]
    t, start = int(state.run["position"][0]), int(state.run["start"][0])
    connected = cars["session"], t - cars["arrival"], np.maximum(cars["departure"] - t, 1)
    if record is None:
        return DepartureRecord.beginning(t - start, *connected)
    return record.followed_by(*connected)


def plans_of(scheduler: Any, simulation: Simulation) -> Plans | None:
    """How a scheduler plans; None: there is no compiled planner that makes the same plans."""
    if type(scheduler) is not RollingScheduler or simulation.has_site:
        return None
    expects = _expects(scheduler.forecaster, simulation.dt_h)
    if expects is None or scheduler.engine != "exact":
        return None
    return Plans(
        expects,
        scheduler.departures,
        scheduler.contracts_only,
        scheduler.discharges,
        scheduler.shortfall_eur_per_kwh,
    )


def _expects(forecaster: Forecaster, dt_h: float) -> Expects | None:
    """The forecast of compiled planners that is a forecaster's."""
    if type(forecaster) is LearnedForecaster:
        known = forecaster.base == DayAheadAnchored() and _is_embedded(forecaster.net)
        return "learned" if known and dt_h == DT_H else None
    if type(forecaster) is HourOfDayMean:
        return "by_period" if forecaster.by_period_eur_per_kwh is None else None
    same = type(forecaster) is DayAheadAnchored and forecaster == DayAheadAnchored()
    return "anchored" if same else None


def _is_embedded(net: Net) -> bool:
    """Whether a network is that of the package, or a copy of it."""
    own = embedded_net()
    return net is own or all(map(np.array_equal, net, own))
