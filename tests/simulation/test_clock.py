"""Gate, bid periods and local days: what is sold for when."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tests.worlds import AMSTERDAM, plain, plain_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import COLUMN, TERMS
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

SPRING, AUTUMN, SUMMER = "2019-03-30", "2019-10-26", "2019-06-01"
"""The second day has 23, 25 and 24 hours."""


def days_world(start, n_days=4, dt_h=1.0, **more):
    return plain_world(
        round(24 / dt_h) * n_days, start=start, dt_h=dt_h, timezone=AMSTERDAM, **more
    )


def sold_by_step(sim: Simulation, schedule_of_day) -> np.ndarray:
    """What every step delivers when each step offers the schedule of its own day."""
    scenario, sold = sim.scenarios[0], []
    while not sim.done[0]:
        day = scenario.day[len(sold)]
        record = sim.step(Decisions(fleet_kwh=0.0, bids_kwh=schedule_of_day(day)))[0]
        sold.append(record[COLUMN.da_sold_kwh])
    return np.array(sold)


@pytest.mark.parametrize("start", [SPRING, AUTUMN, SUMMER])
@pytest.mark.parametrize("dt_h", [1.0, 0.5, 0.25, 1 / 12])
def test_a_schedule_is_delivered_tomorrow_period_by_period(start, dt_h):
    scenario = days_world(start, dt_h=dt_h)
    periods = scenario.periods_per_day
    sim = Simulation(scenario, plain())
    sim.reset()
    sold = sold_by_step(sim, lambda day: dt_h * (10.0 * day + np.arange(periods) / periods))
    yesterday = dt_h * (10.0 * (scenario.day - 1) + scenario.period / periods)
    expected = np.where(scenario.day > 0, yesterday, 0.0)
    np.testing.assert_allclose(sold, expected, atol=1e-12)


ZONES = {
    AMSTERDAM: ("2019-10-26", 60),
    "Europe/London": ("2019-10-26", 60),
    "America/Los_Angeles": ("2019-11-02", 60),
    "Australia/Lord_Howe": ("2019-04-06", 30),
}
"""The day before the clock is put back, and by how many minutes."""


WHOLE_STEPS = [
    (zone, step) for zone, step in product(ZONES, (5, 15, 30, 60)) if step <= ZONES[zone][1]
]


@pytest.mark.parametrize(("zone", "minutes"), WHOLE_STEPS)
def test_a_day_with_a_repeated_time_has_a_bid_for_each_period(zone, minutes):
    start, repeated = ZONES[zone]
    again, n_steps = repeated // minutes, 4 * 24 * 60 // minutes
    scenario = plain_world(n_steps, start=start, dt_h=minutes / 60, timezone=zone)
    sim = Simulation(scenario, plain())
    sim.reset()
    slots = sim.slots
    assert slots == scenario.slots_per_day == scenario.periods_per_day + again
    sold = sold_by_step(sim, lambda day: scenario.dt_h * (10.0 * day + np.arange(slots) / slots))
    yesterday = scenario.dt_h * (10.0 * (scenario.day - 1) + scenario.slot / slots)
    np.testing.assert_allclose(sold, np.where(scenario.day > 0, yesterday, 0.0), atol=1e-12)
    long_day = scenario.day == 1
    assert long_day.sum() == (24 * 60 + repeated) / minutes
    assert len(np.unique(scenario.slot[long_day])) == long_day.sum()
    twice = scenario.slot >= scenario.periods_per_day
    assert (twice & long_day).sum() == twice.sum() == repeated // minutes
    np.testing.assert_array_equal(scenario.slot[~twice], scenario.period[~twice])


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_a_clock_that_is_never_put_back_needs_no_further_bids(zone):
    scenario = plain_world(48, timezone=zone)
    assert scenario.slots_per_day == Simulation(scenario).slots == 24
    assert scenario.slot is scenario.period


def test_a_schedule_by_the_clock_shares_its_bid_between_both_hours():
    scenario = days_world(AUTUMN)
    sim = Simulation(scenario, plain())
    sim.reset()
    by_array = Simulation(scenario, plain())
    by_array.reset()
    sold = []
    for _ in range(scenario.n_steps):
        bids = np.arange(24.0)
        sold.append(sim.step(Decisions(fleet_kwh=0.0, bids_kwh=bids))[0, COLUMN.da_sold_kwh])
        idle = np.zeros((1, by_array.n_chargers))
        assert by_array.advance(idle, bids[None])[0, COLUMN.da_sold_kwh] == sold[-1]
    np.testing.assert_array_equal(sold, np.where(scenario.day > 0, scenario.period, 0))
    assert sold[24 + 2] == sold[24 + 3] == 2.0


@pytest.mark.parametrize("size", [23, 26])
def test_a_schedule_of_another_size_is_refused(size):
    sim = Simulation(days_world(AUTUMN), plain())
    sim.reset()
    with pytest.raises(InvalidInputError, match="bids_kwh"):
        sim.step(Decisions(fleet_kwh=0.0, bids_kwh=np.zeros(size)))


def test_limits_hold_for_both_hours():
    sim = Simulation(days_world(AUTUMN), plain())
    sim.reset()
    for _ in range(12):
        sim.step(Decisions(fleet_kwh=0.0))
    bids = np.zeros(25)
    bids[24] = 1 + sim.bids_allowed_kwh[1][0, 2]
    with pytest.raises(InvalidInputError, match=r"bids_kwh\[0, 24\]"):
        sim.step(Decisions(fleet_kwh=0.0, bids_kwh=bids))


def test_a_zone_with_longer_days_is_refused_where_there_is_no_room_for_them():
    sim = Simulation(plain_world(48), plain())
    with pytest.raises(InvalidInputError, match="scenarios: got 'Europe/Amsterdam'"):
        sim.load(days_world(AUTUMN))


@pytest.mark.parametrize("start", [SPRING, AUTUMN])
@pytest.mark.parametrize("minutes", [5, 15, 30, 60])
def test_energy_and_money_balance_over_a_change_of_the_clock(start, minutes):
    """A car charges through the night at random, with random bids, hour by hour of the clock."""
    per_hour, rng = 60 // minutes, np.random.default_rng(minutes)
    n_steps = 3 * 24 * per_hour
    da, im = rng.uniform(-0.05, 0.2, (2, n_steps))
    sessions = {
        "arrival_step": [20 * per_hour],
        "departure_step": [33 * per_hour],
        "arrival_soc": [0.1],
        "capacity_kwh": [200.0],
    }
    scenario = plain_world(
        n_steps, start=start, dt_h=minutes / 60, timezone=AMSTERDAM, da=da, short=im,
        sessions=sessions,
    )  # fmt: skip
    sim = Simulation(scenario, plain(owner={"late_departure_prob": 0}))
    sim.reset()
    schedules: dict[int, np.ndarray] = {}
    stored, charged = 20.0, 0.0
    for step in range(n_steps):
        snapshot, day = sim.snapshot(), int(scenario.day[step])
        if len(snapshot.energy_kwh):
            assert snapshot.energy_kwh[0] == pytest.approx(stored, abs=1e-9)
        bids = rng.uniform(-9, 9, sim.slots) * scenario.dt_h
        if snapshot.is_gate:
            schedules[day + 1] = bids
        load = rng.uniform(snapshot.idle_kwh.sum(), snapshot.hi_kwh.sum())
        row = sim.step(Decisions(fleet_kwh=load, bids_kwh=bids))[0]
        stored, charged = stored + 0.98 * row[COLUMN.charge_kwh], charged + load
        sold = schedules[day][scenario.slot[step]] if day in schedules else 0.0
        assert row[COLUMN.da_sold_kwh] == sold
        assert row[COLUMN.im_sold_kwh] == pytest.approx(-sold - load, abs=1e-12)
        assert row[COLUMN.da_eur] == pytest.approx(sold * da[step], abs=1e-12)
        assert row[COLUMN.im_eur] == pytest.approx(-(sold + load) * im[step], abs=1e-12)
    assert charged > 50


@pytest.mark.parametrize(("start", "hours"), [(SPRING, 23), (AUTUMN, 25), (SUMMER, 24)])
def test_the_gate_is_at_noon_of_the_local_clock(start, hours):
    sim = Simulation(days_world(start), plain())
    sim.reset()
    gates = []
    for step in range(96):
        snapshot = sim.snapshot()
        assert snapshot.is_gate == sim.is_gate[0]
        if snapshot.is_gate:
            gates.append(step)
            assert str(snapshot.time).endswith("T12:00")
        sim.step(Decisions(fleet_kwh=0.0))
    assert gates == [12, 12 + hours, 36 + hours, 60 + hours]


def test_only_the_schedule_in_the_gate_step_counts():
    sim = Simulation(plain_world(48), plain())
    sim.reset()
    sold = []
    for step in range(48):
        bids = np.full(24, float(step))
        sold.append(sim.step(Decisions(fleet_kwh=0.0, bids_kwh=bids))[0, COLUMN.da_sold_kwh])
    np.testing.assert_array_equal(sold, [0.0] * 24 + [12.0] * 24)


def test_a_gate_without_a_schedule_sells_nothing_tomorrow():
    sim = Simulation(plain_world(96), plain())
    sim.reset()
    sold = []
    for step in range(96):
        bids = np.full(24, 5.0) if step == 12 else None
        sold.append(sim.step(Decisions(fleet_kwh=0.0, bids_kwh=bids))[0, COLUMN.da_sold_kwh])
    np.testing.assert_array_equal(sold, [0.0] * 24 + [5.0] * 24 + [0.0] * 48)


@pytest.mark.parametrize(("dt_h", "gate"), [(1.0, 9), (0.25, 36)])
def test_another_hour_of_gate_closure(dt_h, gate):
    periods = round(24 / dt_h)
    sim = Simulation(plain_world(2 * periods, dt_h=dt_h), plain(market={"gate_closure_h": 9}))
    sim.reset()
    gates = []
    for step in range(periods):
        gates += [step] if sim.snapshot().is_gate else []
        sim.step(Decisions(fleet_kwh=0.0))
    assert gates == [gate]


@pytest.mark.parametrize(("start", "hours"), [(SPRING, 23), (AUTUMN, 25), (SUMMER, 24)])
def test_the_snapshot_reaches_to_the_end_of_tomorrow(start, hours):
    """Prices of today are known, those of tomorrow from the step after the gate."""
    scenario = days_world(start, da=np.arange(96) / 100)
    sim = Simulation(scenario, plain())
    sim.reset()
    for step in range(96):
        snapshot = sim.snapshot()
        ends = np.minimum(np.cumsum([24, hours, 24, 24, 24]), 96)
        today_end, tomorrow_end = ends[ends > step][[0, min(1, sum(ends > step) - 1)]]
        known_to = tomorrow_end if scenario.period[step] > 12 else today_end
        assert len(snapshot.period) == len(snapshot.da_eur_per_kwh) == tomorrow_end - step
        assert snapshot.n_known == known_to - step
        np.testing.assert_array_equal(snapshot.period, scenario.period[step:tomorrow_end])
        np.testing.assert_array_equal(
            snapshot.da_eur_per_kwh[: snapshot.n_known], np.arange(step, known_to) / 100
        )
        sim.step(Decisions(fleet_kwh=0.0))


def test_what_is_committed_shows_in_the_snapshot_until_it_is_delivered():
    sim = Simulation(days_world(AUTUMN), plain())
    sim.reset()
    scenario = sim.scenarios[0]
    schedules: dict[int, np.ndarray] = {}
    for step in range(scenario.n_steps):
        snapshot, day = sim.snapshot(), scenario.day[step]
        ahead = slice(step, step + len(snapshot.period))
        expected = [
            schedules[d][period] if d in schedules else 0.0
            for d, period in zip(scenario.day[ahead], scenario.period[ahead], strict=True)
        ]
        np.testing.assert_array_equal(snapshot.da_sold_kwh, expected)
        if snapshot.is_gate:
            schedules[day + 1] = 50.0 * day + np.arange(24)
        sold = sim.step(Decisions(fleet_kwh=0.0, bids_kwh=50.0 * day + np.arange(24)))
        assert sold[0, COLUMN.da_sold_kwh] == expected[0]


def test_a_run_may_begin_and_end_anywhere():
    sim = Simulation(plain_world(96), plain())
    sim.reset(start_step=30, end_step=33)
    assert (sim.snapshot().step, sim.snapshot().steps_left) == (0, 3)
    for _ in range(3):
        assert not sim.done[0]
        sim.step(Decisions(fleet_kwh=0.0))
    assert sim.done[0]
    assert sim.snapshot().steps_left == 0
    assert not sim.snapshot().is_gate
    np.testing.assert_array_equal(sim.step(Decisions(fleet_kwh=0.0)), np.zeros((1, len(TERMS))))


def test_expected_load_is_the_mean_of_past_days_of_that_period():
    sessions = {
        "arrival_step": [24 * day + 8 for day in range(25)],
        "departure_step": [24 * day + 10 for day in range(25)],
        "arrival_soc": [0.2] * 25,
    }
    sim = Simulation(plain_world(25 * 24, sessions=sessions), plain(site={"n_chargers": 1}))
    sim.reset()
    loads, mean = [], []
    for step in range(25 * 24):
        here = step % 24 == 8
        if here:
            mean.append(sim.snapshot().expected_load_kwh[8])
            loads.append((step // 24) % 7 + 1.0)
        sim.step(Decisions(fleet_kwh=loads[-1] if here else 0.0))
    assert mean[0] == 0.0
    np.testing.assert_allclose(mean[1:21], [np.mean(loads[:n]) for n in range(1, 21)])
    # From then on the last day weighs a twentieth.
    for n in range(21, 25):
        assert mean[n] == pytest.approx(mean[n - 1] + (loads[n - 1] - mean[n - 1]) / 20)
    others = np.delete(sim.snapshot().expected_load_kwh, 8)
    np.testing.assert_array_equal(others, np.zeros(23))


def test_a_run_that_ends_before_a_gate_has_no_gate():
    sim = Simulation([plain_world(12), plain_world(48)], plain())
    sim.reset(end_step=12)
    for _ in range(12):
        sim.step(Decisions(fleet_kwh=0.0))
    assert not sim.is_gate[0]
    sim.reset(scenario_index=1, end_step=12)
    for _ in range(12):
        sim.step(Decisions(fleet_kwh=0.0))
    assert not sim.is_gate[0]
    assert not sim.snapshot().is_gate
