"""Train an agent that takes every decision of `VPPDayAhead-v0`: bids, and prices for the planner.

    python -m agents.operator [--seed 0] [--keep]

Bids change neither prices nor dispatch: they are improved along the gradient of what they would
have earned, see `agents.bidder`. With `control="price"` the built-in planner charges the cars at
prices that the agent corrects. Corrections are drawn at random in training years, beside the bids
that were learnt, and every step says what its correction gained (`reward="planner_gain"`). That
gain is fitted as quadratic in the correction, with slopes that are linear in what the market
shows; the agent corrects by what the fit finds best. Both parts are one small network of plain
arrays.
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

from agents import bidder
from agents.years import whole_years
from vpp_gym.agents.policy import CLIP, TRAINED, Network
from vpp_gym.arrays import Floats
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
FIELDS = ("hour_passed", *BID_FIELDS, "im_spread_past", "da_sold_ahead")
"""What the agent sees: prices, and what it has sold."""
SEEN = ("hour_passed", "im_spread_past", "da_sold_ahead")
"""Of that, what its corrections depend on; of what it has sold, the first hour."""
STEEP = 1000.0
"""Slope of the units that tell whether energy is sold or bought in this step."""
BIDS: dict[str, Any] = {"activation": "relu", "units": 64, "epochs": 300, "rate": 4e-3}
"""How bids are learnt: hinges take more units and passes than `agents.bidder` has."""
TRIES, STEPS, DEVIATION = 256, 2_000, 0.2
"""Environments, steps and standard deviation of the corrections that are tried."""
PENALTY = 20.0
"""On the squares of what is fitted."""
USED = slice(3, 5)
"""Columns of `looks` by which the agent corrects: the spread of an hour that has begun.

