"""The worlds that policies are evaluated in, and what `evaluate` asks of each.

A world's own module is imported when it is needed, by the name that stands here: who evaluates
a policy of EVs loads nothing of fuel-cell cars, and no environment.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from operator import itemgetter
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import pandas as pd

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.ledger import PROFIT, Ledger
from vpp_gym.policy import Policy
from vpp_gym.scenarios.columns import whole

ScenarioT = TypeVar("ScenarioT")
ParamsT = TypeVar("ParamsT")


@dataclass(frozen=True)
class Entry:
    """Where a world is, and how to recognise what belongs to it.

    Attributes:
        title: in words.
        module: that holds its `World` as `WORLD`.
        scenario: class of its scenarios.
        snapshot: name of the class of what its policies are shown.
        baselines: module with its `baseline_names`, `baseline` and `baselines`.
        scale: module and name of how its policies are compared.
        prefix: of the names of its scenarios.
    """

    title: str
    module: str
    scenario: str
    snapshot: str
    baselines: str
    scale: str
    prefix: str = ""

    @property
    def remedy(self) -> str:
        """What to give for a scenario."""
        return f"give a {self.scenario.rpartition('.')[2]}, or a name such as {self.example}"

    @property
    def example(self) -> str:
        """Name of a scenario."""
        return f"{self.prefix}synthetic:test"


WORLDS = {
    "ev": Entry(
        "the virtual power plant of EVs",
        module="vpp_gym.evaluation.ev",
        scenario="vpp_gym.scenarios.scenario.Scenario",
        snapshot="Snapshot",
        baselines="vpp_gym.policies.baselines",
        scale="vpp_gym.evaluation.metrics:SCALE",
    ),
    "car_park": Entry(
        "the car park of fuel-cell cars",
        module="vpp_gym.fcev.car_park.evaluation",
        scenario="vpp_gym.fcev.car_park.simulation.CarParkScenario",
        snapshot="CarParkSnapshot",
        baselines="vpp_gym.fcev.car_park.baselines",
        scale="vpp_gym.fcev.totals:SCALE",
        prefix="car_park:",
    ),
    "microgrid": Entry(
        "the microgrid with fuel-cell cars",
        module="vpp_gym.fcev.microgrid.evaluation",
        scenario="vpp_gym.fcev.microgrid.simulation.MicrogridScenario",
        snapshot="MicrogridSnapshot",
        baselines="vpp_gym.fcev.microgrid.baselines",
        scale="vpp_gym.fcev.totals:SCALE",
        prefix="microgrid:",
    ),
}
"""By name."""


class Runner(Protocol):
    """One run of a simulator, for one policy.

    Attributes:
        simulation: of the run.
        day: (n,) day of each step of the run.
    """

    simulation: Any
    day: Ints

    def observe(self) -> Any:
        """What the policy is shown of the step to come."""
        ...

    def act(self, decision: Any) -> Floats:
        """Carry out a decision: (k, K) terms of the k steps until the next one."""
        ...


@dataclass(frozen=True)
class Scale:
    """How policies of a world are compared.

    Attributes:
        low: policy whose profit is score 0.
        high: policy whose profit is score 100.
        totals: one row per policy and seed from the rows of the days.
        scores: each score, and the EUR of a day that it is made of.
        summed_up: totals that stand in the ranking; None: all.
        ranked_by: total that policies are ranked by.
        value_eur: EUR of a day that this total is the sum of; gains are differences of it.
    """

    low: str
    high: str
    totals: Callable[[pd.DataFrame], pd.DataFrame]
    scores: Mapping[str, Callable[[pd.DataFrame], pd.Series]]
    summed_up: Collection[str] | None = None
    ranked_by: str = PROFIT
    value_eur: Callable[[pd.DataFrame], pd.Series] = itemgetter(PROFIT)


class World(ABC, Generic[ScenarioT, ParamsT]):
    """A world, as `evaluate` sees it.

    Attributes:
        ledger: the terms of its records.
    """

    ledger: ClassVar[Ledger]

    @abstractmethod
    def rules(self, policy: Policy, params: Any) -> ParamsT:
        """Parameters of a run: as asked for, and as the policy changes them.

        Args:
            policy: of the run.
            params: as the caller of `evaluate` gives them.
        """

    @abstractmethod
    def scenario(self, name: str, params: ParamsT) -> ScenarioT:
        """The scenario of a name; of several years the first.

        Args:
            name: without the prefix of the world.
            params: of the run.
        """

    @abstractmethod
    def n_steps(self, scenario: ScenarioT) -> int:
        """Length of a scenario."""

    def span(self, scenario: ScenarioT, start_step: int, end_step: int | None) -> tuple[int, int]:
        """First step of a run and one past its last, checked; None: the scenario's end."""
        n_steps = self.n_steps(scenario)
        start = whole("start_step", start_step, least=0)
        end = n_steps if end_step is None else whole("end_step", end_step, least=1)
        if not start < end <= n_steps:
            raise InvalidInputError("end_step", (start, end), f"stay within 0 and {n_steps} steps")
        return start, end

    @abstractmethod
    def runner(
        self, scenario: ScenarioT, params: ParamsT, start_step: int, end_step: int
    ) -> Runner:
        """A run for a policy that reads snapshots, at its start."""

    @abstractmethod
    def day_rows(
        self, scenario: ScenarioT, runner: Any, records: Floats, solve_s: Floats
    ) -> pd.DataFrame:
        """One row per day of a run.

        Args:
            scenario: what happened.
            runner: of the run, at its end.
            records: (n, K) terms of each step.
            solve_s: (n,) seconds of the decision at each step; NaN where none was taken.
        """


