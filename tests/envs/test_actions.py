"""What the entries of an action do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds import examples, params, plain_world, scenarios
from vpp_gym.envs.day_ahead import VPPDayAheadEnv
from vpp_gym.kernels import COMPILED
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

SESSIONS = {
    "arrival_step": [12, 12, 12, 36, 60],
    "departure_step": [30, 24, 40, 60, 96],
    "arrival_soc": [0.3, 0.6, 0.9, 0.4, 0.2],
    "owner_draw": [0.9, 0.1, 0.5, 0.9, 0.9],
}
WORLD = plain_world(96, da=0.05, short=0.08, long=0.03, sessions=SESSIONS)
SITE = {"site": {"n_chargers": 5}}


def started(**settings_) -> VPPDayAheadEnv:
    env = VPPDayAheadEnv(WORLD, SITE, **{"episode_days": 3, **settings_})
    env.reset(seed=0)
    return env


@pytest.mark.parametrize(("entry", "share"), [(-1.0, 0.0), (0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_one_number_is_a_place_in_the_envelope_of_the_fleet(entry, share):
    env = started(bids="expected_load")
    before = env.core.simulation.snapshot()
    lo, hi = before.lo_kwh.sum(), before.hi_kwh.sum()
    assert lo < 0 < hi
    info = env.step(np.array([entry]))[4]
    assert info["charge_kwh"] - info["discharge_kwh"] == pytest.approx(lo + share * (hi - lo))


def test_one_number_per_charger_is_a_place_between_its_limits():
    env = started(bids="expected_load", control="per_ev")
    before = env.core.simulation.snapshot()
    action = np.array([-1.0, 1.0, 0.0, 0.7, -0.7])  # the last two have no EV
    info = env.step(action)[4]
    share = (action[:3] + 1) / 2
    load = before.lo_kwh + share * (before.hi_kwh - before.lo_kwh)
    assert info["charge_kwh"] == pytest.approx(load[load > 0].sum())
    assert info["discharge_kwh"] == pytest.approx(-load[load < 0].sum())


def sold(env: VPPDayAheadEnv, action_of_step, steps: int = 60) -> np.ndarray:
    return np.array([env.step(action_of_step(k))[4]["da_sold_kwh"] for k in range(steps)])


def test_an_entry_of_one_sells_a_share_of_the_bid_limit_and_the_schedule_of_the_gate_counts():
    env = started(bid_scale=0.1)
    entries = np.linspace(-1, 1, 24)

    def action(k: int) -> np.ndarray:
        return np.concatenate([[0.0], entries if k == 0 else np.ones(24)])

    expected_load = np.zeros(24)  # nothing is known at the first gate
    delivered = sold(env, action, 36)
    np.testing.assert_array_equal(delivered[:12], np.zeros(12))  # nobody has bid for today
    np.testing.assert_allclose(delivered[12:], entries * 0.1 * 55 - expected_load, atol=1e-6)


def test_an_entry_of_zero_buys_the_expected_load():
    env = started()
    env.step(np.zeros(25))
    for _ in range(23):
        env.step(np.concatenate([[1.0], np.zeros(24)]))
    expected = env.core.simulation.snapshot().expected_load_kwh.copy()
    assert expected.max() > 0
    delivered = sold(env, lambda k: np.zeros(25), 36)
    np.testing.assert_allclose(delivered[12:], -expected, atol=1e-9)


def test_without_bids_in_the_action_the_expected_load_is_bought():
    one, other = started(bids="expected_load"), started(bids="schedule")
    for _ in range(72):
        a = one.step(np.array([0.3]))
        b = other.step(np.concatenate([[0.3], np.zeros(24)]))
        assert a[4] == b[4]


def test_one_period_a_step_fills_the_schedule_from_after_the_gate_to_the_next():
    """Steps 1 to 24 after the first gate write periods 0 to 23; the first gate only period 23."""
    env = started(bids="period", bid_scale=0.1)
    entries = np.linspace(-1, 1, 73)
    delivered = sold(env, lambda k: np.array([0.0, entries[k]]), 60)
    expected_load = started()  # the same dispatch: the same expectation
    for _ in range(25):
        expected_load.step(np.zeros(25))
    learned = env.core.params.bid_limit_kw
    assert learned == 55
    np.testing.assert_array_equal(delivered[:12], np.zeros(12))
    np.testing.assert_allclose(delivered[12:36], [0.0] * 23 + [entries[0] * 5.5], atol=1e-12)
    twin = started(bids="expected_load")
    base = np.array([twin.step(np.array([0.0]))[4]["da_sold_kwh"] for _ in range(60)])
    np.testing.assert_allclose(delivered[36:60] - base[36:60], entries[1:25] * 5.5, atol=1e-9)


def test_bids_stay_within_the_limit_whatever_is_expected():
    rules = {**SITE, "market": {"bid_limit_kw": 4.0}}
    env = VPPDayAheadEnv(WORLD, rules, bid_scale=1.0, episode_days=3)
    env.reset(seed=0)
    delivered = sold(env, lambda k: np.concatenate([[1.0], -np.ones(24)]))
    assert delivered.min() == -4.0


def test_the_action_is_never_written_to():
    for action in (np.full(25, 0.5), np.full(25, 0.5, dtype=np.float32)):
        env, kept = started(), action.copy()
        for _ in range(30):
            env.step(action)
        np.testing.assert_array_equal(action, kept)


@pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT is set")
def test_a_read_only_action_is_as_good_and_compiles_nothing_anew():
    from vpp_gym.envs.step_kernel import step_batch

    env = started()
    env.step(np.zeros(25))
    known = len(step_batch.signatures)
    action = np.zeros(25)
    action.setflags(write=False)
    env.step(action)
    env.step([0.0] * 25)
    env.step(np.zeros(50)[::2])
    assert len(step_batch.signatures) == known


@examples(20)
@given(
    scenario=scenarios(),
    world=params(),
    seed=st.integers(0, 2**32 - 1),
    control=st.sampled_from(["fleet", "per_ev"]),
)
def test_an_episode_is_a_run_of_the_simulator(scenario, world, seed, control):
    """The same dispatch and bids, given to a simulator of its own, book the same."""
    env = VPPDayAheadEnv(scenario, world, control=control, bid_scale=1.0, episode_days=None)
    env.reset(seed=seed)
    env.action_space.seed(seed)
    start = int(env.core.simulation.state.run["position"][0])
    sim = Simulation(scenario, world)
    sim.reset(start_step=start)
    total, over = 0.0, False
    while not over:
        action = env.action_space.sample()
        _, reward, terminated, over, info = env.step(action)
        share = (np.clip(action.astype(float), -1, 1) + 1) / 2
        now = sim.snapshot()
        wanted = share[-sim.periods :] * 2 - 1
        bids = np.clip(
            wanted * sim.bid_limit_kwh - now.expected_load_kwh,
            -sim.bid_limit_kwh,
            sim.bid_limit_kwh,
        )
        if control == "fleet":
            fleet = now.lo_kwh.sum() + share[0] * (now.hi_kwh.sum() - now.lo_kwh.sum())
            decisions = Decisions(fleet_kwh=float(fleet), bids_kwh=bids)
        else:
            load = sim.lo_kwh[0] + share[: sim.n_chargers] * (sim.hi_kwh[0] - sim.lo_kwh[0])
            decisions = Decisions(net_load_kwh=load, bids_kwh=bids)
        record = dict(zip(TERMS, sim.step(decisions)[0].tolist(), strict=True))
        assert info == pytest.approx(record, abs=1e-9)
        assert reward == pytest.approx(sum(info[name] for name in MONEY), abs=1e-9)
        assert terminated is False
        total += reward
    assert sim.done[0]
