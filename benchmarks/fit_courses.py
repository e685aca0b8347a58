"""What the pictures of the fit report show besides the marginals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.fit_targets import occupancy_by_hour, price_years
from vpp_gym.arrays import Floats
from vpp_gym.plots.fit import Course
from vpp_gym.scenarios.fit import autocorrelation
from vpp_gym.scenarios.scenario import Scenario

LAGS_H = np.arange(0, 169)
CROSS_LAGS_H = np.arange(-24, 25)
HOURS = np.arange(24.0)


def courses(years: list[Scenario], real: Scenario) -> list[Course]:
    """Autocorrelations, the correlation of both prices, cars connected, and prices by hour."""
    mine, other = price_years(years), price_years([real])
    prices = [np.vstack((first, drawn)) for first, drawn in zip(other, mine, strict=True)]
    names = ("day-ahead", "imbalance")
    own = [
        _course(
            f"Autocorrelation of the {name} price",
            x=LAGS_H,
            curves=[
                [autocorrelation(year, int(lag)) if lag else 1.0 for lag in LAGS_H] for year in of
            ],
            x_title="lag [h]",
            tick=24,
        )
        for name, of in zip(names, prices, strict=True)
    ]
    cross = _course(
        "Correlation of the day-ahead price with the imbalance price",
        x=CROSS_LAGS_H,
        curves=[
            [correlation(da, im, int(lag)) for lag in CROSS_LAGS_H]
            for da, im in zip(*prices, strict=True)
        ],
        x_title="hours by which the imbalance price is later",
        tick=6,
    )
    busy = [occupancy_by_hour([one]) for one in (real, *years)]
    daily = [
        _by_hour(f"Mean {name} price", "EUR/kWh", [one.reshape(-1, 24).mean(axis=0) for one in of])
        for name, of in zip(names, prices, strict=True)
    ]
    return [*own, cross, _by_hour("Mean number connected", "cars", busy), *daily]


def correlation(one: Floats, other: Floats, lag: int) -> float:
    """Correlation of a series with another one `lag` steps later.

    >>> ramp = np.array([0.0, 3.0, 1.0, 2.0])
    >>> round(correlation(ramp[1:], ramp[:-1], 1), 6)
    1.0
    """
    if lag < 0:
        return correlation(other, one, -lag)
    return float(np.corrcoef(one[: len(one) - lag], other[lag:])[0, 1])


def _by_hour(title: str, unit: str, curves: list[Floats]) -> Course:
    return _course(title, unit=unit, x=HOURS, curves=curves, x_title="hour of the day", tick=3)


def _course(
    title: str,
    *,
    x: NDArray[np.generic],
    curves: list[list[float]] | list[Floats],
    x_title: str,
    tick: float,
    unit: str = "",
) -> Course:
    """A course of which the first curve is that of the real year."""
    real, *synthetic = (np.asarray(curve) for curve in curves)
    return Course(title, unit, x_title, x.astype(np.float64), real, np.array(synthetic), tick)
