"""Writes the table and the plot on docs/speed.md from benchmarks/results/speed.csv.

python docs/build_speed.py
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

PAGE = Path(__file__).with_name("speed.md")
RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
IMAGE = Path(__file__).with_name("images") / "speed.svg"
MARKER = re.compile(r"<!-- rates -->.*?<!-- /rates -->", re.DOTALL)
HEADINGS = (
    "Cars",
    "Environments",
    "Threads",
    "Steps a second",
    "Car-steps",
    "Of the roof",
)


def results() -> pd.DataFrame:
    """The rows that were measured last."""
    return pd.read_csv(RESULTS / "speed.csv")


def page(text: str) -> str:
    """The page with its table written anew."""
    _, notes, made_by, *_ = (RESULTS / "speed.md").read_text(encoding="utf-8").split("\n\n")
    content = f"{table()}\n\n{notes}\n\n{made_by}"
    return MARKER.sub(lambda _: f"<!-- rates -->\n\n{content}\n\n<!-- /rates -->", text)


def table() -> str:
    """A row for each size of site and batch, and number of threads."""
    rows = [HEADINGS, ["---:"] * len(HEADINGS)]
    for row in results().itertuples():
        of_roof = row.car_steps_per_s / row.roof_car_steps_per_s
        numbers = (row.connected, row.environments, row.threads, row.env_steps_per_s)
        cells = [f"{number:,.0f}" for number in (*numbers, row.car_steps_per_s)]
        rows.append([*cells, f"{of_roof:.0%}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def draw() -> None:
    """Car-steps a second by the size of the batch, one line for each site."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    rates = results()
    for colour, (cars, site) in enumerate(rates.groupby("cars")):
        for threads, line in site.groupby("threads"):
            style = "-o" if threads == 1 else "--s"
            label = f"{cars:,} cars" if threads == 1 else None
            x, y = line["environments"], line["car_steps_per_s"]
            axes.loglog(x, y, style, color=f"C{colour}", label=label, markersize=4)
        alone = site[site["threads"] == 1]
        roof = alone["roof_car_steps_per_s"]
        axes.loglog(alone["environments"], roof, ":", color=f"C{colour}", linewidth=1)
    axes.set_xlabel("environments in the batch")
    axes.set_ylabel("connected cars times steps, per second")
    axes.set_title("Solid: one thread. Dashed: two. Dotted: the roof of one thread.", fontsize=9)
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    figure.savefig(IMAGE, metadata={"Date": None})


def main() -> None:
    """Rewrite the page in place, and draw its plot."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    draw()


if __name__ == "__main__":
    main()
