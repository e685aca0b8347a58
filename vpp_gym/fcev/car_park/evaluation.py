"""Evaluation in the car park: a decision a day, at 12:00, and what no policy exceeds."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.calendar import HOURS, NOON
from vpp_gym.fcev.car_park.ledger import LEDGER
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.simulation import CarPark, CarParkScenario
from vpp_gym.fcev.car_park.snapshot import CarParkOrders
from vpp_gym.fcev.evaluation import FCEVWorld


class CarParkRunner:
    """A run for a policy that reads snapshots and gives orders.

    It begins at 12:00 of its first day and ends at midnight after its last.

    Args:
        simulation: of one run.
        start_step: hour at which the first day begins.
        end_step: first hour after the last day.
    """

    def __init__(self, simulation: CarPark, start_step: int, end_step: int) -> None:
        simulation.reset(hour=start_step + NOON)
        self.simulation, self._end = simulation, end_step
        self.day = np.arange(start_step + NOON, end_step) // HOURS

    def observe(self) -> Any:
        """The snapshot of 12:00."""
        return self.simulation.snapshot()

    def act(self, decision: Any) -> Floats:
        """Clear the orders and go on to the next gate, or the end: (k, K) terms."""
        self.submit(decision)
        left = self._end - int(self.simulation.state.hour[0])
        return self.simulation.advance(min(HOURS, left))[0]

    def submit(self, decision: Any) -> None:
        """Have the market clear the orders of tomorrow."""
        if not isinstance(decision, CarParkOrders):
            raise InvalidInputError("policy.predict", decision, "decide on CarParkOrders")
        self.simulation.submit(decision)


class CarParkWorld(FCEVWorld[CarParkScenario, CarParkParams]):
    """The car park with price-based contracts."""

    ledger = LEDGER
    default = CarParkParams()

    def scenario(self, name: str, params: CarParkParams) -> CarParkScenario:
        """The first car park on the years of prices of that name."""
        # By name: a run depends on its scenario, not on the code that draws others.
        source = import_module("vpp_gym.fcev.car_park.scenario").CarParkSource(params, name)
        scenario: CarParkScenario = source.scenario(0)
        return scenario

    def runner(
        self, scenario: CarParkScenario, params: CarParkParams, start_step: int, end_step: int
    ) -> CarParkRunner:
        """A run for a policy that reads snapshots, at its start."""
        return CarParkRunner(CarPark([scenario], params), start_step, end_step)


WORLD = CarParkWorld()
