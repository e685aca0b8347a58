"""Fuel-cell cars: every hour of random runs of both worlds against books of their own."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attack.ev_worlds import one_of
from tests.attack.grid_books import GridBooks, random_grid_params, random_grid_scenario
from tests.attack.park_books import ParkBooks, random_park_params, random_park_scenario
from tests.attack.sizes import assert_close, seeds
from vpp_gym.fcev.car_park import ledger as park_ledger
from vpp_gym.fcev.car_park.simulation import CarPark
from vpp_gym.fcev.car_park.snapshot import CarParkOrders
from vpp_gym.fcev.microgrid import ledger as grid_ledger
from vpp_gym.fcev.microgrid.simulation import Microgrid
from vpp_gym.fcev.microgrid.snapshot import MicrogridDecision

SHARES = (0.0, 1.0, 1.0, 0.5, 0.01)


def assert_same_row(terms: tuple[str, ...], theirs: np.ndarray, mine: list[float], t: int) -> None:
    mine = np.array(mine)
    off = np.flatnonzero(~(np.abs(theirs - mine) <= 1e-8 * (1.0 + np.abs(mine))))
    assert not len(off), (t, [(terms[k], theirs[k], mine[k]) for k in off])


@pytest.mark.parametrize("seed", seeds(45))
def test_every_hour_of_random_microgrids(seed: int) -> None:
    rng = np.random.default_rng([15, seed])
    params = random_grid_params(rng)
    scenario = random_grid_scenario(rng, params)
    grid = Microgrid([scenario], params)
    factors = (1.0, 0.25, 1.5, 10.0, 0.0)
    for _ in range(2):
        hour = int(rng.integers(0, 24 * scenario.n_days - 1)) if rng.random() < 0.5 else 0
        grid.reset(hour=hour)
        books, play = GridBooks(scenario, params, hour), one_of(rng, "ends", "anywhere")
        while books.t < 24 * scenario.n_days:
            assert_same_grid(grid, books)
            given, taken = grid.limits_kwh()
            shares = rng.choice(SHARES, 2) if play == "ends" else rng.random(2)
            decision = MicrogridDecision(
                v2g_kwh=float(given[0] * shares[0]),
                electrolyser_kwh=float(taken[0] * shares[1]),
                volume_factor=float(one_of(rng, *factors)),
                reward_eur_per_h=float(one_of(rng, 0.0, 0.1, 5.0)),
            )
            record = grid.advance([decision])[0]
            books.step(*vars(decision).values())
            assert_same_row(grid_ledger.TERMS, record, books.row(), books.t)


def assert_same_grid(grid: Microgrid, books: GridBooks) -> None:
    state = grid.state
    can, room = grid.limits_kwh()
    assert_close("available", can[0], books.can_give().sum())
    assert_close("room", room[0], books.can_take())
    assert_close("stock", state.stock_kg[0], books.stock)
    for name in ("tank_kg", "home", "plugged", "left_kwh", "given_kwh"):
        assert_close(name, getattr(state, name)[0], getattr(books, name.split("_")[0]))
    keep = books.params.contract.guaranteed_kg
    assert (state.tank_kg[0] >= min(keep, books.cell.tank_kg) - 1e-9).all()
    assert -1e-9 <= state.stock_kg[0] <= books.params.electrolyser.store_kg + 1e-9


@pytest.mark.parametrize("seed", seeds(45))
def test_every_hour_of_random_car_parks(seed: int) -> None:
    rng = np.random.default_rng([16, seed])
    params = random_park_params(rng)
    scenario = random_park_scenario(rng, params)
    park = CarPark([scenario], params)
    for _ in range(2):
        hour = 24 * int(rng.integers(0, scenario.n_days)) + 12
        park.reset(hour=hour)
        books = ParkBooks(scenario, params, hour)
        while books.t < 24 * scenario.n_days:
            order_for_tomorrow(rng, park, books)
            hours = min(24, 24 * scenario.n_days - books.t)
            for row in park.advance(hours)[0]:
                assert_same_row(park_ledger.TERMS, row, books.hour(), books.t)
            assert_same_park(park, books)


def order_for_tomorrow(rng: np.random.Generator, park: CarPark, books: ParkBooks) -> None:
    shown = park.snapshot()
    np.testing.assert_array_equal(shown.max_offer_lots, books.most_offers())
    most_bids = int(books.params.electrolyser.power_kw // books.params.market.lot_kw)
    all_in = rng.random() < 0.5
    offers = shown.max_offer_lots if all_in else rng.integers(0, shown.max_offer_lots + 1)
    bids = np.full(24, most_bids) if all_in else rng.integers(0, most_bids + 1, 24)
    prices = scenario_prices(books)
    asks = np.where(rng.random(24) < 0.3, prices, rng.normal(0.06, 0.08, 24))
    limits = np.where(rng.random(24) < 0.3, prices, rng.normal(0.06, 0.08, 24))
    park.submit(CarParkOrders(offers, bids, asks, limits))
    books.clear(offers, asks, bids, limits)


def scenario_prices(books: ParkBooks) -> np.ndarray:
    """Tomorrow's, as only an attacker knows them: limits at exactly the price."""
    day = books.t // 24 + 1
    prices = books.world.da_eur_per_kwh[24 * day : 24 * day + 24]
    return prices if len(prices) else np.zeros(24)


def assert_same_park(park: CarPark, books: ParkBooks) -> None:
    state = park.state
    assert_close("tank", state.tank_kg[0], books.tank)
    assert_close("margin", state.margin[0], books.margin)
    assert_close("stock", state.stock_kg[0], books.stock)
    assert_close("plug-in level", state.plug_in_kg[0], books.at_plug_in)
    assert (state.plugged[0] == books.plugged).all()
    assert (state.tank_kg[0] >= -1e-9).all()
    assert -1e-9 <= state.stock_kg[0] <= books.params.electrolyser.store_kg + 1e-9
