"""Compiled kernels: the one place that knows Numba.

`njit` compiles a function to machine code and keeps it on disk. Numba itself notices that a
kernel's own file changed, but not that a kernel called from another file did. Compiled kernels
are therefore kept in a folder named after the digest of all sources that kernels may depend on:
an edit of any of them is seen by every program that runs, and nothing has to be cleared.

Set the environment variable `NUMBA_DISABLE_JIT=1` to run the kernels as plain Python, bit for
bit alike: then breakpoints, the debugger and coverage work inside them. `NUMBA_CACHE_DIR` moves
the folder; by default it is in the user's cache.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, overload

import numba
import numpy as np
from platformdirs import user_cache_path

from vpp_gym.arrays import Records
from vpp_gym.sources import PACKAGE, Sources, content_digest

F = TypeVar("F", bound=Callable[..., Any])
config: Any = numba.config

COMPILED = not config.DISABLE_JIT
"""Kernels run as machine code; False where NUMBA_DISABLE_JIT is set."""

KEPT_DAYS = 14
"""Folders of compiled kernels that no program has used for this long are removed."""


def kernel_sources(package: Path = PACKAGE) -> list[Path]:
    """Files that a kernel of the package may depend on.

    Args:
        package: folder of `vpp_gym`.
    """
    sources = Sources({package.name: package})
    name = f"{package.name}.kernels"
    users = [module for module in sources.modules() if sources.mentions(module, name)]
    paths = (sources.path(module) for module in sources.closure(users))
    return [path for path in paths if path is not None]


def _folder() -> Path:
    """Folder of this version's compiled kernels; one of this process alone if none is writable."""
    base = Path(config.CACHE_DIR, "vpp_gym") if config.CACHE_DIR else user_cache_path("vpp_gym")
    kernels = base / "kernels"
    folder = kernels / content_digest(kernel_sources())
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            folder.touch()
        _remove_unused(kernels)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="vpp_gym-kernels-"))
    return folder


def _remove_unused(kernels: Path) -> None:
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    for other in kernels.iterdir():
        if other.stat().st_mtime < oldest:
            shutil.rmtree(other, ignore_errors=True)


FOLDER = _folder() if COMPILED else None
"""Where compiled kernels are kept."""


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
        inline: "always" puts the code into each caller, for stages that get many arrays.
        nogil: other Python threads may run meanwhile.
        internal: only kernels call it: half the time to compile.
    """
    options: dict[str, Any] = {"inline": inline, "nogil": nogil, "error_model": "numpy"}
    if not allocates:
        options["_nrt"] = False
    if internal:
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

    def compiled(wrapped: Callable[..., Any]) -> Any:
        before = config.CACHE_DIR
        config.CACHE_DIR = "" if FOLDER is None else os.fspath(FOLDER)
        try:
            return numba.njit(cache=True, **options)(wrapped)
        finally:
            config.CACHE_DIR = before

    return compiled if function is None else compiled(function)


def records(shape: int | tuple[int, ...], dtype: np.dtype) -> Records:
    """Structured array of zeros whose records kernels read by field, compiled or not."""
    return by_field(np.zeros(shape, dtype=dtype))


def by_field(table: Records) -> Records:
    """The structured array as kernels read it: plain if compiled, else with fields by name."""
    return table if COMPILED else table.view(np.recarray)
