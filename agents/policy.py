"""Trained policies as plain arrays: no pickle, no torch, a few microseconds a decision."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vpp_gym.arrays import Observations
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent

TRAINED = Path(__file__).parent / "trained"
WEIGHTS, CARD = "policy.npz", "card.json"
ACTIVATIONS: dict[str, Callable[[Observations], Observations]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
}
CLIP = 10.0
"""Normalised features are cut off here, as `VecNormalize` does."""


@dataclass(frozen=True)
class Network:
    """A multi-layer perceptron from observations to actions in [-1, 1].

    Attributes:
        features: (size, F) linear map of the flat observation.
        mean: (F,) of the features in training.
        std: (F,) of the features in training.
        weights: of each layer, (inputs, outputs).
        biases: of each layer, (outputs,).
        activation: between layers, "tanh" or "relu".
        squash: "clip" cuts the last layer off at +-1, "tanh" bends it.
    """

    features: Observations
    mean: Observations
    std: Observations
    weights: tuple[Observations, ...]
    biases: tuple[Observations, ...]
    activation: str
    squash: str

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Observations, Any]:
        """(..., A) actions for (..., size) observations; always the mean action."""
        # Observations only ever grew at the end; an older network reads what it knows.
        known = np.asarray(observation)[..., : len(self.features)]
        hidden = (known @ self.features - self.mean) / self.std
        hidden = np.clip(hidden, -CLIP, CLIP)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = ACTIVATIONS[self.activation](hidden @ weight + bias)
        action = hidden @ self.weights[-1] + self.biases[-1]
        return np.tanh(action) if self.squash == "tanh" else np.clip(action, -1.0, 1.0), state

    def save(self, path: Path) -> None:
        """Write the arrays to an .npz file."""
        layers: dict[str, Observations] = {}
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            layers |= {f"weight_{k}": weight, f"bias_{k}": bias}
        arrays: dict[str, Any] = {
            **layers,
            "features": self.features,
            "mean": self.mean,
            "std": self.std,
            "activation": np.array(self.activation),
            "squash": np.array(self.squash),
        }
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> Network:
        """Read what `save` wrote; nothing in the file is ever executed."""
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        depth = sum(name.startswith("weight_") for name in arrays)
        network = cls(
            features=arrays["features"],
            mean=arrays["mean"],
            std=arrays["std"],
            weights=tuple(arrays[f"weight_{k}"] for k in range(depth)),
            biases=tuple(arrays[f"bias_{k}"] for k in range(depth)),
            activation=str(arrays["activation"]),
            squash=str(arrays["squash"]),
        )
        if network.activation not in ACTIVATIONS or network.squash not in ("clip", "tanh"):
            raise InvalidInputError("policy", path.name, "export it again")
        return network


class AgentPolicy(EnvironmentAgent):
    """A trained policy from its folder, ready for `vpp_gym.evaluation.evaluate`.

    Attributes:
        card: how it was trained and validated.
        seed: of its training.
    """

    def __init__(self, network: Network, card: Mapping[str, Any]) -> None:
        settings = dict(card.get("arguments", card.get("settings", {})))
        params = settings.pop("params", {})
        dt_h = settings.pop("dt_h", card.get("dt_h"))
        guarantee = settings.pop("guarantee", params.get("guarantee", card.get("guarantee")))
        contract = dict(params.get("contract", {})) if card_env(card).startswith("VPP") else {}
        super().__init__(
            network,
            name=card["name"],
            env_id=card_env(card),
            settings=settings,
            term_h=contract.pop("term_h", card.get("term_h")),
            contract=contract,
            guarantee=guarantee,
            dt_h=dt_h,
        )
        self.card, self.seed = dict(card), int(card["seed"])

    @classmethod
    def load(cls, folder: Path) -> AgentPolicy:
        """The policy in a folder that `agents.export.export_policy` wrote."""
        for file in (WEIGHTS, CARD):
            if not (folder / file).is_file():
                raise InvalidInputError("folder", folder.name, f"it has no {file}")
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        return cls(Network.load(folder / WEIGHTS), card)


def card_env(card: Mapping[str, Any]) -> str:
    """Environment of a card; cards of the first agents do not name it."""
    return str(card.get("env_id", "VPPDayAhead-v0"))


def load_agents(folder: Path = TRAINED) -> list[AgentPolicy]:
    """Every trained policy below a folder, by name and seed."""
    agents = [AgentPolicy.load(card.parent) for card in folder.rglob(CARD)]
    return sorted(agents, key=lambda agent: (agent.name, agent.seed))
