"""Twins of a scenario that differ only in what is not known yet at some step.

What is known when is taken from docs/world.md and docs/fuel-cell, not from the simulators.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.attack.ev_books import Books, clocks
from tests.attack.ev_worlds import random_sessions
from vpp_gym.fcev.car_park.simulation import CarParkScenario
from vpp_gym.fcev.microgrid.simulation import MicrogridScenario
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario, sessions_from_table


def another_ev(scenario: Scenario, rules: VPPParams, now: int, seed: int) -> Scenario:
    """Prices that are not published or settled, who comes later, and when who is there leaves."""
    rng, n = np.random.default_rng([seed, 1]), scenario.n_steps
    clock = clocks(str(scenario.start)[:10], n, scenario.dt_h, scenario.timezone)
    gate = rules.market.gate_closure_h
    past_gate = clock[now].hour + clock[now].minute / 60 > gate
    last_known = (clock[now].date() - clock[0].date()).days + past_gate
    known = np.array([(c.date() - clock[0].date()).days <= last_known for c in clock])
    settled = np.arange(n) < now + (rules.market.imbalance_lag_steps == 0)
    da, one, other = rng.normal(0.05, 0.1, (3, n))
    return Scenario.from_arrays(
        da_eur_per_kwh=np.where(known, scenario.da_eur_per_kwh, da),
        im_short_eur_per_kwh=np.where(
            settled, scenario.im_short_eur_per_kwh, np.maximum(one, other)
        ),
        im_long_eur_per_kwh=np.where(settled, scenario.im_long_eur_per_kwh, np.minimum(one, other)),
        sessions=_other_cars(scenario, rules, now, rng),
        start=scenario.start,
        dt_h=scenario.dt_h,
        timezone=scenario.timezone,
        name=scenario.name,
    )


def _other_cars(
    scenario: Scenario, rules: VPPParams, now: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    sessions, n = scenario.sessions, scenario.n_steps
    old = np.flatnonzero(sessions.arrival_step <= now)
    columns = {name: column[old].copy() for name, column in vars(sessions).items()}
    books = Books([scenario], rules, np.array([0]), np.array([0]), np.array([n]), offers=[])
    for k, row in enumerate(old):
        stay = int(sessions.departure_step[row] - sessions.arrival_step[row])
        came = int(sessions.arrival_step[row])
        draws = sessions.departure_draw[row], rng.random()
        leaves = [came + books._true_stay(stay, float(d), n - came) for d in draws]
        if min(leaves) > now:  # nobody knows yet which of the two it will be
            columns["departure_draw"][k] = draws[1]
    new = vars(sessions_from_table(random_sessions(rng, 30, n, round(1 / scenario.dt_h))))
    later = np.flatnonzero(new["arrival_step"] > now)
    return {name: np.concatenate([columns[name], new[name][later]]) for name in columns}


def another_park(scenario: CarParkScenario, _: Any, now: int, seed: int) -> CarParkScenario:
    """At 12:00 of a day: prices from tomorrow on, forecasts of later days, and all stays ahead."""
    rng, day = np.random.default_rng([seed, 2]), now // 24
    drivers, hours = scenario.drivers, len(scenario.da_eur_per_kwh)
    da = scenario.da_eur_per_kwh.copy()
    forecast = scenario.forecast_eur_per_kwh.copy()
    da[24 * (day + 1) :] = rng.normal(0.06, 0.1, hours - 24 * (day + 1))
    rest = max(0, hours - 24 * (day + 2))
    forecast[24 * (day + 2) :] = rng.normal(0.06, 0.1, rest)
    parked = drivers.parked.copy()
    parked[:, now:] = rng.random((len(parked), hours - now)) < 0.5
    trip_kg = drivers.trip_kg.copy()
    trip_kg[:, day + 1 :] = rng.random((len(parked), trip_kg.shape[1] - day - 1))
    before = np.concatenate([np.zeros_like(parked[:, :1]), parked[:, :-1]], axis=1)
    came = (parked & ~before)[:, 24 * day : now].any(axis=1)
    trip_kg[~came, day] = rng.random((~came).sum())
    return replace(
        scenario,
        da_eur_per_kwh=da,
        forecast_eur_per_kwh=forecast,
        drivers=replace(drivers, parked=parked, trip_kg=trip_kg),
    )


def another_grid(scenario: MicrogridScenario, _: Any, now: int, seed: int) -> MicrogridScenario:
    """After an hour: load, sun, wind, stays and draws, and prices that are not published."""
    rng, hours = np.random.default_rng([seed, 3]), len(scenario.wind_kwh)
    known = 24 * (now // 24 + (2 if now % 24 >= 12 else 1))

    def changed(series: np.ndarray, since: int, drawn: np.ndarray) -> np.ndarray:
        return np.where(np.arange(hours) < since, series, drawn)

    homes, cars = scenario.households, scenario.cars
    n = len(cars.parked)
    parked = changed(cars.parked, now + 1, rng.random((n, hours)) < 0.5)
    opened = changed(cars.open, now + 1, parked & (rng.random((n, hours)) < 0.7))
    days = np.arange(cars.open_h.shape[1])
    return replace(
        scenario,
        wind_kwh=changed(scenario.wind_kwh, now + 1, rng.gamma(0.5, 100.0, hours)),
        da_eur_per_kwh=changed(scenario.da_eur_per_kwh, known, rng.normal(0.05, 0.1, hours)),
        households=replace(
            homes,
            load_kwh=changed(homes.load_kwh, now + 1, rng.gamma(2.0, 30.0, hours)),
            pv_kwh=changed(homes.pv_kwh, now + 1, rng.gamma(0.5, 60.0, hours)),
            self_used_kwh=changed(homes.self_used_kwh, now + 1, np.zeros(hours)),
        ),
        cars=replace(
            cars,
            parked=parked,
            open=opened,
            open_h=np.where(days > now // 24 + 1, rng.integers(0, 25, cars.open_h.shape),
                            cars.open_h),
            joins=changed(cars.joins, now + 1, rng.random((n, hours))),
        ),
    )  # fmt: skip
