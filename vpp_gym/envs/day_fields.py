"""What an observation shows at the gate closure, beside the fleet and the market now."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.envs.fields import BUSY, PER_OFFER, PER_PERIOD, PER_SLOT
from vpp_gym.markets.ledger import COLUMN, MONEY, SITE_MONEY
from vpp_gym.observation import Field
from vpp_gym.views import Snapshot

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


def day_values(snapshot: Snapshot, booked: Floats) -> list[Floats]:
    """The values of `DAY_FIELDS`, in their units.

    Args:
        snapshot: of the gate closure.
        booked: (K,) of the last day, by `TERMS`.
    """
    return [
        snapshot.expected_load_kwh,
        _tomorrow(snapshot),
        _residual_by_period(snapshot),
        booked[[getattr(COLUMN, name) for name in SHOWN_MONEY]],
        booked[[COLUMN.charge_kwh, COLUMN.discharge_kwh]],
    ]


def offer_values(booked: Floats, signed: Floats) -> list[Floats]:
    """The values of `OFFER_FIELDS`, in their units.

    Args:
        booked: (K,) of the last day, by `TERMS`.
        signed: (offers,) of the last day.
    """
    return [booked[[COLUMN.arrivals]], signed]


def _tomorrow(snapshot: Snapshot) -> Floats:
    """(slots,) EUR/kWh; 0 where tomorrow has no such period."""
    values = np.zeros(snapshot.n_slots)
    midnight = np.flatnonzero(snapshot.slot == 0)
    if len(midnight):
        rows = np.arange(midnight[-1], len(snapshot.slot))
        values[snapshot.slot[rows]] = snapshot.da_eur_per_kwh[rows]
    return values


def _residual_by_period(snapshot: Snapshot) -> Floats:
    """(periods,) EUR/kWh; 0 where no such period has been settled."""
    values = np.zeros(len(snapshot.expected_load_kwh))
    settled = 0.5 * (snapshot.im_short_past_eur_per_kwh + snapshot.im_long_past_eur_per_kwh)
    for period, residual in zip(
        snapshot.period_past[-2 * len(values) :],
        (settled - snapshot.da_past_eur_per_kwh)[-2 * len(values) :],
        strict=True,
    ):
        values[period] = residual
    return values
