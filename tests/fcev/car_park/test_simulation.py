"""The car park: hand-solved hours, and what holds whatever is bid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fcev.car_parks import hand_made_park, random_orders, random_park
from tests.memory import assert_shown_alike, rewriting
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.car_park.article import article_orders
from vpp_gym.fcev.car_park.ledger import MONEY, TERMS
from vpp_gym.fcev.car_park.scenario import CarParkSource
from vpp_gym.fcev.car_park.simulation import CarPark
from vpp_gym.fcev.car_park.snapshot import CarParkOrders

each_seed = given(st.integers(0, 10**6))
few = settings(max_examples=15, deadline=None)


def one_offer(park: CarPark, lots: int, hour: int = 0) -> dict[str, float]:
    """What is booked in one hour of tomorrow in which some lots were sold."""
    park.advance(12)
    offers = np.zeros(24, np.int64)
    offers[hour] = lots
    park.submit(CarParkOrders(offers, np.zeros(24, np.int64), 0.0, 0.0))
    records = park.advance(13 + hour)[0]
    return dict(zip(TERMS, records[-1].tolist(), strict=True))


def test_ten_cars_serve_a_lot_and_share_what_the_market_pays_above_their_price():
    """10 EUR for 100 kWh; full tanks: 60 + 0.75 (100 - 60) = 90 EUR/MWh for the drivers."""
    booked = one_offer(hand_made_park([0.06] * 10, [1.0] * 10), lots=1)
    assert booked["v2g_eur"] == pytest.approx(10.0)
    assert booked["driver_pay_eur"] == pytest.approx(-9.0)
    assert booked["v2g_kwh"] == pytest.approx(100.0)
    assert booked["used_kg"] == pytest.approx(100.0 / (0.51 * 39.4))
    assert booked["driver_profit_eur"] == pytest.approx(9.0 - 6.345, abs=1e-3)


@pytest.mark.parametrize(("level", "margin"), [(0.4, 0.25), (0.5, 0.5), (0.74, 0.5), (0.76, 0.75)])
def test_margin_follows_the_level_at_plug_in(level: float, margin: float):
    booked = one_offer(hand_made_park([0.06] * 10, [level] * 10), lots=1)
    assert booked["driver_pay_eur"] == pytest.approx(-100 * (0.06 + margin * 0.04))
    assert booked["potential_profit_eur"] == pytest.approx(9.0 - 6.345, abs=1e-3)


def test_a_car_used_below_its_minimum_price_is_still_paid_it():
    booked = one_offer(hand_made_park([0.06] * 5 + [0.12] * 5, [1.0] * 10), lots=1)
    assert booked["below_min_price_kwh"] == pytest.approx(50.0)
    assert booked["driver_pay_eur"] == pytest.approx(-(50 * 0.09 + 50 * 0.12))


def test_the_lowest_minimum_prices_serve_first():
    park = hand_made_park([0.09, 0.05] * 10, [1.0] * 20)
    one_offer(park, lots=1)
    assert (park.state.given_kwh[0, 1::2] == 10.0).all()
    assert (park.state.given_kwh[0, ::2] == 0.0).all()


def test_what_the_tanks_do_not_hold_is_bought_back_with_the_penalty():
    """Levels of 0.2 (1.12 kg) leave 0.12 kg above the reserve: 2.41 kWh a car."""
    park = hand_made_park([0.06] * 10, [1.0] * 10)
    park.advance(12)
    park.submit(CarParkOrders(np.ones(24, np.int64), np.zeros(24, np.int64), 0.0, 0.0))
    records = park.advance(36)[0]
    short_kwh = records[:, TERMS.index("short_kwh")].sum()
    stored_kwh = 10 * 4.6 * 0.51 * 39.4
    assert short_kwh == pytest.approx(2400 - stored_kwh)
    assert records[:, TERMS.index("short_eur")].sum() == pytest.approx(-0.15 * short_kwh)


def test_power_that_finds_no_room_is_sold_at_the_price_less_the_penalty():
    """10 kg of room take 525.3 kWh of the 24 * 500 bought: the rest earns 0.1 - 0.05 EUR."""
    store = {"electrolyser": {"power_kw": 500.0, "store_kg": 10.0}}
    park = hand_made_park([0.06], [1.0], **store)
    park.state.stock_kg[0] = 0.0
    park.advance(12)
    park.submit(CarParkOrders(np.zeros(24, np.int64), np.full(24, 5), 0.0, 0.2))
    records = dict(zip(TERMS, park.advance(36)[0].sum(axis=0).tolist(), strict=True))
    assert records["bought_kwh"] == pytest.approx(12000.0)
    assert records["unused_kwh"] == pytest.approx(12000.0 - 10.0 * 39.4 / 0.75)
    assert records["unused_eur"] == pytest.approx(0.05 * records["unused_kwh"])
    assert records["power_eur"] == pytest.approx(-1200.0)


@pytest.mark.parametrize(("limit", "sells", "buys"), [(0.1, 1, 1), (0.0999, 1, 0), (0.1001, 0, 1)])
def test_orders_at_exactly_the_price_are_taken(limit: float, sells: int, buys: int):
    park = hand_made_park([0.06] * 10, [1.0] * 10)
    park.advance(12)
    one = np.zeros(24, np.int64)
    one[3] = 1
    park.submit(CarParkOrders(one, one, limit, limit))
    booked = dict(zip(TERMS, park.advance(36)[0].sum(axis=0).tolist(), strict=True))
    assert booked["sold_kwh"] == pytest.approx(100.0 * sells)
    assert booked["bought_kwh"] == pytest.approx(100.0 * buys)


def test_a_minimum_price_that_the_market_just_pays_is_not_above_it():
    booked = one_offer(hand_made_park([0.1] * 10, [1.0] * 10), lots=1)
    assert booked["v2g_kwh"] == pytest.approx(100.0)
    assert booked["below_min_price_kwh"] == 0.0


@pytest.mark.parametrize("hour", [0, 12, 15])
def test_a_run_begins_with_the_cars_that_are_parked(hour: int):
    park = hand_made_park([0.06] * 10, [1.0] * 10)
    park.reset(hour=hour)
    booked = dict(zip(TERMS, park.advance(1)[0, 0].tolist(), strict=True))
    assert booked["plugged_in"] == 10
    assert park.state.plugged.all()


def test_fewer_than_ten_cars_cannot_be_offered():
    park = hand_made_park([0.06] * 9, [1.0] * 9)
    with pytest.raises(InvalidInputError, match="give 0 to 0"):
        one_offer(park, lots=1)


@pytest.mark.parametrize("min_price", ["equal", "random"])
def test_the_article_never_offers_below_ten_cars_that_ask_for_less(min_price: str):
    park = random_park(3, n_days=6, contract={"min_price": min_price})
    park.reset()
    park.advance(12)
    for _ in range(5):
        snapshot = park.snapshot()
        orders = article_orders(snapshot)
        dear = snapshot.forecast_eur_per_kwh[:, None] > snapshot.min_price_eur_per_kwh
        willing = (dear.T * snapshot.presence).sum(axis=0)
        assert (10 * orders.offer_lots <= willing + 1e-9).all()
        low = snapshot.forecast_eur_per_kwh <= snapshot.mean_min_price_eur_per_kwh
        assert (orders.offer_lots[low] == 0).all()
        park.submit(orders)
        park.advance(24)


@each_seed
@few
def test_hydrogen_and_money_balance_in_every_hour_whatever_is_bid(seed: int):
    park, rng = random_park(seed), np.random.default_rng(seed)
    park.reset()
    state, params = park.state, park.params
    for hour in range(24 * park.n_days):
        before_kg = state.tank_kg.sum() + state.stock_kg[0]
        if hour % 24 == 12:
            park.submit(random_orders(rng, park.snapshot()))
        row = dict(zip(TERMS, park.advance(1)[0, 0].tolist(), strict=True))
        after_kg = state.tank_kg.sum() + state.stock_kg[0]
        gained_kg = row["produced_kg"] + row["trailer_kg"] - row["driven_kg"] - row["used_kg"]
        assert after_kg - before_kg == pytest.approx(gained_kg, abs=1e-9)
        made_kg = (row["bought_kwh"] - row["unused_kwh"]) * params.kg_per_kwh
        assert row["produced_kg"] == pytest.approx(made_kg, abs=1e-9)
        assert row["v2g_kwh"] == pytest.approx(
            row["used_kg"] * params.fuel_cell.kwh_per_kg, abs=1e-9
        )
        assert row["sold_kwh"] == pytest.approx(row["v2g_kwh"] + row["short_kwh"], abs=1e-9)
        worth_kg = row["produced_kg"] * params.fuel_cell.hydrogen_eur_per_kg
        assert row["hydrogen_eur"] + row["trailer_eur"] + row["stock_eur"] == pytest.approx(
            worth_kg, abs=1e-9
        )
        assert 0 <= state.stock_kg[0] <= params.electrolyser.store_kg + 1e-9
        assert (state.tank_kg >= params.contract.reserve_kg - 1e-9).all()
        assert (state.tank_kg <= params.fuel_cell.tank_kg + 1e-9).all()


@each_seed
@few
def test_drivers_never_lose_and_what_they_get_adds_up(seed: int):
    park, rng = random_park(seed), np.random.default_rng(seed)
    park.reset()
    records = [park.advance(12)[0]]
    for _ in range(park.n_days - 1):
        park.submit(random_orders(rng, park.snapshot()))
        records.append(park.advance(24)[0])
    total = dict(zip(TERMS, np.concatenate(records).sum(axis=0).tolist(), strict=True))
    assert (park.state.earned_eur >= -1e-9).all()
    assert park.state.earned_eur.sum() == pytest.approx(total["driver_profit_eur"])
    assert park.state.given_kwh.sum() == pytest.approx(total["v2g_kwh"])
    assert total["potential_profit_eur"] >= total["driver_profit_eur"] - 1e-9


@pytest.mark.parametrize("places", [(0, 1, 0), (1, 0, 1)])
def test_each_run_of_a_batch_is_a_run_of_its_own(places: tuple[int, ...]):
    """Two years that differ, in three runs; the second run is a day behind the others."""
    years, params = [random_park(seed).scenarios[0] for seed in (1, 2)], random_park(1).params
    batch = CarPark(years, params, n_runs=3)
    alone = [CarPark([years[k]], params) for k in places]
    for run, k in enumerate(places):
        batch.reset(run, k, hour=3)
        alone[run].reset(hour=3)
    rng, runs = np.random.default_rng(0), np.array([2, 0])
    for hours, moving in ((9, np.arange(3)), (24, runs), (24, runs), (24, runs)):
        records = batch.advance(hours, moving)
        for row, run in enumerate(moving):
            np.testing.assert_array_equal(records[row], alone[run].advance(hours)[0])
            snapshot = batch.snapshot(run)
            assert_shown_alike(snapshot, alone[run].snapshot())
            orders = random_orders(rng, snapshot)
            batch.submit(orders, run)
            alone[run].submit(orders)


def test_prices_to_come_change_no_snapshot():
    """The forecast is given from outside; prices after today are not seen."""
    park, other = random_park(5), random_park(5)
    with rewriting(other):
        other.dataset.da[0, 48:] += 1.0
        other.scenarios[0].da_eur_per_kwh[48:] += 1.0
    for one in (park, other):
        one.reset()
        one.advance(12)
        one.submit(article_orders(one.snapshot()))
        one.advance(24)
    known, seen = vars(park.snapshot()), vars(other.snapshot())
    for name in known:
        np.testing.assert_array_equal(known[name], seen[name])


def test_equal_prices_sell_more_and_earn_more_than_random_ones():
    """The article's direction, on a year of one seed; 20 seeds stand in the report."""
    totals = {}
    for min_price in ("equal", "random"):
        params = random_park(0).params.model_copy(update={"n_cars": 200})
        params = type(params).model_validate(
            params.model_dump() | {"contract": {"min_price": min_price}, "parking": {}}
        )
        park = CarPark([CarParkSource(params).scenario(0)], params)
        park.reset()
        park.advance(12)
        records = []
        for _ in range(park.n_days - 1):
            park.submit(article_orders(park.snapshot()))
            records.append(park.advance(24)[0].sum(axis=0))
        totals[min_price] = dict(zip(TERMS, np.sum(records, axis=0).tolist(), strict=True))
    equal, random = totals["equal"], totals["random"]
    assert equal["v2g_kwh"] > random["v2g_kwh"]
    assert equal["driver_profit_eur"] > random["driver_profit_eur"]
    assert sum(equal[name] for name in MONEY) > sum(random[name] for name in MONEY)
    pay = {name: -row["driver_pay_eur"] / row["v2g_kwh"] for name, row in totals.items()}
    assert pay["random"] > pay["equal"]
