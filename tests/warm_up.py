"""Compiles what most tests need, in two processes, before the tests share the work.

    python -m tests.warm_up

Processes that begin with the same kernels compile each of them twice. Here they begin with
different ones, and find what the other has made.
"""

from __future__ import annotations

import subprocess
import sys

import gymnasium as gym

import vpp_gym
from vpp_gym.kernels import COMPILED

SITE = "site"
"""Stands for an environment at a site: its kernels are others."""
APART = (
    ("VPPDispatch-v0", "VPPStay-v0", "VPPBidding-v0"),
    ("FCEVCarPark-v0", "FCEVMicrogrid-v0", SITE),
)
"""Environments of each process."""


def compile_for(env_ids: tuple[str, ...]) -> None:
    """Step some environments once."""
    assert vpp_gym.__version__  # registers them
    for env_id in env_ids:
        at_site = {"id": "VPPDayAhead-v0", "scenario": "site:train"}
        env = gym.make(**(at_site if env_id == SITE else {"id": env_id}))
        env.reset(seed=0)
        env.action_space.seed(0)
        env.step(env.action_space.sample())
        env.close()


def main() -> None:
    """Compile in as many processes as there are groups, and wait."""
    if len(sys.argv) > 1:
        compile_for(tuple(sys.argv[1:]))
    elif COMPILED:
        command = [sys.executable, "-m", "tests.warm_up"]
        running = [subprocess.Popen([*command, *group]) for group in APART]
        codes = [one.wait() for one in running]
        if any(codes):
            sys.exit("an environment cannot be stepped")


if __name__ == "__main__":
    main()
