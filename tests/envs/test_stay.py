"""One stay is an episode: its money, what is seen, and the fleet that its policy drives."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode

from tests.envs.test_price_control import world
from tests.worlds import plain_world
from vpp_gym.envs.stay_kernel import stays_in
from vpp_gym.envs.stay_observation import N_OWN, STAY_FIELDS, STAY_LAYOUT
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import EnvironmentAgent, StayAgent, evaluate
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.params import DEFAULT
from vpp_gym.policies.learned import LearnedForecaster
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation

ID = "VPPStay-v0"
WORLD = world()
CHEAP = {"owner": {"wear_eur_per_kwh": 0.005}}
"""Owners content with the tariff: most cars may be discharged."""


def stay(**more: Any) -> Any:
    return gym.make(ID, **{"scenario": WORLD, "params": CHEAP, **more}).unwrapped


def booked(info: dict[str, float]) -> dict[str, float]:
    """What concerns the car, and not those who find the charger taken."""
    return {name: info[name] for name in TERMS if name not in ("arrivals", "turned_away")}


VARIANTS: list[dict[str, Any]] = [
    {},
    {"observation": "dict"},
    {"forecast": "anchored", "reward": "profit", "guarantee": False},
    {"params": "plain"},
    {"params": {"market": {"imbalance_lag_steps": 0, "imbalance_pricing": "dual"}}},
    {"scenario": [world(seed=1), world(5, seed=2)]},
    {"params": {"site": {"n_chargers": 2, "charger_kw": [3.7, 11.0]}}},
]


@pytest.mark.parametrize("variant", VARIANTS)
def test_passes_the_check_of_gymnasium(variant):
    check_env(stay(**variant), skip_render_check=True)


def test_it_is_drawn():
    env = stay(render_mode="rgb_array")
    env.reset(seed=0)
    env.step(np.ones(1))
    assert env.render().shape == (720, 960, 3)


def alone(session: int, params: Any) -> Simulation:
    """The simulator in a world in which only that session comes, at its arrival."""
    rows = np.arange(len(WORLD.sessions)) == session
    values = {name: getattr(WORLD, name) for name in ("da_eur_per_kwh", "im_short_eur_per_kwh")}
    scenario = Scenario(
        **{**vars_of(WORLD), **values, "sessions": WORLD.sessions.take(rows)},
    )
    simulation = Simulation(scenario, DEFAULT.changed(params))
    simulation.reset(start_step=int(WORLD.sessions.arrival_step[session]))
    return simulation


def vars_of(scenario: Scenario) -> dict[str, Any]:
    from dataclasses import fields

    return {one.name: getattr(scenario, one.name) for one in fields(scenario)}


@pytest.mark.parametrize("guarantee", [True, False])
def test_what_it_returns_is_the_money_of_that_stay(guarantee):
    """Every term of every step is what the simulator books where only that car comes."""
    params = {**CHEAP, "guarantee": guarantee}
    env, rng = stay(params=params, reward="profit"), np.random.default_rng(0)
    discharged = 0.0
    for session in range(0, len(WORLD.sessions), 2):
        env.reset(options={"session": session, "scenario": 0})
        other, charger = alone(session, params), 0
        over, total, expected = False, 0.0, 0.0
        while not over:
            action = rng.uniform(-1, 1, 1)
            lo, hi = other.lo_kwh[0, charger], other.hi_kwh[0, charger]
            idle = min(max(0.0, lo), hi)
            end = hi if action[0] > 0 else lo
            load = np.zeros((1, other.n_chargers))
            load[0, charger] = min(max(idle + abs(action[0]) * (end - idle), lo), hi)
            record = dict(zip(TERMS, other.advance(load)[0].tolist(), strict=True))
            _, reward, over, cut_off, info = env.step(action)
            assert not cut_off
            assert booked(info) == booked(record)
            total, expected = total + reward, expected + sum(record[name] for name in MONEY)
            discharged += info["discharge_kwh"]
        assert info["departures"] == 1.0
        assert total == pytest.approx(expected, abs=1e-12)
        assert not other.state.occupied.any()
    assert discharged > 10


def test_the_default_reward_differs_by_what_no_action_changes():
    """Which is the same for two policies on every stay."""
    for session in (3, 10, 33):
        apart = []
        for action in (-1.0, 1.0):
            totals = {}
            for reward in ("profit", "spread"):
                env = stay(reward=reward)
                env.reset(options={"session": session, "scenario": 0})
                over, totals[reward] = False, 0.0
                while not over:
                    _, got, over, _, _ = env.step(np.array([action]))
                    totals[reward] += got
            apart.append(totals["profit"] - totals["spread"])
        assert apart[0] == pytest.approx(apart[1], abs=1e-9)


def fleet(params: Any, session: int) -> tuple[Simulation, int]:
    """A whole fleet of which one car is that of a session; and its step of arrival."""
    simulation = Simulation(WORLD, DEFAULT.changed({**params, "site": {"n_chargers": 120}}))
    simulation.reset()
    return simulation, int(WORLD.sessions.arrival_step[session])


@pytest.mark.parametrize("forecast", ["learned", "anchored"])
@pytest.mark.parametrize("lag", [1, 0])
def test_the_fleet_shows_each_car_as_its_stay_does(forecast, lag):
    """The adapter reads from a snapshot what the environment reads from the state, bit for bit."""
    session = int(np.argmax(WORLD.sessions.departure_step - WORLD.sessions.arrival_step > 20))
    params = {**CHEAP, "market": {"imbalance_lag_steps": lag}}
    simulation, arrival = fleet(params, session)
    env = stay(params=params, forecast=forecast)
    shown, _ = env.reset(options={"session": session, "scenario": 0})
    forecaster, compared = LearnedForecaster(), 0
    for t in range(arrival + 20):
        snapshot = simulation.snapshot()
        load = np.zeros((1, simulation.n_chargers))
        load[0, snapshot.charger] = snapshot.idle_kwh
        if t >= arrival:
            row = np.flatnonzero(snapshot.session == session)
            if not len(row):
                break
            seen = stays_in(snapshot, forecaster, forecast == "learned")[row[0]]
            np.testing.assert_array_equal(seen, shown)
            compared += 1
            action = np.array([0.5])
            idle, hi = snapshot.idle_kwh[row[0]], snapshot.hi_kwh[row[0]]
            load[0, snapshot.charger[row[0]]] = min(max(idle + 0.5 * (hi - idle), idle), hi)
            shown, _, over, _, _ = env.step(action)
        simulation.advance(load)
    assert compared > 5
    assert over or compared == 20


def test_an_agent_that_charges_at_once_is_the_rule_of_that_name():
    class AtOnce:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            assert observation.shape[1:] == (STAY_LAYOUT.size,)
            return np.ones((len(observation), 1), np.float32), state

    agent = StayAgent(AtOnce(), name="one")
    rule = ChargeOnArrival()
    days = [
        evaluate(policy, WORLD, {"contract": {"families": ()}}).days for policy in (agent, rule)
    ]
    for name in MONEY:
        np.testing.assert_allclose(days[0][name], days[1][name], atol=1e-9)
    assert agent.contract == {}
    assert Operator(agent).privileged is False


def test_what_follows_is_not_seen():
    """Stays in worlds that are alike until the last day look alike until then."""
    shown = []
    for seed in (1, 2):
        scenario = world(future_seed=seed)
        change = scenario.n_steps - 96
        env = stay(scenario=scenario)
        rows: list[np.ndarray] = []
        for session in range(0, len(scenario.sessions), 5):
            observation, _ = env.reset(options={"session": session, "scenario": 0})
            t, over = int(scenario.sessions.arrival_step[session]), False
            while t <= change and not over:
                rows.append(observation)
                observation, _, over, _, _ = env.step(np.array([0.3]))
                t += 1
        shown.append(rows)
    assert len(shown[0]) == len(shown[1]) > 200
    for one, other in zip(*shown, strict=True):
        np.testing.assert_array_equal(one, other)


def test_when_the_driver_really_leaves_is_not_seen():
    """Two drivers who declare the same look the same until one of them leaves."""
    late, early = ({"owner": {"early_departure_prob": p}} for p in (0.0, 0.42))
    one, other = stay(params=late), stay(params=early)
    shorter = 0
    for session in range(0, len(WORLD.sessions), 3):
        chosen = {"session": session, "scenario": 0}
        a, _ = one.reset(options=chosen)
        b, _ = other.reset(options=chosen)
        over_a = over_b = False
        while not (over_a or over_b):
            np.testing.assert_array_equal(a, b)
            a, _, over_a, _, _ = one.step(np.array([0.2]))
            b, _, over_b, _, _ = other.step(np.array([0.2]))
        shorter += over_b and not over_a
    assert shorter > 3


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_batch_is_its_environments_bit_for_bit(mode):
    worlds = [world(seed=3), world(5, seed=4)]
    batch = gym.make_vec(
        ID, 4, vectorization_mode="vector_entry_point", scenario=worlds, autoreset_mode=mode
    )
    single = [gym.make(ID, scenario=worlds) for _ in range(4)]
    shown, _ = batch.reset(seed=5)
    np.testing.assert_array_equal(shown, [e.reset(seed=5 + k)[0] for k, e in enumerate(single)])
    rng, ended, rest = np.random.default_rng(0), np.zeros(4, bool), 0
    for _ in range(150):
        actions = rng.uniform(-1, 1, (4, 1))
        if mode is AutoresetMode.DISABLED and ended.any():
            shown, _ = batch.reset(options={"reset_mask": ended})
            for k in np.flatnonzero(ended):
                np.testing.assert_array_equal(shown[k], single[k].reset()[0])
            ended[:] = False
        shown, rewards, terminated, truncated, info = batch.step(actions)
        assert not truncated.any()
        for k, env in enumerate(single):
            if ended[k] and mode is AutoresetMode.NEXT_STEP:
                np.testing.assert_array_equal(shown[k], env.reset()[0])
                continue
            observation, reward, over, _, _ = env.step(actions[k])
            assert (rewards[k], terminated[k]) == (reward, over)
            if over and mode is AutoresetMode.SAME_STEP:
                np.testing.assert_array_equal(info["final_obs"][k], observation)
                observation, _ = env.reset()
            np.testing.assert_array_equal(shown[k], observation)
            rest += over
        ended = terminated
    assert rest > 10


def test_seeds_and_copies():
    one, two = stay(), stay()
    assert data_equivalence(one.reset(seed=7), two.reset(seed=7), exact=True)
    for twin in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        mine = copy.deepcopy(two)
        over = False
        while not over:
            step = mine.step(np.array([0.3]))
            assert data_equivalence(step, twin.step(np.array([0.3])), exact=True)
            over = step[2]
        assert data_equivalence(mine.reset(), twin.reset(), exact=True)
    assert len(pickle.dumps(one)) < 100_000
    starts = {one.reset(seed=seed)[0].tobytes() for seed in range(40)}
    assert len(starts) > 20


def test_the_columns_by_hand():
    """A car that needs two of four steps, at known prices."""
    short = np.array([0.05, 0.03, 0.09, 0.04])
    n = 96 * 2
    prices = np.full(n, 0.05)
    prices[48:52] = short
    sessions = {
        "arrival_step": [48],
        "departure_step": [52],
        "arrival_soc": [0.5],
        "target_soc": [0.5 + 2 * 2.75 * 0.98 / 80],
        "capacity_kwh": [80.0],
    }
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=prices, im_eur_per_kwh=prices, sessions=sessions, dt_h=0.25
    )
    params = {
        "owner": {"early_departure_prob": 0.0, "late_departure_prob": 0.0},
        "contract": {"families": ()},
    }
    env = gym.make(
        ID, scenario=scenario, params=params, forecast="anchored", observation="dict"
    ).unwrapped
    seen, _ = env.reset(seed=0)
    told = {name: values[0] for name, values in seen.items()}
    assert told["time_left"] == 1.0
    assert told["elapsed"] == told["share_elapsed"] == told["due_gap"] == told["contract"] == 0.0
    assert told["need"] == pytest.approx(np.log(3), abs=1e-6)
    assert told["slack"] == pytest.approx(np.log(3), abs=1e-6)
    assert told["price_to_mean"] == pytest.approx(0.05 - short.mean(), abs=1e-6)
    assert told["price_to_min"] == pytest.approx(0.02, abs=1e-6)
    assert told["price_to_max"] == pytest.approx(-0.04, abs=1e-6)
    assert told["cheaper"] == 0.5
    assert told["price_to_need"] == pytest.approx(0.05 - 0.04, abs=1e-6)
    np.testing.assert_allclose(seen["price_ahead"][:3], short[1:] - short[0], atol=1e-6)
    seen, _, _, _, _ = env.step(np.ones(1))
    assert seen["need"][0] == pytest.approx(np.log(2), abs=1e-6)
    assert seen["share_elapsed"][0] == 0.25
    seen, _, over, _, info = [env.step(np.ones(1)) for _ in range(3)][-1]
    assert over
    assert info["fully_served"] == 1.0
    assert all(not values.any() for values in seen.values())
    assert STAY_LAYOUT.size == N_OWN + 65
    assert [field.name for field in STAY_FIELDS] == list(seen)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("dt_h", {"scenario": world(dt_h=1.0)}),
        ("forecast", {"forecast": "perfect"}),
        ("scenario", {"scenario": plain_world(96, dt_h=0.25)}),
        ("params", {"params": {"connection": {"import_limit_kw": 50.0}}}),
    ],
)
def test_what_it_cannot_play_is_refused(field, wrong):
    with pytest.raises(InvalidInputError, match=field):
        stay(**wrong).reset()


@pytest.mark.parametrize(
    ("options", "field"),
    [({"session": 10**6}, "session"), ({"scenario": 2}, "scenario"), ({"start_day": 1}, "options")],
)
def test_stays_that_there_are_not_are_refused(options, field):
    with pytest.raises(InvalidInputError, match=field):
        stay().reset(options=options)


def test_what_the_adapter_cannot_use_is_refused():
    class Wrong:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return np.full((len(observation), 1), 2.0), state

    with pytest.raises(InvalidInputError, match="forecast"):
        StayAgent(Wrong(), name="wrong", forecast="perfect")
    with pytest.raises(InvalidInputError, match="action"):
        evaluate(StayAgent(Wrong(), name="wrong"), WORLD)
    with pytest.raises(InvalidInputError, match="dt_h"):
        evaluate(StayAgent(Wrong(), name="wrong"), world(dt_h=1.0))


def test_contracts_of_the_world_or_of_the_agent():
    class Idle:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return -np.ones((len(observation), 1)), state

    more = StayAgent(Idle(), name="idle", contract={"families": ()})
    for agent, discharges in ((StayAgent(Idle(), name="idle"), True), (more, False)):
        days = evaluate(agent, WORLD, CHEAP).days
        assert (days["discharge_kwh"].sum() > 0) == discharges


class Half:
    """Charges at half the power, and says how many rows it was shown."""

    def __init__(self) -> None:
        self.shown: set[int] = set()

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        self.shown.add(len(observation))
        return np.full((len(observation), 1), 0.5, np.float32), state


@pytest.mark.parametrize("forecast", ["learned", "anchored"])
def test_an_agent_of_the_environment_drives_a_fleet_as_the_adapter_does(forecast):
    half = Half()
    agent = EnvironmentAgent(half, name="a", env_id=ID, settings={"forecast": forecast}, dt_h=0.25)
    other = StayAgent(Half(), name="a", forecast=forecast)
    days, again = (evaluate(one, WORLD, CHEAP).days for one in (agent, other))
    columns = [name for name in days if not name.startswith("solve_ms")]
    assert days[columns].equals(again[columns])
    assert len(half.shown) > 3
    assert 0 not in half.shown


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("observation", {"settings": {"observation": "dict"}}),
        ("forecast", {"settings": {"forecast": "perfect"}}),
    ],
)
def test_settings_that_no_fleet_can_be_shown_are_refused(field, given):
    with pytest.raises(InvalidInputError, match=field):
        EnvironmentAgent(Half(), name="a", env_id=ID, **given)


def test_an_agent_of_quarters_refuses_hours():
    agent = EnvironmentAgent(Half(), name="a", env_id=ID, dt_h=0.25)
    with pytest.raises(InvalidInputError, match="dt_h"):
        evaluate(agent, world(dt_h=1.0))
