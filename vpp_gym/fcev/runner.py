"""Where a policy sits in a fuel-cell world: what it is shown, and what its answer moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.fcev.car_park.env import FCEVCarParkEnv
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.simulation import CarPark, CarParkScenario
from vpp_gym.fcev.microgrid.env import FCEVMicrogridEnv
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.simulation import Microgrid, MicrogridScenario

ALONE = np.ones(1, dtype=np.bool_)


class CarParkSeat(Protocol):
    """The aggregator's, for one run."""

    world: CarPark

    def look(self) -> Any:
        """What is shown at 12:00."""
        ...

    def submit(self, answer: Any) -> None:
        """Have the market clear the orders of tomorrow."""
        ...


class MicrogridSeat(Protocol):
    """The operator's, for one run."""

    world: Microgrid

    def look(self) -> Any:
        """What is shown of this hour."""
        ...

    def act(self, answer: Any) -> Floats:
        """Carry out an hour: (K,) what it booked."""
        ...


def car_park_seat(policy: Any, scenario: CarParkScenario, params: CarParkParams) -> CarParkSeat:
    """The seat that suits a policy: of snapshots, or of the environment that an agent plays."""
    if not isinstance(policy, EnvironmentAgent):
        return CarParkSnapshots(CarPark([scenario], params))
    settings = _settings(policy, "FCEVCarPark-v0")
    return CarParkObservations(FCEVCarParkEnv(scenario, params, **settings).core)


def microgrid_seat(
    policy: Any, scenario: MicrogridScenario, params: MicrogridParams
) -> MicrogridSeat:
    """The seat that suits a policy: of snapshots, or of the environment that an agent plays."""
    if not isinstance(policy, EnvironmentAgent):
        return MicrogridSnapshots(Microgrid([scenario], params))
    settings = _settings(policy, "FCEVMicrogrid-v0")
    return MicrogridObservations(FCEVMicrogridEnv(scenario, params, **settings).core)


@dataclass
class CarParkSnapshots:
    """For a policy that reads snapshots and gives orders."""

    world: CarPark

    def look(self) -> Any:
        """The snapshot."""
        return self.world.snapshot()

    def submit(self, answer: Any) -> None:
        """Clear the orders."""
        self.world.submit(answer)


class CarParkObservations:
    """For an agent; what it sees and does passes through the core of its environment."""

    def __init__(self, core: Any) -> None:
        self.core, self.world = core, core.simulation

    def look(self) -> Any:
        """The observation."""
        return self.core.observe()[0]

    def submit(self, answer: Any) -> None:
        """Clear the orders that an action stands for."""
        self.core.submit(np.asarray(answer)[None], ALONE)


@dataclass
class MicrogridSnapshots:
    """For a policy that reads snapshots and gives decisions."""

    world: Microgrid

    def look(self) -> Any:
        """The snapshot."""
        return self.world.snapshot()

    def act(self, answer: Any) -> Floats:
        """Carry out an hour: (K,) what it booked."""
        record: Floats = self.world.advance([answer])[0]
        return record


class MicrogridObservations:
    """For an agent; what it sees and does passes through the core of its environment."""

    def __init__(self, core: Any) -> None:
        self.core, self.world = core, core.simulation

    def look(self) -> Any:
        """The observation."""
        return self.core.observe()[0]

    def act(self, answer: Any) -> Floats:
        """Carry out an hour: (K,) what it booked."""
        record: Floats = self.core.advance(np.asarray(answer)[None], ALONE)[0]
        return record


def _settings(agent: EnvironmentAgent, env_id: str) -> Mapping[str, Any]:
    if agent.env_id != env_id:
        raise InvalidInputError("policy", agent.name, f"it plays {agent.env_id}, not {env_id}")
    return agent.settings
