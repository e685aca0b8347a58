"""What an observation of EVs consists of: tables of fields, and what their scales stand for.

`FLEET_FIELDS` and `CHARGER_FIELDS` define names, units, shapes and ranges. They
make the observation spaces, the named `Dict` form and the tables in the docs;
`vpp_gym.envs.observation` writes the columns in the same order. What decisions of a day
need beyond it is in `vpp_gym.envs.day_fields`.
"""

from __future__ import annotations

from collections.abc import Sequence

from vpp_gym.observation import Field, ObservationLayout
from vpp_gym.params import VPPParams

HOURS_AHEAD = 24
STEPS_PAST = 12
HOURS_PAST = 6
"""Hours whose mean residuals are shown, latest first."""
FAR_H = 48.0
"""Hours beyond which departure and laxity are shown as this far."""
DEAR_EUR_PER_KWH = 20.0
"""Prices in contracts beyond which they are shown as this."""
BUSY = 4.0
"""Scales of the fleet are those of a fleet of which a quarter is connected, as sites are built."""
PER_CHARGER, PER_PERIOD, PER_OFFER, PER_SLOT = 0, -1, -2, -3
"""Sizes of fields with a value for each charger, period of the day, offer, or place of the bid
schedule."""


FLEET_FIELDS = (
    Field("clock", 2, "1", 1.0, -1, 1, "sine and cosine of the local time of day"),
    Field("hour_passed", 1, "1", 1.0, 0, 1, "share of the clock hour that has passed"),
    Field("weekday", 2, "1", 1.0, -1, 1, "sine and cosine of the day of the week"),
    Field(
        "da_level", 1, "EUR/kWh", "price", -400, 400,
        "mean of the day-ahead prices now and 1 to 23 hours ahead",
    ),
    Field(
        "da_ahead", HOURS_AHEAD, "EUR/kWh", "spread", -2000, 2000,
        "day-ahead price now and 1 to 23 hours ahead, less that mean: known, else the "
        "forecast; 0 beyond the scenario",
    ),
    Field("da_known", 1, "h", 36.0, 0, 1.5, "hours for which the day-ahead price is known"),
    Field(
        "im_residual_past", STEPS_PAST, "EUR/kWh", "price", -800, 800,
        "mean imbalance price minus day-ahead price of the last settled steps, latest first",
    ),
    Field(
        "im_residual_hours", HOURS_PAST, "EUR/kWh", "price", -800, 800,
        "mean of that difference over the last hour and the five before it, latest first",
    ),
    Field(
        "im_residual_day", 1, "EUR/kWh", "spread", -2000, 2000,
        "mean of that difference over the past 24 hours",
    ),
    Field(
        "im_residual_now", 1, "EUR/kWh", "price", -800, 800,
        "that difference in this step; 0 unless imbalance_lag_steps is 0",
    ),
    Field("im_spread_past", 1, "EUR/kWh", "price", 0, 800, "short minus long price, last step"),
    Field(
        "da_sold_ahead", HOURS_AHEAD, "kWh per step", "power", -BUSY, BUSY,
        "committed day-ahead now and 1 to 23 hours ahead, + sells",
    ),
    Field("connected", 1, "1", 1.0, 0, 1, "share of chargers with an EV"),
    Field(
        "envelope", 3, "kWh", "power", -BUSY, BUSY,
        "least, idle and largest net load of the fleet",
    ),
    Field(
        "due_gap", 1, "kWh", "power", 0, 1e3,
        "what all EVs would be short of if they left now, by what full power would have reached",
    ),
    Field(
        "earliest_load", HOURS_AHEAD, "kWh per hour", "hourly", 0, BUSY,
        "load of the hours ahead if all EVs charge at once",
    ),
    Field(
        "latest_load", HOURS_AHEAD, "kWh per hour", "hourly", 0, BUSY,
        "load of the hours ahead if all EVs charge as late as they can",
    ),
    Field(
        "contract_left", 1, "kWh", "contract", 0, BUSY,
        "energy that contracts still allow to be discharged before their windows close",
    ),
    Field(
        "contract_waiting", 1, "kWh", "contract", 0, BUSY,
        "part of it in windows that open later",
    ),
    Field(
        "contract_pay", 1, "EUR/kWh", "price", 0, 400,
        "owed for a kWh discharged at the day-ahead price of this step, up to 20: mean by "
        "that energy",
    ),
    Field(
        "contract_min_price", 1, "EUR/kWh", "price", -400, 400,
        "least day-ahead price at which contracts allow it, between -20 and 20: mean by "
        "that energy; 0 where any price will do",
    ),
)  # fmt: skip
"""Fields of every observation; their size does not depend on the fleet's."""

