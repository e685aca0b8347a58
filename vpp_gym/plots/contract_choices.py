"""How many owners signed which contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots import style
from vpp_gym.plots.contract_axes import COLORS, add_axes, headed_figure, label_axes

NONE = "none"


def draw_choices(
    choices: Mapping[str, Any],
    *,
    owner_types: Sequence[float] | None = None,
    title: str = "Contracts signed",
) -> Figure:
    """Bars of how many owners signed each contract of the menu, and how many none.

    Args:
        choices: by name, e.g. "term 1 h" (up to six): what
            `vpp_gym.evaluation.evaluate` returns, its table of days, or (m,) counts
            by contract.
        owner_types: (m,) for which the contracts are meant; by default their position on
            the menu is shown.
        title: stands above.

    Raises:
        InvalidInputError: nothing to count, or menus of different lengths.

    Source: the content of figure 3 of Rahman et al. 2023.
    """
    counts = {name: _counts(given) for name, given in choices.items()}
    m = _length(counts, owner_types)
    figure = headed_figure(title, 900, 380)
    axes = add_axes(figure, 0.85, 0.65, 8.0, 2.5)
    width = 0.84 / len(counts)
    for row, (name, (signed, none)) in enumerate(counts.items()):
        shown = signed if none is None else np.append(signed, none)
        place = np.arange(len(shown)) + (row - (len(counts) - 1) / 2) * width
        bars = axes.bar(place, shown, width=0.94 * width, color=COLORS[row], label=name)
        axes.bar_label(bars, fmt="{:,.0f}", size=style.SMALL, color=style.INK, padding=1)
    label_axes(axes, "", x=_contract_axis(owner_types), y="arrivals")
    names = [f"{t:g}" for t in owner_types] if owner_types else [str(k + 1) for k in range(m)]
    if any(none is not None for _, none in counts.values()):
        names.append(NONE)
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.margins(y=0.1)
    axes.legend(frameon=False, fontsize=style.SMALL, labelcolor=style.INK, loc="best")
    return figure


def _contract_axis(owner_types: Sequence[float] | None) -> str:
    return "contract" if owner_types is None else "contract meant for owner type θ"


def _counts(given: Any) -> tuple[Floats, float | None]:
    """Contracts signed by place on the menu, and arrivals that signed none, if known."""
    days = getattr(given, "days", given)
    if not isinstance(days, pd.DataFrame):
        return np.ravel(np.asarray(days, dtype=np.float64)), None
    columns = [name for name in days if str(name).startswith("contracts_type_")]
    signed = days[columns].sum().to_numpy(dtype=np.float64)
    plugged_in = days["arrivals"].sum() - days["turned_away"].sum()
    return signed, float(plugged_in - signed.sum())


def _length(
    counts: Mapping[str, tuple[Floats, float | None]], owner_types: Sequence[float] | None
) -> int:
    lengths = {name: len(signed) for name, (signed, _) in counts.items()}
    if owner_types is not None:
        lengths["owner_types"] = len(owner_types)
    if not 1 <= len(counts) <= len(COLORS) or len(set(lengths.values())) > 1:
        raise InvalidInputError(
            "choices", lengths, f"give 1 to {len(COLORS)} menus with the same contracts"
        )
    m = next(iter(lengths.values()))
    if m == 0:
        raise InvalidInputError("choices", lengths, "give counts of at least one contract")
    return m
