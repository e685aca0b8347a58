"""Value of energy: the value curve of the menu design, and market prices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots import style
from vpp_gym.plots.contract_axes import COLORS, add_axes, headed_figure, known_prices, label_axes


def draw_energy_value(
    prices_eur_per_kwh: ArrayLike,
    *,
    kappas_eur: Sequence[float] = (0.1, 0.2, 0.4, 0.8),
    quantiles: Sequence[float] = (0.25, 0.5, 0.75),
    energy_cap_kwh: float = 33.0,
    title: str = "Value of energy",
) -> Figure:
    """The value kappa * log(1 + w) against w kWh sold at quantiles of the price.

    Args:
        prices_eur_per_kwh: any number of imbalance prices; nan is left out.
        kappas_eur: scales of the value; up to six.
        quantiles: of the price, between 0 and 1.
        energy_cap_kwh: end of the energy axis, > 0.
        title: stands above.

    Raises:
        InvalidInputError: no price, or an argument out of range.

    Source: the content of figure 5 of Rahman et al. 2023.
    """
    if not 1 <= len(kappas_eur) <= len(COLORS):
        raise InvalidInputError("kappas_eur", kappas_eur, f"give 1 to {len(COLORS)} scales")
    if not all(0 <= share <= 1 for share in quantiles):
        raise InvalidInputError("quantiles", quantiles, "give shares between 0 and 1")
    if not 0 < energy_cap_kwh < np.inf:
        raise InvalidInputError("energy_cap_kwh", energy_cap_kwh, "give more than 0 kWh")
    prices = known_prices(prices_eur_per_kwh)
    energy_kwh = np.linspace(0, energy_cap_kwh, 200)
    figure = headed_figure(title, 900, 460)
    axes = add_axes(figure, 0.75, 0.6, 5.8, 3.4)
    ends: list[tuple[float, str, str]] = []
    for share in quantiles:
        price = float(np.quantile(prices, share))
        axes.plot(energy_kwh, price * energy_kwh, color=style.MUTED, lw=1.3,
                  ls=style.DASHES["dashed"])  # fmt: skip
        name = f"{100 * share:g} % quantile, {price:.3f} EUR/kWh"
        ends.append((price * energy_cap_kwh, name, style.MUTED))
    for row, kappa in enumerate(kappas_eur):
        value_eur = kappa * np.log1p(energy_kwh)
        axes.plot(energy_kwh, value_eur, color=COLORS[row], lw=2.0)
        ends.append((float(value_eur[-1]), f"κ = {kappa:g} EUR", COLORS[row]))
    axes.set_xlim(0, energy_cap_kwh)
    axes.set_ylim(bottom=min(0.0, *(end for end, _, _ in ends)))
    label_axes(axes, "", x="energy w [kWh]", y="value [EUR]")
    _name_ends(axes, ends)
    return figure


def _name_ends(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Names at the right ends of the lines, pushed apart where they would overlap."""
    low, high = axes.get_ylim()
    ends = sorted(ends)
    spots = _apart(np.array([end for end, _, _ in ends]), least=0.055 * (high - low))
    for (end, name, color), spot in zip(ends, spots, strict=True):
        axes.annotate(
            name, (1.0, end), xycoords=("axes fraction", "data"),
            xytext=(1.03, spot), textcoords=("axes fraction", "data"),
            va="center", size=style.SMALL, color=color, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "lw": 0.6, "color": color, "shrinkA": 1, "shrinkB": 0},
        )  # fmt: skip


def _apart(values: Floats, least: float) -> Floats:
    """The nearest values that keep a least distance: sorted, pooled, then spread.

    >>> _apart(np.array([0.0, 0.1, 5.0]), least=1.0)
    array([-0.45,  0.55,  5.  ])
    """
    steps = least * np.arange(len(values))
    level = values - steps
    blocks = [[x] for x in level]
    k = 1
    while k < len(blocks):
        if np.mean(blocks[k - 1]) > np.mean(blocks[k]):
            blocks[k - 1] += blocks.pop(k)
            k = max(k - 1, 1)
        else:
            k += 1
    return np.concatenate([np.full(len(block), np.mean(block)) for block in blocks]) + steps
