"""Training with Stable-Baselines3: a `VecEnv` over the native batch, rewards, and whole runs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
