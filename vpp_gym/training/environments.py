"""What training needs to know of each environment, and its native batch."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import load_env_creator

import vpp_gym  # noqa: F401 - registers the environments
from vpp_gym.arrays import Floats, Ints
from vpp_gym.env import VectorEnv
from vpp_gym.envs.core import EVCore
from vpp_gym.errors import InvalidInputError

DAY_AHEAD, STAY = "VPPDayAhead-v0", "VPPStay-v0"


@dataclass(frozen=True)
class EnvTraits:
    """One environment, as training sees it.

    Attributes:
        label: what its agents are called by; "" for `VPPDayAhead-v0`.
        dispatches_evs: every action decides what EVs take or give.
        numbers_scenarios: a name stands for any number of scenarios, counted from 0
            (fuel-cell cars), and not for a fixed set.
        one_stay: an episode is the stay of one car, and not some days.
    """

    label: str
    dispatches_evs: bool = False
    numbers_scenarios: bool = False
    one_stay: bool = False

    @property
    def reference(self) -> str:
        """The reference action in words."""
        charges = self.dispatches_evs or self.one_stay
        return "charging on arrival" if charges else "action 0"

    def reference_action(self, core: Any, space: gym.Space[Any]) -> Floats:
        """The action that agents are compared with, for a space of (..., A) actions.

        Where EVs are dispatched it charges on arrival: 1, be it one entry for the fleet or
        one a charger, and 0 for the bids. Elsewhere it is 0, the environment's own default; with
        `control="price"` that is the built-in planner.
        """
        action = np.zeros(space.shape or ())
        if self.one_stay:
            action[...] = 1.0
        if self.dispatches_evs and not corrects_prices(core):
            per_charger = core.settings.control == "per_ev"
            action[..., : core.params.site.n_chargers if per_charger else 1] = 1.0
        return action


TRAITS = {
    DAY_AHEAD: EnvTraits("", dispatches_evs=True),
    "VPPDispatch-v0": EnvTraits("dispatch", dispatches_evs=True),
    "VPPBidding-v0": EnvTraits("bidding"),
    "VPPContracts-v0": EnvTraits("contracts"),
    STAY: EnvTraits("stay", one_stay=True),
    "FCEVCarPark-v0": EnvTraits("car_park", numbers_scenarios=True),
    "FCEVMicrogrid-v0": EnvTraits("microgrid", numbers_scenarios=True),
}
"""The environments that agents can be trained in."""


def corrects_prices(core: Any) -> bool:
    """Whether actions correct the prices of the built-in planner."""
    return getattr(core.settings, "control", None) == "price"


def traits_of(env_id: str) -> EnvTraits:
    """The traits of an environment.

    Raises:
        InvalidInputError: there is no such environment.
    """
    if env_id not in TRAITS:
        near = get_close_matches(env_id.lower(), [name.lower() for name in TRAITS], n=1)
        meant = [name for name in TRAITS if name.lower() in near]
        asked = f"did you mean {meant[0]}? " if meant else ""
        raise InvalidInputError("env", env_id, f"{asked}use one of {', '.join(TRAITS)}")
    return TRAITS[env_id]


def make_batch(env_id: str, n_envs: int, **arguments: Any) -> VectorEnv:
    """The native batch of an environment.

    Raises:
        InvalidInputError: another environment, or an argument that it does not take.
    """
    traits_of(env_id)
    kind: Any = load_env_creator(str(gym.spec(env_id).vector_entry_point))
    try:
        batch: VectorEnv = kind(num_envs=n_envs, **arguments)
    except TypeError as error:
        raise InvalidInputError("arguments", sorted(arguments), str(error)) from error
    # As `gym.make_vec` does: who judges an agent reads from it what it was trained on.
    batch.spec = deepcopy(gym.spec(env_id))
    batch.spec.kwargs |= arguments
    return batch


def observed_fields(core: Any, chosen: Sequence[str] | None = None) -> tuple[tuple[str, int], ...]:
    """Name and size of every field of the observation, in the order of the columns.

    Args:
        core: of the environment.
        chosen: names of the fields that count; None: all.

    Raises:
        InvalidInputError: the environment shows no such field, or none is chosen.
    """
    slices = core.layout.slices
    if chosen is not None and (not chosen or set(chosen) - set(slices)):
        remedy = f"use some of {', '.join(slices)}"
        raise InvalidInputError("wrappers.fields", list(chosen), remedy)
    counted = (one for one in slices.items() if chosen is None or one[0] in chosen)
    return tuple((name, part.stop - part.start) for name, part in counted)


def observed_columns(core: Any, chosen: Sequence[str] | None = None) -> Ints:
    """Columns of the fields of `observed_fields`, in their order."""
    slices = core.layout.slices
    parts = [slices[name] for name, _ in observed_fields(core, chosen)]
    return np.concatenate([np.arange(part.start, part.stop) for part in parts])


def hours_per_step(core: Any) -> float:
    """Hours of a step of the simulator; the environments of fuel-cell cars have hours."""
    return float(core.simulation.dt_h) if isinstance(core, EVCore) else 1.0


def guaranteed(core: Any) -> dict[str, bool]:
    """The argument `guarantee` of an environment of EVs, as it is in force; others have none."""
    return {"guarantee": core.params.guarantee} if isinstance(core, EVCore) else {}
