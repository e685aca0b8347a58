"""Which tests call a function: measured once per file of tests, and kept.

JIT is off, so that functions called by kernels are seen too.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any

import typer

from tests.mutation.sample import ROOT

LONGEST_S = 1800.0
"""Of the processor, for the tests of one file."""
WAITING = 10.0
"""Times as long a clock shows, where other programs are at work, too."""
ENVIRONMENT = {
    **os.environ,
    "NUMBA_DISABLE_JIT": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}


class TooLongError(Exception):
    """Tests that did not come to an end."""


def pytest_in(folder: Path, *arguments: str, cpu_s: float) -> subprocess.CompletedProcess[str]:
    """Run pytest in a copy of the tree, on that copy's code.

    Args:
        folder: of the copy.
        arguments: of pytest.
        cpu_s: of the processor that it may take, so that a busy machine fails no test; and a
            tenth of the time that it may last.

    Raises:
        TooLongError: it took or lasted longer.
    """

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (ceil(cpu_s), ceil(cpu_s)))

    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=folder,
            env=ENVIRONMENT | {"PYTHONPATH": os.fspath(folder)},
            text=True,
            capture_output=True,
            timeout=WAITING * cpu_s,
            preexec_fn=limit,
        )
    except subprocess.TimeoutExpired as error:
        raise TooLongError from error
    if -done.returncode in (signal.SIGXCPU, signal.SIGKILL):
        raise TooLongError
    return done


@dataclass(frozen=True)
class Test:
    """A test that can fail.

    Attributes:
        name: as pytest knows it.
        seconds: of the processor that it takes.
        calls: functions of the package that it calls, as "module:function".
    """

    name: str
    seconds: float
    calls: frozenset[str]

    @property
    def file(self) -> str:
        """Its file, from the root."""
        return self.name.partition("::")[0]


def files_of(places: tuple[str, ...]) -> list[str]:
    """Files of tests: those given, and those in folders of `tests`."""
    paths = []
    for place in (ROOT / "tests" / place for place in places):
        paths += place.rglob("test_*.py") if place.is_dir() else [place]
    return sorted({path.relative_to(ROOT).as_posix() for path in paths})


def tests_of(files: list[str], kept: Path) -> Iterator[Test]:
    """Tests of these files; those of a file that has changed are measured anew.

    Args:
        files: from the root.
        kept: folder of what was measured.
    """
    kept.mkdir(parents=True, exist_ok=True)
    for file in files:
        digest = sha256((ROOT / file).read_bytes()).hexdigest()[:12]
        path = kept / f"{file.removeprefix('tests/').replace('/', '.')}.{digest}.json"
        if not path.exists():
            _measure(file, path)
        measured: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for name, one in measured.items():
            if one["calls"]:
                yield Test(name, one["seconds"], frozenset(one["calls"]))


def _measure(file: str, path: Path) -> None:
    arguments = (
        "-n",
        "0",
        "-m",
        "not slow",
        "-p",
        "tests.mutation.callers",
        "--callers",
        os.fspath(path),
        file,
    )
    try:
        done = pytest_in(ROOT, *arguments, cpu_s=LONGEST_S)
    except TooLongError:
        typer.echo(f"{file} takes more than {LONGEST_S:g} s: its tests are not asked", err=True)
        path.write_text("{}", encoding="utf-8")
        return
    if not path.exists():
        raise RuntimeError(f"{file}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
