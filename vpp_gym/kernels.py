"""Compiled kernels: the one place that knows Numba.

`njit` compiles a function to machine code and keeps it on disk. Numba itself notices that a
kernel's own file changed, but not that a kernel called from another file did. The compiled
kernels of a module are therefore kept in a folder named after the digest of its file and of all
that it imports: an edit of any of them is seen by every program that starts after it, nothing
has to be cleared, and kernels that do not depend on it stay compiled.

Set the environment variable `NUMBA_DISABLE_JIT=1` to run the kernels as plain Python, bit for
bit alike: then breakpoints, the debugger and coverage work inside them. `NUMBA_CACHE_DIR` moves
the folder; by default it is in the user's cache.
"""

from __future__ import annotations

import atexit
import hashlib
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import cache
from operator import is_
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, overload

import numba
import numpy as np
from numba.core import sigutils
from numba.core.caching import FunctionCache
from numba.core.registry import CPUDispatcher
from platformdirs import user_cache_path

from vpp_gym.arrays import Floats, Records
from vpp_gym.sources import IMPORTED, PACKAGE, Sources, content_digest

F = TypeVar("F", bound=Callable[..., Any])
config: Any = numba.config

COMPILED = not config.DISABLE_JIT
"""Kernels run as machine code; False where NUMBA_DISABLE_JIT is set."""

KEPT_FOLDERS = 10
"""Folders of compiled kernels that stay on disk for a module, one for each state of its sources."""

LINE_BYTES = 64
"""That a processor fetches from memory at a time."""

CHANGES_CODE = ("BOUNDSCHECK", "DEBUGINFO_DEFAULT")
"""Settings of Numba under which it compiles other code, and reads it back without asking."""


_PACKAGE = Sources({PACKAGE.name: PACKAGE})


def kernel_sources(module: str, sources: Sources = _PACKAGE) -> list[Path]:
    """Files that the kernels of a module may depend on: its own, and all that it imports.

    Args:
        module: with kernels. One outside the package may depend on every kernel of it.
        sources: of the package.
    """
    inside = sources.path(module) is not None
    roots = (
        [module]
        if inside
        else [name for name in sources.modules() if sources.mentions(name, __name__)]
    )
    paths = (sources.path(name) for name in sources.closure(roots))
    return [path for path in paths if path is not None]


def _folder() -> Path | None:
    """Folder of compiled kernels; None where nothing can be written."""
    base = Path(config.CACHE_DIR, "vpp_gym") if config.CACHE_DIR else user_cache_path("vpp_gym")
    folder = base / "kernels"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None


def _remove_unused(kernels: Path) -> None:
    """Remove all folders but those that programs have begun to use last."""

    def used(folder: Path) -> float:
        try:
            return folder.stat().st_mtime
        except FileNotFoundError:  # another program has removed it
            return 0.0

    for folder in sorted(kernels.iterdir(), key=used)[:-KEPT_FOLDERS]:
        shutil.rmtree(folder, ignore_errors=True)


FOLDER = _folder() if COMPILED else None
"""Where compiled kernels are kept for other programs; None where they are not."""


@cache
def _folder_of_this_program() -> Path:
    """For kernels that no other program may read: removed when this one ends."""
    folder, program = Path(tempfile.mkdtemp(prefix="vpp_gym-kernels-")), os.getpid()

    def remove() -> None:
        if os.getpid() == program:  # not in a child that was forked
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


@cache
def _file_digest(path: Path) -> str:
    return content_digest([path])


def _digest(paths: Iterable[Path]) -> str:
    """Digest of files, each of which is read once."""
    text = "\n".join(map(_file_digest, paths))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _folder_for(module: str) -> Path:
    """Where the kernels of a module are kept.

    A program during which a source is edited may hold part of the old code and part of the
    new: what it compiles is kept from others.

    Args:
        module: that is being imported; it is asked once for each.
    """
    now, paths = time.time(), kernel_sources(module)
    if FOLDER is None or any(IMPORTED < path.stat().st_mtime <= now for path in paths):
        return _folder_of_this_program()
    settings = [name for name in CHANGES_CODE if getattr(config, name)]
    folder = FOLDER / module / "-".join([_digest(paths), *settings])
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.touch()
    except OSError:
        return _folder_of_this_program()
    _remove_unused(folder.parent)
    return folder


