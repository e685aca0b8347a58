"""Parameters that a scenario states of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class StatesParams(ABC):
    """A world whose scenarios may state parameters; in others they stay as asked for."""

    @abstractmethod
    def params_in(self, scenario: Any, params: Any) -> Any:
        """Parameters as asked for, on top of what the scenario states of its own.

        Args:
            scenario: of the run.
            params: as the caller of `evaluate` gives them.
        """


def params_in(world: Any, scenario: Any, params: Any) -> Any:
    """Parameters for a run of any world, see `StatesParams`.

    Args:
        world: of the run.
        scenario: of the run.
        params: as the caller of `evaluate` gives them.
    """
    return world.params_in(scenario, params) if isinstance(world, StatesParams) else params
