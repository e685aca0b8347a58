"""The parameter file: its shapes, its meaning, and that the script still writes it."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.calibration import (
    CALIBRATIONS,
    calibration_named,
    dutch_2018,
    dutch_2018_2019,
    fitted_on,
)
from vpp_gym.scenarios.synthetic_prices import quarter_orders, scores_with_memory


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_shares_and_factors_add_up(name):
    fitted = calibration_named(name)
    np.testing.assert_allclose(fitted.hour_share.sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(
        [fitted.month_factor.mean(), fitted.weekday_factor.mean()], 1, atol=1e-4
    )
    assert fitted.da_memory[:, 0].sum() == pytest.approx(1, abs=1e-4)


def test_shares_of_the_law_by_hours_add_up():
    law = dutch_2018_2019().imbalance
    np.testing.assert_allclose(law.scatter_order_share.sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(law.scatter_profile_share.sum(axis=2), 1, atol=1e-4)
    assert law.im_memory[:, 0].sum() == pytest.approx(1, abs=1e-4)


def test_scores_of_quarters_have_variance_one_with_their_ramps():
    law = dutch_2018().imbalance
    within = (law.im_processes[:, 2:] ** 2).sum(axis=0)
    np.testing.assert_allclose(within, 1 - law.im_ramp.var(), atol=1e-4)
    np.testing.assert_allclose(law.im_ramp.mean(axis=1), 0, atol=1e-5)


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_quantiles_rise(name):
    fitted = calibration_named(name)
    tables = fitted.stay_h, fitted.charge_h, fitted.da_quantiles, fitted.imbalance.im_quantiles
    for table in tables:
        assert (np.diff(table, axis=-1) >= 0).all()
    assert (np.diff(fitted.levels) > 0).all()


def test_tables_of_quarters_rise_strictly():
    law = dutch_2018().imbalance
    assert np.diff(law.im_quantiles, axis=1).min() > 1e-4
    assert (np.diff(law.im_scores) > 0).all()


def test_sessions_of_both_are_the_same():
    new, earlier = dutch_2018(), dutch_2018_2019()
    for name in ("month_factor", "hour_share", "stay_h", "charge_h", "load_factor", "power_kw"):
        np.testing.assert_array_equal(getattr(new, name), getattr(earlier, name))
    assert {fitted_on(name)["sessions"] for name in CALIBRATIONS} == {"2019"}


def test_an_unknown_calibration_is_refused():
    with pytest.raises(InvalidInputError, match="dutch_2018"):
        calibration_named("dutch_2019")


def test_arrays_are_read_only_and_shared():
    assert dutch_2018() is dutch_2018()
    with pytest.raises(ValueError, match="read-only"):
        dutch_2018().month_factor[0] = 2


def test_orders_are_all_orders():
    orders = quarter_orders()
    assert len({tuple(order) for order in orders}) == 24
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.tile(np.arange(4), (24, 1)))


def test_memory_gives_the_promised_autocorrelation():
    memory = np.array([[0.6, 0.8, 0.0], [0.4, 0.9, 24.0]])
    score = scores_with_memory(np.random.default_rng(1), memory, 400_000)
    assert score.std() == pytest.approx(1, abs=0.01)
    for lag in (1, 5, 12, 24):
        expected = 0.6 * 0.8**lag + 0.4 * 0.9**lag * np.cos(2 * np.pi * lag / 24)
        assert np.corrcoef(score[lag:], score[:-lag])[0, 1] == pytest.approx(expected, abs=0.015)


@pytest.mark.data
def test_prices_of_2019_enter_neither_parameters_nor_targets(data_folder, tmp_path):
    """The same files with other prices in 2019 give the same calibration."""
    from benchmarks.calibrate_synthetic import calibrate, dump
    from vpp_gym.scenarios.real import HOURLY_FILE, QUARTERS_FILE, SESSIONS_FILE

    (tmp_path / SESSIONS_FILE).symlink_to(data_folder / SESSIONS_FILE)
    for name, date in ((HOURLY_FILE, "Date"), (QUARTERS_FILE, "date")):
        rows = pd.read_csv(data_folder / name)
        later = rows[date].str.startswith("2019")
        for price in ("price_da", "price_imbalance"):
            rows.loc[later, price] = 0.9 * rows.loc[later, price].to_numpy()[::-1]
        rows.to_csv(tmp_path / name, index=False)
    assert_as_committed(json.loads(dump(calibrate(tmp_path, "dutch_2018"))), "dutch_2018")


@pytest.mark.data
@pytest.mark.parametrize("name", CALIBRATIONS)
def test_the_script_still_writes_the_committed_file(data_folder, name):
    from benchmarks.calibrate_synthetic import calibrate, dump

    assert_as_committed(json.loads(dump(calibrate(data_folder, name))), name)


def assert_as_committed(written, name):
    text = files("vpp_gym.scenarios").joinpath(f"{name}.json").read_text(encoding="utf-8")
    committed = json.loads(text)
    assert written["provenance"] == committed["provenance"]
    assert written["targets"] == pytest.approx(committed["targets"], rel=1e-4)
    for key, value in committed["parameters"].items():
        np.testing.assert_allclose(written["parameters"][key], value, rtol=1e-3, atol=1e-5)
