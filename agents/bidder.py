"""Train an agent of `VPPBidding-v0` by what its bids would have earned.

    python -m agents.bidder [--seed 0] [--keep]

A bid that is allowed changes no price and no dispatch. What it earns is therefore known for
every past day, whatever was bid: the energy sold, times the day-ahead less the imbalance price.
The network is improved along that gradient itself, on all synthetic years of the training split,
and the round is kept that earns most in those of the validation split. No car is simulated.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from vpp_gym.agents.policy import TRAINED, Network
from vpp_gym.arrays import Floats
from vpp_gym.env import VectorEnv
from vpp_gym.envs.bidding import VPPBiddingVectorEnv
from vpp_gym.episodes import EpisodeSpan
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.policies.baselines import PRICE_OFFER
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.training.environments import observed_columns, observed_fields
from vpp_gym.training.export import KEPT, export_policy

NAME, ENV_ID, DT_H = "learned_bids", "VPPBidding-v0", 0.25
ARGUMENTS: dict[str, Any] = {
    "scheduler": "learned_mpc",
    "bid_scale": 1.0,
    "guarantee": True,
    "params": {"contract": PRICE_OFFER},
}
"""Of the environment that the agent plays: the strongest scheduler, and its best offer."""
FIELDS = ("weekday", "da_level", "da_tomorrow", "im_residual_by_period")
"""What it sees: prices alone, which do not depend on anybody's cars."""
NOISE = 2.0
"""Standard deviations of what is seen that are added to it in training.

Without them the network believes in days that are more alike than recorded ones: it earns less
than the calendar tells on the prices of 2018, on which the training years are fitted."""
UNITS, EPOCHS, BATCH, RATE, DECAY = 32, 40, 256, 2e-3, 3e-2
PRICE_EUR_PER_KWH = 0.05
"""Unit of what bids earn."""

BatchOf = Callable[[int, Scenario], VectorEnv]
"""Makes so many environments of a scenario."""


def bidding(n_runs: int, scenario: Scenario) -> VectorEnv:
    """Environments that show what the agent sees; who dispatches in them changes nothing of it."""
    return VPPBiddingVectorEnv(n_runs, scenario, scheduler="charge_on_arrival")


def days_of(
    scenario: Scenario, batch_of: BatchOf = bidding, fields: Sequence[str] = FIELDS
) -> tuple[Floats, Floats]:
    """What is seen at every gate (n, F), and what a kWh sold for each period earns (n, 96).

    Args:
        scenario: by quarter hours, on a clock without summer time.
        batch_of: makes the environments in which it is seen.
        fields: that are seen.
    """
    one: Any = bidding(1, scenario).core
    periods, gates = one.simulation.periods, one._days_of(0).start
    midnight = (gates // periods + 1) * periods
    gates, midnight = (part[midnight + periods <= scenario.n_steps] for part in (gates, midnight))
    core: Any = batch_of(len(gates), scenario).core
    spans = [EpisodeSpan(0, int(gate), int(gate) + 1) for gate in gates]
    core.begin(np.arange(len(gates)), spans)
    seen = core.observe()[:, observed_columns(core, fields)].astype(np.float64)
    middle = 0.5 * (scenario.im_short_eur_per_kwh + scenario.im_long_eur_per_kwh)
    earned = scenario.da_eur_per_kwh - middle
    return seen, earned[midnight[:, None] + np.arange(periods)]


def days_in(
    split: str, batch_of: BatchOf = bidding, fields: Sequence[str] = FIELDS
) -> tuple[Floats, Floats]:
    """The days of all years of a split, see `days_of`."""
    source = as_source(split, DT_H)
    years = [
        days_of(source.scenario(index), batch_of, fields) for index in range(source.n_scenarios)
    ]
    seen, earned = (np.concatenate(parts) for parts in zip(*years, strict=True))
    return seen, earned


def trained(
    train: tuple[Floats, Floats],
    validation: tuple[Floats, Floats],
    seed: int,
    activation: str = "tanh",
    units: int = UNITS,
    epochs: int = EPOCHS,
    rate: float = RATE,
) -> tuple[Network, float, int]:
    """The network, what a kWh offered at every period earns it a day [EUR], and its epochs.

    Args:
        train: what is seen and what a kWh earns, by day.
        validation: the same of other years, by which the epoch is chosen.
        seed: of weights and order.
        activation: of the units, "tanh" or "relu".
        units: how many.
        epochs: passes through the training days.
        rate: of learning.
    """
    import torch
    from torch import nn

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    mean, std = train[0].mean(axis=0), train[0].std(axis=0) + 1e-6
    x, y = (torch.tensor(part, dtype=torch.float32) for part in ((train[0] - mean) / std, train[1]))
    y = y / PRICE_EUR_PER_KWH
    last = nn.Linear(units, y.shape[1])
    bend = {"tanh": nn.Tanh, "relu": nn.ReLU}[activation]
    layers = nn.Sequential(nn.Linear(x.shape[1], units), bend(), last)
    nn.init.zeros_(last.weight)
    optimiser = torch.optim.AdamW(layers.parameters(), rate, weight_decay=DECAY)
    best: tuple[float, int, Any] = (-np.inf, 0, None)
    for epoch in range(1, epochs + 1):
        for rows in torch.randperm(len(x)).split(BATCH):
            seen = x[rows] + NOISE * torch.randn_like(x[rows])
            loss = -(torch.tanh(layers(seen)) * y[rows]).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        network = network_of(layers, mean, std, activation)
        daily = float((network.predict(validation[0])[0] * validation[1]).sum(axis=1).mean())
        if daily > best[0]:
            best = daily, epoch, deepcopy(network)
    return best[2], best[0], best[1]


def network_of(layers: Any, mean: Floats, std: Floats, activation: str) -> Network:
    """The layers as plain arrays."""
    first, last = layers[0], layers[2]
    return Network(
        features=np.eye(len(mean), dtype=np.float32),
        mean=mean.astype(np.float32),
        std=std.astype(np.float32),
        weights=(_array(first.weight).T, _array(last.weight).T),
        biases=(_array(first.bias), _array(last.bias)),
        activation=activation,
        squash="tanh",
    )


def _array(tensor: Any) -> NDArray[np.float32]:
    values: NDArray[np.float32] = tensor.detach().numpy().copy()
    return values


def main(
    seed: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Of weights and order; repeat it for several.", show_default="0"),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Put it among the trained agents.")] = False,
    run_dir: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
) -> None:
    """Train the agent, and write its arrays and card."""
    train, validation = days_in("synthetic:train"), days_in("synthetic:validation")
    core = VPPBiddingVectorEnv(1, scheduler="charge_on_arrival").core
    observation = [list(one) for one in observed_fields(core, FIELDS)]
    for one in seed or [0]:
        network, daily, epochs = trained(train, validation, one)
        card = {
            "name": NAME,
            "seed": one,
            "env_id": ENV_ID,
            "arguments": ARGUMENTS,
            "observation": observation,
            "dt_h": DT_H,
            "steps": epochs * len(train[0]),
            "validation": {"eur_a_day_per_kwh": round(daily, 4)},
            **provenance(f"python -m agents.bidder --seed {one} --keep", apart=[KEPT]),
        }
        export_policy(network, card, (TRAINED if keep else run_dir) / NAME / f"seed_{one}")
        print(f"seed {one}: {epochs} epochs, {daily:.4f} EUR a day for a kWh in every period")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
