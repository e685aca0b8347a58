"""What a limit of the connection does to rules and planners of cars.

    python -m benchmarks.site_limit [--worlds 12] [--jobs 2] [--out FOLDER]

The connection has nothing behind it but chargers, and no fees: the limit is all that differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from itertools import chain, product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from benchmarks.differences import RESULTS, write_table
from vpp_gym.boards.sites import BUSY_CHARGERS, BUSY_DAYS, BUSY_SESSIONS_PER_DAY, CARS, DAYS, WORLDS
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.files.trial import check_folder
from vpp_gym.params import DEFAULT, VPPParams
from vpp_gym.policies.baselines import baseline
from vpp_gym.scenarios.months import MonthSource
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.workers import worker_pool

FREE, SHARES = 1.0, (0.4, 0.2)
"""Limits, as shares of the power of all chargers."""
STEPS_H = (0.25, 1.0)
POLICIES = (
    *("charge_on_arrival", "charge_at_deadline", "price_threshold"),
    *("algorithm_1_3h", "rolling_mpc", "hazard_mpc"),
)
TITLE = "Limits at 40 and 20 % of the chargers' power"
NOTES = (
    "Mean of {worlds} worlds, each the first days of a month of a synthetic test year: two weeks "
    f"at the site of {DEFAULT.site.n_chargers} chargers, one week at the busy one of "
    f"{BUSY_CHARGERS}. Nothing but chargers, no fees. `free` is without a limit, `limited` with "
    "one at that `share` of the power of all chargers. EUR over the days of a world; brackets: "
    "95 % of the mean over worlds. `unserved more`: what drivers miss more under the limit. "
    "`limited`: what the connection had no room to promise. `yielded`: how much of the dispatch "
    "gave way."
)
COMMAND = "python -m benchmarks.site_limit"
Case = tuple[float, bool, int]
"""Hours per step, whether at the busy site, and number of the world."""


def rules(busy: bool, share: float) -> VPPParams:
    """Parameters of a run."""
    params = DEFAULT.changed({"site": {"n_chargers": BUSY_CHARGERS}} if busy else None)
    if share == FREE:
        return params
    return params.changed({"connection": {"import_limit_kw": share * params.site.all_kw}})


def scenario_of(step_h: float, busy: bool, world: int) -> Scenario:
    """Prices and cars of a run."""
    more: dict[str, Any] = {"sessions_per_day": BUSY_SESSIONS_PER_DAY} if busy else {}
    years = SyntheticSource("test", WORLDS, dt_h=step_h, params={"cars": CARS.model_dump()}, **more)
    return MonthSource(years, BUSY_DAYS if busy else DAYS).scenario(world)


def run_case(case: Case) -> list[dict[str, Any]]:
    """Every policy under every limit and without one."""
    step_h, busy, world = case
    scenario, rows = scenario_of(step_h, busy, world), []
    for name, share in product(POLICIES, (FREE, *SHARES)):
        days = evaluate(baseline(name), scenario, rules(busy, share)).days
        sums = days[
            ["profit_eur", "unserved_kwh", "limited_kwh", "yielded_kwh", "demand_kwh"]
        ].sum()
        where = {"step_h": step_h, "busy": busy, "world": world}
        rows.append({**where, "policy": name, "share": share, **sums})
    return rows


def compared(runs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """A row for each site, step and policy.

    Args:
        runs: rows of `run_case` of all cases.
    """
    for (busy, step_h), part in runs.groupby(["busy", "step_h"], sort=True):
        table = part.pivot(index="world", columns=["policy", "share"])
        for share in SHARES:
            yield from _under_limit(table, share, busy=busy, step_h=step_h)


def _under_limit(
    table: pd.DataFrame, share: float, *, busy: bool, step_h: float
) -> Iterator[dict[str, Any]]:
    """Rows of one limit, in the order of what policies earn without it."""
    profit = table["profit_eur"]
    free, limited = (profit.xs(one, axis=1, level="share") for one in (FREE, share))
    ranks = [one.mean().rank(ascending=False).astype(int) for one in (free, limited)]
    by_world = [one.rank(axis=1, ascending=False) for one in (free, limited)]
    for name in sorted(POLICIES, key=lambda name: ranks[0][name]):
        change = (limited[name] - free[name]).to_numpy()
        half = 1.96 * float(np.std(change, ddof=1)) / len(change) ** 0.5
        unserved = table["unserved_kwh"][name]
        yield {
            "chargers": BUSY_CHARGERS if busy else DEFAULT.site.n_chargers,
            "step_h": step_h,
            "share": share,
            "policy": name,
            "rank_free": int(ranks[0][name]),
            "rank_limited": int(ranks[1][name]),
            "free_eur": float(free[name].mean()),
            "gain_eur": float(change.mean()),
            "gain_low_eur": float(change.mean()) - half,
            "gain_high_eur": float(change.mean()) + half,
            "other_rank_in_worlds": int((by_world[0][name] != by_world[1][name]).sum()),
            "worlds": len(change),
            "unserved_more_kwh": float((unserved[share] - unserved[FREE]).mean()),
            "limited_kwh": float(table["limited_kwh"][name][share].mean()),
            "yielded_kwh": float(table["yielded_kwh"][name][share].mean()),
        }


def main(
    worlds: Annotated[int, typer.Option(min=2, max=WORLDS, help="How many worlds.")] = WORLDS,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 works in this one.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the table.")] = RESULTS,
) -> None:
    """Run rules and planners of cars with and without a limit, and write the table."""
    check_folder(out, "out")
    cases = list(product(STEPS_H, (False, True), range(worlds)))
    if jobs == 0:
        found = list(map(run_case, cases))
    else:
        with worker_pool(jobs) as pool:
            found = list(pool.map(run_case, cases))
    runs = pd.DataFrame(list(chain.from_iterable(found)))
    rows: list[Mapping[str, Any]] = list(compared(runs))
    write_table(
        "site_limit",
        rows,
        title=TITLE,
        notes=NOTES.format(worlds=worlds),
        command=COMMAND,
        folder=out,
    )


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