The others take up what all steps have in common. There the gain of a step is no guide: it values
what is left to do as the planner does, and so makes acting now look better than it is."""
VALIDATION_YEARS = 8


@dataclass(frozen=True)
class Trial:
    """Corrections that were tried; n steps.

    Attributes:
        seen: (n, 3) share of the clock hour that has passed; short less long price of the step
            before; and what is sold day-ahead in this step, as observed.
        corrections: (n, 2) of the short and the long price, in [-1, 1].
        gain_eur: (n,) beyond the planner's own action.
    """

    seen: Floats
    corrections: Floats
    gain_eur: Floats


def tried(
    split: Scenarios, bids: Network, seed: int, n_envs: int = TRIES, n_steps: int = STEPS
) -> Trial:
    """What random corrections gain beside bids.

    Args:
        split: name of the scenarios, or a source of them.
        bids: of the fields `BID_FIELDS`.
        seed: of scenarios, days and corrections.
        n_envs: environments side by side.
        n_steps: of each.
    """
    batch = make_batch(ENV_ID, n_envs, scenario=split, reward="planner_gain", **ARGUMENTS)
    of_bids = observed_columns(batch.core, BID_FIELDS)
    columns = observed_columns(batch.core, SEEN)[:3]
    random = np.random.default_rng(seed)
    observations, _ = batch.reset(seed=seed)
    seen, corrections, gains_eur = [], [], []
    for _ in range(n_steps):
        drawn = np.clip(random.normal(0.0, DEVIATION, (n_envs, N_PRICES)), -1.0, 1.0)
        bid = bids.predict(observations[:, of_bids])[0]
        seen.append(observations[:, columns].astype(np.float64))
        action = np.concatenate([drawn, bid], axis=1).astype(np.float32)
        observations, gain_eur, *_ = batch.step(action)
        corrections.append(drawn)
        gains_eur.append(gain_eur)
    return Trial(np.concatenate(seen), np.concatenate(corrections), np.concatenate(gains_eur))


def looks(seen: Floats) -> Floats:
    """(n, 5) what a correction depends on, of (n, 3) what is seen.

    1; whether the hour has begun; the spread; that in an hour that has begun; and the latter with
    the sign of what is sold.
    """
    hour_passed, spread, sold = seen.T
    begun = np.minimum(4.0 * hour_passed, 1.0)
    sign = np.clip(STEEP * sold, -1.0, 1.0)
    return np.stack(
        [np.ones_like(begun), begun, spread, spread * begun, spread * begun * sign], axis=-1
    )


def corrections_of(trial: Trial) -> Floats:
    """(2, 5) best correction of either price, by column of `looks`; 0 for those not in `USED`.

    Raises:
        InvalidInputError: the gain does not bend down, so that none is best.
    """
    seen, v = looks(trial.seen), trial.corrections
    columns = np.concatenate([seen * v[:, :1], seen * v[:, 1:], v**2 / 2.0], axis=1)
    moments = columns.T @ columns + PENALTY * np.eye(columns.shape[1])
    found = np.linalg.solve(moments, columns.T @ trial.gain_eur)
    slopes, bends = found[:-N_PRICES].reshape(N_PRICES, -1), found[-N_PRICES:]
    if not (bends < 0.0).all():
        raise InvalidInputError("corrections", bends.tolist(), "try more steps: no best one shows")
    best: Floats = np.zeros_like(slopes)
    best[:, USED] = (slopes / -bends[:, None])[:, USED]
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
    """One network of both parts, see `gates`.

    Args:
        bids: of the fields `BID_FIELDS`.
        corrections: (2, 5), see `corrections_of`.
        fields: name and size of each of `FIELDS`, in their order.
    """
    names = np.repeat([name for name, _ in fields], [size for _, size in fields])
    of_bids = np.flatnonzero(np.isin(names, BID_FIELDS))
    n, units, n_bids = len(names), len(bids.biases[0]), len(bids.biases[1])
    mean, std = np.zeros(n), np.ones(n)
    mean[of_bids], std[of_bids] = bids.mean, bids.std
    where = [int(np.argmax(names == name)) for name in SEEN]
    layers = []
    for k, (gate, bias) in enumerate(gates()):
        weight = np.zeros((units + gate.shape[0], units + gate.shape[1]))
        weight[units:, units:] = gate
        if k == 0:
            weight = np.zeros((n, units + gate.shape[1]))
            weight[of_bids, :units], weight[where, units:] = bids.weights[0], gate
        else:
            weight[:units, :units] = np.eye(units)
        of_units = bids.biases[0] if k == 0 else np.zeros(units)
        layers.append((weight, np.concatenate([of_units, bias])))
    by_look = np.stack([corrections[:, k] for k in (1, 2, 3, 4, 4)])
    by_look[-1] *= -1.0
    last = np.zeros((units + len(by_look), N_PRICES + n_bids))
    last[units:, :N_PRICES], last[:units, N_PRICES:] = by_look, bids.weights[1]
    layers.append((last, np.concatenate([corrections[:, 0], bids.biases[1]])))
    weights, biases = zip(*layers, strict=True)
    return Network(
        features=_single(np.eye(n)),
        mean=_single(mean),
        std=_single(std),
        weights=tuple(map(_single, weights)),
        biases=tuple(map(_single, biases)),
        activation="relu",
        squash="tanh",
    )


def gates() -> list[tuple[Floats, Floats]]:
    """Weights and biases of three layers of hinges, from what is seen to what is looked at.

    The last has: whether the hour has begun; the spread; that in an hour that has begun; and the
    latter where energy is sold, and where it is bought.
    """
    first = np.zeros((3, 7))  # 4 h, and what of it lies above 1; spread; sold and bought alike
    first[0, :2], first[1, 2] = 4.0, 1.0
    first[2, 3:5], first[2, 5:] = STEEP, -STEEP
    beyond = np.array([0.0, -1.0, 0.0, 0.0, -1.0, 0.0, -1.0])
    second = np.zeros((7, 5))  # begun, spread, spread if begun, sold, bought
    second[:2, 0] = second[3:5, 3] = second[5:, 4] = 1.0, -1.0
    second[2, 1:3] = 1.0
    second[:2, 2] = CLIP, -CLIP
    third = np.zeros((5, 5))
    third[[0, 1, 2], [0, 1, 2]] = 1.0
    third[2, 3:], third[3, 3], third[4, 4] = 1.0, CLIP, CLIP
    # A spread is at most CLIP: without what lets it through, it falls below 0.
    through = np.array([0.0, 0.0, -CLIP, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, -CLIP, -CLIP])
    return [(first, beyond), (second, through[0]), (third, through[1])]


def _single(values: Floats) -> NDArray[np.float32]:
    single: NDArray[np.float32] = values.astype(np.float32)
    return single


def validated(networks: Sequence[Network], split: Scenarios, years: Sequence[int]) -> Floats:
    """(N, n) EUR that each network earns in each of some years."""
    n_years = len(years)
    batch = whole_years(ENV_ID, split, [*years] * len(networks), **ARGUMENTS)
    core: Any = batch.core
    columns = observed_columns(core, FIELDS)
    earned_eur = np.zeros(core.n_runs)
    observations = core.observe()
    while not core.over.all():
        parts = np.split(observations[:, columns], len(networks))
        acts = [one.predict(part)[0] for one, part in zip(networks, parts, strict=True)]
        records, observations = core.step(np.concatenate(acts))
        earned_eur += records[:, : core.n_money].sum(axis=1)
    return earned_eur.reshape(len(networks), n_years)


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
        bids, earned_eur, _ = bidder.trained(train, validation, one, **BIDS)
        corrections = corrections_of(tried("synthetic:train", bids, one))
        networks += [joined(bids, part, fields) for part in (corrections, 0.0 * corrections)]
        daily_eur.append(earned_eur)
        print(f"seed {one}: trained", flush=True)
    print(f"{VALIDATION_YEARS} validation years follow", flush=True)
    earned = validated(networks, "synthetic:validation", range(VALIDATION_YEARS))
    for k, one in enumerate(seeds):
        gain_eur = earned[2 * k] - earned[2 * k + 1]
        card = {
            "name": NAME,
            "seed": one,
            "env_id": ENV_ID,
            "arguments": ARGUMENTS,
            "observation": [list(field) for field in fields],
            "dt_h": DT_H,
            "steps": TRIES * STEPS,
            "validation": {
                "saving_eur": round(float(gain_eur.mean()), 4),
                "profit_eur": round(float(earned[2 * k].mean()), 4),
                "eur_a_day_per_kwh": round(daily_eur[k], 4),
                "years": VALIDATION_YEARS,
            },
            **provenance(f"python -m agents.operator --seed {one} --keep", apart=[KEPT]),
        }
        folder = (TRAINED if keep else run_dir) / NAME / f"seed_{one}"
        export_policy(networks[2 * k], card, folder)
        by_year = ", ".join(f"{gain:+.0f}" for gain in gain_eur)
        print(
            f"seed {one}: {earned[2 * k].mean():,.0f} EUR a year, {gain_eur.mean():+.1f} of it by "
            f"correcting prices ({by_year})"
        )


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
