"""Policies from outside of this package, by where their Python code is."""

from __future__ import annotations

import os
import sys
from copy import deepcopy
from importlib import import_module
from types import ModuleType
from typing import Any

from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.files.names import checked_name
from vpp_gym.policy import Policy, check_policy

HOW = "a policy of your own is written package.module:name"


def outside_policy(place: str, field: str = "policy") -> Policy[Any, Any]:
    """A fresh policy from "package.module:name".

    The module is looked up in the current folder first. The name may be that of a policy, of a
    class, or of a function that makes a policy; the last two are called without arguments.

    Args:
        place: module and name with a colon between them.
        field: named in errors.

    Raises:
        InvalidInputError: no such module or name, an error on the way, not a policy, or a name
            that cannot stand in file names and tables.
    """
    policy: Policy[Any, Any] = made_by(place, field)
    try:
        check_policy(policy)
    except InvalidInputError as error:
        raise InvalidInputError(field, place, f"{error.field}: {error.remedy}") from error
    try:
        checked_name(policy.name)
    except InvalidInputError as error:
        remedy = f"its name {policy.name!r}: {error.remedy}"
        raise InvalidInputError(field, place, remedy) from error
    return policy


def made_by(place: str, field: str = "policy") -> Any:
    """What stands at "package.module:name", or what the class or function there makes.

    Args:
        place: module and name with a colon between them.
        field: named in errors.

    Raises:
        InvalidInputError: no such module or name, or an error on the way.
    """
    module_name, _, name = place.partition(":")
    if not module_name or not name:
        raise InvalidInputError(field, place, HOW)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # as `python -m` does; an installed command does not
    found = _attribute(place, field, _module(place, field, module_name), name)
    return _made(place, field, found)


def _module(place: str, field: str, name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            remedy = f"there is no module {name} in the current folder or among installed packages"
            raise InvalidInputError(field, place, remedy) from error
        raise InvalidInputError(field, place, _failed(f"import {name}", error)) from error
    except Exception as error:
        raise InvalidInputError(field, place, _failed(f"import {name}", error)) from error


def _attribute(place: str, field: str, module: ModuleType, name: str) -> Any:
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            own = [known for known in vars(found) if not known.startswith("_")]
            remedy = f"{suggestion(part, own)}{module.__name__} has no {name}"
            raise InvalidInputError(field, place, remedy)
        found = getattr(found, part)
    return found


def _made(place: str, field: str, found: Any) -> Any:
    """A copy of the policy, or what the class or function makes."""
    if not isinstance(found, type) and hasattr(found, "predict"):
        return deepcopy(found)
    if not callable(found):
        return found
    try:
        return found()
    except Exception as error:
        called = f"{getattr(found, '__name__', 'it')}()"
        raise InvalidInputError(field, place, _failed(called, error)) from error


def _failed(what: str, error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{what} failed with {type(error).__name__}: {lines[0]}"
