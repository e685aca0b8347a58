"""What the entries of an action do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.envs.test_api import profit
from tests.worlds import examples, params, plain, plain_world, scenarios
from vpp_gym.actions import checked_actions
from vpp_gym.envs.day_ahead import VPPDayAheadEnv
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import COMPILED
from vpp_gym.markets.ledger import TERMS
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

SESSIONS = {
    "arrival_step": [12, 12, 12, 36, 60],
    "departure_step": [30, 24, 40, 60, 96],
    "arrival_soc": [0.3, 0.6, 0.9, 0.4, 0.2],
    "owner_draw": [0.9, 0.1, 0.5, 0.9, 0.9],
}
WORLD = plain_world(96, da=0.05, short=0.08, long=0.03, sessions=SESSIONS)
RULES = plain(site={"n_chargers": 5})
RANGE_KWH = 110.0
"""From all that 5 chargers of 11 kW can buy to all that they can sell."""


def started(rules=RULES, **settings_) -> VPPDayAheadEnv:
    settings_ = {"episode_days": 3, "bids": "schedule", **settings_}
    env = VPPDayAheadEnv(WORLD, rules, **settings_)
    env.reset(seed=0)
    return env


@pytest.mark.parametrize("guarantee", [False, True])
@pytest.mark.parametrize("entry", [-1.0, -0.4, 0.0, 0.5, 1.0])
def test_one_number_is_a_place_in_the_envelope_of_the_fleet(entry, guarantee):
    """0 idles, 1 charges and -1 discharges all that is possible; straight between them."""
    env = started(bids="expected_load", guarantee=guarantee)
    for _ in range(10):
        before = env.core.simulation.snapshot()
        lo, idle, hi = (v.sum() for v in (before.lo_kwh, before.idle_kwh, before.hi_kwh))
        end = hi if entry > 0 else lo
        info = env.step(np.array([entry]))[4]
        load_kwh = info["charge_kwh"] - info["discharge_kwh"]
        assert load_kwh == pytest.approx(idle + abs(entry) * (end - idle))


@pytest.mark.parametrize("control", ["fleet", "per_ev"])
def test_an_action_of_zero_idles(control):
    """Nothing is charged or discharged that need not be: nothing at all without a guarantee."""
    env = started(bids="expected_load", control=control)
    env.action_space.seed(0)
    for _ in range(72):
        info = env.step(np.zeros(env.action_space.shape))[4]
        assert info["charge_kwh"] == info["discharge_kwh"] == 0
    env = started(bids="expected_load", control=control, guarantee=True)
    charged = 0.0
    for _ in range(72):
        least_kwh = np.maximum(env.core.simulation.snapshot().lo_kwh, 0.0).sum()
        info = env.step(np.zeros(env.action_space.shape))[4]
        assert info["charge_kwh"] == pytest.approx(least_kwh)
        assert info["discharge_kwh"] == 0
        charged += info["charge_kwh"]
    assert charged > 50


def test_one_number_per_charger_is_a_place_between_its_limits():
    env = started(bids="expected_load", control="per_ev")
    before = env.core.simulation.snapshot()
    action = np.array([-1.0, 1.0, 0.4, 0.7, -0.7])  # the last two have no EV
    info = env.step(action)[4]
    lo, idle, hi = before.lo_kwh, before.idle_kwh, before.hi_kwh
    load = idle + np.abs(action[:3]) * (np.where(action[:3] > 0, hi, lo) - idle)
    assert info["charge_kwh"] == pytest.approx(load[load > 0].sum())
    assert info["discharge_kwh"] == pytest.approx(-load[load < 0].sum())


def sold(env: VPPDayAheadEnv, action_of_step, steps: int = 60) -> np.ndarray:
    return np.array([env.step(action_of_step(k))[4]["da_sold_kwh"] for k in range(steps)])


def test_an_entry_of_one_sells_a_share_of_what_may_be_bid_and_the_schedule_of_the_gate_counts():
    env = started(bid_scale=0.1)
    entries = np.linspace(-1, 1, 24)

    def action(k: int) -> np.ndarray:
        return np.concatenate([[0.0], entries if k == 0 else np.ones(24)])

    expected_load = np.zeros(24)  # nothing is known at the first gate
    delivered = sold(env, action, 36)
    np.testing.assert_array_equal(delivered[:12], np.zeros(12))  # nobody has bid for today
    np.testing.assert_allclose(delivered[12:], entries * 0.1 * RANGE_KWH - expected_load, atol=1e-6)


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
    np.testing.assert_allclose(delivered[12:36], [0.0] * 23 + [entries[0] * 11], atol=1e-12)
    twin = started(bids="expected_load")
    base = np.array([twin.step(np.array([0.0]))[4]["da_sold_kwh"] for _ in range(60)])
    np.testing.assert_allclose(delivered[36:60] - base[36:60], entries[1:25] * 11, atol=1e-9)


def test_bids_stay_within_the_limit_whatever_is_expected():
    env = started(RULES.replace(market={"bid_limit_kw": 4.0}), bid_scale=1.0)
    delivered = sold(env, lambda k: np.concatenate([[1.0], -np.ones(24)]))
    assert delivered.min() == -4.0


@pytest.mark.parametrize("end", [-1.0, 1.0])
@pytest.mark.parametrize("bids", ["schedule", "period"])
def test_a_bid_stays_within_what_cars_can_back(bids, end):
    """At the first gate nobody was seen before noon; at the second, the cars of a day."""
    rules = RULES.replace(market={"bid_limit": "expected_cars"})
    env = started(rules, bids=bids, bid_scale=1.0)
    action = np.full(env.action_space.shape, end)
    allowed, sold_kwh = [], []
    for _ in range(60):
        simulation = env.core.simulation
        if simulation.is_gate[0]:
            allowed.append(simulation.bids_allowed_kwh[0 if end < 0 else 1][0].copy())
        sold_kwh.append(env.step(action)[4]["da_sold_kwh"])
    assert not allowed[0].any()
    assert np.abs(allowed[1]).max() >= 11
    np.testing.assert_array_equal(sold_kwh[:36], np.zeros(36))
    np.testing.assert_allclose(sold_kwh[36:60], allowed[1], atol=1e-9)


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


def from_idle(entry, lo, idle, hi):
    return idle + np.maximum(entry, 0) * (hi - idle) + np.minimum(entry, 0) * (idle - lo)


@examples(20)
@given(
    scenario=scenarios(),
    world=params(),
    seed=st.integers(0, 2**32 - 1),
    control=st.sampled_from(["fleet", "per_ev"]),
    bid_scale=st.sampled_from([1.0, 0.3]),
    reward=st.sampled_from(["spread", "profit"]),
)
def test_an_episode_is_a_run_of_the_simulator(scenario, world, seed, control, bid_scale, reward):
    """The same dispatch and bids, given to a simulator of its own, book the same."""
    env = VPPDayAheadEnv(
        scenario,
        world,
        control=control,
        bids="schedule",
        bid_scale=bid_scale,
        reward=reward,
        episode_days=None,
    )
    env.reset(seed=seed)
    env.action_space.seed(seed)
    start = int(env.core.simulation.state.run["position"][0])
    sim = Simulation(scenario, world)
    sim.reset(start_step=start)
    total, over = 0.0, False
    while not over:
        action = env.action_space.sample()
        _, got, terminated, over, info = env.step(action)
        entries = np.clip(action.astype(float), -1, 1)
        now = sim.snapshot()
        by_period = now.bid_lo_kwh, now.bid_hi_kwh, now.expected_load_kwh
        least, most, expected = (sim.on_slots(one[None])[0] for one in by_period)
        moved_kwh = entries[-sim.slots :] * bid_scale * (most - least)
        bids = np.clip(moved_kwh - expected, least, most)
        if control == "fleet":
            limits = now.lo_kwh.sum(), now.idle_kwh.sum(), now.hi_kwh.sum()
            decisions = Decisions(fleet_kwh=float(from_idle(entries[0], *limits)), bids_kwh=bids)
        else:
            lo, hi = sim.lo_kwh[0], sim.hi_kwh[0]
            load = from_idle(entries[: sim.n_chargers], lo, np.clip(0, lo, hi), hi)
            decisions = Decisions(net_load_kwh=load, bids_kwh=bids)
        record = dict(zip(TERMS, sim.step(decisions)[0].tolist(), strict=True))
        assert info == pytest.approx(record, abs=1e-9)
        if reward == "profit":
            assert got == pytest.approx(profit(info), abs=1e-9)
        assert terminated is False
        total += got
    assert sim.done[0]


def forms(actions: np.ndarray) -> list:
    """The same numbers in other memory, of other types, and as no array."""
    wide = np.repeat(actions, 2, axis=1)
    closed = actions.copy()
    closed.setflags(write=False)
    swapped = actions.astype(actions.dtype.newbyteorder("S"))
    others = [np.asfortranarray(actions), wide[:, ::2], closed, swapped, actions[::-1][::-1]]
    return [actions, *others, actions.tolist(), np.ma.masked_array(actions)]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (5, 1), (4, 7)])
def test_actions_are_taken_alike_in_every_form(dtype, shape):
    actions = np.random.default_rng(0).uniform(-1, 1, shape).astype(dtype)
    actions.flat[0] = dtype(1.0 + 5e-7)
    expected = np.clip(actions.astype(np.float64), -1.0, 1.0)
    for form in forms(actions):
        before = np.array(form)
        taken = checked_actions(form, shape)
        assert (type(taken), taken.dtype) == (np.ndarray, np.float64)
        assert taken.flags.c_contiguous
        assert taken.flags.writeable
        np.testing.assert_array_equal(taken, expected)
        taken[:] = 9.0
        np.testing.assert_array_equal(np.array(form), before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("wrong", [1.25, -1.25, np.nan, np.inf, -np.inf])
def test_the_first_entry_out_of_range_is_named_in_every_form(dtype, wrong):
    actions = np.zeros((3, 4), dtype)
    actions[1, 2] = actions[2, 0] = wrong
    for form in forms(actions):
        with pytest.raises(InvalidInputError, match=rf"action\[1, 2\]: got {wrong}; every entry"):
            checked_actions(form, (3, 4))
        with pytest.raises(InvalidInputError, match=r"shape \(3, 4\)'; give shape \(4, 3\)"):
            checked_actions(form, (4, 3))
    with pytest.raises(InvalidInputError, match=rf"action\[0\]: got {wrong}; every entry"):
        checked_actions(np.array([[wrong]], dtype), (1, 1))
