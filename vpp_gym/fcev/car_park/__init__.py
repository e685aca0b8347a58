"""The car park of fuel-cell cars: V2G offers and hydrogen, once a day (`FCEVCarPark-v0`)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
