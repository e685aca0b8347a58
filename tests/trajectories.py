"""Fixed runs of the three worlds, and what is left of them to compare.

    python -m tests.trajectories > tests/trajectories.csv

Two forms. The digest is of every bit of every step's terms: the same machine gives the same
digest, whether the kernels are compiled or run as plain Python. The sums are for other machines
and stand in `trajectories.csv`: processors and versions of NumPy round logarithms and the like
of synthetic worlds differently in the last place, so they are compared to nine digits. Of each
term there is the sum over the steps, and the sum weighted by the step, which tells when.
Observations are left out, whose sines may differ too.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pandas as pd

from vpp_gym.evaluation import evaluate
from vpp_gym.planning.planner import BuiltInPlanner
from vpp_gym.policies.baselines import baseline
from vpp_gym.policies.forecast_net import STEPS_AHEAD
from vpp_gym.scenarios.synthetic import SyntheticSource

REFERENCE = Path(__file__).with_suffix(".csv")

Terms = dict[str, np.ndarray]
"""(steps,) values of each term."""


Actions = Callable[[gym.Env, np.ndarray], np.ndarray]
"""The action that numbers of -1 to 1 stand for in the present step."""


Beliefs = Callable[[gym.Env], dict[str, float]]
"""What the built-in planner of an environment believes in the present step."""


def run(
    env_id: str,
    steps: int,
    *,
    seed: int = 1,
    act: Actions | None = None,
    beliefs: Beliefs | None = None,
    **settings: Any,
) -> Terms:
    """The terms of a run under random actions, and what its planner believes."""
    env = gym.make(env_id, **settings)
    env.reset(seed=seed)
    rng = np.random.default_rng(seed)
    infos = []
    for _ in range(steps):
        numbers = rng.uniform(-1, 1, env.action_space.shape).astype(np.float32)
        *_, ends, cut, info = env.step(numbers if act is None else act(env, numbers))
        infos.append(info if beliefs is None else info | beliefs(env))
        if ends or cut:
            env.reset()
    return {name: np.array([info[name] for info in infos]) for name in infos[0]}


def spread_out(env: gym.Env, numbers: np.ndarray) -> np.ndarray:
    """Dispatch anywhere between the least and the largest load, whether or not that is idle."""
    simulation, numbers = env.unwrapped.core.simulation, numbers.astype(np.float64)
    if env.unwrapped.core.settings.control == "fleet":
        fleet = simulation.state.run[:1]
        lo, hi = fleet["fleet_lo_kwh"], fleet["fleet_hi_kwh"]
        idle = fleet["fleet_idle_kwh"]
    else:
        lo, hi = simulation.lo_kwh[0], simulation.hi_kwh[0]
        idle = np.clip(0.0, lo, hi)
    load = lo + (numbers[: len(lo)] + 1.0) / 2.0 * (hi - lo)
    end = np.where(load > idle, hi, lo)
    share = np.divide(load - idle, np.abs(end - idle), out=np.zeros(len(lo)), where=end != idle)
    numbers[: len(lo)] = np.clip(share, -1.0, 1.0)
    return numbers


def short_years(days: int, dt_h: float = 0.25) -> SyntheticSource:
    """Years cut after some days: to draw 365 of them as plain Python takes longer than to play."""
    return SyntheticSource("train", 3, dt_h=dt_h, days=days)


PLAIN = {"bids": "schedule", "bid_scale": 0.05, "act": spread_out}
"""Settings of runs in the plain world: a bid of 1 sells a twentieth of the range of bids."""


def reference_world() -> Terms:
    """The default world in quarters of an hour, over two episodes of two days."""
    return run("VPPDayAhead-v0", 288, scenario=short_years(12), episode_days=2)


def few_connected() -> Terms:
    """About 7 of 25 chargers taken, over two episodes of a week."""
    return run("VPPDayAhead-v0", 240, scenario=short_years(28, 1.0), params="plain", **PLAIN)


def each_charger() -> Terms:
    """Every charger decided on its own, with every kind of contract on offer."""
    families = ("fixed_term", "price_based", "volume_based", "control_based")
    changes = {
        "preset": "plain",
        "site": {"n_chargers": 20},
        "contract": {"families": families, "term_h": 3},
        "owner": {"early_departure_prob": 0.2, "participation_memory": 5},
    }
    own = {"control": "per_ev", "episode_days": None, "scenario": short_years(14, 1.0)}
    return run("VPPDayAhead-v0", 120, params=changes, **own, **PLAIN)


def large_fleet() -> Terms:
    """A fleet of 300 chargers, most of them taken, in quarters of an hour."""
    source = SyntheticSource("test", n_scenarios=1, sessions_per_day=700, days=8, dt_h=0.25)
    own = {"site": {"n_chargers": 300}, "disaggregation": "earliest_departure"}
    return run("VPPDayAhead-v0", 96, scenario=source, params={"preset": "plain", **own}, **PLAIN)


def car_park_hours() -> Terms:
    """A car park of fuel-cell cars, orders by the hour."""
    return run("FCEVCarPark-v0", 20, seed=3)


def car_park_shapes() -> Terms:
    """The same, orders by their shape."""
    return run("FCEVCarPark-v0", 20, seed=3, control="shape")


def microgrid() -> Terms:
    """A microgrid with fuel-cell cars, whose contracts the actions change."""
    return run("FCEVMicrogrid-v0", 120, seed=3, volumes=True, rewards=True)


MARGINS = ("planned_kwh", "charge_margin", "discharge_margin")


def believed_prices(planner: BuiltInPlanner) -> dict[str, float]:
    """What it expects of the next day, and what the network sees."""
    paths = planner.paths
    parts = {name: getattr(paths, name)[0, :STEPS_AHEAD] for name in ("da", "short", "long")}
    return {name: float(part.sum()) for name, part in (parts | {"seen": paths.inputs[0]}).items()}


def single_stays() -> Terms:
    """Cars that come and leave one by one, in several years, with the forecast shown."""

    def beliefs(env: gym.Env) -> dict[str, float]:
        return believed_prices(env.unwrapped.core._forecast)

    return run("VPPStay-v0", 300, scenario=short_years(14), beliefs=beliefs)


def corrected_prices() -> Terms:
    """Corrections of a planner's prices in several years, and what they earn beyond it."""

    def beliefs(env: gym.Env) -> dict[str, float]:
        planner, simulation = env.unwrapped.core._planner, env.unwrapped.core.simulation
        margins = dict(zip(MARGINS, planner.shown(simulation, "margins")[0].tolist(), strict=True))
        return believed_prices(planner) | margins | {"gain": float(planner.twin.gain_eur[0])}

    own = {"control": "price", "reward": "planner_gain", "planner": "learned_mpc"}
    source = SyntheticSource("validation", 3, days=5)
    return run("VPPDispatch-v0", 192, scenario=source, beliefs=beliefs, episode_days=1, **own)


