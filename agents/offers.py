"""Train an agent of `VPPContracts-v0` that shapes price-based offers from day to day.

    python -m agents.offers [--seed 0] [--keep]

An offer acts in two ways: on the money of the day, and on the share of owners who will look at
offers later. Both are measured in training years, with offers drawn at random every day, against
action 0 in the same years. A quadratic model of either, linear in what is seen at the gate, is
fitted; what a changed share is worth follows from how much it earns a day and how fast it fades.
The agent offers what these models find best. It is a small network, written as plain arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from agents.years import whole_years
from vpp_gym.agents.policy import TRAINED, Network
from vpp_gym.arrays import Floats, Observations
from vpp_gym.envs.core import Scenarios
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.training.environments import (
    guaranteed,
    hours_per_step,
    make_batch,
    observed_columns,
    observed_fields,
)
from vpp_gym.training.export import KEPT, export_policy

NAME, ENV_ID = "learned_offers", "VPPContracts-v0"
ARGUMENTS: dict[str, Any] = {"family": "price_based"}
"""Of the environment: its own scheduler and bidder, and offers that pay by the owner's price."""
FIELDS = ("da_level", "da_ahead")
"""What the agent sees: the day-ahead prices of a day. More did not show in training years."""
EVENING, NIGHT, MORNING = slice(5, 9), slice(12, 17), slice(20, 24)
"""Hours after the gate at noon of which it compares the day-ahead prices."""
LEAST, MOST = np.array([0.0, -1.0]), np.array([0.1, 0.0])
"""Actions that are tried: a markup of 1 to 1.4, a margin of 0 to a quarter."""
YEARS = 8
"""Of the training split, in which offers are tried."""
VALIDATION_YEARS = 4
"""In which the agent is compared with action 0."""
MOST_DAYS = 366
"""Of a year."""
SHRINKAGE = 1000.0
"""Penalty on what the best offer owes to what is seen: a day says little about it."""
CURVATURE_EUR = 0.05
"""Least loss that is assumed of a day, beside the best offer, by half a range squared."""
LEAST_FADING = 0.01
"""Least share of what owners remember that fades in a day."""
WORTH_EUR = 0.7
"""Of all owners looking at offers instead of none, a day: 0.72 +- 0.11 in training years."""

Act = Callable[[Observations], Any]
"""(B, A) actions for (B, size) observations."""


@dataclass(frozen=True)
class Played:
    """Whole years side by side; times first.

    Attributes:
        seen: (T, B, n) columns of `FIELDS` before each day.
        profit_eur: (T, B) of each day.
        share: (T + 1, B) of owners who look at offers, before each day and at the end.
    """

    seen: Floats
    profit_eur: Floats
    share: Floats

    @property
    def parts(self) -> tuple[Floats, Floats, Floats]:
        """The arrays, in their order."""
        return self.seen, self.profit_eur, self.share


def played(split: Scenarios, years: Sequence[int], act: Act, **arguments: Any) -> Played:
    """Years of a split from their first day to the last, one for each run.

    Args:
        split: name of the scenarios, or a source of them.
        years: of the runs; a year may stand there several times.
        act: says the actions of all runs, day by day.
        arguments: of the environment, beside `ARGUMENTS`.
    """
    core: Any = whole_years(ENV_ID, split, years, **{**ARGUMENTS, **arguments}).core
    columns = observed_columns(core, FIELDS)
    observations = core.observe()
    seen, profit_eur, share = [], [], [_share(core)]
    while not core.over.all():
        seen.append(observations[:, columns].astype(np.float64))
        records, observations = core.step(act(seen[-1]))
        profit_eur.append(records[:, : core.n_money].sum(axis=1))
        share.append(_share(core))
    return Played(np.array(seen), np.array(profit_eur), np.array(share))


def _share(core: Any) -> Floats:
    share: Floats = core.simulation.state.run["participation"].copy()
    return share


def tried(n_days: int, n_runs: int, seed: int) -> Floats:
    """(T, B, 2) offers to try, in [-1, 1] of the range, around another mean in every run.

    The means of an entry are spread evenly, and those of the two entries are paired at random.
    """
    random = np.random.default_rng(seed)
    spread = (np.arange(n_runs) + random.uniform(size=(2, n_runs))) / n_runs * 2.0 - 1.0
    mean = np.stack([random.permutation(entry) for entry in spread], axis=-1)
    return np.clip(mean + random.uniform(-1.0, 1.0, (n_days, n_runs, 2)), -1.0, 1.0)


