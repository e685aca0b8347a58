"""The plan of one EV: solved by hand, and its behaviour at the edges."""

from __future__ import annotations

import numpy as np
import pytest

from tests.solvers.cases import PLAIN, plain, random_case
from tests.solvers.oracle import COST, violation_kwh
from vpp_gym.errors import InvalidInputError
from vpp_gym.solvers.single_ev import plan_cost, plan_ev, plan_fleet


def cost_of(net_load: np.ndarray, case: dict) -> float:
    return plan_cost(net_load, case["buy"], case["sell"], **{name: case[name] for name in COST})


@pytest.mark.parametrize(
    ("case", "net_load"),
    [
        # Sell at 0.3 what is bought at 0.1; 10 of the 14 kWh come at 0.1, 4 at 0.2.
        (plain([0.3, 0.1, 0.2], contract_kwh=4.0), [-4, 10, 4]),
        # Ample contract: down to 2 kWh at 0.3, and 18 kWh back.
        (plain([0.3, 0.1, 0.2]), [-8, 10, 8]),
        # No contract: the cheapest hour takes all.
        (plain([0.3, 0.1, 0.2], contract_kwh=0.0), [0, 10, 0]),
        # The window has closed before the dear hour.
        (plain([0.1, 0.3, 0.2], discharge_steps=1), [10, 0, 0]),
        # Buys 10 more than wanted at 0.1 to sell them at 0.3.
        (plain([0.1, 0.1, 0.3]), [10, 10, -10]),
        # 0.8 in and 0.8 out: 0.3 back is less than the 0.2 / 0.64 that it costs.
        (plain([0.2, 0.3], charge_eff=0.8, discharge_eff=0.8, target_kwh=10.0), [0, 0]),
        (plain([0.1, 0.3], charge_eff=0.8, discharge_eff=0.8, target_kwh=10.0), [10, -6.4]),
        # Out of reach: all it can, and no discharge.
        (plain([0.5, 0.1], target_kwh=40.0), [10, 10]),
        # Missing energy is cheaper than buying it.
        (plain([0.5, 0.1], target_kwh=40.0, shortfall_eur_per_kwh=0.2), [-8, 10]),
        # One step.
        (plain([0.1]), [10]),
        (plain([0.1], target_kwh=12.5), [2.5]),
        # A quarter of an hour: a quarter of the energy per step.
        (plain([3, 1, 2, 1], charge_kwh=2.5, target_kwh=15, contract_kwh=0), [0, 2.5, 0, 2.5]),
        # Limits differ by step.
        (plain([0.1, 0.2, 0.3], charge_kwh=[4.0, 2.0, 9.0], contract_kwh=0.0), [4, 2, 4]),
        # Paid to take energy: to the brim, target or not.
        (plain([-0.1, 0.2], max_kwh=18.0, target_kwh=12.0, contract_kwh=0.0), [8, 0]),
        # Full and paid to take energy twice: give a little at -0.01 to take it at -0.1.
        (plain([-0.01, -0.1], energy_kwh=40.0), [-10, 10]),
        # Above its window: no charging, though it pays.
        (plain([-0.1, 0.1], energy_kwh=45.0, contract_kwh=0.0), [0, 0]),
        # Below its window: no discharging before it is back.
        (plain([0.6, 0.1, 0.5], energy_kwh=1.0, min_kwh=5.0, target_kwh=0.0), [0, 10, -6]),
        # A window that closed long ago.
        (plain([0.1, 0.3], discharge_steps=-2), [10, 0]),
        # Behind the window no charging beyond the late limit.
        (plain([0.1, -0.1], discharge_steps=1, late_max_kwh=20.0), [0, 10]),
        (plain([-0.2, -0.1], discharge_steps=1, late_max_kwh=18.0, energy_kwh=15.0), [10, 0]),
    ],
)  # fmt: skip
def test_solved_by_hand(case: dict, net_load: list[float]):
    plan = plan_ev(**case)
    np.testing.assert_allclose(plan, net_load, atol=1e-12)
    assert violation_kwh(plan, case) <= 1e-9


