"""Environments and baselines for a virtual power plant of privately owned EVs.

Importing `vpp_gym` registers its environments with Gymnasium and loads nothing
heavy; the public names below load their module when they are first used.

>>> import vpp_gym
>>> vpp_gym.VPPParams().site.charge_kw
11.0
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version as _installed_version
from typing import TYPE_CHECKING, Any

import gymnasium as _gymnasium

if TYPE_CHECKING:
    from vpp_gym.errors import InvalidInputError as InvalidInputError
    from vpp_gym.errors import SolveFailedError as SolveFailedError
    from vpp_gym.evaluation.rollout import evaluate as evaluate
    from vpp_gym.params import DEFAULT as DEFAULT
    from vpp_gym.params import PAPER_2023 as PAPER_2023
    from vpp_gym.params import VPPParams as VPPParams
    from vpp_gym.policies.base import Policy as Policy
    from vpp_gym.scenarios.scenario import Scenario as Scenario
    from vpp_gym.scenarios.scenario import Sessions as Sessions
    from vpp_gym.simulation.simulation import Simulation as Simulation
    from vpp_gym.views import Decisions as Decisions
    from vpp_gym.views import Snapshot as Snapshot

_HOME = {
    "DEFAULT": "params",
    "PAPER_2023": "params",
    "VPPParams": "params",
    "Scenario": "scenarios.scenario",
    "Sessions": "scenarios.scenario",
    "Simulation": "simulation.simulation",
    "evaluate": "evaluation.rollout",
    "Snapshot": "views",
    "Decisions": "views",
    "Policy": "policies.base",
    "InvalidInputError": "errors",
    "SolveFailedError": "errors",
}

import_module("vpp_gym.sources")  # it notes when the package was imported

__all__ = ["__version__", *_HOME]
__version__ = _installed_version("vpp_gym")


def __getattr__(name: str) -> Any:
    """The public name, from the module that defines it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})


def _register(env_id: str, scalar: str, vector: str) -> None:
    if env_id not in _gymnasium.registry:  # the module may be reloaded
        _gymnasium.register(env_id, entry_point=scalar, vector_entry_point=vector)


_register(
    "VPPDayAhead-v0",
    scalar="vpp_gym.envs.day_ahead:VPPDayAheadEnv",
    vector="vpp_gym.envs.day_ahead:VPPDayAheadVectorEnv",
)
_register(
    "VPPBidding-v0",
    scalar="vpp_gym.envs.bidding:VPPBiddingEnv",
    vector="vpp_gym.envs.bidding:VPPBiddingVectorEnv",
)
_register(
    "VPPDispatch-v0",
    scalar="vpp_gym.envs.dispatch:VPPDispatchEnv",
    vector="vpp_gym.envs.dispatch:VPPDispatchVectorEnv",
)
_register(
    "VPPContracts-v0",
    scalar="vpp_gym.envs.contracts:VPPContractsEnv",
    vector="vpp_gym.envs.contracts:VPPContractsVectorEnv",
)
_register(
    "FCEVCarPark-v0",
    scalar="vpp_gym.fcev.car_park.env:FCEVCarParkEnv",
    vector="vpp_gym.fcev.car_park.env:FCEVCarParkVectorEnv",
)
_register(
    "FCEVMicrogrid-v0",
    scalar="vpp_gym.fcev.microgrid.env:FCEVMicrogridEnv",
    vector="vpp_gym.fcev.microgrid.env:FCEVMicrogridVectorEnv",
)
