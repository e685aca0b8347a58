"""The baselines of the microgrid by name."""

from __future__ import annotations

from vpp_gym.fcev.microgrid.contract_policy import PlannedContracts
from vpp_gym.fcev.microgrid.planner import ForesightOperator, RollingPlan
from vpp_gym.fcev.microgrid.policies import (
    AdaptiveContracts,
    ArticleOrder,
    DirectUse,
    MicrogridPolicy,
)


def microgrid_baselines() -> dict[str, MicrogridPolicy]:
    """Every baseline by name."""
    policies = (
        ArticleOrder(),
        DirectUse(),
        AdaptiveContracts(),
        RollingPlan(),
        PlannedContracts(),
        ForesightOperator(),
    )
    return {policy.name: policy for policy in policies}
