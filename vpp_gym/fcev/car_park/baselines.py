"""The baselines of the car park by name."""

from __future__ import annotations

from collections.abc import Callable

from vpp_gym.fcev.car_park.planner import ScenarioPlanner
from vpp_gym.fcev.car_park.policies import (
    ArticleAggregator,
    CarParkPolicy,
    ForesightAggregator,
    NoV2G,
    StayPlanner,
)
from vpp_gym.policy import made_by_name

_KINDS: dict[str, Callable[[], CarParkPolicy]] = {
    kind.name: kind
    for kind in (
        NoV2G,
        ArticleAggregator,
        StayPlanner,
        ScenarioPlanner,
        ForesightAggregator,
    )
}


def baseline(name: str) -> CarParkPolicy:
    """A fresh baseline by its name.

    Args:
        name: one of `baseline_names()`.

    Raises:
        InvalidInputError: there is no such baseline.
    """
    return made_by_name(_KINDS, name)


def baseline_names() -> tuple[str, ...]:
    """Names of all baselines, in the order of `baselines`."""
    return tuple(_KINDS)


def baselines() -> dict[str, CarParkPolicy]:
    """Every baseline by name, fresh objects."""
    return {name: kind() for name, kind in _KINDS.items()}
