"""The reward "spread": the profit without what no policy can change."""

from __future__ import annotations

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit
from vpp_gym.simulation.state import State


@njit
def progress(state: State, progress_kwh: Floats) -> None:
    """Fill (B,) how much of their demand the connected EVs have in their batteries [kWh].

    What lies beyond a target does not count. Runs that have ended have none: their EVs are
    settled.
    """
    for b in range(len(progress_kwh)):
        run = state.run[b]
        total = 0.0
        if run.position < run.end:
            for k in range(run.connected):
                ev = state.ev[b, state.lot[b, k]]
                total += min(ev.energy_kwh, ev.target_kwh) - min(ev.arrival_kwh, ev.target_kwh)
        progress_kwh[b] = total
