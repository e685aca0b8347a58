"""Policies from outside of this project, by where their Python code is."""

from __future__ import annotations

import inspect
import re
from copy import deepcopy
from importlib import import_module
from typing import Any

from vpp_gym.errors import InvalidInputError
from vpp_gym.policy import check_policy

NAME = re.compile(r"[\w.+-]+")


def outside_policy(place: str) -> Any:
    """A fresh policy from `package.module:name`, see `vpp_gym.policy.Policy`.

    Args:
        place: of a class or a function that makes the policy without arguments, or of the policy
            itself. The module must be importable: from the folder where the program was started,
            or installed.

    Raises:
        InvalidInputError: there is nothing there, or it is no policy.
    """
    found = _found(place)
    if isinstance(found, type) or not hasattr(found, "predict"):
        policy = _made(place, found)
    else:
        policy = deepcopy(found)
    check_policy(policy)
    if not isinstance(policy.name, str) or not NAME.fullmatch(policy.name):
        raise InvalidInputError(
            "policy.name", policy.name, "use letters, digits and the signs _ . + - only"
        )
    return policy


def _found(place: str) -> Any:
    module, _, name = place.partition(":")
    if not module or not name:
        raise InvalidInputError("policy", place, "write package.module:name")
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            "policy", place, f"there is no module {error.name} to import it from"
        ) from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise InvalidInputError("policy", place, f"{module} has no {name}")
        found = getattr(found, part)
    return found


def _made(place: str, maker: Any) -> Any:
    if not callable(maker):
        raise InvalidInputError("policy", place, "name a class, a function or a policy")
    try:
        inspect.signature(maker).bind()
    except TypeError as error:
        raise InvalidInputError(
            "policy", place, f"it cannot be called without arguments ({error}): name a function"
        ) from error
    return maker()
