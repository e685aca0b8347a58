"""What bidders and forecasters take from the past: means, deviations, and values of past days."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.policies.history import (
    LoadHistory,
    Passed,
    PeriodHistory,
    SpreadHistory,
    deviation_now,
    past_spread_by_day,
    with_neighbours,
)

DUAL = {"market": {"imbalance_pricing": "dual"}}


def history(days: int, short: float, long: float) -> dict:
    """Past prices: day-ahead 0.05, and the same two imbalance prices all the time."""
    n = 24 * days
    return {"da_past": [0.05] * n, "im_past": [short] * n, "im_long_past": [long] * n, "da": [0.05]}


def remembered(loads) -> LoadHistory:
    """The same (days,) loads in every period."""
    rows = np.repeat(np.asarray(loads, dtype=float)[:, None], 24, axis=1)
    seen = np.full(24, len(rows))
    return LoadHistory(rows.mean(axis=0), seen, PeriodHistory(rows, seen.copy()), step=0)


def test_spread_share_shrinks_the_mean_of_both_sides(snapshot_of):
    spreads = SpreadHistory.at(snapshot_of(hour=12, **history(3, 0.08, 0.04)), days=100)
    short, long = spreads.samples(0.0, days=28, neighbours=0, dual=False)
    assert short.shape == (3, 24)
    np.testing.assert_allclose(short, 0.02)
    np.testing.assert_allclose(long, -0.02)
    short, long = spreads.samples(1.0, days=2, neighbours=0, dual=False)
    assert short.shape == (2, 24)
    np.testing.assert_allclose(short, 0.03)
    np.testing.assert_allclose(long, -0.01)


def test_dual_pricing_keeps_its_order_in_every_sample(snapshot_of):
    spreads = SpreadHistory.at(snapshot_of(hour=12, params=DUAL, **history(3, 0.15, 0.05)), 100)
    short, long = spreads.samples(0.0, days=28, neighbours=1, dual=True)
    assert (short >= 0).all()
    assert (long <= 0).all()


def test_neighbours_count_as_samples_around_midnight_too():
    rows = np.array([[1.0, 2.0, 3.0, 4.0]])
    assert with_neighbours(rows, 1)[:, 0].tolist() == [2.0, 1.0, 4.0]


def test_spreads_are_remembered_for_longer_than_a_snapshot_holds(snapshot_of):
    spreads = SpreadHistory.at(snapshot_of(hour=12, **history(28, 0.08, 0.04)), days=100)
    spreads = spreads.after(Passed.of(snapshot_of(hour=12, **history(28, 0.06, 0.05))))
    assert sorted(spreads.short.kept)[-2:] == [28, 29]
    period = int(spreads.short.kept.argmax())
    np.testing.assert_allclose(spreads.short.values[:3, period], [0.01, 0.03, 0.03])
    np.testing.assert_allclose(spreads.long.values[:3, period], [0.0, -0.01, -0.01])


def test_a_full_memory_forgets_the_oldest():
    memory = PeriodHistory.of(2, 2, period=[0, 0, 0, 1], value=[1.0, 2.0, 3.0, 4.0])
    assert memory.values.tolist() == [[3.0, 4.0], [2.0, 0.0]]
    assert memory.rows().tolist() == [[3.0, 4.0]]
    assert memory.after(1, 5.0).rows().tolist() == [[3.0, 5.0], [2.0, 4.0]]
    assert memory.after(0, 6.0).values[:, 0].tolist() == [6.0, 3.0]


def test_a_load_is_read_back_from_a_mean_that_forgets(snapshot_of):
    # In the long run the mean moves by a twentieth of what a load differs from it.
    before = remembered([10.0] * 30)
    snapshot = snapshot_of(hour=12, step=1, expected_load_kwh=[11.0] * 24, **history(1, 0.08, 0.04))
    after = before.after(Passed.of(snapshot))
    assert after.loads.values[0, 11] == pytest.approx(30.0)


def test_loads_of_steps_that_were_not_seen_are_missed(snapshot_of):
    with pytest.raises(InvalidInputError, match="in every step"):
        remembered([1.0]).after(Passed.of(snapshot_of(hour=12)))


def test_past_spreads_are_sorted_by_period_and_centred(snapshot_of):
    spread = np.arange(50) / 1000
    snapshot = snapshot_of(hour=3, da_past=[0.0] * 50, im_past=list(spread))
    by_day = past_spread_by_day(snapshot)
    assert by_day.shape == (2, 24)
    np.testing.assert_allclose(by_day[0, [2, 3]], spread[[49, 26]] - spread.mean())
    np.testing.assert_allclose(by_day[1, [2, 3]], spread[[25, 2]] - spread.mean())


@pytest.mark.parametrize(("ratio", "phi"), [(2.0, 0.999), (-0.5, 0.0), (0.5, 0.5)])
def test_autocorrelation_is_kept_where_deviations_die_out(ratio, phi):
    residual, period = ratio ** np.arange(12.0), np.zeros(12, dtype=np.int64)
    _, estimate = deviation_now(residual, period, np.zeros(1), np.nan, 0.5, 0.0, 1.0)
    assert estimate == pytest.approx(phi)
