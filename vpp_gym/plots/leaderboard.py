"""The leaderboard as a figure: scores with intervals, and the parts of the gain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.ledger import PROFIT, Part
from vpp_gym.markets.ledger import LEDGER
from vpp_gym.plots import style
from vpp_gym.plots.canvas import DPI, new_figure, save_figure

__all__ = ["KINDS", "draw_leaderboard", "gain_parts_eur", "save_figure"]


KINDS: dict[str, tuple[str, str]] = {
    "rule": (style.ORANGE, "s"),
    "optimiser": (style.BLUE, "o"),
    "learned": (style.GREEN, "^"),
    "hindsight": (style.BLACK, "D"),
}
COLORS = {
    "load_value": style.SKY,
    "position": style.PURPLE,
    "payoff": style.VERMILION,
    "service": style.YELLOW,
}
"""Of parts of the profit, in the order of the bars; other parts follow in `MORE_COLORS`."""
MORE_COLORS = (style.GREEN, style.ORANGE, style.BLUE, style.BLACK)
SCORES = ("score", "score_low", "score_high")
HOLLOW: dict[str, Any] = {"ls": "", "marker": "o", "ms": 5, "mfc": "white", "mec": style.INK}
LOWEST_SCORE = -100.0
ROW_IN, HEAD_IN, FOOT_IN = 0.36, 0.75, 0.95


def draw_leaderboard(
    table: pd.DataFrame, *, title: str = "Leaderboard", no_control: str = "charge_on_arrival"
) -> Figure:
    """Scores with 95 % intervals, and the gain over no control split into its parts.

    0 is the score of no control and 100 that of the policy at the upper end of the scale. A
    bar that would make all others small (speculation in hindsight, or a score under -100)
    is cut, and its gain is written at the edge.

    Args:
        table: rows of `vpp_gym.evaluation.leaderboard.leaderboard` with a column
            `kind` added: rule, optimiser, learned or hindsight. Read are policy,
            kind, score, score_low, score_high, profit_eur and the columns of
            the ledger's `split`; if there, flexibility_score.
            An interval of nan is left out.
        title: with scenario and period, e.g. "Leaderboard, real 2019, guarantee".
        no_control: the policy that the gain is counted from.

    Returns:
        A figure that grows with the number of policies.

    Raises:
        InvalidInputError: no rows, a missing column, an unknown kind, the no-control
            policy is not among the rows, or the profit has more parts than colours.
    """
    _check(table, no_control)
    rows = _best_first(table)
    parts = gain_parts_eur(rows, no_control=no_control)
    gain_eur = (rows["profit_eur"] - _row(rows, no_control)["profit_eur"]).to_numpy()
    figure, left, right = _two_axes(rows, title)
    _draw_scores(left, rows)
    _draw_parts(right, rows, parts, gain_eur)
    return figure


def gain_parts_eur(table: pd.DataFrame, *, no_control: str = "charge_on_arrival") -> pd.DataFrame:
    """What each policy earns more than no control, in the parts of the ledger.

    flexibility: a cheaper net load, at the reference price.
    position: the bids.
    contracts: payoffs to owners (negative).
    drivers: retail revenue and penalties.

    Args:
        table: as in `draw_leaderboard`.
        no_control: the policy that the gain is counted from.

    Returns:
        one row per row of the table; the parts add up to the gain in profit_eur.
    """
    columns = list(LEDGER.split)
    extra = LEDGER.parts_eur(table[columns] - _row(table, no_control)[columns])
    parts = {part.label: extra[part.eur] for part in _parts()}
    return pd.DataFrame(parts).astype(np.float64)


def _parts() -> dict[Part, str]:
    """Parts of the profit in the order of the bars, each with its colour."""
    known = {part.name: part for part in LEDGER.parts}
    others = [name for name in known if name not in COLORS]
    if len(others) > len(MORE_COLORS):
        raise InvalidInputError("parts of the profit", others, f"add colours to {__name__}")
    colors = {**COLORS, **dict(zip(others, MORE_COLORS, strict=False))}
    return {known[name]: color for name, color in colors.items() if name in known}


def _check(table: pd.DataFrame, no_control: str) -> None:
    for column in ("policy", "kind", *SCORES, PROFIT, *LEDGER.split):
        if column not in table:
            raise InvalidInputError("table", list(table.columns), f"add the column {column}")
    if table.empty:
        raise InvalidInputError("table", "no rows", "evaluate at least one policy")
    for kind in table["kind"]:
        if kind not in KINDS:
            raise InvalidInputError("table.kind", kind, f"use one of {', '.join(KINDS)}")
    if no_control not in set(table["policy"]):
        raise InvalidInputError("no_control", no_control, "name a policy of the table")


def _row(table: pd.DataFrame, policy: str) -> Any:
    return table[table["policy"] == policy].iloc[0]


def _best_first(table: pd.DataFrame) -> pd.DataFrame:
    order = np.argsort(-table["score"].to_numpy(dtype=np.float64), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def _two_axes(rows: pd.DataFrame, title: str) -> tuple[Figure, Axes, Axes]:
    """Axes side by side with one row per policy, best on top."""
    labels = list(rows["policy"])
    names_in = 0.3 + 0.078 * max(map(len, labels))
    width_in = names_in + 7.9
    height_in = HEAD_IN + ROW_IN * len(rows) + FOOT_IN
    figure = new_figure(width_in * DPI, height_in * DPI)
    top, bottom = 1 - HEAD_IN / height_in, FOOT_IN / height_in
    figure.text(
        0.15 / width_in, 1 - 0.25 / height_in, title,
        size=style.LARGE, color=style.INK, weight="bold", va="center",
    )  # fmt: skip
    axes = []
    for start_in, panel_in in ((names_in, 3.4), (names_in + 4.1, 3.5)):
        box = (start_in / width_in, bottom, panel_in / width_in, top - bottom)
        panel = figure.add_axes(box)
        style.dress(panel)
        panel.grid(visible=True, axis="x", color=style.GRID, lw=0.8)
        panel.set_ylim(len(rows) - 0.5, -0.5)
        panel.set_yticks(range(len(rows)), [""] * len(rows))
        panel.tick_params(axis="y", length=0)
        axes.append(panel)
    axes[0].set_yticks(range(len(rows)), labels, fontsize=style.NORMAL)
    return figure, axes[0], axes[1]


def _draw_scores(axes: Axes, rows: pd.DataFrame) -> None:
    axes.set_title("Score with 95 % interval", loc="left", size=style.NORMAL, pad=6)
    for end in (0.0, 100.0):
        axes.axvline(end, color=style.MUTED, lw=0.9, ls=style.DASHES["dashed"])
    for y, (_, row) in enumerate(rows.iterrows()):
        color, marker = KINDS[row["kind"]]
        axes.plot([row["score_low"], row["score_high"]], [y, y], color=color, lw=2.2, alpha=0.6)
        axes.plot(row["score"], y, color=color, marker=marker, ms=6.5)
        axes.text(
            1.02, y, _number(row["score"], ".1f"), transform=axes.get_yaxis_transform(),
            size=style.SMALL, color=style.INK, va="center",
        )  # fmt: skip
    if "flexibility_score" in rows:
        axes.plot(rows["flexibility_score"], np.arange(len(rows)) + 0.27, **HOLLOW)
    _cut_scores(axes, rows)
    keys = [_key(kind, *KINDS[kind]) for kind in KINDS if kind in set(rows["kind"])]
    keys.append(
        Line2D(
            [],
            [],
            color=style.MUTED,
            lw=0.9,
            ls=style.DASHES["dashed"],
            label="score 0 and 100",
        )
    )
    if "flexibility_score" in rows:
        keys.append(Line2D([], [], label="flexibility score", **HOLLOW))
    style.legend_under(axes, keys, columns=3)


def _key(kind: str, color: str, marker: str) -> Line2D:
    return Line2D([], [], color=color, marker=marker, ms=6.5, lw=2.2, label=kind)


def _cut_scores(axes: Axes, rows: pd.DataFrame) -> None:
    """No scores under LOWEST_SCORE on the axis: an arrow stands for them."""
    low, high = axes.get_xlim()
    axes.set_xlim(max(low, LOWEST_SCORE), max(high, 105.0))
    for y in np.flatnonzero(rows["score"] < LOWEST_SCORE):
        axes.plot(0.02, float(y), marker="<", color=KINDS[rows["kind"].iloc[y]][0], ms=6.5,
                  transform=axes.get_yaxis_transform())  # fmt: skip


def _draw_parts(axes: Axes, rows: pd.DataFrame, parts: pd.DataFrame, gain_eur: Floats) -> None:
    axes.set_title("Gain over no control [EUR]", loc="left", size=style.NORMAL, pad=6)
    y = np.arange(len(parts))
    colors = {part.label: color for part, color in _parts().items()}
    for name, color in colors.items():
        width = parts[name].to_numpy()
        axes.barh(y, width, left=_stacked_left(parts, name), height=0.56, color=color)
    axes.plot(gain_eur, y, **(HOLLOW | {"marker": "D"}))
    axes.axvline(0.0, color=style.INK, lw=0.9)
    counted = (rows["kind"] != "hindsight") & ~(rows["score"] < LOWEST_SCORE)
    _cut_gains(axes, parts, gain_eur, counted.to_numpy() if counted.any() else y >= 0)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.locator_params(axis="x", nbins=5)
    keys: list[Artist] = [Patch(facecolor=color, label=name) for name, color in colors.items()]
    keys.append(Line2D([], [], label="gain", **(HOLLOW | {"marker": "D"})))
    style.legend_under(axes, keys, columns=3)


def _stacked_left(parts: pd.DataFrame, name: str) -> Floats:
    """Where the bar of one part starts: gains pile up to the right, losses to the left."""
    before = parts.iloc[:, : list(parts).index(name)]
    gains, losses = before.clip(lower=0).sum(axis=1), before.clip(upper=0).sum(axis=1)
    return np.where(parts[name] >= 0, gains, losses)


def _cut_gains(
    axes: Axes, parts: pd.DataFrame, gain_eur: Floats, counted: NDArray[np.bool_]
) -> None:
    """Limits that show the counted rows, and the others up to twice as far."""
    gains = parts.clip(lower=0).sum(axis=1).to_numpy()
    losses = parts.clip(upper=0).sum(axis=1).to_numpy()
    reach = max(gains[counted].max(), -losses[counted].min(), 5.0)
    low, high = max(losses.min(), -2 * reach), min(max(gains.max(), 5.0), 2 * reach)
    low, high = low - 0.06 * (high - low), high + 0.06 * (high - low)
    axes.set_xlim(low, high)
    for row in np.flatnonzero((gains > high) | (losses < low)):
        right = gains[row] > high
        text = _number(gain_eur[row], ",.0f")
        axes.text(
            high if right else low, float(row), f"{text} \u25b8" if right else f"\u25c2 {text}",
            ha="right" if right else "left", va="center", size=style.SMALL,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip


def _number(value: float, form: str) -> str:
    return "n/a" if np.isnan(value) else format(value, "z" + form).replace("-", "\u2212")
