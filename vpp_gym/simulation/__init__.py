"""The simulator of the EV world: state, clock, and all money."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
