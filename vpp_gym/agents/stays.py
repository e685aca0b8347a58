"""A model that learnt on single stays as a policy that charges every car of a fleet."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.agents.judged import Behind
from vpp_gym.agents.normalisation import Normalisation
from vpp_gym.agents.predictors import FunctionPredictor
from vpp_gym.agents.setting import STAY, Setting
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.stay_agent import StayAgent

ALONE = Behind()


class StayModelAgent(StayAgent):
    """A model of `VPPStay-v0` in the setting that it was trained in, on a fleet of its world.

    Args:
        predictor: with SB3's `predict`, for (n, size) observations.
        name: row label in results.
        setting: what it was trained in.
        behind: what stood between the environment and it: statistics, no wrappers.
        seed: of its training.

    Attributes:
        env_id: "VPPStay-v0".
        setting: what it was trained in; its rules are those of the runs.

    Raises:
        InvalidInputError: a model that cannot see many cars at once.
    """

    env_id = STAY

    def __init__(
        self,
        predictor: Any,
        *,
        name: str,
        setting: Setting,
        behind: Behind = ALONE,
        seed: int = 0,
    ) -> None:
        _check(name, predictor, setting, behind)
        batch = _Batch(predictor, behind.normalisation)
        super().__init__(batch, name=name, forecast=str(setting.settings["forecast"]))
        self.setting, self.behind, self.seed = setting, behind, seed


class _Batch:
    """A predictor for many cars at once, which sees observations scaled as in training."""

    def __init__(self, predictor: Any, scaled: Normalisation | None) -> None:
        self.predictor, self.scaled = predictor, scaled

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """(n, 1) actions for (n, size) observations, and no state."""
        seen = observation if self.scaled is None else self.scaled(observation)
        if isinstance(self.predictor, FunctionPredictor):
            rows: list[Any] = [np.reshape(self.predictor.predict(row)[0], (1,)) for row in seen]
            return np.stack(rows), None
        return self.predictor.predict(seen, None, None, deterministic)[0], None


def _check(name: str, predictor: Any, setting: Setting, behind: Behind) -> None:
    """Refuse a model that cannot be shown every car of a fleet by itself.

    Raises:
        InvalidInputError: it was trained behind wrappers, reads named parts, or has a memory.
    """
    if behind.layers or behind.stacked > 1:
        names = [type(layer).__name__ for layer in behind.layers] or ["VecFrameStack"]
        remedy = "on a fleet every car is shown by itself, as the environment shows it"
        raise InvalidInputError("env", ", ".join(names), f"{remedy}: train {name} without")
    if setting.settings.get("observation") == "dict":
        raise InvalidInputError("env.observation", "dict", f"train {name} with 'flat'")
    if hasattr(getattr(predictor, "policy", None), "lstm_actor"):
        remedy = "cars come and go, and it would remember others: train one without memory"
        raise InvalidInputError("model", name, remedy)
