"""The moves of the stochastic MPC, straight from the simulator's arrays.

What `vpp_gym.policies.stochastic_mpc.StochasticMPC` does with a snapshot, this does with the
arrays of the simulator: the same kernels on the same numbers, bit for bit alike.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.fleet.charging import gain_before_kwh
from vpp_gym.kernels import njit
from vpp_gym.planning.car import (
    falls,
    is_by_step,
    write_curve,
    write_discharge,
    write_limits,
    write_selling,
)
from vpp_gym.planning.per_dataset import PerDataset
from vpp_gym.planning.planner import BuiltInPlanner
from vpp_gym.policies.scheduler import HARD_EUR_PER_KWH
from vpp_gym.policies.standby import with_standby
from vpp_gym.policies.stochastic_mpc import PriceHistory, StochasticMPC
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.simulation.state import Rules, State
from vpp_gym.solvers.price_chain import PriceChain
from vpp_gym.solvers.stochastic_ev import Car, Leaves, Yield, first_move_kwh
from vpp_gym.views import HISTORY_DAYS


class StochasticPlanner(BuiltInPlanner):
    """Moves of a stochastic MPC for a single run, compiled but for its chain of prices.

    Args:
        policy: one that `stand_in` takes.
        simulation: of the run.
    """

    def __init__(self, policy: StochasticMPC, simulation: Simulation) -> None:
        super().__init__("hazard_mpc", simulation, simulation.params)  # for day-ahead prices
        self._own, self._spreads = policy, PerDataset(_spreads_of)

    def moves_kwh(self, simulation: Simulation) -> Floats:
        """(1, N) kWh of every EV in this step, within its limits."""
        state, site = simulation.state, simulation.params.site
        net_load_kwh = np.zeros((1, simulation.n_chargers))
        departures = state.ev["departure"][0][state.occupied[0]]
        if not len(departures):
            return net_load_kwh
        self.expect(simulation)
        t = int(state.run["position"][0])
        horizon = max(int(departures.max()) - t, 1)
        anchor = self.paths.da[0, :horizon]
        path, half_spread, chain = self._own.anchored(self._known(simulation, t, horizon), anchor)
        buy, sell = with_standby(site, path + half_spread, path - half_spread)
        world = simulation.dataset, simulation.rules, state
        self._call(move, world, buy, sell, anchor, chain, net_load_kwh)
        return net_load_kwh

    def _known(self, simulation: Simulation, t: int, horizon: int) -> PriceHistory:
        """As `PriceHistory.of` reads it from the snapshot."""
        dataset, run = simulation.dataset, simulation.state.run[0]
        since = max(int(run["first"]), t - HISTORY_DAYS * simulation.periods)
        step, short, mid = dataset.steps[t], None, None
        if self.spec.knows_price:
            short = float(step["short_eur_per_kwh"])
            mid = 0.5 * (short + float(step["long_eur_per_kwh"]))
        return PriceHistory(
            simulation.dt_h,
            simulation.periods,
            dataset.residual_eur_per_kwh[since:t],
            dataset.period[since:t],
            float(self._spreads.of(dataset)[since:t].sum()),
            _periods_ahead(dataset.period[t : int(step["tomorrow_end"])], horizon, simulation),
            float(dataset.da_eur_per_kwh[t]),
            short,
            mid,
        )


def stand_in(policy: Any, simulation: Simulation) -> Callable[[], Floats] | None:
    """Works out the (1, N) moves of a policy in the present step; None: nothing here does."""
    if type(policy) is not StochasticMPC or simulation.has_site:
        return None
    if policy.forecaster is not None or policy.departures != "declared":
        return None
    return partial(StochasticPlanner(policy, simulation).moves_kwh, simulation)


def _spreads_of(dataset: Dataset) -> Floats:
    """(T,) short less long price [EUR/kWh]."""
    short, long = dataset.steps["short_eur_per_kwh"], dataset.steps["long_eur_per_kwh"]
    return np.ascontiguousarray(short - long, dtype=np.float64)


def _periods_ahead(shown: Ints, n_steps: int, simulation: Simulation) -> Ints:
    """(n_steps,) place in the clock day of the steps that are shown, and those behind them."""
    beyond = n_steps - len(shown)
    if beyond <= 0:
        return shown[:n_steps]
    after = (shown[-1] + 1 + np.arange(beyond)) % simulation.periods
    return np.concatenate([shown, after])


@njit(allocates=True)
def move(
    dataset: Dataset,
    rules: Rules,
    state: State,
    buy: Floats,
    sell: Floats,
    da: Floats,
    chain: PriceChain,
    net_load_kwh: Floats,
) -> None:
    """Fill the (1, N) best moves of the EVs of a run in this step.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of one run.
        buy: (H,) EUR/kWh for charging; H covers every stay.
        sell: (H,) EUR/kWh for discharging, before owners are paid.
        da: (H,) EUR/kWh, day-ahead prices, known or expected.
        chain: of the deviation from both paths.
        net_load_kwh: result, within the limits of the step.
    """
    run = state.run[0]
    t, by_step, by_curve, knots = run.position, False, False, dataset.curves.shape[2]
    for k in range(run.connected):
        ev = state.ev[0, state.lot[0, k]]
        by_step = by_step or is_by_step(ev, t)
        by_curve = by_curve or falls(ev, dataset)
    own, selling, none = np.empty(8), np.empty(len(sell)), np.zeros(0)
    discharge_kwh, curve = np.empty(len(da) if by_step else 1), np.zeros((2, knots * by_curve))
    yields = Yield(rules.charge_eff, rules.discharge_eff, HARD_EUR_PER_KWH)
    for k in range(run.connected):
        i = state.lot[0, k]
        ev = state.ev[0, i]
        write_limits(ev, t, own)
        write_selling(ev, sell, da, selling)
        write_discharge(ev, t, rules.dt_h, by_step, da, discharge_kwh)
        if by_curve:
            write_curve(ev, dataset, rules, curve)
        car = Car(
            ev.energy_kwh,
            ev.target_kwh,
            own[1],
            own[2],
            ev.charge_kw * rules.dt_h,
            own[6],
            int(own[5]),
            int(own[7]),
            ev.lo_kwh,
            ev.hi_kwh,
        )
        problem = buy, selling, discharge_kwh, chain, car, yields
        best_kwh = first_move_kwh(*problem, curve, Leaves(none, none, 0.0))
        best_kwh = max(best_kwh, _least_load_kwh(ev, t, dataset, rules, by_curve))
        net_load_kwh[0, i] = min(max(best_kwh, ev.lo_kwh), ev.hi_kwh)


@njit(internal=True)
def _least_load_kwh(ev: Any, t: int, dataset: Dataset, rules: Rules, by_curve: bool) -> float:
    """Smallest net load of one EV: see `vpp_gym.policies.base.least_load_kwh`."""
    later, full_kwh = max(ev.departure - t, 1) - 1, rules.charge_eff * (ev.charge_kw * rules.dt_h)
    later_kwh = full_kwh * later
    if by_curve:
        hours, full_kw = later * rules.dt_h, full_kwh / rules.dt_h
        later_kwh = gain_before_kwh(ev.target_kwh, hours, full_kw, dataset.curves[ev.session])
    gain_kwh = ev.target_kwh - later_kwh - ev.energy_kwh
    load_kwh = gain_kwh * rules.discharge_eff
    if gain_kwh > 0.0:
        load_kwh = gain_kwh / rules.charge_eff
    return min(max(load_kwh, ev.lo_kwh), ev.hi_kwh)
