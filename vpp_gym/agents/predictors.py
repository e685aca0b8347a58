"""What can be judged: models of Stable-Baselines3, torch modules, functions, own objects."""

from __future__ import annotations

import io
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.files.archives import check_archive, member_text
from vpp_gym.files.reader import MB, read_bytes

MAX_BYTES = 1024 * MB
"""Of the file of a model."""
ALGORITHMS = {
    **dict.fromkeys(("PPO", "A2C", "SAC", "TD3", "DDPG"), "stable_baselines3"),
    **dict.fromkeys(("TQC", "RecurrentPPO", "MaskablePPO", "TRPO", "CrossQ", "ARS"), "sb3_contrib"),
    **dict.fromkeys(("sbx.PPO", "sbx.SAC", "sbx.TD3", "sbx.TQC", "sbx.CrossQ"), "sbx"),
}
"""Algorithms for such actions that a ZIP file of Stable-Baselines3 can be of, and their package."""
OF_POLICY = {
    "stable_baselines3.sac.": "SAC",
    "stable_baselines3.td3.": "TD3",
    "sb3_contrib.tqc.": "TQC",
    "sb3_contrib.common.recurrent.": "RecurrentPPO",
    "sb3_contrib.common.maskable.": "MaskablePPO",
    "sb3_contrib.crossq.": "CrossQ",
    "sb3_contrib.ars.": "ARS",
    "sbx.ppo.": "sbx.PPO",
    "sbx.sac.": "sbx.SAC",
    "sbx.td3.": "sbx.TD3",
    "sbx.tqc.": "sbx.TQC",
    "sbx.crossq.": "sbx.CrossQ",
}
"""Algorithm by the module of the policy that a file names."""
OWN_WORD = (
    "the file holds pickles, which can run any code when they are loaded: if you made it or trust "
    "who did, say so with --trust (trust=True)"
)


def ask_for_trust(path: Path, trust: bool, field: str = "model") -> None:
    """Refuse a file that runs code when it is loaded, unless the user has vouched for it.

    Raises:
        InvalidInputError: he has not.
    """
    if not trust:
        raise InvalidInputError(field, str(path), OWN_WORD)


def read_model(path: Path, *, trust: bool, algorithm: str | None = None) -> Any:
    """A model from the file that its `save` wrote.

    Args:
        path: a ZIP file of Stable-Baselines3 or sb3-contrib, or a .pt file with a torch module.
        trust: the user's word that the file does no harm: it holds pickles.
        algorithm: of a ZIP file, where it cannot be told; None: as the file says.

    Raises:
        InvalidInputError: no such file, another kind of file, no word, or a library missing.
    """
    content = read_bytes(path, field="model", max_bytes=MAX_BYTES)
    if path.suffix.lower() in (".pt", ".pth"):
        ask_for_trust(path, trust)
        return _torch_module(path, content)
    check_archive(io.BytesIO(content), path.name, max_bytes=MAX_BYTES)
    data = _facts(path, content)
    name = algorithm or _algorithm(path, data)
    ask_for_trust(path, trust)
    return _loaded(path, content, name)


def _facts(path: Path, content: bytes) -> dict[str, Any]:
    """What a ZIP file of Stable-Baselines3 says of itself, read without unpickling anything."""
    try:
        data = json.loads(member_text(content, "data", file=path.name, max_bytes=256 * MB))
    except (InvalidInputError, ValueError) as error:
        remedy = "give the .zip of a Stable-Baselines3 model, a .pt module, or a folder of a run"
        raise InvalidInputError("model", str(path), remedy) from error
    if not isinstance(data, dict):
        raise InvalidInputError("model", str(path), "it is no model of Stable-Baselines3")
    return data


def _algorithm(path: Path, data: dict[str, Any]) -> str:
    """The algorithm of a model: its class is not in the file, its policy and settings are."""
    policy = data.get("policy_class")
    module = str(policy.get("__module__", "")) if isinstance(policy, dict) else ""
    for start, name in OF_POLICY.items():
        if module.startswith(start):
            return name
    if "clip_range" in data:
        return "PPO"
    if "cg_max_steps" in data:
        return "TRPO"
    if "replay_buffer_class" in data:
        return "SAC" if "target_entropy" in data else "TD3"
    if "rms_prop_eps" in data or "normalize_advantage" in data:
        return "A2C"
    remedy = f"say which it is with --algo, one of {', '.join(ALGORITHMS)}"
    raise InvalidInputError("model", str(path), f"its algorithm cannot be told: {remedy}")


