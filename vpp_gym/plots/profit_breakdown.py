"""Parts of profits: a bar of parts for each row, and their sum."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots import style
from vpp_gym.plots.contract_axes import COLORS, add_axes, headed_figure, label_axes


def draw_profit_breakdown(
    parts: Mapping[str, Mapping[str, float]],
    *,
    title: str = "Parts of the profit",
    sum_name: str = "profit",
) -> Figure:
    """Income to the right of zero, cost to the left, the profit as a mark with its number.

    Args:
        parts: by row, the parts of its profit in EUR; the same up to six parts in each.
        title: stands above.
        sum_name: what the parts add up to.

    Raises:
        InvalidInputError: no row, too many parts, or other parts in one row.

    Source: the content of figure 4 of Rahman et al. 2023.
    """
    names = _equal_parts(parts)
    table = np.array([[row[name] for name in names] for row in parts.values()])
    height_in = 0.32 * len(parts)
    figure = headed_figure(title, 960, 100 * (height_in + 1.5))
    axes = add_axes(figure, 1.7, 0.75, 6.9, height_in)
    place = np.arange(float(len(parts)))
    _stack(axes, place, table, names)
    profit = table.sum(axis=1)
    axes.plot(profit, place, ls="", marker="D", ms=5, color=style.BLACK, label=sum_name)
    for at, value in zip(place, profit, strict=True):
        axes.annotate(
            f"{value:,.0f}", (1.01, at), xycoords=("axes fraction", "data"), va="center",
            size=style.SMALL, color=style.INK, annotation_clip=False,
        )  # fmt: skip
    _dress(axes, list(parts), len(names) + 1)
    return figure


def _equal_parts(parts: Mapping[str, Mapping[str, float]]) -> list[str]:
    given = {row: list(of_row) for row, of_row in parts.items()}
    names = next(iter(given.values()), [])
    if not 1 <= len(names) <= len(COLORS):
        raise InvalidInputError("parts", given, f"give rows of 1 to {len(COLORS)} parts")
    if any(other != names for other in given.values()):
        raise InvalidInputError("parts", given, "give the same parts in each row")
    return names


def _stack(axes: Axes, place: Floats, table: Floats, names: list[str]) -> None:
    """Positive parts grow to the right, negative ones to the left."""
    for column, name in enumerate(names):
        value = table[:, column]
        before = table[:, :column]
        same_side = np.where(np.sign(before) == np.sign(value)[:, None], before, 0.0)
        axes.barh(
            place, value, left=same_side.sum(axis=1), height=0.62, color=COLORS[column],
            alpha=0.75, label=name,
        )  # fmt: skip


def _dress(axes: Axes, rows: list[str], columns: int) -> None:
    label_axes(axes, "", x="EUR", y="")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=style.GRID, lw=0.8)
    axes.axvline(0.0, color=style.MUTED, lw=0.8)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend(
        frameon=False, fontsize=style.SMALL, labelcolor=style.INK, ncols=columns,
        loc="lower left", bbox_to_anchor=(0.0, 1.0),
    )  # fmt: skip
