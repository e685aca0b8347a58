"""Environments of every id in small random worlds."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

import vpp_gym
from tests.attack.ev_worlds import one_of, random_params, random_prices, random_sessions, somewhere
from tests.attack.grid_books import random_grid_params, random_grid_scenario
from tests.attack.park_books import random_park_params, random_park_scenario
from vpp_gym.scenarios.scenario import Scenario

IDS = tuple(
    name
    for name in gym.registry
    if name.startswith(("VPP", "FCEV")) and name != "VPPStay-v0"  # it has no days
)
assert vpp_gym.__version__
EV_IDS = tuple(name for name in IDS if name.startswith("VPP"))
FORMS = ("flat", "dict")


def ev_scenarios(rng: np.random.Generator, dt_h: float, count: int = 2) -> list[Scenario]:
    """Days enough for an episode, from gate to gate."""
    per_h, made = round(1 / dt_h), []
    for _ in range(count):
        n = 24 * int(rng.integers(4, 6)) * per_h
        made.append(
            Scenario.from_arrays(
                **random_prices(rng, n),
                sessions=random_sessions(rng, int(one_of(rng, 10, 60)), n, per_h),
                dt_h=dt_h,
                start="2019-06-03",
                timezone=one_of(rng, None, "Europe/Amsterdam"),
            )
        )
    return made


def ev_settings(rng: np.random.Generator, env_id: str) -> dict[str, Any]:
    control = one_of(rng, "fleet", "per_ev", "price")
    reward = one_of(rng, "spread", "profit")
    if env_id in ("VPPDayAhead-v0", "VPPDispatch-v0") and rng.random() < 0.3:
        reward = "planner_gain"
    quick = one_of(rng, "charge_on_arrival", "charge_at_deadline", "price_threshold")
    bidder = one_of(rng, "expected_load", "zero", "wait_and_see")
    scale = somewhere(rng, 0, 1, 0.0, 0.1, 1.0)
    return {
        "VPPDayAhead-v0": {
            "control": control,
            "bids": one_of(rng, "schedule", "period", "expected_load"),
            "bid_scale": scale,
        },
        "VPPDispatch-v0": {"control": control, "bidder": bidder},
        "VPPBidding-v0": {"scheduler": quick, "bid_scale": scale},
        "VPPContracts-v0": {"scheduler": quick, "bidder": bidder},
    }[env_id] | {"reward": reward}


def random_settings(rng: np.random.Generator, env_id: str) -> dict[str, Any]:
    """Arguments of `gym.make`: world, rules and what is decided and shown."""
    shared: dict[str, Any] = {"observation": one_of(rng, *FORMS), "episode_days": 1}
    if env_id in EV_IDS:
        dt_h, params = float(one_of(rng, 1.0, 0.25)), random_params(rng)
        if env_id == "VPPContracts-v0" and not params.contract.families:
            params = params.replace(contract={"families": ("control_based",)})
        scenario: Any = ev_scenarios(rng, dt_h)
        return {"scenario": scenario, "params": params, **shared, **ev_settings(rng, env_id)}
    if env_id == "FCEVMicrogrid-v0":
        grid = random_grid_params(rng)
        flags = {name: bool(rng.random() < 0.5) for name in ("volumes", "rewards", "drawn_stock")}
        return {"scenario": random_grid_scenario(rng, grid), "params": grid, **shared, **flags}
    park = random_park_params(rng)
    control = one_of(rng, "hourly", "shape")
    price = "mean_min_price" if control == "shape" else one_of(rng, "mean_min_price", "action")
    own = {"control": control, "offer_price": price}
    return {"scenario": random_park_scenario(rng, park), "params": park, **shared, **own}


def random_actions(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Often at the ends and in the middle."""
    ends = rng.choice([-1.0, 0.0, 1.0], shape)
    return np.where(rng.random(shape) < 0.5, ends, rng.uniform(-1, 1, shape)).astype(np.float32)
