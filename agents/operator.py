"""Train an agent that takes every decision of `VPPDayAhead-v0`: bids, and prices for the planner.

    python -m agents.operator [--seed 0] [--keep]

With `control="price"` the built-in planner charges the cars at prices that the agent corrects.
Corrections are drawn at random in training years, and every step says what its correction gained
(`reward="planner_gain"`). That gain is fitted as quadratic in the correction, with slopes that are
linear in what the market shows; the agent corrects by what the fit finds best. Bids change
neither prices nor dispatch: they are improved along the gradient of what they would have earned,
see `agents.bidder`. Both parts are one small network of plain arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from agents import bidder
from agents.years import whole_years
from vpp_gym.agents.policy import CLIP, TRAINED, Network
from vpp_gym.arrays import Floats, Observations
from vpp_gym.env import VectorEnv
from vpp_gym.envs.core import N_PRICES, Scenarios
from vpp_gym.envs.day_ahead import VPPDayAheadVectorEnv
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.policies.baselines import PRICE_OFFER
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.training.environments import make_batch, observed_columns, observed_fields
from vpp_gym.training.export import KEPT, export_policy

NAME, ENV_ID, DT_H = "learned_operator", "VPPDayAhead-v0", 0.25
ARGUMENTS: dict[str, Any] = {
    "control": "price",
    "planner": "learned_mpc",
    "price_scale": 0.06,
    "bids": "schedule",
    "bid_scale": 1.0,
    "guarantee": True,
    "params": {"contract": PRICE_OFFER},
}
"""Of the environment: the strongest built-in planner, and its best offer."""
BUYS_EXPECTED: dict[str, Any] = {**ARGUMENTS, "bids": "expected_load"}
"""The same where the expected load is bought."""
BID_FIELDS = ("weekday", "da_level", "da_ahead", "im_residual_hours", "im_residual_day")
FIELDS = ("hour_passed", *BID_FIELDS, "im_spread_past")
"""What the agent sees: prices alone, which do not depend on anybody's cars."""
TRIES, STEPS, DEVIATION = 256, 2_000, 0.2
"""Environments, steps and standard deviation of the corrections that are tried."""
PENALTY = 20.0
"""On the squares of what is fitted."""
VALIDATION_YEARS = 4


@dataclass(frozen=True)
class Trial:
    """Corrections that were tried; n steps.

    Attributes:
        hour_passed: (n,) share of the clock hour that has passed.
        spread: (n,) short less long price of the step before, as observed.
        corrections: (n, 2) of the short and the long price, in [-1, 1].
        gain_eur: (n,) beyond the planner's own action.
    """

    hour_passed: Floats
    spread: Floats
    corrections: Floats
    gain_eur: Floats


def tried(split: Scenarios, seed: int, n_envs: int = TRIES, n_steps: int = STEPS) -> Trial:
    """What random corrections gain.

    Args:
        split: name of the scenarios, or a source of them.
        seed: of scenarios, days and corrections.
        n_envs: environments side by side.
        n_steps: of each.
    """
    batch = make_batch(ENV_ID, n_envs, scenario=split, reward="planner_gain", **BUYS_EXPECTED)
    columns = observed_columns(batch.core, ("hour_passed", "im_spread_past"))
    random = np.random.default_rng(seed)
    observations, _ = batch.reset(seed=seed)
    seen, corrections, gains_eur = [], [], []
    for _ in range(n_steps):
        drawn = np.clip(random.normal(0.0, DEVIATION, (n_envs, N_PRICES)), -1.0, 1.0)
        seen.append(observations[:, columns].astype(np.float64))
        observations, gain_eur, *_ = batch.step(drawn.astype(np.float32))
        corrections.append(drawn)
        gains_eur.append(gain_eur)
    hour_passed, spread = np.concatenate(seen).T
    return Trial(hour_passed, spread, np.concatenate(corrections), np.concatenate(gains_eur))


