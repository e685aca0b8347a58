"""Rules in compiled code, straight from the simulator's arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.kernels import BoundCalls, njit
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.simulation.state import Rules, State


class ChargesNow:
    """The loads of `vpp_gym.policies.rules.ChargeOnArrival`, bit for bit."""

    def __init__(self) -> None:
        self._call = BoundCalls()

    def net_load_kwh(self, simulation: Simulation) -> Floats:
        """(B, N) kWh of every EV in this step, within its limits."""
        net_load_kwh = np.empty((simulation.n_envs, simulation.n_chargers))
        self._call(charge_now, (simulation.rules, simulation.state), net_load_kwh)
        return net_load_kwh


def stand_in(policy: Any, simulation: Simulation) -> Callable[[], Floats] | None:
    """Works out the (B, N) loads of a rule in the present step; None: nothing here does."""
    if type(policy) is not ChargeOnArrival:
        return None
    return partial(ChargesNow().net_load_kwh, simulation)


@njit
def charge_now(rules: Rules, state: State, net_load_kwh: Floats) -> None:
    """Fill the (B, N) net load of EVs that charge at full power until they reach their target.

    Args:
        rules: parameters.
        state: of the batch.
        net_load_kwh: result.
    """
    for b in range(len(net_load_kwh)):
        for i in range(net_load_kwh.shape[1]):
            net_load_kwh[b, i] = 0.0
        for k in range(state.run[b].connected):
            i = state.lot[b, k]
            ev = state.ev[b, i]
            missing_kwh = max(ev.target_kwh - ev.energy_kwh, 0.0)
            net_load_kwh[b, i] = max(min(missing_kwh / rules.charge_eff, ev.hi_kwh), ev.lo_kwh)
