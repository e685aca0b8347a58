"""Bidders: known answers, and schedules only at the gate."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.params import PLAIN
from vpp_gym.policies.bidders import (
    ExpectedLoadBidder,
    WaitAndSee,
    ZeroBidder,
    best_bids_kwh,
    tomorrow,
)
from vpp_gym.scenarios.scenario import Scenario


def test_zero_and_expected_load_bid_at_the_gate(snapshot_of):
    expected = [float(hour) for hour in range(24)]
    gate = snapshot_of(hour=12, expected_load_kwh=expected)
    assert ZeroBidder().bids(gate)[0].tolist() == [0.0] * 24
    np.testing.assert_array_equal(ExpectedLoadBidder().bids(gate)[0], -np.array(expected))


@pytest.mark.parametrize("bidder", [ZeroBidder(), ExpectedLoadBidder(), WaitAndSee()])
def test_no_bids_outside_the_gate(snapshot_of, bidder):
    assert bidder.bids(snapshot_of(hour=11))[0] is None


def test_bids_keep_to_the_limit_of_the_world(snapshot_of):
    gate = snapshot_of(
        hour=12, expected_load_kwh=[50.0] * 24, params={"market": {"bid_limit_kw": 7.0}}
    )
    assert ExpectedLoadBidder().bids(gate)[0].tolist() == [-7.0] * 24


def test_best_bids_beat_every_other_bid():
    rng = np.random.default_rng(0)
    n = 300
    da, short = rng.normal(0.04, 0.03, (2, n))
    long = short - rng.choice([0.0, 0.02], n)
    load, buy, sell = rng.uniform(-5, 5, n), np.full(n, 8.0), np.full(n, 6.0)

    def money(bid):
        sold = -bid - load
        return bid * da + sold * np.where(sold > 0, long, short)

    best = best_bids_kwh(da, short, long, load_kwh=load, buy_bound_kwh=buy, sell_bound_kwh=sell)
    assert (best >= -buy).all()
    assert (best <= sell).all()
    for share in np.linspace(0, 1, 29):
        assert (money(best) >= money(-buy + share * (buy + sell)) - 1e-12).all()


def test_a_load_beyond_the_bounds_is_covered_as_far_as_they_go():
    between = {"da_eur_per_kwh": 0.04, "short_eur_per_kwh": 0.06, "long_eur_per_kwh": 0.02}
    bounds = {"buy_bound_kwh": np.full(3, 8.0), "sell_bound_kwh": np.full(3, 6.0)}
    bids = best_bids_kwh(**between, load_kwh=np.array([20.0, -20.0, 5.0]), **bounds)
    assert bids.tolist() == [-8.0, 6.0, -5.0]


def test_wait_and_see_bets_as_its_history_is_split(snapshot_of):
    period = np.arange(12, 12 + 96) % 24
    day = np.repeat(np.arange(4), 24)
    spread = np.where(day < 3, 0.01, -0.03)
    spread[period == 5] = 0.02 * np.where(day[period == 5] < 2, 1, -1)
    snapshot = snapshot_of(
        energy_kwh=[20.0] * 2,
        hour=12,
        da=[0.04],
        da_past=[0.04] * 96,
        im_past=list(0.04 + spread),
    )
    schedule, occupancy = WaitAndSee().bids(snapshot)
    assert occupancy.expected().tolist() == [2.0] * 24
    expected = np.full(24, 2 * 11 * (1 - 3) / 4)
    expected[5] = 0.0
    np.testing.assert_allclose(schedule, expected)
    buyer, _ = WaitAndSee(sells=False).bids(snapshot)
    np.testing.assert_allclose(buyer[0], -2 * 11 * 3 / 4)


def test_wait_and_see_learns_the_occupancy_by_period(snapshot_of):
    bidder, state = WaitAndSee(), None
    for hour, n in [(0, 1), (1, 3), (0, 3)]:
        _, state = bidder.bids(snapshot_of(energy_kwh=[20.0] * n, hour=hour), state)
    assert state.expected()[:3].tolist() == [2.0, 3.0, 2.5]


def test_wait_and_see_without_history_covers_the_load(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[20.0], hour=12, expected_load_kwh=[3.0] * 24)
    np.testing.assert_allclose(WaitAndSee().bids(snapshot)[0], -3.0)


def test_noisy_oracle_bets_on_the_true_spread_of_tomorrow(snapshot_of):
    im = np.full(72, 0.04)
    im[24:48] = np.where(np.arange(24) % 2, 0.10, 0.01)
    sessions = {"arrival_step": [20, 30], "departure_step": [48, 48], "arrival_soc": [0.5, 0.5]}
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=np.full(72, 0.04), im_eur_per_kwh=im, sessions=sessions
    )
    bidder = WaitAndSee(noisy_oracle=0.1)
    assert bidder.privileged
    with pytest.raises(InvalidInputError, match="reveal"):
        bidder.bids(snapshot_of(hour=12, step=12))
    bidder.reveal(scenario, PLAIN, 0, 72)
    schedule, _ = bidder.bids(snapshot_of(hour=12, step=12))
    connected = np.where(np.arange(24) >= 6, 2, 1)
    np.testing.assert_allclose(schedule, 11 * connected * np.where(np.arange(24) % 2, -1, 1))
    assert not WaitAndSee().privileged


def test_tomorrow_starts_after_midnight(snapshot_of):
    assert tomorrow(snapshot_of(hour=12)).tolist() == list(range(12, 36))
    assert tomorrow(snapshot_of(hour=0)).tolist() == list(range(24, 48))


def test_less_than_no_noise_is_refused():
    WaitAndSee(noisy_oracle=0.0)
    with pytest.raises(InvalidInputError, match="noisy_oracle"):
        WaitAndSee(noisy_oracle=-0.1)
