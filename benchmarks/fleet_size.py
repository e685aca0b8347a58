"""Measures what agents earn on fleets of other sizes than they were trained on.

    python -m benchmarks.fleet_size [--days 14] [--worlds 3] [--out FOLDER]

Validation worlds of 25 to 2,500 sessions a day, a charger for each; all seeds of an agent.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import typer
from rich.console import Console

from benchmarks.differences import RESULTS, write_table
from vpp_gym.agents.policy import load_agents
from vpp_gym.agents.stored import load
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import rollout
from vpp_gym.evaluation.statistics import paired_difference
from vpp_gym.files.trial import check_folder
from vpp_gym.params import DEFAULT
from vpp_gym.policies.baselines import baseline
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource

SESSIONS_A_DAY = (25, 250, 2_500)
BESIDE = {"ppo_price": "hazard_mpc_price", "ppo_stay": "charge_on_arrival"}
"""What an agent is compared with: the planner that it corrects, or its reference in training."""
TITLE = "Agents on fleets of other sizes"
NOTES = (
    "Agents were trained on some 27 sessions a day, and are as they were trained. Gains are EUR "
    "per 1,000 sessions over the policy beside it, interquartile mean of the seeds, with 95 % "
    "intervals over weeks; time is processor time of a step of `evaluate`, simulator included."
)


class Played(NamedTuple):
    """What a policy did in some worlds.

    Attributes:
        profit_eur: (worlds, days).
        served: share of the demand.
        ms: processor time of a step.
    """

    profit_eur: np.ndarray
    served: float
    ms: float


def world(sessions_a_day: int, k: int, days: int) -> Scenario:
    """The first days of a validation year with so many arrivals."""
    return SyntheticSource(
        "validation", k + 1, sessions_per_day=sessions_a_day, days=days
    ).scenario(k)


def played(policy: Any, scenarios: list[Scenario], chargers: int) -> Played:
    """Run a policy through some worlds."""
    params = DEFAULT.replace(site={"n_chargers": chargers})
    begin = process_time()
    days = [rollout.evaluate(policy, scenario, params).days for scenario in scenarios]
    spent_s, table = process_time() - begin, pd.concat(days)
    return Played(
        np.array([one["profit_eur"] for one in days]),
        float(table["served_kwh"].sum() / table["demand_kwh"].sum()),
        1e3 * spent_s / sum(scenario.n_steps for scenario in scenarios),
    )


def compared(agent: str, sessions_a_day: int, worlds: int, days: int) -> dict[str, Any]:
    """One row of the table."""
    scenarios = [world(sessions_a_day, k, days) for k in range(worlds)]
    seeds = [one for one in load_agents() if one.name == agent]
    runs = [played(one, scenarios, sessions_a_day) for one in seeds]
    other = played(baseline(BESIDE[agent]), scenarios, sessions_a_day)
    gain = paired_difference(
        np.array([one.profit_eur for one in runs]),
        other.profit_eur[None],
        rng=np.random.default_rng(0),
    )
    scale = 1e3 * worlds / sum(len(one.sessions) for one in scenarios)
    return {
        "sessions_a_day": sessions_a_day,
        "agent": agent,
        "seeds": len(seeds),
        "more_than": BESIDE[agent],
        "gain_eur": scale * gain.estimate,
        "gain_low_eur": scale * gain.low,
        "gain_high_eur": scale * gain.high,
        "served_percent": 100 * float(np.mean([one.served for one in runs])),
        "other_served_percent": 100 * other.served,
        "ms_a_step": float(np.mean([one.ms for one in runs])),
        "other_ms_a_step": other.ms,
    }


def main(
    days: Annotated[int, typer.Option(min=7, help="Number of days of a world.")] = 14,
    worlds: Annotated[int, typer.Option(min=1, max=8, help="Number of worlds.")] = 3,
    out: Annotated[Path, typer.Option(help="Folder of the tables.")] = RESULTS,
) -> None:
    """Run each agent and the policy beside it at every size, and write the table."""
    check_folder(out, "out")
    for agent, other in BESIDE.items():  # compile
        for one in (load(agent), baseline(other)):
            played(one, [world(SESSIONS_A_DAY[0], 0, 2)], SESSIONS_A_DAY[0])
    rows = []
    for size in SESSIONS_A_DAY:
        for agent in BESIDE:
            rows.append(compared(agent, size, worlds, days))
            Console().print(f"{size} sessions a day, {agent}: done")
    command = f"python -m benchmarks.fleet_size --days {days} --worlds {worlds}"
    write_table("fleet_size", rows, title=TITLE, notes=NOTES, command=command, folder=out)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
