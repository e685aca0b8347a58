"""How far forecasts of the imbalance price are off: mean absolute error and pinball loss.

    python -m benchmarks.forecasts [--out FOLDER]

Every forecaster sees the same snapshots through a year of quarter hours. Scored is the middle
of the short and the long price: in the next quarter, one to six hours ahead, and over the day
after the gate closure in which it is asked. Pinball losses are of the 10, 50 and 90 %
quantiles of sampled paths. Real years are included where VPP_GYM_DATA is set.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from benchmarks.differences import RESULTS, write_table
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.trial import check_folder
from vpp_gym.params import DEFAULT
from vpp_gym.policies.forecasters import DayAheadAnchored, DayTypeMean, HourOfDayMean, Persistence
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

LEVELS = np.array([0.1, 0.5, 0.9])
SAMPLES = 40
PER_HOUR = 4
HORIZONS = {"next quarter": slice(0, 1), "1-6 h": slice(PER_HOUR, 6 * PER_HOUR)}
AT_GATE = {"day-ahead at gate": slice(12 * PER_HOUR, 36 * PER_HOUR)}
GATE = 12 * PER_HOUR
"""Period of the gate closure."""
EVERY = 25
"""Errors of the next hours are taken in every so many quarters, to save time: in any of a day."""

TITLE = "Forecasts of the imbalance price"
NOTES = (
    "EUR/MWh; smaller is better. `mae` is of the forecast itself, `pinball` the mean loss of the "
    "10, 50 and 90 % quantiles of its sampled paths. Forecasters use the last 28 days only; "
    "references with perfect foresight would be 0."
)


def forecasters() -> list[Any]:
    """Those that can also draw paths."""
    return [HourOfDayMean(), DayTypeMean(), Persistence(1), Persistence(7), DayAheadAnchored()]


def pinball(quantiles: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(steps,) mean loss of the (levels, steps) quantiles, in the unit of the price."""
    over = truth - quantiles
    return np.maximum(LEVELS[:, None] * over, (LEVELS[:, None] - 1) * over).mean(axis=0)


def asked(step: int, period: int) -> dict[str, slice]:
    """Which steps ahead are scored in this step."""
    spans = dict(HORIZONS) if step % EVERY == 0 else {}
    return spans | (AT_GATE if period == GATE else {})


def losses(scenario: Scenario) -> list[dict[str, Any]]:
    """The rows of one scenario: loss by forecaster and horizon, EUR/MWh."""
    sim = Simulation(scenario, DEFAULT.replace(guarantee=False))  # prices pass, no car is charged
    sim.reset(0, 0, scenario.n_steps)
    truth = 0.5 * (scenario.im_short_eur_per_kwh + scenario.im_long_eur_per_kwh)
    found: dict[tuple[str, str], list[np.ndarray]] = {}
    for t in range(scenario.n_steps - 36 * PER_HOUR):
        spans = asked(t, int(scenario.period[t]))
        if spans:
            snapshot = sim.snapshot(0)
            for forecaster in forecasters():
                n_steps = max(span.stop for span in spans.values())
                mean = forecaster.forecast(snapshot, n_steps)
                rng = np.random.default_rng(t)
                paths = forecaster.scenarios(snapshot, n_steps, SAMPLES, rng)
                middle = 0.5 * (mean[0] + mean[1])
                quantiles = np.quantile(0.5 * (paths[0] + paths[1]), LEVELS, axis=0)
                for horizon, span in spans.items():
                    actual = truth[t : t + n_steps][span]
                    error = np.abs(middle[span] - actual)
                    loss = pinball(quantiles[:, span], actual)
                    found.setdefault((horizon, forecaster.name), []).append(np.stack([error, loss]))
        sim.step(Decisions(fleet_kwh=0.0))
    rows = []
    for (horizon, name), parts in found.items():
        mae, loss = 1e3 * np.concatenate(parts, axis=1).mean(axis=1)
        rows.append({"horizon": horizon, "forecaster": name, "mae": mae, "pinball": loss})
    return sorted(rows, key=lambda row: [*HORIZONS, *AT_GATE].index(row["horizon"]))


def main(out: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS) -> None:
    """Score all forecasters."""
    check_folder(out, "out")
    worlds = ["synthetic:validation", "synthetic:test"]
    if os.environ.get("VPP_GYM_DATA"):
        worlds += ["real:train", "real:test"]
    rows = [
        {"scenario": f"{name} 0", **row}
        for name in track(worlds, "years")
        for row in losses(as_source(name).scenario(0))
    ]
    command = "python -m benchmarks.forecasts"
    write_table("forecasts", rows, title=TITLE, notes=NOTES, command=command, folder=out)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