def test_cost_counts_trade_and_shortfall():
    case = plain([0.3, 0.1], target_kwh=30.0, shortfall_eur_per_kwh=2.0)
    # -5 at 0.3, +10 at 0.1, and 15 of 30 kWh at the end.
    assert cost_of(np.array([-5.0, 10.0]), case) == pytest.approx(-1.5 + 1.0 + 2.0 * 15.0)


def test_equal_prices_charge_early():
    plan = plan_ev(**plain([0.2, 0.1, 0.1, 0.1], target_kwh=25.0, contract_kwh=0.0))
    np.testing.assert_array_equal(plan, [0, 10, 5, 0])


@pytest.mark.parametrize("price", [0.0, 0.1, 0.3])
def test_a_discharge_that_gains_nothing_is_left_out(price: float):
    plan = plan_ev(**plain([price] * 6, target_kwh=10.0))
    np.testing.assert_array_equal(plan, np.zeros(6))


def test_a_round_trip_at_cost_is_left_out():
    buy = np.array([0.1, 0.1])
    sell = buy / (0.9 * 0.9)
    case = plain([0.0, 0.0], buy=buy, sell=sell, charge_eff=0.9, discharge_eff=0.9)
    np.testing.assert_allclose(plan_ev(**case), [10, 10 / 9], atol=1e-12)


def test_the_contract_is_used_up_where_it_pays():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        case = plain(list(rng.uniform(0.05, 0.5, 24)), contract_kwh=rng.uniform(1, 30))
        discharged = -np.minimum(plan_ev(**case), 0.0).sum()
        more = {**case, "contract_kwh": 999.0}
        wanted = -np.minimum(plan_ev(**more), 0.0).sum()
        assert discharged == pytest.approx(min(wanted, case["contract_kwh"]), abs=1e-9)


@pytest.mark.parametrize("seed", range(60))
def test_more_freedom_never_costs_more(seed: int):
    case = random_case(seed, negative=seed % 2 == 1)
    cost = cost_of(plan_ev(**case), case)
    for change in (
        {"contract_kwh": case["contract_kwh"] + 5.0},
        {"discharge_kwh": case["discharge_kwh"] + 5.0},
        {"charge_kwh": np.asarray(case["charge_kwh"]) + 5.0},
        {"discharge_steps": case["discharge_steps"] + 1, "late_max_kwh": case["max_kwh"]},
        {"min_kwh": 0.0},
        {"charge_eff": 1.0, "discharge_eff": 1.0} if seed % 2 == 0 else {},
    ):
        freer = {**case, **change}
        assert cost_of(plan_ev(**freer), freer) <= cost + 1e-9


@pytest.mark.parametrize("seed", range(30))
def test_an_hour_in_quarters_costs_the_same(seed: int):
    hourly = random_case(seed)
    hourly["charge_kwh"] = 11.0
    quarters = {
        **hourly,
        "buy": np.repeat(hourly["buy"], 4),
        "sell": np.repeat(hourly["sell"], 4),
        "charge_kwh": hourly["charge_kwh"] / 4,
        "discharge_kwh": hourly["discharge_kwh"] / 4,
        "discharge_steps": hourly["discharge_steps"] * 4,
    }
    assert cost_of(plan_ev(**quarters), quarters) == pytest.approx(
        cost_of(plan_ev(**hourly), hourly), abs=1e-9
    )


@pytest.mark.parametrize("seed", range(40))
def test_the_rest_of_an_optimal_plan_is_optimal(seed: int):
    """Bellman: planning again after the first step costs what the plan says."""
    case = random_case(seed, negative=True)
    case.pop("late_max_kwh", None)
    plan = plan_ev(**case)
    if len(plan) == 1:
        return
    first = max(plan[0], 0.0), max(-plan[0], 0.0)
    stored = case["charge_eff"] * first[0] - first[1] / case["discharge_eff"]
    rest = {
        **case,
        "buy": case["buy"][1:],
        "sell": case["sell"][1:],
        "charge_kwh": np.broadcast_to(case["charge_kwh"], plan.shape)[1:],
        "energy_kwh": np.clip(case["energy_kwh"] + stored, case["min_kwh"], case["max_kwh"]),
        "discharge_steps": case["discharge_steps"] - 1,
        "contract_kwh": case["contract_kwh"] - first[1],
    }
    assert cost_of(plan_ev(**rest), rest) == pytest.approx(cost_of(plan[1:], rest), abs=1e-8)


