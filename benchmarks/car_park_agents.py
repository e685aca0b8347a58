"""What aggregators of the car park earn above the article's strategy, in whole years.

    python -m benchmarks.car_park_agents [--base synthetic:train] [--worlds 8] [--out FOLDER]

Worlds are counted from 0; agents were trained and chosen on others, from 1000 on. Their
years of prices must be others, too: years that an agent has seen are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from agents.policy import AgentPolicy, load_agents
from benchmarks.differences import RESULTS, gain_columns, write_table
from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.car_park.gate_to_gate import agent_gate_to_gate_eur, bound_eur, gate_to_gate_eur
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.policies import car_park_baselines
from vpp_gym.fcev.car_park.scenario import CarParkSource
from vpp_gym.scenarios.named import as_source

ENV_ID = "FCEVCarPark-v0"
BASE_POLICY = "article"
KINDS = ("equal", "random")
TITLE = "Aggregators of the car park against the article's strategy"
NOTES = (
    "Profit above that of the article's strategy from the first gate of a year to the last, EUR a "
    "year: mean of worlds with drivers, contracts, years of prices and errors of the forecast that "
    "no agent was trained or chosen on; with a 95 % block-bootstrap interval over the weeks of "
    "that mean. Agents (`ppo`, one row a seed) turn the numbers that shape the orders and were "
    "trained with their kind of minPrice. A score of 0 is the article's strategy, 100 a bound "
    "that leaves out lots and the merit order of the cars."
)


def kind_of(agent: AgentPolicy) -> str:
    """MinPrices with which an agent was trained."""
    params = agent.card["arguments"].get("params", {})
    return str(CarParkParams().changed(params).contract.min_price)


def seen_years(agent: AgentPolicy, base: str) -> set[int]:
    """Years of a base, by number, whose prices an agent was trained on."""
    world = agent.card["run"]["world"]
    if world["train"] != base:
        return set()
    n_years = as_source(base, 1.0).n_scenarios
    return {(world["first_world"] + k) % n_years for k in range(world["n_worlds"])}


def daily_eur(policy: Any, kind: str, base: str, worlds: int) -> Floats:
    """(days,) EUR, mean of the worlds."""
    params = CarParkParams().changed({"contract": {"min_price": kind}})
    if isinstance(policy, AgentPolicy):
        profit = agent_gate_to_gate_eur(policy, params, base, worlds, policy.settings)
    else:
        source = CarParkSource(params, base)
        profit = np.stack(
            [gate_to_gate_eur(policy, source.scenario(k), params) for k in range(worlds)]
        )
    return np.asarray(profit.mean(axis=0))


def top_eur(kind: str, base: str, worlds: int) -> float:
    """Bound of the profit, mean of the worlds."""
    params = CarParkParams().changed({"contract": {"min_price": kind}})
    source = CarParkSource(params, base)
    return float(np.mean([bound_eur(source.scenario(k), params) for k in range(worlds)]))


def rows_of(kind: str, agents: Sequence[AgentPolicy], base: str, worlds: int) -> list[Any]:
    """One line for each policy and agent with one kind of minPrices."""
    baselines = car_park_baselines()
    usual = daily_eur(baselines[BASE_POLICY], kind, base, worlds)
    top = top_eur(kind, base, worlds)
    lines = []
    mine = [agent for agent in agents if kind_of(agent) == kind]
    for policy in track([*baselines.values(), *mine], kind):
        profit = daily_eur(policy, kind, base, worlds)
        seed = f" seed {policy.seed}" if isinstance(policy, AgentPolicy) else ""
        lines.append(
            {
                "min_price": kind,
                "policy": f"{policy.name}{seed}",
                "profit_eur": float(profit.sum()),
                **gain_columns(profit, usual),
                "score": 100 * float(profit.sum() - usual.sum()) / (top - float(usual.sum())),
            }
        )
    return lines


def main(
    base: Annotated[str, typer.Option(help="Years of prices.")] = "synthetic:train",
    worlds: Annotated[int, typer.Option(min=1, help="Test worlds.")] = 8,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
) -> None:
    """Compare the baselines and every trained agent of the car park."""
    agents = [one for one in load_agents() if one.env_id == ENV_ID]
    seen = {year for agent in agents for year in seen_years(agent, base) if year < worlds}
    if seen:
        raise InvalidInputError("worlds", worlds, f"agents have seen the years {sorted(seen)}")
    rows = [row for kind in KINDS for row in rows_of(kind, agents, base, worlds)]
    command = f"python -m benchmarks.car_park_agents --base {base} --worlds {worlds}"
    other = "" if base == "synthetic:train" else f"_{base.replace(':', '_')}"
    name = f"car_park_agents{other}"
    about = {"title": TITLE, "notes": NOTES, "command": command, "family": "hydrogen"}
    write_table(name, rows, folder=out, **about)


if __name__ == "__main__":
    typer.run(main)
