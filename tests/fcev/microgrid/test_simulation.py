"""The microgrid: hand-solved hours, and what holds whatever is decided."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fcev.microgrids import (
    article_decision,
    hand_made_grid,
    random_decision,
    random_grid,
)
from tests.memory import assert_shown_alike, rewriting
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.microgrid.ledger import MONEY, TERMS
from vpp_gym.fcev.microgrid.simulation import Microgrid
from vpp_gym.fcev.microgrid.snapshot import MicrogridDecision

each_seed = given(st.integers(0, 10**6))
few = settings(max_examples=15, deadline=None)
FAMILIES = ["volume_based", "control_based"]


def one_hour(grid: Microgrid, decision: MicrogridDecision | None = None) -> dict[str, float]:
    """What is booked in an hour; by default by the article's order."""
    record = grid.advance([decision or article_decision(grid.snapshot())])[0]
    return dict(zip(TERMS, record.tolist(), strict=True))


def test_cars_serve_the_deficit_and_import_the_rest():
    """Two cars of 10 kW; 25 kWh are needed: 20 from the cars, 5 at 0.05 + 0.12 EUR."""
    booked = one_hour(hand_made_grid([25.0], [50.0, 50.0]))
    assert booked["v2g_kwh"] == pytest.approx(20.0)
    assert booked["import_eur"] == pytest.approx(-5 * 0.17)
    assert booked["v2g_eur"] == pytest.approx(-20 * 0.0735)
    assert booked["shortage_kwh"] == pytest.approx(5.0)
    assert (booked["cars_needed"], booked["cars_available"]) == (3, 2)


def test_a_contract_gives_its_volume_and_no_more():
    grid = hand_made_grid([10.0] * 5, [25.0])
    given_kwh = [one_hour(grid)["v2g_kwh"] for _ in range(5)]
    assert given_kwh == pytest.approx([10, 10, 5, 0, 0])


def test_fuel_stops_at_the_guaranteed_level():
    """4.6 kg above the guarantee of 1 kg are 92.4 kWh, whatever the volume."""
    grid = hand_made_grid([10.0] * 12, [500.0])
    total = sum(one_hour(grid)["v2g_kwh"] for _ in range(12))
    assert total == pytest.approx(4.6 * 0.51 * 39.4)
    assert grid.state.tank_kg[0, 0] == pytest.approx(1.0)


def test_no_car_drives_on_more_than_its_tank_holds():
    """A trip takes 0.31 kg or so; where only 0.05 kg are left, 0.05 are driven and all refilled."""
    grid = hand_made_grid([], [50.0])
    with rewriting(grid):
        grid.dataset.parked[0, 0, 1] = False
    one_hour(grid)
    assert not grid.state.home[0, 0]
    grid.state.tank_kg[0, 0] = 0.05
    booked = one_hour(grid)
    assert booked["driven_kg"] == pytest.approx(0.05)
    assert booked["refilled_kg"] == pytest.approx(5.6)
    assert grid.state.tank_kg[0, 0] == pytest.approx(5.6)


def test_wind_goes_to_the_electrolyser_and_what_it_cannot_take_is_exported():
    changes = {"electrolyser": {"power_kw": 30.0}}
    booked = one_hour(hand_made_grid([5.0], [50.0], wind_kwh=40.0, **changes))
    assert booked["electrolyser_kwh"] == pytest.approx(30.0)
    assert booked["produced_kg"] == pytest.approx(30 * 0.75 / 39.4)
    assert booked["export_kwh"] == pytest.approx(10.0)
    assert booked["v2g_kwh"] == pytest.approx(5.0)


def test_the_car_with_the_most_volume_left_serves_first():
    grid = hand_made_grid([10.0], [30.0, 90.0])
    one_hour(grid)
    assert grid.state.given_kwh[0].tolist() == [0.0, 10.0]
    assert one_hour(grid)["fairness"] == pytest.approx(0.5)


