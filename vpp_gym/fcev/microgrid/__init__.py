"""The microgrid with fuel-cell cars: sun, wind, hydrogen and contracts (`FCEVMicrogrid-v0`)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
