"""Schedulers on hand-made snapshots with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vpp_gym.contracts.choice import pay_eur_per_kwh
from vpp_gym.errors import InvalidInputError
from vpp_gym.policies.forecasters import HourOfDayMean
from vpp_gym.policies.scheduler import (
    ProgramEngine,
    algorithm_1,
    discharge_limits,
    no_v2g,
    rolling_mpc,
    selling_price,
)
from vpp_gym.solvers.single_ev import plan_cost, plan_fleet

DA = np.array([0.03, 0.05, 0.09])
ALL = np.arange(2)
RULES = {"charge_eff": 0.98, "discharge_eff": 0.95, "shortfall_eur_per_kwh": 0.5}
N, HORIZON = 5, 9


class Given:
    """A forecaster that returns the prices it was made with."""

    name, privileged = "given", False

    def __init__(self, *prices: float) -> None:
        self.prices = np.array(prices)

    def forecast(self, snapshot, n_steps):
        return self.prices[:n_steps], self.prices[:n_steps]


def first_step(policy, snapshot):
    decisions, _ = policy.predict(snapshot)
    assert policy.repair_kwh <= 1e-6
    return decisions.net_load_kwh[: len(snapshot.session)]


def test_mpc_waits_for_the_cheap_step_and_charges_in_it(snapshot_of):
    target = 20.0 + 0.98 * 11.0
    snapshot = snapshot_of(energy_kwh=[20.0] * 2, target_kwh=[target] * 2, steps=[3, 1])
    assert first_step(rolling_mpc(0, Given(0.3, 0.1, 0.2)), snapshot) == pytest.approx([0, 11])
    assert first_step(rolling_mpc(0, Given(0.1, 0.3, 0.2)), snapshot) == pytest.approx([11, 11])


def test_mpc_sells_within_the_contract_and_buys_back(snapshot_of):
    snapshot = snapshot_of(
        energy_kwh=[50.0, 50.0],
        target_kwh=[50.0, 50.0],
        steps=[3, 3],
        contract_kwh=[5.0, 0.0],
        contract_steps=[1, 0],
    )
    sold = first_step(rolling_mpc(3, Given(0.4, 0.1, 0.1)), snapshot)
    assert sold == pytest.approx([-5.0, 0.0])


@pytest.mark.parametrize("make", [rolling_mpc, lambda _, forecaster: no_v2g(forecaster)])
def test_charging_above_the_target_is_not_put_off_beyond_the_window(snapshot_of, make):
    snapshot = snapshot_of(energy_kwh=[70.0], target_kwh=[70.0], steps=[3], contract_steps=[1])
    kwh = first_step(make(3, Given(-0.05, -0.2, 0.1)), snapshot)
    assert kwh == pytest.approx([7.6 / 0.98])


def test_no_v2g_never_discharges_whatever_the_contract(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[50.0], target_kwh=[50.0], steps=[3], contract_kwh=[5.0])
    assert first_step(no_v2g(Given(0.4, 0.1, 0.1)), snapshot) == pytest.approx([0.0])
    assert no_v2g().term_h == 0


def test_algorithm_1_charges_forced_evs_and_lets_the_others_idle(snapshot_of):
    target = 20.0 + 1.5 * 0.98 * 11.0
    snapshot = snapshot_of(energy_kwh=[20.0] * 2, target_kwh=[target] * 2, steps=[3, 2])
    cheap_now = algorithm_1(3, Given(0.0, 0.5, 0.5))
    assert first_step(cheap_now, snapshot) == pytest.approx([0.0, 11.0])


def test_algorithm_1_plans_evs_under_contract_to_their_departure(snapshot_of):
    target = 50.0
    snapshot = snapshot_of(
        energy_kwh=[50.0, 20.0],
        target_kwh=[target, 60.0],
        steps=[4, 20],
        contract_kwh=[8.0, 8.0],
        contract_steps=[2, 3],
    )
    prices = [0.1] * 20
    prices[0] = 0.3
    kwh = first_step(algorithm_1(3, Given(*prices)), snapshot)
    assert kwh == pytest.approx([-8.0, -8.0])


def test_algorithm_1_keeps_planning_an_ev_whose_contract_has_ended(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[50.0], target_kwh=[55.0], steps=[4])
    ended = replace(snapshot, has_contract=np.array([True]))
    forecast = Given(0.1, 0.3, 0.3, 0.3)
    assert first_step(algorithm_1(1, forecast), snapshot) == pytest.approx([0.0])
    assert first_step(algorithm_1(1, forecast), ended) == pytest.approx([5 / 0.98])


def test_negative_prices_do_not_charge_and_discharge_at_once(snapshot_of):
    snapshot = snapshot_of(
        energy_kwh=[40.0], target_kwh=[77.6], steps=[6], contract_kwh=[29.0], contract_steps=[3]
    )
    kwh = first_step(rolling_mpc(3, Given(-0.1, -0.1, -0.1, 0.1, 0.1, 0.1)), snapshot)
    assert kwh == pytest.approx([11.0])


def test_a_target_out_of_reach_is_approached_at_full_power(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[5.0], steps=[2], params={"guarantee": True})
    assert first_step(rolling_mpc(0, Given(0.9, -0.9)), snapshot) == pytest.approx([11.0])


@pytest.mark.parametrize("energy", [0.5, 79.0])
def test_energy_outside_the_battery_window_is_planned_from_where_it_is(snapshot_of, energy):
    snapshot = snapshot_of(energy_kwh=[energy], target_kwh=[60.0], steps=[9])
    kwh = first_step(rolling_mpc(0, Given(*[0.1] * 9)), snapshot)
    assert kwh == pytest.approx([11.0 if energy < 60 else 0.0])


def test_an_empty_lot_is_no_problem(snapshot_of):
    for policy in (no_v2g(), algorithm_1(2), rolling_mpc(3)):
        assert first_step(policy, snapshot_of()).size == 0


def test_the_limit_repair_is_measured(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[20.0], target_kwh=[60.0], steps=[9])
    blocked = replace(snapshot, hi_kwh=np.array([4.0]))
    policy = rolling_mpc(0, Given(*[0.1] * 9))
    decisions, _ = policy.predict(blocked)
    assert decisions.net_load_kwh[0] == 4.0
    assert policy.repair_kwh == pytest.approx(7.0)


def test_names_terms_and_refusals():
    assert [algorithm_1(h).term_h for h in (1, 2, 3)] == [1, 2, 3]
    assert len({p.name for p in (no_v2g(), algorithm_1(1), rolling_mpc(0), rolling_mpc(3))}) == 4
    with pytest.raises(InvalidInputError, match="term_h"):
        algorithm_1(0)
    with pytest.raises(InvalidInputError, match="engine"):
        rolling_mpc(0, engine="gurobi")
    assert not rolling_mpc(0, HourOfDayMean()).privileged


@pytest.mark.parametrize("lowest", [0.0, -0.05])
def test_the_program_costs_what_the_exact_plans_cost(snapshot_of, lowest):
    exact, program = rolling_mpc(3), rolling_mpc(3, engine="cvxpy")
    for seed in range(3):
        rng = np.random.default_rng(seed)
        prices = rng.uniform(lowest, 0.4, 10)
        snapshot = snapshot_of(
            energy_kwh=list(rng.uniform(20, 60, 4)),
            steps=list(rng.integers(1, 10, 4)),
            contract_kwh=[0.0, 7.0, 13.0, 20.0],
            contract_steps=[0, 2, 3, 3],
        )
        costs = []
        for policy in (exact, program):
            policy.forecaster = Given(*prices)
            plans = policy.plan_kwh(snapshot, np.arange(4))
            costs.append(
                sum(
                    plan_cost(
                        plan,
                        prices[: plans.shape[1]],
                        prices[: plans.shape[1]],
                        energy_kwh=snapshot.energy_kwh[i],
                        target_kwh=77.6,
                        charge_eff=0.98,
                        discharge_eff=0.98,
                        shortfall_eur_per_kwh=policy.shortfall_eur_per_kwh,
                    )
                    for i, plan in enumerate(plans)
                )
            )
        assert costs[1] == pytest.approx(costs[0], abs=1e-5)


def test_the_program_is_built_once_and_grows_with_the_fleet(snapshot_of):
    policy = no_v2g(Given(*[0.1] * 40), engine="cvxpy")
    programs = []
    for steps in ([3], [5, 2], [30]):
        snapshot = snapshot_of(
            energy_kwh=[40.0] * len(steps), target_kwh=[45.0] * len(steps), steps=steps
        )
        policy.predict(snapshot)
        programs.append(policy._program._programs[False])
    assert programs[0] is programs[1]
    assert programs[2].horizon == 30
    assert policy.repair_kwh < 1e-6


def test_nobody_is_paid_where_no_contract_says_so(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[40.0] * 2)
    sell = np.array([0.04, 0.02, 0.01])
    np.testing.assert_array_equal(selling_price(snapshot, ALL, sell, DA), sell)


def test_plans_subtract_what_the_simulator_will_pay(snapshot_of):
    terms = {"tariff": [0.02, 0.01], "margin": [0.25, 0.5], "min_price": [0.04, -np.inf]}
    snapshot = snapshot_of(energy_kwh=[40.0] * 2, contract_kwh=[5.0] * 2, **terms)
    left = selling_price(snapshot, ALL, np.full(3, 0.1), DA)
    np.testing.assert_allclose(left[0], [0.08, 0.08 - 0.25 * 0.01, 0.08 - 0.25 * 0.05])
    np.testing.assert_allclose(left[1], 0.09)
    for row, (tariff, margin, least) in enumerate(zip(*terms.values(), strict=True)):
        paid = [pay_eur_per_kwh(tariff, margin, least, da) for da in DA]
        np.testing.assert_allclose(0.1 - left[row], paid)


def test_discharging_waits_for_the_window_and_for_the_price(snapshot_of):
    snapshot = snapshot_of(
        energy_kwh=[40.0] * 2,
        contract_kwh=[5.0] * 2,
        contract_steps=[3, 3],
        contract_wait=[1, 0],
        min_price=[-np.inf, 0.05],
        keep_kwh=[10.0, 0.0],
    )
    limits = discharge_limits(snapshot, ALL, DA)
    assert limits["discharge_kwh"].tolist() == [[0.0, 11.0, 11.0], [0.0, 11.0, 11.0]]
    assert limits["min_kwh"].tolist() == pytest.approx([10.0, 0.03 * 80])
    assert limits["discharge_steps"].tolist() == [3, 3]
    assert limits["contract_kwh"].tolist() == [5.0, 5.0]


def test_one_limit_serves_contracts_that_are_open_at_any_price(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[40.0] * 2, contract_kwh=[5.0, 0.0])
    assert discharge_limits(snapshot, ALL, DA)["discharge_kwh"].tolist() == [11.0, 11.0]


def random_stays(rng: np.random.Generator, keep_kwh: float) -> dict[str, np.ndarray]:
    """Limits of EVs under contracts that ask for a price, some without a cap."""
    return {
        "steps": rng.integers(2, HORIZON + 1, N),
        "energy_kwh": rng.uniform(20, 60, N),
        "min_kwh": np.full(N, keep_kwh),
        "max_kwh": np.full(N, 77.6),
        "late_max_kwh": np.full(N, 77.6),
        "target_kwh": rng.uniform(30, 77.6, N),
        "charge_kwh": np.full(N, 11.0),
        "discharge_kwh": rng.choice([0.0, 11.0], (N, HORIZON)),
        "discharge_steps": rng.integers(0, HORIZON, N),
        "contract_kwh": np.array([0.0, 7.0, 20.0, np.inf, np.inf]),
    }


@pytest.mark.parametrize("lowest", [0.0, -0.1])
@pytest.mark.parametrize("keep_kwh", [2.4, 45.0])
def test_plans_cost_what_the_exact_plans_cost(lowest: float, keep_kwh: float):
    engine = ProgramEngine()
    for seed in range(5):
        rng = np.random.default_rng(seed)
        short = rng.uniform(lowest, 0.4, HORIZON)
        long = short - 0.05 * rng.random((N, 1))
        stays = random_stays(rng, keep_kwh)
        plans, repair_kwh = engine.plan_kwh(short, long, stays, **RULES)
        exact = plan_fleet(short, long, **stays, **RULES)
        ends = zip(long, stays["energy_kwh"], stays["target_kwh"], strict=True)
        costs = [
            [
                plan_cost(one[k], short, sell, energy_kwh=energy, target_kwh=target, **RULES)
                for one in (plans, exact)
            ]
            for k, (sell, energy, target) in enumerate(ends)
        ]
        np.testing.assert_allclose(*np.transpose(costs), atol=1e-5, rtol=0)
        assert repair_kwh <= 1e-5


def test_binaries_are_for_those_who_need_them():
    rng, engine = np.random.default_rng(0), ProgramEngine()
    stays, prices = random_stays(rng, 2.4), rng.uniform(0.1, 0.4, HORIZON)
    engine.plan_kwh(prices, prices, stays, **RULES)
    assert list(engine._programs) == [False]
    engine.plan_kwh(prices, prices, stays | {"min_kwh": np.full(N, 45.0)}, **RULES)
    engine.plan_kwh(-prices, -prices, stays | {"contract_kwh": np.zeros(N)}, **RULES)
    assert list(engine._programs) == [False, True]
