"""How commands tell that they are at work: a bar on a terminal, lines elsewhere; all on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from vpp_gym.cli.output import progress_console
from vpp_gym.errors import printable
from vpp_gym.heartbeat import Heartbeat, first_compilation

Report = Callable[..., None]
"""Called with what is under way, and with how much of it is done and to do where that is known."""


@cache
def _tell_of_compilation() -> None:
    """Say it once in a program: it may do several things before the first kernel is kept."""
    if notice := first_compilation():
        progress_console.print(printable(notice), soft_wrap=True)


@contextmanager
def at_work(words: str, *, counts: bool = False, compiles: bool = True) -> Iterator[Report]:
    """Tell what a block does, and before the first compilation that it takes long.

    Args:
        words: what is under way at first.
        counts: the block reports how much is done.
        compiles: the block may have to compile the simulator.
    """
    if compiles:
        _tell_of_compilation()
    if not progress_console.is_terminal:
        with Heartbeat(words) as heart:
            yield heart.report
        return
    columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}")]
    if counts:
        columns += [BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    columns.append(TimeElapsedColumn())
    with Progress(*columns, console=progress_console, transient=True) as bar:
        task = bar.add_task(words, total=None)

        def report(doing: str, done: int | None = None, total: int | None = None) -> None:
            bar.update(task, description=doing, completed=done, total=total)

        yield report