def test_a_reward_brings_in_cars_outside_their_interval():
    """Draws of 0.5: a reward with a pull above one half, 1 - exp(-r / 0.2), brings all."""
    grid = hand_made_grid([0.0, 10.0, 10.0], [50.0])
    with rewriting(grid):
        grid.dataset.open[:] = False
    grid.reset()
    assert one_hour(grid, MicrogridDecision(0.0, 0.0, reward_eur_per_h=0.13))["stays"] == 0
    assert grid.snapshot().available_kwh == 0.0
    one_hour(grid, MicrogridDecision(0.0, 0.0, reward_eur_per_h=0.15))
    booked = one_hour(grid)
    assert booked["availability_eur"] == pytest.approx(-0.15)
    assert booked["v2g_kwh"] == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("decision", "field"),
    [
        (MicrogridDecision(20.1, 0.0), "v2g_kwh"),
        (MicrogridDecision(-1.0, 0.0), "v2g_kwh"),
        (MicrogridDecision(0.0, 601.0), "electrolyser_kwh"),
        (MicrogridDecision(0.0, 0.0, volume_factor=float("nan")), "volume_factor"),
    ],
)
def test_more_than_can_be_is_refused(decision: MicrogridDecision, field: str):
    grid = hand_made_grid([25.0], [50.0, 50.0])
    with pytest.raises(InvalidInputError) as refused:
        grid.advance([decision])
    assert refused.value.field == field


@each_seed
@few
@pytest.mark.parametrize("family", FAMILIES)
def test_hydrogen_energy_and_money_balance_in_every_hour(family: str, seed: int):
    grid, rng = random_grid(seed, contract={"family": family}), np.random.default_rng(seed)
    grid.reset()
    state, params = grid.state, grid.params
    for _ in range(24 * grid.n_days):
        before_kg = state.tank_kg.sum() + state.stock_kg[0]
        row = one_hour(grid, random_decision(rng, grid.snapshot()))
        after_kg = state.tank_kg.sum() + state.stock_kg[0]
        gained_kg = row["produced_kg"] + row["trailer_kg"] - row["driven_kg"] - row["used_kg"]
        assert after_kg - before_kg == pytest.approx(gained_kg, abs=1e-9)
        assert row["v2g_kwh"] == pytest.approx(
            row["used_kg"] * params.fuel_cell.kwh_per_kg, abs=1e-9
        )
        taken = row["deficit_kwh"] + row["electrolyser_kwh"] + row["export_kwh"]
        made = row["surplus_kwh"] + row["wind_kwh"] + row["v2g_kwh"] + row["import_kwh"]
        assert taken == pytest.approx(made, abs=1e-9)
        price = params.fuel_cell.hydrogen_eur_per_kg
        assert row["hydrogen_eur"] == pytest.approx(price * row["refilled_kg"], abs=1e-9)
        assert row["stock_eur"] == pytest.approx(
            price * (row["produced_kg"] + row["trailer_kg"] - row["refilled_kg"]), abs=1e-9
        )
        assert row["shortage_kwh"] <= row["deficit_kwh"]
        assert row["effective_kwh"] <= row["committed_kwh"] + 1e-9
        assert 0 <= state.stock_kg[0] <= params.electrolyser.store_kg + 1e-9
        assert (state.tank_kg >= params.contract.guaranteed_kg - 1e-9).all()
        assert (state.tank_kg <= params.fuel_cell.tank_kg + 1e-9).all()


@each_seed
@few
def test_no_stay_gives_more_than_its_volume(seed: int):
    """However the decisions fall; the volume is that of the day on which the stay began."""
    grid, rng = random_grid(seed), np.random.default_rng(seed)
    grid.reset()
    used = np.zeros(grid.params.n_cars)
    most = grid.dataset.volume[0].max(axis=1)
    for _ in range(24 * grid.n_days - 1):
        before, home = grid.state.given_kwh[0].copy(), grid.state.home[0].copy()
        decision = random_decision(rng, grid.snapshot())
        one_hour(grid, MicrogridDecision(decision.v2g_kwh, decision.electrolyser_kwh))
        used += grid.state.given_kwh[0] - before
        assert (used <= most + 1e-9).all()
        used[~home] = 0.0


def test_control_based_contracts_are_open_whenever_the_car_is_home():
    grid = random_grid(1, contract={"family": "control_based"})
    cars = grid.scenarios[0].cars
    np.testing.assert_array_equal(cars.open, cars.parked)
    volume = random_grid(1).scenarios[0].cars
    np.testing.assert_array_equal(volume.parked, cars.parked)  # the same drivers
    assert (volume.open <= volume.parked).all()
    assert volume.open.sum() < volume.parked.sum()


