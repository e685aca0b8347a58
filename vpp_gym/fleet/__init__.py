"""Physics of the fleet: battery, laxity, flexibility envelope, and how it is shared out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
