"""The real years: golden numbers of 2019, and how their files of prices are read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.fit import charging_cost
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.real import (
    HOURLY_FILE,
    QUARTERS_FILE,
    SESSIONS_FILE,
    read_hourly,
    read_quarters,
    real_2019,
    real_source,
)

PREPROCESSED_FILE = "elaadnl_2019_reference_preprocessed.csv"
DAY = {"first_day": "2019-10-01", "last_day": "2019-10-01"}
WEEK = {"first_day": "2019-10-01", "last_day": "2019-10-07"}
HOURLY = "Date,price_da,price_imbalance,Hour"
QUARTERS = ",date,price_da,price_imbalance"


@pytest.mark.data
def test_three_costs_of_charging_in_2019(data_folder):
    year = real_source(data_folder, dt_h=1.0, demand_rule="reference").scenario(0)
    cost = charging_cost(year)
    assert cost["on_arrival_eur"] == pytest.approx(11_937.7, abs=0.05)
    assert cost["at_the_deadline_eur"] == pytest.approx(11_251.8, abs=0.05)
    assert cost["hindsight_eur"] == pytest.approx(7_651.4, abs=0.05)
    assert cost["load_kwh"] == pytest.approx(267_663, abs=0.5)


@pytest.mark.data
def test_sessions_are_those_of_the_reference_preprocessing(data_folder):
    reference = pd.read_csv(data_folder / PREPROCESSED_FILE)
    recorded = pd.read_csv(data_folder / SESSIONS_FILE)
    assert (reference["session"] == recorded["TransactionId"]).all()
    arrival = reference["day_no"] * 24 + reference["start_hour"]
    order = np.argsort(arrival.to_numpy(), kind="stable")
    year = real_source(data_folder, dt_h=1.0, demand_rule="reference").scenario(0)
    np.testing.assert_array_equal(year.sessions.arrival_step, arrival.to_numpy()[order])
    np.testing.assert_allclose(
        year.sessions.arrival_soc, reference["initial_soc"].to_numpy()[order], rtol=0, atol=1e-15
    )
    stay = reference["connected_time"].to_numpy()[order].astype(np.int64)
    departure = np.minimum(year.sessions.arrival_step + stay, 8760)
    np.testing.assert_array_equal(year.sessions.departure_step, departure)


@pytest.mark.data
def test_quarters_of_2019(data_folder):
    hours = real_2019(data_folder, dt_h=1.0)
    year = real_source(data_folder, dt_h=0.25, car_power="charger").scenario(0)
    assert (year.n_steps, len(year.sessions)) == (35_040, 10_000)
    counts = year.notes["provenance"]["counts"]
    assert counts["imbalance: missing quarters filled from before"] == 7
    sources = {one["file"]: one["dropped"] for one in year.notes["provenance"]["sources"]}
    assert sources[QUARTERS_FILE] == {
        "repeats_another_row": 96,
        "averaged_with_a_row_of_the_same_time": 16,
    }
    gap = np.abs(year.im_short_eur_per_kwh.reshape(-1, 4).mean(axis=1) - hours.im_short_eur_per_kwh)
    assert np.sum(gap > 1e-9) <= 6  # hours touched by the repairs
    need = [np.sum(0.97 - one.sessions.arrival_soc) for one in (hours, year)]
    assert need[0] == pytest.approx(need[1])


@pytest.mark.data
def test_cars_of_2019_take_recorded_powers_but_by_the_rule_of_the_reference(data_folder):
    recorded, reference = (
        real_source(data_folder, demand_rule=rule).scenario(0).sessions.charge_kw
        for rule in ("metered", "reference")
    )
    assert np.median(recorded) < 4 < reference.min()


@pytest.mark.data
def test_training_years_have_real_prices_and_other_arrivals_each(data_folder):
    source = real_source(data_folder, "train", dt_h=1.0, n_scenarios=2)
    one, two = source.scenario(0), source.scenario(1)
    prices = read_hourly(data_folder / HOURLY_FILE, first_day="2018-01-01", last_day="2018-12-31")
    for year in (one, two):
        np.testing.assert_array_equal(year.da_eur_per_kwh, prices.da_eur_per_kwh)
        np.testing.assert_array_equal(year.im_short_eur_per_kwh, year.im_long_eur_per_kwh)
        assert "arrivals synthetic" in year.notes["source"]
    assert str(one.start)[:10] == "2018-01-01"
    assert not np.array_equal(one.sessions.arrival_soc[:50], two.sessions.arrival_soc[:50])


@pytest.mark.data
def test_training_years_have_the_quarters_that_are_known_and_draw_the_others(data_folder):
    source = real_source(data_folder, "train", n_scenarios=2)
    one, two = source.scenario(0), source.scenario(1)
    prices = read_hourly(data_folder / HOURLY_FILE, first_day="2018-01-01", last_day="2018-12-31")
    known = read_quarters(
        data_folder / QUARTERS_FILE, first_day="2018-10-01", last_day="2018-12-31"
    )
    before = len(one.da_eur_per_kwh) - len(known.im_eur_per_kwh)
    within = known.im_eur_per_kwh.reshape(-1, 4).std(axis=1).mean()
    for year in (one, two):
        np.testing.assert_array_equal(year.da_eur_per_kwh, prices.da_eur_per_kwh.repeat(4))
        np.testing.assert_array_equal(year.im_short_eur_per_kwh[before:], known.im_eur_per_kwh)
        four = year.im_short_eur_per_kwh[:before].reshape(-1, 4)
        recorded = prices.im_eur_per_kwh[: before // 4]
        np.testing.assert_allclose(four.mean(axis=1), recorded, atol=1e-12)
        assert four.std(axis=1).mean() == pytest.approx(within, rel=0.15)
        assert "recorded from 2018-10-01 on" in year.notes["quarters"]
    assert (one.im_short_eur_per_kwh[:before] != two.im_short_eur_per_kwh[:before]).mean() > 0.99


@pytest.mark.data
def test_arrivals_of_training_years_follow_the_demand_rule(data_folder):
    metered, reference = (
        real_source(data_folder, "train", demand_rule=rule) for rule in ("metered", "reference")
    )
    assert (metered.name, reference.name) == ("real:train", "real:train:reference_demand")
    cars, plain = metered.scenario(0).sessions, reference.scenario(0).sessions
    np.testing.assert_array_equal(cars.arrival_step, plain.arrival_step)
    assert cars.arrival_soc.mean() > plain.arrival_soc.mean() + 0.1
    assert np.isfinite(cars.charge_kw).all()
    assert np.isinf(plain.charge_kw).all()


@pytest.mark.data
@pytest.mark.parametrize(("name", "n"), [("real", 1), ("real:test", 1), ("real:train", 32)])
def test_names(monkeypatch, data_folder, name, n):
    monkeypatch.setenv("VPP_GYM_DATA", str(data_folder))
    assert as_source(name).n_scenarios == n


def test_folder_and_files_must_exist(tmp_path):
    with pytest.raises(InvalidInputError, match="existing folder"):
        real_source(tmp_path / "nowhere")
    with pytest.raises(InvalidInputError, match=QUARTERS_FILE):
        real_source(tmp_path)
    for split in ("test", "train"):
        with pytest.raises(InvalidInputError, match=HOURLY_FILE):
            real_source(tmp_path, split, dt_h=1.0)


@pytest.mark.parametrize(("option", "value"), [("split", "validation"), ("dt_h", 0.5)])
def test_bad_options(tmp_path, option, value):
    with pytest.raises(InvalidInputError, match=option):
        real_source(tmp_path, **{option: value})


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
    with pytest.raises(InvalidInputError, match="prices begin every 15 minutes of an hour"):
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
