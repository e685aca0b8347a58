"""Where scenarios of fuel-cell cars come from: numbered ones, built when asked for, or given."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import BuiltSource, ScenarioSource, checked_index
from vpp_gym.scenarios.synthetic import SyntheticSource

CALIBRATION = "dutch_2018_2019"
YEARS = {"train": 32, "validation": 4, "test": 1}
"""Years of prices by split; other numbers have the same prices with other weather and cars."""

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)


@runtime_checkable
class YearSource(Protocol[S_co]):
    """A numbered collection of years of one world, as `ScenarioSource` is of EVs.

    Attributes:
        name: label in results.
        dt_h: hours per step, 1.
        n_scenarios: how many episodes are drawn from.
    """

    name: str
    dt_h: float
    n_scenarios: int

    def scenario(self, index: int) -> S_co:
        """Scenario of a number; the same object at every call."""
        ...


class NumberedYears(BuiltSource[S]):
    """Years of prices, with seeded weather, drivers and households in each.

    Numbers go on without end: `n_scenarios` says how many of them an environment draws from.

    Args:
        world: name of the world.
        prices: years whose day-ahead prices are used, or their name; number k takes year k
            modulo their number.
        n_scenarios: how many episodes are drawn from.
        first_scenario: number of the first of them, from which `scenario` counts.
    """

    def __init__(
        self,
        world: str,
        prices: ScenarioSource | str,
        n_scenarios: int,
        first_scenario: int,
    ) -> None:
        self.prices = years_of_prices(prices)
        super().__init__(name=f"{world}:{self.prices.name}", dt_h=1.0, n_scenarios=n_scenarios)
        self.first_scenario = whole("first_scenario", first_scenario, least=0)

    def scenario(self, index: int) -> S:
        """Scenario number `first_scenario + index`."""
        index = whole("scenario index", index, least=0)
        if index not in self._built:
            self._built[index] = self._build(index)
        return self._built[index]

    def _build(self, index: int) -> S:
        number = self.first_scenario + index
        return self._of(number, self.prices.scenario(number % self.prices.n_scenarios))

    @abstractmethod
    def _of(self, number: int, year: Scenario) -> S:
        """The scenario of a number, with the prices of a year."""


def years_of_prices(value: ScenarioSource | str) -> ScenarioSource:
    """Hourly years of prices from a source or a name.

    Names of synthetic years stand for those of the calibration on both 2018 and 2019, in which
    the strategies and agents of these worlds were tuned.

    Raises:
        InvalidInputError: as of `vpp_gym.scenarios.named.as_source`.
    """
    source = as_source(value, 1.0)
    if not (isinstance(value, str) and isinstance(source, SyntheticSource)):
        return source
    split, params = source.split, source.params
    return SyntheticSource(split, YEARS[split], dt_h=1.0, params=params, calibration=CALIBRATION)


class GivenYears(Generic[S]):
    """Given scenarios as a source.

    Args:
        scenarios: one or more.
    """

    dt_h = 1.0

    def __init__(self, scenarios: Sequence[S]) -> None:
        if not scenarios:
            raise InvalidInputError("scenario", scenarios, "give at least one")
        self._scenarios = tuple(scenarios)
        self.name: str = getattr(self._scenarios[0], "name", "given")
        self.n_scenarios = len(self._scenarios)

    def scenario(self, index: int) -> S:
        """Scenario `index` of 0 .. n_scenarios - 1."""
        return self._scenarios[checked_index(index, self.n_scenarios)]


def year_source(
    value: YearSource[S] | S | Sequence[S] | str | None,
    kind: type[S],
    world: str,
    named: Callable[[str], YearSource[S]],
) -> YearSource[S]:
    """A source from whatever names one.

    Args:
        value: a source; a scenario or several; a name of years of prices as
            `vpp_gym.scenarios.named.as_source` takes it, with or without the prefix of the
            world; None for "synthetic".
        kind: of the scenarios.
        world: prefix of the names.
        named: makes the source of a name without the prefix.

    Raises:
        InvalidInputError: something else, or a name that there is not.
    """
    if value is None or isinstance(value, str):
        return named((value or "synthetic").removeprefix(f"{world}:"))
    if isinstance(value, kind):
        return GivenYears([value])
    if isinstance(value, list | tuple) and all(isinstance(one, kind) for one in value):
        return GivenYears(value)
    if isinstance(value, YearSource) and isinstance(value.scenario(0), kind):
        return value
    remedy = (
        f"give a {kind.__name__}, several, a source of them, or a name such as {world}:synthetic"
    )
    raise InvalidInputError("scenario", value, remedy)


def stream(number: int, kind: int) -> np.random.Generator:
    """Random numbers of one kind for the scenario of a number."""
    return np.random.default_rng(np.random.SeedSequence(2018, spawn_key=(number, kind)))


def check_alike(scenarios: Sequence[Any], n_cars: int, cars_of: Callable[[Any], int]) -> None:
    """Refuse scenarios that differ in length, or in their number of cars.

    Args:
        scenarios: of a batch.
        n_cars: of the parameters.
        cars_of: number of cars of a scenario.

    Raises:
        InvalidInputError: naming the first that differs.
    """
    for one in scenarios:
        if cars_of(one) != n_cars:
            remedy = f"{one.name} was drawn with {cars_of(one)}: give its parameters"
            raise InvalidInputError("params.n_cars", n_cars, remedy)
        if one.n_days != scenarios[0].n_days:
            remedy = f"give scenarios of {scenarios[0].n_days} days, as the first has"
            raise InvalidInputError("scenario", f"{one.name}, {one.n_days} days", remedy)
