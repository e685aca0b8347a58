"""Agents of `FCEVMicrogrid-v0` through days of one scenario, all stretches side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from vpp_gym.arrays import Floats
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.microgrid.env import FCEVMicrogridVectorEnv
from vpp_gym.fcev.microgrid.ledger import TERMS
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.simulation import MicrogridScenario


def play_microgrid(
    agent: EnvironmentAgent,
    scenario: MicrogridScenario,
    params: MicrogridParams,
    start_days: Sequence[int] = (0,),
    days: int | None = None,
) -> Floats:
    """Run an agent through stretches of days, each from full tanks and the given store.

    Args:
        agent: of `FCEVMicrogrid-v0`, with its settings.
        scenario: what happens.
        params: rules.
        start_days: first day of each stretch.
        days: length of every stretch; None: the year.

    Returns:
        (stretches, hours, len(TERMS)) records, as `evaluate_microgrid` has them.
    """
    batch = FCEVMicrogridVectorEnv(
        len(start_days),
        scenario,
        params,
        episode_days=days,
        autoreset_mode=AutoresetMode.DISABLED,
        **agent.settings,
    )
    observations = _first_observations(batch, start_days)
    core: Any = batch.core
    records = np.empty((len(start_days), HOURS * core.episode_days, len(TERMS)))
    state = None
    for hour in range(records.shape[1]):
        actions, state = agent.predict(observations, state, np.full(len(start_days), hour == 0))
        records[:, hour], observations = core.step(actions)
    return records


def _first_observations(batch: FCEVMicrogridVectorEnv, start_days: Sequence[int]) -> Any:
    observations: Any = None
    for run, day in enumerate(start_days):
        options = {"start_day": day, "reset_mask": np.arange(len(start_days)) == run}
        observations, _ = batch.reset(seed=0, options=options)
    return observations
