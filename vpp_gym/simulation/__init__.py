"""The one simulator: state, clock, and all money."""

from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.simulation.simulation import Simulation

__all__ = ["MONEY", "TERMS", "Simulation"]
