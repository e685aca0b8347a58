"""What operators of the microgrid earn above the article's order, in years and in weeks.

    python -m benchmarks.microgrid_agents [--worlds 4] [--planned 1] [--out FOLDER]

Worlds are counted from 0; agents were trained and chosen on others, from 1000 on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from rich.progress import track

from agents.policy import AgentPolicy, load_agents
from benchmarks.differences import RESULTS, gain_columns, write_table
from vpp_gym.arrays import Floats
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.microgrid.hindsight import microgrid_bound
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.policies import microgrid_baselines
from vpp_gym.fcev.microgrid.scenario import MicrogridSource
from vpp_gym.fcev.microgrid.simulation import MicrogridScenario

ENV_ID = "FCEVMicrogrid-v0"
BASE, BOUND = "article", "hindsight"
PLANS = ("rolling_plan", "planned_contracts", "foresight")
"""Programs: too slow for every world."""
OTHER_RULES = ("direct_use",)
"""For microgrids whose wind may serve houses."""
WEEK = 7
TITLE = "Operators of the microgrid against the article's order"
NOTES = (
    "Profit above that of the article's order on the same days of the test worlds, EUR, with a "
    "95 % block-bootstrap interval over weeks. `year`: a whole year of every world in one run, per "
    "year. `weeks`: the episodes of `FCEVMicrogrid-v0`, every week of the year from full tanks and "
    "half a store, per week. Agents (`ppo`, one row a seed) have both options, volumes and "
    "rewards, and so have adaptive and planned contracts; the rolling plan and foresight take "
    "contracts as they are signed. Hindsight is a bound on the profit of any policy. Plans and the "
    "bound run on fewer worlds. Plans keep hydrogen for the rest of the year, while a week counts "
    "what is left at its price."
)


def daily_eur(policy: Any, world: MicrogridScenario, span: int | None) -> Floats:
    """(days,) EUR of every stretch of so many days, one after the other; None: the year.

    Args:
        policy: or an agent, or None for the bound.
        world: its year.
        span: days of a stretch.
    """
    days = world.n_days if span is None else span
    starts, params = range(0, world.n_days - days + 1, days), MicrogridParams()

    def rows(day: int) -> pd.DataFrame:
        span: dict[str, Any] = {"start_step": HOURS * day, "end_step": HOURS * (day + days)}
        if policy is None:
            return microgrid_bound(world, params, **span)
        return evaluate(policy, world, params, **span).days

    return np.concatenate([rows(day)["profit_eur"] for day in starts])


def row(
    policy: Any, worlds: Sequence[MicrogridScenario], base: Sequence[Floats], span: int | None
) -> dict[str, Any]:
    """One line: what a policy, or the bound, earned above the article in some worlds."""
    mine = np.concatenate([daily_eur(policy, world, span) for world in worlds])
    theirs = np.concatenate(base[: len(worlds)])
    stretches = len(mine) / (worlds[0].n_days if span is None else span)
    seed = f" seed {policy.seed}" if isinstance(policy, AgentPolicy) else ""
    return {
        "runs": "year" if span is None else "weeks",
        "policy": f"{_name(policy)}{seed}",
        "worlds": len(worlds),
        "cost_eur": -float(mine.sum()) / stretches,
        **{name: value / stretches for name, value in gain_columns(mine, theirs).items()},
    }


def _name(policy: Any) -> str:
    return BOUND if policy is None else policy.name


def main(
    worlds: Annotated[int, typer.Option(min=1, help="Test worlds.")] = 4,
    planned: Annotated[int, typer.Option(min=0, help="Worlds for plans, of these.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
) -> None:
    """Compare the baselines and every trained agent of the microgrid."""
    source = MicrogridSource(MicrogridParams(), "synthetic:test")
    tested = [source.scenario(seed) for seed in range(worlds)]
    policies = microgrid_baselines()
    rules = [policies[name] for name in policies if name not in (*PLANS, *OTHER_RULES)]
    agents = [one for one in load_agents() if one.env_id == ENV_ID]
    plans = [*(policies[name] for name in PLANS), None] if planned else []
    rows = []
    for span in (None, WEEK):
        base = [daily_eur(policies[BASE], world, span) for world in tested]
        for policy in track([*rules, *agents, *plans], "a year" if span is None else "weeks"):
            count = planned if _name(policy) in (*PLANS, BOUND) else worlds
            rows.append(row(policy, tested[:count], base, span))
    command = f"python -m benchmarks.microgrid_agents --worlds {worlds} --planned {planned}"
    about = {"title": TITLE, "notes": NOTES, "command": command, "family": "hydrogen"}
    write_table("microgrid_agents", rows, folder=out, **about)


if __name__ == "__main__":
    typer.run(main)
