"""Stays whose end nobody knows: as cheap as the linear program over all ends."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from vpp_gym.solvers.uncertain_stay import UncertainStay, moves_until


def random_stay(rng, steps):
    """Prices of any size at which no cycle within a step pays, hazards, and a rising due."""
    price = rng.normal(0.05, 0.05, steps)
    lower, upper, start = 5.0, 60.0, rng.uniform(5, 50)
    rise = rng.choice([2.7, 1.0])
    target = rng.uniform(start, 60)
    hazard = rng.uniform(0, 0.3, steps + 1)
    hazard[-1] = 1.0
    floor = np.full(steps + 1, lower)
    if rng.random() < 0.5:  # a guarantee: the target stays within reach
        target = min(target, start + rise * steps)
        floor = np.maximum(lower, target - rise * np.arange(steps, -1, -1))
    return UncertainStay(
        rise_eur=price / 0.98,
        fall_eur=0.98 * price - rng.choice([0.03, 0.01]),
        rise_kwh=np.full(steps, rise),
        fall_kwh=np.where(np.arange(steps) < rng.integers(steps + 1), 2.9, 0.0),
        lower_kwh=floor,
        upper_kwh=np.full(steps + 1, upper),
        hazard=hazard,
        due_kwh=np.minimum(target, start + rise * np.arange(steps + 1)),
        miss_eur=rng.uniform(0.1, 0.7, steps + 1),
        energy_kwh=float(start),
    )


def expected_eur(stay):
    """Expected cost of what is done."""
    steps = len(stay.rise_eur)
    rise, fall = moves_until(stay, steps)
    for leaves in range(1, steps):  # nothing is done in view of an end that nobody knows
        early = moves_until(stay, leaves)
        assert early[0] == pytest.approx(rise[:leaves])
        assert early[1] == pytest.approx(fall[:leaves])
    energy = stay.energy_kwh + np.cumsum(rise - fall)
    assert (energy >= stay.lower_kwh[1:] - 1e-9).all()
    assert (energy <= stay.upper_kwh[1:] + 1e-9).all()
    there = np.concatenate([[1.0], np.cumprod(1 - stay.hazard[1:])])
    missing = np.maximum(stay.due_kwh[1:] - energy, 0.0)
    trade = there[:-1] @ (stay.rise_eur * rise - stay.fall_eur * fall)
    return trade + (there[:-1] * stay.hazard[1:]) @ (stay.miss_eur[1:] * missing)


def least_eur(stay):
    """The same, least, by a linear program: rises, falls, and what is missing at each end."""
    steps = len(stay.rise_eur)
    there = np.concatenate([[1.0], np.cumprod(1 - stay.hazard[1:])])
    cost = np.concatenate(
        [
            there[:-1] * stay.rise_eur,
            -there[:-1] * stay.fall_eur,
            there[:-1] * stay.hazard[1:] * stay.miss_eur[1:],
        ]
    )
    sums, none, one = np.tril(np.ones((steps, steps))), np.zeros((steps, steps)), np.eye(steps)
    energy = stay.energy_kwh
    a_ub = np.block([[sums, -sums, none], [-sums, sums, none], [-sums, sums, -one]])
    b_ub = np.concatenate(
        [stay.upper_kwh[1:] - energy, energy - stay.lower_kwh[1:], energy - stay.due_kwh[1:]]
    )
    bounds = [(0, x) for x in (*stay.rise_kwh, *stay.fall_kwh)] + [(0, None)] * steps
    found = linprog(cost, A_ub=a_ub, b_ub=b_ub, bounds=bounds)
    assert found.success
    return found.fun


@pytest.mark.parametrize("seed", range(60))
def test_it_costs_what_the_linear_program_costs(seed):
    rng = np.random.default_rng(seed)
    stay = random_stay(rng, int(rng.integers(1, 25)))
    assert expected_eur(stay) == pytest.approx(least_eur(stay), abs=1e-7)


def test_a_likely_early_end_is_worth_charging_at_once():
    """Waiting saves 0.05 EUR/kWh, and costs the hazard times the penalty."""
    for hazard, rises in ((0.05, [0.0, 10.0]), (0.2, [10.0, 0.0])):
        stay = UncertainStay(
            rise_eur=np.array([0.10, 0.05]),
            fall_eur=np.zeros(2),
            rise_kwh=np.full(2, 10.0),
            fall_kwh=np.zeros(2),
            lower_kwh=np.zeros(3),
            upper_kwh=np.full(3, 10.0),
            hazard=np.array([0.0, hazard, 1.0]),
            due_kwh=np.array([0.0, 10.0, 10.0]),
            miss_eur=np.full(3, 0.5),
            energy_kwh=0.0,
        )
        assert moves_until(stay, 2)[0] == pytest.approx(rises)
