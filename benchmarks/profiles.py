"""Draws performance profiles: which share of an agent's runs scores more than so much.

    python -m benchmarks.profiles [--suite embedded] [--out FOLDER]

A run is one seed in one world; its score is 0 for charging on arrival in that world and 100 for the
upper end of the board of operations. Bands are 95 % intervals over worlds, seeds drawn within each
(stratified bootstrap). From the published weeks; nothing is simulated.

Source: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice".
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from matplotlib.figure import Figure

from benchmarks.figures import IMAGES
from benchmarks.leaderboard import RESULTS
from benchmarks.results import read, rows_path
from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.csv_text import read_table
from vpp_gym.evaluation.metrics import NO_CONTROL
from vpp_gym.files.trial import check_folder
from vpp_gym.plots.canvas import new_figure, save_figure

SHOWN = ("rolling_mpc", "hazard_mpc_price", "learned_mpc_price")
"""Planners that are drawn beside the agents."""
LEAST, MOST, POINTS = 0.0, 65.0, 261
DRAWS = 500


def scores(weeks: pd.DataFrame, high: str) -> pd.DataFrame:
    """Score of each run: one row for each policy, seed and world.

    Args:
        weeks: published rows with `policy`, `seed`, `world`, `profit_eur` and `position_eur`.
        high: policy that is score 100.
    """
    value = (weeks["profit_eur"] - weeks["position_eur"]).rename("value_eur")
    runs = value.groupby([weeks["policy"], weeks["seed"], weeks["world"]]).sum().reset_index()
    ends = [
        runs[runs["policy"] == name].set_index("world")["value_eur"] for name in (NO_CONTROL, high)
    ]
    low, top = (runs["world"].map(end) for end in ends)
    return runs.assign(score=100.0 * (runs["value_eur"] - low) / (top - low))


def profile(table: Floats, at: Floats) -> Floats:
    """(P,) share of (seeds, worlds) scores above each of (P,) values.

    >>> profile(np.array([[1.0, 3.0]]), np.array([0.0, 2.0, 4.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    shares: Floats = (table.ravel()[:, None] > at).mean(axis=0)
    return shares


def band(table: Floats, at: Floats, rng: np.random.Generator) -> Floats:
    """(2, P) ends of the interval of a profile."""
    seeds, worlds = table.shape
    drawn = np.empty((DRAWS, len(at)))
    for k in range(DRAWS):
        of_worlds = rng.integers(worlds, size=worlds)
        of_seeds = rng.integers(seeds, size=(seeds, worlds))
        drawn[k] = profile(table[of_seeds, of_worlds], at)
    ends: Floats = np.quantile(drawn, (0.025, 0.975), axis=0)
    return ends


def draw(runs: pd.DataFrame, names: Sequence[str]) -> Figure:
    """The profiles of some policies in one picture."""
    figure, at = new_figure(960, 520), np.linspace(LEAST, MOST, POINTS)
    axes = figure.subplots()
    for k, name in enumerate(names):
        table = runs[runs["policy"] == name].pivot(index="seed", columns="world", values="score")
        values = table.to_numpy()
        style = "--" if name in SHOWN else "-"
        axes.plot(at, profile(values, at), style, color=f"C{k % 10}", label=name)
        axes.fill_between(
            at, *band(values, at, np.random.default_rng(0)), color=f"C{k % 10}", alpha=0.15
        )
    axes.set(
        xlabel="Score on the board of operations",
        ylabel="Share of runs with more",
        ylim=(-0.02, 1.02),
    )
    axes.grid(alpha=0.3)
    figure.set_layout_engine("constrained")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def main(
    suite: Annotated[str, typer.Option(help="With a board of operations.")] = "embedded",
    out: Annotated[Path, typer.Option(help="Folder of the picture.")] = IMAGES,
) -> None:
    """Draw the profiles of all agents of a suite."""
    check_folder(out, "out")
    document = read(RESULTS / f"{suite}.json")
    rows = document["boards"]["operations"]
    weeks = read_table(rows_path(RESULTS / f"{suite}.json", document))
    names = [
        str(row["policy"]) for row in rows if row["kind"] == "learned" or row["policy"] in SHOWN
    ]
    save_figure(draw(scores(weeks, document["high"]), names), out / f"profiles_{suite}.png")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
