"""Best hours of stays: by hand, against the linear program, and as a bound."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fcev.car_parks import random_orders, random_park
from vpp_gym.fcev.car_park.ledger import MONEY, TERMS
from vpp_gym.fcev.car_park.stay_plan import (
    best_hours_kwh,
    day_plan_kwh,
    hindsight_plan,
    stays_program,
)
from vpp_gym.solvers.linear_program import solve


def test_the_dearest_hours_come_first_and_losses_never():
    plan = best_hours_kwh(np.array([0.01, -0.02, 0.03, 0.02]), np.full(4, 10.0), 25.0)
    assert plan.tolist() == [5.0, 0.0, 10.0, 10.0]
    assert best_hours_kwh(np.array([-0.1]), np.array([10.0]), 25.0).tolist() == [0.0]


@pytest.mark.parametrize("seed", range(5))
def test_greedy_hours_are_the_optimum_of_the_linear_program(seed: int):
    rng = np.random.default_rng(seed)
    n, hours = 6, 24
    gain, most = rng.normal(0, 1, (n, hours)), rng.uniform(0, 10, (n, hours))
    stay = np.repeat(2 * np.arange(n)[:, None], hours, axis=1)
    stay[:, 12:] += 1
    stay[:, 10:12] = -1
    budget = rng.uniform(0, 60, 2 * n)
    plan = np.zeros((n, hours))
    for number in range(2 * n):
        cells = stay == number
        plan[cells] = best_hours_kwh(gain[cells], most[cells], budget[number])
    program = stays_program(gain, most, stay, budget)
    assert (gain * plan).sum() == pytest.approx(-program.cost @ solve(program), abs=1e-9)


def test_a_day_of_two_stays_has_two_budgets():
    gain, presence = np.ones((1, 24)), np.ones((1, 24))
    presence[0, 8:18] = 0.0
    plan = day_plan_kwh(gain, presence, np.array([30.0]), 0.5, 10.0)
    assert plan[0, :8].sum() == pytest.approx(15.0)
    assert plan[0, 8:18].sum() == 0.0
    assert plan[0, 18:].sum() == pytest.approx(30.0)


@pytest.mark.parametrize("seed", range(5))
def test_no_orders_earn_more_with_v2g_than_hindsight(seed: int):
    park, rng = random_park(seed), np.random.default_rng(seed)
    park.reset(hour=12)
    end = 24 * park.n_days
    best_eur, energy_kwh, _ = hindsight_plan(
        0, park.dataset, park.rules, 12, 24, end, np.zeros(end - 12)
    )
    records = []
    while park.state.hour[0] < 24 * park.n_days:
        if park.state.hour[0] % 24 == 12:
            park.submit(random_orders(rng, park.snapshot()))
        records.append(park.advance(12)[0])
    money = np.concatenate(records)[:, : len(MONEY)]
    names = ["v2g_eur", "driver_pay_eur", "short_eur"]
    earned = money[:, [TERMS.index(name) for name in names]].sum()
    assert earned <= best_eur.sum() + 1e-9
    assert energy_kwh[:12].sum() == 0.0
    assert best_eur.sum() > 0
