"""V2G contracts: families, exact design of menus, and what an owner chooses."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
