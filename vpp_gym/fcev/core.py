"""What the cores of the two worlds of fuel-cell cars share: whole days of years of one length."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Bools, Ints
from vpp_gym.env import Core
from vpp_gym.episodes import EpisodeDays
from vpp_gym.errors import InvalidInputError


class FCEVCore(Core):
    """A batch of episodes in a world of fuel-cell cars.

    Args:
        source: of the scenarios that episodes are drawn from.
        params: rules of the world.
        settings: what is decided and shown.
        n_envs: batch size.
        simulation: of all runs.
        day_starts: (n,) hours at which days of episodes begin, and end.

    Raises:
        InvalidInputError: episodes longer than a scenario.
    """

    def __init__(
        self,
        source: Any,
        params: Any,
        settings: Any,
        n_envs: int,
        simulation: Any,
        day_starts: Ints,
    ) -> None:
        super().__init__(source, params, settings, n_envs)
        self.simulation, self._days = simulation, EpisodeDays(day_starts, int(day_starts[-1]))
        most = len(day_starts) - 1
        if (settings.episode_days or 0) > most:
            raise InvalidInputError("episode_days", settings.episode_days, f"1 to {most}, or None")
        self.episode_days: int = settings.episode_days or most
        self._end = np.zeros(self.n_runs, np.int64)

    @property
    def over(self) -> Bools:
        """(B,) the episode has ended."""
        return self.simulation.state.hour >= self._end

    def _days_of(self, scenario: int) -> EpisodeDays:
        return self._days
