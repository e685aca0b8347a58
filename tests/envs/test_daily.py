"""Environments of a day: between the gates policies act as they do by themselves."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from tests.envs.test_api import DAILY, QUICK, WORLD, busy_world, small
from tests.policies.test_information import scenario_with
from tests.worlds import plain, plain_world
from vpp_gym.envs.bidding import VPPBiddingEnv, VPPBiddingVectorEnv
from vpp_gym.envs.contracts import ContractsCore, VPPContractsEnv
from vpp_gym.envs.day_fields import DAY_FIELDS, OFFER_FIELDS, SHOWN_MONEY
from vpp_gym.envs.policy_pool import BIDDERS, SCHEDULERS
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import SITE_MONEY, TERMS
from vpp_gym.params import DEFAULT, as_params
from vpp_gym.policies.base import Dispatcher
from vpp_gym.policies.bidders import ExpectedLoadBidder
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

each_daily = pytest.mark.parametrize("env_id", DAILY)


def booked_alone(policy, scenario, params, bids=None) -> np.ndarray:
    """(steps, K) from the first gate on; bids(simulation) stands for the policy's."""
    simulation, state = Simulation(scenario, params), None
    simulation.reset(start_step=12)
    records = []
    while not simulation.done[0]:
        decisions, state = policy.predict(simulation.snapshot(), state)
        if bids is not None and simulation.is_gate[0]:
            decisions = Decisions(net_load_kwh=decisions.net_load_kwh, bids_kwh=bids(simulation))
        records.append(simulation.step(decisions)[0])
    return np.array(records)


def played(env, actions) -> np.ndarray:
    """(days, K) of an episode."""
    env.reset(seed=0)
    days, total = [], 0.0
    for action in actions:
        _, reward, _, over, info = env.step(action)
        total += reward
        days.append(list(info.values()))
    assert over
    assert np.isfinite(total)
    return np.array(days)


@each_daily
@pytest.mark.parametrize("seed", [0, 1])
def test_an_action_of_zero_is_the_operator_that_buys_the_expected_load(env_id, seed):
    """Every day is the sum of its hours; the last one ends with the scenario, at midnight."""
    world = busy_world(seed=seed)
    env = gym.make(env_id, scenario=world, episode_days=None)
    days = played(env, np.zeros((4, *env.action_space.shape)))
    hours = booked_alone(Operator(rolling_mpc(), ExpectedLoadBidder()), world, DEFAULT)
    parts = [hours[k : k + 24].sum(axis=0) for k in range(0, len(hours), 24)]
    np.testing.assert_allclose(days, parts, atol=1e-9)


@each_daily
def test_a_run_whose_steps_are_looked_at_takes_the_compiled_planner_too(env_id, monkeypatch):
    world, rng = busy_world(seed=2), np.random.default_rng(0)
    watched, alone = (gym.make(env_id, scenario=world, episode_days=None) for _ in range(2))
    actions = rng.uniform(-1, 1, (4, *alone.action_space.shape))
    steps = []
    watched.unwrapped.core.on_step = lambda record: steps.append(record.copy())
    expected = played(alone, actions)
    monkeypatch.setattr(Simulation, "snapshot", None)  # a policy would read one
    days = played(watched, actions)
    np.testing.assert_array_equal(days, expected)
    assert len(steps) == world.n_steps - 12
    np.testing.assert_allclose(np.sum(steps, axis=0)[:5], days.sum(axis=0)[:5], atol=1e-9)


