"""Days of runs in one compiled call: expect, plan, settle, until the next gate or the end."""

from __future__ import annotations

from typing import NamedTuple

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.kernels import njit
from vpp_gym.planning.kernel import (
    Paths,
    StepMemory,
    keep_limits,
    plan_step,
    undecided,
)
from vpp_gym.planning.past import Past
from vpp_gym.planning.running_path import Window, expect_run, move_window, open_window
from vpp_gym.planning.spec import PlannerSpec
from vpp_gym.signals import taken
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State
from vpp_gym.simulation.transition import step_run


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
    memory: StepMemory,
    net_load_kwh: Floats,
    paths: Paths,
    bids_kwh: Floats,
    playing: Bools,
    booked: Booked,
    next_run: Ints,
) -> None:
    """Step runs by their planner until each is at its next gate or has ended.

    A run whose plan is not found stands still in that step. Threads that share a batch each take
    the next run that nobody has taken: some days take twice as long as others.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: changed in place.
        spec: of the planner.
        past: of the dataset.
        window: working memory.
        memory: working memory.
        net_load_kwh: (N,) working memory.
        paths: (B, H) working memory, as long as the longest stay.
        bids_kwh: (B, S) schedules for tomorrow, read at the gate.
        playing: (B,) runs that are to be played; False behind those that have arrived.
        booked: added to.
        next_run: (1,) the first run that nobody has taken, changed in place.
    """
    while True:
        b = taken(next_run, 0)
        if b >= len(playing):
            return
        if not playing[b]:
            continue
        open_window(b, dataset, state, spec.periods, window)
        run = state.run[b]
        while plan_run(b, dataset, rules, state, spec, past, window, memory, paths, net_load_kwh):
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


@njit(allocates=True, internal=True)
def plan_run(
    b: int,
    dataset: Dataset,
    rules: Rules,
    state: State,
    spec: PlannerSpec,
    past: Past,
    window: Window,
    memory: StepMemory,
    paths: Paths,
    net_load_kwh: Floats,
) -> bool:
    """Fill the (N,) net load of every EV of run b in this step; whether all plans were found.

    See `vpp_gym.planning.kernel.plan_batch`.
    """
    for i in range(len(net_load_kwh)):
        net_load_kwh[i] = 0.0
    keep_limits(b, rules, state, spec, net_load_kwh)
    n = undecided(b, state, spec, memory.chargers)
    if n == 0:
        return True
    n_steps, t = 1, state.run[b].position
    for k in range(n):
        n_steps = max(n_steps, state.ev[b, memory.chargers[k]].departure - t)
    expect_run(b, n_steps, dataset, rules, state, spec, past, window, paths)
    world = dataset, rules, state, spec, paths
    return plan_step(b, n, *world, 0.0, 0.0, memory, net_load_kwh)
