"""Figures of contracts: one menu, several menus, choices of owners, value of energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots import style
from vpp_gym.plots.canvas import save_figure
from vpp_gym.plots.contract_axes import (
    COLORS,
    MARKERS,
    add_axes,
    headed_figure,
    known_prices,
    label_axes,
)
from vpp_gym.plots.contract_choices import draw_choices
from vpp_gym.plots.energy_value import draw_energy_value
from vpp_gym.plots.menu_table import draw_menu_table

if TYPE_CHECKING:
    from vpp_gym.contracts.menu import Menu
    from vpp_gym.contracts.variable_term_menu import VariableTermMenu

__all__ = ["draw_choices", "draw_energy_value", "draw_menu", "draw_menus", "save_figure"]

SHOWN_QUANTILES = (0.005, 0.995)
MOST_NAMES = 9


def draw_menu(menu: Menu | VariableTermMenu, *, title: str = "Menu") -> Figure:
    """A menu of contracts: payoff over energy, and payoff per kWh by owner type.

    A variable-term menu is drawn as a table of its contracts, coloured by payoff.

    Args:
        menu: as designed.
        title: stands above.
    """
    if hasattr(menu, "term_h"):
        return draw_menu_table(cast("VariableTermMenu", menu), title=title)
    figure = headed_figure(title, 900, 360)
    contracts = add_axes(figure, 0.75, 0.7, 3.5, 2.35)
    _draw_contracts(contracts, menu, 0)
    _show_all(contracts, [menu])
    _name_contracts(contracts, menu)
    label_axes(contracts, "Contracts", x="energy [kWh]", y="payoff [EUR]")
    _draw_per_kwh(add_axes(figure, 5.15, 0.7, 3.6, 2.35), menu)
    return figure


def draw_menus(
    menus: Mapping[str, Mapping[float, Menu]],
    prices_eur_per_kwh: ArrayLike,
    *,
    title: str = "Menus and imbalance prices",
) -> Figure:
    """Menus of several scenarios and terms, and their payoff per kWh against prices.

    Args:
        menus: by scenario (up to six), then by term in hours; the same terms in each.
        prices_eur_per_kwh: any number of imbalance prices; nan is left out.
        title: stands above.

    Raises:
        InvalidInputError: no menu, too many, or other terms in one scenario; no price.

    Source: the content of figure 2 of Rahman et al. 2023.
    """
    terms_h = _equal_terms(menus)
    prices = known_prices(prices_eur_per_kwh)
    rows_in = 0.2 * len(menus) * len(terms_h)
    figure = headed_figure(title, 960, 630 + 100 * rows_in)
    each_in = 8.6 / len(terms_h)
    for place, term_h in enumerate(terms_h):
        axes = add_axes(figure, 0.75 + place * each_in, 0.7, each_in - 0.25, 2.3)
        for row, (name, by_term) in enumerate(menus.items()):
            _draw_contracts(axes, by_term[term_h], row, name)
        _show_all(axes, [menu for by_term in menus.values() for menu in by_term.values()])
        label_axes(axes, f"Term {term_h:g} h", x="energy [kWh]", y="" if place else "payoff [EUR]")
        axes.tick_params(labelleft=not place)
        if not place:
            axes.legend(frameon=False, fontsize=style.SMALL, labelcolor=style.INK)
    rows = add_axes(figure, 2.3, 3.85, 6.8, rows_in)
    _draw_payoff_rows(rows, menus, terms_h)
    _draw_distribution(add_axes(figure, 2.3, 3.95 + rows_in, 6.8, 1.75), rows, prices)
    return figure


def _equal_terms(menus: Mapping[str, Mapping[float, Menu]]) -> list[float]:
    given = {name: list(by_term) for name, by_term in menus.items()}
    terms_h = next(iter(given.values()), [])
    if not terms_h or len(menus) > len(COLORS):
        raise InvalidInputError("menus", given, f"give menus of 1 to {len(COLORS)} scenarios")
    if any(other != terms_h for other in given.values()):
        raise InvalidInputError("menus", given, "give the same terms for each scenario")
    return terms_h


def _draw_contracts(axes: Axes, menu: Menu, row: int, name: str = "") -> None:
    offered = menu.energy_kwh > 0
    axes.plot(
        menu.energy_kwh[offered], menu.payoff_eur[offered], label=name,
        color=COLORS[row], marker=MARKERS[row], ms=6, lw=1.4, mec="white", mew=0.6,
    )  # fmt: skip


def _show_all(axes: Axes, menus: Sequence[Menu]) -> None:
    """Axes from zero to a little beyond the largest contract."""
    axes.set_xlim(0, 1.06 * max(0.1, *(menu.energy_kwh[-1] for menu in menus)))
    axes.set_ylim(0, 1.12 * max(0.01, *(menu.payoff_eur[-1] for menu in menus)))


def _name_contracts(axes: Axes, menu: Menu) -> None:
    """The types beside each contract: several where they share one."""
    edges = np.flatnonzero(np.diff(menu.energy_kwh)) + 1
    blocks = np.split(np.arange(len(menu)), edges)
    for block in blocks[:: -(-len(blocks) // MOST_NAMES)]:
        energy_kwh, payoff_eur = menu.energy_kwh[block[0]], menu.payoff_eur[block[0]]
        right = energy_kwh <= 0.4 * menu.energy_kwh[-1]
        name = ("θ = " if energy_kwh > 0 else "none for θ = ") + _named(menu.owner_types[block])
        axes.annotate(
            name, (energy_kwh, payoff_eur), textcoords="offset points",
            xytext=(7, -9 if energy_kwh > 0 else 4) if right else (-6, 5),
            ha="left" if right else "right", size=style.SMALL, color=style.INK,
        )  # fmt: skip


def _named(types: Floats) -> str:
    """A few types by value, many as a range."""
    if len(types) > 4:
        return f"{types[0]:.3g} to {types[-1]:.3g}"
    return ", ".join(f"{owner_type:.3g}" for owner_type in types)


def _draw_per_kwh(axes: Axes, menu: Menu) -> None:
    """Payoff per kWh of each type's contract, and the wear that the type perceives."""
    place = np.arange(len(menu))
    axes.bar(place, _payoff_eur_per_kwh(menu), width=0.6, color=style.SKY, label="payoff")
    perceived = menu.wear_eur_per_kwh / menu.owner_types
    axes.hlines(
        perceived, place - 0.22, place + 0.22, color=style.VERMILION, lw=2.2,
        label="wear cost as perceived by the owner",
    )  # fmt: skip
    label_axes(axes, "Per kWh, by owner type", x="owner type θ", y="EUR/kWh")
    step = -(-len(menu) // MOST_NAMES)
    axes.set_xticks(place[::step], [f"{owner_type:.3g}" for owner_type in menu.owner_types[::step]])
    axes.set_xlim(-0.6, len(menu) - 0.4)
    axes.set_ylim(0, 1.25 * axes.get_ylim()[1])
    axes.legend(frameon=False, fontsize=style.SMALL, labelcolor=style.INK)


def _payoff_eur_per_kwh(menu: Menu) -> Floats:
    """(m,) nan where nothing is offered."""
    nothing = np.full(len(menu), np.nan)
    return np.divide(menu.payoff_eur, menu.energy_kwh, out=nothing, where=menu.energy_kwh > 0)


def _draw_payoff_rows(
    axes: Axes, menus: Mapping[str, Mapping[float, Menu]], terms_h: list[float]
) -> None:
    """A row of payoffs per kWh for each scenario and term."""
    labels: list[str] = []
    for row, (name, by_term) in enumerate(menus.items()):
        for term_h in terms_h:
            per_kwh = _payoff_eur_per_kwh(by_term[term_h])
            axes.plot(
                per_kwh, np.full(len(per_kwh), len(labels)), ls="", clip_on=False,
                color=COLORS[row], marker=MARKERS[row], ms=6, mec="white", mew=0.6, zorder=3,
            )  # fmt: skip
            labels.append(f"{name}, {term_h:g} h")
    label_axes(axes, "Payoff per kWh of each contract", x="", y="")
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="both", length=0, labelbottom=False)
    axes.grid(visible=True, axis="x", color=style.GRID, lw=0.8)
    axes.spines[["left", "bottom"]].set_visible(False)


def _draw_distribution(axes: Axes, above: Axes, prices: Floats) -> None:
    """Share of the prices in each of 60 bins, under the rows and on their axis."""
    low, high = np.quantile(prices, SHOWN_QUANTILES)
    high = max(high, above.get_xlim()[1])
    low = min(low, 0.0)
    bins = np.linspace(low, high, 61).tolist()
    weights = np.full(prices.size, 100 / prices.size)
    axes.hist(prices, bins=bins, weights=weights, color=style.SKY, ec="white", lw=0.4)
    axes.axvline(0.0, color=style.MUTED, lw=0.8)
    for share in (0.25, 0.5, 0.75):
        price = float(np.quantile(prices, share))
        for panel in (above, axes):
            panel.axvline(price, color=style.MUTED, lw=0.9, ls=style.DASHES["dashed"])
    label_axes(
        axes,
        "",
        x="imbalance price [EUR/kWh]; dashed: quartiles; outermost 1 % not shown",
        y="% of prices",
    )
    for panel in (above, axes):
        panel.set_xlim(low, high)
