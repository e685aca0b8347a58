"""The real files: what is read, counted and found agrees with what is known of them."""

from __future__ import annotations

import pandas as pd
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.coverage import coverage
from vpp_gym.scenarios.files.folder import files_of
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.files.session_rows import most_at_once
from vpp_gym.scenarios.real import HOURLY_FILE, QUARTERS_FILE, SESSIONS_FILE
from vpp_gym.scenarios.world import world_of
from vpp_gym.scenarios.world_header import WorldOptions

READ = ReadOptions(elaad_clock="local", elaad_dates="month-first")

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def files(data_folder):
    return {one.path.name: one for one in files_of(data_folder, READ)}


def test_known_files_are_recognised_and_no_others(files):
    kinds = {name: one.kind.name for name, one in files.items() if one.kind}
    assert kinds == {
        SESSIONS_FILE: "elaad transactions",
        HOURLY_FILE: "prepared hourly prices",
        QUARTERS_FILE: "prepared quarterly prices",
    }
    assert not any(one.error for one in files.values())


def test_sessions_of_2019(files):
    report = files[SESSIONS_FILE].rows.report
    assert (report.rows, report.dropped) == (10_000, {})
    facts = report.facts
    assert facts["metered kWh"] == pytest.approx(136_352, abs=0.5)
    assert facts["charge longer than stay"] == 8
    assert facts["days without a session"] == 6
    assert facts["most connected at once"] == 21
    assert facts["median stay h"] == pytest.approx(3.4, abs=0.05)
    assert facts["longest stay h"] == 161.17
    assert (files[SESSIONS_FILE].rows.rows["stay_h"] < 30).mean() == pytest.approx(0.99, abs=0.005)


def test_cars_in_the_hours_that_they_touch(files):
    sessions = files[SESSIONS_FILE].rows.rows
    end = sessions["start"] + pd.to_timedelta(sessions["stay_h"], unit="h")
    first, last = sessions["start"].dt.floor("h"), end.dt.floor("h")
    hours = (last - first) / pd.Timedelta(hours=1) + 1
    assert most_at_once(first, hours) == 24
    assert hours.sum() / 8760 == pytest.approx(7.8, abs=0.05)


def test_hours_of_2018_and_2019(files):
    prices = files[HOURLY_FILE].rows
    assert (prices.report.rows, prices.report.dropped) == (17_520, {})
    year = prices.rows[prices.rows["start"] >= pd.Timestamp("2019-01-01")]
    assert year["da_eur_per_kwh"].mean() == pytest.approx(0.0412, abs=5e-5)
    assert year["im_long_eur_per_kwh"].min() == pytest.approx(-0.148, abs=5e-4)
    assert (year["im_long_eur_per_kwh"] < 0).mean() == pytest.approx(0.033, abs=5e-4)
    assert coverage(prices)["missing_h"] == 0


def test_quarters_with_the_damage_that_is_known(files):
    prices = files[QUARTERS_FILE].rows
    assert prices.report.rows == 43_975
    assert prices.report.kept == len(prices.rows)
    assert prices.rows["start"].is_unique
    found = coverage(prices)
    assert found["longest_gap_from"] == "2019-03-31 02:00:00"
    october = prices.rows["start"].dt.normalize() == pd.Timestamp("2019-10-01")
    assert october.sum() == 96


def test_the_only_run_of_equal_prices_is_the_stretch_that_was_filled(files):
    hours, quarters = (files[name].rows.report.facts for name in (HOURLY_FILE, QUARTERS_FILE))
    for market in ("day-ahead", "imbalance"):
        assert hours[f"runs of equal {market} prices"] == 1
        longest = hours[f"longest run of equal {market} prices"]
        assert longest.startswith("8 h of ")
        assert longest.endswith("from 2018-06-28 16:00:00")
        assert quarters[f"runs of equal {market} prices"] == 0


def test_quarters_of_2019_need_a_gap_filled_by_name(files):
    rows = [files[name].rows for name in (SESSIONS_FILE, QUARTERS_FILE)]
    build = WorldOptions(first_day="2019-01-01", dt_h=0.25)
    with pytest.raises(InvalidInputError, match=r"gap: got '1\.25 h from 2019-03-31 02:00:00'"):
        world_of(rows, READ, build)
    world = world_of(rows, READ, build.model_copy(update={"max_fill_h": 2}))
    assert world.scenario.n_steps == 35_040
    assert world.provenance.counts["imbalance: missing quarters filled from before"] == 7


def test_dates_in_another_order_are_refused(data_folder):
    options = READ.model_copy(update={"elaad_dates": "day-first"})
    files = {one.path.name: one for one in files_of(data_folder, options)}
    assert "dates must be day-first" in str(files[SESSIONS_FILE].error)
