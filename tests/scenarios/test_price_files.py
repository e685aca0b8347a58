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
    empty = rows[301].rsplit(",", 1)[0] + ","
    damaged = [*rows[:200], *rows[202:301], empty, *rows[302:], doubled]
    prices = read_quarters(csv_file(QUARTERS, *damaged), **WEEK)
    assert prices.notes == {
        "averaged_with_a_row_of_the_same_time": 1,
        "missing quarters filled from before": 3,
        "no_price": 1,
    }
    assert prices.da_eur_per_kwh[96] == pytest.approx(0.05)
    assert prices.im_eur_per_kwh[96] == pytest.approx((0.096 + 0.196) / 2)
    np.testing.assert_allclose(prices.im_eur_per_kwh[[200, 201, 301]], [0.199, 0.199, 0.3])


def test_rows_of_other_days_are_left_out(csv_file):
    prices = read_hourly(csv_file(HOURLY, *_hourly(3)), **DAY)
    assert len(prices.da_eur_per_kwh) == 24


def test_wrong_units_are_refused(csv_file):
    in_mwh = csv_file(HOURLY, *_hourly(scale=1000))
    with pytest.raises(InvalidInputError, match=r"in EUR/kWh, price_da: got 'largest 23000'"):
        read_hourly(in_mwh, **DAY)
    in_kwh = csv_file(QUARTERS, *_quarters(scale=0.001))
    with pytest.raises(InvalidInputError, match=r"in EUR/MWh, price_da: got 'median 0\.04'"):
        read_quarters(in_kwh, **WEEK)


def test_gaps_beyond_two_hours_are_refused(csv_file):
    path = csv_file(HOURLY, *_hourly())
    with pytest.raises(InvalidInputError, match="gap: got '144 h from 2019-10-02 00:00:00'"):
        read_hourly(path, **WEEK)


def test_times_off_the_quarters_are_refused(csv_file):
    rows = [*_quarters(), "0,2019-10-02 00:07:00,60,196"]
    with pytest.raises(InvalidInputError, match="prices begin on the quarters of an hour"):
        read_quarters(csv_file(QUARTERS, *rows), **WEEK)


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        (["Date,price_da,Hour", "2019-10-01,0.1,0"], "column price_imbalance"),
        ([HOURLY, "01-10-2019,0.1,0.1,0"], "line 2, Date: got '01-10-2019'"),
        ([HOURLY, "2019-10-01,0.1,0.1,24"], "line 2, Hour: got '24'"),
        ([HOURLY, "2019-10-01,cheap,0.1,1"], "line 2, price_da: got 'cheap'"),
    ],
)
def test_bad_columns_name_the_field(csv_file, lines, match):
    with pytest.raises(InvalidInputError, match=match):
        read_hourly(csv_file(*lines), **DAY)


def test_missing_file(tmp_path):
    with pytest.raises(InvalidInputError, match="existing file"):
        read_hourly(tmp_path / "no.csv", **DAY)
