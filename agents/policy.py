"""Trained policies as plain arrays: no pickle, no torch, a few microseconds a decision."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vpp_gym.arrays import Observations
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent

TRAINED = Path(__file__).parent / "trained"
WEIGHTS, CARD = "policy.npz", "card.json"
NAME_PATTERN = r"^[\w-][\w.-]*$"
"""Of a policy's name, which is also the name of its folder."""
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
        """(..., A) actions for (..., size) observations; always the mean action.

        Raises:
            InvalidInputError: observations of another size.
        """
        seen, size = np.asarray(observation), len(self.features)
        if seen.shape[-1:] != (size,):
            remedy = (
                f"give the {size} columns of its card, as `AgentPolicy.reader` finds them by name"
            )
            raise InvalidInputError("observation", f"shape {seen.shape}", remedy)
        hidden = (seen @ self.features - self.mean) / self.std
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


class Card(BaseModel):
    """What a policy needs to run, from its card; the rest of a card is for its reader.

    Attributes:
        name: of the policy.
        seed: of its training.
        env_id: environment that it is for.
        arguments: of the environment, its parameters among them.
        observation: name and size of every field that it reads, in the order of the columns.
        dt_h: hours per step; None: it suits any.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    name: str = Field(pattern=NAME_PATTERN)
    seed: int = Field(ge=0)
    env_id: str
    arguments: dict[str, Any]
    observation: tuple[tuple[str, Annotated[int, Field(ge=1)]], ...] = Field(min_length=1)
    dt_h: float | None = Field(gt=0)

    @classmethod
    def of(cls, content: Any) -> Card:
        """The card with this content.

        Raises:
            InvalidInputError: something that a policy needs is missing or wrong.
        """
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            place, value, remedy = ".".join(map(str, first["loc"])), first["input"], first["msg"]
            if first["type"] == "missing":
                value, remedy = None, "the card lacks it: export the policy again with --keep"
            raise InvalidInputError(f"card.{place}", value, remedy) from error


class AgentPolicy(EnvironmentAgent):
    """A trained policy from its folder, ready for `vpp_gym.evaluate`.

    Attributes:
        card: how it was trained and validated.
        seed: of its training.
    """

    def __init__(self, network: Network, card: Mapping[str, Any]) -> None:
        known = Card.of(card)
        size = sum(width for _, width in known.observation)
        if size != len(network.features):
            remedy = f"its fields have {size} columns, its network {len(network.features)}"
            raise InvalidInputError("card.observation", known.observation, remedy)
        settings = dict(known.arguments)
        params = settings.pop("params", {})
        dt_h, guarantee = settings.pop("dt_h", known.dt_h), settings.pop("guarantee", None)
        contract = dict(params.get("contract", {})) if known.env_id.startswith("VPP") else {}
        super().__init__(
            network,
            name=known.name,
            env_id=known.env_id,
            settings=settings,
            contract=contract,
            guarantee=params.get("guarantee") if guarantee is None else guarantee,
            dt_h=dt_h,
            fields=known.observation,
        )
        self.card, self.seed = dict(card), known.seed

    @classmethod
    def load(cls, folder: Path) -> AgentPolicy:
        """The policy in a folder that `agents.export.export_policy` wrote.

        Raises:
            InvalidInputError: a file is missing, or the card cannot be used.
        """
        for file in (WEIGHTS, CARD):
            if not (folder / file).is_file():
                raise InvalidInputError("folder", folder.name, f"it has no {file}")
        try:
            card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise InvalidInputError("card", str(folder / CARD), "it is not JSON") from error
        return cls(Network.load(folder / WEIGHTS), card)


def load_agents(folder: Path = TRAINED) -> list[AgentPolicy]:
    """Every trained policy below a folder, by name and seed."""
    agents = [AgentPolicy.load(card.parent) for card in folder.rglob(CARD)]
    return sorted(agents, key=lambda agent: (agent.name, agent.seed))
