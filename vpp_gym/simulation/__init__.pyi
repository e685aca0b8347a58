from .simulation import Simulation as Simulation
