"""The plan of one EV under the terms of any contract: own price, limits per step, no cap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.solvers.cases import plain, random_case, under_contract
from tests.solvers.oracle import COST, caps, lp_costs, milp_cost, violation_kwh
from vpp_gym.errors import InvalidInputError
from vpp_gym.fleet.charging import NO_CURVE
from vpp_gym.solvers.limits import Ev, Rules
from vpp_gym.solvers.single_ev import plan_cost, plan_ev, plan_fleet
from vpp_gym.solvers.single_ev_milp import milp_plan
from vpp_gym.solvers.stay import ANY, BELOW, dearest_first, discharge_end, stay_of

RULES: dict[str, Any] = {
    "charge_eff": 0.98,
    "discharge_eff": 0.95,
    "shortfall_eur_per_kwh": 0.5,
}
NOBODY = np.zeros(0), np.zeros(0), NO_CURVE
"""No costs of leaving early."""
BATTERY = ("energy_kwh", "min_kwh", "max_kwh", "target_kwh")


def cost_of(net_load: np.ndarray, case: dict) -> float:
    return plan_cost(net_load, case["buy"], case["sell"], **{name: case[name] for name in COST})


def activated(pay_eur_per_kwh: float) -> dict:
    """Full at 20 kWh; may be discharged only at 0.3 EUR/kWh or more, for a pay."""
    case = plain([0.2, 0.4, 0.1], energy_kwh=20.0, discharge_kwh=[0.0, 15.0, 0.0])
    return {**case, "sell": case["sell"] - pay_eur_per_kwh, "contract_kwh": np.inf}


@pytest.mark.parametrize(
    ("case", "net_load"),
    [
        # 15 kWh at 0.4 - 0.05: 10 of them come back at 0.1, and 5 were bought at 0.2.
        (activated(0.05), [5, -15, 10]),
        # At 0.4 - 0.2 the 5 kWh bought at 0.2 gain nothing.
        (activated(0.2), [0, -10, 10]),
        # At 0.4 - 0.31 none is worth the 0.1 to buy it back.
        (activated(0.31), [0, 0, 0]),
        # The window opens with the second step: 0.5 is missed.
        (plain([0.5, 0.4, 0.1], energy_kwh=20.0, discharge_kwh=[0, 5, 5]), [0, -5, 5]),
        # Below the 10 kWh to keep: 10 at 0.1, then 4 of them at 0.5.
        (
            plain(
                [0.6, 0.1, 0.5],
                energy_kwh=4.0,
                min_kwh=10.0,
                target_kwh=0.0,
                discharge_kwh=[10, 0, 10],
            ),
            [0, 10, -4],
        ),
        # The late limit begins behind the window, not behind the last discharge: 20 kWh
        # in the third step, though it may not charge beyond 20 kWh in the fourth.
        (
            plain(
                [0.3, 0.2, -0.1, -0.1],
                energy_kwh=15.0,
                target_kwh=15.0,
                charge_kwh=20.0,
                discharge_kwh=[10, 0, 0, 0],
                discharge_steps=3,
                late_max_kwh=20.0,
            ),
            [-10, 0, 20, 0],
        ),
    ],
)
def test_solved_by_hand(case: dict, net_load: list[float]):
    plan = plan_ev(**case)
    np.testing.assert_allclose(plan, net_load, atol=1e-12)
    assert violation_kwh(plan, case) <= 1e-9


@pytest.mark.parametrize("batch", range(8))
def test_positive_prices_agree_with_the_linear_program(batch: int):
    seeds = range(400 * batch, 400 * batch + 400)
    cases = [under_contract(random_case(seed), seed) for seed in seeds]
    plans = [plan_ev(**case) for case in cases]
    costs = [cost_of(plan, case) for plan, case in zip(plans, cases, strict=True)]
    np.testing.assert_allclose(costs, lp_costs(cases), atol=1e-6, rtol=0)
    assert max(map(violation_kwh, plans, cases)) <= 1e-9


@pytest.mark.parametrize("keep_from_below", [False, True], ids=["inside", "below"])
@pytest.mark.parametrize("outside", [False, True], ids=["window", "outside"])
def test_any_price_agrees_with_the_mixed_integer_program(keep_from_below: bool, outside: bool):
    for seed in range(2000, 2120):
        case = random_case(seed, negative=True, outside=outside, max_steps=9)
        case = under_contract(case, seed, keep_from_below=keep_from_below)
        plan = plan_ev(**case)
        assert violation_kwh(plan, case) <= 1e-9
        assert cost_of(plan, case) == pytest.approx(milp_cost(case), abs=1e-6), seed


def test_the_fallback_agrees_with_the_search():
    for seed in range(700, 720):
        case = random_case(seed, negative=True, max_steps=7)
        case = under_contract(case, seed, keep_from_below=seed % 2 == 1)
        ev = Ev(
            *(case.get(name, case["max_kwh"]) for name in Ev._fields[:-1]),
            steps=len(case["buy"]),
        )
        rules = Rules(*(case[name] for name in Rules._fields))
        plan = milp_plan(case["buy"], case["sell"], caps(case)[0].copy(), caps(case)[1], ev, rules)
        assert violation_kwh(plan, case) <= 1e-9
        assert cost_of(plan, case) == pytest.approx(cost_of(plan_ev(**case), case), abs=1e-6)


def test_shared_terms_may_be_given_once_or_for_each():
    for seed in range(300):
        case = random_case(seed, negative=seed % 2 == 1, outside=seed % 3 == 2)
        shared, n = {**case, "charge_kwh": 11.0}, len(case["buy"])
        buy, sell = shared.pop("buy"), shared.pop("sell")
        own_sell, own_kwh = np.tile(sell, (3, 1)), np.full((3, n), case["discharge_kwh"])
        once = plan_fleet(buy, sell, steps=[n] * 3, **shared)
        each = plan_fleet(buy, own_sell, steps=n, **{**shared, "discharge_kwh": own_kwh})
        np.testing.assert_allclose(each, once, atol=1e-12, rtol=0)


def test_a_fleet_is_its_evs_one_by_one():
    """Each with its own price and limits, up to its own departure."""
    rng = np.random.default_rng(0)
    cases = [random_case(seed, negative=seed % 3 == 0) for seed in range(60)]
    horizon, n = 14, len(cases)
    buy = rng.normal(0.05, 0.06, horizon)
    sell = buy - 0.03 * rng.random((n, 1))
    columns = {name: np.array([case[name] for case in cases]) for name in BATTERY}
    columns |= {
        "charge_kwh": rng.uniform(0, 11, (n, horizon)),
        "discharge_kwh": rng.choice([0.0, 11.0], (n, horizon)),
        "discharge_steps": rng.integers(0, horizon, n),
        "contract_kwh": rng.choice([5.0, np.inf], n),
    }
    steps = rng.integers(1, horizon + 5, n)
    net_load = plan_fleet(buy, sell, steps=steps, **columns, **RULES)
    assert (net_load < 0).any()
    for k, end in enumerate(np.minimum(steps, horizon)):
        own = {name: column[k] for name, column in columns.items()}
        own |= {name: own[name][:end] for name in ("charge_kwh", "discharge_kwh")}
        alone = plan_ev(buy[:end], sell[k, :end], **own, **RULES)
        np.testing.assert_array_equal(net_load[k, :end], alone)
        np.testing.assert_array_equal(net_load[k, end:], 0.0)


@pytest.mark.parametrize("seed", range(40))
def test_no_cap_is_a_cap_beyond_reach(seed: int):
    case = under_contract(random_case(seed, negative=True), seed)
    plans = [plan_ev(**{**case, "contract_kwh": cap_kwh}) for cap_kwh in (np.inf, 1e6)]
    np.testing.assert_array_equal(*plans)


def test_the_search_looks_back_from_the_last_possible_discharge_only():
    case = random_case(0)
    buy, none = np.full(6, 0.1), np.zeros(6)
    ev = Ev(
        *(case.get(name, case["max_kwh"]) for name in Ev._fields[:5]),
        discharge_steps=4.0,
        contract_kwh=np.inf,
        steps=6.0,
    )
    some = np.array([5.0, 0.0, 5.0, 0.0, 0.0, 5.0])
    ends = [discharge_end(limit, ev, 6) for limit in (some, none, np.array([5.0]))]
    assert ends == [3, 0, 4]
    series = buy, buy, dearest_first(buy), np.array([11.0]), some
    rules = Rules(**RULES)
    early = [stay_of(*series, ev, rules, back, ANY, *NOBODY).early_steps for back in (0, 4)]
    assert early == [3, 4]
    assert stay_of(*series, ev, rules, 0, BELOW, *NOBODY).early_steps == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sell": [[0.1, 0.2, 0.3]] * 3}, r"sell.*give \(3,\) or \(2, 3\)"),
        ({"sell": [[0.1, 0.2], [0.1, 0.2]]}, "sell"),
        ({"sell": [[0.1, 0.2, np.nan]] * 2}, "sell.*finite"),
        ({"discharge_kwh": [[1.0] * 4] * 2}, "discharge_kwh.*2 EVs in 3 steps"),
        ({"discharge_kwh": [1.0, 2.0, 3.0], "steps": [3, 3]}, "must|give"),
        ({"discharge_kwh": [[1.0, -2.0, 3.0]] * 2}, "discharge_kwh.*-2.0.*at least 0"),
        ({"contract_kwh": [1.0, np.nan]}, "contract_kwh.*nan.*no cap"),
        ({"max_kwh": np.inf}, "max_kwh.*inf.*finite"),
    ],
)
def test_bad_input_is_refused_by_name(change: dict, message: str):
    fleet = {**plain([0.1, 0.2, 0.3]), "energy_kwh": [10.0, 12.0], "steps": 3}
    with pytest.raises(InvalidInputError, match=message):
        plan_fleet(**{**fleet, **change})
