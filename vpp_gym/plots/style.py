"""Colours, scales and legends that all figures share.

Colours are those of Okabe and Ito (2008), which are distinguishable with any colour vision.
Everything is set on the artist, nothing in matplotlib's global settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

INK = "#262626"
MUTED = "#6b6b6b"
GRID = "#e3e3e3"
EMPTY = "#efefef"
BLACK = "#000000"
ORANGE = "#e69f00"
SKY = "#56b4e9"
GREEN = "#009e73"
BLUE = "#0072b2"
VERMILION = "#d55e00"
PURPLE = "#cc79a7"
YELLOW = "#f0e442"

SMALL, NORMAL, LARGE = 8.0, 9.0, 11.0
DASHES: dict[str, Any] = {"line": "-", "dashed": (0, (4, 2)), "dotted": (0, (1, 1.5))}
AREA_ALPHA = {"solid": 0.85, "area": 0.4, "hatched": 0.7, "tint": 0.18}


class Mark(NamedTuple):
    """How one quantity is drawn, and what the legend calls it."""

    label: str
    color: str
    form: Literal["line", "dashed", "dotted", "solid", "area", "hatched", "tint"] = "line"
    width: float = 1.6

    @property
    def hatch(self) -> str | None:
        """Hatch of the area, if it has one."""
        return "////" if self.form == "hatched" else None

    def handle(self) -> Artist:
        """The sample that stands in a legend."""
        if self.form in DASHES:
            return Line2D(
                [], [], color=self.color, lw=self.width, ls=DASHES[self.form], label=self.label
            )
        return Patch(
            facecolor=self.color, edgecolor=self.color, lw=0.0, alpha=AREA_ALPHA[self.form],
            hatch=self.hatch, label=self.label,
        )  # fmt: skip


class Scale(NamedTuple):
    """Limits and ticks of a y axis."""

    low: float
    high: float
    ticks: tuple[float, ...]


def scale_around(*series: ArrayLike, least: float) -> Scale:
    """Round limits around all known values and zero.

    They move in whole ticks, so that the axis stands still while a day unfolds.

    Args:
        series: numbers; nan is not known and not counted.
        least: smallest range shown.

    >>> scale_around([3.0, 17.0, np.nan], least=1.0).ticks
    (0.0, 5.0, 10.0, 15.0, 20.0)
    """
    known = np.concatenate([np.ravel(np.asarray(values, dtype=np.float64)) for values in series])
    known = known[np.isfinite(known)]
    low, high = (min(0.0, known.min()), max(0.0, known.max())) if known.size else (0.0, 0.0)
    locator = MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10])
    ticks = locator.tick_values(low, max(high, low + least))
    margin = 0.04 * (ticks[-1] - ticks[0])
    return Scale(ticks[0] - margin * bool(low < 0), ticks[-1] + margin, tuple(map(float, ticks)))


def dress(axes: Axes, title: str = "", unit: str = "") -> None:
    """Quiet spines, a grid behind the data, the title, and the y label with its unit."""
    axes.set_facecolor("white")
    axes.set_axisbelow(True)
    axes.grid(True, axis="y", color=GRID, linewidth=0.8, linestyle="-")
    axes.tick_params(colors=INK, labelsize=SMALL, length=3, width=0.8, direction="out")
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), color=MUTED, linewidth=0.8)
    axes.set_ylabel(unit, fontsize=NORMAL, color=INK)
    axes.yaxis.set_label_coords(-0.068, 0.5)
    axes.set_title(title, fontsize=NORMAL, color=INK, loc="left", pad=3)


def legend_beside(axes: Axes, marks: Sequence[Mark], top: float = 1.04) -> None:
    """Legend to the right of the axes, never on the data."""
    axes.legend(
        handles=[mark.handle() for mark in marks],
        loc="upper left",
        bbox_to_anchor=(1.01, top),
        handlelength=1.6,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        borderaxespad=0.0,
        borderpad=0.0,
    )


def legend_under(axes: Axes, handles: Sequence[Artist], columns: int) -> None:
    """Legend below the axes and their tick labels."""
    axes.legend(
        handles=list(handles),
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        bbox_transform=axes.transAxes,
        ncols=columns,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        borderaxespad=2.6,
        borderpad=0.0,
        handlelength=1.6,
        columnspacing=1.4,
    )
