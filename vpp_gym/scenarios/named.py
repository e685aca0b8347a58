"""A source from whatever names one: synthetic years, real years and your own."""

from __future__ import annotations

from collections.abc import Sequence

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import REAL_SPLITS, SPLITS, FixedSource, ScenarioSource
from vpp_gym.scenarios.synthetic import SyntheticSource

NAMES = (
    "synthetic",
    *(f"synthetic:{split}" for split in SPLITS),
    "real",
    *(f"real:{split}" for split in REAL_SPLITS),
)


def as_source(
    value: ScenarioSource | Scenario | Sequence[Scenario] | str | None, dt_h: float = 1.0
) -> ScenarioSource:
    """A source from whatever names one.

    Args:
        value: a source; a Scenario or several; one of the names "synthetic"
            (same as "synthetic:train"), "synthetic:validation",
            "synthetic:test", "real" (same as "real:test"), "real:train";
            None for "synthetic". The real data is read from the folder that the
            environment variable VPP_GYM_DATA names, and only when asked for.
        dt_h: hours per step, which the result must have.

    Raises:
        InvalidInputError: unknown name, another time step, no data folder.
    """
    if value is None or isinstance(value, str):
        return _named("synthetic" if value is None else value, dt_h)
    if isinstance(value, Scenario):
        source: ScenarioSource = FixedSource(value)
    elif isinstance(value, ScenarioSource):
        source = value
    elif isinstance(value, list | tuple):
        source = FixedSource(value)
    else:
        raise InvalidInputError(
            "scenario", value, f"give a source, Scenario objects or one of {', '.join(NAMES)}"
        )
    if source.dt_h != dt_h:
        raise InvalidInputError(
            "dt_h", dt_h, f"the scenarios have dt_h={source.dt_h:g}: ask for that, or rebuild them"
        )
    return source


def _named(name: str, dt_h: float) -> ScenarioSource:
    if name not in NAMES:
        raise InvalidInputError("scenario", name, f"use one of {', '.join(NAMES)}")
    kind, _, split = name.partition(":")
    if kind == "synthetic":
        return SyntheticSource(split or "train", dt_h=dt_h)
    from vpp_gym.scenarios.real import real_source  # reads with pandas: only when asked for

    return real_source(None, split or "test", dt_h=dt_h)
