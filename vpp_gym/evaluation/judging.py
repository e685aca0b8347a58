"""The one way to judge: any policy or model, in a scenario or in the world of its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import rollout
from vpp_gym.evaluation.agent import ENVIRONMENTS, EnvironmentAgent
from vpp_gym.evaluation.rollout import Progress, RunResult

if TYPE_CHECKING:
    from vpp_gym.evaluation.rollout import AnyParams

MODEL_FILES = (".zip", ".pt", ".pth")


def evaluate(
    policy: Any,
    where: Any = None,
    params: AnyParams | Mapping[str, Any] | str | None = None,
    *,
    scenario: Any = None,
    vecnormalize: Any = None,
    name: str | None = None,
    trust: bool = False,
    algorithm: str | None = None,
    start_step: int = 0,
    end_step: int | None = None,
    seed: int = 0,
    keep_records: bool = False,
    progress: Progress | None = None,
) -> RunResult:
    """Run a policy, or a trained model, through the steps start_step <= t < end_step.

    `evaluate(model, env)` judges a model in the world that it was trained in. World, rules,
    settings, guarantee and wrappers are read from the environment; the scenario is the test
    split of the one that it was trained on, or the one asked for. `evaluate("ppo.zip", trust=True)`
    reads them from the card beside the file, which `vpp_gym.save` writes. What was trained in
    another setting is refused, and what differs is named.

    `evaluate(policy, scenario)` runs a policy that reads snapshots, or a baseline by its name.
    The scenario determines what is simulated: EVs, the car park or the microgrid.

    EVs: the run begins with no EV connected and no commitments. Started at midnight, its
    first day has no bids, and the gate of that day sets those of the second. Cars still
    connected at the end have not left, so their service is not booked; a whole scenario ends
    with everybody gone. What happens at midnight is booked to the day that ends.

    Fuel-cell cars: a run is of whole days, its steps are hours. The car park begins at 12:00
    of its first day, at the first gate; the microgrid at midnight.

    Args:
        policy: follows `vpp_gym.policy.Policy`, or the name of a baseline of the world or of a
            pretrained agent; or a model: with SB3's `predict`, a torch module, a function of an
            observation, or a file that holds one. What it offers to owners of EVs replaces what
            the parameters offer, see `vpp_gym.policies.base.with_offer`.
        where: an environment that a model was trained in: wrapped or not, of Gymnasium, a batch,
            SB3's `VecEnv`, or an id. Or a scenario: an object, or a name that environments take,
            such as "synthetic:test", "real:test" or "world.parquet:test"; with "car_park:" or
            "microgrid:" before it the world of fuel-cell cars on those years of prices. Of
            several years the first.
        params: rules of the world: its parameters, a mapping of changes to the default, or, for
            EVs, a preset's name; None: the default, or those that a model was trained under. For
            a scenario object of fuel-cell cars, give the parameters that it was drawn with.
        scenario: where a model is judged; None: the test split of what it was trained on.
        vecnormalize: SB3's statistics of observations, or the file that holds them.
        name: row label of a model; None: that of its file or class.
        trust: the user's word that files with pickles do no harm.
        algorithm: of a .zip file, where the file does not tell.
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
        InvalidInputError: what is no policy and no scenario, a policy of another world, a model
            whose training is not known or was another one, or a file of pickles without a word.
    """
    span: dict[str, Any] = {"start_step": start_step, "end_step": end_step, "seed": seed}
    span |= {"keep_records": keep_records, "progress": progress}
    if _is_model(policy, where):
        origin = import_module("vpp_gym.agents.origin")
        given = {"vecnormalize": vecnormalize, "trust": trust, "algorithm": algorithm}
        is_place = _is_environment(where)
        if not is_place and where is not None and scenario is None:
            scenario, where = where, None
        agent = origin.agent_of(
            _by_name(policy, seed), where if is_place else None, name=name, seed=seed, **given
        )
        return _in_its_world(agent, params, scenario, where if is_place else None, span)
    only_models = {"vecnormalize": vecnormalize, "name": name, "algorithm": algorithm}
    for field, value in only_models.items():
        if value is not None:
            raise InvalidInputError(field, value, "only a model has it: give one, with its env")
    if _is_environment(where):
        settings = import_module("vpp_gym.agents.setting")
        setting = settings.setting_of(where)
        happens = settings.judged_scenario(setting, scenario)
        rules = setting.params if params is None else params
        return rollout.evaluate(policy, happens, rules, **span)
    happens = where if scenario is None else scenario
    _check_settings(policy, params)
    if params is None and hasattr(policy, "card"):
        return _by_its_card(policy, happens, span)
    return rollout.evaluate(policy, happens, params, **span)


def _by_its_card(policy: Any, scenario: Any, span: Mapping[str, Any]) -> RunResult:
    """A run of a trained policy under the rules of its card, on top of those of the scenario.

    Raises:
        InvalidInputError: the scenario states something else to decide, such as a battery.
    """
    rules = import_module("vpp_gym.agents.origin").rules_of(policy)
    try:
        return rollout.evaluate(policy, scenario, rules, **span)
    except InvalidInputError as error:
        if error.field != "action":
            raise
        remedy = (
            "it decides other things than there are here: train it in this world, or give params "
            'without what is new to it, such as {"storage": {"kwh": 0}}'
        )
        raise InvalidInputError("policy", policy.name, remedy) from error


def _in_its_world(
    agent: EnvironmentAgent, params: Any, scenario: Any, env: Any, span: Mapping[str, Any]
) -> RunResult:
    """A run of an agent in the world that it was trained in."""
    settings = import_module("vpp_gym.agents.setting")
    setting = getattr(agent, "setting", None)
    if setting is None and env is not None:
        setting = settings.setting_of(env)
    if setting is None:
        setting = import_module("vpp_gym.agents.origin").setting_of_agent(agent)
    rules = setting.params if params is None else params
    return rollout.evaluate(agent, settings.judged_scenario(setting, scenario), rules, **span)


def _is_model(policy: Any, where: Any) -> bool:
    """Whether a policy is a model that plays an environment, and not one that reads snapshots."""
    if isinstance(policy, EnvironmentAgent) or hasattr(policy, "setting"):
        return _is_environment(where) or where is None or hasattr(policy, "setting")
    if isinstance(policy, os.PathLike):
        return True
    if isinstance(policy, str):
        if policy.lower().endswith(MODEL_FILES) or (Path(policy) / "card.json").is_file():
            return True
        return policy in _pretrained()
    if _reads_snapshots(policy):
        return False
    return where is None or _is_environment(where) or hasattr(policy, "get_env")


def _reads_snapshots(policy: Any) -> bool:
    """Whether a policy says that it is one of this package's, and no model."""
    return hasattr(policy, "privileged") and hasattr(policy, "name")


def _is_environment(where: Any) -> bool:
    if isinstance(where, str):
        return where in ENVIRONMENTS or where.endswith("-v0")
    if where is None:
        return False
    found: bool = import_module("vpp_gym.agents.setting").is_environment(where)
    return found


def _pretrained() -> Mapping[str, Any]:
    found: Mapping[str, Any] = import_module("vpp_gym.agents.stored").pretrained()
    return found


def _by_name(policy: Any, seed: int) -> Any:
    """A pretrained agent for its name; anything else as it is."""
    if isinstance(policy, str) and policy in _pretrained():
        return import_module("vpp_gym.agents.stored").load(policy, seed=seed)
    return policy


def _check_settings(policy: Any, params: Any) -> None:
    """Refuse an agent whose model was trained in another setting than it is said to be.

    What a model was trained in is known where the model still holds its environment.

    Raises:
        InvalidInputError: naming what differs.
    """
    if isinstance(policy, EnvironmentAgent):
        import_module("vpp_gym.agents.origin").check_held(policy, params)
