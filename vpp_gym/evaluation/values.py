"""What an object holds: a digest of all its values, and the modules that its types come from.

Walked are arrays, tuples, lists, sets, mappings and every object with attributes, such as
dataclasses, NamedTuples and pydantic models, each with the names of what it holds: nothing has to
be listed, so a new array or setting is seen. What cannot be told apart by value is refused.
"""

from __future__ import annotations

import datetime
import hashlib
import sys
import zoneinfo
from collections.abc import Iterator, Mapping, Set
from enum import Enum
from functools import cached_property, partial
from inspect import getattr_static
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from vpp_gym.errors import InvalidInputError

NUMBERS = (bool, int, float, complex, np.generic)
PLAIN = (type(None), str, bytes, *NUMBERS)
BY_REPR = (
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo),
    *(np.dtype, range, slice, PurePath, zoneinfo.ZoneInfo),
)
"""Whose `repr` says all of their value."""
NAMED = (type, BuiltinFunctionType, np.ufunc)
"""Which their module and name stand for; the code behind them is digested as code."""


def value_digest(*values: Any) -> str:
    """Digest of some values and all that they hold, with names, types and shapes.

    Raises:
        InvalidInputError: something has neither a value nor attributes, such as an open file.
    """
    digest = hashlib.sha256()
    for path, value in walked(values):
        for token in (path.encode(), *_tokens(path, value)):
            digest.update(len(token).to_bytes(8, "big") + token)
    return digest.hexdigest()[:16]


def modules_of(*values: Any) -> set[str]:
    """Modules of the types, classes and functions in some values and all that they hold."""
    found = set()
    for _, value in walked(values):
        function = _function(value)
        named = isinstance(value, NAMED) or function is not None
        found.add((function or value if named else type(value)).__module__ or "builtins")
    return found


def walked(value: Any, path: str = "", around: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """(path, value) of a value and of all that it holds, in an order that its values decide.

    Args:
        value: to begin with.
        path: where it is, such as ".bidder.forecaster".
        around: ids of the objects that hold it, which are not walked again.
    """
    yield path, value
    if id(value) in around:
        return
    for name, inner in _held(value):
        yield from walked(inner, path + name, (*around, id(value)))


def _held(value: Any) -> Iterator[tuple[str, Any]]:
    """What a value holds, each by its name within it."""
    if isinstance(value, (*PLAIN, *BY_REPR, *NAMED, Enum)):
        return
    if isinstance(value, np.ndarray):
        yield from _of_array(value)
    elif isinstance(value, Mapping):
        for key in sorted(value, key=repr):
            yield f"[{key!r}]", value[key]
    elif isinstance(value, Set):
        yield from ((f"{{{k}}}", one) for k, one in enumerate(sorted(value, key=repr)))
    elif isinstance(value, list | tuple):
        names = getattr(value, "_fields", None) or range(len(value))
        yield from ((f"[{name}]", one) for name, one in zip(names, value, strict=True))
    elif isinstance(value, np.random.Generator):
        yield ".state", value.bit_generator.state
    elif isinstance(value, partial):
        yield from ((f".{name}", getattr(value, name)) for name in ("func", "args", "keywords"))
    elif isinstance(value, MethodType):
        yield from ((name, getattr(value, name)) for name in ("__func__", "__self__"))
    elif (function := _function(value)) is not None:
        yield ".defaults", (function.__defaults__, function.__kwdefaults__)
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        yield from ((f".{name}", cell.cell_contents) for name, cell in cells)
    else:
        yield from ((f".{name}", one) for name, one in sorted(_attributes(value).items()))


def _of_array(array: np.ndarray) -> Iterator[tuple[str, Any]]:
    if array.dtype.names is not None:
        yield from ((f".{name}", array[name]) for name in array.dtype.names)
    elif array.dtype.hasobject:
        yield from ((f"[{k}]", one) for k, one in enumerate(array.ravel().tolist()))


def _attributes(value: Any) -> dict[str, Any]:
    """What was set on an object, without what it has only computed from that."""
    slots = {name: getattr(value, name) for name in _slots(value) if hasattr(value, name)}
    found = slots | getattr(value, "__dict__", {})
    kind = type(value)
    return {
        name: one
        for name, one in found.items()
        if not isinstance(getattr_static(kind, name, None), cached_property)
    }


def _slots(value: Any) -> list[str]:
    """Names of the attributes that a class keeps without a dictionary."""
    declared = [vars(kind).get("__slots__", ()) for kind in type(value).__mro__]
    names = [name for one in declared for name in ((one,) if isinstance(one, str) else one)]
    return [name for name in names if not name.startswith("__")]


def _function(value: Any) -> FunctionType | None:
    """The Python function of a function, compiled or not."""
    function = getattr(value, "py_func", value)
    return function if isinstance(function, FunctionType) else None


def _tokens(path: str, value: Any) -> Iterator[bytes]:
    """What tells a value from others beside what it holds."""
    kind = type(value).__qualname__
    if isinstance(value, np.ndarray):
        yield f"{kind} {value.dtype.descr} {value.shape}".encode()
        if not (value.dtype.hasobject or value.dtype.names):
            yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, np.generic):
        yield f"{kind} {value.dtype.descr}".encode()
        yield value.tobytes()
    elif isinstance(value, (*PLAIN, *BY_REPR, Enum)):
        yield f"{kind} {value!r}".encode()
    elif isinstance(value, NAMED) or _function(value) is not None:
        named = _function(value) or value
        yield f"{named.__module__} {named.__qualname__}".encode()
    elif _has_value(value):
        yield kind.encode()
    else:
        raise InvalidInputError(path or "value", value, "hold numbers, text and arrays instead")


def _has_value(value: Any) -> bool:
    """Whether what an object holds is its value: Python code keeps no state elsewhere."""
    known = (Mapping, Set, list, tuple, np.random.Generator, partial, MethodType)
    if isinstance(value, known):
        return True
    homes = (sys.modules.get(kind.__module__) for kind in type(value).__mro__ if kind is not object)
    files = [str(getattr(home, "__file__", None)) for home in homes]
    return bool(files) and all(file.endswith(".py") for file in files)
