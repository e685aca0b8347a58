"""A solver's answer is made feasible, its repair reported, or refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.solvers.fleets import SOFT, random_fleet, violation_kwh
from vpp_gym.errors import SolveFailedError
from vpp_gym.solvers.schedule_data import ScheduleRules, instance_of
from vpp_gym.solvers.solution import Solution, solution_of

SHAPE = (6, 8)


def made_feasible(seed: int, rules: ScheduleRules, scale: float) -> tuple[Solution, np.ndarray]:
    """What becomes of a random answer, and that answer."""
    rng = np.random.default_rng(seed)
    instance = instance_of(random_fleet(seed), rules, *SHAPE)
    charge, discharge = scale * rng.random((2, *SHAPE))
    return solution_of(instance, rules, charge, discharge, "random", 0.0), charge - discharge


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("scale", [0.1, 8.0, 100.0])
def test_any_answer_becomes_feasible(seed: int, scale: float):
    rules = replace(SOFT, site_limit_kw=18.0)
    solution, answer = made_feasible(seed, rules, scale)
    assert violation_kwh(solution, random_fleet(seed), rules) <= 1e-9
    repair = np.abs(solution.net_load_kwh - answer).max()
    assert solution.repair_kwh == pytest.approx(repair)


def test_a_feasible_answer_is_left_alone():
    rules, data = SOFT, random_fleet(3)
    instance = instance_of(data, rules, *SHAPE)
    first = solution_of(instance, rules, np.full(SHAPE, 2.0), np.zeros(SHAPE), "a", 0.0)
    charge, discharge = np.maximum(first.net_load_kwh, 0), np.maximum(-first.net_load_kwh, 0)
    second = solution_of(instance, rules, charge, discharge, "b", 0.0)
    assert second.repair_kwh <= 1e-12
    assert second.objective_eur == pytest.approx(first.objective_eur)


def test_both_ways_at_once_becomes_the_move_of_the_battery():
    rules = ScheduleRules(charge_eff=0.8, discharge_eff=0.5, shortfall_eur_per_kwh=1.0)
    data = replace(random_fleet(0), energy_kwh=40.0, contract_kwh=9.0, steps=8)
    data = replace(data, discharge_steps=8, target_kwh=40.0)
    instance = instance_of(data, rules, *SHAPE)
    charge, discharge = np.zeros(SHAPE), np.zeros(SHAPE)
    charge[:, 0], discharge[:, 0] = 10.0, 1.0  # 8 - 2 = 6 kWh stored: 7.5 at the meter
    charge[:, 1], discharge[:, 1] = 5.0, 4.0  # 4 - 8 = -4 kWh stored: 2 at the meter
    solution = solution_of(instance, rules, charge, discharge, "both", 0.0)
    np.testing.assert_allclose(solution.net_load_kwh[:, 0], 7.5)
    np.testing.assert_allclose(solution.net_load_kwh[:, 1], -2.0)
    assert solution.repair_kwh == pytest.approx(3.0)


def test_a_missed_hard_target_is_refused():
    rules = replace(SOFT, shortfall_eur_per_kwh=None)
    instance = instance_of(random_fleet(0), rules, *SHAPE)
    with pytest.raises(SolveFailedError, match="missed"):
        solution_of(instance, rules, np.zeros(SHAPE), np.zeros(SHAPE), "idle", 0.0)


def test_no_number_is_refused():
    instance = instance_of(random_fleet(0), SOFT, *SHAPE)
    with pytest.raises(SolveFailedError, match="finite"):
        solution_of(instance, SOFT, np.full(SHAPE, np.nan), np.zeros(SHAPE), "nan", 0.0)
