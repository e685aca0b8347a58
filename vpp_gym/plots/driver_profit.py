"""Net profit of each driver of a car park, sorted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from vpp_gym.arrays import Floats
from vpp_gym.plots.canvas import new_figure
from vpp_gym.plots.style import BLUE, GREEN, ORANGE, PURPLE, SMALL, Mark, dress, legend_beside

COLORS = (BLUE, ORANGE, GREEN, PURPLE)


def draw_driver_profit(profit_eur: Mapping[str, Floats], figure: Figure | None = None) -> Figure:
    """Net profit of every driver in a year, sorted, by scenario.

    Args:
        profit_eur: by scenario, (n,) EUR.
        figure: one to draw on; None makes one.
    """
    drawn = figure or new_figure(960, 420)
    axes = drawn.subplots()
    marks = []
    for color, (name, profits) in zip(COLORS, profit_eur.items(), strict=False):
        marks.append(Mark(name, color, "line", 1.8))
        axes.plot(np.sort(profits), color=color, lw=1.8)
        axes.axhline(float(profits.mean()), color=color, lw=0.9, ls=(0, (4, 2)))
    dress(axes, "Net profit of each driver in a year (dashed: mean)", "EUR")
    axes.set_xlabel("drivers, sorted by net profit", fontsize=SMALL)
    axes.set_xlim(0, max(len(profits) for profits in profit_eur.values()) - 1)
    legend_beside(axes, marks)
    drawn.subplots_adjust(left=0.09, right=0.84, top=0.91, bottom=0.13)
    return drawn
