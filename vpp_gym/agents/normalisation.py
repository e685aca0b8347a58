"""The statistics by which a learner scales what it is shown, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError

FLAT = ""
"""Name of the one part of a flat observation."""


class _Part(BaseModel):
    """Mean and variance of a part of an observation."""

    mean: list[float]
    var: list[float]


class _Statistics(BaseModel):
    """The types of what a card says of a normalisation."""

    parts: dict[str, _Part]
    clip: float
    epsilon: float


@dataclass(frozen=True)
class Normalisation:
    """What `stable_baselines3.common.vec_env.VecNormalize` does to observations, bit for bit.

    Attributes:
        parts: mean and variance of each named part of an observation; of a flat one under "".
        clip: scaled values are cut off here, either way.
        epsilon: added to the variances.
    """

    parts: Mapping[str, tuple[Floats, Floats]]
    clip: float
    epsilon: float

    @classmethod
    def of_vec_normalize(cls, wrapper: Any) -> Normalisation | None:
        """The statistics of SB3's wrapper; None where it leaves observations as they are.

        Raises:
            InvalidInputError: it is no such wrapper.
        """
        if not all(hasattr(wrapper, name) for name in ("norm_obs", "clip_obs", "epsilon")):
            remedy = "give a VecNormalize, or the file that its save() wrote"
            raise InvalidInputError("vecnormalize", wrapper, remedy)
        if not wrapper.norm_obs:
            return None
        moments = wrapper.obs_rms
        named = moments if isinstance(moments, dict) else {FLAT: moments}
        parts = {name: (np.array(one.mean), np.array(one.var)) for name, one in named.items()}
        return cls(parts, float(wrapper.clip_obs), float(wrapper.epsilon))

    def __call__(self, observation: Any) -> Any:
        """The observation as the learner saw it."""
        if isinstance(observation, Mapping):
            return {
                name: self._scaled(name, observation[name]) if name in self.parts else part
                for name, part in observation.items()
            }
        return self._scaled(FLAT, observation)

    def _scaled(self, name: str, part: Any) -> Any:
        mean, var = self.parts[name]
        scaled = (part - mean) / np.sqrt(var + self.epsilon)
        return np.clip(scaled, -self.clip, self.clip).astype(np.float32)

    def check(self, space: Any) -> None:
        """Refuse statistics of other observations.

        Args:
            space: of the observations that are to be scaled.

        Raises:
            InvalidInputError: other parts, or of another size.
        """
        named = getattr(space, "spaces", None) or {FLAT: space}
        for name, (mean, _) in self.parts.items():
            shown = named[name].shape if name in named else None
            if shown != mean.shape:
                what = f"statistics of shape {mean.shape} for {name or 'the observation'}"
                remedy = f"the environment shows {shown}: give those of this model's training"
                raise InvalidInputError("vecnormalize", what, remedy)

    def as_json(self) -> dict[str, Any]:
        """As a card has it."""
        return {
            "parts": {
                name: {"mean": mean.tolist(), "var": var.tolist()}
                for name, (mean, var) in self.parts.items()
            },
            "clip": self.clip,
            "epsilon": self.epsilon,
        }

    @classmethod
    def of_json(cls, content: Any) -> Normalisation:
        """From what `as_json` made.

        Raises:
            InvalidInputError: something is missing or no number.
        """
        try:
            known = _Statistics.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(("card.normalisation", *map(str, first["loc"])))
            raise InvalidInputError(place, first.get("input"), first["msg"]) from error
        parts = {name: (np.array(one.mean), np.array(one.var)) for name, one in known.parts.items()}
        return cls(parts, known.clip, known.epsilon)
