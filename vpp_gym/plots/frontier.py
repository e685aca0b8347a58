"""Value against service: which policies no other one beats in both."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots import style
from vpp_gym.plots.canvas import DPI, new_figure
from vpp_gym.plots.leaderboard import KINDS

NAMED = ("charge_on_arrival", "rolling_mpc")
"""Policies that are named wherever they are."""
WIDTH_IN, HEIGHT_IN = 9.6, 6.0
LINE, GAP, WIDTH_OF_SIGN = 10.0, 7.0, 4.4
"""Least distance between two names, from a point to its name, and of a sign [points]."""
REACH = 2.0
"""Policies further below the frontier than so often its own height are left out."""


def draw_frontier(
    table: pd.DataFrame, value: str, *, title: str, named: Collection[str] = NAMED
) -> Figure:
    """Each policy by the demand that it serves and by what it earns.

    The line joins the policies that no other one beats in both; they are named. Privileged
    policies are left out, and those that would make all others small: their number is said.

    Args:
        table: rows of a board with the columns policy, kind, privileged, frontier,
            demand_satisfaction and the value.
        value: column of the value [EUR].
        title: with scenario and period.
        named: policies that are named though they are not on the frontier.

    Raises:
        InvalidInputError: no policy is on the frontier, or a column is missing.
    """
    for column in ("policy", "kind", "privileged", "frontier", "demand_satisfaction", value):
        if column not in table:
            raise InvalidInputError("table", list(table.columns), f"add the column {column}")
    rows = table[~table["privileged"].astype(bool)]
    if not rows["frontier"].any():
        raise InvalidInputError("table", "no frontier", "evaluate at least one policy")
    shown = rows[_near(rows, value)]
    figure = new_figure(WIDTH_IN * DPI, HEIGHT_IN * DPI)
    figure.text(0.02, 0.955, title, size=style.LARGE, color=style.INK, weight="bold", va="center")
    axes = figure.add_axes((0.1, 0.17, 0.87, 0.73))
    style.dress(axes)
    axes.grid(visible=True, color=style.GRID, lw=0.8)
    served = 100 * shown["demand_satisfaction"].to_numpy(dtype=np.float64)
    worth = shown[value].to_numpy(dtype=np.float64)
    best = shown["frontier"].to_numpy(dtype=np.bool_)
    order = np.argsort(served[best], kind="stable")
    axes.plot(served[best][order], worth[best][order], color=style.MUTED, lw=1.2, zorder=1)
    for x, y, on, kind in zip(served, worth, best, shown["kind"], strict=True):
        color, marker = KINDS[kind]
        face = color if on else "white"
        axes.plot(x, y, color=color, marker=marker, mfc=face, ms=7, ls="", zorder=2)
    axes.margins(x=0.08, y=0.1)
    axes.set_xlabel("demand served [%]", size=style.NORMAL)
    axes.set_ylabel("value [EUR]", size=style.NORMAL)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    wanted = best | shown["policy"].isin(list(named)).to_numpy()
    _name(axes, list(shown["policy"][wanted]), served[wanted], worth[wanted])
    left_out = len(rows) - len(shown)
    figure.legend(
        handles=_keys(set(shown["kind"]), left_out), loc="lower center", ncols=5,
        frameon=False, fontsize=style.SMALL,
    )  # fmt: skip
    return figure


def _near(rows: pd.DataFrame, value: str) -> Any:
    """Rows that are not so far below the others that these would shrink."""
    best = rows["frontier"].to_numpy(dtype=np.bool_)
    worth = rows[value].to_numpy(dtype=np.float64)
    known = best | rows["policy"].isin(list(NAMED)).to_numpy()
    top, bottom = worth[known].max(), worth[known].min()
    least_served = rows["demand_satisfaction"].to_numpy(dtype=np.float64)[known].min()
    room = 1.0 - least_served
    served = rows["demand_satisfaction"].to_numpy(dtype=np.float64) >= 1.0 - REACH * max(room, 0.01)
    return known | ((worth >= bottom - REACH * max(top - bottom, 1.0)) & served)


def _name(axes: Axes, names: list[str], served: Floats, worth: Floats) -> None:
    """Names beside their points, moved down where they would overlap; all in points."""
    to_points = 72.0 / axes.figure.dpi
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    points = to_points * axes.transData.transform(np.column_stack([served, worth]))
    right = to_points * (axes.bbox.x0 + 0.62 * axes.bbox.width)
    taken: list[tuple[float, float, float]] = []
    for k in np.argsort(-points[:, 1], kind="stable"):
        x, y = points[k]
        to_left = x > right
        width = WIDTH_OF_SIGN * len(names[k])
        start = x - GAP - width if to_left else x + GAP
        level = y
        while any(
            abs(level - other) < LINE and start < end and begin < start + width
            for other, begin, end in taken
        ):
            level -= LINE / 2
        taken.append((level, start, start + width))
        axes.annotate(
            names[k], (served[k], worth[k]),
            xytext=(-GAP if to_left else GAP, level - y), textcoords="offset points",
            ha="right" if to_left else "left", va="center", size=style.SMALL, color=style.INK,
        )  # fmt: skip


def _keys(kinds: set[str], left_out: int) -> list[Artist]:
    keys: list[Artist] = [
        Line2D([], [], color=color, marker=marker, mfc="white", ms=7, ls="", label=kind)
        for kind, (color, marker) in KINDS.items()
        if kind in kinds
    ]
    keys.append(
        Line2D([], [], color=style.MUTED, marker="o", ms=6, lw=1.2, label="frontier (filled)")
    )
    if left_out:
        keys.append(Line2D([], [], ls="", label=f"{left_out} further below left out"))
    return keys
