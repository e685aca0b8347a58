"""Changes the code in 150 places, one at a time, and lists which changes the tests find.

    python -m tests.mutation.run

Each mutant is tried in a copy of the tree, with JIT off, by the tests that call the changed
function, the quickest first. What was tried is kept; what is interrupted goes on from there.

Why not mutmut or cosmic-ray: mutmut passes over functions with decorators, so over every
kernel. cosmic-ray changes the tree itself, knows one command of tests, draws no sample, and
removes no statements.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Annotated, Any

import typer

from tests.mutation.sample import GROUPS, PACKAGE, ROOT, Change, sample
from tests.mutation.suite import Test, TooLongError, files_of, pytest_in, tests_of
from tests.mutation.table import write_table

QUICK_S = 10.0
"""Seconds of tests in the first of two calls; most mutants do not outlive it."""
MOST_S = 240.0
"""Seconds of tests after which a mutant has survived."""
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis", "runs", "docs", "build"
)


def asked(change: Change, tests: Iterable[Test]) -> list[Test]:
    """Tests that may find a mutant: those that call its function, then those of its module."""
    module = f"{change.module}:"
    own = module + change.mutant.function
    near = [one for one in tests if any(name.startswith(module) for name in one.calls)]
    near.sort(key=lambda one: (own not in one.calls, one.seconds))
    chosen, seconds = [], 0.0
    for one in near:
        if seconds + one.seconds <= MOST_S:
            chosen.append(one)
            seconds += one.seconds
    return chosen


def in_two(tests: list[Test]) -> list[list[Test]]:
    """The first tests, QUICK_S long, and the others."""
    seconds, cut = 0.0, len(tests)
    for i, one in enumerate(tests):
        seconds += one.seconds
        if seconds > QUICK_S:
            cut = max(i, 1)
            break
    return [part for part in (tests[:cut], tests[cut:]) if part]


def failing(folder: Path, tests: list[Test]) -> str | None:
    """The first test that fails in a copy of the tree, "timeout", or None where all pass."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as names:
        names.write("\n".join(one.name for one in tests))
        names.flush()
        cpu_s = 60.0 + 10.0 * sum(one.seconds for one in tests)
        try:
            done = pytest_in(folder, "-n", "0", "-x", f"@{names.name}", cpu_s=cpu_s)
        except TooLongError:
            return "timeout"
    if done.returncode == 0:
        return None
    found = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", done.stdout, re.MULTILINE)
    if found is None and done.returncode > 0:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return found[1] if found else "crash"


def _copy_of_the_tree(folder: Path) -> Path:
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    return shutil.copytree(PACKAGE, folder / "vpp_gym", ignore=LEFT_OUT, dirs_exist_ok=True).parent


def tried(change: Change, tests: list[Test], folder: Path) -> dict[str, Any]:
    """Apply a mutant in a copy of the tree, run its tests, and take it back."""
    begun, path = time.perf_counter(), folder / change.module
    by = None
    _write(path, change.changed_source())
    try:
        for part in in_two(tests):
            by = by or failing(folder, part)
    finally:
        _write(path, change.source())
    took = round(time.perf_counter() - begun, 1)
    return {"key": change.key, "by": by, "tests": len(tests), "seconds": took}


def _write(path: Path, source: str) -> None:
    path.write_text(source, encoding="utf-8")
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()  # two sources of one size within a second look alike to Python


def results_in(path: Path) -> dict[str, dict[str, Any]]:
    """What was tried already, by the key of the mutant; the last try counts."""
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {line["key"]: line for line in lines}


def main(
    workers: Annotated[int, typer.Option(help="mutants tried at once")] = 2,
    most: Annotated[int | None, typer.Option(help="stop after so many")] = None,
    again: Annotated[bool, typer.Option(help="try those again that survived")] = False,
    kept: Annotated[Path, typer.Option(help="folder of what was tried")] = Path("runs/mutants"),
) -> None:
    """Try the sampled mutants and write the table of them."""
    kept.mkdir(parents=True, exist_ok=True)
    log, changes = kept / "results.jsonl", sample()
    done = results_in(log)
    left = [x for x in changes if x.key not in done or (again and done[x.key]["by"] is None)][:most]
    tests = {
        group.name: list(tests_of(files_of(group.tests), kept / "calls"))
        for group in GROUPS
        if any(change.group is group for change in left)
    }
    folders: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(workers) as pool:
        for i in range(workers):
            folders.put(_copy_of_the_tree(Path(scratch, str(i))))

        def work(change: Change) -> None:
            folder = folders.get()
            try:
                result = tried(change, asked(change, tests[change.group.name]), folder)
            finally:
                folders.put(folder)
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + os.linesep)
            said = f"killed by {result['by']}" if result["by"] else "SURVIVED"
            typer.echo(f"{change.module}:{change.mutant.line} {change.words}: {said}")

        for _ in pool.map(work, left):
            pass
    sys.exit(write_table(changes, results_in(log)))


if __name__ == "__main__":
    typer.run(main)
