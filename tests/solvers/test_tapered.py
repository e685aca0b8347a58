"""Plans of EVs whose batteries charge more slowly the fuller they are."""

from __future__ import annotations

import numpy as np
import pytest

from tests.solvers.cases import PLAIN, random_case
from tests.solvers.oracle import COST
from tests.solvers.tapered_oracle import (
    broken_kwh,
    taper_limit,
    tapered_case,
    tapered_cost_eur,
    weights,
)
from vpp_gym.errors import InvalidInputError
from vpp_gym.solvers.leaving import Leaving
from vpp_gym.solvers.single_ev import plan_cost, plan_ev, plan_fleet

OF_LEAVING = ("taper", "hazard", "due_kwh", "missing_eur_per_kwh")


def planned(case):
    given = {name: value for name, value in case.items() if name not in OF_LEAVING}
    if "hazard" not in case:
        return plan_ev(**given, curve=taper_limit(case).curve)
    leaving = Leaving(case["hazard"][None], case["due_kwh"][None], case["missing_eur_per_kwh"])
    curves = taper_limit(case).curve[None]
    return plan_fleet(**given, steps=len(case["buy"]), leaving=leaving, curves=curves)[0]


def cost_of(net_load, case):
    return plan_cost(net_load, case["buy"], case["sell"], **{name: case[name] for name in COST})


@pytest.mark.parametrize("batch", range(4))
def test_positive_prices_agree_with_the_linear_program(batch: int):
    for seed in range(60 * batch, 60 * batch + 60):
        case = tapered_case(seed)
        plan = planned(case)
        assert broken_kwh(plan, case) <= 2e-9, seed
        assert cost_of(plan, case) == pytest.approx(tapered_cost_eur(case), abs=2e-6), seed


@pytest.mark.parametrize("batch", range(4))
def test_prices_of_either_sign_agree_with_the_mixed_integer_program(batch: int):
    for seed in range(30 * batch, 30 * batch + 30):
        case = tapered_case(seed, negative=True, max_steps=6)
        plan = planned(case)
        assert broken_kwh(plan, case) <= 2e-9, seed
        assert cost_of(plan, case) == pytest.approx(tapered_cost_eur(case), abs=2e-6), seed


def expected_cost(net_load, case):
    """Of a car that may leave after any step."""
    (stays, leaves), energy, cost = weights(case), case["energy_kwh"], 0.0
    for i, load in enumerate(net_load):
        price = case["buy"][i] if load > 0 else case["sell"][i]
        cost += stays[i] * price * load
        energy += load * case["charge_eff"] if load > 0 else load / case["discharge_eff"]
        if i + 1 < len(net_load):
            missing = max(case["due_kwh"][i] - energy, 0.0)
            cost += leaves[i] * case["missing_eur_per_kwh"] * missing
    short = max(case["target_kwh"] - energy, 0.0)
    return cost + stays[-1] * case["shortfall_eur_per_kwh"] * short


@pytest.mark.parametrize("batch", range(2))
def test_plans_of_cars_that_may_leave_agree_with_the_linear_program(batch: int):
    for seed in range(40 * batch, 40 * batch + 40):
        case, rng = tapered_case(seed), np.random.default_rng((seed, 9))
        n = len(case["buy"])
        case["hazard"] = rng.choice([0.0, 0.1, 0.5], n)
        case["hazard"][-1] = 0.0
        case["due_kwh"] = rng.uniform(case["min_kwh"], 1.1 * case["max_kwh"], n)
        case["missing_eur_per_kwh"] = rng.choice([0.02, 0.3])
        plan = planned(case)
        assert broken_kwh(plan, case) <= 2e-9, seed
        assert expected_cost(plan, case) == pytest.approx(tapered_cost_eur(case), abs=5e-6), seed


def test_a_worked_example():
    """Ten kWh a step to 10 kWh, then 10 - 9 / 10 (e - 10) falling to one at 20.

    From 0 the first step at full power reaches 10, the second 10 + 100 / 9 (1 - e^-0.9). At a
    price that rises it is best to take all of both; at one that falls, the last step cannot
    make up for a first one that idles.
    """
    case = {**PLAIN, "energy_kwh": 0.0, "min_kwh": 0.0, "max_kwh": 20.0, "discharge_steps": 0}
    case |= {"buy": [0.2, 0.1], "sell": [0.2, 0.1], "curve": [[10.0, 20.0], [10.0, 1.0]]}
    most = 10 + 100 / 9 * (1 - np.exp(-0.9))
    assert plan_ev(**case) == pytest.approx([10.0, most - 10])
    less = {**case, "target_kwh": 15.0}
    # As little now as the second step can carry on from: it ends with 15 from e kWh on.
    end = 10 + 100 / 9
    first = 10 - 10 * (1 - np.log((end - 10) / (end - 15.0)) / 0.9)
    assert plan_ev(**less) == pytest.approx([first, 15.0 - first])


def test_without_knots_or_with_flat_ones_it_is_the_plan_without_a_taper():
    for seed in range(40):
        case = random_case(seed)
        if np.ndim(case["charge_kwh"]):
            continue
        flat = [[0.5 * case["max_kwh"], case["max_kwh"]], [99.0, 99.0]]
        plain, same = plan_ev(**case), plan_ev(**case, curve=np.array(flat))
        assert cost_of(same, case) == pytest.approx(cost_of(plain, case), abs=1e-9)


def test_a_fleet_of_unlike_cars_is_planned_one_by_one():
    cases = [tapered_case(seed, max_steps=6) for seed in range(30)]
    horizon = max(len(case["buy"]) for case in cases)
    rng = np.random.default_rng(3)
    buy = rng.uniform(0.01, 0.3, horizon)
    shared = {"charge_eff": 0.95, "discharge_eff": 0.9, "shortfall_eur_per_kwh": 1.0}
    own = ("energy_kwh", "min_kwh", "max_kwh", "target_kwh", "charge_kwh", "discharge_kwh")
    own = (*own, "discharge_steps", "contract_kwh")
    columns = {name: np.array([case[name] for case in cases], dtype=float) for name in own}
    steps = np.array([len(case["buy"]) for case in cases])
    curves = np.stack([taper_limit(case).curve for case in cases])
    plans = plan_fleet(buy, buy, steps=steps, **columns, **shared, curves=curves)
    for k, case in enumerate(cases):
        n = len(case["buy"])
        alone = {name: case[name] for name in own} | shared
        one = plan_ev(buy[:n], buy[:n], **alone, curve=curves[k])
        np.testing.assert_array_equal(plans[k, :n], one)
        assert not plans[k, n:].any()


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        ([[1.0, 2.0], [1.0, 2.0]], "falls ever faster"),
        ([[2.0, 1.0], [2.0, 1.0]], "falls ever faster"),
        ([[1.0, 2.0], [1.0, 0.0]], "falls ever faster"),
        ([[1.0, 2.0, 3.0], [5.0, 2.0, 1.0]], "falls ever faster"),
        ([1.0, 2.0], "give"),
    ],
)
def test_curves_that_are_no_tapers_are_refused(curve, message):
    with pytest.raises(InvalidInputError, match=message):
        plan_ev([0.1], [0.1], **PLAIN, curve=curve)
