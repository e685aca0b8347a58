"""A run of an agent that is compared with nothing: totals of its ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vpp_gym.agents.setting import Setting
from vpp_gym.agents.stays import StayModelAgent
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.evaluation.worlds import WORLDS, world_named
from vpp_gym.scenarios.named import load_scenario


def totals_of(
    agent: EnvironmentAgent | StayModelAgent,
    setting: Setting,
    scenario: Any,
    days: int | None,
    progress: Callable[[str, int, int], None],
) -> dict[str, Any]:
    """What an agent's run through a scenario adds up to.

    Args:
        agent: that runs.
        setting: what it was trained in, whose rules hold.
        scenario: or its name with the prefix of the world.
        days: from the first; None: all.
        progress: called with what runs, the days done and the days in all.

    Raises:
        InvalidInputError: a scenario that there is not, or too many days.
    """
    world = world_named(setting.world)
    happens = named_scenario(scenario, setting)
    per_day = round(24 / setting.dt_h)
    end = None if days is None else days * per_day
    if end is not None and not 0 < end <= world.n_steps(happens):
        most = world.n_steps(happens) // per_day
        raise InvalidInputError("days", days, f"{happens.name} has 1 to {most}")
    result = evaluate(
        agent,
        happens,
        setting.params,
        end_step=end,
        progress=lambda done, total: progress(agent.name, done, total),
    )
    sums = {
        str(name): float(result.days[name].sum())
        for name in ("profit_eur", *world.ledger.names)
        if name not in world.ledger.shares
    }
    return {"scenario": happens.name, "days": len(result.days), "totals": sums}


def named_scenario(scenario: Any, setting: Setting) -> Any:
    """The scenario of a name, in the world and with the time step of an agent.

    Args:
        scenario: or a name with the prefix of the world.
        setting: of the agent.

    Raises:
        InvalidInputError: there is none of that name.
    """
    if not isinstance(scenario, str):
        return scenario
    if setting.world == "ev":
        return load_scenario(scenario, dt_h=setting.dt_h)
    name = scenario.removeprefix(WORLDS[setting.world].prefix)
    return world_named(setting.world).scenario(name, setting.params)
