"""How many cars are at the site at once, and who finds no charger."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from vpp_gym.params import VPPParams
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.scenario import Scenario


class Occupancy(NamedTuple):
    """Cars and chargers of a scenario.

    Attributes:
        cars: that come.
        most_declared: most at once, if all find a charger and leave when they declared.
        most: most at once, if all find a charger and leave when they do.
        chargers: of the site.
        turned_away: cars that find all chargers taken.
    """

    cars: int
    most_declared: int
    most: int
    chargers: int
    turned_away: int


def occupancy(scenario: Scenario, params: VPPParams) -> Occupancy:
    """Cars at once over a whole scenario, and those that find no charger.

    Args:
        scenario: who comes, and until when they declare to stay.
        params: number of chargers, and how drivers keep to what they declare.
    """
    sessions = scenario.sessions
    leaves = leaving_step(sessions, params.owner, scenario.dt_h, scenario.n_steps)
    arrival, n_steps = sessions.arrival_step, scenario.n_steps
    return Occupancy(
        cars=len(sessions),
        most_declared=most_at_once(arrival, sessions.departure_step, n_steps),
        most=most_at_once(arrival, leaves, n_steps),
        chargers=params.site.n_chargers,
        turned_away=_turned_away(arrival, leaves, params.site.n_chargers),
    )


def most_at_once(arrival: np.ndarray, leaves: np.ndarray, n_steps: int) -> int:
    """Largest number of cars in a step.

    Args:
        arrival: (n,) first step of each.
        leaves: (n,) first step without it.
        n_steps: of the scenario.

    >>> most_at_once(np.array([0, 1, 2]), np.array([2, 3, 4]), 4)
    2
    """
    came = np.bincount(arrival, minlength=n_steps + 1)
    left = np.bincount(np.minimum(leaves, n_steps), minlength=n_steps + 1)
    return int((came - left).cumsum().max(initial=0))


def _turned_away(arrival: np.ndarray, leaves: np.ndarray, chargers: int) -> int:
    """Cars that find every charger taken; whoever leaves in a step makes room in it."""
    taken: list[int] = []  # steps in which chargers become free, as a heap
    refused = 0
    for came, goes in zip(arrival.tolist(), leaves.tolist(), strict=True):
        while taken and taken[0] <= came:
            heappop(taken)
        if len(taken) < chargers:
            heappush(taken, goes)
        else:
            refused += 1
    return refused
