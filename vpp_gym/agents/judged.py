"""Any model as a policy that `vpp_gym.evaluate` judges in the world that it was trained in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces

from vpp_gym.agents.normalisation import Normalisation
from vpp_gym.agents.setting import Setting
from vpp_gym.agents.stack import WrappedRun, copied_around
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.worlds import Runner


@dataclass(frozen=True)
class Behind:
    """What stands between an environment and the model that was trained in it.

    Attributes:
        layers: wrappers of Gymnasium that change what is shown or done, the outermost first.
        normalisation: statistics by which observations were scaled, after the wrappers.
        stacked: how many observations SB3's `VecFrameStack` shows at once; 1: one.
        scaled_first: each of them was scaled before they were stacked.
    """

    layers: tuple[Any, ...] = ()
    normalisation: Normalisation | None = None
    stacked: int = 1
    scaled_first: bool = False


class ModelAgent(EnvironmentAgent):
    """A model in the setting that it was trained in.

    Args:
        predictor: with SB3's `predict`.
        name: row label in results.
        setting: what it was trained in.
        behind: what stood between the environment and it.
        fields: name and size of the fields that it reads, of a model that is saved with them.
        seed: of its training.

    Attributes:
        setting: what it was trained in; its rules are those of the runs.
    """

    def __init__(
        self,
        predictor: Any,
        *,
        name: str,
        setting: Setting,
        behind: Behind = Behind(),
        fields: Sequence[tuple[str, int]] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(
            predictor,
            name=name,
            env_id=setting.env_id,
            settings=setting.settings,
            dt_h=setting.dt_h,
            fields=fields,
        )
        self.setting, self.behind, self.seed = setting, behind, seed
        self._frames: list[Any] = []

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """The model's action and state, for an observation scaled as in training."""
        scaled, stacked = self.behind.normalisation, self.behind.stacked > 1
        if scaled is not None and (not stacked or self.behind.scaled_first):
            observation = scaled(observation)
        if stacked:
            observation = self._stacked(observation, bool(np.any(episode_start)))
            if scaled is not None and not self.behind.scaled_first:
                observation = scaled(observation)
        return self.predictor.predict(observation, state, episode_start, deterministic)

    def runner(self, scenario: Any, params: Any, start_step: int, end_step: int) -> Runner:
        """A run at its start, behind the wrappers of training; see `EnvironmentAgent.runner`.

        Raises:
            InvalidInputError: the model reads or does something else than the environment shows
                and takes.
        """
        run = super().runner(scenario, params, start_step, end_step)
        core = run._core  # type: ignore[attr-defined]  # every runner of an agent has one
        top: Any = None
        if self.behind.layers:
            layers = self.behind.layers
            run = WrappedRun(run, lambda bottom: copied_around(layers, bottom), core)
            top = run._top
        shown = core.observation_space if top is None else top.observation_space
        takes = core.action_space if top is None else top.action_space
        self._check_spaces(shown, takes)
        return run

    def _stacked(self, observation: Any, starts: bool) -> Any:
        """The last observations one after the other, zeros before the first, as SB3 stacks them."""
        if starts or not self._frames:
            self._frames = [np.zeros_like(observation)] * self.behind.stacked
        self._frames = [*self._frames[1:], observation]
        return np.concatenate(self._frames, axis=-1)

    def _check_spaces(self, shown: spaces.Space[Any], takes: spaces.Space[Any]) -> None:
        reads = getattr(self.predictor, "observation_space", None)
        gives = getattr(self.predictor, "action_space", None)
        seen = _shapes(shown)
        if self.behind.stacked > 1 and isinstance(seen, tuple):
            seen = (*seen[:-1], seen[-1] * self.behind.stacked)
        if self.fields is not None and isinstance(seen, tuple):
            seen = (sum(size for _, size in self.fields),)
        if isinstance(reads, spaces.Space) and _shapes(reads) != seen:
            what = f"{self.name} reads {_shapes(reads)}"
            remedy = f"{self.env_id} as it is set shows {seen}: give the env of its training"
            raise InvalidInputError("observation", what, remedy)
        if isinstance(gives, spaces.Space) and gives.shape != takes.shape:
            what = f"{self.name} gives {gives.shape}"
            remedy = f"{self.env_id} as it is set takes {takes.shape}: give the env of its training"
            raise InvalidInputError("action", what, remedy)


def _shapes(space: spaces.Space[Any]) -> Any:
    """Shape of a space; of a mapping that of each part."""
    if isinstance(space, spaces.Dict):
        return {name: part.shape for name, part in space.spaces.items()}
    return space.shape