def looks(hour_passed: Floats, spread: Floats) -> Floats:
    """(n, 4) what a correction may depend on: the spread, in an hour that has begun or not."""
    begun = np.minimum(4.0 * hour_passed, 1.0)
    return np.stack([np.ones_like(begun), begun, spread, spread * begun], axis=-1)


def corrections_of(trial: Trial) -> Floats:
    """(2, 4) best correction of either price, by column of `looks`.

    Raises:
        InvalidInputError: the gain does not bend down, so that none is best.
    """
    seen, v = looks(trial.hour_passed, trial.spread), trial.corrections
    columns = np.concatenate([seen * v[:, :1], seen * v[:, 1:], v**2 / 2.0], axis=1)
    moments = columns.T @ columns + PENALTY * np.eye(columns.shape[1])
    found = np.linalg.solve(moments, columns.T @ trial.gain_eur)
    slopes, bends = found[:-N_PRICES].reshape(N_PRICES, -1), found[-N_PRICES:]
    if not (bends < 0.0).all():
        raise InvalidInputError("corrections", bends.tolist(), "try more steps: no best one shows")
    best: Floats = slopes / -bends[:, None]
    return best


def shown(n_runs: int, scenario: Scenario) -> VectorEnv:
    """Environments of a scenario that show what the agent sees."""
    return VPPDayAheadVectorEnv(n_runs, scenario, **BUYS_EXPECTED)


