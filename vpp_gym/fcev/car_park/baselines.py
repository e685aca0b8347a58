"""The baselines of the car park by name."""

from __future__ import annotations

from vpp_gym.fcev.car_park.planner import ScenarioPlanner
from vpp_gym.fcev.car_park.policies import (
    ArticleAggregator,
    CarParkPolicy,
    ForesightAggregator,
    NoV2G,
    StayPlanner,
)


def car_park_baselines() -> dict[str, CarParkPolicy]:
    """Every baseline by name."""
    policies: tuple[CarParkPolicy, ...] = (
        NoV2G(),
        ArticleAggregator(),
        StayPlanner(),
        ScenarioPlanner(),
        ForesightAggregator(),
    )
    return {policy.name: policy for policy in policies}
