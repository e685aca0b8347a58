"""Actions and observations where the clock is put back: a bid for each period of 25 hours."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import AMSTERDAM, plain, plain_world
from vpp_gym.envs.bidding import VPPBiddingEnv, VPPBiddingVectorEnv
from vpp_gym.envs.day_ahead import VPPDayAheadEnv
from vpp_gym.envs.dispatch import VPPDispatchEnv
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.policies.baselines import baseline
from vpp_gym.policies.bidders import WaitAndSee, over_slots
from vpp_gym.policies.climatology import ClimatologyBidder
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.two_stage import TwoStage
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

DAY_BEFORE = "2019-10-26"
RULES = plain(market={"bid_limit_kw": 40.0})


def autumn(dt_h: float = 1.0, days: int = 4, zone: str | None = AMSTERDAM, **more) -> Scenario:
    n_steps = round(24 / dt_h) * days
    return plain_world(n_steps, start=DAY_BEFORE, dt_h=dt_h, timezone=zone, **more)


def sold_by(env, action, steps: int) -> np.ndarray:
    """(steps,) kWh that every step delivers under one action."""
    env.reset(options={"start_day": 0})
    return np.array([env.step(action)[4]["da_sold_kwh"] for _ in range(steps)])


@pytest.mark.parametrize("minutes", [5, 15, 30, 60])
def test_sizes_follow_the_step_and_the_clock(minutes):
    dt_h, hour = minutes / 60, 60 // minutes
    for zone, hours in ((None, 24), (AMSTERDAM, 25)):
        world = autumn(dt_h, zone=zone)
        bidding = VPPBiddingEnv(world, RULES, scheduler="no_v2g", episode_days=2)
        assert bidding.action_space.shape == (hours * hour,)
        parts = bidding.core.layout.slices
        size = {name: part.stop - part.start for name, part in parts.items()}
        assert size["da_tomorrow"] == hours * hour
        assert size["expected_load"] == size["im_residual_by_period"] == 24 * hour
        schedule = VPPDayAheadEnv(world, RULES, bids="schedule", episode_days=2)
        assert schedule.action_space.shape == (1 + hours * hour,)
        single = VPPDayAheadEnv(world, RULES, bids="period", episode_days=2)
        assert single.action_space.shape == (2,)
        for env in (bidding, schedule, single):
            observation, _ = env.reset(seed=0)
            assert env.observation_space.contains(observation)
            for _ in range(2):
                observation = env.step(env.action_space.sample())[0]
                assert env.observation_space.contains(observation)


def test_entries_of_a_schedule_sell_in_their_own_period():
    """From noon of the 26th: the schedule of the long day is submitted in the first step."""
    env = VPPDayAheadEnv(autumn(), RULES, bids="schedule", bid_scale=1.0, episode_days=2)
    assert env.core.simulation.slots == 25
    for place in range(25):
        action = np.zeros(26, dtype=np.float32)
        action[1 + place] = 0.5
        sold = sold_by(env, action, 12 + 25)[12:]
        step = {24: 3}.get(place, place if place < 3 else place + 1)  # 00 01 02 02 03 04 ...
        np.testing.assert_allclose(sold, np.where(np.arange(25) == step, 40.0, 0.0))


def test_a_bid_of_a_period_is_for_both_of_its_hours():
    env = VPPDayAheadEnv(autumn(days=5), RULES, bids="period", bid_scale=1.0, episode_days=3)
    env.reset(options={"start_day": 0})
    clock, sold = env.core.source.scenario(0), []
    for step in range(48 + 25):
        hour = (12 + step) % 24 if step < 12 else int(clock.period[12 + step])
        action = np.array([0.0, hour / 60.0], dtype=np.float32)
        sold.append(env.step(action)[4]["da_sold_kwh"])
    # Steps after the gate of the 26th bid for the 28th; the long day has no earlier bids.
    assert sold[12 + 2] == sold[12 + 3]
    second_day = np.array(sold[12 + 25 :][:24])
    assert len(np.unique(second_day)) == 24


def test_a_daily_schedule_bids_for_each_hour():
    env = VPPBiddingEnv(autumn(), RULES, scheduler="no_v2g", bid_scale=1.0, episode_days=2)
    env.reset(options={"start_day": 0})
    action = np.linspace(-0.5, 0.5, 25).astype(np.float32)
    env.step(action)
    simulation = env.core.simulation
    committed = simulation.state.da_sold_kwh[0, 0]
    np.testing.assert_allclose(committed, 80 * action, rtol=1e-6)
    assert committed[2] != committed[24]
    both = VPPBiddingVectorEnv(
        2, autumn(), RULES, scheduler="no_v2g", bid_scale=1.0, episode_days=2
    )
    both.reset(options={"start_day": 0})
    both.step(np.stack([action, -action]))
    np.testing.assert_array_equal(both.core.simulation.state.da_sold_kwh[0, 0], committed)


def test_what_is_shown_of_tomorrow_has_both_hours():
    prices = np.arange(96) / 1000
    env = VPPBiddingEnv(
        autumn(da=prices), RULES, scheduler="no_v2g", observation="dict", episode_days=2
    )
    env.reset(options={"start_day": 0})
    env.step(np.zeros(25, dtype=np.float32))
    snapshot = env.core.simulation.snapshot()
    np.testing.assert_array_equal(snapshot.slot[:12], np.arange(12, 24))
    env.reset(options={"start_day": 0})
    at_gate = env.core.simulation.snapshot()
    long_day = at_gate.slot[12:]
    np.testing.assert_array_equal(long_day, [0, 1, 2, 24, *range(3, 24)])
    np.testing.assert_array_equal(at_gate.period[12:], [0, 1, 2, 2, *range(3, 24)])


class Night:
    """Bids one kWh more in each place of the schedule."""

    name, privileged = "night", False

    def __init__(self, by_period: bool) -> None:
        self.by_period = by_period

    def bids(self, snapshot, state=None):
        size = len(snapshot.expected_load_kwh) if self.by_period else snapshot.n_slots
        return (np.arange(float(size)) if snapshot.is_gate else None), state


@pytest.mark.parametrize("by_period", [False, True])
def test_bidders_of_an_environment_may_bid_by_place_or_by_period(by_period):
    env = VPPDispatchEnv(autumn(), RULES, bidder=Night(by_period), episode_days=2)
    sold = sold_by(env, np.zeros(1, dtype=np.float32), 12 + 25)[12:]
    expected = [0, 1, 2, 2 if by_period else 24, *range(3, 24)]
    np.testing.assert_array_equal(sold, expected)


@pytest.mark.parametrize("bidder", [WaitAndSee(), TwoStage(), ClimatologyBidder()])
def test_bidders_fill_every_place_of_the_long_day(bidder):
    """Prices of the two hours are forecast alike, so that their bids are alike and not zero."""
    rng = np.random.default_rng(0)
    n_steps = 24 * 12
    spread = np.where(np.arange(n_steps) % 24 < 6, 0.03, -0.03) + rng.normal(0, 0.002, n_steps)
    world = plain_world(
        n_steps,
        start="2019-10-18",
        timezone=AMSTERDAM,
        da=0.05,
        short=0.05 + spread,
        sessions={
            "arrival_step": np.arange(0, n_steps - 24, 12),
            "departure_step": np.arange(0, n_steps - 24, 12) + 12,
            "arrival_soc": np.full(n_steps // 12 - 2, 0.4),
        },
    )
    policy = baseline("rolling_mpc")
    simulation = Simulation(world, RULES)
    simulation.reset()
    memory, state = None, None
    while not simulation.done[0]:
        snapshot = simulation.snapshot()
        bids, memory = bidder.bids(snapshot, memory)
        if bids is not None and str(snapshot.time).startswith("2019-10-26"):
            assert len(bids) == 25
            assert bids[24] == pytest.approx(bids[2])
            assert bids[2] != 0
            np.testing.assert_array_equal(over_slots(snapshot, bids[:24]), bids)
            return
        decisions, state = policy.predict(snapshot, state)
        simulation.step(Decisions(net_load_kwh=decisions.net_load_kwh, bids_kwh=bids))
    raise AssertionError("there was no such gate")


def test_hindsight_bets_on_each_of_the_two_hours():
    """Short of 1 EUR/kWh in the first and -1 in the second: 40 kWh bought, then sold."""
    im = np.zeros(96)
    im[24 + 2], im[24 + 3] = 1.0, -1.0
    world = autumn(da=0.0, short=im)
    policy = Hindsight(bid_bound="limit")
    result = evaluate(policy, world, RULES, keep_records=True)
    sold = result.records[:, COLUMN.da_sold_kwh]
    assert sold[24 + 2] == pytest.approx(-40)
    assert sold[24 + 3] == pytest.approx(40)
    assert result.records[:, COLUMN.im_eur].sum() == pytest.approx(80)
