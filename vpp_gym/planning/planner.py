"""The planner that an environment has built in: for corrections of its prices, and for gains."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import BoundCalls
from vpp_gym.params import VPPParams
from vpp_gym.planning.kernel import Paths, StepMemory, plan_batch, step_memory
from vpp_gym.planning.past import Past, past_of
from vpp_gym.planning.per_dataset import PerDataset
from vpp_gym.planning.running_path import expect, windows_for
from vpp_gym.planning.spec import PlannerSpec
from vpp_gym.planning.twin import Twin, margins, note_twin, value_twin
from vpp_gym.policies.forecast_net import N_INPUTS, STEPS_AHEAD, Net
from vpp_gym.policies.forecasters import DayAheadAnchored, Forecaster
from vpp_gym.policies.learned import DT_H, LearnedForecaster, embedded_net
from vpp_gym.policies.market_path import Anchoring
from vpp_gym.policies.scheduler import HARD_EUR_PER_KWH, RollingScheduler, hazard_mpc
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.views import Decisions, Snapshot

PlannerName = Literal["hazard_mpc", "learned_mpc"]


class CorrectedForecast:
    """A forecast whose price of the present step is believed to be another.

    Args:
        forecaster: of the prices.

    Attributes:
        more_eur_per_kwh: by which the short and the long price of this step are dearer.
    """

    privileged = False

    def __init__(self, forecaster: Forecaster) -> None:
        self.forecaster, self.name = forecaster, f"corrected_{forecaster.name}"
        self.more_eur_per_kwh = (0.0, 0.0)

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        short, long = (path.copy() for path in self.forecaster.forecast(snapshot, n_steps))
        short[0] += self.more_eur_per_kwh[0]
        long[0] += self.more_eur_per_kwh[1]
        return short, long


def forecaster_of(planner: PlannerName) -> Forecaster:
    """The forecast of a planner."""
    return LearnedForecaster() if planner == "learned_mpc" else DayAheadAnchored()


class BuiltInPlanner:
    """Plans of `hazard_mpc` or `learned_mpc` for the runs of a simulation, compiled.

    Args:
        planner: which of the two.
        simulation: of the runs.
        params: rules of the world; the planner knows the law of departures in them.
        shows_inputs: keep what the network sees, also where it does not correct the forecast;
            of quarter hours.

    Attributes:
        planner: its name.
        pasts: of the datasets that it has seen.
        paths: what it expects of prices.
        twin: what would be, had it decided the last step.

    Raises:
        InvalidInputError: the learned forecast, where steps are not quarters of an hour.
    """

    def __init__(
        self,
        planner: PlannerName,
        simulation: Simulation,
        params: VPPParams,
        shows_inputs: bool = False,
    ) -> None:
        if planner == "learned_mpc" and simulation.dt_h != DT_H:
            remedy = 'it knows quarters of an hour: use planner="hazard_mpc", or dt_h=0.25'
            raise InvalidInputError("planner", planner, remedy)
        learned, owner = planner == "learned_mpc", params.owner
        self.spec = PlannerSpec(
            anchoring=Anchoring(*DayAheadAnchored().settings(simulation.dt_h)),
            by_period=False,
            learned=learned,
            net=embedded_net() if learned else _no_net(),
            shows_inputs=shows_inputs,
            knows_price=params.market.imbalance_lag_steps == 0,
            early_prob=owner.early_departure_prob,
            early_exponent=owner.early_exponent,
            hard_eur_per_kwh=HARD_EUR_PER_KWH,
            charging_standby=params.site.charging_standby,
            discharging_standby=params.site.discharging_standby,
            contracts_only=False,
            discharges=True,
            periods=simulation.periods,
        )
        self.planner: PlannerName = planner
        self._keeps_hazards = self.spec.early_prob > 0.0
        self._forecast, self._scheduler = _policy(planner)
        shape = simulation.n_envs, simulation.n_chargers
        self.twin = Twin(
            np.full(shape, -1, np.int64), np.zeros(shape), np.zeros(shape), np.zeros(shape[0])
        )
        self.pasts = PerDataset(past_of)
        self._past: Past | None = None
        self.paths = _paths(simulation.n_envs, STEPS_AHEAD)
        self._windows = windows_for(simulation.n_envs, simulation.periods, STEPS_AHEAD)
        self._memory: StepMemory | None = None
        self._call = BoundCalls()

    def expect(self, simulation: Simulation) -> None:
        """Have `paths` hold for the present step of every run."""
        past = self.pasts.of(simulation.dataset)
        if past is not self._past:
            self._past = past
            if past.longest > self.paths.da.shape[1]:
                self.paths = _paths(simulation.n_envs, past.longest)
                self._windows = windows_for(simulation.n_envs, self.spec.periods, past.longest)
            self.paths.made_at[:] = self._windows.at[:] = -1
        world = simulation.dataset, simulation.rules, simulation.state
        self._call(expect, (*world, self.spec, past, self._windows, self.paths))

    def forget(self, runs: Ints) -> None:
        """Runs begin anew."""
        self.paths.made_at[runs] = self._windows.at[runs] = -1

    def net_load_kwh(self, simulation: Simulation, more_eur_per_kwh: Floats) -> Floats:
        """(B, N) kWh of every EV in this step, within its limits.

        Args:
            simulation: of the runs.
            more_eur_per_kwh: (B, 2) by which short and long price of this step are dearer than
                the planner believes; 0 is the planner.
        """
        self.expect(simulation)
        net_load = np.empty((simulation.n_envs, simulation.n_chargers))
        solved: Bools = np.empty(simulation.n_envs, np.bool_)
        world = simulation.dataset, simulation.rules, simulation.state
        memory = self._memory_for(simulation)
        same = *world, self.spec, self.paths, memory
        self._call(plan_batch, same, more_eur_per_kwh, net_load, solved)
        for run in np.flatnonzero(~solved).tolist():  # HiGHS takes over inside the policy
            net_load[run] = self.by_policy(simulation, run, more_eur_per_kwh[run])
        return net_load

    def _memory_for(self, simulation: Simulation) -> StepMemory:
        """Memory for plans of the longest stay that paths are made for."""
        horizon, knots = self.paths.da.shape[1], simulation.dataset.curves.shape[2]
        memory = self._memory
        if memory is None or (len(memory.order), memory.curve.shape[1]) != (horizon, knots):
            size = simulation.n_chargers, horizon, knots
            memory = self._memory = step_memory(*size, self._keeps_hazards)
        return memory

    def by_policy(self, simulation: Simulation, run: int, more_eur_per_kwh: Floats) -> Floats:
        """(N,) kWh of every EV of a run, where compiled code found no plan.

        Args:
            simulation: of the runs.
            run: which of them.
            more_eur_per_kwh: (2,) corrections of its prices.
        """
        self._forecast.more_eur_per_kwh = tuple(more_eur_per_kwh.tolist())
        decisions: Decisions = self._scheduler.decide(simulation.snapshot(run))
        return decisions.net_load_kwh  # type: ignore[return-value]  # a scheduler gives loads

    def note(self, simulation: Simulation, own_kwh: Floats, planned_kwh: Floats) -> None:
        """Before a step: keep what the planner would have done instead; both (B, N)."""
        world = simulation.dataset, simulation.rules, simulation.state
        self._call(note_twin, world, own_kwh, planned_kwh, self.twin)

    def gain_eur(self, simulation: Simulation) -> Floats:
        """(B,) after a step: what the own action earned beyond the planner's."""
        self.expect(simulation)
        world = simulation.dataset, simulation.rules, simulation.state
        self._call(value_twin, (*world, self.spec, self.paths, self.twin))
        return self.twin.gain_eur.copy()

    def shown(self, simulation: Simulation, name: str) -> Floats:
        """(B, size) of the groups "da_steps", "forecast" and "margins" of observations.

        Zeros for runs at the end of their scenario, behind which there are no prices.
        """
        run = simulation.state.run
        ahead = (run["position"] <= run["last"])[:, None]
        da = self.paths.da[:, :STEPS_AHEAD]
        if name == "da_steps":
            return np.where(ahead, da - da.mean(axis=1, keepdims=True), 0.0)
        if name == "forecast":
            mid = 0.5 * (self.paths.short + self.paths.long)[:, :STEPS_AHEAD]
            return np.where(ahead, mid - da, 0.0)
        values = np.zeros((simulation.n_envs, 3))
        world = simulation.dataset, simulation.rules, simulation.state
        self._call(margins, (*world, self.spec, self.paths), values)
        return values

    def __getstate__(self) -> dict[str, Any]:
        """Without the network and what is worked out from datasets: copies find both again."""
        state = {
            **self.__dict__,
            "_past": None,
            "_memory": None,
            "spec": self.spec._replace(net=_no_net()),
        }
        return {name: state[name] for name in state if name not in ("_forecast", "_scheduler")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        net = embedded_net() if self.spec.learned else _no_net()
        self.spec = self.spec._replace(net=net)
        self._forecast, self._scheduler = _policy(self.planner)


def _policy(planner: PlannerName) -> tuple[CorrectedForecast, RollingScheduler]:
    """The planner as a policy that reads snapshots, and the forecast that corrects its prices."""
    forecast = CorrectedForecast(forecaster_of(planner))
    return forecast, hazard_mpc(None, forecast, name=planner)


def _paths(n_envs: int, horizon: int) -> Paths:
    da, short, long = np.zeros((3, n_envs, horizon))
    made_at, inputs = np.full(n_envs, -1, np.int64), np.zeros((n_envs, N_INPUTS))
    return Paths(made_at, da, short, long, inputs)


def _no_net() -> Net:
    row, table = np.zeros(1), np.zeros((1, 1))
    return Net(np.zeros(N_INPUTS), np.ones(N_INPUTS), table, row, table, row, table, table, row)
