"""The environments of every world: one environment, or a batch of them, over one core.

A core owns a batch of episodes of one decision problem and knows what an action means.
`Env` holds such a core with a batch of one, `VectorEnv` one with any batch.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from itertools import repeat
from typing import Any, ClassVar, TypeVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector import VectorEnv as GymVectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from vpp_gym.actions import batch_of_one, checked_actions
from vpp_gym.arrays import Bools, Floats, Ints, Observations
from vpp_gym.episodes import EpisodeDays, EpisodeSpan, EpisodeTable, Spans, draw_episode
from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.kernels import sums
from vpp_gym.observation import ObservationLayout
from vpp_gym.recorder import Recorder
from vpp_gym.scenarios.columns import whole
from vpp_gym.settings import Shown

F = TypeVar("F", bound=Callable[..., None])
FIRST = np.zeros(1, dtype=np.int64)
RENDER_MODES = ("human", "rgb_array")


class Core(ABC):
    """A batch of episodes of one decision problem.

    Args:
        source: of the scenarios that episodes are drawn from.
        params: rules of the world.
        settings: what is decided and shown.
        n_envs: batch size.

    Attributes:
        terms: names of the columns of a record.
        n_money: how many of them, from the first on, add up to the reward [EUR].
        settings_kind: class of the settings.
        n_runs: batch size.
        simulation: of all runs.
        layout: of the observations.
        action_shape: of one environment's action.
        on_step: called with what each step of the simulator books in the first run.
    """

    terms: ClassVar[tuple[str, ...]]
    n_money: ClassVar[int]
    settings_kind: ClassVar[type[Shown]]
    simulation: Any
    layout: ObservationLayout
    action_shape: tuple[int, ...]

    def __init__(self, source: Any, params: Any, settings: Any, n_envs: int) -> None:
        self.source, self.params, self.settings = source, params, settings
        self.n_runs = whole("num_envs", n_envs, least=1)
        self.on_step: Callable[[Floats], None] | None = None

    @property
    def action_space(self) -> spaces.Box:
        """Of one environment; every entry in [-1, 1]."""
        return spaces.Box(-1.0, 1.0, self.action_shape, np.float32)

    @property
    def observation_space(self) -> spaces.Space[Any]:
        """Of one environment."""
        flat = self.settings.observation == "flat"
        return self.layout.flat_space if flat else self.layout.dict_space

    @property
    @abstractmethod
    def over(self) -> Bools:
        """(B,) the episode has ended."""

    @property
    @abstractmethod
    def max_steps(self) -> int | None:
        """Steps of the longest episode without options; None: it depends on the scenario."""

    def place(
        self,
        runs: Ints,
        generators: Sequence[np.random.Generator],
        options: Mapping[str, Any] | None,
    ) -> None:
        """Begin a new episode in some runs, each drawn by its own generator.

        Raises:
            InvalidInputError: options that do not suit one of the scenarios drawn; then
                no run has been placed, and nothing drawn.
        """
        table = None if options else self._table()
        if table is not None:
            _mapped(options)
            self.begin(runs, table.draw(generators))
            return
        before = [generator.bit_generator.state for generator in generators]
        try:
            spans = [self._draw(generator, _mapped(options)) for generator in generators]
        except InvalidInputError:
            for generator, state in zip(generators, before, strict=True):
                generator.bit_generator.state = state
            raise
        self.begin(runs, spans)

    def _table(self) -> EpisodeTable | None:
        """All episodes that may be drawn without options; None: `_draw` draws each by itself."""
        return None

    def _draw(self, generator: np.random.Generator, options: Mapping[str, Any]) -> EpisodeSpan:
        return draw_episode(
            generator, options, self.source.n_scenarios, self.settings.episode_days, self._days_of
        )

    @abstractmethod
    def _days_of(self, scenario: int) -> EpisodeDays:
        """Where episodes of a scenario may begin and end."""

    @abstractmethod
    def begin(self, runs: Ints, spans: Spans) -> None:
        """Begin given episodes in some runs."""

    @abstractmethod
    def step(self, actions: Any) -> tuple[Floats, Any]:
        """Advance the runs that are not over by (B, A) actions, and observe.

        Args:
            actions: in [-1, 1], left as they are.

        Returns:
            (B, K) records by `terms`, zero for runs that are over; and observations.

        Raises:
            InvalidInputError: an action out of shape or range; nothing has moved.
        """

    def rewards(self, records: Floats) -> Floats:
        """(B,) reward of (B, K) records: the money that they book [EUR]."""
        rewards = np.empty(len(records))
        sums(records, self.n_money, rewards)
        return rewards

    @abstractmethod
    def observe(self) -> Any:
        """(B, size) flat observations, or the named parts of them."""

    def observe_again(self, observations: Any, runs: Ints) -> Any:
        """Observations after some runs have begun anew.

        Args:
            observations: those of the last step; they may be changed.
            runs: (n,) rows of the batch that have begun.
        """
        return self.observe()

    @abstractmethod
    def recorder(self) -> Recorder:
        """Keeps what happens in the first run, and draws it."""

    def _shown(self, flat: Observations) -> Any:
        """(B, size) observations as the settings want them."""
        return flat if self.settings.observation == "flat" else self.layout.named(flat)

    def _checked(self, actions: Any) -> Floats:
        """(B, A) actions, a copy."""
        return checked_actions(actions, (self.n_runs, *self.action_shape))


class _OverCore:
    """What an environment and a batch have in common: a core of one kind.

    They put the length of their own episodes into the spec that Gymnasium gives them. A length
    in the registry would cut off episodes of another length.
    """

    core_kind: ClassVar[type[Core]]
    terminates: ClassVar[bool] = False
    """An episode ends for good; else it is cut off, and would have gone on."""
    core: Any
    _spec: EnvSpec | None = None

    @property
    def spec(self) -> EnvSpec | None:
        """How the environment was made, and at most how many steps its episodes have."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = copy(spec)
        if self._spec is not None:
            self._spec.max_episode_steps = self.core.max_steps