def actions(offers: Floats) -> Floats:
    """Actions of offers in [-1, 1] of the range."""
    return LEAST + (offers + 1.0) / 2.0 * (MOST - LEAST)


def features() -> Floats:
    """(25, 3) what the agent looks at: the level, and evening and morning less the night."""
    matrix = np.zeros((25, 3))
    matrix[0, 0] = 1.0
    ahead = matrix[1:]
    for place, hours in ((1, EVENING), (2, MORNING)):
        ahead[hours, place] = 1.0 / (hours.stop - hours.start)
        ahead[NIGHT, place] -= 1.0 / (NIGHT.stop - NIGHT.start)
    return matrix


@dataclass(frozen=True)
class Effect:
    """Of an offer v on a quantity, beside what else it depends on: v (a + B x) + v M v / 2.

    Attributes:
        slope: (2,) a.
        by_seen: (2, F) B.
        curvature: (2, 2) M.
        by_share: of the share of owners who look at offers.
    """

    slope: Floats
    by_seen: Floats
    curvature: Floats
    by_share: float


def effect(
    target: Floats, share: Floats, seen: Floats, offers: Floats, *, bent: bool = True
) -> Effect:
    """The effect of offers by penalised least squares.

    What is offered on a day may act on the next one, too: these slopes are added.

    Args:
        target: (T, B) a quantity of each day.
        share: (T, B) of owners who look at offers.
        seen: (T, B, F) of zero mean and deviation 1.
        offers: (T, B, 2) in [-1, 1].
        bent: False: without curvature.
    """
    now, before, x = offers[1:], offers[:-1], seen[1:]
    products = (now[..., :, None] * x[..., None, :]).reshape(*now.shape[:2], -1)
    square = np.stack([now[..., 0] ** 2 / 2, now[..., 1] ** 2 / 2, now[..., 0] * now[..., 1]], -1)
    one = np.ones((*now.shape[:2], 1))
    parts = [one, x, share[1:, :, None], now, before, square * bent, products]
    sizes = [part.shape[-1] for part in parts]
    columns = np.concatenate(parts, axis=-1).reshape(-1, sum(sizes))
    penalty = np.full(sum(sizes), 1e-3)
    penalty[-sizes[-1] :] = SHRINKAGE
    moments = columns.T @ columns + np.diag(penalty)
    found = np.linalg.solve(moments, columns.T @ target[1:].reshape(-1))
    _, _, by_share, first, later, second, mixed = np.split(found, np.cumsum(sizes[:-1]))
    curvature = np.array([[second[0], second[2]], [second[2], second[1]]])
    return Effect(first + later, mixed.reshape(2, -1), curvature, float(by_share[0]))


def fitted(trial: Played, default: Played, offers: Floats) -> Network:
    """The network that offers what is best by the models of a trial.

    The money of a day is linear in the offer: its curvature does not show in the noise. The best
    offer is finite because fewer owners are won for each further cent.

    Args:
        trial: years with `offers`.
        default: the same years with action 0.
        offers: (T, B, 2) that were tried.
    """
    looks = features()
    plain = trial.seen @ looks
    mean, std = plain.mean(axis=(0, 1)), plain.std(axis=(0, 1)) + 1e-6
    seen = (plain - mean) / std
    more_looking = (trial.share - default.share)[:-1]
    gain_eur = trial.profit_eur - default.profit_eur - WORTH_EUR * more_looking
    money = effect(gain_eur, np.zeros_like(more_looking), seen, offers, bent=False)
    owners = effect(np.diff(trial.share, axis=0), trial.share[:-1], seen, offers)
    lasting_eur = WORTH_EUR / max(-owners.by_share, LEAST_FADING)
    slope = money.slope + lasting_eur * owners.slope
    by_seen = money.by_seen + lasting_eur * owners.by_seen
    bent, axes = np.linalg.eigh(lasting_eur * owners.curvature)
    inverse = axes @ np.diag(1.0 / np.maximum(-bent, CURVATURE_EUR)) @ axes.T
    return _network(looks, mean, std, inverse @ by_seen, inverse @ slope)


