"""The parameter file: its shapes, its meaning, and that the script still writes it."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from vpp_gym.scenarios.calibration import dutch_2019
from vpp_gym.scenarios.synthetic_prices import quarter_orders, scores_with_memory


def test_shares_and_factors_add_up():
    fitted = dutch_2019()
    np.testing.assert_allclose(fitted.hour_share.sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(fitted.scatter_order_share.sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(fitted.scatter_profile_share.sum(axis=2), 1, atol=1e-4)
    np.testing.assert_allclose(
        [fitted.month_factor.mean(), fitted.weekday_factor.mean()], 1, atol=1e-4
    )
    for memory in (fitted.da_memory, fitted.im_memory):
        assert memory[:, 0].sum() == pytest.approx(1, abs=1e-4)


def test_quantiles_rise():
    fitted = dutch_2019()
    for table in (fitted.stay_h, fitted.charge_h, fitted.da_quantiles, fitted.im_quantiles):
        assert (np.diff(table, axis=-1) >= 0).all()
    assert (np.diff(fitted.levels) > 0).all()


def test_arrays_are_read_only_and_shared():
    assert dutch_2019() is dutch_2019()
    with pytest.raises(ValueError, match="read-only"):
        dutch_2019().month_factor[0] = 2


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
def test_the_script_still_writes_the_committed_file(data_folder):
    from benchmarks.calibrate_synthetic import calibrate, dump

    written = json.loads(dump(calibrate(data_folder)))
    text = files("vpp_gym.scenarios").joinpath("dutch_2019.json").read_text(encoding="utf-8")
    committed = json.loads(text)
    assert written["provenance"] == committed["provenance"]
    assert written["targets"] == pytest.approx(committed["targets"], rel=1e-4)
    for name, value in committed["parameters"].items():
        np.testing.assert_allclose(written["parameters"][name], value, rtol=1e-3, atol=1e-5)
