"""Cars that are connected when a scenario ends: they need what the time until then allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Bools, Floats
from vpp_gym.fleet.charging import Charging, line_curves

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
    if "taper_share" in sessions and (sessions["taper_share"] < 1).any():
        reach = _tapered_reach(sessions, hours, charge_kw, charge_eff)
    capped = (sessions["departure_step"] > n_steps) & (reach < target - ROUNDING)
    return np.where(capped, reach, target), capped


def _tapered_reach(
    sessions: Mapping[str, NDArray[Any]], hours: Floats, charge_kw: float, charge_eff: float
) -> Floats:
    """(n,) state of charge that full power reaches in so many hours where cars taper."""
    capacity_kwh = sessions["capacity_kwh"]
    own_kw = np.where(np.isfinite(sessions["charge_kw"]), sessions["charge_kw"], charge_kw)
    curves = line_curves(
        capacity_kwh, charge_eff * own_kw, sessions["taper_soc"], sessions["taper_share"]
    )
    charging = Charging(np.minimum(own_kw, charge_kw), charge_eff, 1.0, curves)
    stored_kwh = sessions["arrival_soc"] * capacity_kwh
    reach: Floats = (stored_kwh + charging.gain_kwh(stored_kwh, hours)) / capacity_kwh
    return reach
