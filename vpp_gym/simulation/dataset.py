"""The dataset: scenarios laid end to end in flat arrays that the kernels read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints, Records, closed_whole
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import Present, records
from vpp_gym.markets.settlement import applied_prices, reference_price
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.da_forecast import day_ahead_forecast
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.scenario import Scenario, Sessions
from vpp_gym.simulation.site_steps import SITE_STEP, fill_site

STEP = np.dtype(
    [
        ("short_eur_per_kwh", np.float64),  # after the pricing rule
        ("long_eur_per_kwh", np.float64),  # after the pricing rule
        ("reference_eur_per_kwh", np.float64),
        ("residual_day_eur_per_kwh", np.float64),  # mean residual of the 24 hours before
        ("level_eur_per_kwh", np.float64),  # mean day-ahead price of today and the weeks before
        ("shortfall_eur_per_kwh", np.float64),  # penalty on cars that leave at its beginning
        ("weekday", np.int64),  # 0 = Monday
        ("today_end", np.int64),  # position at which the local day ends
        ("tomorrow_end", np.int64),  # position at which the next local day ends
    ],
    align=True,
)
"""What the kernels read about one step."""

SESSION = np.dtype(
    [
        ("departure", np.int64),  # position, as declared
        ("leaves", np.int64),  # position, in truth
        ("arrival_kwh", np.float64),
        ("target_kwh", np.float64),  # at most the ceiling
        ("min_kwh", np.float64),
        ("battery_max_kwh", np.float64),  # the battery's upper limit
        ("capacity_kwh", np.float64),
        ("charge_kw", np.float64),  # of car and charger
        ("discharge_kw", np.float64),  # of car and charger
        ("owner_draw", np.float64),  # quantile of the owner's type
        ("interest_draw", np.float64),  # quantile of the owner's interest in offers
        ("driver", np.int64),  # -1: nobody is known
        ("trip_kwh", np.float64),  # from the target of the driver's visit before to the arrival
    ],
    align=True,
)
"""What the kernels read about one session."""

DEAL = np.dtype(
    [
        ("known", np.int64),  # 1: worked out
        ("offer", np.int64),  # place of what is signed, -1: nothing
        ("start", np.int64),  # position at which the window opens
        ("end", np.int64),  # position at which it closes
        ("perceived_eur_per_kwh", np.float64),  # these and the next as in an EV's record
        ("contract_kwh", np.float64),
        ("keep_kwh", np.float64),
        ("min_price_eur_per_kwh", np.float64),
        ("tariff_eur_per_kwh", np.float64),
        ("margin", np.float64),
        ("payoff_eur", np.float64),
    ],
    align=True,
)
"""What the owner of one session signs of the designed offers."""

PRICE_LEVEL_DAYS = 28
"""Days whose mean day-ahead price is the price level."""


class Dataset(NamedTuple):
    """Flat arrays over all steps (T) and sessions (S) of all scenarios (K).

    A position is an index into the steps; `first_step[k]` is where scenario k
    begins. What is read one step at a time lies together in records; what is
    read along the time axis lies in arrays of its own.
    """

    first_step: Ints  # (K + 1,)
    steps: Records  # (T,) of STEP
    period: Ints  # (T,) place in the clock day
    slot: Ints  # (T,) place in the bid schedule
    da_eur_per_kwh: Floats  # (T,)
    da_forecast_eur_per_kwh: Floats  # (T,) day-ahead forecast made the day before
    residual_eur_per_kwh: Floats  # (T,) mean imbalance price minus day-ahead price
    first_session: Ints  # (T + 1,) sessions that arrive at t: first[t] to first[t + 1]
    sessions: Records  # (S,) of SESSION
    deals: Records  # (S,) of DEAL, worked out before runs that need them
    curves: Floats  # (S, 2, K) stored kWh and stored kW of each taper; K is 0 without any
    site: Records  # (T,) of SITE_STEP; empty where there are only chargers
    has_site: Present  # something lies between the cars and the grid


def build_dataset(scenarios: Sequence[Scenario], params: VPPParams) -> Dataset:
    """Flat arrays of some scenarios under the given rules; all but the deals are read-only.

    Raises:
        InvalidInputError: no scenario, scenarios of unequal dt_h, a gate that the
            clock skips or repeats, or sessions out of order.
    """
    if not scenarios:
        raise InvalidInputError("scenarios", scenarios, "give at least one")
    steps = {s.dt_h for s in scenarios}
    if len(steps) > 1:
        raise InvalidInputError("scenarios", sorted(steps), "give scenarios of one dt_h")
    for scenario in {id(s.calendar): s for s in scenarios}.values():
        _check_gate(scenario, params.market.gate_closure_h)
    first_step = np.cumsum([0, *(s.n_steps for s in scenarios)])
    first_row = np.cumsum([0, *(len(s.sessions) for s in scenarios)])
    has_site = params.has_site or any(s.site is not None for s in scenarios)
    n_knots = _n_knots(scenarios, params)
    dataset = _empty_dataset(first_step, int(first_row[-1]), n_knots, has_site)
    for k, scenario in enumerate(scenarios):
        _check_order(scenario)
        at, rows = slice(*first_step[k : k + 2]), slice(*first_row[k : k + 2])
        _fill_steps(dataset, at, scenario, params)
        _fill_sessions(dataset.sessions[rows], scenario, params, at.start)
        _fill_curves(dataset.curves[rows], scenario.sessions, params)
        if has_site:
            fill_site(dataset.site[at], scenario, params)
        arrivals = np.bincount(scenario.sessions.arrival_step, minlength=scenario.n_steps)
        dataset.first_session[at.start + 1 : at.stop + 1] = rows.start + np.cumsum(arrivals)
    closed = Dataset._make(map(closed_whole, dataset))
    return closed._replace(deals=records(len(dataset.sessions), DEAL))


def _n_knots(scenarios: Sequence[Scenario], params: VPPParams) -> int:
    """Knots of the curves of all sessions; 0 where no car tapers."""
    own = any((one.sessions.taper_share < 1).any() for one in scenarios)
    return max(len(params.battery.taper), 2) if own or params.battery.taper else 0


def _empty_dataset(first_step: Ints, n_sessions: int, n_knots: int, has_site: bool) -> Dataset:
    n_steps = int(first_step[-1])
    return Dataset(
        first_step=first_step,
        steps=records(n_steps, STEP),
        period=np.empty(n_steps, dtype=np.int64),
        slot=np.empty(n_steps, dtype=np.int64),
        da_eur_per_kwh=np.empty(n_steps),
        da_forecast_eur_per_kwh=np.empty(n_steps),
        residual_eur_per_kwh=np.empty(n_steps),
        first_session=np.zeros(n_steps + 1, dtype=np.int64),
        sessions=records(n_sessions, SESSION),
        deals=records(0, DEAL),
        curves=np.zeros((n_sessions, 2, n_knots)),
        site=records(n_steps if has_site else 0, SITE_STEP),
        has_site=True if has_site else None,
    )


def _fill_steps(dataset: Dataset, at: slice, scenario: Scenario, params: VPPParams) -> None:
    """Write what is known of each step of a scenario to its place in the dataset."""
    da = scenario.da_eur_per_kwh
    short, long = applied_prices(
        params.market.imbalance_pricing,
        da,
        scenario.im_short_eur_per_kwh,
        scenario.im_long_eur_per_kwh,
    )
    residual = (short + long) / 2 - da
    steps = dataset.steps[at]
    steps["short_eur_per_kwh"], steps["long_eur_per_kwh"] = short, long
    steps["reference_eur_per_kwh"] = reference_price(da, short, long)
    steps["residual_day_eur_per_kwh"] = _mean_before(residual, scenario.periods_per_day)
    level = price_level_eur_per_kwh(scenario)
    steps["level_eur_per_kwh"] = level
    driver = params.driver
    steps["shortfall_eur_per_kwh"] = np.maximum(
        driver.shortfall_eur_per_kwh, driver.shortfall_da_factor * level
    )
    calendar = scenario.calendar
    steps["weekday"] = calendar.weekday
    steps["today_end"] = at.start + calendar.today_end
    steps["tomorrow_end"] = at.start + calendar.tomorrow_end
    dataset.period[at], dataset.slot[at] = scenario.period, scenario.slot
    dataset.da_eur_per_kwh[at] = da
    dataset.da_forecast_eur_per_kwh[at] = day_ahead_forecast(da, scenario.day, scenario.period)
    dataset.residual_eur_per_kwh[at] = residual


def price_level_eur_per_kwh(scenario: Scenario) -> Floats:
    """(T,) mean day-ahead price of the local day and those before it, `PRICE_LEVEL_DAYS` in all.

    The prices of the whole local day are known from its beginning on.
    """
    day = scenario.day
    by_day = np.bincount(day, weights=scenario.da_eur_per_kwh)
    total, steps = np.cumsum(by_day), np.cumsum(np.bincount(day))
    total[PRICE_LEVEL_DAYS:] -= total[:-PRICE_LEVEL_DAYS].copy()
    steps[PRICE_LEVEL_DAYS:] -= steps[:-PRICE_LEVEL_DAYS].copy()
    return (total / steps)[day]


def _check_gate(scenario: Scenario, gate_closure_h: int) -> None:
    """Refuse a gate that some day does not have exactly once; the last day may end before it."""
    gate_period = round(gate_closure_h / scenario.dt_h)
    gates = np.bincount(
        scenario.day[scenario.period == gate_period], minlength=scenario.day[-1] + 1
    )
    wrong = gates != 1
    wrong[-1] &= scenario.period[-1] >= gate_period
    if wrong.any():
        first = scenario.clock[0].astype("datetime64[D]")
        date = first + np.timedelta64(int(np.argmax(wrong)), "D")
        raise InvalidInputError(
            "params.market.gate_closure_h",
            gate_closure_h,
            f"on {date} the clock changes at that hour: take another",
        )


def _check_order(scenario: Scenario) -> None:
    arrival = scenario.sessions.arrival_step
    if (early := np.flatnonzero(np.diff(arrival) < 0)).size:
        row = int(early[0]) + 1
        raise InvalidInputError(
            f"sessions.arrival_step[{row}]", int(arrival[row]), "sort the sessions by arrival"
        )


def _mean_before(values: Floats, window: int) -> Floats:
    """Mean of the `window` values before each one; of fewer at the start, then 0."""
    total = np.concatenate([np.zeros(window + 1), np.cumsum(values)])
    until, since = total[window:-1], total[: len(values)]
    return (until - since) / np.clip(np.arange(len(values)), 1, window)


def _fill_sessions(sessions: Records, scenario: Scenario, params: VPPParams, offset: int) -> None:
    """Write a scenario's sessions to their rows in the dataset."""
    given: Sessions = scenario.sessions
    site, battery = params.site, params.battery
    battery_max_kwh = battery.max_soc * given.capacity_kwh
    sessions["departure"] = given.departure_step + offset
    sessions["leaves"] = leaving_step(given, params.owner, scenario.dt_h, scenario.n_steps) + offset
    sessions["arrival_kwh"] = given.arrival_soc * given.capacity_kwh
    sessions["target_kwh"] = np.minimum(given.target_soc * given.capacity_kwh, battery_max_kwh)
    sessions["min_kwh"] = battery.min_soc * given.capacity_kwh
    sessions["battery_max_kwh"] = battery_max_kwh
    sessions["capacity_kwh"] = given.capacity_kwh
    sessions["charge_kw"] = np.minimum(given.charge_kw, site.charge_kw)
    sessions["discharge_kw"] = np.minimum(given.discharge_kw, site.discharge_kw)
    sessions["owner_draw"] = given.owner_draw
    sessions["interest_draw"] = given.interest_draw
    sessions["driver"] = given.driver
    sessions["trip_kwh"] = _trip_kwh(given.driver, sessions["target_kwh"], sessions["arrival_kwh"])


