"""Several policies over the same day: net load, stored energy and profit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots import style
from vpp_gym.plots.canvas import new_figure
from vpp_gym.plots.day_chart import DayChart
from vpp_gym.plots.day_view import DayView
from vpp_gym.plots.panels import Panel, boundary_line, from_zero, prices, step_line
from vpp_gym.plots.style import Mark

COLORS = (style.ORANGE, style.BLUE, style.GREEN, style.VERMILION, style.PURPLE, style.BLACK)
SHARED = ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh")
SHADE = Mark("darker: higher price", style.MUTED, "area")


def draw_policy_day(
    views: Mapping[str, DayView], *, title: str = "", notes: Sequence[str] = ()
) -> Figure:
    """Net load, fleet energy and profit of each policy, with the prices behind.

    Hours are shaded by the price that a short party pays; darker is higher.

    Args:
        views: the day of each policy, by its name; up to six.
        title: printed beside the date.
        notes: short facts to print under the title.

    Raises:
        InvalidInputError: no view or too many, or views of different days or prices.
    """
    first = _same_day(views)
    marks = [Mark(name, COLORS[place], width=2.0) for place, name in enumerate(views)]
    drawn = list(zip(marks, views.values(), strict=True))
    panels: list[Callable[[DayView], Panel]] = [
        prices,
        lambda view: _net_load(view, drawn),
        lambda _: _lines(
            "Fleet energy", "kWh", drawn, [v.fleet_energy_kwh for v in views.values()]
        ),
        lambda _: _lines("Profit", "EUR", drawn, [from_zero(v.profit_eur) for v in views.values()]),
    ]
    chart = DayChart(new_figure(960, 640), panels)
    return chart.draw(replace(first, title=title, notes=tuple(notes)))


def _same_day(views: Mapping[str, DayView]) -> DayView:
    if not 1 <= len(views) <= len(COLORS):
        raise InvalidInputError("views", list(views), f"compare 1 to {len(COLORS)} policies")
    first = next(iter(views.values()))
    for name, view in views.items():
        if (view.start, view.n_steps, view.ticks) != (first.start, first.n_steps, first.ticks):
            raise InvalidInputError("views", name, "give the same day for every policy")
        for price in SHARED:
            if not np.array_equal(getattr(view, price), getattr(first, price), equal_nan=True):
                raise InvalidInputError("views", f"{name}: {price}", "run on the same prices")
    return first


def _net_load(first: DayView, drawn: Sequence[tuple[Mark, DayView]]) -> Panel:
    price = first.im_short_eur_per_kwh
    scale = style.scale_around(*(view.net_load_kwh for _, view in drawn), least=1.0)

    def draw(axes: Axes) -> list[Artist]:
        shade = axes.imshow(
            np.ma.masked_invalid(price)[None, :],
            extent=(0.0, float(first.edges_h[-1]), scale.low, scale.high),
            aspect="auto",
            cmap=colormaps["Greys"],
            alpha=0.5,
            interpolation="nearest",
        )
        return [shade, *(step_line(axes, view, view.net_load_kwh, mark) for mark, view in drawn)]

    unit = "kWh per hour" if first.dt_h == 1.0 else "kWh per 15 min"
    marks = (*(mark for mark, _ in drawn), SHADE)
    return Panel("Net load, + from the grid", unit, 1.6, scale, marks, draw)


def _lines(
    title: str, unit: str, drawn: Sequence[tuple[Mark, DayView]], series: Sequence[Floats]
) -> Panel:
    def draw(axes: Axes) -> list[Artist]:
        return [
            boundary_line(axes, view, values, mark)
            for (mark, view), values in zip(drawn, series, strict=True)
        ]

    scale = style.scale_around(*series, least=1.0)
    return Panel(title, unit, 1.1, scale, tuple(mark for mark, _ in drawn), draw)
