"""What agents of both worlds of fuel-cell cars need to be evaluated."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from vpp_gym.errors import InvalidInputError, suggestion

ALONE = np.ones(1, dtype=np.bool_)
"""The one run of a batch moves."""

NOT_SETTINGS = {
    "self",
    "scenario",
    "params",
    "n_scenarios",
    "first_scenario",
    "render_mode",
}
"""Arguments that say what is simulated and drawn, not what the agent sees and does."""


def check_names(settings: Mapping[str, Any], environment: type) -> None:
    """Refuse settings that an environment has no argument for.

    Raises:
        InvalidInputError: an unknown name.
    """
    arguments = inspect.signature(environment.__init__).parameters  # type: ignore[misc]
    known = [name for name in arguments if name not in NOT_SETTINGS]
    for name, value in settings.items():
        if name not in known:
            remedy = f"no such setting: {suggestion(name, known)}use one of {', '.join(known)}"
            raise InvalidInputError(f"settings.{name}", value, remedy)
