"""Yield of solar panels: shape, size and clock."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.files import samples
from tests.worlds import plain_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.pv import read_pv

PV_FILE = "nl_pv_hourly_2018_2019.csv"


def lines(first="2019-01-01", days=365, noon_h=11.65):
    """A half sine from six hours before to six hours after noon on every day."""
    at = pd.date_range(first, periods=24 * days, freq="h")
    angle = (at.hour + 0.5 - noon_h) * np.pi / 12
    radiation = np.where(np.abs(angle) < np.pi / 2, 800 * np.cos(angle), 0.0)
    rows = (f"{t},{r},937.2,80,{r * 3e-4}" for t, r in zip(at, radiation, strict=True))
    return ["date,radiation,panel_size,n_panels,total_volume", *rows]


@pytest.fixture
def pv_file(tmp_path):
    return lambda content: samples.write(tmp_path / "pv.csv", content)


def test_a_mean_year_has_the_yield_asked_for(pv_file):
    pv = read_pv(pv_file(lines()), clock="utc", kwh_per_kwp_year=900)
    assert pv.kwh_per_kwp.sum() == pytest.approx(900 * 8760 / 8766)
    assert pv.kwh_per_kwp.groupby(pv.kwh_per_kwp.index.hour).sum().idxmax() == 11


@pytest.mark.parametrize(("zone", "hour"), [(samples.ZONE, 13), (None, 13)])
@pytest.mark.parametrize("dt_h", [1.0, 0.25])
def test_noon_in_utc_is_in_the_afternoon_of_the_dutch_summer_clock(pv_file, zone, hour, dt_h):
    pv = read_pv(pv_file(lines()), clock="utc")
    world = plain_world(round(72 / dt_h), dt_h=dt_h, start="2019-06-03", timezone=zone)
    on_steps = pv.on_steps(world)
    by_hour = pd.Series(on_steps).groupby(world.period // round(1 / dt_h)).sum()
    assert by_hour.idxmax() == hour
    assert on_steps.sum() == pytest.approx(pv.kwh_per_kwp["2019-06-03":"2019-06-05"].sum())


@pytest.mark.parametrize("start", ["2019-03-30", "2019-10-26"])
@pytest.mark.parametrize("zone", [samples.ZONE, None])
def test_days_of_clock_changes(pv_file, start, zone):
    pv = read_pv(pv_file(lines()), clock="utc")
    n = 72 if zone is None else round(
        (pd.Timestamp(start) + pd.Timedelta(days=3)).tz_localize(zone).timestamp() / 3600
        - pd.Timestamp(start).tz_localize(zone).timestamp() / 3600
    )  # fmt: skip
    world = plain_world(n, start=start, timezone=zone)
    days = pd.Series(pv.on_steps(world)).groupby(world.day).sum()
    np.testing.assert_allclose(days, pv.kwh_per_kwp[start].sum())


def test_the_sun_tells_the_clock(pv_file):
    with pytest.raises(InvalidInputError, match=r"the sun would be highest at 10\.1 h UTC"):
        read_pv(pv_file(lines()), clock="local")
    with pytest.raises(InvalidInputError, match=r"highest at 13\.3 h UTC"):
        read_pv(pv_file(lines(noon_h=13.3)), clock="utc")
    assert read_pv(pv_file(lines(noon_h=13.3)), clock="local").clock == "local"


def changed(line, old, new):
    given = lines(days=30)
    assert old in given[line]
    return [*given[:line], given[line].replace(old, new), *given[line + 1 :]]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (lambda: [*lines(days=30)[:100], *lines(days=30)[101:]], "line 101: .*every hour once"),
        (lambda: changed(13, ",80,", ",80,1"), "line 14: .*radiation times one constant"),
        (lambda: changed(3, "0.0,937.2", "-4,937.2"), "line 4, radiation: got -4"),
        (lambda: changed(13, ",80,", ",80,x"), r"line 14, total_volume"),
        (lambda: [line.replace("radiation", "sun") for line in lines(days=3)], "column radiation"),
        (lambda: [lines(days=3)[0], *(f"2019-01-01 0{h}:00:00,0,1,1,0" for h in range(5))], "sun"),
    ],
)
def test_damage_is_refused(pv_file, content, match):
    with pytest.raises(InvalidInputError, match=match):
        read_pv(pv_file(content()), clock="utc")


def test_days_beyond_the_file_are_refused(pv_file):
    pv = read_pv(pv_file(lines(days=30)), clock="utc")
    with pytest.raises(InvalidInputError, match="pv: got '2019-01-31 00:00:00'; the file covers"):
        pv.on_steps(plain_world(48, start="2019-01-31", timezone="UTC"))


@pytest.mark.parametrize(("option", "value"), [("clock", "cet"), ("kwh_per_kwp_year", 0)])
def test_bad_options(pv_file, option, value):
    with pytest.raises(InvalidInputError, match=option):
        read_pv(pv_file(lines(days=3)), **{"clock": "utc", option: value})


@pytest.mark.data
def test_the_dutch_years(data_folder):
    pv = read_pv(data_folder / PV_FILE, clock="utc")
    assert (pv.report.rows, pv.report.facts["stated volume MWh"]) == (17_520, 959.805)
    yearly = pv.kwh_per_kwp.groupby(pv.kwh_per_kwp.index.year).sum()
    assert yearly[2018] / yearly[2019] == pytest.approx(491.329 / 468.477, abs=1e-4)
    assert pv.kwh_per_kwp.max() < 1
    with pytest.raises(InvalidInputError, match="clock"):
        read_pv(data_folder / PV_FILE, clock="local")