RUNS: dict[str, Callable[[], Terms]] = {
    made.__name__: made
    for made in (
        reference_world,
        few_connected,
        each_charger,
        large_fleet,
        single_stays,
        corrected_prices,
        car_park_hours,
        car_park_shapes,
        microgrid,
    )
}
"""Runs whose sums are kept."""


def planned(policy: str) -> Terms:
    """Two days of a planner: what it plans may depend on the solver, so no sums are kept."""
    scenario = SyntheticSource("test", days=2).scenario(0)
    days = evaluate(baseline(policy), scenario).days
    return {name: days[name].to_numpy() for name in ("profit_eur", "charge_kwh", "discharge_kwh")}


PLANNERS = ("rolling_mpc_3h", "hazard_mpc_tariff", "stochastic_mpc", "hindsight")


@cache
def terms(name: str) -> Terms:
    """Of a run or a planner; made once in a process."""
    return RUNS[name]() if name in RUNS else planned(name)


def digest(terms: Terms) -> str:
    """Of every bit."""
    content = hashlib.sha256()
    for name in sorted(terms):
        content.update(name.encode() + np.ascontiguousarray(terms[name], np.float64).tobytes())
    return content.hexdigest()[:16]


def digests() -> dict[str, str]:
    """Digest of every run."""
    return {name: digest(terms(name)) for name in (*RUNS, *PLANNERS)}


def sums() -> pd.DataFrame:
    """Of every run and term the sum, and the sum weighted by the number of the step."""
    rows = [
        (name, term, values.sum(), values @ np.arange(1.0, len(values) + 1.0))
        for name in RUNS
        for term, values in sorted(terms(name).items())
    ]
    return pd.DataFrame(rows, columns=["run", "term", "sum", "weighted"])


def reference() -> pd.DataFrame:
    """The sums that are kept."""
    return pd.read_csv(REFERENCE)


def main() -> None:
    """Print the sums to be kept, or with `--digests` the digests."""
    digested = "--digests" in sys.argv
    sys.stdout.write(json.dumps(digests()) if digested else sums().to_csv(index=False))


if __name__ == "__main__":
    main()
