"""Targets of the fit on values whose answer is known by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.fit_courses import correlation
from benchmarks.fit_page import page
from benchmarks.fit_quarters import outside, quarter_rows
from benchmarks.fit_targets import (
    course_rows,
    distance,
    energy_kwh,
    idle_h,
    marginal_rows,
    needed_kw,
    occupancy_by_hour,
)
from vpp_gym.plots.fit import Course, draw_courses, draw_hold_out, draw_marginals
from vpp_gym.scenarios.scenario import Scenario


@pytest.fixture
def day():
    """One car from 3 to 7 h that needs 19.6 kWh in the battery: 20 kWh, 5 kW on average."""
    return Scenario.from_arrays(
        da_eur_per_kwh=np.linspace(0, 1, 24),
        im_eur_per_kwh=np.linspace(1, 0, 24),
        sessions={
            "arrival_step": [3],
            "departure_step": [7],
            "arrival_soc": [0.725],
        },
    )


def test_needed_power_by_hand(day):
    assert needed_kw(day) == pytest.approx([5.0])


def test_energy_and_idle_time_by_hand(day):
    assert energy_kwh(day) == pytest.approx([20.0])
    assert idle_h(day) == pytest.approx([4 - 20 / 11])  # a charger of 11 kW


def test_occupancy_by_hand(day):
    np.testing.assert_array_equal(np.flatnonzero(occupancy_by_hour([day, day])), [3, 4, 5, 6])
    assert occupancy_by_hour([day, day]).sum() == 4


def test_distance_by_hand():
    assert distance(np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5, 6])) == 0.5
    assert distance(np.ones(3), np.ones(7)) == 0


@pytest.mark.parametrize(("shift", "verdict"), [(4, "pass"), (6, "FAIL")])
def test_a_marginal_passes_below_a_twentieth(shift, verdict):
    values = np.arange(100.0)
    (row,) = marginal_rows({"x": values + shift}, {"x": values})
    assert row["gap"] == pytest.approx(shift / 100)
    assert row["verdict"] == verdict


def test_course_of_two_waves():
    """A daily wave repeats after a day and a week; against it stands its mirror image."""
    wave = np.cos(2 * np.pi * np.arange(24 * 60) / 24)[None]
    rows = {(r["quantity"], r["statistic"]): r for r in course_rows((wave, wave), (wave, -wave))}
    assert len(rows) == 7
    assert rows["day_ahead_eur_per_kwh", "autocorrelation 24 h"]["synthetic"] == pytest.approx(1)
    last = rows["day-ahead and imbalance", "correlation"]
    assert (last["real"], last["synthetic"]) == (pytest.approx(-1), pytest.approx(1))
    assert last["verdict"] == "FAIL"
    assert all(row["verdict"] == "pass" for key, row in rows.items() if key[1] != "correlation")


def test_page_names_what_failed():
    rows = pd.DataFrame(
        marginal_rows({"a": np.ones(2), "b": np.ones(2)}, {"a": np.ones(2), "b": np.zeros(2)})
    )
    text = page(
        years=3,
        targets=rows,
        why=pd.DataFrame({"quantity": ["a"]}),
        held_out=rows.assign(case="before"),
        quarters=quarter_rows(np.tile([0.0, 0, 0, 1], (3, 96)), np.ones(96), np.zeros(384)),
        occupancy=(np.ones(24), np.full(24, 1.5)),
        order=None,
    )
    assert "1 of 2 targets are met; not met: b (KS distance)." in text
    assert "0.50 at most, of 1.00" in text
    assert "Quarters of 2019, hold-out" in text


def test_quarters_beyond_the_interval_of_years_are_named():
    """Years whose quarters spread by 1 to 3; one recorded year like them, one wilder."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((21, 96 * 30))
    drawn = noise[:20] * np.linspace(1, 3, 20)[:, None]
    rows = quarter_rows(drawn, 2 * noise[20, -960:], 9 * noise[20])
    held_out, fitted = (part.set_index("statistic") for _, part in rows.groupby("case"))
    assert fitted.loc["quarter sd", "real_is"] == "inside"
    assert held_out.loc["quarter sd", "real_is"] == "above"
    assert held_out.loc["quarter sd", "most"] < 3.1
    last = rows[rows["case"].str.contains("2019")]
    assert "quarter sd (above)" in outside(last)
    assert outside(last[:0]) == "0 of 0 lie inside the interval of synthetic years."


def test_figures_show_both_distributions_and_all_years():
    values = {"x": np.arange(50.0)}
    panels = draw_marginals(values, {"x": np.arange(50.0) + 5}, {"x": "X"}).axes
    real, synthetic = (line.get_ydata() for line in panels[0].lines)
    assert (real >= synthetic).all()
    assert (real[-1], synthetic[-1]) == (0.98, 0.88)
    years = np.array([[0.0, 0, 0], [2, 2, 2]])
    course = Course("y", "", "h", np.arange(3.0), np.ones(3), years, tick=2)
    axes = draw_courses([course]).axes[0]
    np.testing.assert_array_equal(axes.get_xticks(), [0, 2])
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), [1, 1, 1])


def test_the_hold_out_shows_three_years():
    values = {"x": np.arange(50.0)}
    panels = draw_hold_out(values, {"x": values["x"] + 5}, {"x": values["x"] + 10}, {"x": "X"})
    after, before, fitted = (line.get_ydata()[-1] for line in panels.axes[0].lines)
    assert (after, fitted, before) == (0.98, 0.88, 0.78)


def test_correlation_with_a_later_price():
    price = np.array([0.0, 3.0, 1.0, 2.0, 5.0])
    assert correlation(price[1:], price[:-1], 1) == pytest.approx(1.0)
    assert correlation(price[:-1], price[1:], -1) == pytest.approx(1.0)
    assert correlation(price, -price, 0) == pytest.approx(-1.0)
