"""Writes the tables and the plot on docs/speed.md from benchmarks/results.

python docs/build_speed.py
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

PAGE = Path(__file__).with_name("speed.md")
RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
IMAGE = Path(__file__).with_name("images") / "speed.svg"
RATES, DAYS, FIRST, PEERS, SINCE = "rates", "days", "first", "peers", "since"
"""Names of the tables on the page."""
HEADINGS = (
    "Cars",
    "Environments",
    "Threads",
    "Steps a second",
    "Car-steps",
    "Of the roof",
)
DAY_HEADINGS = (
    "Environment",
    "Environments",
    "Threads",
    "Days a second",
    "Planned by policies",
    "Ratio",
)
FIRST_HEADINGS = ("Environment", "First [s]", "Again [s]")
PEER_HEADINGS = (
    "Cars",
    "Simulator",
    "Setting",
    "Minutes a step",
    "Environments",
    "Steps a second",
    "Slowest turn",
    "Without resets",
    "Car-steps",
    "Compile [s]",
)
SINCE_HEADINGS = (
    "What",
    "Environments",
    "Threads",
    "Cars then",
    "Cars now",
    "A second, then",
    "A second, now",
    "Ratio",
    "Ratio of car-steps",
)


def results() -> pd.DataFrame:
    """The rows that were measured last."""
    return pd.read_csv(RESULTS / "speed.csv")


def page(text: str) -> str:
    """The page with its tables written anew."""
    text = _with_table(text, RATES, "speed", table())
    text = _with_table(text, DAYS, "days_speed", days_table())
    text = _with_table(text, FIRST, "first_step", first_table())
    text = _with_table(text, PEERS, "peers", peers_table())
    return _with_table(text, SINCE, "since", since_table())


def _with_table(text: str, marker: str, name: str, rows: str) -> str:
    """The page with one table between its markers, and what its results say of themselves."""
    _, notes, made_by, *_ = (RESULTS / f"{name}.md").read_text(encoding="utf-8").split("\n\n")
    content = f"<!-- {marker} -->\n\n{rows}\n\n{notes}\n\n{made_by}\n\n<!-- /{marker} -->"
    found = re.compile(f"<!-- {marker} -->.*?<!-- /{marker} -->", re.DOTALL)
    return found.sub(lambda _: content, text)


def days_table() -> str:
    """A row for each environment whose step is a day, and size of the batch."""
    rows = [DAY_HEADINGS, ["---", *["---:"] * (len(DAY_HEADINGS) - 1)]]
    for row in pd.read_csv(RESULTS / "days_speed.csv").itertuples():
        rates = f"{row.days_per_second:,.0f}", f"{row.one_by_one:,.1f}", f"{row.ratio:.1f}"
        rows.append([f"`{row.environment}`", str(row.batch), str(row.threads), *rates])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def first_table() -> str:
    """A row for each environment: the wait with no compiled kernels, and with those kept."""
    rows = [FIRST_HEADINGS, ["---", *["---:"] * (len(FIRST_HEADINGS) - 1)]]
    waits = pd.read_csv(RESULTS / "first_step.csv").itertuples()
    rows.extend([row.what, f"{row.first_s:.0f}", f"{row.again_s:.1f}"] for row in waits)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def peers_table() -> str:
    """A row for each simulator, number of cars, and size of the batch."""
    rows = [PEER_HEADINGS, ["---:", "---", "---", *["---:"] * (len(PEER_HEADINGS) - 3)]]
    for row in pd.read_csv(RESULTS / "peers.csv").itertuples():
        apart = f"{row.without_resets_per_s:,.0f}" if row.without_resets_per_s > 0 else "–"
        best, slowest = f"{row.env_steps_per_s:,.0f}", f"{row.slowest_turn:.0%}"
        rates = best, slowest, apart, f"{row.car_steps_per_s:,.0f}"
        sizes = f"{row.step_min}", f"{row.environments:,}"
        first = f"{row.connected:,.0f}", row.simulator, row.setting
        rows.append([*first, *sizes, *rates, f"{row.compile_s:,.1f}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def since_table() -> str:
    """A row for each case that two commits run."""
    rows = [SINCE_HEADINGS, ["---", *["---:"] * (len(SINCE_HEADINGS) - 1)]]
    for row in pd.read_csv(RESULTS / "since.csv").itertuples():
        both = row.cars_then, row.cars_now
        cars = [f"{number:,.0f}" if number else "–" for number in both]
        ratios = f"{row.ratio:.1f}", f"{row.ratio_of_car_steps:.1f}"
        rates = f"{row.then_per_s:,.0f}", f"{row.now_per_s:,.0f}", *ratios
        rows.append([row.what, f"{row.environments:,}", str(row.threads), *cars, *rates])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


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

    from vpp_gym.plots.canvas import save_figure

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
    save_figure(figure, IMAGE)


def main() -> None:
    """Rewrite the page in place, and draw its plot."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    draw()


if __name__ == "__main__":
    main()
