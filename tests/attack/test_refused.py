"""What is refused changes nothing; what is done twice counts once."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from tests.attack.environments import IDS, ev_scenarios, random_actions, random_settings
from tests.attack.ev_worlds import random_params
from tests.attack.sizes import seeds
from tests.attack.test_environments import BY_STEP, bits, play
from vpp_gym.errors import InvalidInputError
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

each_id = pytest.mark.parametrize("env_id", IDS)
REFUSALS = (InvalidInputError, gym.error.Error, TypeError)


def fresh(env_id: str, seed: int) -> tuple[Any, np.random.Generator]:
    rng = np.random.default_rng([27, seed, IDS.index(env_id)])
    return gym.make(env_id, **random_settings(rng, env_id)).unwrapped, rng


def state_of(env: Any) -> str:
    """Of everything that an environment keeps, its generator included."""
    return hashlib.sha256(pickle.dumps(env)).hexdigest()


def odd_actions(shape: tuple[int, ...]) -> list[Any]:
    good = np.zeros(shape, dtype=np.float32)
    wrong = []
    for value in (np.nan, np.inf, -np.inf, 1.1, -1e300, 2.0):
        wrong.append(good.astype(np.float64))
        wrong[-1].flat[-1] = value
    masked = np.ma.masked_array(good, mask=np.ones(shape, dtype=bool))
    return [
        *wrong, masked, None, "0", [], [[]], {}, object(), good[None], np.zeros(shape[0] + 1),
        good.astype(complex), good.astype(str), good.astype(object), good.astype("timedelta64[h]"),
        np.zeros(shape, dtype=bool), [None] * shape[0], np.zeros((0, *shape)), 1e400, ...,
    ]  # fmt: skip


@pytest.mark.parametrize("seed", seeds(1))
@each_id
def test_a_refused_action_changes_nothing(env_id: str, seed: int) -> None:
    env, rng = fresh(env_id, seed)
    env.reset(seed=seed)
    play(env, rng, 3 if env_id in BY_STEP else 0)
    before = state_of(env)
    for action in odd_actions(env.action_space.shape):
        with pytest.raises(REFUSALS):
            env.step(action)
        assert state_of(env) == before, action


@pytest.mark.parametrize("seed", seeds(1))
@each_id
def test_a_refused_reset_uses_up_no_draw(env_id: str, seed: int) -> None:
    env, rng = fresh(env_id, seed)
    env.reset(seed=seed)
    play(env, rng, 3 if env_id in BY_STEP else 1)
    twin = pickle.loads(pickle.dumps(env))
    odd: list[dict[str, Any]] = [
        {"options": {"scenario": 99}}, {"options": {"start_day": 10_000}},
        {"options": {"episode_days": 10_000}}, {"options": {"episode_days": 0}},
        {"options": {"unknown": 1}}, {"options": 5}, {"seed": -1}, {"seed": 1.5}, {"seed": "1"},
        {"options": {"scenario": 1.5}}, {"options": {"start_day": None}},
        {"options": {"episode_days": np.nan}}, {"options": {"scenario": True}},
    ]  # fmt: skip
    for arguments in odd:
        with pytest.raises(REFUSALS):
            env.reset(**arguments)
    ours, theirs = (bits(one.reset()[0]) for one in (env, twin))
    assert ours == theirs
    steps = 4 if env_id in BY_STEP else 1
    assert play(env, np.random.default_rng(1), steps) == play(twin, np.random.default_rng(1), steps)


@pytest.mark.parametrize("seed", seeds(2))
@each_id
def test_reset_twice_is_reset_once(env_id: str, seed: int) -> None:
    env, rng = fresh(env_id, seed)
    steps = 10 if env_id in BY_STEP else 2
    options = {"start_day": 0, "scenario": 0}
    env.reset(seed=seed, options=options)
    once = play(env, np.random.default_rng(seed), steps)
    env.reset(seed=seed, options=options)
    play(env, rng, 1)
    for _ in range(3):
        env.reset(seed=seed, options=options)
    assert play(env, np.random.default_rng(seed), steps) == once


@each_id
def test_no_step_before_the_first_reset_nor_after_the_end(env_id: str) -> None:
    env, rng = fresh(env_id, 0)
    action = random_actions(rng, env.action_space.shape)
    before = state_of(env)
    with pytest.raises(REFUSALS):
        env.step(action)
    assert state_of(env) == before
    env.reset(seed=0)
    over, steps = False, 0
    while not over:
        *_, over, _ = env.step(action)
        steps += 1
        assert steps < 200
    before = state_of(env)
    with pytest.raises(REFUSALS):
        env.step(action)
    assert state_of(env) == before


def state_bits(sim: Simulation) -> bytes:
    return b"".join(part.tobytes() for part in sim.state) + sim._placed.tobytes()


@pytest.mark.parametrize("seed", seeds(4))
def test_what_the_simulator_refuses_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng([28, seed])
    params = random_params(rng)
    sim = Simulation(ev_scenarios(rng, 1.0), params, n_envs=3)
    shape, gate = (3, sim.n_chargers), params.market.gate_closure_h
    sim.reset()
    while not sim.is_gate.all():
        sim.advance(sim.hi_kwh.copy())
    assert gate == sim.scenarios[0].period[sim.state.run["position"][0]]
    good, (least, most) = sim.hi_kwh.copy(), sim.bids_allowed_kwh
    wrong: list[Callable[[], Any]] = [
        lambda: sim.advance(sim.hi_kwh + 1.0),
        lambda: sim.advance(sim.lo_kwh - 1.0),
        lambda: sim.advance(np.full(shape, np.nan)),
        lambda: sim.advance(np.zeros((3, sim.n_chargers + 1))),
        lambda: sim.advance(good, most + 1.0),
        lambda: sim.advance(good, least - 1.0),
        lambda: sim.advance(good, np.full_like(most, np.inf)),
        lambda: sim.advance(good, most[:, 1:]),
        lambda: sim.step([Decisions(fleet_kwh=1e9)] * 3),
        lambda: sim.step([Decisions(fleet_kwh=np.nan)] * 3),
        lambda: sim.step([Decisions(fleet_kwh=0.0, net_load_kwh=good[0])] * 3),
        lambda: sim.step([Decisions()] * 3),
        lambda: sim.step([Decisions(fleet_kwh=float(good[0].sum()))] * 2),
        lambda: sim.step("idle"),  # type: ignore[arg-type]
        lambda: sim.reset(99),
        lambda: sim.reset(0, 5, 5),
        lambda: sim.reset(0, -1),
        lambda: sim.reset(0, 0, 10**9),
        lambda: sim.reset(0, 0, runs=[0, 0]),
        lambda: sim.reset(0, 0, runs=[7]),
        lambda: sim.reset(0.5),
        lambda: sim.post_offers(np.zeros(3)),  # type: ignore[arg-type]
        lambda: sim.snapshot(99),
    ]
    before = state_bits(sim)
    for attempt in wrong:
        with pytest.raises((InvalidInputError, IndexError)):
            attempt()
        assert state_bits(sim) == before


@pytest.mark.parametrize("seed", seeds(4))
def test_a_simulator_that_is_reset_again_begins_anew(seed: int) -> None:
    """Also what the arrivals of the first step booked counts once."""
    rng = np.random.default_rng([29, seed])
    params, scenarios = random_params(rng), ev_scenarios(rng, 1.0)
    used, new = (Simulation(scenarios, params, n_envs=2) for _ in range(2))
    start = int(scenarios[0].sessions.arrival_step[0])
    used.reset(0, start)
    for _ in range(5):
        used.advance(used.lo_kwh.copy())
    for _ in range(3):
        used.reset(0, start)
    new.reset(0, start)
    for _ in range(10):
        ours, theirs = (sim.advance(sim.hi_kwh.copy()) for sim in (used, new))
        assert ours.tobytes() == theirs.tobytes()
