"""Where scenarios come from: a numbered collection of them, given or built when asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.scenario import Scenario

SPLITS = ("train", "validation", "test")
REAL_SPLITS = ("train", "test")


@runtime_checkable
class ScenarioSource(Protocol):
    """A numbered collection of scenarios on the same time step.

    Attributes:
        name: label in results.
        dt_h: hours per step of every scenario.
        n_scenarios: how many there are.
    """

    name: str
    dt_h: float
    n_scenarios: int

    def scenario(self, index: int) -> Scenario:
        """Scenario `index` of 0 .. n_scenarios - 1; the same object at every call."""
        ...


class BuiltSource(ABC):
    """A source that builds a scenario from its index when first asked, and keeps it.

    Pickling drops what was built: it is built again, bit for bit.
    """

    def __init__(self, *, name: str, dt_h: float, n_scenarios: int) -> None:
        if dt_h not in (1.0, 0.25):
            raise InvalidInputError("dt_h", dt_h, "use 1.0 or 0.25 hours")
        self.name, self.dt_h = name, float(dt_h)
        self.n_scenarios = whole("n_scenarios", n_scenarios, least=1)
        self._built: dict[int, Scenario] = {}

    def scenario(self, index: int) -> Scenario:
        """Scenario `index` of 0 .. n_scenarios - 1."""
        index = checked_index(index, self.n_scenarios)
        if index not in self._built:
            self._built[index] = self._build(index)
        return self._built[index]

    @abstractmethod
    def _build(self, index: int) -> Scenario: ...

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_built": {}}

    def __repr__(self) -> str:
        return f"<{self.name}: {self.n_scenarios} scenarios, dt_h={self.dt_h:g}>"


class FixedSource:
    """Given scenarios as a source.

    Args:
        scenarios: one or more, all with the same dt_h.
        name: label in results; by default the first scenario's.

    Raises:
        InvalidInputError: no scenario, something else, or mixed time steps.
    """

    def __init__(self, scenarios: Scenario | Sequence[Scenario], name: str | None = None) -> None:
        given = (scenarios,) if isinstance(scenarios, Scenario) else tuple(scenarios)
        if not given:
            raise InvalidInputError("scenarios", given, "give at least one Scenario")
        for i, one in enumerate(given):
            if not isinstance(one, Scenario):
                raise InvalidInputError(f"scenarios[{i}]", one, "give Scenario objects only")
            if one.dt_h != given[0].dt_h:
                raise InvalidInputError(
                    f"scenarios[{i}].dt_h", one.dt_h, f"all must share dt_h {given[0].dt_h:g}"
                )
        self._scenarios = given
        self.name = given[0].name if name is None else name
        self.dt_h = given[0].dt_h
        self.n_scenarios = len(given)

    def scenario(self, index: int) -> Scenario:
        """Scenario `index` of 0 .. n_scenarios - 1."""
        return self._scenarios[checked_index(index, self.n_scenarios)]

    def __repr__(self) -> str:
        return f"<{self.name}: {self.n_scenarios} scenarios, dt_h={self.dt_h:g}>"


def checked_index(index: int, n_scenarios: int) -> int:
    """The index as int, refused outside 0 .. n_scenarios - 1."""
    number = whole("scenario index", index, least=0)
    if number >= n_scenarios:
        raise InvalidInputError("scenario index", number, f"use 0 to {n_scenarios - 1}")
    return number
