"""One step of a batch of single stays, and what is seen of them, from the state or a snapshot."""

from __future__ import annotations

import numpy as np

from vpp_gym.actions import from_idle
from vpp_gym.arrays import Floats, Ints, Observations
from vpp_gym.contracts.choice import pay_eur_per_kwh
from vpp_gym.envs.stay_observation import STAY_LAYOUT, StayNow, write_stay
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import njit
from vpp_gym.planning.kernel import Paths
from vpp_gym.policies.forecast_net import STEPS_AHEAD
from vpp_gym.policies.forecasters import with_price_now
from vpp_gym.policies.learned import DT_H, LearnedForecaster
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State
from vpp_gym.simulation.transition import step_run
from vpp_gym.views import Snapshot


@njit(nogil=True)
def step_stays(
    dataset: Dataset,
    rules: Rules,
    state: State,
    actions: Floats,
    no_bids: Floats,
    records: Floats,
) -> None:
    """Step every run by its action.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of one charger each, changed in place.
        actions: (B, 1)
        no_bids: (S,) zeros, a schedule.
        records: (B, K) result, by `TERMS`.
    """
    for b in range(len(actions)):
        ev = state.ev[b, 0]
        idle_kwh = min(max(0.0, ev.lo_kwh), ev.hi_kwh)
        actions[b, 0] = from_idle(ev.lo_kwh, idle_kwh, ev.hi_kwh, actions[b, 0])
        step_run(b, dataset, rules, state, actions[b], no_bids, records[b])


@njit(allocates=True, nogil=True)
def observe_stays(
    dataset: Dataset, rules: Rules, state: State, paths: Paths, per_scale: Floats, out: Observations
) -> None:
    """Fill (B, size) observations of runs of one EV each; zeros where it has left.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        paths: of prices, of this step.
        per_scale: (size,) one over the scale of each column.
        out: result.
    """
    for b in range(len(out)):
        run, ev = state.run[b], state.ev[b, 0]
        t = run.position
        if t >= run.end:
            for j in range(out.shape[1]):
                out[b, j] = np.float32(0.0)
            continue
        running = t < ev.contract_end
        now = StayNow(
            ev.energy_kwh,
            ev.target_kwh,
            max(ev.min_kwh, ev.keep_kwh),
            ev.battery_max_kwh if running else ev.target_kwh,
            ev.arrival_kwh,
            ev.charge_kw * rules.dt_h,
            ev.lo_kwh,
            ev.hi_kwh,
            max(ev.departure - t, 1),
            t - ev.arrival,
            running and ev.contract_kwh > 0.0,
            pay_eur_per_kwh(
                ev.tariff_eur_per_kwh,
                ev.margin,
                ev.min_price_eur_per_kwh,
                dataset.da_eur_per_kwh[t],
            ),
        )
        prices = paths.short[b], paths.long[b], paths.inputs[b]
        efficiencies = rules.charge_eff, rules.discharge_eff
        write_stay(now, *prices, efficiencies, rules.dt_h, per_scale, out[b])


def stays_in(snapshot: Snapshot, forecaster: LearnedForecaster, learned: bool) -> Observations:
    """(n, size) observations of every connected EV, as `VPPStay-v0` shows it.

    Args:
        snapshot: of quarter hours.
        forecaster: the learned one.
        learned: show its prices; else those of its base.

    Raises:
        InvalidInputError: other steps.
    """
    if snapshot.dt_h != DT_H:
        remedy = "a stay is settled by quarters of an hour (0.25)"
        raise InvalidInputError("snapshot.dt_h", snapshot.dt_h, remedy)
    n = len(snapshot.session)
    out = np.empty((n, STAY_LAYOUT.size), dtype=np.float32)
    if not n:
        return out
    size = max(int(snapshot.steps_to_departure.max()), STEPS_AHEAD)
    mid, half_spread = forecaster.base.path(snapshot, size)
    inputs = forecaster.inputs(snapshot, mid, half_spread)
    if learned:
        mid = forecaster.corrected(mid, inputs)
    short, long = with_price_now(snapshot, mid + half_spread, mid - half_spread)
    site = snapshot.params.site
    evs = np.column_stack(
        [
            snapshot.energy_kwh,
            snapshot.target_kwh,
            np.maximum(snapshot.min_kwh, snapshot.keep_kwh),
            snapshot.max_kwh,
            snapshot.arrival_kwh,
            snapshot.charge_kw * snapshot.dt_h,
            snapshot.lo_kwh,
            snapshot.hi_kwh,
            snapshot.contract_kwh,
            snapshot.tariff_eur_per_kwh,
            snapshot.margin,
            snapshot.min_price_eur_per_kwh,
        ]
    )
    steps = np.column_stack([snapshot.steps_to_departure, snapshot.steps_connected])
    efficiencies = site.charge_eff, site.discharge_eff
    da, dt_h = float(snapshot.da_eur_per_kwh[0]), snapshot.dt_h
    _write_all(evs, steps, da, short, long, inputs, efficiencies, dt_h, STAY_LAYOUT.per_scale, out)
    return out


@njit(allocates=True)
def _write_all(
    evs: Floats,
    steps: Ints,
    da: float,
    short: Floats,
    long: Floats,
    inputs: Floats,
    efficiencies: tuple[float, float],
    dt_h: float,
    per_scale: Floats,
    out: Observations,
) -> None:
    for k in range(len(evs)):
        e = evs[k]
        pay = pay_eur_per_kwh(e[9], e[10], e[11], da)
        left, behind = steps[k, 0], steps[k, 1]
        now = StayNow(e[0], e[1], e[2], e[3], e[4], e[5], e[6], e[7], left, behind, e[8] > 0.0, pay)
        write_stay(now, short, long, inputs, efficiencies, dt_h, per_scale, out[k])
