"""What a world does not have is not compiled for it: nobody waits for the code of it."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym

import vpp_gym  # noqa: F401 - registers the environments
from tests.kernels.programs import compiled
from vpp_gym.envs.step_kernel import step_batch

OF_SITES = (b"_serve_backwards", b"give_way", b"level_out")
"""Kernels that only a connection's limits need."""


@compiled
def test_a_world_without_a_site_has_no_code_of_sites():
    for settings in ({}, {"scenario": "site:train"}):
        env = gym.make("VPPDayAhead-v0", **settings)
        env.reset(seed=0)
        env.step(env.action_space.sample())
        env.close()
    files = Path(step_batch.stats.cache_path).glob("step_kernel.step_batch-*.nbc")
    codes = [file.read_bytes() for file in files]
    with_sites = [[name in code for name in OF_SITES] for code in codes]
    assert [False] * len(OF_SITES) in with_sites
    assert [True] * len(OF_SITES) in with_sites