def world_named(name: str) -> World[Any, Any]:
    """The world of a name, its module imported.

    Raises:
        InvalidInputError: there is no such world.
    """
    world: World[Any, Any] = _loaded(f"{_entry(name).module}:WORLD")
    return world


def scale_of(world: str) -> Scale:
    """How policies of a world are compared.

    Raises:
        InvalidInputError: there is no such world.
    """
    scale: Scale = _loaded(_entry(world).scale)
    return scale


def world_of_scenario(scenario: Any) -> str:
    """Name of the world of a scenario, or of the name of one.

    Raises:
        InvalidInputError: neither a scenario nor the name of one.
    """
    if isinstance(scenario, str):
        prefixes = {entry.prefix: world for world, entry in WORLDS.items()}
        kind, colon, _ = scenario.partition(":")
        return prefixes.get(f"{kind}{colon}", "ev")
    classes = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(scenario).__mro__}
    for world, entry in WORLDS.items():
        if entry.scenario in classes:
            return world
    known = "; ".join(entry.remedy for entry in WORLDS.values())
    one = "give one of its scenarios: source.scenario(0); or " if _is_source(scenario) else ""
    raise InvalidInputError("scenario", scenario, f"{one}{known}")


def world_of_policy(policy: Any) -> str | None:
    """Name of the world whose snapshots a policy reads, by its annotations; None: unknown."""
    worlds = {entry.snapshot: world for world, entry in WORLDS.items()}
    for method in ("decide", "predict"):
        function = getattr(policy, method, None)
        if not inspect.ismethod(function):
            continue
        first = next(iter(inspect.signature(function).parameters.values()), None)
        shown: Any = "" if first is None else first.annotation
        name = shown if isinstance(shown, str) else getattr(shown, "__name__", "")
        if (world := worlds.get(name.rpartition(".")[2])) is not None:
            return world
    return None


def baseline_names(world: str) -> tuple[str, ...]:
    """Names of the baselines of a world."""
    names: tuple[str, ...] = import_module(_entry(world).baselines).baseline_names()
    return names


def baseline(world: str, name: str) -> Policy:
    """A baseline of a world, a fresh object.

    Raises:
        InvalidInputError: there is none of that name in this world.
    """
    module = import_module(_entry(world).baselines)
    others = [
        entry
        for other, entry in WORLDS.items()
        if name not in module.baseline_names() and name in baseline_names(other)
    ]
    if others:
        homes = "; or ".join(f"{entry.title}: {entry.remedy}" for entry in others)
        known = ", ".join(module.baseline_names())
        remedy = f"it belongs to {homes}; here use one of {known}"
        raise InvalidInputError("policy", name, remedy)
    one: Policy = module.baseline(name)
    return one


def _entry(world: str) -> Entry:
    if world not in WORLDS:
        remedy = f"{suggestion(world, WORLDS)}use one of {', '.join(WORLDS)}"
        raise InvalidInputError("world", world, remedy)
    return WORLDS[world]


def _loaded(place: str) -> Any:
    """What stands at "module:name"."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def _is_source(scenario: Any) -> bool:
    return callable(getattr(scenario, "scenario", None)) and not isinstance(scenario, type)
