"""The core of an environment: a batch of episodes of one decision problem.

A core is what a scalar or a vector shell wraps. `HourlyCore` is stepped hour by hour
by one kernel; `DailyCore` from gate closure to gate closure, by policies.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from vpp_gym.arrays import Floats, Ints, Observations
from vpp_gym.envs.episodes import Episodes, EpisodeSpan
from vpp_gym.envs.fields import Codec
from vpp_gym.envs.settings import Settings
from vpp_gym.envs.step_kernel import first_outside
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.params import VPPParams, as_params
from vpp_gym.scenarios.source import ScenarioSource


class Core(ABC):
    """A batch of episodes of one decision problem.

    Args:
        source: the worlds that episodes are drawn from.
        params: rules of the world.
        settings: what is decided and shown.
        n_envs: batch size.
        preload: lay all scenarios of the source in one dataset, as a batch needs;
            otherwise each is loaded when an episode is drawn from it.

    Attributes:
        simulation: of all runs.
        codec: layout of the observations.
        action_shape: of one environment's action.
        on_step: told what each step of the simulator booked in the first run.
    """

    settings_kind: ClassVar[type[Settings]]
    terms: ClassVar[tuple[str, ...]] = TERMS
    n_money: ClassVar[int] = len(MONEY)
    codec: Codec
    action_shape: tuple[int, ...]

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams | Mapping[str, Any] | str | None,
        settings: Any,
        n_envs: int = 1,
        preload: bool = False,
    ) -> None:
        self.source, self.settings = source, settings
        self.params = as_params(params)
        self._episodes = Episodes(source, self.params, n_envs, preload, settings.episode_days)
        self.simulation = self._episodes.simulation
        self.on_step: Callable[[Floats], None] | None = None

    @property
    def n_runs(self) -> int:
        """Size of the batch."""
        return self.simulation.n_envs

    @property
    def over(self) -> NDArray[np.bool_]:
        """(B,) the episode has ended."""
        return self.simulation.done

    @property
    def action_space(self) -> spaces.Box:
        """Of one environment; every entry in [-1, 1]."""
        return spaces.Box(-1.0, 1.0, self.action_shape, np.float32)

    @property
    def observation_space(self) -> spaces.Space[Any]:
        """Of one environment."""
        flat = self.settings.observation == "flat"
        return self.codec.flat_space if flat else self.codec.dict_space

    def place(
        self,
        runs: Ints,
        generators: Sequence[np.random.Generator],
        options: Mapping[str, Any] | None,
    ) -> None:
        """Begin a new episode in some runs, each drawn by its own generator.

        Raises:
            InvalidInputError: options that do not suit one of the scenarios drawn; then
                no run has been placed.
        """
        self.begin(runs, self._episodes.draw(generators, options))

    def begin(self, runs: Ints, stretches: Sequence[EpisodeSpan]) -> None:
        """Begin given episodes in some runs."""
        self._prepare(runs)
        self._episodes.place(runs, stretches)
        self._begin(runs, stretches)

    @abstractmethod
    def step(self, actions: Any) -> tuple[Floats, Any]:
        """Decode (B, A) actions, advance, and look: the (B, K) record and observations.

        Args:
            actions: in [-1, 1], left as they are.

        Raises:
            InvalidInputError: an action out of shape or range; nothing has moved.
        """

    @abstractmethod
    def observe(self) -> Any:
        """(B, size) flat observations, or the named parts of them."""

    def _prepare(self, runs: Ints) -> None:  # noqa: B027 - most cores have nothing to prepare
        """Before the first owners of an episode arrive."""

    @abstractmethod
    def _begin(self, runs: Ints, drawn: Sequence[EpisodeSpan]) -> None:
        """Forget the episode before."""

    def _numbers(self, actions: Any) -> Floats:
        """(B, A) actions, checked; the caller's are left as they are."""
        shape = (self.n_runs, *self.action_shape)
        try:
            array = np.array(actions, dtype=np.float64, order="C")
        except (TypeError, ValueError) as error:
            raise InvalidInputError("action", actions, f"give numbers of shape {shape}") from error
        if array.shape != shape:
            raise InvalidInputError("action", f"shape {array.shape}", f"give shape {shape}")
        wrong = first_outside(array)
        if wrong >= 0:
            run, entry = divmod(wrong, array.shape[1])
            raise InvalidInputError(
                f"action[{run}, {entry}]" if len(array) > 1 else f"action[{entry}]",
                float(array[run, entry]),
                "every entry lies in [-1, 1]",
            )
        return array

    def _shaped(self, flat: Observations) -> Any:
        return flat if self.settings.observation == "flat" else self.codec.named(flat)
