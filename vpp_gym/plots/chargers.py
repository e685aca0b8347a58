"""The panel of the chargers: who is connected, how full, and under which contract."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from vpp_gym.arrays import Bools, Floats
from vpp_gym.plots.day_view import DayView
from vpp_gym.plots.panels import Panel, step_line
from vpp_gym.plots.style import EMPTY, INK, SMALL, VERMILION, Mark, Scale, legend_beside

COLORS = "cividis"
MOST_ROWS = 40
CONTRACT = Mark("V2G contract", VERMILION, width=2.5)
CONTRACTS_ABOVE = Mark("above: V2G contract", VERMILION, width=2.0)


def chargers(view: DayView) -> Panel:
    """One row per charger: colour is the state of charge, a red edge a V2G contract.

    With more chargers than can be told apart, the EVs are sorted in each step, so that
    the picture shows the distribution of the states of charge: EVs with a contract on
    top, above a red line, then the others, full ones first.
    """
    n = len(view.soc)
    contract = view.has_contract & ~np.isnan(view.soc)
    if n <= MOST_ROWS:
        title, unit, furnish, soc = "Chargers", "charger", _key_of_rows, view.soc
    else:
        title, unit, furnish = "EVs, sorted in each step", "EVs", _key_of_sorted
        soc = sorted_soc(view.soc, contract)

    def draw(axes: Axes) -> list[Artist]:
        image = axes.imshow(
            np.ma.masked_invalid(soc),
            extent=(0.0, float(view.edges_h[-1]), n - 0.5, -0.5),
            aspect="auto",
            cmap=colormaps[COLORS],
            vmin=0.0,
            vmax=1.0,
            interpolation="nearest",
        )
        if n <= MOST_ROWS:
            return [image, _row_marks(axes, contract, view.dt_h)]
        held = contract.sum(axis=0)
        count = np.where(held > 0, held - 0.5, np.nan)
        return [image, step_line(axes, view, count, CONTRACTS_ABOVE)]

    ticks = MaxNLocator(nbins=5, integer=True, min_n_ticks=1).tick_values(0, max(n - 1, 1))
    shown = tuple(float(tick) for tick in ticks if 0 <= tick <= n - 1)
    return Panel(title, unit, 2.2, Scale(n - 0.5, -0.5, shown), (), draw, furnish)


def sorted_soc(soc: Floats, contract: Bools) -> Floats:
    """States of charge sorted within each step: contract first, then full first.

    Args:
        soc: (n, L), nan where no EV is connected; these end up last.
        contract: (n, L).

    >>> sorted_soc(np.array([[0.2], [np.nan], [0.9], [0.5]]),
    ...            np.array([[True], [False], [False], [False]])).ravel()
    array([0.2, 0.9, 0.5, nan])
    """
    emptiness = np.where(np.isnan(soc), np.inf, -soc)
    order = np.lexsort((emptiness, ~contract), axis=0)
    return np.take_along_axis(soc, order, axis=0)


def contract_runs(contract: Bools) -> NDArray[np.int64]:
    """Steps under contract, as intervals.

    Args:
        contract: (n, L).

    Returns:
        (k, 3) charger, first step, and the step after the last.

    >>> contract_runs(np.array([[True, True, False, True]])).tolist()
    [[0, 0, 2], [0, 3, 4]]
    """
    change = np.diff(contract.astype(np.int8), axis=1, prepend=0, append=0)
    charger, first = np.nonzero(change == 1)
    _, after = np.nonzero(change == -1)
    return np.stack([charger, first, after], axis=1)


def _row_marks(axes: Axes, contract: Bools, dt_h: float) -> Artist:
    """A bar along the lower edge of each interval under contract."""
    charger, first, after = contract_runs(contract).T
    height = min(0.35, 0.02 * len(contract))
    left, right, bottom = first * dt_h, after * dt_h, charger + 0.5
    top = bottom - height
    corners = np.array([[left, right, right, left], [bottom, bottom, top, top]])
    marks = PolyCollection(list(corners.transpose(2, 1, 0)), facecolors=CONTRACT.color, lw=0.0)
    axes.add_collection(marks, autolim=False)
    return marks


def _key_of_rows(axes: Axes) -> None:
    _key(axes, CONTRACT)


def _key_of_sorted(axes: Axes) -> None:
    _key(axes, CONTRACTS_ABOVE)


def _key(axes: Axes, contract: Mark) -> None:
    axes.grid(False)
    axes.set_facecolor(EMPTY)
    scale = axes.inset_axes((1.012, 0.80, 0.2, 0.09))
    colors = ScalarMappable(Normalize(0.0, 1.0), colormaps[COLORS])
    bar = axes.figure.colorbar(colors, cax=scale, orientation="horizontal", ticks=[0, 0.5, 1])
    bar.ax.set_xticklabels(["0", "50", "100 %"])
    bar.ax.tick_params(colors=INK, labelsize=SMALL, length=2)
    bar.outline.set_visible(False)
    bar.ax.set_title("state of charge", fontsize=SMALL, color=INK, loc="left", pad=3)
    legend_beside(axes, (contract, Mark("no EV, or not known yet", "#bdbdbd", "area")), top=0.56)
