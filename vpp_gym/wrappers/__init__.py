"""Wrappers of Gymnasium for any learner: rewards, costs, masks, and levels instead of numbers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
