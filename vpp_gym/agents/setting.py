"""What an agent was trained in, read off its environment, and where it may be judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import gymnasium as gym
from pydantic import BaseModel, ValidationError

from vpp_gym.env import Core
from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.evaluation.agent import ENVIRONMENTS
from vpp_gym.evaluation.worlds import WORLDS
from vpp_gym.params import as_params

ONLY_IN_TRAINING = ("episode_days", "reward")
"""Settings that change neither what an agent is shown nor what its actions mean."""
STAY = "VPPStay-v0"
PARAMS = {
    "ev": "vpp_gym.params:VPPParams",
    "car_park": "vpp_gym.fcev.car_park.params:CarParkParams",
    "microgrid": "vpp_gym.fcev.microgrid.params:MicrogridParams",
}
"""Class of the rules of each world."""


@dataclass(frozen=True)
class Setting:
    """What an agent is shown, what its actions mean, and the rules that it acts under.

    Attributes:
        env_id: of the environment.
        settings: arguments of the environment beside scenarios and rules.
        params: rules of its world, whole.
        dt_h: hours per step.
        fields: name and size of every field of the flat observation, in its order.
        action: shape of an action.
        scenario: name of the scenarios that it draws from; None where they have none.
    """

    env_id: str
    settings: Mapping[str, Any]
    params: Any
    dt_h: float
    fields: tuple[tuple[str, int], ...]
    action: tuple[int, ...]
    scenario: str | None = None

    @property
    def world(self) -> str:
        """Name of the world."""
        return ENVIRONMENTS[self.env_id].world

    def as_json(self) -> dict[str, Any]:
        """As a card has it.

        Raises:
            InvalidInputError: a setting is an object that JSON cannot say, such as a bidder.
        """
        for name, value in self.settings.items():
            try:
                json.dumps(value, allow_nan=False)
            except (TypeError, ValueError) as error:
                remedy = "a card holds names and numbers: name it, or judge the model with its env"
                raise InvalidInputError(f"settings.{name}", value, remedy) from error
        return {
            "env_id": self.env_id,
            "settings": dict(self.settings),
            "params": self.params.model_dump(mode="json"),
            "dt_h": self.dt_h,
            "fields": [list(one) for one in self.fields],
            "action": list(self.action),
            "scenario": self.scenario,
        }

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Setting:
        """From what `as_json` made.

        Raises:
            InvalidInputError: something is missing or out of range.
        """
        known = _SettingModel.checked(content)
        kind = params_kind(ENVIRONMENTS[known.env_id].world)
        try:
            params = kind.model_validate(known.params)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(("card.params", *map(str, first["loc"])))
            remedy = f"{first['msg']}; another version wrote it: save the model again"
            raise InvalidInputError(place, first.get("input"), remedy) from error
        return cls(
            known.env_id,
            known.settings,
            params,
            known.dt_h,
            known.fields,
            known.action,
            known.scenario,
        )


class _SettingModel(BaseModel):
    """The types of what a card says of a setting."""

    env_id: str
    settings: dict[str, Any]
    params: dict[str, Any]
    dt_h: float
    fields: tuple[tuple[str, int], ...]
    action: tuple[int, ...]
    scenario: str | None = None

    @classmethod
    def checked(cls, content: Mapping[str, Any]) -> _SettingModel:
        try:
            known = cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(("card", *map(str, first["loc"])))
            raise InvalidInputError(place, first.get("input"), first["msg"]) from error
        if known.env_id not in ENVIRONMENTS:
            hint = suggestion(known.env_id, ENVIRONMENTS)
            remedy = f"{hint}use one of {', '.join(ENVIRONMENTS)}"
            raise InvalidInputError("card.env_id", known.env_id, remedy)
        return known


def params_kind(world: str) -> Any:
    """Class of the rules of a world."""
    module, _, name = PARAMS[world].partition(":")
    return getattr(import_module(module), name)


def is_environment(value: Any) -> bool:
    """Whether something is an environment, or a batch of them, of Gymnasium or of SB3."""
    if isinstance(value, gym.Env | gym.vector.VectorEnv):
        return True
    return all(hasattr(value, name) for name in ("step_wait", "num_envs", "observation_space"))


def base_of(env: Any) -> Any:
    """The environment of this package at the bottom of wrappers and SB3's batches.

    Raises:
        InvalidInputError: there is none.
    """
    inner = env
    while True:
        if isinstance(getattr(inner, "core", None), Core):
            return getattr(inner, "unwrapped", inner)
        below = next((one for one in map(_below(inner), _DOWN) if one is not None), None)
        if below is None and "remotes" in vars(inner):  # in other processes: made here again
            below = _again(inner.get_attr("spec")[0])
        if below is None:
            remedy = f"give an environment of this package: {', '.join(ENVIRONMENTS)}"
            raise InvalidInputError("env", env, remedy)
        inner = below


_DOWN = ("batch", "venv", "env", "envs")


def _below(env: Any) -> Any:
    def of(name: str) -> Any:
        value = vars(env).get(name)
        return value[0] if isinstance(value, list) and value else value

    return of


def _again(spec: Any) -> Any:
    """The environment of a spec, without its wrappers."""
    return None if spec is None else made(spec.id, **spec.kwargs)


def env_id_of(base: Any) -> str:
    """Id of an environment of this package, also of one that was made without `gym.make`.

    Raises:
        InvalidInputError: it is a class of somebody's own.
    """
    spec = getattr(base, "spec", None)
    if spec is not None and spec.id in ENVIRONMENTS:
        return str(spec.id)
    kind = type(base.core).__module__
    for env_id in ENVIRONMENTS:
        if str(gym.spec(env_id).entry_point).partition(":")[0] == kind:
            return env_id
    remedy = f"it is none of {', '.join(ENVIRONMENTS)}: evaluate a Policy of your own instead"
    raise InvalidInputError("env", type(base).__name__, remedy)


def setting_of(env: Any) -> Setting:
    """What an agent of an environment is shown and does, and the rules it acts under.

    Args:
        env: of this package: its id, one made by `gym.make` or `gym.make_vec`, wrapped or not,
            or SB3's batch of them.

    Raises:
        InvalidInputError: another environment.
    """
    base = base_of(made(env) if isinstance(env, str) else env)
    core, spec = base.core, getattr(base, "spec", None)
    given = {} if spec is None else spec.kwargs
    names = type(core.settings).model_fields
    drawn = given.get("scenario", "synthetic" if spec is not None else None)
    env_id = env_id_of(base)
    return Setting(
        env_id=env_id,
        settings={name: getattr(core.settings, name) for name in names if name != "episode_days"},
        params=_of_fleet(core.params, given.get("params")) if env_id == STAY else core.params,
        dt_h=float(getattr(core.simulation, "dt_h", 1.0)),
        fields=tuple((name, part.stop - part.start) for name, part in core.layout.slices.items()),
        action=tuple(core.action_shape),
        scenario=(drawn or "synthetic") if isinstance(drawn, str | None) and spec else None,
    )


def _of_fleet(params: Any, given: Any) -> Any:
    """Rules of a stay with all chargers of its world, where one car after the other has one."""
    site = as_params(given).site
    return params.replace(site={"n_chargers": site.n_chargers, "charger_kw": site.charger_kw})


def made(env_id: str, **arguments: Any) -> Any:
    """An environment by its id.

    Raises:
        InvalidInputError: there is none of this id, or it does not take these arguments.
    """
    if env_id not in ENVIRONMENTS:
        remedy = f"{suggestion(env_id, ENVIRONMENTS)}use one of {', '.join(ENVIRONMENTS)}"
        raise InvalidInputError("env", env_id, remedy)
    try:
        return gym.make(env_id, disable_env_checker=True, **arguments)
    except TypeError as error:
        raise InvalidInputError("env", sorted(arguments), str(error)) from error


def differences(trained: Setting, judged: Setting) -> Iterator[str]:
    """What differs between two settings, each in words: what stands in the way of a judgement.

    Rewards and the length of episodes may differ: neither changes what is shown or done.

    Args:
        trained: what an agent was trained in.
        judged: where it is to be evaluated.
    """
    if trained.env_id != judged.env_id:
        yield f"env: trained in {trained.env_id}, here {judged.env_id}"
        return
    if trained.dt_h != judged.dt_h:
        yield f"dt_h: trained with {trained.dt_h:g}, here {judged.dt_h:g}"
    before, now = _compared(trained), _compared(judged)
    for name in dict.fromkeys((*before, *now)):
        if before.get(name) != now.get(name):
            yield f"{name}: trained with {before.get(name)!r}, here {now.get(name)!r}"
    if not set(trained.fields) <= set(judged.fields):
        yield f"observation: trained on {_sizes(trained)}, here {_sizes(judged)}"
    if trained.action != judged.action:
        yield f"action: trained with shape {trained.action}, here {judged.action}"


def _compared(setting: Setting) -> dict[str, Any]:
    """Rules and settings by dotted name, without what may differ."""
    rules = _flat({"params": setting.params.model_dump(mode="json")})
    return rules | {
        name: as_plain(one)
        for name, one in setting.settings.items()
        if name not in ONLY_IN_TRAINING
    }


def as_plain(value: Any) -> Any:
    """A value with lists for tuples, as a card has it.

    >>> as_plain({"columns": ("clock", ("a", 1))})
    {'columns': ['clock', ['a', 1]]}
    """
    if isinstance(value, list | tuple):
        return [as_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: as_plain(one) for name, one in value.items()}
    return value


def _sizes(setting: Setting) -> str:
    return f"{sum(size for _, size in setting.fields)} columns of {len(setting.fields)} fields"


def _flat(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in fields.items():
        dotted = f"{prefix}{name}"
        values |= _flat(value, f"{dotted}.") if isinstance(value, Mapping) else {dotted: value}
    return values


def judged_scenario(setting: Setting, scenario: Any = None) -> Any:
    """Where an agent is judged if nothing is said: the test split of what it was trained on.

    Args:
        setting: of the agent.
        scenario: what is asked for; None: the test split.

    Returns:
        a scenario, or a name with the prefix of the world.

    Raises:
        InvalidInputError: the scenarios have no name, so that there is no test split of them.
    """
    prefix = WORLDS[setting.world].prefix
    if isinstance(scenario, str):
        return scenario if scenario.startswith(prefix) else f"{prefix}{scenario}"
    if scenario is not None:
        return scenario
    if setting.scenario is None:
        remedy = "the environment has scenarios without a name: say on which one to evaluate"
        raise InvalidInputError("scenario", None, remedy)
    return f"{prefix}{_test_split(setting.scenario.removeprefix(prefix))}"


def _test_split(name: str) -> str:
    """The test split of scenarios by name.

    >>> _test_split("synthetic"), _test_split("synthetic:train:price_crisis")
    ('synthetic:test', 'synthetic:test:price_crisis')
    """
    head, _, split = name.rpartition(".parquet:")
    if head:
        return f"{head}.parquet:{'all' if split == 'all' else 'test'}"
    kind, _, rest = name.partition(":")
    _, colon, preset = rest.partition(":")
    return f"{kind}:test{colon}{preset}"
