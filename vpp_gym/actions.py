"""Actions in [-1, 1]: how they are checked, and what a position between two ends stands for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import njit

ROUNDING = 1e-6
"""How far an entry may lie outside [-1, 1]; it is then taken for the end."""
COMPILED_FOR = (np.dtype(np.float32), np.dtype(np.float64))
"""Types of arrays that are read as they are; others are converted first."""
REAL_NUMBERS = "fiu"
"""Kinds of arrays that are actions: not text, times, complex numbers, truth values or objects."""


def checked_actions(actions: Any, shape: tuple[int, ...]) -> Floats:
    """(B, A) actions in [-1, 1]; the caller's are left as they are.

    Args:
        actions: of B runs.
        shape: (B, A).

    Raises:
        InvalidInputError: another shape, or an entry out of range.
    """
    if type(actions) is np.ndarray and actions.dtype in COMPILED_FOR and actions.flags.carray:
        given = actions
    else:
        given = _as_float64(actions, shape)
    if given.shape != shape:
        raise InvalidInputError("action", f"shape {given.shape}", f"give shape {shape}")
    array = np.empty(shape)
    wrong = cut_off(given, array)
    if wrong >= 0:
        run, entry = divmod(wrong, shape[1])
        raise InvalidInputError(
            f"action[{run}, {entry}]" if len(array) > 1 else f"action[{entry}]",
            float(given[run, entry]),
            "every entry lies in [-1, 1]",
        )
    return array


def _as_float64(actions: Any, shape: tuple[int, ...]) -> Floats:
    """A copy of actions in any other form."""
    given = _array(actions, shape)
    masked = type(given) is not np.ndarray and np.ma.is_masked(given)
    if masked or given.dtype.kind not in REAL_NUMBERS:
        raise InvalidInputError("action", actions, f"give real numbers of shape {shape}")
    return np.array(given, dtype=np.float64, order="C", subok=False)


def batch_of_one(action: Any, shape: tuple[int, ...]) -> Any:
    """The action of one environment as that of a batch of one.

    Raises:
        InvalidInputError: another shape.
    """
    array = _array(action, shape)
    if array.shape != shape:
        raise InvalidInputError("action", f"shape {array.shape}", f"give shape {shape}")
    return array[None]


def _array(actions: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """Actions as an array of whatever they are."""
    if type(actions) is np.ndarray:
        return actions
    try:
        return np.asanyarray(actions)
    except (TypeError, ValueError) as error:
        raise InvalidInputError("action", actions, f"give real numbers of shape {shape}") from error


@njit
def cut_off(given: NDArray[Any], actions: Floats) -> int:
    """Copy actions, with entries a rounding outside [-1, 1] put at its ends.

    Args:
        given: (B, A) of a type in `COMPILED_FOR`.
        actions: result.

    Returns:
        Flat index of the first entry that lies further outside, or is nan; -1 if there is none.
    """
    for b in range(actions.shape[0]):
        for j in range(actions.shape[1]):
            value = np.float64(given[b, j])
            if not abs(value) <= 1.0 + ROUNDING:
                return b * actions.shape[1] + j
            actions[b, j] = min(max(value, -1.0), 1.0)
    return -1


@njit
def between(low: float, high: float, position: float) -> float:
    """Value at a position in [-1, 1]: -1 is low, 1 high."""
    return min(max(low + (position + 1.0) / 2.0 * (high - low), low), high)


@njit
def from_idle(low: float, idle: float, high: float, position: float) -> float:
    """Value at a position in [-1, 1]: -1 is low, 0 idle, 1 high, straight between them."""
    end = high if position > 0.0 else low
    return min(max(idle + abs(position) * (end - idle), low), high)


def around(position: Any, low: Any, middle: Any, high: Any) -> Any:
    """Value at a position in [-1, 1]: -1 is low, 0 the middle, 1 high, straight between them.

    >>> [float(around(x, low=0.0, middle=2.0, high=10.0)) for x in (-1, -0.5, 0, 0.5, 1)]
    [0.0, 1.0, 2.0, 6.0, 10.0]
    """
    up, down = np.maximum(position, 0.0), np.maximum(-np.asarray(position), 0.0)
    return middle + up * (np.asarray(high) - middle) - down * (middle - np.asarray(low))
