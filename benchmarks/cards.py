"""Measures what the cards of the environments show: observations, speed, and the simplest agents.

    python -m benchmarks.cards [--env ID]... [--pictures]

Doing nothing (action 0) and acting at random are played through the first test worlds of the
boards, so that they stand beside published rows of the same worlds. `docs/build_cards.py` writes
the pages.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Annotated, Any

import gymnasium as gym
import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from PIL import Image

from benchmarks.differences import made_by
from benchmarks.figures import IMAGES
from benchmarks.leaderboard import RESULTS
from benchmarks.suites import suite_of
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import EnvironmentAgent, StayAgent, evaluate
from vpp_gym.evaluation.metrics import without_position_eur
from vpp_gym.files.reader import read_object
from vpp_gym.files.writer import write_file, write_text

BATCH = 64
SECONDS = 2.0
"""Of processor time, for each measurement of speed."""
FILE = "cards.json"
STAY = "VPPStay-v0"
STEPS = 100
"""Steps of an environment whose episodes have no length of their own."""
TOTALS = ("profit_eur", "demand_kwh", "served_kwh")
STILL = 1e-6
"""Standard deviation below which a column of the observation is counted as constant."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Card:
    """What is measured of one environment.

    Attributes:
        suite: whose test worlds it is played in.
        track: of the suite.
        reference: action while observations are measured; one number for all entries, or each.
        settings: of the environment.
        worlds: test worlds, the first of the suite, through which actions are played.
    """

    suite: str
    track: str
    reference: tuple[float, ...] | float = 0.0
    settings: Mapping[str, Any] | None = None
    worlds: int = 3


CARDS = {
    "VPPDayAhead-v0": Card("embedded", "reference", reference=(1.0, 0.0)),
    "VPPDispatch-v0": Card("embedded", "reference", reference=1.0),
    "VPPBidding-v0": Card("embedded", "reference", worlds=1),
    "VPPContracts-v0": Card("embedded", "reference", worlds=1),
    STAY: Card("embedded", "reference", reference=1.0, worlds=1),
    "FCEVCarPark-v0": Card("car_park", "equal"),
    "FCEVMicrogrid-v0": Card("microgrid", "volume"),
}


class Constant:
    """The same action in every step.

    Args:
        size: of the action.
        value: of its entries.
    """

    def __init__(self, size: int, value: float = 0.0) -> None:
        self.size, self.value = size, value

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Actions for one observation, or for each of a batch; and no state."""
        shape = (*np.shape(observation)[:-1], self.size)
        return self.drawn(shape).astype(np.float32), None

    def drawn(self, shape: tuple[int, ...]) -> Array:
        """Entries of that many actions."""
        return np.full(shape, self.value)


class Uniform(Constant):
    """Actions drawn evenly from -1 to 1.

    Args:
        size: of the action.
        seed: of the draws.
    """

    def __init__(self, size: int, seed: int) -> None:
        super().__init__(size)
        self.rng = np.random.default_rng(seed)

    def drawn(self, shape: tuple[int, ...]) -> Array:
        """Entries of that many actions."""
        return self.rng.uniform(-1, 1, shape)


def rows(env_id: str) -> list[dict[str, Any]]:
    """Totals of action 0 and of random actions in each test world."""
    card = CARDS[env_id]
    suite = suite_of(card.suite)
    size = gym.make(env_id, **(card.settings or {})).action_space.shape[0]  # type: ignore[index]
    found = []
    for world in range(card.worlds):
        scenario, params = suite.scenario(card.track, world, None), suite.params(card.track)
        for name, model in (("action 0", Constant(size)), ("random", Uniform(size, world))):
            days = evaluate(_agent(env_id, name, model), scenario, params).days
            found.append({"policy": name, "world": world, **totals(days)})
    return found


def _agent(env_id: str, name: str, model: Constant) -> EnvironmentAgent | StayAgent:
    """What plays a model's actions in the world of an environment."""
    if env_id == STAY:
        return StayAgent(model, name=name)
    settings = dict(CARDS[env_id].settings or {})
    return EnvironmentAgent(model, name=name, env_id=env_id, settings=settings)


def totals(days: pd.DataFrame) -> dict[str, float]:
    """Sums of the days of a run that cards show."""
    columns = {name: days[name] for name in TOTALS if name in days}
    if "load_value_eur" in days:  # EVs, which bid
        columns["operations_eur"] = without_position_eur(days)
    return {name: round(float(column.sum()), 2) for name, column in columns.items()}


