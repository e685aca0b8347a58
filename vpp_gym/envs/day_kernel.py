"""Days of runs in one compiled call: expect, plan, settle, until the next gate or the end."""

from __future__ import annotations

from typing import NamedTuple

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.kernels import njit
from vpp_gym.planning.kernel import Paths, PlannerSpec, fleet_of
from vpp_gym.planning.past import Past
from vpp_gym.planning.running_path import Window, expect_run, move_window, open_window
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State
from vpp_gym.simulation.transition import step_run
from vpp_gym.solvers.budget import SOLVED
from vpp_gym.solvers.limits import Rules as PlanRules
from vpp_gym.solvers.stay import net_load_of_fleet


class Booked(NamedTuple):
    """What runs have booked since the gate.

    Attributes:
        steps: (B,) how many of them were taken.
        total: (B, K) sums over them.
        last: (B, K) what the last of them booked.
    """

    steps: Ints
    total: Floats
    last: Floats


@njit(allocates=True, nogil=True)
def play_days(
    dataset: Dataset,
    rules: Rules,
    state: State,
    spec: PlannerSpec,
    past: Past,
    window: Window,
    net_load_kwh: Floats,
    paths: Paths,
    bids_kwh: Floats,
    playing: Bools,
    booked: Booked,
) -> None:
    """Step runs by their planner until each is at its next gate or has ended.

    A run whose plan is not found stands still in that step.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: changed in place.
        spec: of the planner.
        past: of the dataset.
        window: working memory.
        net_load_kwh: (N,) working memory.
        paths: (B, H) working memory, as long as the longest stay.
        bids_kwh: (B, S) schedules for tomorrow, read at the gate.
        playing: (B,) runs that are to be played; False behind those that have arrived.
        booked: added to.
    """
    for b in range(len(playing)):
        if not playing[b]:
            continue
        open_window(b, dataset, state, spec.periods, window)
        run = state.run[b]
        while plan_run(b, dataset, rules, state, spec, past, window, paths, net_load_kwh):
            last = booked.last[b]
            step_run(b, dataset, rules, state, net_load_kwh, bids_kwh[b], last)
            for k in range(len(last)):
                if booked.steps[b] > 0:
                    booked.total[b, k] += last[k]
                else:
                    booked.total[b, k] = last[k]
            booked.steps[b] += 1
            t = run.position
            if t >= run.end or dataset.period[t] == rules.gate_period:
                playing[b] = False
                break
            move_window(b, dataset, state, spec.periods, past, window)


@njit(allocates=True)
def plan_run(
    b: int,
    dataset: Dataset,
    rules: Rules,
    state: State,
    spec: PlannerSpec,
    past: Past,
    window: Window,
    paths: Paths,
    net_load_kwh: Floats,
) -> bool:
    """Fill the (N,) net load of every EV of run b in this step; whether all plans were found.

    See `vpp_gym.planning.kernel.plan_batch`.
    """
    for i in range(len(net_load_kwh)):
        net_load_kwh[i] = 0.0
    run = state.run[b]
    if run.connected == 0:
        return True
    n_steps = 1
    for k in range(run.connected):
        n_steps = max(n_steps, state.ev[b, state.lot[b, k]].departure - run.position)
    expect_run(b, n_steps, dataset, rules, state, spec, past, window, paths)
    plan_rules = PlanRules(rules.charge_eff, rules.discharge_eff, spec.hard_eur_per_kwh)
    one = fleet_of(b, dataset, rules, state, spec, paths, 0.0, 0.0)
    series = one.buy, one.sell, one.dearest, one.charge_kwh, one.discharge_kwh
    plans, status = net_load_of_fleet(*series, one.evs, plan_rules, one.kinks, one.curves)
    solved = True
    for k in range(run.connected):
        i = state.lot[b, k]
        ev = state.ev[b, i]
        net_load_kwh[i] = min(max(plans[k, 0], ev.lo_kwh), ev.hi_kwh)
        solved = solved and status[k] == SOLVED
    return solved
