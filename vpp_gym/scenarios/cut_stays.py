"""Cars that are connected when a scenario ends: they need what the time until then allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Bools, Floats

ROUNDING = 1e-12


def reachable_target_soc(
    sessions: Mapping[str, NDArray[Any]],
    n_steps: int,
    *,
    dt_h: float,
    charge_kw: float,
    charge_eff: float,
) -> tuple[Floats, Bools]:
    """Target of each car: where the end cuts its stay, at most what full power reaches.

    Nobody could serve such a car in full, and every policy would pay for it alike.

    Args:
        sessions: columns of `vpp_gym.scenarios.scenario.Sessions`; a car is cut whose
            departure_step lies beyond n_steps.
        n_steps: of the scenario.
        dt_h: hours per step.
        charge_kw: of every charger.
        charge_eff: of charging.

    Returns:
        (n,) target_soc, and (n,) which of them were capped.

    >>> sessions = {"arrival_step": [0, 2], "departure_step": [2, 9], "arrival_soc": [0.2, 0.2]}
    >>> sessions |= {"target_soc": [0.9, 0.9], "capacity_kwh": [40, 40], "charge_kw": [11, 8]}
    >>> columns = {name: np.array(column) for name, column in sessions.items()}
    >>> reachable_target_soc(columns, 4, dt_h=1.0, charge_kw=10.0, charge_eff=1.0)
    (array([0.9, 0.6]), array([False,  True]))
    """
    target = sessions["target_soc"]
    hours = (n_steps - sessions["arrival_step"]) * dt_h
    kw = np.minimum(sessions["charge_kw"], charge_kw)
    reach = sessions["arrival_soc"] + charge_eff * kw * hours / sessions["capacity_kwh"]
    capped = (sessions["departure_step"] > n_steps) & (reach < target - ROUNDING)
    return np.where(capped, reach, target), capped
