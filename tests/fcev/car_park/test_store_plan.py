"""Plan of the car park's store: against all plans there are, and never too full."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from vpp_gym.fcev.car_park.store_plan import best_bids, room_eur, store_value


def filled(stock: float, lots: np.ndarray, refill: np.ndarray) -> np.ndarray:
    """(24,) lots' value in the store at the end of each hour."""
    levels = []
    for more, taken in zip(lots, refill, strict=True):
        stock = max(stock - taken, 0.0) + more
        levels.append(stock)
    return np.array(levels)


@pytest.mark.parametrize("seed", range(4))
def test_the_value_is_that_of_the_best_of_all_plans(seed: int):
    rng = np.random.default_rng(seed)
    cells, hours = 5, 5
    price, refill = np.full(24, 9.0), np.zeros(24)
    price[-hours:], refill[-hours:] = rng.uniform(0, 3, hours), rng.integers(0, 3, hours)
    room = room_eur(cells, 2.0)
    value, _ = store_value(price, 2.0, refill, 2, room)
    best_eur = -np.inf
    for plan in product(range(3), repeat=hours):
        lots = np.zeros(24)
        lots[-hours:] = plan
        levels = filled(3.0, lots, refill)
        if levels.max() <= cells:
            eur = lots @ (2.0 - price) - room[int(levels[-1])]
            best_eur = max(best_eur, eur)
    assert value[24 - hours, 3] == pytest.approx(best_eur)


@pytest.mark.parametrize("seed", range(8))
def test_the_store_has_room_for_all_bids_if_drivers_refill_as_expected(seed: int):
    rng = np.random.default_rng(seed)
    cells = int(rng.integers(3, 60))
    price, refill = rng.normal(2.0, 2.0, 24), rng.exponential(1.5, 24)
    stock = rng.uniform(0, cells)
    lots, limit = best_bids(price, 2.0, refill, stock, 6, room_eur(cells, 2.0))
    assert filled(stock, lots, refill).max() <= cells + 1e-9
    assert ((lots >= 0) & (lots <= 6)).all()
    assert (limit <= 2.0 + 1e-9).all()


def test_a_full_store_waits_for_prices_below_its_worth():
    lots, limit = best_bids(np.full(24, 1.9), 2.0, np.zeros(24), 18.0, 5, room_eur(20, 2.0))
    assert limit.max() < 1.0
    assert lots.sum() <= 2
