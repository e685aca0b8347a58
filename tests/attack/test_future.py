"""Nobody knows the future: alter all of it, and nothing before changes by a bit.

Policies are found in the registries of the worlds: one that is added is tried, too.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.attack.ev_worlds import random_sessions
from tests.attack.futures import another_ev, another_grid, another_park
from tests.attack.grid_books import random_grid_scenario
from tests.attack.park_books import random_park_scenario
from tests.attack.sizes import seeds
from vpp_gym.evaluation.rollout import runner_for
from vpp_gym.evaluation.worlds import WORLDS, baseline, baseline_names, world_named
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.scenario import forecast
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.policies.baselines import PLAIN_WORLD_NAMES
from vpp_gym.policies.baselines import baseline as ev_baseline
from vpp_gym.scenarios.scenario import Scenario

EV_STEPS = {1.0: 40, 0.25: 80}


def bits(value: Any) -> bytes:
    """Everything in it, to the last bit."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}".encode() + value.tobytes()
    if isinstance(value, dict):
        return b"".join(name.encode() + bits(part) for name, part in sorted(value.items()))
    if dataclasses.is_dataclass(value):
        return bits({one.name: getattr(value, one.name) for one in dataclasses.fields(value)})
    if isinstance(value, list | tuple):
        return b"".join(map(bits, value))
    return repr(value).encode()


def trace(
    policy: Any, scenario: Any, rules: Any, end: int, until: int
) -> list[tuple[int, str, str]]:
    """Step, digest of what is shown, and of what is decided, up to a step of the scenario."""
    runner = runner_for(policy, scenario, rules, 0, end)
    steps = np.arange(end - len(runner.day), end)
    seen, state, t = [], None, 0
    while t < len(steps) and steps[t] <= until:
        shown = runner.observe()
        decision, state = policy.predict(shown, state, np.array([t == 0]), True)
        digests = [hashlib.sha256(bits(one)).hexdigest()[:16] for one in (shown, decision)]
        seen.append((int(steps[t]), *digests))
        t += len(runner.act(decision))
    return seen


def ev_world(seed: int) -> tuple[Scenario, dict[str, Any], int]:
    """Half of them in quarters of an hour, some with the clock change, all with odd drivers."""
    rng = np.random.default_rng([17, seed])
    dt_h = 0.25 if seed % 4 == 3 else 1.0
    n = round(72 / dt_h)
    da, one, other = rng.normal(0.05, 0.03, (3, n))
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=da,
        im_short_eur_per_kwh=np.maximum(one, other),
        im_long_eur_per_kwh=np.minimum(one, other),
        sessions=random_sessions(rng, 40, n, round(1 / dt_h)),
        dt_h=dt_h,
        start="2019-03-30",
        timezone="Europe/Amsterdam" if seed % 2 else None,
        name="attack",
    )
    changes = {
        "site": {"n_chargers": 6},
        "market": {"imbalance_lag_steps": seed % 2},
        "guarantee": bool(seed % 3),
        "owner": {"participation_memory": 3},
    }
    return scenario, changes, EV_STEPS[dt_h]


def ev(seed: int, policy: Any, plain: bool = False) -> tuple[Any, Any, int, Callable[..., Any]]:
    scenario, changes, end = ev_world(seed)
    changes = {"preset": "plain", **changes} if plain else changes
    return scenario, world_named("ev").rules(policy, changes), end, another_ev


def car_park(seed: int, policy: Any) -> tuple[Any, Any, int, Callable[..., Any]]:
    rng = np.random.default_rng([18, seed])
    rules = CarParkParams(n_cars=60)
    scenario = random_park_scenario(rng, rules)
    usual = rng.random(scenario.drivers.usual.shape)
    drivers = dataclasses.replace(scenario.drivers, usual=usual)
    scenario = dataclasses.replace(scenario, drivers=drivers)
    return scenario, rules, 24 * scenario.n_days, another_park


