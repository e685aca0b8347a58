"""The snapshot of a run: copies of what its operator knows, and nothing later."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints, read_only
from vpp_gym.kernels import BoundCalls, njit
from vpp_gym.params import VPPParams
from vpp_gym.simulation.choices import bid_hi_kwh, bid_lo_kwh
from vpp_gym.simulation.dataset import STEP, Dataset
from vpp_gym.simulation.site_view import site_view
from vpp_gym.simulation.state import RUN, Rules, State
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
    "driver_stay_h",
    "driver_early_h",
)
NUMBERS = (
    "session",
    "charger",
    "steps_to_departure",
    "offer",
    "contract_wait",
    "contract_steps",
    "steps_connected",
    "driver",
    "driver_visits",
)
"""What a snapshot tells of each EV, in the order in which `_copy_fleet` writes it."""

N_AMOUNTS, N_NUMBERS = len(AMOUNTS), len(NUMBERS)


def _of(fields: np.dtype[Any], *names: str) -> itemgetter[Any]:
    """Takes some fields from the values of a record."""
    assert fields.names is not None
    return itemgetter(*map(fields.names.index, names))


_clock = _of(RUN, "start", "position", "end", "last", "connected")
_known_now = _of(
    STEP,
    "short_eur_per_kwh",
    "long_eur_per_kwh",
    "today_end",
    "tomorrow_end",
    "shortfall_eur_per_kwh",
)


class Extent(NamedTuple):
    """What of the simulator's arrays a snapshot is of."""

    first_run: int
    end_run: int  # one past the last run whose EVs are shown
    connected: int  # EVs of these runs
    first_session: int  # row in the dataset of the scenario's first session
    since: int  # position of the first step that is remembered
    now: int  # position of the step to come
    known: int  # position from which on day-ahead prices are not known
    today_end: int
    end: int  # position behind the last step that is shown


