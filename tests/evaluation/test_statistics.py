"""Known answers, and intervals that cover as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.statistics import (
    block_bootstrap,
    block_weights,
    interquartile_mean,
    paired_difference,
    share_of_wins,
    stratified_bootstrap,
)


def ar1(n_series: int, n_days: int, rho: float, rng: np.random.Generator) -> np.ndarray:
    """(n_series, n_days) autoregressive noise of mean zero, started in equilibrium."""
    noise = rng.standard_normal((n_series, n_days))
    noise[:, 0] /= np.sqrt(1 - rho**2)
    for t in range(1, n_days):
        noise[:, t] += rho * noise[:, t - 1]
    return noise


def test_interquartile_mean_of_known_arrays():
    assert interquartile_mean([1.0, 2.0, 3.0]) == 2.0
    assert interquartile_mean([-900.0, 1.0, 3.0, 900.0]) == 2.0
    np.testing.assert_allclose(
        interquartile_mean([[0, 1, 2, 3, 4, 5, 6, 999], [8] * 8], axis=1), [3.5, 8]
    )


@pytest.mark.parametrize("axis", [0, 1, None])
def test_interquartile_mean_is_scipys_trimmed_mean(axis):
    values = np.random.default_rng(9).normal(size=(11, 6))
    np.testing.assert_allclose(
        interquartile_mean(values, axis), stats.trim_mean(values, 0.25, axis=axis), rtol=1e-12
    )


def test_block_weights_draw_whole_blocks_and_every_day_equally():
    weights = block_weights(30, block_days=7, n_resamples=20_000, rng=np.random.default_rng(0))
    assert np.all(weights.sum(axis=1) == 30)
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.03)
    together = np.mean((weights[:, 10] > 0) & (weights[:, 11] > 0))
    apart = np.mean((weights[:, 10] > 0) & (weights[:, 24] > 0))
    assert together > apart + 0.1


def test_one_block_as_long_as_the_series_is_the_series_rotated():
    weights = block_weights(10, block_days=70, n_resamples=50, rng=np.random.default_rng(1))
    assert np.all(weights == 1)


def test_worlds_are_drawn_and_days_within_each_of_them():
    """Two worlds of three days: a world is drawn as a whole, not at all, once or twice."""
    weights = block_weights(
        3, n_worlds=2, block_days=2, n_resamples=2000, rng=np.random.default_rng(1)
    )
    assert weights.shape == (2000, 6)
    assert np.all(weights.sum(axis=1) == 6)
    of_first_world = weights[:, :3].sum(axis=1)
    assert set(of_first_world) == {0, 3, 6}
    assert np.mean(of_first_world == 3) == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.05)


def test_blocks_as_long_as_a_world_draw_whole_worlds():
    """Two worlds of 3 EUR and 9 EUR: a draw is both, or one of them twice."""
    weights = block_weights(3, n_worlds=2, block_days=7, rng=np.random.default_rng(1))
    assert {tuple(row) for row in weights} == {
        (2, 2, 2, 0, 0, 0),
        (1, 1, 1, 1, 1, 1),
        (0, 0, 0, 2, 2, 2),
    }
    gain_eur = [[[1.0, 0.0, 2.0], [3.0, 3.0, 3.0]]]
    interval = paired_difference(gain_eur, np.zeros((1, 2, 3)), rng=np.random.default_rng(1))
    assert (interval.estimate, interval.low, interval.high) == (6, 3, 9)


def test_one_world_is_drawn_as_days_without_a_world():
    days = np.random.default_rng(7).normal(size=(2, 21))
    zero = np.zeros(21)
    alone = paired_difference(days, zero, rng=np.random.default_rng(8))
    assert alone == paired_difference(days[:, None], zero[None, None], rng=np.random.default_rng(8))


def test_weekly_blocks_cover_nominally_on_dependent_days_and_single_days_do_not():
    series = ar1(300, 364, 0.5, np.random.default_rng(2))
    rng = np.random.default_rng(3)

    def covered(block_days: int) -> float:
        hits = 0
        for days in series:
            interval = paired_difference(
                days, np.zeros_like(days), block_days=block_days, n_resamples=400, rng=rng
            )
            hits += interval.low <= 0 <= interval.high
        return hits / len(series)

    assert 0.88 <= covered(7) <= 0.98
    assert covered(1) < 0.83


def test_paired_difference_is_the_total_and_cancels_what_both_share():
    rng = np.random.default_rng(4)
    shared = rng.normal(0, 100, 364)
    interval = paired_difference(shared + 1.0, shared, rng=rng)
    assert interval.estimate == pytest.approx(364)
    assert (interval.low, interval.high) == pytest.approx((364, 364))
    with pytest.raises(InvalidInputError, match="b_eur"):
        paired_difference(shared, shared[1:], rng=rng)


def test_same_generator_same_interval():
    days = np.random.default_rng(5).normal(size=(100, 2))

    def ratio(total: np.ndarray) -> np.ndarray:
        return total[..., 0] / (1000 + total[..., 1])

    first = block_bootstrap(days, ratio, rng=np.random.default_rng(6))
    assert first == block_bootstrap(days, ratio, rng=np.random.default_rng(6))
    assert first.low < first.estimate < first.high


def test_stratified_bootstrap_resamples_runs_within_tasks_only():
    level_of_task = np.array([0.0, 50.0, 100.0])
    constant = np.tile(level_of_task, (5, 1))
    interval = stratified_bootstrap(constant, rng=np.random.default_rng(7))
    assert interval.low == interval.high == interval.estimate == interquartile_mean(constant, None)


def test_stratified_bootstrap_covers_the_mean_of_normal_runs():
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(200):
        interval = stratified_bootstrap(rng.normal(size=10), n_resamples=400, rng=rng)
        hits += interval.low <= 0 <= interval.high
    assert 0.82 <= hits / 200 <= 0.97


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda rng: stratified_bootstrap([1.0], rng=rng), "scores"),
        (lambda rng: block_weights(0, rng=rng), "n_days"),
        (lambda rng: block_weights(5, block_days=0, rng=rng), "block_days"),
        (lambda rng: stratified_bootstrap([1.0, 2], confidence=95, rng=rng), "confidence"),
        (lambda rng: paired_difference([1.0], [0.0], n_resamples=0, rng=rng), "n_resamples"),
        (lambda rng: paired_difference([np.nan], [0.0], rng=rng), "days"),
    ],
)
def test_bad_input_names_its_field(call, field):
    with pytest.raises(InvalidInputError) as refused:
        call(np.random.default_rng(0))
    assert refused.value.field == field


def test_a_paired_difference_over_seeds_is_that_of_the_means_over_seeds():
    rng = np.random.default_rng(3)
    a, b = rng.normal(5.0, 1.0, (5, 40)), rng.normal(4.0, 1.0, (1, 40))
    found = paired_difference(a, b, rng=np.random.default_rng(0))
    assert found.estimate == pytest.approx(interquartile_mean(a.sum(axis=1)) - b.sum())
    assert found.low < found.estimate < found.high


def test_intervals_of_the_mean_hold_where_worlds_differ_more_than_weeks():
    """Resampling the weeks of all worlds alone would miss most of what worlds differ by."""
    rng = np.random.default_rng(10)
    hits = 0
    for _ in range(100):
        level_eur = rng.normal(0.0, 1.0, (1, 12, 1))
        days = level_eur + rng.normal(0.0, 1.0, (1, 12, 28))
        found = paired_difference(days, np.zeros_like(days), n_resamples=200, rng=rng)
        hits += found.low <= 0 <= found.high
    assert hits / 100 >= 0.85


def test_share_of_wins_counts_weeks_of_worlds_and_ties_half():
    even = np.zeros((1, 2, 15))
    assert share_of_wins(even, even + 1e-9) == 0.5
    ahead = even.copy()
    ahead[0, 0, 0] = 1.0  # the first week of the first world
    ahead[0, 1, 14] = -1.0  # the day left over belongs to the second week of the second
    assert share_of_wins(ahead, even) == (1 + 0.5 + 0.5 + 0) / 4
    assert share_of_wins(np.concatenate([ahead, even + 1]), even) == (0.5 + 1) / 2
