"""A fixed number of threads that each do their part of a task, again and again."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

Task = Callable[[int], None]
"""What is done for the part of a number."""
_Asked = tuple[Task, "SimpleQueue[BaseException | None] | None"]
"""A task, and whom to tell that it is done."""


class Threads:
    """So many threads, of which the one that asks is the first.

    The others are started when they are first needed, also in a copy and in a forked process,
    and end with the object.

    Args:
        count: of the threads.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._process = 0
        self._tasks: list[SimpleQueue[_Asked | None]] = []
        self._done: SimpleQueue[BaseException | None] = SimpleQueue()

    def each(self, task: Task) -> None:
        """Do the task for the parts 0 to count - 1, and wait until all are done.

        Raises:
            BaseException: what one of them raised.
        """
        self._start()
        for tasks in self._tasks:
            tasks.put((task, self._done))
        try:
            task(0)
        finally:
            raised = [self._done.get() for _ in self._tasks]
        for error in raised:
            if error is not None:
                raise error

    def begin(self, task: Task) -> None:
        """Have the other threads do a task, and do not wait for them; it must raise nothing."""
        self._start()
        for tasks in self._tasks:
            tasks.put((task, None))

    @property
    def started(self) -> bool:
        """Whether the other threads are there, in this process."""
        return self._process == os.getpid()

    def _start(self) -> None:
        """Start the other threads, if they are not there."""
        if self.count == 1 or self.started:
            return
        self._process = os.getpid()
        self._tasks, self._done = [SimpleQueue() for _ in range(1, self.count)], SimpleQueue()
        for part, tasks in enumerate(self._tasks, start=1):
            work = threading.Thread(target=_work, args=(part, tasks), daemon=True)
            work.start()
            weakref.finalize(self, tasks.put, None)

    def __getstate__(self) -> dict[str, Any]:
        return {"count": self.count}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Threads.__init__(self, state["count"])


def _work(part: int, asked: SimpleQueue[_Asked | None]) -> None:
    """Do the tasks that come, until there are none."""
    while (one := asked.get()) is not None:
        task, done = one
        try:
            task(part)
        except BaseException as error:  # it is raised by who asked
            if done is None:
                raise
            done.put(error)
        else:
            if done is not None:
                done.put(None)
        del one, task, done