def _loaded(path: Path, content: bytes, name: str) -> Any:
    if name not in ALGORITHMS:
        remedy = f"{suggestion(name, ALGORITHMS)}use one of {', '.join(ALGORITHMS)}"
        raise InvalidInputError("algo", name, remedy)
    package = ALGORITHMS[name]
    try:
        kind = getattr(import_module(package), name.rpartition(".")[2])
    except ModuleNotFoundError as error:
        lacking = {"sbx": "sbx-rl"}.get(package, package.replace("_", "-"))
        raise InvalidInputError(
            "model", str(path), f"{name} needs it: pip install {lacking}"
        ) from error
    try:
        return kind.load(io.BytesIO(content), device="cpu")
    except Exception as error:
        remedy = f"{name}.load failed with {type(error).__name__}: {error}; is --algo right?"
        raise InvalidInputError("model", str(path), remedy) from error


def _torch_module(path: Path, content: bytes) -> Any:
    torch = needed("torch", "a .pt file")
    try:
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=False)
    except Exception as error:
        remedy = f"torch.load failed with {type(error).__name__}: {error}"
        raise InvalidInputError("model", str(path), remedy) from error
    if not isinstance(found, torch.nn.Module):
        remedy = "save the whole module, not its state_dict, or give a --policy that makes it"
        raise InvalidInputError("model", f"{path}: {type(found).__name__}", remedy)
    return found


def needed(package: str, what: str) -> Any:
    """A package that is not installed with this one.

    Raises:
        InvalidInputError: it is not installed.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        remedy = f"{what} needs it: pip install 'vpp_gym[train]'"
        raise InvalidInputError(package, None, remedy) from error


def read_vec_normalize(path: Path, space: Any, action_space: Any, *, trust: bool) -> Any:
    """SB3's `VecNormalize` from the file that its `save` wrote.

    Args:
        path: of the file.
        space: of the observations that it scales.
        action_space: of the environment.
        trust: the user's word that the file does no harm: it is a pickle.

    Raises:
        InvalidInputError: no such file, no word, something else, or statistics of other
            observations.
    """
    read_bytes(path, field="vecnormalize", max_bytes=MAX_BYTES)
    ask_for_trust(path, trust, "vecnormalize")
    vec_env = needed("stable_baselines3.common.vec_env", "VecNormalize")
    blank: gym.Env[Any, Any] = gym.Env()
    blank.observation_space, blank.action_space = space, action_space
    try:
        return vec_env.VecNormalize.load(str(path), vec_env.DummyVecEnv([lambda: blank]))
    except Exception as error:
        remedy = f"loading it failed with {type(error).__name__}: {error}"
        raise InvalidInputError("vecnormalize", str(path), remedy) from error


class ModulePredictor:
    """A torch module as a predictor: its output is the mean action, cut off at the limits.

    A module that returns a distribution gives its mean, one that returns several things the
    first of them.

    Args:
        module: from a batch of flat observations to one of actions.
        low: (A,) least action.
        high: (A,) largest.
    """

    def __init__(self, module: Any, low: Any, high: Any) -> None:
        self._torch = needed("torch", "a torch module")
        self._module, self._low, self._high = module.eval(), low, high

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """The action, and the state as it came."""
        with self._torch.no_grad():
            out = self._module(self._tensor(observation))
        out = out[0] if isinstance(out, tuple) else out
        out = out.mean if hasattr(out, "log_prob") else out
        action = np.asarray(out.detach().cpu().numpy())[0]
        return np.clip(action, self._low, self._high), state

    def _tensor(self, observation: Any) -> Any:
        if isinstance(observation, dict):
            return {name: self._tensor(part) for name, part in observation.items()}
        return self._torch.as_tensor(np.asarray(observation, dtype=np.float32)[None])


class FunctionPredictor:
    """A function from an observation to an action as a predictor.

    Args:
        function: of one observation.
    """

    def __init__(self, function: Any) -> None:
        self._function = function

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """The action, and the state as it came."""
        return self._function(observation), state


def as_predictor(model: Any, action_space: Any) -> Any:
    """Something with `predict`, from whatever makes actions of observations.

    Args:
        model: with a `predict` method, a torch module, or a function.
        action_space: of the environment.

    Raises:
        InvalidInputError: none of these.
    """
    if callable(getattr(model, "predict", None)) and not isinstance(model, type):
        return model
    if is_torch_module(model):
        return ModulePredictor(model, action_space.low, action_space.high)
    if callable(model) and not isinstance(model, type):
        return FunctionPredictor(model)
    remedy = "give an object with predict(observation, ...), a torch module, or a function"
    raise InvalidInputError("model", model, remedy)


def is_torch_module(model: Any) -> bool:
    """Whether a model is a torch module; torch is not imported to find out."""
    return any(
        kind.__module__ == "torch.nn.modules.module" and kind.__name__ == "Module"
        for kind in type(model).__mro__
    )
