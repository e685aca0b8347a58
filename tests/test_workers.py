"""Workers share work, and do not outlive the program that began them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vpp_gym.workers import worker_pool

ROOT = Path(__file__).parents[1]
PROGRAM = """
import os, time
from multiprocessing import resource_tracker
from vpp_gym.workers import worker_pool

def work(seconds):
    print(os.getpid(), flush=True)
    time.sleep(seconds)

if __name__ == "__main__":
    with worker_pool(2) as pool:
        running = [pool.submit(work, seconds) for seconds in (0.2, 0.2, 60, 60)]
        print(resource_tracker._resource_tracker._pid, flush=True)
        time.sleep(60)
"""
ENDS_S = 60.0
"""At most, on a machine that is busy; alone it takes less than a second."""


def is_running(process: int) -> bool:
    """Whether a process is there and more than an entry that nobody has collected."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def test_results_come_back():
    with worker_pool(2) as pool:
        assert sorted(pool.map(abs, [-2, -1])) == [1, 2]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the processes of Linux")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_a_program_that_is_killed(tmp_path, end):
    (tmp_path / "program.py").write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(tmp_path / "program.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program:
        processes = {int(program.stdout.readline()) for _ in range(5)}
        assert len(processes) == 3  # two workers, and who keeps track of what they share
        assert all(map(is_running, processes))
        program.send_signal(end)
        program.wait()
        until = time.monotonic() + ENDS_S
        while any(map(is_running, processes)) and time.monotonic() < until:
            time.sleep(0.05)
        left = [one for one in processes if is_running(one)]
        for one in left:
            os.kill(one, signal.SIGKILL)
    assert not left