@pytest.mark.parametrize("places", [(0, 1, 0), (1, 0, 1)])
def test_each_run_of_a_batch_is_a_run_of_its_own(places: tuple[int, ...]):
    """Two years that differ, in three runs; the second run stands still for an hour."""
    years, params = [random_grid(seed).scenarios[0] for seed in (1, 2)], random_grid(1).params
    batch = Microgrid(years, params, n_runs=3)
    alone = [Microgrid([years[k]], params) for k in places]
    for run, k in enumerate(places):
        share = 0.2 * (run + 1)
        batch.reset(run, k, hour=30, stock_share=share)
        alone[run].reset(hour=30, stock_share=share)
    rng = np.random.default_rng(0)
    for hour in range(30):
        decisions = []
        for run, single in enumerate(alone):
            snapshot = batch.snapshot(run)
            assert_shown_alike(snapshot, single.snapshot())
            stands = hour == 7 and run == 1
            decisions.append(None if stands else random_decision(rng, snapshot))
        records = batch.advance(decisions)
        for run, single in enumerate(alone):
            np.testing.assert_array_equal(records[run], single.advance([decisions[run]])[0])


def test_hours_to_come_change_no_snapshot():
    """Deficit, wind and prices after now are not seen; tomorrow's prices are from 12:00 on."""
    seen = []
    for shift in (0.0, 1.0):
        grid = random_grid(5)
        grid.reset()
        for _ in range(30):
            one_hour(grid)
        with rewriting(grid):
            for series in (grid.dataset.deficit, grid.dataset.surplus, grid.dataset.wind):
                series[0, 31:] += shift
            for series in (grid.dataset.da, grid.dataset.import_price, grid.dataset.export_price):
                series[0, 48:] += shift
        snapshot = grid.snapshot()
        ahead = ("deficit_kwh", "surplus_kwh", "wind_kwh")
        expected = {name: getattr(snapshot, f"expected_{name}") for name in ahead}
        prices = {name: getattr(snapshot, f"{name}_eur_per_kwh") for name in ("import", "export")}
        past = dict(zip(("a", "b", "c"), snapshot.past, strict=True))
        plain = {name: value for name, value in vars(snapshot).items() if name != "past"}
        seen.append(plain | expected | prices | past)
    assert seen[0].keys() == seen[1].keys()
    for name, value in seen[0].items():
        np.testing.assert_array_equal(value, seen[1][name])


def test_prices_of_tomorrow_are_known_from_noon_on():
    grid = random_grid(2)
    grid.reset()
    price = grid.dataset.import_price[0]
    for hour in range(24):
        known = 48 if hour >= 12 else 24
        ahead = grid.snapshot().import_eur_per_kwh
        np.testing.assert_array_equal(ahead[: known - hour], price[hour:known][:24])
        one_hour(grid)


def test_serving_beats_importing_but_not_wind_that_may_serve_instead():
    direct = {"wind": {"serves_houses": True}}
    cases = ((0.0, {}, True), (10.0, {}, True), (10.0, direct, False))
    for wind_kwh, changes, serving_is_better in cases:
        money = []
        for served_kwh in (0.0, 10.0):
            grid = hand_made_grid([10.0], [50.0], wind_kwh=wind_kwh, **changes)
            row = one_hour(grid, MicrogridDecision(served_kwh, 0.0))
            money.append(sum(row[name] for name in MONEY))
        assert (money[1] > money[0]) is serving_is_better


@pytest.mark.parametrize("factor", [0.0, 0.5, 10.0])
def test_a_contract_without_max_volume_is_not_multiplied(factor):
    """Control-based contracts end with the fuel: no factor makes them more, less or no number."""
    grids = [random_grid(0, contract={"family": "control_based"}) for _ in range(2)]
    for grid in grids:
        grid.reset()
    for _ in range(40):
        records = [
            grid.advance([MicrogridDecision(0.0, 0.0, volume_factor=volume)])[0]
            for grid, volume in zip(grids, (factor, 1.0), strict=True)
        ]
        np.testing.assert_array_equal(*records)
        assert np.isfinite(records[0]).all()
