"""Households: load by the hour, PV on their roofs, and what is left after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Floats, close_arrays
from vpp_gym.fcev.calendar import HOURS, day_types, winter
from vpp_gym.fcev.microgrid.neighbourhood import HouseholdParams
from vpp_gym.fcev.microgrid.weather import draw_pv_yield

_WEEKDAY = (0.62, 0.55, 0.51, 0.50, 0.50, 0.56, 0.78, 1.02, 1.00, 0.93, 0.91, 0.93,
            0.97, 0.92, 0.88, 0.92, 1.08, 1.45, 1.68, 1.66, 1.56, 1.46, 1.20, 0.86)  # fmt: skip
_WEEKEND = (0.68, 0.60, 0.55, 0.52, 0.51, 0.53, 0.60, 0.76, 1.00, 1.18, 1.22, 1.22,
            1.24, 1.16, 1.09, 1.08, 1.18, 1.46, 1.60, 1.54, 1.42, 1.32, 1.12, 0.86)  # fmt: skip
SHAPE = np.array([_WEEKDAY, _WEEKEND])
"""Load of an hour against the mean, on weekdays and at weekends; two peaks, the larger at
18:00. A rounded standard shape of small Dutch consumers, ours."""


@dataclass(frozen=True)
class Households:
    """All households of a year, summed up by the hour.

    What a roof makes beyond its own house's load is injected into the local grid, where
    it serves the neighbours first; deficit and surplus are those of all of them.

    Attributes:
        load_kwh: (hours,) consumption.
        pv_kwh: (hours,) made on the roofs.
        self_used_kwh: (hours,) of it, used under the same roof.
    """

    load_kwh: Floats
    pv_kwh: Floats
    self_used_kwh: Floats

    def __post_init__(self) -> None:
        close_arrays(self)

    @property
    def deficit_kwh(self) -> Floats:
        """(hours,) what the houses need beyond their PV."""
        return np.maximum(self.load_kwh - self.pv_kwh, 0.0)

    @property
    def surplus_kwh(self) -> Floats:
        """(hours,) what the roofs make beyond the load of the houses."""
        return np.maximum(self.pv_kwh - self.load_kwh, 0.0)


def draw_households(rng: np.random.Generator, params: HouseholdParams, n_days: int) -> Households:
    """Households under one sky; each house's own PV serves it first."""
    pv_kwh = params.pv_kwp * draw_pv_yield(rng, params, n_days)
    expected = expected_load_kwh(params, n_days)
    size = rng.gamma(10.0, 0.1, params.n_houses)
    total, used = np.zeros(HOURS * n_days), np.zeros(HOURS * n_days)
    spread = max(params.load_noise, 1e-6)
    for house in size / size.mean():
        load_kwh = house * expected * rng.gamma(spread**-2, spread**2, len(expected))
        total += load_kwh
        used += np.minimum(load_kwh, pv_kwh)
    return Households(total, params.n_houses * pv_kwh, used)


def expected_load_kwh(params: HouseholdParams, n_days: int) -> Floats:
    """(24 * n_days,) expected load of the mean household: shape of the day and season."""
    shape = SHAPE / SHAPE.mean(axis=1, keepdims=True)
    by_day = shape[day_types(n_days)] * params.load_kwh_per_day / HOURS
    season = 1 + params.load_winter * winter(n_days)
    return (by_day * season[:, None]).ravel()
