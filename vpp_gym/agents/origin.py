"""Where it is known from what a model was trained in, and whether all that say so agree."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vpp_gym.agents.judged import Behind, ModelAgent
from vpp_gym.agents.normalisation import FLAT, Normalisation
from vpp_gym.agents.policy import CARD, AgentPolicy
from vpp_gym.agents.predictors import as_predictor, read_model, read_vec_normalize
from vpp_gym.agents.setting import (
    STAY,
    Setting,
    as_plain,
    base_of,
    differences,
    made,
    params_kind,
    setting_of,
)
from vpp_gym.agents.sidecar import Sidecar
from vpp_gym.agents.stack import acting_layers
from vpp_gym.agents.stays import StayModelAgent
from vpp_gym.envs.site_fields import SITE_FIELDS
from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.evaluation.agent import ENVIRONMENTS, EnvironmentAgent
from vpp_gym.evaluation.worlds import world_named
from vpp_gym.params import as_params

SITE = "site:train"
"""Scenarios of agents that were trained at a site and say nothing more of it."""
MOST_SHOWN = 4
"""So many differences are named."""
NEUTRAL_BATCHES = {
    *("DummyVecEnv", "SubprocVecEnv", "BatchVecEnv"),
    *("VecMonitor", "VecCheckNan", "VecVideoRecorder"),
    *("LoadReward", "GainReward", "ActionCost", "ScaledReward"),
}
"""Batches and wrappers of SB3 that leave observations and actions as they are."""
UNKNOWN = (
    "what it was trained in is not known: give its environment, or save it with vpp_gym.save, "
    "which writes a card beside it"
)


@dataclass(frozen=True)
class Origin:
    """What one source says of the training of a model.

    Attributes:
        source: of it, in words.
        setting: what the model was trained in.
        behind: what stood between.
        wrappers: names of the wrappers, also where they are not there themselves.
    """

    source: str
    setting: Setting
    behind: Behind
    wrappers: tuple[str, ...]


def agent_of(
    model: Any,
    env: Any = None,
    *,
    name: str | None = None,
    seed: int = 0,
    vecnormalize: Any = None,
    trust: bool = False,
    algorithm: str | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> EnvironmentAgent | StayModelAgent:
    """A model as a policy in the setting that it was trained in; of single stays on a fleet.

    The world, its rules, what is shown and what is decided are read from the environment; from
    the card beside the file of the model, which `vpp_gym.save` writes; or from the environment
    that a model of Stable-Baselines3 still holds. Where several of these are there, they must
    agree.

    Args:
        model: a model with `predict`, a torch module, a function of an observation; or the path
            of a .zip of Stable-Baselines3, a .pt, or the folder of a trained policy.
        env: as it was trained in, wrapped or not: of Gymnasium, a batch, or SB3's `VecEnv`; or
            the id. None: the model's card, or the model, says it.
        name: row label in results; None: that of the file or of the model's class.
        seed: of its training.
        vecnormalize: SB3's statistics, or the file that holds them; None: those of the `VecEnv`
            or the card.
        trust: the user's word that files with pickles do no harm.
        algorithm: of a .zip, where the file does not tell.
        arguments: of the environment, where `env` is an id.

    Raises:
        InvalidInputError: the training is not known, or it was another one; a file that cannot be
            used; pickles without the user's word.
    """
    path = Path(model) if isinstance(model, str | os.PathLike) else None
    if path is not None and (path / CARD).is_file():
        model = AgentPolicy.load(path)
    if isinstance(model, StayModelAgent):
        return model
    if isinstance(model, EnvironmentAgent):
        _check_agent(model, env, arguments)
        return model
    if arguments and not isinstance(env, str):
        raise InvalidInputError("arguments", sorted(arguments), "name the environment by its id")
    card = None if path is None else Sidecar.read(path)
    if path is not None:
        model = read_model(path, trust=trust, algorithm=algorithm)
    origins = list(_origins(model, env, card, arguments))
    origin = _agreed(origins, env if isinstance(env, str) else None)
    scaled = _statistics(vecnormalize, origin.setting, trust)
    if vecnormalize is None:
        scaled = next((one for one in (o.behind.normalisation for o in origins) if one), None)
    top = _top(origin)
    whole = origin.behind.layers or origin.behind.stacked > 1
    behind = Behind(
        origin.behind.layers,
        scaled,
        origin.behind.stacked,
        _scales_single(scaled, origin.setting),
    )
    label = name or (type(model).__name__ if path is None else path.stem)
    if origin.setting.env_id == STAY:
        predictor = as_predictor(model, top)
        return StayModelAgent(
            predictor, name=label, setting=origin.setting, behind=behind, seed=seed
        )
    return ModelAgent(
        as_predictor(model, top),
        name=label,
        setting=origin.setting,
        behind=behind,
        fields=None if whole or _is_dict(origin.setting) else origin.setting.fields,
        seed=seed,
    )


def _origins(
    model: Any, env: Any, card: Sidecar | None, arguments: Mapping[str, Any] | None
) -> Any:
    """All that say what a model was trained in, the one that counts first."""
    held = _held(model)
    told = card is not None or held is not None
    if env is not None and not (isinstance(env, str) and told and not arguments):
        yield origin_of(made(env, **(arguments or {})) if isinstance(env, str) else env, "env")
    if card is not None:
        behind = Behind((), card.normalisation, card.stacked, card.scaled_first)
        yield Origin("its card", card.setting, behind, card.wrappers)
    if held is not None:
        yield origin_of(held, "the environment that the model holds")


def _held(model: Any) -> Any:
    """The environment that a model was trained in, if it is of this package."""
    get_env = getattr(model, "get_env", None)
    env = get_env() if callable(get_env) else None
    try:
        return None if env is None or base_of(env) is None else env
    except InvalidInputError:
        return None


def origin_of(env: Any, source: str = "env") -> Origin:
    """What an environment says: its setting, and all that stands around it.

    Args:
        env: of Gymnasium, a batch, or SB3's.
        source: in words.

    Raises:
        InvalidInputError: none of this package, or a wrapper that cannot be judged behind.
    """
    scaled, stacked, outer = None, 1, env
    while "venv" in vars(outer) or type(outer).__name__ in NEUTRAL_BATCHES:
        name = type(outer).__name__
        if name == "VecNormalize":
            scaled = Normalisation.of_vec_normalize(outer)
        elif name == "VecFrameStack":
            stacked *= int(outer.stacked_obs.n_stack)
        elif name not in NEUTRAL_BATCHES:
            remedy = "it is not known what it shows: evaluate an own object with predict instead"
            raise InvalidInputError("env", name, remedy)
        if "venv" not in vars(outer):
            break
        outer = outer.venv
    inner = vars(outer).get("envs", [outer])[0]
    layers = tuple(acting_layers(inner))
    setting = setting_of(env)
    if stacked > 1 and _is_dict(setting):
        remedy = "frames of named parts are not stacked here: use Gymnasium's FrameStackObservation"
        raise InvalidInputError("env", "VecFrameStack", remedy)
    first = _scales_single(scaled, setting)
    names = tuple(type(layer).__name__ for layer in layers)
    return Origin(source, setting, Behind(layers, scaled, stacked, first), names)


def _agreed(origins: Sequence[Origin], env_id: str | None) -> Origin:
    """The first origin, with which all others agree."""
    if not origins:
        raise InvalidInputError("env", None, UNKNOWN)
    first = origins[0]
    if env_id is not None and first.setting.env_id != env_id:
        hint = "" if env_id in ENVIRONMENTS else suggestion(env_id, ENVIRONMENTS)
        remedy = f"{hint}{first.source} says {first.setting.env_id}"
        raise InvalidInputError("env", env_id, remedy)
    for other in origins[1:]:
        found = list(differences(other.setting, first.setting))
        if other.wrappers != first.wrappers:
            found.append(f"wrappers: trained behind {other.wrappers}, here {first.wrappers}")
        if other.behind.stacked != first.behind.stacked:
            stacked = other.behind.stacked
            found.append(f"frames: trained on {stacked}, here {first.behind.stacked}")
        if found:
            shown = "; ".join(found[:MOST_SHOWN])
            more = f"; and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
            remedy = f"{other.source} differs: {shown}{more}. Leave env out to judge it as trained"
            raise InvalidInputError("env", first.setting.env_id, remedy)
    if first.wrappers and not first.behind.layers:
        with_layers = [one for one in origins if one.behind.layers]
        if not with_layers:
            behind = ", ".join(first.wrappers)
            remedy = f"it was trained behind {behind}: give env wrapped in the same way"
            raise InvalidInputError("env", first.setting.env_id, remedy)
        return with_layers[0]
    return first


def _statistics(given: Any, setting: Setting, trust: bool) -> Normalisation | None:
    if given is None or isinstance(given, Normalisation):
        return given
    if isinstance(given, str | os.PathLike):
        space, takes = spaces_of(setting)
        given = read_vec_normalize(Path(given), space, takes, trust=trust)
    return Normalisation.of_vec_normalize(given)


def spaces_of(setting: Setting) -> tuple[Any, Any]:
    """Spaces of the observations and actions of a setting, unwrapped."""
    import numpy as np
    from gymnasium import spaces

    size = sum(width for _, width in setting.fields)
    parts: dict[str, spaces.Space[Any]] = {
        name: spaces.Box(-np.inf, np.inf, (width,)) for name, width in setting.fields
    }
    shown = spaces.Dict(parts) if _is_dict(setting) else spaces.Box(-np.inf, np.inf, (size,))
    return shown, spaces.Box(-1.0, 1.0, setting.action, np.float32)


def _is_dict(setting: Setting) -> bool:
    return setting.settings.get("observation") == "dict"


def _scales_single(scaled: Normalisation | None, setting: Setting) -> bool:
    """Whether statistics are of one observation of the environment, and not of several stacked."""
    if scaled is None or FLAT not in scaled.parts:
        return True
    return len(scaled.parts[FLAT][0]) == sum(width for _, width in setting.fields)


def _top(origin: Origin) -> Any:
    """Space of the actions that the model gives."""
    if origin.behind.layers:
        return origin.behind.layers[0].action_space
    return spaces_of(origin.setting)[1]


def _check_agent(agent: EnvironmentAgent, env: Any, arguments: Mapping[str, Any] | None) -> None:
    """Refuse an environment that shows or does something else than an agent was trained in.

    Raises:
        InvalidInputError: naming what differs.
    """
    if env is None:
        return
    if isinstance(env, str) and not arguments:
        if env != agent.env_id:
            raise InvalidInputError("env", env, f"{agent.name} plays {agent.env_id}")
        return
    setting = setting_of(made(env, **(arguments or {})) if isinstance(env, str) else env)
    if setting.env_id != agent.env_id:
        raise InvalidInputError("env", setting.env_id, f"{agent.name} plays {agent.env_id}")
    for name, value in setting.settings.items():
        own = agent.settings.get(name, value)
        if as_plain(own) != as_plain(value) and name != "reward":
            remedy = f"{agent.name} was trained with {own!r}"
            raise InvalidInputError(f"env.{name}", value, remedy)


def setting_of_agent(agent: Any) -> Setting:
    """What an agent was trained in, by what it says of itself.

    Raises:
        InvalidInputError: arguments that its environment does not take.
    """
    given = dict(getattr(agent, "card", {}).get("arguments", {})) or dict(agent.settings)
    if agent.world == "ev":
        contract = {} if agent.term_h is None else {"term_h": agent.term_h}
        changes = {"contract": {**contract, **agent.contract}} if contract or agent.contract else {}
        given = {**agent.settings, "params": {**given.get("params", {}), **changes}}
        given["guarantee"] = agent.guarantee
        if agent.dt_h is not None:
            given["dt_h"] = agent.dt_h
        if sees_site(agent) and "scenario" not in given:
            given["scenario"] = SITE
    return setting_of(made(agent.env_id, **given))


def sees_site(agent: Any) -> bool:
    """Whether an agent of EVs was trained to see what lies behind the connection of a site."""
    fields = getattr(agent, "card", {}).get("observation", ())
    return any(name == SITE_FIELDS[0].name for name, _ in fields)


def rules_of(agent: Any) -> Any:
    """Rules that a trained policy was trained under, by its card.

    Of an agent of EVs what it states: a scenario may state the rest, such as its battery and fees.
    """
    given = agent.card["arguments"]
    if agent.world == "ev":
        stated, guarantee = given.get("params"), given.get("guarantee")
        held = {} if guarantee is None else {"guarantee": guarantee}
        if stated is None or isinstance(stated, Mapping):
            return {**(stated or {}), **held}
        return as_params(stated).changed(held)
    return params_kind(agent.world)().changed(given.get("params"))


def check_held(agent: EnvironmentAgent, params: Any = None) -> None:
    """Refuse an agent whose model holds an environment with other settings than it states.

    Args:
        agent: whose settings were stated by hand.
        params: rules that were asked for; None: those of the agent, which are compared, too.

    Raises:
        InvalidInputError: naming what differs.
    """
    held = None if isinstance(agent, ModelAgent) else _held(agent.predictor)
    if held is None:
        return
    trained = setting_of(held)
    fields = type(base_of(held).core.settings).model_fields
    defaults = {name: fields[name].default for name in trained.settings}
    rules = world_named(agent.world).rules(agent, params) if params is None else trained.params
    stated = replace(
        trained, env_id=agent.env_id, settings={**defaults, **agent.settings}, params=rules
    )
    if found := list(differences(trained, stated)):
        shown = "; ".join(found[:MOST_SHOWN])
        remedy = f"its model was trained in another setting: {shown}. Use evaluate(model, env)"
        raise InvalidInputError("policy", agent.name, remedy)
