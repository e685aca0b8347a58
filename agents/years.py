"""Whole years of scenarios side by side, from their first day to the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from vpp_gym.env import VectorEnv
from vpp_gym.envs.core import Scenarios
from vpp_gym.training.environments import make_batch


def whole_years(env_id: str, split: Scenarios, years: Sequence[int], **arguments: Any) -> VectorEnv:
    """Environments of which each is at the beginning of a year; they do not begin anew.

    Args:
        env_id: of the environments.
        split: name of the scenarios, or a source of them.
        years: number of the scenario of each environment; one may stand there several times.
        arguments: of the environments.
    """
    given = {"reward": "profit", "episode_days": None, **arguments}
    mode = AutoresetMode.DISABLED
    batch = make_batch(env_id, len(years), scenario=split, autoreset_mode=mode, **given)
    seeds = [0] * len(years)
    batch.reset(seed=seeds)
    for year in sorted(set(years)):
        chosen = {"scenario": year, "start_day": 0, "reset_mask": np.array(years) == year}
        batch.reset(seed=seeds, options=chosen)
    return batch
