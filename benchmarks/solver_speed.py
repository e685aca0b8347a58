"""Time to plan one EV of a fleet of 25: exact recursion, HiGHS, scipy and cvxpy.

    python -m benchmarks.solver_speed [--json]

Every engine solves the same fleets, each at new prices, and its costs must agree
with the exact ones. Figures are the best of a few runs, input checks included and
compilation not; ratios count, since all are measured side by side.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack, tril, vstack

from vpp_gym.solvers.fleet_lp import FleetLP
from vpp_gym.solvers.schedule import ScheduleProgram
from vpp_gym.solvers.schedule_data import ScheduleData, ScheduleRules
from vpp_gym.solvers.single_ev import plan_cost, plan_ev, plan_fleet

N_EVS = 25
RULES = ScheduleRules(charge_eff=0.98, discharge_eff=0.98, shortfall_eur_per_kwh=0.5)
SHARED: dict[str, Any] = {"charge_eff": 0.98, "discharge_eff": 0.98, "shortfall_eur_per_kwh": 0.5}
STAYS = (6, 24, 160)
WINDOWS = {"no contract": 0, "29 kWh in 3 steps": 3, "29 kWh in the whole stay": 999}
ENGINES = ("plan_fleet", "plan_ev", "FleetLP", "linprog", "ScheduleProgram")

Costs = list[float]
Fleet = dict[str, Any]


def fleets(steps: int, window: int, count: int) -> Iterator[tuple[np.ndarray, Fleet]]:
    """Positive prices (steps,) and the limits of 25 EVs that all stay so long."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        yield (
            rng.gamma(2.0, 0.03, steps),
            {
                "steps": np.full(N_EVS, steps),
                "energy_kwh": rng.uniform(20, 60, N_EVS),
                "min_kwh": np.full(N_EVS, 2.4),
                "max_kwh": np.full(N_EVS, 77.6),
                "target_kwh": rng.uniform(60, 77.6, N_EVS),
                "charge_kwh": np.full(N_EVS, 11.0),
                "discharge_kwh": np.full(N_EVS, 11.0),
                "discharge_steps": np.full(N_EVS, min(window, steps)),
                "contract_kwh": np.full(N_EVS, 29.0 if window else 0.0),
            },
        )


def fleet_cost_eur(prices: np.ndarray, fleet: Fleet, net_load: np.ndarray) -> float:
    """Cost of all plans."""
    ends = zip(net_load, fleet["energy_kwh"], fleet["target_kwh"], strict=True)
    return sum(
        plan_cost(plan, prices, prices, energy_kwh=energy, target_kwh=target, **SHARED)
        for plan, energy, target in ends
    )


def by_single_calls(prices: np.ndarray, fleet: Fleet) -> np.ndarray:
    """One call of `plan_ev` for each EV."""
    columns = {name: column for name, column in fleet.items() if name != "steps"}
    return np.array(
        [
            plan_ev(prices, prices, **{name: own[k] for name, own in columns.items()}, **SHARED)
            for k in range(N_EVS)
        ]
    )


def by_linprog(prices: np.ndarray, fleet: Fleet) -> np.ndarray:
    """One sparse LP in scipy for each EV, over [charge, discharge, shortfall]."""
    n = len(prices)
    past = csr_array(tril(np.ones((n, n))))
    stored = hstack([0.98 * past, -past / 0.98, csr_array((n, 1))])
    last = hstack([-stored[[n - 1], : 2 * n], -eye_array(1)])
    total = csr_array(np.r_[np.zeros(n), np.ones(n), 0.0][None, :])
    rows = vstack([stored, -stored, total, last]).tocsc()
    plans = []
    for k in range(N_EVS):
        ev = {name: column[k] for name, column in fleet.items()}
        up, down = ev["max_kwh"] - ev["energy_kwh"], ev["energy_kwh"] - ev["min_kwh"]
        limits = np.r_[np.full(n, up), np.full(n, down), ev["contract_kwh"]]
        most = np.where(np.arange(n) < ev["discharge_steps"], ev["discharge_kwh"], 0.0)
        high = np.r_[np.full(n, ev["charge_kwh"]), most, np.inf]
        answer = linprog(
            np.r_[prices, -prices, SHARED["shortfall_eur_per_kwh"]],
            A_ub=rows,
            b_ub=np.r_[limits, ev["energy_kwh"] - ev["target_kwh"]],
            bounds=np.stack([np.zeros(2 * n + 1), high], axis=1),
        )
        plans.append(answer.x[:n] - answer.x[n : 2 * n])
    return np.array(plans)


def planner(engine: str, steps: int) -> Callable[[np.ndarray, Fleet], np.ndarray]:
    """A function from prices and limits to (n, steps) net load, its model built once."""
    if engine == "plan_fleet":
        return lambda prices, fleet: plan_fleet(prices, prices, **fleet, **SHARED)
    if engine == "plan_ev":
        return by_single_calls
    if engine == "linprog":
        return by_linprog
    program: FleetLP | ScheduleProgram
    program = (FleetLP if engine == "FleetLP" else ScheduleProgram)(N_EVS, steps, RULES)
    return lambda prices, fleet: program.solve(ScheduleData(prices, prices, **fleet)).net_load_kwh


def best_us(engine: str, steps: int, window: int, count: int) -> tuple[float, Costs]:
    """Microseconds per EV, the best of `count` fleets, and the cost of each fleet."""
    plan = planner(engine, steps)
    times, costs = [], []
    for k, (prices, fleet) in enumerate(fleets(steps, window, count)):
        if k == 0:
            plan(prices, fleet)  # compiles, or builds the model
        begin = perf_counter()
        net_load = plan(prices, fleet)
        times.append(perf_counter() - begin)
        costs.append(fleet_cost_eur(prices, fleet, net_load))
    return min(times) / N_EVS * 1e6, costs


def main() -> None:
    """Print microseconds per EV and their ratio to the exact plan of the fleet."""
    rows = []
    for steps in STAYS:
        for label, window in WINDOWS.items():
            exact_us, exact_costs = best_us("plan_fleet", steps, window, 50)
            row: dict[str, str | float] = {"steps": steps, "contract": label}
            row["plan_fleet"] = exact_us
            for engine in ENGINES[1:]:
                count = 10 if engine == "plan_ev" else 4
                row[engine], costs = best_us(engine, steps, window, count)
                np.testing.assert_allclose(costs, exact_costs[:count], atol=1e-5)
            rows.append(row)
            if "--json" not in sys.argv:
                print_row(row, header=len(rows) == 1)
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=1))


def print_row(row: dict, *, header: bool) -> None:
    """One line: microseconds per EV and, in brackets, how many times the exact plan's."""
    if header:
        print(f"{'us per EV':32}" + "".join(f"{engine:>20}" for engine in ENGINES))
    cells = [f"{row[engine]:,.1f} ({row[engine] / row['plan_fleet']:,.0f}x)" for engine in ENGINES]
    print(f"{row['steps']:>3} steps, {row['contract']:21}" + "".join(f"{c:>20}" for c in cells))


if __name__ == "__main__":
    main()
