"""Price files: repairs are counted, wrong units and gaps refused."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.price_files import read_hourly, read_quarters

DAY = {"first_day": "2019-10-01", "last_day": "2019-10-01"}
WEEK = {"first_day": "2019-10-01", "last_day": "2019-10-07"}
HOURLY = "Date,price_da,price_imbalance,Hour"
QUARTERS = ",date,price_da,price_imbalance"


def _hourly(days=1, scale=1.0):
    return [
        f"2019-10-{day + 1:02d},{0.001 * h * scale},{0.05 * scale},{h}"
        for day in range(days)
        for h in range(24)
    ]


def _quarters(days=7, scale=1.0):
    times = np.datetime64("2019-10-01", "s") + 900 * np.arange(96 * days)
    return [
        f"{i},{str(time).replace('T', ' ')},{40 * scale},{i * scale}"
        for i, time in enumerate(times)
    ]


def test_hourly_prices(csv_file):
    prices = read_hourly(csv_file(HOURLY, *_hourly()), **DAY)
    assert (prices.start, prices.dt_h) == (np.datetime64("2019-10-01"), 1.0)
    np.testing.assert_allclose(prices.da_eur_per_kwh, np.arange(24) / 1000)
    np.testing.assert_allclose(prices.im_eur_per_kwh, 0.05)
    assert sum(prices.notes.values()) == 0


def test_quarters_come_in_eur_per_mwh(csv_file):
    prices = read_quarters(csv_file(QUARTERS, *_quarters()), **WEEK)
    assert prices.dt_h == 0.25
    np.testing.assert_allclose(prices.im_eur_per_kwh, np.arange(672) / 1000)
    np.testing.assert_allclose(prices.da_eur_per_kwh, 0.04)


def test_damage_is_repaired_and_counted(csv_file):
    rows = _quarters()
    doubled = "0,2019-10-02 00:00:00,60,196"  # beside 40 and 96
    off_grid = "0,2019-10-02 00:07:00,60,196"
    empty = rows[301].rsplit(",", 1)[0] + ","
    damaged = [*rows[:200], *rows[202:301], empty, *rows[302:], doubled, off_grid]
    prices = read_quarters(csv_file(QUARTERS, *damaged), **WEEK)
    assert prices.notes == {
        "duplicate_price_rows_averaged": 1,
        "missing_price_steps_filled": 3,
        "price_rows_off_the_grid_dropped": 1,
        "empty_price_rows_dropped": 1,
    }
    assert prices.da_eur_per_kwh[96] == pytest.approx(0.05)
    assert prices.im_eur_per_kwh[96] == pytest.approx((0.096 + 0.196) / 2)
    np.testing.assert_allclose(prices.im_eur_per_kwh[[200, 201, 301]], [0.199, 0.199, 0.3])


def test_rows_of_other_days_are_left_out(csv_file):
    prices = read_hourly(csv_file(HOURLY, *_hourly(3)), **DAY)
    assert len(prices.da_eur_per_kwh) == 24


def test_wrong_units_are_refused(csv_file):
    in_mwh = csv_file(HOURLY, *_hourly(scale=1000))
    with pytest.raises(InvalidInputError, match=r"price_da: got 'median 11\.5'.*in EUR/kWh"):
        read_hourly(in_mwh, **DAY)
    in_kwh = csv_file(QUARTERS, *_quarters(scale=0.001))
    with pytest.raises(InvalidInputError, match=r"price_da: got 'median 0\.04'.*in EUR/MWh"):
        read_quarters(in_kwh, **WEEK)


def test_gaps_beyond_one_in_a_hundred_are_refused(csv_file):
    path = csv_file(HOURLY, *_hourly())
    with pytest.raises(InvalidInputError, match="144 of 168 steps missing"):
        read_hourly(path, **WEEK)


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        (["Date,price_da,Hour", "2019-10-01,0.1,0"], "column price_imbalance"),
        ([HOURLY, "01-10-2019,0.1,0.1,0"], r"Date\[0\]: got '01-10-2019'"),
        ([HOURLY, "2019-10-01,0.1,0.1,24"], r"Hour\[0\]: got .*24"),
        ([HOURLY, "2019-10-01,cheap,0.1,1"], r"price_da\[0\]: got 'cheap'"),
    ],
)
def test_bad_columns_name_the_field(csv_file, lines, match):
    with pytest.raises(InvalidInputError, match=match):
        read_hourly(csv_file(*lines), **DAY)


def test_missing_file(tmp_path):
    with pytest.raises(InvalidInputError, match="existing CSV file"):
        read_hourly(tmp_path / "no.csv", **DAY)
