"""Policies that act in an environment: observations in, actions in [-1, 1] out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, Protocol

import numpy as np

from vpp_gym.arrays import Ints
from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.evaluation.worlds import Runner
from vpp_gym.policy import check_predict


class Environment(NamedTuple):
    """Where agents of an environment are evaluated.

    Attributes:
        world: whose scenarios it is made of.
        module: with `check_settings` and `runner` for its agents.
    """

    world: str
    module: str


ENVIRONMENTS = {
    "VPPDayAhead-v0": Environment("ev", "vpp_gym.evaluation.ev_agent"),
    "VPPDispatch-v0": Environment("ev", "vpp_gym.evaluation.ev_agent"),
    "VPPBidding-v0": Environment("ev", "vpp_gym.evaluation.ev_agent"),
    "VPPContracts-v0": Environment("ev", "vpp_gym.evaluation.ev_agent"),
    "VPPStay-v0": Environment("ev", "vpp_gym.evaluation.stay_runs"),
    "FCEVCarPark-v0": Environment("car_park", "vpp_gym.fcev.car_park.agent"),
    "FCEVMicrogrid-v0": Environment("microgrid", "vpp_gym.fcev.microgrid.agent"),
}
"""By id. Their modules are imported when an agent is made."""


class Predictor(Protocol):
    """What a model of Stable-Baselines3 offers."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Action and the predictor's own state."""
        ...


class EnvironmentAgent:
    """A policy of an environment that is evaluated like any other policy.

    It sees the environment's observations and its actions are read by the
    environment's own core, in the same simulator as every rule.

    Args:
        predictor: a trained model; its observations are those of one environment.
        name: row label in results.
        env_id: environment that it was trained in.
        settings: of the environment it was trained in: `control`, `bids`, `volumes` and
            the like; neither scenarios nor parameters.
        term_h: of EVs: term of the menu on offer; None takes that in the parameters.
        contract: of EVs: changes of the contracts on offer beyond that.
        guarantee: of EVs: True keeps every target within reach even where the parameters
            do not ask for it: the agent then restricts itself to such dispatches.
            False or None takes the value in the parameters.
        dt_h: hours per step it was trained for; None: it suits any.
        fields: name and size of every field of the flat observation that the predictor reads,
            in its order; None: it reads observations whole.

    Raises:
        InvalidInputError: an unknown environment, or settings that it does not take.
    """

    privileged = False

    def __init__(
        self,
        predictor: Predictor,
        *,
        name: str,
        env_id: str = "VPPDayAhead-v0",
        settings: Mapping[str, Any] | None = None,
        term_h: int | None = None,
        contract: Mapping[str, Any] | None = None,
        guarantee: bool | None = None,
        dt_h: float | None = None,
        fields: Sequence[tuple[str, int]] | None = None,
    ) -> None:
        if env_id not in ENVIRONMENTS:
            hint = suggestion(env_id, ENVIRONMENTS)
            raise InvalidInputError("env_id", env_id, f"{hint}use one of {', '.join(ENVIRONMENTS)}")
        check_predict("predictor.predict", predictor.predict)
        self.predictor, self.name, self.env_id = predictor, name, env_id
        self.settings = dict(settings or {})
        self.term_h, self.contract = term_h, dict(contract or {})
        self.guarantee, self.dt_h = guarantee, dt_h
        self.fields = None if fields is None else tuple(fields)
        if self.world != "ev":
            self._check_no_ev_rules()
        import_module(ENVIRONMENTS[env_id].module).check_settings(env_id, self.settings)

    def _check_no_ev_rules(self) -> None:
        """Refuse what only agents of EVs may ask for."""
        asked = {"term_h": self.term_h, "contract": self.contract, "guarantee": self.guarantee}
        for field, value in asked.items():
            if value:
                remedy = f"only agents of EVs have it: leave it out for {self.env_id}"
                raise InvalidInputError(field, value, remedy)
        if self.dt_h not in (None, 1.0):
            raise InvalidInputError("dt_h", self.dt_h, f"{self.env_id} has steps of an hour")

    @property
    def world(self) -> str:
        """Name of the world of its environment."""
        return ENVIRONMENTS[self.env_id].world

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """The predictor's action, and its state."""
        return self.predictor.predict(observation, state, episode_start, deterministic)

    def reader(self, slices: Mapping[str, slice]) -> Callable[[Any], Any]:
        """What turns observations of an environment into those that the predictor reads.

        Args:
            slices: columns of every field in the environment's flat observation.

        Raises:
            InvalidInputError: the environment does not show a field, or in another size.
        """
        if self.fields is None:
            return lambda observation: observation
        columns = _columns(self.name, self.fields, slices)
        first, size = int(columns[0]), len(columns)
        if np.array_equal(columns, np.arange(first, first + size)):  # the rule: no copy
            return lambda observation: observation[..., first : first + size]
        return lambda observation: np.take(observation, columns, axis=-1)

    def runner(self, scenario: Any, params: Any, start_step: int, end_step: int) -> Runner:
        """A run in which it is shown the observations of its environment, at its start.

        Args:
            scenario: what happens.
            params: rules of the world.
            start_step: first step.
            end_step: one past the last step.
        """
        module = import_module(ENVIRONMENTS[self.env_id].module)
        runner: Runner = module.runner(self, scenario, params, start_step, end_step)
        return runner


def _columns(name: str, fields: Sequence[tuple[str, int]], slices: Mapping[str, slice]) -> Ints:
    """Columns of some fields, in the order of the fields."""
    parts = []
    for field, size in fields:
        part = slices.get(field, slice(0, 0))
        if part.stop - part.start != size:
            shown = part.stop - part.start
            remedy = f"{name} reads {size} columns of it; train it again in this environment"
            raise InvalidInputError(f"observation.{field}", f"{shown} columns", remedy)
        parts.append(np.arange(part.start, part.stop))
    return np.concatenate(parts)