def days() -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Of training and validation, what is seen at each gate and what bids earn then."""
    train, validation = (
        bidder.days_in(split, shown, BID_FIELDS)
        for split in ("synthetic:train", "synthetic:validation")
    )
    return train, validation


def joined(bids: Network, corrections: Floats, fields: Sequence[tuple[str, int]]) -> Network:
    """One network of both parts.

    The first layer has the units that bid, those that tell whether an hour has begun, and the
    spread; the second keeps the former and lets the spread of an hour that has begun through.

    Args:
        bids: of the fields `BID_FIELDS`.
        corrections: (2, 4), see `corrections_of`.
        fields: name and size of each of `FIELDS`, in their order.
    """
    names = np.repeat([name for name, _ in fields], [size for _, size in fields])
    of_bids = np.flatnonzero(np.isin(names, BID_FIELDS))
    (hour,), (spread,) = (np.flatnonzero(names == one) for one in (FIELDS[0], FIELDS[-1]))
    n, units = len(names), len(bids.biases[0])
    mean, std = np.zeros(n), np.ones(n)
    mean[of_bids], std[of_bids] = bids.mean, bids.std
    first, first_bias = np.zeros((n, units + 3)), np.zeros(units + 3)
    first[of_bids, :units], first_bias[:units] = bids.weights[0], bids.biases[0]
    first[hour, units : units + 2], first_bias[units + 1] = 4.0, -1.0
    first[spread, units + 2] = 1.0
    second, second_bias = np.eye(units + 3), np.zeros(units + 3)
    # Begun: 4 h less what of it lies above 1. The spread times that: it falls below 0 without.
    second[:, units:] = 0.0
    second[units : units + 2, units] = 1.0, -1.0
    second[units + 2, units + 1] = 1.0
    second[units : units + 3, units + 2], second_bias[-1] = (CLIP, -CLIP, 1.0), -CLIP
    n_bids = len(bids.biases[1])
    last, last_bias = np.zeros((units + 3, N_PRICES + n_bids)), np.zeros(N_PRICES + n_bids)
    last[units:, :N_PRICES], last_bias[:N_PRICES] = corrections[:, 1:].T, corrections[:, 0]
    last[:units, N_PRICES:], last_bias[N_PRICES:] = bids.weights[1], bids.biases[1]
    weights, biases = (first, second, last), (first_bias, second_bias, last_bias)
    return Network(
        features=_single(np.eye(n)),
        mean=_single(mean),
        std=_single(std),
        weights=tuple(map(_single, weights)),
        biases=tuple(map(_single, biases)),
        activation="relu",
        squash="tanh",
    )


def _single(values: Floats) -> NDArray[np.float32]:
    single: NDArray[np.float32] = values.astype(np.float32)
    return single


def validated(
    networks: Sequence[Network], split: Scenarios, years: Sequence[int]
) -> tuple[Floats, Floats]:
    """(N, n) EUR that each network earns in each of some years more than the planner.

    Returns:
        in operations, where bids count nothing; and in all, where the planner buys the expected
        load.
    """
    n_years = len(years)
    shown_at = range(0, n_years * len(networks), n_years)
    whole = whole_years(ENV_ID, split, [*years] * len(networks), **ARGUMENTS)
    columns = observed_columns(whole.core, FIELDS)

    def act(observations: Observations) -> Floats:
        seen = observations[:, columns]
        parts = [seen[first : first + n_years] for first in shown_at]
        return np.concatenate(
            [one.predict(part)[0] for one, part in zip(networks, parts, strict=True)]
        )

    planner = _totals(whole_years(ENV_ID, split, years, **BUYS_EXPECTED), lambda seen: 0.0)
    agents = _totals(whole, act)
    gains = {
        name: total.reshape(len(networks), n_years) - planner[name]
        for name, total in agents.items()
    }
    return gains["all"] - gains["position"], gains["all"]


def _totals(batch: VectorEnv, act: Any) -> Mapping[str, Floats]:
    """(B,) EUR of whole years, in all and of the position."""
    core: Any = batch.core
    of_position = [core.terms.index(name) for name in ("da_eur", "im_eur", "load_value_eur")]
    sums = np.zeros((core.n_runs, len(core.terms)))
    observations = core.observe()
    while not core.over.all():
        action = np.broadcast_to(act(observations), (core.n_runs, *core.action_shape))
        records, observations = core.step(action)
        sums += records
    position = sums[:, of_position] @ [1.0, 1.0, -1.0]
    return {"all": sums[:, : core.n_money].sum(axis=1), "position": position}


def main(
    seed: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Of all that is drawn; repeat it for several.", show_default="0"),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Put it among the trained agents.")] = False,
    run_dir: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
) -> None:
    """Train the agent, and write its arrays and card."""
    core: Any = make_batch(ENV_ID, 1, **ARGUMENTS).core
    fields = observed_fields(core, FIELDS)
    train, validation = days()
    seeds, networks, daily_eur = seed or [0], [], []
    for one in seeds:
        bids, earned_eur, _ = bidder.trained(train, validation, one, "relu")
        networks.append(joined(bids, corrections_of(tried("synthetic:train", one)), fields))
        daily_eur.append(earned_eur)
        print(f"seed {one}: trained", flush=True)
    print(f"{VALIDATION_YEARS} validation years follow", flush=True)
    gains = validated(networks, "synthetic:validation", range(VALIDATION_YEARS))
    for k, (one, network) in enumerate(zip(seeds, networks, strict=True)):
        operations, whole = (part[k] for part in gains)
        card = {
            "name": NAME,
            "seed": one,
            "env_id": ENV_ID,
            "arguments": ARGUMENTS,
            "observation": [list(field) for field in fields],
            "dt_h": DT_H,
            "steps": TRIES * STEPS,
            "validation": {
                "saving_eur": round(float(whole.mean()), 4),
                "operations_eur": round(float(operations.mean()), 4),
                "eur_a_day_per_kwh": round(daily_eur[k], 4),
                "years": VALIDATION_YEARS,
            },
            **provenance(f"python -m agents.operator --seed {one} --keep", apart=[KEPT]),
        }
        export_policy(network, card, (TRAINED if keep else run_dir) / NAME / f"seed_{one}")
        by_year = ", ".join(f"{gain:+.0f}" for gain in operations)
        print(
            f"seed {one}: {operations.mean():+.1f} EUR a year above the planner in operations "
            f"({by_year}), {whole.mean():+.1f} with its bids"
        )


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