def microgrid(seed: int, policy: Any) -> tuple[Any, Any, int, Callable[..., Any]]:
    rng = np.random.default_rng([19, seed])
    rules = MicrogridParams().changed({"n_cars": 8, "electrolyser": {"store_kg": 40.0}})
    scenario = random_grid_scenario(rng, rules)
    return scenario, rules, 24 * min(scenario.n_days, 3), another_grid


WORLDS_MADE = {"ev": ev, "car_park": car_park, "microgrid": microgrid}
OPEN = [(world, name) for world in WORLDS for name in baseline_names(world)
        if not baseline(world, name).privileged]  # fmt: skip
PLAIN_ONLY = [name for name in PLAIN_WORLD_NAMES if name not in baseline_names("ev")]


def test_every_world_is_attacked() -> None:
    assert set(WORLDS_MADE) == set(WORLDS)


def assert_blind(make: Callable[[], Any], made: tuple[Any, Any, int, Any], seed: int) -> None:
    """Decisions and snapshots of two futures are alike up to the step at which they part."""
    scenario, rules, end, another = made
    first = trace(make(), scenario, rules, end, end)
    steps = [step for step, *_ in first]
    drawn = np.random.default_rng([20, seed]).integers(len(steps) // 4, len(steps) - 1)
    for now in {steps[int(drawn)], *(step for step in eves(scenario, rules) if step in steps)}:
        twin = another(scenario, rules, now, seed)
        assert bits(twin) != bits(scenario)
        second = trace(make(), twin, rules, end, now)
        assert second[-1][0] == now
        for mine, theirs in zip(first, second, strict=False):
            assert mine == theirs, f"at step {mine[0]} of {now}: {mine} and {theirs}"


def eves(scenario: Any, rules: Any) -> list[int]:
    """Last steps before tomorrow's prices are known, where most is to be gained."""
    if isinstance(scenario, Scenario):
        return [round(rules.market.gate_closure_h / scenario.dt_h)]
    return [11] if hasattr(scenario, "wind_kwh") else []


@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize(("world", "name"), OPEN, ids=["-".join(one) for one in OPEN])
def test_no_policy_knows_the_future(world: str, name: str, seed: int) -> None:
    seed = seed + 7 * OPEN.index((world, name))
    made = WORLDS_MADE[world](seed, baseline(world, name))
    assert_blind(lambda: baseline(world, name), made, seed)


@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("name", PLAIN_ONLY)
def test_no_policy_of_the_plain_world_knows_the_future(name: str, seed: int) -> None:
    policy = ev_baseline(name)
    if policy.privileged:
        pytest.skip("it is shown the future")
    assert_blind(lambda: ev_baseline(name), ev(4 * seed + 1, policy, plain=True), seed)


def test_the_altered_future_is_seen_by_those_who_are_shown_it() -> None:
    """Else the attack would prove nothing."""
    policy = baseline("ev", "hindsight")
    scenario, rules, end, another = ev(0, policy)
    answers = []
    for one in (scenario, another(scenario, rules, 20, 0)):
        policy.reveal(one, rules, 0, end)
        answers.append(trace(policy, one, rules, end, 20))
    assert answers[0] != answers[1]


@pytest.mark.parametrize("seed", seeds(3))
def test_a_forecast_made_of_past_prices_knows_no_later_ones(seed: int) -> None:
    rng = np.random.default_rng([21, seed])
    rules = CarParkParams().changed({"price_year": {"forecast": "history"}}).price_year
    price = rng.normal(0.05, 0.03, 24 * 20)
    day = int(rng.integers(2, 19))
    other = np.where(np.arange(len(price)) < 24 * day, price, rng.normal(0.05, 0.3, len(price)))
    one, two = (forecast(p, rules, np.random.default_rng(0)) for p in (price, other))
    np.testing.assert_array_equal(one[: 24 * (day + 1)], two[: 24 * (day + 1)])
    assert not np.array_equal(one, two)
