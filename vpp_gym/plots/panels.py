"""The panels of a day: prices, trades, energy and profit.

A panel is made for one view. Two panels are equal if everything but the data is
equal in them, from scale to legend: then only the data need to be drawn again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from vpp_gym.arrays import Floats
from vpp_gym.plots.clock import TimeView
from vpp_gym.plots.day_view import DayView
from vpp_gym.plots.style import (
    AREA_ALPHA,
    BLACK,
    BLUE,
    DASHES,
    GREEN,
    MUTED,
    PURPLE,
    SKY,
    VERMILION,
    Mark,
    Scale,
    dress,
    legend_beside,
    scale_around,
)

DA = Mark("day-ahead", BLACK)
SHORT = Mark("imbalance (short)", VERMILION)
LONG = Mark("(long, if different)", SKY, width=2.2)
NEGATIVE = Mark("negative price", PURPLE, "tint")
BOUGHT = Mark("bought day-ahead", SKY, "area")
IM_BOUGHT = Mark("bought as imbalance", VERMILION, "hatched")
IM_SOLD = Mark("sold as imbalance", GREEN, "hatched")
NET_LOAD = Mark("net load of the fleet", BLACK, width=1.8)
ENERGY = Mark("connected EVs", BLUE, width=2.0)
TARGET = Mark("if all targets are met", MUTED, "dashed", 1.2)
LEAST = Mark("lower limit", MUTED, "dotted", 1.2)
PROFIT = Mark("profit so far", GREEN, width=2.0)


@dataclass(frozen=True)
class Panel:
    """One set of axes over the clock of the day.

    Attributes:
        title: what is shown.
        unit: y label.
        height: share of the figure, relative to the other panels.
        scale: y limits and ticks.
        marks: entries of the legend.
        draw: adds the data to axes and returns the artists, back to front.
        furnish: adds what does not change with the data, beyond scale and legend.
    """

    title: str
    unit: str
    height: float
    scale: Scale
    marks: tuple[Mark, ...]
    draw: Callable[[Axes], list[Artist]] = field(compare=False, repr=False)
    furnish: Callable[[Axes], None] | None = None

    def frame(self, axes: Axes) -> None:
        """Draw all but the data."""
        dress(axes, self.title, self.unit)
        axes.set_autoscale_on(False)
        axes.set_ylim(self.scale.low, self.scale.high)
        axes.set_yticks(self.scale.ticks)
        if self.scale.low < 0 < self.scale.high:
            axes.axhline(0.0, color=MUTED, lw=0.8)
        if self.furnish is None:
            legend_beside(axes, self.marks)
        else:
            self.furnish(axes)


def prices(view: DayView) -> Panel:
    """Day-ahead and imbalance prices; the area below zero is tinted.

    The long price is drawn where it differs from the short one only: in most
    hours there is a single imbalance price.
    """
    da, short, long = view.da_eur_per_kwh, view.im_short_eur_per_kwh, view.im_long_eur_per_kwh

    def draw(axes: Axes) -> list[Artist]:
        other = np.where(long == short, np.nan, long)
        return [
            step_line(axes, view, short, SHORT),
            step_line(axes, view, other, LONG),
            step_line(axes, view, da, DA),
        ]

    scale = scale_around(da, short, long, least=0.02)
    marks = (DA, SHORT, LONG, *((NEGATIVE,) if scale.low < 0 else ()))
    furnish = _tint_below_zero if scale.low < 0 else None
    return Panel("Prices", "EUR/kWh", 1.5, scale, marks, draw, furnish)


def trades(view: DayView) -> Panel:
    """Energy bought day-ahead, the imbalance trade on top of it, and the net load.

    All three count energy from the grid as positive, so that the balance
    da_sold + im_sold + net_load = 0 can be seen: the imbalance trade fills the
    gap between the day-ahead purchase and the net load.
    """
    bought = -view.da_sold_kwh
    both = bought - view.im_sold_kwh

    def draw(axes: Axes) -> list[Artist]:
        more = np.where(view.im_sold_kwh < 0, both, np.nan)
        less = np.where(view.im_sold_kwh > 0, both, np.nan)
        return [
            step_area(axes, view, bought, np.zeros_like(bought), BOUGHT),
            step_area(axes, view, more, bought, IM_BOUGHT),
            step_area(axes, view, less, bought, IM_SOLD),
            step_line(axes, view, view.net_load_kwh, NET_LOAD),
        ]

    scale = scale_around(bought, both, view.net_load_kwh, least=1.0)
    unit = "kWh per hour" if view.dt_h == 1.0 else "kWh per 15 min"
    title = "Trade and net load, + from the grid"
    return Panel(title, unit, 1.5, scale, (NET_LOAD, BOUGHT, IM_BOUGHT, IM_SOLD), draw)


def energy(view: DayView) -> Panel:
    """Energy stored in the connected EVs, its lower limit, and its value if all targets are met."""
    drawn = [(ENERGY, view.fleet_energy_kwh)]
    for mark, values in ((TARGET, view.fleet_target_kwh), (LEAST, view.fleet_min_kwh)):
        if values is not None:
            drawn.append((mark, values))

    def draw(axes: Axes) -> list[Artist]:
        return [boundary_line(axes, view, values, mark) for mark, values in drawn]

    scale = scale_around(*(values for _, values in drawn), least=1.0)
    return Panel("Fleet energy", "kWh", 0.95, scale, tuple(mark for mark, _ in drawn), draw)


def profit(view: DayView) -> Panel:
    """Cumulative profit of the day, at the end of each step."""
    sum_eur = from_zero(view.profit_eur)

    def draw(axes: Axes) -> list[Artist]:
        return [boundary_line(axes, view, sum_eur, PROFIT)]

    return Panel("Profit", "EUR", 0.85, scale_around(sum_eur, least=1.0), (PROFIT,), draw)


def from_zero(profit_eur: Floats) -> Floats:
    """(L+1,) running sum at the boundaries of (L,) steps: zero before the first known.

    >>> from_zero(np.array([np.nan, 2.0, 5.0]))
    array([nan,  0.,  2.,  5.])
    """
    sum_eur = np.concatenate(([np.nan], profit_eur))
    known = ~np.isnan(profit_eur)
    if known.any():
        sum_eur[np.argmax(known)] = 0.0
    return sum_eur


def step_line(axes: Axes, view: TimeView, values: Floats, mark: Mark) -> Artist:
    """Values that hold for a whole step, joined where neighbours are known."""
    return axes.stairs(
        values, view.edges_h, baseline=None, color=mark.color, lw=mark.width, ls=DASHES[mark.form]
    )


def boundary_line(axes: Axes, view: TimeView, values: Floats, mark: Mark) -> Artist:
    """Values at the L+1 boundaries of the steps."""
    (line,) = axes.plot(
        view.edges_h, values, color=mark.color, lw=mark.width, ls=DASHES[mark.form], marker=""
    )
    return line


def step_area(axes: Axes, view: TimeView, values: Floats, base: Floats, mark: Mark) -> Artist:
    """Area of every step between two values; none where either is not known."""
    known = ~np.isnan(values) & ~np.isnan(base)
    return axes.stairs(
        np.where(known, values, np.nan),
        view.edges_h,
        baseline=np.where(known, base, 0.0),
        fill=True,
        facecolor=mark.color,
        edgecolor=mark.color,
        alpha=AREA_ALPHA[mark.form],
        hatch=mark.hatch,
        lw=0.0,
    )


def _tint_below_zero(axes: Axes) -> None:
    low, _ = axes.get_ylim()
    axes.axhspan(low, 0.0, facecolor=NEGATIVE.color, alpha=AREA_ALPHA["tint"], lw=0)
    legend_beside(axes, (DA, SHORT, LONG, NEGATIVE))
