"""Fuel-cell cars: physics, contracts, and the worlds of a car park and a microgrid."""
