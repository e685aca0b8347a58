"""The picture of the last day of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vpp_gym.errors import InvalidInputError

if TYPE_CHECKING:
    from vpp_gym.plots.day_view import DayView
    from vpp_gym.policy import Policy
    from vpp_gym.scenarios.scenario import Scenario

SUFFIXES = (".png", ".svg")


def save_day(view: DayView, out: Path) -> str:
    """Draw a day into a file, and say its date."""
    from vpp_gym.plots.canvas import save_figure
    from vpp_gym.plots.day import draw_day

    save_figure(draw_day(view), out)
    return str(view.start)


def last_day(policy: Policy, scenario: Scenario, changes: dict[str, Any], end_step: int) -> DayView:
    """The last day of a run; the run is made again to watch its chargers.

    Args:
        policy: new, or one that may begin again.
        scenario: what happens.
        changes: of the scenario's parameters.
        end_step: one past the last step.

    Raises:
        InvalidInputError: a policy that decides for several steps at once.
    """
    from vpp_gym.envs.recorder import DayRecorder
    from vpp_gym.evaluation.rollout import runner_for
    from vpp_gym.evaluation.stated import params_in
    from vpp_gym.evaluation.worlds import world_named
    from vpp_gym.policy import Privileged

    world = world_named("ev")
    rules = world.rules(policy, params_in(world, scenario, changes))
    runner: Any = runner_for(policy, scenario, rules, 0, end_step)
    if isinstance(policy, Privileged) and policy.privileged:
        policy.reveal(scenario, rules, 0, end_step)
    recorder = DayRecorder(runner.simulation, title=f"{policy.name} in {scenario.name}")
    recorder.restart()
    state: Any = None
    for step in range(end_step):
        decision, state = policy.predict(runner.observe(), state, np.array([step == 0]), True)
        booked = runner.act(decision)
        if len(booked) != 1:
            raise InvalidInputError("figure", policy.name, "draw a policy that decides every step")
        recorder.add(booked[0])
    return recorder.view()
