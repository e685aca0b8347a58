"""The columns of an observation that the clock and the market make: the same for every run.

They are worked out once for each step that a run will come to, and then copied.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints, Observations
from vpp_gym.envs.fields import HOURS_AHEAD, HOURS_PAST, STEPS_PAST
from vpp_gym.kernels import BoundCalls, njit
from vpp_gym.planning.per_dataset import PerDataset
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.simulation.state import Rules, State

MARKET_COLUMNS = 6 + HOURS_AHEAD + 1 + STEPS_PAST + HOURS_PAST + 3
"""Columns from the first on that depend on the step only."""
RESIDUAL_NOW = MARKET_COLUMNS - 2
"""The one of them that is 0 in a run that has ended: the price of the present step."""


class MarketTable(NamedTuple):
    """Scaled columns by position of the dataset; rows that were not made are zeros."""

    made: Bools  # (T,); empty: there is no table
    shown: Observations  # (T, MARKET_COLUMNS)


NO_TABLE = MarketTable(np.zeros(0, np.bool_), np.zeros((0, MARKET_COLUMNS), np.float32))
"""All rows are worked out when they are shown."""


@njit(internal=True)
def write_market(
    t: int,
    first: int,
    last: int,
    end: int,
    dataset: Dataset,
    rules: Rules,
    lag_steps: int,
    row: Floats,
) -> None:
    """Fill the columns at a position.

    Args:
        t: position, at most one behind the last.
        first: position of the scenario's first step.
        last: position of its last step.
        end: position at which the run ends.
        dataset: the scenarios.
        rules: parameters.
        lag_steps: by which imbalance prices are published late.
        row: (>= MARKET_COLUMNS,) result, without scales.
    """
    now = min(t, last)
    step = dataset.steps[now]
    hour = round(1.0 / rules.dt_h)
    turn = 2.0 * math.pi * dataset.period[now] * rules.dt_h / 24.0
    week = 2.0 * math.pi * step.weekday / 7.0
    row[0], row[1] = math.sin(turn), math.cos(turn)
    row[2] = (dataset.period[now] % hour) / hour
    row[3], row[4] = math.sin(week), math.cos(week)
    known, seen = t, t
    if t <= last:
        known = step.tomorrow_end if dataset.period[now] > rules.gate_period else step.today_end
        seen = step.tomorrow_end
    level, shown_hours = 0.0, 0
    at = t
    for column in range(6, 6 + HOURS_AHEAD):
        row[column] = 0.0
        if at < seen:
            price = (
                dataset.da_eur_per_kwh[at] if at < known else dataset.da_forecast_eur_per_kwh[at]
            )
            row[column] = price
            level += price
            shown_hours += 1
        at += hour
    level = level / shown_hours if shown_hours > 0 else 0.0
    row[5] = level
    for column in range(6, 6 + shown_hours):
        row[column] -= level
    column = 6 + HOURS_AHEAD
    row[column] = (known - t) * rules.dt_h
    _write_past(t, first, hour, dataset, row, column + 1)
    row[RESIDUAL_NOW - 1] = step.residual_day_eur_per_kwh if t <= last else 0.0
    row[RESIDUAL_NOW] = dataset.residual_eur_per_kwh[t] if lag_steps == 0 and t < end else 0.0
    row[RESIDUAL_NOW + 1] = 0.0
    if t > first:
        settled = dataset.steps[t - 1]
        row[RESIDUAL_NOW + 1] = settled.short_eur_per_kwh - settled.long_eur_per_kwh


@njit(internal=True)
def _write_past(t: int, first: int, hour: int, dataset: Dataset, row: Floats, column: int) -> None:
    """Residuals of the steps before, and their means over the hours before."""
    for k in range(STEPS_PAST):
        past = t - 1 - k
        row[column + k] = dataset.residual_eur_per_kwh[past] if past >= first else 0.0
    for h in range(HOURS_PAST):
        mean, n = 0.0, 0
        for past in range(t - (h + 1) * hour, t - h * hour):
            if past >= first:
                mean += dataset.residual_eur_per_kwh[past]
                n += 1
        row[column + STEPS_PAST + h] = mean / n if n > 0 else 0.0


@njit
def make_rows(
    dataset: Dataset,
    rules: Rules,
    state: State,
    lag_steps: int,
    per_scale: Floats,
    row: Floats,
    table: MarketTable,
    runs: Ints,
) -> None:
    """Make what the steps of some runs will show, where it was not made before."""
    for k in range(len(runs)):
        run = state.run[runs[k]]
        for t in range(run.position, min(run.end, run.last) + 1):
            if not table.made[t]:
                write_market(t, run.first, run.last, run.last + 1, dataset, rules, lag_steps, row)
                for j in range(MARKET_COLUMNS):
                    table.shown[t, j] = np.float32(row[j] * per_scale[j])
                table.made[t] = True


class MarketTables:
    """The tables of an environment: one for each dataset that it has stepped through.

    Copies begin without any.

    Args:
        lag_steps: by which imbalance prices are published late.
        per_scale: (size,) one over the scale of each column of the observation.
    """

    def __init__(self, lag_steps: int, per_scale: Floats) -> None:
        self._lag_steps, self._per_scale = lag_steps, per_scale
        self._row = np.zeros(MARKET_COLUMNS)
        self._tables = PerDataset(_table_of)
        self._call = BoundCalls()

    def of(self, dataset: Dataset) -> MarketTable:
        """The table of a dataset; without any row at first."""
        return self._tables.of(dataset)

    def prepare(self, simulation: Simulation, runs: Ints) -> None:
        """Make the rows of runs that have just begun."""
        dataset = simulation.dataset
        world = dataset, simulation.rules, simulation.state
        how = self._lag_steps, self._per_scale, self._row, self.of(dataset)
        self._call(make_rows, (*world, *how), runs)


def _table_of(dataset: Dataset) -> MarketTable:
    """Without any row."""
    n_steps = len(dataset.steps)
    shown = np.zeros((n_steps, MARKET_COLUMNS), dtype=np.float32)
    return MarketTable(np.zeros(n_steps, dtype=np.bool_), shown)
