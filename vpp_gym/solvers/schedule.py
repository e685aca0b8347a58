"""The fleet's schedule as a cvxpy program, readable next to the paper.

Rahman et al. 2023, program (16), with the errors of its print repaired: the
contract bounds the energy discharged, not its negative, and its window counts from
now. Added are the shortfall penalty, the site limit, quadratic terms, pooled
settlement and binaries for negative prices. The program is built once for a size,
with parameters, and solved again with new data.

Where none of these additions couples the EVs, `single_ev` gives the same answer a
thousand times faster; for the site limit and pooled settlement `fleet_lp` does.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from typing import Any

import cvxpy as cp
import numpy as np

from vpp_gym.errors import InvalidInputError, SolveFailedError
from vpp_gym.solvers.schedule_data import Instance, ScheduleData, ScheduleRules, instance_of
from vpp_gym.solvers.solution import Solution, solution_of

SOLVER_OPTIONS: dict[str, dict[str, Any]] = {
    "HIGHS": {"warm_start": False},  # Warm is slower: cvxpy builds the model anew.
    "OSQP": {
        "warm_start": True,
        "eps_abs": 1e-5,
        "eps_rel": 1e-5,
        "max_iter": 20_000,
        "polishing": True,
    },
    "CLARABEL": {"warm_start": False},
}


class ScheduleProgram:
    """Cheapest schedule of up to n EVs over up to H steps.

    Quadratic programs go to OSQP, to 1e-5, which leaves repairs of some 0.01 kWh;
    where it does not converge or misses a hard target, Clarabel takes over.

    Args:
        n_evs: EVs the program has room for.
        horizon: steps the program has room for.
        rules: efficiencies, penalty, limits and terms.
        solver: cvxpy's name of one of `SOLVER_OPTIONS`. By default HiGHS for a
            linear program, OSQP then Clarabel for a quadratic one. Name Clarabel
            for an accurate quadratic optimum.

    >>> program = ScheduleProgram(2, 3, ScheduleRules(charge_eff=1.0, discharge_eff=1.0))
    >>> data = ScheduleData([0.3, 0.1, 0.2], [0.3, 0.1, 0.2], steps=[3, 1], energy_kwh=10,
    ...     min_kwh=0, max_kwh=40, target_kwh=16, charge_kwh=10, discharge_kwh=10,
    ...     discharge_steps=0, contract_kwh=0)
    >>> program.solve(data).net_load_kwh.round(6) + 0.0
    array([[0., 6., 0.],
           [6., 0., 0.]])
    """

    def __init__(
        self,
        n_evs: int,
        horizon: int,
        rules: ScheduleRules | None = None,
        *,
        solver: str | None = None,
    ) -> None:
        if n_evs < 1 or horizon < 1:
            raise InvalidInputError("n_evs, horizon", (n_evs, horizon), "give at least 1")
        if solver is not None and solver not in SOLVER_OPTIONS:
            raise InvalidInputError("solver", solver, f"use one of {', '.join(SOLVER_OPTIONS)}")
        self.n_evs, self.horizon, self.solver = n_evs, horizon, solver
        self.rules = rules or ScheduleRules()
        self._declare()
        self.problem = cp.Problem(cp.Minimize(self._cost_eur()), list(self._constraints()))

    def solve(self, data: ScheduleData) -> Solution:
        """The optimal schedule for these data, made feasible to the last digit.

        Raises:
            InvalidInputError: data that cannot be used or do not fit.
            SolveFailedError: infeasible, unbounded or not converged.
        """
        instance = instance_of(data, self.rules, self.n_evs, self.horizon)
        self._assign(instance)
        start_s = time.perf_counter()
        failures = []
        for name in self._solver_names():
            status = self._status(name)
            elapsed_s = time.perf_counter() - start_s
            try:
                return self._solution(instance, name, status, elapsed_s)
            except SolveFailedError as failure:
                failures.append(str(failure))
        raise SolveFailedError(f"schedule of the fleet: {'; '.join(failures)}")

    def _solution(self, instance: Instance, name: str, status: str, elapsed_s: float) -> Solution:
        if status != cp.OPTIMAL:
            raise SolveFailedError(f"{name}: {status}")
        charge, discharge = self.charge.value, self.discharge.value
        label = f"{name}: {status}"
        return solution_of(instance, self.rules, charge, discharge, label, elapsed_s)

    def _declare(self) -> None:
        n, horizon = self.n_evs, self.horizon
        self.charge = cp.Variable((n, horizon), nonneg=True)
        self.discharge = cp.Variable((n, horizon), nonneg=True)
        self.gain = cp.Variable((n, horizon))  # Stored since the start, after each step.
        self.short = cp.Variable(n, nonneg=True)
        self.buy = cp.Parameter(horizon)
        self.sell = cp.Parameter((1 if self.rules.pooled else n, horizon))
        self.charge_max = cp.Parameter((n, horizon), nonneg=True)
        self.discharge_max = cp.Parameter((n, horizon), nonneg=True)
        self.room_down, self.room_up = cp.Parameter((n, 1)), cp.Parameter((n, 1))
        self.demand = cp.Parameter(n)
        self.contract = cp.Parameter(n, nonneg=True)
        self.committed = cp.Parameter(horizon)
        self.rising = cp.Variable((n, horizon), boolean=True) if self.rules.boolean else None
        self.above = cp.Parameter((n, horizon), nonneg=True)
        self.below = cp.Parameter((n, horizon), nonneg=True)
        self.bought = cp.Variable(horizon, nonneg=True)
        self.sold = cp.Variable(horizon, nonneg=True)
        self.net_load = cp.sum(self.charge, axis=0) - cp.sum(self.discharge, axis=0)

    def _cost_eur(self) -> cp.Expression:
        """(16): the value of the energy traded, and the terms added to it."""
        if self.rules.pooled:
            cost = self.buy @ self.bought - self.sell[0] @ self.sold
        else:
            charged = cp.sum(self.charge, axis=0)
            cost = self.buy @ charged - cp.sum(cp.multiply(self.sell, self.discharge))
        if self.rules.shortfall_eur_per_kwh is not None:
            cost += self.rules.shortfall_eur_per_kwh * cp.sum(self.short)
        if self.rules.ramp_eur_per_kwh2 > 0.0 and self.horizon > 1:
            cost += self.rules.ramp_eur_per_kwh2 * cp.sum_squares(cp.diff(self.net_load))
        if self.rules.wear_eur_per_kwh2 > 0.0:
            cost += self.rules.wear_eur_per_kwh2 * cp.sum_squares(self.discharge)
        return cost

    def _constraints(self) -> Iterator[cp.Constraint]:
        rules = self.rules
        # (16b) and power: zero after departure, and outside the contract's window,
        # which is now + what is left of the term (the print: arrival + what is left).
        if self.rising is None:
            yield self.charge <= self.charge_max
            yield self.discharge <= self.discharge_max
        else:
            yield self.charge <= cp.multiply(self.charge_max, self.rising)
            yield self.discharge <= cp.multiply(self.discharge_max, 1 - self.rising)
            # Who charges is not above the window afterwards, who discharges not below.
            yield self.gain + cp.multiply(self.above, self.rising) <= self.room_up
            yield self.gain - cp.multiply(self.below, 1 - self.rising) >= self.room_down
        # Battery.
        change = rules.charge_eff * self.charge - self.discharge / rules.discharge_eff
        yield self.gain[:, 0] == change[:, 0]
        if self.horizon > 1:
            yield self.gain[:, 1:] == self.gain[:, :-1] + change[:, 1:]
        yield self.gain >= self.room_down
        yield self.gain <= self.room_up
        # (16d): the energy discharged is within what is left of the contract (the
        # print adds up negative numbers, which never binds).
        yield cp.sum(self.discharge, axis=1) <= self.contract
        # Target at departure, after which the gain no longer changes.
        yield self.gain[:, -1] + self.short >= self.demand
        if rules.shortfall_eur_per_kwh is None:
            yield self.short == 0
        if rules.pooled:
            yield self.bought - self.sold == self.net_load + self.committed
        if rules.site_limit_kw is not None:
            yield cp.abs(self.net_load) <= rules.site_limit_kwh

    def _assign(self, instance: Instance) -> None:
        self.buy.value = instance.buy
        self.sell.value = np.broadcast_to(instance.sell, self.sell.shape)
        self.charge_max.value = instance.charge_max_kwh
        self.discharge_max.value = instance.discharge_max_kwh
        self.room_down.value = (instance.lower_kwh - instance.energy_kwh)[:, None]
        self.room_up.value = (instance.upper_kwh - instance.energy_kwh)[:, None]
        above = np.maximum(instance.energy_kwh - instance.max_kwh, 0.0)
        below = np.maximum(instance.min_kwh - instance.energy_kwh, 0.0)
        self.above.value = np.repeat(above[:, None], self.horizon, axis=1)
        self.below.value = np.repeat(below[:, None], self.horizon, axis=1)
        self.demand.value = instance.target_kwh - instance.energy_kwh
        self.contract.value = instance.contract_kwh
        self.committed.value = instance.committed_kwh

    def _solver_names(self) -> list[str]:
        if self.solver is not None:
            return [self.solver]
        return ["OSQP", "CLARABEL"] if self.rules.is_quadratic else ["HIGHS"]

    def _status(self, name: str) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # The status says the same, and is checked.
            try:
                self.problem.solve(solver=name, **SOLVER_OPTIONS[name])
            except cp.error.SolverError as error:
                return f"{error}"
        return str(self.problem.status)