def _network(looks: Floats, mean: Floats, std: Floats, gradient: Floats, bias: Floats) -> Network:
    """Offers bias + gradient x, kept in [-1, 1] by four hinges, as actions."""
    first, shift = np.repeat(gradient, 2, axis=0), np.repeat(bias, 2) + np.array([1.0, -1.0] * 2)
    half = (MOST - LEAST) / 2.0
    second = np.zeros((4, 2))
    second[[0, 2], [0, 1]], second[[1, 3], [0, 1]] = half, -half
    hidden, out = (first.T, second), (shift, LEAST)
    table, low, wide = (part.astype(np.float32) for part in (looks, mean, std))
    weights, biases = (tuple(part.astype(np.float32) for part in one) for one in (hidden, out))
    return Network(table, low, wide, weights, biases, "relu", "clip")


def gains_eur(
    networks: Sequence[Network], split: Scenarios, years: Sequence[int], **arguments: Any
) -> Floats:
    """(N, n) EUR that each network earns above action 0 in each of some years."""
    n_years, n_networks = len(years), len(networks)

    def act(seen: Observations) -> Floats:
        parts = np.split(seen, n_networks + 1)
        decided = [one.predict(part)[0] for one, part in zip(networks, parts[1:], strict=True)]
        return np.concatenate([np.zeros((n_years, 2)), *decided])

    runs = [*years] * (n_networks + 1)
    totals = played(split, runs, act, **arguments).profit_eur.sum(axis=0).reshape(-1, n_years)
    gains: Floats = totals[1:] - totals[0]
    return gains


def tried_out(
    split: Scenarios, years: Sequence[int], seeds: Sequence[int], **arguments: Any
) -> list[Network]:
    """The networks of some seeds: each tries its own offers in the same years."""
    n_years = len(years)
    offers = [tried(MOST_DAYS, n_years, seed) for seed in seeds]
    neutral = np.zeros((MOST_DAYS, n_years, 2))
    days = iter(np.concatenate([neutral, *map(actions, offers)], axis=1))
    whole = played(split, [*years] * (len(seeds) + 1), lambda seen: next(days), **arguments)
    default, *trials = (
        Played(*(part[:, k * n_years : (k + 1) * n_years] for part in whole.parts))
        for k in range(len(seeds) + 1)
    )
    n_days = len(whole.profit_eur)
    return [fitted(one, default, own[:n_days]) for one, own in zip(trials, offers, strict=True)]


def keep_network(network: Network, seed: int, gain_eur: Floats, folder: Path) -> None:
    """Write a network and its card.

    Args:
        network: of the agent.
        seed: of the offers that were tried.
        gain_eur: (n,) above action 0 in the validation years.
        folder: of the agent's seeds.
    """
    core: Any = make_batch(ENV_ID, 1, **ARGUMENTS).core
    card = {
        "name": NAME,
        "seed": seed,
        "env_id": ENV_ID,
        "arguments": {**ARGUMENTS, **guaranteed(core)},
        "observation": [list(one) for one in observed_fields(core, FIELDS)],
        "dt_h": hours_per_step(core),
        "steps": YEARS * 365,
        "validation": {"saving_eur": round(float(gain_eur.mean()), 4), "years": len(gain_eur)},
        **provenance(f"python -m agents.offers --seed {seed} --keep", apart=[KEPT]),
    }
    export_policy(network, card, folder / f"seed_{seed}")


def main(
    seed: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Of the offers that are tried; repeat it.", show_default="0"),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Put it among the trained agents.")] = False,
    run_dir: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
) -> None:
    """Train the agent, and write its arrays and card."""
    seeds = seed or [0]
    networks = tried_out("synthetic:train", range(YEARS), seeds)
    gains = gains_eur(networks, "synthetic:validation", range(VALIDATION_YEARS))
    for one, network, gain_eur in zip(seeds, networks, gains, strict=True):
        keep_network(network, one, gain_eur, (TRAINED if keep else run_dir) / NAME)
        by_year = ", ".join(f"{gain:+.0f}" for gain in gain_eur)
        print(f"seed {one}: {gain_eur.mean():+.1f} EUR a year above action 0 ({by_year})")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
