"""Runs of the optimum in hindsight that replay its plan straight from the simulator's arrays.

`vpp_gym.policies.hindsight.Hindsight` reads snapshots like every policy, but of each only who is
connected and what the limits of the step are. A run that looks these up makes no snapshots: bit
for bit the same rows, several times as fast.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.simulation import Simulation


class ReplayedPlan:
    """The plan of a policy in hindsight, in the run that it was made for.

    Args:
        policy: that it stands for.
        simulation: of the run, placed at its start.

    Attributes:
        name: of the policy.
        privileged: True.
    """

    privileged = True

    def __init__(self, policy: Hindsight, simulation: Simulation) -> None:
        self.name = policy.name
        self._policy, state = policy, simulation.state
        self._occupied, self._position = state.occupied[0], state.run["position"]
        self._lo_kwh, self._hi_kwh = simulation.lo_kwh[0], simulation.hi_kwh[0]
        self._start, end = int(state.run["start"][0]), int(state.run["end"][0])
        period = simulation.dataset.period[self._start : end]
        self._is_gate = (period == simulation.rules.gate_period).tolist()

    def predict(
        self,
        observation: Any = None,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[tuple[Floats, Floats | None], Any]:
        """(1, N) loads of this step, at the gate the bids or None; and the state as it came."""
        step = int(self._position[0]) - self._start
        chargers = np.flatnonzero(self._occupied)
        limits = self._lo_kwh[chargers], self._hi_kwh[chargers]
        planned, bids_kwh = self._policy.replay(step, self._is_gate[step], *limits)
        net_load_kwh = np.zeros((1, len(self._occupied)))
        net_load_kwh[0, chargers] = planned
        return (net_load_kwh, bids_kwh), state


def stand_in(policy: Any, simulation: Simulation) -> ReplayedPlan | None:
    """The replay of a policy's plan in a run at its start; None: nothing here stands in for it."""
    return ReplayedPlan(policy, simulation) if type(policy) is Hindsight else None
