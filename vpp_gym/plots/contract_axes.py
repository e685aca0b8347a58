"""Axes, headings and colours that the figures of contracts share."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots import style
from vpp_gym.plots.canvas import DPI, new_figure

COLORS = (style.BLUE, style.VERMILION, style.GREEN, style.ORANGE, style.PURPLE, style.BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P")
TITLE_IN, LABEL_IN = 0.22, 0.5


def headed_figure(title: str, width_px: float, height_px: float) -> Figure:
    """Empty figure with a title in its upper left corner."""
    figure = new_figure(width_px, height_px)
    height_in = height_px / DPI
    figure.text(
        15 / width_px, 1 - TITLE_IN / height_in, title,
        size=style.LARGE, color=style.INK, weight="bold", va="center",
    )  # fmt: skip
    return figure


def add_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place given in inches from the upper left corner."""
    across, down = figure.get_size_inches()
    return figure.add_axes(
        (left / across, 1 - (top + height) / down, width / across, height / down)
    )


def label_axes(axes: Axes, title: str, *, x: str, y: str) -> None:
    """House dress, with the y label as far from narrow axes as from wide ones."""
    style.dress(axes, title, y)
    axes.set_xlabel(x, fontsize=style.NORMAL, color=style.INK)
    figure = axes.get_figure(root=True)
    assert figure is not None, "axes are drawn on a figure"
    width_in = axes.get_position().width * figure.get_size_inches()[0]
    axes.yaxis.set_label_coords(-LABEL_IN / width_in, 0.5)


def known_prices(prices_eur_per_kwh: ArrayLike) -> Floats:
    """Prices that are known, as one series.

    Raises:
        InvalidInputError: none is.
    """
    prices = np.ravel(np.asarray(prices_eur_per_kwh, dtype=np.float64))
    prices = prices[np.isfinite(prices)]
    if not prices.size:
        raise InvalidInputError("prices_eur_per_kwh", "no prices", "give at least one")
    return prices
