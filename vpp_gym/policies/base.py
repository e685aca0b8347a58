"""The protocol that every policy follows: Stable-Baselines3's `predict`."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import Decisions, Snapshot


@runtime_checkable
class Policy(Protocol):
    """Turns a snapshot into decisions.

    Attributes:
        name: row label in results.
        term_h: term of the menu that this policy offers; 0 offers none, None
            leaves it to the world.
        privileged: it may see the future; only the hindsight optimum and
            references labelled so are.
    """

    name: str
    term_h: int | None
    privileged: bool

    def predict(
        self,
        observation: Snapshot,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Decisions, Any]:
        """Decisions for this step, and the policy's own state for the next."""
        ...


@runtime_checkable
class Privileged(Protocol):
    """A policy that is shown the whole scenario before a run."""

    def reveal(self, scenario: Scenario, start_step: int, end_step: int) -> None:
        """Receive the future."""
        ...