@pytest.mark.parametrize("seed", range(30))
def test_no_exchange_between_two_steps_gains(seed: int):
    """First-order optimality: the battery gives or takes a little elsewhere, never for less."""
    case = random_case(seed)
    plan = plan_ev(**case)
    cost = cost_of(plan, case)
    for i, j in np.ndindex(len(plan), len(plan)):
        other = plan.copy()
        other[i] += 0.01
        other[j] -= 0.01 * (i != j)
        if violation_kwh(other, case) <= 1e-12:
            assert cost_of(other, case) >= cost - 1e-12


def test_a_fleet_is_its_evs_one_by_one():
    cases = [random_case(seed, negative=seed % 3 == 0) for seed in range(60)]
    for case in cases:
        case["charge_kwh"] = 11.0
    rng = np.random.default_rng(0)
    horizon = 14
    prices = rng.normal(0.05, 0.06, horizon)
    columns = {
        name: np.array([case.get(name, case["max_kwh"]) for case in cases])
        for name in (*PLAIN, "late_max_kwh")
        if name not in ("charge_eff", "discharge_eff", "shortfall_eur_per_kwh")
    }
    rules = {"charge_eff": 0.98, "discharge_eff": 0.95, "shortfall_eur_per_kwh": 0.5}
    steps = rng.integers(1, horizon + 5, len(cases))
    net_load = plan_fleet(prices + 0.01, prices - 0.01, steps=steps, **columns, **rules)
    assert net_load.shape == (len(cases), horizon)
    for k, n in enumerate(np.minimum(steps, horizon)):
        own = {name: column[k] for name, column in columns.items()}
        alone = plan_ev(prices[:n] + 0.01, prices[:n] - 0.01, **own, **rules)
        np.testing.assert_array_equal(net_load[k, :n], alone)
        np.testing.assert_array_equal(net_load[k, n:], 0.0)


def test_inputs_are_left_alone_and_may_be_read_only():
    case = plain([0.3, 0.1, 0.2])
    for value in case.values():
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    np.testing.assert_allclose(plan_ev(**case), [-8, 10, 8])


@pytest.mark.parametrize(
    "change",
    [
        {"buy": [0.1, np.nan]},
        {"buy": [0.1]},
        {"buy": [], "sell": []},
        {"energy_kwh": np.nan},
        {"min_kwh": 41.0},
        {"charge_kwh": -1.0},
        {"charge_kwh": [1.0, 2.0, 3.0]},
        {"discharge_kwh": -1.0},
        {"discharge_steps": 1.5},
        {"contract_kwh": np.nan},
        {"contract_kwh": -np.inf},
        {"discharge_kwh": [1.0, 2.0, 3.0]},
        {"discharge_kwh": [1.0, np.inf]},
        {"sell": [0.1, 0.2, 0.3]},
        {"sell": [[0.1, 0.2], [0.1, 0.2]]},
        {"charge_eff": 0.0},
        {"discharge_eff": 1.01},
        {"shortfall_eur_per_kwh": -0.1},
        {"shortfall_eur_per_kwh": np.inf},
    ],
)
def test_bad_input_is_refused(change: dict):
    with pytest.raises(InvalidInputError):
        plan_ev(**{**plain([0.1, 0.2]), **change})


def test_fleet_columns_must_fit():
    columns = {**PLAIN, "energy_kwh": [1.0, 2.0, 3.0], "steps": [1, 2]}
    with pytest.raises(InvalidInputError):
        plan_fleet([0.1, 0.2], [0.1, 0.2], **columns)


def test_every_ev_may_have_its_own_prices():
    rng = np.random.default_rng(2)
    buy, sell = rng.normal(0.05, 0.05, (2, 4, 6))
    limits = {**PLAIN, "charge_kwh": 11.0, "discharge_kwh": 11.0}
    plans = plan_fleet(buy, sell, steps=[6] * 4, **limits)
    for k in range(4):
        np.testing.assert_array_equal(plans[k], plan_ev(buy[k], sell[k], **limits))
    assert len(np.unique(plans, axis=0)) > 1
    with pytest.raises(InvalidInputError, match="buy"):
        plan_fleet(buy[:3], sell, **{**limits, "steps": 6, "energy_kwh": np.full(4, 10.0)})