def reference_action(card: Card, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The action of a card in a space of the given shape."""
    return np.broadcast_to(np.asarray(card.reference, dtype=np.float32), shape)


def observations(env_id: str) -> dict[str, dict[str, float]]:
    """Of each field: mean and standard deviation of its flat columns, and how many stand still."""
    card = CARDS[env_id]
    envs = batch(env_id, 16)
    seen, _ = envs.reset(seed=0)
    action = reference_action(card, envs.action_space.shape or ())
    steps = (gym.spec(env_id).max_episode_steps or STEPS) - 1
    later = (envs.step(action)[0].copy() for _ in range(steps))
    values = np.concatenate([seen.copy(), *later]).astype(np.float64)
    spread = values.std(axis=0)
    slices: Mapping[str, slice] = envs.unwrapped.core.layout.slices
    return {
        name: {
            "first": part.start,
            "columns": part.stop - part.start,
            "mean": _short(values[:, part].mean()),
            "sd": _short(float(np.sqrt((spread[part] ** 2).mean()))),
            "constant": int((spread[part] < STILL).sum()),
        }
        for name, part in slices.items()
    }


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def batch(env_id: str, num_envs: int) -> Any:
    """Environments that one call steps."""
    return gym.make_vec(
        env_id,
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        **(CARDS[env_id].settings or {}),
    )


def speed(env_id: str) -> dict[str, float]:
    """Steps per second of processor time, of one environment and of a batch, with resets."""
    env = gym.make(env_id, **(CARDS[env_id].settings or {}))
    env.reset(seed=0)
    action = np.zeros(env.action_space.shape or (), dtype=np.float32)

    def step() -> None:
        if any(env.step(action)[2:4]):
            env.reset()

    envs = batch(env_id, BATCH)
    envs.reset(seed=0)
    actions = np.zeros(envs.action_space.shape or (), dtype=np.float32)
    return {"one": rate(step, 1), "batch": rate(lambda: envs.step(actions), BATCH)}


def rate(step: Callable[[], Any], counts: int) -> float:
    """How many of `counts` things per call a second of processor time does, once compiled."""
    step()
    calls, begun = 0, process_time()
    while (spent := process_time() - begun) < SECONDS:
        step()
        calls += 1
    return _short(calls * counts / spent)


def picture(env_id: str) -> Image.Image:
    """What the environment draws of itself after some days under its reference action."""
    card = CARDS[env_id]
    env = gym.make(env_id, render_mode="rgb_array", **(card.settings or {}))
    env.reset(seed=0)
    action = reference_action(card, env.action_space.shape or ())
    daily = env.spec is not None and (env.spec.max_episode_steps or STEPS) < STEPS
    for _ in range(4 if daily else 140):
        if env.step(action)[2]:
            break
    return Image.fromarray(np.asarray(env.render()))


def save_png(drawn: Image.Image, path: Path) -> None:
    """Write a picture, whole or not at all."""
    write_file(path, lambda file: drawn.save(file, "PNG"), make_folder=True)


def measured(env_id: str) -> dict[str, Any]:
    """All of one environment."""
    return {
        "speed": speed(env_id),
        "observations": observations(env_id),
        "rows": rows(env_id),
    }


def main(
    env: Annotated[list[str] | None, typer.Option(help="Only these environments.")] = None,
    pictures: Annotated[bool, typer.Option(help="Draw the pictures, measure nothing.")] = False,
    results: Annotated[Path, typer.Option(help="Folder of the result.")] = RESULTS,
    images: Annotated[Path, typer.Option(help="Folder of the pictures.")] = IMAGES / "environments",
) -> None:
    """Measure environments, and keep what was measured of the others."""
    asked = env or list(CARDS)
    if unknown := [one for one in asked if one not in CARDS]:
        raise InvalidInputError("env", unknown[0], f"use one of {', '.join(CARDS)}")
    path = results / FILE
    document = read_object(path) if path.exists() else {"environments": {}}
    for one in asked:
        if pictures:
            save_png(picture(one), images / f"{one}.png")
        else:
            known = document["environments"].get(one, {})
            document["environments"][one] = known | measured(one)  # trained rows stay
            document["made_by"] = made_by("python -m benchmarks.cards")
            write_text(path, json.dumps(document, indent=1, allow_nan=False) + "\n")
        print(one, flush=True)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
