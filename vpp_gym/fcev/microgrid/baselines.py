"""The baselines of the microgrid by name."""

from __future__ import annotations

from collections.abc import Callable

from vpp_gym.fcev.microgrid.contract_policy import PlannedContracts
from vpp_gym.fcev.microgrid.planner import ForesightOperator, RollingPlan
from vpp_gym.fcev.microgrid.policies import (
    AdaptiveContracts,
    ArticleOrder,
    DirectUse,
    MicrogridPolicy,
)
from vpp_gym.policy import made_by_name

_KINDS: dict[str, Callable[[], MicrogridPolicy]] = {
    kind.name: kind
    for kind in (
        ArticleOrder,
        DirectUse,
        AdaptiveContracts,
        RollingPlan,
        PlannedContracts,
        ForesightOperator,
    )
}


def baseline(name: str) -> MicrogridPolicy:
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


def baselines() -> dict[str, MicrogridPolicy]:
    """Every baseline by name, fresh objects."""
    return {name: kind() for name, kind in _KINDS.items()}