class Env(_OverCore, gym.Env[Any, Any]):
    """One environment: a core of one run.

    Args:
        core: with a batch of one.
        render_mode: "rgb_array", "human" or None.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 6}

    def __init__(self, core: Core, render_mode: str | None = None) -> None:
        if render_mode not in (None, *RENDER_MODES):
            raise InvalidInputError("render_mode", render_mode, f"use one of {RENDER_MODES}")
        self.core = core
        self.action_space = core.action_space
        self.observation_space = core.observation_space
        self.render_mode = render_mode
        self._begun, self._over = False, True
        self._recorder = core.recorder() if render_mode is not None else None
        self._shows = render_mode == "human"
        self._nothing = dict.fromkeys(core.terms, 0.0)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin a new episode; see the class docstring for the options."""
        super().reset(seed=seed)
        self.core.place(FIRST, [self.np_random], options)
        self._begun, self._over = True, False
        if self._recorder is not None:
            self._recorder.restart()
            self._show()
        return one(self.core.observe(), 0), self._nothing.copy()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Decide, settle and go on to the next decision."""
        if self._over:
            raise gym.error.ResetNeeded("the episode has not begun or is over: call reset()")
        core = self.core
        records, observations = core.step(batch_of_one(action, core.action_shape))
        self._over = core.over.item(0)
        if self._shows:
            self._show()
        info = self._nothing.copy()
        info.update(zip(core.terms, records[0].tolist(), strict=True))
        reward = core.rewards(records).item(0)
        ends = self._over and self.terminates
        return one(observations, 0), reward, ends, self._over and not ends, info

    def render(self) -> NDArray[np.uint8] | None:
        """The current day as an image, or in a window."""
        if self._recorder is None:
            gym.logger.warn("render() draws only with render_mode='rgb_array' or 'human'")
            return None
        if not self._begun:
            raise gym.error.ResetNeeded("there is nothing to draw yet: call reset()")
        return self._recorder.image() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Close the window."""
        if self._recorder is not None:
            self._recorder.close()

    def _show(self) -> None:
        """Show the picture in a window, if that was asked for and one can be opened."""
        if not self._shows or self._recorder is None:
            return
        try:
            self._recorder.show()
        except InvalidInputError as error:
            self._shows = False
            gym.logger.warn(f"nothing is shown. {error}")


