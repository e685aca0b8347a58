"""Train the network of `vpp_gym.policies.learned.LearnedForecaster`.

    python -m agents.forecaster [--years 16] [--out vpp_gym/policies/imbalance_net.npz]
    python -m agents.forecaster --explain

It sees synthetic years of the training split only. Validation years tell, at the end, how much
of the price's distance from the day-ahead price it explains, beside the anchored forecast; that
goes to benchmarks/results/learned_forecast.csv, from which docs/learning.md is written. With
`--explain` the network is left as it is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import read_bytes
from vpp_gym.files.writer import write_file, write_text
from vpp_gym.kernels import njit
from vpp_gym.params import DEFAULT
from vpp_gym.policies.forecast_net import (
    CLIP,
    N_INPUTS,
    PRICE_EUR_PER_KWH,
    STEPS_AHEAD,
    Net,
    correction_of,
    inputs_of,
    net_of,
)
from vpp_gym.policies.forecasters import DayAheadAnchored
from vpp_gym.policies.learned import DT_H, WEIGHTS, net_from
from vpp_gym.policies.market_path import Anchoring, Moment, anchored_path
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation.dataset import Dataset, build_dataset
from vpp_gym.simulation.state import rules_of
from vpp_gym.views import HISTORY_DAYS

ROOT = Path(__file__).parents[1]
OUT = ROOT / "vpp_gym" / "policies" / WEIGHTS
TABLE = ROOT / "benchmarks" / "results" / "learned_forecast.csv"
SHOWN = (0, 1, 2, 4, 8, 16, 32, 64, 95)
"""Horizons whose share of explained variance is printed."""
UNITS, EPOCHS, BATCH, RATE, DECAY = 96, 8, 2048, 2e-3, 1e-3


@njit(allocates=True)
def rows_of(
    dataset: Dataset, gate_period: int, half_spread: Floats, how: Anchoring, periods: int
) -> tuple[Floats, Floats, Floats]:
    """Inputs (n, F), what was missed (n, H), and the price less its day-ahead price (n, H).

    Of every step of one scenario that has a whole day ahead. Missed is what the anchored
    forecast was off by, in the network's unit of prices.
    """
    n = dataset.first_step[1] - STEPS_AHEAD
    inputs = np.empty((n, N_INPUTS))
    missed, away = np.empty((n, STEPS_AHEAD)), np.empty((n, STEPS_AHEAD))
    for t in range(n):
        step = dataset.steps[t]
        known = step.tomorrow_end if dataset.period[t] > gate_period else step.today_end
        since = max(0, t - HISTORY_DAYS * periods)
        at = Moment(since, t, known, step.tomorrow_end, periods)
        anchor, mid = anchored_path(
            dataset.da_eur_per_kwh,
            dataset.da_forecast_eur_per_kwh,
            dataset.period,
            dataset.residual_eur_per_kwh,
            at,
            STEPS_AHEAD,
            how,
        )
        last = 0.0
        if t > 0:
            settled = dataset.steps[t - 1]
            last = settled.short_eur_per_kwh - settled.long_eur_per_kwh
        inputs[t] = inputs_of(
            dataset.residual_eur_per_kwh[since:t],
            anchor,
            mid,
            dataset.period[t],
            step.weekday,
            half_spread[t],
            last,
        )
        for h in range(STEPS_AHEAD):
            price = dataset.da_eur_per_kwh[t + h] + dataset.residual_eur_per_kwh[t + h]
            missed[t, h] = (price - mid[h]) / PRICE_EUR_PER_KWH
            away[t, h] = (price - anchor[h]) / PRICE_EUR_PER_KWH
    return inputs, missed, away


def year(split: str, index: int) -> tuple[Floats, Floats, Floats]:
    """The rows of one synthetic year, see `rows_of`."""
    scenario = SyntheticSource(split, index + 1, dt_h=DT_H).scenario(index)
    dataset, periods = build_dataset([scenario], DEFAULT), scenario.periods_per_day
    half = 0.5 * (dataset.steps["short_eur_per_kwh"] - dataset.steps["long_eur_per_kwh"])
    total, steps = np.r_[0.0, np.cumsum(half)], np.arange(len(half))
    first = np.maximum(steps - HISTORY_DAYS * periods, 0)
    half_spread = (total[steps] - total[first]) / np.maximum(steps - first, 1)
    how = Anchoring(*DayAheadAnchored().settings(DT_H))
    rows = rows_of(dataset, rules_of(DEFAULT, DT_H).gate_period, half_spread, how, periods)
    inputs, missed, away = rows
    return inputs, missed, away


def trained(inputs: Floats, missed: Floats, seed: int) -> Net:
    """The network that misses least of the rows, by squares."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    mean, std = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    x = torch.tensor(np.clip((inputs - mean) / std, -CLIP, CLIP).astype(np.float32))
    y = torch.tensor(missed.astype(np.float32))
    body = nn.Sequential(nn.Linear(N_INPUTS, UNITS), nn.ReLU(), nn.Linear(UNITS, UNITS), nn.ReLU())
    head, straight = nn.Linear(UNITS, STEPS_AHEAD), nn.Linear(N_INPUTS, STEPS_AHEAD, bias=False)
    for layer in (head, straight):
        nn.init.zeros_(layer.weight)
    parts = nn.ModuleList([body, head, straight])
    n_batches = len(x) // BATCH
    optimiser = torch.optim.AdamW(parts.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=EPOCHS * n_batches + 1
    )
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        for k in range(n_batches):
            rows = order[k * BATCH : (k + 1) * BATCH]
            loss = ((head(body(x[rows])) + straight(x[rows]) - y[rows]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parts.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    arrays: dict[str, Any] = {"mean": mean, "std": std, "bias_2": _array(head.bias)}
    arrays |= {"weight_0": _array(body[0].weight).T, "bias_0": _array(body[0].bias)}
    arrays |= {"weight_1": _array(body[2].weight).T, "bias_1": _array(body[2].bias)}
    arrays |= {"weight_2": _array(head.weight).T, "linear": _array(straight.weight).T}
    return net_of({name: np.float32(values) for name, values in arrays.items()}, "trained")


def _array(tensor: Any) -> NDArray[np.float32]:
    values: NDArray[np.float32] = tensor.detach().numpy()
    return values


def explained(missed: Floats, away: Floats) -> Floats:
    """(H,) share of the price's squared distance from the day-ahead price that is foreseen."""
    share: Floats = 1.0 - (missed**2).mean(axis=0) / (away**2).mean(axis=0)
    return share


def shares(net: Net, years: int) -> dict[str, Floats]:
    """(H,) of validation years explained by the anchored forecast and by the network."""
    rows = [year("validation", index) for index in range(years)]
    inputs, missed, away = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    learned = missed - np.stack([correction_of(one, net) for one in inputs]) / PRICE_EUR_PER_KWH
    return {"anchored": explained(missed, away), "learned": explained(learned, away)}


def report(found: dict[str, Floats]) -> Iterator[str]:
    """What is explained at some horizons."""
    yield "steps ahead  " + "".join(f"{h:7d}" for h in SHOWN)
    for name, share in found.items():
        yield f"{name:13s}" + "".join(f"{share[h]:7.3f}" for h in SHOWN)


def write_report(found: dict[str, Floats], years: int, out: Path) -> None:
    """Write the table that the documentation shows, with the digest of the network's file."""
    digest = sha256(read_bytes(out)).hexdigest()[:16]
    lines = ["forecast,validation_years,network," + ",".join(str(h) for h in SHOWN)]
    for name, share in found.items():
        numbers = ",".join(f"{share[h]:.4f}" for h in SHOWN)
        lines.append(f"{name},{years},{digest},{numbers}")
    write_text(TABLE, "\n".join(lines) + "\n")


def main(
    years: Annotated[int, typer.Option(min=1, max=32, help="Training years.")] = 16,
    validation_years: Annotated[int, typer.Option(min=1, max=8, help="To report on.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of the training.")] = 0,
    out: Annotated[Path, typer.Option(help="File of the weights.")] = OUT,
    explain: Annotated[
        bool, typer.Option("--explain", help="Only say what the network explains.")
    ] = False,
) -> None:
    """Train the network, write its weights, and say what it explains."""
    if not explain:
        begun = time.perf_counter()
        rows = [year("train", index)[:2] for index in range(years)]
        inputs, missed = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        net = trained(inputs, missed, seed)
        arrays: dict[str, Any] = {name: np.float32(part) for name, part in net._asdict().items()}
        write_file(out, lambda file: np.savez_compressed(file, **arrays))
        print(f"{len(inputs)} steps of {years} years, {time.perf_counter() - begun:.0f} s")
    found = shares(net_from(out), validation_years)
    if out == OUT:
        write_report(found, validation_years, out)
    for line in report(found):
        print(line)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