@pytest.mark.parametrize("rules", ["default", "plain"])
def test_a_schedule_means_what_it_means_in_the_day_ahead_environment(rules):
    rng = np.random.default_rng(0)
    entries = rng.uniform(-1, 1, (4, 24))
    env = VPPBiddingEnv(WORLD, rules, bid_scale=0.5, episode_days=None, scheduler=ChargeOnArrival())
    days = played(env, entries)
    schedules = iter(entries)

    def bids(simulation: Simulation) -> np.ndarray:
        least, most = (limit[0] for limit in simulation.bids_allowed_kwh)
        moved_kwh = next(schedules) * 0.5 * (most - least)
        return np.clip(moved_kwh - simulation.state.expected_load_kwh[0], least, most)

    hours = booked_alone(ChargeOnArrival(), WORLD, as_params(rules), bids)
    parts = [hours[k : k + 24].sum(axis=0) for k in range(0, len(hours), 24)]
    np.testing.assert_allclose(days, parts, atol=1e-9)
    assert np.abs(days[:, TERMS.index("da_eur")]).max() > 0


def test_a_larger_schedule_shows_in_the_commitments_seen_at_the_next_gate():
    env = VPPBiddingEnv(WORLD, plain(), **QUICK, observation="dict", episode_days=3)
    env.reset(seed=0, options={"start_day": 0})
    seen = env.step(np.linspace(-1, 1, 24))[0]
    expected_kwh = np.linspace(-1, 1, 24)[12:] * 0.1 * 550  # between 275 kWh bought and sold
    np.testing.assert_allclose(seen["da_sold_ahead"][:12], expected_kwh, rtol=1e-5)
    assert not seen["da_sold_ahead"][12:].any()


@each_daily
def test_what_is_shown_at_the_gate_does_not_depend_on_the_future(env_id):
    """From step 61 on the two worlds differ: the gates at 12, 36 and 60 look alike."""
    seen = []
    for future in (1, 2):
        env = gym.make(env_id, scenario=scenario_with(future), episode_days=None)
        observations = [env.reset(seed=0)[0]]
        rng = np.random.default_rng(0)
        for _ in range(4):
            action = rng.uniform(-1, 1, env.action_space.shape)
            observations.append(env.step(action)[0])
        seen.append(observations)
    for one, other in zip(seen[0][:3], seen[1][:3], strict=True):
        np.testing.assert_array_equal(one, other)
    assert (seen[0][3] != seen[1][3]).any()


@each_daily
def test_what_the_day_brought_is_shown(env_id):
    env = gym.make(env_id, **small(env_id, observation="dict"))
    seen, _ = env.reset(seed=0)
    assert not seen["money_last_day"].any()
    for _ in range(3):
        seen, _, _, _, info = env.step(env.action_space.sample())
        simulation = env.unwrapped.core.simulation
        np.testing.assert_allclose(
            seen["money_last_day"], [info[name] for name in SHOWN_MONEY], rtol=1e-5, atol=1e-4
        )
        assert not any(info[name] for name in SITE_MONEY)  # what is not shown is 0 without a site
        np.testing.assert_allclose(
            seen["energy_last_day"], [info["charge_kwh"], info["discharge_kwh"]], rtol=1e-5
        )
        np.testing.assert_allclose(
            seen["expected_load"], simulation.state.expected_load_kwh[0], rtol=1e-5, atol=1e-4
        )


def test_prices_of_tomorrow_and_of_the_past_are_shown_by_period():
    hour = np.arange(72)
    world = plain_world(72, da=0.01 * hour, short=0.01 * hour + 0.001 * (hour % 24) + 0.1)
    env = VPPBiddingEnv(world, **QUICK, observation="dict", episode_days=1)
    seen, _ = env.reset(seed=0, options={"start_day": 1})
    snapshot = env.core.simulation.snapshot()
    np.testing.assert_allclose(seen["da_tomorrow"], snapshot.da_eur_per_kwh[12:], rtol=1e-5)
    np.testing.assert_allclose(
        seen["im_residual_by_period"], 0.1 + 0.001 * np.arange(24), rtol=1e-4
    )
    last, _, _, over, _ = env.step(np.zeros(24))
    assert over
    assert not last["da_tomorrow"].any()  # the run has ended


