"""What the batteries of EVs lose while they are connected, with V2G and without."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.rollout import runner_for
from vpp_gym.evaluation.stated import params_in
from vpp_gym.evaluation.worlds import baseline, world_named
from vpp_gym.fleet.ageing import ZERO_K, Condition, loss_of_stay
from vpp_gym.fleet.battery import stored_after_kwh
from vpp_gym.params import VPPParams
from vpp_gym.params.ageing import AgeingParams
from vpp_gym.policy import Policy, Privileged, check_policy
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions, Snapshot


@dataclass(frozen=True)
class BatteryAgeing:
    """What the batteries of a run lost at the chargers; driving is not in it.

    Attributes:
        cars: stays in all.
        discharge_kwh: energy that V2G took, at the meter.
        calendar_kwh: capacity lost with time, by the level of charge.
        cyclic_kwh: capacity lost by charging and discharging.
        ageing_eur: what that capacity costs.
    """

    cars: int
    discharge_kwh: float
    calendar_kwh: float
    cyclic_kwh: float
    ageing_eur: float

    @property
    def ageing_kwh(self) -> float:
        """Capacity lost in all."""
        return self.calendar_kwh + self.cyclic_kwh


def battery_ageing(
    policy: Policy[Snapshot, Decisions] | str,
    scenario: Scenario,
    params: VPPParams | Mapping[str, Any] | str | None = None,
    *,
    start_step: int = 0,
    end_step: int | None = None,
) -> BatteryAgeing:
    """Capacity that batteries lose in a run, by `vpp_gym.fleet.ageing`.

    Args:
        policy: that reads snapshots, or the name of a baseline.
        scenario: of EVs.
        params: as of `vpp_gym.evaluate`; `params.ageing` has the state and price of batteries.
        start_step: first step.
        end_step: one past the last step; the end of the scenario by default.

    Raises:
        InvalidInputError: an agent that sees observations, or what `vpp_gym.evaluate` refuses.
    """
    world, chosen = world_named("ev"), _read_policy(policy)
    rules = world.rules(chosen, params_in(world, scenario, params))
    start, end = world.span(scenario, start_step, end_step)
    runner: Any = runner_for(chosen, scenario, rules, start, end)
    meter = _Meter(runner.simulation, scenario)
    runner.simulation.watch = meter.add
    if isinstance(chosen, Privileged) and chosen.privileged:
        chosen.reveal(scenario, rules, start, end)
    state: Any = None
    for step in range(end - start):
        decision, state = chosen.predict(runner.observe(), state, np.array([step == 0]), True)
        runner.act(decision)
    return meter.total(rules.ageing)


def ageing_by_v2g(
    policy: Policy[Snapshot, Decisions] | str,
    scenario: Scenario,
    params: VPPParams | Mapping[str, Any] | str | None = None,
    *,
    start_step: int = 0,
    end_step: int | None = None,
) -> dict[str, float]:
    """Ageing under a policy, and under the same one without any offer to owners.

    Args:
        policy: see `battery_ageing`, as are the others.
        scenario: of EVs.
        params: rules of the world.
        start_step: first step.
        end_step: one past the last step.

    Returns:
        cars, discharge_kwh; calendar_kwh, cyclic_kwh and ageing_eur, each also as
        without_v2g_..., and by_v2g_eur_per_kwh: the difference in EUR per kWh discharged, 0 if
        nothing was.
    """
    span = {"start_step": start_step, "end_step": end_step}
    with_v2g = battery_ageing(policy, scenario, params, **span)  # type: ignore[arg-type]
    bare = _without_offers(_read_policy(policy))
    without = battery_ageing(bare, scenario, params, **span)  # type: ignore[arg-type]
    losses = ("calendar_kwh", "cyclic_kwh", "ageing_eur")
    extra_eur = with_v2g.ageing_eur - without.ageing_eur
    discharged_kwh = with_v2g.discharge_kwh
    return {
        **asdict(with_v2g),
        **{f"without_v2g_{name}": getattr(without, name) for name in losses},
        "by_v2g_eur_per_kwh": extra_eur / discharged_kwh if discharged_kwh else 0.0,
    }


def _read_policy(policy: Any) -> Policy[Snapshot, Decisions]:
    """A copy of the policy, or the baseline of its name."""
    chosen: Any = baseline("ev", policy) if isinstance(policy, str) else policy
    check_policy(chosen)
    if isinstance(chosen, EnvironmentAgent):
        raise InvalidInputError("policy", chosen.name, "give a policy that reads snapshots")
    copied: Policy[Snapshot, Decisions] = deepcopy(chosen)
    return copied


def _without_offers(policy: Any) -> Any:
    """The policy, offering nothing."""
    policy.term_h, policy.contract = None, {"families": ()}
    return policy


class _Meter:
    """Follows the level of every battery of a run.

    Levels are those of the simulator; the last one of a stay is what was decided makes of the one
    before, which a full connection may cut.
    """

    def __init__(self, simulation: Simulation, scenario: Scenario) -> None:
        self._dt_h, self._capacity = scenario.dt_h, scenario.sessions.capacity_kwh
        self._eff = simulation.params.site.charge_eff, simulation.params.site.discharge_eff
        self._levels: dict[int, list[float]] = {}
        self._last: dict[int, float] = {}

    def add(self, simulation: Simulation, net_load_kwh: Floats) -> None:
        """Note the levels before a step, and what it will make of them."""
        evs = simulation.state.ev[0]
        for charger in np.flatnonzero(simulation.state.occupied[0]).tolist():
            ev, load = evs[charger], float(net_load_kwh[0, charger])
            load = min(max(load, float(ev["lo_kwh"])), float(ev["hi_kwh"]))
            session, stored = int(ev["session"]), float(ev["energy_kwh"])
            self._levels.setdefault(session, []).append(stored)
            self._last[session] = float(stored_after_kwh(stored, load, *self._eff))

    def total(self, ageing: AgeingParams) -> BatteryAgeing:
        """What all batteries lost."""
        at = Condition(ageing.temperature_c + ZERO_K, ageing.age_days, ageing.cycles)
        calendar = cyclic = discharged = 0.0
        for session, levels in self._levels.items():
            capacity = float(self._capacity[session])
            course = np.array([*levels, self._last[session]])
            discharged += self._eff[1] * float(np.maximum(-np.diff(course), 0.0).sum())
            soc = course / capacity
            loss = loss_of_stay(soc, self._dt_h, at)
            calendar += loss.calendar * capacity
            cyclic += loss.cyclic * capacity
        lost_eur = (calendar + cyclic) * ageing.eur_per_lost_kwh
        return BatteryAgeing(len(self._levels), discharged, calendar, cyclic, lost_eur)
