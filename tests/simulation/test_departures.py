"""Drivers who leave before or after the departure they declared: when, and who knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.simulation.steps import assert_same_bits
from tests.worlds import by_charger, one_car, plain, plain_world, random_point
from vpp_gym.envs.day_ahead import DayAheadCore
from vpp_gym.envs.settings import DayAheadSettings
from vpp_gym.markets.ledger import TERMS
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import FixedSource
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

SITE = {"n_chargers": 1, "charge_eff": 1.0, "discharge_eff": 1.0}
ALL_LATE = {"late_departure_prob": 1.0, "late_mean_h": 3.0}
TWO_HOURS_AND_THREE_QUARTERS = 0.6
"""The draw of who is late by -3 ln(1 - 0.6) = 2.749 h, if all are: 3 steps of an hour, or 11."""
FAMILIES = ("fixed_term", "price_based", "volume_based", "control_based")


def started(scenario: Scenario, **rules: Any) -> Simulation:
    sim = Simulation(scenario, plain(site=SITE, **rules))
    sim.reset()
    return sim


def run(sim: Simulation, *loads_kwh: float) -> dict[str, np.ndarray]:
    rows = [sim.step(Decisions(net_load_kwh=[load]))[0] for load in loads_kwh]
    return dict(zip(TERMS, np.array(rows).T, strict=True))


@pytest.mark.parametrize(("dt_h", "late_steps"), [(1.0, 3), (0.25, 11)])
def test_who_is_late_stays_connected_until_gone(dt_h, late_steps):
    """Declared are 4 steps; of those that follow, each may be the last."""
    car = one_car(0, 4, 0.5, departure_draw=TWO_HOURS_AND_THREE_QUARTERS)
    sim = started(plain_world(40, dt_h=dt_h, sessions=car), owner=ALL_LATE)
    shown = []
    while len(sim.snapshot().session):
        shown.append(int(sim.snapshot().steps_to_departure[0]))
        run(sim, 0.0)
    assert shown == [4, 3, 2, 1] + [1] * late_steps


def test_who_is_late_takes_the_charger_of_the_next():
    """Declared until 4 and there until 7: who comes at 6 is turned away, who comes at 7 is not."""
    sessions = {
        "arrival_step": [0, 6, 7],
        "departure_step": [4, 9, 10],
        "arrival_soc": [0.5, 0.5, 0.5],
        "departure_draw": [TWO_HOURS_AND_THREE_QUARTERS, 0.0, 0.0],
    }
    sim = started(plain_world(12, sessions=sessions), owner=ALL_LATE, contract={"families": ()})
    booked = run(sim, *[0.0] * 7)
    np.testing.assert_array_equal(booked["turned_away"], [0, 0, 0, 0, 0, 1, 0])
    np.testing.assert_array_equal(booked["departures"], [0] * 6 + [1])
    assert sim.snapshot().session.tolist() == [2]


def test_who_is_late_is_charged_on_and_owed_the_target_in_full():
    """37.6 kWh are asked for. 10 by the declared departure and 3 more after it: 24.6 missing."""
    car = one_car(0, 4, 0.5, departure_draw=TWO_HOURS_AND_THREE_QUARTERS)
    sim = started(plain_world(12, sessions=car), owner=ALL_LATE, contract={"families": ()})
    booked = run(sim, 10.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0)
    for name, due in (("demand_kwh", 37.6), ("served_kwh", 13.0), ("unserved_kwh", 24.6)):
        np.testing.assert_allclose(booked[name], [0.0] * 6 + [due])


def test_a_guarantee_charges_who_is_late_as_if_each_step_were_the_last():
    """Out of reach until the declared departure; then what is missing, as fast as it goes."""
    car = one_car(0, 2, 0.5, departure_draw=TWO_HOURS_AND_THREE_QUARTERS)
    world = plain_world(12, sessions=car)
    sim = started(world, owner=ALL_LATE, contract={"families": ()}, guarantee=True)
    least_kwh = []
    while len(sim.snapshot().session):
        least_kwh.append(float(sim.lo_kwh[0, 0]))
        run(sim, least_kwh[-1])
    np.testing.assert_allclose(least_kwh, [11, 11, 11, 37.6 - 33, 0], atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_contract_ends_with_the_declared_stay(family):
    """Who is late is not discharged, and gets the payoff in full."""
    terms = {"volume_based": {"term_h": 9}} if family == "volume_based" else {}
    car = one_car(0, 9, 0.9, departure_draw=TWO_HOURS_AND_THREE_QUARTERS, owner_draw=0.5)
    contract = {"families": (family,), "term_h": 9, **terms}
    sim = started(plain_world(14, sessions=car), owner=ALL_LATE, contract=contract)
    owed_eur, allowed = float(sim.snapshot().payoff_eur[0]), []
    paid_eur = 0.0
    while len(sim.snapshot().session):
        allowed.append(bool(sim.lo_kwh[0, 0] < 0))
        paid_eur -= float(run(sim, 0.0)["payoff_eur"][0])
    assert allowed == [True] * 9 + [False] * 3
    assert paid_eur == pytest.approx(owed_eur)


def test_nobody_stays_beyond_the_scenario():
    sim = started(plain_world(6, sessions=one_car(0, 4, 0.5, departure_draw=0.999)), owner=ALL_LATE)
    booked = run(sim, *[0.0] * 6)
    np.testing.assert_array_equal(booked["departures"], [0] * 5 + [1])
    assert (booked["carried_eur"] == 0).all()


def three_cars(draws: list[float]) -> Scenario:
    sessions = {
        "arrival_step": [0, 1, 1],
        "departure_step": [20, 18, 30],
        "arrival_soc": [0.3, 0.6, 0.9],
        "departure_draw": draws,
    }
    return plain_world(48, sessions=sessions)


@pytest.mark.parametrize("guarantee", [False, True])
@pytest.mark.parametrize("family", [*FAMILIES, None])
def test_nobody_sees_who_will_be_early_or_late(family, guarantee):
    """The same cars, whose drivers leave early in one world, in time or late in another.

    Snapshots and observations are the same until somebody leaves: an early one of 17 steps
    after 1 + floor((0.25 / 0.3) ** (1 / 1.8) * 16) = 15 of them.
    """
    owner = {"early_departure_prob": 0.3, "late_departure_prob": 0.3, "early_exponent": 1.8}
    contract = {"families": (family,) if family else ()}
    rules = plain(site={"n_chargers": 4}, owner=owner, contract=contract, guarantee=guarantee)
    cores = [
        DayAheadCore(FixedSource(three_cars(draws)), rules, DayAheadSettings(control="per_ev"))
        for draws in ([0.29, 0.25, 0.29], [0.4, 0.5, 0.6], [0.9, 0.99, 0.75])
    ]
    for core in cores:
        core.simulation.reset()
    rng = np.random.default_rng(0)
    for _ in range(16):
        now, *others = (core.simulation.snapshot() for core in cores)
        for other in others:
            assert_same_bits(now, other)
        assert len({core.observe().tobytes() for core in cores}) == 1
        loads_kwh = by_charger(now, random_point(rng, now.lo_kwh, now.hi_kwh))
        for core in cores:
            core.simulation.step(Decisions(net_load_kwh=loads_kwh))
    assert [len(core.simulation.snapshot().session) for core in cores] == [2, 3, 3]
