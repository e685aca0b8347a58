"""`VPPDispatch-v0`: somebody else bids, in the kernel or through snapshots."""

from __future__ import annotations

import numpy as np
import pytest

from tests.envs.test_api import WORLD
from vpp_gym.envs.day_ahead import VPPDayAheadEnv
from vpp_gym.envs.dispatch import VPPDispatchEnv, VPPDispatchVectorEnv
from vpp_gym.errors import InvalidInputError
from vpp_gym.policies.bidders import ExpectedLoadBidder, WaitAndSee, ZeroBidder
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions


def told(env, steps: int = 84) -> list:
    """Observations, rewards and infos under the same random dispatch."""
    rng = np.random.default_rng(0)
    rows = [env.reset(seed=0)[0].tolist()]
    for _ in range(steps):
        observation, reward, _, _, info = env.step(rng.uniform(-1, 1, 1))
        rows.append((observation.tolist(), reward, info))
    return rows


@pytest.mark.parametrize(
    ("name", "bidder"), [("expected_load", ExpectedLoadBidder()), ("zero", ZeroBidder)]
)
def test_a_bidder_in_the_kernel_is_the_bidder(name, bidder):
    one, other = (VPPDispatchEnv(WORLD, bidder=who, episode_days=None) for who in (name, bidder))
    assert told(one) == told(other)


def test_with_the_expected_load_it_is_the_day_ahead_environment_without_bids():
    one = VPPDispatchEnv(WORLD, episode_days=None)
    other = VPPDayAheadEnv(WORLD, bids="expected_load", episode_days=None)
    assert told(one) == told(other)


def test_zero_sells_nothing():
    env = VPPDispatchEnv(WORLD, bidder="zero", episode_days=None)
    assert not any(row[2]["da_sold_kwh"] for row in told(env)[1:])


@pytest.mark.parametrize("rules", ["default", "plain"])
def test_a_bidder_with_a_memory_bids_as_in_the_simulator(rules):
    env = VPPDispatchEnv(WORLD, rules, bidder="wait_and_see", episode_days=None)
    env.reset(seed=0)
    simulation, bidder, state = Simulation(WORLD, rules), WaitAndSee(), None
    simulation.reset(start_step=12)
    traded = 0.0
    while not simulation.done[0]:
        snapshot = simulation.snapshot()
        bids_kwh, state = bidder.bids(snapshot, state)
        idle_kwh, most_kwh = snapshot.idle_kwh.sum(), snapshot.hi_kwh.sum()
        fleet_kwh = float(idle_kwh + 0.5 * (most_kwh - idle_kwh))
        record = simulation.step(Decisions(fleet_kwh=fleet_kwh, bids_kwh=bids_kwh))[0]
        info = env.step(np.full(1, 0.5))[4]
        np.testing.assert_allclose(list(info.values()), record, atol=1e-9)
        traded += abs(info["da_sold_kwh"])
    assert traded > 10


class Greedy(ZeroBidder):
    """Sells more than may be sold in the last period of the day."""

    def bids(self, snapshot, state=None):
        schedule = snapshot.bid_hi_kwh.copy()
        schedule[23] += 0.01
        return schedule, state


@pytest.mark.parametrize("rules", ["default", "plain"])
@pytest.mark.parametrize("make", [VPPDispatchEnv, lambda **a: VPPDispatchVectorEnv(2, **a)])
def test_a_schedule_beyond_the_limit_is_refused_and_nothing_has_moved(make, rules):
    env = make(scenario=WORLD, params=rules, bidder=Greedy(), episode_days=1)
    env.reset(seed=0)
    before = env.core.simulation.state.run.tobytes()
    most_kwh = "0" if rules == "default" else "275"
    with pytest.raises(
        InvalidInputError, match=rf"stay within \[-{most_kwh}, {most_kwh}\]"
    ) as refused:
        env.step(np.zeros(env.action_space.shape))
    assert refused.value.field == "bids_kwh[23]"
    assert env.core.simulation.state.run.tobytes() == before


@pytest.mark.parametrize("bidder", ["expected", 3, None, object(), lambda: 3])
def test_bad_bidders(bidder):
    with pytest.raises(InvalidInputError) as refused:
        VPPDispatchEnv(WORLD, bidder=bidder)
    assert refused.value.field == "bidder"
    assert "wait_and_see" in refused.value.remedy
