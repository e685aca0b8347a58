"""The plan of EVs that may leave before the end of their stay."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from tests.solvers.cases import random_case, under_contract
from tests.solvers.oracle import caps, end_rows, violation_kwh
from tests.solvers.test_single_ev_exact import as_problem
from vpp_gym.errors import InvalidInputError
from vpp_gym.solvers.leaving import Leaving, kinks_of
from vpp_gym.solvers.single_ev import plan_ev, plan_fleet
from vpp_gym.solvers.single_ev_milp import milp_plan


def random_leaving(case: dict, seed: int) -> Leaving:
    rng = np.random.default_rng((seed, 7))
    n = len(case["buy"])
    start = case["energy_kwh"] * rng.choice([1.0, 0.7])
    due = np.minimum(case["target_kwh"], start + 10.0 * rng.random() * np.arange(1, n + 1))
    hazard = rng.random(n) * rng.choice([0.05, 0.5, 1.0])
    return Leaving(hazard[None], due[None], float(rng.choice([0.1, 0.5, 5.0])))


def as_fleet(case: dict) -> dict[str, Any]:
    """Arguments of `plan_fleet` for one EV."""
    limits = {name: np.asarray(value, float) for name, value in case.items()}
    powers = ("charge_kwh", "discharge_kwh")
    rows = {name: value[None] if value.ndim else value for name, value in limits.items()}
    own = {name: rows[name] if name in powers else case[name] for name in case}
    return {**own, "steps": np.array([len(case["buy"])])}


def planned(case: dict, leaving: Leaving | None) -> np.ndarray:
    return plan_fleet(**as_fleet(case), leaving=leaving)[0]


def expected_cost(net_load: np.ndarray, case: dict, leaving: Leaving) -> float:
    """Cost over all departures, each by its probability."""
    n, total, there = len(net_load), 0.0, 1.0
    cost, energy = 0.0, case["energy_kwh"]
    for i, load in enumerate(net_load):
        charge, discharge = max(load, 0.0), max(-load, 0.0)
        cost += case["buy"][i] * charge - case["sell"][i] * discharge
        energy += case["charge_eff"] * charge - discharge / case["discharge_eff"]
        leaves = leaving.hazard[0, i] if i < n - 1 else 1.0
        price = leaving.missing_eur_per_kwh if i < n - 1 else case["shortfall_eur_per_kwh"]
        due = leaving.due_kwh[0, i] if i < n - 1 else case["target_kwh"]
        total += there * leaves * (cost + price * max(due - energy, 0.0))
        there *= 1.0 - leaves
    return total


def lp_cost(case: dict, leaving: Leaving) -> float:
    """The same minimum by HiGHS, over [charge, discharge, missing after each step]."""
    n = len(case["buy"])
    up, down = end_rows(case)
    stays = np.r_[1.0, np.cumprod(1.0 - leaving.hazard[0])][:n]
    weight = stays * leaving.hazard[0] * leaving.missing_eur_per_kwh
    weight[-1] = stays[-1] * case["shortfall_eur_per_kwh"]
    due = np.r_[leaving.due_kwh[0, :-1], case["target_kwh"]]
    stored, energy = np.hstack([up, down, np.zeros((n, n))]), case["energy_kwh"]
    most = caps(case)
    answer = linprog(
        np.r_[stays * case["buy"], -stays * case["sell"], weight],
        A_ub=np.vstack(
            [
                stored,
                -stored,
                np.r_[np.zeros(n), np.ones(n), np.zeros(n)],
                np.hstack([-up, -down, -np.eye(n)]),
            ]
        ),
        b_ub=np.r_[
            np.full(n, case["max_kwh"] - energy),
            np.full(n, energy - case["min_kwh"]),
            min(case["contract_kwh"], most[1].sum()),
            energy - due,
        ],
        bounds=[(0.0, most_kwh) for most_kwh in (*most[0], *most[1], *np.full(n, np.inf))],
        options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
    )
    assert answer.status == 0, answer.message
    return float(answer.fun)


@pytest.mark.parametrize("batch", range(4))
def test_it_agrees_with_the_linear_program(batch: int):
    for seed in range(100 * batch, 100 * batch + 100):
        case = random_case(seed, max_steps=14)
        if seed % 2:
            case = under_contract(case, seed)
        case["sell"] = np.minimum(case["sell"], case["buy"])
        leaving = random_leaving(case, seed)
        plan = planned(case, leaving)
        assert violation_kwh(plan, case) <= 1e-9
        cost = expected_cost(plan, case, leaving)
        assert cost == pytest.approx(lp_cost(case, leaving), abs=1e-7), seed


@pytest.mark.parametrize("discharges", [False, True])
def test_it_is_the_best_of_all_schedules_over_all_departures(discharges: bool):
    """Whole kWh: every vertex of the program is on this grid."""
    moves = (-1.0, 0.0, 1.0) if discharges else (0.0, 1.0)
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 7))
        prices = rng.gamma(2.0, 0.05, n)
        case = {
            **dict.fromkeys(("charge_kwh", "discharge_kwh", "charge_eff", "discharge_eff"), 1.0),
            "buy": prices,
            "sell": prices - 0.01,
            "energy_kwh": 2.0,
            "min_kwh": float(rng.integers(0, 3)),
            "max_kwh": 6.0,
            "target_kwh": float(rng.integers(2, 7)),
            "discharge_steps": n if discharges else 0,
            "contract_kwh": float(rng.choice([1.0, 2.0, np.inf])),
            "shortfall_eur_per_kwh": 100.0,
        }
        due = np.minimum(case["target_kwh"], 2.0 + np.arange(1, n + 1))
        leaving = Leaving(rng.random((1, n)) * 0.3, due[None], 0.63)
        costs = []
        for schedule in product(moves, repeat=n):
            load = np.array(schedule)
            energy = 2.0 + np.cumsum(load)
            sold = np.maximum(-load, 0.0).sum()
            inside = (energy >= case["min_kwh"]).all() and (energy <= 6.0).all()
            if inside and sold <= case["contract_kwh"]:
                costs.append(expected_cost(load, case, leaving))
        found = expected_cost(planned(case, leaving), case, leaving)
        assert found == pytest.approx(min(costs), abs=1e-9), seed


def test_who_never_leaves_early_is_planned_as_before():
    for seed in range(100):
        case = under_contract(random_case(seed), seed)
        leaving = random_leaving(case, seed)._replace(hazard=np.zeros((1, len(case["buy"]))))
        costs = [
            expected_cost(plan, case, leaving) for plan in (plan_ev(**case), planned(case, leaving))
        ]
        assert costs[1] == pytest.approx(costs[0], abs=1e-9)


def test_a_car_that_may_leave_charges_earlier():
    prices = np.array([0.10, 0.10, 0.10, 0.08])
    case = {
        **dict.fromkeys(("charge_kwh", "discharge_kwh", "charge_eff", "discharge_eff"), 1.0),
        "buy": prices,
        "sell": prices,
        "energy_kwh": 0.0,
        "min_kwh": 0.0,
        "max_kwh": 9.0,
        "target_kwh": 1.0,
        "discharge_steps": 0,
        "contract_kwh": 0.0,
        "shortfall_eur_per_kwh": 100.0,
    }
    due = np.ones((1, 4))

    def first_kwh(hazard: float) -> float:
        return float(planned(case, Leaving(np.full((1, 4), hazard), due, 0.63))[0])

    # Waiting saves 0.02 EUR at most, and costs the hazard times 0.63, less the energy not bought.
    assert first_kwh(0.001) == 0.0
    assert first_kwh(0.10) == 1.0


@pytest.mark.parametrize("outside", [False, True])
def test_the_fallback_agrees_with_the_search(outside: bool):
    for seed in range(40):
        case = random_case(seed, negative=True, outside=outside, max_steps=8)
        leaving = random_leaving(case, seed)
        plan = planned(case, leaving)
        assert violation_kwh(plan, case) <= 1e-9
        own = kinks_of(leaving, 1, len(case["buy"])).of_ev(0, len(case["buy"]))
        by_highs = milp_plan(*as_problem(case), own)
        costs = [expected_cost(each, case, leaving) for each in (plan, by_highs)]
        assert costs[0] == pytest.approx(costs[1], abs=1e-6), seed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hazard", np.full((1, 3), 1.5)),
        ("hazard", np.zeros((1, 2))),
        ("due_kwh", np.full((1, 3), np.nan)),
        ("missing_eur_per_kwh", -1.0),
    ],
)
def test_what_cannot_be_is_refused(field: str, value: Any):
    leaving = Leaving(np.zeros((1, 3)), np.ones((1, 3)), 0.5)._replace(**{field: value})
    with pytest.raises(InvalidInputError, match=f"leaving.{field}"):
        kinks_of(leaving, 1, 3)
