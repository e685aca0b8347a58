"""EVs that may leave after any step of their stay: what a plan weighs then.

Once an EV has left there is nothing to decide. A plan is therefore one schedule, of which
each step counts as far as the EV is still there. With the probability h_i to leave after
step i if still there, S_i = (1 - h_0) ... (1 - h_{i-1}) to be there in step i, and e_{i+1}
stored after step i, the expected cost is

    sum_i S_i (buy_i charge_i - sell_i discharge_i + h_i missing max(due_i - e_{i+1}, 0))
    + S_T penalty max(target - e_T, 0).

It is the program of `single_ev` at weighted prices, with one more kink in the value of the
energy behind each step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import njit
from vpp_gym.solvers.soundness import all_finite


class Leaving(NamedTuple):
    """How n EVs may leave before the end of a plan of H steps.

    Attributes:
        hazard: (n, H) in [0, 1], probability that an EV that is still there leaves after the
            step; what it says of an EV's last step is not read.
        due_kwh: (n, H) stored energy that it should have then.
        missing_eur_per_kwh: >= 0, per stored kWh that is missing then.
    """

    hazard: Floats
    due_kwh: Floats
    missing_eur_per_kwh: float


class Kinks(NamedTuple):
    """What it costs to hold too little energy behind a step; without columns: nothing.

    Attributes:
        eur_per_kwh: (n, H or 0) EUR per stored kWh below `due_kwh` after the step, weighted.
        due_kwh: (n, H or 0) stored energy due after the step.
        stays: (n, H + 1 or 0) probability that the EV is there in a step, or to the end.
    """

    eur_per_kwh: Floats
    due_kwh: Floats
    stays: Floats

    def of_ev(self, k: int, steps: int) -> Kinks | None:
        """Of one EV and its steps, None where it does not leave."""
        if not self.due_kwh.size:
            return None
        row = slice(k, k + 1)
        return Kinks(
            self.eur_per_kwh[row, :steps], self.due_kwh[row, :steps], self.stays[row, :steps]
        )


NO_KINKS = Kinks(np.zeros((1, 0)), np.zeros((1, 0)), np.zeros((1, 0)))


def kinks_of(leaving: Leaving | None, n: int, steps: int) -> Kinks:
    """The costs of leaving, weighted by the probability that it happens.

    Raises:
        InvalidInputError: shapes that do not match, probabilities outside [0, 1], a due
            energy that is not finite, a negative price of missing energy.
    """
    if leaving is None:
        return NO_KINKS
    for name, rows in (("hazard", leaving.hazard), ("due_kwh", leaving.due_kwh)):
        if np.shape(rows) != (n, steps):
            raise InvalidInputError(f"leaving.{name}", np.shape(rows), f"give ({n}, {steps})")
    missing = leaving.missing_eur_per_kwh
    if not 0.0 <= missing < np.inf:
        remedy = "give a finite number, at least 0"
        raise InvalidInputError("leaving.missing_eur_per_kwh", missing, remedy)
    hazard = np.ascontiguousarray(leaving.hazard, dtype=float)
    due_kwh = np.ascontiguousarray(leaving.due_kwh, dtype=float)
    eur_per_kwh, stays, sound = _weighted(hazard, missing)
    if not sound:
        raise InvalidInputError("leaving.hazard", hazard, "give probabilities in [0, 1]")
    if not all_finite(due_kwh):
        raise InvalidInputError("leaving.due_kwh", "nan or inf", "give finite energies")
    return Kinks(eur_per_kwh, due_kwh, stays)


@njit(allocates=True)
def _weighted(hazard: Floats, missing_eur_per_kwh: float) -> tuple[Floats, Floats, bool]:
    """Weighted costs of leaving, chance of being there, and whether all hazards are in [0, 1]."""
    n, steps = hazard.shape
    eur_per_kwh, stays = np.empty((n, steps)), np.ones((n, steps + 1))
    sound = True
    for k in range(n):
        for i in range(steps):
            each = hazard[k, i]
            if not 0.0 <= each <= 1.0:
                sound = False
            eur_per_kwh[k, i] = stays[k, i] * each * missing_eur_per_kwh
            stays[k, i + 1] = stays[k, i] * (1.0 - each)
    return eur_per_kwh, stays, sound


@njit(internal=True)
def leaving_cost(eur_per_kwh: Floats, due_kwh: Floats, step: int, energy_kwh: float) -> float:
    """Expected EUR for what is missing in an EV that leaves after a step."""
    if step >= len(eur_per_kwh) - 1:
        return 0.0
    missing_kwh = max(due_kwh[step] - energy_kwh, 0.0)
    cost_eur: float = eur_per_kwh[step] * missing_kwh
    return cost_eur
