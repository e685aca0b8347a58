"""Settlement on the day-ahead and imbalance markets, and the ledger of the EV world."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
