"""Further parts of an observation, for those who ask for them: `columns` of the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.envs.fields import BUSY, FAR_H, PER_CHARGER
from vpp_gym.observation import Field
from vpp_gym.planning.planner import BuiltInPlanner
from vpp_gym.policies.forecast_net import STEPS_AHEAD
from vpp_gym.simulation.simulation import Simulation

ColumnName = Literal["hour_so_far", "da_steps", "forecast", "margins", "stays"]

COLUMNS: dict[str, tuple[Field, ...]] = {
    "hour_so_far": (
        Field(
            "im_residual_hour_so_far", 1, "EUR/kWh", "price", -800, 800,
            "mean imbalance price minus day-ahead price of the settled steps of this clock "
            "hour; 0 in its first step",
        ),
    ),
    "da_steps": (
        Field(
            "da_steps", STEPS_AHEAD, "EUR/kWh", "spread", -2000, 2000,
            "day-ahead price of this step and the 95 after it, known or expected, less their mean",
        ),
    ),
    "forecast": (
        Field(
            "im_forecast", STEPS_AHEAD, "EUR/kWh", "price", -800, 800,
            "imbalance price that the built-in planner expects in this step and the 95 after it, "
            "minus the day-ahead price",
        ),
    ),
    "margins": (
        Field(
            "planned_load", 1, "kWh", "power", -BUSY, BUSY,
            "net load of the fleet that the built-in planner would choose",
        ),
        Field(
            "charge_margin", 1, "EUR/kWh", "price", -800, 800,
            "expected short price of this step less what a kWh charged is worth to the planner: "
            "mean by what EVs can charge",
        ),
        Field(
            "discharge_margin", 1, "EUR/kWh", "price", -800, 800,
            "expected long price, after the owner's pay, less what a kWh discharged is worth to "
            "the planner: mean by what EVs can discharge",
        ),
    ),
    "stays": (
        Field(
            "elapsed", 1, "h", FAR_H, 0, 1,
            "mean time since the arrival of the EVs, 48 h at most",
        ),
        Field(
            "ev_elapsed", PER_CHARGER, "h", FAR_H, 0, 1,
            "time since the arrival of each EV, 48 h at most",
        ),
    ),
}  # fmt: skip
"""Fields by the name of their group, in the order in which they are appended."""

NEEDS_PLANNER = ("da_steps", "forecast", "margins")
"""Groups that the built-in planner works out."""


def column_fields(chosen: Sequence[str]) -> tuple[Field, ...]:
    """Fields of some groups, in the order of `COLUMNS`."""
    return tuple(field for name, fields in COLUMNS.items() if name in chosen for field in fields)


def column_values(
    chosen: Sequence[str], simulation: Simulation, planner: BuiltInPlanner | None
) -> Floats:
    """(B, size) values of some groups, in their units.

    Args:
        chosen: names of groups.
        simulation: of the runs.
        planner: the built-in one, for the groups that need it.
    """
    parts: list[Floats] = []
    if planner is not None:
        planner.expect(simulation)
    for name in COLUMNS:
        if name not in chosen:
            continue
        if name == "hour_so_far":
            parts.append(_hour_so_far(simulation))
        elif name == "stays":
            parts.append(_elapsed_h(simulation))
        elif planner is not None:
            parts.append(planner.shown(simulation, name))
    return np.concatenate(parts, axis=1)


def _hour_so_far(simulation: Simulation) -> Floats:
    """(B, 1) mean residual of the settled steps of the clock hour."""
    dataset, run = simulation.dataset, simulation.state.run
    per_hour = round(1.0 / simulation.dt_h)
    values = np.zeros((len(run), 1))
    for b in range(len(run)):
        t, last = int(run["position"][b]), int(run["last"][b])
        passed = int(dataset.period[min(t, last)]) % per_hour if t <= last else 0
        since = max(t - passed, int(run["first"][b]))
        if t > since:
            values[b, 0] = dataset.residual_eur_per_kwh[since:t].mean()
    return values


def _elapsed_h(simulation: Simulation) -> Floats:
    """(B, 1 + N) hours since the arrival: mean, and of the EV at each charger."""
    state = simulation.state
    since = (state.run["position"][:, None] - state.ev["arrival"]) * simulation.dt_h
    hours = np.where(state.occupied, np.clip(since, 0.0, FAR_H), 0.0)
    count = np.maximum(state.occupied.sum(axis=1, keepdims=True), 1)
    return np.concatenate([hours.sum(axis=1, keepdims=True) / count, hours], axis=1)