def _trip_kwh(driver: Ints, target_kwh: Floats, arrival_kwh: Floats) -> Floats:
    """(n,) what each car used since the visit before, if it left that with its target.

    Negative: it was charged elsewhere. 0 for the first visit of a driver, and for those whom
    nobody knows.
    """
    trip = np.zeros(len(driver))
    known = np.flatnonzero(driver >= 0)
    rows = known[np.argsort(driver[known], kind="stable")]
    again = np.flatnonzero(np.diff(driver[rows]) == 0)
    before, after = rows[again], rows[again + 1]
    trip[after] = target_kwh[before] - arrival_kwh[after]
    return trip


def n_drivers(dataset: Dataset) -> int:
    """One more than the highest number of a known driver; 0 if nobody is known."""
    return int(dataset.sessions["driver"].max(initial=-1)) + 1


def _fill_curves(curves: Floats, given: Sessions, params: VPPParams) -> None:
    """Write how the cars of a scenario taper: their own way, or that of the parameters.

    Shares are of a car's own largest power, or of the chargers' where it has no limit.
    """
    if curves.shape[2] == 0:
        return
    site, knots = params.site, np.array(params.battery.taper or ((1.0, 1.0),))
    own = given.taper_share < 1
    if own.any() and params.battery.max_soc > 1:
        remedy = "sessions with a taper end with a full battery: give 1 at most"
        raise InvalidInputError("params.battery.max_soc", params.battery.max_soc, remedy)
    own_kw = np.where(np.isfinite(given.charge_kw), given.charge_kw, site.charge_kw)
    for k in range(curves.shape[2]):
        soc, share = knots[min(k, len(knots) - 1)]
        own_soc, own_share = (given.taper_soc, 1.0) if k == 0 else (1.0, given.taper_share)
        curves[:, 0, k] = np.where(own, own_soc, soc) * given.capacity_kwh
        curves[:, 1, k] = np.where(own, own_share, share) * own_kw * site.charge_eff
