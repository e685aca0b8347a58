"""One policy through one scenario, in any world: a row per day, and where it came from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import gymnasium as gym
import numpy as np
import pandas as pd

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import ENVIRONMENTS, EnvironmentAgent
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.evaluation.stated import params_in
from vpp_gym.evaluation.worlds import (
    WORLDS,
    Runner,
    baseline,
    world_named,
    world_of_policy,
    world_of_scenario,
)
from vpp_gym.policy import Policy, Privileged, check_policy

if TYPE_CHECKING:
    from vpp_gym.fcev.car_park.params import CarParkParams
    from vpp_gym.fcev.car_park.simulation import CarParkScenario
    from vpp_gym.fcev.microgrid.params import MicrogridParams
    from vpp_gym.fcev.microgrid.simulation import MicrogridScenario
    from vpp_gym.params import VPPParams
    from vpp_gym.scenarios.scenario import Scenario

    AnyScenario: TypeAlias = Scenario | CarParkScenario | MicrogridScenario
    AnyParams: TypeAlias = VPPParams | CarParkParams | MicrogridParams

Progress = Callable[[int, int], None]


@runtime_checkable
class CompilesPlans(Protocol):
    """A world in which compiled code decides as some policies do."""

    def compiled(self, policy: Policy[Any, Any], runner: Any) -> tuple[Policy[Any, Any], Any]:
        """Who decides and the run: where compiled code decides the same, that instead.

        Args:
            policy: of the run.
            runner: of the run, at its start.
        """
        ...


@dataclass(frozen=True)
class RunResult:
    """What one policy did in one scenario.

    Attributes:
        days: one row per day, see `evaluate`.
        metadata: policy, scenario, parameters, span, versions, commit and command.
        records: (steps, K) every term of every step, if it was asked for.
        simulation: the simulator as the run left it: a `Simulation`, `CarPark` or `Microgrid`.
    """

    days: pd.DataFrame
    metadata: Mapping[str, Any]
    records: Floats | None = None
    simulation: Any = None


def evaluate(
    policy: Policy[Any, Any] | str,
    scenario: AnyScenario | str,
    params: AnyParams | Mapping[str, Any] | str | None = None,
    *,
    start_step: int = 0,
    end_step: int | None = None,
    seed: int = 0,
    keep_records: bool = False,
    progress: Progress | None = None,
) -> RunResult:
    """Run a policy through the steps start_step <= t < end_step of a scenario.

    The scenario determines what is simulated: EVs, the car park or the microgrid.

    EVs: the run begins with no EV connected and no commitments. Started at midnight, its
    first day has no bids, and the gate of that day sets those of the second. Cars still
    connected at the end have not left, so their service is not booked; a whole scenario ends
    with everybody gone. What happens at midnight is booked to the day that ends.

    Fuel-cell cars: a run is of whole days, its steps are hours. The car park begins at 12:00
    of its first day, at the first gate; the microgrid at midnight.

    Args:
        policy: follows `vpp_gym.policy.Policy`, or the name of a baseline of the world. What it
            offers to owners of EVs replaces what the parameters offer, see
            `vpp_gym.policies.base.with_offer`. An `EnvironmentAgent` sees the observations of
            its environment instead of snapshots.
        scenario: what happens. Or a name that environments take, such as "synthetic:test",
            "real:test" or "world.parquet:test"; with "car_park:" or "microgrid:" before it the
            world of fuel-cell cars on those years of prices. Of several years the first.
        params: rules of the world: its parameters, a mapping of changes to the default, or, for
            EVs, a preset's name or what `vpp_gym.load_params` read from a file. What they do not
            say is as a world file states it. For a scenario object of fuel-cell cars, give the
            parameters that it was drawn with.
        start_step: first step.
        end_step: one past the last step; the end of the scenario by default.
        seed: names the run in the results: the training seed of an agent.
        keep_records: keep the terms of every step.
        progress: called with the days done and the days in all after each day.

    Returns:
        days with the columns policy, scenario, seed, day, date, every term of the world's ledger
        and profit_eur. Of EVs also steps, position_eur, contracts_type_1 and on or
        contracts_control_based and the like (accepted, by offer), demand_satisfaction,
        fully_served_share, solve_ms_mean and solve_ms_max (of `predict`). Of fuel-cell cars also
        solve_ms, the mean, and of the microgrid fairness at the end of the day and
        self_sufficiency.

    Raises:
        InvalidInputError: what is no policy or no scenario, or a policy of another world.
    """
    where = world_of_scenario(scenario)
    world, chosen = world_named(where), _checked_policy(policy, where)
    happens: Any = scenario
    if isinstance(scenario, str):
        name = scenario.removeprefix(WORLDS[where].prefix)
        happens = world.scenario(name, world.rules(chosen, params))
    rules = world.rules(chosen, params_in(world, happens, params))
    start, end = world.span(happens, start_step, end_step)
    runner = runner_for(chosen, happens, rules, start, end)
    if isinstance(chosen, Privileged) and chosen.privileged:
        chosen.reveal(happens, rules, start, end)
    decides: Policy[Any, Any] = chosen
    if isinstance(world, CompilesPlans):
        decides, runner = world.compiled(chosen, runner)
    records, solve_s = _roll(decides, runner, len(world.ledger.names), progress)
    days = world.day_rows(happens, runner, records, solve_s)
    labels = {"policy": chosen.name, "scenario": happens.name, "seed": seed}
    for place, (column, label) in enumerate(labels.items()):
        days.insert(place, column, label)
    metadata = {
        "policy": chosen.name,
        "privileged": chosen.privileged,
        "scenario": happens.name,
        "seed": seed,
        "start_step": start,
        "end_step": end,
        "params": rules.model_dump(mode="json"),
        **provenance(),
    }
    return RunResult(days, metadata, records if keep_records else None, runner.simulation)


def runner_for(
    policy: Policy[Any, Any], scenario: AnyScenario, params: Any, start_step: int, end_step: int
) -> Runner:
    """A run for a policy, at its start: of observations for an agent, else of snapshots.

    Args:
        policy: of the run.
        scenario: what happens.
        params: rules of the run, with what the policy offers.
        start_step: first step.
        end_step: one past the last step.
    """
    span = start_step, end_step
    if isinstance(policy, EnvironmentAgent):
        return policy.runner(scenario, params, *span)
    return world_named(world_of_scenario(scenario)).runner(scenario, params, *span)


def modules_behind(world: str, env_id: str | None = None) -> tuple[str, ...]:
    """Modules that, with all that they import, rows of runs in a world depend on.

    The policy's own modules come on top; what an agent plays is named by its environment.

    Args:
        world: "ev", "car_park" or "microgrid".
        env_id: environment of an agent; None: a policy that reads snapshots.
    """
    modules = (__name__, WORLDS[world].module)
    if env_id is None:
        return modules
    environment = str(gym.spec(env_id).entry_point).partition(":")[0]
    return (*modules, ENVIRONMENTS[env_id].module, environment)


def _roll(
    policy: Policy[Any, Any], runner: Runner, n_terms: int, progress: Progress | None
) -> tuple[Floats, Floats]:
    """Terms (steps, K), and (steps,) seconds of predict; NaN where nothing was decided."""
    day = runner.day
    n_steps = len(day)
    records = np.empty((n_steps, n_terms))
    solve_s = np.full(n_steps, np.nan)
    state: Any = None
    t = 0
    while t < n_steps:
        observation = runner.observe()
        begun = time.perf_counter()
        answer = policy.predict(observation, state, np.array([t == 0]), True)
        solve_s[t] = time.perf_counter() - begun
        if not isinstance(answer, tuple) or len(answer) != 2:
            kind = type(answer).__name__
            raise InvalidInputError("policy.predict", kind, "return a pair: decision and state")
        decision, state = answer
        booked = runner.act(decision)
        until = t + len(booked)
        records[t:until] = booked
        for step in range(t, until):
            if progress is not None and (step + 1 == n_steps or day[step + 1] > day[step]):
                progress(int(day[step] - day[0]) + 1, int(day[-1] - day[0]) + 1)
        t = until
    return records, solve_s


def _checked_policy(policy: Any, world: str) -> Policy[Any, Any]:
    """The policy, or the baseline of its name, if it belongs to the world."""
    if isinstance(policy, str):
        return baseline(world, policy)
    check_policy(policy)
    is_agent = isinstance(policy, EnvironmentAgent)
    own = policy.world if is_agent else world_of_policy(policy)
    if own not in (None, world):
        entry = WORLDS[own]
        reads = f"plays {policy.env_id}" if is_agent else f"reads {entry.snapshot}"
        remedy = f"it {reads} and belongs to {entry.title}: {entry.remedy}"
        raise InvalidInputError("policy", policy.name, remedy)
    checked: Policy[Any, Any] = policy
    return checked
