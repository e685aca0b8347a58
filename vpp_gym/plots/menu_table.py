"""A variable-term menu as a table of its contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib import colormaps
from matplotlib.figure import Figure

from vpp_gym.plots import style
from vpp_gym.plots.contract_axes import add_axes, headed_figure, label_axes

if TYPE_CHECKING:
    from vpp_gym.contracts.variable_term_menu import VariableTermMenu

CELL_IN = (1.15, 0.62)
COLORS = "cividis"


def draw_menu_table(menu: VariableTermMenu, *, title: str = "Menu") -> Figure:
    """Energy, term and payoff of each contract; colour is the payoff.

    Args:
        menu: rows: energy types, from below; columns: term types.
        title: stands above.
    """
    rows, columns = menu.shape
    width, height = CELL_IN[0] * columns, CELL_IN[1] * rows
    figure = headed_figure(title, 100 * (width + 1.95), 100 * (height + 1.3))
    axes = add_axes(figure, 0.85, 0.62, width, height)
    image = axes.imshow(menu.payoff_eur, origin="lower", aspect="auto", cmap=colormaps[COLORS])
    label_axes(axes, "", x="term type θ", y="energy type θ")
    axes.grid(False)
    axes.set_xticks(range(columns), [f"{t:g}" for t in menu.term_types])
    axes.set_yticks(range(rows), [f"{t:g}" for t in menu.energy_types])
    middle = (menu.payoff_eur.min() + menu.payoff_eur.max()) / 2
    for i in range(rows):
        for j in range(columns):
            ink = style.INK if menu.payoff_eur[i, j] > middle else "white"
            text = f"{menu.energy_kwh[i, j]:.1f} kWh, {menu.term_h[i, j]:.1f} h\n"
            axes.text(
                j, i, text + f"{menu.payoff_eur[i, j]:.3f} EUR",
                ha="center", va="center", size=style.SMALL, color=ink,
            )  # fmt: skip
    scale = add_axes(figure, 1.0 + width, 0.62, 0.16, height)
    bar = figure.colorbar(image, cax=scale)
    bar.outline.set_visible(False)
    bar.set_label("payoff [EUR]", size=style.NORMAL, color=style.INK)
    scale.tick_params(colors=style.INK, labelsize=style.SMALL)
    return figure
