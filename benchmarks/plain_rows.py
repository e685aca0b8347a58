"""Trains plain PPO and SAC for the cards of the environments: all settings as they come.

    python -m benchmarks.plain_rows [--env ID]... [--again]

Stable-Baselines3 with `"MlpPolicy"` and `gym.make(ID)` on the training scenarios, one seed, no
normalisation, the rewards of the environment. Budgets are small and the same for everybody who
runs this; they say what a first try is worth, and not what the algorithms can do. The models then
play the test worlds of the card. What is there already is kept; `docs/build_cards.py` writes the
pages.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import process_time
from typing import Annotated, Any

import gymnasium as gym
import typer

from benchmarks.cards import CARDS, FILE, STAY, totals
from benchmarks.differences import made_by
from benchmarks.leaderboard import RESULTS
from benchmarks.suites import suite_of
from vpp_gym.agents import agent_of
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import StayAgent, evaluate
from vpp_gym.files.reader import read_object
from vpp_gym.files.writer import write_text

STEPWISE, DAILY = {"PPO": 100_000, "SAC": 20_000}, {"PPO": 2_000, "SAC": 1_000}
BUDGETS: dict[str, dict[str, int]] = {
    "VPPDayAhead-v0": STEPWISE,
    "VPPDispatch-v0": STEPWISE,
    "VPPBidding-v0": DAILY,
    "VPPContracts-v0": DAILY,
    STAY: STEPWISE,
    "FCEVCarPark-v0": {"PPO": 20_000, "SAC": 10_000},
    "FCEVMicrogrid-v0": STEPWISE,
}
"""Environment steps, by algorithm."""
ALGORITHMS = ("PPO", "SAC")


def trained(env_id: str, algorithm: str, steps: int, seed: int = 0) -> tuple[Any, Any]:
    """A model after some steps, and its environment."""
    import stable_baselines3

    env = gym.make(env_id, scenario="synthetic:train", **(CARDS[env_id].settings or {}))
    model = getattr(stable_baselines3, algorithm)("MlpPolicy", env, seed=seed, device="cpu")
    return model.learn(steps), env


def row_name(algorithm: str) -> str:
    """How tables call what an algorithm learnt."""
    return f"plain {algorithm}"


def rows(env_id: str, algorithm: str, steps: int) -> dict[str, Any]:
    """Totals of a trained model in each test world of a card, and what its training took."""
    card, begun = CARDS[env_id], process_time()
    model, env = trained(env_id, algorithm, steps)
    seconds, name = process_time() - begun, row_name(algorithm)
    agent: Any = StayAgent(model, name=name) if env_id == STAY else agent_of(model, env, name=name)
    suite, found = suite_of(card.suite), []
    for world in range(card.worlds):
        scenario, params = suite.scenario(card.track, world, None), suite.params(card.track)
        days = evaluate(agent, scenario, params).days
        found.append({"policy": name, "world": world, **totals(days)})
    return {"steps": int(model.num_timesteps), "seconds": round(seconds, 1), "rows": found}


def main(
    env: Annotated[list[str] | None, typer.Option(help="Only these environments.")] = None,
    algorithm: Annotated[list[str] | None, typer.Option(help="Only these: PPO, SAC.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what is there already.")] = False,
    results: Annotated[Path, typer.Option(help="Folder of the result.")] = RESULTS,
) -> None:
    """Train what is missing, and keep it in the file of the cards."""
    asked, algorithms = env or list(BUDGETS), algorithm or ALGORITHMS
    for field, names, known in (("env", asked, BUDGETS), ("algorithm", algorithms, ALGORITHMS)):
        if unknown := [one for one in names if one not in known]:
            raise InvalidInputError(field, unknown[0], f"use one of {', '.join(known)}")
    path = results / FILE
    for one in algorithms:
        for env_id in asked:
            kept = read_object(path)["environments"][env_id].get("plain", {})
            if one in kept and not again:
                continue
            found = rows(env_id, one, BUDGETS[env_id][one])
            document = read_object(path)
            document.pop("sha256", None)
            document["environments"][env_id].setdefault("plain", {})[one] = found
            document["plain_made_by"] = made_by("python -m benchmarks.plain_rows")
            write_text(path, json.dumps(document, indent=1, allow_nan=False) + "\n")
            print(env_id, one, found["steps"], f"{found['seconds']:.0f} s", flush=True)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