def snapshot_of(
    dataset: Dataset,
    rules: Rules,
    state: State,
    run: int,
    params: VPPParams,
    first: int,
    time: np.datetime64,
    call: BoundCalls,
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
        call: calls the kernel that copies.
        together: the EVs of all runs, run by run, their bids and expected loads summed.
    """
    start, t, end, last, connected = _clock(state.run[run].item())
    short, long, today_end, tomorrow_end, shortfall = _known_now(dataset.steps[min(t, last)].item())
    ahead = t < end
    if not ahead:
        today_end = tomorrow_end = t
    is_gate, known = False, t
    if ahead:
        period = int(dataset.period[t])
        is_gate, passed = period == rules.gate_period, period > rules.gate_period
        known = tomorrow_end if passed else today_end
    price_is_known = ahead and params.market.imbalance_lag_steps == 0
    extent = Extent(
        0 if together else run,
        len(state.run) if together else run + 1,
        int(state.run["connected"].sum()) if together else connected,
        int(dataset.first_session[first]),
        max(first, t - HISTORY_DAYS * round(24 / rules.dt_h)),
        t,
        known,
        today_end,
        tomorrow_end,
    )
    return Snapshot.of(
        {
            "step": t - start,
            "steps_left": end - t,
            "time": time,
            "dt_h": rules.dt_h,
            "is_gate": is_gate,
            "params": params,
            "im_short_now_eur_per_kwh": short if price_is_known else None,
            "im_long_now_eur_per_kwh": long if price_is_known else None,
            "shortfall_eur_per_kwh": shortfall,
            "n_slots": state.da_sold_kwh.shape[2],
            "n_known": known - t,
            "site": (
                site_view(dataset, rules, state, run, params) if len(dataset.site) > 0 else None
            ),
            **_arrays(dataset, rules, state, extent, call),
        }
    )


def _arrays(
    dataset: Dataset, rules: Rules, state: State, extent: Extent, call: BoundCalls
) -> dict[str, Any]:
    """Closed copies of what is known of EVs, prices and bids, in three pieces of memory."""
    n, now = extent.connected, extent.now
    past, ahead = now - extent.since, extent.end - now
    shown, periods = past + ahead, state.expected_load_kwh.shape[1]
    sizes = N_AMOUNTS * n, shown, past, past, ahead, periods, periods, periods
    floats, whole = np.empty(sum(sizes)), np.empty(N_NUMBERS * n + shown + ahead, np.int64)
    signed = np.empty(n, np.bool_)
    call(_copy, (dataset, rules, state), extent, floats, whole, signed)
    read_only(floats), read_only(whole)
    amounts, da, short, long, sold, expected, bid_lo, bid_hi = _pieces(floats, sizes)
    numbers, period, slot = _pieces(whole, (N_NUMBERS * n, shown, ahead))
    fields: dict[str, Any] = dict(zip(AMOUNTS, amounts.reshape(N_AMOUNTS, n), strict=True))
    fields.update(zip(NUMBERS, numbers.reshape(N_NUMBERS, n), strict=True))
    fields.update(
        has_contract=read_only(signed),
        curves=read_only(_curves(dataset, fields["session"], extent.first_session)),
        period_past=period[:past],
        da_past_eur_per_kwh=da[:past],
        im_short_past_eur_per_kwh=short,
        im_long_past_eur_per_kwh=long,
        period=period[past:],
        slot=slot,
        da_eur_per_kwh=da[past:],
        da_sold_kwh=sold,
        expected_load_kwh=expected,
        bid_lo_kwh=bid_lo,
        bid_hi_kwh=bid_hi,
    )
    return fields


def _pieces(memory: Any, sizes: tuple[int, ...]) -> list[Any]:
    """Parts of an array, one behind the other."""
    pieces, begin = [], 0
    for size in sizes:
        pieces.append(memory[begin : begin + size])
        begin += size
    return pieces


def _curves(dataset: Dataset, sessions: Ints, first: int) -> Floats:
    """(n, 2, K) tapers of some sessions; K is 0 where none of them has one, whoever comes later."""
    if dataset.curves.shape[2] == 0:
        return np.zeros((len(sessions), 2, 0))
    curves = dataset.curves[sessions + first]
    falls = curves[:, 1, -1] < curves[:, 1, 0]
    return curves if falls.any() else np.zeros((len(sessions), 2, 0))


@njit
def _copy(
    dataset: Dataset,
    rules: Rules,
    state: State,
    extent: Extent,
    floats: Floats,
    whole: Ints,
    signed: Bools,
) -> None:
    """Copy what is known.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: the batch.
        extent: what is copied.
        floats: result: (N_AMOUNTS, n) of the EVs, day-ahead prices of all steps that are shown,
            settled prices of a short and of a long party in past steps, what is committed in
            steps ahead, and by period the expected load, least and largest bid.
        whole: result: (N_NUMBERS, n) of the EVs, periods of all steps and slots of steps ahead.
        signed: (n,) result: there is a contract.
    """
    n, since, now = extent.connected, extent.since, extent.now
    _copy_fleet(
        dataset,
        rules,
        state,
        extent,
        floats[: N_AMOUNTS * n].reshape((N_AMOUNTS, n)),
        whole[: N_NUMBERS * n].reshape((N_NUMBERS, n)),
        signed,
    )
    at, place = N_AMOUNTS * n, N_NUMBERS * n
    for t in range(since, extent.end):
        known = t < extent.known
        floats[at] = dataset.da_eur_per_kwh[t] if known else dataset.da_forecast_eur_per_kwh[t]
        whole[place] = dataset.period[t]
        at, place = at + 1, place + 1
    past = now - since
    for t in range(since, now):
        floats[at] = dataset.steps[t].short_eur_per_kwh
        floats[at + past] = dataset.steps[t].long_eur_per_kwh
        at += 1
    at += past
    for t in range(now, extent.end):
        slot, of_tomorrow = dataset.slot[t], int(t >= extent.today_end)
        sold_kwh = state.da_sold_kwh[extent.first_run, of_tomorrow, slot]
        for b in range(extent.first_run + 1, extent.end_run):
            sold_kwh += state.da_sold_kwh[b, of_tomorrow, slot]
        floats[at], whole[place] = sold_kwh, slot
        at, place = at + 1, place + 1
    periods = state.expected_load_kwh.shape[1]
    for k in range(periods):
        b = extent.first_run
        load_kwh = state.expected_load_kwh[b, k]
        lo_kwh, hi_kwh = bid_lo_kwh(b, k, rules, state), bid_hi_kwh(b, k, rules, state)
        for b in range(extent.first_run + 1, extent.end_run):
            load_kwh += state.expected_load_kwh[b, k]
            lo_kwh += bid_lo_kwh(b, k, rules, state)
            hi_kwh += bid_hi_kwh(b, k, rules, state)
        floats[at + k], floats[at + periods + k] = load_kwh, lo_kwh
        floats[at + 2 * periods + k] = hi_kwh


@njit(internal=True)
def _copy_fleet(
    dataset: Dataset,
    rules: Rules,
    state: State,
    extent: Extent,
    amounts: Floats,
    numbers: Ints,
    signed: Bools,
) -> None:
    """Copy what is known of the connected EVs, by run and charger.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: the batch.
        extent: of which runs.
        amounts: (N_AMOUNTS, n) result.
        numbers: (N_NUMBERS, n) result.
        signed: (n,) result: there is a contract.
    """
    k, n_chargers = 0, state.occupied.shape[1]
    for charger in range((extent.end_run - extent.first_run) * n_chargers):
        b, i = extent.first_run + charger // n_chargers, charger % n_chargers
        if not state.occupied[b, i]:
            continue
        t, ev = state.run[b].position, state.ev[b, i]
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
        numbers[0, k] = ev.session - extent.first_session
        numbers[1, k] = charger
        numbers[2, k] = max(ev.departure - t, 1)
        numbers[3, k] = ev.offer if signed[k] else -1
        numbers[4, k] = max(ev.contract_start - t, 0) if running else 0
        numbers[5, k] = max(ev.contract_end - t, 0)
        numbers[6, k] = t - ev.arrival
        driver = dataset.sessions[ev.session].driver
        numbers[7, k], numbers[8, k] = driver, 0
        amounts[17, k], amounts[18, k] = 0.0, 0.0
        if driver >= 0 and state.known.shape[1] > 0:
            past = state.known[b, driver]
            before = max(past.visits, 1)
            numbers[8, k] = past.visits
            amounts[17, k] = past.stay_steps * rules.dt_h / before
            amounts[18, k] = past.early_steps * rules.dt_h / before
        k += 1
