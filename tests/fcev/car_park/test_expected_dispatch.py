"""Expected dispatch of a car park: as the simulator where all is certain, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fcev.car_parks import hand_made_park, random_orders
from vpp_gym.fcev.car_park.expected_dispatch import Pool, cars_by_hour, day_eur, shortfall_kwh
from vpp_gym.fcev.car_park.ledger import TERMS
from vpp_gym.fcev.car_park.offer_search import Choices, best_offers
from vpp_gym.fcev.car_park.planner import pool_of

V2G_MONEY = [TERMS.index(name) for name in ("v2g_eur", "driver_pay_eur", "short_eur")]


def pool(energy_kwh: list[float], ask: float = 0.06, chance: float = 1.0) -> Pool:
    """Cars of one minPrice that may be there from 8:00 to 20:00."""
    n = len(energy_kwh)
    presence = np.zeros((n, 24))
    presence[:, 8:20] = chance
    return Pool(
        *cars_by_hour(presence),
        energy_kwh=np.array(energy_kwh),
        ask=np.full(n, ask),
        margin=np.full(n, 0.5),
        v2g_kw=10.0,
        lot_kwh=100.0,
        penalty=0.05,
    )


@pytest.mark.parametrize("seed", range(6))
def test_where_all_cars_are_certain_it_is_what_the_simulator_books(seed: int):
    rng = np.random.default_rng(seed)
    asks, levels = rng.uniform(0.06, 0.09, 24), rng.uniform(0.4, 1.0, 24)
    park = hand_made_park(asks.tolist(), levels.tolist(), da_eur_per_kwh=0.08)
    park.advance(12)
    snapshot = park.snapshot()
    orders = random_orders(rng, snapshot)
    park.submit(orders)
    booked = park.advance(36)[0, 12:, V2G_MONEY].sum()
    cars, prices = pool_of(snapshot), np.full(24, 0.08)
    sold = np.where(prices >= orders.offer_limit_eur_per_kwh, 100.0 * orders.offer_lots, 0.0)
    assert sold.any()
    left_kwh = cars.energy_kwh.copy()
    assert day_eur(sold, prices, cars, left_kwh) == pytest.approx(booked)
    assert left_kwh.sum() < cars.energy_kwh.sum()


def test_expected_shortfall_is_the_mean_of_many_draws():
    drawn = np.random.default_rng(0).normal(95.0, 12.0, 400_000)
    mean_kwh = np.maximum(100.0 - drawn, 0.0).mean()
    assert shortfall_kwh(100.0, 95.0, 12.0) == pytest.approx(mean_kwh, rel=0.01)


def test_the_fullest_tanks_serve_first():
    cars, sold = pool([40.0] * 10 + [20.0] * 10), np.zeros(24)
    sold[10] = 100.0
    left_kwh = cars.energy_kwh.copy()
    assert day_eur(sold, np.full(24, 0.10), cars, left_kwh) == pytest.approx(100 * 0.5 * 0.04)
    assert left_kwh == pytest.approx([30.0] * 10 + [20.0] * 10)


def test_what_uncertain_cars_are_expected_to_lack_is_paid_for():
    sold = np.zeros(24)
    sold[10] = 100.0
    certain, uncertain = (
        day_eur(sold, np.full(24, 0.10), cars, cars.energy_kwh.copy())
        for cars in (pool([40.0] * 10), pool([40.0] * 10, chance=0.9))
    )
    short_kwh = shortfall_kwh(100.0, 90.0, np.sqrt(10 * 0.09) * 10)
    assert certain == pytest.approx(2.0)
    assert uncertain == pytest.approx(0.02 * (100 - short_kwh) - 0.05 * short_kwh)


def search(cars: Pool, prices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best of no lot or one, at the cars' minPrice or two cents above it."""
    choices = Choices(
        np.ones(24, np.int64), np.array([1.0, 0.0]), cars.ask[0] + np.array([0, 0.02])
    )
    return best_offers(choices, prices, cars, cars.energy_kwh.copy(), 4)


def test_scarce_energy_is_offered_in_the_dearest_hour_alone():
    prices = np.full((1, 24), 0.03)
    prices[0, [9, 12, 15]] = 0.08, 0.11, 0.09
    lots, _ = search(pool([10.0] * 10), prices)
    assert np.flatnonzero(lots).tolist() == [12]
    lots, _ = search(pool([30.0] * 10), prices)
    assert np.flatnonzero(lots).tolist() == [9, 12, 15]


def test_the_hour_that_pays_more_in_the_mean_gets_scarce_energy():
    prices = np.full((2, 24), 0.03)
    prices[:, 9], prices[:, 12] = (0.065, 0.11), (0.11, 0.10)
    scarce, ample = (search(pool([kwh] * 10), prices) for kwh in (10.0, 20.0))
    assert scarce[0][[9, 12]].sum() == 1
    assert scarce[0][12] == 1
    assert ample[0][[9, 12]].tolist() == [1, 1]
    assert ample[1][9] <= 0.065
