"""Schedulers on hand-made snapshots with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.policies.forecasters import HourOfDayMean
from vpp_gym.policies.scheduler import algorithm_1, no_v2g, rolling_mpc
from vpp_gym.solvers.single_ev import plan_cost


class Told:
    """A forecaster that says what it was told."""

    name, privileged = "told", False

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
    assert first_step(rolling_mpc(0, Told(0.3, 0.1, 0.2)), snapshot) == pytest.approx([0, 11])
    assert first_step(rolling_mpc(0, Told(0.1, 0.3, 0.2)), snapshot) == pytest.approx([11, 11])


def test_mpc_sells_within_the_contract_and_buys_back(snapshot_of):
    snapshot = snapshot_of(
        energy_kwh=[50.0, 50.0],
        target_kwh=[50.0, 50.0],
        steps=[3, 3],
        contract_kwh=[5.0, 0.0],
        contract_steps=[1, 0],
    )
    sold = first_step(rolling_mpc(3, Told(0.4, 0.1, 0.1)), snapshot)
    assert sold == pytest.approx([-5.0, 0.0])


@pytest.mark.parametrize("make", [rolling_mpc, lambda _, forecaster: no_v2g(forecaster)])
def test_charging_above_the_target_is_not_put_off_beyond_the_window(snapshot_of, make):
    snapshot = snapshot_of(energy_kwh=[70.0], target_kwh=[70.0], steps=[3], contract_steps=[1])
    kwh = first_step(make(3, Told(-0.05, -0.2, 0.1)), snapshot)
    assert kwh == pytest.approx([7.6 / 0.98])


def test_no_v2g_never_discharges_whatever_the_contract(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[50.0], target_kwh=[50.0], steps=[3], contract_kwh=[5.0])
    assert first_step(no_v2g(Told(0.4, 0.1, 0.1)), snapshot) == pytest.approx([0.0])
    assert no_v2g().term_h == 0


def test_algorithm_1_charges_forced_evs_and_lets_the_others_idle(snapshot_of):
    target = 20.0 + 1.5 * 0.98 * 11.0
    snapshot = snapshot_of(energy_kwh=[20.0] * 2, target_kwh=[target] * 2, steps=[3, 2])
    cheap_now = algorithm_1(3, Told(0.0, 0.5, 0.5))
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
    kwh = first_step(algorithm_1(3, Told(*prices)), snapshot)
    assert kwh == pytest.approx([-8.0, -8.0])


def test_algorithm_1_keeps_planning_an_ev_whose_contract_has_ended(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[50.0], target_kwh=[55.0], steps=[4])
    ended = replace(snapshot, has_contract=np.array([True]))
    forecast = Told(0.1, 0.3, 0.3, 0.3)
    assert first_step(algorithm_1(1, forecast), snapshot) == pytest.approx([0.0])
    assert first_step(algorithm_1(1, forecast), ended) == pytest.approx([5 / 0.98])


def test_negative_prices_do_not_charge_and_discharge_at_once(snapshot_of):
    snapshot = snapshot_of(
        energy_kwh=[40.0], target_kwh=[77.6], steps=[6], contract_kwh=[29.0], contract_steps=[3]
    )
    kwh = first_step(rolling_mpc(3, Told(-0.1, -0.1, -0.1, 0.1, 0.1, 0.1)), snapshot)
    assert kwh == pytest.approx([11.0])


def test_a_target_out_of_reach_is_approached_at_full_power(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[5.0], steps=[2], params={"guarantee": True})
    assert first_step(rolling_mpc(0, Told(0.9, -0.9)), snapshot) == pytest.approx([11.0])


@pytest.mark.parametrize("energy", [0.5, 79.0])
def test_energy_outside_the_battery_window_is_planned_from_where_it_is(snapshot_of, energy):
    snapshot = snapshot_of(energy_kwh=[energy], target_kwh=[60.0], steps=[9])
    kwh = first_step(rolling_mpc(0, Told(*[0.1] * 9)), snapshot)
    assert kwh == pytest.approx([11.0 if energy < 60 else 0.0])


def test_an_empty_lot_is_no_problem(snapshot_of):
    for policy in (no_v2g(), algorithm_1(2), rolling_mpc(3)):
        assert first_step(policy, snapshot_of()).size == 0


def test_the_limit_repair_is_measured(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[20.0], target_kwh=[60.0], steps=[9])
    blocked = replace(snapshot, hi_kwh=np.array([4.0]))
    policy = rolling_mpc(0, Told(*[0.1] * 9))
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
            policy.forecaster = Told(*prices)
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
    policy = no_v2g(Told(*[0.1] * 40), engine="cvxpy")
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
