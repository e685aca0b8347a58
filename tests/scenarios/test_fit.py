"""The fit report on worlds whose statistics are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.scenarios.fit import (
    autocorrelation,
    charging_cost,
    connected,
    distances,
    fit_report,
    quarter_statistics,
    statistics,
)
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource


@pytest.fixture
def two_days():
    """Two cars on two days of 24 hours; cheap at even, dear at odd hours."""
    price = np.tile([0.02, 0.06], 24)
    return Scenario.from_arrays(
        da_eur_per_kwh=np.linspace(-0.01, 0.07, 48),
        im_short_eur_per_kwh=price + 0.01,
        im_long_eur_per_kwh=price - 0.01,
        sessions={"arrival_step": [3, 22], "departure_step": [7, 26], "arrival_soc": [0.8, 0.97]},
    )


def test_charging_cost_by_hand(two_days):
    need = 0.17 * 80 / 0.98  # 13.88 kWh: one hour at 11 kW and 2.88 kWh
    rest = need - 11
    cost = charging_cost(two_days)
    assert cost["load_kwh"] == pytest.approx(need)
    assert cost["on_arrival_eur"] == pytest.approx(11 * 0.06 + rest * 0.02)
    assert cost["at_the_deadline_eur"] == pytest.approx(11 * 0.02 + rest * 0.06)
    assert cost["hindsight_eur"] == pytest.approx(need * 0.02)


def test_statistics_by_hand(two_days):
    found = statistics(two_days)
    assert found["sessions_per_day"] == 1
    assert found["overnight_share"] == 0.5
    assert found["stay_mean_h"] == 4
    assert found["connected_mean"] == pytest.approx(8 / 48)
    assert found["dual_share"] == 1
    assert found["im_mean_eur_per_kwh"] == pytest.approx(0.04)
    assert found["da_negative_share"] == pytest.approx(6 / 48)
    assert found["im_autocorrelation_1h"] == pytest.approx(-1)
    assert found["im_autocorrelation_168h"] == 0
    np.testing.assert_array_equal(np.flatnonzero(connected(two_days)), [3, 4, 5, 6, 22, 23, 24, 25])


def test_statistics_of_quarters_by_hand():
    """Hours of 0.3, 0, 0, 0 EUR/kWh, then their mirror image."""
    spread = np.tile([0.3, 0, 0, 0, -0.3, 0, 0, 0], 12)
    found = quarter_statistics(spread)
    assert found["quarter_sd_eur_per_kwh"] == pytest.approx(0.15)
    within = np.sqrt(0.3**2 / 4 - (0.3 / 4) ** 2)
    assert found["within_hour_sd_eur_per_kwh"] == pytest.approx(within)
    assert found["within_hour_sd_median_eur_per_kwh"] == pytest.approx(within)
    assert found["sign_change_share"] == pytest.approx(47 / 95)
    assert found["beyond_0.2_eur_per_kwh_share"] == 0.25
    assert found["autocorrelation_4_quarters"] == pytest.approx(-1, abs=0.01)
    assert found["autocorrelation_8_quarters"] == pytest.approx(1)
    assert found["correlation_of_quarters_1_and_2"] == 0


def test_quarters_have_statistics_of_their_own():
    hours, quarters = (
        statistics(SyntheticSource("train", days=30, dt_h=dt_h).scenario(0)) for dt_h in (1.0, 0.25)
    )
    assert set(hours) < set(quarters)
    assert quarters["within_hour_sd_eur_per_kwh"] > 0.02


def test_autocorrelation_of_a_constant_is_zero():
    assert autocorrelation(np.ones(10), 1) == 0.0


def test_a_year_is_no_distance_from_itself_and_some_from_another():
    source = SyntheticSource("validation", 2, days=60)
    one, two = source.scenario(0), source.scenario(1)
    assert set(distances(one, one).values()) == {0.0}
    assert all(0 < gap < 0.6 for gap in distances(two, one).values())
    report = fit_report(source, one)
    assert list(report.columns) == ["real", "synthetic", "sd"]
    assert report.loc["sessions_per_day", "sd"] > 0
    assert report.loc["ks_stay", "synthetic"] == pytest.approx(distances(two, one)["ks_stay"] / 2)
