"""What an observation shows at the gate closure, beside the fleet and the market now."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.envs.fields import BUSY, PER_OFFER, PER_PERIOD, PER_SLOT
from vpp_gym.kernels import njit
from vpp_gym.markets.ledger import COLUMN, MONEY, SITE_MONEY
from vpp_gym.observation import Field
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.simulation.state import Rules, State
from vpp_gym.views import HISTORY_DAYS

LARGE = 1e6
"""Of sums without a bound of their own."""

SHOWN_MONEY = tuple(name for name in MONEY if name not in SITE_MONEY)
"""Terms that are there in every world."""

DAY_FIELDS = (
    Field(
        "expected_load", PER_PERIOD, "kWh per step", "power", -BUSY, BUSY,
        "mean net load by period of the day, in the episode so far: what a bid of 0 buys",
    ),
    Field(
        "da_tomorrow", PER_SLOT, "EUR/kWh", "price", -400, 400,
        "day-ahead price expected for each period of tomorrow, by place in the bid schedule; 0 "
        "where there is none",
    ),
    Field(
        "im_residual_by_period", PER_PERIOD, "EUR/kWh", "price", -800, 800,
        "mean imbalance price minus day-ahead price when each period was settled last",
    ),
    Field(
        "money_last_day", len(SHOWN_MONEY), "EUR", "money", -LARGE, LARGE,
        "what the last decision brought: " + ", ".join(SHOWN_MONEY),
    ),
    Field(
        "energy_last_day", 2, "kWh", "daily", 0, 2 * BUSY, "charged and discharged since then",
    ),
)  # fmt: skip
"""Fields of a decision for a day, appended to those of the fleet."""

OFFER_FIELDS = (
    Field(
        "arrivals_last_day", 1, "1", "chargers", 0, LARGE,
        "cars that came since the last decision",
    ),
    Field(
        "signed_last_day", PER_OFFER, "1", "chargers", 0, LARGE,
        "contracts signed since then, by place in the list of offers",
    ),
)  # fmt: skip
"""Fields of a decision on offers, appended to those of the day."""


def day_values(simulation: Simulation, booked: Floats) -> list[Floats]:
    """The values of `DAY_FIELDS`, in their units, each (B, size).

    Args:
        simulation: of the runs, at the gate closure or at their end.
        booked: (B, K) of the last day, by `TERMS`.
    """
    shape = simulation.n_envs, 2 * simulation.periods + simulation.slots
    market = np.zeros(shape)
    world = simulation.dataset, simulation.rules, simulation.state
    _write_days(*world, simulation.periods, simulation.slots, market)
    return [
        market,
        booked[:, [getattr(COLUMN, name) for name in SHOWN_MONEY]],
        booked[:, [COLUMN.charge_kwh, COLUMN.discharge_kwh]],
    ]


def offer_values(booked: Floats, signed: Floats) -> list[Floats]:
    """The values of `OFFER_FIELDS`, in their units, each (B, size).

    Args:
        booked: (B, K) of the last day, by `TERMS`.
        signed: (B, offers) of the last day.
    """
    return [booked[:, [COLUMN.arrivals]], signed]


@njit
def _write_days(
    dataset: Dataset, rules: Rules, state: State, periods: int, slots: int, out: Floats
) -> None:
    """Fill the first three of `DAY_FIELDS`, where the rows are 0.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        periods: L of a day of 24 hours.
        slots: S places of a bid schedule.
        out: (B, 2 L + S) result.
    """
    for b in range(len(out)):
        run, row = state.run[b], out[b]
        for k in range(periods):
            row[k] = state.expected_load_kwh[b, k]
        _write_tomorrow(b, dataset, rules, state, row, periods)
        t, column = run.position, periods + slots
        remembered = min(HISTORY_DAYS, 2) * periods
        for k in range(max(run.first, t - remembered), t):
            settled = dataset.steps[k]
            mid = 0.5 * (settled.short_eur_per_kwh + settled.long_eur_per_kwh)
            row[column + dataset.period[k]] = mid - dataset.da_eur_per_kwh[k]


@njit(internal=True)
def _write_tomorrow(
    b: int, dataset: Dataset, rules: Rules, state: State, row: Floats, column: int
) -> None:
    """Fill the day-ahead price of each place of tomorrow's schedule, known or expected."""
    run = state.run[b]
    t = run.position
    if t >= run.end:
        return
    step = dataset.steps[t]
    known = step.tomorrow_end if dataset.period[t] > rules.gate_period else step.today_end
    midnight = step.tomorrow_end
    for k in range(t, step.tomorrow_end):
        if dataset.slot[k] == 0:
            midnight = k
    for k in range(midnight, step.tomorrow_end):
        price = dataset.da_forecast_eur_per_kwh[k]
        if k < known:
            price = dataset.da_eur_per_kwh[k]
        row[column + dataset.slot[k]] = price
