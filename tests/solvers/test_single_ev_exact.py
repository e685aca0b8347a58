"""The plan of one EV against linear and mixed-integer programs on random instances."""

from __future__ import annotations

import numpy as np
import pytest

from tests.solvers.cases import random_case
from tests.solvers.oracle import COST, lp_costs, milp_cost, violation_kwh
from vpp_gym.fleet.charging import NO_CURVE
from vpp_gym.solvers.budget import SOLVED, UNFINISHED, best_plan
from vpp_gym.solvers.limits import Ev, Rules
from vpp_gym.solvers.single_ev import plan_cost, plan_ev
from vpp_gym.solvers.single_ev_milp import milp_plan
from vpp_gym.solvers.stay import ANY, dearest_first, stay_of


def cost_of(net_load: np.ndarray, case: dict) -> float:
    return plan_cost(net_load, case["buy"], case["sell"], **{name: case[name] for name in COST})


@pytest.mark.parametrize("batch", range(8))
def test_positive_prices_agree_with_the_linear_program(batch: int):
    cases = [random_case(seed) for seed in range(300 * batch, 300 * batch + 300)]
    plans = [plan_ev(**case) for case in cases]
    costs = [cost_of(plan, case) for plan, case in zip(plans, cases, strict=True)]
    np.testing.assert_allclose(costs, lp_costs(cases), atol=1e-6, rtol=0)
    assert max(map(violation_kwh, plans, cases)) <= 1e-9


def test_long_stays_agree_with_the_linear_program():
    cases = [random_case(seed, max_steps=160) for seed in range(9000, 9030)]
    costs = [cost_of(plan_ev(**case), case) for case in cases]
    np.testing.assert_allclose(costs, lp_costs(cases), atol=1e-6, rtol=0)


@pytest.mark.parametrize("outside", [False, True], ids=["inside", "outside"])
def test_any_price_agrees_with_the_mixed_integer_program(outside: bool):
    for seed in range(150):
        case = random_case(seed, negative=True, outside=outside, max_steps=9)
        plan = plan_ev(**case)
        assert violation_kwh(plan, case) <= 1e-9
        assert cost_of(plan, case) == pytest.approx(milp_cost(case), abs=1e-6), seed


def as_problem(case: dict) -> tuple:
    n = len(case["buy"])
    ev = Ev(
        energy_kwh=case["energy_kwh"],
        min_kwh=case["min_kwh"],
        max_kwh=case["max_kwh"],
        late_max_kwh=case.get("late_max_kwh", case["max_kwh"]),
        target_kwh=case["target_kwh"],
        discharge_steps=float(case["discharge_steps"]),
        contract_kwh=case["contract_kwh"],
        steps=float(n),
    )
    rules = Rules(case["charge_eff"], case["discharge_eff"], case["shortfall_eur_per_kwh"])
    charge = np.broadcast_to(np.asarray(case["charge_kwh"], float), n).copy()
    discharge = np.broadcast_to(np.asarray(case["discharge_kwh"], float), n).copy()
    return case["buy"], case["sell"], charge, discharge, ev, rules


def test_the_fallback_agrees_with_the_search():
    for seed in range(500, 525):
        case = random_case(seed, negative=True, outside=seed % 3 == 0, max_steps=9)
        plan = milp_plan(*as_problem(case))
        assert violation_kwh(plan, case) <= 1e-9
        assert cost_of(plan, case) == pytest.approx(cost_of(plan_ev(**case), case), abs=1e-6)


def test_the_search_says_when_it_gives_up():
    buy, *rest = as_problem(random_case(1972, negative=True))
    stay = stay_of(
        buy, rest[0], dearest_first(buy), *rest[1:], 0, ANY, np.zeros(0), np.zeros(0), NO_CURVE
    )
    plan = np.empty(len(buy))
    assert best_plan(stay, 1, plan)[0] == UNFINISHED
    assert best_plan(stay, 50, plan)[0] == SOLVED
