"""A day in both markets: prices, day-ahead sales and imbalance."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots import style
from vpp_gym.plots.clock import clock_ticks, staggered
from vpp_gym.plots.contract_axes import add_axes, headed_figure, label_axes


def draw_market_day(
    *,
    da_eur_per_kwh: ArrayLike,
    im_eur_per_kwh: ArrayLike,
    da_sold_kwh: ArrayLike,
    charge_kwh: ArrayLike,
    discharge_kwh: ArrayLike,
    dt_h: float = 1.0,
    title: str = "A day in both markets",
    period: ArrayLike | None = None,
) -> Figure:
    """Prices above; below them the fleet's energy, the bids, and the imbalance.

    Args:
        da_eur_per_kwh: (L,) day-ahead price.
        im_eur_per_kwh: (L,) imbalance price.
        da_sold_kwh: (L,) bids, + sells.
        charge_kwh: (L,) charged by the fleet, at the meter.
        discharge_kwh: (L,) discharged by the fleet, at the meter.
        dt_h: hours per step.
        title: stands above.
        period: (L,) place of each step on the clock of the day, on days of a clock change.

    Raises:
        InvalidInputError: series of different lengths.
    """
    given = (da_eur_per_kwh, im_eur_per_kwh, da_sold_kwh, charge_kwh, discharge_kwh)
    series = [np.asarray(values, dtype=np.float64) for values in given]
    shapes = {values.shape for values in series}
    if len(shapes) > 1 or series[0].ndim != 1 or not series[0].size:
        raise InvalidInputError("market day", sorted(map(str, shapes)), "give one value per step")
    da, im, sold, charged, discharged = series
    figure = headed_figure(title, 960, 560)
    above, below = add_axes(figure, 0.85, 0.7, 6.6, 1.6), add_axes(figure, 0.85, 2.65, 6.6, 2.3)
    edges_h = dt_h * np.arange(len(da) + 1.0)
    _steps(above, edges_h, da, style.BLUE, "day-ahead")
    _steps(above, edges_h, im, style.VERMILION, "imbalance")
    label_axes(above, "Prices", x="", y="EUR/kWh")
    width_h = 0.9 * dt_h
    middle_h = edges_h[:-1] + 0.5 * dt_h
    below.bar(middle_h, -charged, width=width_h, color=style.SKY, label="charged")
    below.bar(middle_h, discharged, width=width_h, color=style.GREEN, label="discharged")
    _steps(below, edges_h, sold, style.BLUE, "sold day-ahead")
    _steps(below, edges_h, charged * -1 + discharged - sold, style.VERMILION, "sold as imbalance")
    on_clock = period is not None
    x = "clock time" if on_clock else "hour of the day"
    label_axes(below, "Energy, + to the grid", x=x, y="kWh")
    for axes in (above, below):
        axes.axhline(0.0, color=style.MUTED, lw=0.8)
        axes.set_xlim(0.0, float(edges_h[-1]))
        axes.set_xticks(np.arange(0, edges_h[-1] + 0.1, 3))
        if on_clock:
            hours, labels = clock_ticks(np.asarray(period, dtype=np.int64), dt_h)
            axes.set_xticks(hours, staggered(hours, labels))
        axes.legend(
            frameon=False, fontsize=style.SMALL, labelcolor=style.INK,
            loc="upper left", bbox_to_anchor=(1.01, 1.0),
        )  # fmt: skip
    return figure


def _steps(axes: Axes, edges_h: Floats, values: Floats, color: str, name: str) -> None:
    axes.stairs(values, edges_h, color=color, lw=1.8, label=name, baseline=None)
