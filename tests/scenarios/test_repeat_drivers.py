"""Synthetic drivers who come back, and drivers known by their card."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.files import samples
from vpp_gym.params import DEFAULT
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.files.folder import files_of
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.world import world_of
from vpp_gym.scenarios.world_file import read_header, read_world, write_world
from vpp_gym.scenarios.world_header import WorldOptions

MIX = {"drivers": {"known": 60}}


@pytest.fixture(scope="module")
def year():
    return SyntheticSource("train", dt_h=1.0, params=MIX).scenario(0)


@pytest.fixture(scope="module")
def strangers():
    return SyntheticSource("train", dt_h=1.0).scenario(0)


def test_drivers_change_who_comes_and_not_when_or_what(year, strangers):
    assert (strangers.sessions.driver == -1).all()
    for name, column in vars(strangers.sessions).items():
        if name not in ("driver", "owner_draw", "departure_draw"):
            np.testing.assert_array_equal(column, getattr(year.sessions, name))
    np.testing.assert_array_equal(year.im_short_eur_per_kwh, strangers.im_short_eur_per_kwh)
    assert year.name != strangers.name


def test_most_sessions_are_of_known_drivers_who_were_away(year):
    sessions = year.sessions
    known = sessions.driver >= 0
    assert 0.7 < known.mean() <= 0.82
    assert set(sessions.driver[known]) == set(range(60))
    for one in range(60):
        rows = np.flatnonzero(sessions.driver == one)
        away = sessions.arrival_step[rows[1:]] - sessions.departure_step[rows[:-1]]
        assert (away >= 8).all()


def test_a_driver_has_one_type_and_habits(year):
    """Stays of one driver are alike, and so is whether they leave early or late."""
    sessions = year.sessions
    table = pd.DataFrame(
        {
            "driver": sessions.driver,
            "owner": sessions.owner_draw,
            "draw": sessions.departure_draw,
            "stay": np.log(sessions.departure_step - sessions.arrival_step),
        }
    )
    known = table[table["driver"] >= 0]
    assert (known.groupby("driver")["owner"].nunique() == 1).all()
    for column, least in (("draw", 0.5), ("stay", 0.4)):
        spread = known.groupby("driver")[column].std().mean() / known[column].std()
        assert spread**2 < 1 - least
    early = leaving_step(sessions, DEFAULT.owner, year.dt_h, year.n_steps) < sessions.departure_step
    assert 0.15 < early.mean() < 0.35


def test_draws_stay_uniform(year):
    draws = SyntheticSource(
        "train", dt_h=1.0, days=120, params={"drivers": {"known": 5_000}}
    ).scenario(0)
    values = draws.sessions.departure_draw
    assert ((values >= 0) & (values < 1)).all()
    counts = np.histogram(values, 10, (0, 1))[0] / len(values)
    assert np.abs(counts - 0.1).max() < 0.02


def test_years_are_reproducible_and_few_cars_are_no_problem(year):
    again = SyntheticSource("train", dt_h=1.0, params=MIX).scenario(0)
    np.testing.assert_array_equal(again.sessions.driver, year.sessions.driver)
    empty = SyntheticSource("train", dt_h=1.0, days=3, sessions_per_day=0, params=MIX)
    assert len(empty.scenario(0).sessions) == 0


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    samples.write(folder / "da.csv", samples.entsoe_new("2024-06-03", 9))
    samples.write(folder / "im.csv", samples.tennet_new("2024-06-03", 9))
    lines = [line.split(",") for line in samples.elaad("2024-06-03")]
    place = lines[0].index("StartCard")
    for number, cells in enumerate(lines[1:]):
        cells[place] = ["anna", "ben", "", "anna"][number % 4]
    samples.write(folder / "sessions.csv", [",".join(cells) for cells in lines])
    read = ReadOptions(elaad_clock="local", elaad_dates="month-first")
    return read, [one.rows for one in files_of(folder, read) if one.rows is not None]


def test_cards_tell_drivers(rows, tmp_path):
    read, files = rows
    world = world_of(files, read, WorldOptions(drivers="card"))
    driver = world.scenario.sessions.driver
    assert set(driver) == {-1, 0, 1}
    assert (driver == -1).sum() == pytest.approx(len(driver) / 4, abs=2)
    assert world.provenance.counts["drivers known by their card"] == 2
    path = write_world(tmp_path / "known.parquet", world)
    assert read_header(path).version == 2
    back = read_world(path, "all").sessions
    np.testing.assert_array_equal(back.driver, driver)
    assert b"anna" not in path.read_bytes()


def test_without_being_asked_nobody_is_known(rows, tmp_path):
    read, files = rows
    world = world_of(files, read, WorldOptions())
    assert (world.scenario.sessions.driver == -1).all()
    path = write_world(tmp_path / "unknown.parquet", world)
    assert read_header(path).version == 1
    assert b"driver" not in path.read_bytes().replace(b'"drivers"', b"")
