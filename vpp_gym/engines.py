"""Jobs over the processes of this machine, or of a Ray cluster; what ends early is begun again."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from vpp_gym.errors import InvalidInputError, SolveFailedError, suggestion
from vpp_gym.workers import worker_pool

ENGINES = ("local", "ray")
TRIES = 3
"""How often a job is begun whose process was killed."""
WINDOW = 4
"""Jobs handed out at a time, for each process: results that wait for nobody stay few."""
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
"""Of each process, so that sums do not depend on the machine."""


def run_jobs(
    function: Callable[[Any], Any],
    jobs: Sequence[Any],
    *,
    engine: str = "local",
    workers: int | None = None,
    address: str | None = None,
) -> Iterator[tuple[int, Any]]:
    """Call a function with each job, in any order.

    A process that is killed, or a node that is lost, changes nothing: its jobs are begun again
    elsewhere. A function that depends on its job alone so gives the same results on any engine.

    Args:
        function: of a module that the processes can import, or what Ray can send.
        jobs: one argument each; what processes can be sent.
        engine: "local", processes of this machine, or "ray".
        workers: number of processes; 0: in this one; None: one for each core, or all of the
            cluster's.
        address: of a Ray cluster, such as "auto" or "ray://head:10001"; None: that of RAY_ADDRESS,
            else a cluster on this machine for as long as the jobs take.

    Yields:
        Number of a job and its result, as soon as it is there.

    Raises:
        InvalidInputError: an unknown engine, Ray is not installed, or workers below 0.
        SolveFailedError: the process of a job was killed each time.
        Exception: what the function raises.
    """
    if engine not in ENGINES:
        remedy = f"{suggestion(engine, ENGINES)}use one of {', '.join(ENGINES)}"
        raise InvalidInputError("engine", engine, remedy)
    if workers is not None and (isinstance(workers, bool) or int(workers) != workers):
        raise InvalidInputError("workers", workers, "give a whole number, 0 or more")
    if workers is not None and workers < 0:
        raise InvalidInputError("workers", workers, "give 0 or more")
    if engine == "ray":
        if find_spec("ray") is None:
            raise InvalidInputError("engine", engine, 'install it: pip install "vpp_gym[ray]"')
        return _on_ray(function, jobs, workers, address)
    if address is not None:
        raise InvalidInputError("address", address, 'only engine="ray" has one')
    if workers == 0:
        return ((number, function(job)) for number, job in enumerate(jobs))
    return _on_processes(function, jobs, workers or os.cpu_count() or 1)


def _on_processes(
    function: Callable[[Any], Any], jobs: Sequence[Any], workers: int
) -> Iterator[tuple[int, Any]]:
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    left, begun = list(reversed(range(len(jobs)))), [0] * len(jobs)
    try:
        while left:
            lost = yield from _until_one_is_killed(function, jobs, workers, left, begun)
            for number in lost:
                _check_tries(number, jobs, begun)
            left += reversed(lost)
    finally:
        _set_back(before)


def _until_one_is_killed(
    function: Callable[[Any], Any],
    jobs: Sequence[Any],
    workers: int,
    left: list[int],
    begun: list[int],
) -> Generator[tuple[int, Any], None, list[int]]:
    """Run what is left; returns the jobs whose results were lost with their process."""
    lost: list[int] = []
    with worker_pool(min(workers, len(left))) as pool:
        waiting: dict[Future[Any], int] = {}
        try:
            while waiting or (left and not lost):
                while left and not lost and len(waiting) < WINDOW * workers:
                    number = left.pop()
                    begun[number] += 1
                    try:
                        waiting[pool.submit(function, jobs[number])] = number
                    except BrokenProcessPool:
                        lost.append(number)
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    number = waiting.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        lost.append(number)
                    else:
                        yield number, future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return sorted(lost)


def _check_tries(number: int, jobs: Sequence[Any], begun: Sequence[int]) -> None:
    if begun[number] >= TRIES:
        raise SolveFailedError(
            f"the process of job {number}, {jobs[number]}, was killed {TRIES} times: it may have "
            "too little memory; ask for fewer workers"
        )


def _set_back(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _on_ray(
    function: Callable[[Any], Any], jobs: Sequence[Any], workers: int | None, address: str | None
) -> Iterator[tuple[int, Any]]:
    ray = import_module("ray")
    is_own = not ray.is_initialized()
    if is_own:
        here = address is None and "RAY_ADDRESS" not in os.environ
        ray.init(
            address=address,
            num_cpus=workers if here and workers else None,
            runtime_env={"env_vars": ONE_THREAD},
            include_dashboard=False if here else None,
            log_to_driver=False,
        )
    task = ray.remote(num_cpus=1, max_retries=TRIES - 1)(function)
    most = WINDOW * (workers or max(int(ray.cluster_resources().get("CPU", 1)), 1))
    waiting: dict[Any, int] = {}
    number = 0
    try:
        while waiting or number < len(jobs):
            while number < len(jobs) and len(waiting) < most:
                waiting[task.remote(jobs[number])] = number
                number += 1
            done, _ = ray.wait(list(waiting), num_returns=1)
            at = waiting.pop(done[0])
            try:
                result = ray.get(done[0])
            except ray.exceptions.WorkerCrashedError as error:
                raise SolveFailedError(
                    f"the process of job {at}, {jobs[at]}, was killed {TRIES} times"
                ) from error
            yield at, result
    finally:
        for one in waiting:
            ray.cancel(one, force=True)
        if is_own:
            ray.shutdown()
