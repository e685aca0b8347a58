"""Cars needed and available in a microgrid, hour by hour; shortages in red."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vpp_gym.arrays import Floats
from vpp_gym.plots.canvas import new_figure
from vpp_gym.plots.style import BLUE, INK, SMALL, VERMILION, Mark, dress, legend_beside

HAS = Mark("cars available", BLUE, "area")
NEEDS = Mark("cars needed", INK, "line", 1.0)
SHORT = Mark("shortage", VERMILION, "area")


def draw_car_shortage(
    weeks: Mapping[str, tuple[Floats, Floats]], figure: Figure | None = None
) -> Figure:
    """Cars needed and available in some weeks.

    Args:
        weeks: by title, (hours,) cars needed and (hours,) cars available.
        figure: one to draw on; None makes one.
    """
    drawn = figure or new_figure(960, 60 + 260 * len(weeks))
    top = max(max(float(a.max()), float(b.max())) for a, b in weeks.values())
    panels = np.atleast_1d(drawn.subplots(len(weeks), 1, sharey=True))
    for axes, (title, (needed, available)) in zip(panels, weeks.items(), strict=True):
        _panel(axes, title, needed, available)
        axes.set_ylim(0, 1.05 * max(top, 1.0))
    legend_beside(panels[0], (HAS, NEEDS, SHORT))
    drawn.subplots_adjust(left=0.09, right=0.84, top=0.93, bottom=0.09, hspace=0.45)
    return drawn


def _panel(axes: Axes, title: str, needed: Floats, available: Floats) -> None:
    hours = np.arange(len(needed) + 1)
    short = needed > available
    ends = [np.append(values, values[-1]) for values in (needed, available)]
    axes.fill_between(hours, ends[1], step="post", color=HAS.color, alpha=0.4, lw=0)
    axes.fill_between(
        hours, ends[0], ends[1], where=np.append(short, short[-1]), step="post",
        color=SHORT.color, alpha=0.75, lw=0,
    )  # fmt: skip
    axes.step(hours, ends[0], where="post", color=NEEDS.color, lw=NEEDS.width)
    dress(axes, f"{title}: {int(short.sum())} hours with a shortage", "cars")
    axes.set_xlim(0, len(needed))
    axes.set_xticks(hours[::24])
    axes.set_xticklabels([f"day {1 + day}" for day in range(len(hours[::24]))], fontsize=SMALL)