class Broken(Dispatcher):
    """Promises what the chargers cannot do."""

    name = "broken"

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return Decisions(net_load_kwh=np.full(observation.params.site.n_chargers, 1e3)), state


def test_a_scheduler_beyond_the_limits_is_refused():
    env = VPPBiddingEnv(WORLD, scheduler=Broken(), episode_days=1)
    env.reset(seed=0)
    with pytest.raises(InvalidInputError, match="stay within"):
        env.step(np.zeros(24))


@each_daily
@pytest.mark.parametrize("scheduler", ["mpc", 3, None, object(), lambda: 3])
def test_bad_schedulers(env_id, scheduler):
    with pytest.raises(InvalidInputError) as refused:
        gym.make(env_id, scenario=WORLD, scheduler=scheduler)
    assert refused.value.field == "scheduler"
    assert "rolling_mpc" in refused.value.remedy


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"bid_scale": 2.0}, "bid_scale"),
        ({"observation": "image"}, "observation"),
        ({"episode_days": 0}, "episode_days"),
    ],
)
@pytest.mark.parametrize("make", [VPPBiddingEnv, VPPBiddingVectorEnv])
def test_bad_arguments(make, arguments, field):
    with pytest.raises(InvalidInputError) as refused:
        make(scenario=WORLD, **arguments)
    assert refused.value.field == field


@pytest.mark.parametrize("threads", [0, 1.5, "two"])
def test_threads_of_a_batch_of_days_are_a_whole_number(threads):
    with pytest.raises(InvalidInputError, match="threads"):
        VPPBiddingVectorEnv(2, WORLD, threads=threads)


def test_each_run_and_each_episode_has_a_scheduler_of_its_own():
    made: list[Dispatcher] = []

    class Counted(ChargeOnArrival):
        def __init__(self) -> None:
            made.append(self)

    env = VPPBiddingVectorEnv(3, WORLD, scheduler=Counted, episode_days=1)
    made.clear()
    env.reset(seed=0)
    assert len(made) == 3
    env.reset(seed=0, options={"reset_mask": np.array([True, False, False])})
    assert len(made) == 4


def test_the_day_that_is_over_is_drawn_whole():
    env = VPPContractsEnv(WORLD, **QUICK, episode_days=3, render_mode="rgb_array")
    env.reset(seed=0, options={"start_day": 0})
    for day in range(3):
        env.step(np.zeros(env.action_space.shape))
        view = env._recorder.view()
        assert view.start == np.datetime64("2019-01-01") + day
        assert view.now == 24
        assert env.render().shape == (720, 960, 3)


def test_names_of_fields_are_unique_and_units_said():
    fields = ContractsCore.fields
    assert len({field.name for field in fields}) == len(fields)
    for field in (*DAY_FIELDS, *OFFER_FIELDS):
        assert field.unit
        assert field.meaning
        assert field.low < field.high


def test_a_run_stepped_by_itself_leaves_the_others():
    simulation = Simulation(WORLD, n_envs=2)
    simulation.reset(start_step=12)
    alone = simulation.alone(1)
    alone.step(ChargeOnArrival().predict(alone.snapshot())[0])
    assert simulation.state.run["position"].tolist() == [12, 13]


@pytest.mark.parametrize("bidder", sorted(BIDDERS))
@pytest.mark.parametrize("scheduler", sorted(SCHEDULERS))
def test_every_named_delegate_runs_a_day(scheduler, bidder):
    learned = scheduler == "learned_mpc"  # it forecasts quarters of an hour only
    world = busy_world(4 * 96, 0.25) if learned else WORLD
    env = gym.make(
        "VPPContracts-v0", scenario=world, scheduler=scheduler, bidder=bidder, episode_days=1
    )
    env.reset(seed=0)
    _, profit_eur, _, truncated, _ = env.step(np.zeros(env.action_space.shape, np.float32))
    assert np.isfinite(profit_eur)
    assert truncated
