"""The page on speed shows what was measured last, and measuring works."""

from __future__ import annotations

import runpy
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import speed_grid
from vpp_gym.kernels import LINE_BYTES, records
from vpp_gym.simulation.state import EV

ROOT = Path(__file__).parents[1]
BUILD = runpy.run_path(str(ROOT / "docs" / "build_speed.py"))


def test_the_table_is_up_to_date():
    text = BUILD["PAGE"].read_text(encoding="utf-8")
    assert text == BUILD["page"](text), "run python docs/build_speed.py"


def test_the_plot_is_drawn(monkeypatch, tmp_path):
    drawn = tmp_path / "speed.svg"
    monkeypatch.setitem(BUILD["draw"].__globals__, "IMAGE", drawn)
    BUILD["draw"]()
    assert drawn.read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize("num_envs", [1, 3])
def test_a_row_is_measured(num_envs):
    site = speed_grid.Site(cars=3, chargers=10, sessions_per_day=10.0)
    row = speed_grid.measured(site, num_envs, 1, 0.05)
    assert row["car_steps_per_s"] == pytest.approx(row["env_steps_per_s"] * row["connected"])
    assert 0 <= row["connected"] <= 10
    assert row["roof_car_steps_per_s"] > 0


def test_the_record_of_a_car_is_small():
    rows = pd.read_csv(ROOT / "benchmarks" / "results" / "speed.csv")
    large = rows[rows["chargers"] >= 1_000]
    assert (large["state_bytes_per_charger"] < 400).all()


def test_the_record_of_a_car_fills_three_lines_of_memory():
    """As the page says."""
    assert EV.itemsize == 3 * LINE_BYTES
    assert records((2, 3), EV).ctypes.data % LINE_BYTES == 0
