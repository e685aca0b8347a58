"""Plays the days of a batch by a compiled planner, alone or with a fixed number of threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vpp_gym.arrays import Bools, Floats
from vpp_gym.envs.day_kernel import Booked, play_days
from vpp_gym.envs.threads import Threads
from vpp_gym.kernels import BoundCalls
from vpp_gym.markets.ledger import LEDGER, TERMS
from vpp_gym.planning.kernel import Paths, step_memory
from vpp_gym.planning.past import Past
from vpp_gym.planning.running_path import window_for
from vpp_gym.planning.schedulers import SchedulersPlanner
from vpp_gym.policies.forecast_net import N_INPUTS
from vpp_gym.simulation.simulation import Simulation

Step = Callable[[Simulation, int, Floats], Floats]
"""Steps a run alone by its policy, with (S,) bids: (K,) what was booked."""


class DayPlayer:
    """Plays runs of a simulation from one gate to the next, as their scheduler would.

    Runs do not touch each other, so any number of threads gives the same bits.

    Args:
        planner: with the settings of the scheduler.
        threads: that share the batch.
    """

    def __init__(self, planner: SchedulersPlanner, threads: int = 1) -> None:
        self.planner, self._threads = planner, Threads(threads)
        self._memory: _Memory | None = None
        self._call = BoundCalls()

    def play(
        self, simulation: Simulation, playing: Bools, bids_kwh: Floats, by_policy: Step
    ) -> Floats:
        """Play some runs until each is at its next gate or has ended.

        Args:
            simulation: of the runs.
            playing: (B,) which of them; none of these has ended.
            bids_kwh: (B, S) schedules for tomorrow, within the limits.
            by_policy: steps a run alone where compiled code finds no plan.

        Returns:
            (B, K) what was booked, by `TERMS`; 0 in the other runs.
        """
        past = self.planner.pasts.of(simulation.dataset)
        memory = self._memory
        if memory is None or not memory.is_for(simulation, past.longest):
            leaves, threads = self.planner.spec.early_prob > 0.0, self._threads.count
            memory = self._memory = _Memory(simulation, past.longest, leaves, threads)
        shape = simulation.n_envs, len(TERMS)
        booked = Booked(np.zeros(shape[0], np.int64), np.zeros(shape), np.zeros(shape))
        playing = playing.copy()
        while playing.any():
            self._play(simulation, past, memory, playing, bids_kwh, booked)
            for run in np.flatnonzero(playing).tolist():
                playing[run] = _step_alone(simulation, run, bids_kwh[run], by_policy, booked)
        for name in LEDGER.shares:
            column = TERMS.index(name)
            booked.total[:, column] = booked.last[:, column]
        return booked.total

    def _play(
        self,
        simulation: Simulation,
        past: Past,
        memory: _Memory,
        playing: Bools,
        bids: Floats,
        booked: Booked,
    ) -> None:
        world = simulation.dataset, simulation.rules, simulation.state, self.planner.spec, past
        batch = memory.paths, bids, playing, booked, np.zeros(1, dtype=np.int64)
        calls = [(*world, *working, *batch) for working in memory.of_threads]
        play = self._call.code(play_days, *calls[0])

        def play_part(k: int) -> None:
            play(*calls[k])

        self._threads.each(play_part)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_memory": None}


class _Memory:
    """Working memory of each thread, for plans of so many steps at most."""

    def __init__(self, simulation: Simulation, horizon: int, leaves: bool, threads: int) -> None:
        self.horizon, n_envs = horizon, simulation.n_envs
        self.knots = simulation.dataset.curves.shape[2]
        da, short, long = np.zeros((3, n_envs, horizon))
        made_at, inputs = np.full(n_envs, -1, np.int64), np.zeros((n_envs, N_INPUTS))
        self.paths = Paths(made_at, da, short, long, inputs)
        self.of_threads = [
            (
                window_for(simulation.periods, horizon),
                step_memory(simulation.n_chargers, horizon, self.knots, leaves),
                np.zeros(simulation.n_chargers),
            )
            for _ in range(threads)
        ]

    def is_for(self, simulation: Simulation, horizon: int) -> bool:
        """Whether it serves plans of so many steps, for the cars of the simulation's dataset."""
        return self.horizon >= horizon and self.knots == simulation.dataset.curves.shape[2]


def _step_alone(
    simulation: Simulation, run: int, bids_kwh: Floats, by_policy: Step, booked: Booked
) -> bool:
    """Step a run by its policy, and add what it books; whether it is still under way."""
    alone = simulation.alone(run)
    record = by_policy(alone, run, bids_kwh)
    booked.last[run] = record
    booked.total[run] = record if booked.steps[run] == 0 else booked.total[run] + record
    booked.steps[run] += 1
    return not (alone.done[0] or alone.is_gate[0])