class _Kept(FunctionCache):
    """Compiled code of one kernel on disk, read only for the types that it was compiled for.

    Two programs that compile a kernel at the same moment for different types may write to one
    file. Numba would run what is there for either.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        before = config.CACHE_DIR
        config.CACHE_DIR = os.fspath(_folder_for(function.__module__))
        try:
            super().__init__(function)
        finally:
            config.CACHE_DIR = before

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        found = super().load_overload(sig, target_context)
        types, _ = sigutils.normalize_signature(sig)
        return found if found is None or found.signature.args == tuple(types) else None


Present = bool | None
"""Says whether something is there: True, or None where it is not.

A kernel that begins with `if it is None: return` is compiled to nothing for None, and what only it
calls is not compiled at all: who does not use a feature does not wait for its code.
"""


class _Internal(CPUDispatcher):
    """A kernel without code that Python could call: what Numba would call is not there."""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        name = f"{self.py_func.__module__}.{self.py_func.__qualname__}"
        raise TypeError(f"{name} is called by kernels only; NUMBA_DISABLE_JIT=1 lets Python, too")


@overload
def njit(function: F) -> F: ...


@overload
def njit(
    *, allocates: bool = ..., inline: str = ..., nogil: bool = ..., internal: bool = ...
) -> Callable[[F], F]: ...


def njit(
    function: Any = None,
    *,
    allocates: bool = False,
    inline: str = "never",
    nogil: bool = False,
    internal: bool = False,
) -> Any:
    """Compile a function for numbers, arrays, records and tuples of them.

    Kernels do not count references to arrays: each count is an atomic operation, and in the
    inner loops of the simulator they cost more than the work. A kernel that makes arrays of
    its own must count them. Division by zero gives inf or NaN, as in NumPy.

    Args:
        function: to compile, where the decorator stands without arguments.
        allocates: the kernel, or one that it calls, makes arrays.
        inline: "always" puts the compiled code into each caller, which alone can call it: for
            stages that get many arrays, whose handing over takes longer than small stages do.
            "source" puts the code there before it is compiled, which takes many times longer: for
            what returns arrays.
        nogil: other Python threads may run meanwhile.
        internal: only kernels call it: half the time to compile. Python that calls it gets a
            TypeError.
    """
    options: dict[str, Any] = {"nogil": nogil, "error_model": "numpy"}
    if inline == "source":
        options["inline"] = "always"
    elif inline == "always":
        options["forceinline"] = internal = True
    if not allocates:
        options["_nrt"] = False
    if internal:
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

    def compiled(wrapped: Callable[..., Any]) -> Any:
        kernel = numba.njit(**options)(wrapped)
        if COMPILED:
            kernel._cache = _Kept(wrapped)
            if internal:
                kernel.__class__ = _Internal
        return kernel

    return compiled if function is None else compiled(function)


def bind(kernel: Callable[..., Any], *args: Any) -> Callable[..., Any]:
    """The compiled code of a kernel for arguments of these types, without the look-up of types.

    A look-up takes longer than a small step. What is returned does not look at types at all:
    call it only with arrays that were made like these.

    Args:
        kernel: to be called many times.
        args: as it will be called with; it is not called yet.

    Returns:
        The code; the kernel itself where kernels run as plain Python.
    """
    if not COMPILED:
        return kernel
    dispatcher: Any = kernel
    types = tuple(dispatcher.typeof_pyval(one) for one in args)
    dispatcher.compile(types)
    return dispatcher.overloads[types].entry_point


def kinds(value: Any) -> Any:
    """What decides which compiled code takes a value: equal where the same code does.

    Another scenario brings other arrays of the same kinds, at every reset of a single environment.
    To compare kinds takes microseconds, where the compiler takes a millisecond to name their types.
    """
    if isinstance(value, np.ndarray):
        return value.dtype, value.ndim, value.flags.num
    if isinstance(value, tuple):
        return (type(value), *map(kinds, value))
    return type(value)


class BoundCalls:
    """Calls of kernels without the look-up of types, which takes longer than a small step.

    Copies begin anew.
    """

    def __init__(self) -> None:
        self._codes: dict[Any, Callable[..., Any]] = {}
        self._latest: dict[Any, _Latest] = {}

    def code(self, kernel: Callable[..., Any], *args: Any) -> Callable[..., Any]:
        """The code of a kernel for arguments of these kinds: see `bind`."""
        return self._code(kernel, args, tuple(map(kinds, args)))

    def __call__(self, kernel: Callable[..., Any], same: tuple[Any, ...], *others: Any) -> Any:
        """Call a kernel.

        Args:
            kernel: to be called.
            same: its first arguments, mostly the same objects from call to call: the kinds of
                one are looked at where it is another object.
            others: the arguments behind them, whose kinds are looked at in every call.
        """
        latest, of_others = self._latest.get(kernel), tuple(map(kinds, others))
        if latest is None or of_others != latest.of_others or not all(map(is_, same, latest.same)):
            latest = self._latest[kernel] = self._changed(kernel, latest, same, others, of_others)
        return latest.code(*same, *others)

    def _changed(
        self,
        kernel: Callable[..., Any],
        latest: _Latest | None,
        same: tuple[Any, ...],
        others: tuple[Any, ...],
        of_others: tuple[Any, ...],
    ) -> _Latest:
        """What is kept of a call whose arguments differ from those of the latest."""
        before = zip(latest.same, latest.of_same, strict=True) if latest is not None else ()
        known = {id(value): its for value, its in before}
        of_same = tuple(known[id(one)] if id(one) in known else kinds(one) for one in same)
        code = self._code(kernel, (*same, *others), (*of_same, *of_others))
        return _Latest(same, of_same, of_others, code)

    def _code(
        self, kernel: Callable[..., Any], args: tuple[Any, ...], own: tuple[Any, ...]
    ) -> Callable[..., Any]:
        key = kernel, own
        if key not in self._codes:
            self._codes[key] = bind(kernel, *args)
        return self._codes[key]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()


class _Latest(NamedTuple):
    """The arguments of the latest call of a kernel, their kinds, and its code."""

    same: tuple[Any, ...]
    of_same: tuple[Any, ...]
    of_others: tuple[Any, ...]
    code: Callable[..., Any]


@njit
def sums(table: Floats, n: int, result: Floats) -> None:
    """Fill (B,) sums of the first n columns of a (B, K) table, rounded as NumPy rounds them.

    NumPy adds eight numbers side by side; this does it for up to 128 columns.
    """
    for b in range(len(result)):
        row = table[b]
        if n < 8:
            result[b] = 0.0
            for k in range(n):
                result[b] += row[k]
            continue
        s0, s1, s2, s3 = row[0], row[1], row[2], row[3]
        s4, s5, s6, s7 = row[4], row[5], row[6], row[7]
        whole = n - n % 8
        for k in range(8, whole, 8):
            s0 += row[k]
            s1 += row[k + 1]
            s2 += row[k + 2]
            s3 += row[k + 3]
            s4 += row[k + 4]
            s5 += row[k + 5]
            s6 += row[k + 6]
            s7 += row[k + 7]
        result[b] = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
        for k in range(whole, n):
            result[b] += row[k]


@njit
def total(values: Floats) -> float:
    """Sum of (n,) values from the first to the last, the same compiled or not.

    NumPy adds them in another order, and so rounds differently.
    """
    result = 0.0
    for value in values:
        result += value
    return result


def records(shape: int | tuple[int, ...], dtype: np.dtype) -> Records:
    """Structured array of zeros whose records kernels read by field, compiled or not.

    It begins with a line of memory, so that a record of whole lines lies in no other lines.
    """
    size = (math.prod(shape) if isinstance(shape, tuple) else shape) * dtype.itemsize
    memory = np.zeros(size + LINE_BYTES, dtype=np.uint8)
    first = -memory.ctypes.data % LINE_BYTES
    return by_field(memory[first : first + size].view(dtype).reshape(shape))


def by_field(table: Records) -> Records:
    """The structured array as kernels read it: plain if compiled, else with fields by name."""
    return table if COMPILED else table.view(np.recarray)
