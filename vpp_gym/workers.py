"""Processes that share work, and end with the program that began them."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from threading import Thread


def worker_pool(jobs: int) -> ProcessPoolExecutor:
    """Processes that start afresh, import what they need, and do not outlive this one.

    Args:
        jobs: number of processes, 1 or more.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """End this process as soon as the one that began it is gone, however that ended."""
    Thread(target=_wait_for_the_end, name="waits for the parent", daemon=True).start()


def _wait_for_the_end() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
