"""Sessions on steps: where they begin and end, and what each car needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds import AMSTERDAM, examples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.demand import REFERENCE_CAR, Car
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.session_rows import SessionRows
from vpp_gym.scenarios.grid import Span
from vpp_gym.scenarios.session_demand import sessions_in_span, sessions_on_steps

DAY = pd.Timestamp("2019-08-27")
REPORT = FileReport(file="sessions.csv", kind="by hand", sha256="")


def sessions(*rows, zone=AMSTERDAM) -> SessionRows:
    """Sessions of (local start, stay_h, charge_h, metered_kwh, max_kw)."""
    table = pd.DataFrame(rows, columns=["start", "stay_h", "charge_h", "metered_kwh", "max_kw"])
    start = pd.to_datetime(table["start"]).dt.tz_localize(zone).dt.tz_convert("UTC")
    return SessionRows(table.assign(start=start), zone, REPORT)


def on_steps(rows, *, zone=AMSTERDAM, days=2, site_clock=None, **options):
    given = {"dt_h": 1.0, "demand": "metered", "car": REFERENCE_CAR, "car_power": "charger"}
    span = Span(DAY, DAY + pd.Timedelta(days=days - 1), zone)
    inside, counts = sessions_in_span(rows, span, site_clock=site_clock, shift_days=0)
    table, changed = sessions_on_steps(inside, span, **{**given, **options})
    return table, counts | changed


FIRST_OF_THE_OPEN_DATA = ("2019-08-27 14:52", 3.11, 3.1, 9.86, 3.342)


@pytest.mark.parametrize("zone", [AMSTERDAM, None])
def test_reference_rule_on_the_first_row_of_the_open_data(zone):
    table, _ = on_steps(sessions(FIRST_OF_THE_OPEN_DATA), zone=zone, demand="reference")
    row = table.iloc[0]
    assert (row.arrival_step, row.departure_step) == (14, 18)
    assert row.arrival_soc == pytest.approx(1 - 3.1 * 11 * 0.98 / 80, abs=1e-15)


def test_quarters():
    table, _ = on_steps(sessions(FIRST_OF_THE_OPEN_DATA), dt_h=0.25)
    assert tuple(table.iloc[0][["arrival_step", "departure_step"]]) == (59, 59 + 12)


def test_stays_rounded_up():
    table, counts = on_steps(sessions(FIRST_OF_THE_OPEN_DATA), dt_h=0.25, stays="rounded-up")
    assert tuple(table.iloc[0][["arrival_step", "departure_step"]]) == (59, 59 + 13)
    assert counts["stays of which the last step is kept for its energy"] == 0


def test_metered_rule_needs_the_metered_energy_as_far_as_it_can_be_had():
    much = (*FIRST_OF_THE_OPEN_DATA[:3], 60.0, 3.342)
    rows = sessions(FIRST_OF_THE_OPEN_DATA, much)
    table, counts = on_steps(rows)
    at_meter_kwh = (table.target_soc - table.arrival_soc) * table.capacity_kwh / 0.98
    np.testing.assert_allclose(at_meter_kwh, [9.86, 3.11 * 11])
    assert counts["demands capped by stay, power or battery"] == 1
    table, _ = on_steps(rows, car_power="recorded")
    at_meter_kwh = (table.target_soc - table.arrival_soc) * table.capacity_kwh / 0.98
    np.testing.assert_allclose(at_meter_kwh, [9.86, 3.11 * 3.342])


def test_sessions_outside_and_without_charge_time_are_counted():
    unknown = (*FIRST_OF_THE_OPEN_DATA[:2], np.nan, 9.86, 3.342)
    before = ("2019-08-26 23:59", *FIRST_OF_THE_OPEN_DATA[1:])
    after = ("2019-08-29 00:00", *FIRST_OF_THE_OPEN_DATA[1:])
    rows = sessions(FIRST_OF_THE_OPEN_DATA, unknown, before, after)
    table, counts = on_steps(rows, demand="reference")
    assert len(table) == 1
    assert counts["sessions outside of the days"] == 2
    assert counts["sessions without charge time"] == 1
    assert len(on_steps(rows)[0]) == 2


def test_power_that_is_not_recorded_cannot_be_used():
    unknown = (*FIRST_OF_THE_OPEN_DATA[:4], np.nan)
    with pytest.raises(InvalidInputError, match="car_power: got '1 sessions with energy, but"):
        on_steps(sessions(unknown), car_power="recorded")
    idle = (*FIRST_OF_THE_OPEN_DATA[:3], 0.0, 0.0)
    assert on_steps(sessions(idle), car_power="recorded")[0].charge_kw[0] == np.inf


NO_ENERGY = (*FIRST_OF_THE_OPEN_DATA[:2], 0.0, 0.0, 0.0)
UNKNOWN = (*FIRST_OF_THE_OPEN_DATA[:2], np.nan, np.nan, np.nan)


@pytest.mark.parametrize("demand", ["metered", "reference"])
def test_sessions_without_energy_occupy_their_charger_and_offer_nothing(demand):
    rows = sessions(NO_ENERGY, FIRST_OF_THE_OPEN_DATA, UNKNOWN)
    table, counts = on_steps(rows, demand=demand)
    assert list(table.discharge_kw) == [0.0, np.inf, 0.0]
    assert list(table.arrival_soc == table.target_soc) == [True, False, True]
    assert counts["sessions without energy, idle on their charger"] == 2
    assert counts["demands capped by stay, power or battery"] == 0


def test_sessions_without_energy_may_be_batteries_or_left_out():
    rows = sessions(NO_ENERGY, FIRST_OF_THE_OPEN_DATA, UNKNOWN)
    table, counts = on_steps(rows, zero_energy="keep")
    assert list(table.discharge_kw) == [np.inf] * 3
    assert list(table.arrival_soc == table.target_soc) == [True, False, True]
    assert counts["sessions without energy, kept as batteries"] == 2
    table, counts = on_steps(rows, zero_energy="drop")
    assert len(table) == 1
    assert counts["sessions without energy, left out"] == 2


def test_the_reference_rule_needs_hours_and_no_energy():
    rows = sessions((*FIRST_OF_THE_OPEN_DATA[:3], np.nan, np.nan))
    table, counts = on_steps(rows, demand="reference")
    assert table.arrival_soc[0] < 0.6
    assert counts["sessions without energy, idle on their charger"] == 0


def test_a_car_that_waits_beyond_the_last_day_is_left_out_and_counted():
    late = pd.Timestamp("2019-08-28 23:10")
    rows = sessions(*((late + pd.Timedelta(minutes=9 * i), 0.1, 0.1, 1.0, 11.0) for i in range(3)))
    rows = SessionRows(rows.rows.assign(plug="a"), rows.zone, rows.report)
    table, counts = on_steps(rows)
    assert list(table.arrival_step) == [47]
    assert counts["arrivals that wait for the charger"] == 2
    assert counts["arrivals that wait beyond the last day"] == 2


@pytest.mark.parametrize("zone", [AMSTERDAM, None])
@pytest.mark.parametrize(("site_clock", "step"), [("instant", 23), ("local", 14)])
def test_chargers_elsewhere(zone, site_clock, step):
    rows = sessions(FIRST_OF_THE_OPEN_DATA, zone="America/Los_Angeles")
    assert on_steps(rows, zone=zone, site_clock=site_clock)[0].arrival_step[0] == step
    with pytest.raises(InvalidInputError, match="site_clock"):
        on_steps(rows, zone=zone)


rows_of_a_day = st.tuples(
    st.integers(0, 24 * 60 - 1).map(lambda minute: DAY + pd.Timedelta(minutes=minute)),
    st.floats(0.01, 100),
    st.floats(0, 100),
    st.floats(0, 300),
    st.floats(0.1, 50),
)
cars = st.builds(
    Car,
    capacity_kwh=st.floats(10, 150),
    min_soc=st.floats(0, 0.2),
    target_soc=st.floats(0.5, 1),
    charge_kw=st.floats(1, 50),
    charge_eff=st.floats(0.8, 1),
)


@examples(60)
@given(
    rows=st.lists(rows_of_a_day, min_size=1, max_size=8),
    car=cars,
    dt_h=st.sampled_from([1.0, 0.25]),
    rule=st.sampled_from(
        [("metered", "charger"), ("metered", "recorded"), ("reference", "charger")]
    ),
)
def test_every_demand_can_be_met_within_the_battery_and_the_stay(rows, car, dt_h, rule):
    demand, car_power = rule
    table, counts = on_steps(
        sessions(*rows), car=car, dt_h=dt_h, demand=demand, car_power=car_power
    )
    stay_h = (table.departure_step - table.arrival_step) * dt_h
    recorded_h = np.array([row[1] for row in rows])
    waited = counts["arrivals that wait for the charger"] > 0
    assert waited or (np.abs(stay_h - recorded_h) <= dt_h + 0.01).all()
    assert table.arrival_soc.between(-1e-12, 1).all()
    need_kwh = (table.target_soc - table.arrival_soc) * table.capacity_kwh
    kw = np.minimum(car.charge_kw, table.charge_kw)
    assert (need_kwh <= kw * stay_h * car.charge_eff + 1e-9).all()
    if demand == "metered":
        assert (table.arrival_soc >= min(car.min_soc, car.target_soc) - 1e-12).all()
