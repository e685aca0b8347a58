"""Where scenarios come from: a numbered collection of them, given or built when asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.scenario import Scenario, stated_params
from vpp_gym.time_steps import checked_step_h

S = TypeVar("S")
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


class BuiltSource(ABC, Generic[S]):
    """A source that builds a scenario from its index when first asked, and keeps it.

    Pickling drops what was built: it is built again, bit for bit. Copies are the source itself,
    since all that it has to tell is fixed.
    """

    def __init__(self, *, name: str, dt_h: float, n_scenarios: int) -> None:
        self.name, self.dt_h = name, checked_step_h(dt_h)
        self.n_scenarios = whole("n_scenarios", n_scenarios, least=1)
        self._built: dict[int, S] = {}

    def scenario(self, index: int) -> S:
        """Scenario `index` of 0 .. n_scenarios - 1."""
        index = checked_index(index, self.n_scenarios)
        if index not in self._built:
            self._built[index] = self._build(index)
        return self._built[index]

    @abstractmethod
    def _build(self, index: int) -> S: ...

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_built": {}}

    def __deepcopy__(self, memo: dict[int, Any]) -> BuiltSource[S]:
        return self

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

    @property
    def slots_per_day(self) -> int:
        """Places of a bid schedule that suits every scenario."""
        return max(one.slots_per_day for one in self._scenarios)

    def stated_params(self, params: Any) -> Mapping[str, Any]:
        """What the scenarios say of their parameters, see `scenario.stated_params`."""
        return stated_params(self._scenarios, params)

    def scenario(self, index: int) -> Scenario:
        """Scenario `index` of 0 .. n_scenarios - 1."""
        return self._scenarios[checked_index(index, self.n_scenarios)]

    def __repr__(self) -> str:
        return f"<{self.name}: {self.n_scenarios} scenarios, dt_h={self.dt_h:g}>"


class OfSource:
    """A simulation of a source's scenarios, without their weight in copies and pickles.

    Scenarios and what is made of them never change: copies share them, and pickles leave them
    out, to be read from the source again.

    Attributes:
        read: names of the attributes that `_read` sets.
    """

    read: ClassVar[frozenset[str]] = frozenset({"scenarios", "dataset"})

    def _read(self) -> None:
        """Set the attributes in `read` from the source."""
        raise NotImplementedError

    def __copy__(self) -> Any:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        twin = memo[id(self)] = object.__new__(type(self))
        for name, value in self.__dict__.items():
            twin.__dict__[name] = value if name in self.read else deepcopy(value, memo)
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in self.read}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._read()


def checked_index(index: int, n_scenarios: int) -> int:
    """The index as int, refused outside 0 .. n_scenarios - 1."""
    number = whole("scenario index", index, least=0)
    if number >= n_scenarios:
        raise InvalidInputError("scenario index", number, f"use 0 to {n_scenarios - 1}")
    return number
