"""Expected imbalance prices: unbiased, blind to the future, and right where known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.calibration import dutch_2018
from vpp_gym.scenarios.fit import mean_imbalance
from vpp_gym.scenarios.normal_tables import (
    beyond,
    expected_clipped,
    expected_two_prices,
    expected_values,
    mean_above,
    scores_of_values,
)
from vpp_gym.scenarios.price_expectations import PriceLaw, price_expectations, price_law
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_quarters import PER_HOUR, draw_scores

SCORES = np.array([-2.0, -0.5, 0.5, 3.0])
TABLE = np.array([[-1.0, -0.2, 0.1, 4.0], [0.0, 1.0, 2.0, 3.0]])
ONE = {"mean": np.array([0.4]), "sd": np.array([0.7]), "row": np.array([0])}
YEARS = 12


@pytest.fixture(scope="module")
def source():
    return SyntheticSource("train", YEARS)


@pytest.fixture(scope="module")
def surprises(source):
    """(years, T) EUR/kWh each: price less its expectation, of the next step, reference, gate."""
    found = []
    for index in range(YEARS):
        year, expected = source.scenario(index), price_expectations(source, index)
        da, long = year.da_eur_per_kwh, year.im_long_eur_per_kwh
        found.append(
            (
                mean_imbalance(year) - expected.next_im_eur_per_kwh,
                np.clip(da, long, year.im_short_eur_per_kwh) - expected.next_reference_eur_per_kwh,
                mean_imbalance(year) - expected.gate_im_eur_per_kwh,
            )
        )
    return [np.array(one) for one in zip(*found, strict=True)]


def by_quadrature(function, mean=0.4, sd=0.7):
    def weighted(score):
        return function(np.interp(score, SCORES, TABLE[0])) * norm.pdf(score, mean, sd)

    kinks = [*SCORES, mean]
    return quad(weighted, mean - 9 * sd, mean + 9 * sd, points=kinks, limit=500, epsabs=1e-11)[0]


def test_a_score_beyond_a_point_by_hand():
    assert beyond(0.0, 0.0, 1.0) == pytest.approx(1 / np.sqrt(2 * np.pi))
    assert beyond(-50.0, 1.0, 1.0) == 51.0
    assert beyond(50.0, 1.0, 1.0) == 0.0


def test_expected_values_are_those_of_a_quadrature():
    found = expected_values(SCORES, TABLE, ONE["row"], ONE["mean"], ONE["sd"])
    assert found[0] == pytest.approx(by_quadrature(lambda value: value), abs=1e-9)


@pytest.mark.parametrize("least", [-2.0, -1.0, -0.2, 0.0, 2.5, 4.0])
def test_a_mean_above_is_that_of_a_quadrature(least):
    found = mean_above(SCORES, TABLE, 0, least, 0.4, 0.7)
    assert found == pytest.approx(by_quadrature(lambda v: max(v - least, 0)), abs=1e-7)


@pytest.mark.parametrize("spread", [0.0, 0.3, 5.0])
def test_expectations_of_a_clipped_price_are_those_of_a_quadrature(spread):
    def clipped(value):
        price = 0.1 + 0.5 * value
        return np.clip(0.0, price - spread / 2, price + spread / 2)

    base, scale, spreads = (np.array([one]) for one in (0.1, 0.5, spread))
    found = expected_clipped(
        SCORES, TABLE, ONE["row"], base, scale, ONE["mean"], ONE["sd"], spreads
    )
    assert found[0] == pytest.approx(by_quadrature(clipped), abs=1e-7)


def test_expectations_with_an_unknown_spread_are_those_of_known_ones():
    base, scale, mean_spread, share = np.array([-0.02]), np.array([0.3]), 0.05, 0.3
    law = SCORES, TABLE, ONE["row"], base, scale, ONE["mean"], ONE["sd"]
    found = expected_two_prices(*law, share, mean_spread)[0]
    level = (np.arange(20_000) + 0.5) / 20_000
    some = [expected_clipped(*law, np.array([one]))[0] for one in -mean_spread * np.log(1 - level)]
    none = expected_clipped(*law, np.zeros(1))[0]
    assert found == pytest.approx(share * np.mean(some) + (1 - share) * none, abs=1e-7)


def test_scores_are_read_from_values():
    score = np.array([-2.0, -1.9, 0.2, 0.5, 2.99, 3.0])
    row = np.array([0, 1, 0, 1, 0, 1])
    values = np.array([np.interp(s, SCORES, TABLE[r]) for s, r in zip(score, row, strict=True)])
    np.testing.assert_allclose(scores_of_values(SCORES, TABLE, row, values), score, atol=1e-12)


def test_scores_of_a_year_are_read_from_its_prices(source):
    law = price_law(source, 3)
    assert (np.diff(law.law.im_quantiles, axis=1) > 0).all()
    score = draw_scores(source.rng(3, 2), law.law.im_processes, law.n_steps)
    ramp = np.tile(law.law.im_ramp.ravel(), 365)
    np.testing.assert_allclose(law.scores, score + ramp, atol=1e-9)


def small_law(processes, quarters=8):
    """A law whose price is its score: no season, no ramp, one class, a table that is the score."""
    fitted = dutch_2018()
    plain = replace(
        fitted.imbalance,
        im_shape_eur_per_kwh=np.zeros(24),
        im_season_eur_per_kwh=np.zeros((4, 24)),
        im_ramp=np.zeros((24, 4)),
        im_scale_eur_per_kwh=np.ones(24),
        im_scores=np.array([-9.0, 9.0]),
        im_quantiles=np.tile([-9.0, 9.0], (7, 1)),
        im_processes=np.array(processes),
    )
    im = np.zeros(96)
    im[:quarters] = np.linspace(-1, 2, quarters) ** 2 - 1
    zero = np.zeros(24)
    law = PriceLaw(
        replace(fitted, imbalance=plain), np.array(["2019-01-01"], "datetime64[D]"), zero, im, zero
    )
    return law, im


def test_one_process_keeps_what_decays():
    law, im = small_law([(0.8, 0, 1, 1, 1, 1)])
    np.testing.assert_allclose(law.next_im()[1:], 0.8 * im[:-1], atol=1e-9)
    np.testing.assert_allclose(law.expectations_from(3, 4), im[2] * 0.8 ** np.arange(1, 5))


def test_sums_of_processes_are_those_of_the_joint_normal():
    """Expectations from the covariance matrix of all quarters, without a filter."""
    weights = np.array([[0.8, 0.6, 0.6, 0.8], [0.6, 0.0, 0.0, 0.0], [0.0, 0.8, -0.8, 0.6]])
    decays, periods = (0.9, 0.0, 0.99), (0, 0, 12)
    law, im = small_law(
        [(d, p, *w) for d, p, w in zip(decays, periods, weights, strict=True)], quarters=12
    )
    step = np.arange(30)
    lag = np.abs(np.subtract.outer(step, step))
    by_step = weights[:, step % PER_HOUR]
    covariance = sum(
        np.outer(w, w) * d**lag * (np.cos(2 * np.pi * lag / p) if p else 1)
        for d, p, w in zip(decays, periods, by_step, strict=True)
    )
    for known in (1, 5, 12):
        gain = np.linalg.solve(covariance[:known, :known], im[:known])
        np.testing.assert_allclose(
            law.expectations_from(known, 30 - known), covariance[known:, :known] @ gain, atol=1e-7
        )


@pytest.mark.parametrize("which", [0, 1, 2])
def test_expectations_are_unbiased(surprises, which):
    """Means of years by hour and by quarter of the hour are zero within their errors."""
    surprise = surprises[which].reshape(YEARS, 365, 24, PER_HOUR)
    for axes in ((1, 2, 3), (1, 3), (1, 2)):
        means = surprise.mean(axis=axes).reshape(YEARS, -1)
        t = means.mean(axis=0) / (means.std(axis=0, ddof=1) / np.sqrt(YEARS))
        assert np.abs(t).max() < 4.5
        assert t.size < 20 or np.std(t) < 1.6


def test_expectations_are_unbiased_by_class(source, surprises):
    rows = np.array([price_law(source, index)._row for index in range(YEARS)])
    for number in range(7):
        means = [one[row == number].mean() for one, row in zip(surprises[0], rows, strict=True)]
        assert abs(np.mean(means)) < 4 * np.std(means, ddof=1) / np.sqrt(YEARS)


@pytest.mark.parametrize("which", [0, 1])
def test_surprises_do_not_tell_of_later_ones(surprises, which):
    surprise = surprises[which]
    for lag in (1, 2, 3, 4, 8, 96):
        product = surprise[:, lag:] * surprise[:, :-lag]
        by_year = product.mean(axis=1)
        assert abs(by_year.mean()) < 4.5 * by_year.std(ddof=1) / np.sqrt(YEARS)
        assert abs(by_year.mean()) < 0.01 * (surprise**2).mean()


def test_expectations_explain_part_of_the_price(source, surprises):
    spread = np.array(
        [mean_imbalance(year) - year.da_eur_per_kwh for year in map(source.scenario, range(YEARS))]
    )
    assert surprises[0].std() < 0.85 * spread.std() < surprises[2].std() < spread.std()


def test_later_prices_leave_earlier_expectations(source):
    law = price_law(source, 0)
    da, added = source.day_ahead_parts(0)
    im = mean_imbalance(source.scenario(0))
    cut = 96 * 208 + 60  # afternoon: the gate of that day is before it
    changed = im.copy()
    changed[cut:] += np.random.default_rng(1).normal(0, 0.01, len(im) - cut)
    other = PriceLaw(law.fitted, source.dates, da, changed, added)
    np.testing.assert_array_equal(law.next_im()[: cut + 1], other.next_im()[: cut + 1])
    assert (law.next_im()[cut + 1 : cut + 50] != other.next_im()[cut + 1 : cut + 50]).all()
    np.testing.assert_array_equal(law.expectations_from(cut, 96), other.expectations_from(cut, 96))
    gates, end = (law.gate_im(12), other.gate_im(12)), 96 * 210
    np.testing.assert_array_equal(gates[0][:end], gates[1][:end])
    assert (gates[0][end : end + 96] != gates[1][end : end + 96]).any()


def test_paths_agree_with_the_expectations_of_a_year(source):
    law, expected = price_law(source, 1), price_expectations(source, 1)
    for step in (0, 1, 7, 500, 30_001):
        np.testing.assert_allclose(
            law.expectations_from(step, 1), expected.next_im_eur_per_kwh[step : step + 1]
        )
    noon = 96 * 9 + 48
    tomorrow = slice(96 * 10, 96 * 11)
    np.testing.assert_allclose(
        law.expectations_from(noon, 144)[48:], expected.gate_im_eur_per_kwh[tomorrow]
    )
    assert len(law.expectations_from(35_000, 96)) == 40
    own = source.scenario(1).da_eur_per_kwh[noon : noon + 144]
    np.testing.assert_allclose(
        law.expectations_from(noon, 144, own), law.expectations_from(noon, 144), atol=1e-12
    )
    believed = law.expectations_from(noon, 144, own + 0.01) - law.expectations_from(noon, 144)
    assert believed.mean() == pytest.approx(0.01, abs=0.01)
    assert believed.min() < 0.01 < believed.max()  # some fall into another class


def test_expectations_of_another_regime():
    params = {
        "price": {"level_factor": 2, "da_spikes_per_year": 30},
        "renewables": {"solar_dip_eur_per_kwh": 0.05, "weather_factor": 1.5},
        "dual_pricing": {"share": 0.5, "spread_eur_per_kwh": 0.2},
    }
    source = SyntheticSource("train", 4, params=params)
    gaps = []
    for index in range(4):
        year, expected = source.scenario(index), price_expectations(source, index)
        reference = np.clip(
            year.da_eur_per_kwh, year.im_long_eur_per_kwh, year.im_short_eur_per_kwh
        )
        gaps.append((reference - expected.next_reference_eur_per_kwh).mean())
    assert abs(np.mean(gaps)) < 4 * np.std(gaps, ddof=1) / 2


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"dt_h": 1.0}, "dt_h"),
        ({"calibration": "dutch_2018_2019"}, "calibration"),
        ({"params": "price_crisis"}, "price.im_spikes_per_year"),
        ({"params": {"price": {"im_volatility_factor": 0}}}, "price.im_volatility_factor"),
    ],
)
def test_worlds_without_exact_expectations_are_refused(options, field):
    with pytest.raises(InvalidInputError) as refused:
        price_expectations(SyntheticSource("train", days=2, **options), 0)
    assert refused.value.field == field


@pytest.mark.parametrize("hour", [-1, 24, 0.5])
def test_a_gate_is_an_hour_of_the_day(source, hour):
    with pytest.raises(InvalidInputError, match="gate_closure_h"):
        price_expectations(source, 0, hour)
