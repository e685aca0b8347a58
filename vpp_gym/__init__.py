"""Environments and baselines for a virtual power plant of privately owned EVs.

Importing `vpp_gym` registers its environments with Gymnasium and loads nothing heavy: a public
name loads its module when it is first used. All public names stand in `__init__.pyi`.

>>> import vpp_gym
>>> vpp_gym.VPPParams().site.charge_kw
11.0
"""

from importlib.metadata import version as _version

import gymnasium as _gymnasium
import lazy_loader as _lazy_loader

from vpp_gym.sources import IMPORTED as _IMPORTED  # noqa: F401 - notes when the package was imported

__getattr__, __dir__, __all__ = _lazy_loader.attach_stub(__name__, __file__)
__version__ = _version("vpp_gym")

for _env_id, _place in {
    "VPPDayAhead-v0": "envs.day_ahead:VPPDayAhead",
    "VPPBidding-v0": "envs.bidding:VPPBidding",
    "VPPDispatch-v0": "envs.dispatch:VPPDispatch",
    "VPPContracts-v0": "envs.contracts:VPPContracts",
    "VPPStay-v0": "envs.stay:VPPStay",
    "FCEVCarPark-v0": "fcev.car_park.env:FCEVCarPark",
    "FCEVMicrogrid-v0": "fcev.microgrid.env:FCEVMicrogrid",
}.items():
    if _env_id not in _gymnasium.registry:  # the module may be reloaded
        _gymnasium.register(
            _env_id,
            entry_point=f"{__name__}.{_place}Env",
            vector_entry_point=f"{__name__}.{_place}VectorEnv",
        )
