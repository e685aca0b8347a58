"""Validation and clock of a scenario, and when its drivers leave."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.params.owner import OwnerParams
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.scenario import Scenario, sessions_from_table

PRICE = [0.04] * 24
SESSION = {"arrival_step": [3], "departure_step": [7], "arrival_soc": [0.5]}


def _scenario(**changes):
    given = {"da_eur_per_kwh": PRICE, "im_eur_per_kwh": PRICE, "sessions": SESSION, **changes}
    return Scenario.from_arrays(**given)


def test_defaults_of_a_session():
    sessions = _scenario().sessions
    assert (sessions.target_soc[0], sessions.capacity_kwh[0]) == (0.97, 80.0)
    assert np.isinf([sessions.charge_kw[0], sessions.discharge_kw[0]]).all()
    assert 0 <= sessions.owner_draw[0] < 1


def test_sessions_are_sorted_and_equal_arrivals_keep_their_order():
    table = pd.DataFrame(
        {
            "arrival_step": [5, 2, 5, 2],
            "departure_step": [9, 9, 8, 8],
            "arrival_soc": [0.1, 0.2, 0.3, 0.4],
        }
    )
    np.testing.assert_array_equal(sessions_from_table(table).arrival_soc, [0.2, 0.4, 0.1, 0.3])


def test_owner_draws_follow_the_seed():
    one, two, three = (sessions_from_table(SESSION, seed=s).owner_draw[0] for s in (1, 1, 2))
    assert one == two != three


def test_stays_beyond_the_end_are_cut_and_counted():
    scenario = _scenario(sessions={**SESSION, "departure_step": [30]})
    assert scenario.sessions.departure_step[0] == 24
    assert scenario.notes["departures_clipped"] == 1


@pytest.mark.parametrize(
    "timezone", ["Europe/Amsterdam", "Australia/Lord_Howe", "America/Los_Angeles", "Asia/Kolkata"]
)
@pytest.mark.parametrize("dt_h", [1.0, 0.5, 0.25, 1 / 12])
def test_clock_of_a_year_is_that_of_the_zone(timezone, dt_h):
    price = np.full(round(366 * 24 / dt_h), 0.04)
    clock = _scenario(
        da_eur_per_kwh=price, im_eur_per_kwh=price, timezone=timezone, dt_h=dt_h, start="2023-01-01"
    ).clock
    steps = pd.date_range(
        "2023-01-01", periods=len(price), freq=f"{round(60 * dt_h)}min", tz=timezone
    )
    np.testing.assert_array_equal(clock, steps.tz_localize(None).to_numpy())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"da_eur_per_kwh": [0.04, np.nan, *PRICE[2:]]}, "da_eur_per_kwh[1]"),
        ({"da_eur_per_kwh": []}, "da_eur_per_kwh"),
        ({"da_eur_per_kwh": [PRICE]}, "da_eur_per_kwh"),
        ({"da_eur_per_kwh": ["cheap"] * 24}, "da_eur_per_kwh"),
        ({"da_eur_per_kwh": [40.0] * 24}, "da_eur_per_kwh[0]"),
        ({"im_eur_per_kwh": PRICE[:-1]}, "im_short_eur_per_kwh"),
        ({"im_eur_per_kwh": None}, "im_eur_per_kwh"),
        ({"im_long_eur_per_kwh": PRICE}, "im_eur_per_kwh"),
        ({"dt_h": 0.4}, "dt_h"),
        ({"dt_h": True}, "dt_h"),
        ({"dt_h": "1"}, "dt_h"),
        ({"start": "2019-01-01T06:00"}, "start"),
        ({"start": "yesterday"}, "start"),
        ({"start": "9999-12-31", "timezone": "Europe/Amsterdam"}, "start"),
        ({"start": "0001-01-01", "timezone": "Europe/Amsterdam"}, "start"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "localtime"}, "timezone"),
        ({"timezone": "Factory"}, "timezone"),
        ({"timezone": 2}, "timezone"),
        ({"sessions": {**SESSION, "arrival": [1]}}, "sessions"),
        ({"sessions": {"arrival_step": [1], "departure_step": [2]}}, "sessions"),
    ],
)
def test_bad_input_names_field_value_and_remedy(change, field):
    with pytest.raises(InvalidInputError) as refused:
        _scenario(**change)
    assert refused.value.field == field
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("departure_step", 3, "departure_step[0]"),
        ("departure_step", 1, "departure_step[0]"),
        ("departure_step", 4.5, "departure_step[0]"),
        ("arrival_step", -1, "arrival_step[0]"),
        ("arrival_step", 24, "arrival_step"),
        ("arrival_soc", 1.2, "arrival_soc[0]"),
        ("arrival_soc", np.nan, "arrival_soc[0]"),
        ("target_soc", 97, "target_soc[0]"),
        ("capacity_kwh", 0, "capacity_kwh[0]"),
        ("charge_kw", -11, "charge_kw[0]"),
        ("discharge_kw", np.nan, "discharge_kw[0]"),
        ("owner_draw", 1.0, "owner_draw[0]"),
        ("arrival_soc", [0.5, 0.5], "arrival_soc"),
    ],
)
def test_bad_sessions_name_column_and_row(column, value, field):
    table = {**SESSION, "departure_step": [30], column: np.atleast_1d(value)}
    with pytest.raises(InvalidInputError) as refused:
        _scenario(sessions=table)
    assert refused.value.field == f"sessions.{field}"


def test_swapped_imbalance_prices_are_refused():
    with pytest.raises(InvalidInputError, match="were the two swapped"):
        _scenario(im_eur_per_kwh=None, im_short_eur_per_kwh=PRICE, im_long_eur_per_kwh=[0.05] * 24)


def test_prices_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        _scenario().da_eur_per_kwh[0] = 1.0


@pytest.mark.parametrize(
    ("start", "hours", "periods"),
    [
        ("2019-03-31", 23, [0, 1, 3, 4]),
        ("2019-10-27", 25, [0, 1, 2, 2]),
        ("2019-06-01", 24, [0, 1, 2, 3]),
    ],
)
def test_clock_days_have_23_24_or_25_hours(start, hours, periods):
    price = [0.04] * 48
    days = _scenario(
        da_eur_per_kwh=price, im_eur_per_kwh=price, start=start, timezone="Europe/Amsterdam"
    )
    assert (days.day == 0).sum() == hours
    np.testing.assert_array_equal(days.period[:4], periods)
    assert days.period[hours] == 0


def test_quarters_have_96_lines():
    quarters = _scenario(dt_h=0.25)
    assert quarters.periods_per_day == 96
    np.testing.assert_array_equal(quarters.period, np.arange(24))


def leavers(draw, stay=9):
    n = len(draw)
    return sessions_from_table(
        {
            "arrival_step": [5] * n,
            "departure_step": [5 + stay] * n,
            "arrival_soc": [0.5] * n,
            "departure_draw": draw,
        }
    )


EVEN = np.arange(8_000) / 8_000


def left(prob, stay=9):
    """Steps in which even draws leave, some of them early, as often in every step."""
    owner = OwnerParams(early_departure_prob=prob, early_exponent=1.0, late_departure_prob=0.0)
    return leaving_step(leavers(EVEN, stay), owner, 1.0, 24)


def test_nobody_leaves_early_unless_some_do():
    assert (left(0.0) == 14).all()


@pytest.mark.parametrize("prob", [0.25, 0.5, 1.0])
def test_every_step_in_between_is_equally_likely(prob):
    steps, counts = np.unique(left(prob), return_counts=True)
    on_time = 8_000 - round(8_000 * prob)
    assert steps.tolist() == list(range(6, 14)) + [14] * (prob < 1)
    np.testing.assert_allclose(counts[:8], 1_000 * prob, atol=1)
    assert counts[8:].sum() == pytest.approx(on_time, abs=1)


def test_whoever_leaves_early_at_a_low_probability_does_so_at_a_higher_one():
    rare, frequent = (left(prob) < 14 for prob in (0.2, 0.6))
    assert frequent[rare].all()
    assert rare.sum() < frequent.sum()


def test_a_stay_of_one_step_cannot_be_cut_short():
    assert (left(1.0, stay=1) == 6).all()
    assert (left(1.0, stay=2) == 6).all()


@pytest.mark.parametrize("column", ["departure_draw", "interest_draw", "owner_draw"])
@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_draws_are_quantiles(column, value):
    table = {"arrival_step": [0], "departure_step": [3], "arrival_soc": [0.5], column: [value]}
    with pytest.raises(InvalidInputError, match=rf"sessions\.{column}"):
        sessions_from_table(table)
