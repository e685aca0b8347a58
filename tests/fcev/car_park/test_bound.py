"""The bound of a car park's profit: above every run, whatever the rent, and lower than without."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fcev.car_parks import random_orders, random_park
from tests.memory import rewriting
from vpp_gym.fcev.car_park.bound import Span, bound_at_rent_eur, bound_by_hour_eur, room_rent
from vpp_gym.fcev.car_park.ledger import MONEY
from vpp_gym.fcev.car_park.simulation import CarPark


def span_of(park: CarPark) -> Span:
    """All hours from the first gate on."""
    electrolyser = park.params.electrolyser
    return Span(0, 12, 24, 24 * park.n_days, electrolyser.initial_share * electrolyser.store_kg)


def random_profit_eur(park: CarPark, rng: np.random.Generator) -> float:
    """Of random orders."""
    park.reset(hour=12)
    records = []
    while park.state.hour[0] < 24 * park.n_days:
        if park.state.hour[0] % 24 == 12:
            park.submit(random_orders(rng, park.snapshot()))
        records.append(park.advance(12)[0])
    return float(np.concatenate(records)[:, : len(MONEY)].sum())


@pytest.mark.parametrize("seed", range(12))
def test_no_random_run_exceeds_it_whatever_the_rent(seed: int):
    rng = np.random.default_rng(seed)
    store_kg, penalty = rng.uniform(5.0, 80.0), rng.uniform(0.0, 0.05)
    park = random_park(
        seed,
        n_days=6,
        electrolyser={"power_kw": 500.0, "store_kg": store_kg},
        market={"penalty_eur_per_kwh": penalty},
    )
    with rewriting(park):
        park.dataset.da[:] -= rng.uniform(0.0, 0.06)
    bound_eur = bound_by_hour_eur(park.dataset, park.rules, span_of(park)).sum()
    rents = [np.zeros(132), rng.exponential(0.5, 132), np.full(132, rng.uniform(0, 2))]
    at_rents = [bound_at_rent_eur(park.dataset, park.rules, span_of(park), r).sum() for r in rents]
    for _ in range(6):
        profit_eur = random_profit_eur(park, rng)
        assert profit_eur <= bound_eur + 1e-9
        assert profit_eur <= min(at_rents) + 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_room_that_is_short_has_a_rent_and_lowers_the_bound(seed: int):
    park = random_park(seed, n_days=6, electrolyser={"power_kw": 500.0, "store_kg": 10.0})
    with rewriting(park):
        park.dataset.da[:] -= 0.05
    span = span_of(park)
    rent = room_rent(park.dataset, park.rules, span)
    without = bound_at_rent_eur(park.dataset, park.rules, span, np.zeros_like(rent)).sum()
    assert rent.max() > 0.1
    assert bound_at_rent_eur(park.dataset, park.rules, span, rent).sum() < 0.9 * without


def test_a_store_that_nobody_empties_is_filled_once_with_the_cheapest_power():
    park = random_park(1, n_days=3, electrolyser={"power_kw": 500.0, "store_kg": 40.0})
    with rewriting(park):
        park.dataset.parked[:] = False
        park.dataset.da[:] = 0.01
        park.dataset.da[0, 30] = -0.02
    value = park.rules.hydrogen_eur_per_kg * park.rules.kg_per_kwh
    room_kwh = 20.0 / park.rules.kg_per_kwh
    best_eur = 500.0 * (value + 0.02) + (room_kwh - 500.0) * (value - 0.01)
    bound_eur = bound_by_hour_eur(park.dataset, park.rules, span_of(park)).sum()
    assert bound_eur == pytest.approx(best_eur)