class VectorEnv(_OverCore, GymVectorEnv[Any, Any, Any]):
    """A batch of environments over one core.

    Run i, seeded with seed + i, equals the scalar environment with that seed, bit for bit.

    Args:
        core: of the batch.
        autoreset_mode: any of Gymnasium's three, by value or member.
        max_episode_steps: as Gymnasium hands it on from a spec; the episodes of a batch end by
            themselves, and are not cut off.
        render_mode: None; a batch draws nothing.
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(
        self,
        core: Core,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None:
            remedy = "a batch draws nothing: render one scalar environment"
            raise InvalidInputError("render_mode", render_mode, remedy)
        if max_episode_steps is not None and max_episode_steps != core.max_steps:
            remedy = "episodes of a batch end by themselves: set episode_days"
            raise InvalidInputError("max_episode_steps", max_episode_steps, remedy)
        self.core = core
        self.num_envs = core.n_runs
        self.autoreset_mode = _mode(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self.autoreset_mode}
        self.single_action_space = core.action_space
        self.single_observation_space = core.observation_space
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._generators = [seeding.np_random()[0] for _ in range(self.num_envs)]
        self._placed = np.zeros(self.num_envs, dtype=np.bool_)
        self._all_placed = False
        self._ended = np.zeros(self.num_envs, dtype=np.bool_)
        self._everybody = np.ones(self.num_envs, dtype=np.bool_)
        self._masks = tuple(f"_{name}" for name in core.terms)
        self._empty_info: dict[str, Any] = dict.fromkeys((*core.terms, *self._masks))

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begin new episodes: all, or those of `options["reset_mask"]`."""
        chosen = dict(_mapped(options))
        mask = self._mask(chosen.pop("reset_mask", None))
        for run, number in enumerate(self._seeds(seed)):
            if number is not None and mask[run]:
                self._generators[run] = seeding.np_random(number)[0]
        self._place(mask, chosen)
        mask = mask.copy()
        nothing = np.zeros((self.num_envs, len(self.core.terms)))
        return self.core.observe(), self._info(nothing, mask)

    def step(self, actions: Any) -> tuple[Any, Floats, Bools, Bools, dict[str, Any]]:
        """Advance every environment; ended ones are reset as `autoreset_mode` says.

        The terms in the info are those of the step also where it ended an episode,
        and then again in `final_info`.
        """
        if not self._all_placed:
            raise gym.error.ResetNeeded("some episodes have not begun: call reset()")
        ended_before = self._ended
        if self.autoreset_mode is AutoresetMode.DISABLED and np.count_nonzero(ended_before):
            raise gym.error.ResetNeeded(
                "an episode is over: call reset(options={'reset_mask': mask})"
            )
        records, observations = self.core.step(actions)
        rewards = self.core.rewards(records)  # of the episodes that took the step
        ended = self.core.over > ended_before  # over, and not before
        info = self._info(records, self._everybody.copy())
        again = ended_before
        if self.autoreset_mode is AutoresetMode.SAME_STEP and np.count_nonzero(ended):
            info |= self._final(observations, ended, records)
            again = ended
        self._ended = ended.copy()
        if np.count_nonzero(again):  # several times as fast as any() for small batches
            self._place(again, {})
            observations = self.core.observe_again(observations, again.nonzero()[0])
        never = np.zeros(self.num_envs, dtype=np.bool_)
        terminated, truncated = (ended, never) if self.terminates else (never, ended)
        return observations, rewards, terminated, truncated, info

    def _place(self, mask: Bools, options: Mapping[str, Any]) -> None:
        runs = mask.nonzero()[0]
        self.core.place(runs, [self._generators[run] for run in runs.tolist()], options)
        if not self._all_placed:
            self._placed |= mask
            self._all_placed = bool(self._placed.all())
        self._ended = self._ended > mask

    def _info(self, records: Floats, valid: Bools) -> dict[str, Any]:
        """The terms of all runs, and of which runs they tell."""
        info = self._empty_info.copy()  # a copy keeps its size, where a new one would grow
        info.update(zip(self.core.terms, records.T, strict=True))
        info.update(zip(self._masks, repeat(valid)))
        return info

    def _final(self, last: Any, ended: Bools, records: Floats) -> dict[str, Any]:
        final_obs = np.full(self.num_envs, None, dtype=object)
        for run in np.flatnonzero(ended).tolist():
            final_obs[run] = _kept(one(last, run))
        final_info = self._info(np.where(ended[:, None], records, 0.0), ended)
        return {
            "final_obs": final_obs,
            "_final_obs": ended,
            "final_info": final_info,
            "_final_info": ended,
        }

    def _mask(self, mask: Any) -> Bools:
        if mask is None:
            return np.ones(self.num_envs, dtype=np.bool_)
        array = np.asarray(mask)
        if array.dtype != np.bool_ or array.shape != (self.num_envs,) or not array.any():
            raise InvalidInputError(
                "options.reset_mask", mask, f"give {self.num_envs} booleans, one of them True"
            )
        return array

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if not isinstance(seed, Sequence | np.ndarray):
            first = whole("seed", seed, least=0)
            return [first + run for run in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise InvalidInputError("seed", seed, f"give one number or {self.num_envs}")
        return [None if number is None else whole("seed", number, least=0) for number in seed]


def names_its_keywords(init: F) -> F:
    """Have a constructor refuse a keyword that it does not know by naming those that it does."""
    known = list(inspect.signature(init).parameters)[1:]

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        for name in kwargs:
            if name not in known:
                hint = f"{suggestion(name, known)}use {', '.join(known)}"
                raise TypeError(f"unexpected keyword argument {name!r}: {hint}")
        init(self, *args, **kwargs)

    return checked  # type: ignore[return-value]


def one(observations: Any, run: int) -> Any:
    """The observation of one run of a batch."""
    if isinstance(observations, dict):
        return {name: part[run] for name, part in observations.items()}
    return observations[run]


def _kept(observation: Any) -> Any:
    """A copy of the observation of one run."""
    if isinstance(observation, dict):
        return {name: part.copy() for name, part in observation.items()}
    return observation.copy()


def _mapped(options: Any) -> Mapping[str, Any]:
    if not isinstance(options, Mapping | None):
        raise InvalidInputError("options", options, "give a mapping, or None")
    return options or {}


def _mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError as error:
        names = [known.value for known in AutoresetMode]
        raise InvalidInputError("autoreset_mode", mode, f"use one of {names}") from error
