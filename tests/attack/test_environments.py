"""Environments: observations in their spaces, actions as documented, the same bits however run."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from tests.attack.environments import EV_IDS, IDS, ev_scenarios, random_actions, random_settings
from tests.attack.ev_worlds import one_of, random_params
from tests.attack.sizes import assert_close, seeds
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.simulation import Simulation

ROOT = Path(__file__).parents[2]
BY_STEP = ("VPPDayAhead-v0", "VPPDispatch-v0", "FCEVMicrogrid-v0")
"""Those that do not decide once a day."""
each_id = pytest.mark.parametrize("env_id", IDS)


def vector(env_id: str, num_envs: int, settings: dict[str, Any], **more: Any) -> Any:
    return gym.make_vec(
        env_id, num_envs=num_envs, vectorization_mode="vector_entry_point", **settings, **more
    )


def outside(space: Any, observation: Any) -> str:
    """The first number outside its space, if any."""
    if isinstance(space, gym.spaces.Dict):
        return next(filter(None, (f"{name}: {found}" for name, part in space.spaces.items()
                                  if (found := outside(part, observation[name])))), "")  # fmt: skip
    if observation.dtype != space.dtype or observation.shape != space.shape:
        return f"{observation.dtype} {observation.shape}"
    wrong = ~((observation >= space.low) & (observation <= space.high))
    if not wrong.any():
        return ""
    at = np.argwhere(wrong)[0]
    return f"{observation[tuple(at)]} at {at.tolist()}"


@pytest.mark.parametrize("seed", seeds(9))
@each_id
def test_observations_lie_in_their_space_and_batches_equal_scalars(env_id: str, seed: int) -> None:
    rng = np.random.default_rng([22, seed, IDS.index(env_id)])
    settings = random_settings(rng, env_id)
    size = int(one_of(rng, 1, 3))
    batch = vector(env_id, size, settings)
    singles = [gym.make(env_id, **settings).unwrapped for _ in range(size)]
    shown, _ = batch.reset(seed=seed)
    rows = [env.reset(seed=seed + i)[0] for i, env in enumerate(singles)]
    over = np.zeros(size, dtype=bool)
    for _ in range(30 if env_id in BY_STEP else 8):
        assert not (found := outside(batch.observation_space, shown)), found
        for i, row in enumerate(rows):
            assert bits(row) == bits(one(shown, i))
        actions = random_actions(rng, batch.action_space.shape)
        shown, rewards, *_, info = batch.step(actions)
        for i, env in enumerate(singles):
            if over[i]:
                rows[i], over[i] = env.reset()[0], False
                continue
            rows[i], reward, _, over[i], own = env.step(actions[i])
            assert reward == rewards[i]
            assert np.isfinite(reward)
            assert all(info[name][i] == value for name, value in own.items())
            assert np.isfinite(list(own.values())).all()


def one(observation: Any, i: int) -> Any:
    if isinstance(observation, dict):
        return {name: part[i] for name, part in observation.items()}
    return observation[i]


def bits(observation: Any) -> Any:
    if isinstance(observation, dict):
        return {name: part.tobytes() for name, part in observation.items()}
    return observation.tobytes()


@pytest.mark.parametrize("seed", seeds(20))
def test_actions_mean_what_the_docs_say(seed: int) -> None:
    """VPPDayAhead-v0 against a simulation that is driven by a decoding of its own."""
    rng = np.random.default_rng([23, seed])
    dt_h, params = float(one_of(rng, 1.0, 0.25)), random_params(rng)
    scenario = ev_scenarios(rng, dt_h, 1)[0]
    control = one_of(rng, "fleet", "per_ev")
    bids, scale = one_of(rng, "schedule", "period", "expected_load"), float(rng.random())
    reward_kind = one_of(rng, "profit", "spread")
    settings = {"control": control, "bids": bids, "bid_scale": scale, "reward": reward_kind}
    n = 4
    batch = vector("VPPDayAhead-v0", n, {"scenario": scenario, "params": params, **settings},
                   episode_days=None)  # fmt: skip
    batch.reset(seed=seed)
    gate = round(params.market.gate_closure_h / dt_h)
    first = int(np.flatnonzero(scenario.period == gate)[0])
    sim = Simulation(scenario, params, n_envs=n)
    sim.reset(start_step=first)
    periods, pending = sim.periods, np.zeros((n, sim.slots))
    for t in range(first, min(first + 60, scenario.n_steps)):
        actions = random_actions(rng, batch.action_space.shape).astype(np.float64)
        loads = decoded(sim, actions, control)
        entries = actions[:, sim.n_chargers if control == "per_ev" else 1 :]
        least, most = (sim.on_slots(limit).copy() for limit in sim.bids_allowed_kwh)
        if bids == "schedule":
            pending[:] = entries
        elif bids == "period":
            pending[:, (int(scenario.period[t]) - gate - 1) % periods] = entries[:, 0]
        expected = sim.on_slots(sim.state.expected_load_kwh).copy()
        bid = sim.on_slots(pending[:, :periods]) if bids == "period" else pending
        schedule = np.clip(bid * scale * (most - least) - expected, least, most)
        record = sim.advance(loads, schedule)
        _, rewards, _, _, info = batch.step(actions.astype(np.float32))
        mine = {name: record[:, k] for k, name in enumerate(TERMS)}
        for name, values in mine.items():
            assert_close(f"{name} at {t}", info[name], values)
        if reward_kind == "profit":
            assert_close("reward", rewards, sum(mine[name] for name in MONEY))


def decoded(sim: Simulation, actions: np.ndarray, control: str) -> np.ndarray:
    """-1 discharges, 0 idles and 1 charges all that is possible, straight between them."""
    lo, hi = sim.lo_kwh.copy(), sim.hi_kwh.copy()
    idle = np.clip(0.0, lo, hi)
    if control == "fleet":
        lo, hi, idle = (part.sum(1, keepdims=True) for part in (lo, hi, idle))
        actions = actions[:, :1]
    else:
        actions = actions[:, : lo.shape[1]]
    up, down = np.maximum(actions, 0.0), np.maximum(-actions, 0.0)
    wanted = np.clip(idle + up * (hi - idle) + down * (lo - idle), lo, hi)
    return wanted if control == "per_ev" else sim.hand_out(wanted[:, 0].copy())


def play(env: Any, rng: np.random.Generator, steps: int) -> list[Any]:
    """What is shown and rewarded, with a new episode after each end."""
    seen = []
    for _ in range(steps):
        shown, reward, _, over, info = env.step(random_actions(rng, env.action_space.shape))
        seen.append((bits(shown), reward, info))
        if over:
            seen.append(bits(env.reset()[0]))
    return seen


@pytest.mark.parametrize("seed", seeds(3))
@each_id
def test_copies_in_mid_episode_go_on_alike(env_id: str, seed: int) -> None:
    rng = np.random.default_rng([24, seed, IDS.index(env_id)])
    env = gym.make(env_id, **random_settings(rng, env_id)).unwrapped
    env.reset(seed=seed)
    play(env, rng, 5 if env_id in BY_STEP else 0)
    copies = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    steps = 12 if env_id in BY_STEP else 4
    went_on = play(env, np.random.default_rng(seed), steps)
    for other in copies:
        assert play(other, np.random.default_rng(seed), steps) == went_on
    env.reset(seed=seed)
    again = play(env, np.random.default_rng(seed), steps)
    env.reset(seed=seed + 1)
    play(env, np.random.default_rng(seed + 1), 3)
    env.reset(seed=seed)
    assert play(env, np.random.default_rng(seed), steps) == again


@pytest.mark.parametrize("seed", seeds(2))
@pytest.mark.parametrize("env_id", ["VPPDayAhead-v0", "VPPDispatch-v0"])
def test_threads_change_nothing(env_id: str, seed: int) -> None:
    rng = np.random.default_rng([25, seed])
    settings = random_settings(rng, env_id)
    batches = [vector(env_id, 7, settings, threads=threads) for threads in (1, 3, 16)]
    shown = [bits(batch.reset(seed=seed)[0]) for batch in batches]
    assert shown[0] == shown[1] == shown[2]
    for _ in range(30):
        actions = random_actions(rng, batches[0].action_space.shape)
        steps = [batch.step(actions) for batch in batches]
        assert bits(steps[0][0]) == bits(steps[1][0]) == bits(steps[2][0])
        assert steps[0][1].tobytes() == steps[1][1].tobytes() == steps[2][1].tobytes()


def digests(steps: int) -> dict[str, str]:
    """Of a run of every environment; what other processes are compared with."""
    import hashlib

    found = {}
    for k, env_id in enumerate(IDS):
        rng = np.random.default_rng([26, k])
        env = gym.make(env_id, **random_settings(rng, env_id)).unwrapped
        env.reset(seed=k)
        seen = play(env, rng, steps if env_id in EV_IDS[:1] else max(1, steps // 4))
        found[env_id] = hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
    return found


ELSEWHERE = """
import json
from tests.attack.test_environments import digests
print(json.dumps(digests({})))
"""
STEPS = 24


def elsewhere(**environment: str) -> dict[str, str]:
    command = [sys.executable, "-c", ELSEWHERE.format(STEPS)]
    env = {**os.environ, **environment}
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=570
    )
    result: dict[str, str] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "NUMBA_DISABLE_JIT": "1"}],
    ids=["another process", "without compiled kernels"],
)
def test_other_processes_see_the_same_bits(environment: dict[str, str]) -> None:
    assert elsewhere(**environment) == digests(STEPS)
