"""Trained policies as plain arrays: no pickle, no torch, a few microseconds a decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vpp_gym.arrays import Observations
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.files.archives import array_names, arrays_in
from vpp_gym.files.folders import latest
from vpp_gym.files.names import MAX_LENGTH, NAME_PATTERN
from vpp_gym.files.reader import DIGEST, MB, digest_of, read_bytes, read_object
from vpp_gym.files.writer import write_file

TRAINED = Path(__file__).parent / "trained"
WEIGHTS, CARD = "policy.npz", "card.json"
MAX_BYTES = 64 * MB
"""Of the arrays of a policy."""
AGAIN = "export it again with --keep"
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
        """Write the arrays to an .npz file, whole or not at all."""
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
        write_file(path, lambda file: np.savez_compressed(file, **arrays))

    @classmethod
    def load(cls, path: Path) -> Network:
        """Read what `save` wrote; nothing in the file is ever executed.

        Raises:
            InvalidInputError: a damaged file, or one that holds no policy.
        """
        return cls.of(read_bytes(path, max_bytes=MAX_BYTES), path.name)

    @classmethod
    def of(cls, content: bytes, file: str) -> Network:
        """The network in the bytes of such a file; see `load`."""
        names = array_names(content, file=file)
        depth = sum(name.startswith("weight_") for name in names)
        layers = [f"{kind}_{k}" for k in range(depth) for kind in ("weight", "bias")]
        wanted = (*layers, "features", "mean", "std", "activation", "squash")
        arrays = arrays_in(content, wanted, file=file, max_bytes=MAX_BYTES)
        network = cls(
            features=arrays["features"],
            mean=arrays["mean"],
            std=arrays["std"],
            weights=tuple(arrays[f"weight_{k}"] for k in range(depth)),
            biases=tuple(arrays[f"bias_{k}"] for k in range(depth)),
            activation=str(arrays["activation"]),
            squash=str(arrays["squash"]),
        )
        network.check(file)
        return network

    def check(self, file: str) -> None:
        """Refuse arrays that make no actions.

        Args:
            file: named in errors.

        Raises:
            InvalidInputError: unknown functions, shapes that do not fit together, numbers that
                are not finite, or features that do not vary.
        """
        if self.activation not in ACTIVATIONS or self.squash not in ("clip", "tanh"):
            raise InvalidInputError(file, f"{self.activation}, {self.squash}", AGAIN)
        arrays = (self.features, self.mean, self.std, *self.weights, *self.biases)
        if not all(array.dtype.kind == "f" and np.isfinite(array).all() for array in arrays):
            raise InvalidInputError(file, "numbers that are not finite", AGAIN)
        if not self._shapes_fit():
            raise InvalidInputError(file, "arrays of shapes that do not fit together", AGAIN)
        if not (self.std > 0.0).all():
            raise InvalidInputError(file, "a standard deviation that is not positive", AGAIN)

    def _shapes_fit(self) -> bool:
        matrices = (self.features, *self.weights)
        if not self.weights or any(matrix.ndim != 2 for matrix in matrices):
            return False
        outer = pairwise(matrices)
        after = zip(self.weights, self.biases, strict=True)
        width = (self.features.shape[1],)
        return (
            self.mean.shape == self.std.shape == width
            and all(one.shape[1] == other.shape[0] for one, other in outer)
            and all(bias.shape == (weight.shape[1],) for weight, bias in after)
        )


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

    name: str = Field(pattern=NAME_PATTERN, max_length=MAX_LENGTH)
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
        """The policy in a folder that `vpp_gym.training.export.export_policy` wrote.

        Raises:
            InvalidInputError: a file is missing or damaged, the two do not belong together, or
                the card cannot be used.
        """
        folder = latest(folder)
        for file in (WEIGHTS, CARD):
            if not (folder / file).is_file():
                raise InvalidInputError("folder", folder.name, f"it has no {file}")
        try:
            card = read_object(folder / CARD, max_bytes=MB)
        except InvalidInputError as error:
            raise InvalidInputError("card", str(folder / CARD), str(error.value)) from error
        weights = read_bytes(folder / WEIGHTS, max_bytes=MAX_BYTES)
        if card.pop(DIGEST, None) not in (None, digest_of(card, weights)):
            remedy = f"it is not what was written, or of other weights: {AGAIN}"
            raise InvalidInputError("card", str(folder / CARD), remedy)
        return cls(Network.of(weights, WEIGHTS), card)


def load_agents(folder: Path = TRAINED) -> list[AgentPolicy]:
    """Every trained policy below a folder, by name and seed.

    Hidden folders are left out: an export that was interrupted leaves one.
    """
    cards = (card.relative_to(folder) for card in folder.rglob(CARD))
    whole = (card for card in cards if not any(part.startswith(".") for part in card.parts))
    agents = [AgentPolicy.load(folder / card.parent) for card in whole]
    return sorted(agents, key=lambda agent: (agent.name, agent.seed))