CHARGER_FIELDS = (
    Field("ev_connected", PER_CHARGER, "1", 1.0, 0, 1, "an EV is connected"),
    Field(
        "ev_stored", PER_CHARGER, "1", "soc", 0, 1,
        "stored energy, share of the battery's upper limit",
    ),
    Field(
        "ev_target", PER_CHARGER, "1", "soc", 0, 1,
        "target, share of the battery's upper limit",
    ),
    Field("ev_time_left", PER_CHARGER, "h", FAR_H, 0, 1, "time to departure, 48 h at most"),
    Field(
        "ev_due_gap", PER_CHARGER, "1", "soc", 0, 1,
        "what it would be short of if it left now, share of the battery's upper limit",
    ),
    Field("ev_laxity", PER_CHARGER, "h", FAR_H, -1, 1, "slack, between -48 and 48 h"),
    Field("ev_lo", PER_CHARGER, "kWh", "charger", -1, 1, "least net load in this step"),
    Field("ev_hi", PER_CHARGER, "kWh", "charger", 0, 1, "largest net load in this step"),
    Field(
        "ev_contract", PER_CHARGER, "kWh", "own contract", 0, 1,
        "energy that the contract still allows to be discharged before its window closes",
    ),
    Field(
        "ev_contract_wait", PER_CHARGER, "h", FAR_H, 0, 1,
        "time until the contract's window opens, 48 h at most",
    ),
    Field(
        "ev_contract_keep", PER_CHARGER, "1", "soc", 0, 1,
        "level that the contract leaves, share of the battery's upper limit",
    ),
    Field(
        "ev_contract_pay", PER_CHARGER, "EUR/kWh", "price", 0, 400,
        "owed for a kWh discharged at the day-ahead price of this step, up to 20",
    ),
    Field(
        "ev_contract_min_price", PER_CHARGER, "EUR/kWh", "price", -400, 400,
        "least day-ahead price at which the contract allows it, between -20 and 20; 0 where "
        "any price will do",
    ),
)  # fmt: skip
"""Fields per charger, appended for `control="per_ev"`."""


def layout_of(
    params: VPPParams,
    dt_h: float,
    fields: Sequence[Field],
    n_offers: int = 0,
    slots: int | None = None,
) -> ObservationLayout:
    """Layout of an observation of EVs.

    Args:
        params: rules of the world.
        dt_h: hours per step.
        fields: the parts, in the order of the columns.
        n_offers: number of contracts on offer, where a field lists them.
        slots: places of a bid schedule; None: those of a day of 24 hours.
    """
    counts = {
        PER_CHARGER: params.site.n_chargers,
        PER_PERIOD: round(24 / dt_h),
        PER_SLOT: round(24 / dt_h) if slots is None else slots,
        PER_OFFER: n_offers,
    }
    return ObservationLayout(fields, counts, _scales(params, dt_h))


def _scales(params: VPPParams, dt_h: float) -> dict[str, float]:
    """What a scale's name stands for.

    "price" is 0.05 EUR/kWh and "spread" 0.02 EUR/kWh, about what prices and their differences
    differ by; "power" the energy of a quarter of the chargers in a step, "hourly" in an hour,
    "daily" in a day; "money" that of a day at 0.1 EUR/kWh; "charger" the energy of one charger
    in a step; "chargers" their number; "contract" the largest contract on a quarter of the
    chargers, "own contract" on one; "soc" the whole battery, or its upper limit where that is
    larger.
    """
    site = params.site
    busy = site.n_chargers / BUSY
    power_kw = max(site.charge_kw, site.discharge_kw)
    contract_kwh = max(site.discharge_kw * _longest_window_h(params), 1e-9)
    return {
        "price": 0.05,
        "spread": 0.02,
        "power": busy * power_kw * dt_h,
        "hourly": busy * power_kw,
        "daily": busy * power_kw * 24.0,
        "money": busy * power_kw * 24.0 * 0.1,
        "charger": power_kw * dt_h,
        "chargers": site.n_chargers,
        "contract": busy * contract_kwh,
        "own contract": contract_kwh,
        "soc": 1.0 / min(params.battery.max_soc, 1.0),
    }


def _longest_window_h(params: VPPParams) -> float:
    """Hours of the longest window in which an EV may discharge, 48 h at most."""
    windows_h = (family.longest_window_h for family in params.contract.offered)
    return float(min(max(windows_h, default=0.0), FAR_H))
