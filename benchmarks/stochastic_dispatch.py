"""What the stochastic rolling plan earns beyond the one at expected prices.

    python -m benchmarks.stochastic_dispatch [--years 4] [--price-known] [--out FOLDER]

Both dispatch the same cars under the same menu and bid nothing; compared is the profit
without the position, day by day. Real years are included where VPP_GYM_DATA is set.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import process_time
from typing import Annotated, Any

import typer
from rich.progress import track

from benchmarks.differences import RESULTS, gain_columns, write_table
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.evaluation.metrics import without_position_eur
from vpp_gym.files.trial import check_folder
from vpp_gym.params import DEFAULT, VPPParams
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.policies.stochastic_mpc import StochasticMPC
from vpp_gym.policy import Policy
from vpp_gym.scenarios.named import as_source

TITLE = "Stochastic against deterministic rolling plans"
NOTES = (
    "A year of each scenario in the reference world by quarter hours; profit without the "
    "position of bids (none are made), EUR. "
    "`saving` is what the deterministic plan earns beyond charging on arrival, `gain` what the "
    "stochastic one earns beyond the deterministic, with a 95 % block-bootstrap interval over "
    "weeks. Settings were chosen on synthetic training and validation years and on the prices "
    "of 2018 (`real:train`): only the two test years were not seen before. Seconds are "
    "processor time of the whole year."
)


def daily_eur(policy: Policy, scenario: Any, params: VPPParams) -> tuple[Any, float]:
    """(days,) EUR without the position, and the seconds that the year took."""
    begin = process_time()
    days = evaluate(policy, scenario, params).days
    return without_position_eur(days).to_numpy(), process_time() - begin


def compared(name: str, index: int, term_h: int, params: VPPParams) -> dict[str, Any]:
    """One row of the table."""
    scenario = as_source(name).scenario(index)
    on_arrival, _ = daily_eur(ChargeOnArrival(), scenario, params)
    plain, plain_s = daily_eur(rolling_mpc(term_h), scenario, params)
    stochastic, stochastic_s = daily_eur(StochasticMPC(term_h), scenario, params)
    return {
        "scenario": f"{name} {index}",
        "menu_h": term_h,
        "saving_eur": float(plain.sum() - on_arrival.sum()),
        **gain_columns(stochastic, plain),
        "deterministic_s": plain_s,
        "stochastic_s": stochastic_s,
    }


def main(
    years: Annotated[int, typer.Option(min=1, max=4, help="Number of validation years.")] = 4,
    price_known: Annotated[
        bool,
        typer.Option("--price-known", help="Let policies know the imbalance price of the step."),
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
) -> None:
    """Compare both plans with and without a menu."""
    check_folder(out, "out")
    worlds = [("synthetic:validation", index) for index in range(years)]
    worlds.append(("synthetic:test", 0))
    if os.environ.get("VPP_GYM_DATA"):
        worlds += [("real:train", 0), ("real:test", 0)]
    params = DEFAULT.replace(market={"imbalance_lag_steps": 0 if price_known else 1})
    first = as_source("synthetic:validation").scenario(0)
    daily_eur(StochasticMPC(1), first, params)  # compiles
    tasks = [(*world, term_h) for term_h in (0, 10) for world in worlds]
    rows = [compared(*task, params) for task in track(tasks, "years")]
    name, title, command = "stochastic_dispatch", TITLE, "python -m benchmarks.stochastic_dispatch"
    if price_known:
        name, title, command = (
            f"{name}_price_known",
            f"{TITLE}, price known",
            f"{command} --price-known",
        )
    write_table(name, rows, title=title, notes=NOTES, command=command, folder=out)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
