"""Fuel-cell cars: the worlds of a car park and of a microgrid (Park Lee et al. 2018)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
