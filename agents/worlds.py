"""What training needs to know of each environment beyond its spaces."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import load_env_creator

import vpp_gym  # noqa: F401 - registers the environments
from vpp_gym.arrays import Floats
from vpp_gym.env import VectorEnv
from vpp_gym.errors import InvalidInputError


@dataclass(frozen=True)
class Family:
    """One environment, as training sees it.

    Attributes:
        word: that names its agents; none for `VPPDayAhead-v0`.
        is_numbered: worlds are numbered from a first one on, instead of being scenarios.
        steers_evs: every step decides what EVs take or give.
    """

    word: str
    is_numbered: bool = False
    steers_evs: bool = False

    def usual_action(self, core: Any, space: gym.Space[Any]) -> Floats:
        """The action with which agents are compared, in a space of (..., A) actions.

        Of a dispatch it is 1, charging on arrival, be it one entry for the fleet or one a
        charger; of fuel-cell cars, bids and contracts what action 0 stands for.
        """
        action = np.zeros(space.shape or ())
        if self.steers_evs:
            per_charger = core.settings.control == "per_ev"
            action[..., : core.params.site.n_chargers if per_charger else 1] = 1.0
        return action


FAMILIES = {
    "VPPDayAhead-v0": Family("", steers_evs=True),
    "VPPDispatch-v0": Family("dispatch", steers_evs=True),
    "VPPBidding-v0": Family("bidding"),
    "VPPContracts-v0": Family("contracts"),
    "FCEVCarPark-v0": Family("car_park", is_numbered=True),
    "FCEVMicrogrid-v0": Family("microgrid", is_numbered=True),
}


def family_of(env_id: str) -> Family:
    """The family of an environment.

    Raises:
        InvalidInputError: there is no such environment.
    """
    if env_id not in FAMILIES:
        near = get_close_matches(env_id.lower(), [name.lower() for name in FAMILIES], n=1)
        meant = [name for name in FAMILIES if name.lower() in near]
        asked = f"did you mean {meant[0]}? " if meant else ""
        raise InvalidInputError("env", env_id, f"{asked}use one of {', '.join(FAMILIES)}")
    return FAMILIES[env_id]


def batch_of(env_id: str, n_envs: int, **arguments: Any) -> VectorEnv:
    """The native batch of an environment.

    Raises:
        InvalidInputError: another environment, or an argument that it does not take.
    """
    family_of(env_id)
    kind: Any = load_env_creator(str(gym.spec(env_id).vector_entry_point))
    try:
        batch: VectorEnv = kind(num_envs=n_envs, **arguments)
    except TypeError as error:
        raise InvalidInputError("arguments", sorted(arguments), str(error)) from error
    return batch
