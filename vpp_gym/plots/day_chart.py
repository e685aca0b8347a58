"""Panels over a time axis, updated step by step.

Axes, ticks, labels and legends take most of the time of a frame and rarely
change: they are kept, and only the data are drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.plots.clock import TimeView, staggered
from vpp_gym.plots.panels import Panel
from vpp_gym.plots.style import INK, LARGE, MUTED, NORMAL

MARGIN_IN = {"left": 0.72, "right": 1.95, "top": 0.74, "bottom": 0.36}
TITLE_IN = 0.2
V = TypeVar("V", bound=TimeView)


class DayChart(Generic[V]):
    """A figure that shows one view after another, such as days.

    Args:
        figure: to draw on; it is cleared.
        panels: makes of a view the panels, from top to bottom.
    """

    def __init__(self, figure: Figure, panels: Sequence[Callable[[V], Panel]]) -> None:
        self.figure = figure
        self._makers = panels
        self._clock: object = None
        self._axes: list[Axes] = []
        self._framed: list[Panel | None] = []
        self._stale: set[int] = set()
        self._data: list[Artist] = []
        self._background: NDArray[np.uint8] | None = None

    def draw(self, view: V) -> Figure:
        """Draw the view on the figure, in place of the previous one."""
        panels = self._draw_frame(view)
        self._draw_data(view, panels)
        return self.figure

    def image(self, view: V) -> NDArray[np.uint8]:
        """(height, width, 3) RGB picture of the view."""
        canvas = self.figure.canvas
        if not isinstance(canvas, FigureCanvasAgg):
            raise InvalidInputError("figure", type(canvas).__name__, "use an Agg canvas")
        panels = self._draw_frame(view)
        picture = np.asarray(canvas.get_renderer().buffer_rgba())
        self._restore_background(picture)
        self._draw_data(view, panels)
        for artist in self._data:
            self.figure.draw_artist(artist)
        return picture[..., :3].copy()

    def _draw_frame(self, view: V) -> list[Panel]:
        """All but the data, where it differs from what is drawn."""
        for artist in self._data:
            artist.remove()
        self._data = []
        panels = [make(view) for make in self._makers]
        clock = (view.dt_h, view.n_steps, view.ticks)
        if clock != self._clock:
            self._lay_out(panels)
            self._clock = clock
        for row, panel in enumerate(panels):
            if panel != self._framed[row]:
                self._axes[row].clear()
                panel.frame(self._axes[row])
                _clock_axis(self._axes[row], view, labelled=row == len(panels) - 1)
                self._framed[row] = panel
                self._stale.add(row)
        return panels

    def _lay_out(self, panels: list[Panel]) -> None:
        self.figure.clear()
        width, height = self.figure.get_size_inches()
        grid = self.figure.add_gridspec(
            len(panels),
            1,
            height_ratios=[panel.height for panel in panels],
            hspace=0.32,
            left=MARGIN_IN["left"] / width,
            right=1 - MARGIN_IN["right"] / width,
            top=1 - MARGIN_IN["top"] / height,
            bottom=MARGIN_IN["bottom"] / height,
        )
        self._axes = [self.figure.add_subplot(grid[row]) for row in range(len(panels))]
        self._framed = [None] * len(panels)
        self._background = None

    def _restore_background(self, picture: NDArray[np.uint8]) -> None:
        """Paint the frame without data, drawing only the panels that changed."""
        picture[...] = 255 if self._background is None else self._background
        for row in sorted(self._stale):
            picture[self._rows_of(row)] = 255
            self.figure.draw_artist(self._axes[row])
        if self._stale:
            self._background = picture.copy()
            self._stale.clear()

    def _rows_of(self, row: int) -> slice:
        """Rows of pixels that belong to one panel, its title included."""
        tops = [axes.bbox.y1 + TITLE_IN * self.figure.dpi for axes in self._axes] + [0.0]
        first, last = (round(self.figure.bbox.height - top) for top in tops[row : row + 2])
        return slice(first, last)

    def _draw_data(self, view: V, panels: list[Panel]) -> None:
        for axes, panel in zip(self._axes, panels, strict=True):
            self._data += [*panel.draw(axes), *_time_marks(axes, view)]
        self._data += _heading(self.figure, view)
        for rank, artist in enumerate(self._data):
            artist.set_zorder(3 + rank / 1000)


def _clock_axis(axes: Axes, view: TimeView, labelled: bool) -> None:
    hours, labels = view.ticks
    axes.set_xlim(0.0, max(hours[-1], float(view.edges_h[-1])))
    axes.set_xticks(hours, staggered(hours, labels) if labelled else None)
    axes.tick_params(axis="x", labelbottom=labelled)


def _time_marks(axes: Axes, view: TimeView) -> list[Artist]:
    """A shade over the steps that are not settled yet, and a line before it."""
    now_h, end_h = view.now * view.dt_h, axes.get_xlim()[1]
    line = axes.axvline(now_h, color=INK, lw=1.2, ls=(0, (3, 2)))
    if now_h >= end_h:
        return [line]
    return [axes.axvspan(now_h, end_h, facecolor=MUTED, alpha=0.07, lw=0), line]


def _heading(figure: Figure, view: TimeView) -> list[Artist]:
    width, height = figure.get_size_inches()
    left = MARGIN_IN["left"] / width
    title = "   ".join(filter(None, (view.heading, view.title)))
    notes = "  |  ".join(view.notes)
    lines = ((0.20, title, LARGE, INK, "bold"), (0.40, notes, NORMAL, MUTED, "normal"))
    return [
        figure.text(left, 1 - y / height, text, size=size, color=color, weight=weight, va="center")
        for y, text, size, color, weight in lines
    ]
