"""The snapshot of a run: copies of what its operator knows, and nothing later."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints, Records, read_only
from vpp_gym.kernels import njit
from vpp_gym.params import VPPParams
from vpp_gym.simulation.choices import bid_limits
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.site_view import site_view
from vpp_gym.simulation.state import Rules, State
from vpp_gym.views import HISTORY_DAYS, Snapshot

AMOUNTS = (
    "energy_kwh",
    "target_kwh",
    "min_kwh",
    "max_kwh",
    "charge_kw",
    "discharge_kw",
    "contract_kwh",
    "keep_kwh",
    "min_price_eur_per_kwh",
    "tariff_eur_per_kwh",
    "margin",
    "payoff_eur",
    "lo_kwh",
    "hi_kwh",
    "idle_kwh",
    "laxity_h",
    "arrival_kwh",
)
NUMBERS = (
    "session",
    "charger",
    "steps_to_departure",
    "offer",
    "contract_wait",
    "contract_steps",
    "steps_connected",
)
"""What a snapshot tells of each EV, in the order in which `_copy_fleet` writes it."""


def snapshot_of(
    dataset: Dataset,
    rules: Rules,
    state: State,
    run: int,
    params: VPPParams,
    first: int,
    time: np.datetime64,
    together: bool = False,
) -> Snapshot:
    """Snapshot of one run, or of all as if they were one, with the prices of this one.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: the batch.
        run: row of the batch.
        params: handed on to the policy.
        first: position at which the run's scenario begins.
        time: local clock of the step.
        together: the EVs of all runs, run by run, their bids and expected loads summed.
    """
    clock = _by_name(state.run[run])
    start, t, end, connected = (clock[name] for name in ("start", "position", "end", "connected"))
    ahead = t < end
    step = _by_name(dataset.steps[min(t, clock["last"])])
    short, long = step["short_eur_per_kwh"], step["long_eur_per_kwh"]
    today_end, tomorrow_end = step["today_end"], step["tomorrow_end"]
    price_is_known = ahead and params.market.imbalance_lag_steps == 0
    runs = slice(run, run + 1)
    committed_kwh, expected_kwh = state.da_sold_kwh[run], state.expected_load_kwh[run].copy()
    bid_lo, bid_hi = bids_allowed_kwh(rules, state)
    if together:
        runs, connected = slice(None), int(state.run["connected"].sum())
        committed_kwh = state.da_sold_kwh.sum(axis=0)
        expected_kwh = state.expected_load_kwh.sum(axis=0)
        bid_lo, bid_hi = bid_lo.sum(axis=0), bid_hi.sum(axis=0)
    else:
        bid_lo, bid_hi = bid_lo[run].copy(), bid_hi[run].copy()
    has_site = len(dataset.site) > 0
    return Snapshot.of(
        {
            "step": t - start,
            "steps_left": end - t,
            "time": time,
            "dt_h": rules.dt_h,
            "is_gate": ahead and int(dataset.period[t]) == rules.gate_period,
            "params": params,
            "im_short_now_eur_per_kwh": short if price_is_known else None,
            "im_long_now_eur_per_kwh": long if price_is_known else None,
            "shortfall_eur_per_kwh": step["shortfall_eur_per_kwh"],
            "expected_load_kwh": read_only(expected_kwh),
            "bid_lo_kwh": read_only(bid_lo),
            "bid_hi_kwh": read_only(bid_hi),
            "site": site_view(dataset, rules, state, run, params) if has_site else None,
            **_fleet(
                dataset, state, runs, connected, int(dataset.first_session[first]), rules.dt_h
            ),
            **_market(
                dataset,
                rules,
                committed_kwh,
                max(first, t - HISTORY_DAYS * round(24 / rules.dt_h)),
                t,
                *((today_end, tomorrow_end) if ahead else (t, t)),
            ),
        }
    )


def bids_allowed_kwh(rules: Rules, state: State) -> tuple[Floats, Floats]:
    """(B, L) least and largest bid of each period, + sells."""
    lo_kwh, hi_kwh = np.empty((2, *state.expected_load_kwh.shape))
    bid_limits(rules, state, lo_kwh, hi_kwh)
    return lo_kwh, hi_kwh


def _by_name(record: Any) -> dict[str, Any]:
    """The fields of a record as Python numbers."""
    return dict(zip(record.dtype.names, record.item(), strict=True))


def _fleet(
    dataset: Dataset, state: State, runs: slice, n: int, first_session: int, dt_h: float
) -> dict[str, Any]:
    amounts, numbers = np.empty((len(AMOUNTS), n)), np.empty((len(NUMBERS), n), np.int64)
    signed = np.empty(n, np.bool_)
    batch = state.run[runs], state.occupied[runs], state.ev[runs]
    _copy_fleet(*batch, first_session, amounts, numbers, signed)
    fields: dict[str, Any] = dict(zip(AMOUNTS, read_only(amounts), strict=True))
    fields.update(zip(NUMBERS, read_only(numbers), strict=True))
    fields["has_contract"] = read_only(signed)
    rows = fields["session"] + first_session
    fields["curves"] = read_only(_curves(dataset, rows))
    run = fields["charger"] // state.occupied.shape[1] + (runs.start or 0)
    fields.update(_habits(dataset.sessions["driver"][rows], state.known, run, dt_h))
    return fields


def _habits(driver: Ints, known: Records, run: Ints, dt_h: float) -> dict[str, Any]:
    """What runs have seen of the drivers of some cars."""
    visits = np.zeros(len(driver), np.int64)
    stay_h, early_h = np.zeros(len(driver)), np.zeros(len(driver))
    if known.shape[1] > 0:
        there = driver >= 0
        past = known[run[there], driver[there]]
        visits[there] = past["visits"]
        before = np.maximum(past["visits"], 1)
        stay_h[there] = past["stay_steps"] * dt_h / before
        early_h[there] = past["early_steps"] * dt_h / before
    return {
        "driver": read_only(driver.copy()),
        "driver_visits": read_only(visits),
        "driver_stay_h": read_only(stay_h),
        "driver_early_h": read_only(early_h),
    }


def _curves(dataset: Dataset, sessions: Ints) -> Floats:
    """(n, 2, K) tapers of some sessions; K is 0 where none of them has one, whoever comes later."""
    if dataset.curves.shape[2] == 0:
        return np.zeros((len(sessions), 2, 0))
    curves = dataset.curves[sessions]
    falls = curves[:, 1, -1] < curves[:, 1, 0]
    return curves if falls.any() else np.zeros((len(sessions), 2, 0))


@njit
def _copy_fleet(
    clocks: Records,
    occupied: Bools,
    evs: Records,
    first_session: int,
    amounts: Floats,
    numbers: Ints,
    signed: Bools,
) -> None:
    """Copy what is known of the connected EVs, by run and charger.

    Args:
        clocks: (B,) of RUN.
        occupied: (B, N) chargers.
        evs: (B, N) of EV.
        first_session: row in the dataset of the scenario's first session.
        amounts: (len(AMOUNTS), n) result.
        numbers: (len(NUMBERS), n) result.
        signed: (n,) result: there is a contract.
    """
    k, n_chargers = 0, occupied.shape[1]
    for charger in range(occupied.size):
        b, i = charger // n_chargers, charger % n_chargers
        if not occupied[b, i]:
            continue
        t, ev = clocks[b].position, evs[b, i]
        running = t < ev.contract_end
        amounts[0, k] = ev.energy_kwh
        amounts[1, k] = ev.target_kwh
        amounts[2, k] = ev.min_kwh
        amounts[3, k] = ev.battery_max_kwh if running else ev.target_kwh
        amounts[4, k] = ev.charge_kw
        amounts[5, k] = ev.discharge_kw
        amounts[6, k] = ev.contract_kwh if running else 0.0
        amounts[7, k] = ev.keep_kwh
        amounts[8, k] = ev.min_price_eur_per_kwh
        amounts[9, k] = ev.tariff_eur_per_kwh
        amounts[10, k] = ev.margin
        amounts[11, k] = ev.payoff_eur
        amounts[12, k] = ev.lo_kwh
        amounts[13, k] = ev.hi_kwh
        amounts[14, k] = min(max(0.0, ev.lo_kwh), ev.hi_kwh)
        amounts[15, k] = ev.laxity_h
        amounts[16, k] = ev.arrival_kwh
        signed[k] = ev.contract_end > 0
        numbers[0, k] = ev.session - first_session
        numbers[1, k] = charger
        numbers[2, k] = max(ev.departure - t, 1)
        numbers[3, k] = ev.offer if signed[k] else -1
        numbers[4, k] = max(ev.contract_start - t, 0) if running else 0
        numbers[5, k] = max(ev.contract_end - t, 0)
        numbers[6, k] = t - ev.arrival
        k += 1


def _market(
    dataset: Dataset,
    rules: Rules,
    committed_kwh: Floats,
    since: int,
    t: int,
    today_end: int,
    end: int,
) -> dict[str, Any]:
    """What is known from position `since` on, and expected before `end`, the end of tomorrow.

    Day-ahead prices are known to the end of today, and after the gate's step to the end
    of tomorrow; behind that is the forecast.
    """
    known = t
    if t < end:
        known = end if dataset.period[t] > rules.gate_period else today_end
    period = read_only(dataset.period[since:end].copy())
    da, settled, sold_kwh = np.empty(end - since), np.empty((2, t - since)), np.empty(end - t)
    _copy_prices(
        dataset.steps,
        dataset.da_eur_per_kwh,
        dataset.da_forecast_eur_per_kwh,
        since,
        known,
        da,
        settled,
    )
    slot = read_only(dataset.slot[t:end].copy())
    _copy_sold(committed_kwh, slot, today_end - t, sold_kwh)
    short, long = read_only(settled)
    da, past = read_only(da), t - since
    return {
        "period_past": period[:past],
        "da_past_eur_per_kwh": da[:past],
        "im_short_past_eur_per_kwh": short,
        "im_long_past_eur_per_kwh": long,
        "period": period[past:],
        "slot": slot,
        "n_slots": committed_kwh.shape[1],
        "n_known": known - t,
        "da_eur_per_kwh": da[past:],
        "da_sold_kwh": read_only(sold_kwh),
    }


@njit
def _copy_prices(
    steps: Records,
    da_eur_per_kwh: Floats,
    da_forecast_eur_per_kwh: Floats,
    since: int,
    known: int,
    da: Floats,
    settled: Floats,
) -> None:
    """Copy day-ahead prices from a position on, unknown ones from the forecast, and settled prices.

    Args:
        steps: (T,) of STEP.
        da_eur_per_kwh: (T,) day-ahead prices.
        da_forecast_eur_per_kwh: (T,) their forecast.
        since: the position.
        known: position from which on the day-ahead prices are not known.
        da: (m,) result.
        settled: (2, p) result: of a short and a long party.
    """
    for i in range(settled.shape[1]):
        settled[0, i] = steps[since + i].short_eur_per_kwh
        settled[1, i] = steps[since + i].long_eur_per_kwh
    for i in range(len(da)):
        at = since + i
        da[i] = da_eur_per_kwh[at] if at < known else da_forecast_eur_per_kwh[at]


@njit
def _copy_sold(committed_kwh: Floats, slot: Ints, of_today: int, sold_kwh: Floats) -> None:
    """Copy what is committed for the steps ahead.

    Args:
        committed_kwh: (2, slots) of today and tomorrow.
        slot: (k,) of each step ahead.
        of_today: how many of them are of today.
        sold_kwh: (k,) result.
    """
    for i in range(len(sold_kwh)):
        sold_kwh[i] = committed_kwh[int(i >= of_today), slot[i]]
