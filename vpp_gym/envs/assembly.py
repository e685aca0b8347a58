"""Puts a core together from what a user of `gym.make` says."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

from vpp_gym.envs.core import Core
from vpp_gym.envs.settings import checked
from vpp_gym.params import VPPParams, as_params
from vpp_gym.scenarios.named import as_source

C = TypeVar("C", bound=Core)


def assemble(
    kind: type[C],
    scenario: Any,
    params: VPPParams | Mapping[str, Any] | str | None,
    *,
    dt_h: float | None,
    guarantee: bool | None,
    settings: Mapping[str, Any],
    n_envs: int = 1,
) -> C:
    """A core with its scenarios, rules and settings.

    Args:
        kind: of core.
        scenario: scenarios, a source, or a name.
        params: rules of the world.
        dt_h: hours per step of a named source; None: as the scenario has it, or 1.
        guarantee: None leaves it to the parameters.
        settings: keywords of the core's settings, and of the core itself ("threads").
        n_envs: batch size.

    Raises:
        InvalidInputError: a value that cannot be used.
        TypeError: a keyword that there is not.
    """
    own = set(inspect.signature(kind).parameters) & {"threads"}
    known = [*kind.settings_kind.model_fields, *own]
    for name in settings:
        if name not in known:
            raise TypeError(f"unexpected keyword argument {name!r}: use {', '.join(known)}")
    world = as_params(params)
    if guarantee is not None:
        world = world.replace(guarantee=guarantee)
    if dt_h is None:
        first = scenario[0] if isinstance(scenario, (list, tuple)) and scenario else scenario
        dt_h = getattr(first, "dt_h", 1.0)
    source = as_source(scenario, dt_h)
    more = {name: settings[name] for name in own if name in settings}
    rest = {name: value for name, value in settings.items() if name not in own}
    chosen = checked(kind.settings_kind, **rest)
    return kind(source, world, chosen, n_envs, preload=n_envs > 1, **more)
