"""A source from whatever names one: synthetic years, real years and your own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import REAL_SPLITS, SPLITS, FixedSource, ScenarioSource
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_params import PRESETS
from vpp_gym.time_steps import checked_step_h

NAMES = (
    "synthetic",
    *(f"synthetic:{split}" for split in SPLITS),
    "real",
    *(f"real:{split}" for split in REAL_SPLITS),
    "site",
    *(f"site:{split}" for split in SPLITS),
    "shifting",
    *(f"shifting:{split}" for split in SPLITS),
)

PRESET_NAMES = f"synthetic:test:PRESET with PRESET one of {', '.join(PRESETS)}"

SITE_CARS = {"cars": {"models": ("all",)}}
"""At a named site every car is a model of the catalogue."""

WORLD_SUFFIX = ".parquet"


def as_source(
    value: ScenarioSource | Scenario | Sequence[Scenario] | str | None, dt_h: float = 0.25
) -> ScenarioSource:
    """The scenario source that a name, a scenario or a source stands for.

    Args:
        value: a source; a Scenario or several; one of the names "synthetic"
            (same as "synthetic:train"), "synthetic:validation",
            "synthetic:test", or a split with a preset of
            `vpp_gym.scenarios.synthetic_params`, such as
            "synthetic:test:price_crisis"; "real" (same as "real:test") or
            "real:train"; "site" and its splits, the synthetic years with a site of
            `vpp_gym.scenarios.synthetic_site` and the cars of the catalogue; "shifting" and its
            splits, synthetic years with habits of `vpp_gym.scenarios.shifting`; the path of a world
            file and one of its splits, such as "path/to/world.parquet:test" (":all" is all of
            it); None for "synthetic". The real data is read from the folder that the environment
            variable VPP_GYM_DATA names, and only when asked for.
        dt_h: hours per step, which the result must have.

    Raises:
        InvalidInputError: unknown name, another time step, no data folder, no
            world file or one without that split.
    """
    if value is None:
        return SyntheticSource("train", dt_h=dt_h)
    if isinstance(value, str) and WORLD_SUFFIX not in value.lower():
        return _named(value, dt_h)
    if isinstance(value, str):
        source: ScenarioSource = world_source(value)
    elif isinstance(value, Scenario):
        source = FixedSource(value)
    elif isinstance(value, ScenarioSource):
        source = value
    elif isinstance(value, list | tuple):
        source = FixedSource(value)
    else:
        raise InvalidInputError(
            "scenario",
            value,
            f"give a source, Scenario objects, world.parquet:test or one of {', '.join(NAMES)}",
        )
    if source.dt_h != checked_step_h(dt_h):
        raise InvalidInputError(
            "dt_h", dt_h, f"the scenarios have dt_h={source.dt_h:g}: ask for that, or rebuild them"
        )
    return source


def load_scenario(name: str, number: int = 0, *, dt_h: float | None = None) -> Scenario:
    """One scenario of EVs by name.

    Args:
        name: as of `as_source`: "synthetic:test", "real:test", "world.parquet:test", ...
        number: which of the source's scenarios.
        dt_h: hours per step; None: as a world file has it, else 0.25.

    Raises:
        InvalidInputError: as of `as_source`, or a number that the source does not have.

    >>> load_scenario("synthetic:validation", 1).n_steps
    35040
    """
    if dt_h is None and WORLD_SUFFIX in str(name).lower():
        return world_source(name).scenario(number)
    return as_source(name, 0.25 if dt_h is None else dt_h).scenario(number)


def _named(name: str, dt_h: float) -> ScenarioSource:
    kind, _, rest = name.partition(":")
    split, colon, preset = rest.partition(":")
    plain = f"{kind}:{split}" if colon else name
    if plain not in NAMES or (colon and (kind != "synthetic" or preset not in PRESETS)):
        known = f"use one of {', '.join(NAMES)}, {PRESET_NAMES}, or world.parquet:test"
        raise InvalidInputError("scenario", name, f"{suggestion(name, NAMES)}{known}")
    if kind == "synthetic":
        return SyntheticSource(split or "train", dt_h=dt_h, params=preset or None)
    if kind == "shifting":
        years = SyntheticSource(split or "train", dt_h=dt_h)
        shifting: ScenarioSource = _by_name("shifting", "ShiftingSource")(years)
        return shifting
    if kind == "site":
        years = SyntheticSource(split or "train", dt_h=dt_h, params=SITE_CARS)
        site: ScenarioSource = _by_name("synthetic_site", "SiteSource")(years)
        return site
    source: ScenarioSource = _by_name("real", "real_source")(None, split or "test", dt_h=dt_h)
    return source


def world_source(name: str) -> ScenarioSource:
    """One split of a world file.

    Args:
        name: path and split, such as "path/to/world.parquet:test".

    Raises:
        InvalidInputError: no split named, no such file or split, or a file that is
            refused.
    """
    path, _, split = name.rpartition(":")
    if not path.lower().endswith(WORLD_SUFFIX):
        remedy = f"name a split of the file: {name}:train, :validation, :test or :all"
        raise InvalidInputError("scenario", name, remedy)
    return FixedSource(_by_name("world_file", "read_world")(path, split))


def _by_name(module: str, function: str) -> Callable[..., Any]:
    """A function that reads files, imported when it is asked for.

    By name: who names a synthetic scenario does not depend on the code that reads files.
    """
    found: Callable[..., Any] = getattr(import_module(f"vpp_gym.scenarios.{module}"), function)
    return found
