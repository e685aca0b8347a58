"""Train an agent of `VPPDispatch-v0` at a site by imitating the planner of the site.

    python -m agents.imitate [--seed 0] [--keep]

`site_learned_mpc` plans cars, battery and sun behind one connection in every step. It is run
through pieces of training years, and what the environment shows is kept beside the action that
comes nearest to what it decided: one number for the fleet, one for the battery. A small network is
fitted to them. Then the network acts in other pieces, the planner says what it would have done
there, and the network is fitted to both. So it learns to go on from states to which its own
mistakes lead. What an action adds to the peak of the month counts beside its distance from the
planner's.

Source: Ross, Gordon and Bagnell 2011, "A reduction of imitation learning and structured prediction
to no-regret online learning", algorithm 3.1.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from vpp_gym.agents.policy import CLIP, TRAINED, Network
from vpp_gym.arrays import Floats, Ints
from vpp_gym.episodes import EpisodeSpan
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.ledger import PROFIT
from vpp_gym.policies import baseline
from vpp_gym.scenarios.months import MonthSource, excerpt
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.training.environments import make_batch, observed_fields
from vpp_gym.training.export import KEPT, export_policy

NAME, ENV_ID, DT_H = "imitated_site", "VPPDispatch-v0", 0.25
PLANNER = "site_learned_mpc"
ARGUMENTS: dict[str, Any] = {
    "bidder": "zero",
    "planner": "learned_mpc",
    "columns": ["forecast"],
    "params": {"contract": {"families": []}},
}
"""Of the environment: nobody bids, owners are offered nothing, as the planner has it; and the
agent sees the forecast that the planner has."""
DAYS = 14
"""Of a piece of a year."""
FIRST, LATER, ROUNDS = 64, 12, 2
"""Pieces in which the planner acts, and in which the agent acts in each round thereafter."""
FIRST_SEED = 2011
"""Chooses the first pieces, which are the same for every seed."""
UNITS, BATCH, RATE, DECAY = 128, 512, 2e-3, 1e-2
EPOCHS = 8
"""Passes through all that was seen, in each fit."""
PARTS = (
    *("envelope_0", "envelope_1", "envelope_2", "base_load_ahead_0"),
    *("month_peak", "storage_limits_0", "storage_limits_1"),
)
"""Columns of which the load of a site consists, and its peak so far; all have one scale."""
PEAK = 5.0
"""Weight of what is added to the peak of the month, beside the distance from the planner."""
LEAST_STD = 1e-3
"""Of a column, so that none that hardly varies is blown up."""
WORLDS = 12
"""Of the validation split: the first days of a month, as on the boards of sites."""
ENDS = ("charge_on_arrival", "site_hindsight")
"""Score 0 and 100."""


@dataclass(frozen=True)
class Lesson:
    """Steps that the planner decided; n steps.

    Attributes:
        seen: (n, size) observations.
        actions: (n, 2) of the planner: fleet and battery.
        range_kwh: (n, 2) by which the load changes from 0 to the end of the action's side.
    """

    seen: NDArray[np.float32]
    actions: Floats
    range_kwh: Floats


def position(low: Any, idle: Any, high: Any, value: Any) -> tuple[Any, Any]:
    """Position that stands for a value, and how far the end of its side lies from idle.

    The inverse of `vpp_gym.actions.from_idle`; 0 where the value cannot differ from idle.

    >>> position(0.0, 2.0, 10.0, 4.0)
    (array(0.25), array(8.0))
    """
    beyond = np.asarray(value) - idle
    reach = np.where(beyond > 0.0, np.subtract(high, idle), np.subtract(idle, low))
    share = np.divide(beyond, reach, out=np.zeros_like(reach), where=reach > 0.0)
    return np.clip(share, -1.0, 1.0), reach


def pieces(
    split: ScenarioSource, random: np.random.Generator, n: int, days: int = DAYS
) -> list[Scenario]:
    """Some pieces of years.

    Args:
        split: whole years.
        random: chooses year and first day of each.
        n: how many.
        days: of each.
    """
    found = []
    for _ in range(n):
        year = split.scenario(int(random.integers(split.n_scenarios)))
        found.append(excerpt(year, int(random.integers(int(year.day[-1]) + 2 - days)), days))
    return found


def begun(worlds: Sequence[Scenario]) -> Any:
    """Core of environments of which each is at the first step of a world, as on a board."""
    core: Any = make_batch(ENV_ID, len(worlds), scenario=list(worlds), **ARGUMENTS).core
    spans = [EpisodeSpan(k, 0, world.n_steps) for k, world in enumerate(worlds)]
    core.begin(np.arange(len(worlds)), spans)
    return core


def lesson(worlds: Sequence[Scenario], student: Network | None = None) -> Lesson:
    """What the planner decides in some worlds.

    Args:
        worlds: of one length.
        student: acts; None: the planner does.
    """
    core, planners = begun(worlds), [baseline(PLANNER) for _ in worlds]
    observations = core.observe()
    seen, actions, ranges = [], [], []
    while not core.over.all():
        decided, reach = decisions(core.simulation, planners)
        seen.append(observations.copy())
        actions.append(decided)
        ranges.append(reach)
        acted = decided if student is None else student.predict(observations)[0]
        _, observations = core.step(acted)
    return Lesson(np.concatenate(seen), np.concatenate(actions), np.concatenate(ranges))


def earned_eur(worlds: Sequence[Scenario], network: Network) -> Floats:
    """(n,) profit of a network in each of some worlds of one length."""
    core = begun(worlds)
    observations, total_eur = core.observe(), np.zeros(len(worlds))
    while not core.over.all():
        records, observations = core.step(network.predict(observations)[0])
        total_eur += records[:, : core.n_money].sum(axis=1)
    return total_eur


def places(fields: Sequence[tuple[str, int]]) -> Ints:
    """(7,) of `PARTS` in what is seen.

    Args:
        fields: name and size of each, in their order.
    """
    names = [f"{name}_{k}" if size > 1 else name for name, size in fields for k in range(size)]
    return np.array([names.index(part) for part in PARTS])


def decisions(simulation: Any, planners: Sequence[Any]) -> tuple[Floats, Floats]:
    """(B, 2) actions of the planners in this step, and how far they reach [kWh]."""
    loads = np.empty((len(planners), 2))
    for run, planner in enumerate(planners):
        decided = planner.predict(simulation.snapshot(run), None, None, True)[0]
        loads[run] = decided.net_load_kwh.sum(), decided.storage_kwh
    run, site = simulation.state.run, simulation.state.site
    limits = (
        (run["fleet_lo_kwh"], run["fleet_idle_kwh"], run["fleet_hi_kwh"]),
        (site["storage_lo_kwh"], np.zeros(len(planners)), site["storage_hi_kwh"]),
    )
    both = [position(*limit, load) for limit, load in zip(limits, loads.T, strict=True)]
    actions, reach = (np.stack(parts, axis=1) for parts in zip(*both, strict=True))
    return actions, reach


def joined(lessons: Sequence[Lesson]) -> Lesson:
    """All steps of some lessons."""
    parts = zip(*((one.seen, one.actions, one.range_kwh) for one in lessons), strict=True)
    return Lesson(*(np.concatenate(part) for part in parts))


def net_load(actions: Any, parts: Any) -> Any:
    """(n,) load of the site by (n, 2) actions, before the connection limits it, as scaled.

    Args:
        actions: of fleet and battery, a tensor.
        parts: (n, 7) columns of `PARTS`.
    """
    low, idle, high, base, _, least, most = parts.T
    fleet, battery = actions.clamp(-1.0, 1.0).T
    cars = idle + fleet.relu() * (high - idle) - (-fleet).relu() * (idle - low)
    return base + cars + battery.relu() * most + (-battery).relu() * least


def loss_of(actions: Any, given: Any, weight: Any, parts: Any) -> Any:
    """What is minimised: how far actions lie from the planner's, and what they add to the peak.

    A monthly peak is set by a single step, so that small mistakes, often made, cost much.

    Args:
        actions: (n, 2) of the network, a tensor; as are the others.
        given: (n, 2) of the planner.
        weight: (n, 2) what an action moves.
        parts: (n, 7) columns of `PARTS`.
    """
    known = net_load(given, parts).maximum(parts[:, PARTS.index("month_peak")])
    over = (net_load(actions, parts) - known).relu()
    return (weight * (actions - given).abs()).mean() + PEAK * over.mean()


def fitted(given: Lesson, parts: Ints, seed: int, epochs: int = EPOCHS) -> Network:
    """The network whose actions are nearest to the planner's, each by what it moves.

    Args:
        given: what the planner decided.
        parts: places of `PARTS` in what is seen.
        seed: of weights, order and noise.
        epochs: passes.
    """
    import torch
    from torch import nn

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    mean = given.seen.mean(axis=0, dtype=np.float64)
    std = given.seen.std(axis=0, dtype=np.float64) + LEAST_STD
    scaled = np.clip((given.seen - mean) / std, -CLIP, CLIP)
    weights = given.range_kwh / given.range_kwh.mean()
    shown = scaled, given.actions, weights, given.seen[:, parts]
    x, y, weight, known = (torch.tensor(part, dtype=torch.float32) for part in shown)
    layers = nn.Sequential(
        nn.Linear(x.shape[1], UNITS),
        nn.Tanh(),
        nn.Linear(UNITS, UNITS),
        nn.Tanh(),
        nn.Linear(UNITS, y.shape[1]),
    )
    optimiser = torch.optim.AdamW(layers.parameters(), RATE, weight_decay=DECAY)
    n_batches = -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, epochs * n_batches)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = loss_of(layers(x[rows]), y[rows], weight[rows], known[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network_of(layers, mean, std)


def network_of(layers: Any, mean: Floats, std: Floats) -> Network:
    """The layers as plain arrays."""
    linear = [one for one in layers if hasattr(one, "weight")]
    return Network(
        features=np.eye(len(mean), dtype=np.float32),
        mean=mean.astype(np.float32),
        std=std.astype(np.float32),
        weights=tuple(one.weight.detach().numpy().T.copy() for one in linear),
        biases=tuple(one.bias.detach().numpy().copy() for one in linear),
        activation="tanh",
        squash="clip",
    )


def trained(
    first: Lesson,
    parts: Ints,
    split: ScenarioSource,
    seed: int,
    n_pieces: int = LATER,
    days: int = DAYS,
    epochs: int = EPOCHS,
) -> tuple[Network, int]:
    """The network after all rounds, and the steps that it was fitted to.

    Args:
        first: what the planner decides where it acts.
        parts: places of `PARTS` in what is seen.
        split: years in which the network acts.
        seed: of weights, of order, and of the pieces in which the network acts.
        n_pieces: of each round.
        days: of each piece.
        epochs: of each fit.
    """
    lessons, network = [first], fitted(first, parts, seed, epochs)
    for k in range(ROUNDS):
        worlds = pieces(split, np.random.default_rng([seed, k]), n_pieces, days)
        lessons.append(lesson(worlds, network))
        network = fitted(joined(lessons), parts, seed, epochs)
        print(f"seed {seed}: round {k + 1} of {ROUNDS}", flush=True)
    return network, sum(len(one.seen) for one in lessons)


def months(split: ScenarioSource) -> list[Scenario]:
    """The worlds that validate: the first days of a month each."""
    source = MonthSource(split, DAYS)
    return [source.scenario(k) for k in range(WORLDS)]


def profits_eur(worlds: Sequence[Scenario], names: Sequence[str]) -> Floats:
    """(N, n) profit of built-in policies in each of some worlds."""
    runs = [[evaluate(name, world) for world in worlds] for name in names]
    return np.array([[float(run.days[PROFIT].sum()) for run in row] for row in runs])


def main(
    seed: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Of all that is drawn; repeat it for several.", show_default="0"),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Put it among the trained agents.")] = False,
    run_dir: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
) -> None:
    """Train the agent, and write its arrays and card."""
    split = as_source("site:train", DT_H)
    validation = months(as_source("site:validation", DT_H))
    arrival_eur, bound_eur = profits_eur(validation, ENDS)
    print(f"{FIRST} pieces of {DAYS} days follow in which the planner acts", flush=True)
    shown = lesson(pieces(split, np.random.default_rng(FIRST_SEED), FIRST, DAYS))
    fields = observed_fields(begun(validation[:1]), None)
    parts = places(fields)
    for one in seed or [0]:
        network, steps = trained(shown, parts, split, one, LATER, days=DAYS, epochs=EPOCHS)
        gain_eur = earned_eur(validation, network) - arrival_eur
        score = 100.0 * gain_eur.sum() / (bound_eur - arrival_eur).sum()
        card = {
            "name": NAME,
            "seed": one,
            "env_id": ENV_ID,
            "arguments": ARGUMENTS,
            "observation": [list(field) for field in fields],
            "dt_h": DT_H,
            "steps": steps,
            "validation": {
                "saving_eur": round(float(gain_eur.mean()), 4),
                "score": round(float(score), 4),
                "worlds": len(validation),
                "days": DAYS,
            },
            **provenance(f"python -m agents.imitate --seed {one} --keep", apart=[KEPT]),
        }
        export_policy(network, card, (TRAINED if keep else run_dir) / NAME / f"seed_{one}")
        by_world = ", ".join(f"{gain:+.0f}" for gain in gain_eur)
        print(
            f"seed {one}: score {score:.1f}, {gain_eur.mean():+.1f} EUR in {DAYS} days above "
            f"charging on arrival ({by_world})",
            flush=True,
        )


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
